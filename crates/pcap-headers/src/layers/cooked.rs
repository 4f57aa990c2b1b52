//! Link layers that an operating system makes up: Linux cooked, BSD loopback, raw IP, netlink (semantics 7).

use super::{Kind, Span, Then, of_ether_type, tables, version};
use crate::walk::Reason;

const ARPHRD_GRE: u16 = 778;
const ARPHRD_NETLINK: u16 = 824;
/// Address and control of PPP in HDLC framing (RFC 1662, 3.1).
const PPP_ADDRESS_CONTROL: u16 = 0xff03;
const NETLINK_NETFILTER: u16 = 12;

/// Linux cooked capture: packet type, hardware type, address, protocol.
pub(super) fn sll(span: Span<'_>) -> Option<Then<'_>> {
    Some(cooked(span.get(2)?, span.get(14)?, span.after(16)))
}

/// Version 2: protocol, interface, hardware type, packet type, address.
pub(super) fn sll2(span: Span<'_>) -> Option<Then<'_>> {
    Some(cooked(span.get(8)?, span.get(0)?, span.after(20)))
}

fn cooked(hardware: u16, protocol: u16, payload: Span<'_>) -> Then<'_> {
    match (hardware, protocol) {
        (ARPHRD_NETLINK, NETLINK_NETFILTER) => Then::Next(Kind::SllNetlink, payload),
        (ARPHRD_NETLINK, _) => Then::Stop(Reason::Payload, payload),
        (ARPHRD_GRE, _) => Then::known(tables::of_gre_type(protocol), payload),
        (_, 4) => Then::Next(Kind::Llc, payload),
        (_, ..0x600) => Then::Stop(Reason::Payload, payload),
        _ => Then::EtherType(protocol, payload),
    }
}

/// BSD loopback: an address family in the order of the host that captured, or an EtherType.
pub(super) fn null(span: Span<'_>) -> Option<Then<'_>> {
    if span.get(0) == Some(PPP_ADDRESS_CONTROL) {
        return Some(Then::Next(Kind::PppLink, span));
    }
    let family = match span.get_le32(0)? {
        little @ ..0x1_0000 => little,
        // A family in the upper half in network order; none is as large as 6 · 256.
        halves @ ..0x6_0000 => halves >> 16,
        big => big.swap_bytes(),
    };
    let kind = match u16::try_from(family) {
        Ok(ether_type @ 1501..) => of_ether_type(ether_type),
        _ => tables::of_family(family),
    };
    Some(Then::known(kind, span.after(4)))
}

/// OpenBSD loopback: the family in network order.
pub(super) fn loopback(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::known(tables::of_family(span.get(0)?), span.after(4)))
}

/// IP without a link layer; PPP if it begins so.
pub(super) fn raw(span: Span<'_>) -> Option<Then<'_>> {
    // The reference looks for traces of PPP up to here before it decides.
    span.get::<u16>(6)?;
    let kind = match span.get(0) {
        Some(PPP_ADDRESS_CONTROL) => Some(Kind::PppLink),
        _ => version(span),
    };
    Some(Then::known(kind, span))
}

/// A netlink message behind a header like that of cooked captures, whose protocol is the netlink family.
pub(super) fn netlink(span: Span<'_>) -> Option<Then<'_>> {
    match span.get::<u16>(14)? {
        NETLINK_NETFILTER => Some(Then::Next(Kind::NetlinkNetfilter, span.after(16))),
        _ => Some(Then::Stop(Reason::Payload, span.after(16))),
    }
}

/// Netfilter messages in host order, little-endian: logged and queued packets are attributes of it.
pub(super) fn netlink_netfilter(span: Span<'_>) -> Option<Then<'_>> {
    let len = span.get_le32(0)? as usize;
    if len < 16 {
        return Some(Then::Stop(Reason::Malformed, span));
    }
    let (message, rest) = (span.cut(len), span.after(len.checked_next_multiple_of(4).unwrap_or(len)));
    let payload_attribute = match message.get_le16(4)? {
        0x0400 => 9,
        0x0300 => 10,
        _ => return Some(Then::Next(Kind::NetlinkNetfilter, rest)),
    };
    let family = message.get::<u8>(16)?;
    let mut attributes = message.after(20);
    while let (Some(len @ 4..), Some(attribute)) = (attributes.get_le16(0), attributes.get_le16(2)) {
        if attribute == payload_attribute {
            let payload = attributes.cut(len.into()).after(4);
            return Some(match of_host_family(family) {
                Some(kind) => Then::Both((kind, payload), (Kind::NetlinkNetfilter, rest)),
                None => Then::Next(Kind::NetlinkNetfilter, rest),
            });
        }
        attributes = attributes.after(usize::from(len).next_multiple_of(4));
    }
    Some(Then::Next(Kind::NetlinkNetfilter, rest))
}

/// Address families of Linux.
pub(super) fn of_host_family(family: u8) -> Option<Kind> {
    match family {
        2 => Some(Kind::Ipv4),
        10 => Some(Kind::Ipv6),
        _ => None,
    }
}
