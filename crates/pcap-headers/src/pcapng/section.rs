//! Section header blocks: byte order, version, who captured.

use nom::Parser;
use nom::number::complete::{u16, u32, u64};

use crate::bytes::ByteOrder;
use crate::error::Result;
use crate::info::Section;
use crate::pcapng::framing::{RawBlock, too_short, unknown_version};
use crate::pcapng::option::OptionList;

const HARDWARE: u16 = 2;
const OS: u16 = 3;
const APPLICATION: u16 = 4;

/// A section header block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SectionHeader<'a> {
    /// The byte order of the section.
    pub byte_order: ByteOrder,
    /// Major and minor version: 1.0 or 1.2.
    pub version: (u16, u16),
    /// Bytes of the section behind this block, if it says. Nothing depends on it.
    pub section_len: Option<u64>,
    /// 2 the hardware, 3 the operating system, 4 the program.
    pub options: OptionList<'a>,
}

impl<'a> SectionHeader<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let e = block.order.endianness();
        let fields: nom::IResult<_, _> = (u32(e), u16(e), u16(e), u64(e)).parse(block.body);
        let Ok((rest, (_, major, minor, len))) = fields else {
            return Err(too_short("section header", 16, block.body.len()));
        };
        if (major, minor) != (1, 0) && (major, minor) != (1, 2) {
            return Err(unknown_version(major, minor));
        }
        Ok(Self {
            byte_order: block.order,
            version: (major, minor),
            section_len: (len != u64::MAX).then_some(len),
            options: OptionList::parse(rest, block.order)?,
        })
    }

    pub(crate) fn to_section(self) -> Section {
        Section {
            byte_order: self.byte_order,
            version: self.version,
            hardware: self.options.text(HARDWARE),
            os: self.options.text(OS),
            application: self.options.text(APPLICATION),
            comments: self.options.comments(),
        }
    }
}
