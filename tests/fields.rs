//! Fields, cell by cell, against what tshark 4.0.17 printed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of a test may stop at once"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use mapped_input::Input;
use pcap_headers::{FieldTable, Fields, Occurrence, Options, Packets, Parity};

/// The columns of the answers `X.fields.csv`, first occurrences.
const NINE: [&str; 9] = [
    "frame.number",
    "frame.time",
    "frame.time_epoch",
    "ip.len",
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ip.proto",
];

/// Where the nine columns differ on purpose: file, frame (none stands for the whole file), why.
const OTHERWISE: [(&str, Option<usize>, &str); 7] = [
    ("libtrace/100_packets.erf", None, "ERF files are not read"),
    ("libtrace/5_packets.erf", None, "ERF files are not read"),
    ("libtrace/5_packets.erf.gz", None, "ERF files are not read"),
    ("libtrace/fragtest.erf.gz", None, "ERF files are not read"),
    ("libtrace/large_legacy.gz", None, "ERF files are not read"),
    ("libtrace/provenance.erf", None, "ERF files are not read"),
    (
        "tcpdump/esis_snpa_asan.pcap",
        Some(3),
        "noise as a frame relay header; whether it is Ethernet is guessed",
    ),
];

/// Columns where all occurrences differ in the captures whose answers lie in `testdata/pcap/fields`.
const ALL_OTHERWISE: [(&str, usize, &str, &str); 12] = [
    ("ipv6_outer_tunnels.pcap", 33, "eth.src", "CAPWAP is not decoded (semantics 14)"),
    ("ipv6_outer_tunnels.pcap", 33, "eth.dst", "CAPWAP is not decoded (semantics 14)"),
    ("ipv6_outer_tunnels.pcap", 33, "eth.type", "CAPWAP is not decoded (semantics 14)"),
    ("linktypes.pcapng", 9, "frame.protocols", "not IPv6 after all: we name the layer that was tried"),
    ("linktypes.pcapng", 28, "ip.version", "once for a packet of this link type, twice elsewhere"),
    ("linktypes.pcapng", 35, "frame.protocols", "PPP is named before Cisco HDLC"),
    ("linktypes.pcapng", 37, "frame.protocols", "PPP is named before Cisco HDLC"),
    ("linktypes.pcapng", 38, "frame.protocols", "PPP is named before Cisco HDLC"),
    (
        "tunnels_and_damage_a.pcap",
        35,
        "frame.protocols",
        "not IPv6 after all: we name the layer that was tried",
    ),
    ("linktypes.pcapng", 84, "frame.protocols", "the radio is named twice"),
    ("linktypes.pcapng", 85, "frame.protocols", "the radio is not named behind PPI"),
    ("linktypes.pcapng", 86, "frame.protocols", "the packet is not named behind PPI"),
];

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pcap")
}

