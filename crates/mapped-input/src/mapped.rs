//! The one module with `unsafe`: mapping a regular file.

use std::fs::File;
use std::ops::Range;

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::{Mmap, MmapOptions};

use crate::error::{Error, ErrorKind, Result};

/// The bytes of a whole mapped file, to be shared between threads. [`Input::map_of`](crate::Input::map_of) gives it.
pub struct Mapped(
    /// Empty files have no map behind them.
    Option<Mmap>,
);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl std::fmt::Debug for Mapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapped").field("len", &self.as_slice().len()).finish()
    }
}

impl Mapped {
    /// No bytes at all.
    pub(crate) const EMPTY: Self = Self(None);

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Says that these bytes will be read next: the system then maps their pages together, for a quarter of what it takes
    /// page by page. Waits for the disk if it has to. Changes nothing that can be seen; bytes that are not there are ignored.
    pub fn expect(&self, bytes: Range<usize>) {
        #[cfg(target_os = "linux")]
        if let Some(map) = &self.0 {
            let end = bytes.end.min(map.len());
            // Kernels before 5.14 know no such advice, and nothing is lost.
            let _ =
                map.advise_range(Advice::PopulateRead, bytes.start.min(end), end.saturating_sub(bytes.start));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }

    /// Maps the whole of `file`; `None` if it is not a regular file (a pipe, a device, a directory).
    ///
    /// The size is looked at before and after, so that a file that is just being written or cut is refused.
    ///
    /// # Safety
    ///
    /// As long as the returned value lives, nobody may change or truncate the file, in this process or any other.
    pub(crate) unsafe fn new(file: &File) -> Result<Option<Self>> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let before = metadata.len();
        // The kernel refuses to map nothing.
        if before == 0 {
            return Ok(Some(Self::EMPTY));
        }
        // A slice holds at most `isize::MAX` bytes.
        let len = isize::try_from(before).map_err(|_| Error::new(ErrorKind::TooLong { len: before }))?;
        // SAFETY: `Mmap::map` asks that nobody changes or truncates the file while the map lives: our caller promises
        // just that, and the map is private to the returned value. The length was the file's at the look above, at
        // most `isize::MAX` and not 0; should the file have shrunk since (against the promise), the look below drops
        // the map before a byte of it is touched.
        let map = unsafe { MmapOptions::new().len(len.unsigned_abs()).map(file) }?;
        let after = file.metadata()?.len();
        if after != before {
            return Err(Error::new(ErrorKind::Changed { before, after }));
        }
        Ok(Some(Self(Some(map))))
    }
}
