//! The kernels against what pandas and scipy computed from the same flows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

mod common;

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMillisecondType};
use flow_frame::{
    Anchors, Distinct, Projection, Resampler, Role, Scan, TalkerBy, Talkers, Value, Window, WindowFilter,
    WindowMode, text,
};

const WINDOW: &str = "2016-09-29 13:22:19.625972..2016-09-29 13:52:19.625972";

fn window(mode: WindowMode) -> Window {
    Window::parse(WINDOW, mode, Anchors::default()).unwrap()
}

fn flows(window: Option<Window>) -> Vec<RecordBatch> {
    let columns = Projection::parse("stime,etime,sip,dip,protocol,packets,bytes").unwrap();
    let scan = Scan::default().with_columns(columns).with_window(window).with_batch_rows(1000);
    let (batches, error, _) = common::read("query/query.rwf", &scan);
    assert!(error.is_none(), "{error:?}");
    batches
}

fn summary() -> serde_json::Value {
    let text = std::fs::read(common::testdata("query/summary.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn sum(batches: &[RecordBatch], name: &str) -> i64 {
    let column =
        |batch: &RecordBatch| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
    batches.iter().map(|batch| column(batch).values().iter().sum::<i64>()).sum()
}

#[test]
fn window_while_reading_and_afterwards() {
    let summary = summary();
    for (mode, key) in [(WindowMode::Start, "rows_window"), (WindowMode::Overlap, "rows_window_overlap")] {
        let all = flows(None);
        assert_eq!(common::rows(&all) as u64, summary["rows_in"]);
        let filter = WindowFilter::new(window(mode));
        let after: Vec<RecordBatch> = all.iter().map(|batch| filter.filter(batch).unwrap()).collect();
        let during = flows(Some(window(mode)));
        assert_eq!(common::rows(&after) as u64, summary[key]);
        assert_eq!(common::whole(&during).columns(), common::whole(&after).columns());
    }
}

#[test]
fn sums_distinct_and_top() {
    let summary = summary();
    let batches = flows(Some(window(WindowMode::Start)));
    assert_eq!(sum(&batches, "bytes"), summary["bytes"].as_i64().unwrap());
    assert_eq!(sum(&batches, "packets"), summary["packets"].as_i64().unwrap());

    let mut talkers = Talkers::new();
    batches.iter().for_each(|batch| talkers.update(batch).unwrap());
    assert_eq!(talkers.distinct(Role::Source) as u64, summary["sip"]);
    assert_eq!(talkers.distinct(Role::Destination) as u64, summary["dip"]);
    let expected = summary["top_sip_bytes"].as_array().unwrap();
    let top = talkers.top(Role::Source, TalkerBy::Bytes, expected.len());
    for (talker, expected) in top.iter().zip(expected) {
        assert_eq!(text::address_text(&talker.key), expected["key"].as_str().unwrap());
        assert_eq!(talker.bytes as u64, expected["bytes"]);
        assert_eq!(talker.packets as u64, expected["packets"]);
        assert_eq!(talker.flows as u64, expected["flows"]);
    }
    for (name, key) in [("sip", "sip"), ("dip", "dip"), ("protocol", "protocols")] {
        let mut distinct = Distinct::new(batches[0].column_by_name(name).unwrap().data_type()).unwrap();
        batches.iter().for_each(|batch| distinct.update(batch.column_by_name(name).unwrap()).unwrap());
        assert_eq!(distinct.count() as u64, summary[key], "{name}");
    }
}

#[test]
fn series_of_one_second() {
    let values = ["mean(bytes)", "mean(packets)", "sum(bytes)", "count(bytes)"];
    let series = compare("resample-1s.csv", 1, &values);
    assert_eq!(series as u64, summary()["empty_seconds"]);
}

#[test]
fn series_of_ten_seconds_and_a_minute() {
    let values = ["mean(bytes)", "sum(bytes)", "min(bytes)", "max(bytes)", "count(*)"];
    compare("resample-10s.csv", 10, &values);
    compare("resample-1min.csv", 60, &values);
}

/// Compares every bin with the file's columns behind the time, and gives the number of empty bins.
fn compare(file: &str, seconds: u64, values: &[&str]) -> usize {
    let parsed = values.iter().map(|text| Value::parse(text).unwrap()).collect();
    let mut resampler = Resampler::new(Duration::from_secs(seconds), parsed).unwrap();
    flows(Some(window(WindowMode::Start))).iter().for_each(|batch| resampler.update(batch).unwrap());
    let series = resampler.finish();
    let empty = series.empty_bins();
    let batches: Vec<RecordBatch> = series.into_batches(100).unwrap().map(Result::unwrap).collect();
    let made = common::whole(&batches);
    let names: Vec<String> = made.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names[0], "time");
    assert_eq!(names[1..], *values);

    let text = std::fs::read_to_string(common::testdata("query").join(file)).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(made.num_rows(), lines.len());
    for (row, line) in lines.iter().enumerate() {
        let time = made.column(0).as_primitive::<TimestampMillisecondType>().value(row);
        assert_eq!(time, line[0].parse::<i64>().unwrap() * 1000);
        for (column, expected) in made.columns().iter().zip(line).skip(1) {
            let found = match column.as_primitive_opt::<Float64Type>() {
                Some(column) => column.iter().nth(row).unwrap(),
                None => column.as_primitive::<Int64Type>().iter().nth(row).unwrap().map(|value| value as f64),
            };
            let expected: Option<f64> = (!expected.is_empty()).then(|| expected.parse().unwrap());
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    assert!(
                        (found - expected).abs() <= 1e-12 * expected.abs(),
                        "{file} {row}: {found} {expected}"
                    );
                }
                (found, expected) => assert_eq!(found, expected, "{file}, row {row}"),
            }
        }
    }
    empty as usize
}
