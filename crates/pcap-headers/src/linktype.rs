//! Link types: what the first header of a packet is.

use std::ops::RangeInclusive;

/// A link type number of a capture file (`LINKTYPE_…` of the tcpdump group); unknown numbers are legal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u32);

/// The link types whose pcap files tshark 4.0.17 opens, found by giving it a file of each number.
const KNOWN_TO_TSHARK: &[RangeInclusive<u32>] = &[
    0..=3,
    6..=14,
    16..=16,
    18..=19,
    32..=32,
    50..=51,
    99..=101,
    104..=109,
    112..=114,
    117..=119,
    121..=123,
    127..=131,
    133..=133,
    135..=144,
    147..=163,
    165..=165,
    167..=167,
    169..=173,
    177..=181,
    183..=184,
    186..=190,
    192..=192,
    195..=197,
    199..=204,
    209..=215,
    220..=220,
    224..=231,
    235..=237,
    239..=243,
    245..=245,
    248..=256,
    258..=260,
    264..=264,
    266..=266,
    268..=268,
    270..=276,
    279..=280,
    283..=283,
    287..=288,
    290..=290,
    292..=295,
];

impl LinkType {
    /// No packet, but the content of a custom block of a pcapng file ([`Parity::Tshark`](crate::Parity::Tshark)).
    pub const CUSTOM_BLOCK: Self = Self(u32::MAX);
    /// No packet, but the text of a journal entry of a pcapng file ([`Parity::Tshark`](crate::Parity::Tshark)).
    pub const JOURNAL_ENTRY: Self = Self(u32::MAX - 1);

    /// Whether tshark 4.0.17 opens pcap files of this link type.
    #[must_use]
    pub fn known_to_tshark(self) -> bool {
        KNOWN_TO_TSHARK.iter().any(|numbers| numbers.contains(&self.0))
    }

    /// Bytes at the front of a packet that tshark 4.0.17 does not count in `frame.len` and `frame.cap_len`, because they
    /// were added by the capture: directions, channels, time slots. The record of ERF (197) has no length of its own: [`Packet::frame_len`](crate::Packet::frame_len)
    /// knows.
    #[must_use]
    pub fn pseudo_header_len(self) -> usize {
        match self.0 {
            // PPP with a direction.
            204 => 1,
            // NFC.
            245 => 2,
            // SunATM, MTP2, Bluetooth.
            123 | 139 | 201 | 254 => 4,
            // SITA, I2C under Linux.
            196 | 209 => 5,
            // IrDA, LAPD behind a Linux cooked header.
            144 | 177 => 16,
            _ => 0,
        }
    }

    /// Link types whose packets may be larger than the snap length of any network (semantics 10).
    pub(crate) fn has_large_packets(self) -> bool {
        matches!(self.0, 189 | 220 | 249 | 231 | 279)
    }
}
