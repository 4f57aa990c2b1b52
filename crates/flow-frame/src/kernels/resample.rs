//! Values over time: rows are gathered into bins of a fixed step that are counted from the epoch.
//!
//! Memory: 8 bytes per bin and 48 per bin and value column, for stretches of 256 bins that hold a row (twice that while
//! it grows). The span of time costs nothing, so a hostile time stamp takes one stretch and no more.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::builder::{Float64Builder, Int64Builder};
use arrow_array::{ArrayRef, PrimitiveArray, RecordBatchReader, types};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use hashbrown::HashMap;

use super::DEFAULT_STATE_LIMIT;
use super::columns::{Numbers, named_numbers, tick_ns, times};
use crate::error::{Error, Result};

/// Bins of a stretch.
const STRETCH: usize = 256;
/// Stretches that are found without a look at the map.
const RECENT: usize = 64;
/// Bins that a dense output may have unless told otherwise.
const DEFAULT_BIN_LIMIT: u64 = 100_000_000;

/// How the values of a bin become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Exact sum, Int64; 0 in an empty bin.
    Sum,
    /// Exact sum ÷ count, Float64; null in an empty bin.
    Mean,
    /// Smallest value, Int64; null in an empty bin.
    Min,
    /// Largest value, Int64; null in an empty bin.
    Max,
    /// Number of values that are not null, Int64; 0 in an empty bin.
    Count,
}

impl Aggregate {
    const NAMES: [(&'static str, Self); 5] = [
        ("sum", Self::Sum),
        ("mean", Self::Mean),
        ("min", Self::Min),
        ("max", Self::Max),
        ("count", Self::Count),
    ];
}

/// A value of the output such as `mean(bytes)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// How.
    pub aggregate: Aggregate,
    /// Of which column; `*` counts rows.
    pub column: String,
}

impl Value {
    /// `sum(bytes)`, `mean(bytes)`, `min(bytes)`, `max(bytes)`, `count(bytes)` or `count(*)`, which `count` means too.
    ///
    /// # Errors
    /// `Usage` for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = || {
            Error::usage(format!(
                "{text:?} is not of the form mean(bytes): sum, mean, min, max or count of a column"
            ))
        };
        if text.trim() == "count" {
            return Ok(Self { aggregate: Aggregate::Count, column: "*".to_owned() });
        }
        let (name, rest) = text.trim().split_once('(').ok_or_else(refused)?;
        let column = rest.strip_suffix(')').ok_or_else(refused)?.trim();
        let known = Aggregate::NAMES.iter().find(|(known, _)| *known == name.trim());
        let aggregate = known.ok_or_else(refused)?.1;
        if column.is_empty() || (column == "*" && aggregate != Aggregate::Count) {
            return Err(refused());
        }
        Ok(Self { aggregate, column: column.to_owned() })
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name =
            Aggregate::NAMES.iter().find(|(_, known)| *known == self.aggregate).map_or("", |(name, _)| name);
        write!(f, "{name}({})", self.column)
    }
}

/// What is known of one column in one bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Exact sum.
    pub sum: i128,
    /// Number of values that are not null.
    pub count: u64,
    min: i64,
    max: i64,
}

impl Cell {
    const EMPTY: Self = Self { sum: 0, count: 0, min: i64::MAX, max: i64::MIN };

    #[inline]
    fn add(&mut self, value: i64) {
        self.sum += i128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.count += 1;
    }

    /// The smallest value.
    #[must_use]
    pub fn min(&self) -> Option<i64> {
        (self.count > 0).then_some(self.min)
    }

    /// The largest value.
    #[must_use]
    pub fn max(&self) -> Option<i64> {
        (self.count > 0).then_some(self.max)
    }

    /// The mean value.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
}

