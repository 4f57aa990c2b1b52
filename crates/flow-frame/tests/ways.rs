//! Every way to the bytes of an input (a map is read as memory is) and any number of threads give the same batches,
//! accounts and error, whatever the bytes are.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

mod common;

use std::io::{Cursor, Read};
use std::num::NonZeroUsize;

use arrow_array::RecordBatch;
use flow_frame::mapped_input::{Input, Options};
use flow_frame::silk_format::Compression;
use flow_frame::{Accounts, Class, Error, FlowReader, Projection, Scan};
use proptest::prelude::*;

const FILES: [&str; 7] = [
    "matrix/FT_RWIPV6ROUTING-v1-c0-L.dat",
    "matrix/FT_RWIPV6ROUTING-v3-c3-B.dat",
    "matrix/FT_RWSPLIT-v5-c1-L.dat",
    "matrix/FT_RWGENERIC-v5-c2-B.dat",
    "matrix/FT_FLOWCAP-v6-c0-B.dat",
    "matrix/FT_RWWWW-v5-c0-L.dat",
    "damaged/76-two.gz",
];

/// Gives a byte at a time, as a slow pipe may.
struct Dribble(Cursor<Vec<u8>>);

impl Read for Dribble {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let one = out.len().min(1);
        self.0.read(&mut out[..one])
    }
}

fn every_way(bytes: &[u8], scan: &Scan) -> Vec<(&'static str, Result<FlowReader, Error>)> {
    let open =
        |input: Result<Input, Error>| input.and_then(|input| flow_frame::open_input(input, "input", scan));
    let dribble = || Dribble(Cursor::new(bytes.to_vec()));
    vec![
        ("memory", flow_frame::open_bytes(bytes.to_vec(), "input", scan)),
        ("reader", open(Input::from_reader(Cursor::new(bytes.to_vec())).map_err(Error::from))),
        ("dribble", open(Input::from_reader(dribble()).map_err(Error::from))),
        (
            "small buffers",
            open(
                Input::from_reader_with(dribble(), &Options::default().with_buffer_bytes(16))
                    .map_err(Error::from),
            ),
        ),
    ]
}

/// What came of it: batches, accounts, and class and place of the error.
#[derive(Debug, PartialEq)]
struct Outcome {
    batches: Vec<RecordBatch>,
    accounts: Option<Accounts>,
    error: Option<(Class, Option<u64>)>,
}

fn outcome(reader: Result<FlowReader, Error>) -> Outcome {
    let told = |error: Error| (error.class(), error.offset());
    match reader {
        Err(error) => Outcome { batches: Vec::new(), accounts: None, error: Some(told(error)) },
        Ok(reader) => {
            let (batches, error, reader) = common::drain(reader);
            Outcome { batches, accounts: Some(*reader.accounts()), error: error.map(told) }
        }
    }
}

fn check(bytes: &[u8], scan: &Scan) -> Result<(), TestCaseError> {
    let mut ways = every_way(bytes, scan).into_iter().map(|(way, reader)| (way, outcome(reader)));
    let (_, first) = ways.next().unwrap();
    for (way, other) in ways {
        prop_assert_eq!(&first, &other, "{}", way);
    }
    for threads in [2, 3] {
        let scan = scan.clone().with_threads(NonZeroUsize::new(threads).unwrap());
        for (way, reader) in every_way(bytes, &scan).into_iter().take(2) {
            prop_assert_eq!(&first, &outcome(reader), "{} threads, {}", threads, way);
        }
    }
    Ok(())
}

#[test]
fn whole_files() {
    for name in FILES {
        check(&std::fs::read(common::testdata(name)).unwrap(), &Scan::default()).unwrap();
    }
}

/// Without sniffing, nobody has looked at the first bytes before.
#[test]
fn the_first_bytes_may_come_one_by_one() {
    let bytes = std::fs::read(common::testdata(FILES[0])).unwrap();
    let options = Options::default().with_sniff(false);
    let input = Input::from_reader_with(Dribble(Cursor::new(bytes)), &options).unwrap();
    let (batches, error, _) = common::drain(flow_frame::open_input(input, "pipe", &Scan::default()).unwrap());
    assert!(error.is_none() && common::rows(&batches) > 0);
}

/// Uncompressed records are decoded batch by batch, whatever the batch; compressed ones block by block.
#[test]
fn no_batch_is_made_before_it_is_asked_for() {
    for name in FILES {
        let bytes = std::fs::read(common::testdata(name)).unwrap();
        for (way, reader) in every_way(&bytes, &Scan::default().with_batch_rows(1)) {
            let mut reader = reader.unwrap();
            let compressed = reader.source().silk.as_ref().unwrap().compression() != Compression::NONE;
            for rows in 1..5 {
                assert_eq!(reader.next_batch().unwrap().unwrap().num_rows(), 1);
                let read = reader.accounts().delivered.rows;
                assert!(if compressed { read >= rows } else { read == rows }, "{name}, {way}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 150 } else { 2000 }))]

    #[test]
    fn damaged_files(
        file in 0..FILES.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 0..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        batch_rows in 1usize..300,
        columns in prop::sample::select(vec!["all", "stime", "bytes,packets"]),
    ) {
        let mut bytes = std::fs::read(common::testdata(FILES[file])).unwrap();
        for (at, value, early) in changes {
            let len = if early { bytes.len().min(200) } else { bytes.len() };
            let at = at.index(len);
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let columns = Projection::parse(columns).unwrap();
        check(&bytes, &Scan::default().with_columns(columns).with_batch_rows(batch_rows))?;
    }
}
