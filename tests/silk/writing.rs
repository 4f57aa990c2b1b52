//! What is written is what the reference writes, and comes back as what is left of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use silk_format::{
    Blocks, ByteOrder, Class, Compression, Encoder, Error, ErrorKind, FlowFormat, FlowRecord, FormatId,
    Header, IcmpRepair, Options, Reader, Refusal, Refusals, Writer, WriterOptions, formats,
};

use crate::build;
use crate::flow::Flow;
use crate::left::{InHeader, left};
use crate::oracle::{self, Manner};
use crate::support::*;

pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

pub(crate) fn refusal(error: &Error) -> Refusal {
    match error.kind() {
        ErrorKind::Refused(refusal) => *refusal,
        other => panic!("{other:?}"),
    }
}

/// Ports as stored: a repair that was made before writing is not made again.
fn as_stored() -> Options {
    Options::default().with_icmp_repair(IcmpRepair::Off)
}

/// All records of a file, which must be sound.
fn records(file: &[u8], options: Options) -> Vec<FlowRecord> {
    let mut reader = Reader::new(file, options).unwrap();
    let mut records = Vec::new();
    while let Some(block) = reader.next_block() {
        records.extend(block.unwrap().records().map(FlowRecord::from));
    }
    records
}

/// Each block of a compressed data section: its inflated length.
pub(crate) fn cuts(mut data: &[u8]) -> Vec<u32> {
    let mut cuts = Vec::new();
    while let Some((sizes, rest)) = data.split_first_chunk::<8>() {
        let size = |part: &[u8]| u32::from_be_bytes(part.try_into().unwrap());
        cuts.push(size(&sizes[4..]));
        data = &rest[size(&sizes[..4]) as usize..];
    }
    assert!(data.is_empty());
    cuts
}

/// The stored bytes of all records, inflated if need be.
pub(crate) fn stored(file: &[u8]) -> Vec<u8> {
    let (header, len) = Header::parse(file).unwrap();
    let mut blocks = Blocks::new(&header, Options::default(), &file[len..]).unwrap();
    let mut bytes = Vec::new();
    while let Some(block) = blocks.next_block() {
        bytes.extend_from_slice(block.unwrap().bytes());
    }
    bytes
}

// ---- The reference's files

/// What differs between a file of the reference and what is written for it: the header, the records' bytes, or the cuts
/// between blocks.
fn compare(written: &[u8], reference: &[u8], what: &str) {
    let (header, start) = Header::parse(reference).unwrap();
    assert_eq!(written[..start], reference[..start], "{what}: header");
    if header.compression() == Compression::NONE {
        let len = usize::from(header.record_size());
        let rows = |file: &[u8]| file[start..].chunks(len).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let (written, reference) = (rows(written), rows(reference));
        if let Some(row) = written.iter().zip(&reference).position(|(a, b)| a != b) {
            panic!("{what}: row {row}\nwritten  {:02X?}\nexpected {:02X?}", written[row], reference[row]);
        }
        assert_eq!(written.len(), reference.len(), "{what}: rows");
    } else {
        assert!(stored(written) == stored(reference), "{what}: inflated bytes");
        assert_eq!(cuts(&written[start..]), cuts(&reference[start..]), "{what}: blocks");
    }
}

/// Every file of a set out of the records that the reference made it from: those of the complete layout.
fn write_set(prefix: &str) -> usize {
    let source = testdata(&format!("{prefix}FT_RWIPV6ROUTING-v1-c0-B.dat")).unwrap();
    let source = records(&std::fs::read(source).unwrap(), as_stored());
    let mut seen = 0;
    for format in formats() {
        for (compression, order) in (0..4).flat_map(|c| ["L", "B"].map(|order| (c, order))) {
            let (name, version) = (format.id.name().unwrap(), format.version);
            let Some(path) = testdata(&format!("{prefix}{name}-v{version}-c{compression}-{order}.dat"))
            else {
                continue;
            };
            let reference = std::fs::read(&path).unwrap();
            let (header, _) = Header::parse(&reference).unwrap();
            let mut writer = Writer::new(Vec::new(), &WriterOptions::like(&header)).unwrap();
            for (i, record) in source.iter().enumerate() {
                if let Err(error) = writer.write(record) {
                    assert_eq!(refusal(&error).record, i as u64 + 1);
                }
            }
            compare(&writer.finish().unwrap(), &reference, &path.display().to_string());
            seen += 1;
        }
    }
    seen
}

