//! Who talked with whom: packets and bytes each way, first and last time; of pairs, or of each end.
//!
//! Memory: of conversations about 130 bytes each (115 of hardware addresses, 140 with ports), of endpoints 115 (105, 120);
//! ranking takes 4 bytes each more.

use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};

use super::conversation_rows::{Addresses, ConversationKind, RowValues, Wanted};
use super::group_values::{field, metadata, word};
use super::key_table::{KeyTable, Word, add, sum};
use crate::error::{Error, Result};
use crate::schema::Projection;

/// What one row of the result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ends {
    /// Two that talked with each other.
    Both,
    /// One, with all that it sent and received.
    Each,
}

/// Gathers flows or packets into conversations.
///
/// A row counts for the pair of its source and destination, whichever way it went. The pair's end `a` is the source of its
/// first row; the order in which rows came is all that a result depends on beside the rows themselves. Rows that have no
/// such addresses or ports are counted in [`Self::skipped`]. A packet is one packet; rows with a column `packets` are as many
/// as it says. A null count adds nothing.
#[derive(Clone)]
pub struct Conversations {
    pub(super) kind: ConversationKind,
    pub(super) ends: Ends,
    pub(super) table: KeyTable,
    skipped: u64,
    pub(super) bound: Option<Bound>,
    /// Of the batch at hand: keys, which rows they are of, which way those went, and the numbers of the keys.
    keys: Vec<Word>,
    rows: Vec<(u32, Way)>,
    ids: Vec<u32>,
}

/// What is known once the columns are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    pub(super) address: Field,
    pub(super) time: DataType,
    pub(super) metadata: Vec<(String, String)>,
}

/// Which of the two counts of a state a row belongs to: from the smaller end to the larger, or back; sent, or received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    There,
    Back,
}

/// Words of a state: packets and bytes of either way, two words each, then these.
pub(super) const FIRST: usize = 8;
pub(super) const LAST: usize = 9;
pub(super) const MARKS: usize = 10;
/// The first row went back: the larger end is `a`.
pub(super) const BEGAN_BACK: u64 = 1;
const HAS_ROWS: u64 = 2;
pub(super) const HAS_TIME: u64 = 4;

impl Way {
    pub(super) const fn packets(self) -> usize {
        match self {
            Self::There => 0,
            Self::Back => 4,
        }
    }

    pub(super) const fn bytes(self) -> usize {
        self.packets() + 2
    }
}

impl Conversations {
    /// No conversations yet.
    #[must_use]
    pub fn new(kind: ConversationKind, ends: Ends) -> Self {
        let end = kind.width() + if kind.protocol().is_some() { 2 } else { 0 };
        let bytes = if ends == Ends::Both { 2 * end } else { end };
        let mut fresh = vec![0; MARKS + 1];
        fresh[FIRST] = i64::MAX as u64;
        fresh[LAST] = i64::MIN as u64;
        Self {
            kind,
            ends,
            table: KeyTable::new(bytes.div_ceil(8), fresh),
            skipped: 0,
            bound: None,
            keys: Vec::new(),
            rows: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// Another bound on the memory, in bytes. A gigabyte is the default.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.table = self.table.with_limit(bytes);
        self
    }

    /// The columns that [`Self::update`] needs: a choice of its own of flows, and of packets.
    ///
    /// # Errors
    /// None of its own: the tables have the columns.
    pub fn projection(&self) -> Result<Projection> {
        self.kind.projection()
    }

    /// The memory taken, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.table.memory()
    }

    /// How many conversations or endpoints there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that are of no conversation of this kind.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Forgets all rows and keeps the memory, for the next ones of the same columns.
    pub fn clear(&mut self) {
        self.table.clear();
        self.skipped = 0;
    }

    /// Makes the columns known before there are rows, so that a result without rows has them. Once known, they stay.
    ///
    /// # Errors
    /// `Usage` if a column is missing, or its times are not of the unit of the batches before.
    pub fn bind(&mut self, schema: &Schema) -> Result<()> {
        let [source, _] = self.columns(schema);
        let time = field(schema, "stime")?.data_type().clone();
        let address = field(schema, source)?.clone().with_nullable(false);
        match &self.bound {
            Some(bound) if bound.time == time => Ok(()),
            Some(_) => Err(Error::usage("times are of another unit than in the batches before")),
            None => {
                self.bound = Some(Bound { address, time, metadata: metadata(schema) });
                Ok(())
            }
        }
    }

    /// The names of source and destination in a batch.
    fn columns(&self, schema: &Schema) -> [&'static str; 2] {
        let [of_flows, of_packets] = self.kind.addresses();
        let is_of_packets = of_packets.iter().all(|name| schema.column_with_name(name).is_some());
        if is_of_packets { of_packets } else { of_flows }
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// As [`Self::bind`]; `Usage` for a negative count or a column of another type; `Limit` if the conversations need more
    /// memory than they may take: the result is of no use then.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<()> {
        self.bind(batch.schema_ref())?;
        let names = self.columns(batch.schema_ref());
        let ends = [
            Addresses::new(self.kind, batch, names[0], "sport")?,
            Addresses::new(self.kind, batch, names[1], "dport")?,
        ];
        let values = RowValues::new(batch)?;
        let wanted = Wanted::new(self.kind, names, batch, &ends)?;
        let all = batch.num_rows() as u32;
        match self.ends {
            Ends::Both => {
                self.begin(all, &wanted);
                match self.kind {
                    ConversationKind::Eth => self.pairs::<6>(&ends),
                    _ => self.pairs::<16>(&ends),
                }
                self.finish(&values)
            }
            Ends::Each => {
                for (way, end) in [Way::There, Way::Back].into_iter().zip(&ends) {
                    let skipped = self.skipped;
                    self.begin(all, &wanted);
                    if way == Way::Back {
                        // The same rows a second time.
                        self.skipped = skipped;
                        self.rows.iter_mut().for_each(|row| row.1 = way);
                    }
                    match self.kind {
                        ConversationKind::Eth => self.each::<6>(end),
                        _ => self.each::<16>(end),
                    }
                    self.finish(&values)?;
                }
                Ok(())
            }
        }
    }

