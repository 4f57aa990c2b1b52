//! What can go wrong: reading a summary, writing the two files.

use std::io;
use std::path::{Path, PathBuf};

/// The result of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Who is to blame; decides the exit code of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The file system.
    Io,
    /// The text that was to be read.
    Malformed,
    /// The caller.
    Usage,
}

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<ErrorKind>);

/// The facts of an [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file or folder could not be made, written or renamed.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried: `make the folder`, `write`, `rename to`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A text is not a `summary.json`.
    #[error("not a summary of schema {}: line {line}, column {column}", crate::SCHEMA)]
    Summary {
        /// Line of the text, from 1.
        line: usize,
        /// Column of the line, from 1.
        column: usize,
        /// What the JSON reader said.
        source: serde_json::Error,
    },
    /// The text is a summary of a schema that this version does not know.
    #[error("summary of schema {found}, expected {}", crate::SCHEMA)]
    Schema {
        /// The schema number in the text.
        found: u32,
    },
    /// A bin before the one pushed last, or twice the same.
    #[error("bin {found} after bin {previous}: bins must come in rising order")]
    Order {
        /// Index of the bin.
        found: u64,
        /// Index of the bin before it.
        previous: u64,
    },
    /// A bin that does not start at a whole step of the range, or lies outside of it.
    #[error("bin at {time_ms} ms is none of the {bins} bins of {step_ms} ms from {start_ms} ms")]
    Range {
        /// Start of the bin.
        time_ms: i64,
        /// Start of the range.
        start_ms: i64,
        /// Length of a bin.
        step_ms: i64,
        /// Number of bins.
        bins: u64,
    },
}

impl Error {
    /// The facts.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// Who is to blame.
    #[must_use]
    pub fn class(&self) -> Class {
        match *self.0 {
            ErrorKind::Io { .. } => Class::Io,
            ErrorKind::Summary { .. } | ErrorKind::Schema { .. } => Class::Malformed,
            ErrorKind::Order { .. } | ErrorKind::Range { .. } => Class::Usage,
        }
    }

    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        ErrorKind::Io { doing, path: path.to_owned(), source }.into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

const _: () = {
    const fn check<T: Send + Sync + 'static>() {}
    check::<Error>();
    assert!(size_of::<Error>() == size_of::<usize>());
};
