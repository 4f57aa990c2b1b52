//! The values of a packet as plain numbers and addresses: one row of a table of packets, and its columns by name.

use crate::fields::FieldValue;

/// What takes the values of columns: one method for each type of value.
pub trait Sink {
    /// Takes numbers of 8 bits.
    fn u8(&mut self, values: impl Iterator<Item = Option<u8>> + Clone);
    /// Takes numbers of 16 bits.
    fn u16(&mut self, values: impl Iterator<Item = Option<u16>> + Clone);
    /// Takes numbers of 32 bits.
    fn u32(&mut self, values: impl Iterator<Item = Option<u32>> + Clone);
    /// Takes numbers of 64 bits.
    fn u64(&mut self, values: impl Iterator<Item = Option<u64>> + Clone);
    /// Takes times and spans of time in nanoseconds, and counts.
    fn i64(&mut self, values: impl Iterator<Item = Option<i64>> + Clone);
    /// Takes hardware addresses.
    fn mac(&mut self, values: impl Iterator<Item = Option<[u8; 6]>> + Clone);
    /// Takes IP addresses, IPv4 as `::ffff:a.b.c.d`.
    fn address(&mut self, values: impl Iterator<Item = Option<[u8; 16]>> + Clone);
}

/// What gives the value of a column: one method for each type of value; none is a value that is not said.
pub trait ValueSource {
    /// What went wrong where the value should be.
    type Error;
    /// Gives a number of 8 bits.
    ///
    /// # Errors
    /// Whatever stands there instead; so do all.
    fn u8(&mut self) -> Result<Option<u8>, Self::Error>;
    /// Gives a number of 16 bits.
    ///
    /// # Errors
    /// As [`u8`](Self::u8).
    fn u16(&mut self) -> Result<Option<u16>, Self::Error>;
    /// Gives a number of 32 bits.
    ///
    /// # Errors
    /// As [`u8`](Self::u8).
    fn u32(&mut self) -> Result<Option<u32>, Self::Error>;
    /// Gives a number of 64 bits.
    ///
    /// # Errors
    /// As [`u8`](Self::u8).
    fn u64(&mut self) -> Result<Option<u64>, Self::Error>;
    /// Gives a time or span of time in nanoseconds.
    ///
    /// # Errors
    /// As [`u8`](Self::u8).
    fn i64(&mut self) -> Result<Option<i64>, Self::Error>;
    /// Gives a hardware address.
    ///
    /// # Errors
    /// As [`u8`](Self::u8).
    fn mac(&mut self) -> Result<Option<[u8; 6]>, Self::Error>;
    /// Gives an IP address, IPv4 as `::ffff:a.b.c.d`.
    ///
    /// # Errors
    /// As [`u8`](Self::u8).
    fn address(&mut self) -> Result<Option<[u8; 16]>, Self::Error>;
}

macro_rules! value {
    (u8) => {
        u8
    };
    (u16) => {
        u16
    };
    (u32) => {
        u32
    };
    (u64) => {
        u64
    };
    (i64) => {
        i64
    };
    (mac) => {
        [u8; 6]
    };
    (address) => {
        [u8; 16]
    };
}

