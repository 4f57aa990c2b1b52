//! Packed booleans. Public: [`Bits`].

/// Packed booleans, least significant bit first, as Arrow packs them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

impl Bits {
    /// No bits, with room for `len`.
    #[must_use]
    pub fn with_capacity(len: usize) -> Self {
        Self { bytes: Vec::with_capacity(len.div_ceil(8)), len: 0 }
    }

    /// The number of bits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bit `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<bool> {
        if index >= self.len {
            return None;
        }
        self.bytes.get(index / 8).map(|byte| byte >> (index % 8) & 1 != 0)
    }

    /// The bits in order.
    pub fn iter(&self) -> impl Iterator<Item = bool> {
        self.bytes.iter().flat_map(|&byte| (0..8).map(move |bit| byte >> bit & 1 != 0)).take(self.len)
    }

    /// The number of set bits.
    #[must_use]
    pub fn count_ones(&self) -> usize {
        self.bytes.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// The bytes; bits behind `len` in the last one are 0.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes; bits behind `len` in the last one are 0.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends bits one by one.
    pub fn extend(&mut self, bits: impl Iterator<Item = bool>) {
        for bit in bits {
            self.push_byte(u8::from(bit), 1);
        }
    }

    /// Appends so many equal bits.
    pub(crate) fn extend_all(&mut self, bit: bool, count: usize) {
        let byte = if bit { 0xFF } else { 0 };
        let to_boundary = (self.len.next_multiple_of(8) - self.len).min(count);
        self.push_byte(byte, to_boundary);
        let rest = count - to_boundary;
        self.bytes.resize(self.bytes.len() + rest / 8, byte);
        self.len += rest - rest % 8;
        self.push_byte(byte, rest % 8);
    }

    /// Appends the lowest `count` bits of `byte`, at most 8.
    #[inline]
    pub(crate) fn push_byte(&mut self, byte: u8, count: usize) {
        if count == 0 {
            return;
        }
        let byte = byte & (0xFF >> (8 - count));
        let used = self.len % 8;
        match self.bytes.last_mut() {
            Some(last) if used > 0 => {
                *last |= byte << used;
                if used + count > 8 {
                    self.bytes.push(byte >> (8 - used));
                }
            }
            _ => self.bytes.push(byte),
        }
        self.len += count;
    }

    /// Eight bits from number `at` on; 0 behind the end.
    #[inline]
    pub(crate) fn byte_at(&self, at: usize) -> u8 {
        let byte = |index: usize| u16::from(self.bytes.get(index).copied().unwrap_or(0));
        ((byte(at / 8) | byte(at / 8 + 1) << 8) >> (at % 8)) as u8
    }

    /// Appends one bit per row: of eight rows at a time, whose bits do not wait for each other.
    pub(crate) fn extend_rows<T>(&mut self, rows: &[T], bit: impl Fn(&T) -> bool) {
        let (eights, rest) = rows.as_chunks::<8>();
        let byte = |rows: &[T]| rows.iter().fold(0, |word, row| (word | u64::from(bit(row))).rotate_right(8));
        if self.len.is_multiple_of(8) {
            self.bytes.extend(eights.iter().map(|eight| packed(byte(eight))));
            self.len += eights.len() * 8;
        } else {
            eights.iter().for_each(|eight| self.push_byte(packed(byte(eight)), 8));
        }
        self.extend(rest.iter().map(bit));
    }

    /// Appends one bit per value; `also` is put over the bits of the eight values from a number on.
    ///
    /// Values that lie one behind the other are tested by vector instructions.
    pub(crate) fn extend_tests<T: Copy>(
        &mut self,
        values: &[T],
        test: impl Fn(T) -> bool,
        also: impl Fn(usize) -> u8,
    ) {
        let (many, rest) = values.as_chunks::<64>();
        self.bytes.reserve(values.len() / 8 + 1);
        for (i, many) in many.iter().enumerate() {
            let flags: [u8; 64] = std::array::from_fn(|i| u8::from(test(many[i])));
            let eights = flags.as_chunks::<8>().0;
            let word: [u8; 8] =
                std::array::from_fn(|j| packed(u64::from_le_bytes(eights[j])) | also(i * 64 + j * 8));
            if self.len.is_multiple_of(8) {
                self.bytes.extend_from_slice(&word);
                self.len += 64;
            } else {
                word.into_iter().for_each(|byte| self.push_byte(byte, 8));
            }
        }
        for (i, eight) in rest.chunks(8).enumerate() {
            let byte = eight.iter().rev().fold(0, |byte, value| byte << 1 | u8::from(test(*value)));
            self.push_byte(byte | also(many.len() * 64 + i * 8), eight.len());
        }
    }

    /// Appends all bits of `other`.
    pub(crate) fn extend_from(&mut self, other: &Self) {
        if self.len.is_multiple_of(8) {
            self.bytes.extend_from_slice(&other.bytes);
            self.len += other.len;
        } else {
            (0..other.len)
                .step_by(8)
                .for_each(|at| self.push_byte(other.byte_at(at), (other.len - at).min(8)));
        }
    }

    /// Forgets the bits from number `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.bytes.truncate(len.div_ceil(8));
            self.len = len;
            if let (Some(last), 1..) = (self.bytes.last_mut(), len % 8) {
                *last &= 0xFF >> (8 - len % 8);
            }
        }
    }

    /// Gives back memory of which more than half holds no bits.
    pub(crate) fn shrink(&mut self) {
        if self.bytes.len() < self.bytes.capacity() / 2 {
            self.bytes.shrink_to_fit();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
    }
}

/// The lowest bits of eight bytes that are 0 or 1, the lowest byte's first.
#[inline(always)]
fn packed(flags: u64) -> u8 {
    // Byte i, moved to the left by 7 (7 - i) + 7, meets no other one in the highest byte.
    (flags.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_way_to_append_gives_the_same_bits(
            parts in proptest::collection::vec((0u8..5, proptest::collection::vec(any::<bool>(), 0..200)), 0..6),
            cut in 0usize..400,
        ) {
            let (mut bits, mut plain) = (Bits::default(), Vec::new());
            for (way, part) in &parts {
                let mut part = part.clone();
                match way {
                    0 => bits.extend(part.iter().copied()),
                    1 => bits.extend_rows(&part, |bit| *bit),
                    2 => {
                        let other: Bits = { let mut other = Bits::default(); other.extend(part.iter().map(|bit| !bit)); other };
                        let odd = |i: usize| i.is_multiple_of(3);
                        let values: Vec<u16> = (0..part.len() as u16).collect();
                        bits.extend_tests(&values, |i| part[usize::from(i)] && odd(i.into()), |at| !other.byte_at(at));
                    }
                    3 => {
                        let mut other = Bits::default();
                        other.extend(part.iter().copied());
                        bits.extend_from(&other);
                    }
                    _ => {
                        part = vec![part.first() == Some(&true); part.len()];
                        bits.extend_all(part.first() == Some(&true), part.len());
                    }
                }
                plain.extend(part);
            }
            bits.truncate(cut);
            plain.truncate(cut);
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), plain.clone());
            prop_assert_eq!(bits.as_bytes().len(), plain.len().div_ceil(8));
            prop_assert_eq!(bits.count_ones(), plain.iter().filter(|bit| **bit).count());
            for at in 0..plain.len() {
                let byte = (0..8).fold(0, |byte, i| byte | u8::from(plain.get(at + i) == Some(&true)) << i);
                prop_assert_eq!(bits.byte_at(at), byte);
            }
        }
    }
}
