//! A data section cut to pieces that are decoded each by itself, in any order, on any thread.

use std::borrow::Cow;
use std::io::Read;

use crate::blocks::{BLOCK_HEADER, BlockHeader};
use crate::decoder::{Decoder, view};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::options::Options;
use crate::reader::{Blocks, READ, read_some};

/// Bytes, stored or inflated, after which no more blocks are gathered for a piece. If they hold no whole number of
/// records by then (no writer makes such, spec 4.2), the cutter decodes itself.
const MOST: usize = 4 << 20;

/// Records of a piece, at most.
const MOST_RECORDS: usize = 1 << 20;

/// A run of the data section that can be decoded by itself: whole records, or whole compressed blocks that hold whole
/// records. Only the piece in which damaged data ends is less than whole.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    bytes: Cow<'a, [u8]>,
    offset: u64,
    plain: bool,
    last: bool,
}

impl<'a> Piece<'a> {
    /// The file offset of the piece's first byte; of records that the cutter itself decoded, where it stood then.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The piece without its bytes, and the bytes: for who keeps them otherwise, such as by their place in a map.
    #[must_use]
    pub fn into_parts(self) -> (Piece<'static>, Cow<'a, [u8]>) {
        let Self { bytes, offset, plain, last } = self;
        (Piece { bytes: Cow::Borrowed(&[]), offset, plain, last }, bytes)
    }

    /// The number of records in the piece whose bytes are `bytes`, without inflating them; none if only decoding can
    /// tell, because the data ends there. `decoder` is one of the same file.
    #[must_use]
    pub fn record_count(&self, bytes: &[u8], decoder: &Decoder) -> Option<usize> {
        if self.last {
            return None;
        }
        let len = decoder.view().layout.len;
        if self.plain {
            return Some(bytes.len() / len);
        }
        let (mut at, mut inflated_bytes) = (0, 0);
        while let Ok(BlockHeader::Block { compressed, inflated }) = BlockHeader::parse(bytes.get(at..)?) {
            at += BLOCK_HEADER + compressed as usize;
            inflated_bytes += inflated as usize;
        }
        Some(inflated_bytes / len)
    }

    /// The blocks of the piece whose bytes are `bytes`, as [`into_parts`](Self::into_parts) gave them.
    ///
    /// `decoder` is one of the same file; [`Blocks::into_decoder`] gives it back with its buffers.
    #[must_use]
    pub fn blocks_of<'b>(&self, bytes: &'b [u8], mut decoder: Decoder) -> Blocks<'b> {
        decoder.restart(self.plain, self.offset);
        Blocks::of_piece(decoder, bytes, self.offset, self.last)
    }
}

/// Cuts a data section to [`Piece`]s of about so many records, from memory or from a source.
///
/// The cuts depend on the data and the number asked for alone. Uncompressed records in memory are not looked at; of
/// compressed blocks the 8 bytes of each header are.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use silk_format::{Cutter, Decoder, Header, Options};
/// let file = std::fs::read("flows.rwf")?;
/// let (header, _) = Header::parse(&file)?;
/// let mut cutter = Cutter::new(&header, &Options::default(), 8192)?;
/// let mut decoder = Decoder::new(&header, Options::default())?;
/// while let Some(piece) = cutter.next_of(&file) {
///     // Each piece might as well be sent to another thread that has a decoder of its own.
///     let (piece, bytes) = piece?.into_parts();
///     let mut blocks = piece.blocks_of(&bytes, decoder);
///     while let Some(block) = blocks.next_block() {
///         println!("{} records", block?.len());
///     }
///     decoder = blocks.into_decoder();
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Cutter {
    record_len: usize,
    /// Inflated bytes of a piece, a whole number of records.
    aim: usize,
    /// [`MOST`], or less in tests.
    most: usize,
    /// The file offset of the next piece.
    offset: u64,
    state: State,
    /// Bytes that were read from a source and are not yet in a piece, from `taken` on.
    pending: Vec<u8>,
    taken: usize,
    /// What is read at a time.
    buffer: Vec<u8>,
    /// Decodes what cannot be cut: plain records of a source, records that straddle blocks.
    decoder: Decoder,
    ignored: u64,
}

