//! However the bytes arrive, the same records come out.

use std::io::{self, Read};
use std::path::Path;

use silk_format::{Class, Cutter, Decoder, Header, Options};

use crate::build::{self, Numbers};
use crate::support::*;

/// Pushes the data section in pieces and takes every block.
fn push(bytes: &[u8], options: Options, mut piece: impl FnMut() -> usize) -> Outcome {
    let (header, len) = match Header::parse_with(bytes, &options.limits) {
        Ok(parsed) => parsed,
        Err(error) => return Outcome::failed(error),
    };
    let mut decoder = match Decoder::new(&header, options) {
        Ok(decoder) => decoder,
        Err(error) => return Outcome::failed(error),
    };
    let mut flows = Vec::new();
    let mut rest = &bytes[len..];
    while !rest.is_empty() {
        let (mut now, later) = rest.split_at(piece().min(rest.len()));
        rest = later;
        while !now.is_empty() {
            match decoder.decode(now) {
                Ok(taken) => {
                    assert!(taken > 0, "every call consumes something");
                    now = &now[taken..];
                }
                Err(error) => return Outcome { flows, error: Some(error) },
            }
            flows.extend(Turn::Columns.flows(&decoder.block()));
        }
    }
    let error = decoder.flush().err();
    assert!(decoder.block().is_empty());
    Outcome { flows, error }
}

/// A source that gives little at a time and is interrupted now and then; fails for ever after `fail_at` bytes.
struct Trickle<'a> {
    bytes: &'a [u8],
    most: usize,
    numbers: Numbers,
    fail_at: Option<usize>,
}

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.fail_at == Some(0) {
            return Err(io::Error::other("the disk is gone"));
        }
        if self.numbers.below(4) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = 1 + self.numbers.below(self.most);
        let n = most.min(out.len()).min(self.bytes.len()).min(self.fail_at.unwrap_or(usize::MAX));
        out[..n].copy_from_slice(&self.bytes[..n]);
        self.bytes = &self.bytes[n..];
        self.fail_at = self.fail_at.map(|left| left - n);
        Ok(n)
    }
}

fn trickle(bytes: &[u8], most: usize, fail_at: Option<usize>) -> Trickle<'_> {
    Trickle { bytes, most, numbers: Numbers(0x5EED), fail_at }
}

/// Cuts the data section, from memory or from a source, and decodes each piece by itself.
fn cut(
    bytes: &[u8],
    options: Options,
    records: usize,
    most: Option<usize>,
    mut source: Option<Trickle<'_>>,
) -> Outcome {
    let header = match &mut source {
        Some(source) => Header::read(source, &options.limits),
        None => Header::parse_with(bytes, &options.limits).map(|(header, _)| header),
    };
    let cutter = header.and_then(|header| {
        let cutter = Cutter::new(&header, &options, records)?;
        Ok((
            match most {
                Some(most) => cutter.with_most(most),
                None => cutter,
            },
            header,
        ))
    });
    let (mut cutter, header) = match cutter {
        Ok(made) => made,
        Err(error) => return Outcome::failed(error),
    };
    let mut flows = Vec::new();
    loop {
        let piece = match &mut source {
            Some(source) => cutter.next_from(source),
            None => cutter.next_of(bytes),
        };
        let piece = match piece {
            None => return Outcome { flows, error: None },
            Some(Err(error)) => {
                assert!(cutter.next_of(bytes).is_none(), "fused");
                return Outcome { flows, error: Some(error) };
            }
            Some(Ok(piece)) => piece,
        };
        let (piece, bytes) = piece.into_parts();
        let decoder = Decoder::new(&header, options.clone()).unwrap();
        let counted = piece.record_count(&bytes, &decoder);
        let mut blocks = piece.blocks_of(&bytes, decoder);
        let before = flows.len();
        while let Some(block) = blocks.next_block() {
            match block {
                Ok(block) => flows.extend(Turn::Columns.flows(&block)),
                Err(error) => return Outcome { flows, error: Some(error) },
            }
        }
        assert!(counted.is_none_or(|records| records == flows.len() - before));
    }
}

fn assert_same(found: &Outcome, expected: &Outcome, what: &str) {
    assert_flows(&found.flows, &expected.flows, what);
    let message = |outcome: &Outcome| outcome.error.as_ref().map(ToString::to_string);
    assert_eq!(message(found), message(expected), "{what}");
}

