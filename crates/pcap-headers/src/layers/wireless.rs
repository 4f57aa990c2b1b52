//! IEEE 802.11 and the headers that capture tools put before it (semantics 7).

use super::{Kind, Span, Then, of_link_type};
use crate::walk::Reason;

/// The frame check sequence that some drivers leave at the end.
const FCS_LEN: usize = 4;

/// A data frame that is not protected: LLC, or subframes with LLC. Subtypes of data: 4 empty, 8 quality of service.
pub(super) fn wlan(span: Span<'_>, is_padded: bool) -> Option<Then<'_>> {
    const DATA: u8 = 2;
    const EMPTY: u8 = 0x40;
    const QOS: u8 = 0x80;
    const BOTH_DS: u8 = 0x03;
    const MORE_FRAGMENTS: u8 = 0x04;
    const PROTECTED: u8 = 0x40;
    const ORDER: u8 = 0x80;
    const IS_AGGREGATE: u8 = 0x80;

    let (control, flags) = (span.get::<u8>(0)?, span.get::<u8>(1)?);
    if (control >> 2) & 3 != DATA || control & EMPTY != 0 {
        return Some(Then::Stop(Reason::Payload, span));
    }
    let mut len = if flags & BOTH_DS == BOTH_DS { 30 } else { 24 };
    let mut is_aggregate = false;
    if control & QOS != 0 {
        is_aggregate = span.get::<u8>(len)? & IS_AGGREGATE != 0;
        len += if flags & ORDER == 0 { 2 } else { 6 };
    }
    let is_fragment = flags & MORE_FRAGMENTS != 0 || span.get_le16(22)? & 0xf != 0;
    let payload = span.after(if is_padded { len.next_multiple_of(4) } else { len });
    Some(match payload.get::<u16>(0) {
        _ if flags & PROTECTED != 0 => Then::Stop(Reason::Encrypted, payload),
        _ if is_fragment => Then::Stop(Reason::Fragment, payload),
        _ if is_aggregate => Then::Next(Kind::WlanSubframes, payload),
        // IPX without LLC.
        Some(0xffff) => Then::Stop(Reason::Payload, payload),
        _ => Then::Next(Kind::Llc, payload),
    })
}

/// Subframes of an aggregate: addresses, length, LLC, padding to a multiple of 4.
pub(super) fn subframes(span: Span<'_>) -> Option<Then<'_>> {
    let len = usize::from(span.get::<u16>(12)?);
    let first = span.after(14).cut(len);
    let rest = span.after((14 + len).next_multiple_of(4));
    Some(Then::Both((Kind::Llc, first), (Kind::WlanSubframes, rest)))
}

/// Radiotap: little-endian; flags say whether a check sequence follows and whether the header is padded.
pub(super) fn radiotap(span: Span<'_>) -> Option<Then<'_>> {
    const HAS_TSFT: u32 = 1;
    const HAS_FLAGS: u32 = 2;
    const FCS_AT_END: u8 = 0x10;
    const DATA_PAD: u8 = 0x20;
    const ANOTHER_WORD: u32 = 1 << 31;

    let len = usize::from(span.get_le16(2)?);
    let present = span.get_le32(4)?;
    if len > span.bytes().len() {
        return Some(Then::Stop(Reason::Malformed, span));
    }
    let mut at = 8;
    let mut word = present;
    while word & ANOTHER_WORD != 0 {
        word = span.get_le32(at)?;
        at += 4;
    }
    if present & HAS_TSFT != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    let flags = if present & HAS_FLAGS == 0 || at >= len { 0 } else { span.get::<u8>(at)? };
    let frame = span.after(len);
    let frame = if flags & FCS_AT_END == 0 { frame } else { frame.without_last(FCS_LEN) };
    let kind = if flags & DATA_PAD == 0 { Kind::Wlan } else { Kind::WlanPadded };
    Some(Then::Next(kind, frame))
}

/// Prism: a message code and length in host order, or an AVS header after all.
pub(super) fn prism(span: Span<'_>) -> Option<Then<'_>> {
    const LEN: usize = 144;
    match span.get::<u32>(0)? {
        0x8021_1001 | 0x8021_1002 => Some(Then::Next(Kind::Avs, span)),
        _ => Some(Then::Next(Kind::Wlan, span.after(LEN))),
    }
}

/// AVS: magic number, length.
pub(super) fn avs(span: Span<'_>) -> Option<Then<'_>> {
    let len = span.get::<u32>(4)?;
    Some(Then::Next(Kind::Wlan, span.after(len as usize)))
}

/// PPI: little-endian; a link type, and fields of which the one for 802.11 tells of a check sequence.
pub(super) fn ppi(span: Span<'_>) -> Option<Then<'_>> {
    const WLAN_COMMON: u16 = 2;
    const FCS_AT_END: u16 = 1;
    const WLAN: u32 = 105;

    let (len, link_type) = (usize::from(span.get_le16(2)?), span.get_le32(4)?);
    let mut has_fcs = false;
    let mut fields = span.cut(len).after(8);
    while let (Some(field), Some(field_len)) = (fields.get_le16(0), fields.get_le16(2)) {
        if field == WLAN_COMMON {
            has_fcs = fields.get_le16(12).is_some_and(|flags| flags & FCS_AT_END != 0);
        }
        fields = fields.after(4 + usize::from(field_len));
    }
    let frame = span.after(len);
    let frame = if has_fcs && link_type == WLAN { frame.without_last(FCS_LEN) } else { frame };
    Some(Then::known(of_link_type(link_type), frame))
}
