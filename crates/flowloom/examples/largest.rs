//! The largest source addresses of flow files, and the files as Parquet: `cargo run --example largest -- FILE…`.
//! Without a file it makes some traffic first.

use flowloom::prelude::*;

fn main() -> Result<()> {
    let mut inputs: Vec<std::path::PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    if inputs.is_empty() {
        let made = std::env::temp_dir().join("flowloom-example.rw");
        let format = GenerateFormat::Silk { invocation: "largest".to_owned() };
        generate(Traffic::new(&TrafficOptions::default())?, Some(&made), &format, |_| {})?;
        inputs.push(made);
    }

    let report = analyse(&inputs, &ReportOptions::default().with_top(5), &mut ())?;
    for row in &report.data.summary.top.sip_bytes {
        println!("{:<40} {:>14} bytes in {} flows", row.key, row.bytes, row.flows);
    }

    let parquet = std::env::temp_dir().join("flowloom-example.parquet");
    let scan = Scan::default().with_columns(Projection::names(["stime", "sip", "dip", "bytes"])?);
    let options =
        ConvertOptions::new(ExitOptions::new(Format::Parquet)).with_scan(scan).with_output(&parquet);
    let reports = convert(&inputs, &options, &mut ())?;
    let rows: u64 = reports.iter().map(InputReport::delivered).sum();
    println!("{rows} rows in {}", parquet.display());
    Ok(())
}