/// 12: byte for byte what the reference wrote of the same records, and the same records are left out.
#[test]
fn the_reference_bytes_come_out() {
    assert_eq!(write_set("matrix/"), 488);
    // Every corner case; the project has some of these files, the larger collection all.
    let larger = testdata("set-a/A-FT_RWWWW-v5-c3-L.dat").is_some();
    let seen = write_set("set-a/A-");
    assert!(if larger { seen == 488 } else { seen > 0 }, "{seen}");
}

/// A file's own records, block by block and record by record. Where packets and bytes are a ratio, that of the decoded
/// counts may be a 64th smaller than the stored one.
#[test]
fn files_are_written_again() {
    let mut seen = 0;
    for (name, path) in files("matrix").iter().filter(|(name, _)| name.ends_with(".dat")) {
        let file = std::fs::read(path).unwrap();
        let (header, len) = Header::parse(&file).unwrap();
        let mut blocks = Blocks::new(&header, as_stored(), &file[len..]).unwrap();
        let options = WriterOptions::like(&header);
        let mut by_block = Writer::new(Vec::new(), &options).unwrap();
        let mut by_record = Writer::new(Vec::new(), &options).unwrap();
        while let Some(block) = blocks.next_block() {
            let block = block.unwrap();
            let refused = by_block.write_block(block, None).unwrap();
            assert_eq!(refused, Refusals::default(), "{name}");
            for record in block.records() {
                by_record.write(&record.into()).unwrap();
            }
        }
        assert_eq!(by_block.records(), by_record.records(), "{name}");
        let written = by_block.finish().unwrap();
        assert!(written == by_record.finish().unwrap(), "{name}");
        let format = FlowFormat::find(header.format(), header.record_version()).unwrap();
        // Version 2 and 6 exist because the application is not to be trusted: it is gone.
        let zeroed = [("FT_RWIPV6ROUTING", 2), ("FT_FLOWCAP", 6)];
        if zeroed.contains(&(format.id.name().unwrap(), format.version)) || is_ratio(format) {
            assert_eq!(written[..len], file[..len], "{name}: header");
            assert_eq!(stored(&written).len(), stored(&file).len(), "{name}");
        } else {
            compare(&written, &file, name);
            seen += 1;
        }
    }
    // The pairs with counts of their own, without the two above.
    assert_eq!(seen, 8 * 18);
}

/// 7, column "volumes".
fn is_ratio(format: FlowFormat) -> bool {
    const SEPARATE: [&str; 17] = [
        "L-6A", "L-6B", "L-6R1", "L-6R3", "L-AS5", "L-AR5", "L-A5", "L-AW5", "L-G0", "L-G1", "L-G2", "L-G3",
        "L-G5", "L-C2", "L-C3", "L-C4", "L-C5",
    ];
    let ratio = !SEPARATE.contains(&format.layout);
    assert_eq!(format.has_ratio, ratio);
    ratio
}

// ---- What is left of a record

pub(crate) const BASE: i64 = 1_234_468_800_000;

fn address() -> impl Strategy<Value = (IpAddr, IpAddr, IpAddr)> {
    let v4 = || any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits)));
    let v6 = || {
        prop_oneof![
            any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
            any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from(bits).to_ipv6_mapped())),
        ]
    };
    let hop = Just(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    prop_oneof![4 => (v4(), v4(), v4()), 1 => (v6(), v6(), v6()), 1 => (v6(), v4(), hop)]
}

