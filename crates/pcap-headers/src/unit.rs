//! What one step of reading finds: shared by both containers and all faces.

use std::ops::Range;

use crate::linktype::LinkType;
use crate::packet::Packet;
use crate::time::Time;

/// What stands at the front of the bytes.
#[derive(Debug)]
pub(crate) enum Step {
    /// A header, record or block of `len` bytes, perhaps with a packet.
    Unit { len: usize, found: Option<Found> },
    /// `total` bytes are needed to tell.
    Need { what: &'static str, total: usize },
}

impl Step {
    pub(crate) const fn nothing(len: usize) -> Self {
        Self::Unit { len, found: None }
    }
}

/// A packet, its bytes by their place in the unit.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) time: Option<Time>,
    pub(crate) link_type: LinkType,
    pub(crate) interface: Option<u32>,
    pub(crate) wire_len: u32,
    pub(crate) data: Range<usize>,
}

impl Found {
    /// The packet as a view of `data`, its captured bytes.
    pub(crate) fn view<'a>(&self, data: &'a [u8]) -> Packet<'a> {
        Packet {
            number: self.number,
            time_ns: self.time.map(|time| time.ns),
            time_parts: self.time.map(|time| time.parts),
            link_type: self.link_type,
            interface: self.interface,
            data,
            wire_len: self.wire_len,
        }
    }

    /// The packet as a view of the unit, or of bytes that begin with it.
    pub(crate) fn view_in<'a>(&self, unit: &'a [u8]) -> Packet<'a> {
        self.view(unit.get(self.data.clone()).unwrap_or_default())
    }
}
