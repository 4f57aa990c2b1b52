//! Packets as rows of plain values: the usual stack of headers in one look, everything else by the general walk.

use crate::bytes::array;
use crate::columns::{Column, PacketRow, mapped};
use crate::fields::{Field, FieldTable, Fields, Occurrence};
use crate::layers::{Arp, Ipv4, Ipv6, Kind, Layer, Sctp, Tcp, Udp, of_ether_type, of_udp_port};
use crate::linktype::LinkType;
use crate::pieces::Timed;
use crate::walk::Walk;

/// Reads packets into [`PacketRow`]s.
///
/// Every packet is read by itself: fragments are not put together. Of several headers of a kind the outermost counts, field
/// by field (semantics 3).
///
/// ```
/// use pcap_headers::{Column, Cutter, Dissector, Options, PacketRow};
/// # let file = b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\x01\0\0\0\
/// #     \x0F\x19\xED\x57\xD6\x8C\x09\0\x04\0\0\0\x40\0\0\0\x02\0\0\0";
/// let piece = Cutter::new(Options::default(), 8192).next_of(file).ok_or("no packet")??;
/// let mut dissector = Dissector::new([Column::FrameLen, Column::IpLen]);
/// let mut row = PacketRow::default();
/// for timed in piece.packets() {
///     dissector.read(&timed, &mut row);
///     assert_eq!((row.frame_len, row.ip_len), (Some(64), None));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
///
/// Ethernet, perhaps behind VLAN tags, with IPv4 or IPv6 and TCP, UDP or ICMP: a few dozen loads and stores. Anything else
/// costs a walk. No allocation but for `frame_protocols`.
#[derive(Debug, Clone)]
pub struct Dissector {
    /// Whether anything but the frame itself is wanted.
    wants_layers: bool,
    /// Whether anything is wanted that a whole IPv4 header behind Ethernet does not settle.
    wants_more_than_ipv4: bool,
    wants_flow: bool,
    /// The fields that the general walk looks for, and the columns that they are.
    fields: Fields,
    columns: Vec<Column>,
    protocols_at: Option<usize>,
    protocols: String,
}

const FLOW: &[Column] = &[Column::Sip, Column::Dip, Column::Protocol, Column::Sport, Column::Dport];

impl Dissector {
    /// A dissector that finds out at least these columns.
    #[must_use]
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let mut wanted: Vec<Column> = Vec::new();
        for column in columns {
            // What is delivered and tested too is found out once.
            if !wanted.contains(&column) {
                wanted.push(column);
            }
        }
        let field_of = |column: &Column| {
            let field = FieldTable::all().iter().find(|field| is_named(field, column.name()))?;
            Some((*column, field))
        };
        // The walk would not know when to stop if it looked for what is no layer's.
        let of_layers = wanted.iter().filter(|column| !is_of_frame(**column));
        let (columns, fields): (Vec<Column>, Vec<&Field>) = of_layers.clone().filter_map(field_of).unzip();
        let protocols_at = columns.iter().position(|column| *column == Column::FrameProtocols);
        Self {
            wants_layers: of_layers.clone().next().is_some(),
            wants_more_than_ipv4: of_layers.clone().any(|column| !is_settled_by_ipv4(*column)),
            wants_flow: of_layers.clone().any(|column| FLOW.contains(column)),
            fields: Fields::of(fields, Occurrence::First).without_reassembly(),
            columns,
            protocols_at,
            protocols: String::new(),
        }
    }

    /// Puts the values of a packet into a row. Columns that were not asked for may be set too.
    #[inline]
    pub fn read(&mut self, timed: &Timed<'_>, row: &mut PacketRow) {
        *row = PacketRow::default();
        frame(timed, row);
        if !self.wants_layers {
            return;
        }
        let packet = &timed.packet;
        if packet.link_type == LinkType(1) && self.protocols_at.is_none() {
            let wire_len = packet.wire_len as usize;
            if ethernet(packet.data, wire_len, self.wants_more_than_ipv4, row).is_some() {
                return;
            }
            *row = PacketRow::default();
            frame(timed, row);
        }
        self.read_general(timed, row);
    }

    /// [`read`](Self::read) by the general walk alone: slower, and the same.
    #[cold]
    #[inline(never)]
    pub fn read_general(&mut self, timed: &Timed<'_>, row: &mut PacketRow) {
        *row = PacketRow::default();
        frame(timed, row);
        let packet = &timed.packet;
        self.fields.read(packet);
        for (at, column) in self.columns.iter().enumerate() {
            if let Some(value) = self.fields.value(at) {
                column.put(row, value);
            }
        }
        if let Some(at) = self.protocols_at {
            let mut text = std::mem::take(&mut self.protocols).into_bytes();
            text.clear();
            self.fields.write(at, ":", &mut text);
            self.protocols = String::from_utf8(text).unwrap_or_default();
        }
        if self.wants_flow {
            flow(Walk::new(packet), row);
        }
    }

    /// `frame_protocols` of the packet that was read last, if it was asked for.
    #[must_use]
    pub fn protocols(&self) -> Option<&str> {
        self.protocols_at.map(|_| self.protocols.as_str())
    }
}

