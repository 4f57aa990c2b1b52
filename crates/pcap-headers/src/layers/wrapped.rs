//! Headers of capture tools and packet filters before a packet (semantics 7).

use super::cooked::of_host_family;
use super::{Kind, Span, Then, of_ether_type, of_link_type, tables};
use crate::walk::Reason;

/// Apple's PKTAP: little-endian; length, type, link type.
pub(super) fn pktap(span: Span<'_>) -> Option<Then<'_>> {
    let (len, link_type) = (span.get_le32(0)?, span.get_le32(8)?);
    Some(Then::known(of_link_type(link_type), span.after(len as usize)))
}

/// Endace ERF: a time stamp, type, lengths, extension headers as long as their first bit is set.
pub(super) fn erf(span: Span<'_>) -> Option<Then<'_>> {
    const MORE: u8 = 0x80;
    let record_type = span.get::<u8>(8)?;
    let wire_len = span.get::<u16>(14)?;
    let mut payload = span.after(16);
    let mut more = record_type & MORE;
    while more != 0 {
        more = payload.get::<u8>(0)? & MORE;
        payload = payload.after(8);
    }
    let payload = payload.with_wire_len(usize::from(wire_len) + 2);
    Some(match record_type & !MORE {
        // Two bytes of offset and padding stand before a frame.
        2 | 11 | 16 | 20 => Then::Next(Kind::Ethernet, payload.after(2)),
        22 => Then::Next(Kind::Ipv4, payload),
        23 => Then::Next(Kind::Ipv6, payload),
        _ => Then::Stop(Reason::Payload, payload),
    })
}

/// Tags of an exported PDU: the protocol's name, addresses.
pub(super) fn exported_pdu(span: Span<'_>) -> Option<Then<'_>> {
    const END: u16 = 0;
    const DISSECTOR: u16 = 12;
    let mut kind = None;
    let mut tags = span;
    loop {
        let (tag, len) = (tags.get::<u16>(0)?, tags.get::<u16>(2)?);
        let value = tags.after(4).cut(len.into());
        tags = tags.after(4 + usize::from(len));
        match tag {
            END => return Some(Then::known(kind, tags)),
            DISSECTOR => kind = of_dissector(value.bytes()),
            _ => {}
        }
    }
}

/// The names that tshark's dissectors have, padded with zeros.
fn of_dissector(name: &[u8]) -> Option<Kind> {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    Some(match name.get(..end)? {
        b"eth" | b"eth_maybefcs" | b"eth_withfcs" | b"eth_withoutfcs" => Kind::Ethernet,
        b"ip" => Kind::Ipv4,
        b"ipv6" => Kind::Ipv6,
        b"tcp" => Kind::Tcp,
        b"udp" => Kind::Udp,
        b"sctp" => Kind::Sctp,
        b"wlan" => Kind::Wlan,
        b"llc" => Kind::Llc,
        b"ppp" => Kind::Ppp,
        _ => return None,
    })
}

/// The IPv4 address of a tag of an exported PDU: 20 source, 21 destination.
pub(crate) fn exported_ipv4(span: Span<'_>, wanted: u16) -> Option<[u8; 4]> {
    let mut tags = span;
    loop {
        let (tag, len) = (tags.get::<u16>(0)?, tags.get::<u16>(2)?);
        match tag {
            0 => return None,
            _ if tag == wanted => return tags.get(4),
            _ => tags = tags.after(4 + usize::from(len)),
        }
    }
}

/// Juniper's header: magic number, flags, extensions if a flag says so.
fn juniper(span: Span<'_>) -> Option<(u8, Span<'_>)> {
    const MAGIC: [u8; 3] = *b"MGC";
    const EXTENSIONS: u8 = 0x80;
    let (magic, flags) = (span.get::<[u8; 3]>(0)?, span.get::<u8>(3)?);
    let len = if flags & EXTENSIONS == 0 { 4 } else { 6 + usize::from(span.get::<u16>(4)?) };
    (magic == MAGIC).then(|| (flags, span.after(len)))
}

/// Juniper's header before Ethernet; a flag says that the link layer was left out.
pub(super) fn juniper_ethernet(span: Span<'_>) -> Option<Then<'_>> {
    const NO_LINK_LAYER: u8 = 0x02;
    Some(match juniper(span) {
        Some((flags, payload)) if flags & NO_LINK_LAYER == 0 => Then::Next(Kind::Ethernet, payload),
        _ => Then::Stop(Reason::Payload, span),
    })
}

/// Juniper's header and cookie before ATM.
pub(super) fn juniper_atm1(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::Stop(Reason::Payload, span))
}

/// Linux netfilter log: family, then attributes in host order of either kind; one of them is the packet.
pub(super) fn nflog(span: Span<'_>) -> Option<Then<'_>> {
    let attributes = span.after(4);
    Some(match nflog_packet(span) {
        // Nothing is shown of one that is cut.
        Some((kind, payload)) if payload.bytes().len() == payload.wire_len() => Then::known(kind, payload),
        _ => Then::Stop(Reason::Payload, attributes),
    })
}

/// The packet of a netfilter log, of which only the beginning may have been captured.
pub(crate) fn nflog_packet(span: Span<'_>) -> Option<(Option<Kind>, Span<'_>)> {
    const BRIDGE: u8 = 7;
    const HARDWARE: u16 = 1;
    const PAYLOAD: u16 = 9;

    let family = span.get::<u8>(0)?;
    let attributes = span.after(4);
    let find = |wanted| {
        attribute(attributes, wanted, |span, at| span.get_le16(at))
            .or_else(|| attribute(attributes, wanted, |span, at| span.get::<u16>(at)))
    };
    let kind = match family {
        BRIDGE => find(HARDWARE).and_then(|value| of_ether_type(value.get(0)?)),
        _ => of_host_family(family),
    };
    find(PAYLOAD).map(|payload| (kind, payload))
}

/// The value of an attribute, as long as its length says.
fn attribute<'a>(
    mut span: Span<'a>,
    wanted: u16,
    get: impl Fn(Span<'a>, usize) -> Option<u16>,
) -> Option<Span<'a>> {
    while let (Some(len @ 4..), Some(kind)) = (get(span, 0), get(span, 2)) {
        if kind == wanted {
            let len = usize::from(len);
            return Some(span.cut(len).with_wire_len(len).after(4));
        }
        span = span.after(usize::from(len).next_multiple_of(4));
    }
    None
}

/// OpenBSD packet filter log: length without padding, family.
pub(super) fn pflog(span: Span<'_>) -> Option<Then<'_>> {
    let (len, family) = (span.get::<u8>(0)?, span.get::<u8>(1)?);
    let payload = span.after(usize::from(len).next_multiple_of(4));
    Some(Then::known(tables::of_family(family.into()), payload))
}

/// OpenBSD encapsulation: family in either order, SPI, flags.
pub(super) fn enc(span: Span<'_>) -> Option<Then<'_>> {
    let family = span.get::<u32>(0)?;
    let family = if family > 0xffff { family.swap_bytes() } else { family };
    let kind = match family {
        2 => Some(Kind::Ipv4),
        24 => Some(Kind::Ipv6),
        _ => None,
    };
    Some(Then::known(kind, span.after(12)))
}

/// Solaris IP observability: version, family of Solaris, lengths and zones.
pub(super) fn ipnet(span: Span<'_>) -> Option<Then<'_>> {
    let kind = match span.get::<u8>(1)? {
        2 => Some(Kind::Ipv4),
        26 => Some(Kind::Ipv6),
        _ => None,
    };
    Some(Then::known(kind, span.after(24)))
}
