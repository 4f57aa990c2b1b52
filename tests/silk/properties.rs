//! Any bytes are records: columns, views and the oracle agree. What the writer writes comes back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use silk_format::{
    ByteOrder, Entry, FlowRecord, Header, IcmpRepair, Options, Parity, Reader, Records, Writer, WriterOptions,
};

use crate::build;
use crate::oracle::{self, Manner};
use crate::support::*;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(24))]

    /// All 61 pairs and both orders over the same bytes.
    #[test]
    fn any_bytes_are_records(
        data in proptest::collection::vec(prop_oneof![Just(0u8), Just(0xFF), Just(6), any::<u8>()], 0..700),
        packed in proptest::option::of((any::<i64>(), any::<u32>(), any::<u32>())),
        repair in any::<bool>(),
    ) {
        let entries: Vec<_> = packed.map(|(base, flowtype, sensor)| build::packed_file(base, flowtype, sensor))
            .into_iter().collect();
        for (format, version) in build::pairs() {
            for big_endian in [false, true] {
                let mut file = build::header(format, version, big_endian, 0, &entries);
                file.extend(&data);
                for parity in [Parity::Native, Parity::Silk] {
                    let options = Options::default()
                        .with_parity(parity)
                        .with_icmp_repair(if repair { IcmpRepair::On } else { IcmpRepair::Off });
                    let manner = Manner { as_reference: parity == Parity::Silk, icmp_repair: repair };
                    let (expected, stopped) = oracle::decode(&file, "x", manner);
                    let what = format!("{format:#04x} v{version} big={big_endian} {parity:?}");
                    let columns = slice(&file, options.clone(), Turn::Columns);
                    prop_assert_eq!(columns.error.is_some(), stopped.is_some());
                    assert_flows(&columns.flows, &expected, &what);
                    let records = slice(&file, options.clone(), Turn::Records);
                    let expected: Vec<_> = expected.iter().map(as_record).collect();
                    assert_flows(&records.flows, &expected, &what);
                    let (header, len) = Header::parse(&file).unwrap();
                    let views: Vec<_> = Records::with_options(&header, &options, &file[len..])
                        .unwrap().filter_map(Result::ok).map(|record| from_record(&record)).collect();
                    assert_flows(&views, &expected, &what);
                }
            }
        }
    }

    /// Any bytes at all: both faces end, and agree.
    #[test]
    fn any_bytes_are_a_file(mut file in proptest::collection::vec(any::<u8>(), 0..400), format in 0usize..61) {
        let (format, version) = build::pairs()[format];
        let start = build::header(format, version, false, file.first().map_or(0, |b| b % 4), &[]);
        let n = file.len().min(16);
        file[..n].copy_from_slice(&start[..n]);
        let whole = slice(&file, Options::default(), Turn::Records);
        let pulled = read_all(&file[..], Options::default(), Turn::Records);
        assert_flows(&pulled.flows, &whole.flows, "read");
        prop_assert_eq!(pulled.error.map(|e| e.to_string()), whole.error.map(|e| e.to_string()));
    }
}

fn address() -> impl Strategy<Value = (IpAddr, IpAddr, IpAddr)> {
    let v4 = || any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits)));
    let v6 = || {
        prop_oneof![
            any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
            any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from(bits).to_ipv6_mapped())),
        ]
    };
    prop_oneof![(v4(), v4(), v4()), (v6(), v6(), v6())]
}

