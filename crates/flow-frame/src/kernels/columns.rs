//! Columns of a batch as plain slices, checked once per batch.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};

use crate::error::{ErrorKind, Result};

pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| ErrorKind::MissingColumn { name: name.to_owned() }.into())
}

fn wrong_type<T>(name: &str, expected: &'static str, array: &dyn Array) -> Result<T> {
    Err(ErrorKind::ColumnType { name: name.to_owned(), expected, found: array.data_type().clone() }.into())
}

/// A column of timestamps: ticks since the epoch, and how many nanoseconds a tick is.
pub(crate) struct Times<'a> {
    pub(crate) ticks: &'a [i64],
    pub(crate) nulls: Option<&'a NullBuffer>,
    pub(crate) tick_ns: i64,
}

pub(crate) fn tick_ns(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1000,
        TimeUnit::Nanosecond => 1,
    }
}

pub(crate) fn times<'a>(batch: &'a RecordBatch, name: &str) -> Result<Times<'a>> {
    let array = column(batch, name)?;
    match ticks(array) {
        Some((ticks, unit)) => Ok(Times { ticks, nulls: present(array), tick_ns: tick_ns(unit) }),
        None => wrong_type(name, "a timestamp", array),
    }
}

/// The values of a timestamp array of any unit.
pub(crate) fn ticks(array: &dyn Array) -> Option<(&[i64], TimeUnit)> {
    let DataType::Timestamp(unit, _) = array.data_type() else { return None };
    let ticks: &[i64] = match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
    };
    Some((ticks, *unit))
}

/// The validity of a column that really has nulls.
pub(crate) fn present(array: &ArrayRef) -> Option<&NullBuffer> {
    array.nulls().filter(|nulls| nulls.null_count() > 0)
}

/// A column of 16-byte addresses.
pub(crate) fn addresses<'a>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<(&'a [[u8; 16]], Option<&'a NullBuffer>)> {
    let array = column(batch, name)?;
    match address_values(array) {
        Some(values) => Ok((values, present(array))),
        None => wrong_type(name, "FixedSizeBinary(16)", array),
    }
}

pub(crate) fn address_values(array: &dyn Array) -> Option<&[[u8; 16]]> {
    let array = array.as_fixed_size_binary_opt()?;
    (array.value_length() == 16).then(|| array.value_data().as_chunks::<16>().0)
}

/// A column of integers that all fit an `i64`.
#[derive(Clone, Copy)]
pub(crate) enum Numbers<'a> {
    I64(&'a [i64]),
    I32(&'a [i32]),
    U32(&'a [u32]),
    U16(&'a [u16]),
    U8(&'a [u8]),
}

pub(crate) fn numbers(array: &dyn Array) -> Option<Numbers<'_>> {
    Some(match array.data_type() {
        DataType::Int64 => Numbers::I64(array.as_primitive::<Int64Type>().values()),
        DataType::Int32 => Numbers::I32(array.as_primitive::<Int32Type>().values()),
        DataType::UInt32 => Numbers::U32(array.as_primitive::<UInt32Type>().values()),
        DataType::UInt16 => Numbers::U16(array.as_primitive::<UInt16Type>().values()),
        DataType::UInt8 => Numbers::U8(array.as_primitive::<UInt8Type>().values()),
        _ => return None,
    })
}

pub(crate) fn named_numbers<'a>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<(Numbers<'a>, Option<&'a NullBuffer>)> {
    let array = column(batch, name)?;
    match numbers(array) {
        Some(values) => Ok((values, present(array))),
        None => wrong_type(name, "an integer of at most 64 bits, signed if of 64", array),
    }
}

/// A column of counts: Int64, none negative.
pub(crate) fn counts<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<(&'a [i64], Option<&'a NullBuffer>)> {
    let array = column(batch, name)?;
    let Some(values) = array.as_primitive_opt::<Int64Type>() else {
        return wrong_type(name, "Int64", array);
    };
    let nulls = present(array);
    let lowest = match nulls {
        // Folded without an early exit, so that the compiler may use wide instructions.
        None => values.values().iter().fold(0, |lowest, &value| value.min(lowest)),
        Some(_) => values.iter().flatten().fold(0, i64::min),
    };
    if lowest < 0 {
        return Err(ErrorKind::NegativeCount { name, value: lowest }.into());
    }
    Ok((values.values(), nulls))
}
