//! Blocks of SiLK records → batches of flows: which rows, which columns, and the accounts of both.

use arrow_schema::SchemaRef;
use silk_format::{Block, Column, ColumnBuf, FlowFormat, FormatId, Header, Selection, Values};

use crate::accounts::{Accounts, BytesOf, Refusal};
use crate::batches::Rows;
use crate::builder::FlowBatchBuilder;
use crate::error::Result;
use crate::input::SourceFacts;
use crate::predicate::{Evaluator, HeaderFacts};
use crate::scan::Scan;
use crate::schema::{FORMAT_KEY, SOURCE_KEY, Table};

/// Records that are tested at a time: they stay in the second-level cache until those that pass are read.
const CHUNK: usize = 1024;

/// The smallest count that is no `i64`.
const TOO_LARGE: u64 = 1 << 63;

/// Makes a batch of the flows of each piece.
#[derive(Clone)]
pub(crate) struct FlowBatches {
    builder: FlowBatchBuilder,
    schema: SchemaRef,
    filled: usize,
    filter: Option<Filter>,
    /// Where `bytes` is among the builder's buffers.
    bytes_buffer: Option<usize>,
    accounts: Accounts,
    wants_records: bool,
    record_len: usize,
    /// The records of a chunk that passed the filter, one behind the other.
    passed: Vec<u8>,
}

/// Decides on rows from a few columns, which are read for all of them.
#[derive(Clone)]
struct Filter {
    /// None if every row passes.
    evaluator: Option<Evaluator>,
    /// Whether a count may be no `i64`.
    check_counts: bool,
    /// Those of the evaluator first.
    columns: Vec<(Column, ColumnBuf)>,
    /// Where packets and bytes are among them, if they are read.
    packets: Option<usize>,
    bytes: Option<usize>,
    selection: Selection,
}

impl FlowBatches {
    pub(crate) fn new(facts: &SourceFacts, header: &Header, scan: &Scan) -> Result<Self> {
        let columns = scan.columns_of(Table::Flows)?;
        let schema = columns.schema_with(&[(SOURCE_KEY, &facts.name), (FORMAT_KEY, &facts.format())]);
        let record_len =
            FlowFormat::find(header.format(), header.record_version()).map_or(0, |f| f.record_len);
        let site = scan.silk.site.as_deref();
        let mut builder = FlowBatchBuilder::with_site(&columns, site)
            .with_schema(SchemaRef::clone(&schema))
            .with_capacity(scan.piece_records());
        let bytes_buffer = builder.buffers_mut().iter().position(|(column, _)| *column == Column::Bytes);
        let bytes_of = if bytes_buffer.is_some() { BytesOf::Traffic } else { BytesOf::Records };
        // Only one layout stores counts of 64 bits (spec 8.2, L-6R3); all others stay far below 2^63.
        let check_counts = header.format() == FormatId::RWIPV6ROUTING && header.record_version() >= 3;
        let compiled = scan.compiled(Table::Flows)?;
        // What no row of the file can pass need not be looked at.
        let wants_records = check_counts
            || compiled.as_ref().is_none_or(|p| p.could_match(&HeaderFacts::silk(header, &scan.silk)));
        let bytes_of = if wants_records { bytes_of } else { BytesOf::Records };
        let evaluator = compiled.map(|predicate| predicate.evaluator());
        let filter = (check_counts || evaluator.is_some())
            .then(|| Filter::new(evaluator, check_counts, bytes_of == BytesOf::Traffic));
        Ok(Self {
            builder,
            schema,
            filled: 0,
            filter,
            bytes_buffer,
            accounts: Accounts::new(bytes_of),
            wants_records,
            record_len,
            passed: Vec::new(),
        })
    }

    pub(crate) fn no_accounts(&self) -> Accounts {
        Accounts::new(self.accounts.bytes)
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Takes those of a few records that pass the filter.
    fn chunk(&mut self, records: Block<'_>) -> Result<()> {
        let Some(filter) = &mut self.filter else { return Ok(()) };
        let passed = filter.pass(records, &mut self.accounts)?;
        if passed == records.len() {
            self.fill(records);
        } else if passed > 0 {
            let mut scratch = std::mem::take(&mut self.passed);
            let selected = records.select(&filter.selection, &mut scratch);
            self.fill(selected);
            self.passed = scratch;
        }
        Ok(())
    }

    /// Reads every column of the records, and tells their traffic, if it is read.
    fn fill(&mut self, records: Block<'_>) -> u128 {
        let rows = records.len();
        records.read_columns(self.builder.buffers_mut());
        self.builder.add_rows(rows);
        self.filled += rows;
        let traffic = self.bytes_buffer.and_then(|at| self.builder.buffers_mut().get(at));
        match traffic.map(|(_, buf)| counts(buf)) {
            Some(all) => sum(all.get(all.len() - rows..).unwrap_or_default()),
            None => 0,
        }
    }
}

impl FlowBatches {
    pub(crate) fn block(&mut self, block: Block<'_>) -> Result<()> {
        if self.filter.is_none() {
            let traffic = self.fill(block);
            self.accounts.read.add(block.len(), traffic, block.record_len());
            self.accounts.delivered.add(block.len(), traffic, block.record_len());
            return Ok(());
        }
        for start in (0..block.len()).step_by(CHUNK) {
            self.chunk(block.slice(start..start + CHUNK))?;
        }
        Ok(())
    }

