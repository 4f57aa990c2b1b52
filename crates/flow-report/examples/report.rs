//! Writes a report of made-up flows: `cargo run -p flow-report --example report -- out [article]`.

use flow_report::{
    Account, Accounts, Bin, ReportData, Series, Source, Style, Summary, TimeRange, Top, TopRow, write_report,
};

fn main() -> flow_report::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().unwrap_or_else(|| "flow-report-example".to_owned());
    let style = if arguments.next().as_deref() == Some("article") { Style::Article } else { Style::Rates };

    // Half an hour of seconds: a slow wave, a burst in the middle, and some seconds of silence.
    let range = TimeRange { start_ms: 1_475_155_339_000, step_ms: 1000, bins: 1800 };
    let bins = (0..range.bins).filter(|second| second % 13 != 0).map(|second| {
        let wave = 40.0 + 30.0 * (second as f64 / 120.0).sin() + (second * 7919 % 101) as f64 / 4.0;
        let burst = if (900..960).contains(&second) { 6.0 } else { 1.0 };
        let flows = 1 + second % 9;
        let packets = (wave * burst) as i128;
        Bin { time_ms: range.time_ms(second), bytes: packets * 871, packets, flows }
    });
    let bins: Vec<Bin> = bins.collect();
    let bytes = bins.iter().map(|bin| bin.bytes).sum();
    let packets = bins.iter().map(|bin| bin.packets).sum();
    let flows = bins.iter().map(|bin| bin.flows).sum();
    let series = Series::from_bins(range, bins)?;

    let row = |key: &str, part: i128| TopRow {
        key: key.to_owned(),
        bytes: bytes / part,
        packets: packets / part,
        flows: flows / part.unsigned_abs() as u64,
    };
    let summary = Summary {
        rows_are: flow_report::RowsAre::Flows,
        inputs: vec![Source { path: "made-up".into(), kind: "example".into(), rows: flows, sha256: None }],
        window: None,
        accounts: Accounts {
            read: Account { rows: flows, bytes, ..Account::default() },
            delivered: Account { rows: flows, bytes, ..Account::default() },
            ..Accounts::default()
        },
        bytes,
        packets,
        flows,
        sip: 212,
        dip: 87,
        protocols: 3,
        first: Some(range.time_ms(1)),
        last: Some(range.time_ms(1799)),
        empty_bins: series.empty_bins(),
        notes: vec!["These flows are made up.".into()],
        top: Top {
            sip_bytes: vec![row("192.0.2.7", 3), row("198.51.100.20", 5), row("2001:db8::8a2e:370:7334", 21)],
            dip_bytes: vec![row("203.0.113.80", 2), row("203.0.113.9", 9)],
            protocol_bytes: vec![row("6", 2), row("17", 3), row("1", 40)],
        },
    };
    for sentence in summary.sentences() {
        println!("{sentence}");
    }
    let written = write_report(dir, &ReportData { summary, series }, style)?;
    println!("{}", written.page.display());
    Ok(())
}
