//! Tables of fields, of `flow-frame`.

use std::io::{Cursor, Read};

use flow_frame::arrow_array::RecordBatch;
use flow_frame::mapped_input::{Input, Options};
use flow_frame::{Kind, Projection, Scan, open_input};

use crate::frame::whole;
use crate::pieces::Pieces;

/// Reading in pieces of any size gives what reading at once gives: the same rows, the same error at the same place, which is
/// the beginning of a line; the accounts balance.
pub fn tshark_csv(data: &[u8]) {
    let Ok(all) = Projection::parse("all") else { unreachable!("a named projection") };
    let scan = Scan::default().with_columns(all).with_batch_rows(1 + data.len() % 300);
    if Kind::sniff(data) != Some(Kind::TsharkCsv) {
        return;
    }
    let whole = read(Cursor::new(data.to_vec()), 1 << 16, &scan);
    let pieces = read(Pieces::new(data, 300), 16 + data.len() % 50, &scan);
    assert_eq!(whole, pieces);
    if let Some((_, Some(at))) = whole.1 {
        let before = data.get(..usize::try_from(at).unwrap_or(usize::MAX));
        let before = before.unwrap_or_else(|| unreachable!("an error behind the end, at {at}"));
        assert!(before.ends_with(b"\n") || before.ends_with(b"\r"), "an error within a line, at {at}");
    }
}

/// All rows; the text of the error and its place, if one came.
type Rows = (Option<RecordBatch>, Option<(String, Option<u64>)>);

fn read(source: impl Read + Send + 'static, buffer: usize, scan: &Scan) -> Rows {
    let options = Options::default().with_buffer_bytes(buffer).with_sniff(false);
    let Ok(input) = Input::from_reader_with(source, &options) else { unreachable!("memory does not fail") };
    let mut reader = match open_input(input, "table", scan) {
        Ok(reader) => reader,
        Err(error) => return (None, Some((error.to_string(), error.offset()))),
    };
    let (mut batches, mut failure) = (Vec::new(), None);
    while let Some(batch) = reader.next_batch() {
        assert!(failure.is_none(), "fused");
        match batch {
            Ok(batch) => batches.push(batch),
            Err(error) => failure = Some((error.to_string(), error.offset())),
        }
    }
    let accounts = reader.accounts();
    assert!(accounts.balance(), "{accounts:?}");
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64, accounts.delivered.rows);
    (whole(&batches), failure)
}
