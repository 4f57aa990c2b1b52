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
            ErrorKind::Io(_) => Class::Io,
            ErrorKind::Usage(_) => Class::Usage,
            _ => Class::Malformed,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, offset: None }))
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
