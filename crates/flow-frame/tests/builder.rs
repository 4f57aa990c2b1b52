//! The builder for sources of one's own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt8Type};
use flow_frame::silk_format::{Column, SiteConfig, Values};
use flow_frame::{Class, FLOW_COLUMNS, FlowBatchBuilder, FlowRow, Projection};

#[test]
fn rows_become_every_column() {
    let site =
        SiteConfig::parse(b"sensor 3 S3\nclass all\n sensors S3\n type 2 inweb iw\nend class\n").unwrap();
    let projection = Projection::names(FLOW_COLUMNS.iter().map(|column| column.name)).unwrap();
    let mut builder = FlowBatchBuilder::with_site(&projection, Some(&site));
    let known = FlowRow {
        stime: 1000,
        etime: 1500,
        protocol: 1,
        dport: 0x0301,
        sensor_id: Some(3),
        classtype_id: Some(2),
        attributes: Some(0),
        ..FlowRow::default()
    };
    builder.push(&known).unwrap();
    builder.push(&FlowRow { protocol: 6, sensor_id: Some(9), ..known }).unwrap();
    builder.push(&FlowRow::default()).unwrap();
    let batch = builder.finish().unwrap();
    let validity =
        |name: &str| (0..3).map(|row| batch.column_by_name(name).unwrap().is_valid(row)).collect::<Vec<_>>();
    for (name, expected) in [
        ("stime", [true, true, true]),
        ("icmptype", [true, false, false]),
        ("sensor_id", [true, true, false]),
        ("sensor", [true, false, false]),
        ("type", [true, true, false]),
        ("attributes", [true, true, false]),
        ("memo", [false, false, false]),
    ] {
        assert_eq!(validity(name), expected, "{name}");
    }
    let number = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(0);
    assert_eq!(number("duration"), 500);
    assert_eq!(batch.column_by_name("icmpcode").unwrap().as_primitive::<UInt8Type>().value(0), 1);
    assert!(builder.is_empty());
}

#[test]
fn appended_vectors_are_moved_not_copied() {
    let mut builder = FlowBatchBuilder::new(&Projection::parse("bytes,sip").unwrap());
    let (bytes, sip) = (vec![1u64, 2, 3], vec![[7u8; 16]; 3]);
    let addresses = [bytes.as_ptr() as usize, sip.as_ptr() as usize];
    builder.append(Column::Bytes, Values::U64(bytes), None).unwrap();
    builder.append(Column::Sip, Values::Address(sip), None).unwrap();
    builder.append(Column::Dport, Values::U16(vec![1]), None).unwrap();
    let batch = builder.finish().unwrap();
    let found = [
        batch.column(0).as_primitive::<Int64Type>().values().as_ptr() as usize,
        batch.column(1).as_fixed_size_binary().value_data().as_ptr() as usize,
    ];
    assert_eq!(found, addresses);
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut builder = FlowBatchBuilder::new(&Projection::parse("bytes,memo").unwrap());
    let large = builder.append(Column::Bytes, Values::U64(vec![1 << 63]), None).unwrap_err();
    assert_eq!(large.class(), Class::Limit);
    assert_eq!(
        builder.push(&FlowRow { packets: u64::MAX, ..FlowRow::default() }).unwrap_err().class(),
        Class::Limit
    );
    let wrong = builder.append(Column::Memo, Values::U8(vec![1]), None).unwrap_err();
    assert_eq!(wrong.class(), Class::Usage);
    let bits = builder.append(Column::Memo, Values::U16(vec![1]), Some(&[true, false])).unwrap_err();
    assert_eq!(bits.class(), Class::Usage);
    assert!(builder.is_empty());

    builder.append(Column::Memo, Values::U16(vec![1, 2]), Some(&[true, false])).unwrap();
    builder.append(Column::Bytes, Values::U64(vec![1]), None).unwrap();
    let uneven = builder.finish().unwrap_err();
    assert_eq!(uneven.to_string(), "column \"bytes\" got 1 rows where 2 are needed");

    builder.append(Column::Memo, Values::U16(vec![1, 2]), Some(&[true, false])).unwrap();
    builder.append(Column::Bytes, Values::U64(vec![1, 2]), Some(&[true, false])).unwrap();
    let null = builder.finish().unwrap_err();
    assert_eq!(
        (null.class(), null.to_string().as_str()),
        (Class::Usage, "column \"bytes\" got a null and cannot hold one")
    );
}

#[test]
fn a_null_number_has_no_name() {
    let site = SiteConfig::parse(b"sensor 0 S0\nclass all\n sensors S0\n type 0 in in\nend class\n").unwrap();
    let projection = Projection::parse("sensor,class,type").unwrap();
    let mut builder = FlowBatchBuilder::with_site(&projection, Some(&site));
    builder.push(&FlowRow::default()).unwrap();
    builder.push(&FlowRow { sensor_id: Some(0), classtype_id: Some(0), ..FlowRow::default() }).unwrap();
    let batch = builder.finish().unwrap();
    for column in batch.columns() {
        assert_eq!((column.is_null(0), column.is_null(1)), (true, false));
    }
}

#[test]
fn protocol_58_is_icmp_in_ipv6_flows_only() {
    let mut builder = FlowBatchBuilder::new(&Projection::parse("icmptype").unwrap());
    for (protocol, is_ipv6) in [(1, false), (1, true), (58, false), (58, true), (6, true)] {
        builder.push(&FlowRow { protocol, is_ipv6, ..FlowRow::default() }).unwrap();
    }
    let batch = builder.finish().unwrap();
    let present = (0..5).map(|row| batch.column(0).is_valid(row)).collect::<Vec<_>>();
    assert_eq!(present, [true, true, false, true, false]);
}
