//! Inputs: how a path becomes a reader of flows, and its digest.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use flow_frame::{FlowInput, Kind, Projection, Table};
use mapped_input::Input;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// How inputs are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Map regular files into memory (default), or read them through a buffer.
    pub map: bool,
    /// Compute the SHA-256 of the stored bytes beside the reading.
    pub digest: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { map: true, digest: false }
    }
}

impl OpenOptions {
    /// With or without maps.
    #[must_use]
    pub fn with_map(mut self, map: bool) -> Self {
        self.map = map;
        self
    }

    /// With or without a digest.
    #[must_use]
    pub fn with_digest(mut self, digest: bool) -> Self {
        self.digest = digest;
        self
    }
}

/// An input that was opened, and what is known of its stored bytes.
#[derive(Debug)]
pub struct Source {
    /// The flows.
    pub input: FlowInput,
    /// The stored bytes.
    pub stored: Stored,
}

/// What is known of an input's stored bytes.
#[derive(Debug)]
pub struct Stored {
    /// How many, if it is a file.
    pub len: Option<u64>,
    digest: Option<Hashing>,
}

#[derive(Debug)]
enum Hashing {
    /// A second thread reads the same file.
    Thread(JoinHandle<io::Result<String>>),
    /// The reading itself feeds it: a stream can be read once only.
    Stream(Arc<Mutex<Sha256>>),
}

impl Source {
    /// Opens a path; `-` is standard input.
    ///
    /// # Errors
    /// Those of [`FlowInput::new`].
    pub fn open(path: &Path, silk: &silk_format::Options, options: OpenOptions) -> Result<Self> {
        let name = path.to_string_lossy();
        let (input, digest) = open(path, options).map_err(|e| Error::input(e, path))?;
        let stored = Stored { len: input.stored_len(), digest };
        Ok(Self { input: FlowInput::new(input, &name, silk)?, stored })
    }
}

impl Stored {
    /// The SHA-256 of the stored bytes of `path` in lower-case hexadecimal, if it was asked for; of a stream only if it
    /// was read to its end, because how far it was read otherwise is chance.
    ///
    /// # Errors
    /// `Io` if the file could not be read a second time.
    pub fn digest(self, path: &Path, at_end: bool) -> Result<Option<String>> {
        match self.digest {
            None => Ok(None),
            Some(Hashing::Stream(_)) if !at_end => Ok(None),
            Some(Hashing::Thread(thread)) => match thread.join() {
                Ok(digest) => digest.map(Some).map_err(Error::file("read", path)),
                Err(_) => Err(Error::file("read", path)(io::Error::other("the hashing thread ended early"))),
            },
            Some(Hashing::Stream(hasher)) => {
                let hasher = hasher.lock().map(|hasher| hasher.clone());
                Ok(hasher.ok().map(|hasher| hex(&hasher.finalize())))
            }
        }
    }
}

/// Opens the bytes of a path; `-` is standard input.
pub(crate) fn open_input(path: &Path, options: OpenOptions) -> Result<Input> {
    match open(path, options) {
        Ok((input, _)) => Ok(input),
        Err(error) => Err(Error::input(error, path)),
    }
}

/// Whether a path means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether a path can be read only once: standard input, a named pipe or another device.
pub(crate) fn is_stream(path: &Path) -> bool {
    is_stdin(path) || path.metadata().is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
}

/// Whether the columns of the inputs are to be those that flows and packets have in common: where some files hold flows and
/// others packets, and where they could, because one of several inputs is a stream, if both have columns of these names.
pub(crate) fn are_in_common<P: AsRef<Path>>(inputs: &[P], columns: &Projection) -> bool {
    let may_be_of_both =
        || inputs.len() > 1 && inputs.iter().any(|path| is_stream(path.as_ref())) && both_have(columns);
    are_of_both_kinds(inputs) || may_be_of_both()
}

/// Whether flows and packets have the columns under the same names.
fn both_have(columns: &Projection) -> bool {
    let names = |table| {
        let columns = columns.in_table(table).ok()?;
        Some(columns.columns().iter().map(|(name, _)| *name).collect::<Vec<_>>())
    };
    names(Table::Flows).is_some_and(|of_flows| names(Table::Packets) == Some(of_flows))
}

/// Whether some of the files hold flows and others packets. Streams are not looked at: what they give is gone then. Nor are
/// files that cannot be read: that is told when it is their turn.
pub(crate) fn are_of_both_kinds<P: AsRef<Path>>(inputs: &[P]) -> bool {
    let table = |path: &Path| {
        let mut input = Input::open(path).ok()?;
        Kind::sniff(input.fill_buf().ok()?).map(Kind::table)
    };
    let files = || inputs.iter().map(AsRef::as_ref).filter(|path| !is_stream(path));
    // One input is of one kind, and needs no look.
    if inputs.len() < 2 {
        return false;
    }
    let mut tables = files().filter_map(table);
    tables.next().is_some_and(|first| tables.any(|other| other != first))
}

/// Whether all inputs are files that hold packets. Streams are not looked at.
pub(crate) fn are_captures<P: AsRef<Path>>(inputs: &[P]) -> bool {
    let is_capture = |path: &Path| {
        let mut input = (!is_stream(path)).then(|| Input::open(path).ok()).flatten()?;
        Kind::sniff(input.fill_buf().ok()?).map(|kind| kind.table() == Table::Packets)
    };
    !inputs.is_empty() && inputs.iter().all(|path| is_capture(path.as_ref()) == Some(true))
}

