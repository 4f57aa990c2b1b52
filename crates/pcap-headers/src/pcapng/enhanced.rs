//! Enhanced packet blocks: the usual form of a packet.

use byteorder::{BigEndian, ByteOrder as Bytes, LittleEndian};

use crate::bytes::ByteOrder;
use crate::error::Result;
use crate::pcapng::framing::{RawBlock, too_short};
use crate::pcapng::option::OptionList;

/// Bytes before the packet's.
const FIXED: usize = 20;

/// An enhanced packet block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnhancedPacket<'a> {
    /// The interface's number in its section.
    pub interface: u32,
    /// Time in ticks of the interface's resolution, before its offset.
    pub ticks: u64,
    /// Bytes on the wire.
    pub wire_len: u32,
    /// The captured bytes.
    pub data: &'a [u8],
    /// 2 flags, 3 hashes, 4 dropped packets, 5 packet number, 6 queue, 7 verdict.
    pub options: OptionList<'a>,
}

impl<'a> EnhancedPacket<'a> {
    #[inline]
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let Some((fixed, rest)) = block.body.split_first_chunk() else {
            return Err(too_short("enhanced packet", FIXED, block.body.len()));
        };
        let (interface, ticks, captured, wire_len) = match block.order {
            ByteOrder::Little => fields::<LittleEndian>(fixed),
            ByteOrder::Big => fields::<BigEndian>(fixed),
        };
        let (data, options) = split(rest, captured, block.order)?;
        Ok(Self { interface, ticks, wire_len, data, options })
    }
}

#[inline]
fn fields<E: Bytes>(fixed: &[u8; FIXED]) -> (u32, u64, u32, u32) {
    let ticks = u64::from(E::read_u32(&fixed[4..8])) << 32 | u64::from(E::read_u32(&fixed[8..12]));
    (E::read_u32(&fixed[..4]), ticks, E::read_u32(&fixed[12..16]), E::read_u32(&fixed[16..]))
}

/// The captured bytes, and the options behind their padding.
#[inline]
pub(crate) fn split(rest: &[u8], captured: u32, order: ByteOrder) -> Result<(&[u8], OptionList<'_>)> {
    let captured = captured as usize;
    let Some((data, behind)) = rest.split_at_checked(captured) else {
        return Err(too_short("packet of a block", captured, rest.len()));
    };
    let padding = captured.wrapping_neg() % 4;
    Ok((data, OptionList::parse(behind.get(padding..).unwrap_or_default(), order)?))
}
