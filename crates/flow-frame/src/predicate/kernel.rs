//! The inner loops: one test over one column, 64 rows to a word of the mask.

use super::slice::{Cells, ColumnSlice, Present};
use super::{AddressSet, Ranges, Wildcard};
use std::sync::Arc;

/// Up to so many ranges are compared one by one, which the compiler turns into wide instructions.
const FEW: usize = 4;

/// A test, ready for the type of its column.
#[derive(Debug, Clone)]
pub(crate) enum Kernel {
    U8(Numbers<u8>),
    U16(Numbers<u16>),
    U32(Numbers<u32>),
    /// Integers of 64 bits: as signed ones (Arrow), and as unsigned ones (counts of SiLK).
    Wide {
        signed: Numbers<u64>,
        unsigned: Numbers<u64>,
    },
    Masks(Vec<(u8, u8)>),
    Address(Arc<AddressSet>),
    Wildcard(Wildcard),
    IsTrue,
    IsNull,
    /// Bytes per packet.
    Quotient {
        low: f64,
        high: f64,
    },
}

/// A set of integers: `(low, span)` holds `low..=low + span`.
#[derive(Debug, Clone)]
pub(crate) enum Numbers<T> {
    Few(Vec<(T, T)>),
    /// One bit per value of 8 or 16 bits.
    Table(Box<[u64]>),
    /// `(first, last)`, ascending.
    Sorted(Vec<(T, T)>),
}

/// An unsigned integer of a column.
pub(crate) trait Number: Copy + Ord {
    const BITS: u32;
    fn of(value: i128) -> Self;
    fn index(self) -> usize;
    fn in_span(self, low: Self, span: Self) -> bool;
}

macro_rules! number {
    ($($type:ty)*) => {
        $(impl Number for $type {
            const BITS: u32 = <$type>::BITS;
            #[inline(always)]
            fn of(value: i128) -> Self {
                value as Self
            }
            #[inline(always)]
            fn index(self) -> usize {
                self as usize
            }
            #[inline(always)]
            fn in_span(self, low: Self, span: Self) -> bool {
                self.wrapping_sub(low) <= span
            }
        })*
    };
}
number! { u8 u16 u32 u64 }

impl<T: Number> Numbers<T> {
    /// The part of the ranges that the type holds.
    pub(crate) fn new(ranges: &Ranges) -> Self {
        Self::of(&ranges.clipped(0, (1 << T::BITS) - 1))
    }

    fn of(ranges: &Ranges) -> Self {
        let ranges = ranges.as_slice();
        if ranges.len() <= FEW {
            return Self::Few(
                ranges.iter().map(|&(first, last)| (T::of(first), T::of(last - first))).collect(),
            );
        }
        if T::BITS > 16 {
            return Self::Sorted(ranges.iter().map(|&(first, last)| (T::of(first), T::of(last))).collect());
        }
        let mut table = vec![0u64; 1 << (T::BITS - 6)];
        for value in ranges.iter().flat_map(|&(first, last)| first as usize..=last as usize) {
            table[value / 64] |= 1 << (value % 64);
        }
        Self::Table(table.into())
    }

    #[inline(always)]
    fn restrict<V: Copy>(&self, values: &[V], rows: &mut Rows<'_>, number: impl Fn(V) -> T + Copy) {
        match self {
            Self::Few(spans) => match spans.as_slice() {
                [] => rows.dense(values, |_| false),
                [a] => few(values, rows, number, [*a]),
                [a, b] => few(values, rows, number, [*a, *b]),
                [a, b, c] => few(values, rows, number, [*a, *b, *c]),
                [a, b, c, d, ..] => few(values, rows, number, [*a, *b, *c, *d]),
            },
            Self::Table(table) => rows.dense(values, |value| {
                let at = number(value).index();
                table.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0)
            }),
            Self::Sorted(ranges) => rows.each(values, |value| {
                let value = number(*value);
                let after = ranges.partition_point(|(first, _)| *first <= value);
                after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| value <= *last)
            }),
        }
    }
}

#[inline(always)]
fn few<const N: usize, T: Number, V: Copy>(
    values: &[V],
    rows: &mut Rows<'_>,
    number: impl Fn(V) -> T,
    spans: [(T, T); N],
) {
    rows.dense(values, |value| {
        let value = number(value);
        spans.iter().fold(false, |hit, &(low, span)| hit | value.in_span(low, span))
    });
}

impl Kernel {
    /// For a column of so many bits: 8, 16, 32 or 64.
    pub(crate) fn numbers(bits: u32, ranges: &Ranges) -> Self {
        match bits {
            8 => Self::U8(Numbers::new(ranges)),
            16 => Self::U16(Numbers::new(ranges)),
            32 => Self::U32(Numbers::new(ranges)),
            _ => {
                let signed = ranges.clipped(i64::MIN.into(), i64::MAX.into());
                // Sorted as signed numbers they would not be sorted as the bits that are compared.
                let turned = signed.as_slice().iter().map(|&(first, last)| (turn(first), turn(last)));
                Self::Wide { signed: Numbers::new(&turned.collect()), unsigned: Numbers::new(ranges) }
            }
        }
    }

