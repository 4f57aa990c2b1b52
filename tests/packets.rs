//! Captures as columns: cell by cell against what tshark 4.0.17 printed, and the same however they are read.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of a test may stop at once"
)]

use std::fs;
use std::io::{Cursor, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use flow_frame::arrow_array::cast::AsArray;
use flow_frame::arrow_array::types::{
    Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use flow_frame::arrow_array::{Array, RecordBatch};
use flow_frame::arrow_schema::DataType;
use flow_frame::pcap_headers::{
    Column, Cutter, Dissector, Fields, LinkType, Occurrence, Options, PacketRow, Packets, Parity,
};
use flow_frame::predicate::{ParseContext, PredicateFilter};
use flow_frame::{
    Anchors, BytesOf, FlowReader, Kind, PacketBatchBuilder, Predicate, Projection, Scan, Window, WindowMode,
    open_bytes, open_input, text,
};
use mapped_input::Input;

/// The columns of the answers, but for the time as a calendar has it.
const EIGHT: [&str; 8] =
    ["frame_number", "frame_time_epoch", "ip_len", "eth_src", "eth_dst", "ip_src", "ip_dst", "ip_proto"];

/// Frames of which the fields test says why they differ.
const OTHERWISE: [(&str, usize); 1] = [("esis_snpa_asan.pcap", 3)];

/// The captures of the project and, where it is, of the collection beside it; with their answers.
fn captures() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    let mut folders = vec![here.join("testdata/pcap"), here.join("../shared/testdata/pcap")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if answers(&path).is_some() {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
}

fn answers(path: &Path) -> Option<String> {
    let plain = format!("{}.fields.csv", path.display());
    if let Ok(text) = fs::read_to_string(&plain) {
        return Some(text);
    }
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(format!("{plain}.gz")).ok()?).read_to_string(&mut text).unwrap();
    Some(text)
}

/// What is in a file, unpacked; damaged streams as far as they go.
fn content(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = Input::open(path).unwrap().read_to_end(&mut bytes);
    bytes
}

/// The cells of a line: between commas that stand outside quotes.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(character),
        }
    }
    cells
}

fn batches(mut reader: FlowReader) -> (Vec<RecordBatch>, Option<String>) {
    let (mut batches, mut failure) = (Vec::new(), None);
    while let Some(batch) = reader.next_batch() {
        match batch {
            Ok(batch) => batches.push(batch),
            Err(error) => failure = Some(error.to_string()),
        }
    }
    let accounts = reader.accounts();
    assert!(accounts.balance() && accounts.bytes == BytesOf::Traffic);
    assert_eq!(accounts.delivered.rows, batches.iter().map(|b| b.num_rows() as u64).sum::<u64>());
    (batches, failure)
}

/// Every cell as text: numbers, addresses, times as seconds and nine digits.
fn rows(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            rows.push(batch.columns().iter().map(|column| cell(column, row)).collect());
        }
    }
    rows
}

fn cell(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    let bytes = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    };
    match column.data_type() {
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Timestamp(..) => {
            let ns = column.as_primitive::<TimestampNanosecondType>().value(row);
            // As tshark prints a negative time: both parts with their sign in front.
            let (seconds, nanos) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
            format!("{seconds}.{nanos:09}")
        }
        DataType::FixedSizeBinary(6) => {
            let value: [u8; 6] = column.as_fixed_size_binary().value(row).try_into().unwrap();
            bytes(&|out| text::write_mac(out, &value))
        }
        _ => {
            let value: [u8; 16] = column.as_fixed_size_binary().value(row).try_into().unwrap();
            bytes(&|out| text::write_address(out, &value))
        }
    }
}

/// What tshark has that our columns leave out on purpose, frame by frame.
struct Difference {
    /// A custom block or journal entry: no packet.
    is_no_packet: bool,
    /// Fields that only a datagram put together from fragments shows.
    is_reassembled: bool,
    /// The time overflows in tshark.
    is_untrue_time: bool,
}

