//! Ethernet, its VLAN tags, 802.2 LLC and SNAP (semantics 5 and 6).

use super::{Ethernet, Kind, Span, Then, Vlan, of_ether_type, tables};
use crate::walk::Reason;

/// The largest length of IEEE 802.3; from 0x600 on the field is an EtherType.
const MAX_LENGTH: u16 = 1500;
const MIN_ETHER_TYPE: u16 = 0x600;
const FABRIC_PATH: u16 = 0x8903;
const ISL_DESTINATION: [u8; 5] = [0x01, 0x00, 0x0c, 0x00, 0x00];

/// A frame; nothing is decoded unless all of its header was captured (semantics 5).
#[inline]
pub(super) fn ethernet(span: Span<'_>) -> Option<Then<'_>> {
    let ether_type = span.get::<u16>(12)?;
    let payload = span.after(Ethernet::LEN);
    Some(match ether_type {
        FABRIC_PATH => Then::Instead(Kind::FabricPath),
        MIN_ETHER_TYPE.. => Then::EtherType(ether_type, payload),
        1..=MAX_LENGTH if span.get(0) == Some(ISL_DESTINATION) => Then::Instead(Kind::Isl),
        1..=MAX_LENGTH => with_length(ether_type, payload),
        _ => Then::Stop(Reason::Payload, payload),
    })
}

/// The payload of an 802.3 frame: LLC, or IPX without it.
fn with_length(len: u16, payload: Span<'_>) -> Then<'_> {
    match payload.get::<u16>(0) {
        Some(0xffff) => Then::Stop(Reason::Payload, payload),
        _ => Then::Next(Kind::Llc, payload.cut(len.into())),
    }
}

/// A tag: what it holds is chosen as behind the addresses.
pub(super) fn vlan(span: Span<'_>) -> Option<Then<'_>> {
    let ether_type = Vlan::from_prefix(span.bytes()).ether_type()?;
    Some(typed_or_long(ether_type, span.after(Vlan::LEN)))
}

/// A service tag (IEEE 802.1ad); the reference takes two of them as one.
pub(super) fn service_vlan(span: Span<'_>) -> Option<Then<'_>> {
    const SERVICE_VLAN: u16 = 0x88a8;
    match Vlan::from_prefix(span.bytes()).ether_type()? {
        SERVICE_VLAN => vlan(span.after(Vlan::LEN)),
        _ => vlan(span),
    }
}

/// What follows a tag: an EtherType, or the length of an LLC frame.
pub(super) fn typed_or_long(ether_type: u16, payload: Span<'_>) -> Then<'_> {
    match ether_type {
        ..=MAX_LENGTH => with_length(ether_type, payload),
        _ => Then::EtherType(ether_type, payload),
    }
}

/// Cisco ISL: 14 bytes like Ethernet's, whose length counts what follows, and 12 more.
pub(super) fn isl(span: Span<'_>) -> Option<Then<'_>> {
    let len = span.get::<u16>(12)?;
    Some(Then::Next(Kind::Ethernet, span.cut(14 + usize::from(len)).after(26)))
}

/// FabricPath: two addresses, EtherType and tag, then the frame (semantics 6).
pub(super) fn fabric_path(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::Next(Kind::Ethernet, span.after(16)))
}

/// LLC (IEEE 802.2): access points, control, and what an unnumbered or information frame carries.
pub(super) fn llc(span: Span<'_>) -> Option<Then<'_>> {
    let (destination, source, control) = (span.get::<u8>(0)?, span.get::<u8>(1)?, span.get::<u8>(2)?);
    let is_unnumbered = control & 3 == 3;
    let payload = span.after(if is_unnumbered { 3 } else { 4 });
    let is_snap = destination == 0xaa && source == 0xaa;
    let has_information = control & 1 == 0 || control & 0xef == 3;
    Some(match is_snap {
        true => Then::Next(Kind::Snap, payload),
        false if has_information => Then::known(tables::of_sap(destination), payload),
        false => Then::Stop(Reason::Payload, payload),
    })
}

/// SNAP: an organisation, and what its number means.
pub(super) fn snap(span: Span<'_>) -> Option<Then<'_>> {
    let (organisation, protocol) = (span.get::<[u8; 3]>(0)?, span.get::<u16>(3)?);
    let payload = span.after(5);
    Some(match organisation {
        [0, 0, 0] | [0, 0, 0xf8] => Then::known(of_ether_type(protocol), payload),
        // Bridged Ethernet with a frame check sequence or without, behind two bytes of padding (RFC 2684, 5.2).
        [0, 0x80, 0xc2] if matches!(protocol, 1 | 7) => Then::Next(Kind::Ethernet, payload.after(2)),
        _ => Then::Stop(Reason::Payload, payload),
    })
}

/// OSI: the network layer protocol identifier.
pub(super) fn osi(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::known(tables::of_nlpid(span.get(0)?), span.after(1)))
}
