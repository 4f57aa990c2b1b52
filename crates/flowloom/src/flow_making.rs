//! Packets on their way to what takes flows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use flow_frame::pcap_headers::RingName;
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
/// the next, of captures that several threads wrote to a ring from one of a thread to the next of the same; those that are
/// open at the end of the last come last. Memory: a table for each thread. The listener is told where the packets went.
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
    let empty = || FlowTable::new(&making.options, making.columns.clone());
    let mut flows = Flows {
        making,
        keys: empty()?.key_maker(),
        tables: BTreeMap::new(),
        thread: None,
        make: consumer.maker(),
        consumer,
        is_open: false,
        wanted: ControlFlow::Continue(()),
    };
    let reports = pump(inputs, &scan, open, listener, &mut flows)?;
    let mut account = FlowAccount::default();
    for (_, mut table) in std::mem::take(&mut flows.tables) {
        flows.hand_on(&mut table, |table, sink| table.finish(sink))?;
        account.add(table.account());
    }
    listener.flows_made(&account);
    Ok((reports, account))
}

/// Takes packets and gives flows.
struct Flows<'a, C: Consumer> {
    making: &'a FlowMaking,
    keys: KeyMaker,
    /// By the thread that wrote the captures, as their names tell: the files of one go on where another's began.
    tables: BTreeMap<Option<u64>, FlowTable>,
    /// Whose file is read.
    thread: Option<u64>,
    consumer: &'a mut C,
    make: Maker<C::Made>,
    is_open: bool,
    /// `Break` once the consumer wants no more.
    wanted: ControlFlow<()>,
}

type Sink<'a> = dyn FnMut(RecordBatch) -> Result<()> + 'a;

impl<C: Consumer> Flows<'_, C> {
    /// Lets a table work, and the consumer take what comes out.
    fn hand_on(
        &mut self,
        table: &mut FlowTable,
        work: impl FnOnce(&mut FlowTable, &mut Sink<'_>) -> Result<()>,
    ) -> Result<()> {
        let Self { consumer, make, wanted, .. } = self;
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
        let keys = self.keys.clone();
        Arc::new(move |batch| Ok(keys.prepare(&batch)?))
    }

    fn only(&self) -> Option<Table> {
        Some(Table::Packets)
    }

    fn open(&mut self, schema: &SchemaRef) -> Result<()> {
        let source = schema.metadata().get(SOURCE_KEY);
        self.thread = source.and_then(|name| RingName::guess(name)?.thread);
        let table = match self.tables.entry(self.thread) {
            Entry::Occupied(_) => return Ok(()),
            Entry::Vacant(entry) => {
                entry.insert(FlowTable::new(&self.making.options, self.making.columns.clone())?)
            }
        };
        if let Some(source) = source {
            table.set_metadata(&[(SOURCE_KEY, source)]);
        }
        if std::mem::replace(&mut self.is_open, true) { Ok(()) } else { self.consumer.open(&table.schema()) }
    }

    fn take(&mut self, packets: PacketKeys) -> Result<ControlFlow<()>> {
        let at_once = self.making.at_once;
        // It was made when the input was opened.
        let Some(mut table) = self.tables.remove(&self.thread) else { return Ok(self.wanted) };
        let done = self.hand_on(&mut table, |table, sink| {
            table.update(&packets, sink)?;
            if at_once { table.flush(sink) } else { Ok(()) }
        });
        self.tables.insert(self.thread, table);
        done.map(|()| self.wanted)
    }
}
