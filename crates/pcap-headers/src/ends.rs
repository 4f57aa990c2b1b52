//! Who spoke to whom, by the headers of a packet: what conversations and endpoints count (semantics 8).

use std::ops::ControlFlow;

use crate::bytes::array;
use crate::fields::{MAX_DATAGRAMS, Reassembler, Shown, sound_ipv4, visit};
use crate::layers::{
    Ethernet, Ipv4, Ipv6, Kind, Layer, Span, Tcp, Udp, exported_ipv4, jumbo_len, nflog_packet, of_ether_type,
    of_ip_protocol, of_udp_port,
};
use crate::linktype::LinkType;
use crate::packet::Packet;
use crate::walk::Walk;

/// A layer whose ends are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndKind {
    /// Ethernet.
    Eth,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// TCP, with the addresses around it.
    Tcp,
    /// UDP, with the addresses around it.
    Udp,
}

/// What addresses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Network {
    /// There are none: a transport header without a network header around it.
    #[default]
    None,
    /// Of Ethernet: the first 6 bytes, zeros behind them.
    Mac,
    /// Of IPv4: the first 4 bytes, zeros behind them.
    Ipv4,
    /// Of IPv6: all 16 bytes.
    Ipv6,
}

/// The two ends of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndPair {
    /// Whose header it is.
    pub kind: EndKind,
    /// What the addresses are.
    pub network: Network,
    /// Source address.
    pub source: [u8; 16],
    /// Destination address: the final one, if a source route or (behind TCP and UDP) an IPv6 routing header names it.
    pub destination: [u8; 16],
    /// Source port; 0 without ports.
    pub source_port: u16,
    /// Destination port; 0 without ports.
    pub destination_port: u16,
    /// What tells the streams of TCP apart; zeros for others.
    pub segment: Segment,
}

/// The part of a TCP header by which streams between the same ends are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Segment {
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// Flags, 12 bits.
    pub flags: u16,
    /// The header is quoted or sampled and counts for nothing, but a connection that it opens is another stream.
    pub is_quoted: bool,
}

/// Reads the ends of every header of some layers, in the order in which they lie in a packet, outermost first.
///
/// Tunnels are looked into. A header counts if all of it was captured and makes sense; those that ICMP quotes and sFlow
/// samples do not, but for [`Segment::is_quoted`]. Fragments are put together: what a datagram holds counts for the packet
/// that completes it.
///
/// ```
/// use pcap_headers::{EndKind, Ends, LinkType, Packet};
///
/// // IPv4 within IPv4.
/// let outer = [0x45, 0, 0, 40, 0, 1, 0, 0, 64, 4, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
/// let inner = [0x45, 0, 0, 20, 0, 2, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
/// let data = [outer, inner].concat();
/// let mut sources = Vec::new();
/// let mut ends = Ends::new([EndKind::Ipv4]);
/// ends.read(&Packet::new(LinkType(101), &data), |pair| sources.push(pair.source[..4].to_vec()));
/// assert_eq!(sources, [[192, 0, 2, 1], [10, 0, 0, 1]]);
/// ```
///
/// # Cost
///
/// Ethernet, perhaps behind VLAN tags, with IPv4 or IPv6 and no tunnel: a few loads, none behind the layers asked for
/// that could hold no other. Anything else costs a walk. No allocation but for fragments.
#[derive(Debug, Clone)]
pub struct Ends {
    wanted: Wanted,
    reassembler: Reassembler,
}

/// The layers that are asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    eth: bool,
    ipv4: bool,
    ipv6: bool,
    tcp: bool,
    udp: bool,
}

impl Ends {
    /// A reader of the ends of these layers.
    #[must_use]
    pub fn new(kinds: impl IntoIterator<Item = EndKind>) -> Self {
        let mut wanted = Wanted::default();
        for kind in kinds {
            *match kind {
                EndKind::Eth => &mut wanted.eth,
                EndKind::Ipv4 => &mut wanted.ipv4,
                EndKind::Ipv6 => &mut wanted.ipv6,
                EndKind::Tcp => &mut wanted.tcp,
                EndKind::Udp => &mut wanted.udp,
            } = true;
        }
        Self { wanted, reassembler: Reassembler::default() }
    }

