//! Counts what flow files hold: `cargo run --release --example count FILE…`

use std::error::Error;
use std::fs::File;

use silk_format::{Column, ColumnBuf, Options, Reader, Values};

fn main() -> Result<(), Box<dyn Error>> {
    let mut buf = [Column::Packets, Column::Bytes].map(|column| (column, ColumnBuf::new(column)));
    for path in std::env::args().skip(1) {
        let options = Options::default().with_file_name(path.as_str());
        let mut reader = Reader::new(File::open(&path)?, options)?;
        let header = reader.header();
        let what =
            format!("{} version {}, {}", header.format(), header.record_version(), header.compression());

        let (mut rows, mut sums) = (0, [0u64; 2]);
        while let Some(block) = reader.next_block() {
            let block = block?;
            rows += block.len();
            for ((column, buf), sum) in buf.iter_mut().zip(&mut sums) {
                buf.clear();
                block.read(*column, 0..block.len(), None, buf);
                if let Values::U64(values) = &buf.values {
                    *sum = values.iter().fold(*sum, |sum, value| sum.saturating_add(*value));
                }
            }
        }
        println!("{path}: {what}: {rows} records, {} packets, {} bytes", sums[0], sums[1]);
    }
    Ok(())
}
