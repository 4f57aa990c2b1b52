//! `flowloom tshark` against what tshark 4.0.17 printed of the same captures: mapped, read, in pieces, on one thread and
//! on several; and its exit statuses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may stop at once")]

use std::collections::BTreeMap;
#[path = "common/answers.rs"]
mod answers;

use std::ffi::OsString;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use flowloom::generate::capture::{Capture, CaptureOptions, Tunnel};
use flowloom::tshark::{Setup, run_with};
use pcap_headers::FieldTable;

use crate::answers::{here, shared};

/// The switches behind every answer.
const SWITCHES: &str = "-T fields -e frame.number -e frame.time -e frame.time_epoch -e ip.len -e eth.src -e eth.dst \
                        -e ip.src -e ip.dst -e ip.proto -E header=y -E separator=, -E quote=d -E occurrence=f";

/// Where the text differs on purpose: file and why.
const OTHERWISE: [(&str, &str); 8] = [
    ("libtrace/100_packets.erf", "ERF files are not read"),
    ("libtrace/5_packets.erf", "ERF files are not read"),
    ("libtrace/5_packets.erf.gz", "ERF files are not read"),
    ("libtrace/fragtest.erf.gz", "ERF files are not read"),
    ("libtrace/large_legacy.gz", "ERF files are not read"),
    ("libtrace/provenance.erf", "ERF files are not read"),
    ("tcpdump/esis_snpa_asan.pcap", "noise as a frame relay header; whether it is Ethernet is guessed"),
    (
        "malformed/crafted/bad_pcapng_opt_overrun_idb.pcapng",
        "the header is printed before a first interface that is damaged, where the reference does not open the file",
    ),
];

/// The answer beside a capture.
fn answer(capture: &Path) -> Option<Vec<u8>> {
    answers::answer(capture, "fields.csv")
}

/// Status and text for switches, split at blanks, and a capture.
fn run(switches: &str, capture: &Path, setup: &Setup) -> (u8, Vec<u8>) {
    let mut arguments: Vec<OsString> = switches.split_whitespace().map(OsString::from).collect();
    arguments.extend(["-r".into(), capture.into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let run = run_with(&arguments, &setup.clone().with_time_zone("UTC"), &mut out, &mut err);
    assert_eq!(run.status == 0, err.is_empty(), "{}", String::from_utf8_lossy(&err));
    (run.status, out)
}

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

/// One thread mapped and read, and pieces on several.
fn setups() -> [Setup; 4] {
    let mapped = Setup::default().with_map(true);
    [
        Setup::default(),
        mapped.clone(),
        mapped.clone().with_threads(count(2)).with_piece_packets(count(3)),
        mapped.with_threads(count(3)).with_piece_packets(count(100)),
    ]
}

/// Compares a capture's text and, where it is known, the exit status.
fn compare(name: &str, capture: &Path, status: Option<u8>, wrong: &mut Vec<String>) -> usize {
    let expected = answer(capture).unwrap();
    for setup in setups() {
        let (found_status, found) = run(SWITCHES, capture, &setup);
        if found != expected {
            let lines = found.split(|byte| *byte == b'\n').zip(expected.split(|byte| *byte == b'\n'));
            let different = lines.filter(|(a, b)| a != b).count();
            wrong.push(format!("{name}: {different} lines, {} bytes of {}", found.len(), expected.len()));
            break;
        }
        if status.is_some_and(|status| status != found_status) {
            wrong.push(format!("{name}: status {found_status}, {status:?} expected"));
            break;
        }
    }
    expected.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn the_projects_own_captures() {
    let exits = fs::read_to_string(here().join("exits.tsv")).unwrap();
    let exits: BTreeMap<_, _> = exits.lines().filter_map(|line| line.split_once('\t')).collect();
    let status = |name: &str| exits.get(name)?.split('\t').next()?.parse().ok();
    let (mut wrong, mut files) = (Vec::new(), 0);
    for folder in ["crafted", "malformed/crafted", "containers"] {
        for entry in fs::read_dir(here().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            if answer(&path).is_some() && !OTHERWISE.iter().any(|known| known.0 == name) {
                compare(&name, &path, status(&name), &mut wrong);
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
    let (mut wrong, mut files, mut lines) = (Vec::new(), 0, 0);
    for row in manifest.lines().skip(1) {
        let row: Vec<_> = row.split('\t').collect();
        if !OTHERWISE.iter().any(|known| known.0 == row[0]) {
            lines += compare(row[0], &shared().join(row[0]), row[6].parse().ok(), &mut wrong);
            files += 1;
        }
    }
    println!("{files} captures, {lines} lines");
    assert!(wrong.is_empty(), "{} of {files}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(files >= 1345 && lines >= 77_805, "{files} captures, {lines} lines");
}

/// However a capture is cut, with datagrams whose fragments lie in several pieces, the text is that of one thread.
#[test]
fn pieces_print_the_same() {
    let mut options = CaptureOptions::default();
    (options.packets, options.fragment_share, options.ipv6_share) = (3000, 0.05, 0.5);
    options.tunnels = Tunnel::ALL.to_vec();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made.pcap");
    fs::write(&path, Capture::new(&options).unwrap().write(Vec::new(), |_| {}).unwrap()).unwrap();
    let fields: String = FieldTable::all().iter().map(|field| format!(" -e {}", field.name())).collect();
    for more in ["", "-c 1000", "-c 2999"] {
        let switches = format!("-T fields -E header=y {more}{fields}");
        let whole = run(&switches, &path, &Setup::default());
        assert_eq!(whole.0, 0);
        for (threads, packets) in [(2, 1), (2, 7), (3, 100), (4, 5000)] {
            let setup = Setup::default().with_map(true).with_threads(count(threads));
            let found = run(&switches, &path, &setup.with_piece_packets(count(packets)));
            assert!(found == whole, "{threads} threads, pieces of {packets}, {more}");
        }
    }
}
