//! What to read: kinds of input, and the options of a scan.

use std::num::NonZeroUsize;

use pcap_headers::{FileHeader, pcapng};
use silk_format::MAGIC;

use crate::error::{Error, Result};
use crate::predicate::{CompileOptions, CompiledPredicate, Predicate};
use crate::schema::{ColumnType, Projection, Table};
use crate::time::Window;
use crate::tshark_csv::{FirstLine, LONGEST_HEADER};

/// A kind of input, told by its first bytes and never by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A SiLK file.
    Silk,
    /// A packet capture in the classic format.
    Pcap,
    /// A packet capture in the block format.
    Pcapng,
    /// A table of fields that tshark wrote (`-T fields -E header=y`).
    TsharkCsv,
}

impl Kind {
    /// The kind of an input that begins with these bytes. Four are enough, but for a table: that takes its first line, up to
    /// [`Self::MOST_BYTES`].
    #[must_use]
    pub fn sniff(first_bytes: &[u8]) -> Option<Self> {
        match *first_bytes.first_chunk()? {
            MAGIC => Some(Self::Silk),
            pcapng::SECTION_MAGIC => Some(Self::Pcapng),
            magic if FileHeader::is_magic(magic) => Some(Self::Pcap),
            _ => matches!(FirstLine::of(first_bytes), FirstLine::Header(_)).then_some(Self::TsharkCsv),
        }
    }

    /// Bytes that [`Self::sniff`] looks at, at most.
    pub const MOST_BYTES: usize = LONGEST_HEADER;

    /// The name in summaries: `silk`, `pcap`, `pcapng`, `tshark-csv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silk => "silk",
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
            Self::TsharkCsv => "tshark-csv",
        }
    }

    /// What the rows of an input of this kind are.
    #[must_use]
    pub const fn table(self) -> Table {
        match self {
            Self::Silk => Table::Flows,
            Self::Pcap | Self::Pcapng | Self::TsharkCsv => Table::Packets,
        }
    }
}

/// Records of a piece, at least: enough that taking it costs little beside decoding it, and few enough that its columns
/// stay near the second-level cache.
const PIECE: usize = 8192;

/// Bounds on what a scan may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the records of a batch and of its columns. Default 256 MiB.
    pub batch_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { batch_bytes: 256 << 20 }
    }
}

/// What to read from an input, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Scan {
    /// The columns: of captures what [`Projection::in_table`] makes of them. Default: all stored ones of flows, a choice
    /// of those of packets.
    pub columns: Projection,
    /// Rows of a batch, at most: fewer where a file or a piece of it ends, or rows are filtered. Which rows make a batch
    /// does not depend on threads. Default 8192.
    pub batch_rows: usize,
    /// Threads that decode. Default 1: the caller's own, none is started.
    pub threads: NonZeroUsize,
    /// Only flows of this window; packets are judged by their one time.
    pub window: Option<Window>,
    /// Only flows or packets of which this is true. The columns that it tests are read first, the others for the rows that pass.
    /// An input of which the header says that no row can pass is not inflated, so that damage inside of it is not met.
    pub predicate: Option<Predicate>,
    /// Batches of flows and of packets have one schema, so that both go into one file: times in nanoseconds, nulls
    /// everywhere. Default: no.
    pub common: bool,
    /// How SiLK files are read; the site names sensors, classes and types.
    pub silk: silk_format::Options,
    /// Bounds.
    pub limits: Limits,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            columns: Projection::default(),
            batch_rows: 8192,
            threads: NonZeroUsize::MIN,
            window: None,
            predicate: None,
            common: false,
            silk: silk_format::Options::default(),
            limits: Limits::default(),
        }
    }
}

impl Scan {
    /// With these columns.
    #[must_use]
    pub fn with_columns(mut self, columns: Projection) -> Self {
        self.columns = columns;
        self
    }