    /// Shows the ends of the next packet of a file.
    #[inline]
    pub fn read(&mut self, packet: &Packet<'_>, mut show: impl FnMut(&EndPair)) {
        if packet.link_type == LinkType(1)
            && let Some(stack) = ethernet(packet.data, self.wanted)
        {
            stack.into_iter().flatten().for_each(|pair| show(&pair));
            return;
        }
        self.read_general(packet, &mut show);
    }

    /// [`read`](Self::read) by the general walk alone: slower, and the same.
    #[cold]
    #[inline(never)]
    pub fn read_general(&mut self, packet: &Packet<'_>, mut show: impl FnMut(&EndPair)) {
        let (wanted, mut around) = (self.wanted, Around::default());
        let mut walk = hidden(packet).unwrap_or_else(|| Walk::new(packet));
        let _: ControlFlow<()> = visit(&mut walk, &mut self.reassembler, MAX_DATAGRAMS, &mut |shown| {
            let pair = match shown {
                Shown::Layer(layer) => around.pair(layer, wanted),
                Shown::Datagram(protocol, payload) => around.completed(protocol, payload),
            };
            pair.into_iter().for_each(|pair| show(&pair));
            ControlFlow::Continue(())
        });
    }

    /// How many fragments were put together or wait for it so far. Where there were none, no packet's ends depend on a packet
    /// before it.
    #[must_use]
    pub fn fragments(&self) -> u64 {
        self.reassembler.taken()
    }
}

/// A walk over what the reference counts, but shows no fields of: frames behind netANALYZER's header, and what was captured of
/// the packets of a netfilter log.
fn hidden<'a>(packet: &Packet<'a>) -> Option<Walk<'a>> {
    const NFLOG: u32 = 239;
    const NET_ANALYZER: u32 = 240;
    let span = Span::new(packet.data, packet.wire_len as usize);
    let (kind, span) = match packet.link_type.0 {
        NFLOG => nflog_packet(span)?,
        NET_ANALYZER => (Some(Kind::Ethernet), span.after(4)),
        _ => return None,
    };
    Some(Walk::from(kind, span))
}

/// Extension headers of IPv6 (RFC 8200, 4; RFC 4302; RFC 6275; RFC 5533).
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const SHIM6: u8 = 140;

const NOTHING: EndPair = EndPair {
    kind: EndKind::Eth,
    network: Network::None,
    source: [0; 16],
    destination: [0; 16],
    source_port: 0,
    destination_port: 0,
    segment: Segment { sequence: 0, acknowledgement: 0, flags: 0, is_quoted: false },
};

fn padded<const N: usize>(address: [u8; N]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(address).for_each(|(byte, value)| *byte = value);
    bytes
}

/// The addresses around a layer.
#[derive(Debug, Clone, Copy, Default)]
struct Around {
    network: Network,
    source: [u8; 16],
    destination: [u8; 16],
    /// The header of IPv6 in whose datagram a fragment is: it counts when that is complete.
    waiting: Option<EndPair>,
}

impl Around {
    fn new<const N: usize>(network: Network, source: [u8; N], destination: [u8; N]) -> Self {
        Self { network, source: padded(source), destination: padded(destination), waiting: None }
    }

    fn pair_of(self, kind: EndKind) -> EndPair {
        let Self { network, source, destination, .. } = self;
        EndPair { kind, network, source, destination, ..NOTHING }
    }

    /// The ends of the header whose last fragment has come.
    fn completed(&mut self, protocol: u8, payload: &[u8]) -> Option<EndPair> {
        self.waiting.take().filter(|_| follow(protocol, payload) == Extensions::Whole)
    }

