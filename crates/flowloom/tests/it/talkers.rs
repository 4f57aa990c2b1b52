//! `top` and `conv`: against sums over the rows that `convert` writes, and against tshark's own tables.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::support::{fails, ok, query, run, run_with_input};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn capture(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pcap/crafted").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

/// The lines of a CSV text, split; its names are the first.
fn cells(csv: &str) -> Vec<Vec<&str>> {
    csv.lines().map(|line| line.split(',').collect()).collect()
}

/// The bytes of each key, the most first, equal ones by the text of `order`.
fn slow_top(path: &Path, fields: &str) -> Vec<(String, u64)> {
    let rows = ok(["convert", "--fields", fields, text(path)]);
    let mut sums = BTreeMap::<String, u64>::new();
    for row in cells(&rows).iter().skip(1) {
        *sums.entry(row[0].to_owned()).or_default() += row[1].parse::<u64>().unwrap();
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(key, sum)| {
        let address = match key.parse() {
            Ok(std::net::IpAddr::V4(v4)) => v4.to_ipv6_mapped().octets(),
            Ok(std::net::IpAddr::V6(v6)) => v6.octets(),
            Err(_) => [0; 16],
        };
        (key.is_empty(), Reverse(*sum), address)
    });
    sums
}

#[test]
fn top_is_the_largest_sums_of_the_rows() {
    let tunnels = capture("ipv6_outer_tunnels.pcap");
    for (path, key, value) in
        [(query(), "sip", "bytes"), (query(), "dip", "packets"), (tunnels, "ip_src", "frame_len")]
    {
        let expected = slow_top(&path, &format!("{key},{value}"));
        for n in ["3", "10", "all"] {
            let wanted = n.parse().unwrap_or(usize::MAX);
            let value = format!("sum({value})");
            for threads in ["1", "3"] {
                let args =
                    ["top", "--threads", threads, "--by", key, "--value", &value, "-n", n, text(&path)];
                let found = ok(args);
                let found = cells(&found);
                assert_eq!(found[0][..2], [key, &value]);
                let found: Vec<_> = found[1..]
                    .iter()
                    .map(|row| (row[0].to_owned(), row[1].parse::<u64>().unwrap()))
                    .collect();
                assert_eq!(found, expected[..wanted.min(expected.len())], "{key} {n} {threads}");
            }
        }
    }
}

#[test]
fn every_format_holds_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let expected = slow_top(&query(), "sip,bytes");
    let file = |name: &str| {
        let path = directory.path().join(name);
        ok(["top", text(&query()), "-o", text(&path)]);
        path
    };
    let json: Value = serde_json::from_str(&fs::read_to_string(file("top.json")).unwrap()).unwrap();
    let lines = fs::read_to_string(file("top.jsonl")).unwrap();
    let table = fs::read_to_string(file("top.txt")).unwrap();
    let parquet = fs::File::open(file("top.parquet")).unwrap();
    let mut parquet = ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap().build().unwrap();
    let parquet = parquet.next().unwrap().unwrap();
    let arrow = fs::File::open(file("top.arrow")).unwrap();
    let arrow = arrow_ipc::reader::FileReader::try_new(arrow, None).unwrap().next().unwrap().unwrap();
    for batch in [parquet, arrow] {
        let (keys, sums) = (batch["sip"].as_string::<i32>(), batch["sum(bytes)"].as_primitive::<Int64Type>());
        let mib = batch["sum(bytes) MiB"].as_primitive::<Float64Type>();
        for (row, (key, sum)) in expected[..10].iter().enumerate() {
            assert_eq!((keys.value(row), sums.value(row) as u64), (key.as_str(), *sum));
            assert_eq!(mib.value(row), *sum as f64 / 1_048_576.0);
        }
    }
    for (row, (key, sum)) in expected[..10].iter().enumerate() {
        let line: Value = serde_json::from_str(lines.lines().nth(row).unwrap()).unwrap();
        assert_eq!(line, json[row]);
        assert_eq!((line["sip"].as_str(), line["sum(bytes)"].as_u64()), (Some(key.as_str()), Some(*sum)));
        // The parser of JSON may be off by the last bit.
        let mib = line["sum(bytes) MiB"].as_f64().unwrap();
        assert!((mib - *sum as f64 / 1_048_576.0).abs() < 1e-12 * *sum as f64, "{mib}");
        let mib = format!("{:.3}", *sum as f64 / 1_048_576.0);
        let words: Vec<&str> = table.lines().nth(row + 1).unwrap().split_whitespace().collect();
        assert_eq!(words, [key, &sum.to_string(), &mib]);
    }
    for name in ["x.silk", "x.rw"] {
        let path = directory.path().join(name);
        let message = fails(2, ["top", text(&query()), "-o", text(&path)]);
        assert!(message.contains("choose another format") && !path.exists(), "{message}");
    }
}

