//! Exact distinct 16-byte addresses, each with N sums.
//!
//! Memory: 16 + 4 · N bytes per address, and 4 bytes for each of the slots, which are between 4/3 and 8/3 times the
//! addresses (while the slots grow, half as many more). With six sums, two million addresses take 96 MB. Sums that pass
//! 2^32 take about 32 bytes more each.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::DEFAULT_STATE_LIMIT;
use crate::error::{Error, Result};

/// Entries are stored in chunks, so that growing never copies them.
const CHUNK: usize = 4096;
const FIRST_SLOTS: usize = 1024;
/// Addresses that [`AddressTable::intern_all`] looks up side by side.
const GROUP: usize = 128;
/// What an entry of the map of carries takes, about.
const CARRY_BYTES: usize = 40;

/// Interns addresses to the numbers 0, 1, 2 … and keeps `N` exact sums for each.
///
/// The hash is seeded at random for each table, so that nobody can prepare addresses that collide; numbers depend only
/// on the order of insertion.
///
/// ```
/// let mut table = flow_frame::AddressTable::<1>::new();
/// let id = table.intern(&[7; 16])?;
/// table.add(id, 0, [u64::MAX])?;
/// table.add(id, 0, [1])?;
/// assert_eq!((table.len(), table.sum(id, 0)), (1, 1 << 64));
/// # Ok::<(), flow_frame::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AddressTable<const N: usize> {
    hasher: DefaultHashBuilder,
    /// Open addressing over a power of two of slots: 0 is free; else the low bits (as many as the index has) are the
    /// entry's number + 1 and the bits above them bits of its hash, so that other entries are rarely looked at.
    slots: Vec<u32>,
    chunks: Vec<Vec<Entry<N>>>,
    len: usize,
    /// What does not fit the 32 bits of a sum, in units of 2^32, by entry and sum.
    carries: HashMap<(u32, u32), u64>,
    limit: usize,
}

/// Key and sums side by side: one cache line serves both.
#[derive(Debug, Clone)]
struct Entry<const N: usize> {
    key: [u8; 16],
    low: [u32; N],
}