/// Whether a field is the column of this name.
fn is_named(field: &Field, column: &str) -> bool {
    field.name().len() == column.len()
        && field.name().bytes().zip(column.bytes()).all(|(a, b)| a == b || (a == b'.' && b == b'_'))
}

/// What no layer is looked at for.
fn is_of_frame(column: Column) -> bool {
    use Column::{
        Bytes, FrameCapLen, FrameInterfaceId, FrameLen, FrameNumber, FrameTimeDelta, FrameTimeEpoch,
        FrameTimeRelative, Packets, Stime,
    };
    matches!(
        column,
        FrameNumber
            | FrameTimeEpoch
            | FrameTimeDelta
            | FrameTimeRelative
            | FrameLen
            | FrameCapLen
            | FrameInterfaceId
            | Stime
            | Packets
            | Bytes
    )
}

/// What has its first occurrence in an outermost IPv4 header behind Ethernet, whatever that carries.
fn is_settled_by_ipv4(column: Column) -> bool {
    use Column::{
        Dip, EthDst, EthSrc, EthType, IpDsfield, IpDst, IpFlags, IpFragOffset, IpHdrLen, IpId, IpLen,
        IpProto, IpSrc, IpTtl, IpVersion, Protocol, Sip,
    };
    matches!(
        column,
        EthSrc
            | EthDst
            | EthType
            | IpVersion
            | IpHdrLen
            | IpDsfield
            | IpLen
            | IpId
            | IpFlags
            | IpFragOffset
            | IpTtl
            | IpProto
            | IpSrc
            | IpDst
            | Sip
            | Dip
            | Protocol
    )
}

/// What is known of a packet without a look at its bytes.
#[inline]
fn frame(timed: &Timed<'_>, row: &mut PacketRow) {
    let packet = &timed.packet;
    let pseudo = packet.pseudo_header_len();
    let without = |len: usize| u32::try_from(len.saturating_sub(pseudo)).ok();
    row.frame_number = Some(packet.number);
    row.frame_time_epoch = packet.time_ns;
    row.frame_time_delta = timed.delta_ns;
    row.frame_time_relative = timed.relative_ns;
    row.frame_len = without(packet.wire_len as usize);
    row.frame_cap_len = without(packet.data.len());
    row.frame_interface_id = packet.interface;
}