#[test]
fn wrong_questions_say_what_to_ask() {
    let query = query();
    for (args, told) in [
        (&["top", "--by", "sipp"][..], "did you mean sip"),
        (&["top", "--value", "total(bytes)"], "sum, mean, min, max or count of a column"),
        (&["top", "--by", "sip,frame_len"], "no column of flows is named \"frame_len\""),
        (&["top", "--by", "sip,sip"], "asked for twice"),
        (&["top", "--by", "ip_src"], "no column of flows is named \"ip_src\""),
        (&["conv", "--kind", "eth"], "no column of flows is named \"eth_src\""),
        (&["top", "-n", "many"], "expected a number of rows, or all"),
    ] {
        let message = fails(2, args.iter().copied().chain([text(&query)]));
        assert!(message.contains(told), "{args:?}: {message}");
    }
}

/// What was read before the damage counts, and the exit code tells of it.
#[test]
fn damage_ends_an_input_and_not_the_table() {
    let directory = tempfile::tempdir().unwrap();
    let cut = directory.path().join("cut.pcap");
    let whole = fs::read(capture("conv_ties.pcap")).unwrap();
    fs::write(&cut, &whole[..whole.len() - 10]).unwrap();
    for threads in ["1", "3"] {
        let output = run(["conv", "--threads", threads, text(&cut), text(&capture("conv_ties.pcap"))]);
        assert_eq!(output.status.code(), Some(1));
        let found = String::from_utf8(output.stdout).unwrap();
        let packets: u64 = cells(&found).iter().skip(1).map(|row| row[6].parse::<u64>().unwrap()).sum();
        assert_eq!(packets, 119);
        assert!(String::from_utf8(output.stderr).unwrap().contains("cut.pcap"));
    }
    let missing = run(["conv", text(&directory.path().join("none.pcap"))]);
    assert_eq!((missing.status.code(), missing.stdout.len()), (Some(3), 0));
}

#[test]
fn flows_and_packets_meet_in_one_table() {
    let (flows, packets) = (query(), capture("conv_ties.pcap"));
    let bytes = |found: &str, at: usize| -> u64 {
        cells(found).iter().skip(1).map(|row| row[at].parse::<u64>().unwrap()).sum()
    };
    let both = ok(["conv", text(&flows), text(&packets)]);
    let apart = bytes(&ok(["conv", text(&flows)]), 7) + bytes(&ok(["conv", text(&packets)]), 7);
    assert_eq!(bytes(&both, 7), apart);
    assert!(cells(&both)[1][8].ends_with("000000Z"), "nanoseconds");
    let stream = run_with_input(["conv", "-", text(&flows)], &fs::read(&packets).unwrap());
    assert_eq!(bytes(&String::from_utf8(stream.stdout).unwrap(), 7), apart);
    let top = ok(["top", "--by", "conversation", "-n", "all", text(&flows), text(&packets)]);
    assert_eq!(bytes(&top, 2), apart);
    let few = ok(["conv", "--where", "proto = 17", "--kind", "tcp", text(&flows)]);
    assert_eq!(cells(&few).len(), 1);
}

/// The size as tshark 4.0 has it: of two words.
fn size(mut bytes: u64) -> String {
    for unit in ["bytes", "kB", "MB", "GB"] {
        if bytes < 10_000 {
            return format!("{bytes} {unit}");
        }
        bytes /= 1000;
    }
    format!("{bytes} TB")
}

/// A pair, and frames and sizes: back, there, both.
type Row = Vec<String>;

fn tshark_conversations(table: &str) -> Vec<Row> {
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let words = Some(words).filter(|words| words.len() == 14 && words[1] == "<->")?;
        let two = |at: usize| format!("{} {}", words[at], words[at + 1]);
        let cells = [
            words[0].to_owned(),
            words[2].to_owned(),
            words[3].to_owned(),
            two(4),
            words[6].to_owned(),
            two(7),
        ];
        Some(cells.into_iter().chain([words[9].to_owned(), two(10)]).collect())
    };
    let mut rows: Vec<Row> = table.lines().filter_map(row).collect();
    rows.sort();
    rows
}

