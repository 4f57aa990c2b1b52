//! The kinds of layers, and how tshark calls them in `frame.protocols`.

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What a layer is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All kinds, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The names of the protocol in `frame.protocols`, joined by colons; empty for what has none of its own there.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    // Link layers.
    /// Ethernet II or 802.3.
    Ethernet = "eth",
    /// Cisco ISL, which wraps an Ethernet frame.
    Isl = "eth",
    /// Cisco FabricPath, which wraps an Ethernet frame.
    FabricPath = "eth:cfp",
    /// Linux cooked capture.
    Sll = "sll",
    /// Linux cooked capture, version 2.
    Sll2 = "sll",
    /// BSD loopback, family in the order of either host.
    Null = "null",
    /// OpenBSD loopback, family in network order.
    Loop = "null",
    /// IPv4 or IPv6 by the first byte.
    Raw = "raw",
    /// PPP with address and control or without, or Cisco HDLC.
    PppLink = "",
    /// PPP with a byte of direction in front.
    PppWithDirection = "",
    /// PPP: the protocol field.
    Ppp = "ppp",
    /// PPP multilink.
    Multilink = "mp",
    /// PPPoE session.
    Pppoe = "pppoes",
    /// Cisco HDLC.
    CiscoHdlc = "chdlc",
    /// Frame relay.
    FrameRelay = "fr",
    /// Token ring.
    TokenRing = "tr",
    /// FDDI.
    Fddi = "fddi",
    /// ARCNET.
    Arcnet = "arcnet",
    /// ARCNET as Linux captures it.
    ArcnetLinux = "arcnet",
    /// IP over Fibre Channel.
    IpOverFc = "ipfc",
    /// Apple's IP over IEEE 1394.
    AppleFirewire = "ap1394",
    /// IP over InfiniBand.
    IpOverInfiniband = "ipoib",
    /// Classical IP over ATM.
    ClassicalIp = "clip",
    /// SunATM.
    SunAtm = "atm",
    /// ATM AAL5 without a header of its own (RFC 1483).
    Rfc1483 = "",
    /// Radiotap before 802.11.
    Radiotap = "radiotap:wlan_radio",
    /// Prism before 802.11.
    Prism = "prism:wlan_radio",
    /// AVS before 802.11.
    Avs = "wlancap:wlan_radio",
    /// PPI before any link type.
    Ppi = "ppi",
    /// IEEE 802.11.
    Wlan = "wlan",
    /// IEEE 802.11 with a header padded to 4 bytes.
    WlanPadded = "wlan",
    /// Subframes of an 802.11 A-MSDU.
    WlanSubframes = "",

    // Headers that capture tools put in front.
    /// Apple's PKTAP.
    Pktap = "pktap:pcap_pktdata",
    /// Endace ERF.
    Erf = "erf",
    /// Wireshark's exported PDU.
    ExportedPdu = "exported_pdu",
    /// Juniper's header before Ethernet.
    JuniperEthernet = "juniper",
    /// Juniper's header before ATM of an ATM1 card.
    JuniperAtm1 = "juniper",
    /// Linux netfilter log.
    Nflog = "nflog",
    /// OpenBSD packet filter log.
    Pflog = "pflog",
    /// OpenBSD encapsulation.
    Enc = "enc",
    /// Solaris IP observability.
    Ipnet = "ipnet",
    /// Linux netlink with a header like that of cooked captures.
    Netlink = "netlink",
    /// Linux netlink behind a cooked header.
    SllNetlink = "netlink",
    /// A netfilter message of netlink that carries a packet.
    NetlinkNetfilter = "netlink-netfilter",

    // Between link and network.
    /// 802.2 logical link control.
    Llc = "llc",
    /// SNAP behind LLC.
    Snap = "",
    /// OSI network layer protocol identifier.
    Osi = "osi",
    /// VLAN tag.
    Vlan = "vlan",
    /// 802.1ad service tag.
    ServiceVlan = "ieee8021ad",
    /// 802.1ah backbone tag.
    BackboneVlan = "ieee8021ah",
    /// 802.1BR E-Tag.
    ETag = "etag",
    /// Cisco VN-Tag.
    VnTag = "vntag",
    /// Cisco metadata.
    CiscoMetadata = "cmd",
    /// Cisco metadata within GRE, the EtherType first.
    CiscoMetadataInGre = "cmd",
    /// High-availability seamless redundancy.
    Hsr = "hsr",
    /// MACsec.
    Macsec = "macsec",
    /// Network service header.
    Nsh = "nsh",
    /// TRILL.
    Trill = "trill",
    /// B.A.T.M.A.N. unicast.
    Batman = "batadv",
    /// Arista's header with a time stamp.
    AristaTimestamp = "avsp",
    /// MPLS label stack.
    Mpls = "mpls",
    /// Pseudowire associated channel.
    PwAch = "pwach",
    /// Ethernet pseudowire, with control word or without.
    PwEthernet = "pwethheuristic",
    /// Control word of an Ethernet pseudowire.
    PwEthernetWord = "pwethcw",
    /// Ethernet pseudowire without control word.
    PwEthernetBare = "pwethnocw",

    // Network.
    /// IPv4.
    Ipv4 = "ip",
    /// IPv6.
    Ipv6 = "ipv6",
    /// Hop-by-hop options.
    HopByHop = "ipv6.hopopts",
    /// Destination options.
    DestinationOptions = "ipv6.dstopts",
    /// Routing header.
    Routing = "ipv6.routing",
    /// Fragment header.
    Ipv6Fragment = "ipv6.fraghdr",
    /// Authentication header.
    Ah = "ah",
    /// ARP.
    Arp = "arp",

    // Tunnels.
    /// GRE.
    Gre = "gre",
    /// ERSPAN type I, which has no header.
    Erspan1 = "erspan",
    /// ERSPAN type II.
    Erspan = "erspan",
    /// ERSPAN type III.
    Erspan3 = "erspan",
    /// WCCP redirection within GRE.
    Wccp = "",
    /// EtherIP.
    EtherIp = "etherip",
    /// PIM.
    Pim = "pim",
    /// VXLAN.
    Vxlan = "vxlan",
    /// VXLAN generic protocol extension.
    VxlanGpe = "",
    /// Geneve.
    Geneve = "geneve",
    /// GTP-U.
    Gtp = "gtp",
    /// L2TP version 2.
    L2tp = "l2tp",
    /// LISP data.
    Lisp = "lisp-data",
    /// Teredo.
    Teredo = "teredo",
    /// TZSP.
    Tzsp = "tzsp",
    /// sFlow.
    Sflow = "sflow",
    /// The samples of an sFlow datagram.
    SflowSamples = "",
    /// The records of an sFlow sample.
    SflowRecords = "",

    // Transport.
    /// TCP.
    Tcp = "tcp",
    /// UDP.
    Udp = "udp",
    /// SCTP.
    Sctp = "sctp",
    /// ICMP.
    Icmp = "icmp",
    /// ICMPv6.
    Icmpv6 = "icmpv6",
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_are_numbered_by_their_place() {
        for (number, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, number);
        }
    }
}