/// Gathers rows into bins.
///
/// A row belongs to the bin `[k · step, (k + 1) · step)` that its time lies in, k counted from the epoch. Rows without
/// a time are counted apart.
#[derive(Debug, Clone)]
pub struct Resampler {
    step_ns: i64,
    values: Vec<Value>,
    time: String,
    limit: usize,
    bin_limit: u64,
    unit: Option<TimeUnit>,
    step: i64,
    /// Number of a stretch → where its bins begin in `rows` and in each of `cells`.
    stretches: HashMap<i64, u32>,
    /// Some of the stretches, by the low bits of their numbers. No stretch has the number i64::MIN.
    recent: [(i64, u32); RECENT],
    rows: Vec<u64>,
    columns: Vec<(String, Vec<Cell>)>,
    first: i64,
    last: i64,
    untimed: u64,
    /// The bin of each row of the batch at hand.
    slots: Vec<u32>,
}

impl Resampler {
    /// A resampler by `stime`, for these values.
    ///
    /// # Errors
    /// `Usage` if the step is zero or longer than a year.
    pub fn new(step: Duration, values: Vec<Value>) -> Result<Self> {
        let step_ns = i64::try_from(step.as_nanos()).unwrap_or(i64::MAX);
        if step_ns == 0 || step_ns > 366 * 86_400 * 1_000_000_000 {
            return Err(Error::usage("a step must be longer than nothing and at most a year"));
        }
        let mut columns: Vec<(String, Vec<Cell>)> = Vec::new();
        for value in &values {
            if value.column != "*" && !columns.iter().any(|(name, _)| *name == value.column) {
                columns.push((value.column.clone(), Vec::new()));
            }
        }
        Ok(Self {
            step_ns,
            values,
            time: "stime".to_owned(),
            limit: DEFAULT_STATE_LIMIT,
            bin_limit: DEFAULT_BIN_LIMIT,
            unit: None,
            step: 1,
            stretches: HashMap::new(),
            recent: [(i64::MIN, 0); RECENT],
            rows: Vec::new(),
            columns,
            first: i64::MAX,
            last: i64::MIN,
            untimed: 0,
            slots: Vec::new(),
        })
    }

    /// Another column of times; any unit of which the step is a multiple.
    #[must_use]
    pub fn with_time(mut self, column: impl Into<String>) -> Self {
        self.time = column.into();
        self
    }

    /// Another bound on the memory, in bytes.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Another bound on the number of bins in batches of output, empty ones included.
    #[must_use]
    pub fn with_bin_limit(mut self, bins: u64) -> Self {
        self.bin_limit = bins;
        self
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// `Usage` if a column is missing or of a wrong type, if the step is not a whole number of the time column's ticks,
    /// or if that unit changes; `Limit` if the bins need more memory than they may take. Nothing is added then.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<()> {
        let times = times(batch, &self.time)?;
        let columns = self.columns.iter().map(|(name, _)| named_numbers(batch, name));
        let columns: Vec<_> = columns.collect::<Result<_>>()?;

        self.set_unit(times.tick_ns)?;
        self.assign_bins(times.ticks, times.nulls)?;
        for &slot in &self.slots {
            if let Some(rows) = self.rows.get_mut(slot as usize) {
                *rows += 1;
            }
        }
        self.untimed += self.slots.iter().filter(|slot| **slot == u32::MAX).count() as u64;
        for ((_, cells), (values, nulls)) in self.columns.iter_mut().zip(columns) {
            match values {
                Numbers::I64(values) => add_values(cells, &self.slots, values, nulls),
                Numbers::I32(values) => add_values(cells, &self.slots, values, nulls),
                Numbers::U32(values) => add_values(cells, &self.slots, values, nulls),
                Numbers::U16(values) => add_values(cells, &self.slots, values, nulls),
                Numbers::U8(values) => add_values(cells, &self.slots, values, nulls),
            }
        }
        Ok(())
    }

    /// The first batch decides the unit of the bins' times.
    fn set_unit(&mut self, tick: i64) -> Result<()> {
        let units = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
        let unit = units.into_iter().find(|unit| tick_ns(*unit) == tick);
        if self.unit.is_some() && self.unit != unit {
            return Err(Error::usage(format!(
                "the unit of the times in {:?} changes between batches",
                self.time
            )));
        }
        if self.step_ns % tick != 0 {
            return Err(Error::usage(format!("the step is finer than the times in {:?}", self.time)));
        }
        self.unit = unit;
        self.step = self.step_ns / tick;
        Ok(())
    }

