//! What can go wrong, who is to blame, and where in the file it happened.

use std::{fmt, io};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Who is to blame for an [`Error`]; programs map it to exit codes or exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The operating system could not read.
    Io,
    /// The bytes contradict the format.
    Malformed,
    /// The bytes may be right, but this crate does not read them.
    Unsupported,
    /// A limit was reached.
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
    #[error("{what} cut short: {needed} bytes needed, {have} left")]
    Truncated { what: &'static str, needed: u64, have: u64 },
    #[error("{what}: expected {expected}, found {found}")]
    Invalid { what: &'static str, expected: String, found: String },
    #[error("not a packet capture: no pcap or pcapng file begins with {found:02X?}")]
    NotCapture { found: [u8; 4] },
    #[error("{what} version {major}.{minor} is not supported: {supported}")]
    Version { what: &'static str, major: u16, minor: u16, supported: &'static str },
    #[error("link type {0} is none that tshark knows")]
    LinkType(u32),
    #[error("{what} of {wanted} exceeds the limit of {limit}")]
    Limit { what: &'static str, wanted: u64, limit: u64 },
    #[error("{0}")]
    Usage(String),
}

/// An error of this crate: a kind, and the byte offset where reading stopped, if it is known.
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

    pub(crate) fn limit(what: &'static str, wanted: usize, limit: usize) -> Self {
        Self::new(ErrorKind::Limit { what, wanted: wanted as u64, limit: limit as u64 })
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The byte offset in the file, if it is known.
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
            ErrorKind::Version { .. } | ErrorKind::LinkType(_) => Class::Unsupported,
            ErrorKind::Limit { .. } => Class::Limit,
            ErrorKind::Usage(_) => Class::Usage,
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
