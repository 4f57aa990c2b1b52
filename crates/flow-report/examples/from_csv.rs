//! Draws any series: `cargo run -p flow-report --example from_csv -- BINS.csv SUMMARY.json STEP_MS > page.html`.
//!
//! `BINS.csv` has a header and lines `start in ms,bytes,packets,flows` in order of time; bins without flows may be
//! left out. `SUMMARY.json` is a `summary.json` as this crate writes it. `STEP_MS` is the length of a bin.

use std::error::Error;
use std::io::{BufRead as _, BufReader};

use flow_report::{Bin, ReportData, SeriesBuilder, Style, Summary, TimeRange, page};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bins, summary, step, style @ ..] = arguments.as_slice() else {
        return Err("usage: from_csv BINS.csv SUMMARY.json STEP_MS [article]".into());
    };
    let summary = Summary::from_json(&std::fs::read_to_string(summary)?)?;
    let (Some(first), Some(last)) = (summary.first, summary.last) else { return Err("no flows".into()) };

    // The lines stream by; what is kept depends on the width of the chart only.
    let mut series = SeriesBuilder::new(TimeRange::covering(first, last, step.parse()?));
    for line in BufReader::new(std::fs::File::open(bins)?).lines().skip(1) {
        let line = line?;
        let fields: Vec<&str> = line.split(',').collect();
        let [time_ms, bytes, packets, flows] = fields.as_slice() else { return Err(line.into()) };
        series.push(Bin {
            time_ms: time_ms.parse()?,
            bytes: bytes.parse()?,
            packets: packets.parse()?,
            flows: flows.parse()?,
        })?;
    }
    let style =
        if style.first().is_some_and(|word| word == "article") { Style::Article } else { Style::Rates };
    print!("{}", page(&ReportData { summary, series: series.finish() }, style));
    Ok(())
}