/// A text beside a capture, perhaps compressed.
fn text(path: &Path, ending: &str) -> Option<String> {
    let plain = PathBuf::from(format!("{}{ending}", path.display()));
    if let Ok(text) = fs::read_to_string(&plain) {
        return Some(text);
    }
    let mut text = String::new();
    let packed = fs::File::open(format!("{}.gz", plain.display())).ok()?;
    MultiGzDecoder::new(packed).read_to_string(&mut text).unwrap();
    Some(text)
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

/// What is in a file, unpacked; damaged streams as far as they go.
fn content(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = Input::open(path).unwrap().read_to_end(&mut bytes);
    bytes
}

/// All rows of a capture as text.
fn rows(capture: &[u8], names: &[&str], occurrence: Occurrence) -> Vec<Vec<String>> {
    let mut fields = Fields::new(names.iter().copied(), occurrence).unwrap();
    let options = Options::default().with_parity(Parity::Tshark);
    let packets = Packets::with_options(capture, &options).map_while(|packet| packet.ok());
    packets
        .map(|packet| {
            fields.read(&packet);
            let cell = |column| {
                let mut out = Vec::new();
                fields.write(column, ",", &mut out);
                String::from_utf8(out).unwrap()
            };
            (0..names.len()).map(cell).collect()
        })
        .collect()
}

/// Compares the nine columns; how many rows were equal.
fn nine_columns(name: &str, path: &Path, wrong: &mut Vec<String>) -> usize {
    let csv = text(path, ".fields.csv").unwrap();
    let expected: Vec<_> = csv.lines().skip(1).map(cells).collect();
    let found = rows(&content(path), &NINE, Occurrence::First);
    if found.len() != expected.len() {
        wrong.push(format!("{name}: {} rows, {} expected", found.len(), expected.len()));
    }
    let is_known = |frame| OTHERWISE.iter().any(|row| row.0 == name && row.1 == Some(frame));
    let different: Vec<_> = (1..).zip(found.iter().zip(&expected)).filter(|(_, (a, b))| a != b).collect();
    for (frame, (found, expected)) in &different {
        if !is_known(*frame) {
            wrong.push(format!("{name} {frame}:\n  {found:?}\n  {expected:?}"));
        }
    }
    expected.len() - different.len()
}

/// The captures of the project with their answers.
#[test]
fn the_projects_own_captures() {
    let mut wrong = Vec::new();
    let (mut files, mut equal) = (0, 0);
    for folder in ["crafted", "malformed/crafted", "containers"] {
        let entries = fs::read_dir(here().join(folder)).unwrap();
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if text(&path, ".fields.csv").is_some() {
                equal += nine_columns(name, &path, &mut wrong);
                files += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {files}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(files >= 40 && equal > 600, "{files} files, {equal} rows");
}

/// The collection beside the project, where there is one: every capture, those that are damaged up to the damage.
#[test]
fn the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata/pcap");
    let Ok(manifest) = fs::read_to_string(root.join("manifest.tsv")) else { return };
    let mut wrong = Vec::new();
    let (mut files, mut equal) = (0, 0);
    for name in manifest.lines().skip(1).map(|line| line.split('\t').next().unwrap()) {
        if !OTHERWISE.iter().any(|row| row.0 == name && row.1.is_none()) {
            equal += nine_columns(name, &root.join(name), &mut wrong);
            files += 1;
        }
    }
    println!("{files} captures, {equal} rows equal");
    assert!(wrong.is_empty(), "{} in {files} captures:\n{}", wrong.len(), wrong.join("\n"));
    assert!(files >= 1347 && equal >= 77_805, "{files} captures, {equal} rows");
}

/// Differences in the columns of `answers`, all occurrences, as file, frame, field and both texts. Of `frame.protocols`
/// ours is the beginning: what a datagram or stream carries is not decoded.
fn all_columns(name: &str, capture: &[u8], answers: &str) -> Vec<(String, usize, String, String)> {
    let names: Vec<_> = answers.lines().next().unwrap_or("frame.number").split('\t').collect();
    let expected: Vec<Vec<_>> = answers.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let found = rows(capture, &names, Occurrence::All);
    assert_eq!(found.len(), expected.len(), "{name}");
    let mut different = Vec::new();
    for (frame, (found, expected)) in (1..).zip(found.iter().zip(&expected)) {
        for ((field, found), expected) in names.iter().zip(found).zip(expected) {
            let is_equal = match *field {
                "frame.protocols" => {
                    without_payload(expected).starts_with(found) || found.starts_with(expected)
                }
                _ => found == expected,
            };
            if !is_equal {
                let both = format!("found {found:?}, expected {expected:?}");
                different.push((name.to_owned(), frame, (*field).to_owned(), both));
            }
        }
    }
    different
}

/// Names without `data`, which stands for what is not decoded, also between packets.
fn without_payload(protocols: &str) -> String {
    protocols.split(':').filter(|name| *name != "data").collect::<Vec<_>>().join(":")
}

/// Every field, every occurrence; `short_headers.pcap` has headers cut at every length, whole and quoted by ICMP errors.
#[test]
fn every_field_and_occurrence() {
    let mut wrong = Vec::new();
    let mut unused: Vec<_> = ALL_OTHERWISE.to_vec();
    let mut files = 0;
    for entry in fs::read_dir(here().join("fields")).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().unwrap().to_str().unwrap().strip_suffix(".tsv") else { continue };
        let capture = ["fields", "crafted"].map(|folder| here().join(folder).join(name));
        let capture = capture.iter().find(|path| path.exists()).unwrap();
        files += 1;
        for row in all_columns(name, &content(capture), &fs::read_to_string(&path).unwrap()) {
            match unused.iter().position(|known| (known.0, known.1, known.2) == (&row.0, row.1, &row.2)) {
                Some(known) => drop(unused.remove(known)),
                None => wrong.push(format!("{} {} {}: {}", row.0, row.1, row.2, row.3)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(unused.is_empty(), "equal after all: {unused:?}");
    assert!(files >= 10, "{files} files");
}

/// What is known to differ, in how many cells.
const CELLS_OTHERWISE: usize = 649;

/// The same for the whole collection, by running tshark.
#[test]
#[ignore = "runs tshark on every file of the corpus, which takes minutes"]
fn every_field_of_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata/pcap");
    let Ok(manifest) = fs::read_to_string(root.join("manifest.tsv")) else { return };
    let mut by_file: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in manifest.lines().skip(1).map(|line| line.split('\t').next().unwrap()) {
        if OTHERWISE.iter().any(|row| row.0 == name && row.1.is_none()) {
            continue;
        }
        let output = std::process::Command::new("tshark")
            .args(["-T", "fields", "-E", "header=y", "-E", "separator=/t", "-E", "occurrence=a", "-r"])
            .arg(root.join(name))
            .args(FieldTable::all().iter().flat_map(|field| ["-e", field.name()]))
            .envs([("TZ", "UTC"), ("LC_ALL", "C")])
            .output()
            .unwrap();
        let answers = String::from_utf8_lossy(&output.stdout).into_owned();
        for (file, frame, field, both) in all_columns(name, &content(&root.join(name)), &answers) {
            by_file.entry(file).or_default().push(format!("{frame} {field}: {both}"));
        }
    }
    let cells: usize = by_file.values().map(Vec::len).sum();
    for (file, different) in &by_file {
        println!("{file}: {} cells", different.len());
        different.iter().for_each(|cell| println!("  {cell}"));
    }
    assert!(cells <= CELLS_OTHERWISE, "{cells} cells differ");
}
