//! The text form of a predicate. Public: [`ParseContext`], [`Predicate::parse`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::lex::{Comparison, Kind, Token, tokens};
use super::values::{self, Wrong};
use super::{AddressSet, Predicate, Ranges, Test, Wildcard};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnType, FlowColumn, near_names};
use crate::time::Anchors;

/// The longest text, in bytes.
const MAX_TEXT: usize = 64 << 10;
/// How deep brackets and `not` may nest.
const MAX_NESTED: usize = 64;

/// Short names of columns, beside those of the table.
const ALSO: [(&str, &str); 1] = [("proto", "protocol")];
/// Names that stand for either of two columns.
const PAIRS: [(&str, [&str; 2]); 2] = [("ip", ["sip", "dip"]), ("port", ["sport", "dport"])];

/// What the text of a predicate may refer to.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ParseContext {
    /// What relative times are relative to.
    pub anchors: Anchors,
    /// Sets of addresses by the name that follows `@`.
    pub sets: BTreeMap<String, Arc<AddressSet>>,
}

impl ParseContext {
    /// With anchors for relative times.
    #[must_use]
    pub fn with_anchors(mut self, anchors: Anchors) -> Self {
        self.anchors = anchors;
        self
    }

    /// With a set that is called `@name`.
    #[must_use]
    pub fn with_set(mut self, name: &str, set: AddressSet) -> Self {
        self.sets.insert(name.to_owned(), Arc::new(set.with_name(name)));
        self
    }
}

impl Predicate {
    /// Reads a predicate. What it prints is read again as an equal one.
    ///
    /// | form | columns |
    /// |---|---|
    /// | `bytes > 1000`, `proto = 6`, `dport in (80, 443, 8000-8080)`, `sport >= 1024`, `sport between 1 and 9` | integers; open ranges are `1024-`, `..80` |
    /// | `port in (53, 123)` | `sport` or `dport`, or both |
    /// | `stime >= 2016-09-29T13:00`, `etime in A..B`, `stime > '2016-09-29 13:00'`, `stime >= end-30m` | times; both ends of a range are inside |
    /// | `active in A..B` | under way at some moment of it: `stime <= B and etime >= A` |
    /// | `duration > 1.5s`, `duration in 250ms-2m` | lengths of time; a plain number is of milliseconds |
    /// | `sip = 10.1.2.3`, `dip in (10.0.0.0/8, 2001:db8::/32)`, `sip in 10.x.1-3,5.0`, `nhip in @servers` | addresses, blocks, patterns (with a comma in a list: quoted), sets of the context |
    /// | `ip in 192.0.2.0/24` | `sip` or `dip`, or both |
    /// | `tcpflags = S/SA`, `initial_tcpflags in (S/SA, SA/SA)`, `tcpflags any FR`, `attributes = C/TC` | of the flags behind the `/` exactly those before it; any of the flags |
    /// | `sensor = 'S1'`, `type in (in, inweb)`, `class != all` | names |
    /// | `is_ipv6`, `is_ipv6 = false` | truth |
    /// | `input is null`, `input is not null` | any |
    /// | `bytes/packets in 60-64.25` | see [`Predicate::bytes_per_packet`] |
    ///
    /// They are joined by `and`, `or`, `not` and brackets; `not in` and `not between` are understood, and so are
    /// `true` and `false`. Words of the language may be in capitals. Texts are quoted with `'` or `"`, which stand for
    /// themselves when doubled.
    ///
    /// # Errors
    /// `Usage` with the character where the text stops making sense, what was expected there and what was found
    /// ([`Error::pointed`] shows it); `Limit` for a text of more than 64 KiB or brackets nested more than 64 deep.
    pub fn parse(text: &str, context: &ParseContext) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(Error::limit("length of a predicate", text.len() as u64, MAX_TEXT as u64));
        }
        let tokens = tokens(text).map_err(|(at, expected)| wrong(text, at, expected, None))?;
        let mut parser = Parser { text, tokens: &tokens, next: 0, nested: 0, context };
        let predicate = parser.either()?;
        match parser.peek() {
            None => Ok(predicate),
            Some(_) => Err(parser.expected("and, or, or the end")),
        }
    }
}

