//! Bytes ahead of a walk from record to record, brought into the cache in their order.
//!
//! A record tells where the next one is, so a walk waits for memory at every step: some 100 ns, more than all else that is
//! done with a packet. Lines of the cache that are read in order come ten times as fast, because the processor fetches ahead.

use std::hint::black_box;

/// Bytes of a line of the cache.
const LINE: usize = 64;
/// Bytes that are brought near at a time: a part of the second-level cache.
const REACH: usize = 64 << 10;
/// Records this long on the average are waited for: all their lines would take longer.
const LONG: usize = 1 << 10;

/// How far a walk can go before bytes have to be brought near again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ahead {
    near: usize,
    /// Steps since bytes were brought near last.
    steps: usize,
}

impl Ahead {
    /// Looks ahead if need be; `rest` is what is left, the next record first.
    #[inline]
    pub(crate) fn look(&mut self, rest: &[u8]) {
        if self.near == 0 {
            self.bring(rest);
        }
    }

    /// The walk went on by so many bytes.
    #[inline]
    pub(crate) fn pass(&mut self, bytes: usize) {
        self.near = self.near.saturating_sub(bytes);
        self.steps += 1;
    }

    #[cold]
    fn bring(&mut self, rest: &[u8]) {
        let were_long = self.steps > 0 && REACH / self.steps > LONG;
        (self.near, self.steps) = (REACH, 0);
        if !were_long {
            let near = rest.get(..REACH).unwrap_or(rest);
            // That it was read has to be seen by someone.
            black_box(near.iter().step_by(LINE).fold(0, |all, byte| all ^ byte));
        }
    }
}