    /// The ends of a layer that counts; addresses are kept for the layers inside.
    fn pair(&mut self, layer: &Layer<'_>, wanted: Wanted) -> Option<EndPair> {
        let is_quoted = layer.quoted_by().is_some();
        let bytes = layer.span().bytes();
        match layer.kind() {
            // The headers of ISL and FabricPath look like Ethernet's.
            Kind::Ethernet | Kind::Isl | Kind::FabricPath => {
                let header = Ethernet::from_prefix(bytes);
                header.ether_type()?;
                let pair =
                    Self::new(Network::Mac, header.source()?, header.destination()?).pair_of(EndKind::Eth);
                (wanted.eth && !is_quoted).then_some(pair)
            }
            Kind::Ipv4 => {
                let header = sound_ipv4(layer).filter(|header| header.header_len() <= Some(bytes.len()))?;
                *self = Self::new(Network::Ipv4, header.source()?, header.counted_destination()?);
                (wanted.ipv4 && !is_quoted).then(|| self.pair_of(EndKind::Ipv4))
            }
            Kind::Ipv6 => {
                let header = Ipv6::from_prefix(bytes);
                if header.version() != Some(6) {
                    return None;
                }
                *self = Self::new(Network::Ipv6, header.source()?, header.destination()?);
                let pair = self.pair_of(EndKind::Ipv6);
                let extensions = layer.span().after(Ipv6::LEN);
                let extensions = match header.payload_len()? {
                    0 if jumbo_len(header.next_header()?, extensions) > Some(0xffff) => extensions,
                    len => extensions.cut(len.into()),
                };
                match follow(header.next_header()?, extensions.bytes()) {
                    _ if !wanted.ipv6 || is_quoted => None,
                    Extensions::Whole => Some(pair),
                    Extensions::Fragment => {
                        self.waiting = Some(pair);
                        None
                    }
                    Extensions::Broken => None,
                }
            }
            Kind::ExportedPdu => {
                let source = exported_ipv4(layer.span(), 20)?;
                *self = Self::new(Network::Ipv4, source, exported_ipv4(layer.span(), 21)?);
                None
            }
            Kind::Routing if self.network == Network::Ipv6 => {
                self.destination = routed_to(bytes).unwrap_or(self.destination);
                None
            }
            Kind::Tcp if wanted.tcp => tcp(bytes, is_quoted, self.pair_of(EndKind::Tcp)),
            Kind::Udp if wanted.udp && !is_quoted => {
                // Without a length only jumbograms of IPv6 make sense.
                let header = Udp::from_prefix(bytes);
                let is_sound = match header.length()? {
                    0 => self.network == Network::Ipv6,
                    len => len >= 8,
                };
                udp(bytes, self.pair_of(EndKind::Udp)).filter(|_| is_sound)
            }
            _ => None,
        }
    }
}

/// What became of the extension headers behind a header of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extensions {
    /// All of them are there.
    Whole,
    /// There is a piece of a datagram behind them.
    Fragment,
    /// One of them is cut, or longer than the packet; the reference does not come back from one of mobility.
    Broken,
}

/// Follows extension headers: a header of IPv6 counts behind them.
fn follow(mut next: u8, mut bytes: &[u8]) -> Extensions {
    loop {
        let len = match (next, bytes) {
            (HOP_BY_HOP | ROUTING | DESTINATION | SHIM6, [_, units, ..]) => 8 + 8 * usize::from(*units),
            (AUTHENTICATION, [_, units, ..]) => 8 + 4 * usize::from(*units),
            (FRAGMENT, [_, _, o0, o1, _, _, _, _, ..]) => {
                if u16::from_be_bytes([*o0, *o1]) & 0xfff9 != 0 {
                    return Extensions::Fragment;
                }
                8
            }
            (HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | SHIM6 | AUTHENTICATION | FRAGMENT, _) => {
                return Extensions::Broken;
            }
            _ => return Extensions::Whole,
        };
        let (Some((behind, _)), Some(rest)) = (bytes.split_first(), bytes.get(len..)) else {
            return Extensions::Broken;
        };
        (next, bytes) = (*behind, rest);
    }
}

