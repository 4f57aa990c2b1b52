//! The values of a group: their types, and how they take rows and each other.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array};
use arrow_schema::{DataType, Field, Schema};

use super::group_keys::signed;
use super::key_table::{add, sum};
use super::{Aggregate, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{PRODUCER_KEY, SOURCE_KEY};

/// Columns that count bytes: behind their sums stands a column of MiB.
const BYTE_COLUMNS: [&str; 8] =
    ["bytes", "frame_len", "frame_cap_len", "cap_len", "ip_len", "ipv6_plen", "tcp_len", "udp_length"];

/// A value: how, of what, and where it stands in a group's state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) aggregate: Aggregate,
    /// The column; none counts rows.
    pub(super) of: Option<Field>,
    pub(super) at: usize,
    pub(super) field: Field,
    pub(super) in_mib: bool,
}

impl State {
    pub(super) fn new(value: &Value, schema: &Schema, at: usize) -> Result<Self> {
        let of = match value.column.as_str() {
            "*" => None,
            name => Some(field(schema, name)?.clone()),
        };
        let is_time = of.as_ref().is_some_and(|of| matches!(of.data_type(), DataType::Timestamp(..)));
        if let Some(of) = &of {
            let fits = match value.aggregate {
                Aggregate::Count => true,
                Aggregate::Min | Aggregate::Max if is_time => true,
                _ => matches!(
                    of.data_type(),
                    DataType::Int64 | DataType::Int32 | DataType::UInt32 | DataType::UInt16 | DataType::UInt8
                ),
            };
            if !fits {
                let found = of.data_type().clone();
                let expected = "an integer of at most 64 bits, signed if of 64; for min and max also a time";
                return Err(ErrorKind::ColumnType { name: value.column.clone(), expected, found }.into());
            }
        }
        let data_type = match (value.aggregate, &of) {
            (Aggregate::Mean, _) => DataType::Float64,
            (Aggregate::Min | Aggregate::Max, Some(of)) if is_time => of.data_type().clone(),
            _ => DataType::Int64,
        };
        let can_be_null = !matches!(value.aggregate, Aggregate::Sum | Aggregate::Count);
        let mut field = Field::new(value.to_string(), data_type, can_be_null);
        if let Some(unit) = of.as_ref().and_then(|of| of.metadata().get("unit"))
            && value.aggregate != Aggregate::Count
        {
            field = field.with_metadata([("unit".to_owned(), unit.clone())].into());
        }
        let in_mib = value.aggregate == Aggregate::Sum && BYTE_COLUMNS.contains(&value.column.as_str());
        Ok(Self { aggregate: value.aggregate, of, at, field, in_mib })
    }

    /// Words that the value takes.
    pub(super) fn words(aggregate: Aggregate) -> usize {
        match aggregate {
            Aggregate::Count => 1,
            // A sum; or whether there is a value, and which.
            Aggregate::Sum | Aggregate::Min | Aggregate::Max => 2,
            Aggregate::Mean => 3,
        }
    }

    /// Adds one value to a group's state.
    #[inline]
    pub(super) fn add(&self, state: &mut [u64], value: i64) {
        match self.aggregate {
            Aggregate::Sum => add(state, self.at, value.into()),
            Aggregate::Count => self.count(state, 1),
            Aggregate::Mean => {
                add(state, self.at, value.into());
                if let Some(count) = state.get_mut(self.at + 2) {
                    *count += 1;
                }
            }
            Aggregate::Min => self.keep(state, value, i64::min),
            Aggregate::Max => self.keep(state, value, i64::max),
        }
    }

    #[inline]
    pub(super) fn count(&self, state: &mut [u64], more: u64) {
        if let Some(count) = state.get_mut(self.at) {
            *count += more;
        }
    }

