//! Flows of the packets of captures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{fails, ok, query, run, run_with_input};

fn capture(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pcap").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Made traffic in a capture.
fn made(packets: u32, directory: &Path) -> PathBuf {
    let path = directory.join("made.pcap");
    ok(["generate", "--packets", &packets.to_string(), "--seed", "3", "-o", text(&path)]);
    path
}

const COLUMNS: &str = "stime,etime,duration,sip,dip,is_ipv6,sport,dport,protocol,packets,bytes,tcpflags,initial_tcpflags,session_tcpflags,attributes";

#[test]
fn a_silk_file_holds_the_flows_of_a_capture() {
    let directory = tempfile::tempdir().unwrap();
    let silk = directory.path().join("flows.silk");
    for capture in [made(5000, directory.path()), capture("crafted/tunnels_and_damage_a.pcap")] {
        ok(["convert", text(&capture), "-o", text(&silk)]);
        let expected = ok(["convert", "--as-flows", "--fields", COLUMNS, text(&capture)]);
        assert_eq!(ok(["convert", "--fields", COLUMNS, text(&silk)]), expected);
        assert!(expected.lines().count() > 20);
    }
}

#[test]
fn threads_make_no_difference() {
    let directory = tempfile::tempdir().unwrap();
    let capture = made(30_000, directory.path());
    for extra in [&[][..], &["--bidirectional", "--idle-timeout", "200ms"], &["--max-flows", "50"]] {
        let of = |threads: &str| {
            let arguments = ["convert", "-q", "--threads", threads, "--as-flows", text(&capture)];
            run([&arguments[..], extra].concat()).stdout
        };
        let one = of("1");
        assert!(one.len() > 1000);
        assert!(["2", "3", "5"].into_iter().all(|threads| of(threads) == one), "{extra:?}");
    }
}

/// Sums of a column of CSV.
fn sum(csv: &str, column: &str) -> u64 {
    let at = csv.lines().next().unwrap().split(',').position(|name| name == column).unwrap();
    csv.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().parse::<u64>().unwrap_or(0)).sum()
}

#[test]
fn every_packet_is_told_of() {
    let path = capture("crafted/tunnels_and_damage_a.pcap");
    let packets = ok(["convert", "--fields", "packets,frame_len,sip,protocol", text(&path)]);
    for extra in [&[][..], &["--bidirectional"], &["--flow-vlan"]] {
        let fields = match extra {
            ["--bidirectional"] => "packets,bytes,reverse_packets,reverse_bytes",
            _ => "packets,bytes",
        };
        let output =
            run([&["convert", "-v", "--as-flows", "--fields", fields, text(&path)][..], extra].concat());
        let (flows, told) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let both = |column: &str| {
            sum(&flows, column)
                + if extra == ["--bidirectional"] { sum(&flows, &format!("reverse_{column}")) } else { 0 }
        };
        let line = told.lines().find(|line| line.contains(" flows made of ")).unwrap();
        let numbers: Vec<u64> =
            line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
        let [count, in_flows, bytes, without, without_bytes, ..] = numbers[..] else { panic!("{line}") };
        assert_eq!(
            (in_flows, bytes, count),
            (both("packets"), both("bytes"), flows.lines().count() as u64 - 1)
        );
        assert_eq!(in_flows + without, packets.lines().count() as u64 - 1);
        assert_eq!(bytes + without_bytes, sum(&packets, "frame_len"));
    }
}

