//! Exact distinct keys of one width, each with a state of a few words beside it.
//!
//! Memory: 8 bytes a word of key and state, and 4 bytes for each of the slots, which are between 4/3 and 8/3 times the keys
//! (while the slots grow, half as many more).

use std::hash::{BuildHasher, Hasher};

use hashbrown::DefaultHashBuilder;

use super::DEFAULT_STATE_LIMIT;
use crate::error::{Error, Result};

/// Entries of a chunk: growing never copies them.
const CHUNK: usize = 1024;
const FIRST_SLOTS: usize = 1024;
/// Keys that are looked up side by side.
const GROUP: usize = 128;

/// Eight bytes of a key in the order in which they are compared.
pub(super) type Word = [u8; 8];

/// Interns keys to the numbers 0, 1, 2 … in the order of their first appearance.
///
/// The hash is seeded at random for each table; numbers do not depend on it.
#[derive(Debug, Clone)]
pub(super) struct KeyTable {
    hasher: DefaultHashBuilder,
    /// Words of a key.
    width: usize,
    /// The state of a key that was not seen before.
    fresh: Vec<u64>,
    /// As in [`AddressTable`](super::AddressTable): 0 is free; else the low bits are a number + 1, those above bits of the
    /// hash.
    slots: Vec<u32>,
    /// Key and state side by side.
    chunks: Vec<Vec<u64>>,
    len: usize,
    limit: usize,
}

