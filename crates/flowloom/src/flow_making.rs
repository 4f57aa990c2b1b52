//! Packets on their way to what takes flows.

use std::ops::ControlFlow;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use flow_frame::schema::SOURCE_KEY;
use flow_frame::{
    FlowAccount, FlowProjection, FlowTable, FlowTableOptions, KeyMaker, PacketKeys, Scan, Table,
};

use crate::error::Result;
use crate::pump::{Consumer, InputReport, Listener, Maker, pump};
use crate::source::{InputSource, OpenOptions};

/// How flows are made of packets, and which of their columns are wanted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FlowMaking {
    /// What belongs to one flow.
    pub options: FlowTableOptions,
    /// The columns.
    pub columns: FlowProjection,
    /// Whether flows are handed on as soon as they end, not as soon as they make a batch.
    pub at_once: bool,
}

impl FlowMaking {
    /// Flows of these columns, batch by batch.
    #[must_use]
    pub fn new(options: FlowTableOptions, columns: FlowProjection) -> Self {
        Self { options, columns, at_once: false }
    }

    /// With other columns.
    #[must_use]
    pub fn with_columns(mut self, columns: FlowProjection) -> Self {
        self.columns = columns;
        self
    }

    /// With flows handed on as soon as they end.
    #[must_use]
    pub fn with_at_once(mut self, at_once: bool) -> Self {
        self.at_once = at_once;
        self
    }
}

/// Reads all inputs, as [`pump`] does, and hands the flows of their packets to the consumer. Flows go on from one input to
/// the next; those that are open at the end of the last come last. The listener is told where the packets went.
///
/// # Errors
/// As [`pump`]; `Usage` for options that [`FlowTable::new`] refuses. An input of flows is refused in its report.
pub fn pump_flows<I: InputSource + ?Sized, C: Consumer>(
    inputs: &I,
    scan: &Scan,
    open: OpenOptions,
    making: &FlowMaking,
    listener: &mut dyn Listener,
    consumer: &mut C,
) -> Result<(Vec<InputReport>, FlowAccount)> {
    let scan = scan.clone().with_columns(FlowTable::packet_columns(&making.options)).with_common(false);
    let mut flows = Flows {
        table: FlowTable::new(&making.options, making.columns.clone())?,
        make: consumer.maker(),
        consumer,
        at_once: making.at_once,
        is_open: false,
        wanted: ControlFlow::Continue(()),
    };
    let reports = pump(inputs, &scan, open, listener, &mut flows)?;
    flows.hand_on(|table, sink| table.finish(sink))?;
    let account = *flows.table.account();
    listener.flows_made(&account);
    Ok((reports, account))
}

/// Takes packets and gives flows.
struct Flows<'a, C: Consumer> {
    table: FlowTable,
    consumer: &'a mut C,
    make: Maker<C::Made>,
    at_once: bool,
    is_open: bool,
    /// `Break` once the consumer wants no more.
    wanted: ControlFlow<()>,
}

type Sink<'a> = dyn FnMut(RecordBatch) -> Result<()> + 'a;

impl<C: Consumer> Flows<'_, C> {
    /// Lets the table work, and the consumer take what comes out.
    fn hand_on(&mut self, work: impl FnOnce(&mut FlowTable, &mut Sink<'_>) -> Result<()>) -> Result<()> {
        let Self { table, consumer, make, wanted, .. } = self;
        work(table, &mut |batch| {
            if wanted.is_continue() {
                *wanted = consumer.take(make(batch)?)?;
            }
            Ok(())
        })
    }
}

impl<C: Consumer> Consumer for Flows<'_, C> {
    type Made = PacketKeys;

    fn maker(&self) -> Maker<PacketKeys> {
        let keys: KeyMaker = self.table.key_maker();
        std::sync::Arc::new(move |batch| Ok(keys.prepare(&batch)?))
    }

    fn only(&self) -> Option<Table> {
        Some(Table::Packets)
    }

    fn open(&mut self, schema: &SchemaRef) -> Result<()> {
        if self.is_open {
            return Ok(());
        }
        self.is_open = true;
        if let Some(source) = schema.metadata().get(SOURCE_KEY) {
            self.table.set_metadata(&[(SOURCE_KEY, source)]);
        }
        self.consumer.open(&self.table.schema())
    }

    fn take(&mut self, packets: PacketKeys) -> Result<ControlFlow<()>> {
        let at_once = self.at_once;
        self.hand_on(|table, sink| {
            table.update(&packets, sink)?;
            if at_once { table.flush(sink) } else { Ok(()) }
        })?;
        Ok(self.wanted)
    }
}
