//! Sums, counts, extremes and means by the values of any columns.
//!
//! Memory: 8 bytes for each word of key and state of a group, and about 8 more for finding it; a key takes the bytes of its
//! columns, one more for each that can be null, rounded up to words; a count takes one word, sums and extremes two, a mean
//! three. The sum of bytes by source address takes about 40 bytes a group, of packets 50. Ranking takes 4 bytes a group more.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::columns::{Numbers, column, numbers, present, ticks};
use super::group_keys::{KeyLayout, Texts};
use super::group_values::{State, field, metadata};
use super::key_table::{KeyTable, Word, add, sum};
use super::{Aggregate, DEFAULT_STATE_LIMIT, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Projection;

const MIB: f64 = 1_048_576.0;

/// What rows are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupKey {
    /// The value of a column.
    Column(String),
    /// Both addresses, `sip` and `dip`, whichever of them is the source: the columns `a` and `b`, the smaller one first.
    Conversation,
}

impl GroupKey {
    /// A name of a column, or `conversation`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        match name {
            "conversation" => Self::Conversation,
            name => Self::Column(name.to_owned()),
        }
    }

    /// The columns of rows that it is made of.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Column(name) => vec![name],
            Self::Conversation => vec!["sip", "dip"],
        }
    }
}

/// Which groups come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rank {
    /// Those with the largest first value.
    #[default]
    Largest,
    /// Those with the smallest.
    Smallest,
}

/// Gathers rows into groups and keeps exact values of each.
///
/// Rows of which a key is null make groups of their own, as in SQL; these rank behind all others, so that who has no address
/// is not the top talker.
///
/// ```no_run
/// use flow_frame::{GroupKey, Groups, Projection, Rank, Scan, Value};
///
/// let scan = Scan::default().with_columns(Projection::names(["ip_src", "frame_len"])?);
/// let mut groups = Groups::new([GroupKey::new("ip_src")], [Value::parse("sum(frame_len)")?])?;
/// let mut packets = flow_frame::open("trace.pcap", &scan)?;
/// while let Some(batch) = packets.next_batch() {
///     groups.update(&batch?)?;
/// }
/// println!("{:?}", groups.top(10, Rank::Largest)?);
/// # Ok::<(), flow_frame::Error>(())
/// ```
#[derive(Clone)]
pub struct Groups {
    keys: Vec<GroupKey>,
    values: Vec<Value>,
    limit: usize,
    bound: Option<Bound>,
}

/// What is known once the columns are.
#[derive(Clone)]
struct Bound {
    layout: KeyLayout,
    states: Vec<State>,
    metadata: Vec<(String, String)>,
    table: KeyTable,
    texts: Texts,
    /// Of the batch at hand: the keys of its rows, and the numbers of their groups.
    encoded: Vec<Word>,
    ids: Vec<u32>,
}

