//! Custom blocks.

use nom::Parser;
use nom::number::complete::u32;

use crate::error::Result;
use crate::pcapng::framing::{CUSTOM, RawBlock, too_short};

/// A custom block: what some enterprise defined for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomBlock<'a> {
    /// The enterprise's number (IANA).
    pub enterprise: u32,
    /// Whether the block may be copied into another file.
    pub may_be_copied: bool,
    /// Data, padding and options, which only the enterprise can tell apart.
    pub data: &'a [u8],
}

impl<'a> CustomBlock<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let number: nom::IResult<_, _> = u32(block.order.endianness()).parse(block.body);
        let Ok((data, enterprise)) = number else {
            return Err(too_short("custom block", 4, block.body.len()));
        };
        Ok(Self { enterprise, may_be_copied: block.kind == CUSTOM, data })
    }
}
