//! `report`: the whole analysis in one pass over each input.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMillisecondType, TimestampNanosecondType, UInt8Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch};
use arrow_schema::{Field, Schema, SchemaRef};
use flow_frame::{
    Accounts, Aggregate, BytesOf, EndReason, FlowAccount, FlowProjection, FlowTableOptions, Projection,
    Resampler, Role, Scan, Series, Table, Talker, TalkerBy, Talkers, Tally, Value,
};
use flow_report::{
    Account, BytesAre, ReportData, RowsAre, SeriesBuilder, Source, Style, Summary, TimeRange, TopRow,
    Written, write_report,
};

use super::convert::Rows;
use crate::error::{Error, Result};
use crate::flow_making::{FlowMaking, pump_flows};
use crate::output::{ExitOptions, Target, not_an_input};
use crate::pump::{Consumer, InputReport, Listener, Maker, as_it_is, pump};
use crate::source::{InputSource, OpenOptions, are_of_both_kinds};

/// What to report, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReportOptions {
    /// The window, and how SiLK files are read. The columns are the report's own choice.
    pub scan: Scan,
    /// How inputs are opened.
    pub open: OpenOptions,
    /// The length of a bin of the series.
    pub every: Duration,
    /// The chart.
    pub style: Style,
    /// Rows of the tables of the largest.
    pub top: usize,
    /// Whether the rows that count are kept in `flows.parquet`.
    pub keep_flows: Option<ExitOptions>,
    /// How flows are made of packets, if they are: the report is of those then. Their columns are the report's own choice.
    pub flows: Option<FlowTableOptions>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            scan: Scan::default(),
            open: OpenOptions::default().with_digest(true),
            every: Duration::from_secs(1),
            style: Style::default(),
            top: 10,
            keep_flows: None,
            flows: None,
        }
    }
}

impl ReportOptions {
    /// With a window and options for SiLK files.
    #[must_use]
    pub fn with_scan(mut self, scan: Scan) -> Self {
        self.scan = scan;
        self
    }

    /// With another way of opening inputs.
    #[must_use]
    pub fn with_open(mut self, open: OpenOptions) -> Self {
        self.open = open;
        self
    }

    /// With bins of another length.
    #[must_use]
    pub fn with_every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// With another chart.
    #[must_use]
    pub fn with_style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// With so many rows in the tables of the largest.
    #[must_use]
    pub fn with_top(mut self, rows: usize) -> Self {
        self.top = rows;
        self
    }

    /// With flows made of packets.
    #[must_use]
    pub fn with_flows(mut self, options: Option<FlowTableOptions>) -> Self {
        self.flows = options;
        self
    }

    /// With the rows kept in `flows.parquet`, written so.
    #[must_use]
    pub fn with_keep_flows(mut self, exit: Option<ExitOptions>) -> Self {
        self.keep_flows = exit;
        self
    }
}

/// A finished analysis.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// What the page shows.
    pub data: ReportData,
    /// What became of the inputs.
    pub inputs: Vec<InputReport>,
    /// Where it was written, by [`report`].
    pub written: Option<Written>,
    /// Where the rows are, if they were kept.
    pub flows: Option<PathBuf>,
    /// Where the packets went of which flows were made.
    pub made: Option<FlowAccount>,
}

/// Analyses all inputs in one pass each and writes `report.html` and `summary.json` into a folder, which is made if
/// need be. If no input can be opened the folder stays as it was. Memory: a batch; 40 bytes and some per distinct address; 104 bytes per bin.
///
/// # Errors
/// `Io` if the folder cannot be written; `Usage` if a file of the report is an input, or if flows and packets are to be kept in one
/// file; `Limit` if there are more addresses than memory may be taken for.
pub fn report<I: InputSource + ?Sized>(
    inputs: &I,
    dir: &Path,
    options: &ReportOptions,
    listener: &mut dyn Listener,
) -> Result<Report> {
    if options.keep_flows.is_some() && are_of_both_kinds(&inputs.paths()) {
        return Err(keeps_both_kinds());
    }
    let flows = options.keep_flows.as_ref().map(|exit| (dir.join("flows.parquet"), exit.clone()));
    // Made first: a folder that cannot be made is told before the work and not after it.
    std::fs::create_dir_all(dir).map_err(Error::file("make the folder", dir))?;
    for name in ["report.html", "summary.json"] {
        not_an_input(&dir.join(name), &inputs.paths())?;
    }
    let mut report = analyse_into(inputs, options, flows, listener)?;
    if report.inputs.iter().any(|input| input.facts.is_some()) {
        report.written = Some(write_report(dir, &report.data, options.style)?);
    }
    Ok(report)
}

