//! The rows of a batch of which a predicate is true. Public: [`PredicateFilter`].

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_buffer::{BooleanBuffer, Buffer};
use arrow_schema::{DataType, TimeUnit};
use silk_format::SiteConfig;

use super::{BitSlice, Cells, ColumnSlice, CompileOptions, CompiledPredicate, Predicate, Present};
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::{Numbers, address_values, column, numbers, present};
use crate::schema::{ColumnType, Table};

/// Keeps the rows of batches of which a [`Predicate`] is true.
///
/// A batch needs the tested columns under their names and with the types of the table (of `sensor`, `class` and `type`
/// the numbers: `sensor_id`, `classtype_id`).
///
/// ```
/// use flow_frame::predicate::{ParseContext, Predicate, PredicateFilter};
/// use flow_frame::{FlowBatchBuilder, FlowRow, Projection};
/// let mut builder = FlowBatchBuilder::new(&Projection::default());
/// builder.push(&FlowRow { bytes: 1500, packets: 1, ..FlowRow::default() })?;
/// builder.push(&FlowRow { bytes: 40, packets: 1, ..FlowRow::default() })?;
/// let large = Predicate::parse("bytes > 1000", &ParseContext::default())?;
/// let kept = PredicateFilter::new(&large, None)?.filter(&builder.finish()?)?;
/// assert_eq!(kept.num_rows(), 1);
/// # Ok::<(), flow_frame::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PredicateFilter {
    predicate: CompiledPredicate,
    table: Table,
}

impl PredicateFilter {
    /// A filter; the site gives the names of sensors, classes and types their numbers.
    ///
    /// # Errors
    /// As [`Predicate::compile`].
    pub fn new(predicate: &Predicate, site: Option<&SiteConfig>) -> Result<Self> {
        Ok(Self {
            predicate: predicate.compile(&CompileOptions::default().with_site(site))?,
            table: Table::Flows,
        })
    }

    /// A filter of batches of packets.
    ///
    /// # Errors
    /// As [`Predicate::compile`].
    pub fn of_packets(predicate: &Predicate) -> Result<Self> {
        let table = Table::Packets;
        Ok(Self { predicate: predicate.compile(&CompileOptions::default().with_table(table))?, table })
    }

    /// The compiled predicate.
    #[must_use]
    pub fn predicate(&self) -> &CompiledPredicate {
        &self.predicate
    }

    /// One bit per row of the batch: it passes.
    ///
    /// # Errors
    /// `Usage` if a tested column is missing or of another type than in the table.
    pub fn mask(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let rows = batch.num_rows();
        let columns = self.predicate.names().map(|name| slice(batch, self.table, name));
        let columns: Vec<_> = columns.collect::<Result<_>>()?;
        let mut evaluator = self.predicate.evaluator();
        let mask = evaluator.evaluate(columns.as_slice(), rows)?;
        let bytes: Vec<u8> = mask.words().iter().flat_map(|word| word.to_le_bytes()).collect();
        Ok(BooleanArray::new(BooleanBuffer::new(Buffer::from_vec(bytes), 0, rows), None))
    }

    /// The rows that pass, in their order. A batch of which all pass is handed back as it is.
    ///
    /// # Errors
    /// As [`Self::mask`].
    pub fn filter(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mask = self.mask(batch)?;
        match mask.true_count() {
            all if all == batch.num_rows() => Ok(batch.clone()),
            0 => Ok(batch.slice(0, 0)),
            _ => arrow_select::filter::filter_record_batch(batch, &mask).map_err(Error::from),
        }
    }
}

/// A column of a batch, if it has the type of the table.
fn slice<'a>(batch: &'a RecordBatch, table: Table, name: &str) -> Result<ColumnSlice<'a>> {
    let array = column(batch, name)?;
    let kind = table.column(name).map(|column| column.kind);
    let cells = match (kind, array.data_type()) {
        (Some(ColumnType::TimestampNs), DataType::Timestamp(TimeUnit::Nanosecond, _)) => {
            let ticks = array.as_primitive_opt::<arrow_array::types::TimestampNanosecondType>();
            ticks.map(|ticks| Cells::I64(ticks.values()))
        }
        (Some(kind @ ColumnType::Timestamp), found) if same_ticks(&kind.data_type(), found) => {
            let ticks = array.as_primitive_opt::<arrow_array::types::TimestampMillisecondType>();
            ticks.map(|ticks| Cells::I64(ticks.values()))
        }
        (Some(kind), found) if kind.data_type() != *found => None,
        (Some(ColumnType::U64), _) => {
            let numbers = array.as_primitive_opt::<arrow_array::types::UInt64Type>();
            numbers.map(|numbers| Cells::U64(numbers.values()))
        }
        (Some(ColumnType::Mac), _) => {
            array.as_fixed_size_binary_opt().map(|bytes| Cells::Mac(bytes.value_data().as_chunks().0))
        }
        (Some(ColumnType::Utf8), _) => Some(Cells::Opaque(array.len())),
        (Some(ColumnType::Ip), _) => address_values(array).map(Cells::Address),
        (Some(ColumnType::Bool), _) => array.as_boolean_opt().and_then(|bits| {
            let bits = bits.values();
            BitSlice::new(bits.values(), bits.offset(), bits.len()).map(Cells::Bool)
        }),
        _ => match numbers(array) {
            Some(Numbers::I64(values)) => Some(Cells::I64(values)),
            Some(Numbers::U32(values)) => Some(Cells::U32(values)),
            Some(Numbers::U16(values)) => Some(Cells::U16(values)),
            Some(Numbers::U8(values)) => Some(Cells::U8(values)),
            _ => None,
        },
    };
    let Some(cells) = cells else {
        let (name, found) = (name.to_owned(), array.data_type().clone());
        return Err(
            ErrorKind::ColumnType { name, expected: "the type of the table of columns", found }.into()
        );
    };
    let present = match present(array) {
        None => Present::All,
        Some(nulls) => {
            BitSlice::new(nulls.validity(), nulls.offset(), nulls.len()).map_or(Present::None, Present::Bits)
        }
    };
    Ok(ColumnSlice { cells, present })
}

/// Time zones do not matter, units do.
fn same_ticks(wanted: &DataType, found: &DataType) -> bool {
    matches!((wanted, found), (DataType::Timestamp(a, _), DataType::Timestamp(b, _)) if a == b)
}
