//! MPLS (RFC 3032) and what the first half byte behind it means (RFC 4385, 3).

use super::{Ethernet, Kind, Span, Then, of_ether_type, tables};

/// The label that announces an associated channel (RFC 5586).
const GAL: u32 = 13;

/// A label stack to its bottom.
pub(super) fn mpls(span: Span<'_>) -> Option<Then<'_>> {
    let mut rest = span;
    loop {
        let entry = rest.get::<u32>(0)?;
        rest = rest.after(4);
        if entry & 0x100 != 0 {
            return Some(behind_the_labels(entry >> 12, rest));
        }
    }
}

fn behind_the_labels(label: u32, payload: Span<'_>) -> Then<'_> {
    let kind = match payload.get::<u8>(0).map(|byte| byte >> 4) {
        _ if label == GAL => Some(Kind::PwAch),
        Some(4) => Some(Kind::Ipv4),
        Some(6) => Some(Kind::Ipv6),
        Some(1) => Some(Kind::PwAch),
        Some(0) => Some(Kind::PwEthernet),
        _ => None,
    };
    Then::known(kind, payload)
}

/// An associated channel: its types are PPP's for IP (RFC 4385, 5).
pub(super) fn associated_channel(span: Span<'_>) -> Option<Then<'_>> {
    let kind = match span.get(2)? {
        channel @ (0x0021 | 0x0057) => tables::of_ppp_protocol(channel),
        _ => None,
    };
    Some(Then::known(kind, span.after(4)))
}

/// Ethernet with a control word or without: nothing but the frame itself tells (RFC 4928, 3).
pub(super) fn ethernet_pseudowire(span: Span<'_>) -> Option<Then<'_>> {
    let frame = Ethernet::from_prefix(span.bytes());
    let is_frame = looks_assigned(frame.destination()?, frame) && looks_assigned(frame.source()?, frame);
    Some(Then::Next(if is_frame { Kind::PwEthernetBare } else { Kind::PwEthernetWord }, span))
}

/// The reference asks whether a vendor is known. Those that begin with 0 are, nearly all; others count if the frame has
/// an EtherType that is known (semantics 14).
fn looks_assigned(address: [u8; 6], frame: Ethernet<'_>) -> bool {
    const GROUP_OR_LOCAL: u8 = 3;
    let is_typed = || frame.ether_type().is_some_and(|ether_type| of_ether_type(ether_type).is_some());
    address[0] & GROUP_OR_LOCAL == 0 && (address[0] == 0 || is_typed())
}
