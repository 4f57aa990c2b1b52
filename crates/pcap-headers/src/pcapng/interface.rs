//! Interface description blocks: link type, snap length, what times mean.

use nom::Parser;
use nom::number::complete::{u16, u32};

use crate::error::Result;
use crate::info::Interface;
use crate::linktype::LinkType;
use crate::pcapng::framing::{RawBlock, too_short};
use crate::pcapng::option::OptionList;
use crate::time::Resolution;

const NAME: u16 = 2;
const DESCRIPTION: u16 = 3;
const RESOLUTION: u16 = 9;
const FILTER: u16 = 11;
const OS: u16 = 12;
const FCS_LEN: u16 = 13;
const OFFSET: u16 = 14;
const HARDWARE: u16 = 15;

/// The lengths of the options on which the meaning of packets depends.
const FIXED: [(u16, usize); 3] = [(RESOLUTION, 1), (FCS_LEN, 1), (OFFSET, 8)];

/// An interface description block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InterfaceDescription<'a> {
    /// What the first header of the interface's packets is.
    pub link_type: LinkType,
    /// Most bytes that were captured of a packet; 0: no limit.
    pub snap_len: u32,
    /// Resolution of its times; microseconds if it does not say.
    pub resolution: Resolution,
    /// Seconds that are added to its times.
    pub offset_s: i64,
    /// Bytes of a frame check sequence at the end of packets, if it says.
    pub fcs_len: Option<u8>,
    /// 2 name, 3 description, 11 filter, 12 operating system, 15 hardware, and others.
    pub options: OptionList<'a>,
}

impl<'a> InterfaceDescription<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let e = block.order.endianness();
        let fields: nom::IResult<_, _> = (u16(e), u16(e), u32(e)).parse(block.body);
        let Ok((rest, (link_type, _reserved, snap_len))) = fields else {
            return Err(too_short("interface description", 8, block.body.len()));
        };
        let options = OptionList::parse(rest, block.order)?;
        let byte = |code| options.number::<1>(code).and_then(|value| u8::try_from(value).ok());
        Ok(Self {
            link_type: LinkType(u32::from(link_type)),
            snap_len,
            resolution: byte(RESOLUTION).map_or(Resolution::MICROS, Resolution),
            offset_s: options.number::<8>(OFFSET).map_or(0, u64::cast_signed),
            fcs_len: byte(FCS_LEN),
            options,
        })
    }

    /// How many options were ignored for their length.
    pub(crate) fn has_ignored_options(self) -> bool {
        FIXED.iter().any(|(code, len)| self.options.has_wrong_length(*code, *len))
    }

    pub(crate) fn to_interface(self, section: usize) -> Interface {
        let options = self.options;
        Interface {
            offset_s: self.offset_s,
            fcs_len: self.fcs_len,
            name: options.text(NAME),
            description: options.text(DESCRIPTION),
            os: options.text(OS),
            hardware: options.text(HARDWARE),
            // The first byte says what kind of filter: 0 is text.
            filter: options.first(FILTER).and_then(|value| match value.split_first() {
                Some((0, filter)) => Some(super::option::text(filter)),
                _ => None,
            }),
            comments: options.comments(),
            ..Interface::new(section, self.link_type, self.snap_len, self.resolution)
        }
    }
}
