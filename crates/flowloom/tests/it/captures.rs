//! Captures through the commands.

use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampNanosecondType, UInt64Type};
use arrow_array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::support::{command, fails, ok, query, run, run_with_input};

const NINE: &str = "frame_number,frame_time_epoch,ip_len,eth_src,eth_dst,ip_src,ip_dst,ip_proto";

fn capture(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pcap").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// tshark's answer as our CSV has it: no quotes, RFC 3339.
fn answers(name: &str) -> Vec<String> {
    let answers = fs::read_to_string(capture(&format!("{name}.fields.csv"))).unwrap();
    let line = |line: &str| {
        let (number, rest) = line.split_once(',').unwrap();
        // The time as a calendar has it holds the only comma within quotes.
        let rest = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\",").unwrap().1,
            None => rest.split_once(',').unwrap().1,
        };
        let (epoch, rest) = rest.split_once(',').unwrap();
        let epoch = epoch.trim_matches('"').split_once('.').map(|(seconds, nanos)| {
            let mut out = Vec::new();
            let ns = seconds.parse::<i64>().unwrap() * 1_000_000_000 + nanos.parse::<i64>().unwrap();
            flow_frame::text::write_rfc3339_ns(&mut out, ns);
            String::from_utf8(out).unwrap()
        });
        format!("{number},{},{rest}", epoch.unwrap_or_default()).replace('"', "")
    };
    answers.lines().skip(1).map(line).collect()
}

const SOUND: [&str; 7] = [
    "crafted/be_nsec.pcap",
    "crafted/conv_ties.pcap",
    "crafted/pcap_version_2_3_swapped.pcap",
    "crafted/pcapng_multi_iface.pcapng",
    "crafted/pcapng_opb.pcapng",
    "crafted/tunnels_and_damage_a.pcap",
    "crafted/linktypes.pcapng",
];

#[test]
fn csv_is_what_tshark_says() {
    for name in SOUND {
        let found = ok(["convert", "--fields", NINE, text(&capture(name))]);
        let mut lines = found.lines();
        assert_eq!(lines.next(), Some(NINE));
        assert_eq!(lines.collect::<Vec<_>>(), answers(name), "{name}");
    }
}

fn parquet(path: &Path) -> Vec<RecordBatch> {
    let file = fs::File::open(path).unwrap();
    ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap).collect()
}

#[test]
fn parquet_and_arrow_hold_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("x.parquet");
    let name = "crafted/be_nsec.pcap";
    ok(["convert", "--fields", "all", text(&capture(name)), "-o", text(&out)]);
    let (batches, mut rows) = (parquet(&out), Vec::new());
    for batch in &batches {
        let column = |name| batch.column_by_name(name).unwrap();
        let numbers = column("frame_number").as_primitive::<UInt64Type>();
        let times = column("frame_time_epoch").as_primitive::<TimestampNanosecondType>();
        let [source, destination] = ["ip_src", "eth_dst"].map(|name| column(name).as_string::<i32>());
        for row in 0..batch.num_rows() {
            let time = times.value(row);
            rows.push((numbers.value(row), time, source.value(row), destination.value(row)));
        }
        assert_eq!(column("frame_time_delta").data_type(), &arrow_schema::DataType::Int64);
        assert!(column("vlan_id").null_count() == batch.num_rows());
    }
    let expected = (1, 1_475_156_239_625_878_000, "10.0.0.1", "02:00:00:00:00:02");
    assert_eq!((rows[0], rows.len()), (expected, answers(name).len()));
    assert_eq!(rows[1].1 - rows[0].1, 1_000_000_001);
    let again = ok(["convert", "--format", "jsonl", "--fields", NINE, text(&capture(name))]);
    let first: Value = serde_json::from_str(again.lines().next().unwrap()).unwrap();
    assert_eq!(first["eth_src"], "02:00:00:00:00:01");
    assert_eq!(first["frame_time_epoch"], "2016-09-29T13:37:19.625878000Z");
}

#[test]
fn pipes_threads_and_wrappings_change_nothing() {
    let name = "crafted/conv_ties.pcap";
    let expected = ok(["convert", text(&capture(name))]);
    for threads in ["1", "2", "3", "4"] {
        assert_eq!(ok(["convert", "--threads", threads, text(&capture(name))]), expected);
        assert_eq!(ok(["convert", "--no-mmap", "--threads", threads, text(&capture(name))]), expected);
        let piped = run_with_input(["convert", "--threads", threads, "-"], &fs::read(capture(name)).unwrap());
        assert_eq!(String::from_utf8(piped.stdout).unwrap(), expected);
    }
}

