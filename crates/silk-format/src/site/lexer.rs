//! The token level of `silk.conf` (semantics 1.1): lines of one command word and its arguments.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{map_opt, value, verify};
use nom::number::complete::be_u8;
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// The longest content of a quoted string, in bytes.
const MAX_STRING: usize = 2047;

/// How an argument was written; ids must be integers, descriptions must be quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Integer,
    Atom,
    Quoted,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) style: Style,
    pub(super) text: String,
}

/// What stands first on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Atom(String),
    /// Something that no command can begin with.
    Unrecognizable,
}

/// One line that holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1; the line on which the command begins.
    pub(super) number: u64,
    pub(super) word: Word,
    /// `None`: a character that no token can hold, or a broken string.
    pub(super) arguments: Option<Vec<Token>>,
}

/// The lines of a file, without the blank ones. A last line without newline is not seen (semantics 1.1).
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, number: 1 }
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            let start = self.rest;
            let number = self.number;
            let (after, word) = word(start);
            let (after, arguments) = arguments(after);
            // Past the newline that ends the line; behind an error the rest of the line is skipped.
            let newline = after.iter().position(|&byte| byte == b'\n')?;
            self.rest = after.get(newline + 1..)?;
            let consumed = start.get(..start.len() - self.rest.len())?;
            self.number += consumed.iter().filter(|&&byte| byte == b'\n').count() as u64;
            match word {
                Some(word) => return Some(Line { number, word, arguments }),
                None if arguments.as_ref().is_some_and(Vec::is_empty) => {}
                None => return Some(Line { number, word: Word::Unrecognizable, arguments }),
            }
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/' | b'@')
}

/// Text of a file need not be UTF-8; what is not becomes U+FFFD.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn blanks(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(is_blank).parse(input)
}

fn atom(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(is_atom).parse(input)
}

/// The first word of a line; `None` if the line is blank or begins with something that is no atom.
fn word(input: &[u8]) -> (&[u8], Option<Word>) {
    match preceded(blanks, atom).parse(input) {
        Ok((rest, word)) => (rest, Some(Word::Atom(text(word)))),
        Err(_) => (input, None),
    }
}

/// The tokens up to a comment or the newline. On an error the rest begins where the bad token does, or at the newline
/// inside it.
fn arguments(input: &[u8]) -> (&[u8], Option<Vec<Token>>) {
    let mut tokens = Vec::new();
    let mut rest = input;
    loop {
        rest = blanks(rest).map_or(rest, |(after, _)| after);
        match rest.first() {
            None | Some(b'\n') => return (rest, Some(tokens)),
            Some(b'#') => rest = take_line(rest),
            Some(_) => match alt((bare, quoted)).parse(rest) {
                Ok((after, token)) => {
                    tokens.push(token);
                    rest = after;
                }
                Err(_) => return (take_line(rest), None),
            },
        }
    }
}

/// Everything from the newline on.
fn take_line(input: &[u8]) -> &[u8] {
    let skipped: IResult<_, _> = take_till(|byte| byte == b'\n').parse(input);
    skipped.map_or(input, |(after, _): (&[u8], &[u8])| after)
}

fn bare(input: &[u8]) -> IResult<&[u8], Token> {
    let (rest, atom) = atom(input)?;
    let style = if atom.iter().all(u8::is_ascii_digit) { Style::Integer } else { Style::Atom };
    Ok((rest, Token { style, text: text(atom) }))
}

/// `"…"` with escapes; a raw newline inside ends it in an error.
fn quoted(input: &[u8]) -> IResult<&[u8], Token> {
    let (mut rest, _) = char('"').parse(input)?;
    let mut content = Vec::new();
    loop {
        let closed: IResult<_, _> = char('"').parse(rest);
        if let Ok((after, _)) = closed {
            return Ok((after, Token { style: Style::Quoted, text: text(&content) }));
        }
        let (after, piece) =
            verify(alt((escaped, plain)), |piece: &Piece<'_>| content.len() + piece.len() <= MAX_STRING)
                .parse(rest)?;
        match piece {
            Piece::Plain(bytes) => content.extend_from_slice(bytes),
            Piece::Byte(byte) => content.push(byte),
        }
        rest = after;
    }
}

/// A piece of a quoted string.
enum Piece<'a> {
    Plain(&'a [u8]),
    Byte(u8),
}

impl Piece<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len(),
            Self::Byte(_) => 1,
        }
    }
}

