//! A frame, built from its payload outwards, each layer with its lengths and checksums.

use std::net::IpAddr;

/// Bytes that are kept free in front of a payload; more are made when they are needed.
const ROOM: usize = 256;

/// EtherType of IPv4.
pub const IPV4: u16 = 0x0800;
/// EtherType of IPv6.
pub const IPV6: u16 = 0x86dd;

/// Source and destination of an IP packet, both of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Source.
    pub source: IpAddr,
    /// Destination; of another family than the source it counts as unspecified.
    pub destination: IpAddr,
}

impl Ends {
    /// The addresses' bytes, one behind the other, as headers and checksums have them.
    fn bytes(&self) -> ([u8; 32], usize) {
        let mut bytes = [0; 32];
        match (self.source, self.destination) {
            (IpAddr::V4(source), destination) => {
                bytes[..4].copy_from_slice(&source.octets());
                if let IpAddr::V4(destination) = destination {
                    bytes[4..8].copy_from_slice(&destination.octets());
                }
                (bytes, 8)
            }
            (IpAddr::V6(source), destination) => {
                bytes[..16].copy_from_slice(&source.octets());
                if let IpAddr::V6(destination) = destination {
                    bytes[16..].copy_from_slice(&destination.octets());
                }
                (bytes, 32)
            }
        }
    }

    /// Whether they are IPv6 addresses.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        self.source.is_ipv6()
    }
}

/// What a TCP header says beside ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpState {
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// Flags: FIN 1 … CWR 128, NS 256.
    pub flags: u16,
    /// Window.
    pub window: u16,
}

/// A piece of a datagram: where it lies in bytes, a multiple of 8, and whether others follow behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Piece {
    /// Bytes before it.
    pub offset: u16,
    /// Whether it is not the last.
    pub has_more: bool,
}

/// A frame that grows from its payload outwards: each call puts a header in front of what is there.
///
/// ```
/// use flowloom::generate::capture::frame::{Ends, Frame, IPV4};
///
/// let ends = Ends { source: "192.0.2.1".parse()?, destination: "192.0.2.2".parse()? };
/// let mut frame = Frame::new(b"hello");
/// frame.udp(&ends, 40_000, 9);
/// frame.ip(&ends, 17, 1, 64, None);
/// frame.ethernet([2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1], IPV4);
/// assert_eq!(frame.bytes().len(), 14 + 20 + 8 + 5);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Frame {
    buffer: Vec<u8>,
    start: usize,
}

impl Frame {
    /// A payload without any header.
    #[must_use]
    pub fn new(payload: &[u8]) -> Self {
        let mut frame = Self { buffer: Vec::with_capacity(ROOM + payload.len()), start: 0 };
        frame.restart(payload);
        frame
    }

    /// Begins anew with another payload, in the same memory.
    pub fn restart(&mut self, payload: &[u8]) {
        self.start = ROOM;
        self.buffer.resize(ROOM, 0);
        self.buffer.extend_from_slice(payload);
    }

    /// What there is so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Puts bytes in front.
    pub fn put(&mut self, header: &[u8]) {
        if self.start < header.len() {
            let missing = header.len() - self.start + ROOM;
            self.buffer.splice(0..0, std::iter::repeat_n(0, missing));
            self.start += missing;
        }
        self.start -= header.len();
        if let Some(place) = self.buffer.get_mut(self.start..self.start + header.len()) {
            place.copy_from_slice(header);
        }
    }

    /// Fills up with zeros behind the last byte.
    pub fn pad(&mut self, len: usize) {
        if self.bytes().len() < len {
            self.buffer.resize(self.start + len, 0);
        }
    }

    /// Sets a 16-bit field.
    fn set(&mut self, at: usize, value: [u8; 2]) {
        if let Some(place) = self.buffer.get_mut(self.start + at..self.start + at + 2) {
            place.copy_from_slice(&value);
        }
    }

    /// Length of what is there, as a 16-bit field holds it.
    fn len16(&self, more: usize) -> u16 {
        u16::try_from(self.bytes().len() + more).unwrap_or(u16::MAX)
    }

    /// The checksum over the pseudo header and everything (RFC 9293, 3.1; RFC 8200, 8.1).
    fn checksum(&self, ends: &Ends, protocol: u8) -> u16 {
        let (addresses, len) = ends.bytes();
        let addresses = addresses.get(..len).unwrap_or_default();
        internet_checksum(u64::from(protocol) + self.bytes().len() as u64, &[addresses, self.bytes()])
    }