/// The analysis alone, without a file.
///
/// # Errors
/// As [`report`].
pub fn analyse<I: InputSource + ?Sized>(
    inputs: &I,
    options: &ReportOptions,
    listener: &mut dyn Listener,
) -> Result<Report> {
    analyse_into(inputs, options, None, listener)
}

/// How many protocols there are.
const PROTOCOLS: usize = 256;

/// What the kernels read.
const NEEDED: [&str; 6] = ["stime", "sip", "dip", "protocol", "packets", "bytes"];

fn analyse_into<I: InputSource + ?Sized>(
    inputs: &I,
    options: &ReportOptions,
    flows: Option<(PathBuf, ExitOptions)>,
    listener: &mut dyn Listener,
) -> Result<Report> {
    let columns = if flows.is_some() { Projection::kept() } else { Projection::names(NEEDED)? };
    let scan = options.scan.clone().with_columns(columns);
    let keep = match &flows {
        Some((path, exit)) => {
            let paths = inputs.paths();
            let names = paths.iter().map(|input| input.to_string_lossy().into_owned()).collect();
            Some(Rows::new(Target::create(path, &paths)?, exit.clone(), names))
        }
        None => None,
    };
    let mut analysis = Analysis::new(options.every, keep)?;
    let (inputs, made) = match &options.flows {
        None => (pump(inputs, &scan, options.open, listener, &mut analysis)?, None),
        Some(table) => {
            let columns = match &flows {
                Some(_) => FlowProjection::all(table.bidirectional),
                None => FlowProjection::names(NEEDED, table.bidirectional)?,
            };
            let making = FlowMaking::new(table.clone(), columns);
            let (inputs, made) = pump_flows(inputs, &scan, options.open, &making, listener, &mut analysis)?;
            (inputs, Some(made))
        }
    };
    let keep = analysis.keep.take();
    let data = analysis.finish(&inputs, options, made.as_ref())?;
    if let Some(keep) = keep {
        keep.finish()?;
    }
    Ok(Report { data, inputs, written: None, flows: flows.map(|(path, _)| path), made })
}

fn keeps_both_kinds() -> Error {
    Error::usage(
        "--keep-flows: one file cannot hold the columns of flows and of packets: report them apart, or leave --keep-flows out",
    )
}

/// The kernels, fed batch by batch.
struct Analysis {
    talkers: Talkers,
    resampler: Resampler,
    /// Bytes, packets and flows by protocol; last those of packets without one.
    protocols: Vec<[u128; 3]>,
    first: Option<i64>,
    last: Option<i64>,
    keep: Option<Rows>,
}

impl Analysis {
    fn new(every: Duration, keep: Option<Rows>) -> Result<Self> {
        let sum = |column: &str| Value { aggregate: Aggregate::Sum, column: column.to_owned() };
        Ok(Self {
            talkers: Talkers::new(),
            resampler: Resampler::new(every, vec![sum("bytes"), sum("packets")])?,
            protocols: vec![[0; 3]; PROTOCOLS + 1],
            first: None,
            last: None,
            keep,
        })
    }

    fn finish(
        self,
        inputs: &[InputReport],
        options: &ReportOptions,
        made: Option<&FlowAccount>,
    ) -> Result<ReportData> {
        let total = |index: usize| self.protocols.iter().map(|sums| sums[index] as i128).sum::<i128>();
        let bins = self.resampler.finish();
        let mut summary = Summary {
            inputs: inputs.iter().map(source).collect(),
            window: options.scan.window.map(|window| flow_report::Window {
                start: window.start.map(flow_frame::Instant::ns),
                end: window.end.map(flow_frame::Instant::ns),
                mode: window.mode.name().to_owned(),
            }),
            accounts: accounts(inputs),
            rows_are: if made.is_some() { RowsAre::Flows } else { rows_are(inputs) },
            bytes: total(0),
            packets: total(1),
            flows: total(2) as u64,
            sip: self.talkers.distinct(Role::Source) as u64,
            dip: self.talkers.distinct(Role::Destination) as u64,
            protocols: self.protocols.iter().take(PROTOCOLS).filter(|sums| sums[2] > 0).count() as u64,
            first: self.first,
            last: self.last,
            empty_bins: bins.empty_bins(),
            notes: made.map(note_of_making).into_iter().chain(inputs.iter().filter_map(note)).collect(),
            ..Summary::default()
        };
        let top = |role| self.talkers.top(role, TalkerBy::Bytes, options.top).iter().map(top_row).collect();
        summary.top.sip_bytes = top(Role::Source);
        summary.top.dip_bytes = top(Role::Destination);
        summary.top.protocol_bytes = top_protocols(&self.protocols, options.top);
        Ok(ReportData { series: series(&bins, self.first.zip(self.last))?, summary })
    }
}

