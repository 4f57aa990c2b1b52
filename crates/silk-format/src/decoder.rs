//! The push decoder: bytes of the data section go in as they come, blocks of whole records come out. No I/O.

use std::io;

use crate::blocks::{BLOCK_HEADER, BlockHeader, Inflater};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{Compression, FormatId};
use crate::header::{CURRENT_VERSION, Header};
use crate::layouts;
use crate::legacy::file_name_ids;
use crate::options::{IcmpRepair, Options, Parity};
use crate::record::{Block, View};
use crate::rules::{Context, IcmpPorts, NO_FLOWTYPE, NO_SENSOR};

/// Bytes of records that are gathered before they are handed out: the second-level cache holds them.
const GATHER: usize = 256 << 10;
/// The reference reads as much at a time, and loses all of it when a read fails (spec 11.2).
const REFERENCE_READ: usize = 64 << 10;

/// Where the facts stand that a decoder may refuse (spec 2.1).
const AT_FORMAT: u64 = 5;
const AT_COMPRESSION: u64 = 7;
const AT_RECORD_SIZE: u64 = 12;
const AT_RECORD_VERSION: u64 = 14;

/// Checks that `header` announces flow records of a known layout, and says how to read them.
pub(crate) fn view(header: &Header, options: &Options) -> Result<View> {
    let (id, version) = (header.format, header.record_version);
    if !layouts::formats().any(|f| f.id == id) {
        return Err(Error::new(ErrorKind::NotFlow { format: id }).at(AT_FORMAT));
    }
    let Some(format) = layouts::find(id, version) else {
        let release = crate::format::release_text(header.silk_release);
        return Err(
            Error::new(ErrorKind::UnknownVersion { format: id, version, release }).at(AT_RECORD_VERSION)
        );
    };
    let expected = u16::try_from(format.layout.len).unwrap_or(u16::MAX);
    if header.record_size != 0 && header.record_size != expected {
        return Err(
            Error::new(ErrorKind::RecordSize { expected, found: header.record_size }).at(AT_RECORD_SIZE)
        );
    }
    let (base_time_ms, flowtype, sensor) = origin(header, options);
    let context = Context {
        base_time_ms,
        sensor,
        flowtype,
        icmp: icmp_ports(header, options),
        parity: options.parity,
        application: format.application,
        stale_flags: true,
    };
    Ok(View { layout: format.layout, order: header.byte_order(), context })
}

/// Base time, flowtype and sensor: from the packed-file entry, or from a legacy header and the file's name.
fn origin(header: &Header, options: &Options) -> (i64, u8, u16) {
    match header.legacy {
        None => header.packed_file().unwrap_or((0, NO_FLOWTYPE, NO_SENSOR)),
        Some(legacy) => match (legacy.base_time_ms, &options.file_name, &options.site) {
            (Some(base), Some(name), Some(site)) => {
                let (flowtype, sensor) = file_name_ids(name, site);
                (base, flowtype, sensor)
            }
            (base, ..) => (base.unwrap_or(0), NO_FLOWTYPE, NO_SENSOR),
        },
    }
}

