//! `flow-frame`.

use std::io::Cursor;
use std::num::NonZeroUsize;

use arrow_select::concat::concat_batches;
use flow_frame::arrow_array::RecordBatch;
use flow_frame::mapped_input::{self, Input};
use flow_frame::predicate::{AddressSet, CompileOptions, ParseContext};
use flow_frame::silk_format;
use flow_frame::{
    Anchors, BytesOf, FlowBatchBuilder, FlowRow, Instant, Kind, Predicate, PredicateFilter, Projection, Scan,
    TimeSpec, Window, WindowMode, open_bytes, open_input,
};

/// Rows beyond these are not looked at.
const MOST_ROWS: u64 = 20_000;

/// Any bytes are opened and read to their end or to an error, in small batches, and the accounts balance.
pub fn open_any(data: &[u8]) {
    let options = mapped_input::Options::default().with_zstd_window_log(20);
    let Ok(input) = Input::from_reader_with(Cursor::new(data.to_vec()), &options) else {
        return;
    };
    let limits = silk_format::Limits::default().with_header_bytes(1 << 16).with_payload_bytes(1 << 20);
    let batch_rows = 1 + data.len() % 300;
    let window = Window {
        start: Some(Instant::from_ms(1_234_400_000_000)),
        end: None,
        mode: if data.len().is_multiple_of(2) { WindowMode::Start } else { WindowMode::Overlap },
    };
    let scan = Scan::default()
        .with_batch_rows(batch_rows)
        .with_silk(silk_format::Options::default().with_limits(limits))
        .with_window(data.len().is_multiple_of(3).then_some(window));
    let Ok(mut reader) = open_input(input, "in-S3_20090212.05", &scan) else {
        return;
    };
    let mut rows = 0;
    while let Some(batch) = reader.next_batch() {
        assert!(reader.accounts().balance(), "{:?}", reader.accounts());
        let Ok(batch) = batch else {
            assert!(reader.next_batch().is_none(), "fused");
            break;
        };
        assert!((1..=batch_rows).contains(&batch.num_rows()), "{} rows in a batch", batch.num_rows());
        rows += batch.num_rows() as u64;
        if rows > MOST_ROWS {
            return;
        }
    }
    assert!(reader.accounts().balance(), "{:?}", reader.accounts());
    assert_eq!(rows, reader.accounts().delivered.rows);
}

/// What is asked of any file: tests of every type, of nulls, of two columns, joined.
const FILTERS: [&str; 8] = [
    "proto = 6 and dport in (80, 443)",
    "sip in 10.0.0.0/8 or not (bytes > 1000)",
    "nhip is null or input is not null and output != 2",
    "tcpflags = S/SA or initial_tcpflags any FR or attributes = C/TC",
    "bytes/packets in 60-64.25 or duration > 1.5s",
    "active in 2009-02-12T05:00..2009-02-13T00:00 and not is_ipv6",
    "icmptype = 8 or ip in 192.0.2.0/24 or port = 53",
    "false or sensor_id in (1-3) and stime < 2009-02-13T00:00:00.0005",
];

