//! Batches → flow records: what a file's rows are as columns, they are as records again.

#![cfg(feature = "write")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at the first surprise")]

mod common;

use std::net::IpAddr;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, UInt8Array};
use flow_frame::{Class, ErrorKind, FlowBatchBuilder, FlowRow, Projection, Scan, silk_rows};
use silk_format::{ErrorKind as SilkError, FlowRecord, Options, Reader};

#[test]
fn every_layouts_rows_come_back() {
    for format in silk_format::formats() {
        let name = format!("matrix/{}-v{}-c0-L.dat", format.id.name().unwrap(), format.version);
        let path = common::testdata(&name);
        let file = std::fs::read(&path).unwrap();
        let mut reader = Reader::new(&file[..], Options::default()).unwrap();
        let mut expected = Vec::new();
        while let Some(block) = reader.next_block() {
            expected.extend(block.unwrap().records().map(FlowRecord::from));
        }
        let mut found: Vec<FlowRecord> = Vec::new();
        let mut flows = flow_frame::open(&path, &Scan::default().with_batch_rows(50)).unwrap();
        while let Some(batch) = flows.next_batch() {
            found.extend(silk_rows(&batch.unwrap()).unwrap().map(Result::unwrap));
        }
        assert_eq!(found.len(), expected.len(), "{name}");
        for (row, (found, mut expected)) in found.iter().zip(expected).enumerate() {
            // Without the bit 0x01 the stored flags mean nothing, and the columns say so.
            if expected.attributes & 1 == 0 {
                (expected.initial_tcpflags, expected.session_tcpflags) = (0, 0);
            }
            assert_eq!(*found, expected, "{name}: row {row}");
        }
    }
}

fn batch(fields: &[&str], rows: &[FlowRow]) -> RecordBatch {
    let mut builder = FlowBatchBuilder::new(&Projection::parse(&fields.join(",")).unwrap());
    rows.iter().for_each(|row| builder.push(row).unwrap());
    builder.finish().unwrap()
}

const NEEDED: [&str; 7] = ["stime", "etime", "sip", "dip", "protocol", "packets", "bytes"];

fn v4(last: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, last]
}

fn row() -> FlowRow {
    FlowRow {
        stime: 5,
        etime: 12,
        sip: v4(1),
        dip: v4(2),
        protocol: 17,
        packets: 3,
        bytes: 90,
        ..FlowRow::default()
    }
}

#[test]
fn what_is_missing_is_what_silk_says_where_it_does_not_know() {
    let made: Vec<_> = silk_rows(&batch(&NEEDED, &[row()])).unwrap().map(Result::unwrap).collect();
    let mut expected = FlowRecord::default();
    (expected.sip, expected.dip) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
    (expected.stime_ms, expected.duration_ms) = (5, 7);
    (expected.protocol, expected.packets, expected.bytes) = (17, 3, 90);
    assert_eq!(made, [expected]);
    // All columns, all null where they can be.
    let all = batch(&["all"], &[row()]);
    assert_eq!(silk_rows(&all).unwrap().map(Result::unwrap).collect::<Vec<_>>(), [expected]);
}

#[test]
fn addresses_and_flags_decide_what_a_row_is() {
    let v6 = [0x20, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let rows = [
        FlowRow { is_ipv6: true, ..row() },
        FlowRow { sip: v6, ..row() },
        FlowRow { nhip: Some([0; 16]), ..row() },
        FlowRow { initial_tcpflags: Some(2), attributes: Some(0x18), ..row() },
        FlowRow { attributes: Some(0x19), ..row() },
    ];
    let made: Vec<_> = silk_rows(&batch(&["all"], &rows)).unwrap().map(Result::unwrap).collect();
    let text = |address: IpAddr| address.to_string();
    assert_eq!((text(made[0].sip), text(made[0].nhip)), ("::ffff:10.0.0.1".to_owned(), "::".to_owned()));
    assert_eq!(
        (text(made[1].sip), text(made[1].dip)),
        ("2001:db8::1".to_owned(), "::ffff:10.0.0.2".to_owned())
    );
    assert_eq!(text(made[2].nhip), "0.0.0.0");
    assert_eq!((made[3].attributes, made[3].initial_tcpflags), (0x19, 2));
    assert_eq!(made[4].attributes, 0x18);
}

#[test]
fn columns_that_are_needed_and_their_types() {
    for missing in NEEDED {
        let fields: Vec<&str> = NEEDED.into_iter().filter(|name| *name != missing).collect();
        let error = silk_rows(&batch(&fields, &[row()])).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MissingColumn { name } if name == missing), "{error}");
        assert_eq!(error.class(), Class::Usage);
    }
    let with = |name: &str, column: ArrayRef| {
        let batch = batch(&NEEDED, &[row()]);
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, old)| {
            let column = if field.name() == name { &column } else { old };
            (field.name().clone(), Arc::clone(column), true)
        });
        RecordBatch::try_from_iter_with_nullable(columns.collect::<Vec<_>>()).unwrap()
    };
    let wrong = with("packets", Arc::new(Int32Array::from(vec![1])));
    assert!(matches!(silk_rows(&wrong).unwrap_err().kind(), ErrorKind::ColumnType { .. }));
    let null = with("protocol", Arc::new(UInt8Array::from(vec![None::<u8>])));
    assert!(null.column_by_name("protocol").unwrap().is_null(0));
    assert_eq!(silk_rows(&null).unwrap_err().class(), Class::Usage);
    let negative = with("bytes", Arc::new(Int64Array::from(vec![-1])));
    let error = silk_rows(&negative).unwrap().next().unwrap().unwrap_err();
    assert_eq!(error.class(), Class::Limit);
    let ErrorKind::Silk(silk) = error.kind() else { panic!("{error}") };
    let SilkError::Refused(refusal) = silk.kind() else { panic!("{error}") };
    assert_eq!((refusal.record, refusal.field, refusal.value), (1, "bytes", -1));
}

#[test]
fn a_duration_that_silk_cannot_say_is_refused_and_the_next_row_follows() {
    let rows = [FlowRow { etime: 4, ..row() }, FlowRow { etime: 5 + (1 << 32), ..row() }, row()];
    let batch = batch(&NEEDED, &rows);
    let made: Vec<_> = silk_rows(&batch).unwrap().collect();
    assert_eq!(made.len(), 3);
    for (i, error) in made[..2].iter().map(|row| row.as_ref().unwrap_err()).enumerate() {
        assert!(error.to_string().contains(&format!("record {}: duration", i + 1)), "{error}");
    }
    assert_eq!(made[2].as_ref().unwrap().duration_ms, 7);
}