fn our_conversations(csv: &str, has_ports: bool) -> Vec<Row> {
    let row = |row: &Vec<&str>| {
        let end =
            |at: usize| if has_ports { format!("{}:{}", row[at], row[at + 2]) } else { row[at].to_owned() };
        let counts = if has_ports { 4 } else { 2 };
        let bytes = |at: usize| size(row[counts + at].parse().unwrap());
        let frames = |at: usize| row[counts + at].to_owned();
        vec![end(0), end(1), frames(2), bytes(3), frames(0), bytes(1), frames(4), bytes(5)]
    };
    let mut rows: Vec<Row> = cells(csv).iter().skip(1).map(row).collect();
    rows.sort();
    rows
}

/// Whether tshark's rule and ours can only agree: every frame has one IP header at most, and no datagram is in fragments.
fn is_plain(path: &Path) -> bool {
    let output = run(["-q", "convert", "--fields", "frame_protocols,ip_flags,ip_frag_offset", text(path)]);
    let rows = String::from_utf8(output.stdout).unwrap();
    cells(&rows).iter().skip(1).all(|row| {
        let headers =
            row[0].split(':').filter(|name| ["ip", "ipv6", "openflow", "openflow_v4"].contains(name)).count();
        headers < 2 && ["", "0", "2", "4"].contains(&row[1]) && ["", "0"].contains(&row[2])
    })
}

/// The answers of the corpus, where it is at hand.
#[test]
fn conversations_of_the_corpus_are_tsharks() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata/pcap");
    let (mut compared, mut folders) = (0, vec![shared]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Some(capture) = text(&path).strip_suffix(".conv_ip.txt").map(Path::new) else { continue };
            // One of eight, by size: all of them take minutes in a debug build.
            let length = fs::metadata(capture).map_or(0, |facts| facts.len());
            if length == 0
                || !length.is_multiple_of(8)
                || !is_plain(capture)
                || KNOWN.iter().any(|name| text(capture).ends_with(name))
            {
                continue;
            }
            let expected = tshark_conversations(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
            let output = run(["-q", "conv", "--kind", "ip", text(capture)]);
            if output.stdout.is_empty() {
                // A format that we do not read.
                assert_ne!(output.status.code(), Some(0), "{}", capture.display());
                continue;
            }
            let found = our_conversations(&String::from_utf8(output.stdout).unwrap(), false);
            assert_eq!(found, expected, "{}", capture.display());
            compared += 1;
        }
    }
    println!("{compared} captures compared");
}

/// Captures with IPv4 headers where only tshark's dissectors of other protocols look: in OpenFlow messages, in WireGuard's
/// ciphertext; and one with addresses that an exported packet only quotes, which tshark prints and does not count.
const KNOWN: [&str; 3] =
    ["of13_ericsson.pcapng", "wireguard-ping-tcp-dsb.pcapng", "crafted/linktypes.pcapng"];

/// Runs tshark over a capture; nothing if it is not there or of another version.
fn tshark(table: &str, capture: &Path) -> Option<String> {
    let version = Command::new("tshark").arg("--version").output().ok()?;
    String::from_utf8_lossy(&version.stdout).starts_with("TShark (Wireshark) 4.0.").then_some(())?;
    let output =
        Command::new("tshark").args(["-n", "-q", "-z", table, "-r", text(capture)]).output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn conversations_and_endpoints_are_those_of_tshark_itself() {
    let directory = tempfile::tempdir().unwrap();
    let made = directory.path().join("made.pcap");
    ok([
        "generate",
        "--packets",
        "4000",
        "--hosts",
        "60",
        "--ipv6-share",
        "0.3",
        "--capture",
        "pcap",
        "-o",
        text(&made),
    ]);
    for kind in ["ip", "ipv6", "eth", "udp"] {
        let Some(expected) = tshark(&format!("conv,{kind}"), &made) else {
            println!("skipped: no tshark 4.0");
            return;
        };
        let expected = tshark_conversations(&expected);
        for threads in ["1", "2", "4"] {
            let found = ok(["conv", "--threads", threads, "--kind", kind, text(&made)]);
            assert_eq!(our_conversations(&found, kind == "udp"), expected, "{kind}");
        }
        assert!(!expected.is_empty(), "{kind}");
    }
    for kind in ["ip", "ipv6", "eth"] {
        let Some(expected) = tshark(&format!("endpoints,{kind}"), &made) else { return };
        let row = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            (words.len() == 7 && words[1].parse::<u64>().is_ok()).then_some(words)
        };
        let mut expected: Vec<Row> = expected.lines().filter_map(row).collect();
        let found = ok(["conv", "--endpoints", "--kind", kind, text(&made)]);
        let mut found: Vec<Row> = cells(&found)
            .iter()
            .skip(1)
            .map(|row| row[..7].iter().map(|cell| (*cell).to_owned()).collect())
            .collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{kind}");
    }
}
