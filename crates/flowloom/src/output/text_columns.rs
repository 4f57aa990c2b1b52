//! Columns for other tools: batches whose addresses and flags have become text, for Parquet and Arrow files.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt8Type;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use flow_frame::text;

use super::Addresses;
use super::cells::Letters;
use crate::error::{Error, Result};

/// Turns batches of one schema into batches of [`schema`](Self::schema).
#[derive(Debug)]
pub(super) struct TextColumns {
    schema: SchemaRef,
    addresses: Addresses,
}

/// What becomes of a column.
enum Change {
    None,
    Address,
    Mac,
    Letters(Letters),
}

impl TextColumns {
    pub(super) fn new(schema: &SchemaRef, addresses: Addresses) -> Self {
        let fields: Vec<Field> = schema
            .fields()
            .iter()
            .map(|field| match change(field, addresses) {
                Change::None => field.as_ref().clone(),
                _ => Field::new(field.name(), DataType::Utf8, field.is_nullable()),
            })
            .collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        Self { schema, addresses }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = batch
            .schema_ref()
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, array)| match change(field, self.addresses) {
                Change::None => Ok(Arc::clone(array)),
                Change::Address => {
                    let values = array.as_fixed_size_binary().value_data().as_chunks::<16>().0;
                    strings(array.as_ref(), values, 16, text::write_address)
                }
                Change::Mac => {
                    let values = array.as_fixed_size_binary().value_data().as_chunks::<6>().0;
                    strings(array.as_ref(), values, 17, text::write_mac)
                }
                Change::Letters(letters) => {
                    let values = array.as_primitive::<UInt8Type>().values();
                    strings(array.as_ref(), values, 4, |out, bits| letters.write(out, *bits))
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

fn change(field: &Field, addresses: Addresses) -> Change {
    match field.data_type() {
        DataType::FixedSizeBinary(16) if addresses == Addresses::Text => Change::Address,
        DataType::FixedSizeBinary(6) if addresses == Addresses::Text => Change::Mac,
        DataType::UInt8 => Letters::of(field.name()).map_or(Change::None, Change::Letters),
        _ => Change::None,
    }
}

/// The text of each value that is not null. `guess` bytes a value are reserved.
fn strings<T>(
    array: &dyn Array,
    values: &[T],
    guess: usize,
    write: impl Fn(&mut Vec<u8>, &T),
) -> Result<ArrayRef> {
    let mut bytes = Vec::with_capacity(values.len() * guess);
    let mut offsets = Vec::with_capacity(values.len() + 1);
    offsets.push(0);
    for (row, value) in values.iter().enumerate() {
        if array.is_valid(row) {
            write(&mut bytes, value);
        }
        let end =
            i32::try_from(bytes.len()).map_err(|_| Error::usage("a batch holds more than 2 GiB of text"))?;
        offsets.push(end);
    }
    let offsets = OffsetBuffer::new(offsets.into());
    Ok(Arc::new(StringArray::try_new(offsets, bytes.into(), array.nulls().cloned())?))
}