/// Spec 9: which repair the file needs.
fn icmp_ports(header: &Header, options: &Options) -> IcmpPorts {
    let swapped =
        [FormatId::RWFILTER, FormatId::RWNOTROUTED, FormatId::RWROUTED, FormatId::RWSPLIT, FormatId::RWWWW];
    match options.icmp_repair {
        IcmpRepair::Off => IcmpPorts::AsStored,
        IcmpRepair::On if header.file_version < CURRENT_VERSION && swapped.contains(&header.format) => {
            IcmpPorts::MoveSwapped
        }
        IcmpRepair::On => IcmpPorts::Move,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Uncompressed records.
    Plain,
    /// Compressed blocks.
    Framed,
    /// Behind the end of the data, or behind an error: whatever comes is ignored.
    Done,
}

/// Decodes the data section of a flow file, pushed in pieces of any size.
///
/// Call [`decode`](Self::decode) with the bytes behind the header, take the [`block`](Self::block) after each call,
/// go on with the bytes that were not consumed, and at the end of the input call [`flush`](Self::flush). After an
/// error nothing more comes out.
///
/// Keeps one buffer: 256 KiB of plain records, or one inflated block (at most 1 MiB) and the compressed bytes of one
/// that arrives in pieces (at most 1 MiB).
#[derive(Debug)]
pub struct Decoder {
    view: View,
    state: State,
    /// None if the file is not compressed.
    inflater: Option<Inflater>,
    /// The bytes of a compressed block that has not arrived whole.
    pending: Vec<u8>,
    /// Whole records, then perhaps the beginning of one; `filled` bytes count.
    buffer: Vec<u8>,
    filled: usize,
    /// The file offset of the next byte that comes in.
    offset: u64,
    ignored: u64,
    /// Bytes of plain records that are gathered, about.
    gathered: usize,
}

impl Decoder {
    /// A decoder of the file that `header` begins.
    ///
    /// # Errors
    /// `Unsupported` if the file holds no flow records, or a layout or compression that this build does not read;
    /// `Malformed` if the record size contradicts the layout.
    pub fn new(header: &Header, options: Options) -> Result<Self> {
        let view = view(header, &options)?;
        let (state, inflater) = match header.compression {
            Compression::NONE => (State::Plain, None),
            other => (State::Framed, Some(Inflater::new(other).map_err(|e| e.at(AT_COMPRESSION))?)),
        };
        Ok(Self {
            view,
            state,
            inflater,
            pending: Vec::new(),
            buffer: Vec::new(),
            filled: 0,
            offset: header.len as u64,
            ignored: 0,
            gathered: GATHER,
        })
    }

    /// With blocks of about so many bytes of plain records.
    pub(crate) fn with_gathered(mut self, bytes: usize) -> Self {
        self.gathered = bytes;
        self
    }

    /// Begins again at another offset of the same file, with plain records or with what the file holds.
    pub(crate) fn restart(&mut self, plain: bool, offset: u64) {
        self.filled = 0;
        self.offset = offset;
        self.pending.clear();
        self.state = if plain || self.inflater.is_none() { State::Plain } else { State::Framed };
    }

    /// Takes bytes from the front of `bytes` and tells how many; at most one block of records is made by a call.
    ///
    /// Gives up what [`block`](Self::block) gave before. Consumes at least one byte unless `bytes` is empty.
    ///
    /// # Errors
    /// `Malformed` if a compressed block is damaged. What came before was handed out; the rest is ignored.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<usize> {
        self.release();
        let taken = match &mut self.state {
            State::Plain => self.gather(bytes),
            State::Framed => match self.unframe(bytes) {
                Ok(taken) => taken,
                Err(error) => {
                    self.state = State::Done;
                    self.filled = 0;
                    return Err(error);
                }
            },
            State::Done => {
                self.ignored += bytes.len() as u64;
                bytes.len()
            }
        };
        self.offset += taken as u64;
        Ok(taken)
    }

    /// The whole records that the last call of [`decode`](Self::decode) completed.
    #[must_use]
    pub fn block(&self) -> Block<'_> {
        Block::new(&self.buffer[..self.filled], &self.view)
    }

    /// Says that the input ends here.
    ///
    /// # Errors
    /// `Malformed` if a record or compressed block is incomplete.
    pub fn flush(&mut self) -> Result<()> {
        self.release();
        let rest = self.filled;
        let state = std::mem::replace(&mut self.state, State::Done);
        let error = match state {
            State::Framed if !self.pending.is_empty() => {
                let needed = match BlockHeader::parse(&self.pending) {
                    Ok(BlockHeader::Block { compressed, .. }) => BLOCK_HEADER + compressed as usize,
                    _ => BLOCK_HEADER,
                };
                Error::truncated("compressed block", needed, self.pending.len())
                    .at(self.offset.saturating_sub(self.pending.len() as u64))
            }
            _ if rest > 0 => {
                let error = Error::truncated("record", self.view.layout.len, rest);
                match state {
                    State::Plain => error.at(self.offset.saturating_sub(rest as u64)),
                    _ => error.at(self.offset),
                }
            }
            _ => return Ok(()),
        };
        self.filled = 0;
        Err(error)
    }

    /// Bytes behind an end-of-data mark, or behind an error, that were pushed and not decoded.
    #[must_use]
    pub fn ignored_bytes(&self) -> u64 {
        self.ignored
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The file offset of the next byte that comes in.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.state == State::Plain
    }

    /// Forgets the records that were handed out and moves the rest of one to the front.
    fn release(&mut self) {
        let whole = self.filled - self.filled % self.view.layout.len;
        self.buffer.copy_within(whole..self.filled, 0);
        self.filled -= whole;
    }

    /// The buffer of uncompressed records, a whole number of them.
    fn plain_capacity(&self) -> usize {
        let bytes = match self.view.context.parity {
            Parity::Native => self.gathered.max(self.view.layout.len),
            Parity::Silk => REFERENCE_READ,
        };
        bytes - bytes % self.view.layout.len
    }

    fn gather(&mut self, bytes: &[u8]) -> usize {
        let capacity = self.plain_capacity();
        let room = (self.filled + bytes.len()).min(capacity);
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let free = &mut self.buffer[self.filled..room.max(self.filled)];
        let taken = free.len().min(bytes.len());
        free[..taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        taken
    }

    /// Reads uncompressed records from `source` straight into the buffer until it is full or the source ends.
    /// `Ok(0)`: the source has ended.
    pub(crate) fn fill_from(&mut self, source: &mut impl io::Read) -> Result<usize> {
        self.release();
        let capacity = self.plain_capacity();
        let kept = self.filled;
        while self.filled < capacity {
            // Room comes as bytes do.
            let room = (self.filled + GATHER).min(capacity);
            if self.buffer.len() < room {
                self.buffer.resize(room, 0);
            }
            match source.read(&mut self.buffer[self.filled..]) {
                Ok(0) => break,
                Ok(n) => self.filled += n.min(capacity - self.filled),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let damaged = e.kind() != io::ErrorKind::UnexpectedEof;
                    if damaged && self.view.context.parity == Parity::Silk {
                        self.filled = kept;
                    }
                    self.offset += (self.filled - kept) as u64;
                    self.state = State::Done;
                    return Err(Error::new(ErrorKind::Io(e)).at(self.offset));
                }
            }
        }
        let read = self.filled - kept;
        self.offset += read as u64;
        Ok(read)
    }

    fn unframe(&mut self, bytes: &[u8]) -> Result<usize> {
        let Some(inflater) = &mut self.inflater else { return Ok(0) };
        let pending = &mut self.pending;
        let start = self.offset.saturating_sub(pending.len() as u64);
        // A block that lies whole in `bytes` is inflated from there; one that arrives in pieces is put together.
        let mut taken = 0;
        loop {
            let seen: &[u8] = if pending.is_empty() { bytes } else { pending };
            let needed = match BlockHeader::parse(seen).map_err(|e| e.at(start))? {
                BlockHeader::End { mark } => {
                    self.ignored += (pending.len() + bytes.len() - taken - mark) as u64;
                    self.state = State::Done;
                    return Ok(bytes.len());
                }
                BlockHeader::Need(n) => n,
                BlockHeader::Block { compressed, inflated } => {
                    let end = BLOCK_HEADER + compressed as usize;
                    if let Some(block) = seen.get(BLOCK_HEADER..end) {
                        let filled = self.filled + inflated as usize;
                        if self.buffer.len() < filled {
                            self.buffer.resize(filled, 0);
                        }
                        inflater
                            .inflate(block, &mut self.buffer[self.filled..filled])
                            .map_err(|e| e.at(start))?;
                        self.filled = filled;
                        if pending.is_empty() {
                            taken = end;
                        } else {
                            pending.clear();
                        }
                        return Ok(taken);
                    }
                    end
                }
            };
            let wanted = needed - pending.len();
            let piece = &bytes[taken..bytes.len().min(taken + wanted)];
            pending.extend_from_slice(piece);
            taken += piece.len();
            if piece.len() < wanted {
                return Ok(taken);
            }
        }
    }
}