/// What a predicate pushed down into the reading keeps is what it keeps afterwards, on any number of threads.
pub fn silk_filter(data: &[u8]) {
    let limits = silk_format::Limits::default().with_header_bytes(1 << 16).with_payload_bytes(1 << 20);
    let options = silk_format::Options::default().with_limits(limits);
    let scan = Scan::default().with_batch_rows(1 + data.len() % 300).with_silk(options);
    let Some(text) = FILTERS.get(data.len() % FILTERS.len()) else { return };
    let Ok(predicate) = Predicate::parse(text, &ParseContext::default()) else {
        unreachable!("{text} is a predicate")
    };
    let Ok(filter) = PredicateFilter::new(&predicate, None) else { unreachable!("{text} names no site") };
    let name = "in-S3_20090212.05";
    let Ok(mut all) = open_bytes(data.to_vec(), name, &scan) else { return };
    // The filters name columns of flows.
    if all.source().kind != Kind::Silk {
        return;
    }
    let mut afterwards = Vec::new();
    let mut failed = false;
    while let Some(batch) = all.next_batch() {
        match batch.and_then(|batch| filter.filter(&batch)) {
            Ok(batch) => afterwards.push(batch),
            Err(_) => failed = true,
        }
        if all.accounts().read.rows > MOST_ROWS {
            return;
        }
    }
    let afterwards = whole(&afterwards);
    for threads in [1, 2].into_iter().filter_map(NonZeroUsize::new) {
        let scan = scan.clone().with_predicate(Some(predicate.clone())).with_threads(threads);
        let Ok(mut reader) = open_bytes(data.to_vec(), name, &scan) else { unreachable!("it was opened") };
        let mut pushed = Vec::new();
        let mut failed_too = false;
        while let Some(batch) = reader.next_batch() {
            match batch {
                Ok(batch) => pushed.push(batch),
                Err(_) => failed_too = true,
            }
        }
        assert!(reader.accounts().balance(), "{:?}", reader.accounts());
        if !failed {
            assert_eq!(reader.accounts().read.rows, all.accounts().read.rows, "{text}");
        }
        assert_eq!(whole(&pushed), afterwards, "{text}, {threads} threads");
        // A file of which no row can pass is not inflated, so that damage inside a block is not met.
        let passed_over = reader.accounts().bytes == BytesOf::Records;
        assert!(failed_too == failed || passed_over, "{text}, {threads} threads");
    }
}

/// The rows of all batches as one; none if there are none.
pub(crate) fn whole(batches: &[RecordBatch]) -> Option<RecordBatch> {
    let schema = batches.first()?.schema();
    let whole = concat_batches(&schema, batches).unwrap_or_else(|e| unreachable!("one schema: {e}"));
    (whole.num_rows() > 0).then_some(whole)
}

/// Times and windows are parsed or refused; an absolute time that was parsed prints as a text that gives it again.
pub fn time_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let now = Instant::from_ms(1_475_155_339_000);
    let anchors = Anchors { now: Some(now), end: Some(now) };
    if let Ok(window) = Window::parse(text, WindowMode::Start, anchors) {
        let _ = window.contains_ms(i64::MIN, i64::MAX);
    }
    let _ = TimeSpec::parse(text).and_then(|spec| spec.resolve(anchors));
    if let Ok(instant) = Instant::parse(text) {
        let printed = instant.to_string();
        assert_eq!(Instant::parse(&printed).ok(), Some(instant), "{text:?} printed as {printed:?}");
    }
}

/// A predicate is read or refused; what was read prints as a text that gives it again, and can be run.
pub fn where_parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let now = Some(Instant::from_ms(1_475_155_339_000));
    let context = ParseContext::default()
        .with_anchors(Anchors { now, end: now })
        .with_set("servers", AddressSet::from_ranges([([10, 0, 0, 0].into(), [10, 0, 0, 9].into())]));
    let predicate = match Predicate::parse(text, &context) {
        Ok(predicate) => predicate,
        Err(error) => {
            let _ = (error.to_string(), error.pointed());
            return;
        }
    };
    let printed = predicate.to_string();
    // Numbers may print longer than they were typed.
    if printed.len() <= 64 << 10 {
        assert_eq!(
            Predicate::parse(&printed, &context).ok(),
            Some(predicate.clone()),
            "printed as {printed}"
        );
    }
    // Without a site no name is known.
    if predicate.compile(&CompileOptions::default()).is_err() {
        return;
    }
    let mut builder = FlowBatchBuilder::new(&Projection::default());
    let rows = [FlowRow::default(), FlowRow { protocol: 6, dport: 80, bytes: 1500, ..FlowRow::default() }];
    let batch = rows.iter().try_for_each(|row| builder.push(row)).and_then(|()| builder.finish());
    let Ok(batch) = batch else { unreachable!("two small rows") };
    let count = |predicate: &Predicate| {
        let kept = PredicateFilter::new(predicate, None).and_then(|filter| filter.filter(&batch));
        kept.map(|batch| batch.num_rows()).ok()
    };
    let (held, not_held) = (count(&predicate), count(&!predicate));
    assert!(held.zip(not_held).is_some_and(|(held, not_held)| held + not_held <= rows.len()));
}
