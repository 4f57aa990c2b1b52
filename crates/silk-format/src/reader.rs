//! The slice and `Read` faces of the decoder.

use std::io::Read;

use crate::decoder::{self, Decoder};
use crate::error::{Error, ErrorKind, Result};
use crate::format::Compression;
use crate::header::{Header, HeaderParser, Progress};
use crate::options::{Limits, Options};
use crate::record::{Block, Record, View};

/// Bytes that are read from a source of compressed blocks at a time.
pub(crate) const READ: usize = 256 << 10;

/// The records of uncompressed data, in place: an iterator of views that allocates nothing.
///
/// Ends with one error if the data stops inside a record.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
    view: View,
    offset: u64,
}

impl<'a> Records<'a> {
    /// The records of `data`, the bytes behind `header`.
    ///
    /// # Errors
    /// As [`Decoder::new`]; `Usage` if the data is compressed: use [`Blocks`] or [`Reader`] then.
    pub fn new(header: &Header, data: &'a [u8]) -> Result<Self> {
        Self::with_options(header, &Options::default(), data)
    }

    /// [`Records::new`] with options.
    ///
    /// # Errors
    /// As [`Records::new`].
    pub fn with_options(header: &Header, options: &Options, data: &'a [u8]) -> Result<Self> {
        let view = decoder::view(header, options)?;
        if header.compression() != Compression::NONE {
            let what = format!("{} data holds no records in place", header.compression());
            return Err(ErrorKind::Usage(what).into());
        }
        Ok(Self { rest: data, view, offset: header.len() as u64 })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let len = self.view.layout.len;
        if let Some((record, rest)) = self.rest.split_at_checked(len) {
            self.rest = rest;
            self.offset += len as u64;
            return Some(Ok(Record::new(record, self.view)));
        }
        let have = std::mem::take(&mut self.rest).len();
        (have > 0).then(|| Err(Error::truncated("record", len, have).at(self.offset)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let whole = self.rest.len() / self.view.layout.len;
        (whole, whole.checked_add(1))
    }
}

impl std::iter::FusedIterator for Records<'_> {}

/// The blocks of a data section that lies in memory.
///
/// Uncompressed data is one block, in place; of compressed data each block is inflated into one reused buffer.
#[derive(Debug)]
pub struct Blocks<'a> {
    rest: &'a [u8],
    decoder: Decoder,
    ended: bool,
    offset: u64,
    /// Whether the data ends here, so that the rest of a record or block is an error.
    last: bool,
}

impl<'a> Blocks<'a> {
    /// The blocks of `data`, the bytes behind `header`.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn new(header: &Header, options: Options, data: &'a [u8]) -> Result<Self> {
        let decoder = Decoder::new(header, options)?;
        Ok(Self { rest: data, decoder, ended: false, offset: header.len() as u64, last: true })
    }

    pub(crate) fn of_piece(decoder: Decoder, bytes: &'a [u8], offset: u64, last: bool) -> Self {
        Self { rest: bytes, decoder, ended: false, offset, last }
    }

    /// The decoder, with its buffers, for another piece of the same file.
    #[must_use]
    pub fn into_decoder(self) -> Decoder {
        self.decoder
    }

    /// The next block that holds records. After an error nothing more comes.
    ///
    /// # Errors
    /// `Malformed` where the data is damaged or stops inside a record or block.
    pub fn next_block(&mut self) -> Option<Result<Block<'_>>> {
        if self.ended {
            return None;
        }
        if self.decoder.is_plain() {
            return self.plain();
        }
        loop {
            if self.rest.is_empty() {
                self.ended = true;
                return self.last.then(|| self.decoder.flush().err().map(Err)).flatten();
            }
            match self.decoder.decode(self.rest) {
                Ok(taken) => self.rest = self.rest.get(taken..).unwrap_or_default(),
                Err(e) => {
                    self.ended = true;
                    return Some(Err(e));
                }
            }
            if !self.decoder.block().is_empty() {
                return Some(Ok(self.decoder.block()));
            }
        }
    }

    fn plain(&mut self) -> Option<Result<Block<'_>>> {
        let len = self.decoder.view().layout.len;
        let (whole, rest) = self.rest.split_at(self.rest.len() - self.rest.len() % len);
        if whole.is_empty() {
            self.ended = true;
            return (!rest.is_empty())
                .then(|| Err(Error::truncated("record", len, rest.len()).at(self.offset)));
        }
        self.rest = rest;
        self.offset += whole.len() as u64;
        Some(Ok(Block::new(whole, self.decoder.view())))
    }

    /// Bytes behind an end-of-data mark that were not read.
    #[must_use]
    pub fn ignored_bytes(&self) -> u64 {
        self.decoder.ignored_bytes()
    }
}

