//! The records of a pcap file.

use byteorder::{BigEndian, ByteOrder as Bytes, LittleEndian};

use crate::bytes::ByteOrder;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::pcap::header::{FileHeader, Lengths};
use crate::report::{Oddity, Report};
use crate::time::pcap_time;
use crate::unit::{Found, Step};

/// Bytes that every record header begins with.
const FIXED: usize = 16;

/// The four numbers that every record header begins with, lengths in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordHead {
    pub(crate) seconds: u32,
    pub(crate) fraction: u32,
    pub(crate) captured: u32,
    pub(crate) wire: u32,
    pub(crate) swapped: bool,
}

/// The numbers of the record at the front of `bytes`, if they are there.
#[inline]
pub(crate) fn head(header: &FileHeader, bytes: &[u8]) -> Option<RecordHead> {
    let fixed = bytes.first_chunk()?;
    let head = match header.byte_order {
        ByteOrder::Little => numbers::<LittleEndian>(fixed),
        ByteOrder::Big => numbers::<BigEndian>(fixed),
    };
    let swapped = match header.lengths {
        Lengths::InOrder => return Some(head),
        Lengths::Swapped => true,
        Lengths::ByValue => head.captured > head.wire,
    };
    Some(if swapped {
        RecordHead { captured: head.wire, wire: head.captured, swapped, ..head }
    } else {
        head
    })
}

#[inline]
fn numbers<E: Bytes>(fixed: &[u8; FIXED]) -> RecordHead {
    RecordHead {
        seconds: E::read_u32(&fixed[0..4]),
        fraction: E::read_u32(&fixed[4..8]),
        captured: E::read_u32(&fixed[8..12]),
        wire: E::read_u32(&fixed[12..16]),
        swapped: false,
    }
}

/// The most bytes that a packet of the file may have.
pub(crate) fn most_captured(header: &FileHeader, options: &Options) -> usize {
    let large = header.link_type.has_large_packets();
    if large { options.limits.block_bytes } else { options.limits.packet_bytes }
}

/// The record at the front of `bytes`.
///
/// # Errors
/// `Limit` if it announces more bytes than a packet may have.
#[inline]
pub(crate) fn step(
    header: &FileHeader,
    options: &Options,
    report: &mut Report,
    bytes: &[u8],
) -> Result<Step> {
    let before = header.variant.record_header_len();
    let Some(head) = head(header, bytes) else {
        return Ok(Step::Need { what: "packet header", total: before });
    };
    let captured = head.captured as usize;
    let most = most_captured(header, options);
    if captured > most {
        return Err(Error::limit("captured length", captured, most));
    }
    let len = before + captured;
    if bytes.len() < len {
        return Ok(Step::Need { what: "packet", total: len });
    }
    let (time, sound) = pcap_time(head.seconds, head.fraction, header.nanos);
    for (odd, oddity) in [
        (!sound, Oddity::FractionOverflow),
        (head.swapped, Oddity::LengthsSwapped),
        (head.captured > head.wire, Oddity::CapturedBeyondWire),
        (header.snap_len > 0 && head.captured > header.snap_len, Oddity::CapturedBeyondSnap),
    ] {
        if odd {
            report.odd(oddity);
        }
    }
    let found = Found {
        number: 0,
        time: Some(time),
        link_type: header.link_type,
        interface: None,
        wire_len: head.wire,
        data: before..len,
    };
    Ok(Step::Unit { len, found: Some(found) })
}