/// Where a routing header (RFC 8200, 4.4) whose route is not at its end leads: the last address of type 0, the only one of
/// type 2 (RFC 6275), the first of a segment list, type 4 (RFC 8754).
fn routed_to(header: &[u8]) -> Option<[u8; 16]> {
    let [_, units, route_type, left] = array(header, 0)?;
    let addresses = usize::from(units) / 2;
    let place = match route_type {
        _ if left == 0 => return None,
        0 => addresses.checked_sub(1)?,
        2 | 4 if addresses > 0 => 0,
        _ => return None,
    };
    array(header, 8 + 16 * place)
}

/// A header with its options.
#[inline]
fn tcp(bytes: &[u8], is_quoted: bool, around: EndPair) -> Option<EndPair> {
    let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, f0, f1, ..]: [u8; Tcp::LEN] = array(bytes, 0)?;
    let len = usize::from(f0 >> 4) * 4;
    let segment = Segment {
        sequence: u32::from_be_bytes([q0, q1, q2, q3]),
        acknowledgement: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: u16::from_be_bytes([f0, f1]) & 0xfff,
        is_quoted,
    };
    let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    (Tcp::LEN..=bytes.len()).contains(&len).then_some(EndPair {
        source_port,
        destination_port,
        segment,
        ..around
    })
}

#[inline]
fn udp(bytes: &[u8], around: EndPair) -> Option<EndPair> {
    let [s0, s1, d0, d1, ..]: [u8; Udp::LEN] = array(bytes, 0)?;
    let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    Some(EndPair { source_port, destination_port, ..around })
}

/// Up to one header of Ethernet, IP and transport.
type Stack = [Option<EndPair>; 3];

/// The usual stack behind Ethernet. None if there is anything that only the walk can tell. What is looked at here, and where
/// it stops, is what [`crate::layers`] does with the same bytes.
#[inline(always)]
fn ethernet(data: &[u8], wanted: Wanted) -> Option<Stack> {
    const VLAN: u16 = 0x8100;
    let header: [u8; 14] = array(data, 0)?;
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = header;
    let eth = wanted.eth.then(|| {
        let (source, destination) = ([s0, s1, s2, s3, s4, s5], [d0, d1, d2, d3, d4, d5]);
        Around::new(Network::Mac, source, destination).pair_of(EndKind::Eth)
    });
    let mut ether_type = u16::from_be_bytes([t0, t1]);
    let mut at = 14;
    while ether_type == VLAN && at < 22 {
        let [_, _, t0, t1] = array(data, at)?;
        ether_type = u16::from_be_bytes([t0, t1]);
        at += 4;
    }
    let rest = data.get(at..)?;
    let (ip, transport) = match ether_type {
        0x0800 => ipv4(rest, wanted)?,
        0x86dd => ipv6(rest, wanted)?,
        0x0806 | 0x8035 => (None, None),
        // What is no layer has no ends. From 0x600 on it is a type.
        0x0600.. if ether_type != 0x8903 && of_ether_type(ether_type).is_none() => (None, None),
        _ => return None,
    };
    Some([eth, ip, transport])
}

/// A header without options, of a datagram in one piece.
#[inline(always)]
fn ipv4(bytes: &[u8], wanted: Wanted) -> Option<(Option<EndPair>, Option<EndPair>)> {
    let header: [u8; 20] = array(bytes, 0)?;
    let [version_and_len, _, l0, l1, _, _, f0, f1, _, protocol, _, _, addresses @ ..] = header;
    let total_len = usize::from(u16::from_be_bytes([l0, l1]));
    let place = u16::from_be_bytes([f0, f1]);
    if version_and_len != 0x45 || total_len < Ipv4::LEN || place & 0x3fff != 0 {
        return None;
    }
    let [a, b, c, d, e, f, g, h] = addresses;
    let around = Around::new(Network::Ipv4, [a, b, c, d], [e, f, g, h]);
    let payload = bytes.get(..total_len).unwrap_or(bytes).get(Ipv4::LEN..)?;
    Some((wanted.ipv4.then(|| around.pair_of(EndKind::Ipv4)), transport(protocol, payload, around, wanted)?))
}

