//! Words, marks and quoted texts of a predicate, with where they stand.

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while1};
use nom::character::complete::{char, multispace0};
use nom::combinator::{map, value};
use nom::multi::fold_many0;
use nom::sequence::delimited;
use nom::{IResult, Parser};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Word(&'a str),
    Quoted(String),
    Open,
    Close,
    Comma,
    Compare(Comparison),
}

/// A token, and the bytes of the text that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) at: usize,
    pub(super) end: usize,
}

/// The tokens of a text. The error is the byte at which no token begins, and what was expected.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, (usize, &'static str)> {
    let mut tokens = Vec::new();
    let mut rest = skip_space(text);
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let (after, kind) = token(rest).map_err(|_| match rest.as_bytes() {
            [b'!', ..] => (at, "a comparison: = != < <= > >="),
            _ => (at, "a text with its closing quote"),
        })?;
        tokens.push(Token { kind, at, end: text.len() - after.len() });
        rest = skip_space(after);
    }
    Ok(tokens)
}

fn skip_space(text: &str) -> &str {
    let skipped: IResult<&str, &str> = multispace0(text);
    skipped.map_or(text, |(rest, _)| rest)
}

fn token(text: &str) -> IResult<&str, Kind<'_>> {
    let comparison = alt((
        value(Comparison::NotEqual, alt((tag("!="), tag("<>")))),
        value(Comparison::AtMost, tag("<=")),
        value(Comparison::AtLeast, tag(">=")),
        value(Comparison::Less, tag("<")),
        value(Comparison::Greater, tag(">")),
        value(Comparison::Equal, alt((tag("=="), tag("=")))),
    ));
    alt((
        value(Kind::Open, char('(')),
        value(Kind::Close, char(')')),
        value(Kind::Comma, char(',')),
        map(comparison, Kind::Compare),
        map(quoted('\'', "''", "'"), Kind::Quoted),
        map(quoted('"', "\"\"", "\""), Kind::Quoted),
        map(take_while1(in_word), Kind::Word),
    ))
    .parse(text)
}

/// A text in quotes, where two of them stand for one.
fn quoted<'a>(
    mark: char,
    twice: &'static str,
    once: &'static str,
) -> impl Parser<&'a str, Output = String, Error = nom::error::Error<&'a str>> {
    let part = alt((is_not(once), value(once, tag(twice))));
    delimited(
        char(mark),
        fold_many0(part, String::new, |mut all: String, part| {
            all.push_str(part);
            all
        }),
        char(mark),
    )
}

/// Whether a character belongs to a word that needs no quotes.
pub(super) fn in_word(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '(' | ')' | ',' | '\'' | '"' | '=' | '<' | '>' | '!')
}
