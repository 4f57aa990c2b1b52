//! A captured packet.

use crate::linktype::LinkType;
use crate::time::TimeParts;

/// A packet of a capture: a view of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet<'a> {
    /// Number in the file, from 1.
    pub number: u64,
    /// Time of capture, nanoseconds since the Unix epoch; none if the file does not say (simple packet blocks). Limited to
    /// what 64 bits hold, years 1677 to 2262.
    pub time_ns: Option<i64>,
    /// The same as tshark keeps it, which differs in files with overflown or very fine times; none where `time_ns` is none.
    pub time_parts: Option<TimeParts>,
    /// What the first header is.
    pub link_type: LinkType,
    /// Number of the interface in its section; none in pcap files.
    pub interface: Option<u32>,
    /// The captured bytes.
    pub data: &'a [u8],
    /// Bytes on the wire, at least as many as were captured in sane files.
    pub wire_len: u32,
}

impl<'a> Packet<'a> {
    /// `frame.len`: bytes on the wire without what the capture put in front of the packet.
    #[must_use]
    pub fn frame_len(&self) -> u32 {
        let pseudo = u32::try_from(self.pseudo_header_len()).unwrap_or(u32::MAX);
        self.wire_len.saturating_sub(pseudo)
    }

    /// Bytes that the capture put in front of the packet; of ERF its record and, before Ethernet, two of padding.
    pub(crate) fn pseudo_header_len(&self) -> usize {
        const ERF: LinkType = LinkType(197);
        const MORE: u8 = 0x80;
        if self.link_type != ERF {
            return self.link_type.pseudo_header_len();
        }
        let record_type = self.data.get(8).copied().unwrap_or_default();
        let (mut len, mut more) = (16, record_type & MORE);
        while more != 0 {
            more = self.data.get(len).map_or(0, |first| first & MORE);
            len += 8;
        }
        len + if matches!(record_type & !MORE, 2 | 11 | 16 | 20) { 2 } else { 0 }
    }

    /// A packet that comes from no file: number 1, no time, as long on the wire as its bytes.
    #[must_use]
    pub fn new(link_type: LinkType, data: &'a [u8]) -> Self {
        let wire_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        Self { number: 1, time_ns: None, time_parts: None, link_type, interface: None, data, wire_len }
    }
}
