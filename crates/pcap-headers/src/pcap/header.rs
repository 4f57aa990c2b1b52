//! The file header of a pcap file.

use byteorder::{BigEndian, ByteOrder as Bytes, LittleEndian};

use crate::bytes::ByteOrder;
use crate::error::{Error, ErrorKind, Result};
use crate::linktype::LinkType;
use crate::options::Parity;
use crate::pcap::variant;

/// Bytes of the header without Ixia's addition.
pub(crate) const LEN: usize = 24;

const MICROS: u32 = 0xA1B2_C3D4;
const NANOS: u32 = 0xA1B2_3C4D;
const MODIFIED: u32 = 0xA1B2_CD34;
const IXIA_HARDWARE: u32 = 0x1C00_01AC;
const IXIA_SOFTWARE: u32 = 0x1C00_01AB;

/// The shape of the records of a pcap file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Variant {
    /// 16 bytes before each packet.
    Standard,
    /// 20 bytes: Nokia's.
    Nokia,
    /// 24 bytes: the patched libpcap of early Linux distributions.
    Patched,
    /// 28 bytes: a later state of the same patch.
    PatchedLate,
}

impl Variant {
    /// Bytes before each packet.
    #[must_use]
    pub fn record_header_len(self) -> usize {
        match self {
            Self::Standard => 16,
            Self::Nokia => 20,
            Self::Patched => 24,
            Self::PatchedLate => 28,
        }
    }
}

/// How the two lengths of a record stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lengths {
    /// Captured, then on the wire.
    InOrder,
    /// On the wire, then captured: files of versions before 2.3 and of 543.
    Swapped,
    /// The smaller one is the captured length: version 2.3, whose writers differ.
    ByValue,
}

/// The file header of a pcap file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileHeader {
    /// The byte order of header and records.
    pub byte_order: ByteOrder,
    /// Major and minor version.
    pub version: (u16, u16),
    /// Whether fractions of a second are nanoseconds; microseconds otherwise.
    pub nanos: bool,
    /// The shape of the records; as long as two records were not seen, what the magic alone says.
    pub variant: Variant,
    /// Most bytes that were captured of a packet; 0 and more than 262,144 are no limits.
    pub snap_len: u32,
    /// What the first header of all packets is.
    pub link_type: LinkType,
    /// Bytes of a frame check sequence at the end of packets, if the file says.
    pub fcs_len: Option<u8>,
    /// Bytes of the header itself.
    pub(crate) len: usize,
    pub(crate) lengths: Lengths,
    /// What the records may look like, the most usual first.
    pub(crate) candidates: &'static [Variant],
}

/// What the magic says: byte order, nanoseconds, bytes of the header, shapes of the records.
fn magic(bytes: [u8; 4]) -> Option<(ByteOrder, bool, usize, &'static [Variant])> {
    let by_value = |value| match value {
        MICROS => Some((false, LEN, variant::OF_MICROS)),
        NANOS => Some((true, LEN, variant::OF_NANOS)),
        MODIFIED => Some((false, LEN, variant::OF_MODIFIED)),
        IXIA_HARDWARE | IXIA_SOFTWARE => Some((false, LEN + 4, variant::OF_NANOS)),
        _ => None,
    };
    let found = |order: ByteOrder| {
        by_value(order.u32(bytes)).map(|(nanos, len, candidates)| (order, nanos, len, candidates))
    };
    found(ByteOrder::Little).or_else(|| found(ByteOrder::Big))
}

impl FileHeader {
    /// Whether a file that begins so is a pcap file.
    #[must_use]
    pub fn is_magic(bytes: [u8; 4]) -> bool {
        magic(bytes).is_some()
    }

    /// Bytes of the header that begins so.
    pub(crate) fn len_of(bytes: [u8; 4]) -> usize {
        magic(bytes).map_or(LEN, |(_, _, len, _)| len)
    }

    /// The header at the front of a pcap file.
    pub(crate) fn parse(bytes: &[u8; LEN], parity: Parity) -> Result<Self> {
        let [m0, m1, m2, m3, ..] = *bytes;
        let Some((byte_order, nanos, len, candidates)) = magic([m0, m1, m2, m3]) else {
            return Err(Error::new(ErrorKind::NotCapture { found: [m0, m1, m2, m3] }).at(0));
        };
        let (version, snap_len, network) = match byte_order {
            ByteOrder::Little => fields::<LittleEndian>(bytes),
            ByteOrder::Big => fields::<BigEndian>(bytes),
        };
        let (major, minor) = version;
        if major < 2 {
            let supported = "2.0 and later are";
            return Err(Error::new(ErrorKind::Version { what: "pcap", major, minor, supported }).at(4));
        }
        if network & 0x03FF_0000 != 0 {
            return Err(
                Error::invalid("reserved bits of the link type", 0, format_args!("{network:#010x}")).at(20)
            );
        }
        let link_type = LinkType(network & 0xFFFF);
        if parity == Parity::Tshark && !link_type.known_to_tshark() {
            return Err(Error::new(ErrorKind::LinkType(link_type.0)).at(20));
        }
        let lengths = match version {
            (543, _) | (2, 0..=2) => Lengths::Swapped,
            (2, 3) => Lengths::ByValue,
            _ => Lengths::InOrder,
        };
        // Bit 26 says that bits 28..31 count the check sequence in units of two bytes.
        let fcs_len = (network & 0x0400_0000 != 0).then_some((network >> 28) as u8 * 2);
        let variant = candidates.first().copied().unwrap_or(Variant::Standard);
        Ok(Self {
            byte_order,
            version,
            nanos,
            variant,
            snap_len,
            link_type,
            fcs_len,
            len,
            lengths,
            candidates,
        })
    }
}

fn fields<E: Bytes>(bytes: &[u8; LEN]) -> ((u16, u16), u32, u32) {
    let version = (E::read_u16(&bytes[4..6]), E::read_u16(&bytes[6..8]));
    (version, E::read_u32(&bytes[16..20]), E::read_u32(&bytes[20..24]))
}
