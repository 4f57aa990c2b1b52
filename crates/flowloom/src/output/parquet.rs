//! Parquet, one row group at a time.

use std::collections::BTreeMap;

use arrow_schema::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::{Compression as Codec, Encoding, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::arrow::same_columns;
use super::target::Existing;
use super::text_columns::TextColumns;
use super::{Exit, ExitOptions, Shaped, Target};
use crate::error::{Error, Result};

/// How the pages of a Parquet file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// Snappy.
    Snappy,
    /// Zstandard with a level, 1 to 22.
    Zstd(u8),
}

impl Default for Compression {
    /// Zstandard at level 1: a third smaller than Snappy at nearly its speed.
    fn default() -> Self {
        Self::Zstd(1)
    }
}

pub(super) struct Parquet {
    file: SerializedFileWriter<Target>,
    groups: ArrowRowGroupWriterFactory,
    columns: TextColumns,
    group_rows: usize,
    /// The writers of the row group that is being filled, one a column, and its rows so far.
    group: Option<(Vec<ArrowColumnWriter>, usize)>,
}

impl Parquet {
    pub(super) fn new(
        target: Target,
        schema: &SchemaRef,
        options: &ExitOptions,
        old: Option<Existing>,
    ) -> Result<Self> {
        let columns = TextColumns::new(schema, options.addresses);
        if columns.schema().fields().is_empty() {
            return Err(Error::usage("a Parquet file needs at least one column"));
        }
        let properties = properties(columns.schema(), options)?;
        let writer = ArrowWriter::try_new(target, columns.schema().clone(), Some(properties))?;
        let (file, groups) = writer.into_serialized_writer()?;
        let mut parquet =
            Self { file, groups, columns, group_rows: options.row_group_rows.max(1), group: None };
        if let Some(old) = old {
            parquet.carry_over(&old)?;
        }
        Ok(parquet)
    }

    /// Copies the row groups of an existing file as they are, without decoding them.
    fn carry_over(&mut self, old: &Existing) -> Result<()> {
        let refuse = |e: ParquetError| old.refuse(format!("it is not a readable Parquet file: {e}"));
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&old.file)
            .map_err(refuse)?;
        let facts = metadata.file_metadata();
        let schema =
            parquet_to_arrow_schema(facts.schema_descr(), facts.key_value_metadata()).map_err(refuse)?;
        same_columns(&schema, self.columns.schema()).map_err(|reason| old.refuse(reason))?;
        for group in 0..metadata.num_row_groups() {
            let mut copy = self.file.next_row_group()?;
            for column in chunks(&metadata, group) {
                copy.append_column(&old.file, column).map_err(refuse)?;
            }
            copy.close()?;
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        let Some((writers, _)) = self.group.take() else { return Ok(()) };
        let mut group = self.file.next_row_group()?;
        for writer in writers {
            writer.close()?.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(())
    }
}

/// The column chunks of a row group with what the file knows about them.
fn chunks(metadata: &ParquetMetaData, group: usize) -> impl Iterator<Item = ColumnCloseResult> + '_ {
    let row_group = metadata.row_group(group);
    row_group.columns().iter().enumerate().map(move |(i, column)| ColumnCloseResult {
        bytes_written: u64::try_from(column.compressed_size()).unwrap_or(0),
        rows_written: u64::try_from(row_group.num_rows()).unwrap_or(0),
        metadata: column.clone(),
        bloom_filter: None,
        column_index: metadata.column_index().and_then(|index| index.get(group)?.get(i).cloned()),
        offset_index: metadata.offset_index().and_then(|index| index.get(group)?.get(i).cloned()),
    })
}

impl Exit for Parquet {
    fn write(&mut self, rows: Shaped) -> Result<()> {
        let batch = rows.batch()?;
        let mut start = 0;
        while start < batch.num_rows() {
            let (writers, rows) = match &mut self.group {
                Some(group) => group,
                None => {
                    let index = self.file.flushed_row_groups().len();
                    self.group.insert((self.groups.create_column_writers(index)?, 0))
                }
            };
            let len = (self.group_rows - *rows).min(batch.num_rows() - start);
            let part = batch.slice(start, len);
            let mut writers = writers.iter_mut();
            for (field, array) in part.schema_ref().fields().iter().zip(part.columns()) {
                for leaf in compute_leaves(field, array)? {
                    if let Some(writer) = writers.next() {
                        writer.write(&leaf)?;
                    }
                }
            }
            *rows += len;
            start += len;
            if *rows >= self.group_rows {
                self.end_group()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Target> {
        self.end_group()?;
        // Writes the footer too.
        Ok(self.file.into_inner()?)
    }
}

/// Times and counters of time are written as differences; everything else begins as a dictionary, and the encoder
/// itself turns to plain values when a dictionary grows beyond a page.
fn properties(schema: &Schema, options: &ExitOptions) -> Result<WriterProperties> {
    let codec = match options.compression {
        Compression::None => Codec::UNCOMPRESSED,
        Compression::Snappy => Codec::SNAPPY,
        Compression::Zstd(level) => Codec::ZSTD(ZstdLevel::try_new(i32::from(level))?),
    };
    // The Arrow schema in the file holds these too, but encoded: other tools look here.
    // Sorted: a map has another order in every run, and the same flows make the same file.
    let metadata: BTreeMap<_, _> = schema.metadata().iter().collect();
    let metadata =
        metadata.into_iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    let mut properties = WriterProperties::builder()
        .set_key_value_metadata(Some(metadata))
        .set_created_by(concat!("flowloom ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(codec);
    for field in schema.fields() {
        if matches!(field.data_type(), DataType::Timestamp(..)) {
            let column = ColumnPath::from(field.name().as_str());
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(properties.build())
}