fn every_way(bytes: &[u8], options: &Options, sizes: &[usize], what: &str) {
    let whole = slice(bytes, options.clone(), Turn::Columns);
    for &size in sizes {
        let what = format!("{what}, pieces of {size}");
        assert_same(&push(bytes, options.clone(), || size), &whole, &what);
        assert_same(&read_all(trickle(bytes, size, None), options.clone(), Turn::Columns), &whole, &what);
    }
    for (records, most) in [(1, None), (64, None), (8192, None), (64, Some(1)), (8192, Some(700))] {
        let what = format!("{what}, cut to {records} records, {most:?}");
        assert_same(&cut(bytes, options.clone(), records, most, None), &whole, &what);
        let source = trickle(bytes, 4096, None);
        assert_same(&cut(bytes, options.clone(), records, most, Some(source)), &whole, &what);
    }
    let mut numbers = Numbers(7);
    assert_same(
        &push(bytes, options.clone(), || 1 + numbers.below(900)),
        &whole,
        &format!("{what}, random pieces"),
    );
}

/// One layout of each family, and lengths of every alignment, under each compression.
const PAIRS: [&str; 8] = [
    "FT_RWIPV6ROUTING-v1",
    "FT_RWIPV6-v2",
    "FT_RWAUGMENTED-v4",
    "FT_RWSPLIT-v5",
    "FT_RWNOTROUTED-v1",
    "FT_RWFILTER-v5",
    "FT_RWGENERIC-v1",
    "FT_FLOWCAP-v5",
];

#[test]
fn pieces_of_any_size() {
    for pair in PAIRS {
        for compression in 0..4 {
            let name = format!("{pair}-c{compression}-B.dat");
            let path = testdata(&format!("matrix/{name}")).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            every_way(&bytes, &reference_options(&path), &[1, 2, 3, 7, 64, 4096, usize::MAX / 2], &name);
        }
    }
}

/// Several blocks in a file, and pieces that hold several blocks.
#[test]
fn pieces_of_many_blocks() {
    let data = Numbers(11).bytes(24 * 500);
    for compression in 1..4 {
        for block in [24 * 7, 100, 1, 5000] {
            let mut file = build::header(0x12, 5, false, compression, &[]);
            file.extend(build::blocks(compression, &data[..(block * 300).min(data.len())], block));
            every_way(&file, &Options::default(), &[1, 13, 64, 1000, 4096], &format!("blocks of {block}"));
        }
    }
}

/// Damaged files stop at the same place with the same words.
#[test]
fn pieces_of_damaged_files() {
    for (name, path) in files("damaged") {
        let bytes = std::fs::read(&path).unwrap();
        if !bytes.starts_with(&[0x1F, 0x8B]) {
            every_way(&bytes, &reference_options(&path), &[1, 7, 4096], &name);
        }
    }
}

#[test]
fn pieces_of_legacy_files() {
    for folder in ["FT_RWSPLIT-v3-B", "FT_RWFILTER-v2-L", "FT_RWGENERIC-v0-B", "FT_FLOWCAP-v3-L"] {
        for (name, path) in files(&format!("legacy/{folder}")) {
            if !name.ends_with(".gz") {
                every_way(&std::fs::read(&path).unwrap(), &reference_options(&path), &[1, 64], &name);
            }
        }
    }
}

/// The source fails after any number of bytes: what was complete comes out, then one error of the system, then nothing.
#[test]
fn a_source_that_fails() {
    let options = || native_options(Path::new("x"));
    let data = Numbers(3).bytes(24 * 40);
    for compression in 0..4 {
        let mut file = build::header(0x12, 5, true, compression, &[]);
        let start = file.len();
        file.extend(if compression == 0 { data.clone() } else { build::blocks(compression, &data, 24 * 3) });
        let whole = slice(&file, options(), Turn::Columns);
        assert!(whole.error.is_none());
        for cut in 0..=file.len() {
            let outcome = read_all(trickle(&file, 50, Some(cut)), options(), Turn::Columns);
            let error = outcome.error.expect("an error");
            assert_eq!(error.class(), Class::Io, "{error}");
            let complete = match cut.checked_sub(start) {
                None => 0,
                Some(len) if compression == 0 => len / 24,
                Some(len) => slice(&file[..start + len], options(), Turn::Columns).flows.len(),
            };
            assert_flows(
                &outcome.flows,
                &whole.flows[..complete],
                format_args!("c{compression}, cut at {cut}"),
            );
        }
    }
}
