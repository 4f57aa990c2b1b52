//! One input: where its bytes come from, and its decoded bytes as `Read` and `BufRead`.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;

use crate::codec::{Codec, MAGIC_LEN, Stream};
use crate::error::Result;
use crate::mapped::Mapped;
use crate::options::Options;
use crate::source::Source;

/// How the stored bytes reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Opened {
    /// A memory map of a regular file.
    Mapped,
    /// Reads of an opened path into one buffer.
    Read,
    /// Reads of standard input.
    Stdin,
    /// Reads of a reader that the caller brought.
    Reader,
}

/// The decoded bytes of a path, of standard input or of any reader.
///
/// Memory is bounded: one buffer for stored bytes (none when mapped), one for decoded bytes (none when plain), and the
/// codec's own window. After an error the input has ended: further reads give 0 bytes.
///
/// # Examples
///
/// ```
/// use std::io::BufRead;
/// use mapped_input::{Codec, Input};
///
/// let path = std::env::temp_dir().join(format!("mapped-input-{}", std::process::id()));
/// std::fs::write(&path, "one\ntwo\n")?;
/// let input = Input::open(&path)?;
/// assert_eq!((input.codec(), input.stored_len()), (Codec::Plain, Some(8)));
/// assert_eq!(input.lines().count(), 2);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Input {
    stream: Stream,
    /// Decoded bytes that `BufRead` showed and that are not consumed: `decoded[start..end]`.
    decoded: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    opened: Opened,
    codec: Codec,
    stored_len: Option<u64>,
    buffer_bytes: usize,
}