fn plain(input: &[u8]) -> IResult<&[u8], Piece<'_>> {
    let (rest, bytes) = take_while1(|byte| !matches!(byte, b'"' | b'\\' | b'\n')).parse(input)?;
    Ok((rest, Piece::Plain(bytes)))
}

fn escaped(input: &[u8]) -> IResult<&[u8], Piece<'_>> {
    let letter = |name, byte| value(byte, tag(name));
    let code = alt((
        letter("n", b'\n'),
        letter("t", b'\t'),
        letter("r", b'\r'),
        letter("b", 0x08),
        letter("f", 0x0C),
        octal,
        any_other,
    ));
    let (rest, byte) = preceded(char('\\'), code).parse(input)?;
    Ok((rest, Piece::Byte(byte)))
}

/// One to three octal digits up to 0377; any longer run of digits, or one with 8 or 9, is an error.
fn octal(input: &[u8]) -> IResult<&[u8], u8> {
    map_opt(take_while1(|byte: u8| byte.is_ascii_digit()), |digits: &[u8]| {
        let short = digits.len() <= 3;
        let digits = std::str::from_utf8(digits).ok().filter(|_| short)?;
        u8::from_str_radix(digits, 8).ok()
    })
    .parse(input)
}

/// Any other escaped byte stands for itself, also a newline.
fn any_other(input: &[u8]) -> IResult<&[u8], u8> {
    verify(be_u8, |byte: &u8| !byte.is_ascii_digit()).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Line> {
        Lines::new(text).collect()
    }

    fn arguments_of(text: &str) -> Option<Vec<(Style, String)>> {
        let line = lines(format!("x {text}\n").as_bytes()).swap_remove(0);
        line.arguments.map(|tokens| tokens.into_iter().map(|t| (t.style, t.text)).collect())
    }

    fn one(style: Style, text: &str) -> Option<Vec<(Style, String)>> {
        Some(vec![(style, text.to_owned())])
    }

    #[test]
    fn lines_and_comments() {
        let found = lines(b"# c\n\n  a 1 # x\r\nb\r\n!z\n\"q\" 1\nlast");
        let seen: Vec<_> = found.iter().map(|l| (l.number, l.word.clone())).collect();
        let atom = |s: &str| Word::Atom(s.to_owned());
        assert_eq!(
            seen,
            [(3, atom("a")), (4, atom("b")), (5, Word::Unrecognizable), (6, Word::Unrecognizable)]
        );
    }

    #[test]
    fn tokens() {
        assert_eq!(arguments_of("007"), one(Style::Integer, "007"));
        assert_eq!(arguments_of("S0#c"), one(Style::Atom, "S0"));
        assert_eq!(arguments_of("a-b._/@9"), one(Style::Atom, "a-b._/@9"));
        assert_eq!(
            arguments_of("S0\"text\""),
            Some(vec![(Style::Atom, "S0".into()), (Style::Quoted, "text".into())])
        );
        for bad in ["S1,x", "~a", "a%", "'a'", "-1,"] {
            assert_eq!(arguments_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn strings() {
        assert_eq!(arguments_of(r#""a # \"b\" \\ \x""#), one(Style::Quoted, r#"a # "b" \ x"#));
        assert_eq!(arguments_of(r#""\n\t\r\b\f""#), one(Style::Quoted, "\n\t\r\u{8}\u{c}"));
        assert_eq!(arguments_of(r#""\101\7\60z""#), one(Style::Quoted, "A\u{7}0z"));
        assert_eq!(arguments_of("\"a\\\nb\""), one(Style::Quoted, "a\nb"));
        for bad in [r#""\400""#, r#""\1234""#, r#""\8""#, r#""\19""#, "\"open"] {
            assert_eq!(arguments_of(bad), None, "{bad}");
        }
        assert!(arguments_of(&format!("\"{}\"", "x".repeat(2047))).is_some());
        assert!(arguments_of(&format!("\"{}\"", "x".repeat(2048))).is_none());
    }

    #[test]
    fn a_raw_newline_ends_the_string_and_the_line() {
        let found = lines(b"a \"open\nb\n");
        assert_eq!(found.len(), 2);
        assert!(found[0].arguments.is_none());
        assert_eq!(found[1].number, 2);
        // An escaped newline is counted.
        assert_eq!(lines(b"a \"x\\\ny\"\nb\n")[1].number, 3);
    }
}
