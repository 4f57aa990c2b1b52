//! Flows that ended → record batches: columns of the table of flows, and those that only flows made of packets have.

use std::sync::Arc;

use arrow_array::types::{Int32Type, Int64Type, UInt8Type};
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow_schema::{Field, Schema, SchemaRef};
use silk_format::{Bits, Column, Values};

use super::flow::{Flow, TcpFlags, Way};
use super::key::address;
use super::options::EndReason;
use crate::builder::FlowBatchBuilder;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnType, FLOW_COLUMNS, Projection, Table, near};

/// A column that flows have only if they are made of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeColumn {
    /// The name.
    pub name: &'static str,
    /// The Arrow type.
    pub kind: ColumnType,
    /// Unit and meaning.
    pub meaning: &'static str,
    /// When the value is null; `None`: never.
    pub null_when: Option<&'static str>,
    made: Made,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    EndReason,
    Packets,
    Bytes,
    Tcpflags,
    InitialTcpflags,
    SessionTcpflags,
}

const NO_TCP: Option<&str> = Some("no packet came back, or none with a TCP header");

/// The columns that flows made of packets have beside [`FLOW_COLUMNS`]; those named `reverse_` if they are bidirectional.
pub const MADE_FLOW_COLUMNS: [MadeColumn; 6] = [
    MadeColumn {
        name: "end_reason",
        kind: ColumnType::Text,
        meaning: "why the flow ended: `idle`, `active` (a time-out), `end` (FIN or RST), `forced` (the input ended), `resources` (room was needed)",
        null_when: None,
        made: Made::EndReason,
    },
    MadeColumn {
        name: "reverse_packets",
        kind: ColumnType::I64,
        meaning: "packets that came back",
        null_when: None,
        made: Made::Packets,
    },
    MadeColumn {
        name: "reverse_bytes",
        kind: ColumnType::I64,
        meaning: "their bytes",
        null_when: None,
        made: Made::Bytes,
    },
    MadeColumn {
        name: "reverse_tcpflags",
        kind: ColumnType::U8,
        meaning: "their TCP flags",
        null_when: None,
        made: Made::Tcpflags,
    },
    MadeColumn {
        name: "reverse_initial_tcpflags",
        kind: ColumnType::U8,
        meaning: "TCP flags of the first of them",
        null_when: NO_TCP,
        made: Made::InitialTcpflags,
    },
    MadeColumn {
        name: "reverse_session_tcpflags",
        kind: ColumnType::U8,
        meaning: "TCP flags of all but the first of them",
        null_when: NO_TCP,
        made: Made::SessionTcpflags,
    },
];

/// Columns of flows made of packets, in the order asked for.
#[derive(Debug, Clone)]
pub struct FlowProjection {
    stored: Projection,
    /// Each made column, and how many columns stand before it.
    made: Vec<(usize, &'static MadeColumn)>,
}

impl FlowProjection {
    /// Columns by name, separated by commas; `all`; or `article`, the 18 fields of the articles. `all` is every stored
    /// column, then `end_reason`, and of bidirectional flows the `reverse_` columns.
    ///
    /// # Errors
    /// `Usage` for a name that flows do not have, that comes twice, or that only bidirectional flows have.
    pub fn parse(text: &str, bidirectional: bool) -> Result<Self> {
        match text.trim() {
            "all" => Ok(Self::all(bidirectional)),
            "article" => Ok(Self { stored: Projection::article(), made: Vec::new() }),
            names => Self::names(names.split(',').map(str::trim), bidirectional),
        }
    }

    /// Every column.
    #[must_use]
    pub fn all(bidirectional: bool) -> Self {
        let stored = Projection::default();
        let made = MADE_FLOW_COLUMNS.iter().take(if bidirectional { MADE_FLOW_COLUMNS.len() } else { 1 });
        let before = stored.columns().len();
        Self { made: made.enumerate().map(|(at, column)| (before + at, column)).collect(), stored }
    }