impl<const N: usize> Default for AddressTable<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> AddressTable<N> {
    /// An empty table that may take a gigabyte.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            slots: vec![0; FIRST_SLOTS],
            chunks: Vec::new(),
            len: 0,
            carries: HashMap::new(),
            limit: DEFAULT_STATE_LIMIT,
        }
    }

    /// Another bound on the table's memory, in bytes.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// How many distinct addresses there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The memory taken, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.slots.len() * size_of::<u32>()
            + self.chunks.len() * CHUNK * size_of::<Entry<N>>()
            + self.carries.capacity() * CARRY_BYTES
    }

    /// The number of an address, a new one if it was not seen before.
    ///
    /// # Errors
    /// `Limit` if the table would take more memory than it may; it is unchanged then.
    #[inline]
    pub fn intern(&mut self, key: &[u8; 16]) -> Result<u32> {
        self.intern_hashed(key, self.hash(key))
    }

    /// Appends the number of each address to `ids`, as [`Self::intern`] gives it. Faster than one by one in a table that
    /// is larger than the caches: look-ups do not wait for each other.
    ///
    /// # Errors
    /// As [`Self::intern`]; the addresses before the one that did not fit are interned.
    pub fn intern_all(&mut self, keys: &[[u8; 16]], ids: &mut Vec<u32>) -> Result<()> {
        let mut hashes = [0u64; GROUP];
        let mut likely = [0u32; GROUP];
        let mut is_it = [false; GROUP];
        for keys in keys.chunks(GROUP) {
            // Each pass is a row of independent loads: first slots, then the entries that they point to.
            let mask = self.slots.len() - 1;
            for ((key, hash), likely) in keys.iter().zip(&mut hashes).zip(&mut likely) {
                *hash = self.hash(key);
                *likely = (self.slots[*hash as usize & mask] & mask as u32).wrapping_sub(1);
            }
            for ((key, is_it), likely) in keys.iter().zip(&mut is_it).zip(&likely) {
                *is_it = self.entry(*likely).is_some_and(|entry| entry.key == *key);
            }
            for (((key, hash), is_it), likely) in keys.iter().zip(&hashes).zip(&is_it).zip(&likely) {
                let id = if *is_it { *likely } else { self.intern_hashed(key, *hash)? };
                ids.push(id);
            }
        }
        Ok(())
    }

    /// The number of an address that was seen.
    #[must_use]
    pub fn get(&self, key: &[u8; 16]) -> Option<u32> {
        self.find(key, self.hash(key)).ok()
    }

    /// The address of a number that [`Self::intern`] gave.
    #[must_use]
    pub fn key(&self, id: u32) -> Option<&[u8; 16]> {
        self.entry(id).map(|entry| &entry.key)
    }

    /// All addresses in the order of their numbers.
    pub fn keys(&self) -> impl Iterator<Item = &[u8; 16]> {
        self.chunks.iter().flatten().map(|entry| &entry.key)
    }

    /// Adds to the sums `first..first + M` of an address. An unknown number and sums beyond `N` are passed over.
    ///
    /// # Errors
    /// `Limit` if the table would take more memory than it may; the sums of this address are of no use then.
    #[inline]
    pub fn add<const M: usize>(&mut self, id: u32, first: usize, values: [u64; M]) -> Result<()> {
        let Some(entry) =
            self.chunks.get_mut(id as usize / CHUNK).and_then(|c| c.get_mut(id as usize % CHUNK))
        else {
            return Ok(());
        };
        let mut carries = [0; M];
        for ((low, value), carry) in entry.low.iter_mut().skip(first).zip(values).zip(&mut carries) {
            let sum = u64::from(*low) + (value & 0xffff_ffff);
            *low = sum as u32;
            *carry = (sum >> 32) + (value >> 32);
        }
        if carries == [0; M] { Ok(()) } else { self.carry(id, first, carries) }
    }

    /// One of the sums of an address; 0 for a number or sum that does not exist.
    #[must_use]
    pub fn sum(&self, id: u32, index: usize) -> u128 {
        let low = self.entry(id).and_then(|entry| entry.low.get(index)).map_or(0, |low| u128::from(*low));
        let carry = if self.carries.is_empty() { None } else { self.carries.get(&(id, index as u32)) };
        low + (carry.map_or(0, |carry| u128::from(*carry)) << 32)
    }

    fn entry(&self, id: u32) -> Option<&Entry<N>> {
        self.chunks.get(id as usize / CHUNK)?.get(id as usize % CHUNK)
    }

    #[inline]
    fn hash(&self, key: &[u8; 16]) -> u64 {
        self.hasher.hash_one(u128::from_ne_bytes(*key))
    }

    /// The number of the entry with this key, or the free slot where it belongs.
    #[inline]
    fn find(&self, key: &[u8; 16], hash: u64) -> std::result::Result<u32, usize> {
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
                if self.entry(id).is_some_and(|entry| entry.key == *key) {
                    return Ok(id);
                }
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn intern_hashed(&mut self, key: &[u8; 16], hash: u64) -> Result<u32> {
        match self.find(key, hash) {
            Ok(id) => Ok(id),
            Err(slot) => self.insert(key, hash, slot),
        }
    }

    #[cold]
    fn insert(&mut self, key: &[u8; 16], hash: u64, slot: usize) -> Result<u32> {
        let slot = if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.grow()?;
            self.find(key, hash).err().unwrap_or(slot)
        } else {
            slot
        };
        if self.len.is_multiple_of(CHUNK) {
            self.check_memory(CHUNK * size_of::<Entry<N>>())?;
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let id = self.len as u32;
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(Entry { key: *key, low: [0; N] });
        }
        let mask = self.slots.len() - 1;
        self.slots[slot] = tag(hash, mask) | (id + 1);
        self.len += 1;
        Ok(id)
    }

    /// Doubles the slots. Entries stay where they are.
    fn grow(&mut self) -> Result<()> {
        let slots = self.slots.len() * 2;
        // Numbers have 32 bits.
        if slots > 1 << 31 {
            return Err(Error::limit("distinct addresses", self.len as u64 + 1, self.len as u64));
        }
        self.check_memory(slots * size_of::<u32>())?;
        let mask = slots - 1;
        let mut grown = vec![0u32; slots];
        for (id, entry) in self.chunks.iter().flatten().enumerate() {
            let hash = self.hash(&entry.key);
            let mut at = hash as usize & mask;
            while grown[at] != 0 {
                at = (at + 1) & mask;
            }
            grown[at] = tag(hash, mask) | (id as u32 + 1);
        }
        self.slots = grown;
        Ok(())
    }

    #[cold]
    fn carry<const M: usize>(&mut self, id: u32, first: usize, carries: [u64; M]) -> Result<()> {
        if self.carries.len() == self.carries.capacity() {
            self.check_memory(self.carries.capacity().max(M) * 2 * CARRY_BYTES)?;
        }
        for (i, carry) in carries.into_iter().enumerate().filter(|(_, carry)| *carry != 0) {
            // 2^64 units of 2^32 are more than 2^33 rows of the largest count: never reached.
            let total = self.carries.entry((id, (first + i) as u32)).or_insert(0);
            *total = total.saturating_add(carry);
        }
        Ok(())
    }

    fn check_memory(&self, more: usize) -> Result<()> {
        let wanted = self.memory() + more;
        if wanted > self.limit {
            return Err(Error::limit("memory for distinct addresses", wanted as u64, self.limit as u64));
        }
        Ok(())
    }
}

