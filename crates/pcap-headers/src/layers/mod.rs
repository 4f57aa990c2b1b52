//! The layers of a packet: what each one is, which values its header holds, and what comes next.
//!
//! A layer is a function from its bytes to what follows; numbers are looked up in `tables`.

mod cooked;
mod ethernet;
mod ip;
mod kind;
mod mpls;
mod ppp;
mod samples;
mod span;
mod tables;
mod tags;
mod transport;
mod tunnels;
mod views;
mod wan;
mod wireless;
mod wrapped;

pub use ip::Fragment;
pub(crate) use ip::jumbo_len;
pub use kind::Kind;
pub use span::Span;
pub(crate) use tables::{of_ether_type, of_ip_protocol, of_link_type, of_udp_port};
pub use views::{Arp, Ethernet, Icmp, Ipv4, Ipv6, Ipv6Fragment, Sctp, Tcp, Udp, Vlan};
pub(crate) use wrapped::{exported_ipv4, nflog_packet};

use crate::walk::Reason;

/// One layer of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer<'a> {
    pub(crate) kind: Kind,
    pub(crate) span: Span<'a>,
    pub(crate) quoted_by: Option<Kind>,
    pub(crate) in_piece: bool,
    pub(crate) is_ether_typed: bool,
}

impl<'a> Layer<'a> {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its bytes, from its header to the end that the layers around it set.
    #[must_use]
    pub fn span(&self) -> Span<'a> {
        self.span
    }

    /// The layer that quotes the packet that this layer belongs to: an error of ICMP or ICMPv6, sFlow.
    #[must_use]
    pub fn quoted_by(&self) -> Option<Kind> {
        self.quoted_by
    }

    /// Whether what follows was chosen by an EtherType, which `frame.protocols` shows.
    #[must_use]
    pub fn is_ether_typed(&self) -> bool {
        self.is_ether_typed
    }
}

