//! Tunnels over IP and UDP (semantics 6).

use super::{Kind, Span, Then, of_ether_type, tables, version};
use crate::walk::Reason;

/// GRE (RFC 2784, 2890), with the routing of RFC 1701 and the acknowledgement of PPTP (RFC 2637, 4.1).
pub(super) fn gre(span: Span<'_>) -> Option<Then<'_>> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;

    let (flags, protocol) = (span.get::<u16>(0)?, span.get::<u16>(2)?);
    let has = |flag: u16| usize::from(flags & flag != 0);
    let words = 1
        + has(CHECKSUM | ROUTING)
        + has(KEY)
        + has(SEQUENCE)
        + if flags & 7 == 1 { has(ACKNOWLEDGEMENT) } else { 0 };
    let mut payload = span.after(4 * words);
    if flags & ROUTING != 0 {
        payload = behind_routes(payload)?;
    }
    Some(match tables::of_gre_type(protocol) {
        // ERSPAN of type I has no sequence number.
        Some(Kind::Erspan) if flags & SEQUENCE == 0 => Then::Next(Kind::Erspan1, payload),
        Some(Kind::Ppp) => Then::Next(Kind::PppLink, payload),
        kind => Then::known(kind, payload),
    })
}

/// Source route entries: family, offset, length of what follows; the last one is empty.
fn behind_routes(mut span: Span<'_>) -> Option<Span<'_>> {
    loop {
        let (family, len) = (span.get::<u16>(0)?, span.get::<u8>(3)?);
        span = span.after(4 + usize::from(len));
        if family == 0 && len == 0 {
            return Some(span);
        }
    }
}

/// ERSPAN of type II (8 bytes) or III (12 bytes, and 8 more if the last bit says so), whose frame type 0 is Ethernet.
pub(super) fn erspan(span: Span<'_>) -> Option<Then<'_>> {
    const FRAME_TYPE: u16 = 0x7c00;
    const HAS_SUBHEADER: u16 = 1;
    let len = match span.get::<u8>(0)? >> 4 {
        1 => 8,
        2 => match span.get::<u16>(10)? {
            flags if flags & FRAME_TYPE != 0 => return Some(Then::Stop(Reason::Payload, span)),
            flags if flags & HAS_SUBHEADER != 0 => 20,
            _ => 12,
        },
        _ => return Some(Then::Stop(Reason::Payload, span)),
    };
    Some(Then::Next(Kind::Ethernet, span.after(len)))
}

/// WCCP redirection: version 2 has a header of 4 bytes before the packet.
pub(super) fn wccp(span: Span<'_>) -> Option<Then<'_>> {
    let len = if span.get::<u8>(0)? >> 4 == 4 { 0 } else { 4 };
    Some(Then::Next(Kind::Ipv4, span.after(len)))
}

/// PIM (RFC 7761, 4.9.3): a register message carries a packet.
pub(super) fn pim(span: Span<'_>) -> Option<Then<'_>> {
    Some(match span.get::<u8>(0)? {
        0x21 => Then::by_version(span.after(8)),
        _ => Then::Stop(Reason::Payload, span),
    })
}

/// VXLAN-GPE: as VXLAN, with a next protocol.
pub(super) fn vxlan_gpe(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::known(tables::of_next_protocol(span.get(3)?), span.after(8)))
}

/// Geneve (RFC 8926): options counted in words, an EtherType.
pub(super) fn geneve(span: Span<'_>) -> Option<Then<'_>> {
    let words = span.get::<u8>(0)? & 0x3f;
    Some(Then::known(of_ether_type(span.get(2)?), span.after(8 + 4 * usize::from(words))))
}

/// GTP-U (3GPP TS 29.281, 5): a T-PDU carries a packet.
pub(super) fn gtp(span: Span<'_>) -> Option<Then<'_>> {
    const T_PDU: u8 = 255;
    const EXTENSION: u8 = 4;

    let (flags, message) = (span.get::<u8>(0)?, span.get::<u8>(1)?);
    if flags >> 4 != 3 || message != T_PDU {
        return Some(Then::Stop(Reason::Payload, span));
    }
    let mut payload = span.after(if flags & 7 == 0 { 8 } else { 12 });
    let mut next = if flags & EXTENSION == 0 { 0 } else { span.get::<u8>(11)? };
    // Extension headers say their length in words and end with the type of the next one.
    while next != 0 {
        let len = usize::from(payload.get::<u8>(0)?) * 4;
        if len == 0 {
            return Some(Then::Stop(Reason::Malformed, payload));
        }
        next = payload.get(len - 1)?;
        payload = payload.after(len);
    }
    let kind = match payload.get::<u8>(0)? {
        0x45..=0x4e => Some(Kind::Ipv4),
        0x60..=0x6f => Some(Kind::Ipv6),
        _ => None,
    };
    Some(Then::known(kind, payload))
}

/// L2TP version 2 (RFC 2661, 3.1): data messages carry PPP.
pub(super) fn l2tp(span: Span<'_>) -> Option<Then<'_>> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;

    let flags = span.get::<u16>(0)?;
    if flags & 0xf != 2 || flags & CONTROL != 0 {
        return Some(Then::Stop(Reason::Payload, span));
    }
    let mut len = 2;
    let mut message = span;
    if flags & LENGTH != 0 {
        message = span.cut(span.get::<u16>(len)?.into());
        len += 2;
    }
    len += if flags & SEQUENCE == 0 { 4 } else { 8 };
    if flags & OFFSET != 0 {
        len += 2 + usize::from(message.get::<u16>(len)?);
    }
    Some(Then::Next(Kind::PppLink, message.after(len)))
}

/// Teredo (RFC 4380, 5.1.1): authentication and origin may stand before the IPv6 packet.
pub(super) fn teredo(span: Span<'_>) -> Option<Then<'_>> {
    let mut rest = span;
    if rest.get::<u16>(0)? == 1 {
        let (client, value) = (rest.get::<u8>(2)?, rest.get::<u8>(3)?);
        rest = rest.after(4 + usize::from(client) + usize::from(value) + 9);
    }
    if rest.get::<u16>(0)? == 0 {
        rest = rest.after(8);
    }
    let kind = version(rest).filter(|kind| *kind == Kind::Ipv6);
    Some(Then::known(kind, rest))
}

/// TZSP: version, type, encapsulated protocol, tags up to an end tag.
pub(super) fn tzsp(span: Span<'_>) -> Option<Then<'_>> {
    const PADDING: u8 = 0;
    const END: u8 = 1;

    let kind = match span.get::<u16>(2)? {
        1 => Some(Kind::Ethernet),
        18 => Some(Kind::Wlan),
        _ => None,
    };
    let mut rest = span.after(4);
    loop {
        match rest.get::<u8>(0)? {
            END => return Some(Then::known(kind, rest.after(1))),
            PADDING => rest = rest.after(1),
            _ => rest = rest.after(2 + usize::from(rest.get::<u8>(1)?)),
        }
    }
}