#[test]
fn the_first_and_the_last_packets() {
    let name = "crafted/conv_ties.pcap";
    let all = ok(["convert", text(&capture(name))]);
    let lines: Vec<&str> = all.lines().collect();
    let head = ok(["head", "-n", "2", "--format", "csv", text(&capture(name))]);
    assert_eq!(head.lines().collect::<Vec<_>>(), lines[..3]);
    let tail = ok(["tail", "-n", "2", "--format", "csv", text(&capture(name))]);
    assert_eq!(tail.lines().skip(1).collect::<Vec<_>>(), lines[lines.len() - 2..]);
}

/// The same question of both kinds; in one table where both have the columns.
#[test]
fn flows_and_packets_in_one_table() {
    let (packets, flows) = (capture("crafted/be_usec.pcap"), query());
    let fields = ["--fields", "sip,dip,bytes,stime", "--where", "proto = 17 and dport in (53, 2000)"];
    let one = |path: &Path| ok(["convert"].into_iter().chain(fields).chain([text(path)]));
    let both = |first: &Path, second: &Path| {
        ok(["convert"].into_iter().chain(fields).chain([text(first), text(second)]))
    };
    let in_ns = |csv: &str| -> Vec<String> {
        // Three digits of a flow's time become nine.
        let line = |line: &str| match line.strip_suffix('Z') {
            Some(line) if line.rsplit('.').next().unwrap().len() == 3 => format!("{line}000000Z"),
            _ => line.to_owned(),
        };
        csv.lines().skip(1).map(line).collect()
    };
    let (of_packets, of_flows) = (in_ns(&one(&packets)), in_ns(&one(&flows)));
    assert!(of_packets.len() == 3 && of_flows.len() > 10);
    let joined = |a: &[String], b: &[String]| [a, b].concat();
    assert_eq!(in_ns(&both(&packets, &flows)), joined(&of_packets, &of_flows));
    assert_eq!(in_ns(&both(&flows, &packets)), joined(&of_flows, &of_packets));

    let apart = fails(2, ["convert", text(&flows), text(&packets)]);
    assert!(apart.contains("one table cannot hold the columns of flows and of packets"), "{apart}");
    let unknown = fails(2, ["convert", "--fields", "sip,nhip", text(&packets)]);
    assert!(unknown.contains("no column of packets is named \"nhip\""), "{unknown}");
    let unknown = fails(2, ["convert", "--where", "ip_len > 3", text(&flows)]);
    assert!(unknown.contains("no column of flows is named \"ip_len\""), "{unknown}");
}

/// What a stream holds is not known beforehand; the columns that the message advises fit all the same.
#[test]
fn flows_and_packets_with_a_stream() {
    let (packets, flows) = (capture("crafted/be_usec.pcap"), query());
    let (piped_packets, piped_flows) = (fs::read(&packets).unwrap(), fs::read(&flows).unwrap());
    for command in ["convert", "head", "tail"] {
        let rows: &[&str] = if command == "convert" { &[] } else { &["-n", "100000"] };
        let arguments = |inputs: [&str; 2]| -> Vec<String> {
            let fields = ["--fields", "sip,dip,bytes,stime", "--format", "csv"];
            [&[command], rows, &fields, &inputs].concat().into_iter().map(str::to_owned).collect()
        };
        let (flows, packets) = (text(&flows), text(&packets));
        let expected = ok(arguments([flows, packets]));
        for (inputs, stdin) in [([flows, "-"], &piped_packets), (["-", packets], &piped_flows)] {
            let output = run_with_input(arguments(inputs), stdin);
            let message = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(0), "{command} {inputs:?}: {message}");
            assert!(output.stdout == expected.as_bytes(), "{command} {inputs:?}");
        }
    }
    // All columns of flows differ from those of packets; two inputs of flows keep their own.
    let refused = run_with_input(["convert", text(&flows), "-"], &piped_packets);
    let message = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains("(what a stream holds is not known beforehand)"), "{message}");
    let alone = run_with_input(["convert", text(&flows), "-"], &piped_flows);
    assert!(alone.stdout == ok(["convert", text(&flows), text(&flows)]).as_bytes());
}

