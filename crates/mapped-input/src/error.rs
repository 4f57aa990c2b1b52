//! What can go wrong, who is to blame, and where in the stored bytes it happened.

use std::{fmt, io};

use crate::codec::Codec;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Who is to blame for an [`Error`]; programs map it to exit codes or exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The operating system could not open or read.
    Io,
    /// The stored bytes contradict their codec.
    Malformed,
    /// The bytes may be right, but this crate (or this build of it) does not read them.
    Unsupported,
    /// A limit of [`Options`](crate::Options) or of this machine was reached.
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
    #[error("{codec} data cut short")]
    Truncated { codec: Codec },
    #[error("damaged {codec} data: {reason}")]
    Damaged { codec: Codec, reason: String },
    #[error("{codec} data with {what} is not supported")]
    Unsupported { codec: Codec, what: &'static str },
    #[error("{codec} data, but this build cannot read it: enable the feature `{}` of mapped-input", codec.name())]
    FeatureMissing { codec: Codec },
    #[error("a zstd window above the limit of {limit} bytes")]
    ZstdWindow { limit: u64 },
    #[error("a file of {len} bytes does not fit into this machine's address space")]
    TooLong { len: u64 },
    #[error("the file changed from {before} to {after} bytes while it was being mapped")]
    Changed { before: u64, after: u64 },
}

/// An error of this crate: a kind and, if it is known, the offset in the stored (still compressed) bytes.
///
/// [`Read`](io::Read) and [`BufRead`](io::BufRead) give it inside an [`io::Error`], see [`class_of`].
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

    pub(crate) fn at(kind: ErrorKind, offset: u64) -> Self {
        Self(Box::new(Inner { kind, offset: Some(offset) }))
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The offset in the stored bytes up to which the decoder had read, if the error has a place.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Who is to blame.
    pub fn class(&self) -> Class {
        match self.0.kind {
            ErrorKind::Io(_) | ErrorKind::Changed { .. } => Class::Io,
            ErrorKind::Truncated { .. } | ErrorKind::Damaged { .. } => Class::Malformed,
            ErrorKind::Unsupported { .. } | ErrorKind::FeatureMissing { .. } => Class::Unsupported,
            ErrorKind::ZstdWindow { .. } | ErrorKind::TooLong { .. } => Class::Limit,
        }
    }
}

/// The class of an error that came out of reading an [`Input`](crate::Input).
///
/// An `io::Error` without an [`Error`] of this crate inside is the operating system's: [`Class::Io`].
///
/// ```
/// use std::io::Read;
/// use mapped_input::{Class, Input, class_of};
///
/// let mut input = Input::from_reader(&b"\x28\xb5\x2f\xfd cut"[..])?;
/// let error = input.read_to_end(&mut Vec::new()).unwrap_err();
/// assert_eq!(class_of(&error), Class::Malformed);
/// # Ok::<(), mapped_input::Error>(())
/// ```
pub fn class_of(error: &io::Error) -> Class {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).map_or(Class::Io, Error::class)
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::new(ErrorKind::Io(error))
    }
}

/// The operating system's errors as they were; the others with an [`Error`] inside and a fitting
/// [`io::ErrorKind`]: `UnexpectedEof` for cut data, `InvalidData` for damage, `Unsupported`, `OutOfMemory` for limits.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error.0.kind {
            ErrorKind::Io(_) => match *error.0 {
                Inner { kind: ErrorKind::Io(inner), .. } => return inner,
                _ => io::ErrorKind::Other,
            },
            ErrorKind::Truncated { .. } => io::ErrorKind::UnexpectedEof,
            ErrorKind::Damaged { .. } => io::ErrorKind::InvalidData,
            ErrorKind::Unsupported { .. } | ErrorKind::FeatureMissing { .. } => io::ErrorKind::Unsupported,
            ErrorKind::ZstdWindow { .. } | ErrorKind::TooLong { .. } => io::ErrorKind::OutOfMemory,
            ErrorKind::Changed { .. } => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.offset {
            Some(offset) => write!(f, "{} (stored byte {offset})", self.0.kind),
            None => write!(f, "{}", self.0.kind),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small_and_can_be_sent() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn the_operating_systems_error_comes_back_as_it_was() {
        let error = Error::from(io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(error.class(), Class::Io);
        let error = io::Error::from(error);
        assert_eq!((error.kind(), class_of(&error)), (io::ErrorKind::PermissionDenied, Class::Io));
    }

    #[test]
    fn messages_name_the_place_and_the_feature() {
        let error = Error::at(ErrorKind::Truncated { codec: Codec::Gzip }, 17);
        assert_eq!(error.to_string(), "gzip data cut short (stored byte 17)");
        let error = Error::new(ErrorKind::FeatureMissing { codec: Codec::Zstd });
        assert!(error.to_string().contains("feature `zstd`"), "{error}");
        assert_eq!(error.class(), Class::Unsupported);
    }
}
