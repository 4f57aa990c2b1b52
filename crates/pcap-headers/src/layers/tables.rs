//! Which number means which layer: link types, EtherTypes, IP protocols, ports and the like (semantics 6 and 7).

use super::Kind;

/// The first layer of a packet by link type (semantics 7).
pub(crate) fn of_link_type(link_type: u32) -> Option<Kind> {
    Some(match link_type {
        1 => Kind::Ethernet,
        0 => Kind::Null,
        6 => Kind::TokenRing,
        7 => Kind::Arcnet,
        9 | 50 => Kind::PppLink,
        10 => Kind::Fddi,
        11 | 100 => Kind::Rfc1483,
        12 | 14 | 101 => Kind::Raw,
        16 | 19 | 106 => Kind::ClassicalIp,
        51 => Kind::Pppoe,
        104 => Kind::CiscoHdlc,
        105 => Kind::Wlan,
        107 => Kind::FrameRelay,
        108 => Kind::Loop,
        109 => Kind::Enc,
        113 => Kind::Sll,
        117 => Kind::Pflog,
        119 => Kind::Prism,
        122 => Kind::IpOverFc,
        123 => Kind::SunAtm,
        127 => Kind::Radiotap,
        129 => Kind::ArcnetLinux,
        137 => Kind::JuniperAtm1,
        138 => Kind::AppleFirewire,
        163 => Kind::Avs,
        178 => Kind::JuniperEthernet,
        192 => Kind::Ppi,
        197 => Kind::Erf,
        204 => Kind::PppWithDirection,
        226 => Kind::Ipnet,
        228 => Kind::Ipv4,
        229 => Kind::Ipv6,
        239 => Kind::Nflog,
        242 => Kind::IpOverInfiniband,
        252 => Kind::ExportedPdu,
        253 => Kind::Netlink,
        // The second number is a user's in principle, and Apple's in practice.
        258 | 149 => Kind::Pktap,
        276 => Kind::Sll2,
        _ => return None,
    })
}

/// What an EtherType announces.
#[inline]
pub(crate) fn of_ether_type(ether_type: u16) -> Option<Kind> {
    match ether_type {
        0x0800 => Some(Kind::Ipv4),
        0x86dd => Some(Kind::Ipv6),
        _ => of_other_ether_type(ether_type),
    }
}

fn of_other_ether_type(ether_type: u16) -> Option<Kind> {
    Some(match ether_type {
        0x8100 | 0x9100 => Kind::Vlan,
        0x0806 | 0x8035 => Kind::Arp,
        0x22f3 => Kind::Trill,
        0x4305 => Kind::Batman,
        0x6558 => Kind::Ethernet,
        0x8847 | 0x8848 => Kind::Mpls,
        0x8864 => Kind::Pppoe,
        0x8870 => Kind::Llc,
        0x880b => Kind::Ppp,
        0x88a8 => Kind::ServiceVlan,
        0x88e5 => Kind::Macsec,
        0x88e7 => Kind::BackboneVlan,
        0x8909 => Kind::CiscoMetadata,
        0x8926 => Kind::VnTag,
        0x892f => Kind::Hsr,
        0x893f => Kind::ETag,
        0x894f => Kind::Nsh,
        0xd28b => Kind::AristaTimestamp,
        _ => return None,
    })
}

/// What GRE carries: EtherTypes and some of its own.
pub(crate) fn of_gre_type(protocol: u16) -> Option<Kind> {
    Some(match protocol {
        0x22eb => Kind::Erspan3,
        0x6400 => Kind::Ethernet,
        0x883e => Kind::Wccp,
        0x8909 => Kind::CiscoMetadataInGre,
        0x88be => Kind::Erspan,
        _ => return of_ether_type(protocol),
    })
}

/// What an IPv4 protocol or IPv6 next header number announces.
pub(crate) fn of_ip_protocol(protocol: u8) -> Option<Kind> {
    Some(match protocol {
        6 => Kind::Tcp,
        17 => Kind::Udp,
        1 => Kind::Icmp,
        58 => Kind::Icmpv6,
        0 => Kind::HopByHop,
        4 => Kind::Ipv4,
        41 => Kind::Ipv6,
        43 => Kind::Routing,
        44 => Kind::Ipv6Fragment,
        47 => Kind::Gre,
        51 => Kind::Ah,
        60 => Kind::DestinationOptions,
        97 => Kind::EtherIp,
        103 => Kind::Pim,
        132 => Kind::Sctp,
        137 => Kind::Mpls,
        143 => Kind::Ethernet,
        _ => return None,
    })
}

/// The tunnels that UDP ports announce; 8472 is not VXLAN in the reference (semantics 6).
pub(crate) fn of_udp_port(port: u16) -> Option<Kind> {
    Some(match port {
        1701 => Kind::L2tp,
        2152 => Kind::Gtp,
        3544 => Kind::Teredo,
        4341 => Kind::Lisp,
        4754 => Kind::Gre,
        4789 => Kind::Vxlan,
        4790 => Kind::VxlanGpe,
        6081 => Kind::Geneve,
        6343 => Kind::Sflow,
        6635 => Kind::Mpls,
        37008 => Kind::Tzsp,
        _ => return None,
    })
}

/// PPP protocols.
pub(crate) fn of_ppp_protocol(protocol: u16) -> Option<Kind> {
    Some(match protocol {
        0x0021 => Kind::Ipv4,
        0x0057 => Kind::Ipv6,
        0x003d => Kind::Multilink,
        0x0281 | 0x0283 => Kind::Mpls,
        _ => return None,
    })
}

/// OSI network layer protocol identifiers.
pub(crate) fn of_nlpid(nlpid: u8) -> Option<Kind> {
    Some(match nlpid {
        0xcc => Kind::Ipv4,
        0x8e => Kind::Ipv6,
        _ => return None,
    })
}

/// Service access points of LLC.
pub(crate) fn of_sap(sap: u8) -> Option<Kind> {
    Some(match sap {
        0x06 => Kind::Ipv4,
        0xfe => Kind::Osi,
        _ => return None,
    })
}

/// Address families of the BSD loopback header.
pub(crate) fn of_family(family: u32) -> Option<Kind> {
    Some(match family {
        2 => Kind::Ipv4,
        24 | 28 | 30 => Kind::Ipv6,
        _ => return None,
    })
}

/// What the next protocol number of VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, 3.2) and NSH (RFC 8300, 2.2) announces.
pub(crate) fn of_next_protocol(next: u8) -> Option<Kind> {
    Some(match next {
        1 => Kind::Ipv4,
        2 => Kind::Ipv6,
        3 => Kind::Ethernet,
        4 => Kind::Nsh,
        5 => Kind::Mpls,
        _ => return None,
    })
}