/// An error at a byte of the text.
fn wrong(text: &str, at: usize, expected: impl Into<String>, token: Option<&Token<'_>>) -> Error {
    let found = match token {
        Some(token) => text.get(token.at..token.end),
        None => text.get(at..).filter(|rest| !rest.is_empty()),
    };
    let found = match found {
        Some(found) if found.chars().count() > 40 => {
            format!("{:?}…", found.chars().take(40).collect::<String>())
        }
        Some(found) => format!("{found:?}"),
        None => "the end".to_owned(),
    };
    let at = text.get(..at).map_or(0, |done| done.chars().count()) + 1;
    ErrorKind::Predicate { text: text.to_owned(), at, expected: expected.into(), found }.into()
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    next: usize,
    nested: usize,
    context: &'a ParseContext,
}

/// What a test is about.
#[derive(Clone, Copy)]
enum Subject {
    Column(&'static FlowColumn),
    /// Either of two columns.
    Pair(&'static FlowColumn, &'static FlowColumn),
    Active,
    BytesPerPacket,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.next)
    }

    fn expected(&self, expected: impl Into<String>) -> Error {
        let token = self.peek();
        wrong(self.text, token.map_or(self.text.len(), |token| token.at), expected, token)
    }

    /// An error inside a value.
    fn wrong(&self, token: &Token<'_>, (at, expected): Wrong) -> Error {
        let quote = usize::from(matches!(token.kind, Kind::Quoted(_)));
        wrong(self.text, (token.at + quote + at).min(token.end), expected, Some(token))
    }

    fn eat(&mut self, kind: &Kind<'_>) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.next += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token { kind: Kind::Word(w), .. }) if w.eq_ignore_ascii_case(word));
        self.next += usize::from(found);
        found
    }

    fn either(&mut self) -> Result<Predicate> {
        let mut parts = vec![self.both()?];
        while self.word("or") {
            parts.push(self.both()?);
        }
        Ok(Predicate::any(parts))
    }

    fn both(&mut self) -> Result<Predicate> {
        let mut parts = vec![self.negation()?];
        while self.word("and") {
            parts.push(self.negation()?);
        }
        Ok(Predicate::all(parts))
    }

    fn negation(&mut self) -> Result<Predicate> {
        let mut negated = false;
        while self.word("not") {
            negated = !negated;
        }
        let part = self.primary()?;
        Ok(if negated { !part } else { part })
    }

    fn primary(&mut self) -> Result<Predicate> {
        if self.eat(&Kind::Open) {
            self.nested += 1;
            if self.nested > MAX_NESTED {
                return Err(Error::limit("depth of a predicate", self.nested as u64, MAX_NESTED as u64));
            }
            let inner = self.either()?;
            if !self.eat(&Kind::Close) {
                return Err(self.expected("and, or, or )"));
            }
            self.nested -= 1;
            return Ok(inner);
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.word(word) {
                return Ok(Predicate::always(value));
            }
        }
        let subject = self.subject()?;
        self.test(subject)
    }

    fn subject(&mut self) -> Result<Subject> {
        let Some(Token { kind: Kind::Word(word), .. }) = self.peek() else {
            return Err(self.expected("a column, not or ("));
        };
        let name = word.to_lowercase();
        let name = ALSO.iter().find(|(also, _)| *also == name).map_or(name.as_str(), |(_, name)| name);
        let pair = PAIRS.iter().find(|(pair, _)| *pair == name);
        let subject = match (name, pair) {
            ("active", _) => Some(Subject::Active),
            ("bytes/packets", _) => Some(Subject::BytesPerPacket),
            (_, Some((_, [a, b]))) => {
                FlowColumn::by_name(a).zip(FlowColumn::by_name(b)).map(|(a, b)| Subject::Pair(a, b))
            }
            _ => FlowColumn::by_name(name).map(Subject::Column),
        };
        let Some(subject) = subject else {
            let near = near_names(name);
            return Err(self.expected(match near.as_slice() {
                [] => "a column".to_owned(),
                near => format!("a column, such as {},", near.join(", ")),
            }));
        };
        self.next += 1;
        match subject {
            Subject::Column(column) if column.name == "bytes" && self.word("/") => match self.word("packets")
            {
                true => Ok(Subject::BytesPerPacket),
                false => Err(self.expected("packets")),
            },
            subject => Ok(subject),
        }
    }

    fn test(&mut self, subject: Subject) -> Result<Predicate> {
        if self.word("is") {
            let negated = self.word("not");
            if !self.word("null") {
                return Err(self.expected(if negated { "null" } else { "null or not null" }));
            }
            let columns = match subject {
                Subject::Column(column) => vec![column],
                Subject::Pair(a, b) => vec![a, b],
                _ => return Err(self.expected("a column before is null")),
            };
            let null = Predicate::any(columns.into_iter().map(|column| Test::IsNull(column).into()));
            return Ok(if negated { !null } else { null });
        }
        let negated = self.word("not");
        let test = if self.word("in") {
            let values = self.list()?;
            self.members(subject, &values)?
        } else if self.word("between") {
            let first = self.value()?;
            if !self.word("and") {
                return Err(self.expected("and"));
            }
            let last = self.value()?;
            let (first, last) = (self.ordered(subject, first, false)?, self.ordered(subject, last, false)?);
            match (first, last) {
                (Some(Limit::Whole(first)), Some(Limit::Whole(last))) => {
                    self.whole(subject, Ranges::between(first, last))
                }
                (Some(Limit::Quotient(low)), Some(Limit::Quotient(high))) => {
                    Predicate::bytes_per_packet(low, high)?
                }
                _ => return Err(self.expected("a column of numbers or times before between")),
            }
        } else if negated {
            return Err(self.expected("in or between"));
        } else if self.word("any") {
            self.any_flag(subject)?
        } else if let Some(Token { kind: Kind::Compare(comparison), .. }) = self.peek() {
            return self.compared(subject, *comparison);
        } else {
            match subject {
                Subject::Column(column) if column.kind == ColumnType::Bool => Test::IsTrue(column).into(),
                _ => return Err(self.expected(operators(subject))),
            }
        };
        Ok(if negated { !test } else { test })
    }

    /// One value. A wildcard outside of brackets may have commas.
    fn value(&mut self) -> Result<&'a Token<'a>> {
        match self.peek() {
            Some(token @ Token { kind: Kind::Word(_) | Kind::Quoted(_), .. }) => {
                self.next += 1;
                Ok(token)
            }
            _ => Err(self.expected("a value")),
        }
    }

    /// `(a, b)`, `()`, or `a, b` without brackets.
    fn list(&mut self) -> Result<Vec<&'a Token<'a>>> {
        let open = self.eat(&Kind::Open);
        let mut values = Vec::new();
        if open && self.eat(&Kind::Close) {
            return Ok(values);
        }
        loop {
            values.push(self.value()?);
            if !self.eat(&Kind::Comma) {
                break;
            }
        }
        if open && !self.eat(&Kind::Close) {
            return Err(self.expected(", or )"));
        }
        Ok(values)
    }

    fn compared(&mut self, subject: Subject, comparison: Comparison) -> Result<Predicate> {
        use Comparison::{AtLeast, AtMost, Equal, Greater, Less, NotEqual};
        let operator = self.peek();
        self.next += 1;
        let token = self.value()?;
        if matches!(comparison, Equal | NotEqual) {
            let equal = self.members(subject, &[token])?;
            return Ok(if comparison == NotEqual { !equal } else { equal });
        }
        match self.ordered(subject, token, true)? {
            Some(Limit::Whole(value)) => {
                let ranges = match comparison {
                    Less => Ranges::to(value - 1),
                    AtMost => Ranges::to(value),
                    Greater => Ranges::from(value + 1),
                    AtLeast | Equal | NotEqual => Ranges::from(value),
                };
                Ok(self.whole(subject, ranges))
            }
            Some(Limit::Quotient(value)) => {
                let (low, high) = match comparison {
                    Less => (f64::NEG_INFINITY, value.next_down()),
                    AtMost => (f64::NEG_INFINITY, value),
                    Greater => (value.next_up(), f64::INFINITY),
                    AtLeast | Equal | NotEqual => (value, f64::INFINITY),
                };
                Predicate::bytes_per_packet(low, high)
            }
            None => {
                let at = operator.map_or(self.text.len(), |operator| operator.at);
                Err(wrong(self.text, at, operators(subject), operator))
            }
        }
    }

    /// A value of something that has an order.
    fn ordered(&self, subject: Subject, token: &Token<'_>, sign: bool) -> Result<Option<Limit>> {
        let text = text_of(token);
        let limit = match subject {
            Subject::BytesPerPacket => {
                let sound =
                    if text.starts_with('-') && !sign { Err((0, "a number".to_owned())) } else { Ok(()) };
                sound.and_then(|()| values::decimal(text)).map(Limit::Quotient)
            }
            Subject::Active => return Ok(None),
            Subject::Column(column) | Subject::Pair(column, _) => match self.number(column, text) {
                Some(value) => value.map(Limit::Whole),
                None => return Ok(None),
            },
        };
        limit.map(Some).map_err(|wrong| self.wrong(token, wrong))
    }

    /// An integer, time or duration; `None` if the column holds none.
    fn number(&self, column: &FlowColumn, text: &str) -> Option<std::result::Result<i128, Wrong>> {
        match column.kind {
            ColumnType::Timestamp | ColumnType::TimestampNs => Some(values::time(text, self.context.anchors)),
            ColumnType::DurationMs => Some(values::duration(text, 1_000_000)),
            ColumnType::DurationNs => Some(values::duration(text, 1)),
            ColumnType::Mac => Some(values::mac(text)),
            kind => most(kind).map(|most| values::integer(text, most)),
        }
    }

    /// A test of ranges: of the column, or of either.
    fn whole(&self, subject: Subject, ranges: Ranges) -> Predicate {
        // A limit may lie beyond what the column can hold: `proto < 0`.
        let ranges = match subject {
            Subject::Column(column) | Subject::Pair(column, _) => match most(column.kind) {
                Some(most) if ranges.clipped(0, most.into()) == Ranges::EMPTY => Ranges::EMPTY,
                _ => ranges,
            },
            _ => ranges,
        };
        match subject {
            Subject::Column(column) => Test::Within(column, ranges).into(),
            Subject::Pair(a, b) => {
                Predicate::from(Test::Within(a, ranges.clone())).or(Test::Within(b, ranges).into())
            }
            _ => Predicate::always(false),
        }
    }

    /// The test that a column has one of the values.
    fn members(&self, subject: Subject, tokens: &[&Token<'_>]) -> Result<Predicate> {
        match subject {
            Subject::Active => {
                let parts = tokens.iter().map(|token| self.active(token));
                Ok(Predicate::any(parts.collect::<Result<Vec<_>>>()?))
            }
            Subject::BytesPerPacket => {
                let parts = tokens.iter().map(|token| self.quotient(token));
                Ok(Predicate::any(parts.collect::<Result<Vec<_>>>()?))
            }
            Subject::Column(column) => self.members_of(column, tokens),
            Subject::Pair(a, b) => Ok(self.members_of(a, tokens)?.or(self.members_of(b, tokens)?)),
        }
    }

    fn members_of(&self, column: &'static FlowColumn, tokens: &[&Token<'_>]) -> Result<Predicate> {
        match column.kind {
            ColumnType::Ip => self.addresses(column, tokens),
            ColumnType::Text => {
                let names = tokens.iter().map(|token| text_of(token).to_owned()).collect();
                Ok(Test::Named(column, names).into())
            }
            ColumnType::Bool => self.truth(column, tokens),
            _ => match values::letters(column.name) {
                Some(letters) if tokens.iter().any(|token| !is_number(text_of(token))) => {
                    let pair = |token: &&Token<'_>| {
                        letters.pair(text_of(token)).map_err(|wrong| self.wrong(token, wrong))
                    };
                    Ok(Test::Masks(column, tokens.iter().map(pair).collect::<Result<_>>()?).into())
                }
                _ => {
                    let dash = !matches!(
                        column.kind,
                        ColumnType::Timestamp | ColumnType::TimestampNs | ColumnType::Mac
                    );
                    let unknown = || Err((0, "a number".to_owned()));
                    let one = |text: &str| self.number(column, text).unwrap_or_else(unknown);
                    let range = |token: &&Token<'_>| {
                        values::number_range(text_of(token), dash, one)
                            .map_err(|wrong| self.wrong(token, wrong))
                    };
                    let ranges: Vec<_> = tokens.iter().map(range).collect::<Result<_>>()?;
                    Ok(Test::Within(column, ranges.into_iter().collect()).into())
                }
            },
        }
    }

    fn truth(&self, column: &'static FlowColumn, tokens: &[&Token<'_>]) -> Result<Predicate> {
        let value = |token: &&Token<'_>| match text_of(token).to_lowercase().as_str() {
            "true" => Ok(Predicate::from(Test::IsTrue(column))),
            "false" => Ok(!Predicate::from(Test::IsTrue(column))),
            _ => Err(self.wrong(token, (0, "true or false".to_owned()))),
        };
        Ok(Predicate::any(tokens.iter().map(value).collect::<Result<Vec<_>>>()?))
    }

    /// `A..B`, or one moment.
    fn active(&self, token: &Token<'_>) -> Result<Predicate> {
        let one = |text: &str| values::time(text, self.context.anchors);
        let (first, last) =
            values::number_range(text_of(token), false, one).map_err(|wrong| self.wrong(token, wrong))?;
        Predicate::active(first, last)
    }

    fn quotient(&self, token: &Token<'_>) -> Result<Predicate> {
        let range = values::range(text_of(token), true, values::decimal);
        let (low, high) = range.map_err(|wrong| self.wrong(token, wrong))?;
        let (low, high) = (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY));
        if low > high {
            return Err(self.wrong(token, (0, values::backwards())));
        }
        Predicate::bytes_per_packet(low, high)
    }

    fn any_flag(&mut self, subject: Subject) -> Result<Predicate> {
        let letters = match subject {
            Subject::Column(column) => values::letters(column.name).map(|letters| (column, letters)),
            _ => None,
        };
        let Some((column, letters)) = letters else {
            self.next -= 1;
            return Err(self.expected(operators(subject)));
        };
        let token = self.value()?;
        let bits = letters.bits(text_of(token)).map_err(|wrong| self.wrong(token, wrong))?;
        Ok(Test::Masks(column, letters.each(bits).map(|bit| (bit, bit)).collect()).into())
    }

    /// Addresses, blocks and ranges make one set; named sets and patterns stay what they are.
    fn addresses(&self, column: &'static FlowColumn, tokens: &[&Token<'_>]) -> Result<Predicate> {
        // Without brackets the commas may be those of a pattern: `10.x.1-3,5.0`.
        if let [first, .., last] = tokens
            && let Some(Ok(pattern)) = self.text.get(first.at..last.end).map(Wildcard::parse_at)
        {
            return Ok(Test::of_pattern(column, pattern).into());
        }
        let (mut ranges, mut others) = (Vec::new(), Vec::new());
        for token in tokens {
            let text = text_of(token);
            if let Some(name) = text.strip_prefix('@') {
                let set = self.context.sets.get(name).ok_or_else(|| {
                    let known: Vec<String> =
                        self.context.sets.keys().map(|name| format!("@{name}")).collect();
                    let known = if known.is_empty() { "none is given".to_owned() } else { known.join(", ") };
                    self.wrong(token, (0, format!("the name of a set ({known})")))
                })?;
                others.push(Predicate::from(Test::Address(column, Arc::clone(set))));
            } else if let Some(range) = address_range(text) {
                ranges.push(range);
            } else {
                let pattern = Wildcard::parse_at(text)
                    .map_err(|(at, expected)| self.wrong(token, (at, expected.to_owned())))?;
                others.push(Test::of_pattern(column, pattern).into());
            }
        }
        if !ranges.is_empty() || tokens.is_empty() {
            let set = Arc::new(AddressSet::from_ranges(ranges));
            others.insert(0, Test::Address(column, set).into());
        }
        Ok(Predicate::any(others))
    }
}