/// A header with no extension headers behind it.
#[inline(always)]
fn ipv6(bytes: &[u8], wanted: Wanted) -> Option<(Option<EndPair>, Option<EndPair>)> {
    let header: [u8; 40] = array(bytes, 0)?;
    let [v0, _, _, _, p0, p1, next, ..] = header;
    if v0 >> 4 != 6 || matches!(next, MOBILITY | SHIM6) {
        return None;
    }
    let around = Around::new::<16>(Network::Ipv6, array(&header, 8)?, array(&header, 24)?);
    let payload_len = usize::from(u16::from_be_bytes([p0, p1]));
    let rest = bytes.get(Ipv6::LEN..)?;
    let payload = rest.get(..payload_len).unwrap_or(rest);
    Some((wanted.ipv6.then(|| around.pair_of(EndKind::Ipv6)), transport(next, payload, around, wanted)?))
}

/// What holds no other packet: TCP, UDP by no tunnel's ports, ICMP that quotes no TCP that matters, and what is no layer.
#[inline(always)]
fn transport(protocol: u8, bytes: &[u8], around: Around, wanted: Wanted) -> Option<Option<EndPair>> {
    match protocol {
        6 if wanted.tcp => Some(tcp(bytes, false, around.pair_of(EndKind::Tcp))),
        17 => {
            let [s0, s1, d0, d1, l0, l1, ..]: [u8; Udp::LEN] = array(bytes, 0)?;
            let (source, destination) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
            let is_tunnel = of_udp_port(source).is_some() || of_udp_port(destination).is_some();
            if is_tunnel || u16::from_be_bytes([l0, l1]) < 8 {
                return None;
            }
            Some(if wanted.udp { udp(bytes, around.pair_of(EndKind::Udp)) } else { None })
        }
        6 => Some(None),
        1 | 58 if !wanted.tcp => Some(None),
        _ if of_ip_protocol(protocol).is_none() => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [EndKind; 5] = [EndKind::Eth, EndKind::Ipv4, EndKind::Ipv6, EndKind::Tcp, EndKind::Udp];

    /// Every choice of layers, both ways.
    fn check(data: &[u8], wire_len: u32) {
        let packet = Packet { wire_len, ..Packet::new(LinkType(1), data) };
        for choice in 0..1 << ALL.len() {
            let kinds =
                ALL.iter().enumerate().filter(|(bit, _)| choice >> bit & 1 == 1).map(|(_, kind)| *kind);
            let mut ends = Ends::new(kinds);
            let (mut direct, mut general) = (Vec::new(), Vec::new());
            ends.read_general(&packet, |pair| general.push(*pair));
            let mut ends = Ends { reassembler: Reassembler::default(), ..ends };
            ends.read(&packet, |pair| direct.push(*pair));
            assert_eq!(direct, general, "{choice:05b} {data:02x?}");
        }
    }

    fn transport_header(protocol: u8, ports: [u16; 2], len: u16, noise: u8) -> Vec<u8> {
        let ports = ports.map(u16::to_be_bytes).concat();
        match protocol {
            6 => [&ports[..], &[0, 0, 0, 1, 0, 0, 0, noise, noise, 0x18, 0x20, 0, 0, 0, 0, 0], &[0; 12]]
                .concat(),
            17 => [&ports[..], &len.to_be_bytes(), &[0, 0], &[0; 12]].concat(),
            _ => [&[noise, 1, 0, 0, 0, 0, 0, 0][..], &[0x45; 40]].concat(),
        }
    }

    fn port() -> impl Strategy<Value = u16> {
        prop_oneof![Just(443), Just(4789), Just(2152), any::<u16>()]
    }

    prop_compose! {
        fn frames()(
            tags in 0usize..4, v6: bool,
            protocol in prop_oneof![Just(1u8), Just(6), Just(17), Just(58), Just(60), Just(135), any::<u8>()],
            ports in [port(), port()], len in prop_oneof![Just(0u16), 0u16..100, any::<u16>()], noise: u8,
            place in prop_oneof![4 => Just(0u16), 1 => any::<u16>()], first in prop_oneof![8 => Just(0x45u8), 1 => any::<u8>()],
            ether_type in prop_oneof![16 => Just(None), 2 => any::<u16>().prop_map(Some), 1 => Just(Some(0x8903))],
            udp_len in prop_oneof![Just(8u16), 0u16..10, any::<u16>()],
            cut in 0usize..140, more in 0u32..40, tail in proptest::collection::vec(any::<u8>(), 0..40),
        ) -> (Vec<u8>, u32) {
            let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
            (0..tags).for_each(|tag| frame.extend([0x81, 0, noise, tag as u8]));
            frame.extend(ether_type.unwrap_or(if v6 { 0x86dd } else { 0x800 }).to_be_bytes());
            if v6 {
                frame.extend([0x60 | first & 0xf, 1, 2, 3]);
                frame.extend(len.to_be_bytes());
                frame.extend([protocol, 64]);
                frame.extend([0x20; 32]);
            } else {
                frame.extend([first, 0]);
                frame.extend(len.to_be_bytes());
                frame.extend([0, 7]);
                frame.extend(place.to_be_bytes());
                frame.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
            }
            frame.extend(transport_header(protocol, ports, udp_len, noise));
            frame.extend(tail);
            frame.truncate(cut);
            let wire_len = (frame.len() as u32 + more).saturating_sub(5);
            (frame, wire_len)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn the_direct_way_is_the_walk((frame, wire_len) in frames()) {
            check(&frame, wire_len);
        }
    }

    /// As the reference counts crafted packets.
    #[test]
    fn extension_headers() {
        let options = [17, 0, 1, 4, 0, 0, 0, 0];
        for (next, bytes, expected) in [
            (17, &[][..], Extensions::Whole),
            (59, &[], Extensions::Whole),
            (DESTINATION, &options, Extensions::Whole),
            (DESTINATION, &options[..7], Extensions::Broken),
            (DESTINATION, &[17, 1, 1, 4, 0, 0, 0, 0], Extensions::Broken),
            (HOP_BY_HOP, &[17], Extensions::Broken),
            (SHIM6, &options, Extensions::Whole),
            (MOBILITY, &[59, 0, 0, 0, 0, 0, 0, 0], Extensions::Broken),
            (FRAGMENT, &[17, 0, 0, 0, 0, 0, 0, 1], Extensions::Whole),
            (FRAGMENT, &[17, 0, 0, 1, 0, 0, 0, 1], Extensions::Fragment),
            (FRAGMENT, &[17, 0, 0, 8, 0, 0, 0, 1], Extensions::Fragment),
            (AUTHENTICATION, &[17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Extensions::Whole),
            (AUTHENTICATION, &[17, 4, 0, 0, 0, 0, 0, 0], Extensions::Broken),
        ] {
            assert_eq!(follow(next, bytes), expected, "{next} {bytes:?}");
        }
    }

    #[test]
    fn routing_headers() {
        let header =
            |route_type, left| [&[17, 4, route_type, left, 0, 0, 0, 0][..], &[1; 16], &[2; 16]].concat();
        for (route_type, left, expected) in
            [(0, 0, None), (0, 1, Some([2; 16])), (2, 1, Some([1; 16])), (4, 2, Some([1; 16])), (9, 1, None)]
        {
            assert_eq!(routed_to(&header(route_type, left)), expected, "{route_type} {left}");
        }
        assert_eq!(routed_to(&header(0, 1)[..30]), None);
    }
}
