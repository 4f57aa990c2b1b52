//! What can go wrong between a source and its columns, and who is to blame.

use std::fmt;

use arrow_schema::{ArrowError, DataType};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Who is to blame for an [`Error`]; programs map it to exit codes or exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The operating system could not read or write.
    Io,
    /// The bytes contradict the format.
    Malformed,
    /// The bytes may be right, but this crate (or this build of it) does not read them.
    Unsupported,
    /// A limit that the caller may raise was reached.
    Limit,
    /// The caller asked for something that makes no sense.
    Usage,
}

impl From<silk_format::Class> for Class {
    fn from(class: silk_format::Class) -> Self {
        match class {
            silk_format::Class::Io => Self::Io,
            silk_format::Class::Unsupported => Self::Unsupported,
            silk_format::Class::Limit => Self::Limit,
            silk_format::Class::Usage => Self::Usage,
            _ => Self::Malformed,
        }
    }
}

impl From<pcap_headers::Class> for Class {
    fn from(class: pcap_headers::Class) -> Self {
        match class {
            pcap_headers::Class::Io => Self::Io,
            pcap_headers::Class::Unsupported => Self::Unsupported,
            pcap_headers::Class::Limit => Self::Limit,
            pcap_headers::Class::Usage => Self::Usage,
            _ => Self::Malformed,
        }
    }
}

impl From<mapped_input::Class> for Class {
    fn from(class: mapped_input::Class) -> Self {
        match class {
            mapped_input::Class::Io => Self::Io,
            mapped_input::Class::Unsupported => Self::Unsupported,
            mapped_input::Class::Limit => Self::Limit,
            mapped_input::Class::Usage => Self::Usage,
            _ => Self::Malformed,
        }
    }
}