fn differences(capture: &[u8]) -> Vec<Difference> {
    let names = ["ip.len", "eth.src", "eth.dst", "ip.src", "ip.dst", "ip.proto"];
    let mut with = Fields::new(names, Occurrence::First).unwrap();
    let mut without = Fields::new(names, Occurrence::First).unwrap().without_reassembly();
    let options = Options::default().with_parity(Parity::Tshark);
    let packets = Packets::with_options(capture, &options).map_while(|packet| packet.ok());
    packets
        .map(|packet| {
            with.read(&packet);
            without.read(&packet);
            let parts =
                packet.time_parts.map(|t| i128::from(t.seconds) * 1_000_000_000 + i128::from(t.nanos));
            Difference {
                is_no_packet: [LinkType::CUSTOM_BLOCK, LinkType::JOURNAL_ENTRY].contains(&packet.link_type),
                is_reassembled: (0..names.len()).any(|at| with.values(at) != without.values(at)),
                is_untrue_time: parts != packet.time_ns.map(i128::from)
                    || packet.time_parts.is_some_and(|t| !(0..1_000_000_000).contains(&t.nanos)),
            }
        })
        .collect()
}

#[test]
fn cells_are_those_of_tshark() {
    let scan = Scan::default().with_columns(Projection::names(EIGHT).unwrap());
    let (mut wrong, mut files, mut equal, mut left_out) = (Vec::new(), 0, 0, 0);
    for path in captures() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let capture = content(&path);
        let differences = differences(&capture);
        // ERF, and link types for which tshark opens no file.
        if Kind::sniff(&capture).is_none() || differences.is_empty() {
            continue;
        }
        let expected: Vec<Vec<String>> = answers(&path).unwrap().lines().skip(1).map(cells).collect();
        let (found, _) = batches(open_bytes(capture, name, &scan).unwrap());
        let mut found = rows(&found).into_iter();
        files += 1;
        let mut number = 0;
        for (mut expected, difference) in expected.into_iter().zip(&differences) {
            if difference.is_no_packet {
                left_out += 1;
                continue;
            }
            number += 1;
            let mut found = found.next().unwrap_or_default();
            expected.remove(1);
            let frame = expected[0].parse().unwrap_or(0);
            expected[0] = number.to_string();
            if difference.is_untrue_time {
                left_out += 1;
                (expected[1], found[1]) = (String::new(), String::new());
            } else if expected[1].starts_with('-') {
                // Sign and parts apart, as seconds below zero have them here too.
                assert!(found[1].starts_with('-'));
            }
            if difference.is_reassembled {
                left_out += 1;
                continue;
            }
            if found == expected {
                equal += 1;
            } else if !OTHERWISE.contains(&(name, frame)) {
                wrong.push(format!("{name} {frame}:\n  {found:?}\n  {expected:?}"));
            }
        }
        if found.next().is_some() {
            wrong.push(format!("{name}: more rows than expected"));
        }
    }
    println!("{files} captures, {equal} rows equal, {left_out} cells or rows left out");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(files >= 40 && equal > 500, "{files} captures, {equal} rows");
    assert!(left_out * 50 < equal.max(5000), "{left_out} left out of {equal}");
}

/// The direct way and the general one, packet by packet, for all columns and for those of the articles.
#[test]
fn two_ways_to_read_a_packet() {
    let wanted: [Vec<Column>; 3] = [
        Column::ALL.iter().copied().filter(|column| *column != Column::FrameProtocols).collect(),
        EIGHT.iter().map(|name| Column::by_name(name).unwrap()).collect(),
        ["sip", "dip", "sport", "dport", "protocol"].map(|name| Column::by_name(name).unwrap()).into(),
    ];
    let mut count = 0;
    for path in captures() {
        let capture = content(&path);
        for columns in &wanted {
            let projection = Projection::names(columns.iter().map(|column| column.name())).unwrap();
            let mut builders = [(); 2].map(|()| PacketBatchBuilder::new(&projection).unwrap());
            let mut dissector = Dissector::new(columns.iter().copied());
            let mut cutter = Cutter::new(Options::default(), 8192);
            while let Some(Ok(piece)) = cutter.next_of(&capture) {
                for timed in piece.packets() {
                    let mut row = PacketRow::default();
                    dissector.read(&timed, &mut row);
                    builders[0].push(&row, None);
                    dissector.read_general(&timed, &mut row);
                    builders[1].push(&row, None);
                    count += 1;
                }
            }
            let [direct, general] = builders.map(|mut builder| builder.finish().unwrap());
            assert_eq!(direct, general, "{}", path.display());
        }
    }
    assert!(count > 1500, "{count} packets");
}

