//! Conversations and endpoints as rows: which come first, and the columns of the result.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeBinaryArray, Int64Array, RecordBatch, UInt16Array};
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::conversations::{BEGAN_BACK, Conversations, Ends, FIRST, HAS_TIME, LAST, MARKS, Way};
use super::group_keys::signed;
use super::group_values::{whole, word};
use super::groups::select;
use super::key_table::sum;
use crate::error::Result;
use crate::schema::ColumnType;

/// Which rows come first; equal ones by their keys, smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConversationOrder {
    /// The most bytes first.
    Bytes,
    /// The most packets first.
    Packets,
    /// The earliest first; those without a time last.
    Start,
    /// The longest first.
    Duration,
}

impl Conversations {
    /// The columns of the result. Of conversations `a`, `b`, with ports `aport`, `bport`; `packets_ab`, `bytes_ab`,
    /// `packets_ba`, `bytes_ba`, `packets`, `bytes`, `first`, `last`, `duration`, which is null where it passes 2^63 − 1. Of endpoints `address`, with ports `port`;
    /// `packets`, `bytes`, `tx_packets`, `tx_bytes`, `rx_packets`, `rx_bytes`, `first`, `last`. None before the columns of the
    /// rows are known.
    #[must_use]
    pub fn schema(&self) -> Option<SchemaRef> {
        let bound = self.bound.as_ref()?;
        let count = |name: &&str| Field::new(*name, DataType::Int64, false);
        let address = |name: &str| bound.address.clone().with_name(name);
        let port = |name: &str| Field::new(name, DataType::UInt16, false);
        let time = |name: &str| Field::new(name, bound.time.clone(), true);
        let mut fields = Vec::new();
        match self.ends {
            Ends::Both => {
                fields.extend(["a", "b"].map(address));
                if self.kind.protocol().is_some() {
                    fields.extend(["aport", "bport"].map(port));
                }
                fields.extend(BOTH_COUNTS.iter().map(count));
            }
            Ends::Each => {
                fields.push(address("address"));
                if self.kind.protocol().is_some() {
                    fields.push(port("port"));
                }
                fields.extend(EACH_COUNTS.iter().map(count));
            }
        }
        fields.extend(["first", "last"].map(time));
        if self.ends == Ends::Both {
            let kind = match &bound.time {
                time if *time == ColumnType::TimestampNs.data_type() => ColumnType::DurationNs,
                _ => ColumnType::DurationMs,
            };
            fields.push(kind.named("duration", true));
        }
        Some(Arc::new(Schema::new_with_metadata(fields, bound.metadata.iter().cloned().collect())))
    }

    /// The first `n` rows of the result, in batches of at most so many rows. None if no columns are known.
    ///
    /// A batch is `Limit` if a sum of it passes 2^63 − 1.
    pub fn batches(
        &self,
        n: usize,
        order: ConversationOrder,
        rows: usize,
    ) -> impl Iterator<Item = Result<RecordBatch>> + '_ {
        let rows = rows.max(1);
        let mut ids: Vec<u32> = (0..self.table.len() as u32).collect();
        select(&mut ids, n, |a, b| {
            let (left, right) = (State(self.table.state(*a)), State(self.table.state(*b)));
            let keys = || self.table.key(*a).cmp(self.table.key(*b));
            left.compare(right, order).then_with(keys)
        });
        (0..ids.len()).step_by(rows).filter_map(move |at| {
            let ids = ids.get(at..ids.len().min(at + rows))?;
            self.schema().map(|schema| self.rows(schema, ids))
        })
    }

    fn rows(&self, schema: SchemaRef, ids: &[u32]) -> Result<RecordBatch> {
        let states = || ids.iter().map(|id| State(self.table.state(*id)));
        let keys = |large: bool| {
            ids.iter().map(move |id| {
                (self.table.key(*id), State(self.table.state(*id)).begins_at_larger() == large)
            })
        };
        let width = self.kind.width();
        let mut columns: Vec<ArrayRef> = Vec::new();
        let wanted: &[bool] = if self.ends == Ends::Both { &[false, true] } else { &[false] };
        for &large in wanted {
            let mut bytes = Vec::with_capacity(ids.len() * width);
            for (key, is_smaller) in keys(large) {
                let at = if self.ends == Ends::Both && !is_smaller { width } else { 0 };
                bytes.extend((at..at + width).map(|at| byte(key, at)));
            }
            columns.push(Arc::new(FixedSizeBinaryArray::try_new(
                width as i32,
                Buffer::from_vec(bytes),
                None,
            )?));
        }
        if self.kind.protocol().is_some() {
            for &large in wanted {
                let ports = keys(large).map(|(key, is_smaller)| {
                    let at = match (self.ends, is_smaller) {
                        (Ends::Each, _) => width,
                        (Ends::Both, true) => 2 * width,
                        (Ends::Both, false) => 2 * width + 2,
                    };
                    u16::from_be_bytes([byte(key, at), byte(key, at + 1)])
                });
                columns.push(Arc::new(UInt16Array::from_iter_values(ports)));
            }
        }
        let counts: &[&str] = if self.ends == Ends::Both { &BOTH_COUNTS } else { &EACH_COUNTS };
        for name in counts {
            let values = states().map(|state| whole("the counts of a conversation", state.count(name)));
            columns.push(Arc::new(Int64Array::from(values.collect::<Result<Vec<_>>>()?)));
        }
        let valid: NullBuffer = states().map(|state| state.span().is_some()).collect();
        let ends = states().map(|state| state.span().unwrap_or_default());
        let time = self.bound.as_ref().map_or(&DataType::Int64, |bound| &bound.time);
        columns.push(signed(ends.clone().map(|(first, _)| first), Some(valid.clone()), time)?);
        columns.push(signed(ends.map(|(_, last)| last), Some(valid), time)?);
        if self.ends == Ends::Both {
            let length = |state: State<'_>| state.span().and_then(|(first, last)| last.checked_sub(first));
            columns.push(Arc::new(states().map(length).collect::<Int64Array>()));
        }
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}

