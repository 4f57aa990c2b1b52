//! Link layers of wide area and older networks (semantics 7).

use super::{Kind, Span, Then, of_ether_type, tables};
use crate::walk::Reason;

/// A header with an EtherType at its end.
pub(super) fn ether_type_at(span: Span<'_>, at: usize) -> Option<Then<'_>> {
    Some(Then::known(of_ether_type(span.get(at)?), span.after(at + 2)))
}

/// Cisco HDLC: address, control, EtherType; the number of RARP stands for SLARP.
pub(super) fn cisco_hdlc(span: Span<'_>) -> Option<Then<'_>> {
    const SLARP: u16 = 0x8035;
    match span.get(2)? {
        SLARP => Some(Then::Stop(Reason::Payload, span.after(4))),
        _ => ether_type_at(span, 2),
    }
}

/// Frame relay: an address of 2 to 4 bytes whose last one is odd, then a control byte of unnumbered frames and a network
/// layer protocol (RFC 2427); or else Cisco's EtherType or a bare Ethernet frame.
pub(super) fn frame_relay(span: Span<'_>) -> Option<Then<'_>> {
    const UNNUMBERED: u8 = 3;
    /// The channel of signalling.
    const CHANNEL_0: [u8; 2] = [0, 1];

    let address = span.bytes().get(1..)?.iter().take(3).position(|byte| byte & 1 == 1);
    let Some(address) = address else { return Some(Then::Stop(Reason::Malformed, span)) };
    let rest = span.after(2 + address);
    match rest.get::<u8>(0)? & 3 {
        UNNUMBERED => network_layer(rest.after(1)),
        _ if span.get(0) == Some(CHANNEL_0) => Some(Then::Stop(Reason::Payload, rest)),
        _ => Some(match of_ether_type(rest.get(0)?) {
            Some(kind) => Then::Next(kind, rest.after(2)),
            None if is_ethernet(rest) => Then::Next(Kind::Ethernet, rest),
            None => Then::Stop(Reason::Payload, rest),
        }),
    }
}

/// A network layer protocol identifier, perhaps behind a byte of padding; bridged Ethernet is not padded as in LLC.
fn network_layer(span: Span<'_>) -> Option<Then<'_>> {
    const PADDING: u8 = 0;
    const SNAP: u8 = 0x80;
    const BRIDGED: [u8; 4] = [0, 0x80, 0xc2, 0];

    let padding = usize::from(span.get::<u8>(0)? == PADDING);
    let payload = span.after(padding + 1);
    Some(match (span.get::<u8>(padding)?, payload.get(0), payload.get(4)) {
        (SNAP, Some(BRIDGED), Some(1u8 | 7)) => Then::Next(Kind::Ethernet, payload.after(5)),
        (SNAP, ..) => Then::Next(Kind::Snap, payload),
        (nlpid, ..) => Then::known(tables::of_nlpid(nlpid), payload),
    })
}

/// Whether a frame is Ethernet for the reference: a type that is known, no protocol of OSI behind a numbered frame.
fn is_ethernet(span: Span<'_>) -> bool {
    let (Some(control), Some(osi), Some(ether_type)) =
        (span.get::<u8>(0), span.get::<u8>(2), span.get::<u16>(12))
    else {
        return false;
    };
    let is_typed = (1..=1500).contains(&ether_type) || of_ether_type(ether_type).is_some();
    is_typed && !(control != 0 && (0x81..=0x83).contains(&osi))
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
    const ARP_RFC1051: u8 = 241;
    const ARP_RFC1201: u8 = 213;
    const IPV6: u8 = 196;
    const EXCEPTION: u8 = 0xff;

    let header = span.after(2 + offset_len);
    let (protocol, flag) = (header.get::<u8>(0)?, header.get::<u8>(1)?);
    let len = if flag == EXCEPTION && offset_len == 0 { 8 } else { 4 };
    Some(match protocol {
        IP_RFC1051 => Then::Next(Kind::Ipv4, header.after(1)),
        IP_RFC1201 => Then::Next(Kind::Ipv4, header.after(len)),
        ARP_RFC1051 => Then::Next(Kind::Arp, header.after(1)),
        ARP_RFC1201 => Then::Next(Kind::Arp, header.after(len)),
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
