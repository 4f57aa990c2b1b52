//! Shared by the tests of this crate.
#![allow(dead_code, reason = "each test program uses a part")]

use std::path::PathBuf;

use arrow_array::RecordBatch;
use flow_frame::mapped_input::Input;
use flow_frame::{Error, FlowReader, Scan};

/// A file or folder of the top-level `testdata/silk`.
pub(crate) fn testdata(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/silk")).join(name)
}

/// Every way to the bytes of a file: read with the path known, from any reader, and in memory as a map has them.
pub(crate) fn readers(name: &str, scan: &Scan) -> Vec<Result<FlowReader, Error>> {
    let path = testdata(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    let piped = Input::from_reader(std::io::Cursor::new(bytes.clone())).map_err(Error::from);
    vec![
        flow_frame::open(&path, scan),
        piped.and_then(|input| flow_frame::open_input(input, name, scan)),
        flow_frame::open_bytes(bytes, name, scan),
    ]
}

pub(crate) fn read(name: &str, scan: &Scan) -> (Vec<RecordBatch>, Option<Error>, FlowReader) {
    let reader = flow_frame::open(testdata(name), scan).unwrap_or_else(|e| panic!("{e}"));
    drain(reader)
}

/// Every batch, then the error if one came; nothing may follow it.
pub(crate) fn drain(mut reader: FlowReader) -> (Vec<RecordBatch>, Option<Error>, FlowReader) {
    let mut batches = Vec::new();
    let mut error = None;
    while let Some(batch) = reader.next_batch() {
        assert!(error.is_none(), "something follows {error:?}");
        match batch {
            Ok(batch) => batches.push(batch),
            Err(e) => error = Some(e),
        }
    }
    assert!(reader.next_batch().is_none());
    assert!(reader.accounts().balance(), "{:?}", reader.accounts());
    (batches, error, reader)
}

pub(crate) fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// The batches as one.
pub(crate) fn whole(batches: &[RecordBatch]) -> RecordBatch {
    arrow_select::concat::concat_batches(&batches[0].schema(), batches).unwrap()
}
