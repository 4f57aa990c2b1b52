//! Tables of fields that tshark wrote (`-T fields -E header=y`) → batches of packets.
//!
//! The first line tells everything: what separates the cells, which columns they are. Values are tshark's own text
//! (semantics 1 and 2); an empty cell is a null.

mod layout;
mod lines;
mod rows;
mod text;

use std::io::BufRead;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pcap_headers::{Column, PacketRow};

pub use rows::TsharkCsvNotes;
pub(crate) use rows::{TsharkPackets, TsharkRows};

use crate::accounts::{Accounts, BytesOf, Tally};
use crate::error::Result;
use crate::packet_builder::PacketBatchBuilder;
use crate::predicate::{Predicate, PredicateFilter, Ranges};
use crate::scan::Scan;
use crate::schema::{FORMAT_KEY, Projection, SOURCE_KEY, Table};
use crate::time::{Window, WindowMode};

/// Packets of a table of fields that tshark wrote, in its order, with bounded memory: one batch.
///
/// ```
/// use flow_frame::{Projection, Scan, TsharkCsvReader};
/// let table = "frame.number,frame.time_epoch,ip.src\n\"1\",\"1475156239.625878000\",\"10.0.0.1\"\n\"2\",,\n";
/// let scan = Scan::default().with_columns(Projection::names(["frame_number", "ip_src"])?);
/// let mut reader = TsharkCsvReader::new(table.as_bytes(), "table.csv", &scan)?;
/// let batch = reader.next_batch().ok_or("a batch")??;
/// assert_eq!((batch.num_rows(), batch.column(1).null_count()), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TsharkCsvReader {
    /// None once it has ended.
    rows: Option<TsharkRows>,
    builder: PacketBatchBuilder,
    filter: Option<PredicateFilter>,
    /// How many of the builder's columns are delivered: the first ones.
    delivered: usize,
    schema: SchemaRef,
    batch_rows: usize,
    accounts: Accounts,
    notes: TsharkCsvNotes,
    name: String,
    packets: TsharkPackets,
}

impl TsharkCsvReader {
    /// Reads the names of the fields. `name` stands in errors and in the schema's metadata.
    ///
    /// # Errors
    /// `Malformed` if the first line does not name fields of packets, `Usage` or `Limit` if the scan makes no sense, `Io`
    /// if the table cannot be read.
    pub fn new(source: impl BufRead + Send + 'static, name: &str, scan: &Scan) -> Result<Self> {
        Self::of(Box::new(source), name, scan).map_err(|e| e.in_input(name))
    }

    fn of(source: Box<dyn BufRead + Send>, name: &str, scan: &Scan) -> Result<Self> {
        scan.check()?;
        let rows = TsharkRows::new(source)?;
        let projection = scan.columns.in_table(Table::Packets)?;
        let schema = projection.schema_with(&[(SOURCE_KEY, name), (FORMAT_KEY, "tshark fields")]);
        let filter = predicate(scan)?.map(|predicate| PredicateFilter::of_packets(&predicate)).transpose()?;
        // What is tested stands behind what is delivered.
        let mut columns: Vec<&str> = projection.columns().iter().map(|(name, _)| *name).collect();
        let tested = filter.iter().flat_map(|filter| filter.predicate().packet_columns());
        for column in tested.map(|column| column.name()) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        let builder = PacketBatchBuilder::new(&Projection::names(columns)?.in_table(Table::Packets)?)?;
        let has_bytes = rows.has(Column::FrameLen) || rows.has(Column::IpLen);
        let accounts = Accounts::new(if has_bytes { BytesOf::Traffic } else { BytesOf::Records });
        let notes = rows.notes().clone();
        Ok(Self {
            rows: Some(rows),
            builder: builder.with_capacity(scan.batch_rows),
            filter,
            delivered: projection.columns().len(),
            schema,
            batch_rows: scan.batch_rows,
            accounts,
            notes,
            name: name.to_owned(),
            packets: TsharkPackets::default(),
        })
    }

    /// The next batch; `None` at the end and ever after.
    ///
    /// # Errors
    /// `Malformed` at a row that is damaged or cut short, with line and byte, behind all rows before it; `Io` where the
    /// table cannot be read. Nothing comes after an error.
    pub fn next_batch(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            match self.step() {
                Ok(Some(batch)) if batch.num_rows() == 0 => {}
                Ok(batch) => return batch.map(Ok),
                Err(error) => {
                    self.rows = None;
                    return Some(Err(error.in_input(&self.name)));
                }
            }
        }
    }

    /// What passes of the next rows; none at the end.
    fn step(&mut self) -> Result<Option<RecordBatch>> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        let read = rows.read(self.batch_rows, &mut self.packets);
        self.notes.clone_from(rows.notes());
        read?;
        if self.packets.rows.is_empty() {
            self.rows = None;
            return Ok(None);
        }
        let TsharkPackets { rows, protocols, stored } = &self.packets;
        self.builder.extend(rows, protocols.iter().map(Option::as_deref));
        let mut batch = self.builder.finish()?;
        let mask = self.filter.as_ref().map(|filter| filter.mask(&batch)).transpose()?;
        if let Some(mask) = &mask {
            batch = arrow_select::filter::filter_record_batch(&batch, mask)?;
        }
        for (at, (row, stored)) in rows.iter().zip(stored).enumerate() {
            let passed = mask.as_ref().is_none_or(|mask| mask.value(at));
            let tally = Tally { rows: 1, traffic: traffic(row), records: (*stored).into() };
            self.accounts.read += tally;
            *if passed { &mut self.accounts.delivered } else { &mut self.accounts.filtered } += tally;
        }
        let columns = batch.columns().get(..self.delivered).unwrap_or_default().to_vec();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(Some(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?))
    }

    /// Where the rows read so far went.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// What was odd so far, though no error.
    #[must_use]
    pub fn notes(&self) -> &TsharkCsvNotes {
        &self.notes
    }
}

/// Bytes of a packet, as the column `bytes` has them.
fn traffic(row: &PacketRow) -> u128 {
    row.frame_len.or(row.ip_len).map_or(0, u128::from)
}

/// Window and predicate in one; none if every packet passes. A packet has one time: either mode of a window is about it.
fn predicate(scan: &Scan) -> Result<Option<Predicate>> {
    let window = match scan.window {
        Some(Window { start, end, mode: WindowMode::Overlap }) => {
            let from = start.map(|start| Predicate::within("stime", Ranges::from(start.ns())));
            let to = end.map(|end| Predicate::within("stime", Ranges::to(end.ns())));
            let parts: Vec<Predicate> = from.into_iter().chain(to).collect::<Result<_>>()?;
            (!parts.is_empty()).then(|| Predicate::all(parts))
        }
        Some(window) => window.predicate()?,
        None => None,
    };
    Ok(match (window, scan.predicate.clone()) {
        (Some(window), Some(predicate)) => Some(window.and(predicate)),
        (window, predicate) => window.or(predicate),
    })
}

impl Iterator for TsharkCsvReader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().map(|batch| batch.map_err(ArrowError::from))
    }
}

impl std::iter::FusedIterator for TsharkCsvReader {}

impl RecordBatchReader for TsharkCsvReader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl std::fmt::Debug for TsharkCsvReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TsharkCsvReader")
            .field("name", &self.name)
            .field("accounts", &self.accounts)
            .finish_non_exhaustive()
    }
}