#[test]
fn windows_are_exact_to_the_nanosecond() {
    let name = "crafted/be_nsec.pcap";
    let numbers = |window: &str| {
        let csv = ok(["convert", "--fields", "frame_number", "--window", window, text(&capture(name))]);
        csv.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    // 13:37:19.625878000, 20.625878001, 21.625878002.
    assert_eq!(numbers("2016-09-29 13:37:19.625878..2016-09-29 13:37:20.625878001"), ["2"]);
    assert_eq!(numbers("2016-09-29 13:37:19.625877999..2016-09-29 13:37:20.625878"), ["1"]);
    assert_eq!(numbers("end-1s.."), ["3"]);
    assert_eq!(numbers("..end"), ["1", "2", "3"]);
    let overlap = ["--window-mode", "overlap", "--window", "@1475156239.625878..@1475156240.625878001"];
    let csv =
        ok(["convert", "--fields", "frame_number"].into_iter().chain(overlap).chain([text(&capture(name))]));
    assert_eq!(csv.lines().skip(1).collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn damage_ends_a_capture_and_not_the_job() {
    let damaged = "malformed/crafted/bad_pcap_absurd_caplen.pcap";
    let output =
        run(["convert", "--fields", NINE, text(&capture(damaged)), text(&capture("crafted/be_usec.pcap"))]);
    let found = String::from_utf8(output.stdout).unwrap();
    let expected = [answers(damaged), answers("crafted/be_usec.pcap")].concat();
    assert_eq!(found.lines().skip(1).collect::<Vec<_>>(), expected);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("(byte 276); 4 rows before it were delivered"), "{message}");
    // A length beyond all limits is damage: no smaller job helps.
    assert!(message.contains("exceeds the limit") && message.contains("fetch the file again"), "{message}");
}

#[test]
fn oddities_are_listed_when_asked_for() {
    let path = capture("crafted/pcap_caplen_gt_len.pcap");
    assert!(command().args(["head", text(&path)]).output().unwrap().stderr.is_empty());
    let told = String::from_utf8(run(["head", "-v", text(&path)]).stderr).unwrap();
    assert!(told.contains("packets with more captured bytes than bytes on the wire"), "{told}");
}

#[test]
fn info_tells_what_capinfos_does() {
    let info = |name: &str, more: &[&str]| -> Value {
        let path = capture(name);
        let arguments = ["info", "--json"].into_iter().chain(more.iter().copied()).chain([text(&path)]);
        serde_json::from_str(&ok(arguments)).unwrap()
    };
    // capinfos: nsecpcap, ether, 3 packets, 141 bytes, 2.000000002 s, in strict time order.
    let found = info("crafted/be_nsec.pcap", &[]);
    for (key, expected) in [
        ("format", "nsecpcap"),
        ("encapsulation", "ether"),
        ("byte_order", "big"),
        ("first_packet", "2016-09-29T13:37:19.625878000Z"),
        ("last_packet", "2016-09-29T13:37:21.625878002Z"),
        ("duration_s", "2.000000002"),
    ] {
        assert_eq!(found[key], expected, "{key}");
    }
    assert_eq!((&found["packets"], &found["data_bytes"]), (&Value::from(3), &Value::from(141)));
    assert_eq!(found["in_time_order"], true);
    let found = info("crafted/pcapng_multi_iface.pcapng", &[]);
    assert_eq!((&found["encapsulation"], &found["in_time_order"]), (&"per-packet".into(), &false.into()));
    assert_eq!(found["interfaces"].as_array().unwrap().len(), 6);
    assert!(info("crafted/be_usec.pcap", &["--quick"])["packets"].is_null());
    let streamed =
        run_with_input(["info", "--json", "-"], &fs::read(capture("crafted/be_nsec.pcap")).unwrap());
    let streamed: Value = serde_json::from_slice(&streamed.stdout).unwrap();
    assert_eq!((&streamed["packets"], &streamed["snap_length"]), (&Value::from(3), &Value::from(262_144)));
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &len, body, &len].concat()
}

/// A section of pcapng with texts as options, and an interface.
fn section(texts: &[(u16, &str)]) -> Vec<u8> {
    let mut body = [&0x1A2B_3C4D_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xFF; 8]].concat();
    for (code, text) in texts {
        body.extend([code.to_le_bytes(), (text.len() as u16).to_le_bytes()].concat());
        body.extend(text.as_bytes());
        body.resize(body.len().next_multiple_of(4), 0);
    }
    body.extend([0; 4]);
    [block(0x0A0D_0D0A, &body), block(1, &[1, 0, 0, 0, 0, 0, 0, 0])].concat()
}

