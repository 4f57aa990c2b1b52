//! Interface statistics blocks.

use nom::Parser;
use nom::number::complete::u32;

use crate::error::Result;
use crate::pcapng::framing::{RawBlock, too_short};
use crate::pcapng::option::OptionList;

const RECEIVED: u16 = 4;
const DROPPED: u16 = 5;

/// An interface statistics block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InterfaceStatistics<'a> {
    /// The interface's number in its section.
    pub interface: u32,
    /// Time in ticks of the interface's resolution, before its offset.
    pub ticks: u64,
    /// 2 start, 3 end, 4 received, 5 dropped, 6 accepted by the filter, 7 dropped by the system, 8 delivered.
    pub options: OptionList<'a>,
}

impl<'a> InterfaceStatistics<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let e = block.order.endianness();
        let fields: nom::IResult<_, _> = (u32(e), u32(e), u32(e)).parse(block.body);
        let Ok((rest, (interface, high, low))) = fields else {
            return Err(too_short("interface statistics", 12, block.body.len()));
        };
        let ticks = u64::from(high) << 32 | u64::from(low);
        Ok(Self { interface, ticks, options: OptionList::parse(rest, block.order)? })
    }

    /// Packets that the interface received since capturing began.
    #[must_use]
    pub fn received(&self) -> Option<u64> {
        self.options.number::<8>(RECEIVED)
    }

    /// Packets that it dropped since capturing began.
    #[must_use]
    pub fn dropped(&self) -> Option<u64> {
        self.options.number::<8>(DROPPED)
    }
}