/// Numbers around powers of two and what else limits a field.
fn count() -> impl Strategy<Value = u64> {
    let near = |point: u64| (0u64..3).prop_map(move |step| (point + step).saturating_sub(1));
    prop_oneof![
        1u64..2000,
        any::<u32>().prop_map(u64::from),
        (0u32..40).prop_flat_map(move |bits| near(1 << bits)),
        any::<u64>(),
    ]
}

fn start() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => (0i64..4_096_000).prop_map(|ms| BASE + ms),
        1 => (4_095_990i64..4_096_010).prop_map(|ms| BASE + ms),
        1 => (-3i64..3).prop_map(|ms| BASE + ms),
        1 => -3i64..3,
        1 => (-3i64..3).prop_map(|ms| (1000 << 32) + ms),
        1 => any::<i64>(),
    ]
}

fn length() -> impl Strategy<Value = u32> {
    let near = |point: u32| (point - 2)..(point + 2);
    prop_oneof![
        0u32..2_000_000,
        near(2_048_000),
        near(4_096_000),
        near(65_536_000),
        near(1 << 30),
        any::<u32>(),
    ]
}

fn port() -> impl Strategy<Value = u16> {
    prop_oneof![Just(80), Just(443), Just(8080), Just(0), any::<u16>()]
}

fn interface() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0u32..256, 1 => 254u32..258, 1 => 65_534u32..65_538, 1 => any::<u32>()]
}

prop_compose! {
    fn flow_record()(
        (sip, dip, nhip) in address(),
        (sport, dport) in (port(), port()),
        protocol in prop_oneof![Just(6u8), Just(6), Just(17), Just(1), Just(58), any::<u8>()],
        (packets, ratio, bytes) in (count(), 0u64..17_000, proptest::option::of(count())),
        (stime_ms, duration_ms) in (start(), length()),
        (tcpflags, initial, session, attributes) in (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>()),
        (application, memo, classtype_id) in (any::<u16>(), any::<u16>(), any::<u8>()),
        sensor_id in prop_oneof![0u16..64, 62u16..66, 254u16..258, any::<u16>()],
        (input, output) in (interface(), interface()),
    ) -> FlowRecord {
        let mut r = FlowRecord::default();
        (r.sip, r.dip, r.nhip) = (sip, dip, nhip);
        (r.sport, r.dport, r.protocol) = (sport, dport, protocol);
        // Mostly bytes that fit the packets.
        r.packets = packets;
        r.bytes = bytes.unwrap_or_else(|| packets.saturating_mul(ratio).saturating_add(packets / 3));
        (r.stime_ms, r.duration_ms) = (stime_ms, duration_ms);
        (r.tcpflags, r.initial_tcpflags, r.session_tcpflags) = (tcpflags, initial, session);
        (r.application, r.memo, r.sensor_id, r.classtype_id) = (application, memo, sensor_id, classtype_id);
        (r.input, r.output, r.attributes) = (input, output, attributes);
        r
    }
}

pub(crate) fn options((format, version): (u8, u8), big_endian: bool) -> WriterOptions {
    WriterOptions::default().with_format(FormatId(format), version).with_byte_order(if big_endian {
        ByteOrder::Big
    } else {
        ByteOrder::Little
    })
}

