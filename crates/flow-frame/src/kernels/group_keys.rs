//! Columns of keys → fixed bytes, and back. The bytes of two rows are equal if their values are, and ordered as they are;
//! only texts are numbered instead and ordered apart.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, Int64Array, StringArray, UInt8Array, UInt16Array,
    UInt32Array, UInt64Array, make_array,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_schema::{DataType, Field};
use hashbrown::HashMap;

use super::columns::{Numbers, numbers, ticks};
use super::key_table::Word;
use crate::error::{Error, ErrorKind, Result};

/// One column of a key, and where it stands in the bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeyColumn {
    field: Field,
    /// Of a null: a byte that is 1, before the value. Columns that cannot be null have none.
    flag: Option<usize>,
    at: usize,
    form: Form,
}

/// How a value becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Bytes as they are.
    Bytes(usize),
    /// An unsigned integer, the highest byte first.
    Unsigned(usize),
    /// A signed integer or a time: the highest bit turned, so that negative ones come first.
    Signed,
    /// The number of a text.
    Text,
}

impl Form {
    fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean | DataType::UInt8 => Self::Unsigned(1),
            DataType::UInt16 => Self::Unsigned(2),
            DataType::UInt32 => Self::Unsigned(4),
            DataType::UInt64 => Self::Unsigned(8),
            DataType::Int64 | DataType::Timestamp(..) => Self::Signed,
            DataType::FixedSizeBinary(6) => Self::Bytes(6),
            DataType::FixedSizeBinary(16) => Self::Bytes(16),
            DataType::Utf8 => Self::Text,
            DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => {
                Self::Text
            }
            _ => return None,
        })
    }

    fn width(self) -> usize {
        match self {
            Self::Bytes(width) | Self::Unsigned(width) => width,
            Self::Signed => 8,
            Self::Text => 4,
        }
    }
}

/// Where all columns of a key stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct KeyLayout {
    columns: Vec<KeyColumn>,
    bytes: usize,
}

impl KeyLayout {
    /// # Errors
    /// `Usage` if a column is of a type that cannot be a key.
    pub(super) fn new(fields: impl IntoIterator<Item = Field>) -> Result<Self> {
        let mut layout = Self::default();
        for field in fields {
            let form = Form::of(field.data_type()).ok_or_else(|| ErrorKind::ColumnType {
                name: field.name().clone(),
                expected: "an integer, a time, a boolean, an address or a text",
                found: field.data_type().clone(),
            })?;
            let flag = field.is_nullable().then_some(layout.bytes);
            let at = layout.bytes + usize::from(field.is_nullable());
            layout.bytes = at + form.width();
            // Names of a dictionary leave as plain text, which every format has.
            let field = if form == Form::Text { field.with_data_type(DataType::Utf8) } else { field };
            layout.columns.push(KeyColumn { field, flag, at, form });
        }
        Ok(layout)
    }

    /// Words of a key.
    pub(super) fn words(&self) -> usize {
        self.bytes.div_ceil(8).max(1)
    }

    pub(super) fn columns(&self) -> &[KeyColumn] {
        &self.columns
    }

    /// Whether a value of the key is null.
    pub(super) fn has_null(&self, key: &[u64]) -> bool {
        self.columns.iter().any(|column| column.is_null(key))
    }

    /// The order of two keys of one table: by their columns, smallest first, null last.
    pub(super) fn compare(&self, a: &[u64], b: &[u64], texts: &Texts) -> Ordering {
        if !self.has_texts() {
            return a.cmp(b);
        }
        let each = self.columns.iter().map(|column| {
            let nulls = column.is_null(a).cmp(&column.is_null(b));
            nulls.then_with(|| match column.form {
                Form::Text => texts.get(column.number(a)).cmp(texts.get(column.number(b))),
                _ => column.bytes(a).cmp(column.bytes(b)),
            })
        });
        each.fold(Ordering::Equal, Ordering::then)
    }

    /// Whether a column of the key is text, so that keys of two tables are compared only after [`Self::renumber`].
    pub(super) fn has_texts(&self) -> bool {
        self.columns.iter().any(|column| column.form == Form::Text)
    }

    /// Puts the numbers that texts have here, `numbers` by their old ones, into keys of another table.
    pub(super) fn renumber(&self, keys: &mut [Word], numbers: &[u32]) {
        let stride = self.words() * 8;
        for key in keys.as_flattened_mut().chunks_exact_mut(stride) {
            for column in self.columns.iter().filter(|column| column.form == Form::Text) {
                if let Some(number) = key.get_mut(column.at..).and_then(<[u8]>::first_chunk_mut::<4>) {
                    let new = numbers.get(u32::from_be_bytes(*number) as usize);
                    *number = new.copied().unwrap_or(0).to_be_bytes();
                }
            }
        }
    }

