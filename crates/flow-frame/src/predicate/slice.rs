//! Columns as plain slices, wherever they come from. Public: [`ColumnSlice`], [`Cells`], [`Present`], [`BitSlice`],
//! [`ColumnSource`].

use silk_format::{Bits, Column, ColumnBuf, Validity, Values};

/// Packed booleans, least significant bit first, from any bit on.
#[derive(Debug, Clone, Copy)]
pub struct BitSlice<'a> {
    bytes: &'a [u8],
    offset: usize,
    len: usize,
}

impl<'a> BitSlice<'a> {
    /// `len` bits from bit `offset` of the bytes on; `None` if there are not so many.
    #[must_use]
    pub fn new(bytes: &'a [u8], offset: usize, len: usize) -> Option<Self> {
        let end = offset.checked_add(len)?;
        (end <= bytes.len().saturating_mul(8)).then_some(Self { bytes, offset, len })
    }

    /// The number of bits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bits `64 · at` to `64 · at + 63`; what lies behind the end is not defined.
    pub(crate) fn word(&self, at: usize) -> u64 {
        let first = self.offset + at * 64;
        let bytes = self.bytes.get(first / 8..).unwrap_or_default();
        let low = match bytes.first_chunk::<8>() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        match first % 8 {
            0 => low,
            shift => low >> shift | bytes.get(8).map_or(0, |next| u64::from(*next) << (64 - shift)),
        }
    }
}

impl<'a> From<&'a Bits> for BitSlice<'a> {
    fn from(bits: &'a Bits) -> Self {
        Self { bytes: bits.as_bytes(), offset: 0, len: bits.len() }
    }
}

/// The values of a column, one per row, whether present or not.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the element type says it")]
pub enum Cells<'a> {
    I64(&'a [i64]),
    U64(&'a [u64]),
    U32(&'a [u32]),
    U16(&'a [u16]),
    U8(&'a [u8]),
    /// 16 bytes in network order, IPv4 as `::ffff:a.b.c.d`.
    Address(&'a [[u8; 16]]),
    Bool(BitSlice<'a>),
    /// Hardware addresses.
    Mac(&'a [[u8; 6]]),
    /// So many values of which it can only be asked whether they are null.
    Opaque(usize),
}

impl Cells<'_> {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::Address(values) => values.len(),
            Self::Bool(bits) => bits.len(),
            Self::Mac(values) => values.len(),
            Self::Opaque(len) => *len,
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Which rows of a column are not null.
#[derive(Debug, Clone, Copy)]
pub enum Present<'a> {
    /// All.
    All,
    /// None.
    None,
    /// Those whose bit is set.
    Bits(BitSlice<'a>),
}

impl Present<'_> {
    pub(crate) fn word(&self, at: usize) -> u64 {
        match self {
            Self::All => u64::MAX,
            Self::None => 0,
            Self::Bits(bits) => bits.word(at),
        }
    }
}

/// A column to test.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSlice<'a> {
    /// One value per row.
    pub cells: Cells<'a>,
    /// Which rows are not null.
    pub present: Present<'a>,
}

impl<'a> From<&'a ColumnBuf> for ColumnSlice<'a> {
    fn from(buf: &'a ColumnBuf) -> Self {
        let cells = match &buf.values {
            Values::I64(values) => Cells::I64(values),
            Values::U64(values) => Cells::U64(values),
            Values::U32(values) => Cells::U32(values),
            Values::U16(values) => Cells::U16(values),
            Values::U8(values) => Cells::U8(values),
            Values::Address(values) => Cells::Address(values),
            Values::Bool(bits) => Cells::Bool(bits.into()),
        };
        let present = match &buf.validity {
            Validity::Unset | Validity::All(_) => Present::All,
            Validity::None(_) => Present::None,
            Validity::Some(bits) => Present::Bits(bits.into()),
        };
        Self { cells, present }
    }
}

/// What has columns by number, in the order of [`CompiledPredicate::columns`](super::CompiledPredicate::columns).
pub trait ColumnSource {
    /// Column number `index`.
    fn column(&self, index: usize) -> Option<ColumnSlice<'_>>;
}

impl ColumnSource for [ColumnBuf] {
    fn column(&self, index: usize) -> Option<ColumnSlice<'_>> {
        self.get(index).map(ColumnSlice::from)
    }
}

/// As [`Block::read_columns`](silk_format::Block::read_columns) fills them; the names are not looked at.
impl ColumnSource for [(Column, ColumnBuf)] {
    fn column(&self, index: usize) -> Option<ColumnSlice<'_>> {
        self.get(index).map(|(_, buf)| ColumnSlice::from(buf))
    }
}

impl ColumnSource for [ColumnSlice<'_>] {
    fn column(&self, index: usize) -> Option<ColumnSlice<'_>> {
        self.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_any_bit_on() {
        let bytes: Vec<u8> = (0..40u32).map(|i| (i * 37 + 11) as u8).collect();
        let bit = |at: usize| bytes[at / 8] >> (at % 8) & 1 != 0;
        for offset in 0..70 {
            let len = 320 - offset;
            let bits = BitSlice::new(&bytes, offset, len).unwrap();
            for row in 0..len {
                assert_eq!(bits.word(row / 64) >> (row % 64) & 1 != 0, bit(offset + row), "{offset} {row}");
            }
        }
        assert!(BitSlice::new(&bytes, 1, 320).is_none() && BitSlice::new(&bytes, usize::MAX, 2).is_none());
    }
}
