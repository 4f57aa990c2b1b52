//! Pieces of inputs of either kind → batches. Public: [`BatchMaker`], [`Rows`].

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMillisecondType, TimestampNanosecondType};
use arrow_array::{ArrayRef, PrimitiveArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use silk_format::Block;

use crate::accounts::Accounts;
use crate::engine::BlockWorker;
use crate::error::{Error, ErrorKind, Result};
use crate::flow_batches::FlowBatches;
use crate::input::SourceFacts;
use crate::packet_batches::PacketBatches;
use crate::scan::Scan;
use crate::schema::ColumnType;
use crate::tshark_csv::PacketRows;

/// What a [`BatchMaker`] makes of a piece.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rows {
    /// The rows; none if no row is delivered. There may be more than `Scan::batch_rows`: [`batches`](Self::batches) splits
    /// them.
    pub batch: Option<RecordBatch>,
    /// Where the rows of the piece went.
    pub accounts: Accounts,
}

impl Rows {
    /// The rows in batches of at most so many.
    pub fn batches(self, rows: usize) -> impl Iterator<Item = RecordBatch> {
        let rows = rows.max(1);
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

/// Makes a batch of the rows of each piece of an input, as a [`Scan`] says: the [`BlockWorker`] behind
/// [`FlowReader`](crate::FlowReader), for jobs of one's own.
#[derive(Clone)]
pub struct BatchMaker {
    maker: Maker,
    /// The schema that flows and packets share, if they do.
    common: Option<SchemaRef>,
}

#[derive(Clone)]
enum Maker {
    Flows(Box<FlowBatches>),
    Packets(Box<PacketBatches>),
}

impl BatchMaker {
    /// What makes batches of the records or packets of an input.
    ///
    /// # Errors
    /// `Usage` or `Limit` if the scan makes no sense, or asks for columns that the input does not have.
    pub fn new(facts: &SourceFacts, scan: &Scan) -> Result<Self> {
        let maker = match &facts.silk {
            Some(header) => FlowBatches::new(facts, header, scan).map(|made| Maker::Flows(Box::new(made))),
            None => PacketBatches::new(facts, scan).map(|made| Maker::Packets(Box::new(made))),
        };
        let maker = maker.map_err(|e| e.in_input(&facts.name))?;
        let mut made = Self { maker, common: None };
        made.common = scan.common.then(|| common_schema(made.schema()));
        Ok(made)
    }

    /// Accounts of nothing, that count the bytes that this one's count.
    #[must_use]
    pub fn no_accounts(&self) -> Accounts {
        match &self.maker {
            Maker::Flows(flows) => flows.no_accounts(),
            Maker::Packets(packets) => packets.no_accounts(),
        }
    }

    /// The schema of the batches.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        if let Some(common) = &self.common {
            return common;
        }
        match &self.maker {
            Maker::Flows(flows) => flows.schema(),
            Maker::Packets(packets) => packets.schema(),
        }
    }
}

impl BlockWorker for BatchMaker {
    type Out = Rows;

    fn block(&mut self, block: Block<'_>) -> Result<()> {
        match &mut self.maker {
            Maker::Flows(flows) => flows.block(block),
            Maker::Packets(_) => Err(ErrorKind::KindUnsupported { kind: "packet" }.into()),
        }
    }

    fn packets(&mut self, piece: &pcap_headers::Piece<'static>, bytes: &[u8]) -> Result<()> {
        match &mut self.maker {
            Maker::Packets(packets) => packets.piece(piece, bytes),
            Maker::Flows(_) => Err(ErrorKind::KindUnsupported { kind: "packet" }.into()),
        }
    }

    fn rows(&mut self, rows: &PacketRows) -> Result<()> {
        match &mut self.maker {
            Maker::Packets(packets) => packets.rows(rows),
            Maker::Flows(_) => Err(ErrorKind::KindUnsupported { kind: "packet" }.into()),
        }
    }

    fn wants_records(&self) -> bool {
        match &self.maker {
            Maker::Flows(flows) => flows.wants_records(),
            // What is asked of packets is answered by looking.
            Maker::Packets(_) => true,
        }
    }

    fn skip(&mut self, records: usize) {
        if let Maker::Flows(flows) = &mut self.maker {
            flows.skip(records);
        }
    }

    fn finish(&mut self) -> Result<Rows> {
        let mut rows = match &mut self.maker {
            Maker::Flows(flows) => flows.finish(),
            Maker::Packets(packets) => packets.finish(),
        }?;
        if let Some(schema) = &self.common {
            rows.batch = rows.batch.map(|batch| in_common(batch, schema)).transpose()?;
        }
        Ok(rows)
    }
}

/// The schema with times in nanoseconds and nulls everywhere.
fn common_schema(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let field = field.as_ref().clone().with_nullable(true);
            match field.data_type() {
                DataType::Timestamp(TimeUnit::Millisecond, _) => {
                    field.with_data_type(ColumnType::TimestampNs.data_type())
                }
                _ => field,
            }
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// The batch under the common schema.
fn in_common(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    const NS: i64 = 1_000_000;
    let in_ns = |array: &ArrayRef| -> Result<ArrayRef> {
        let Some(times) = array.as_primitive_opt::<TimestampMillisecondType>() else {
            return Ok(Arc::clone(array));
        };
        let too_far = || Error::usage("a time of a flow is too far away to be written in nanoseconds");
        let times = times.values().iter().map(|ms| ms.checked_mul(NS).ok_or_else(too_far));
        let times = PrimitiveArray::<TimestampNanosecondType>::from(times.collect::<Result<Vec<_>>>()?);
        Ok(Arc::new(times.with_timezone("UTC")))
    };
    let columns = batch.columns().iter().map(in_ns).collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options)?)
}

impl std::fmt::Debug for BatchMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchMaker").field("schema", self.schema()).finish_non_exhaustive()
    }
}
