//! What can go wrong in a job of the command, who is to blame, and the exit code that follows.

use std::io;
use std::path::{Path, PathBuf};

use arrow_schema::ArrowError;
pub use flow_frame::Class;
use parquet::errors::ParquetError;
use silk_format::{FormatId, Refusal};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, with the names that help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum ErrorKind {
    #[error("{0}")]
    Flow(#[source] flow_frame::Error),
    #[error("{0}")]
    Silk(#[source] silk_format::Error),
    #[error("{}", first_problems(.0))]
    Site(silk_format::site::SiteError),
    #[error("{0}")]
    Report(#[source] flow_report::Error),
    #[error("{}: {source}", .path.display())]
    Input { path: PathBuf, source: mapped_input::Error },
    #[error("{}: {source}", .path.display())]
    In { path: PathBuf, source: Error },
    #[error("cannot {action} {}: {source}", .path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot write to standard output: {0}")]
    Stdout(#[source] io::Error),
    #[error("the reader of standard output went away")]
    ClosedPipe,
    #[error("{} is also an input: a file is never written over its own input", .path.display())]
    OwnInput { path: PathBuf },
    #[error("{} has none of the {candidates} hour files asked for: {wanted}", .root.display())]
    NoHourFiles { root: PathBuf, candidates: u64, wanted: String },
    #[error("none of the {files} files of {} holds packets of the window", .folder.display())]
    NoRingFiles { folder: PathBuf, files: usize },
    #[error("no address is known for the host {name}: {source}")]
    Resolve { name: String, source: io::Error },
    #[error("cannot append to {}: {reason}", .path.display())]
    Append { path: PathBuf, reason: String },
    #[error("cannot encode {format}: {reason}")]
    Encode { format: &'static str, reason: String },
    #[error("{format} version {version}: {refusal}")]
    Refused { format: FormatId, version: u8, refusal: Refusal },
    #[error("no sandbox: {reason}")]
    Sandbox { reason: String },
    #[error("{0}")]
    Usage(String),
}

/// A file that is no site configuration at all is wrong in every line: the first ones tell enough.
fn first_problems(error: &silk_format::site::SiteError) -> String {
    const SHOWN: usize = 3;
    let problems = error.problems();
    let mut text: Vec<String> = problems.iter().take(SHOWN).map(ToString::to_string).collect();
    match problems.len().saturating_sub(SHOWN) {
        0 => {}
        1 => text.push("and 1 more problem".to_owned()),
        more => text.push(format!("and {more} more problems")),
    }
    text.join("; ")
}

/// An error of a job: one word wide, with a [`kind`](Self::kind) and a [`class`](Self::class).
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

impl Error {
    /// An error of the caller's making.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        ErrorKind::Usage(message.into()).into()
    }

    pub(crate) fn input(source: mapped_input::Error, path: &Path) -> Self {
        ErrorKind::Input { path: path.to_owned(), source }.into()
    }

    pub(crate) fn site(source: silk_format::site::SiteError) -> Self {
        ErrorKind::Site(source).into()
    }

    /// An error that does not say itself which file it is about.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        ErrorKind::In { path: path.to_owned(), source: self }.into()
    }

    /// A failed read of an input, whose cause may be damage of what wraps it.
    pub(crate) fn read(source: io::Error, path: &Path) -> Self {
        match source.downcast::<mapped_input::Error>() {
            Ok(damage) => Self::input(damage, path),
            Err(source) => Self::file("read", path)(source),
        }
    }

    /// The text, and the texts of those causes that it does not repeat.
    pub(crate) fn with_causes(&self) -> String {
        with_causes(self)
    }

    /// The line of a predicate that makes no sense, and a line that points at the character.
    pub(crate) fn pointed(&self) -> Option<String> {
        match self.kind() {
            ErrorKind::Flow(error) => error.pointed(),
            _ => None,
        }
    }

    /// The system refused to `action` ("read", "create", …) a file.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| ErrorKind::File { action, path: path.to_owned(), source }.into()
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// Who is to blame.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.kind() {
            ErrorKind::Flow(e) => e.class(),
            ErrorKind::Silk(e) => e.class().into(),
            ErrorKind::Site(e) => e.class().into(),
            ErrorKind::Input { source, .. } => source.class().into(),
            ErrorKind::In { source, .. } => source.class(),
            ErrorKind::Report(e) => match e.class() {
                flow_report::Class::Io => Class::Io,
                flow_report::Class::Malformed => Class::Malformed,
                _ => Class::Usage,
            },
            ErrorKind::File { .. }
            | ErrorKind::NoHourFiles { .. }
            | ErrorKind::NoRingFiles { .. }
            | ErrorKind::Resolve { .. }
            | ErrorKind::Stdout(_)
            | ErrorKind::ClosedPipe => Class::Io,
            ErrorKind::OwnInput { .. } | ErrorKind::Append { .. } | ErrorKind::Usage(_) => Class::Usage,
            ErrorKind::Encode { .. } => Class::Malformed,
            ErrorKind::Refused { .. } => Class::Limit,
            ErrorKind::Sandbox { .. } => Class::Unsupported,
        }
    }

    /// Whether a limit was met while a capture was cut into packets: lengths beyond it are damage, as a rule.
    fn is_limit_of_capture(&self) -> bool {
        match self.kind() {
            ErrorKind::In { source, .. } => source.is_limit_of_capture(),
            ErrorKind::Flow(error) => match error.kind() {
                flow_frame::ErrorKind::Capture(error) => Class::from(error.class()) == Class::Limit,
                _ => false,
            },
            _ => false,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self.kind() {
            ErrorKind::OwnInput { .. } => "write to another name with -o",
            ErrorKind::Append { .. } => {
                "write to a new file, or convert with the same --fields, --addresses and --site-config-file"
            }
            ErrorKind::NoHourFiles { .. } => {
                "check --start and --end (hours are UTC), or read every type with --type all; -v tells which files were \
                 looked for"
            }
            ErrorKind::NoRingFiles { .. } => "check the folder, --ring-name and --window (times are UTC)",
            ErrorKind::Resolve { .. } => "check the name and the network, or give an address",
            ErrorKind::Refused { .. } => {
                "leave the row out with --where or --window, or write a layout that holds it: --silk-format FT_RWIPV6ROUTING \
                 --silk-version 3 holds all"
            }
            ErrorKind::Sandbox { .. } => "run without --sandbox",
            ErrorKind::Stdout(_) => "check the disk or the program behind the pipe",
            _ => match self.class() {
                Class::Io => "check the path, its permissions and the disk",
                Class::Limit if self.is_limit_of_capture() => DAMAGED,
                Class::Malformed => DAMAGED,
                Class::Unsupported => "`flowloom info` tells what the file is",
                Class::Limit => "split the input, or narrow the job with --window or --fields",
                _ => "see --help",
            },
        }
    }
}

/// What to do about a damaged input.
const DAMAGED: &str = "fetch the file again, or look at it with `flowloom info`";

/// The exit code for a class of errors.
#[must_use]
pub fn exit_code(class: Class) -> u8 {
    match class {
        Class::Usage => 2,
        Class::Io => 3,
        _ => 1,
    }
}

/// What a failure to write to standard output means: if its reader went away, that ends the job without being an error.
pub(crate) fn stdout_error(source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::BrokenPipe => ErrorKind::ClosedPipe.into(),
        _ => ErrorKind::Stdout(source).into(),
    }
}

/// The error that a [`Target`](crate::output::Target) sent through a library's writer as an `io::Error`.
pub(crate) fn from_writer(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(own) => own,
        Err(other) => stdout_error(other),
    }
}