    /// The columns with these names, in this order.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn names<'a>(names: impl IntoIterator<Item = &'a str>, bidirectional: bool) -> Result<Self> {
        let (mut stored, mut made) = (Vec::new(), Vec::<(usize, &'static MadeColumn)>::new());
        for (at, name) in names.into_iter().enumerate() {
            let Some(column) = MADE_FLOW_COLUMNS.iter().find(|column| column.name == name) else {
                stored.push(name);
                continue;
            };
            if made.iter().any(|(_, known)| known.name == name) {
                return Err(ErrorKind::RepeatedColumn { name: name.to_owned() }.into());
            }
            if column.made != Made::EndReason && !bidirectional {
                return Err(Error::usage(format!("only bidirectional flows have a column {name:?}")));
            }
            made.push((at, column));
        }
        if let Some(unknown) = stored.iter().find(|name| crate::FlowColumn::by_name(name).is_none()) {
            let known = FLOW_COLUMNS.iter().map(|column| column.name);
            let known = known.chain(MADE_FLOW_COLUMNS.iter().map(|column| column.name));
            return Err(
                ErrorKind::UnknownColumn { near: near(unknown, known), name: (*unknown).to_owned() }.into()
            );
        }
        Ok(Self { stored: Projection::names(stored)?.in_table(Table::Flows)?, made })
    }

    /// The Arrow schema, with more metadata.
    #[must_use]
    pub fn schema_with(&self, metadata: &[(&str, &str)]) -> SchemaRef {
        let stored = self.stored.schema_with(metadata);
        let mut fields: Vec<Arc<Field>> = stored.fields().iter().map(Arc::clone).collect();
        for (at, column) in &self.made {
            let field = Field::new(column.name, column.kind.data_type(), column.null_when.is_some());
            fields.insert((*at).min(fields.len()), Arc::new(field));
        }
        Arc::new(Schema::new_with_metadata(fields, stored.metadata().clone()))
    }
}

/// Flows that ended and are no batch yet.
#[derive(Debug)]
pub(super) struct EndedFlows {
    projection: FlowProjection,
    schema: SchemaRef,
    builder: FlowBatchBuilder,
    /// The columns that the builder takes.
    needed: Vec<Column>,
    reasons: ArrayRef,
    flows: Vec<(Flow, EndReason)>,
}

impl EndedFlows {
    pub(super) fn new(projection: FlowProjection) -> Self {
        let mut builder = FlowBatchBuilder::new(&projection.stored);
        Self {
            schema: projection.schema_with(&[]),
            needed: builder.buffers_mut().iter().map(|(column, _)| *column).collect(),
            builder,
            reasons: Arc::new(StringArray::from_iter_values(EndReason::ALL.map(EndReason::name))),
            projection,
            flows: Vec::new(),
        }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn set_metadata(&mut self, metadata: &[(&str, &str)]) {
        self.schema = self.projection.schema_with(metadata);
    }

    pub(super) fn push(&mut self, flow: Flow, reason: EndReason) {
        self.flows.push((flow, reason));
    }

    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }

