//! The reference's half hour of flows, for all tests.
#![allow(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "the reference is as it is, or the test fails")]

use std::path::PathBuf;

use flow_report::{
    Account, Accounts, Bin, ReportData, Series, Source, Summary, TimeRange, Top, TopRow, Window,
};
use serde_json::Value;

/// A file of `testdata/silk/query`; none in a packaged crate, which does not carry it.
pub(crate) fn reference(name: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/silk/query")).join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("left out: {name} of testdata is not here");
    }
    text
}

/// One line of `resample-1s.csv`, computed with pandas.
pub(crate) struct Line {
    pub(crate) time_ms: i64,
    pub(crate) bytes_mean: Option<f64>,
    pub(crate) packets_mean: Option<f64>,
    pub(crate) bytes_sum: i128,
    pub(crate) flows: u64,
}

pub(crate) fn lines() -> Option<Vec<Line>> {
    let text = reference("resample-1s.csv")?;
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        Line {
            time_ms: fields[0].parse::<i64>().unwrap() * 1000,
            bytes_mean: fields[1].parse().ok(),
            packets_mean: fields[2].parse().ok(),
            bytes_sum: fields[3].parse().unwrap(),
            flows: fields[4].parse().unwrap(),
        }
    };
    Some(text.lines().skip(1).map(line).collect())
}

pub(crate) fn bins(lines: &[Line]) -> impl Iterator<Item = Bin> + '_ {
    lines.iter().filter(|line| line.flows > 0).map(|line| Bin {
        time_ms: line.time_ms,
        bytes: line.bytes_sum,
        packets: (line.packets_mean.unwrap() * line.flows as f64).round() as i128,
        flows: line.flows,
    })
}

/// 2016-09-29 13:22:19.853 and 13:52:18.710, the reference's first and last flow start.
pub(crate) const FIRST: i64 = 1_475_155_339_853;
pub(crate) const LAST: i64 = 1_475_157_138_710;

/// The report of the reference's numbers.
pub(crate) fn report() -> Option<ReportData> {
    let expected: Value = serde_json::from_str(&reference("summary.json")?).unwrap();
    let lines = lines()?;
    let range = TimeRange::covering(FIRST, LAST, 1000);
    let series = Series::from_bins(range, bins(&lines)).unwrap();
    let number = |key: &str| expected[key].as_u64().unwrap();
    let rows = expected["top_sip_bytes"].as_array().unwrap().iter().map(|row| TopRow {
        key: row["key"].as_str().unwrap().to_owned(),
        bytes: row["bytes"].as_u64().unwrap().into(),
        packets: row["packets"].as_u64().unwrap().into(),
        flows: row["flows"].as_u64().unwrap(),
    });
    let rows: Vec<TopRow> = rows.collect();
    let account = |rows| Account { rows, ..Account::default() };
    let bytes = i128::from(number("bytes"));
    let summary = Summary {
        rows_are: flow_report::RowsAre::Flows,
        inputs: vec![Source {
            path: "query.rwf".into(),
            kind: "FT_RWIPV6ROUTING v1".into(),
            rows: number("rows_in"),
            sha256: Some("00ff".repeat(16)),
        }],
        window: Some(Window {
            start: Some(1_475_155_339_625_972_000),
            end: Some(1_475_157_139_625_972_000),
            mode: "start".into(),
        }),
        accounts: Accounts {
            read: Account { bytes, ..account(number("rows_in")) },
            delivered: Account { bytes, ..account(number("rows_window")) },
            filtered: account(number("rows_in") - number("rows_window")),
            ..Accounts::default()
        },
        bytes,
        packets: number("packets").into(),
        flows: number("rows_window"),
        sip: number("sip"),
        dip: number("dip"),
        protocols: number("protocols"),
        first: Some(FIRST),
        last: Some(LAST),
        empty_bins: series.empty_bins(),
        notes: vec!["A note.".into()],
        top: Top {
            protocol_bytes: vec![TopRow { key: "6".into(), ..rows[0].clone() }],
            dip_bytes: rows[..3].to_vec(),
            sip_bytes: rows,
        },
    };
    Some(ReportData { summary, series })
}