#[test]
fn windows_and_conditions_choose_packets() {
    let path = capture("crafted/conv_ties.pcap");
    let all = ok(["convert", "--as-flows", "--fields", "sip,packets", text(&path)]);
    let some =
        ok(["convert", "--as-flows", "--fields", "sip,packets", "--where", "sip = 10.2.0.1", text(&path)]);
    assert!(some.lines().count() > 1 && some.lines().count() < all.lines().count());
    assert!(some.lines().skip(1).all(|line| line.starts_with("10.2.0.1,")));
    let head =
        ok(["head", "-n", "2", "--as-flows", "--fields", "sip,packets", "--format", "csv", text(&path)]);
    assert_eq!(head, all.split_inclusive('\n').take(3).collect::<String>());
    let tail =
        ok(["tail", "-n", "1", "--as-flows", "--fields", "sip,packets", "--format", "csv", text(&path)]);
    assert_eq!(tail.lines().nth(1), all.lines().last());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let path = capture("crafted/conv_ties.pcap");
    let silk = query();
    for (arguments, reason) in [
        (vec!["convert", "--as-flows", text(&silk)], "holds flows already"),
        (vec!["convert", "--idle-timeout", "1m", text(&path)], "add --as-flows"),
        (vec!["report", "--bidirectional", text(&path), "-o", "none"], "add --as-flows"),
        (vec!["convert", "--bidirectional", text(&path), "-o", "none.silk"], "one direction"),
        (vec!["convert", "--as-flows", "--idle-timeout", "soon", text(&path)], "expected a length of time"),
        (vec!["convert", "--as-flows", "--max-flows", "0", text(&path)], "open flows"),
        (vec!["convert", "--as-flows", "--fields", "ip_len", text(&path)], "no column of flows is named"),
        (vec!["convert", "--as-flows", "--fields", "reverse_bytes", text(&path)], "only bidirectional"),
    ] {
        let told = fails(2, &arguments);
        assert!(told.contains(reason), "{arguments:?}: {told}");
    }
    // What a stream holds is not known beforehand.
    let bytes = fs::read(&path).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("x.silk");
    let refused = run_with_input(["convert", "-", "-o", text(&out)], &bytes);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--as-flows"));
    assert_eq!(
        run_with_input(["convert", "--as-flows", "-", "-o", text(&out)], &bytes).status.code(),
        Some(0)
    );
    assert!(out.exists());
}

