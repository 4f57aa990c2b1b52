//! Flows in the order of their last packets, kept lazily: a packet changes nothing here.
//!
//! Every flow that is open stands in the queue once, under a time that its last packet is not before. Whose turn comes
//! and who has a later packet by then goes back under that time. Times are gathered in buckets and a bucket is sorted when
//! its turn comes, which costs little: packets come nearly in the order of their times.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// The time of a flow's last packet, and its number among all flows: who is idle longest comes first, of several the
/// one that began first.
pub(super) type Turn = (i64, u64);

#[derive(Debug, Clone)]
pub(super) struct IdleQueue {
    /// Nanoseconds of a bucket.
    width: i64,
    buckets: BTreeMap<i64, Vec<(Turn, u32)>>,
    /// The bucket whose turn it is, last first, and its number.
    front: Vec<(Turn, u32)>,
    front_bucket: i64,
    /// What belongs into that bucket or one before and came later.
    late: BinaryHeap<Reverse<(Turn, u32)>>,
}

impl IdleQueue {
    /// Bytes a flow, about: vectors grow by doubling.
    pub(super) const BYTES_PER_FLOW: usize = 2 * size_of::<(Turn, u32)>();

    pub(super) fn new(width: i64) -> Self {
        Self {
            width: width.max(1),
            buckets: BTreeMap::new(),
            front: Vec::new(),
            front_bucket: i64::MIN,
            late: BinaryHeap::new(),
        }
    }

    pub(super) fn push(&mut self, turn: Turn, slot: u32) {
        let bucket = turn.0.div_euclid(self.width);
        if bucket <= self.front_bucket {
            self.late.push(Reverse((turn, slot)));
        } else {
            self.buckets.entry(bucket).or_default().push((turn, slot));
        }
    }

    /// Takes out the flow that is idle longest, if its last packet is before `before`. `turn_of` tells where a slot
    /// really stands.
    pub(super) fn pop_before(
        &mut self,
        before: Option<i64>,
        mut turn_of: impl FnMut(u32) -> Turn,
    ) -> Option<u32> {
        loop {
            let (turn, slot) = self.first()?;
            if before.is_some_and(|before| turn.0 >= before) {
                return None;
            }
            self.drop_first();
            let real = turn_of(slot);
            if real == turn {
                return Some(slot);
            }
            self.push(real, slot);
        }
    }

    fn first(&mut self) -> Option<(Turn, u32)> {
        if self.front.is_empty() && self.late.is_empty() {
            let (bucket, mut flows) = self.buckets.pop_first()?;
            flows.sort_unstable_by_key(|entry| Reverse(*entry));
            (self.front_bucket, self.front) = (bucket, flows);
        }
        match (self.front.last(), self.late.peek()) {
            (Some(front), Some(Reverse(late))) => Some(*front.min(late)),
            (Some(front), None) => Some(*front),
            (None, late) => late.map(|Reverse(late)| *late),
        }
    }

    fn drop_first(&mut self) {
        let is_late = match (self.front.last(), self.late.peek()) {
            (Some(front), Some(Reverse(late))) => late < front,
            (front, _) => front.is_none(),
        };
        if is_late {
            self.late.pop();
        } else {
            self.front.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As a list that is searched for its least element each time.
        #[test]
        fn gives_the_one_that_is_idle_longest(
            steps in proptest::collection::vec((0u8..4, -50i64..50, 0usize..8), 0..200),
            width in 1i64..20,
        ) {
            let mut queue = IdleQueue::new(width);
            let mut last: Vec<Option<i64>> = Vec::new();
            for (kind, time, at) in steps {
                match kind {
                    0 | 1 => {
                        queue.push((time, last.len() as u64), last.len() as u32);
                        last.push(Some(time));
                    }
                    // A later packet of an open flow, of which the queue is not told.
                    2 => {
                        if let Some(Some(last)) = last.get_mut(at) { *last = (*last).max(time) }
                    }
                    _ => {
                        let before = (at > 0).then_some(time);
                        let open = last.iter().enumerate().filter_map(|(slot, last)| Some(((*last)?, slot)));
                        let expected = open.min().filter(|(last, _)| before.is_none_or(|before| *last < before));
                        let turn_of = |slot: u32| (last[slot as usize].unwrap(), u64::from(slot));
                        let found = queue.pop_before(before, turn_of).map(|slot| slot as usize);
                        prop_assert_eq!(found, expected.map(|(_, slot)| slot));
                        if let Some(slot) = found { last[slot] = None }
                    }
                }
            }
        }
    }
}
