//! Link layers of wide area and older networks (semantics 7).

use super::{Kind, Span, Then, of_ether_type, tables};
use crate::walk::Reason;

/// A header with an EtherType at its end.
pub(super) fn ether_type_at(span: Span<'_>, at: usize) -> Option<Then<'_>> {
    Some(Then::known(of_ether_type(span.get(at)?), span.after(at + 2)))
}

/// Cisco HDLC: address, control, EtherType.
pub(super) fn cisco_hdlc(span: Span<'_>) -> Option<Then<'_>> {
    ether_type_at(span, 2)
}

/// Frame relay: an address whose last byte is odd, then a network layer protocol (RFC 2427) or Cisco's EtherType.
pub(super) fn frame_relay(span: Span<'_>) -> Option<Then<'_>> {
    const UNNUMBERED: u8 = 3;
    const SNAP: u8 = 0x80;
    const PADDING: u8 = 0;

    let mut rest = span.after(1);
    while rest.offset() - span.offset() < 4 {
        let is_last = rest.get::<u8>(0)? & 1 == 1;
        rest = rest.after(1);
        if is_last {
            break;
        }
    }
    if rest.get::<u8>(0)? != UNNUMBERED {
        return ether_type_at(rest, 0);
    }
    rest = rest.after(1);
    if rest.get::<u8>(0)? == PADDING {
        rest = rest.after(1);
    }
    let payload = rest.after(1);
    Some(match rest.get::<u8>(0)? {
        SNAP => Then::Next(Kind::Snap, payload),
        nlpid => Then::known(tables::of_nlpid(nlpid), payload),
    })
}

/// Token ring (IEEE 802.5): an LLC frame, behind a source route if the source address says so.
pub(super) fn token_ring(span: Span<'_>) -> Option<Then<'_>> {
    let (frame_control, source) = (span.get::<u8>(1)?, span.get::<u8>(8)?);
    let route_len = if source & 0x80 == 0 { 0 } else { span.get::<u8>(14)? & 0x1f };
    let payload = span.after(14 + usize::from(route_len));
    Some(match frame_control >> 6 {
        1 => Then::Next(Kind::Llc, payload),
        _ => Then::Stop(Reason::Payload, payload),
    })
}

/// FDDI: an LLC frame.
pub(super) fn fddi(span: Span<'_>) -> Option<Then<'_>> {
    Some(match span.get::<u8>(0)? & 0x30 {
        0x10 => Then::Next(Kind::Llc, span.after(13)),
        _ => Then::Stop(Reason::Payload, span),
    })
}

/// ARCNET: addresses, `offset_len` bytes that Linux keeps, protocol; those of RFC 1201 have flag and sequence number.
pub(super) fn arcnet(span: Span<'_>, offset_len: usize) -> Option<Then<'_>> {
    const IP_RFC1051: u8 = 240;
    const IP_RFC1201: u8 = 212;
    const IPV6: u8 = 196;
    const EXCEPTION: u8 = 0xff;

    let header = span.after(2 + offset_len);
    let (protocol, flag) = (header.get::<u8>(0)?, header.get::<u8>(1)?);
    let len = if flag == EXCEPTION && offset_len == 0 { 8 } else { 4 };
    Some(match protocol {
        IP_RFC1051 => Then::Next(Kind::Ipv4, header.after(1)),
        IP_RFC1201 => Then::Next(Kind::Ipv4, header.after(len)),
        IPV6 => Then::Next(Kind::Ipv6, header.after(len)),
        _ => Then::Stop(Reason::Payload, header),
    })
}

/// IP over InfiniBand: the destination's hardware address, EtherType, two reserved bytes.
pub(super) fn infiniband(span: Span<'_>) -> Option<Then<'_>> {
    let rest = span.after(40);
    Some(Then::known(of_ether_type(rest.get(0)?), rest.after(4)))
}

/// SunATM: direction and type, VPI, VCI; type 2 is LLC.
pub(super) fn sun_atm(span: Span<'_>) -> Option<Then<'_>> {
    Some(match span.get::<u8>(0)? & 0xf {
        2 => Then::Next(Kind::Llc, span.after(4)),
        _ => Then::Stop(Reason::Payload, span.after(4)),
    })
}

/// AAL5 with LLC (RFC 2684, 5): bridged Ethernet has two bytes of padding.
pub(super) fn rfc1483(span: Span<'_>) -> Option<Then<'_>> {
    const BRIDGED: [u8; 7] = [0xaa, 0xaa, 0x03, 0x00, 0x80, 0xc2, 0x00];
    Some(match (span.get(0), span.get(7)) {
        (Some(BRIDGED), Some(1u8 | 7)) => Then::Next(Kind::Ethernet, span.after(10)),
        _ => Then::Instead(Kind::Llc),
    })
}