    /// Writes the values of a column into the keys of their rows, whose bytes are 0 before.
    ///
    /// # Errors
    /// `Usage` if the array is of another type.
    pub(super) fn encode(
        &self,
        column: &KeyColumn,
        array: &dyn Array,
        texts: &mut Texts,
        keys: &mut [Word],
    ) -> Result<()> {
        let stride = self.words() * 8;
        let keys = keys.as_flattened_mut();
        column.write(array, texts, keys, stride)?;
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        if let (Some(nulls), Some(flag)) = (nulls, column.flag) {
            let end = column.at + column.form.width();
            for (row, key) in keys.chunks_exact_mut(stride).enumerate() {
                if nulls.is_null(row) {
                    // Whatever stands under a null is no part of the key.
                    key[column.at..end].fill(0);
                    key[flag] = 1;
                }
            }
        }
        Ok(())
    }
}

impl KeyColumn {
    /// The column as it leaves.
    pub(super) fn field(&self) -> &Field {
        &self.field
    }

    fn write(&self, array: &dyn Array, texts: &mut Texts, keys: &mut [u8], stride: usize) -> Result<()> {
        let at = self.at;
        let wrong_type = || ErrorKind::ColumnType {
            name: self.field.name().clone(),
            expected: "the type that it had in the batches before",
            found: array.data_type().clone(),
        };
        match (self.form, array.data_type()) {
            (Form::Bytes(width), DataType::FixedSizeBinary(found)) if width == *found as usize => {
                let data = array.as_fixed_size_binary().value_data();
                match width {
                    16 => place(keys, stride, at, data.as_chunks::<16>().0, |value| *value),
                    _ => place(keys, stride, at, data.as_chunks::<6>().0, |value| *value),
                }
            }
            (Form::Unsigned(1), DataType::Boolean) => {
                let values = array.as_boolean().values();
                for (key, value) in keys.chunks_exact_mut(stride).zip(values) {
                    key[at] = u8::from(value);
                }
            }
            (Form::Unsigned(8), DataType::UInt64) => {
                place(keys, stride, at, array.as_primitive::<UInt64Type>().values(), |value| {
                    value.to_be_bytes()
                });
            }
            (Form::Text, DataType::Utf8) => {
                let values = array.as_string::<i32>();
                for (row, key) in keys.chunks_exact_mut(stride).enumerate() {
                    if values.is_valid(row) {
                        key[at..at + 4].copy_from_slice(&texts.number(values.value(row))?.to_be_bytes());
                    }
                }
            }
            (Form::Text, DataType::Dictionary(..)) => {
                let Some(array) = array.as_dictionary_opt::<Int32Type>() else {
                    return Err(wrong_type().into());
                };
                let Some(names) = array.values().as_string_opt::<i32>() else {
                    return Err(wrong_type().into());
                };
                let numbers = names
                    .iter()
                    .map(|name| texts.number(name.unwrap_or_default()))
                    .collect::<Result<Vec<_>>>()?;
                place(keys, stride, at, array.keys().values(), |key| {
                    let number = usize::try_from(*key).ok().and_then(|key| numbers.get(key));
                    number.copied().unwrap_or(0).to_be_bytes()
                });
            }
            (Form::Unsigned(width), _) => match (width, numbers(array)) {
                (1, Some(Numbers::U8(values))) => place(keys, stride, at, values, |value| [*value]),
                (2, Some(Numbers::U16(values))) => {
                    place(keys, stride, at, values, |value| value.to_be_bytes())
                }
                (4, Some(Numbers::U32(values))) => {
                    place(keys, stride, at, values, |value| value.to_be_bytes())
                }
                _ => return Err(wrong_type().into()),
            },
            (Form::Signed, _) => match (numbers(array), ticks(array)) {
                (Some(Numbers::I64(values)), _) | (_, Some((values, _))) => {
                    place(keys, stride, at, values, |value| turned(*value).to_be_bytes());
                }
                _ => return Err(wrong_type().into()),
            },
            _ => return Err(wrong_type().into()),
        }
        Ok(())
    }

    fn is_null(&self, key: &[u64]) -> bool {
        self.flag.is_some_and(|flag| byte(key, flag) != 0)
    }

