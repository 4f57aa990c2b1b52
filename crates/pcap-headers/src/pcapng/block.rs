//! Every kind of block, and the blocks of a file that lies in memory.

use crate::bytes::ByteOrder;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Limits;
use crate::pcapng::framing::{self, Framed, RawBlock, frame};
use crate::pcapng::{
    CustomBlock, DecryptionSecrets, EnhancedPacket, InterfaceDescription, InterfaceStatistics, JournalEntry,
    NameResolution, ObsoletePacket, SectionHeader, SimplePacket,
};

/// A block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block<'a> {
    /// Begins a section.
    Section(SectionHeader<'a>),
    /// Describes an interface.
    Interface(InterfaceDescription<'a>),
    /// A packet.
    Enhanced(EnhancedPacket<'a>),
    /// A packet in the oldest form.
    Obsolete(ObsoletePacket<'a>),
    /// A packet without a time.
    Simple(SimplePacket<'a>),
    /// Addresses and names.
    NameResolution(NameResolution<'a>),
    /// Counts of an interface.
    Statistics(InterfaceStatistics<'a>),
    /// Secrets.
    Secrets(DecryptionSecrets<'a>),
    /// A journal entry.
    Journal(JournalEntry<'a>),
    /// What an enterprise defined for itself.
    Custom(CustomBlock<'a>),
    /// Any other kind.
    Unknown {
        /// The kind's number.
        kind: u32,
        /// What stands between the lengths.
        body: &'a [u8],
    },
}

impl<'a> Block<'a> {
    #[inline]
    pub(crate) fn parse(raw: &RawBlock<'a>) -> Result<Self> {
        Ok(match raw.kind {
            framing::ENHANCED => Self::Enhanced(EnhancedPacket::parse(raw)?),
            framing::SECTION => Self::Section(SectionHeader::parse(raw)?),
            framing::INTERFACE => Self::Interface(InterfaceDescription::parse(raw)?),
            framing::OBSOLETE => Self::Obsolete(ObsoletePacket::parse(raw)?),
            framing::SIMPLE => Self::Simple(SimplePacket::parse(raw)?),
            framing::NAMES => Self::NameResolution(NameResolution::parse(raw)?),
            framing::STATISTICS => Self::Statistics(InterfaceStatistics::parse(raw)?),
            framing::SECRETS => Self::Secrets(DecryptionSecrets::parse(raw)?),
            framing::JOURNAL => Self::Journal(JournalEntry::parse(raw)),
            framing::CUSTOM | framing::CUSTOM_NO_COPY => Self::Custom(CustomBlock::parse(raw)?),
            kind => Self::Unknown { kind, body: raw.body },
        })
    }
}

/// A block and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlacedBlock<'a> {
    /// The file offset of its first byte.
    pub offset: u64,
    /// Its bytes, lengths included.
    pub len: usize,
    /// The byte order of its section.
    pub byte_order: ByteOrder,
    /// The block.
    pub block: Block<'a>,
}

/// The blocks of a pcapng file in memory, in place: an iterator that allocates nothing.
///
/// Ends with one error where the file is damaged or cut.
#[derive(Debug, Clone)]
pub struct Blocks<'a> {
    rest: &'a [u8],
    offset: u64,
    order: Option<ByteOrder>,
    limits: Limits,
}

impl<'a> Blocks<'a> {
    /// The blocks of `file`.
    #[must_use]
    pub fn new(file: &'a [u8]) -> Self {
        Self { rest: file, offset: 0, order: None, limits: Limits::default() }
    }

    fn step(&mut self) -> Result<PlacedBlock<'a>> {
        let order = match (self.order, self.rest.first_chunk()) {
            (Some(order), _) => order,
            // The section header that must stand here says its own.
            (None, Some(&framing::SECTION_MAGIC)) => ByteOrder::Little,
            (None, Some(found)) => return Err(Error::new(ErrorKind::NotCapture { found: *found })),
            (None, None) => return Err(Error::truncated("block header", 8, self.rest.len())),
        };
        match frame(self.rest, order, self.limits.block_bytes)? {
            Framed::Need { what, total } => Err(Error::truncated(what, total, self.rest.len())),
            Framed::Block(raw) => {
                let block = Block::parse(&raw)?;
                self.order = Some(raw.order);
                let placed = PlacedBlock { offset: self.offset, len: raw.len, byte_order: raw.order, block };
                self.rest = self.rest.get(raw.len..).unwrap_or_default();
                self.offset += raw.len as u64;
                Ok(placed)
            }
        }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<PlacedBlock<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        Some(self.step().map_err(|error| {
            self.rest = &[];
            error.at(offset)
        }))
    }
}

impl std::iter::FusedIterator for Blocks<'_> {}