/// Bits of the hash that the slot's index does not use, above the bits of an entry's number.
#[inline]
fn tag(hash: u64, mask: usize) -> u32 {
    (hash >> 32) as u32 & !(mask as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::Class;

    fn address(n: u64) -> [u8; 16] {
        u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes()
    }

    #[test]
    fn keeps_its_numbers_while_it_grows() {
        let mut table = AddressTable::<0>::new();
        for n in 0..50_000 {
            assert_eq!(table.intern(&address(n)).unwrap(), n as u32);
        }
        let (mut ids, all) = (Vec::new(), (0..60_000).map(address).collect::<Vec<_>>());
        table.intern_all(&all, &mut ids).unwrap();
        assert!(ids.into_iter().eq(0..60_000));
        assert_eq!(table.key(59_999), Some(&address(59_999)));
        assert_eq!((table.len(), table.get(&address(60_000))), (60_000, None));
        assert!(table.keys().eq((0..60_000).map(address).collect::<Vec<_>>().iter()));
    }

    #[test]
    fn two_million_addresses_with_six_sums_fit() {
        let mut table = AddressTable::<6>::new().with_limit(110 << 20);
        for n in 0..2_000_000 {
            let id = table.intern(&address(n)).unwrap();
            table.add(id, 3, [n, 1, 1]).unwrap();
        }
        assert!(table.memory() < 97_000_000, "{}", table.memory());
    }

    #[test]
    fn a_full_table_refuses_and_stays_usable() {
        let mut table = AddressTable::<1>::new().with_limit(200_000);
        let full = (0..).find(|n| table.intern(&address(*n)).is_err()).unwrap();
        let error = table.intern(&address(full)).unwrap_err();
        assert_eq!(error.class(), Class::Limit);
        assert!(table.memory() <= 200_000 && table.len() as u64 == full);
        assert_eq!(table.intern(&address(0)).unwrap(), 0);
    }

    proptest! {
        #[test]
        fn sums_equal_a_map(rows in proptest::collection::vec((0u64..8, any::<u64>(), 0u64..3), 0..200)) {
            let mut table = AddressTable::<3>::new();
            let mut expected = BTreeMap::<[u8; 16], [u128; 2]>::new();
            for (key, large, small) in rows {
                let id = table.intern(&address(key)).unwrap();
                table.add(id, 1, [large, small]).unwrap();
                let sums = expected.entry(address(key)).or_default();
                sums[0] += u128::from(large);
                sums[1] += u128::from(small);
            }
            prop_assert_eq!(table.len(), expected.len());
            for (key, sums) in expected {
                let id = table.get(&key).unwrap();
                prop_assert_eq!([table.sum(id, 0), table.sum(id, 1), table.sum(id, 2)], [0, sums[0], sums[1]]);
            }
        }
    }
}
