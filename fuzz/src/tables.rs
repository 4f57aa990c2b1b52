//! Tables of fields, of `flow-frame`.

use std::io::{BufRead, BufReader, Cursor};

use flow_frame::arrow_array::RecordBatch;
use flow_frame::{Projection, Scan, TsharkCsvReader};

use crate::pieces::Pieces;

/// Reading in pieces of any size gives what reading at once gives: the same rows, the same error at the same place, which is
/// the beginning of a line; the accounts balance.
pub fn tshark_csv(data: &[u8]) {
    let Ok(all) = Projection::parse("all") else { unreachable!("a named projection") };
    let scan = Scan::default().with_columns(all).with_batch_rows(1 + data.len() % 300);
    let whole = read(Cursor::new(data.to_vec()), &scan);
    let pieces = read(BufReader::with_capacity(1 + data.len() % 50, Pieces::new(data, 300)), &scan);
    assert_eq!(whole, pieces);
    if let Some((_, Some(at))) = whole.1 {
        let before = data.get(..usize::try_from(at).unwrap_or(usize::MAX));
        let before = before.unwrap_or_else(|| unreachable!("an error behind the end, at {at}"));
        assert!(before.ends_with(b"\n") || before.ends_with(b"\r"), "an error within a line, at {at}");
    }
}

/// All batches; the text of the error and its place, if one came.
type Read = (Vec<RecordBatch>, Option<(String, Option<u64>)>);

fn read(source: impl BufRead + Send + 'static, scan: &Scan) -> Read {
    let mut reader = match TsharkCsvReader::new(source, "table", scan) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some((error.to_string(), error.offset()))),
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
    (batches, failure)
}