prop_compose! {
    fn flow_record()(
        (sip, dip, nhip) in address(),
        (sport, dport, protocol) in (any::<u16>(), any::<u16>(), any::<u8>()),
        (packets, bytes) in (any::<u32>(), any::<u32>()),
        (stime_ms, duration_ms) in (any::<i64>(), any::<u32>()),
        (tcpflags, initial, session, attributes) in (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>()),
        (application, memo, sensor_id, classtype_id) in (any::<u16>(), any::<u16>(), any::<u16>(), any::<u8>()),
        (input, output) in (any::<u16>(), any::<u16>()),
    ) -> FlowRecord {
        let mut r = FlowRecord::default();
        (r.sip, r.dip, r.nhip) = (sip, dip, nhip);
        (r.sport, r.dport, r.protocol) = (sport, dport, protocol);
        (r.packets, r.bytes) = (packets.into(), bytes.into());
        (r.stime_ms, r.duration_ms) = (stime_ms, duration_ms);
        r.tcpflags = tcpflags;
        (r.application, r.memo, r.sensor_id, r.classtype_id) = (application, memo, sensor_id, classtype_id);
        (r.input, r.output) = (input.into(), output.into());
        r.attributes = attributes & 0x79;
        (r.initial_tcpflags, r.session_tcpflags) = (initial, session);
        // The fix-up X1 of the layout's readers would clear a stale bit 0x01.
        if r.attributes & 1 != 0 && (protocol != 6 || initial | session == 0) {
            r.attributes &= !1;
        }
        r
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn what_is_written_comes_back(
        records in proptest::collection::vec(flow_record(), 0..30),
        lines in proptest::collection::vec("[ -~]{0,40}", 0..3),
        big_endian in any::<bool>(),
    ) {
        let mut options = WriterOptions::default();
        for line in &lines {
            options = options.with_invocation(line.as_str()).with_annotation(line.as_str());
        }
        if big_endian {
            options = options.with_byte_order(ByteOrder::Big);
        }
        let mut writer = Writer::new(Vec::new(), &options).unwrap();
        for record in &records {
            writer.write(record).unwrap();
        }
        prop_assert_eq!(writer.records(), records.len() as u64);
        let file = writer.finish().unwrap();

        // 2.1, 2.4: the fixed part, and a header that is a whole number of records long.
        let flag = u8::from(big_endian);
        prop_assert_eq!(&file[..8], [0xDE, 0xAD, 0xBE, 0xEF, flag, 0x0C, 16, 0]);
        prop_assert_eq!(&file[12..16], [0, 88, 0, 1]);
        let (header, len) = Header::parse(&file).unwrap();
        let used: usize = 16 + 8 + lines.iter().map(|line| 2 * (8 + line.len() + 1)).sum::<usize>();
        prop_assert_eq!(len, used.next_multiple_of(88));
        prop_assert!(file[used..len].iter().all(|byte| *byte == 0));
        prop_assert_eq!(file.len(), len + 88 * records.len());
        let texts = lines.iter().map(|line| Entry::Invocation(line.clone().into_bytes()));
        let notes = lines.iter().map(|line| Entry::Annotation(line.clone().into_bytes()));
        prop_assert_eq!(header.entries(), texts.chain(notes).collect::<Vec<_>>());

        let mut reader = Reader::new(&file[..], Options::default().with_icmp_repair(IcmpRepair::Off)).unwrap();
        let mut back = Vec::new();
        while let Some(block) = reader.next_block() {
            back.extend(block.unwrap().records().map(FlowRecord::from));
        }
        prop_assert_eq!(back, records);

        let manner = Manner { as_reference: false, icmp_repair: true };
        let (expected, stopped) = oracle::decode(&file, "x", manner);
        prop_assert_eq!(stopped, None);
        assert_flows(&slice(&file, Options::default(), Turn::Columns).flows, &expected, "oracle");
    }
}

/// 12: the reference's own uncompressed files come out of the writer again, byte by byte.
#[test]
fn the_reference_bytes_come_back() {
    for order in ["L", "B"] {
        let path = testdata(&format!("matrix/FT_RWIPV6ROUTING-v1-c0-{order}.dat")).unwrap();
        let bytes = std::fs::read(path).unwrap();
        let options = Options::default().with_icmp_repair(IcmpRepair::Off);
        let mut reader = Reader::new(&bytes[..], options).unwrap();
        let order = reader.header().byte_order();
        let start = reader.header().len();
        let mut writer = Writer::new(Vec::new(), &WriterOptions::default().with_byte_order(order)).unwrap();
        while let Some(block) = reader.next_block() {
            for record in block.unwrap().records() {
                writer.write(&record.into()).unwrap();
            }
        }
        let written = writer.finish().unwrap();
        let (_, written_start) = Header::parse(&written).unwrap();
        assert!(written[written_start..] == bytes[start..]);
    }
}

/// What the layout cannot hold is refused by name and nothing is written.
#[test]
fn the_writer_refuses() {
    type Spoil = fn(&mut FlowRecord);
    let spoils: [(&str, Spoil); 4] = [
        ("packets", |r| r.packets = 1 << 32),
        ("bytes", |r| r.bytes = u64::MAX),
        ("input", |r| r.input = 1 << 16),
        ("output", |r| r.output = u32::MAX),
    ];
    for (field, spoil) in spoils {
        let mut record = FlowRecord::default();
        spoil(&mut record);
        let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).unwrap();
        let error = writer.write(&record).unwrap_err();
        assert_eq!(error.class(), silk_format::Class::Usage);
        assert!(error.to_string().contains(field), "{error}");
        assert_eq!(writer.finish().unwrap().len(), 88);
    }
}