/// The error of a writer of SiLK files: what went wrong in the target says all, where it was that.
pub(crate) fn from_silk_writer(error: silk_format::Error) -> Error {
    let silk_format::ErrorKind::Write(source) = error.kind() else { return error.into() };
    let again = |source: &io::Error| io::Error::new(source.kind(), source.to_string());
    let own = source.get_ref().and_then(|own| own.downcast_ref::<Error>());
    match own.map(Error::kind) {
        Some(ErrorKind::ClosedPipe) => ErrorKind::ClosedPipe.into(),
        Some(ErrorKind::Stdout(source)) => ErrorKind::Stdout(again(source)).into(),
        Some(ErrorKind::File { action, path, source }) => Error::file(action, path)(again(source)),
        _ => error.into(),
    }
}

/// The text of an error and of the causes that it does not tell itself.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text += &format!(": {more}");
        }
        cause = error.source();
    }
    text
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<flow_frame::Error> for Error {
    fn from(error: flow_frame::Error) -> Self {
        ErrorKind::Flow(error).into()
    }
}

impl From<silk_format::Error> for Error {
    fn from(error: silk_format::Error) -> Self {
        ErrorKind::Silk(error).into()
    }
}

impl From<flow_report::Error> for Error {
    fn from(error: flow_report::Error) -> Self {
        ErrorKind::Report(error).into()
    }
}

/// Only for errors of encoders: those of our readers travel as [`flow_frame::Error`].
impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, source) => from_writer(source),
            error => ErrorKind::Encode { format: "Arrow", reason: error.to_string() }.into(),
        }
    }
}

impl From<ParquetError> for Error {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(source) => match source.downcast::<io::Error>() {
                Ok(source) => from_writer(*source),
                Err(other) => ErrorKind::Encode { format: "Parquet", reason: other.to_string() }.into(),
            },
            error => ErrorKind::Encode { format: "Parquet", reason: error.to_string() }.into(),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_become_the_documented_codes() {
        let table = [
            (Class::Malformed, 1),
            (Class::Unsupported, 1),
            (Class::Limit, 1),
            (Class::Usage, 2),
            (Class::Io, 3),
        ];
        for (class, code) in table {
            assert_eq!(exit_code(class), code, "{class:?}");
        }
    }
}
