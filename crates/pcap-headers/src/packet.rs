//! A captured packet.

use crate::linktype::LinkType;

/// A packet of a capture: a view of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet<'a> {
    /// Number in the file, from 1.
    pub number: u64,
    /// Time of capture, nanoseconds since the Unix epoch; none if the file does not say (simple packet blocks).
    pub time_ns: Option<i64>,
    /// What the first header is.
    pub link_type: LinkType,
    /// Number of the interface in its section; none in pcap files.
    pub interface: Option<u32>,
    /// The captured bytes.
    pub data: &'a [u8],
    /// Bytes on the wire, at least as many as were captured in sane files.
    pub wire_len: u32,
}