    /// The batch, and none are left.
    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        let flows = &self.flows;
        for column in &self.needed {
            let (values, present) = values(*column, flows);
            self.builder.append(*column, values, present.as_deref())?;
        }
        let stored = self.builder.finish()?;
        let mut columns = stored.columns().to_vec();
        for (at, column) in &self.projection.made {
            columns.insert((*at).min(columns.len()), made(column.made, flows, &self.reasons)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(flows.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        self.flows.clear();
        Ok(batch)
    }
}

type Ended = [(Flow, EndReason)];

const NANOSECONDS: i64 = 1_000_000;

/// The values of a column, and which are not null if some are.
fn values(column: Column, flows: &Ended) -> (Values, Option<Vec<bool>>) {
    fn all<T>(flows: &Ended, value: impl Fn(&Flow) -> T) -> Vec<T> {
        flows.iter().map(|(flow, _)| value(flow)).collect()
    }
    fn some<T: Default>(flows: &Ended, value: impl Fn(&Flow) -> Option<T>) -> (Vec<T>, Option<Vec<bool>>) {
        let present = all(flows, |flow| value(flow).is_some());
        (all(flows, |flow| value(flow).unwrap_or_default()), Some(present))
    }
    // A millisecond begins where its first nanosecond does, also before 1970.
    let ms = |ns: i64| ns.div_euclid(NANOSECONDS);
    let icmp = |flow: &Flow| flow.key.is_icmp().then(|| flow.icmp.to_be_bytes());
    let values = match column {
        Column::Stime => Values::I64(all(flows, |flow| ms(flow.first))),
        Column::Etime => Values::I64(all(flows, |flow| ms(flow.last))),
        Column::Duration => Values::I64(all(flows, |flow| ms(flow.last) - ms(flow.first))),
        Column::Sip => Values::Address(all(flows, |flow| address(ends(flow)[0]))),
        Column::Dip => Values::Address(all(flows, |flow| address(ends(flow)[1]))),
        Column::IsIpv6 => {
            let mut bits = Bits::with_capacity(flows.len());
            bits.extend(flows.iter().map(|(flow, _)| flow.key.is_ipv6()));
            Values::Bool(bits)
        }
        Column::Sport => Values::U16(all(flows, |flow| ports(flow)[0])),
        Column::Dport => Values::U16(all(flows, |flow| ports(flow)[1])),
        Column::Protocol => Values::U8(all(flows, |flow| flow.key.protocol())),
        Column::Packets => Values::U64(all(flows, |flow| flow.forward.packets)),
        Column::Bytes => Values::U64(all(flows, |flow| bytes(&flow.forward))),
        Column::Tcpflags => Values::U8(all(flows, |flow| flow.tcp.all())),
        Column::Attributes => {
            Values::U8(flows.iter().map(|(flow, reason)| flow.attributes(*reason)).collect())
        }
        Column::InitialTcpflags => return of(some(flows, |flow| flow.tcp.initial()), Values::U8),
        Column::SessionTcpflags => return of(some(flows, |flow| flow.tcp.session()), Values::U8),
        Column::Icmptype => return of(some(flows, |flow| icmp(flow).map(|[kind, _]| kind)), Values::U8),
        Column::Icmpcode => return of(some(flows, |flow| icmp(flow).map(|[_, code]| code)), Values::U8),
        // Where the VLAN is part of the key it is known; SiLK has it where it has interfaces.
        Column::Input => return of(some(flows, |flow| flow.key.vlan().map(u32::from)), Values::U32),
        Column::Output => return of(some(flows, |_| None), Values::U32),
        Column::Nhip => return of(some(flows, |_| None), Values::Address),
        Column::ClasstypeId => return of(some(flows, |_| None), Values::U8),
        Column::Application | Column::SensorId | Column::Memo => {
            return of(some(flows, |_| None), Values::U16);
        }
    };
    (values, None)
}

fn of<T>(
    (values, present): (Vec<T>, Option<Vec<bool>>),
    make: impl Fn(Vec<T>) -> Values,
) -> (Values, Option<Vec<bool>>) {
    (make(values), present)
}

/// Source and destination: the first packet's.
fn ends(flow: &Flow) -> [[u64; 2]; 2] {
    let (first, second) = (flow.key.sip, flow.key.dip);
    if flow.is_swapped { [second, first] } else { [first, second] }
}

fn ports(flow: &Flow) -> [u16; 2] {
    let (first, second) = (flow.key.sport(), flow.key.dport());
    match (flow.key.is_icmp(), flow.is_swapped) {
        (true, _) => [0, flow.icmp],
        (_, true) => [second, first],
        (_, false) => [first, second],
    }
}

/// What a column of counts can hold.
fn bytes(way: &Way) -> u64 {
    way.bytes.min(i64::MAX as u64)
}

fn made(made: Made, flows: &Ended, reasons: &ArrayRef) -> Result<ArrayRef> {
    let ways = || flows.iter().map(|(flow, _)| &flow.reverse);
    let flags = || flows.iter().map(|(flow, _)| &flow.reverse_tcp);
    Ok(match made {
        Made::EndReason => {
            let keys: PrimitiveArray<Int32Type> =
                flows.iter().map(|(_, reason)| Some(*reason as i32)).collect();
            Arc::new(DictionaryArray::try_new(keys, Arc::clone(reasons))?)
        }
        Made::Packets => {
            Arc::new(PrimitiveArray::<Int64Type>::from_iter_values(ways().map(|way| way.packets as i64)))
        }
        Made::Bytes => {
            Arc::new(PrimitiveArray::<Int64Type>::from_iter_values(ways().map(|way| bytes(way) as i64)))
        }
        Made::Tcpflags => Arc::new(PrimitiveArray::<UInt8Type>::from_iter_values(flags().map(TcpFlags::all))),
        Made::InitialTcpflags => {
            Arc::new(flags().map(TcpFlags::initial).collect::<PrimitiveArray<UInt8Type>>())
        }
        Made::SessionTcpflags => {
            Arc::new(flags().map(TcpFlags::session).collect::<PrimitiveArray<UInt8Type>>())
        }
    })
}
