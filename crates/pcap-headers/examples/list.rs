//! Lists the packets of a capture on standard input, by pushing bytes into the decoder as they come:
//! `tcpdump -w - | cargo run --release --example list`

use std::error::Error;
use std::io::{BufWriter, Read, Write};

use pcap_headers::{Decoder, Options, Packet};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = std::io::stdin().lock();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut decoder = Decoder::new(Options::default());
    let mut piece = vec![0; 64 << 10];
    loop {
        let n = input.read(&mut piece)?;
        let mut rest = piece.get(..n).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        while !rest.is_empty() {
            let taken = decoder.decode(rest)?;
            rest = rest.get(taken..).unwrap_or_default();
            decoder.packet().map_or(Ok(()), |packet| line(&mut out, &packet))?;
        }
        out.flush()?;
    }
    while decoder.flush()? {
        decoder.packet().map_or(Ok(()), |packet| line(&mut out, &packet))?;
    }
    Ok(out.flush()?)
}

fn line(out: &mut impl Write, packet: &Packet<'_>) -> std::io::Result<()> {
    match packet.time_ns {
        Some(ns) => write!(out, "{}.{:09}", ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000))?,
        None => write!(out, "-")?,
    }
    writeln!(out, " {} bytes, link type {}", packet.wire_len, packet.link_type.0)
}
