//! Blocks of SiLK records → batches: which rows, which columns, and the accounts of both.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use silk_format::{Bits, Block, Column, ColumnBuf, FormatId, Selection, Values};

use crate::accounts::{Accounts, BytesOf, Refusal};
use crate::builder::FlowBatchBuilder;
use crate::engine::BlockWorker;
use crate::error::Result;
use crate::input::SourceFacts;
use crate::scan::Scan;
use crate::schema::{FORMAT_KEY, SOURCE_KEY};
use crate::time::{Window, WindowMode};

/// Records that are walked at a time, over all columns: their bytes stay in the first-level cache meanwhile, so that
/// the input is read from memory once.
const CHUNK: usize = 256;

/// The smallest count that is no `i64`.
const TOO_LARGE: u64 = 1 << 63;

/// What a [`BatchMaker`] makes of a piece.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rows {
    /// The rows; none if no row is delivered. A block of compressed records may hold more than `Scan::batch_rows`:
    /// [`batches`](Self::batches) splits it.
    pub batch: Option<RecordBatch>,
    /// Where the rows of the piece went.
    pub accounts: Accounts,
}

/// Makes a batch of the rows of each piece of an input, as a [`Scan`] says: the [`BlockWorker`] behind
/// [`FlowReader`](crate::FlowReader), for jobs of one's own.
#[derive(Clone)]
pub struct BatchMaker {
    builder: FlowBatchBuilder,
    schema: SchemaRef,
    filled: usize,
    filter: Option<Filter>,
    /// Where `bytes` is among the builder's buffers.
    bytes_buffer: Option<usize>,
    accounts: Accounts,
    /// The records of a chunk that passed the filter, one behind the other.
    passed: Vec<u8>,
}

/// Decides on rows from a few columns, read for all of them.
#[derive(Clone)]
struct Filter {
    window: Option<Window>,
    check_counts: bool,
    stime: ColumnBuf,
    etime: ColumnBuf,
    packets: ColumnBuf,
    bytes: ColumnBuf,
}

/// What becomes of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Deliver,
    Filter,
    Refuse(Refusal),
}

impl Rows {
    /// The rows in batches of at most so many.
    pub fn batches(self, rows: usize) -> impl Iterator<Item = RecordBatch> {
        let mut rest = self.batch;
        std::iter::from_fn(move || {
            let batch = rest.take()?;
            if batch.num_rows() <= rows {
                return Some(batch);
            }
            rest = Some(batch.slice(rows, batch.num_rows() - rows));
            Some(batch.slice(0, rows))
        })
    }
}

impl BatchMaker {
    /// What makes batches of the records of an input.
    ///
    /// # Errors
    /// `Usage` or `Limit` if the scan makes no sense.
    pub fn new(facts: &SourceFacts, scan: &Scan) -> Result<Self> {
        scan.check().map_err(|e| e.in_input(&facts.name))?;
        let header = &facts.header;
        let format = format!("{} v{}", header.format(), header.record_version());
        let schema = scan.columns.schema_with(&[(SOURCE_KEY, &facts.name), (FORMAT_KEY, &format)]);
        let site = scan.silk.site.as_deref();
        let mut builder = FlowBatchBuilder::with_site(&scan.columns, site)
            .with_schema(SchemaRef::clone(&schema))
            .with_capacity(scan.batch_rows);
        let bytes_buffer = builder.buffers_mut().iter().position(|(column, _)| *column == Column::Bytes);
        let bytes_of = if bytes_buffer.is_some() { BytesOf::Traffic } else { BytesOf::Records };
        // Only one layout stores counts of 64 bits (spec 8.2, L-6R3); all others stay far below 2^63.
        let check_counts = header.format() == FormatId::RWIPV6ROUTING && header.record_version() >= 3;
        let window =
            scan.window.filter(|window| *window != Window { mode: window.mode, ..Window::default() });
        let filter = (check_counts || window.is_some()).then(|| Filter {
            window,
            check_counts,
            stime: ColumnBuf::new(Column::Stime),
            etime: ColumnBuf::new(Column::Etime),
            packets: ColumnBuf::new(Column::Packets),
            bytes: ColumnBuf::new(Column::Bytes),
        });
        Ok(Self {
            builder,
            schema,
            filled: 0,
            filter,
            bytes_buffer,
            accounts: Accounts::new(bytes_of),
            passed: Vec::new(),
        })
    }

    /// Accounts of nothing, that count the bytes that this one's count.
    #[must_use]
    pub fn no_accounts(&self) -> Accounts {
        Accounts::new(self.accounts.bytes)
    }