/// What follows a layer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then<'a> {
    /// A layer.
    Next(Kind, Span<'a>),
    /// What the EtherType announces, if it is known.
    EtherType(u16, Span<'a>),
    /// Several packets: the first of them, and where the others are.
    Both((Kind, Span<'a>), (Kind, Span<'a>)),
    /// It is something else, from the same byte on.
    Instead(Kind),
    /// Nothing that is decoded, and where that begins.
    Stop(Reason, Span<'a>),
}

impl<'a> Then<'a> {
    /// A layer from a table, or payload.
    fn known(kind: Option<Kind>, span: Span<'a>) -> Self {
        match kind {
            Some(kind) => Self::Next(kind, span),
            None => Self::Stop(Reason::Payload, span),
        }
    }

    /// IPv4 or IPv6, as the first half byte says.
    fn by_version(span: Span<'a>) -> Self {
        Self::known(version(span), span)
    }
}

fn version(span: Span<'_>) -> Option<Kind> {
    match span.get::<u8>(0)? >> 4 {
        4 => Some(Kind::Ipv4),
        6 => Some(Kind::Ipv6),
        _ => None,
    }
}

/// What follows a layer whose first byte was captured.
#[inline]
pub(crate) fn step(kind: Kind, span: Span<'_>) -> Then<'_> {
    // Most layers of most captures, in line with the walk.
    let then = match kind {
        Kind::Ethernet => ethernet::ethernet(span),
        Kind::Ipv4 => ip::ipv4(span),
        kind => return step_of_any(kind, span),
    };
    then.unwrap_or(Then::Stop(Reason::Truncated, span))
}

fn step_of_any(kind: Kind, span: Span<'_>) -> Then<'_> {
    // Where a function has nothing to say, a byte that it needs was not captured.
    let then = match kind {
        Kind::Ethernet => ethernet::ethernet(span),
        Kind::Isl => ethernet::isl(span),
        Kind::FabricPath => ethernet::fabric_path(span),
        Kind::Llc => ethernet::llc(span),
        Kind::Snap => ethernet::snap(span),
        Kind::Osi => ethernet::osi(span),
        Kind::Vlan => ethernet::vlan(span),
        Kind::ServiceVlan => ethernet::service_vlan(span),
        Kind::BackboneVlan => tags::backbone_vlan(span),
        Kind::ETag => tags::ether_type_at(span, 6),
        Kind::VnTag => tags::ether_type_at(span, 4),
        Kind::CiscoMetadata => tags::ether_type_at(span, 6),
        Kind::CiscoMetadataInGre => tags::cisco_metadata_in_gre(span),
        Kind::Hsr => tags::hsr(span),
        Kind::Macsec => tags::macsec(span),
        Kind::Nsh => tags::nsh(span),
        Kind::Trill => tags::trill(span),
        Kind::Batman => tags::batman(span),
        Kind::AristaTimestamp => tags::arista_timestamp(span),

        Kind::Sll => cooked::sll(span),
        Kind::Sll2 => cooked::sll2(span),
        Kind::Null => cooked::null(span),
        Kind::Loop => cooked::loopback(span),
        Kind::Raw => cooked::raw(span),
        Kind::Netlink => cooked::netlink(span),
        Kind::SllNetlink => Some(Then::Next(Kind::NetlinkNetfilter, span)),
        Kind::NetlinkNetfilter => cooked::netlink_netfilter(span),

        Kind::PppLink => ppp::link(span),
        Kind::PppWithDirection => Some(Then::Next(Kind::PppLink, span.after(1))),
        Kind::Ppp => ppp::ppp(span),
        Kind::Multilink => ppp::multilink(span),
        Kind::Pppoe => ppp::pppoe(span),

        Kind::CiscoHdlc => wan::cisco_hdlc(span),
        Kind::FrameRelay => wan::frame_relay(span),
        Kind::TokenRing => wan::token_ring(span),
        Kind::Fddi => wan::fddi(span),
        Kind::Arcnet => wan::arcnet(span, 0),
        Kind::ArcnetLinux => wan::arcnet(span, 2),
        Kind::IpOverFc => Some(Then::Next(Kind::Llc, span.after(16))),
        Kind::AppleFirewire => wan::ether_type_at(span, 16),
        Kind::IpOverInfiniband => wan::infiniband(span),
        Kind::ClassicalIp => Some(Then::Next(Kind::Ipv4, span)),
        Kind::SunAtm => wan::sun_atm(span),
        Kind::Rfc1483 => Some(Then::Instead(Kind::Llc)),

        Kind::Radiotap => wireless::radiotap(span),
        Kind::Prism => wireless::prism(span),
        Kind::Avs => wireless::avs(span),
        Kind::Ppi => wireless::ppi(span),
        Kind::Wlan => wireless::wlan(span, false),
        Kind::WlanPadded => wireless::wlan(span, true),
        Kind::WlanSubframes => wireless::subframes(span),

        Kind::Pktap => wrapped::pktap(span),
        Kind::Erf => wrapped::erf(span),
        Kind::ExportedPdu => wrapped::exported_pdu(span),
        Kind::JuniperEthernet => wrapped::juniper_ethernet(span),
        Kind::JuniperAtm1 => wrapped::juniper_atm1(span),
        Kind::Nflog => wrapped::nflog(span),
        Kind::Pflog => wrapped::pflog(span),
        Kind::Enc => wrapped::enc(span),
        Kind::Ipnet => wrapped::ipnet(span),

        Kind::Mpls => mpls::mpls(span),
        Kind::PwAch => mpls::associated_channel(span),
        Kind::PwEthernet => mpls::ethernet_pseudowire(span),
        Kind::PwEthernetWord => Some(Then::Next(Kind::Ethernet, span.after(4))),
        Kind::PwEthernetBare => Some(Then::Next(Kind::Ethernet, span)),

        Kind::Ipv4 => ip::ipv4(span),
        Kind::Ipv6 => ip::ipv6(span),
        Kind::HopByHop | Kind::DestinationOptions | Kind::Routing => ip::extension(span, 8, 8),
        Kind::Ah => ip::extension(span, 4, 8),
        Kind::Ipv6Fragment => ip::ipv6_fragment(span),

        Kind::Gre => tunnels::gre(span),
        Kind::Erspan1 => Some(Then::Next(Kind::Ethernet, span)),
        Kind::Erspan | Kind::Erspan3 => tunnels::erspan(span),
        Kind::Wccp => tunnels::wccp(span),
        Kind::EtherIp => Some(Then::Next(Kind::Ethernet, span.after(2))),
        Kind::Pim => tunnels::pim(span),
        Kind::Vxlan => Some(Then::Next(Kind::Ethernet, span.after(8))),
        Kind::VxlanGpe => tunnels::vxlan_gpe(span),
        Kind::Geneve => tunnels::geneve(span),
        Kind::Gtp => tunnels::gtp(span),
        Kind::L2tp => tunnels::l2tp(span),
        Kind::Lisp => Some(Then::by_version(span.after(8))),
        Kind::Teredo => tunnels::teredo(span),
        Kind::Tzsp => tunnels::tzsp(span),
        Kind::Sflow => samples::sflow(span),
        Kind::SflowSamples => samples::samples(span),
        Kind::SflowRecords => samples::records(span),

        Kind::Tcp => transport::tcp(span),
        Kind::Udp => transport::udp(span),
        Kind::Sctp => transport::sctp(span),
        Kind::Icmp => transport::icmp(span),
        Kind::Icmpv6 => transport::icmpv6(span),
        Kind::Arp => transport::arp(span),
    };
    then.unwrap_or(Then::Stop(Reason::Truncated, span))
}