/// What both tables have is what tshark's fields say, where those can say it.
#[test]
fn columns_that_flows_have_too() {
    let names = [
        "sip",
        "dip",
        "protocol",
        "sport",
        "dport",
        "bytes",
        "packets",
        "stime", // and what they come from
        "ip_src",
        "ip_dst",
        "ip_proto",
        "tcp_srcport",
        "udp_dstport",
        "frame_len",
        "frame_time",
        "ipv6_src",
        "ipv6_dst",
        "ipv6_nxt",
        "frame_protocols",
    ];
    let scan = Scan::default().with_columns(Projection::names(names).unwrap());
    let (mut v4, mut v6) = (0, 0);
    for path in captures() {
        let capture = content(&path);
        let Ok(reader) = open_bytes(capture, "", &scan) else { continue };
        for row in rows(&batches(reader).0) {
            assert_eq!((&row[5], row[6].as_str(), &row[7]), (&row[13], "1", &row[14]));
            let protocols: Vec<&str> = row[18].split(':').collect();
            let outermost = protocols.iter().find(|name| ["ip", "ipv6"].contains(name));
            match outermost {
                // A version of 6 where IPv4 is announced is IPv6.
                Some(&"ip") if !row[8].is_empty() => {
                    assert_eq!(row[0..3], row[8..11], "{}: {row:?}", path.display());
                    v4 += 1;
                }
                Some(_) if !row[15].is_empty() && !protocols.iter().any(|name| *name == "ip") => {
                    assert_eq!(row[0..2], row[15..17], "{}: {row:?}", path.display());
                    v6 += 1;
                }
                _ => {}
            }
            // No tunnel: the ports are the only ones.
            let ip = protocols.iter().filter(|name| name.starts_with("ip")).count();
            if protocols.ends_with(&["ip", "tcp"]) && ip == 1 {
                assert_eq!((&row[3], row[2].as_str()), (&row[11], "6"), "{}: {row:?}", path.display());
            }
        }
    }
    assert!(v4 > 300 && v6 > 5, "{v4} {v6}");
}

/// Threads, pieces and ways to the bytes change neither rows nor the error.
#[test]
fn every_way_gives_the_same() {
    for path in captures() {
        let capture = content(&path);
        let scan = Scan::default().with_batch_rows(3).with_columns(Projection::parse("all").unwrap());
        let Ok(reader) = open_bytes(capture.clone(), "x", &scan) else {
            let piped = Input::from_reader(Cursor::new(capture)).map_err(flow_frame::Error::from);
            assert!(piped.and_then(|input| open_input(input, "x", &scan)).is_err());
            continue;
        };
        let (found, failure) = batches(reader);
        let found = rows(&found);
        for threads in 1..=4 {
            let scan =
                scan.clone().with_threads(NonZeroUsize::new(threads).unwrap()).with_batch_rows(5 * threads);
            let (mapped, error) = batches(open_bytes(capture.clone(), "x", &scan).unwrap());
            assert_eq!((rows(&mapped), &error), (found.clone(), &failure), "{}", path.display());
            let piped = Input::from_reader(Cursor::new(capture.clone())).unwrap();
            let (piped, error) = batches(open_input(piped, "x", &scan).unwrap());
            assert_eq!((rows(&piped), &error), (found.clone(), &failure), "{}", path.display());
        }
    }
}

