//! PPP (RFC 1661, 1662), its multilink (RFC 1990) and PPPoE (RFC 2516).

use super::{Kind, Span, Then, tables};
use crate::walk::Reason;

/// PPP of a serial line: with address and control or without; the addresses 0x0f and 0x8f are Cisco HDLC's.
pub(super) fn link(span: Span<'_>) -> Option<Then<'_>> {
    Some(match span.get::<u8>(0)? {
        0x0f | 0x8f => Then::Next(Kind::CiscoHdlc, span),
        0xff => Then::Next(Kind::Ppp, span.after(2)),
        _ => Then::Instead(Kind::Ppp),
    })
}

/// The protocol field: one byte if that is odd (RFC 1661, 6.5).
pub(super) fn ppp(span: Span<'_>) -> Option<Then<'_>> {
    let first = span.get::<u8>(0)?;
    let (protocol, len) = match first & 1 {
        1 => (u16::from(first), 1),
        _ => (span.get(0)?, 2),
    };
    Some(Then::known(tables::of_ppp_protocol(protocol), span.after(len)))
}

/// Multilink with long sequence numbers: a whole packet has both ends.
pub(super) fn multilink(span: Span<'_>) -> Option<Then<'_>> {
    const BEGIN_AND_END: u8 = 0xc0;
    let flags = span.get::<u8>(0)?;
    Some(match flags & BEGIN_AND_END {
        BEGIN_AND_END => return ppp(span.after(4)),
        _ => Then::Stop(Reason::Fragment, span.after(4)),
    })
}

/// A session packet; the length cuts the payload.
pub(super) fn pppoe(span: Span<'_>) -> Option<Then<'_>> {
    let (code, len) = (span.get::<u8>(1)?, span.get::<u16>(4)?);
    let payload = span.after(6).cut(len.into());
    Some(match code {
        0 => Then::Next(Kind::Ppp, payload),
        _ => Then::Stop(Reason::Payload, payload),
    })
}
