//! The one table of packet columns, beside that of flows.

use pcap_headers::Column;

use crate::schema::{ColumnType, FlowColumn, Source};

const fn packet(
    column: Column,
    kind: ColumnType,
    meaning: &'static str,
    null_when: &'static str,
) -> FlowColumn {
    FlowColumn {
        name: column.name(),
        kind,
        meaning,
        null_when: Some(null_when),
        source: Source::Packet(column),
    }
}

const UNSAID: &str = "the source does not say";
const NO_TIME: &str = "the packet has no time (pcapng's simple packet blocks), or the source does not say";
const NO_ETHERNET: &str = "no Ethernet header, or not captured as a whole";
const NO_IPV4: &str = "no IPv4 header, or not captured so far";
const NO_IPV6: &str = "no IPv6 header, or not captured so far";
const NO_IP: &str = "no IP header, or not captured so far";
const NO_TCP: &str = "no TCP header, or not captured so far";
const NO_UDP: &str = "no UDP header, or not captured so far";
const NO_ICMP: &str = "no ICMP header, or not captured so far";
const NO_ICMPV6: &str = "no ICMPv6 header, or not captured so far";
const NO_ARP: &str = "no ARP packet, or not captured so far";
const NO_PORTS: &str = "it carries something else, or a fragment (of a first one that was cut they are told), or the ports were not captured";

/// The columns of packets. Those of tshark's fields are named as tshark names them, with `_` for `.`, and hold the first
/// occurrence: of several headers of a kind the outermost. The last eight are those that flows have too, so that one
/// question can be asked of both.
pub const PACKET_COLUMNS: [FlowColumn; 54] = [
    packet(Column::FrameNumber, ColumnType::U64, "number of the packet in its file, from 1", UNSAID),
    packet(Column::FrameTimeEpoch, ColumnType::TimestampNs, "time of capture", NO_TIME),
    packet(
        Column::FrameTimeDelta,
        ColumnType::DurationNs,
        "time since the packet before, in nanoseconds; 0 for the first",
        NO_TIME,
    ),
    packet(
        Column::FrameTimeRelative,
        ColumnType::DurationNs,
        "time since the first packet of the file, in nanoseconds",
        NO_TIME,
    ),
    packet(Column::FrameLen, ColumnType::U32, "bytes on the wire", UNSAID),
    packet(Column::FrameCapLen, ColumnType::U32, "bytes captured", UNSAID),
    packet(
        Column::FrameInterfaceId,
        ColumnType::U32,
        "number of the interface in its section",
        "pcap files have none",
    ),
    packet(Column::EthSrc, ColumnType::Mac, "Ethernet source address", NO_ETHERNET),
    packet(Column::EthDst, ColumnType::Mac, "Ethernet destination address", NO_ETHERNET),
    packet(
        Column::EthType,
        ColumnType::U16,
        "EtherType of the Ethernet header",
        "no Ethernet header, or it has a length there",
    ),
    packet(Column::VlanId, ColumnType::U16, "VLAN identifier of the outermost tag", "no VLAN tag"),
    packet(Column::IpVersion, ColumnType::U8, "IP version", NO_IP),
    packet(Column::IpHdrLen, ColumnType::U8, "bytes of the IPv4 header", NO_IPV4),
    packet(Column::IpDsfield, ColumnType::U8, "differentiated services field of IPv4", NO_IPV4),
    packet(
        Column::IpLen,
        ColumnType::U32,
        "bytes of the IPv4 packet, as its header says; where that is 0 (segmentation by the network card) all to the end of the frame, which may be more than 65,535",
        NO_IPV4,
    ),
    packet(Column::IpId, ColumnType::U16, "identification of IPv4", NO_IPV4),
    packet(
        Column::IpFlags,
        ColumnType::U8,
        "flags of IPv4: more fragments 1, do not fragment 2, reserved 4",
        NO_IPV4,
    ),
    packet(Column::IpFragOffset, ColumnType::U16, "fragment offset of IPv4, in units of 8 bytes", NO_IPV4),
    packet(Column::IpTtl, ColumnType::U8, "time to live of IPv4", NO_IPV4),
    packet(Column::IpProto, ColumnType::U8, "protocol that IPv4 carries", NO_IPV4),
    packet(Column::IpSrc, ColumnType::Ip, "IPv4 source address, as `::ffff:a.b.c.d`", NO_IPV4),
    packet(
        Column::IpDst,
        ColumnType::Ip,
        "IPv4 destination address, the final one of a source route, as `::ffff:a.b.c.d`",
        NO_IPV4,
    ),
    packet(Column::Ipv6Src, ColumnType::Ip, "IPv6 source address", NO_IPV6),
    packet(Column::Ipv6Dst, ColumnType::Ip, "IPv6 destination address", NO_IPV6),
    packet(Column::Ipv6Plen, ColumnType::U16, "bytes behind the IPv6 header", NO_IPV6),
    packet(Column::Ipv6Nxt, ColumnType::U8, "next header of IPv6, perhaps an extension header", NO_IPV6),
    packet(Column::Ipv6Hlim, ColumnType::U8, "hop limit of IPv6", NO_IPV6),
    packet(Column::Ipv6Flow, ColumnType::U32, "flow label of IPv6", NO_IPV6),
    packet(Column::TcpSrcport, ColumnType::U16, "source port of TCP", NO_TCP),
    packet(Column::TcpDstport, ColumnType::U16, "destination port of TCP", NO_TCP),
    packet(
        Column::TcpFlags,
        ColumnType::U16,
        "flags of TCP and the reserved bits above them: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128",
        NO_TCP,
    ),
    packet(Column::TcpSeqRaw, ColumnType::U32, "sequence number of TCP, as stored", NO_TCP),
    packet(Column::TcpAckRaw, ColumnType::U32, "acknowledgement number of TCP, as stored", NO_TCP),
    packet(Column::TcpWindowSizeValue, ColumnType::U16, "window of TCP, as stored", NO_TCP),
    packet(Column::TcpLen, ColumnType::U32, "bytes behind the TCP header", NO_TCP),
    packet(Column::UdpSrcport, ColumnType::U16, "source port of UDP", NO_UDP),
    packet(Column::UdpDstport, ColumnType::U16, "destination port of UDP", NO_UDP),
    packet(Column::UdpLength, ColumnType::U16, "bytes of UDP header and payload, as stored", NO_UDP),
    packet(Column::IcmpType, ColumnType::U8, "ICMP type", NO_ICMP),
    packet(Column::IcmpCode, ColumnType::U8, "ICMP code", NO_ICMP),
    packet(Column::Icmpv6Type, ColumnType::U8, "ICMPv6 type", NO_ICMPV6),
    packet(Column::Icmpv6Code, ColumnType::U8, "ICMPv6 code", NO_ICMPV6),
    packet(Column::ArpOpcode, ColumnType::U16, "ARP operation: 1 request, 2 reply", NO_ARP),
    packet(
        Column::ArpSrcProtoIpv4,
        ColumnType::Ip,
        "IPv4 address of the ARP sender, as `::ffff:a.b.c.d`",
        NO_ARP,
    ),
    packet(
        Column::ArpDstProtoIpv4,
        ColumnType::Ip,
        "IPv4 address of the ARP target, as `::ffff:a.b.c.d`",
        NO_ARP,
    ),
    packet(
        Column::FrameProtocols,
        ColumnType::Utf8,
        "names of all layers that are decoded, joined by colons",
        UNSAID,
    ),
    packet(Column::Stime, ColumnType::TimestampNs, "time of capture", NO_TIME),
    packet(
        Column::Sip,
        ColumnType::Ip,
        "source address of the outermost IP header; IPv4 as `::ffff:a.b.c.d`",
        NO_IP,
    ),
    packet(
        Column::Dip,
        ColumnType::Ip,
        "destination address of the outermost IP header; IPv4 as `::ffff:a.b.c.d`",
        NO_IP,
    ),
    packet(
        Column::Protocol,
        ColumnType::U8,
        "what the outermost IP header carries, behind extension headers of IPv6",
        NO_IP,
    ),
    packet(
        Column::Sport,
        ColumnType::U16,
        "source port of TCP, UDP or SCTP that the outermost IP header carries",
        NO_PORTS,
    ),
    packet(
        Column::Dport,
        ColumnType::U16,
        "destination port of TCP, UDP or SCTP that the outermost IP header carries",
        NO_PORTS,
    ),
    FlowColumn {
        name: Column::Packets.name(),
        kind: ColumnType::I64,
        meaning: "1: a packet is one packet",
        null_when: None,
        source: Source::Packet(Column::Packets),
    },
    packet(
        Column::Bytes,
        ColumnType::I64,
        "bytes of the whole frame on the wire: `frame_len`; `ip_len` from a source without that",
        UNSAID,
    ),
];