impl KeyTable {
    /// An empty table of keys of so many words.
    pub(super) fn new(width: usize, fresh: Vec<u64>) -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            width: width.max(1),
            fresh,
            slots: vec![0; FIRST_SLOTS],
            chunks: Vec::new(),
            len: 0,
            limit: DEFAULT_STATE_LIMIT,
        }
    }

    pub(super) fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Words of a key.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The memory taken, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.slots.len() * size_of::<u32>() + self.chunks.len() * self.chunk_bytes()
    }

    /// Forgets all keys and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.slots.fill(0);
        self.chunks.iter_mut().for_each(Vec::clear);
        self.len = 0;
    }

    /// The key of a number; nothing for a number that does not exist.
    pub(super) fn key(&self, id: u32) -> &[u64] {
        self.entry(id).get(..self.width).unwrap_or_default()
    }

    /// The state of a number; nothing for a number that does not exist.
    pub(super) fn state(&self, id: u32) -> &[u64] {
        self.entry(id).get(self.width..).unwrap_or_default()
    }

    /// The state of a number, of a key that [`Self::intern_all`] gave it to.
    #[inline]
    pub(super) fn state_mut(&mut self, id: u32) -> &mut [u64] {
        let (width, stride) = (self.width, self.stride());
        let at = id as usize % CHUNK * stride;
        let chunk = self.chunks.get_mut(id as usize / CHUNK);
        chunk.and_then(|chunk| chunk.get_mut(at + width..at + stride)).unwrap_or_default()
    }

    /// Appends the number of each key to `ids`; `keys` are whole keys one behind the other.
    ///
    /// # Errors
    /// `Limit` if the table would take more memory than it may; the keys before the one that did not fit are interned.
    pub(super) fn intern_all(&mut self, keys: &[Word], ids: &mut Vec<u32>) -> Result<()> {
        // One copy of the loops for each usual width, so that a key is compared and hashed without a loop.
        match self.width {
            1 => self.intern_wide::<1>(keys, ids),
            2 => self.intern_wide::<2>(keys, ids),
            3 => self.intern_wide::<3>(keys, ids),
            4 => self.intern_wide::<4>(keys, ids),
            5 => self.intern_wide::<5>(keys, ids),
            width => {
                for key in keys.chunks_exact(width) {
                    let key: Vec<u64> = key.iter().map(|word| u64::from_be_bytes(*word)).collect();
                    let id = self.intern(&key, self.hash(&key))?;
                    ids.push(id);
                }
                Ok(())
            }
        }
    }

    /// `W` is the table's width. Each pass is a row of independent loads: hashes, slots, then the entries they point to.
    fn intern_wide<const W: usize>(&mut self, keys: &[Word], ids: &mut Vec<u32>) -> Result<()> {
        let mut words = [[0u64; W]; GROUP];
        let mut hashes = [0u64; GROUP];
        let mut likely = [0u32; GROUP];
        let mut is_it = [false; GROUP];
        let (keys, _) = keys.as_chunks::<W>();
        for keys in keys.chunks(GROUP) {
            let mask = self.slots.len() - 1;
            for (((key, words), hash), likely) in
                keys.iter().zip(&mut words).zip(&mut hashes).zip(&mut likely)
            {
                *words = key.map(u64::from_be_bytes);
                *hash = self.hash(words);
                *likely = (self.slots[*hash as usize & mask] & mask as u32).wrapping_sub(1);
            }
            for ((words, is_it), likely) in words.iter().zip(&mut is_it).zip(&likely).take(keys.len()) {
                *is_it = self.is_at::<W>(*likely, words);
            }
            for (((words, hash), is_it), likely) in
                words.iter().zip(&hashes).zip(&is_it).zip(&likely).take(keys.len())
            {
                let id = if *is_it { *likely } else { self.intern(words, *hash)? };
                ids.push(id);
            }
        }
        Ok(())
    }

    /// Gives the states of all keys of a later table to `fold`: own state, the other's, and whether the key is new here.
    /// `translate` is shown its keys before they are looked for.
    ///
    /// # Errors
    /// As [`Self::intern_all`].
    pub(super) fn merge(
        &mut self,
        other: &Self,
        translate: impl Fn(&mut [Word]),
        mut fold: impl FnMut(&mut [u64], &[u64], bool),
    ) -> Result<()> {
        let (mut keys, mut ids): (Vec<Word>, Vec<u32>) = (Vec::new(), Vec::new());
        for first in (0..other.len as u32).step_by(CHUNK) {
            let range = first..(first + CHUNK as u32).min(other.len as u32);
            keys.clear();
            ids.clear();
            keys.extend(range.clone().flat_map(|id| other.key(id)).map(|word| word.to_be_bytes()));
            translate(&mut keys);
            let mut known = self.len as u32;
            self.intern_all(&keys, &mut ids)?;
            for (theirs, ours) in range.zip(&ids) {
                // Keys of one table are distinct: a new one has the next number.
                let is_new = *ours == known;
                known += u32::from(is_new);
                fold(self.state_mut(*ours), other.state(theirs), is_new);
            }
        }
        Ok(())
    }

    fn stride(&self) -> usize {
        self.width + self.fresh.len()
    }

    fn chunk_bytes(&self) -> usize {
        CHUNK * self.stride() * size_of::<u64>()
    }

    #[inline]
    fn entry(&self, id: u32) -> &[u64] {
        let stride = self.stride();
        let at = id as usize % CHUNK * stride;
        self.chunks.get(id as usize / CHUNK).and_then(|chunk| chunk.get(at..at + stride)).unwrap_or_default()
    }

    #[inline]
    fn is_at<const W: usize>(&self, id: u32, key: &[u64; W]) -> bool {
        self.entry(id).first_chunk::<W>() == Some(key)
    }

    #[inline]
    fn hash(&self, key: &[u64]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        key.iter().for_each(|word| hasher.write_u64(*word));
        hasher.finish()
    }

    /// The number of the entry with this key, or the free slot where it belongs.
    fn find(&self, key: &[u64], hash: u64) -> std::result::Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let tag = tag(hash, mask);
        let mut at = hash as usize & mask;
        // A quarter of the slots is always free, so this ends.
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return Err(at);
            }
            if slot & !(mask as u32) == tag {
                let id = (slot & mask as u32) - 1;
                if self.key(id) == key {
                    return Ok(id);
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn intern(&mut self, key: &[u64], hash: u64) -> Result<u32> {
        match self.find(key, hash) {
            Ok(id) => Ok(id),
            Err(slot) => self.insert(key, hash, slot),
        }
    }

    fn insert(&mut self, key: &[u64], hash: u64, slot: usize) -> Result<u32> {
        let slot = if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.grow()?;
            self.find(key, hash).err().unwrap_or(slot)
        } else {
            slot
        };
        if self.len == self.chunks.len() * CHUNK {
            self.check_memory(self.chunk_bytes())?;
            self.chunks.push(Vec::with_capacity(CHUNK * self.stride()));
        }
        if let Some(chunk) = self.chunks.get_mut(self.len / CHUNK) {
            chunk.extend_from_slice(key);
            chunk.extend_from_slice(&self.fresh);
        }
        let (id, mask) = (self.len as u32, self.slots.len() - 1);
        self.slots[slot] = tag(hash, mask) | (id + 1);
        self.len += 1;
        Ok(id)
    }

    /// Doubles the slots. Entries stay where they are.
    fn grow(&mut self) -> Result<()> {
        let slots = self.slots.len() * 2;
        // Numbers have 32 bits.
        if slots > 1 << 31 {
            return Err(Error::limit("distinct keys", self.len as u64 + 1, self.len as u64));
        }
        self.check_memory(slots * size_of::<u32>())?;
        let mask = slots - 1;
        let mut grown = vec![0u32; slots];
        for id in 0..self.len as u32 {
            let hash = self.hash(self.key(id));
            let mut at = hash as usize & mask;
            while grown[at] != 0 {
                at = (at + 1) & mask;
            }
            grown[at] = tag(hash, mask) | (id + 1);
        }
        self.slots = grown;
        Ok(())
    }

    fn check_memory(&self, more: usize) -> Result<()> {
        let wanted = self.memory() + more;
        if wanted > self.limit {
            return Err(Error::limit("memory for groups", wanted as u64, self.limit as u64));
        }
        Ok(())
    }
}