#[derive(Debug)]
enum State {
    /// Records or blocks are cut as they are stored.
    Cutting,
    /// The decoder decodes, the pieces are plain records.
    Decoding,
    /// What came before the error is in the piece that was given last.
    Failing(Error),
    Done,
}

/// How far one gets from block header to block header.
struct Walk {
    /// Stored bytes up to the last block behind which the inflated bytes are a whole number of records.
    aligned: usize,
    /// Stored bytes of all whole blocks.
    whole: usize,
    /// Inflated bytes of all whole blocks.
    inflated: usize,
    stop: Stop,
}

enum Stop {
    /// Enough for a piece.
    Aim,
    /// Too much for a piece, or records straddle blocks.
    Straddling,
    /// The next block ends at this length, behind the bytes.
    Need(usize),
    /// The data ends: so many bytes are the mark.
    End(usize),
    /// A header that says nonsense.
    Damage,
}

impl Cutter {
    /// A cutter of the file that `header` begins, into pieces of `records` records, at most 1,048,576. Pieces of compressed
    /// data have as many whole blocks as hold no more, or one. What is read ahead of a piece is bounded: by the piece, or
    /// by 4 MiB and a block.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn new(header: &Header, options: &Options, records: usize) -> Result<Self> {
        let record_len = view(header, options)?.layout.len;
        let aim = records.clamp(1, MOST_RECORDS) * record_len;
        let decoder = Decoder::new(header, options.clone())?.with_gathered(aim);
        let offset = header.len() as u64;
        let (pending, taken, buffer) = (Vec::new(), 0, Vec::new());
        let most = MOST.max(aim);
        Ok(Self {
            record_len,
            aim,
            most,
            offset,
            state: State::Cutting,
            pending,
            taken,
            buffer,
            decoder,
            ignored: 0,
        })
    }

    /// With another bound on the bytes that are gathered, so that tests need no megabytes.
    #[doc(hidden)]
    #[must_use]
    pub fn with_most(mut self, bytes: usize) -> Self {
        self.most = bytes;
        self
    }

    /// Bytes behind an end-of-data mark so far.
    #[must_use]
    pub fn ignored_bytes(&self) -> u64 {
        self.ignored + self.decoder.ignored_bytes()
    }

    /// The next piece of `file`, the whole file in memory: pass the same bytes in every call. Where the data is
    /// damaged, the piece that ends there says so when it is decoded.
    ///
    /// # Errors
    /// `Malformed` where the data is damaged and records straddle blocks. Nothing comes after an error.
    pub fn next_of<'a>(&mut self, file: &'a [u8]) -> Option<Result<Piece<'a>>> {
        let rest = |from: u64| file.get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default();
        match self.state {
            State::Cutting if self.decoder.is_plain() => {
                let rest = rest(self.offset);
                let whole = self.aim.min(rest.len() - rest.len() % self.record_len);
                let len = if whole == 0 { rest.len() } else { whole };
                (len > 0).then(|| Ok(self.piece(Cow::Borrowed(&rest[..len]), whole == 0)))
            }
            State::Cutting => {
                let rest = rest(self.offset);
                let walk = self.walk(rest);
                let Some((len, last)) = walk.cut(rest.len()) else {
                    self.decode_from_here();
                    return self.next_of(file);
                };
                if let Stop::End(_) = walk.stop {
                    self.ignored += (rest.len() - len) as u64;
                }
                (len > 0).then(|| Ok(self.piece(Cow::Borrowed(&rest[..len]), last)))
            }
            State::Decoding => self.decoded_of(rest(self.decoder.offset())),
            State::Failing(_) | State::Done => self.end(),
        }
    }

    /// The next piece of the data section that `source` gives; the header was read from there before.
    ///
    /// # Errors
    /// `Io` if the source fails, behind the records that it gave before; as [`next_of`](Self::next_of). Nothing comes
    /// after an error.
    pub fn next_from(&mut self, source: &mut impl Read) -> Option<Result<Piece<'static>>> {
        match self.state {
            State::Cutting if self.decoder.is_plain() => {
                self.decode_from_here();
                self.decoded_from(source)
            }
            State::Cutting => self.cut_from(source),
            State::Decoding => self.decoded_from(source),
            State::Failing(_) | State::Done => self.end(),
        }
    }

    fn end(&mut self) -> Option<Result<Piece<'static>>> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Failing(error) => Some(Err(error)),
            _ => None,
        }
    }

    fn piece<'a>(&mut self, bytes: Cow<'a, [u8]>, last: bool) -> Piece<'a> {
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        if last {
            self.state = State::Done;
        }
        Piece { bytes, offset, plain: self.decoder.is_plain(), last }
    }

    /// Walks from block header to block header until there is enough for a piece.
    fn walk(&self, bytes: &[u8]) -> Walk {
        let mut walk = Walk { aligned: 0, whole: 0, inflated: 0, stop: Stop::Aim };
        loop {
            let header = BlockHeader::parse(bytes.get(walk.whole..).unwrap_or_default());
            let (end, inflated) = match header {
                Ok(BlockHeader::Block { compressed, inflated }) => {
                    (walk.whole + BLOCK_HEADER + compressed as usize, inflated as usize)
                }
                Ok(BlockHeader::Need(needed)) => (walk.whole + needed, 0),
                Ok(BlockHeader::End { mark }) => return Walk { stop: Stop::End(mark), ..walk },
                Err(_) => return Walk { stop: Stop::Damage, ..walk },
            };
            // Not more than was asked for, unless a single block is.
            if walk.aligned > 0 && walk.inflated + inflated > self.aim {
                return walk;
            }
            if bytes.len() < end {
                return Walk { stop: Stop::Need(end), ..walk };
            }
            walk.whole = end;
            walk.inflated += inflated;
            if walk.inflated.is_multiple_of(self.record_len) {
                walk.aligned = end;
                if walk.inflated >= self.aim {
                    return walk;
                }
            }
            if walk.inflated.max(walk.whole) >= self.most {
                return Walk { stop: Stop::Straddling, ..walk };
            }
        }
    }

    fn cut_from(&mut self, source: &mut impl Read) -> Option<Result<Piece<'static>>> {
        loop {
            let walk = self.walk(&self.pending);
            if let Stop::Need(needed) = walk.stop {
                match self.fill(source, needed) {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(error) => {
                        // A block that did not arrive is not the data's fault.
                        let piece = self.take(walk.whole, false);
                        self.state = State::Failing(error);
                        return if walk.whole == 0 { self.end() } else { Some(Ok(piece)) };
                    }
                }
            }
            let Some((len, last)) = walk.cut(self.pending.len()) else {
                self.decode_from_here();
                return self.decoded_from(source);
            };
            let behind = self.pending.len() - len;
            let mut piece = self.take(len, last);
            if let Stop::End(_) = walk.stop {
                self.ignored += behind as u64;
                // To say how much is ignored, it is read.
                if let Err(error) = self.drain(source) {
                    piece.last = false;
                    self.state = State::Failing(error);
                }
            }
            return (len > 0).then_some(Ok(piece));
        }
    }

    /// A piece of the first `len` pending bytes.
    fn take(&mut self, len: usize, last: bool) -> Piece<'static> {
        let rest = self.pending.split_off(len);
        let bytes = std::mem::replace(&mut self.pending, rest);
        self.piece(Cow::Owned(bytes), last)
    }

    /// Reads until `needed` bytes are pending, and perhaps more. `Ok(false)`: the source ended before.
    fn fill(&mut self, source: &mut impl Read, needed: usize) -> Result<bool> {
        self.buffer.resize(READ, 0);
        while self.pending.len() < needed {
            let at = self.offset + self.pending.len() as u64;
            match read_some(source, &mut self.buffer, at)? {
                0 => return Ok(false),
                got => self.pending.extend_from_slice(&self.buffer[..got]),
            }
        }
        Ok(true)
    }

    fn drain(&mut self, source: &mut impl Read) -> Result<()> {
        self.buffer.resize(READ, 0);
        loop {
            match read_some(source, &mut self.buffer, self.offset + self.ignored)? {
                0 => return Ok(()),
                got => self.ignored += got as u64,
            }
        }
    }

    fn decode_from_here(&mut self) {
        self.state = State::Decoding;
        self.decoder.restart(self.decoder.is_plain(), self.offset);
    }

    /// A piece of records that the decoder makes of what lies in memory.
    fn decoded_of(&mut self, mut rest: &[u8]) -> Option<Result<Piece<'static>>> {
        self.decoded(|decoder| {
            if rest.is_empty() {
                return Ok(false);
            }
            let taken = decoder.decode(rest)?;
            rest = rest.get(taken..).unwrap_or_default();
            Ok(true)
        })
    }

    /// A piece of records that the decoder makes of what `source` gives.
    fn decoded_from(&mut self, source: &mut impl Read) -> Option<Result<Piece<'static>>> {
        let (mut pending, mut taken) = (std::mem::take(&mut self.pending), self.taken);
        let piece = self.decoded(|decoder| {
            if decoder.is_plain() {
                return Ok(decoder.fill_from(source)? > 0);
            }
            if taken == pending.len() {
                pending.resize(READ, 0);
                taken = 0;
                let got = read_some(source, &mut pending, decoder.offset());
                pending.truncate(got.as_ref().map_or(0, |got| *got));
                if got? == 0 {
                    return Ok(false);
                }
            }
            taken += decoder.decode(pending.get(taken..).unwrap_or_default())?;
            Ok(true)
        });
        (self.pending, self.taken) = (pending, taken);
        piece
    }

    /// Blocks, as `step` lets the decoder make them, gathered to a piece. `Ok(false)`: there is nothing left to decode.
    fn decoded(
        &mut self,
        mut step: impl FnMut(&mut Decoder) -> Result<bool>,
    ) -> Option<Result<Piece<'static>>> {
        let mut records = Vec::new();
        while records.len() < self.aim && matches!(self.state, State::Decoding) {
            let plain = self.decoder.is_plain();
            let stepped = step(&mut self.decoder);
            // A failed read of plain records may have brought some before.
            if matches!(stepped, Ok(true)) || (plain && stepped.is_err()) {
                records.extend_from_slice(self.decoder.block().bytes());
            }
            if let Ok(true) = stepped {
                continue;
            }
            let failure = stepped.and_then(|_| self.decoder.flush()).err();
            self.state = failure.map_or(State::Done, State::Failing);
        }
        if records.is_empty() {
            return self.end();
        }
        let offset = self.decoder.offset();
        Some(Ok(Piece { bytes: Cow::Owned(records), offset, plain: true, last: false }))
    }
}

impl Walk {
    /// How many of the `len` bytes make the next piece, and whether the data ends with it. `None`: nothing can be cut.
    fn cut(&self, len: usize) -> Option<(usize, bool)> {
        match self.stop {
            Stop::Aim => Some((self.aligned, false)),
            Stop::Straddling if self.aligned > 0 => Some((self.aligned, false)),
            Stop::Straddling => None,
            // The data ends between two blocks.
            Stop::Need(_) if self.aligned == len => Some((len, false)),
            // What is wrong is said when the piece is decoded, behind the rows before it.
            Stop::Need(_) => Some((len, true)),
            Stop::Damage => Some((len.min(self.whole + BLOCK_HEADER), true)),
            Stop::End(mark) => Some((self.whole + mark, true)),
        }
    }
}