    /// Whether a column of these cells can be tested.
    pub(crate) fn takes(&self, cells: &Cells<'_>) -> bool {
        matches!(
            (self, cells),
            (Self::IsNull, _)
                | (Self::U8(_) | Self::Masks(_), Cells::U8(_))
                | (Self::U16(_), Cells::U16(_))
                | (Self::U32(_), Cells::U32(_))
                | (Self::Wide { .. } | Self::Quotient { .. }, Cells::I64(_) | Cells::U64(_))
                | (Self::Wide { .. }, Cells::Mac(_))
                | (Self::Address(_) | Self::Wildcard(_), Cells::Address(_))
                | (Self::IsTrue, Cells::Bool(_))
        )
    }

    /// Clears the bits of rows that do not pass. Nulls are left to the caller.
    pub(crate) fn restrict(&self, column: &ColumnSlice<'_>, rows: &mut Rows<'_>) {
        match (self, column.cells) {
            (Self::U8(set), Cells::U8(values)) => set.restrict(values, rows, |value| value),
            (Self::U16(set), Cells::U16(values)) => set.restrict(values, rows, |value| value),
            (Self::U32(set), Cells::U32(values)) => set.restrict(values, rows, |value| value),
            (Self::Wide { signed, .. }, Cells::I64(values)) => {
                signed.restrict(values, rows, |value: i64| turn_bits(value));
            }
            (Self::Wide { unsigned, .. }, Cells::U64(values)) => {
                unsigned.restrict(values, rows, |value| value);
            }
            (Self::Wide { unsigned, .. }, Cells::Mac(values)) => {
                unsigned.restrict(values, rows, |[a, b, c, d, e, f]: [u8; 6]| {
                    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
                });
            }
            (Self::Masks(pairs), Cells::U8(values)) => masks(pairs, values, rows),
            (Self::Address(set), Cells::Address(values)) => match set.ranges() {
                [(first, last)] => {
                    let (first, span) = (*first, *last - *first);
                    rows.each(values, |value| u128::from_be_bytes(*value).wrapping_sub(first) <= span);
                }
                _ => rows.each(values, |value| set.contains(value)),
            },
            (Self::Wildcard(pattern), Cells::Address(values)) => {
                rows.each(values, |value| pattern.matches(value));
            }
            (Self::IsTrue, Cells::Bool(bits)) => rows.words(|at| bits.word(at)),
            (Self::IsNull, _) => rows.words(|at| !column.present.word(at)),
            // `takes` was asked before.
            _ => rows.words(|_| 0),
        }
    }
}

/// The order of signed numbers as one of unsigned numbers.
fn turn(value: i128) -> i128 {
    value - i128::from(i64::MIN)
}

#[inline(always)]
fn turn_bits(value: i64) -> u64 {
    value as u64 ^ (1 << 63)
}

fn masks(pairs: &[(u8, u8)], values: &[u8], rows: &mut Rows<'_>) {
    if let [(high, mask)] = *pairs {
        return rows.dense(values, |value| value & mask == high);
    }
    let mut table = [false; 256];
    for (value, hit) in (0..=u8::MAX).zip(&mut table) {
        *hit = pairs.iter().any(|(high, mask)| value & mask == *high);
    }
    rows.dense(values, |value| table[usize::from(value)]);
}

/// Rows that still may pass, and whether those are wanted that the test does not hold of.
pub(crate) struct Rows<'a> {
    pub(crate) active: &'a mut [u64],
    pub(crate) negated: bool,
}

impl Rows<'_> {
    fn flip(&self) -> u64 {
        if self.negated { u64::MAX } else { 0 }
    }

    /// For tests that cost little: all 64 rows of a word at once.
    #[inline(always)]
    fn dense<T: Copy>(&mut self, values: &[T], test: impl Fn(T) -> bool) {
        let flip = self.flip();
        for (word, rows) in self.active.iter_mut().zip(values.chunks(64)) {
            if *word == 0 {
                continue;
            }
            let hits = match rows.as_array::<64>() {
                Some(rows) => pack(&std::array::from_fn(|row| u8::from(test(rows[row])))),
                None => rows
                    .iter()
                    .enumerate()
                    .fold(0, |hits, (row, &value)| hits | u64::from(test(value)) << row),
            };
            *word &= hits ^ flip;
        }
    }

    /// For tests that cost more: only the rows that still may pass.
    #[inline(always)]
    fn each<T>(&mut self, values: &[T], test: impl Fn(&T) -> bool) {
        let flip = self.flip();
        for (word, rows) in self.active.iter_mut().zip(values.chunks(64)) {
            let (mut left, mut hits) = (*word, 0);
            while left != 0 {
                let row = left.trailing_zeros();
                hits |= u64::from(rows.get(row as usize).is_some_and(&test)) << row;
                left &= left - 1;
            }
            *word &= hits ^ flip;
        }
    }

    fn words(&mut self, hits: impl Fn(usize) -> u64) {
        let flip = self.flip();
        for (at, word) in self.active.iter_mut().enumerate() {
            *word &= hits(at) ^ flip;
        }
    }

    /// Only rows that are not null.
    pub(crate) fn present(&mut self, present: &Present<'_>) {
        if !matches!(present, Present::All) {
            for (at, word) in self.active.iter_mut().enumerate() {
                *word &= present.word(at);
            }
        }
    }

    /// Semantics 3.5: a quotient passes unless a comparison fails it.
    pub(crate) fn quotient(
        &mut self,
        (low, high): (f64, f64),
        bytes: &ColumnSlice<'_>,
        packets: &ColumnSlice<'_>,
    ) {
        // 0 / 0 is no number, so that neither comparison holds.
        let inside = |quotient: f64| !(quotient < low || quotient > high);
        let quotient = |row: usize| number_at(bytes, row) / number_at(packets, row);
        let flip = self.flip();
        for (at, word) in self.active.iter_mut().enumerate() {
            let (mut left, mut hits) = (*word, 0);
            while left != 0 {
                let row = left.trailing_zeros();
                hits |= u64::from(inside(quotient(at * 64 + row as usize))) << row;
                left &= left - 1;
            }
            *word &= hits ^ flip;
        }
    }
}

