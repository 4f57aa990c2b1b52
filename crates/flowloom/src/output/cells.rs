//! One batch as cells of text: what CSV, JSON and tables share.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int32Type, Int64Type, TimestampMillisecondType, TimestampNanosecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, BooleanArray, RecordBatch, StringArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, TimeUnit};
use flow_frame::text;

use super::Addresses;
use crate::error::{Error, Result};

/// The columns of a batch, ready to be written row by row without a look at their types.
pub(super) struct Cells<'a> {
    columns: Vec<Cell<'a>>,
    rows: usize,
}

/// One column of a batch.
pub(super) struct Cell<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    Ms(&'a [i64]),
    Ns(&'a [i64]),
    I64(&'a [i64]),
    F64(&'a [f64]),
    U64(&'a [u64]),
    U32(&'a [u32]),
    U16(&'a [u16]),
    U8(&'a [u8]),
    Flags(&'a [u8]),
    Attributes(&'a [u8]),
    Address(&'a [[u8; 16]]),
    Mac(&'a [[u8; 6]]),
    Hex(&'a [u8], usize),
    Bool(&'a BooleanArray),
    Text(&'a StringArray),
    Dictionary(&'a [i32], &'a StringArray),
}

/// What a cell's text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Digits; JSON needs no quotes.
    Number,
    /// `true` or `false`.
    Bool,
    /// Text of our own making, in which nothing needs to be escaped.
    Plain,
    /// Text from elsewhere: names of a site configuration.
    Foreign,
}

impl<'a> Cells<'a> {
    /// # Errors
    /// `Usage` if a column has a type that no exit writes.
    pub(super) fn new(batch: &'a RecordBatch, addresses: Addresses) -> Result<Self> {
        let schema = batch.schema_ref();
        let columns = schema
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, array)| {
                let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
                Ok(Cell { nulls, values: values(field, array.as_ref(), addresses)? })
            })
            .collect::<Result<_>>()?;
        Ok(Self { columns, rows: batch.num_rows() })
    }

    pub(super) fn columns(&self) -> &[Cell<'a>] {
        &self.columns
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }
}

fn values<'a>(field: &Field, array: &'a dyn Array, addresses: Addresses) -> Result<Values<'a>> {
    let unknown = || Error::usage(format!("column {:?} has the type {}", field.name(), field.data_type()));
    Ok(match array.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            Values::Ms(array.as_primitive::<TimestampMillisecondType>().values())
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Values::Ns(array.as_primitive::<TimestampNanosecondType>().values())
        }
        DataType::Int64 => Values::I64(array.as_primitive::<Int64Type>().values()),
        DataType::Float64 => Values::F64(array.as_primitive::<Float64Type>().values()),
        DataType::UInt64 => Values::U64(array.as_primitive::<UInt64Type>().values()),
        DataType::UInt32 => Values::U32(array.as_primitive::<UInt32Type>().values()),
        DataType::UInt16 => Values::U16(array.as_primitive::<UInt16Type>().values()),
        DataType::UInt8 => {
            let values = array.as_primitive::<UInt8Type>().values();
            match Letters::of(field.name()) {
                Some(Letters::Flags) => Values::Flags(values),
                Some(Letters::Attributes) => Values::Attributes(values),
                None => Values::U8(values),
            }
        }
        DataType::Boolean => Values::Bool(array.as_boolean()),
        DataType::Utf8 => Values::Text(array.as_string()),
        DataType::FixedSizeBinary(width) => {
            let array = array.as_fixed_size_binary();
            let bytes = array.value_data();
            match (*width, addresses) {
                (16, Addresses::Text) => Values::Address(bytes.as_chunks().0),
                (6, Addresses::Text) => Values::Mac(bytes.as_chunks().0),
                (width, _) => Values::Hex(bytes, usize::try_from(width).unwrap_or(0)),
            }
        }
        DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => {
            let array = array.as_dictionary::<Int32Type>();
            Values::Dictionary(array.keys().values(), array.values().as_string_opt().ok_or_else(unknown)?)
        }
        _ => return Err(unknown()),
    })
}

/// The columns whose bits leave as letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    Flags,
    Attributes,
}

impl Letters {
    pub(super) fn of(column: &str) -> Option<Self> {
        match column {
            "tcpflags" | "initial_tcpflags" | "session_tcpflags" => Some(Self::Flags),
            "reverse_tcpflags" | "reverse_initial_tcpflags" | "reverse_session_tcpflags" => Some(Self::Flags),
            "attributes" => Some(Self::Attributes),
            _ => None,
        }
    }

    pub(super) fn write(self, out: &mut Vec<u8>, bits: u8) {
        match self {
            Self::Flags => text::write_flags(out, bits),
            Self::Attributes => text::write_attributes(out, bits),
        }
    }
}

impl Cell<'_> {
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    pub(super) fn kind(&self) -> Kind {
        match self.values {
            Values::I64(_)
            | Values::F64(_)
            | Values::U64(_)
            | Values::U32(_)
            | Values::U16(_)
            | Values::U8(_) => Kind::Number,
            Values::Bool(_) => Kind::Bool,
            Values::Text(_) | Values::Dictionary(..) => Kind::Foreign,
            _ => Kind::Plain,
        }
    }

    /// As [`Self::write`], for people: a number that is not whole has three digits behind the point.
    pub(super) fn write_short(&self, row: usize, out: &mut Vec<u8>) {
        match &self.values {
            Values::F64(values) => out.extend_from_slice(format!("{:.3}", values[row]).as_bytes()),
            _ => self.write(row, out),
        }
    }

    /// Appends the text of a value that is not null. Rows are below [`Cells::rows`].
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) {
        match &self.values {
            Values::Ms(values) => text::write_rfc3339_ms(out, values[row]),
            Values::Ns(values) => text::write_rfc3339_ns(out, values[row]),
            Values::I64(values) => text::write_i64(out, values[row]),
            Values::F64(values) => write_f64(out, values[row]),
            Values::U64(values) => text::write_u64(out, values[row]),
            Values::U32(values) => text::write_u64(out, values[row].into()),
            Values::U16(values) => text::write_u64(out, values[row].into()),
            Values::U8(values) => text::write_u64(out, values[row].into()),
            Values::Flags(values) => text::write_flags(out, values[row]),
            Values::Attributes(values) => text::write_attributes(out, values[row]),
            Values::Address(values) => text::write_address(out, &values[row]),
            Values::Mac(values) => text::write_mac(out, &values[row]),
            Values::Hex(bytes, width) => write_hex(out, &bytes[row * width..][..*width]),
            Values::Bool(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Values::Text(values) => out.extend_from_slice(values.value(row).as_bytes()),
            Values::Dictionary(keys, values) => {
                if let Ok(key) = usize::try_from(keys[row])
                    && key < values.len()
                {
                    out.extend_from_slice(values.value(key).as_bytes());
                }
            }
        }
    }
}

/// Whether the text of an address in an existing file is of the other form than the one to be written.
pub(super) fn is_other_form(text: &[u8], addresses: Addresses) -> bool {
    let hex = text.len() == 32 && text.iter().all(u8::is_ascii_hexdigit);
    hex == (addresses == Addresses::Text)
}

/// Why rows are not appended then.
pub(super) const OTHER_FORM: &str = "its addresses are in another form (see --addresses)";

/// The shortest digits that give the number back. Infinities do not come about: sums of integers are divided.
fn write_f64(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(value.to_string().as_bytes());
}

fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
}

/// Quotes the text that begins at `start` as a JSON string. Almost none needs an escape, so it is looked at in place.
pub(super) fn quote_json(out: &mut Vec<u8>, start: usize) {
    if out[start..].iter().any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        let plain = out.split_off(start);
        plain.iter().for_each(|byte| write_escaped(out, *byte));
    }
    out.insert(start, b'"');
    out.push(b'"');
}

fn write_escaped(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend([b'\\', byte]),
        0..0x20 => {
            out.extend(b"\\u00");
            write_hex(out, &[byte]);
        }
        _ => out.push(byte),
    }
}