impl Consumer for Analysis {
    type Made = RecordBatch;

    fn maker(&self) -> Maker<RecordBatch> {
        as_it_is()
    }

    fn open(&mut self, schema: &SchemaRef) -> Result<()> {
        match &mut self.keep {
            // What a stream holds is known only here.
            Some(keep) if !keep.can_hold(schema) => Err(keeps_both_kinds()),
            Some(keep) => keep.open(schema),
            None => Ok(()),
        }
    }

    fn take(&mut self, batch: RecordBatch) -> Result<ControlFlow<()>> {
        let needed = in_ms(&batch)?;
        self.talkers.update(&needed)?;
        self.resampler.update(&needed)?;
        count_protocols(&needed, &mut self.protocols);
        let times =
            needed.column_by_name("stime").map(|times| times.as_primitive::<TimestampMillisecondType>());
        for time in times.into_iter().flat_map(|times| times.iter().flatten()) {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
        if let Some(keep) = &mut self.keep {
            keep.batch(batch)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The columns that the kernels read, times in milliseconds: the series and the summary have no finer ones.
fn in_ms(batch: &RecordBatch) -> Result<RecordBatch> {
    let Ok(at) = batch.schema_ref().index_of("stime") else { return Ok(batch.clone()) };
    let Some(times) = batch.column(at).as_primitive_opt::<TimestampNanosecondType>() else {
        return Ok(batch.clone());
    };
    let times: PrimitiveArray<TimestampMillisecondType> =
        times.iter().map(|ns| ns.map(|ns| ns.div_euclid(1_000_000))).collect();
    let mut fields: Vec<Field> =
        batch.schema_ref().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut columns = batch.columns().to_vec();
    if let (Some(field), Some(column)) = (fields.get_mut(at), columns.get_mut(at)) {
        *field = Field::new("stime", times.data_type().clone(), true);
        *column = Arc::new(times);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn count_protocols(batch: &RecordBatch, protocols: &mut [[u128; 3]]) {
    let column = |name| batch.column_by_name(name);
    let numbers = column("protocol").and_then(|array| array.as_primitive_opt::<UInt8Type>());
    let counts = |name| column(name).and_then(|array| array.as_primitive_opt::<Int64Type>());
    let (Some(numbers), Some(bytes), Some(packets)) = (numbers, counts("bytes"), counts("packets")) else {
        return;
    };
    // What stands under a null is not said.
    let sum = |count: Option<i64>| u128::from(count.map_or(0, i64::unsigned_abs));
    for ((number, bytes), packets) in numbers.iter().zip(bytes).zip(packets) {
        let number = number.map_or(PROTOCOLS, usize::from);
        if let Some([byte_sum, packet_sum, flows]) = protocols.get_mut(number) {
            *byte_sum += sum(bytes);
            *packet_sum += sum(packets);
            *flows += 1;
        }
    }
}

fn top_protocols(protocols: &[[u128; 3]], n: usize) -> Vec<TopRow> {
    let mut top = flow_frame::Top::new(n);
    let seen = protocols.iter().enumerate().take(PROTOCOLS).filter(|(_, sums)| sums[2] > 0);
    for (number, [bytes, packets, flows]) in seen {
        top.push((number, *packets, *flows), *bytes);
    }
    top.into_sorted()
        .into_iter()
        .map(|((number, packets, flows), bytes)| TopRow {
            key: number.to_string(),
            bytes: bytes as i128,
            packets: packets as i128,
            flows: flows as u64,
        })
        .collect()
}

fn top_row(talker: &Talker) -> TopRow {
    TopRow {
        key: flow_frame::text::address_text(&talker.key),
        bytes: talker.bytes as i128,
        packets: talker.packets as i128,
        flows: talker.flows as u64,
    }
}

fn series(bins: &Series, span: Option<(i64, i64)>) -> Result<flow_report::Series> {
    let Some((first, last)) = span else { return Ok(flow_report::Series::empty()) };
    let (bytes, packets) = (bins.column("bytes").unwrap_or(0), bins.column("packets").unwrap_or(1));
    let mut builder = SeriesBuilder::new(TimeRange::covering(first, last, bins.step()));
    for bin in bins.occupied_bins() {
        builder.push(flow_report::Bin {
            time_ms: bin.start,
            bytes: bin.cell(bytes).sum,
            packets: bin.cell(packets).sum,
            flows: bin.rows,
        })?;
    }
    Ok(builder.finish())
}

fn rows_are(inputs: &[InputReport]) -> RowsAre {
    let tables = || inputs.iter().filter_map(|input| input.facts.as_ref()).map(|facts| facts.table());
    match (tables().any(|table| table == Table::Flows), tables().any(|table| table == Table::Packets)) {
        (_, false) => RowsAre::Flows,
        (false, true) => RowsAre::Packets,
        (true, true) => RowsAre::Both,
    }
}

fn source(input: &InputReport) -> Source {
    Source {
        path: input.path.to_string_lossy().into_owned(),
        kind: match &input.facts {
            Some(facts) => facts.format(),
            None => "unreadable".to_owned(),
        },
        rows: input.accounts.map_or(0, |accounts| accounts.read.rows),
        sha256: input.sha256.clone(),
    }
}

fn note_of_making(account: &FlowAccount) -> String {
    let FlowAccount { packets, without_ip, .. } = account;
    let evicted = match account.flows_of(EndReason::Resources) {
        0 => String::new(),
        flows => format!("; {flows} flows were ended early to make room for others"),
    };
    format!(
        "the flows were made of {packets} packets; {without_ip} packets without an IP header are in none, and rows that were read \
         are packets{evicted}"
    )
}

fn note(input: &InputReport) -> Option<String> {
    let failure = input.failure.as_ref()?.with_causes();
    Some(match input.facts {
        Some(_) => format!("{failure}; the {} rows before it count", input.delivered()),
        None => format!("{failure}; none of its rows count"),
    })
}

fn accounts(inputs: &[InputReport]) -> flow_report::Accounts {
    let mut sum = Accounts::new(BytesOf::Traffic);
    inputs.iter().filter_map(|input| input.accounts).for_each(|accounts| sum.add(&accounts));
    let bytes_are = match sum.bytes {
        BytesOf::Traffic => BytesAre::Traffic,
        BytesOf::Records => BytesAre::Stored,
    };
    let account =
        |tally: Tally| Account { rows: tally.rows, bytes: tally.bytes(sum.bytes) as i128, bytes_are };
    let refused = sum.refused().filter(|(_, tally)| tally.rows > 0);
    flow_report::Accounts {
        read: account(sum.read),
        delivered: account(sum.delivered),
        filtered: account(sum.filtered),
        refused: refused
            .map(|(why, tally)| (why.name().to_owned(), account(tally)))
            .collect::<BTreeMap<_, _>>(),
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Int64Array, UInt8Array};
    use arrow_buffer::NullBuffer;

    use super::*;

    #[test]
    fn what_stands_under_a_null_does_not_count() {
        let counts = |values: Vec<i64>, valid: [bool; 3]| -> ArrayRef {
            Arc::new(Int64Array::new(values.into(), Some(NullBuffer::from(valid.to_vec()))))
        };
        let columns: [(&str, ArrayRef); 3] = [
            ("protocol", Arc::new(UInt8Array::from(vec![Some(6), Some(6), None]))),
            ("bytes", counts(vec![40, 999, 7], [true, false, true])),
            ("packets", counts(vec![99, 2, 1], [false, true, true])),
        ];
        let mut protocols = vec![[0; 3]; PROTOCOLS + 1];
        count_protocols(&RecordBatch::try_from_iter(columns).unwrap(), &mut protocols);
        assert_eq!((protocols[6], protocols[PROTOCOLS]), ([40, 2, 2], [7, 1, 1]));
    }
}