impl Groups {
    /// No groups yet. Without a key all rows are one group.
    ///
    /// # Errors
    /// `Usage` if there is no value, or if a key or value comes twice.
    pub fn new(
        keys: impl IntoIterator<Item = GroupKey>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Self> {
        let keys: Vec<GroupKey> = keys.into_iter().collect();
        let values: Vec<Value> = values.into_iter().collect();
        if values.is_empty() {
            return Err(Error::usage("groups need a value, such as sum(bytes)"));
        }
        let titles = keys.iter().map(|key| match key {
            GroupKey::Column(name) => name.clone(),
            GroupKey::Conversation => "conversation".to_owned(),
        });
        let mut titles: Vec<String> = titles.chain(values.iter().map(ToString::to_string)).collect();
        titles.sort_unstable();
        if let Some(twice) = titles.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ErrorKind::RepeatedColumn { name: twice[0].clone() }.into());
        }
        Ok(Self { keys, values, limit: DEFAULT_STATE_LIMIT, bound: None })
    }

    /// The columns that [`Self::update`] needs.
    ///
    /// # Errors
    /// `Usage` for a name that no column has, or if no table has all columns.
    pub fn projection(&self) -> Result<Projection> {
        let of_values = self.values.iter().map(|value| value.column.as_str()).filter(|name| *name != "*");
        let all = self.keys.iter().flat_map(GroupKey::columns).chain(of_values);
        let mut names: Vec<&str> = Vec::new();
        for name in all {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Projection::names(names)
    }

    /// Another bound on the memory, in bytes; for before the first rows. A gigabyte is the default.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The memory taken, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bound.as_ref().map_or(0, |bound| bound.table.memory() + bound.texts.memory())
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bound.as_ref().map_or(0, |bound| bound.table.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all groups and keeps the memory, for the next rows of the same columns.
    pub fn clear(&mut self) {
        if let Some(bound) = &mut self.bound {
            bound.table.clear();
            bound.texts.clear();
        }
    }

    /// Makes the columns known before there are rows, so that a result without rows has them. Once known, they stay.
    ///
    /// # Errors
    /// `Usage` if a column is missing, of a type that cannot be grouped by or summed, or not of the type that it had.
    pub fn bind(&mut self, schema: &Schema) -> Result<()> {
        let mut fields = Vec::new();
        for key in &self.keys {
            match key {
                GroupKey::Column(name) => fields.push(field(schema, name)?.clone()),
                GroupKey::Conversation => {
                    for (name, column) in [("a", "sip"), ("b", "dip")] {
                        fields.push(field(schema, column)?.clone().with_name(name));
                    }
                }
            }
        }
        // Both ends of a conversation are null if one is.
        let layout = KeyLayout::new(fields)?;
        let (mut states, mut at) = (Vec::new(), 0);
        for value in &self.values {
            states.push(State::new(value, schema, at)?);
            at += State::words(value.aggregate);
        }
        if let Some(bound) = &self.bound {
            if (&bound.layout, &bound.states) != (&layout, &states) {
                return Err(Error::usage("the columns are of other types than in the batches before"));
            }
            return Ok(());
        }
        self.bound = Some(Bound {
            table: KeyTable::new(layout.words(), vec![0; at]).with_limit(self.limit),
            texts: Texts::with_limit(self.limit),
            layout,
            states,
            metadata: metadata(schema),
            encoded: Vec::new(),
            ids: Vec::new(),
        });
        Ok(())
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// As [`Self::bind`]; `Limit` if the groups need more memory than they may take: no more than the rows' groups are
    /// known then, and the values are of no use.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<()> {
        self.bind(batch.schema_ref())?;
        match &mut self.bound {
            Some(bound) => bound.update(&self.keys, batch),
            None => Ok(()),
        }
    }

    /// Adds the groups of another of the same keys and values. Any order and any division of the rows gives the same values.
    ///
    /// # Errors
    /// `Usage` if its columns are not the same; `Limit` as [`Self::update`].
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let Some(theirs) = &other.bound else { return Ok(()) };
        let Some(ours) = &mut self.bound else {
            let (keys, values, limit) = (self.keys.clone(), self.values.clone(), self.limit);
            *self = Self { keys, values, limit, bound: Some(theirs.emptied(limit)) };
            return self.merge(other);
        };
        if (&ours.layout, &ours.states) != (&theirs.layout, &theirs.states) {
            return Err(Error::usage("groups of other keys or values cannot be merged"));
        }
        let Bound { layout, states, table, texts, .. } = ours;
        let numbers = texts.adopt(&theirs.texts)?;
        let translate = |keys: &mut [Word]| {
            if layout.has_texts() {
                layout.renumber(keys, &numbers);
            }
        };
        table.merge(&theirs.table, translate, |state, other, _| {
            states.iter().for_each(|value| value.merge(state, other));
        })
    }

    /// The columns of the result: the keys, then the values as they are named, and behind a sum of bytes its MiB, as
    /// `sum(bytes) MiB`. None before the columns are known.
    #[must_use]
    pub fn schema(&self) -> Option<SchemaRef> {
        let bound = self.bound.as_ref()?;
        let mut fields: Vec<Field> =
            bound.layout.columns().iter().map(|column| column.field().clone()).collect();
        for state in &bound.states {
            fields.push(state.field.clone());
            if state.in_mib {
                fields.push(Field::new(format!("{} MiB", state.field.name()), DataType::Float64, false));
            }
        }
        Some(Arc::new(Schema::new_with_metadata(fields, bound.metadata.iter().cloned().collect())))
    }

    /// The first `n` groups by the first value; equal ones by their keys, smallest first; those with a null in their key
    /// last of all.
    ///
    /// # Errors
    /// `Limit` if a sum passes 2^63 − 1; `Usage` if no columns are known yet.
    pub fn top(&self, n: usize, rank: Rank) -> Result<RecordBatch> {
        match &self.bound {
            Some(bound) => self.rows(bound, &bound.ranked(n, rank)),
            None => Err(Error::usage("no columns are known: groups have seen no rows")),
        }
    }

    /// As [`Self::top`], in batches of at most so many rows. None if no columns are known.
    pub fn batches(
        &self,
        n: usize,
        rank: Rank,
        rows: usize,
    ) -> impl Iterator<Item = Result<RecordBatch>> + '_ {
        let bound = self.bound.as_ref();
        let ids = bound.map(|bound| bound.ranked(n, rank)).unwrap_or_default();
        let count = ids.len();
        (0..count).step_by(rows.max(1)).filter_map(move |at| {
            let ids = ids.get(at..count.min(at + rows.max(1)))?;
            Some(self.rows(bound?, ids))
        })
    }

    fn rows(&self, bound: &Bound, ids: &[u32]) -> Result<RecordBatch> {
        let Bound { layout, states, table, texts, .. } = bound;
        let keys = ids.iter().map(|id| table.key(*id));
        let mut columns = Vec::new();
        for column in layout.columns() {
            columns.push(column.decode(keys.clone(), texts)?);
        }
        for value in states {
            let states = ids.iter().map(|id| table.state(*id));
            columns.push(value.decode(states.clone())?);
            if value.in_mib {
                let mib = states.map(|state| sum(state, value.at) as f64 / MIB);
                columns.push(Arc::new(Float64Array::from_iter_values(mib)));
            }
        }
        let schema = self.schema().unwrap_or_else(|| Arc::new(Schema::empty()));
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}

