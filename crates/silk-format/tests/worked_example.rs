//! The examples that the specification works out by hand (8.14, 12.5); they need no test data.

use std::net::{IpAddr, Ipv4Addr};

use silk_format::{Blocks, ByteOrder, Column, Compression, FormatId, Header, Options, Parity, Records};

/// 12.5, with another format, byte order and record size.
fn header(format: u8, version: u8, record_size: u8, big_endian: bool) -> Vec<u8> {
    let mut out = vec![0xDE, 0xAD, 0xBE, 0xEF, u8::from(big_endian), format, 0x10, 0x00];
    out.extend([0x00, 0x2E, 0x10, 0xF9, 0x00, record_size, 0x00, version]);
    out.extend([
        0, 0, 0, 1, 0, 0, 0, 0x18, 0x00, 0x00, 0x01, 0x1F, 0x6C, 0x13, 0x06, 0x00, 0, 0, 0, 0, 0, 0, 0, 3,
    ]);
    out.extend([0, 0, 0, 0, 0, 0, 0, 8]);
    out
}

#[test]
fn the_minimal_file() {
    let file = header(0x12, 5, 24, false);
    let (header, len) = Header::parse(&file).unwrap();
    assert_eq!((len, header.len()), (48, 48));
    assert_eq!((header.format(), header.record_version()), (FormatId::RWSPLIT, 5));
    assert_eq!((header.byte_order(), header.compression()), (ByteOrder::Little, Compression::NONE));
    assert_eq!((header.silk_release(), header.record_size()), (3_019_001, 24));
    assert_eq!(header.packed_file(), Some((1_234_468_800_000, 0, 3)));
    assert_eq!(Records::new(&header, &file[len..]).unwrap().count(), 0);
}

#[test]
fn the_worked_record() {
    let little = [
        0xA3, 0x94, 0xB4, 0xB4, 0x01, 0x00, 0x40, 0x79, 0xFF, 0xFF, 0x4F, 0x1A, 0x71, 0x50, 0xBB, 0x01, 0xBB,
        0x01, 0x5F, 0x03, 0xF9, 0xD1, 0xA1, 0x57, 0xAC, 0xB4, 0xCE, 0x04,
    ];
    let big = [
        0xB4, 0xB4, 0x94, 0xA3, 0x79, 0x40, 0x00, 0x01, 0x1A, 0x4F, 0xFF, 0xFF, 0x71, 0x50, 0x01, 0xBB, 0x01,
        0xBB, 0x03, 0x5F, 0x57, 0xA1, 0xD1, 0xF9, 0x04, 0xCE, 0xB4, 0xAC,
    ];
    for (big_endian, record) in [(false, little), (true, big)] {
        let mut file = header(0x14, 4, 28, big_endian);
        file.extend(record);
        let (header, len) = Header::parse(&file).unwrap();
        for parity in [Parity::Native, Parity::Silk] {
            let options = Options::default().with_parity(parity);
            let mut blocks = Blocks::new(&header, options, &file[len..]).unwrap();
            let block = blocks.next_block().unwrap().unwrap();
            let r = block.record(0).unwrap();
            assert_eq!(
                (r.stime_ms(), r.etime_ms(), r.duration_ms()),
                (1_234_471_760_677, 1_234_471_760_678, 1)
            );
            assert_eq!((r.packets(), r.bytes()), (1_048_575, 2_742_629_832));
            assert_eq!((r.protocol(), r.sport(), r.dport(), r.application()), (6, 443, 863, 443));
            assert_eq!((r.tcpflags(), r.initial_tcpflags(), r.session_tcpflags()), (0x5A, 0x1A, 0x50));
            assert_eq!((r.attributes(), r.has_separate_flags()), (0x71, true));
            assert_eq!(r.sip(), IpAddr::V4(Ipv4Addr::new(87, 161, 209, 249)));
            assert_eq!(r.dip(), IpAddr::V4(Ipv4Addr::new(4, 206, 180, 172)));
            assert_eq!(r.nhip(), IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            assert_eq!((r.sensor_id(), r.classtype_id(), r.input(), r.output()), (3, 0, 0, 0));
            assert_eq!(r.raw(), record);
            assert!(!r.is_ipv6() && !r.is_icmp());
        }
    }
}

/// Every column has a name of its own, and stands at its own place in the table.
#[test]
fn the_table_of_columns() {
    for (i, column) in Column::ALL.into_iter().enumerate() {
        assert_eq!(column as usize, i);
        assert_eq!(Column::ALL.iter().filter(|other| other.name() == column.name()).count(), 1);
    }
}
