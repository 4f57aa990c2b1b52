//! Turns a flow file on standard input into CSV, by pushing bytes into the decoder as they come:
//! `cargo run --release --example to_csv < FILE`

use std::error::Error;
use std::io::{BufWriter, Read, Write};

use silk_format::{Decoder, ErrorKind, Header, Options, Record};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = std::io::stdin().lock();
    let mut out = BufWriter::new(std::io::stdout().lock());
    writeln!(out, "stime_ms,duration_ms,sip,sport,dip,dport,protocol,packets,bytes")?;

    let mut piece = vec![0; 64 << 10];
    let mut bytes = Vec::new();
    let (mut decoder, len) = loop {
        match Header::parse(&bytes) {
            Ok((header, len)) => break (Decoder::new(&header, Options::default())?, len),
            Err(error) => {
                let n = input.read(&mut piece)?;
                if n == 0 || !matches!(error.kind(), ErrorKind::Truncated { .. }) {
                    return Err(error.into());
                }
                bytes.extend(piece.iter().take(n));
            }
        }
    };
    bytes.drain(..len);

    loop {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let taken = decoder.decode(rest)?;
            rest = rest.get(taken..).unwrap_or_default();
            for record in decoder.block().records() {
                line(&mut out, &record)?;
            }
        }
        let n = input.read(&mut piece)?;
        if n == 0 {
            break;
        }
        bytes.clear();
        bytes.extend(piece.iter().take(n));
    }
    out.flush()?;
    Ok(decoder.flush()?)
}

fn line(out: &mut impl Write, r: &Record<'_>) -> std::io::Result<()> {
    writeln!(
        out,
        "{},{},{},{},{},{},{},{},{}",
        r.stime_ms(),
        r.duration_ms(),
        r.sip(),
        r.sport(),
        r.dip(),
        r.dport(),
        r.protocol(),
        r.packets(),
        r.bytes()
    )
}