/// What is read of packets unless columns are named.
pub(crate) const DEFAULT: [&str; 14] = [
    "frame_number",
    "frame_time_epoch",
    "frame_len",
    "ip_len",
    "eth_src",
    "eth_dst",
    "ip_src",
    "ip_dst",
    "ip_proto",
    "ipv6_src",
    "ipv6_dst",
    "ipv6_nxt",
    "sport",
    "dport",
];

/// The nine fields of the articles' CSV files; `frame_time` is `frame_time_epoch`.
pub(crate) const ARTICLE: [&str; 9] = [
    "frame_number",
    "frame_time",
    "frame_time_epoch",
    "ip_len",
    "eth_src",
    "eth_dst",
    "ip_src",
    "ip_dst",
    "ip_proto",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{FLOW_COLUMNS, Table};

    #[test]
    fn every_column_stands_once() {
        for column in Column::ALL {
            let found = PACKET_COLUMNS.iter().filter(|c| c.source == Source::Packet(*column)).count();
            assert_eq!(found, 1, "{column:?}");
        }
        assert_eq!(PACKET_COLUMNS.len(), Column::ALL.len());
        for name in DEFAULT.iter().chain(&ARTICLE) {
            assert!(Table::Packets.column(name).is_some(), "{name}");
        }
    }

    /// One question, two tables: what has one name in both is the same kind of value, but for the ticks of a time.
    #[test]
    fn shared_columns_agree() {
        let shared = FLOW_COLUMNS.iter().filter_map(|flow| Some((flow, Table::Packets.column(flow.name)?)));
        let mut names: Vec<_> = shared
            .map(|(flow, packet)| {
                let same = flow.kind == packet.kind
                    || (flow.kind, packet.kind) == (ColumnType::Timestamp, ColumnType::TimestampNs);
                assert!(same, "{}", flow.name);
                flow.name
            })
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["bytes", "dip", "dport", "packets", "protocol", "sip", "sport", "stime"]);
    }
}
