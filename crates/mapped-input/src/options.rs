//! What a caller may adjust when opening.

/// How to open an input; [`Options::default`] is right for files of any size.
///
/// # Examples
///
/// ```
/// use mapped_input::{Input, Options};
///
/// let options = Options::default().with_buffer_bytes(1 << 20).with_sniff(false);
/// let input = Input::from_reader_with(&b"\x1f\x8b\x08 as it is"[..], &options)?;
/// assert_eq!(input.codec(), mapped_input::Codec::Plain);
/// # Ok::<(), mapped_input::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub(crate) buffer_bytes: usize,
    pub(crate) sniff: bool,
    pub(crate) zstd_window_log: u32,
}

/// Enough for the longest peek, so that every buffer can hold a magic number.
const SMALLEST_BUFFER: usize = 16;

impl Options {
    /// The size of each buffer in bytes: one for stored bytes that are read, one for decoded bytes. Default 256 KiB,
    /// the smallest 16.
    #[must_use]
    pub fn with_buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes.max(SMALLEST_BUFFER);
        self
    }

    /// Whether the first bytes decide on a codec (default), or everything is passed on as it is stored.
    #[must_use]
    pub fn with_sniff(mut self, sniff: bool) -> Self {
        self.sniff = sniff;
        self
    }

    /// The largest zstd window to accept, as a power of two from 10 to 31. Default 27: 128 MiB, also the limit of the
    /// `zstd` tool. A frame takes as much memory as its header announces; one above the limit is an error of class
    /// [`Limit`](crate::Class::Limit).
    #[must_use]
    pub fn with_zstd_window_log(mut self, log: u32) -> Self {
        self.zstd_window_log = log.clamp(10, if cfg!(target_pointer_width = "64") { 31 } else { 30 });
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { buffer_bytes: 256 << 10, sniff: true, zstd_window_log: 27 }
    }
}