    /// Fills `slots`: where the bin of each row is; `u32::MAX` for a row without a time.
    fn assign_bins(&mut self, ticks: &[i64], nulls: Option<&NullBuffer>) -> Result<()> {
        self.slots.clear();
        let (mut first, mut last) = (self.first, self.last);
        for (row, &tick) in ticks.iter().enumerate() {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                self.slots.push(u32::MAX);
                continue;
            }
            let bin = tick.div_euclid(self.step);
            let stretch = bin.div_euclid(STRETCH as i64);
            let recent = self.recent[stretch as usize % RECENT];
            let base = if recent.0 == stretch { recent.1 } else { self.stretch(stretch)? };
            self.slots.push(base + bin.rem_euclid(STRETCH as i64) as u32);
            first = first.min(tick);
            last = last.max(tick);
        }
        (self.first, self.last) = (first, last);
        Ok(())
    }

    /// Where the bins of a stretch begin; it is made if need be.
    fn stretch(&mut self, number: i64) -> Result<u32> {
        let base = match self.stretches.get(&number) {
            Some(base) => *base,
            None => {
                let base = self.rows.len();
                self.check_memory(base + STRETCH)?;
                self.rows.resize(base + STRETCH, 0);
                for (_, cells) in &mut self.columns {
                    cells.resize(base + STRETCH, Cell::EMPTY);
                }
                let base = base as u32;
                self.stretches.insert(number, base);
                base
            }
        };
        self.recent[number as usize % RECENT] = (number, base);
        Ok(base)
    }

    fn check_memory(&self, bins: usize) -> Result<()> {
        let per_bin = size_of::<u64>() + self.columns.len() * size_of::<Cell>();
        let wanted = bins.saturating_mul(per_bin);
        if wanted > self.limit || bins >= u32::MAX as usize {
            return Err(Error::limit("memory for bins", wanted as u64, self.limit as u64));
        }
        Ok(())
    }

    /// The bins.
    #[must_use]
    pub fn finish(self) -> Series {
        let mut stretches: Vec<(i64, u32)> = self.stretches.into_iter().collect();
        stretches.sort_unstable();
        let range = (self.first <= self.last)
            .then(|| (self.first.div_euclid(self.step), self.last.div_euclid(self.step)));
        let occupied = self.rows.iter().filter(|rows| **rows > 0).count() as u64;
        Series {
            step: self.step,
            unit: self.unit.unwrap_or(TimeUnit::Millisecond),
            values: self.values,
            stretches,
            rows: self.rows,
            columns: self.columns,
            range,
            occupied,
            untimed: self.untimed,
            bin_limit: self.bin_limit,
        }
    }
}

fn add_values<T: Copy + Into<i64>>(
    cells: &mut [Cell],
    slots: &[u32],
    values: &[T],
    nulls: Option<&NullBuffer>,
) {
    let add = |(slot, value): (&u32, &T)| {
        if let Some(cell) = cells.get_mut(*slot as usize) {
            cell.add((*value).into());
        }
    };
    let rows = slots.iter().zip(values);
    match nulls {
        None => rows.for_each(add),
        Some(nulls) => {
            rows.zip(nulls).filter(|(_, present)| *present).map(|(row, _)| row).for_each(add);
        }
    }
}

/// The bins of a [`Resampler`], from the first that holds a row to the last.
#[derive(Debug, Clone)]
pub struct Series {
    step: i64,
    unit: TimeUnit,
    values: Vec<Value>,
    stretches: Vec<(i64, u32)>,
    rows: Vec<u64>,
    columns: Vec<(String, Vec<Cell>)>,
    /// Numbers of the first and last bin.
    range: Option<(i64, i64)>,
    occupied: u64,
    untimed: u64,
    bin_limit: u64,
}