    #[inline]
    fn keep(&self, state: &mut [u64], value: i64, better: fn(i64, i64) -> i64) {
        if let Some([has, kept]) = state.get_mut(self.at..self.at + 2) {
            *kept = if *has == 0 { value } else { better(*kept as i64, value) } as u64;
            *has = 1;
        }
    }

    /// Adds another state of the same group.
    pub(super) fn merge(&self, state: &mut [u64], other: &[u64]) {
        match self.aggregate {
            Aggregate::Sum => add(state, self.at, sum(other, self.at)),
            Aggregate::Count => self.count(state, word(other, self.at)),
            Aggregate::Mean => {
                add(state, self.at, sum(other, self.at));
                if let Some(count) = state.get_mut(self.at + 2) {
                    *count += word(other, self.at + 2);
                }
            }
            Aggregate::Min | Aggregate::Max => {
                if let Some(value) = self.kept(other) {
                    self.add(state, value);
                }
            }
        }
    }

    fn kept(&self, state: &[u64]) -> Option<i64> {
        (word(state, self.at) != 0).then(|| word(state, self.at + 1) as i64)
    }

    fn mean(&self, state: &[u64]) -> Option<f64> {
        let count = word(state, self.at + 2);
        (count > 0).then(|| sum(state, self.at) as f64 / count as f64)
    }

    /// The order of two groups by this value; no value is less than any.
    pub(super) fn compare(&self, a: &[u64], b: &[u64]) -> Ordering {
        match self.aggregate {
            Aggregate::Sum => sum(a, self.at).cmp(&sum(b, self.at)),
            Aggregate::Count => word(a, self.at).cmp(&word(b, self.at)),
            Aggregate::Mean => {
                let (a, b) = (self.mean(a), self.mean(b));
                a.partial_cmp(&b).unwrap_or(Ordering::Equal)
            }
            Aggregate::Min | Aggregate::Max => self.kept(a).cmp(&self.kept(b)),
        }
    }

    /// The values of some groups as a column.
    pub(super) fn decode<'a>(&self, states: impl Iterator<Item = &'a [u64]>) -> Result<ArrayRef> {
        Ok(match self.aggregate {
            Aggregate::Mean => Arc::new(Float64Array::from_iter(states.map(|state| self.mean(state)))),
            Aggregate::Count => {
                Arc::new(Int64Array::from_iter_values(states.map(|state| word(state, self.at) as i64)))
            }
            Aggregate::Sum => {
                let sums = states.map(|state| whole("the sum of a group", sum(state, self.at)));
                Arc::new(Int64Array::from(sums.collect::<Result<Vec<i64>>>()?))
            }
            Aggregate::Min | Aggregate::Max => {
                let (values, valid): (Vec<i64>, Vec<bool>) = states
                    .map(|state| self.kept(state))
                    .map(|kept| (kept.unwrap_or_default(), kept.is_some()))
                    .unzip();
                signed(values.into_iter(), Some(valid.into()), self.field.data_type())?
            }
        })
    }
}

/// The sum as a value of Int64.
///
/// # Errors
/// `Limit` if it is no such value.
pub(super) fn whole(what: &'static str, sum: i128) -> Result<i64> {
    i64::try_from(sum).map_err(|_| Error::limit(what, sum.unsigned_abs(), i64::MAX as u64))
}

pub(super) fn word(state: &[u64], at: usize) -> u64 {
    state.get(at).copied().unwrap_or(0)
}

pub(super) fn field<'a>(schema: &'a Schema, name: &str) -> Result<&'a Field> {
    let missing = |_| ErrorKind::MissingColumn { name: name.to_owned() };
    Ok(schema.field_with_name(name).map_err(missing)?)
}

/// What the result says of where its rows come from.
pub(super) fn metadata(schema: &Schema) -> Vec<(String, String)> {
    let kept = |key: &&str| schema.metadata().get(*key).map(|value| ((*key).to_owned(), value.clone()));
    [PRODUCER_KEY, SOURCE_KEY].iter().filter_map(kept).collect()
}