    /// With so many rows in a batch.
    #[must_use]
    pub fn with_batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows;
        self
    }

    /// With so many threads.
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// With the flows of a window only.
    #[must_use]
    pub fn with_window(mut self, window: Option<Window>) -> Self {
        self.window = window;
        self
    }

    /// With the flows that pass a predicate only.
    #[must_use]
    pub fn with_predicate(mut self, predicate: Option<Predicate>) -> Self {
        self.predicate = predicate;
        self
    }

    /// With one schema for flows and packets.
    #[must_use]
    pub fn with_common(mut self, common: bool) -> Self {
        self.common = common;
        self
    }

    /// With options for SiLK files.
    #[must_use]
    pub fn with_silk(mut self, options: silk_format::Options) -> Self {
        self.silk = options;
        self
    }

    /// With other bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Records of a piece, for a [`Plan`](crate::Plan): those of a batch, or more, which are then cut to batches.
    #[must_use]
    pub fn piece_records(&self) -> usize {
        self.batch_rows.max(PIECE)
    }

    /// Window and predicate in one, for a table; none if every row passes.
    pub(crate) fn compiled(&self, table: Table) -> Result<Option<CompiledPredicate>> {
        let window = self.window.map(|window| window.predicate()).transpose()?.flatten();
        let both = match (window, &self.predicate) {
            (None, None) => return Ok(None),
            (Some(one), None) => one,
            (None, Some(other)) => other.clone(),
            (Some(one), Some(other)) => one.and(other.clone()),
        };
        let options = CompileOptions::default().with_site(self.silk.site.as_deref()).with_table(table);
        both.compile(&options).map(Some)
    }

    /// The columns of a table.
    pub(crate) fn columns_of(&self, table: Table) -> Result<Projection> {
        let columns = self.columns.in_table(table)?;
        self.check(&columns)?;
        Ok(columns)
    }

    fn check(&self, columns: &Projection) -> Result<()> {
        if self.batch_rows == 0 {
            return Err(Error::usage("a batch must hold at least one row"));
        }
        let row: usize = columns.columns().iter().map(|(_, column)| width(column.kind)).sum();
        let row = row + RECORD;
        let wanted = row.saturating_mul(self.batch_rows);
        if wanted > self.limits.batch_bytes {
            return Err(Error::limit("bytes of a batch", wanted as u64, self.limits.batch_bytes as u64));
        }
        Ok(())
    }
}

/// Bytes of a stored record, at most.
const RECORD: usize = 100;

/// Bytes of a value, validity rounded up.
fn width(kind: ColumnType) -> usize {
    1 + match kind {
        ColumnType::Ip | ColumnType::Utf8 => 16,
        ColumnType::Timestamp
        | ColumnType::TimestampNs
        | ColumnType::DurationMs
        | ColumnType::DurationNs
        | ColumnType::U64
        | ColumnType::I64 => 8,
        ColumnType::Mac => 6,
        ColumnType::U32 | ColumnType::Text => 4,
        ColumnType::U16 => 2,
        ColumnType::U8 | ColumnType::Bool => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;

    #[test]
    fn kinds_are_told_by_content() {
        assert_eq!(Kind::sniff(&[0xde, 0xad, 0xbe, 0xef, 0]), Some(Kind::Silk));
        assert_eq!(Kind::sniff(&[0x0a, 0x0d, 0x0d, 0x0a]), Some(Kind::Pcapng));
        assert_eq!(Kind::sniff(&[0x4d, 0x3c, 0xb2, 0xa1]), Some(Kind::Pcap));
        assert_eq!(Kind::sniff(&[0x34, 0xcd, 0xb2, 0xa1]), Some(Kind::Pcap));
        assert_eq!(Kind::sniff(&[0x1c, 0x00, 0x01, 0xac]), Some(Kind::Pcap));
        assert_eq!(Kind::sniff(b"frame.number,ip.src\n1,"), Some(Kind::TsharkCsv));
        assert_eq!(Kind::sniff(b"stime,etime,sip\n"), None);
        assert_eq!(Kind::sniff(&[0xde, 0xad, 0xbe]), None);
        assert_eq!(Kind::sniff(b""), None);
    }

    #[test]
    fn batches_are_bounded() {
        for table in [Table::Flows, Table::Packets] {
            let check = |rows| Scan::default().with_batch_rows(rows).columns_of(table);
            assert!(check(8192).is_ok());
            assert_eq!(check(0).unwrap_err().class(), Class::Usage);
            assert_eq!(check(usize::MAX).unwrap_err().class(), Class::Limit);
        }
    }
}
