//! Packet blocks: what came before enhanced ones.

use nom::Parser;
use nom::number::complete::{u16, u32};

use crate::error::Result;
use crate::pcapng::enhanced::split;
use crate::pcapng::framing::{RawBlock, too_short};
use crate::pcapng::option::OptionList;

/// A packet block, obsolete since enhanced packet blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObsoletePacket<'a> {
    /// The interface's number in its section.
    pub interface: u16,
    /// Packets that were lost between this and the one before; 65535: not known.
    pub dropped: u16,
    /// Time in ticks of the interface's resolution, before its offset.
    pub ticks: u64,
    /// Bytes on the wire.
    pub wire_len: u32,
    /// The captured bytes.
    pub data: &'a [u8],
    /// 2 flags, 3 hashes.
    pub options: OptionList<'a>,
}

impl<'a> ObsoletePacket<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let e = block.order.endianness();
        let fields: nom::IResult<_, _> = (u16(e), u16(e), u32(e), u32(e), u32(e), u32(e)).parse(block.body);
        let Ok((rest, (interface, dropped, high, low, captured, wire_len))) = fields else {
            return Err(too_short("packet", 20, block.body.len()));
        };
        let (data, options) = split(rest, captured, block.order)?;
        let ticks = u64::from(high) << 32 | u64::from(low);
        Ok(Self { interface, dropped, ticks, wire_len, data, options })
    }
}