/// The usual stack behind Ethernet. None if there is anything that only the walk can tell; the row may then hold some
/// values. What is looked at here, and where it stops, is what [`crate::layers`] does with the same bytes.
#[inline]
fn ethernet(data: &[u8], wire_len: usize, more_than_ipv4: bool, row: &mut PacketRow) -> Option<()> {
    const VLAN: u16 = 0x8100;
    let header: [u8; 14] = array(data, 0)?;
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = header;
    let mut ether_type = u16::from_be_bytes([t0, t1]);
    row.eth_dst = Some([d0, d1, d2, d3, d4, d5]);
    row.eth_src = Some([s0, s1, s2, s3, s4, s5]);
    row.eth_type = Some(ether_type);
    let mut at = 14;
    while ether_type == VLAN && at < 22 {
        let [c0, c1, t0, t1] = array(data, at)?;
        let id = u16::from_be_bytes([c0, c1]) & 0xfff;
        row.vlan_id = row.vlan_id.or(Some(id));
        ether_type = u16::from_be_bytes([t0, t1]);
        at += 4;
    }
    let rest = data.get(at..)?;
    let wire_len = wire_len.saturating_sub(at);
    match ether_type {
        0x0800 => ipv4(rest, wire_len, more_than_ipv4, row),
        0x86dd => ipv6(rest, wire_len, row),
        0x0806 | 0x8035 => {
            arp(rest, row);
            Some(())
        }
        // What is no layer has no fields. From 0x600 on it is a type.
        0x0600.. if ether_type != 0x8903 && !rest.is_empty() && of_ether_type(ether_type).is_none() => {
            Some(())
        }
        _ => None,
    }
}

/// A header without options, of a datagram in one piece.
#[inline]
fn ipv4(bytes: &[u8], wire_len: usize, more: bool, row: &mut PacketRow) -> Option<()> {
    let header: [u8; 20] = array(bytes, 0)?;
    let [version_and_len, dsfield, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _, addresses @ ..] = header;
    let total_len = u16::from_be_bytes([l0, l1]);
    let place = u16::from_be_bytes([f0, f1]);
    if version_and_len != 0x45 || usize::from(total_len) < Ipv4::LEN || (place & 0x3fff != 0 && more) {
        return None;
    }
    let [a, b, c, d, e, f, g, h] = addresses;
    let (source, destination) = (mapped([a, b, c, d]), mapped([e, f, g, h]));
    row.ip_version = Some(4);
    row.ip_hdr_len = Some(20);
    row.ip_dsfield = Some(dsfield);
    row.ip_len = Some(total_len.into());
    row.ip_id = Some(u16::from_be_bytes([i0, i1]));
    row.ip_flags = Some(f0 >> 5);
    row.ip_frag_offset = Some(place & 0x1fff);
    row.ip_ttl = Some(ttl);
    row.ip_proto = Some(protocol);
    (row.ip_src, row.ip_dst) = (Some(source), Some(destination));
    (row.sip, row.dip, row.protocol) = (Some(source), Some(destination), Some(protocol));
    if !more {
        return Some(());
    }
    let len = usize::from(total_len);
    let payload = bytes.get(..len).unwrap_or(bytes).get(Ipv4::LEN..)?;
    let wire_len = wire_len.min(len).saturating_sub(Ipv4::LEN);
    match protocol {
        1 => icmp(payload, row),
        _ => transport(protocol, payload, wire_len, row),
    }
}

/// A header with no extension headers behind it.
#[inline]
fn ipv6(bytes: &[u8], wire_len: usize, row: &mut PacketRow) -> Option<()> {
    let header: [u8; 40] = array(bytes, 0)?;
    let [v0, v1, v2, v3, p0, p1, next, hop_limit, ..] = header;
    let flow = u32::from_be_bytes([v0, v1, v2, v3]);
    let payload_len = u16::from_be_bytes([p0, p1]);
    if v0 >> 4 != 6 {
        return None;
    }
    let (source, destination) = (array(&header, 8), array(&header, 24));
    row.ip_version = Some(6);
    row.ipv6_plen = Some(payload_len);
    row.ipv6_nxt = Some(next);
    row.ipv6_hlim = Some(hop_limit);
    row.ipv6_flow = Some(flow & 0xf_ffff);
    (row.ipv6_src, row.ipv6_dst) = (source, destination);
    (row.sip, row.dip, row.protocol) = (source, destination, Some(next));
    let len = usize::from(payload_len);
    let rest = bytes.get(Ipv6::LEN..)?;
    let payload = rest.get(..len).unwrap_or(rest);
    let wire_len = wire_len.saturating_sub(Ipv6::LEN).min(len);
    match next {
        58 => icmpv6(payload, row),
        _ => transport(next, payload, wire_len, row),
    }
}

