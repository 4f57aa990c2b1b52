//! Link types: what the first header of a packet is.

/// A link type number of a capture file (`LINKTYPE_…` of the tcpdump group); unknown numbers are legal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u32);