/// One bin of a [`Series`].
#[derive(Debug, Clone, Copy)]
pub struct Bin<'a> {
    /// Where it begins, in ticks of the time column (milliseconds for flows).
    pub start: i64,
    /// How many rows it holds.
    pub rows: u64,
    series: &'a Series,
    slot: Option<u32>,
}

impl Bin<'_> {
    /// What is known of a column, by its number from [`Series::column`].
    #[must_use]
    pub fn cell(&self, column: usize) -> Cell {
        let cell = |slot: u32| self.series.columns.get(column)?.1.get(slot as usize);
        self.slot.and_then(cell).copied().unwrap_or(Cell::EMPTY)
    }
}

impl Series {
    /// The number of a column that some value is about, for [`Bin::cell`].
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(known, _)| known == name)
    }

    /// How many bins there are from the first that holds a row to the last.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.range.map_or(0, |(first, last)| last.abs_diff(first).saturating_add(1))
    }

    /// Whether no row had a time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.range.is_none()
    }

    /// How many of the bins hold no row.
    #[must_use]
    pub fn empty_bins(&self) -> u64 {
        self.len() - self.occupied
    }

    /// How many rows had no time and are in no bin.
    #[must_use]
    pub fn untimed_rows(&self) -> u64 {
        self.untimed
    }

    /// The width of a bin, in ticks of the time column (milliseconds for flows).
    #[must_use]
    pub fn step(&self) -> i64 {
        self.step
    }

    /// Every bin in order, empty ones included. Lazy: look at [`Self::len`] before collecting.
    #[must_use]
    pub fn bins(&self) -> Bins<'_> {
        Bins { series: self, next: self.range, stretch: 0 }
    }

    /// The bins that hold rows, in order.
    pub fn occupied_bins(&self) -> impl Iterator<Item = Bin<'_>> {
        self.stretches.iter().flat_map(move |&(number, base)| {
            (0..STRETCH as u32).filter_map(move |within| {
                let slot = base + within;
                let bin = i128::from(number) * STRETCH as i128 + i128::from(within);
                let rows = *self.rows.get(slot as usize).filter(|rows| **rows > 0)?;
                Some(Bin { start: self.start_of(bin), rows, series: self, slot: Some(slot) })
            })
        })
    }

    /// A bin's first tick; the bin around the least time of all begins there.
    fn start_of(&self, bin: i128) -> i64 {
        (bin * i128::from(self.step)).clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// `time`, then a column for each value, named as [`Value`] prints.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let time = DataType::Timestamp(self.unit, Some(Arc::from("UTC")));
        let mut fields = vec![Field::new("time", time, false)];
        fields.extend(self.values.iter().map(|value| {
            let (data_type, nullable) = match value.aggregate {
                Aggregate::Sum | Aggregate::Count => (DataType::Int64, false),
                Aggregate::Min | Aggregate::Max => (DataType::Int64, true),
                Aggregate::Mean => (DataType::Float64, true),
            };
            Field::new(value.to_string(), data_type, nullable)
        }));
        Arc::new(Schema::new(fields))
    }

    /// The bins as batches of at most `batch_rows` rows, made one by one.
    ///
    /// # Errors
    /// `Limit` if there are more bins than [`Resampler::with_bin_limit`] allows; `Usage` if `batch_rows` is 0.
    pub fn into_batches(self, batch_rows: usize) -> Result<SeriesReader> {
        if self.len() > self.bin_limit {
            return Err(Error::limit("bins of a series", self.len(), self.bin_limit));
        }
        if batch_rows == 0 {
            return Err(Error::usage("a batch must hold at least one row"));
        }
        let next = self.range;
        Ok(SeriesReader { schema: self.schema(), series: self, next, stretch: 0, batch_rows })
    }
}

/// The bins of a [`Series`] in order.
#[derive(Debug, Clone)]
pub struct Bins<'a> {
    series: &'a Series,
    next: Option<(i64, i64)>,
    stretch: usize,
}

impl<'a> Iterator for Bins<'a> {
    type Item = Bin<'a>;

