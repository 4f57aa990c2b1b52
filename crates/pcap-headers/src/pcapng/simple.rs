//! Simple packet blocks: bytes and nothing else.

use nom::Parser;
use nom::number::complete::u32;

use crate::error::Result;
use crate::pcapng::framing::{RawBlock, too_short};

/// A simple packet block: a packet of the section's first interface, without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimplePacket<'a> {
    /// Bytes on the wire.
    pub wire_len: u32,
    /// The captured bytes, padded to a multiple of four: how many of them are the packet's follows from the snap length of
    /// the interface.
    pub padded: &'a [u8],
}

impl<'a> SimplePacket<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let length: nom::IResult<_, _> = u32(block.order.endianness()).parse(block.body);
        let Ok((padded, wire_len)) = length else {
            return Err(too_short("simple packet", 4, block.body.len()));
        };
        Ok(Self { wire_len, padded })
    }

    /// The captured bytes without padding, on an interface of this snap length; 0: no limit.
    ///
    /// # Errors
    /// `Malformed` if the block holds less.
    pub fn data(&self, snap_len: u32) -> Result<&'a [u8]> {
        let captured = if snap_len == 0 { self.wire_len } else { self.wire_len.min(snap_len) } as usize;
        self.padded.get(..captured).ok_or_else(|| too_short("packet of a block", captured, self.padded.len()))
    }
}
