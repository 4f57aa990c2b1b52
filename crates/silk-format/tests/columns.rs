//! Columns read together against the views of the same records: any bytes as records of every layout, any choice of
//! columns, any cut of the rows into blocks.

#![allow(clippy::unwrap_used, reason = "helpers of a test may stop at once")]

use std::net::IpAddr;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use silk_format::{
    Block, Blocks, Column, ColumnBuf, FlowFormat, Header, Options, Parity, Reader, Record, Values,
};

/// The headers of uncompressed files of all layouts in both byte orders; none where only the package is at hand.
fn headers() -> &'static [Vec<u8>] {
    static HEADERS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    HEADERS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/silk/matrix");
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = paths.filter(|path| path.to_str().unwrap().contains("-c0-")).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "dat"));
        files.sort();
        let header = |path| {
            let mut file = std::fs::read(path).unwrap();
            file.truncate(Header::parse(&file).unwrap().1);
            file
        };
        files.into_iter().map(header).collect()
    })
}

/// A value as a number, and whether it is present, as the documentation of [`Column`] says.
fn cell(record: &Record<'_>, column: Column) -> (u128, bool) {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let signed = |ms: i64| u128::from(ms.cast_unsigned());
    let value = match column {
        Column::Stime => signed(record.stime_ms()),
        Column::Etime => signed(record.etime_ms()),
        Column::Duration => record.duration_ms().into(),
        Column::Sip => octets(record.sip()),
        Column::Dip => octets(record.dip()),
        Column::Nhip => octets(record.nhip()),
        Column::IsIpv6 => record.is_ipv6().into(),
        Column::Sport => record.sport().into(),
        Column::Dport => record.dport().into(),
        Column::Protocol => record.protocol().into(),
        Column::Packets => record.packets().into(),
        Column::Bytes => record.bytes().into(),
        Column::Tcpflags => record.tcpflags().into(),
        Column::InitialTcpflags => record.initial_tcpflags().into(),
        Column::SessionTcpflags => record.session_tcpflags().into(),
        Column::Attributes => record.attributes().into(),
        Column::Application => record.application().into(),
        Column::SensorId => record.sensor_id().into(),
        Column::ClasstypeId => record.classtype_id().into(),
        Column::Input => record.input().into(),
        Column::Output => record.output().into(),
        Column::Icmptype => (record.dport() >> 8).into(),
        Column::Icmpcode => (record.dport() & 0xFF).into(),
        Column::Memo => record.memo().into(),
    };
    let present = match column {
        Column::InitialTcpflags | Column::SessionTcpflags => record.has_separate_flags(),
        Column::SensorId => record.sensor_id() != u16::MAX,
        Column::ClasstypeId => record.classtype_id() != u8::MAX,
        Column::Icmptype | Column::Icmpcode => record.is_icmp(),
        // All rows or none: the layout decides.
        _ => true,
    };
    (value, present)
}

fn value(values: &Values, row: usize) -> u128 {
    match values {
        Values::I64(v) => v[row].cast_unsigned().into(),
        Values::U64(v) => v[row].into(),
        Values::U32(v) => v[row].into(),
        Values::U16(v) => v[row].into(),
        Values::U8(v) => v[row].into(),
        Values::Address(v) => u128::from_be_bytes(v[row]),
        Values::Bool(v) => v.get(row).unwrap().into(),
    }
}

/// Bytes that now and then are what repairs look for: ports of 0, protocols 1, 6 and 58, attributes of few bits.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    const LIKELY: [u8; 8] = [0, 0, 0, 1, 6, 58, 0x81, 255];
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..len)
        .map(|_| match next() {
            word if word & 0x300 != 0 => LIKELY[(word & 7) as usize],
            word => (word >> 24) as u8,
        })
        .collect()
}

fn check(block: Block<'_>, cuts: &[usize], columns: &[Column]) -> Result<(), TestCaseError> {
    let mut bufs: Vec<_> = columns.iter().map(|column| (*column, ColumnBuf::new(*column))).collect();
    let mut from = 0;
    for to in cuts.iter().copied().chain([usize::MAX]) {
        let to = to.clamp(from, block.len());
        block.slice(from..to).read_columns(&mut bufs);
        from = to;
    }
    for (column, together) in &bufs {
        prop_assert_eq!(together.len(), block.len());
        let mut alone = ColumnBuf::new(*column);
        block.read(*column, 0..block.len(), None, &mut alone);
        prop_assert_eq!(&alone, together, "{}: alone and with others", column.name());
        let is_by_record = [
            Column::InitialTcpflags,
            Column::SessionTcpflags,
            Column::SensorId,
            Column::ClasstypeId,
            Column::Icmptype,
            Column::Icmpcode,
        ];
        for (row, record) in block.records().enumerate() {
            let (expected, present) = cell(&record, *column);
            prop_assert_eq!(value(&together.values, row), expected, "{} of row {}", column.name(), row);
            if is_by_record.contains(column) {
                prop_assert_eq!(
                    together.validity.is_present(row),
                    present,
                    "{} of row {}",
                    column.name(),
                    row
                );
            }
        }
    }
    Ok(())
}

/// A file of so many records from a seed.
fn file(header: &[u8], seed: u64, rows: usize, clean: bool) -> Vec<u8> {
    let facts = Header::parse(header).unwrap().0;
    let len = FlowFormat::find(facts.format(), facts.record_version()).unwrap().record_len;
    let records = bytes(seed, rows * len);
    // Records of equal bytes hold nothing to repair.
    [header, &if clean { vec![7; records.len()] } else { records }].concat()
}

fn check_file(
    file: &[u8],
    options: Options,
    cuts: &[usize],
    columns: &[Column],
) -> Result<usize, TestCaseError> {
    let mut reader = Reader::new(file, options).unwrap();
    let mut rows = 0;
    while let Some(block) = reader.next_block() {
        let block = block.unwrap();
        rows += block.len();
        check(block, cuts, columns)?;
    }
    Ok(rows)
}

#[test]
fn many_records_at_once_are_read_alike() {
    for header in headers().iter().step_by(17) {
        let file = file(header, 7, 20_000, false);
        let facts = Header::parse(&file).unwrap().0;
        let mut rows = 0;
        let mut blocks = Blocks::new(&facts, Options::default(), &file[header.len()..]).unwrap();
        while let Some(block) = blocks.next_block() {
            let block = block.unwrap();
            // The longest blocks that there are.
            assert!(block.len() > 8192);
            rows += block.len();
            check(block, &[], &Column::ALL).unwrap();
        }
        assert_eq!(rows, 20_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn columns_say_what_records_say(
        seed in any::<u64>(),
        rows in 0usize..1000,
        cuts in proptest::collection::vec(0usize..1000, 0..3),
        choice in proptest::sample::subsequence(Column::ALL.to_vec(), 1..=Column::ALL.len()),
        silk in any::<bool>(),
        clean in any::<bool>(),
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        for header in headers() {
            let options = Options::default().with_parity(if silk { Parity::Silk } else { Parity::Native });
            let file = file(header, seed, rows, clean);
            prop_assert_eq!(check_file(&file, options, &cuts, &choice)?, rows);
        }
    }
}