    /// TCP without options (RFC 9293).
    pub fn tcp(&mut self, ends: &Ends, source: u16, destination: u16, state: TcpState) {
        let [s, t] = source.to_be_bytes();
        let [d, e] = destination.to_be_bytes();
        let mut header = [s, t, d, e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header[4..8].copy_from_slice(&state.sequence.to_be_bytes());
        header[8..12].copy_from_slice(&state.acknowledgement.to_be_bytes());
        header[12..14].copy_from_slice(&(5 << 12 | state.flags & 0xfff).to_be_bytes());
        header[14..16].copy_from_slice(&state.window.to_be_bytes());
        self.put(&header);
        self.set(16, self.checksum(ends, 6).to_be_bytes());
    }

    /// UDP (RFC 768).
    pub fn udp(&mut self, ends: &Ends, source: u16, destination: u16) {
        let words = [source, destination, self.len16(8), 0].map(u16::to_be_bytes);
        self.put(words.as_flattened());
        // 0 stands for no checksum.
        let checksum = match self.checksum(ends, 17) {
            0 => 0xffff,
            sum => sum,
        };
        self.set(6, checksum.to_be_bytes());
    }

    /// SCTP with one DATA chunk around what is there (RFC 9260).
    pub fn sctp(&mut self, source: u16, destination: u16, tag: u32, sequence: u32) {
        let chunk_len = self.len16(16);
        self.pad(self.bytes().len().next_multiple_of(4));
        let mut chunk = [0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        chunk[2..4].copy_from_slice(&chunk_len.to_be_bytes());
        chunk[4..8].copy_from_slice(&sequence.to_be_bytes());
        self.put(&chunk);
        let ports = [source, destination].map(u16::to_be_bytes);
        self.put(&[ports.as_flattened(), &tag.to_be_bytes(), &[0; 4]].concat());
        let sum = crc32c(self.bytes()).to_le_bytes();
        self.set(8, [sum[0], sum[1]]);
        self.set(10, [sum[2], sum[3]]);
    }

    /// ICMP, or ICMPv6 for IPv6 addresses; `rest` are the four bytes behind the checksum.
    pub fn icmp(&mut self, ends: &Ends, icmp_type: u8, code: u8, rest: [u8; 4]) {
        let [a, b, c, d] = rest;
        self.put(&[icmp_type, code, 0, 0, a, b, c, d]);
        let sum = match ends.is_ipv6() {
            true => self.checksum(ends, 58),
            false => internet_checksum(0, &[self.bytes()]),
        };
        self.set(2, sum.to_be_bytes());
    }

    /// IPv4 or IPv6 around what is there; a piece of IPv6 gets its fragment header.
    pub fn ip(&mut self, ends: &Ends, protocol: u8, identification: u32, hops: u8, piece: Option<Piece>) {
        let (addresses, len) = ends.bytes();
        let addresses = addresses.get(..len).unwrap_or_default();
        if !ends.is_ipv6() {
            let flags = piece.map_or(0, |piece| (u16::from(piece.has_more) << 13) | (piece.offset / 8));
            let mut header = [0x45, 0, 0, 0, 0, 0, 0, 0, hops, protocol, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            header[2..4].copy_from_slice(&self.len16(20).to_be_bytes());
            header[4..6].copy_from_slice(&(identification as u16).to_be_bytes());
            header[6..8].copy_from_slice(&flags.to_be_bytes());
            header[12..].copy_from_slice(addresses);
            let sum = internet_checksum(0, &[&header]);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            return self.put(&header);
        }
        let mut next = protocol;
        if let Some(piece) = piece {
            let place = piece.offset | u16::from(piece.has_more);
            self.put(&[&[protocol, 0][..], &place.to_be_bytes(), &identification.to_be_bytes()].concat());
            next = 44;
        }
        let mut header = [0; 40];
        header[0] = 0x60;
        header[4..6].copy_from_slice(&self.len16(0).to_be_bytes());
        header[6..8].copy_from_slice(&[next, hops]);
        header[8..].copy_from_slice(addresses);
        self.put(&header);
    }

    /// ARP for IPv4 on Ethernet: 1 request, 2 reply (RFC 826).
    pub fn arp(&mut self, operation: u8, sender: ([u8; 6], [u8; 4]), target: ([u8; 6], [u8; 4])) {
        let fixed = [0, 1, 8, 0, 6, 4, 0, operation];
        self.put(&[&fixed[..], &sender.0, &sender.1, &target.0, &target.1].concat());
    }

    /// GRE with a protocol type and nothing else (RFC 2784).
    pub fn gre(&mut self, protocol: u16) {
        self.put([0, protocol].map(u16::to_be_bytes).as_flattened());
    }

    /// VXLAN (RFC 7348); UDP port 4789.
    pub fn vxlan(&mut self, network: u32) {
        self.put([0x0800_0000, network << 8].map(u32::to_be_bytes).as_flattened());
    }

    /// Geneve without options (RFC 8926); UDP port 6081.
    pub fn geneve(&mut self, protocol: u16, network: u32) {
        self.put([u32::from(protocol), network << 8].map(u32::to_be_bytes).as_flattened());
    }

    /// GTP-U, a packet of a tunnel (3GPP TS 29.281); UDP port 2152.
    pub fn gtp(&mut self, tunnel: u32) {
        let len = u32::from(self.len16(0));
        self.put([0x30ff_0000 | len, tunnel].map(u32::to_be_bytes).as_flattened());
    }

    /// PPPoE session and PPP protocol: 0x0021 IPv4, 0x0057 IPv6 (RFC 2516).
    pub fn pppoe(&mut self, session: u16, protocol: u16) {
        self.put([0x1100, session, self.len16(2), protocol].map(u16::to_be_bytes).as_flattened());
    }

    /// An entry of an MPLS label stack (RFC 3032).
    pub fn mpls(&mut self, label: u32, is_bottom: bool) {
        self.put(&(label << 12 | u32::from(is_bottom) << 8 | 64).to_be_bytes());
    }

    /// A VLAN tag behind its own EtherType, before that of what is there (IEEE 802.1Q).
    pub fn vlan(&mut self, id: u16, ether_type: u16) {
        self.put([id & 0xfff, ether_type].map(u16::to_be_bytes).as_flattened());
    }

    /// Ethernet II, filled up to the least length of 60 bytes.
    pub fn ethernet(&mut self, destination: [u8; 6], source: [u8; 6], ether_type: u16) {
        self.put(&[&destination[..], &source, &ether_type.to_be_bytes()].concat());
    }
}

/// The checksum of the Internet protocols (RFC 1071) over parts of even length, but for the last, and a number.
fn internet_checksum(number: u64, parts: &[&[u8]]) -> u16 {
    // The sum does not depend on the byte order as long as the result is swapped back.
    let mut sum = u64::from(u32::try_from(number).unwrap_or(u32::MAX).to_be());
    for part in parts {
        let (words, rest) = part.as_chunks::<4>();
        sum += words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum::<u64>();
        let mut last = [0; 4];
        last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        sum += u64::from(u32::from_ne_bytes(last));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::from_be(sum as u16)
}

/// CRC-32C of SCTP (RFC 9260, appendix A).
fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut value = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { value >> 1 ^ 0x82f6_3b78 } else { value >> 1 };
                bit += 1;
            }
            table[byte] = value;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, byte| TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ crc >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Word by word in network order.
    fn slow_sum(bytes: &[u8]) -> u32 {
        bytes
            .chunks(2)
            .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)))
            .sum()
    }

    #[test]
    fn checksums() {
        // The example of RFC 1071, section 3.
        assert_eq!(internet_checksum(0, &[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        for len in 0..40u8 {
            let bytes: Vec<u8> = (0..len).map(|i| i.wrapping_mul(151) ^ 0xa5).collect();
            let mut sum = slow_sum(&bytes) + 17;
            while sum > 0xffff {
                sum = (sum & 0xffff) + (sum >> 16);
            }
            assert_eq!(internet_checksum(17, &[&bytes]), !(sum as u16), "{len}");
        }
        // The check value of the CRC catalogue.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn headers_beyond_the_room() {
        let mut frame = Frame::new(b"payload");
        (0..500).for_each(|label| frame.mpls(label, label == 0));
        assert_eq!(frame.bytes().len(), 2007);
        assert!(frame.bytes().ends_with(b"payload"));
        assert_eq!(frame.bytes()[..4], [0, 0x1f, 0x30, 64]);
    }
}