fn open(path: &Path, options: OpenOptions) -> mapped_input::Result<(Input, Option<Hashing>)> {
    let regular = !is_stdin(path) && path.metadata().is_ok_and(|facts| facts.is_file());
    if regular {
        let input = if options.map { map(path)? } else { Input::open(path)? };
        let digest = options.digest.then(|| hash_file(path.to_owned()));
        return Ok((input, digest));
    }
    if !options.digest {
        let input = if is_stdin(path) { Input::stdin()? } else { Input::open(path)? };
        return Ok((input, None));
    }
    let hasher = Arc::new(Mutex::new(Sha256::new()));
    let stream: Box<dyn Read + Send> = match is_stdin(path) {
        true => Box::new(io::stdin()),
        // Opened here only to be wrapped; the error, if any, is the library's own.
        false => match File::open(path) {
            Ok(file) => Box::new(file),
            Err(_) => Box::new(Input::open(path)?),
        },
    };
    let input = Input::from_reader(HashingReader { stream, hasher: Arc::clone(&hasher) })?;
    Ok((input, Some(Hashing::Stream(hasher))))
}

/// The command's one promise: a file that it reads is finished. Flow files are written once, under a temporary name or
/// for an hour that has passed; who reads one that still grows or may be cut uses `--no-mmap`.
#[expect(unsafe_code, reason = "mapping needs a promise about other processes that no code can check")]
fn map(path: &Path) -> mapped_input::Result<Input> {
    // SAFETY: `Input::map` asks that nobody changes or truncates the file while it is mapped. That is what the
    // documentation of the command asks of its user, `--no-mmap` being the other way.
    unsafe { Input::map(path) }
}

/// Hashes on a thread of its own: the decoder keeps one core busy, and the pages are shared.
fn hash_file(path: PathBuf) -> Hashing {
    Hashing::Thread(thread::spawn(move || {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 256 << 10];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(hex(&hasher.finalize())),
                Ok(n) => hasher.update(buffer.get(..n).unwrap_or_default()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }))
}

struct HashingReader {
    stream: Box<dyn Read + Send>,
    hasher: Arc<Mutex<Sha256>>,
}

impl Read for HashingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.stream.read(buffer)?;
        if let Ok(mut hasher) = self.hasher.lock() {
            hasher.update(buffer.get(..n).unwrap_or_default());
        }
        Ok(n)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

/// Where the inputs of a job come from.
pub trait InputSource {
    /// The paths as far as they are known before the job: for names in metadata, and so that none is written over.
    fn paths(&self) -> Vec<PathBuf>;

    /// The inputs one after the other.
    ///
    /// # Errors
    /// Any: the job does not begin.
    fn begin(&self) -> Result<Box<dyn Iterator<Item = NextInput> + Send>>;

    /// Whether an input may keep the job waiting for ever.
    fn may_wait(&self) -> bool;
}

impl<P: AsRef<Path>> InputSource for [P] {
    fn paths(&self) -> Vec<PathBuf> {
        self.iter().map(|path| path.as_ref().to_owned()).collect()
    }

    fn begin(&self) -> Result<Box<dyn Iterator<Item = NextInput> + Send>> {
        Ok(Box::new(self.paths().into_iter().map(|path| NextInput { path, bytes: Bytes::Path })))
    }

    fn may_wait(&self) -> bool {
        self.iter().any(|path| is_stream(path.as_ref()))
    }
}

impl<P: AsRef<Path>, const N: usize> InputSource for [P; N] {
    fn paths(&self) -> Vec<PathBuf> {
        self.as_slice().paths()
    }

    fn begin(&self) -> Result<Box<dyn Iterator<Item = NextInput> + Send>> {
        self.as_slice().begin()
    }

    fn may_wait(&self) -> bool {
        self.as_slice().may_wait()
    }
}

impl<P: AsRef<Path>> InputSource for Vec<P> {
    fn paths(&self) -> Vec<PathBuf> {
        self.as_slice().paths()
    }

    fn begin(&self) -> Result<Box<dyn Iterator<Item = NextInput> + Send>> {
        self.as_slice().begin()
    }

    fn may_wait(&self) -> bool {
        self.as_slice().may_wait()
    }
}

/// An input whose turn has come.
pub struct NextInput {
    path: PathBuf,
    bytes: Bytes,
}

enum Bytes {
    /// Mapped if the options say so.
    Path,
    /// Never mapped: others may change the file.
    Read,
    Stream(Box<dyn Read + Send>),
}

impl NextInput {
    /// A file that is read and never mapped.
    #[must_use]
    pub fn read(path: PathBuf) -> Self {
        Self { path, bytes: Bytes::Read }
    }

    /// Bytes that come from elsewhere, under the name of a path.
    #[must_use]
    pub fn stream(path: PathBuf, stream: Box<dyn Read + Send>) -> Self {
        Self { path, bytes: Bytes::Stream(stream) }
    }

    /// The path, or the name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[cfg(test)]
    pub(crate) fn into_stream(self) -> Option<Box<dyn Read + Send>> {
        match self.bytes {
            Bytes::Stream(stream) => Some(stream),
            Bytes::Path | Bytes::Read => None,
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open(self, silk: &silk_format::Options, options: OpenOptions) -> Result<Source> {
        let Self { path, bytes } = self;
        match bytes {
            Bytes::Path => Source::open(&path, silk, options),
            Bytes::Read => Source::open(&path, silk, options.with_map(false)),
            Bytes::Stream(stream) => {
                let input = Input::from_reader(stream).map_err(|e| Error::input(e, &path))?;
                let stored = Stored { len: None, digest: None };
                Ok(Source { input: FlowInput::new(input, &path.to_string_lossy(), silk)?, stored })
            }
        }
    }
}

impl std::fmt::Debug for NextInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NextInput").field("path", &self.path).finish_non_exhaustive()
    }
}
