//! Which files exist: the one place of this crate that looks at a disk.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::path::Path;

/// Answers which files exist. [`Disk`] asks the operating system; others may count, cache or pretend.
pub trait Presence {
    /// Whether `path` is a regular file or a FIFO, symbolic links followed. A path of which that cannot be told counts
    /// as present: who opens it is told why.
    fn is_present(&mut self, path: &Path) -> bool;

    /// The names in a folder: none in one that does not exist; `None` if they cannot be told.
    fn names(&mut self, folder: &Path) -> Option<HashSet<OsString>>;
}

impl<P: Presence + ?Sized> Presence for &mut P {
    fn is_present(&mut self, path: &Path) -> bool {
        (**self).is_present(path)
    }

    fn names(&mut self, folder: &Path) -> Option<HashSet<OsString>> {
        (**self).names(folder)
    }
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Presence for Disk {
    fn is_present(&mut self, path: &Path) -> bool {
        match std::fs::metadata(path) {
            Ok(facts) => facts.is_file() || is_fifo(&facts),
            Err(error) => !is_absence(&error),
        }
    }

    fn names(&mut self, folder: &Path) -> Option<HashSet<OsString>> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return is_absence(&error).then(HashSet::new),
        };
        entries.map(|entry| entry.map(|entry| entry.file_name()).ok()).collect()
    }
}

/// Whether an error says that there is nothing of the name.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn is_fifo(facts: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&facts.file_type())
}

#[cfg(not(unix))]
fn is_fifo(_: &Metadata) -> bool {
    false
}
