//! Counts what captures hold: `cargo run --release --example count FILE…`

use std::error::Error;
use std::fs::File;

use pcap_headers::{Options, Reader};

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let mut reader = Reader::new(File::open(&path)?, Options::default());
        let (mut wire_bytes, mut first, mut last) = (0, None, None);
        let mut stopped = None;
        while let Some(packet) = reader.next_packet() {
            match packet {
                Ok(packet) => {
                    wire_bytes += u64::from(packet.wire_len);
                    first = first.or(packet.time_ns);
                    last = packet.time_ns.or(last);
                }
                Err(error) => stopped = Some(error),
            }
        }
        let report = reader.report();
        let (packets, captured) = (report.packets, report.captured_bytes);
        println!("{path}: {packets} packets, {wire_bytes} bytes, {captured} of them captured");
        if let (Some(first), Some(last)) = (first, last) {
            println!("  from {first} to {last} ns");
        }
        for interface in &reader.info().interfaces {
            let name = interface.name.as_deref().unwrap_or("without a name");
            println!(
                "  interface {name}: link type {}, snap length {}",
                interface.link_type.0, interface.snap_len
            );
        }
        for (oddity, count) in report.oddities() {
            println!("  {count} {}", oddity.text());
        }
        if let Some(error) = stopped {
            println!("  then: {error}");
        }
    }
    Ok(())
}
