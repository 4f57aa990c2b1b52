//! Where the bytes of an exit go: standard output, or a file that appears whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, ErrorKind, Result, from_writer, stdout_error};

/// Standard output, or a file under a temporary name in its own directory.
///
/// The file gets its name in [`commit`](Self::commit). A target that is dropped before leaves nothing behind, and a
/// file of that name stays as it was.
#[derive(Debug)]
pub struct Target {
    sink: Sink,
    /// The name to be taken, with links resolved.
    path: PathBuf,
    existing: Option<Existing>,
}

#[derive(Debug)]
enum Sink {
    Stdout(Stdout),
    File(BufWriter<NamedTempFile>),
    /// A device or a named pipe: nothing to rename.
    Special(File),
}

/// The file that an exit goes on with.
#[derive(Debug)]
pub(super) struct Existing {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl Existing {
    pub(super) fn refuse(&self, reason: impl Into<String>) -> Error {
        ErrorKind::Append { path: self.path.clone(), reason: reason.into() }.into()
    }

    pub(super) fn unreadable(&self, source: io::Error) -> Error {
        Error::file("read", &self.path)(source)
    }
}

/// So that the kernel keeps a file in large pages, which are read and mapped faster.
const FILE_BUFFER: usize = 2 << 20;

impl Target {
    /// The file of a job, or standard output if there is none.
    pub(crate) fn open<P: AsRef<Path>>(path: Option<&Path>, append: bool, inputs: &[P]) -> Result<Self> {
        match path {
            None => Ok(Self::stdout()),
            Some(path) if append => Self::append(path, inputs),
            Some(path) => Self::create(path, inputs),
        }
    }

    /// The folder in which the file is to get its name.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match &self.sink {
            Sink::File(file) => file.get_ref().path().parent(),
            Sink::Stdout(_) | Sink::Special(_) => None,
        }
    }

    /// Refuses to be one of the inputs, for who learns of these later.
    pub(crate) fn refusing<P: AsRef<Path>>(self, inputs: &[P]) -> Result<Self> {
        match &self.sink {
            Sink::Stdout(_) => Ok(self),
            _ => not_an_input(&self.path, inputs).map(|()| self),
        }
    }

    /// Standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self { sink: Sink::Stdout(io::stdout()), path: PathBuf::new(), existing: None }
    }

    /// A file to be created or replaced. `inputs` are the files that are read meanwhile.
    ///
    /// # Errors
    /// `Usage` if it is one of the inputs, under whatever name; `Io` if it is a directory or its own directory cannot
    /// be written.
    pub fn create<P: AsRef<Path>>(path: &Path, inputs: &[P]) -> Result<Self> {
        not_an_input(path, inputs)?;
        if path.is_dir() {
            return Err(Error::file("write", path)(io::ErrorKind::IsADirectory.into()));
        }
        // A rename would replace a link by a file: what it points to is meant.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let special = fs::metadata(&path).is_ok_and(|facts| !facts.is_file());
        let sink = if special {
            Sink::Special(File::options().write(true).open(&path).map_err(Error::file("open", &path))?)
        } else {
            Sink::File(BufWriter::with_capacity(FILE_BUFFER, temporary(&path)?))
        };
        Ok(Self { sink, path, existing: None })
    }

    /// As [`create`](Self::create); what the file already holds is carried over by the exit. A file of no bytes is as
    /// good as none.
    ///
    /// # Errors
    /// As [`create`](Self::create), and `Io` if the file cannot be read.
    pub fn append<P: AsRef<Path>>(path: &Path, inputs: &[P]) -> Result<Self> {
        let mut target = Self::create(path, inputs)?;
        if let Sink::File(_) = target.sink {
            target.existing = match File::open(&target.path) {
                Ok(file) if file.metadata().is_ok_and(|facts| facts.len() == 0) => None,
                Ok(file) => Some(Existing { file, path: path.to_owned() }),
                Err(e) if e.kind() == io::ErrorKind::NotFound => None,
                Err(e) => return Err(Error::file("read", path)(e)),
            };
        }
        Ok(target)
    }

    /// Gives the file its name, if there is one to give.
    ///
    /// # Errors
    /// `Io` if the last bytes cannot be written or the name cannot be taken.
    pub fn commit(self) -> Result<()> {
        match self.sink {
            Sink::Stdout(mut stdout) => stdout.flush().map_err(stdout_error),
            Sink::Special(mut file) => file.flush().map_err(Error::file("write", &self.path)),
            Sink::File(file) => {
                let written =
                    file.into_inner().map_err(|e| Error::file("write", &self.path)(e.into_error()))?;
                written.persist(&self.path).map_err(|e| Error::file("rename to", &self.path)(e.error))?;
                Ok(())
            }
        }
    }

    /// An error while writing, with the name of the target inside: it comes back out of the libraries that write
    /// here, see [`from_writer`].
    fn named(&self, source: io::Error) -> io::Error {
        let kind = source.kind();
        match (&self.sink, kind) {
            // Whoever writes tries again.
            (_, io::ErrorKind::Interrupted) => source,
            // A pipe is a pipe, also under a name such as /dev/stdout.
            (Sink::Stdout(_), _) | (Sink::Special(_), io::ErrorKind::BrokenPipe) => {
                io::Error::new(kind, stdout_error(source))
            }
            _ => io::Error::new(kind, Error::file("write", &self.path)(source)),
        }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).map_err(from_writer)
    }

    pub(super) fn take_existing(&mut self) -> Option<Existing> {
        self.existing.take()
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Stdout(stdout) => stdout.write(bytes),
            Sink::File(file) => file.write(bytes),
            Sink::Special(file) => file.write(bytes),
        }
        .map_err(|e| self.named(e))
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(stdout) => stdout.flush(),
            Sink::File(file) => file.flush(),
            Sink::Special(file) => file.flush(),
        }
        .map_err(|e| self.named(e))
    }
}

