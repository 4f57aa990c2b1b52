//! The exits: each format in its own file behind one trait, [`Exit`]; where the bytes go is [`Target`]'s business.
//!
//! Every exit writes addresses as canonical text unless told otherwise and flags as letters, keeps its buffers from
//! batch to batch, and holds a bounded number of rows.

mod arrow;
mod cells;
mod csv;
mod json;
mod parquet;
mod silk;
mod table;
mod target;
mod text_columns;

use std::path::Path;
use std::str::FromStr;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use silk_format::WriterOptions;

use crate::error::{Error, Result};

pub use self::parquet::Compression;
pub use self::target::Target;
pub(crate) use self::target::not_an_input;
use self::text_columns::TextColumns;

/// A file format that rows leave in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// RFC 4180 with a header line; null is an empty field, an empty text `""`.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// One JSON array of objects.
    Json,
    /// Parquet.
    Parquet,
    /// The Arrow IPC file format.
    Arrow,
    /// SiLK flow records; needs the columns stime, sip, dip, protocol, packets, bytes, and duration or etime.
    Silk,
}

impl Format {
    /// The format that a file name's ending announces.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "txt" => Some(Self::Table),
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "parquet" => Some(Self::Parquet),
            "arrow" | "feather" => Some(Self::Arrow),
            "silk" | "rw" | "rwf" => Some(Self::Silk),
            _ => None,
        }
    }

    /// Whether the format is for programs only: it is not written to a terminal.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow | Self::Silk)
    }
}

/// How addresses leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Addresses {
    /// Canonical text.
    #[default]
    Text,
    /// 16 bytes, IPv4 as `::ffff:a.b.c.d`; in CSV, JSON and tables as 32 hexadecimal digits.
    Binary,
}

/// How an [`Exit`] writes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExitOptions {
    /// The format.
    pub format: Format,
    /// How addresses leave.
    pub addresses: Addresses,
    /// The compression of Parquet pages.
    pub compression: Compression,
    /// Rows of a Parquet row group; these are held in memory, encoded.
    pub row_group_rows: usize,
    /// The width that a table must not exceed.
    pub table_width: Option<usize>,
    /// The header of a SiLK file. Layouts that keep base time, sensor or type there get them from the rows.
    pub silk: WriterOptions,
}

impl ExitOptions {
    /// The defaults for a format.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            addresses: Addresses::Text,
            compression: Compression::default(),
            row_group_rows: 128 << 10,
            table_width: None,
            silk: WriterOptions::default(),
        }
    }

    /// With another form of addresses.
    #[must_use]
    pub fn with_addresses(mut self, addresses: Addresses) -> Self {
        self.addresses = addresses;
        self
    }

    /// With another Parquet compression.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// With another number of rows in a Parquet row group.
    #[must_use]
    pub fn with_row_group_rows(mut self, rows: usize) -> Self {
        self.row_group_rows = rows.max(1);
        self
    }

    /// With another header of SiLK files.
    #[must_use]
    pub fn with_silk(mut self, options: WriterOptions) -> Self {
        self.silk = options;
        self
    }

    /// With the width of the terminal that a table is for.
    #[must_use]
    pub fn with_table_width(mut self, width: Option<usize>) -> Self {
        self.table_width = width;
        self
    }
}

/// Where rows leave: batches of one schema go in, a file of one format comes out.
pub trait Exit {
    /// Writes rows that [`shape`] made of a batch.
    ///
    /// # Errors
    /// `Io` if the target fails; `Usage` if the batch has another schema; `Limit` if the format cannot hold a row.
    fn write(&mut self, rows: Shaped) -> Result<()>;

    /// Writes what is left and gives the target back, for [`Target::commit`].
    ///
    /// # Errors
    /// `Io` if the target fails.
    fn finish(self: Box<Self>) -> Result<Target>;
}

/// The rows of a batch on their way into an [`Exit`] of a format.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Shaped {
    /// As they are: the exit itself makes the bytes.
    Batch(RecordBatch),
    /// The text of the rows.
    Text(Vec<u8>),
}

/// Does what can be done to the rows of a batch on any thread, in any order: for text formats, all but the writing.
///
/// # Errors
/// `Usage` if a column has a type that no exit writes.
pub fn shape(batch: RecordBatch, options: &ExitOptions) -> Result<Shaped> {
    match options.format {
        Format::Csv => csv::text(&batch, options.addresses).map(Shaped::Text),
        Format::Jsonl => json::text(&batch, options.addresses, json::Form::Lines).map(Shaped::Text),
        Format::Json => json::text(&batch, options.addresses, json::Form::Array).map(Shaped::Text),
        Format::Parquet | Format::Arrow => {
            TextColumns::new(batch.schema_ref(), options.addresses).convert(&batch).map(Shaped::Batch)
        }
        Format::Silk | Format::Table => Ok(Shaped::Batch(batch)),
    }
}

impl Shaped {
    /// The batch, for an exit that makes its own bytes.
    fn batch(self) -> Result<RecordBatch> {
        match self {
            Self::Batch(batch) => Ok(batch),
            Self::Text(_) => Err(Self::other_format()),
        }
    }

    fn text(self) -> Result<Vec<u8>> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Batch(_) => Err(Self::other_format()),
        }
    }

    fn other_format() -> Error {
        Error::usage("the rows were shaped for another format")
    }
}

/// Begins a file of rows with this schema. If the target appends, the rows that are there are carried over first.
///
/// # Errors
/// `Io` if the target fails; `Usage` if the target appends to a file of another schema or in a format that cannot, or if
/// a SiLK file lacks a column.
pub fn exit(mut target: Target, schema: &SchemaRef, options: &ExitOptions) -> Result<Box<dyn Exit>> {
    let old = target.take_existing();
    Ok(match options.format {
        Format::Csv => Box::new(csv::Csv::new(target, schema, options, old)?),
        Format::Jsonl => Box::new(json::Json::lines(target, schema, options, old)?),
        Format::Json => Box::new(json::Json::array(target, schema, options, old)?),
        Format::Parquet => Box::new(parquet::Parquet::new(target, schema, options, old)?),
        Format::Arrow => Box::new(arrow::Arrow::new(target, schema, options, old)?),
        Format::Silk => match old {
            Some(old) => return Err(old.refuse("rows are not put behind those of a SiLK file")),
            None => Box::new(silk::Silk::new(target, schema, options)?),
        },
        Format::Table => match old {
            Some(old) => return Err(old.refuse("a table has no end to append to")),
            None => Box::new(table::Table::new(target, schema, options)),
        },
    })
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage(format!("--compression {text}: expected none, snappy, zstd or zstd:LEVEL (1 to 22)"))
        };
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            None if text == "snappy" => Ok(Self::Snappy),
            None if text == "zstd" => Ok(Self::default()),
            Some(("zstd", level)) => match level.parse() {
                Ok(level @ 1..=22) => Ok(Self::Zstd(level)),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}