    /// The schema of the batches.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Takes those of a few records that pass the filter.
    fn chunk(&mut self, records: Block<'_>) {
        let Some(filter) = &mut self.filter else { return };
        let passed = filter.pass(records, &mut self.accounts);
        match passed.count_ones() {
            0 => {}
            all if all == records.len() => {
                self.fill(records);
            }
            _ => {
                let mut scratch = std::mem::take(&mut self.passed);
                self.fill(records.select(&Selection::from_bits(&passed), &mut scratch));
                self.passed = scratch;
            }
        }
    }

    /// Reads every column of the records, and tells their bytes for the accounts.
    fn fill(&mut self, records: Block<'_>) -> u128 {
        let rows = records.len();
        records.read_columns(self.builder.buffers_mut());
        self.builder.add_rows(rows);
        self.filled += rows;
        let traffic = self.bytes_buffer.and_then(|at| self.builder.buffers_mut().get(at));
        match traffic.map(|(_, buf)| counts(buf)) {
            Some(all) => sum(all.get(all.len() - rows..).unwrap_or_default()),
            None => records.bytes().len() as u128,
        }
    }
}

impl BlockWorker for BatchMaker {
    type Out = Rows;

    fn block(&mut self, block: Block<'_>) -> Result<()> {
        if self.filter.is_none() {
            let bytes = self.fill(block);
            self.accounts.read.add(block.len(), bytes);
            self.accounts.delivered.add(block.len(), bytes);
            return Ok(());
        }
        for start in (0..block.len()).step_by(CHUNK) {
            self.chunk(block.slice(start..start + CHUNK));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Rows> {
        let batch = match std::mem::take(&mut self.filled) {
            0 => None,
            _ => Some(self.builder.finish()?),
        };
        let none = self.no_accounts();
        Ok(Rows { batch, accounts: std::mem::replace(&mut self.accounts, none) })
    }
}

impl std::fmt::Debug for BatchMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchMaker").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Filter {
    /// Enters every record into the accounts; one bit for each: it is to be delivered.
    fn pass(&mut self, records: Block<'_>, accounts: &mut Accounts) -> Bits {
        let read = |column, buf: &mut ColumnBuf, wanted: bool| {
            buf.clear();
            if wanted {
                records.read(column, 0..records.len(), None, buf);
            }
        };
        let traffic = accounts.bytes == BytesOf::Traffic;
        let overlap = self.window.is_some_and(|window| window.mode == WindowMode::Overlap);
        read(Column::Stime, &mut self.stime, self.window.is_some());
        read(Column::Etime, &mut self.etime, overlap);
        read(Column::Packets, &mut self.packets, self.check_counts);
        read(Column::Bytes, &mut self.bytes, self.check_counts || traffic);

        let mut passed = Bits::with_capacity(records.len());
        passed.extend((0..records.len()).map(|row| {
            let bytes = match traffic {
                true => u128::from(at(counts(&self.bytes), row)),
                false => records.record_len() as u128,
            };
            accounts.read.add(1, bytes);
            let verdict = self.verdict(row);
            match verdict {
                Verdict::Deliver => accounts.delivered.add(1, bytes),
                Verdict::Filter => accounts.filtered.add(1, bytes),
                Verdict::Refuse(why) => accounts.refuse(why, bytes),
            }
            verdict == Verdict::Deliver
        }));
        passed
    }

    /// A row is refused whether it lies in the window or not, so that refusals do not depend on the question asked.
    fn verdict(&self, row: usize) -> Verdict {
        if self.check_counts {
            if at(counts(&self.packets), row) >= TOO_LARGE {
                return Verdict::Refuse(Refusal::Packets);
            }
            if at(counts(&self.bytes), row) >= TOO_LARGE {
                return Verdict::Refuse(Refusal::Bytes);
            }
        }
        let inside =
            |window: Window| window.contains_ms(at(times(&self.stime), row), at(times(&self.etime), row));
        if self.window.is_none_or(inside) { Verdict::Deliver } else { Verdict::Filter }
    }
}

/// The sum of fewer than 2^32 counts, in halves that cannot overflow and can be added many at a time.
fn sum(counts: &[u64]) -> u128 {
    let (low, high) = counts
        .iter()
        .fold((0u64, 0u64), |(low, high), count| (low + (count & 0xFFFF_FFFF), high + (count >> 32)));
    (u128::from(high) << 32) + u128::from(low)
}

fn counts(buf: &ColumnBuf) -> &[u64] {
    if let Values::U64(counts) = &buf.values { counts } else { &[] }
}

fn times(buf: &ColumnBuf) -> &[i64] {
    if let Values::I64(times) = &buf.values { times } else { &[] }
}

/// The value of a row; 0 for a column that was not read.
fn at<T: Copy + Default>(values: &[T], row: usize) -> T {
    values.get(row).copied().unwrap_or_default()
}