proptest! {
    #![proptest_config(config(60))]

    /// All 61 pairs, both orders, every compression: what is refused and what is left, against the prose; decoded by the
    /// oracle and by the reader.
    #[test]
    fn what_is_written_comes_back(
        written in proptest::collection::vec(flow_record(), 1..40),
        (flowtype, sensor) in (any::<u8>(), any::<u16>()),
        turn in 0u8..8,
    ) {
        for (i, pair) in build::pairs().into_iter().enumerate() {
            let turn = (turn + i as u8) % 8;
            let options = options(pair, turn & 1 != 0)
                .with_compression(Compression(turn >> 1))
                .with_packed_file(BASE, flowtype, sensor);
            let in_header = InHeader { base_ms: BASE, flowtype, sensor };
            let mut writer = Writer::new(Vec::new(), &options).unwrap();
            let mut expected: Vec<Flow> = Vec::new();
            for (i, record) in written.iter().enumerate() {
                let what = format!("{pair:02x?} {record:?}");
                match (writer.write(record), left(record, pair, in_header)) {
                    (Ok(()), Ok(flow)) => expected.push(flow),
                    (Err(error), Err(field)) => {
                        let refusal = refusal(&error);
                        prop_assert_eq!((refusal.field, refusal.record), (field, i as u64 + 1), "{}", what);
                        prop_assert!(!(refusal.least..=refusal.most).contains(&refusal.value), "{}", error);
                        prop_assert_eq!(error.class(), Class::Limit);
                    }
                    (found, expected) => prop_assert!(false, "{what}: {found:?}, expected {expected:?}"),
                }
            }
            prop_assert_eq!(writer.records(), expected.len() as u64);
            let file = writer.finish().unwrap();
            let (flows, stopped) = oracle::decode(&file, "x", Manner { as_reference: false, icmp_repair: false });
            prop_assert_eq!(stopped, None);
            let flows: Vec<Flow> = flows.iter().map(as_record).collect();
            assert_flows(&flows, &expected, format_args!("{pair:02x?}: oracle"));
            let read = slice(&file, as_stored(), Turn::Records);
            prop_assert!(read.error.is_none());
            assert_flows(&read.flows, &expected, format_args!("{pair:02x?}"));
        }
    }
}