#[test]
fn an_early_end_is_told_without_being_asked() {
    let output = run(["convert", "--as-flows", "--max-flows", "3", text(&capture("crafted/conv_ties.pcap"))]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(told.contains("ended early to make room") && told.contains("--max-flows"), "{told}");
    assert!(String::from_utf8(output.stdout).unwrap().contains(",resources\n"));
}

#[test]
fn a_report_of_flows() {
    let directory = tempfile::tempdir().unwrap();
    let capture = made(5000, directory.path());
    let out = directory.path().join("out");
    let told = ok(["report", "--as-flows", "--keep-flows", text(&capture), "-o", text(&out)]);
    let flows = ok(["convert", "--as-flows", "--fields", "packets,bytes", text(&capture)]);
    let summary: Value =
        serde_json::from_str(&fs::read_to_string(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["flows"].as_u64().unwrap(), flows.lines().count() as u64 - 1);
    assert_eq!(summary["bytes"].as_u64().unwrap(), sum(&flows, "bytes"));
    assert_eq!((summary["packets"].as_u64().unwrap(), &summary["rows_are"]), (5000, &Value::Null));
    assert!(summary["notes"][0].as_str().unwrap().contains("5000 packets"), "{summary}");
    assert!(told.contains("packets not counted   0"), "{told}");
    assert!(out.join("flows.parquet").exists());
}

/// Two threads write a ring, 900 s a file: each has a flow that lives through both of its files.
#[test]
fn threads_of_a_ring_have_flows_of_their_own() {
    let ring = tempfile::tempdir().unwrap();
    for (thread, file) in [(0u8, 0u32), (1, 0), (0, 1), (1, 1)] {
        let mut bytes = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0".to_vec();
        let start = 1_475_156_200 + 900 * file + u32::from(thread);
        for packet in 0..9 {
            let mut frame = vec![0xaa; 12];
            frame.extend(
                b"\x08\0\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02\x03\xe8\x07\xd0\0\x08\0\0",
            );
            frame[29] += thread;
            let len = frame.len() as u32;
            bytes.extend([start + 100 * packet, 0, len, len].iter().flat_map(|word| word.to_le_bytes()));
            bytes.extend(frame);
        }
        fs::write(ring.path().join(format!("log.{thread}.{start}.pcap")), bytes).unwrap();
    }
    let fields = "duration,packets,end_reason";
    let made = ok(["convert", "--as-flows", "--fields", fields, "--ring", text(ring.path())]);
    assert_eq!(made, "duration,packets,end_reason\n1700000,18,forced\n1700000,18,forced\n");
}

/// Three files of a ring, each with ten packets of one flow, and another flow in the first alone.
#[test]
fn flows_go_on_from_file_to_file_of_a_ring() {
    let ring = tempfile::tempdir().unwrap();
    for file in 0..3u32 {
        let mut bytes = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0".to_vec();
        let start = 1_475_156_200 + 100 * file;
        for packet in 0..10 {
            let mut frame = vec![0xaa; 12];
            let other = u8::from(file == 0 && packet == 5);
            frame.extend(
                b"\x08\0\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02\x03\xe8\x07\xd0\0\x08\0",
            );
            frame.push(0);
            frame[29] += other;
            let len = frame.len() as u32;
            bytes.extend([start + packet, 0, len, len].iter().flat_map(|word| word.to_le_bytes()));
            bytes.extend(frame);
        }
        fs::write(ring.path().join(format!("log.pcap.{start}")), bytes).unwrap();
    }
    let of = |more: &[&str]| {
        let fields = "stime,duration,packets,end_reason";
        let arguments = ["convert", "--as-flows", "--fields", fields, "--ring", text(ring.path())];
        ok([&arguments[..], more].concat())
    };
    let both = "stime,duration,packets,end_reason\n2016-09-29T13:36:45.000Z,0,1,forced\n2016-09-29T13:36:40.000Z,209000,29,forced\n";
    assert_eq!(of(&[]), both);
    assert_eq!(of(&["--follow", "--follow-idle", "300ms", "--follow-poll", "20ms"]), both);
    assert_eq!(of(&["--idle-timeout", "60s"]).lines().count(), 5);
    // A ring holds packets, so a SiLK file is of their flows.
    let silk = ring.path().join("x.silk");
    ok(["convert", "--ring", text(ring.path()), "--ring-name", "log.pcap.%t", "-o", text(&silk)]);
    assert_eq!(ok(["convert", "--fields", "packets", text(&silk)]), "packets\n1\n29\n");
}

/// Packets and IP bytes by addresses, ports and protocol.
type Sums = BTreeMap<String, (u64, u64)>;

fn nfdump(path: &Path) -> Sums {
    let flows = tempfile::tempdir().unwrap();
    // One file for all times, so that no rotation cuts a flow.
    let mut reader = Command::new("nfpcapd")
        .args(["-t", "86400", "-r", text(path), "-w", text(flows.path())])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It can wait for ever, and does not heed a request to end.
    let status = (0..6000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        reader.try_wait().unwrap()
    });
    if status.is_none() {
        reader.kill().unwrap();
    }
    assert!(status.is_some_and(|status| status.success()), "nfpcapd of {}: {status:?}", path.display());
    let format = "fmt:%sa,%da,%sp,%dp,%pr,%ipkt,%ibyt";
    let printed =
        Command::new("nfdump").args(["-R", text(flows.path()), "-q", "-6", "-N", "-o", format]).output();
    sums(&String::from_utf8(printed.unwrap().stdout).unwrap())
}

fn sums(csv: &str) -> Sums {
    let mut sums = Sums::new();
    for line in csv.lines() {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let [.., packets, bytes] = cells[..] else { continue };
        let (Ok(packets), Ok(bytes)) = (packets.parse::<u64>(), bytes.parse::<u64>()) else { continue };
        // nfdump prints type and code of ICMP with a point between them.
        let port = match cells[3].split_once('.') {
            Some((kind, code)) => kind.parse::<u16>().unwrap() * 256 + code.parse::<u16>().unwrap(),
            None => cells[3].parse().unwrap(),
        };
        let key = format!("{},{},{},{port},{}", cells[0], cells[1], cells[2], cells[4]);
        let sum = sums.entry(key).or_default();
        (sum.0, sum.1) = (sum.0 + packets, sum.1 + bytes);
    }
    sums
}

/// On captures where its rules and ours agree: no tunnels, no source routes, no cut headers (see `docs/flows.md`).
#[test]
fn flows_are_those_of_nfpcapd() {
    let has = |tool: &str| Command::new(tool).arg("-V").output().is_ok();
    if !has("nfpcapd") || !has("nfdump") {
        eprintln!("left out: nfpcapd and nfdump are not installed (package nfdump)");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut captures = vec![made(20_000, directory.path())];
    captures.extend(
        ["be_nsec", "conv_direction_order", "conv_long_duration", "conv_ties", "conv_units"]
            .map(|name| capture(&format!("crafted/{name}.pcap"))),
    );
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata/pcap");
    for name in [
        "crafted/conv_many.pcap",
        "wireshark/dns_port.pcap",
        "wireshark/gitOverTCP.pcap",
        "wireshark/http2-data-reassembly.pcap",
    ] {
        captures.extend(Some(shared.join(name)).filter(|path| path.exists()));
    }
    for path in captures {
        let fields = "sip,dip,sport,dport,protocol,packets,bytes";
        let ours =
            sums(&ok(["convert", "--as-flows", "--flow-bytes", "ip", "--fields", fields, text(&path)]));
        let theirs = nfdump(&path);
        assert!(
            !ours.is_empty() && ours == theirs,
            "{}: {} keys, {}",
            path.display(),
            ours.len(),
            theirs.len()
        );
    }
}
