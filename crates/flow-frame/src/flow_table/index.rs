//! From hashes to the slots of flows: open addressing, linear probing, removal without gravestones.
//!
//! A place is a word with 32 bits of hash above the slot's number + 1; 0 is free. So neither growing nor removing looks at
//! the flows themselves, which lie elsewhere in memory. At most five of eight places are taken.

#[derive(Debug, Clone)]
pub(super) struct Index {
    places: Vec<u64>,
    len: usize,
}

const FIRST_PLACES: usize = 1024;

impl Index {
    /// Bytes a flow, at most: places are doubled beyond 5/8.
    pub(super) const BYTES_PER_FLOW: usize = size_of::<u64>() * 16 / 5;

    pub(super) fn new() -> Self {
        Self { places: vec![0; FIRST_PLACES], len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The slot that is most likely the one of a hash: of the place where it belongs. One load.
    #[inline]
    pub(super) fn likely(&self, hash: u32) -> u32 {
        (self.places[hash as usize & (self.places.len() - 1)] as u32).wrapping_sub(1)
    }

    /// The slot with this hash that `is_it`.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        // Some places are always free, so this ends.
        loop {
            let place = self.places[at];
            if place == 0 {
                return None;
            }
            let slot = place as u32 - 1;
            if (place >> 32) as u32 == hash && is_it(slot) {
                return Some(slot);
            }
            at = (at + 1) & mask;
        }
    }

    /// Enters a slot (below 2^32 - 1) that is not there yet.
    pub(super) fn insert(&mut self, hash: u32, slot: u32) {
        if (self.len + 1) * 8 > self.places.len() * 5 {
            let places = vec![0; self.places.len() * 2];
            for place in std::mem::replace(&mut self.places, places) {
                if place != 0 {
                    self.put(place);
                }
            }
        }
        self.put(u64::from(hash) << 32 | (u64::from(slot) + 1));
        self.len += 1;
    }

    fn put(&mut self, place: u64) {
        let mask = self.places.len() - 1;
        let mut at = (place >> 32) as usize & mask;
        while self.places[at] != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = place;
    }

    /// Takes a slot out. Those behind it move up, so that each is still found from where its hash points.
    pub(super) fn remove(&mut self, hash: u32, slot: u32) {
        let mask = self.places.len() - 1;
        let wanted = u64::from(hash) << 32 | (u64::from(slot) + 1);
        let mut free = hash as usize & mask;
        while self.places[free] != wanted {
            if self.places[free] == 0 {
                return;
            }
            free = (free + 1) & mask;
        }
        let mut at = free;
        loop {
            at = (at + 1) & mask;
            let place = self.places[at];
            if place == 0 {
                break;
            }
            // It may move to the free place unless it belongs behind that.
            let home = (place >> 32) as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(free) & mask {
                self.places[free] = place;
                free = at;
            }
        }
        self.places[free] = 0;
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few hashes, some that wrap around the end of the places.
        #[test]
        fn is_a_map(steps in proptest::collection::vec((any::<bool>(), 0u32..300), 0..600)) {
            let hash = |slot: u32| match slot % 3 { 0 => u32::MAX - slot % 4, 1 => slot % 5, _ => slot };
            let mut index = Index::new();
            let mut known = BTreeMap::new();
            for (insert, slot) in steps {
                let found = index.find(hash(slot), |other| other == slot);
                prop_assert_eq!(found, known.get(&slot).map(|()| slot));
                if insert && found.is_none() {
                    index.insert(hash(slot), slot);
                    known.insert(slot, ());
                } else if !insert {
                    index.remove(hash(slot), slot);
                    known.remove(&slot);
                }
                prop_assert_eq!(index.len(), known.len());
            }
            for slot in 0..300 {
                prop_assert_eq!(index.find(hash(slot), |other| other == slot).is_some(), known.contains_key(&slot));
            }
        }
    }

    #[test]
    fn grows() {
        let mut index = Index::new();
        (0..10_000u32).for_each(|slot| index.insert(slot.wrapping_mul(0x9e37_79b9), slot));
        for slot in 0..10_000u32 {
            assert_eq!(index.find(slot.wrapping_mul(0x9e37_79b9), |other| other == slot), Some(slot));
        }
        assert_eq!(index.find(1, |_| true), None);
        assert!(index.places.len() * size_of::<u64>() <= 10_000 * Index::BYTES_PER_FLOW);
    }
}