fn number_at(column: &ColumnSlice<'_>, row: usize) -> f64 {
    match column.cells {
        Cells::U64(values) => values.get(row).map_or(0.0, |value| *value as f64),
        Cells::I64(values) => values.get(row).map_or(0.0, |value| *value as f64),
        _ => 0.0,
    }
}

/// 64 bytes of 0 or 1 as 64 bits.
#[inline(always)]
fn pack(bytes: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (i, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        // Byte j of the factor moves bit 8 · j to bit 56 + j, and nothing else there.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= bits << (8 * i);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hits(kernel: &Kernel, cells: Cells<'_>, negated: bool) -> Vec<bool> {
        let rows = cells.len();
        let mut active = vec![u64::MAX; rows.div_ceil(64)];
        let column = ColumnSlice { cells, present: Present::All };
        assert!(kernel.takes(&cells));
        kernel.restrict(&column, &mut Rows { active: &mut active, negated });
        (0..rows).map(|row| active[row / 64] >> (row % 64) & 1 != 0).collect()
    }

    proptest! {
        #[test]
        fn every_width_holds_what_the_ranges_hold(
            ranges in proptest::collection::vec((any::<i64>(), 0i64..70_000), 0..9),
            small in proptest::collection::vec((-300i128..70_000, 0i128..300), 0..9),
            values in proptest::collection::vec((any::<u64>(), 0usize..9, -2i64..70_002), 1..200),
            negated: bool,
        ) {
            let set: Ranges = ranges.iter().map(|(first, len)| (i128::from(*first), i128::from(*first) + i128::from(*len)))
                .chain(small.iter().map(|(first, len)| (*first, first + len))).collect();
            let wide: Vec<i64> = values.iter().map(|(any, at, offset)| match ranges.get(*at) {
                Some((first, _)) => first.wrapping_add(*offset),
                None => *any as i64,
            }).collect();
            let kernel = Kernel::numbers(64, &set);
            let expected: Vec<bool> = wide.iter().map(|v| set.contains((*v).into()) != negated).collect();
            prop_assert_eq!(hits(&kernel, Cells::I64(&wide), negated), expected);
            let counts: Vec<u64> = wide.iter().map(|v| *v as u64).collect();
            let expected: Vec<bool> = counts.iter().map(|v| set.contains((*v).into()) != negated).collect();
            prop_assert_eq!(hits(&kernel, Cells::U64(&counts), negated), expected);
            let v32: Vec<u32> = wide.iter().map(|v| *v as u32 >> 8).collect();
            let expected: Vec<bool> = v32.iter().map(|v| set.contains((*v).into()) != negated).collect();
            prop_assert_eq!(hits(&Kernel::numbers(32, &set), Cells::U32(&v32), negated), expected);
            let v16: Vec<u16> = wide.iter().map(|v| *v as u16).collect();
            let expected: Vec<bool> = v16.iter().map(|v| set.contains((*v).into()) != negated).collect();
            prop_assert_eq!(hits(&Kernel::numbers(16, &set), Cells::U16(&v16), negated), expected);
            let v8: Vec<u8> = wide.iter().map(|v| *v as u8).collect();
            let expected: Vec<bool> = v8.iter().map(|v| set.contains((*v).into()) != negated).collect();
            prop_assert_eq!(hits(&Kernel::numbers(8, &set), Cells::U8(&v8), negated), expected);
        }
    }

    #[test]
    fn sixty_four_bytes_make_a_word() {
        for word in [0, u64::MAX, 1, 1 << 63, 0x0123_4567_89AB_CDEF] {
            let bytes = std::array::from_fn(|row| (word >> row & 1) as u8);
            assert_eq!(pack(&bytes), word);
        }
    }
}