    fn bytes<'a>(&self, key: &'a [u64]) -> impl Iterator<Item = u8> + 'a {
        (self.at..self.at + self.form.width()).map(|at| byte(key, at))
    }

    fn unsigned(&self, key: &[u64]) -> u64 {
        self.bytes(key).fold(0, |value, byte| value << 8 | u64::from(byte))
    }

    fn number(&self, key: &[u64]) -> u32 {
        self.unsigned(key) as u32
    }

    /// The column of these keys.
    ///
    /// # Errors
    /// None but those of Arrow, which a key that was encoded does not cause.
    pub(super) fn decode<'a>(
        &self,
        keys: impl Iterator<Item = &'a [u64]> + Clone,
        texts: &Texts,
    ) -> Result<ArrayRef> {
        let nulls = self.flag.map(|_| NullBuffer::from_iter(keys.clone().map(|key| !self.is_null(key))));
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        let values = keys.clone().map(|key| self.unsigned(key));
        Ok(match (self.form, self.field.data_type()) {
            (Form::Bytes(width), _) => {
                let data: Vec<u8> = keys.flat_map(|key| self.bytes(key)).collect();
                Arc::new(FixedSizeBinaryArray::try_new(width as i32, Buffer::from_vec(data), nulls)?)
            }
            (Form::Text, _) => {
                let texts = keys.map(|key| (!self.is_null(key)).then(|| texts.get(self.number(key))));
                Arc::new(StringArray::from_iter(texts))
            }
            (_, DataType::Boolean) => {
                Arc::new(BooleanArray::new(values.map(|value| value != 0).collect::<BooleanBuffer>(), nulls))
            }
            (_, DataType::UInt8) => {
                Arc::new(UInt8Array::new(values.map(|value| value as u8).collect(), nulls))
            }
            (_, DataType::UInt16) => {
                Arc::new(UInt16Array::new(values.map(|value| value as u16).collect(), nulls))
            }
            (_, DataType::UInt32) => {
                Arc::new(UInt32Array::new(values.map(|value| value as u32).collect(), nulls))
            }
            (_, DataType::UInt64) => Arc::new(UInt64Array::new(values.collect(), nulls)),
            (_, data_type) => signed(values.map(|value| turned(value as i64) as i64), nulls, data_type)?,
        })
    }
}

/// An array of 64-bit integers or of times.
///
/// # Errors
/// None but those of Arrow.
pub(super) fn signed(
    values: impl Iterator<Item = i64>,
    nulls: Option<NullBuffer>,
    data_type: &DataType,
) -> Result<ArrayRef> {
    let integers = Int64Array::new(values.collect(), nulls);
    Ok(make_array(integers.into_data().into_builder().data_type(data_type.clone()).build()?))
}

fn turned(value: i64) -> u64 {
    value as u64 ^ (1 << 63)
}

fn byte(key: &[u64], at: usize) -> u8 {
    key.get(at / 8).map_or(0, |word| (word >> (56 - at % 8 * 8)) as u8)
}

#[inline]
fn place<T, const W: usize>(
    keys: &mut [u8],
    stride: usize,
    at: usize,
    values: &[T],
    bytes: impl Fn(&T) -> [u8; W],
) {
    for (key, value) in keys.chunks_exact_mut(stride).zip(values) {
        key[at..at + W].copy_from_slice(&bytes(value));
    }
}

/// Distinct texts, numbered from 1; 0 is no text.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    numbers: HashMap<Arc<str>, u32>,
    list: Vec<Arc<str>>,
    bytes: usize,
    limit: Option<usize>,
}

/// What a text takes beside its bytes, about.
const TEXT_BYTES: usize = 96;

impl Texts {
    pub(super) fn with_limit(bytes: usize) -> Self {
        Self { limit: Some(bytes), ..Self::default() }
    }

    /// The memory taken, in bytes, about.
    pub(super) fn memory(&self) -> usize {
        self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.list.clear();
        self.bytes = 0;
    }

    /// The numbers that all texts of another table have here, by the number there.
    pub(super) fn adopt(&mut self, other: &Self) -> Result<Vec<u32>> {
        let numbers = other.list.iter().map(|text| self.number(text));
        std::iter::once(Ok(0)).chain(numbers).collect()
    }

    fn number(&mut self, text: &str) -> Result<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        self.bytes += text.len() + TEXT_BYTES;
        if let Some(limit) = self.limit.filter(|limit| self.bytes > *limit) {
            return Err(Error::limit("memory for texts of groups", self.bytes as u64, limit as u64));
        }
        let text: Arc<str> = text.into();
        self.list.push(Arc::clone(&text));
        let number = self.list.len() as u32;
        self.numbers.insert(text, number);
        Ok(number)
    }

    fn get(&self, number: u32) -> &str {
        (number as usize).checked_sub(1).and_then(|at| self.list.get(at)).map_or("", |text| text)
    }
}
