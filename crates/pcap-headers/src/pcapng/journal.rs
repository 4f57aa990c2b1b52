//! Journal blocks: an entry of the systemd journal in its export format.

use nom::Parser;
use nom::bytes::complete::{tag, take_until};
use nom::character::complete::u64;
use nom::error::Error;

use crate::pcapng::framing::RawBlock;

/// What the time of an entry stands behind, in microseconds since the epoch.
const REALTIME: &[u8] = b"__REALTIME_TIMESTAMP=";

/// A journal block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalEntry<'a> {
    /// The entry's text without padding: lines `FIELD=value`.
    pub text: &'a [u8],
}

impl<'a> JournalEntry<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Self {
        let padding = block.body.iter().rev().take(3).take_while(|byte| **byte == 0).count();
        let len = block.body.len() - padding;
        Self { text: block.body.get(..len).unwrap_or_default() }
    }

    /// The entry's time, microseconds since the Unix epoch; none if it has none.
    #[must_use]
    pub fn realtime_us(&self) -> Option<u64> {
        let skip = take_until::<_, _, Error<&[u8]>>(REALTIME);
        let (_, (_, _, us)) = (skip, tag(REALTIME), u64).parse(self.text).ok()?;
        Some(us)
    }
}