/// 12.1, 12.2, 12.4: the value next to each limit is refused by name and the one at the limit is not.
#[test]
fn every_limit_is_named() {
    type Set = fn(&mut FlowRecord, i128);
    fn packets(r: &mut FlowRecord, v: i128) {
        r.packets = v as u64;
        r.bytes = r.packets.max(r.bytes);
    }
    let bytes: Set = |r, v| r.bytes = v as u64;
    let stime: Set = |r, v| r.stime_ms = v as i64;
    let after: Set = |r, v| r.stime_ms = BASE + v as i64;
    let duration: Set = |r, v| r.duration_ms = v as u32;
    let input: Set = |r, v| r.input = v as u32;
    let output: Set = |r, v| r.output = v as u32;
    let sensor: Set = |r, v| r.sensor_id = v as u16;
    let protocol: Set = |r, v| r.protocol = v as u8;
    /// Format, version, field, what is set, values that are held, values that are refused.
    type Limit = (FormatId, u8, &'static str, Set, &'static [i128], &'static [i128]);
    let table: &[Limit] = &[
        (FormatId::RWSPLIT, 5, "packets", packets, &[1, (1 << 26) - 1], &[0, 1 << 26]),
        (FormatId::RWSPLIT, 5, "bytes", bytes, &[4, 4 * 16_384 - 1], &[3, 4 * 16_384]),
        (FormatId::RWGENERIC, 5, "packets", packets, &[0, 0xFFFF_FFFF], &[1 << 32]),
        (FormatId::RWIPV6, 2, "bytes", bytes, &[0, 0xFFFF_FFFF], &[1 << 32]),
        (FormatId::RWIPV6ROUTING, 3, "packets", packets, &[u64::MAX as i128], &[]),
        (FormatId::FLOWCAP, 5, "bytes", bytes, &[0xFFFF_FFFF], &[1 << 32]),
        (FormatId::RWSPLIT, 1, "stime", after, &[0, 4_095_999], &[-1, 4_096_000]),
        (FormatId::RWSPLIT, 3, "stime", after, &[0, 4_095_999], &[-1, 4_096_000]),
        (FormatId::RWAUGWEB, 4, "stime", after, &[0, 4_095_999], &[-1, 4_096_000]),
        (FormatId::RWAUGWEB, 5, "stime", after, &[0, 4_095_999], &[-1, 4_096_000]),
        (FormatId::RWFILTER, 1, "stime", stime, &[0, (1000 << 32) - 1], &[-1, 1000 << 32]),
        (FormatId::FLOWCAP, 2, "stime", stime, &[0, (1000 << 32) - 1], &[-1, 1000 << 32]),
        (FormatId::RWROUTED, 1, "duration", duration, &[2_047_999], &[2_048_000]),
        (FormatId::RWFILTER, 2, "duration", duration, &[2_047_999], &[2_048_000]),
        (FormatId::RWROUTED, 4, "duration", duration, &[4_095_999], &[4_096_000]),
        (FormatId::RWAUGMENTED, 4, "duration", duration, &[4_095_999], &[4_096_000]),
        (FormatId::RWAUGWEB, 5, "duration", duration, &[(1 << 30) - 1], &[1 << 30]),
        (FormatId::RWAUGMENTED, 5, "duration", duration, &[0xFFFF_FFFF], &[]),
        (FormatId::FLOWCAP, 5, "duration", duration, &[0xFFFF_FFFF], &[]),
        (FormatId::RWGENERIC, 1, "input", input, &[255], &[256]),
        (FormatId::RWFILTER, 2, "output", output, &[255], &[256]),
        (FormatId::RWROUTED, 2, "output", output, &[255], &[256]),
        (FormatId::RWNOTROUTED, 1, "input", input, &[255], &[256]),
        (FormatId::RWNOTROUTED, 1, "output", output, &[0xFFFF_FFFF], &[]),
        (FormatId::RWNOTROUTED, 3, "input", input, &[65_535], &[65_536]),
        (FormatId::FLOWCAP, 4, "input", input, &[0xFFFF_FFFF], &[]),
        (FormatId::FLOWCAP, 5, "input", input, &[65_535], &[65_536]),
        (FormatId::RWIPV6ROUTING, 1, "output", output, &[65_535], &[65_536]),
        (FormatId::RWIPV6ROUTING, 3, "output", output, &[0xFFFF_FFFF], &[]),
        (FormatId::RWGENERIC, 0, "sensor_id", sensor, &[255], &[256, 65_535]),
        (FormatId::RWFILTER, 2, "sensor_id", sensor, &[255], &[256]),
        (FormatId::RWFILTER, 1, "sensor_id", sensor, &[63], &[64]),
        (FormatId::RWWWW, 5, "protocol", protocol, &[6], &[0, 17]),
        (FormatId::RWAUGWEB, 5, "protocol", protocol, &[6], &[1]),
    ];
    for &(format, version, field, set, held, refused) in table {
        let options = WriterOptions::default().with_format(format, version).with_packed_file(BASE, 0, 3);
        let mut encoder = Encoder::new(&options).unwrap();
        let mut out = Vec::new();
        for (value, ok) in held.iter().map(|v| (*v, true)).chain(refused.iter().map(|v| (*v, false))) {
            let mut record = plain();
            set(&mut record, value);
            let what = format!("{format} {version} {field} {value}");
            let before = out.len();
            match encoder.append(&record, &mut out) {
                Ok(()) => assert!(ok && out.len() == before + encoder.record_len(), "{what}"),
                Err(error) => {
                    assert!(!ok && out.len() == before, "{what}: {error}");
                    let text = format!(
                        "cannot write record {}: {field} {}",
                        encoder.offered(),
                        record_value(field, &record)
                    );
                    assert!(error.to_string().starts_with(&text), "{what}: {error}");
                }
            }
        }
        assert_eq!(encoder.offered(), (held.len() + refused.len()) as u64);
    }
}

fn plain() -> FlowRecord {
    let mut record = FlowRecord::default();
    (record.packets, record.bytes, record.stime_ms) = (4, 400, BASE);
    (record.protocol, record.sensor_id) = (6, 3);
    record
}

fn record_value(field: &str, r: &FlowRecord) -> i128 {
    match field {
        "packets" => r.packets.into(),
        "bytes" => r.bytes.into(),
        "stime" => r.stime_ms.into(),
        "duration" => r.duration_ms.into(),
        "input" => r.input.into(),
        "output" => r.output.into(),
        "sensor_id" => r.sensor_id.into(),
        _ => r.protocol.into(),
    }
}
