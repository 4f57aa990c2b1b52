//! Flow files: a header, then records as they are or in compressed blocks.

use std::io::Write;

use super::deflate::{Deflater, block_capacity};
use super::encoder::Encoder;
use super::header::header;
use super::options::WriterOptions;
use super::record::FlowRecord;
use crate::column::Selection;
use crate::error::{ErrorKind, Refusals, Result};
use crate::record::Block;

/// Rows of a block that are encoded before they are written.
const ROWS: usize = 1024;

/// Writes a flow file of any layout, byte order and compression, as SiLK does: blocks hold as many records as fit into
/// 65,536 bytes (spec 4.2).
///
/// Records are gathered and written 64 KiB at a time, so `sink` needs no buffer of its own. Without
/// [`finish`](Self::finish) the last ones are lost; after an `Io` error the file is of no use. A record that the layout
/// cannot express is refused and the writer goes on; see [`Encoder`] for what is refused and what is silently cut.
///
/// ```
/// use silk_format::{Compression, FlowRecord, FormatId, Writer, WriterOptions};
///
/// let options = WriterOptions::default()
///     .with_format(FormatId::RWSPLIT, 5)
///     .with_compression(Compression::NONE)
///     .with_packed_file(1_234_468_800_000, 0, 3);
/// let mut writer = Writer::new(Vec::new(), &options)?;
/// let mut record = FlowRecord::default();
/// (record.stime_ms, record.packets, record.bytes) = (1_234_468_800_005, 2, 80);
/// writer.write(&record)?;
/// record.packets = 0;
/// let refused = writer.write(&record).unwrap_err();
/// assert_eq!(refused.to_string(), "cannot write record 2: packets 0 is outside 1 to 67108863");
/// assert_eq!(writer.finish()?.len(), 48 + 24);
/// # Ok::<(), silk_format::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: W,
    encoder: Encoder,
    deflater: Option<Deflater>,
    /// Whole records that are not written yet.
    pending: Vec<u8>,
    /// Bytes that are written at a time; of compressed files one block.
    capacity: usize,
    records: u64,
}

impl<W: Write> Writer<W> {
    /// A writer that writes its header at once.
    ///
    /// # Errors
    /// `Unsupported` if format and version are no known pair, or this build lacks the compression; `Usage` if a header
    /// entry is longer than one can be, or a probe name empty; `Io` if the sink fails.
    pub fn new(mut sink: W, options: &WriterOptions) -> Result<Self> {
        let encoder = Encoder::new(options)?;
        let deflater = Deflater::new(options.compression)?;
        let header = header(options)?;
        sink.write_all(&header).map_err(ErrorKind::Write)?;
        let capacity = block_capacity(encoder.record_len());
        Ok(Self { sink, encoder, deflater, pending: Vec::new(), capacity, records: 0 })
    }

    /// Writes one record.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] (class `Limit`) if the layout cannot express it, naming record and field: the next one may
    /// be written. `Io` if the sink fails.
    pub fn write(&mut self, record: &FlowRecord) -> Result<()> {
        self.encoder.append(record, &mut self.pending)?;
        self.records += 1;
        self.drain_full()
    }

    /// Writes the records of a block, or those that are selected, and tells of those that the layout cannot
    /// express, which are left out. Costs what [`Encoder::append_block`] does.
    ///
    /// # Errors
    /// `Io` if the sink fails.
    pub fn write_block(&mut self, block: Block<'_>, selection: Option<&Selection>) -> Result<Refusals> {
        let (mut refused, before) = (Refusals::default(), self.encoder.offered());
        match selection.map(|selection| selection.rows_below(block.len())) {
            None => {
                for start in (0..block.len()).step_by(ROWS) {
                    let rows = block.slice(start..start + ROWS);
                    self.encoder.append_all(rows, &mut self.pending, &mut refused);
                    self.drain_full()?;
                }
            }
            Some(rows) => {
                for rows in rows.chunks(ROWS) {
                    self.encoder.append_rows(block, rows, &mut self.pending, &mut refused);
                    self.drain_full()?;
                }
            }
        }
        self.records += self.encoder.offered() - before - refused.count;
        Ok(refused)
    }

    /// Writes whole records that a clone of [`encoder`](Self::encoder) made, as they are.
    ///
    /// # Errors
    /// `Usage` if they are not whole; `Io` if the sink fails.
    pub fn write_encoded(&mut self, records: &[u8]) -> Result<()> {
        let len = self.encoder.record_len();
        if !records.len().is_multiple_of(len) {
            let what = format!("{} bytes are no whole number of records of {len}", records.len());
            return Err(ErrorKind::Usage(what).into());
        }
        self.records += (records.len() / len) as u64;
        let mut rest = records;
        // What is pending is filled up first; whole pieces then need no copy.
        if !self.pending.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(self.capacity - self.pending.len()));
            self.pending.extend_from_slice(head);
            rest = tail;
            self.drain_full()?;
        }
        let whole = rest.len() - rest.len() % self.capacity;
        let (pieces, rest) = rest.split_at(whole);
        self.put(pieces)?;
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    /// An encoder of such records, to make them elsewhere; its count begins at none.
    #[must_use]
    pub fn encoder(&self) -> Encoder {
        self.encoder.clone().with_offered(0)
    }

    /// How many records were written, refused ones not counted.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Writes what is gathered and gives the sink back.
    ///
    /// # Errors
    /// `Io` if the sink fails.
    pub fn finish(mut self) -> Result<W> {
        let pending = std::mem::take(&mut self.pending);
        self.put(&pending)?;
        self.sink.flush().map_err(ErrorKind::Write)?;
        Ok(self.sink)
    }

    /// Writes the whole pieces of what is gathered and keeps the rest.
    fn drain_full(&mut self) -> Result<()> {
        if self.pending.len() < self.capacity {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        let whole = pending.len() - pending.len() % self.capacity;
        let written = self.put(pending.get(..whole).unwrap_or_default());
        pending.drain(..whole);
        self.pending = pending;
        written
    }

    /// Writes records: as they are, or block by block.
    fn put(&mut self, records: &[u8]) -> Result<()> {
        let Some(deflater) = &mut self.deflater else {
            return Ok(self.sink.write_all(records).map_err(ErrorKind::Write)?);
        };
        for block in records.chunks(self.capacity) {
            let (sizes, packed) = deflater.deflate(block)?;
            self.sink.write_all(&sizes).map_err(ErrorKind::Write)?;
            self.sink.write_all(packed).map_err(ErrorKind::Write)?;
        }
        Ok(())
    }
}