macro_rules! columns {
    ($($(#[$doc:meta])* $field:ident: $kind:tt = $column:ident,)*) => {
        /// A column of packets. Those of tshark's fields are named as tshark names them, with `_` for `.`; the others are
        /// those that flows have too.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Column {
            $($(#[$doc])* $column,)*
            /// Names of all layers, joined by colons: see [`crate::FieldTable`].
            FrameProtocols,
            /// Time of capture: `frame_time_epoch`.
            Stime,
            /// Always 1.
            Packets,
            /// Bytes of the frame on the wire: `frame_len`; `ip_len` from a source that does not say that.
            Bytes,
        }

        /// The values of a packet. Default: the source says none.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct PacketRow {
            $($(#[$doc])* pub $field: Option<value!($kind)>,)*
        }

        impl Column {
            /// Every column.
            pub const ALL: &[Self] =
                &[$(Self::$column,)* Self::FrameProtocols, Self::Stime, Self::Packets, Self::Bytes];

            /// The column's name in schemas, such as `ip_src`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$column => stringify!($field),)*
                    Self::FrameProtocols => "frame_protocols",
                    Self::Stime => "stime",
                    Self::Packets => "packets",
                    Self::Bytes => "bytes",
                }
            }

            /// Puts a value of the column into a row. Columns that are made of others, and `frame_protocols`, take none.
            ///
            /// # Errors
            /// Those of the source; the row is as it was then.
            pub fn set<S: ValueSource>(self, row: &mut PacketRow, from: &mut S) -> Result<(), S::Error> {
                match self {
                    $(Self::$column => row.$field = from.$kind()?,)*
                    Self::FrameProtocols | Self::Stime | Self::Packets | Self::Bytes => {}
                }
                Ok(())
            }

            /// Puts a field's value into a row, if it is of the column's type.
            pub(crate) fn put(self, row: &mut PacketRow, value: FieldValue) {
                match self {
                    $(Self::$column => row.$field = <value!($kind)>::of(value),)*
                    _ => {}
                }
            }

            /// Hands the column's values in some rows to `sink`, in one loop. Rows have no `frame_protocols`: nothing is
            /// handed over then.
            pub fn read(self, rows: &[PacketRow], sink: &mut impl Sink) {
                match self {
                    $(Self::$column => sink.$kind(rows.iter().map(|row| row.$field)),)*
                    Self::FrameProtocols => {}
                    Self::Stime => sink.i64(rows.iter().map(|row| row.frame_time_epoch)),
                    Self::Packets => sink.i64(rows.iter().map(|_| Some(1))),
                    Self::Bytes => sink.i64(rows.iter().map(|row| row.frame_len.or(row.ip_len).map(i64::from))),
                }
            }
        }
    };
}

/// What a field's value is in a row.
trait OfField: Sized {
    fn of(value: FieldValue) -> Option<Self>;
}

macro_rules! of_numbers {
    ($($number:ty)*) => {$(
        impl OfField for $number {
            fn of(value: FieldValue) -> Option<Self> {
                match value {
                    FieldValue::Number(number) => Self::try_from(number).ok(),
                    _ => None,
                }
            }
        }
    )*};
}

of_numbers! { u8 u16 u32 u64 i64 }

impl OfField for [u8; 6] {
    fn of(value: FieldValue) -> Option<Self> {
        match value {
            FieldValue::Mac(address) => Some(address),
            _ => None,
        }
    }
}

impl OfField for [u8; 16] {
    fn of(value: FieldValue) -> Option<Self> {
        match value {
            FieldValue::Ipv4(address) => Some(mapped(address)),
            FieldValue::Ipv6(address) => Some(address),
            _ => None,
        }
    }
}

columns! {
    /// Number in the file, from 1.
    frame_number: u64 = FrameNumber,
    /// Time of capture, nanoseconds since the Unix epoch.
    frame_time_epoch: i64 = FrameTimeEpoch,
    /// Nanoseconds since the packet before; 0 for the first.
    frame_time_delta: i64 = FrameTimeDelta,
    /// Nanoseconds since the first packet of the file.
    frame_time_relative: i64 = FrameTimeRelative,
    /// Bytes on the wire, without what a capture tool put in front.
    frame_len: u32 = FrameLen,
    /// Bytes captured, without what a capture tool put in front.
    frame_cap_len: u32 = FrameCapLen,
    /// Number of the interface in its section of the file.
    frame_interface_id: u32 = FrameInterfaceId,
    /// Ethernet source.
    eth_src: mac = EthSrc,
    /// Ethernet destination.
    eth_dst: mac = EthDst,
    /// EtherType; 802.3 lengths are none.
    eth_type: u16 = EthType,
    /// VLAN identifier of the outermost tag.
    vlan_id: u16 = VlanId,
    /// IP version of the outermost header.
    ip_version: u8 = IpVersion,
    /// Bytes of the IPv4 header.
    ip_hdr_len: u8 = IpHdrLen,
    /// Differentiated services and congestion of IPv4.
    ip_dsfield: u8 = IpDsfield,
    /// Bytes of the IPv4 packet; where the header says 0, all to the end of the frame on the wire.
    ip_len: u32 = IpLen,
    /// Identification of IPv4.
    ip_id: u16 = IpId,
    /// The three flags of IPv4: more fragments 1, do not fragment 2, reserved 4.
    ip_flags: u8 = IpFlags,
    /// Fragment offset of IPv4, in units of 8 bytes.
    ip_frag_offset: u16 = IpFragOffset,
    /// Time to live of IPv4.
    ip_ttl: u8 = IpTtl,
    /// Protocol of IPv4.
    ip_proto: u8 = IpProto,
    /// IPv4 source.
    ip_src: address = IpSrc,
    /// IPv4 destination; the final one of a source route.
    ip_dst: address = IpDst,
    /// IPv6 source.
    ipv6_src: address = Ipv6Src,
    /// IPv6 destination.
    ipv6_dst: address = Ipv6Dst,
    /// Bytes behind the IPv6 header, as stored.
    ipv6_plen: u16 = Ipv6Plen,
    /// Next header of IPv6: perhaps an extension header.
    ipv6_nxt: u8 = Ipv6Nxt,
    /// Hop limit of IPv6.
    ipv6_hlim: u8 = Ipv6Hlim,
    /// Flow label of IPv6.
    ipv6_flow: u32 = Ipv6Flow,
    /// TCP source port.
    tcp_srcport: u16 = TcpSrcport,
    /// TCP destination port.
    tcp_dstport: u16 = TcpDstport,
    /// TCP flags with the reserved bits above them, 12 bits.
    tcp_flags: u16 = TcpFlags,
    /// TCP sequence number, as stored.
    tcp_seq_raw: u32 = TcpSeqRaw,
    /// TCP acknowledgement number, as stored.
    tcp_ack_raw: u32 = TcpAckRaw,
    /// TCP window, as stored.
    tcp_window_size_value: u16 = TcpWindowSizeValue,
    /// Bytes behind the TCP header.
    tcp_len: u32 = TcpLen,
    /// UDP source port.
    udp_srcport: u16 = UdpSrcport,
    /// UDP destination port.
    udp_dstport: u16 = UdpDstport,
    /// Bytes of UDP header and payload, as stored.
    udp_length: u16 = UdpLength,
    /// ICMP type.
    icmp_type: u8 = IcmpType,
    /// ICMP code.
    icmp_code: u8 = IcmpCode,
    /// ICMPv6 type.
    icmpv6_type: u8 = Icmpv6Type,
    /// ICMPv6 code.
    icmpv6_code: u8 = Icmpv6Code,
    /// ARP operation: 1 request, 2 reply.
    arp_opcode: u16 = ArpOpcode,
    /// ARP sender.
    arp_src_proto_ipv4: address = ArpSrcProtoIpv4,
    /// ARP target.
    arp_dst_proto_ipv4: address = ArpDstProtoIpv4,
    /// Source of the outermost IP header, of either version.
    sip: address = Sip,
    /// Destination of the outermost IP header, of either version.
    dip: address = Dip,
    /// What the outermost IP header carries, behind extension headers of IPv6.
    protocol: u8 = Protocol,
    /// Source port of TCP, UDP or SCTP that the outermost IP header carries.
    sport: u16 = Sport,
    /// Destination port of TCP, UDP or SCTP that the outermost IP header carries.
    dport: u16 = Dport,
}

impl Column {
    /// The column of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|column| column.name() == name)
    }
}

impl PacketRow {
    /// The row with `sip`, `dip`, `protocol`, `sport` and `dport` from the values of tshark's fields, where it does not say
    /// them: for sources that have those fields only. IPv6 extension headers stay unseen.
    #[must_use]
    pub fn with_flow_columns(mut self) -> Self {
        self.sip = self.sip.or(self.ip_src).or(self.ipv6_src);
        self.dip = self.dip.or(self.ip_dst).or(self.ipv6_dst);
        self.protocol = self.protocol.or(self.ip_proto).or(self.ipv6_nxt);
        self.sport = self.sport.or(self.tcp_srcport).or(self.udp_srcport);
        self.dport = self.dport.or(self.tcp_dstport).or(self.udp_dstport);
        self
    }
}

/// An IPv4 address as one of 16 bytes.
#[must_use]
pub fn mapped([a, b, c, d]: [u8; 4]) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldTable;

    /// Every field of tshark's that this crate knows has a column, and every other column is one that flows have.
    #[test]
    fn columns_are_the_fields_and_what_flows_have() {
        const OF_FLOWS: [&str; 8] = ["stime", "packets", "bytes", "sip", "dip", "protocol", "sport", "dport"];
        let mut names: Vec<String> = FieldTable::all().iter().map(|f| f.name().replace('.', "_")).collect();
        // The same time as frame.time_epoch, as text.
        names.retain(|name| name != "frame_time");
        names.extend(OF_FLOWS.map(str::to_owned));
        names.sort();
        let mut columns: Vec<&str> = Column::ALL.iter().map(|column| column.name()).collect();
        columns.sort_unstable();
        assert_eq!(columns, names);
        for column in Column::ALL {
            assert_eq!(Column::by_name(column.name()), Some(*column));
        }
        assert_eq!(Column::by_name("ip.src"), None);
    }
}