impl Input {
    /// Opens a path for buffered reading; the first bytes decide on the codec.
    ///
    /// # Errors
    ///
    /// `Io` if the path cannot be opened or its first bytes cannot be read, `Unsupported` if its codec is not in this
    /// build.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &Options::default())
    }

    /// [`Input::open`] with [`Options`].
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn open_with(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        Self::read_file(File::open(path)?, options)
    }

    /// Maps a path into memory if it is a regular file; anything else is read, and [`Input::opened`] tells.
    ///
    /// An empty file counts as mapped. A file whose size changes while it is being mapped is refused.
    ///
    /// # Safety
    ///
    /// From this call until the `Input` and all that [`Input::map_of`] gave are dropped, nobody may change or truncate the file, in this process or any
    /// other. Its bytes are handed out as `&[u8]`, which must never change; and touching a page behind the end of a
    /// file that was cut kills the process. No check can replace the promise: if you cannot give it, call
    /// [`Input::open`].
    ///
    /// # Errors
    ///
    /// As [`Input::open`]; also `Io` if the size changed during the call and `Limit` if the file is longer than the
    /// address space.
    ///
    /// # Examples
    ///
    /// ```
    /// # let path = std::env::temp_dir().join(format!("mapped-input-map-{}", std::process::id()));
    /// # std::fs::write(&path, "in place")?;
    /// // SAFETY: the file was written by this program, which does not touch it again.
    /// let input = unsafe { mapped_input::Input::map(&path) }?;
    /// assert_eq!(input.as_slice(), Some(&b"in place"[..]));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(unsafe_code, reason = "the promise is the caller's, see # Safety")]
    pub unsafe fn map(path: impl AsRef<Path>) -> Result<Self> {
        // SAFETY: the caller's promise is passed on unchanged.
        unsafe { Self::map_with(path, &Options::default()) }
    }

    /// [`Input::map`] with [`Options`].
    ///
    /// # Safety
    ///
    /// As [`Input::map`].
    ///
    /// # Errors
    ///
    /// As [`Input::map`].
    #[expect(unsafe_code, reason = "the promise is the caller's, see # Safety")]
    pub unsafe fn map_with(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the caller promises that nobody changes or truncates the file while the `Input` or a
        // `Mapped` of it lives; the map lives in that `Mapped`, which never lends it for longer than a borrow of itself.
        match unsafe { Mapped::new(&file) }? {
            Some(map) => {
                let stored_len = Some(map.as_slice().len() as u64);
                Self::new(Source::mapped(map), Opened::Mapped, stored_len, options)
            }
            None => Self::read_file(file, options),
        }
    }

    /// Standard input, read through a buffer. Waits for the first bytes, which decide on the codec.
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn stdin() -> Result<Self> {
        Self::stdin_with(&Options::default())
    }

    /// [`Input::stdin`] with [`Options`].
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn stdin_with(options: &Options) -> Result<Self> {
        let source = Source::reader(Box::new(io::stdin()), options.buffer_bytes);
        Self::new(source, Opened::Stdin, None, options)
    }

    /// Any reader; it needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn from_reader(reader: impl Read + Send + 'static) -> Result<Self> {
        Self::from_reader_with(reader, &Options::default())
    }

    /// [`Input::from_reader`] with [`Options`].
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn from_reader_with(reader: impl Read + Send + 'static, options: &Options) -> Result<Self> {
        Self::new(Source::reader(Box::new(reader), options.buffer_bytes), Opened::Reader, None, options)
    }

    /// How the stored bytes reach us.
    pub fn opened(&self) -> Opened {
        self.opened
    }

    /// How the stored bytes are compressed.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The length of a regular file when it was opened, in stored bytes; `None` for anything else.
    pub fn stored_len(&self) -> Option<u64> {
        self.stored_len
    }

    /// Stored bytes used up so far; with [`Input::stored_len`] the progress of a read.
    pub fn stored_position(&self) -> u64 {
        self.stream.source().offset()
    }

    /// The whole content, whatever was read before: of a mapped input that is not compressed; otherwise `None`.
    pub fn as_slice(&self) -> Option<&[u8]> {
        self.map_of().map(|map| map.as_slice())
    }

    /// The map behind [`as_slice`](Self::as_slice), to be shared between threads.
    pub fn map_of(&self) -> Option<&Arc<Mapped>> {
        match &self.stream {
            Stream::Plain(source) => source.map(),
            #[allow(unreachable_patterns, reason = "reached when a codec is in the build")]
            _ => None,
        }
    }

    fn read_file(file: File, options: &Options) -> Result<Self> {
        let metadata = file.metadata()?;
        let stored_len = metadata.is_file().then_some(metadata.len());
        let source = Source::reader(Box::new(file), options.buffer_bytes);
        Self::new(source, Opened::Read, stored_len, options)
    }

    fn new(mut source: Source, opened: Opened, stored_len: Option<u64>, options: &Options) -> Result<Self> {
        let codec = if options.sniff { Codec::sniff(source.peek(MAGIC_LEN)?) } else { Codec::Plain };
        let stream = Stream::new(source, codec, options)?;
        let buffer_bytes = options.buffer_bytes;
        Ok(Self {
            stream,
            decoded: Vec::new(),
            start: 0,
            end: 0,
            ended: false,
            opened,
            codec,
            stored_len,
            buffer_bytes,
        })
    }

    /// One step of the stream; its end and its first error are both final.
    fn step(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ended || out.is_empty() {
            return Ok(0);
        }
        let read = self.stream.read(out);
        self.ended = !matches!(read, Ok(1..));
        read
    }

    /// Decoded bytes into our own buffer, for `BufRead`.
    fn refill(&mut self) -> io::Result<()> {
        let mut decoded = std::mem::take(&mut self.decoded);
        if decoded.is_empty() {
            decoded = vec![0; self.buffer_bytes];
        }
        let read = self.step(&mut decoded);
        self.decoded = decoded;
        (self.start, self.end) = (0, 0);
        self.end = read?;
        Ok(())
    }
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end {
            return self.step(out);
        }
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

/// A mapped plain input shows all that is left at once, without a copy.
impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.codec != Codec::Plain && self.start == self.end {
            self.refill()?;
        }
        match &mut self.stream {
            Stream::Plain(_) if self.ended => Ok(&[]),
            Stream::Plain(source) => source.fill_buf().inspect_err(|_| self.ended = true),
            #[allow(unreachable_patterns, reason = "reached when a codec is in the build")]
            _ => Ok(self.decoded.get(self.start..self.end).unwrap_or_default()),
        }
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.stream {
            Stream::Plain(source) => source.consume(amount),
            #[allow(unreachable_patterns, reason = "reached when a codec is in the build")]
            _ => self.start = self.end.min(self.start.saturating_add(amount)),
        }
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("opened", &self.opened)
            .field("codec", &self.codec)
            .field("stored_len", &self.stored_len)
            .finish_non_exhaustive()
    }
}