const BOTH_COUNTS: [&str; 6] = ["packets_ab", "bytes_ab", "packets_ba", "bytes_ba", "packets", "bytes"];
const EACH_COUNTS: [&str; 6] = ["packets", "bytes", "tx_packets", "tx_bytes", "rx_packets", "rx_bytes"];

fn byte(key: &[u64], at: usize) -> u8 {
    (word(key, at / 8) >> (56 - at % 8 * 8)) as u8
}

/// The state of a conversation or endpoint, for reading.
#[derive(Clone, Copy)]
struct State<'a>(&'a [u64]);

impl State<'_> {
    fn begins_at_larger(self) -> bool {
        word(self.0, MARKS) & BEGAN_BACK != 0
    }

    fn span(self) -> Option<(i64, i64)> {
        let span = (word(self.0, FIRST) as i64, word(self.0, LAST) as i64);
        (word(self.0, MARKS) & HAS_TIME != 0).then_some(span)
    }

    fn packets(self) -> i128 {
        sum(self.0, Way::There.packets()) + sum(self.0, Way::Back.packets())
    }

    fn bytes(self) -> i128 {
        sum(self.0, Way::There.bytes()) + sum(self.0, Way::Back.bytes())
    }

    fn count(self, name: &str) -> i128 {
        let (from_a, from_b) =
            if self.begins_at_larger() { (Way::Back, Way::There) } else { (Way::There, Way::Back) };
        match name {
            "packets_ab" => sum(self.0, from_a.packets()),
            "bytes_ab" => sum(self.0, from_a.bytes()),
            "packets_ba" => sum(self.0, from_b.packets()),
            "bytes_ba" => sum(self.0, from_b.bytes()),
            "tx_packets" => sum(self.0, Way::There.packets()),
            "tx_bytes" => sum(self.0, Way::There.bytes()),
            "rx_packets" => sum(self.0, Way::Back.packets()),
            "rx_bytes" => sum(self.0, Way::Back.bytes()),
            "packets" => self.packets(),
            _ => self.bytes(),
        }
    }

    fn compare(self, other: Self, order: ConversationOrder) -> Ordering {
        match order {
            ConversationOrder::Bytes => other.bytes().cmp(&self.bytes()),
            ConversationOrder::Packets => other.packets().cmp(&self.packets()),
            ConversationOrder::Start => {
                let start = |state: Self| state.span().map_or((true, 0), |(first, _)| (false, first));
                start(self).cmp(&start(other))
            }
            ConversationOrder::Duration => {
                let length =
                    |state: Self| state.span().map(|(first, last)| i128::from(last) - i128::from(first));
                length(other).cmp(&length(self))
            }
        }
    }
}