/// A predicate and a window, while reading, afterwards, and row by row.
#[test]
fn rows_are_chosen_as_flows_are() {
    let columns = "frame_number,stime,protocol,dport,sip,frame_len,eth_src,bytes";
    let scan = Scan::default().with_columns(Projection::parse(columns).unwrap());
    let window = "@1475156239.625878..@1475156240.625878001";
    let window = Window::parse(window, WindowMode::Start, Anchors::default()).unwrap();
    type Test = fn(&[String]) -> bool;
    let tests: [(&str, Test); 6] = [
        ("proto = 6 and dport in (80, 443)", |row| row[2] == "6" && ["80", "443"].contains(&row[3].as_str())),
        ("protocol is null or bytes > 100", |row| {
            row[2].is_empty() || row[5].parse::<u32>().is_ok_and(|len| len > 100)
        }),
        ("not sip in 10.0.0.0/24", |row| !row[4].is_empty() && !row[4].starts_with("10.0.0.")),
        ("eth_src = 02:00:00:00:00:01", |row| row[6] == "02:00:00:00:00:01"),
        ("frame_number between 2 and 3", |row| ["2", "3"].contains(&row[0].as_str())),
        ("stime > @1475156239.625878 and stime <= @1475156240.625878001", in_window),
    ];
    fn in_window(row: &[String]) -> bool {
        let Some((seconds, nanos)) = row[1].split_once('.') else { return false };
        let time = seconds.parse::<i64>().unwrap() * 1_000_000_000 + nanos.parse::<i64>().unwrap();
        time > 1_475_156_239_625_878_000 && time <= 1_475_156_240_625_878_001
    }
    let mut kept = [0; 7];
    for path in captures() {
        let capture = content(&path);
        let Ok(reader) = open_bytes(capture.clone(), "x", &scan) else { continue };
        let (all, _) = batches(reader);
        for (at, (text, test)) in tests.into_iter().enumerate() {
            let predicate = Predicate::parse(text, &ParseContext::default()).unwrap();
            let expected: Vec<_> = rows(&all).into_iter().filter(|row| test(row)).collect();
            let afterwards = PredicateFilter::of_packets(&predicate).unwrap();
            let afterwards: Vec<_> = all.iter().map(|batch| afterwards.filter(batch).unwrap()).collect();
            assert_eq!(rows(&afterwards), expected, "{text}");
            let scan = scan.clone().with_predicate(Some(predicate));
            let (found, _) = batches(open_bytes(capture.clone(), "x", &scan).unwrap());
            assert_eq!(rows(&found), expected, "{text}");
            kept[at] += expected.len();
        }
        let scan = scan.clone().with_window(Some(window));
        let (found, _) = batches(open_bytes(capture, "x", &scan).unwrap());
        let expected: Vec<_> = rows(&all).into_iter().filter(|row| in_window(row)).collect();
        assert_eq!(rows(&found), expected);
        kept[6] += expected.len();
    }
    assert!(kept.iter().all(|count| *count > 0), "{kept:?}");
}

#[test]
fn what_one_table_does_not_have() {
    let capture = content(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pcap/crafted/be_usec.pcap"));
    let refused = |scan: &Scan| open_bytes(capture.clone(), "x.pcap", scan).unwrap_err();
    let error = refused(&Scan::default().with_columns(Projection::names(["sip", "nhip"]).unwrap()));
    assert_eq!(error.class(), flow_frame::Class::Usage);
    assert_eq!(error.to_string(), "x.pcap: no column of packets is named \"nhip\"");
    let predicate = Predicate::parse("input = 3", &ParseContext::default()).unwrap();
    let error = refused(&Scan::default().with_predicate(Some(predicate)));
    assert_eq!(error.to_string(), "x.pcap: no column of packets is named \"input\"");
    // A packet is under way at one moment.
    let predicate = Predicate::parse("active in @1475156239..@1475156240", &ParseContext::default()).unwrap();
    let scan = Scan::default().with_predicate(Some(predicate));
    let (found, failure) = batches(open_bytes(capture.clone(), "x.pcap", &scan).unwrap());
    assert_eq!((rows(&found).len(), failure), (1, None));
}