/// Bits of the hash that the slot's index does not use, above the bits of an entry's number.
#[inline]
fn tag(hash: u64, mask: usize) -> u32 {
    (hash >> 32) as u32 & !(mask as u32)
}

/// Adds to a sum of 128 bits that takes two words of a state, the lower first.
#[inline]
pub(super) fn add(state: &mut [u64], at: usize, value: i128) {
    if let Some([low, high]) = state.get_mut(at..at + 2) {
        let sum = join(*low, *high).wrapping_add(value);
        (*low, *high) = (sum as u64, (sum >> 64) as u64);
    }
}

/// The sum of 128 bits at a place of a state.
#[inline]
pub(super) fn sum(state: &[u64], at: usize) -> i128 {
    match state.get(at..at + 2) {
        Some([low, high]) => join(*low, *high),
        _ => 0,
    }
}

/// 2^63 rows of the largest count fit, so sums never wrap.
fn join(low: u64, high: u64) -> i128 {
    i128::from(low) | (i128::from(high as i64) << 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;

    fn key(n: u64, width: usize) -> Vec<Word> {
        (0..width as u64).map(|word| (n.wrapping_mul(word + 3)).to_be_bytes()).collect()
    }

    #[test]
    fn numbers_go_by_first_appearance_at_every_width() {
        for width in 1..8 {
            let mut table = KeyTable::new(width, vec![7, 0]);
            let mut ids = Vec::new();
            for round in 0..2 {
                let keys: Vec<Word> = (0..5000u64).flat_map(|n| key(n, width)).collect();
                table.intern_all(&keys, &mut ids).unwrap();
                assert_eq!(table.len(), 5000, "round {round}");
            }
            assert!(ids.iter().copied().eq((0..5000).chain(0..5000)));
            assert_eq!((table.key(3).len(), table.state(4999)), (width, &[7, 0][..]));
            table.clear();
            ids.clear();
            table.intern_all(&key(9, width), &mut ids).unwrap();
            assert_eq!((table.len(), &ids[..]), (1, &[0][..]));
        }
    }

    #[test]
    fn a_full_table_refuses_and_stays_usable() {
        let mut table = KeyTable::new(1, vec![0; 3]).with_limit(200_000);
        let mut ids = Vec::new();
        let full = (0..).find(|n| table.intern_all(&key(*n, 1), &mut ids).is_err()).unwrap();
        let error = table.intern_all(&key(full, 1), &mut ids).unwrap_err();
        assert_eq!(error.class(), Class::Limit);
        assert!(table.memory() <= 200_000 && table.len() as u64 == full);
        table.intern_all(&key(0, 1), &mut ids).unwrap();
        assert_eq!(ids.last(), Some(&0));
    }

    #[test]
    fn sums_have_128_bits_and_a_sign() {
        let mut state = [0; 3];
        for value in [i128::from(u64::MAX), 1, -5] {
            add(&mut state, 1, value);
        }
        assert_eq!(sum(&state, 1), (1 << 64) - 5);
        add(&mut state, 1, -(1 << 64));
        assert_eq!((sum(&state, 1), state[0]), (-5, 0));
    }
}