impl Bound {
    /// The same without groups.
    fn emptied(&self, limit: usize) -> Self {
        let mut bound = self.clone();
        bound.table.clear();
        bound.table = bound.table.with_limit(limit);
        bound.texts = Texts::with_limit(limit);
        bound
    }

    fn update(&mut self, keys: &[GroupKey], batch: &RecordBatch) -> Result<()> {
        let Self { layout, states, table, texts, encoded, ids, .. } = self;
        encoded.clear();
        encoded.resize(batch.num_rows() * layout.words(), Word::default());
        ids.clear();
        let mut columns = layout.columns().iter();
        for key in keys {
            match key {
                GroupKey::Column(name) => {
                    if let Some(of) = columns.next() {
                        layout.encode(of, column(batch, name)?, texts, encoded)?;
                    }
                }
                GroupKey::Conversation => {
                    let pair = super::pairs::smaller_first(column(batch, "sip")?, column(batch, "dip")?)?;
                    for (array, of) in pair.into_iter().zip(columns.by_ref()) {
                        layout.encode(of, &array, texts, encoded)?;
                    }
                }
            }
        }
        table.intern_all(encoded, ids)?;
        for value in states.iter() {
            let Some(of) = &value.of else {
                ids.iter().for_each(|id| value.count(table.state_mut(*id), 1));
                continue;
            };
            let array = column(batch, of.name())?;
            let rows = Rows { value, table, ids, array };
            match (value.aggregate, numbers(array), ticks(array)) {
                (Aggregate::Count, ..) => rows.count(),
                (_, Some(Numbers::I64(values)), _) | (_, _, Some((values, _))) => rows.add(values),
                (_, Some(Numbers::I32(values)), _) => rows.add(values),
                (_, Some(Numbers::U32(values)), _) => rows.add(values),
                (_, Some(Numbers::U16(values)), _) => rows.add(values),
                (_, Some(Numbers::U8(values)), _) => rows.add(values),
                // `bind` has refused all other types.
                (_, None, None) => {}
            }
        }
        Ok(())
    }

    /// The numbers of the first `n` groups.
    fn ranked(&self, n: usize, rank: Rank) -> Vec<u32> {
        let Self { layout, states, table, texts, .. } = self;
        let all = 0..table.len() as u32;
        let (mut whole, mut with_null): (Vec<u32>, Vec<u32>) =
            all.partition(|id| !layout.has_null(table.key(*id)));
        let order = |a: &u32, b: &u32| {
            let by_value = states
                .first()
                .map_or(Ordering::Equal, |value| value.compare(table.state(*a), table.state(*b)));
            let by_value = if rank == Rank::Largest { by_value.reverse() } else { by_value };
            by_value.then_with(|| layout.compare(table.key(*a), table.key(*b), texts))
        };
        select(&mut whole, n, order);
        select(&mut with_null, n - whole.len(), order);
        whole.append(&mut with_null);
        whole
    }
}

/// Keeps the first `n` in order.
pub(super) fn select(ids: &mut Vec<u32>, n: usize, order: impl Fn(&u32, &u32) -> Ordering) {
    if n == 0 {
        ids.clear();
    } else if n < ids.len() {
        ids.select_nth_unstable_by(n - 1, &order);
        ids.truncate(n);
    }
    ids.sort_unstable_by(order);
}

/// The rows of one value column, and the groups that they belong to.
struct Rows<'a> {
    value: &'a State,
    table: &'a mut KeyTable,
    ids: &'a [u32],
    array: &'a ArrayRef,
}

impl Rows<'_> {
    fn add<T: Copy + Into<i64>>(self, values: &[T]) {
        let rows = self.ids.iter().zip(values);
        // One loop for each aggregate, so that none is chosen row by row.
        match (present(self.array), self.value.aggregate) {
            (None, Aggregate::Sum) => {
                let at = self.value.at;
                rows.for_each(|(id, value)| add(self.table.state_mut(*id), at, (*value).into().into()));
            }
            (None, _) => {
                rows.for_each(|(id, value)| self.value.add(self.table.state_mut(*id), (*value).into()))
            }
            (Some(nulls), _) => {
                for (row, (id, value)) in rows.enumerate() {
                    if nulls.is_valid(row) {
                        self.value.add(self.table.state_mut(*id), (*value).into());
                    }
                }
            }
        }
    }

    fn count(self) {
        let nulls = self.array.nulls();
        for (row, id) in self.ids.iter().enumerate() {
            if nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                self.value.count(self.table.state_mut(*id), 1);
            }
        }
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, values) = (&self.keys, &self.values);
        f.debug_struct("Groups")
            .field("keys", keys)
            .field("values", values)
            .field("len", &self.len())
            .finish()
    }
}