/// Reads a flow file from any source, with one reused buffer. `Send` if the source is.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use silk_format::{Options, Reader};
/// let mut reader = Reader::new(std::fs::File::open("flows.rwf")?, Options::default())?;
/// let mut bytes = 0;
/// while let Some(block) = reader.next_block() {
///     bytes += block?.records().map(|record| record.bytes()).sum::<u64>();
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    header: Header,
    decoder: Decoder,
    /// Compressed bytes that were read: `taken..filled` are still to be decoded.
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
    state: ReaderState,
}

#[derive(Debug)]
enum ReaderState {
    Reading,
    /// The source failed: rows that came before it, then this error.
    Failing(Error),
    Ended,
}

impl<R: Read> Reader<R> {
    /// Reads the header from `source`.
    ///
    /// # Errors
    /// As [`Header::parse_with`] and [`Decoder::new`]; `Io` if the source fails.
    pub fn new(mut source: R, options: Options) -> Result<Self> {
        let header = Header::read(&mut source, &options.limits)?;
        let decoder = Decoder::new(&header, options)?;
        let state = ReaderState::Reading;
        Ok(Self { source, header, decoder, buffer: Vec::new(), taken: 0, filled: 0, state })
    }

    /// The file's header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The block that [`next_block`](Self::next_block) gave last, for who cannot keep it; empty before the first.
    #[must_use]
    pub fn block(&self) -> Block<'_> {
        self.decoder.block()
    }

    /// The source, wherever reading stopped.
    #[must_use]
    pub fn get_ref(&self) -> &R {
        &self.source
    }

    /// Bytes behind an end-of-data mark that were read from the source and ignored.
    #[must_use]
    pub fn ignored_bytes(&self) -> u64 {
        self.decoder.ignored_bytes()
    }

    /// The next block that holds records. After an error nothing more comes.
    ///
    /// # Errors
    /// `Malformed` where the data is damaged or stops inside a record or block; `Io` if the source fails.
    pub fn next_block(&mut self) -> Option<Result<Block<'_>>> {
        loop {
            match std::mem::replace(&mut self.state, ReaderState::Ended) {
                ReaderState::Ended => return None,
                ReaderState::Failing(error) => return Some(Err(error)),
                ReaderState::Reading => {}
            }
            let step = if self.decoder.is_plain() { self.read_plain() } else { self.read_framed() };
            match step {
                Ok(true) => self.state = ReaderState::Reading,
                Ok(false) => return self.decoder.flush().err().map(Err),
                Err(error) => self.state = ReaderState::Failing(error),
            }
            if !self.decoder.block().is_empty() {
                return Some(Ok(self.decoder.block()));
            }
        }
    }

    /// `Ok(false)`: the source has ended.
    fn read_plain(&mut self) -> Result<bool> {
        Ok(self.decoder.fill_from(&mut self.source)? > 0)
    }

    fn read_framed(&mut self) -> Result<bool> {
        if self.taken == self.filled {
            self.buffer.resize(READ, 0);
            self.taken = 0;
            self.filled = 0;
            match read_some(&mut self.source, &mut self.buffer, self.decoder.offset()) {
                Ok(0) => return Ok(false),
                Ok(n) => self.filled = n,
                Err(e) => {
                    // Nothing was decoded by this step: the block before must not come a second time.
                    self.decoder.decode(&[])?;
                    return Err(e);
                }
            }
        }
        let bytes = self.buffer.get(self.taken..self.filled).unwrap_or_default();
        match self.decoder.decode(bytes) {
            Ok(taken) => {
                self.taken += taken;
                Ok(true)
            }
            Err(e) => Err(e),
        }
    }
}

pub(crate) fn read_some(source: &mut impl Read, buffer: &mut [u8], offset: u64) -> Result<usize> {
    loop {
        match source.read(buffer) {
            // A reader that claims more than it was given is not believed.
            Ok(n) => return Ok(n.min(buffer.len())),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::new(ErrorKind::Io(e)).at(offset)),
        }
    }
}

impl Header {
    /// Reads exactly the header from `source`, which then stands at the first byte of the data.
    ///
    /// # Errors
    /// As [`Header::parse_with`]; `Io` if the source fails.
    pub fn read(source: &mut impl Read, limits: &Limits) -> Result<Self> {
        let mut parser = HeaderParser::new(*limits);
        let mut bytes = Vec::new();
        loop {
            let (what, total) = match parser.advance(&bytes)? {
                Progress::Done(header) => return Ok(*header),
                Progress::Need { what, total } => (what, total),
            };
            let start = bytes.len();
            // In steps, so that an announced length takes memory only as bytes arrive.
            let step = (total - start).min(64 << 10);
            bytes.resize(start + step, 0);
            let got = read_some(source, &mut bytes[start..], start as u64)?;
            bytes.truncate(start + got);
            if got == 0 {
                let at = parser.at;
                return Err(Error::truncated(what, total - at, start.saturating_sub(at)).at(at as u64));
            }
        }
    }
}
