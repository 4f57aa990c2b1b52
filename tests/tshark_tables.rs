//! `flowloom tshark -q -z` against what tshark 4.0.17 printed of the same captures: mapped, read, in pieces, on one thread
//! and on several.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may stop at once")]

#[path = "common/answers.rs"]
mod answers;

use std::ffi::OsString;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use flowloom::generate::capture::{Capture, CaptureOptions, Tunnel};
use flowloom::tshark::{Setup, run_with};

use crate::answers::{here, shared};

/// All tables.
const ALL: &str = "-n -z conv,ip -z conv,ipv6 -z conv,eth -z conv,tcp -z conv,udp -z endpoints,ip -z endpoints,ipv6 \
                   -z endpoints,eth -z endpoints,tcp -z endpoints,udp";

/// Where `conv,ip` differs on purpose: file and why.
const OTHERWISE: [(&str, &str); 10] = [
    ("libtrace/100_packets.erf", "ERF files are not read"),
    ("libtrace/5_packets.erf", "ERF files are not read"),
    ("libtrace/5_packets.erf.gz", "ERF files are not read"),
    ("libtrace/fragtest.erf.gz", "ERF files are not read"),
    ("libtrace/large_legacy.gz", "ERF files are not read"),
    ("libtrace/provenance.erf", "ERF files are not read"),
    (
        "malformed/crafted/bad_pcapng_opt_overrun_idb.pcapng",
        "a first interface that is damaged, where the reference does not open the file",
    ),
    ("libpcap/filter__AH-IPcomp-IPv4.pcap", "the reference inflates IPComp"),
    ("tcpdump/of13_ericsson.pcapng", "the reference looks into OpenFlow"),
    ("wireshark/wireguard-ping-tcp-dsb.pcapng", "the reference decrypts WireGuard"),
];

/// The answer beside a capture.
fn answer(capture: &Path) -> Option<Vec<u8>> {
    answers::answer(capture, "conv_ip.txt")
}

/// Status and text for switches, split at blanks, and a capture.
fn run(switches: &str, capture: &Path, setup: &Setup) -> (u8, Vec<u8>) {
    let mut arguments: Vec<OsString> = ["-q", "-r"].map(OsString::from).to_vec();
    arguments.push(capture.into());
    arguments.extend(switches.split_whitespace().map(OsString::from));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let run = run_with(&arguments, setup, &mut out, &mut err);
    assert_eq!(run.status == 0, err.is_empty(), "{}", String::from_utf8_lossy(&err));
    (run.status, out)
}

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

/// One thread mapped and read, and pieces and segments on several.
fn setups() -> [Setup; 6] {
    let mapped = Setup::default().with_map(true);
    [
        Setup::default(),
        mapped.clone(),
        mapped.clone().with_threads(count(2)).with_piece_packets(count(3)),
        mapped.clone().with_threads(count(3)).with_piece_packets(count(100)),
        mapped.clone().with_threads(count(2)).with_segment_bytes(count(500)),
        mapped.with_threads(count(3)).with_segment_bytes(count(10_000)),
    ]
}

/// Compares a capture's table and, where it is known, the exit status.
fn compare(name: &str, capture: &Path, status: Option<u8>, wrong: &mut Vec<String>) {
    if OTHERWISE.iter().any(|known| known.0 == name) {
        return;
    }
    let expected = answer(capture).unwrap();
    for setup in setups() {
        let found = run("-z conv,ip", capture, &setup);
        if found.1 != expected || status.is_some_and(|status| status != found.0) {
            wrong.push(format!(
                "{name}: status {}, {status:?} expected\n{}",
                found.0,
                String::from_utf8_lossy(&found.1)
            ));
            break;
        }
    }
}

