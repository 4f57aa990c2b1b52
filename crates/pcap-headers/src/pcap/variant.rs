//! Which shape the records have, where the magic does not tell (semantics 10, "Variant guessing").
//!
//! Old writers put more bytes into the record header without a magic of their own. Under the wrong shape the second record
//! header is read from the middle of a packet, and is implausible. So another shape than the usual one is taken only if
//! one of the first three records is implausible under the usual one, and more of them are plausible under the other; there
//! they must also lie near each other in time. Damage alone, or zeros, never look like that.

use crate::options::Options;
use crate::pcap::header::{FileHeader, Variant};
use crate::pcap::record::{head, most_captured};

pub(crate) const OF_MICROS: &[Variant] = &[Variant::Standard, Variant::Patched, Variant::Nokia];
pub(crate) const OF_NANOS: &[Variant] = &[Variant::Standard];
pub(crate) const OF_MODIFIED: &[Variant] = &[Variant::Patched, Variant::PatchedLate];

/// How many records are looked at.
const RECORDS: usize = 3;
/// How far apart these lie in time, if their shape is not the usual one: a year.
const NEAR: u32 = 365 * 86_400;

/// What the first records are under some shape.
enum Look {
    /// All of them are plausible, or all that there are.
    Plausible,
    /// So many are, the next one is not.
    Until(usize),
    /// So many are; the next one is within the first `total` bytes.
    Need { count: usize, total: usize },
}

/// The shape of the records that `bytes`, what stands behind the file header, begin with; or how many bytes are needed to
/// tell, which may be none if the file ends here.
pub(crate) fn choose(
    header: &FileHeader,
    options: &Options,
    bytes: &[u8],
    end: bool,
) -> Result<Variant, usize> {
    let usual = header.variant;
    // Of packets without a sensible limit no three are waited for.
    if !options.guess_variant || header.candidates.len() == 1 || header.link_type.has_large_packets() {
        return Ok(usual);
    }
    let mut best = match look(header, options, usual, bytes) {
        Look::Plausible => return Ok(usual),
        Look::Need { .. } if end => return Ok(usual),
        Look::Need { total, .. } => return Err(total),
        Look::Until(count) => (usual, count),
    };
    for &variant in header.candidates.iter().filter(|variant| **variant != usual) {
        let count = match look(header, options, variant, bytes) {
            Look::Plausible => RECORDS,
            Look::Need { total, .. } if !end => return Err(total),
            Look::Need { count, .. } | Look::Until(count) => count,
        };
        if count > best.1 {
            best = (variant, count);
        }
    }
    Ok(best.0)
}

fn look(header: &FileHeader, options: &Options, variant: Variant, bytes: &[u8]) -> Look {
    let most = most_captured(header, options);
    let second = if header.nanos { 1_000_000_000 } else { 1_000_000 };
    let before = variant.record_header_len();
    let (mut at, mut first) = (0, None);
    for count in 0..RECORDS {
        let Some(head) = bytes.get(at..).and_then(|rest| head(header, rest)) else {
            return Look::Need { count, total: at + before };
        };
        let near =
            variant == header.variant || head.seconds.abs_diff(*first.get_or_insert(head.seconds)) < NEAR;
        let captured = head.captured as usize;
        if captured > most || head.captured > head.wire || head.fraction >= second || !near {
            return Look::Until(count);
        }
        at += before + captured;
    }
    Look::Plausible
}