/// A whole header of TCP, or of UDP that is no tunnel.
#[inline]
fn transport(protocol: u8, bytes: &[u8], wire_len: usize, row: &mut PacketRow) -> Option<()> {
    match protocol {
        6 => {
            let header: [u8; 20] = array(bytes, 0)?;
            let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, f0, f1, w0, w1, ..] = header;
            let word = u16::from_be_bytes([f0, f1]);
            let len = usize::from(word >> 12) * 4;
            if len < Tcp::LEN {
                return None;
            }
            (row.tcp_srcport, row.tcp_dstport) =
                (Some(u16::from_be_bytes([s0, s1])), Some(u16::from_be_bytes([d0, d1])));
            (row.sport, row.dport) = (row.tcp_srcport, row.tcp_dstport);
            row.tcp_seq_raw = Some(u32::from_be_bytes([q0, q1, q2, q3]));
            row.tcp_ack_raw = Some(u32::from_be_bytes([a0, a1, a2, a3]));
            row.tcp_flags = Some(word & 0xfff);
            row.tcp_window_size_value = Some(u16::from_be_bytes([w0, w1]));
            row.tcp_len = wire_len.checked_sub(len).and_then(|len| u32::try_from(len).ok());
        }
        17 => {
            let header: [u8; 8] = array(bytes, 0)?;
            let [s0, s1, d0, d1, l0, l1, ..] = header;
            let (source, destination) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
            if of_udp_port(source).is_some() || of_udp_port(destination).is_some() {
                return None;
            }
            (row.udp_srcport, row.udp_dstport) = (Some(source), Some(destination));
            (row.sport, row.dport) = (row.udp_srcport, row.udp_dstport);
            row.udp_length = Some(u16::from_be_bytes([l0, l1]));
        }
        _ => return None,
    }
    Some(())
}

/// ATM's ARP has fields of its own (RFC 2225).
fn arp(bytes: &[u8], row: &mut PacketRow) {
    const ATM: u16 = 19;
    let header = Arp::from_prefix(bytes);
    if header.hardware_type() != Some(ATM) {
        row.arp_opcode = header.operation();
        row.arp_src_proto_ipv4 = header.sender_ipv4().map(mapped);
        row.arp_dst_proto_ipv4 = header.target_ipv4().map(mapped);
    }
}

/// A message that quotes no packet.
fn icmp(bytes: &[u8], row: &mut PacketRow) -> Option<()> {
    let [icmp_type, code, ..]: [u8; 8] = array(bytes, 0)?;
    (row.icmp_type, row.icmp_code) = (Some(icmp_type), Some(code));
    (!matches!(icmp_type, 3 | 4 | 5 | 11 | 12)).then_some(())
}

/// A message that quotes no packet.
fn icmpv6(bytes: &[u8], row: &mut PacketRow) -> Option<()> {
    let [icmp_type, code, ..]: [u8; 8] = array(bytes, 0)?;
    (row.icmpv6_type, row.icmpv6_code) = (Some(icmp_type), Some(code));
    (!matches!(icmp_type, 1..=4 | 137)).then_some(())
}