#[test]
fn the_projects_own_captures() {
    let (mut wrong, mut files) = (Vec::new(), 0);
    for folder in ["crafted", "malformed/crafted"] {
        for entry in fs::read_dir(here().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if answer(&path).is_some() {
                let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
                compare(&name, &path, None, &mut wrong);
                files += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {files}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(files >= 40, "{files} files");
}

/// The collection beside the project, where there is one.
#[test]
fn the_corpus() {
    let Ok(manifest) = fs::read_to_string(shared().join("manifest.tsv")) else { return };
    let (mut wrong, mut files) = (Vec::new(), 0);
    for row in manifest.lines().skip(1) {
        let row: Vec<_> = row.split('\t').collect();
        compare(row[0], &shared().join(row[0]), row[12].parse().ok(), &mut wrong);
        files += 1;
    }
    assert!(wrong.is_empty(), "{} of {files}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(files >= 1353, "{files} captures");
}

/// However a capture is cut, with datagrams whose fragments lie in several pieces and streams that begin anew, all tables
/// are those of one thread.
#[test]
fn pieces_count_the_same() {
    let mut options = CaptureOptions::default();
    (options.packets, options.fragment_share, options.ipv6_share) = (3000, 0.05, 0.5);
    options.tunnels = Tunnel::ALL.to_vec();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made.pcap");
    fs::write(&path, Capture::new(&options).unwrap().write(Vec::new(), |_| {}).unwrap()).unwrap();
    for more in ["", "-c 1000", "-c 2999"] {
        let switches = format!("{more} {ALL}");
        let whole = run(&switches, &path, &Setup::default());
        assert_eq!(whole.0, 0);
        for (threads, packets) in [(2, 1), (2, 7), (3, 100), (4, 5000)] {
            let setup = Setup::default().with_map(true).with_threads(count(threads));
            let found = run(&switches, &path, &setup.with_piece_packets(count(packets)));
            assert!(found == whole, "{threads} threads, pieces of {packets}, {more}");
        }
    }
}

/// Wherever a walk begins in the middle, all tables are those of one walk: of fragments too, and of packets that hold captures,
/// in which records can be seen that are none.
#[test]
fn segments_count_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let make = |name: &str, options: &CaptureOptions| {
        let path = directory.path().join(name);
        fs::write(&path, Capture::new(options).unwrap().write(Vec::new(), |_| {}).unwrap()).unwrap();
        path
    };
    let mut options = CaptureOptions::default();
    (options.packets, options.ipv6_share) = (2000, 0.5);
    let plain = make("plain.pcap", &options);
    options.fragment_share = 0.001;
    let fragments = make("fragments.pcap", &options);
    // Records of a capture as the payload of packets.
    let records = fs::read(&plain).unwrap();
    let (header, records) = records.split_at(24);
    let mut holding = header.to_vec();
    for payload in records.chunks(30_000) {
        let frame = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x06][..], payload].concat();
        let len = (frame.len() as u32).to_le_bytes();
        holding.extend([&1_475_155_340_u32.to_le_bytes()[..], &[0; 4], &len, &len, &frame].concat());
    }
    holding.extend(records);
    let nested = directory.path().join("nested.pcap");
    fs::write(&nested, holding).unwrap();
    for path in [plain, fragments, nested] {
        let whole = run(ALL, &path, &Setup::default());
        assert_eq!(whole.0, 0);
        for (threads, bytes) in [(2, 24), (2, 1000), (3, 20_000), (4, 1 << 20)] {
            let setup = Setup::default().with_map(true).with_threads(count(threads));
            let found = run(ALL, &path, &setup.with_segment_bytes(count(bytes)));
            assert!(found == whole, "{} on {threads} threads, segments of {bytes}", path.display());
        }
    }
}

/// The last table comes first; one that is asked for twice is printed twice.
#[test]
fn tables_come_in_reverse_order() {
    let path = here().join("crafted/conv_units.pcap");
    let [ip, udp] = ["-z conv,ip", "-z endpoints,udp"].map(|one| run(one, &path, &Setup::default()).1);
    let both = run("-z conv,ip -z endpoints,udp -z conv,ip", &path, &Setup::default());
    assert_eq!(both, (0, [&ip[..], &udp, &ip].concat()));
}

/// What is no capture has no table, and what is damaged has that of the packets before.
#[test]
fn damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cut.pcap");
    fs::write(&path, "no capture, but long enough to look like something").unwrap();
    assert_eq!(run("-z conv,ip", &path, &Setup::default()), (2, Vec::new()));
    let whole = fs::read(here().join("crafted/conv_ties.pcap")).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let packets =
        (1..).find(|n| run(&format!("-c {n} -z conv,ip"), &path, &Setup::default()).0 != 0).unwrap() - 1;
    let before = run(&format!("-c {packets} -z conv,ip"), &path, &Setup::default());
    for setup in setups() {
        assert_eq!(run("-z conv,ip", &path, &setup), (2, before.1.clone()));
    }
}
