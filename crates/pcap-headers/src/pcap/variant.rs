//! Which shape the records have, where the magic does not tell (semantics 10, "Variant guessing").
//!
//! Old writers put more bytes into the record header without a magic of their own. Under the wrong shape the second record
//! header is read from the middle of a packet, and is implausible. So the shape under which the most of the first three
//! records are plausible is taken, the usual one among equals: damage alone never looks like another shape.

use crate::options::Options;
use crate::pcap::header::{FileHeader, Variant};
use crate::pcap::record::{head, most_captured};

pub(crate) const OF_MICROS: &[Variant] = &[Variant::Standard, Variant::Patched, Variant::Nokia];
pub(crate) const OF_NANOS: &[Variant] = &[Variant::Standard];
pub(crate) const OF_MODIFIED: &[Variant] = &[Variant::Patched, Variant::PatchedLate];

/// How many records are looked at.
const RECORDS: usize = 3;

/// The shape of the records that `bytes`, what stands behind the file header, begin with; or how many bytes are needed to
/// tell, which may be none if the file ends here.
pub(crate) fn choose(
    header: &FileHeader,
    options: &Options,
    bytes: &[u8],
    end: bool,
) -> Result<Variant, usize> {
    let mut best = (header.variant, 0);
    // Of packets without a sensible limit no three are waited for.
    if header.candidates.len() == 1 || header.link_type.has_large_packets() {
        return Ok(header.variant);
    }
    for &variant in header.candidates {
        let plausible = match plausible(header, options, variant, bytes) {
            Ok(count) => count,
            Err((count, _)) if end => count,
            Err((_, total)) => return Err(total),
        };
        if plausible > best.1 {
            best = (variant, plausible);
        }
        if plausible == RECORDS {
            break;
        }
    }
    Ok(best.0)
}

/// How many of the first records are plausible; `Err` with as many as are seen and the bytes that are needed to see more.
fn plausible(
    header: &FileHeader,
    options: &Options,
    variant: Variant,
    bytes: &[u8],
) -> Result<usize, (usize, usize)> {
    let most = most_captured(header, options);
    let second = if header.nanos { 1_000_000_000 } else { 1_000_000 };
    let mut at = 0;
    for count in 0..RECORDS {
        let before = variant.record_header_len();
        let Some(head) = bytes.get(at..).and_then(|rest| head(header, rest)) else {
            return Err((count, at + before));
        };
        let captured = head.captured as usize;
        if captured > most || head.captured > head.wire || head.fraction >= second {
            return Ok(count);
        }
        at += before + captured;
    }
    Ok(RECORDS)
}