/// The largest integer that a column can hold.
fn most(kind: ColumnType) -> Option<u64> {
    match kind {
        ColumnType::U8 => Some(u8::MAX.into()),
        ColumnType::U16 => Some(u16::MAX.into()),
        ColumnType::U32 => Some(u32::MAX.into()),
        ColumnType::I64 | ColumnType::U64 => Some(u64::MAX),
        _ => None,
    }
}

/// A limit of a comparison.
enum Limit {
    Whole(i128),
    Quotient(f64),
}

fn text_of<'t>(token: &'t Token<'_>) -> &'t str {
    match &token.kind {
        Kind::Word(word) => word,
        Kind::Quoted(text) => text,
        _ => "",
    }
}

/// Whether a value of a column of flags is meant as a number, or a range of them.
fn is_number(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit()) || text.contains("..")
}

fn address_range(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address, address));
    }
    if let Ok(net) = text.parse::<IpNet>() {
        return Some((net.network(), net.broadcast()));
    }
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.parse::<IpAddr>().ok()?, last.parse::<IpAddr>().ok()?);
    (first.is_ipv4() == last.is_ipv4() && first <= last).then_some((first, last))
}

/// What may follow a column.
fn operators(subject: Subject) -> &'static str {
    let kind = match subject {
        Subject::Active => return "= or in",
        Subject::BytesPerPacket => return "= != < <= > >= in or between",
        Subject::Column(column) | Subject::Pair(column, _) if values::letters(column.name).is_some() => {
            return "= != < <= > >= in, between, any or is null";
        }
        Subject::Column(column) | Subject::Pair(column, _) => column.kind,
    };
    match kind {
        ColumnType::Ip | ColumnType::Text | ColumnType::Mac => "= != in or is null",
        ColumnType::Utf8 => "is null",
        ColumnType::Bool => "= or !=",
        _ => "= != < <= > >= in, between or is null",
    }
}