    fn next(&mut self) -> Option<Bin<'a>> {
        let (bin, last) = self.next?;
        self.next = (bin < last).then(|| (bin + 1, last));
        let number = bin.div_euclid(STRETCH as i64);
        while self.series.stretches.get(self.stretch).is_some_and(|(known, _)| *known < number) {
            self.stretch += 1;
        }
        let base = self.series.stretches.get(self.stretch).filter(|(known, _)| *known == number);
        let slot = base.map(|(_, base)| base + bin.rem_euclid(STRETCH as i64) as u32);
        let rows = slot.and_then(|slot| self.series.rows.get(slot as usize)).copied().unwrap_or(0);
        Some(Bin { start: self.series.start_of(bin.into()), rows, series: self.series, slot })
    }
}

/// A [`Series`] as record batches.
#[derive(Debug, Clone)]
pub struct SeriesReader {
    series: Series,
    schema: SchemaRef,
    next: Option<(i64, i64)>,
    stretch: usize,
    batch_rows: usize,
}

impl SeriesReader {
    fn batch(&mut self) -> Result<RecordBatch> {
        let mut bins = Bins { series: &self.series, next: self.next, stretch: self.stretch };
        let batch: Vec<Bin<'_>> = bins.by_ref().take(self.batch_rows).collect();
        let (next, stretch) = (bins.next, bins.stretch);
        let mut columns: Vec<ArrayRef> = vec![time_array(self.series.unit, &batch)];
        for value in &self.series.values {
            columns.push(self.series.value_array(value, &batch)?);
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        (self.next, self.stretch) = (next, stretch);
        Ok(batch)
    }
}

impl Iterator for SeriesReader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next?;
        let batch = self.batch();
        if batch.is_err() {
            self.next = None;
        }
        Some(batch.map_err(ArrowError::from))
    }
}

impl RecordBatchReader for SeriesReader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

fn time_array(unit: TimeUnit, bins: &[Bin<'_>]) -> ArrayRef {
    fn array<T: types::ArrowTimestampType>(ticks: Vec<i64>) -> ArrayRef {
        Arc::new(PrimitiveArray::<T>::new(ticks.into(), None).with_timezone("UTC"))
    }
    let ticks = bins.iter().map(|bin| bin.start).collect();
    match unit {
        TimeUnit::Second => array::<types::TimestampSecondType>(ticks),
        TimeUnit::Millisecond => array::<types::TimestampMillisecondType>(ticks),
        TimeUnit::Microsecond => array::<types::TimestampMicrosecondType>(ticks),
        TimeUnit::Nanosecond => array::<types::TimestampNanosecondType>(ticks),
    }
}

impl Series {
    fn value_array(&self, value: &Value, bins: &[Bin<'_>]) -> Result<ArrayRef> {
        let cells = self.column(&value.column).map(|column| bins.iter().map(move |bin| bin.cell(column)));
        let Some(cells) = cells else {
            let rows: Vec<i64> = bins.iter().map(|bin| bin.rows as i64).collect();
            return Ok(Arc::new(PrimitiveArray::<types::Int64Type>::new(rows.into(), None)));
        };
        let mut integers = Int64Builder::with_capacity(bins.len());
        match value.aggregate {
            Aggregate::Mean => {
                let mut means = Float64Builder::with_capacity(bins.len());
                cells.for_each(|cell| means.append_option(cell.mean()));
                return Ok(Arc::new(means.finish()));
            }
            Aggregate::Sum => {
                for cell in cells {
                    let sum = i64::try_from(cell.sum);
                    let refused =
                        |_| Error::limit("the sum of a bin", cell.sum.unsigned_abs(), i64::MAX as u64);
                    integers.append_value(sum.map_err(refused)?);
                }
            }
            Aggregate::Count => cells.for_each(|cell| integers.append_value(cell.count as i64)),
            Aggregate::Min => cells.for_each(|cell| integers.append_option(cell.min())),
            Aggregate::Max => cells.for_each(|cell| integers.append_option(cell.max())),
        }
        Ok(Arc::new(integers.finish()))
    }
}
