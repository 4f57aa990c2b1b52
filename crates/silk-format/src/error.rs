//! What can go wrong, who is to blame, and where in the file it happened.

use std::ops::RangeInclusive;
use std::{fmt, io};

use crate::format::{Compression, FormatId};

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
    /// A limit was reached: of [`Limits`](crate::Limits), or of the layout that a record is written in.
    Limit,
    /// The caller asked for something that makes no sense.
    Usage,
}

/// What went wrong, with the numbers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant says what its numbers are")]
pub enum ErrorKind {
    #[error("cannot read: {0}")]
    Io(#[source] io::Error),
    #[error("cannot write: {0}")]
    Write(#[source] io::Error),
    #[error("{what} cut short: {needed} bytes needed, {have} left")]
    Truncated { what: &'static str, needed: u64, have: u64 },
    #[error("not a SiLK file: expected the bytes DE AD BE EF, found {found:02X?}")]
    NotSilk { found: [u8; 4] },
    #[error("{format} holds no flow records")]
    NotFlow { format: FormatId },
    #[error("no layout is known for {format} version {version} (file written by SiLK {release})")]
    UnknownVersion { format: FormatId, version: u8, release: String },
    #[error("no layout is known for {format} version {version}")]
    NoLayout { format: FormatId, version: u8 },
    #[error("file version {version} is not supported: 0 to 16 are")]
    FileVersion { version: u8 },
    #[error("record size {found} contradicts the layout's {expected} bytes")]
    RecordSize { expected: u16, found: u16 },
    #[error("compression {0} is not a SiLK compression method")]
    UnknownCompression(Compression),
    #[error("this build has no compression {0}: enable its feature of silk-format")]
    CompressionUnavailable(Compression),
    #[error("a header of version {version} cannot announce compression {compression}")]
    LegacyCompression { version: u8, compression: Compression },
    #[error("{format} never had a header of version {version}")]
    LegacyFormat { format: FormatId, version: u8 },
    #[error("{what}: expected {expected}, found {found}")]
    Invalid { what: &'static str, expected: String, found: String },
    #[error("{compression} block does not inflate to the announced {expected} bytes: {reason}")]
    Inflate { compression: Compression, expected: u32, reason: String },
    #[error("{what} of {wanted} exceeds the limit of {limit}")]
    Limit { what: &'static str, wanted: u64, limit: u64 },
    #[error("Invalid {name} '{text}': {reason}")]
    Argument { name: &'static str, text: String, reason: String },
    #[error("cannot write {0}")]
    Refused(Refusal),
    #[error("{0}")]
    Usage(String),
}

/// A record that a layout cannot express, and why: the first of its values that is out of range (spec 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The record's number, 1 for the first; refused ones count.
    pub record: u64,
    /// The value, named as its column; `is_ipv6` of an IPv6 record that a layout for IPv4 cannot hold.
    pub field: &'static str,
    /// What the record has; times in milliseconds.
    pub value: i128,
    /// The least that the layout holds (next to the record's other values).
    pub least: i128,
    /// The most that the layout holds (next to the record's other values).
    pub most: i128,
}

impl Refusal {
    /// The refusal of a record for one value.
    #[must_use]
    pub fn new(record: u64, field: &'static str, value: i128, range: RangeInclusive<i128>) -> Self {
        Self { record, field, value, least: *range.start(), most: *range.end() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, field, value, least, most } = self;
        match *field {
            "is_ipv6" => write!(f, "record {record}: it is IPv6, and the layout holds IPv4"),
            _ => write!(f, "record {record}: {field} {value} is outside {least} to {most}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// How many records of a block were refused, and the first of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use = "refused records are left out"]
#[non_exhaustive]
pub struct Refusals {
    /// How many.
    pub count: u64,
    /// The first, if there is one.
    pub first: Option<Refusal>,
}

impl Refusals {
    /// Adds those of what follows.
    pub fn add(&mut self, others: Self) {
        self.count += others.count;
        self.first = self.first.or(others.first);
    }

    /// The first as an error, for those who want all records or none.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] if there is one.
    pub fn into_result(self) -> Result<()> {
        match self.first {
            None => Ok(()),
            Some(first) => Err(ErrorKind::Refused(first).into()),
        }
    }
}

impl From<Refusal> for Refusals {
    fn from(first: Refusal) -> Self {
        Self { count: 1, first: Some(first) }
    }
}

/// An error of this crate: a kind, and the byte offset where reading stopped, if it is known.
///
/// The offset counts from the start of the SiLK file, after removing a gzip wrapper.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    offset: Option<u64>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, offset: None }))
    }

    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    pub(crate) fn invalid(what: &'static str, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Invalid { what, expected: expected.to_string(), found: found.to_string() })
    }

    pub(crate) fn truncated(what: &'static str, needed: usize, have: usize) -> Self {
        Self::new(ErrorKind::Truncated { what, needed: needed as u64, have: have as u64 })
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The byte offset in the (unwrapped) file, if it is known.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Who is to blame.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.kind() {
            // A decompressor below us reports damage as an I/O error of one of these kinds.
            ErrorKind::Io(e) => match e.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Class::Malformed,
                io::ErrorKind::Unsupported => Class::Unsupported,
                _ => Class::Io,
            },
            ErrorKind::Write(_) => Class::Io,
            ErrorKind::NotFlow { .. }
            | ErrorKind::UnknownVersion { .. }
            | ErrorKind::NoLayout { .. }
            | ErrorKind::FileVersion { .. }
            | ErrorKind::CompressionUnavailable(_)
            | ErrorKind::LegacyFormat { .. } => Class::Unsupported,
            ErrorKind::Limit { .. } | ErrorKind::Refused(_) => Class::Limit,
            ErrorKind::Argument { .. } | ErrorKind::Usage(_) => Class::Usage,
            _ => Class::Malformed,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        match self.0.offset {
            Some(offset) => write!(f, " (byte {offset})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("offset", &self.0.offset).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0.kind)
    }
}
