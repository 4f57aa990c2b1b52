//! Exact number of distinct values of a column. Memory: 32 bytes or 8 KiB for 8 and 16-bit integers and booleans;
//! about 20 bytes per distinct value for wider integers and times, as [`AddressTable`] for addresses.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use hashbrown::HashSet;

use super::DEFAULT_STATE_LIMIT;
use super::address_table::AddressTable;
use super::columns::{Numbers, address_values, numbers, ticks};
use crate::error::{Error, ErrorKind, Result};

/// What a value in the set takes, about, when the set is fullest.
const VALUE_BYTES: usize = 18;

/// Counts the distinct values of one column over any number of batches. Nulls are no values.
#[derive(Debug, Clone)]
pub struct Distinct {
    data_type: DataType,
    seen: Seen,
    limit: usize,
}

#[derive(Debug, Clone)]
enum Seen {
    /// One bit per possible value.
    Bits(Vec<u64>),
    Values(HashSet<i64>),
    Addresses(AddressTable<0>),
}

impl Distinct {
    /// A counter for columns of this type: integers but UInt64, timestamps, booleans, addresses.
    ///
    /// # Errors
    /// `Usage` for another type.
    pub fn new(data_type: &DataType) -> Result<Self> {
        let seen = match data_type {
            DataType::UInt8 => Seen::Bits(vec![0; 4]),
            DataType::UInt16 => Seen::Bits(vec![0; 1024]),
            DataType::Boolean => Seen::Bits(vec![0; 1]),
            DataType::Int64 | DataType::Int32 | DataType::UInt32 | DataType::Timestamp(..) => {
                Seen::Values(HashSet::new())
            }
            DataType::FixedSizeBinary(16) => Seen::Addresses(AddressTable::new()),
            other => return Err(wrong_type(other)),
        };
        Ok(Self { data_type: data_type.clone(), seen, limit: DEFAULT_STATE_LIMIT })
    }

    /// Another bound on the memory, in bytes.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        if let Seen::Addresses(table) = self.seen {
            self.seen = Seen::Addresses(table.with_limit(bytes));
        }
        self
    }

    /// The number of distinct values so far.
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.seen {
            Seen::Bits(words) => words.iter().map(|word| word.count_ones() as usize).sum(),
            Seen::Values(values) => values.len(),
            Seen::Addresses(table) => table.len(),
        }
    }

    /// Adds the values of an array.
    ///
    /// # Errors
    /// `Usage` if the array is not of the counter's type; `Limit` if the values need more memory than they may take.
    pub fn update(&mut self, array: &dyn Array) -> Result<()> {
        if *array.data_type() != self.data_type {
            return Err(wrong_type(array.data_type()));
        }
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        let present = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        match &mut self.seen {
            Seen::Bits(words) => {
                let mut mark = |value: usize| {
                    if let Some(word) = words.get_mut(value / 64) {
                        *word |= 1 << (value % 64);
                    }
                };
                match (array.data_type(), numbers(array)) {
                    (DataType::Boolean, _) => {
                        array.as_boolean().iter().flatten().for_each(|value| mark(usize::from(value)));
                    }
                    (_, Some(Numbers::U8(values))) => present_rows(values, present, |v| mark(usize::from(v))),
                    (_, Some(Numbers::U16(values))) => {
                        present_rows(values, present, |v| mark(usize::from(v)))
                    }
                    (other, _) => return Err(wrong_type(other)),
                }
            }
            Seen::Values(seen) => {
                let mut failed = None;
                let mut insert = |value: i64| {
                    if seen.len() == seen.capacity() {
                        let wanted = (seen.capacity() + 1) * 2 * VALUE_BYTES;
                        if wanted > self.limit && !seen.contains(&value) {
                            failed = Some(wanted);
                            return;
                        }
                    }
                    seen.insert(value);
                };
                match (numbers(array), ticks(array)) {
                    (Some(Numbers::I64(values)), _) | (_, Some((values, _))) => {
                        present_rows(values, present, insert);
                    }
                    (Some(Numbers::I32(values)), _) => present_rows(values, present, |v| insert(v.into())),
                    (Some(Numbers::U32(values)), _) => present_rows(values, present, |v| insert(v.into())),
                    _ => return Err(wrong_type(array.data_type())),
                }
                if let Some(wanted) = failed {
                    let limit = self.limit as u64;
                    return Err(Error::limit("memory for distinct values", wanted as u64, limit));
                }
            }
            Seen::Addresses(table) => {
                let keys = address_values(array).ok_or_else(|| wrong_type(array.data_type()))?;
                for (row, key) in keys.iter().enumerate() {
                    if present(row) {
                        table.intern(key)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn present_rows<T: Copy>(values: &[T], present: impl Fn(usize) -> bool, mut each: impl FnMut(T)) {
    for (row, value) in values.iter().enumerate() {
        if present(row) {
            each(*value);
        }
    }
}

fn wrong_type(found: &DataType) -> Error {
    let expected = "an integer of at most 64 bits, a timestamp, a boolean or an address";
    ErrorKind::ColumnType { name: "distinct".to_owned(), expected, found: found.clone() }.into()
}