    pub(crate) fn wants_records(&self) -> bool {
        self.wants_records
    }

    pub(crate) fn skip(&mut self, records: usize) {
        self.accounts.read.add(records, 0, self.record_len);
        self.accounts.filtered.add(records, 0, self.record_len);
    }

    pub(crate) fn finish(&mut self) -> Result<Rows> {
        let batch = match std::mem::take(&mut self.filled) {
            0 => None,
            _ => Some(self.builder.finish()?),
        };
        let none = self.no_accounts();
        Ok(Rows { batch, accounts: std::mem::replace(&mut self.accounts, none) })
    }
}

impl Filter {
    fn new(evaluator: Option<Evaluator>, check_counts: bool, traffic: bool) -> Self {
        let mut names: Vec<Column> = evaluator.as_ref().map_or(Vec::new(), |e| e.columns().to_vec());
        let mut place = |column, wanted: bool| {
            wanted.then(|| {
                names.iter().position(|name| *name == column).unwrap_or_else(|| {
                    names.push(column);
                    names.len() - 1
                })
            })
        };
        let packets = place(Column::Packets, check_counts);
        let bytes = place(Column::Bytes, check_counts || traffic);
        let columns = names.into_iter().map(|name| (name, ColumnBuf::with_capacity(name, CHUNK))).collect();
        Self { evaluator, check_counts, columns, packets, bytes, selection: Selection::default() }
    }

    /// Enters every record into the accounts, and tells how many are to be delivered: `selection`, unless they are all.
    fn pass(&mut self, records: Block<'_>, accounts: &mut Accounts) -> Result<usize> {
        for (_, buf) in &mut self.columns {
            buf.clear();
        }
        records.read_columns(&mut self.columns);
        let rows = records.len();
        let all = match &mut self.evaluator {
            None => {
                self.selection.set_range(0..u32::try_from(rows).unwrap_or(u32::MAX));
                rows
            }
            Some(evaluator) => {
                let mask = evaluator.evaluate(self.columns.as_slice(), rows)?;
                mask.select_into(&mut self.selection);
                self.selection.len()
            }
        };
        let traffic = accounts.bytes == BytesOf::Traffic;
        let len = records.record_len();
        let read = if traffic { sum(counts_at(&self.columns, self.bytes)) } else { 0 };
        accounts.read.add(rows, read, len);
        let refused = if self.check_counts { self.refuse(rows, accounts, len) } else { 0 };
        let passed = self.selection.len();
        let delivered = match traffic {
            _ if all == rows && refused == 0 => read,
            true => selected_sum(counts_at(&self.columns, self.bytes), self.selection.rows()),
            false => 0,
        };
        accounts.delivered.add(passed, delivered, len);
        accounts.settle_filtered();
        Ok(passed)
    }

    /// A row is refused whether it passes or not, so that refusals do not depend on the question asked.
    fn refuse(&mut self, rows: usize, accounts: &mut Accounts, record_len: usize) -> usize {
        let packets = counts_at(&self.columns, self.packets);
        let bytes = counts_at(&self.columns, self.bytes);
        let why = |row: usize| match (packets.get(row), bytes.get(row)) {
            (Some(&(TOO_LARGE..)), _) => Some(Refusal::Packets),
            (_, Some(&(TOO_LARGE..))) => Some(Refusal::Bytes),
            _ => None,
        };
        let mut refused = 0;
        for row in 0..rows {
            if let Some(why) = why(row) {
                let traffic = bytes.get(row).copied().map_or(0, u128::from);
                let known = accounts.bytes == BytesOf::Traffic;
                accounts.refuse(why, if known { traffic } else { 0 }, record_len);
                refused += 1;
            }
        }
        if refused > 0 {
            let kept = self.selection.rows().iter().copied().filter(|row| why(*row as usize).is_none());
            self.selection = Selection::from_rows(kept.collect());
        }
        refused
    }
}

fn counts_at(columns: &[(Column, ColumnBuf)], at: Option<usize>) -> &[u64] {
    at.and_then(|at| columns.get(at)).map_or(&[], |(_, buf)| counts(buf))
}

fn selected_sum(counts: &[u64], rows: &[u32]) -> u128 {
    rows.iter().filter_map(|row| counts.get(*row as usize)).map(|count| u128::from(*count)).sum()
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
