//! Every layout, compression and byte order against the reference tool's text, with this crate alone: small enough to
//! run on an emulated machine of another byte order or word length (docs/portability.md).

#![allow(clippy::unwrap_used, reason = "helpers of a test may stop at once")]

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use silk_format::{Block, Column, ColumnBuf, Options, Parity, Reader, Record, Values};

/// The files `NAME-vV-cC-O.dat`; none where only the published package is at hand.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/silk/matrix");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "dat")).collect();
    files.sort();
    files
}

/// Whether this build reads the compression of a file.
fn is_readable(path: &str) -> bool {
    path.contains("-c0-")
        || (path.contains("-c1-") && cfg!(any(feature = "zlib", feature = "libdeflate")))
        || (path.contains("-c2-") && cfg!(feature = "lzo"))
        || (path.contains("-c3-") && cfg!(feature = "snappy"))
}

/// The cells of rwcut's text that are numbers or addresses.
fn cells(record: &Record<'_>) -> [String; 15] {
    let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
    let address = |address: IpAddr| address.to_canonical().to_string();
    [
        address(record.sip()),
        address(record.dip()),
        record.sport().to_string(),
        record.dport().to_string(),
        record.protocol().to_string(),
        record.packets().to_string(),
        record.bytes().to_string(),
        seconds(record.stime_ms()),
        seconds(record.duration_ms().into()),
        seconds(record.etime_ms()),
        record.sensor_id().to_string(),
        record.input().to_string(),
        record.output().to_string(),
        address(record.nhip()),
        record.application().to_string(),
    ]
}

/// The same cells of a row of the text; addresses in one form.
fn expected(row: &str) -> [String; 15] {
    let cells: Vec<&str> = row.split('|').collect();
    [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 18].map(|at| match cells[at].parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => cells[at].to_owned(),
    })
}

/// Columns hold what the views of the same records say.
fn check_columns(block: &Block<'_>) {
    let column = |column| {
        let mut buffer = ColumnBuf::new(column);
        block.read(column, 0..block.len(), None, &mut buffer);
        buffer.values
    };
    let views = || block.records();
    let octets = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    };
    assert_eq!(column(Column::Stime), Values::I64(views().map(|record| record.stime_ms()).collect()));
    assert_eq!(column(Column::Etime), Values::I64(views().map(|record| record.etime_ms()).collect()));
    assert_eq!(column(Column::Packets), Values::U64(views().map(|record| record.packets()).collect()));
    assert_eq!(column(Column::Bytes), Values::U64(views().map(|record| record.bytes()).collect()));
    assert_eq!(column(Column::Sport), Values::U16(views().map(|record| record.sport()).collect()));
    assert_eq!(column(Column::Dport), Values::U16(views().map(|record| record.dport()).collect()));
    assert_eq!(column(Column::Sip), Values::Address(views().map(|record| octets(record.sip())).collect()));
    assert_eq!(column(Column::Dip), Values::Address(views().map(|record| octets(record.dip())).collect()));
}

#[test]
fn every_file_says_what_the_reference_printed() {
    let mut seen = 0;
    for path in files() {
        let name = path.to_str().unwrap();
        if !is_readable(name) {
            continue;
        }
        let (pair, _) = name.rsplit_once("-c").unwrap();
        let text = std::fs::read_to_string(format!("{pair}.rwcut")).unwrap();
        let mut rows = text.lines();
        let options = Options::default().with_parity(Parity::Silk);
        let mut reader = Reader::new(std::fs::File::open(&path).unwrap(), options).unwrap();
        while let Some(block) = reader.next_block() {
            let block = block.unwrap();
            check_columns(&block);
            for record in block.records() {
                assert_eq!(cells(&record), expected(rows.next().unwrap()), "{name}");
            }
        }
        assert_eq!(rows.next(), None, "{name}");
        seen += 1;
    }
    println!("{seen} files");
    assert!(seen == 0 || seen >= 122, "{seen} files of 61 layouts in two byte orders");
}
