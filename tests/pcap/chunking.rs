//! However the bytes arrive, the same packets come out.

use std::io::{self, Read};

use pcap_headers::{Class, Options, Parity};

use crate::build::{self, Order};
use crate::support::*;

/// A source that gives little at a time and is interrupted now and then; fails for ever after `fail_at` bytes.
struct Trickle<'a> {
    bytes: &'a [u8],
    most: usize,
    calls: usize,
    fail_at: Option<usize>,
}

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.fail_at == Some(0) {
            return Err(io::Error::other("the disk is gone"));
        }
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = self.most.min(out.len()).min(self.bytes.len()).min(self.fail_at.unwrap_or(usize::MAX));
        out[..n].copy_from_slice(&self.bytes[..n]);
        self.bytes = &self.bytes[n..];
        self.fail_at = self.fail_at.map(|left| left - n);
        Ok(n)
    }
}

fn trickle(bytes: &[u8], most: usize, fail_at: Option<usize>) -> Trickle<'_> {
    Trickle { bytes, most, calls: 0, fail_at }
}

/// Sound and damaged files alike stop at the same place with the same words.
#[test]
fn pieces_of_any_size() {
    for parity in [Parity::Native, Parity::Tshark] {
        let options = Options::default().with_parity(parity);
        for (name, bytes) in captures() {
            let whole = slice(&bytes, &options);
            for size in [1, 2, 3, 7, 64, 4096] {
                assert_same(
                    &push(&bytes, &options, || size),
                    &whole,
                    format_args!("{name}, pieces of {size}"),
                );
                let pulled = pull(trickle(&bytes, size, None), &options);
                assert_same(&pulled, &whole, format_args!("{name}, reads of {size}"));
            }
        }
    }
}

/// A packet and a block larger than the reader's buffer.
#[test]
fn pieces_of_large_packets() {
    let order = Order(false);
    let large: Vec<u8> = (0..900_000u32).map(|i| i as u8).collect();
    let usb = 220;
    let pcap =
        [build::pcap(order, 0xA1B2_C3D4, 0, usb), build::record(order, 1, 2, 900_000, 0, &large)].concat();
    let pcapng = [
        build::section(order, &[]),
        build::interface(order, usb as u16, 0, &[]),
        build::block(order, 0x77, &large),
        build::enhanced(order, 0, 5, 900_000, &large, &[]),
    ]
    .concat();
    for file in [pcap, pcapng] {
        let options = Options::default();
        let whole = slice(&file, &options);
        assert!(whole.error.is_none() && whole.rows.len() == 1 && whole.rows[0].data == large);
        for size in [1000, 300_000] {
            assert_same(&push(&file, &options, || size), &whole, size);
            assert_same(&pull(trickle(&file, size, None), &options), &whole, size);
        }
    }
}

/// The source fails after any number of bytes: what was complete comes out, then one error of the system, then nothing.
#[test]
fn a_source_that_fails() {
    let options = Options::default();
    let order = Order(true);
    let records = (0..5).map(|i| build::record(order, i, i, 40, 0, b"a packet")).collect::<Vec<_>>().concat();
    for file in [
        [build::pcap(order, 0xA1B2_C3D4, 0, 1), records.clone()].concat(),
        [build::pcap(order, 0xA1B2_3C4D, 0, 1), records].concat(),
        build::every_block(order),
    ] {
        for cut in 0..=file.len() {
            let found = pull(trickle(&file, 50, Some(cut)), &options);
            let error = found.error.expect("an error");
            assert_eq!((error.class(), error.offset()), (Class::Io, Some(cut as u64)), "{error}");
            assert_eq!(found.rows, slice(&file[..cut], &options).rows, "cut at {cut}");
        }
    }
}