/// A file beside `path`, with the permissions of the one it replaces, or those of any new file.
fn temporary(path: &Path) -> Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    builder.prefix(".flowloom-").suffix(".tmp");
    let old = fs::metadata(path).ok().map(|facts| facts.permissions());
    if let Some(permissions) = old.or_else(new_file_permissions) {
        builder.permissions(permissions);
    }
    builder.tempfile_in(directory).map_err(Error::file("create", path))
}

/// What the process's mask is taken from.
fn new_file_permissions() -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    return None;
}

/// Refuses an output that is one of the inputs, under whatever name.
pub(crate) fn not_an_input<P: AsRef<Path>>(path: &Path, inputs: &[P]) -> Result<()> {
    match inputs.iter().any(|input| same_file(path, input.as_ref())) {
        true => Err(ErrorKind::OwnInput { path: path.to_owned() }.into()),
        false => Ok(()),
    }
}

/// Whether two names mean one file.
fn same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (fs::metadata(a), fs::metadata(b)) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_target_leaves_nothing_and_a_committed_one_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        let mut target = Target::create::<&Path>(&path, &[]).unwrap();
        target.put(b"half").unwrap();
        drop(target);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

        let mut target = Target::create::<&Path>(&path, &[]).unwrap();
        target.put(b"whole").unwrap();
        target.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn an_input_is_known_under_every_name() {
        let dir = tempfile::tempdir().unwrap();
        let input = dir.path().join("in.rw");
        fs::write(&input, b"x").unwrap();
        let (hard, soft) = (dir.path().join("hard"), dir.path().join("soft"));
        fs::hard_link(&input, &hard).unwrap();
        std::os::unix::fs::symlink(&input, &soft).unwrap();
        for path in [&input, &hard, &soft] {
            let error = Target::create(path, &[&input]).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::OwnInput { .. }), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn new_files_have_the_permissions_of_any_new_file_and_links_stay_links() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (plain, ours, link) =
            (dir.path().join("plain"), dir.path().join("ours"), dir.path().join("link"));
        fs::write(&plain, b"").unwrap();
        std::os::unix::fs::symlink(&ours, &link).unwrap();
        Target::create::<&Path>(&ours, &[]).unwrap().commit().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&plain), mode(&ours));
        Target::create::<&Path>(&link, &[]).unwrap().commit().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    }
}
