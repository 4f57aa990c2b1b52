//! Headers between Ethernet and the network layer other than VLAN tags (semantics 6).

use super::ethernet::typed_or_long;
use super::{Kind, Span, Then, of_ether_type, tables};
use crate::walk::Reason;

/// A tag of a fixed length with the next EtherType at its end: E-Tag, VN-Tag, Cisco metadata.
pub(super) fn ether_type_at(span: Span<'_>, at: usize) -> Option<Then<'_>> {
    Some(typed_or_long(span.get(at)?, span.after(at + 2)))
}

/// IEEE 802.1ah: an instance tag and the customer's addresses and EtherType.
pub(super) fn backbone_vlan(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::EtherType(span.get(16)?, span.after(18)))
}

/// HSR (IEC 62439-3): path and size, sequence number, EtherType.
pub(super) fn hsr(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::known(of_ether_type(span.get(4)?), span.after(6)))
}

/// MACsec (IEEE 802.1AE): with a channel identifier or without; readable if neither encrypted nor changed.
pub(super) fn macsec(span: Span<'_>) -> Option<Then<'_>> {
    const CHANNEL: u8 = 0x20;
    const ENCRYPTED_OR_CHANGED: u8 = 0x0c;
    /// The integrity check value at the end.
    const ICV_LEN: usize = 16;

    let control = span.get::<u8>(0)?;
    let len = if control & CHANNEL == 0 { 6 } else { 14 };
    let payload = span.after(len).without_last(ICV_LEN);
    match control & ENCRYPTED_OR_CHANGED {
        0 => Some(Then::EtherType(payload.get(0)?, payload.after(2))),
        _ => Some(Then::Stop(Reason::Encrypted, payload)),
    }
}

/// NSH (RFC 8300): length in words, next protocol.
pub(super) fn nsh(span: Span<'_>) -> Option<Then<'_>> {
    let len = usize::from(span.get::<u8>(1)? & 0x3f) * 4;
    let next = span.get(3)?;
    if len < 8 {
        return Some(Then::Stop(Reason::Malformed, span));
    }
    Some(Then::known(tables::of_next_protocol(next), span.after(len)))
}

/// TRILL (RFC 6325): 6 bytes and options counted in words.
pub(super) fn trill(span: Span<'_>) -> Option<Then<'_>> {
    let words = (span.get::<u16>(0)? >> 6) & 0x1f;
    Some(Then::Next(Kind::Ethernet, span.after(6 + usize::from(words) * 4)))
}

/// B.A.T.M.A.N. advanced: unicast and broadcast carry Ethernet frames.
pub(super) fn batman(span: Span<'_>) -> Option<Then<'_>> {
    let (packet_type, version) = (span.get::<u8>(0)?, span.get::<u8>(1)?);
    let len = match (version, packet_type) {
        (15, 0x40) | (14, 3) => 10,
        (15, 0x42) => 20,
        (15, 0x01) | (14, 4) => 14,
        _ => return Some(Then::Stop(Reason::Payload, span)),
    };
    Some(Then::Next(Kind::Ethernet, span.after(len)))
}

/// Arista's time stamp: a subtype, a version that says 48 or 64 bits, the time, the EtherType.
pub(super) fn arista_timestamp(span: Span<'_>) -> Option<Then<'_>> {
    let time_len = match (span.get::<u16>(0)?, span.get::<u16>(2)?) {
        (1, 0x0010 | 0x0110) => 8,
        (1, 0x0020 | 0x0120) => 6,
        _ => return Some(Then::Stop(Reason::Payload, span)),
    };
    let payload = span.after(4 + time_len);
    Some(Then::EtherType(payload.get(0)?, payload.after(2)))
}

/// Cisco metadata behind GRE: EtherType, version, length, options; `frame.protocols` does not name the EtherType.
pub(super) fn cisco_metadata_in_gre(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::known(of_ether_type(span.get(0)?), span.after(8)))
}
