//! sFlow version 5: the headers of sampled packets.

use super::{Kind, Span, Then};
use crate::walk::Reason;

/// A datagram: agent, counters, samples.
pub(super) fn sflow(span: Span<'_>) -> Option<Then<'_>> {
    let version = span.get::<u32>(0)?;
    let address_len = match span.get::<u32>(4)? {
        1 => 4,
        2 => 16,
        _ => return Some(Then::Stop(Reason::Payload, span)),
    };
    match version {
        5 => Some(Then::Next(Kind::SflowSamples, span.after(8 + address_len + 16))),
        _ => Some(Then::Stop(Reason::Payload, span)),
    }
}

/// Samples, each with its format and length; flow samples hold records.
pub(super) fn samples(span: Span<'_>) -> Option<Then<'_>> {
    let (format, len) = (span.get::<u32>(0)?, span.get::<u32>(4)? as usize);
    let (sample, rest) = (span.after(8).cut(len), span.after(8).after(len));
    let records_at = match format {
        1 => 32,
        3 => 44,
        _ => return Some(Then::Next(Kind::SflowSamples, rest)),
    };
    Some(Then::Both((Kind::SflowRecords, sample.after(records_at)), (Kind::SflowSamples, rest)))
}

/// Records, each with its format and length; the first format is a packet's header as it was sampled.
pub(super) fn records(span: Span<'_>) -> Option<Then<'_>> {
    let (format, len) = (span.get::<u32>(0)?, span.get::<u32>(4)? as usize);
    let (record, rest) = (span.after(8).cut(len), span.after(8).after(len));
    if format != 1 {
        return Some(Then::Next(Kind::SflowRecords, rest));
    }
    let kind = match record.get::<u32>(0)? {
        1 => Kind::Ethernet,
        11 => Kind::Ipv4,
        12 => Kind::Ipv6,
        _ => return Some(Then::Next(Kind::SflowRecords, rest)),
    };
    let (frame_len, header_len) = (record.get::<u32>(4)?, record.get::<u32>(12)?);
    let header = record.after(16).cut(header_len as usize).with_wire_len(frame_len as usize);
    Some(Then::Both((kind, header), (Kind::SflowRecords, rest)))
}