#[test]
fn info_tells_all_sections() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("two.pcapng");
    // Codes of the specification: comment 1, hardware 2, os 3, application 4.
    let one = section(&[(1, "first"), (1, "again"), (2, "x86"), (3, "Linux"), (4, "dumpcap")]);
    fs::write(&path, [one, section(&[(1, "second"), (3, "BSD")])].concat()).unwrap();
    let json = ok(["info", "--json", text(&path)]);
    let found: Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!([
        {"comments": ["first", "again"], "hardware": "x86", "os": "Linux", "application": "dumpcap"},
        {"comments": ["second"], "os": "BSD"},
    ]);
    assert_eq!(found["sections"], expected);
    // No key comes twice, which a parser would not tell.
    let again: usize =
        found.as_object().unwrap().keys().map(|key| json.matches(&format!("\"{key}\":")).count()).sum();
    assert_eq!(again, found.as_object().unwrap().len());
    let lines = ok(["info", text(&path)]);
    for told in ["comments again", "os Linux", "application dumpcap", "comments second", "os BSD"] {
        assert!(
            lines.lines().any(|line| line.starts_with("sections ") && line.ends_with(told)),
            "{told}: {lines}"
        );
    }
}

#[test]
fn a_quick_look_tells_damage_before_the_first_packet() {
    let path = capture("malformed/crafted/bad_pcap_first_absurd.pcap");
    let output = run(["info", "--quick", "--json", text(&path)]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &found["format"]), (Some(1), &"pcap".into()), "{message}");
    assert!(message.contains("exceeds the limit") && message.contains("fetch the file again"), "{message}");
}

#[test]
fn a_report_keeps_rows_of_one_kind() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let (packets, flows) = (capture("crafted/conv_ties.pcap"), query());
    let told = "--keep-flows: one file cannot hold the columns of flows and of packets";
    let before = fails(2, ["report", text(&flows), text(&packets), "--keep-flows", "-o", text(&out)]);
    assert!(before.contains(told) && !before.contains("--fields"), "{before}");
    assert!(!out.exists());
    let piped = ["report", text(&flows), "-", "--keep-flows", "-o", text(&out)];
    let output = run_with_input(piped, &fs::read(&packets).unwrap());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains(told) && !message.contains("--fields"), "{message}");
    assert!(!out.join("flows.parquet").exists());
}

#[test]
fn a_report_of_packets() {
    let directory = tempfile::tempdir().unwrap();
    let out = text(directory.path()).to_owned();
    let path = capture("crafted/conv_ties.pcap");
    let lengths = ok(["convert", "--fields", "frame_len", text(&path)]);
    let bytes: u64 = lengths.lines().skip(1).map(|len| len.parse::<u64>().unwrap()).sum();
    let count = lengths.lines().count() as u64 - 1;
    let told = ok(["report", text(&path), "--keep-flows", "-o", &out]);
    assert!(told.contains("packets not counted") && told.contains("first packet"), "{told}");
    assert!(!told.contains("flow "), "{told}");
    let summary: Value =
        serde_json::from_str(&fs::read_to_string(directory.path().join("summary.json")).unwrap()).unwrap();
    assert_eq!((&summary["bytes"], &summary["packets"]), (&bytes.into(), &count.into()));
    assert_eq!((&summary["rows_are"], &summary["inputs"][0]["kind"]), (&"packets".into(), &"pcap".into()));
    let page = fs::read_to_string(directory.path().join("report.html")).unwrap();
    assert!(page.contains("Network packets from") && !page.contains("flows"), "{page}");
    let kept: usize =
        parquet(&directory.path().join("flows.parquet")).iter().map(RecordBatch::num_rows).sum();
    assert_eq!(kept as u64, count);
    // Both kinds in one report.
    ok(["report", text(&path), text(&query()), "-o", &out]);
    let both: Value =
        serde_json::from_str(&fs::read_to_string(directory.path().join("summary.json")).unwrap()).unwrap();
    assert_eq!(both["rows_are"], "both");
    assert!(both["bytes"].as_u64().unwrap() > bytes);
}

#[test]
fn what_holds_flows_only_refuses_captures() {
    let path = capture("crafted/be_usec.pcap");
    for tool in [&["rwcut"][..], &["rwfilter", "--protocol=6", "--print-statistics"]] {
        let output = run(tool.iter().copied().chain([text(&path)]));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("a pcap capture holds packets, not flows"), "{message}");
    }
}
