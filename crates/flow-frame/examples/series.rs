//! Prints a time series as CSV: `cargo run --example series -- FILE [A..B]`

use std::time::Duration;

use flow_frame::{Anchors, Error, Projection, Resampler, Scan, Value, Window, WindowMode, text};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        println!("usage: series FILE [A..B]");
        return Ok(());
    };
    let window = arguments.next().map(|text| Window::parse(&text, WindowMode::Start, Anchors::default()));
    let scan = Scan::default()
        .with_columns(Projection::parse("stime,packets,bytes")?)
        .with_window(window.transpose()?);

    let values = vec![Value::parse("sum(bytes)")?, Value::parse("mean(packets)")?];
    let mut resampler = Resampler::new(Duration::from_secs(1), values)?;
    let mut flows = flow_frame::open(&path, &scan)?;
    while let Some(batch) = flows.next_batch() {
        resampler.update(&batch?)?;
    }

    let series = resampler.finish();
    let columns = series.column("bytes").zip(series.column("packets"));
    println!("time,sum(bytes),mean(packets)");
    for bin in series.bins() {
        let Some((bytes, packets)) = columns else { break };
        let mut time = Vec::new();
        text::write_rfc3339_ms(&mut time, bin.start);
        let mean = bin.cell(packets).mean().map_or_else(String::new, |mean| mean.to_string());
        println!("{},{},{mean}", String::from_utf8_lossy(&time), bin.cell(bytes).sum);
    }
    Ok(())
}