    /// Chooses the rows that count.
    fn begin(&mut self, all: u32, wanted: &Wanted<'_>) {
        self.rows.clear();
        self.rows.extend((0..all).filter(|row| wanted.has(*row as usize)).map(|row| (row, Way::There)));
        self.skipped += u64::from(all) - self.rows.len() as u64;
        self.keys.clear();
    }

    /// The keys of pairs, the smaller end first, and which way each row went.
    fn pairs<const W: usize>(&mut self, [sources, destinations]: &[Addresses<'_>; 2]) {
        let stride = self.stride();
        self.keys.resize(self.rows.len() * stride / 8, Word::default());
        let (a, b) = (sources.of::<W>(), destinations.of::<W>());
        for ((row, way), key) in
            self.rows.iter_mut().zip(self.keys.as_flattened_mut().chunks_exact_mut(stride))
        {
            let row = *row as usize;
            let (mut from, mut to) = ((a[row], sources.port(row)), (b[row], destinations.port(row)));
            if from > to {
                std::mem::swap(&mut from, &mut to);
                *way = Way::Back;
            }
            key[..W].copy_from_slice(&from.0);
            key[W..2 * W].copy_from_slice(&to.0);
            if let (Some(from), Some(to)) = (from.1, to.1) {
                key[2 * W..2 * W + 2].copy_from_slice(&from.to_be_bytes());
                key[2 * W + 2..2 * W + 4].copy_from_slice(&to.to_be_bytes());
            }
        }
    }

    /// The keys of one end.
    fn each<const W: usize>(&mut self, end: &Addresses<'_>) {
        let stride = self.stride();
        self.keys.resize(self.rows.len() * stride / 8, Word::default());
        let addresses = end.of::<W>();
        for ((row, _), key) in self.rows.iter().zip(self.keys.as_flattened_mut().chunks_exact_mut(stride)) {
            let row = *row as usize;
            key[..W].copy_from_slice(&addresses[row]);
            if let Some(port) = end.port(row) {
                key[W..W + 2].copy_from_slice(&port.to_be_bytes());
            }
        }
    }

    /// Bytes of a key.
    fn stride(&self) -> usize {
        self.table.width() * 8
    }

    /// Adds the values of the chosen rows to their keys.
    fn finish(&mut self, values: &RowValues<'_>) -> Result<()> {
        self.ids.clear();
        self.table.intern_all(&self.keys, &mut self.ids)?;
        for (&(row, way), id) in self.rows.iter().zip(&self.ids) {
            let row = row as usize;
            let state = self.table.state_mut(*id);
            add(state, way.packets(), values.packets(row).into());
            add(state, way.bytes(), values.bytes(row).into());
            let Some([first, last, marks]) = state.get_mut(FIRST..=MARKS) else { continue };
            if *marks & HAS_ROWS == 0 {
                *marks |= HAS_ROWS | if way == Way::Back { BEGAN_BACK } else { 0 };
            }
            if let Some((begin, end)) = values.span(row) {
                *first = (*first as i64).min(begin) as u64;
                *last = (*last as i64).max(end) as u64;
                *marks |= HAS_TIME;
            }
        }
        Ok(())
    }

    /// Adds the conversations of another, whose rows come behind those of this one.
    ///
    /// # Errors
    /// `Usage` if it is of another kind or another unit of time; `Limit` as [`Self::update`].
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if (self.kind, self.ends) != (other.kind, other.ends) {
            return Err(Error::usage("conversations of two kinds cannot be merged"));
        }
        match (&self.bound, &other.bound) {
            (None, theirs) => self.bound.clone_from(theirs),
            (Some(ours), Some(theirs)) if ours.time != theirs.time => {
                return Err(Error::usage("times are of two units"));
            }
            _ => {}
        }
        self.skipped += other.skipped;
        self.table.merge(
            &other.table,
            |_| {},
            |state, other, is_new| {
                for way in [Way::There, Way::Back] {
                    add(state, way.packets(), sum(other, way.packets()));
                    add(state, way.bytes(), sum(other, way.bytes()));
                }
                if let Some([first, last, marks]) = state.get_mut(FIRST..=MARKS) {
                    *first = (*first as i64).min(word(other, FIRST) as i64) as u64;
                    *last = (*last as i64).max(word(other, LAST) as i64) as u64;
                    let theirs = word(other, MARKS);
                    *marks |= if is_new { theirs } else { theirs & !BEGAN_BACK };
                }
            },
        )
    }
}

impl fmt::Debug for Conversations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, ends, len) = (self.kind, self.ends, self.len());
        f.debug_struct("Conversations").field("kind", &kind).field("ends", &ends).field("len", &len).finish()
    }
}