/// What went wrong, with the numbers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant says what its numbers are")]
pub enum ErrorKind {
    #[error("{0}")]
    Input(#[source] mapped_input::Error),
    #[error("cannot read: {0}")]
    Io(#[source] std::io::Error),
    #[error("{0}")]
    Silk(#[source] silk_format::Error),
    #[error("{0}")]
    Capture(#[source] pcap_headers::Error),
    #[error("neither a file of flows nor a capture: {}", beginning(.found))]
    UnknownKind { found: Vec<u8> },
    #[error("a {kind} capture holds packets, not flows")]
    KindUnsupported { kind: &'static str },
    #[error("line {line} (byte {offset}): expected {expected}, found {found}")]
    Csv { line: u64, offset: u64, expected: String, found: String },
    #[error(
        "the first line does not name fields of packets, it is {found:?}: have tshark write the names with -E header=y"
    )]
    CsvHeader { found: String },
    #[error("no column is named {name:?}{}", suggestion(.near))]
    UnknownColumn { name: String, near: Vec<&'static str> },
    #[error("no column of {rows} is named {name:?}")]
    OtherTable { name: String, rows: &'static str },
    #[error("column {name:?} is asked for twice")]
    RepeatedColumn { name: String },
    #[error("the batch has no column {name:?}")]
    MissingColumn { name: String },
    #[error("column {name:?}: expected {expected}, found {found}")]
    ColumnType { name: String, expected: &'static str, found: DataType },
    #[error("column {name:?} holds the negative count {value}")]
    NegativeCount { name: &'static str, value: i64 },
    #[error("column {name:?} got {found} rows where {expected} are needed")]
    Rows { name: String, expected: usize, found: usize },
    #[error("{text:?} is no time: {reason} (character {at})")]
    Time { text: String, at: usize, reason: &'static str },
    #[error("the predicate: expected {expected}, found {found} (character {at})")]
    Predicate { text: String, at: usize, expected: String, found: String },
    #[error("{text:?} is no pattern of addresses: expected {expected} (character {at})")]
    Wildcard { text: String, at: usize, expected: &'static str },
    #[error("no {what} is named {name:?}{}", suggestion(.near))]
    UnknownName { what: &'static str, name: String, near: Vec<String> },
    #[error("{what} of {wanted} exceeds the limit of {limit}")]
    Limit { what: &'static str, wanted: u128, limit: u128 },
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Arrow(#[source] ArrowError),
}

fn beginning(found: &[u8]) -> String {
    match found {
        [] => "it is empty".to_owned(),
        bytes => format!("it begins with {bytes:02X?}"),
    }
}

fn suggestion<S: AsRef<str>>(near: &[S]) -> String {
    match near {
        [] => String::new(),
        names => {
            let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
            format!(": did you mean {}?", names.join(", "))
        }
    }
}

/// An error of this crate: a kind, and the name of the input where it happened, if there is one.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    input: Option<String>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, input: None }))
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage(message.into()))
    }

    pub(crate) fn limit(what: &'static str, wanted: impl Into<u128>, limit: impl Into<u128>) -> Self {
        Self::new(ErrorKind::Limit { what, wanted: wanted.into(), limit: limit.into() })
    }

    /// Names the input; the first name stays.
    pub(crate) fn in_input(mut self, name: &str) -> Self {
        self.0.input.get_or_insert_with(|| name.to_owned());
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The name of the input (its path, or what the caller called it), if the error is about one.
    #[must_use]
    pub fn input(&self) -> Option<&str> {
        self.0.input.as_deref()
    }

    /// The byte offset in the (decompressed) input where reading stopped, if it is known.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self.kind() {
            ErrorKind::Silk(e) => e.offset(),
            ErrorKind::Capture(e) => e.offset(),
            ErrorKind::Input(e) => e.offset(),
            ErrorKind::Csv { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// The line of a predicate where it stops making sense, and a line that points at the character.
    #[must_use]
    pub fn pointed(&self) -> Option<String> {
        /// Characters that are shown before the one in question.
        const BEFORE: usize = 60;
        let ErrorKind::Predicate { text, at, .. } = self.kind() else { return None };
        let before: Vec<char> = text.chars().take(at.saturating_sub(1)).collect();
        let start = before.iter().rposition(|c| *c == '\n').map_or(0, |newline| newline + 1);
        let start = start.max(before.len().saturating_sub(BEFORE));
        let line = text.chars().skip(start).take_while(|c| *c != '\n').take(2 * BEFORE);
        let line: String = line.map(|c| if c.is_control() { ' ' } else { c }).collect();
        Some(format!("{line}\n{}^", " ".repeat(before.len() - start)))
    }

    /// Who is to blame.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.kind() {
            ErrorKind::Input(e) => e.class().into(),
            ErrorKind::Io(e) => mapped_input::class_of(e).into(),
            ErrorKind::Silk(e) => match e.kind() {
                // A whole-file codec below the format reports through `io::Error`.
                silk_format::ErrorKind::Io(io) => mapped_input::class_of(io).into(),
                _ => e.class().into(),
            },
            ErrorKind::Capture(e) => match e.kind() {
                pcap_headers::ErrorKind::Io(io) => mapped_input::class_of(io).into(),
                _ => e.class().into(),
            },
            ErrorKind::UnknownKind { .. } | ErrorKind::Csv { .. } | ErrorKind::CsvHeader { .. } => {
                Class::Malformed
            }
            ErrorKind::KindUnsupported { .. } => Class::Unsupported,
            ErrorKind::Limit { .. } => Class::Limit,
            ErrorKind::Arrow(_) => Class::Malformed,
            _ => Class::Usage,
        }
    }

    /// The error that a reader of this crate wrapped for [`arrow_array::RecordBatchReader`]; any other is kept whole.
    #[must_use]
    pub fn from_arrow(error: ArrowError) -> Self {
        match error {
            ArrowError::ExternalError(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(other) => Self::new(ErrorKind::Arrow(ArrowError::ExternalError(other))),
            },
            other => Self::new(ErrorKind::Arrow(other)),
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<silk_format::Error> for Error {
    fn from(error: silk_format::Error) -> Self {
        Self::new(ErrorKind::Silk(error))
    }
}

impl From<pcap_headers::Error> for Error {
    fn from(error: pcap_headers::Error) -> Self {
        Self::new(ErrorKind::Capture(error))
    }
}

impl From<mapped_input::Error> for Error {
    fn from(error: mapped_input::Error) -> Self {
        Self::new(ErrorKind::Input(error))
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        Self::from_arrow(error)
    }
}

impl From<Error> for ArrowError {
    fn from(error: Error) -> Self {
        Self::ExternalError(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.input {
            Some(name) => write!(f, "{name}: {}", self.0.kind),
            None => write!(f, "{}", self.0.kind),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("input", &self.0.input).finish()
    }
}

impl std::error::Error for Error {
    /// The concrete error of the layer below. Its own text is already part of this error's message.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_small_and_can_cross_threads() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn points_at_the_character() {
        let at = |text: &str, at| {
            let kind = ErrorKind::Predicate {
                text: text.to_owned(),
                at,
                expected: "a column".to_owned(),
                found: "the end".to_owned(),
            };
            Error::new(kind).pointed().unwrap()
        };
        assert_eq!(at("proto = x", 9), "proto = x\n        ^");
        assert_eq!(at("a = 1 and\n\tb = x", 15), " b = x\n    ^");
        assert_eq!(at("", 1), "\n^");
        let long = "x".repeat(1000);
        assert_eq!(at(&long, 500), format!("{}\n{}^", "x".repeat(120), " ".repeat(60)));
        assert!(Error::usage("").pointed().is_none());
    }

    #[test]
    fn survives_the_way_through_arrow() {
        let error = Error::limit("bins", 10u64, 5u64).in_input("a.rw");
        let back = Error::from_arrow(ArrowError::from(error));
        assert_eq!(back.class(), Class::Limit);
        assert_eq!(back.to_string(), "a.rw: bins of 10 exceeds the limit of 5");
    }
}