/// The outermost IP header and what it carries.
fn flow(walk: Walk<'_>, row: &mut PacketRow) {
    let (mut has_ip, mut is_ipv6) = (false, false);
    for layer in walk {
        let bytes = layer.span().bytes();
        match layer.kind() {
            Kind::Ipv4 | Kind::Ipv6 if has_ip => return,
            Kind::Ipv4 => {
                // A version of 6 is left to the layer that follows.
                let header = Ipv4::from_prefix(bytes);
                if header.version() != Some(6) {
                    has_ip = true;
                    (row.sip, row.dip, row.protocol) = ipv4_ends(&layer);
                }
            }
            Kind::Ipv6 => {
                (has_ip, is_ipv6) = (true, true);
                let header = Ipv6::from_prefix(bytes);
                if header.version() == Some(6) {
                    (row.sip, row.dip, row.protocol) =
                        (header.source(), header.destination(), header.next_header());
                }
            }
            Kind::HopByHop | Kind::DestinationOptions | Kind::Routing | Kind::Ah | Kind::Ipv6Fragment
                if has_ip =>
            {
                // IPv4 says itself what it carries.
                row.protocol = bytes.first().copied().filter(|_| is_ipv6).or(row.protocol);
            }
            Kind::Tcp if has_ip => {
                let header = Tcp::from_prefix(bytes);
                return (row.sport, row.dport) = whole(header.source_port(), header.destination_port());
            }
            Kind::Udp if has_ip => {
                let header = Udp::from_prefix(bytes);
                return (row.sport, row.dport) = whole(header.source_port(), header.destination_port());
            }
            Kind::Sctp if has_ip => {
                let header = Sctp::from_prefix(bytes);
                return (row.sport, row.dport) = whole(header.source_port(), header.destination_port());
            }
            // Behind it is another packet.
            _ if has_ip => return,
            _ => {}
        }
    }
}

/// Both ports or none.
fn whole(source: Option<u16>, destination: Option<u16>) -> (Option<u16>, Option<u16>) {
    source.zip(destination).unzip()
}

/// Source, destination and protocol as `ip.src`, `ip.dst` and `ip.proto` of this header.
fn ipv4_ends(layer: &Layer<'_>) -> (Option<[u8; 16]>, Option<[u8; 16]>, Option<u8>) {
    match crate::fields::sound_ipv4(layer) {
        Some(header) => {
            (header.source().map(mapped), header.final_destination().map(mapped), header.protocol())
        }
        None => (None, None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Packet;
    use proptest::prelude::*;

    fn timed(data: &[u8], wire_len: u32) -> Timed<'_> {
        Timed {
            packet: Packet { wire_len, ..Packet::new(LinkType(1), data) },
            delta_ns: Some(1),
            relative_ns: None,
        }
    }

    /// Only the wanted columns count: others may be set or not.
    fn only(wanted: &[Column], row: &PacketRow) -> Vec<String> {
        let mut text = Text(Vec::new());
        wanted.iter().for_each(|column| column.read(std::slice::from_ref(row), &mut text));
        text.0
    }

    struct Text(Vec<String>);

    macro_rules! text {
        ($($method:ident: $type:ty,)*) => {
            impl crate::Sink for Text {
                $(fn $method(&mut self, values: impl Iterator<Item = Option<$type>> + Clone) {
                    self.0.extend(values.map(|value| format!("{value:?}")));
                })*
            }
        };
    }
    text! { u8: u8, u16: u16, u32: u32, u64: u64, i64: i64, mac: [u8; 6], address: [u8; 16], }

    const SOME: [&[Column]; 5] = [
        Column::ALL,
        &[
            Column::FrameNumber,
            Column::FrameTimeEpoch,
            Column::IpLen,
            Column::EthSrc,
            Column::EthDst,
            Column::IpSrc,
            Column::IpDst,
            Column::IpProto,
        ],
        &[Column::Sip, Column::Dip, Column::Protocol, Column::Bytes],
        &[Column::VlanId, Column::Sport, Column::Dport],
        &[Column::Stime, Column::Bytes],
    ];

    fn check(data: &[u8], wire_len: u32) {
        let packet = timed(data, wire_len);
        for wanted in SOME {
            let wanted: Vec<Column> =
                wanted.iter().copied().filter(|c| *c != Column::FrameProtocols).collect();
            let mut dissector = Dissector::new(wanted.iter().copied());
            let (mut direct, mut general) = (PacketRow::default(), PacketRow::default());
            dissector.read(&packet, &mut direct);
            dissector.read_general(&packet, &mut general);
            assert_eq!(only(&wanted, &direct), only(&wanted, &general), "{data:02x?}");
        }
    }

    /// Threads work with clones: these go the same ways, and look for no more.
    #[test]
    fn a_clone_is_its_original() {
        let asked = SOME.iter().map(|wanted| wanted.to_vec()).chain([
            vec![Column::FrameProtocols],
            vec![Column::Sip, Column::IpSrc, Column::Sip],
            vec![Column::Sport, Column::FrameProtocols, Column::Sport, Column::FrameProtocols],
        ]);
        for wanted in asked {
            let original = Dissector::new(wanted.iter().copied());
            let clone = original.clone().clone();
            let ways = |of: &Dissector| {
                (of.wants_layers, of.wants_more_than_ipv4, of.wants_flow, of.columns.clone(), of.protocols_at)
            };
            assert_eq!(ways(&clone), ways(&original));
            let repeated = wanted.iter().filter(|column| wanted.iter().filter(|c| c == column).count() > 1);
            for column in repeated {
                assert!(original.columns.iter().filter(|known| *known == column).count() <= 1);
            }
        }
        assert!(!Dissector::new([Column::Sip, Column::Protocol]).clone().wants_more_than_ipv4);
        assert!(Dissector::new([Column::Sip, Column::Sport]).clone().wants_more_than_ipv4);
    }

    fn header(kind: u8, ports: [u16; 2], len: u16, noise: u8) -> Vec<u8> {
        let ports = ports.map(u16::to_be_bytes).concat();
        match kind {
            6 => [&ports[..], &[0, 0, 0, 1, 0, 0, 0, noise, noise, 0x18, 0x20, 0, 0, 0, 0, 0], &[0; 12]]
                .concat(),
            17 => [&ports[..], &len.to_be_bytes(), &[0, 0], &[0; 12]].concat(),
            _ => [&[noise, 1, 0, 0, 0, 0, 0, 0][..], &[0x45; 40]].concat(),
        }
    }

    fn port() -> impl Strategy<Value = u16> {
        prop_oneof![Just(443), Just(4789), Just(6081), Just(2152), any::<u16>()]
    }

    prop_compose! {
        fn frames()(
            tags in 0usize..4, v6: bool, kind in prop_oneof![Just(1u8), Just(6), Just(17), Just(58), Just(132), any::<u8>()],
            ports in [port(), port()], len in prop_oneof![Just(0u16), 0u16..100, any::<u16>()], noise: u8,
            place in prop_oneof![4 => Just(0u16), 1 => any::<u16>()], first in prop_oneof![8 => Just(0x45u8), 1 => any::<u8>()],
            ether_type in prop_oneof![16 => Just(None), 2 => any::<u16>().prop_map(Some), 1 => Just(Some(0x0806))],
            udp_len in prop_oneof![Just(8u16), any::<u16>()],
            cut in 0usize..140, more in 0u32..40, tail in proptest::collection::vec(any::<u8>(), 0..40),
        ) -> (Vec<u8>, u32) {
            let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
            for tag in 0..tags {
                frame.extend([0x81, 0, noise, tag as u8]);
            }
            frame.extend(ether_type.unwrap_or(if v6 { 0x86dd } else { 0x800 }).to_be_bytes());
            if v6 {
                frame.extend([0x60 | first & 0xf, 1, 2, 3]);
                frame.extend(len.to_be_bytes());
                frame.extend([kind, 64]);
                frame.extend([0x20; 32]);
            } else {
                frame.extend([first, 0]);
                frame.extend(len.to_be_bytes());
                frame.extend([0, 7]);
                frame.extend(place.to_be_bytes());
                frame.extend([64, kind, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
            }
            frame.extend(header(kind, ports, udp_len, noise));
            frame.extend(tail);
            frame.truncate(cut);
            let wire_len = (frame.len() as u32 + more).saturating_sub(5);
            (frame, wire_len)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn the_direct_way_is_the_walk((frame, wire_len) in frames()) {
            check(&frame, wire_len);
        }
    }
}
