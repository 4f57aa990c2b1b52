//! Every capture of which tshark 4.0.17 said what is in it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use mapped_input::Input;
use pcap_headers::{Class, LinkType, Options, Parity, TimeParts};

use crate::support::*;

const ERF: LinkType = LinkType(197);

fn tshark() -> Options {
    Options::default().with_parity(Parity::Tshark)
}

/// As `frame.time_epoch` prints it (semantics 2): a sign if either part is negative, then both without.
fn epoch(parts: TimeParts) -> String {
    let sign = if parts.seconds < 0 || parts.nanos < 0 { "-" } else { "" };
    format!("{sign}{}.{:09}", parts.seconds.unsigned_abs(), parts.nanos.unsigned_abs())
}

/// As the fields number, time_epoch, len, cap_len, interface_id are printed.
fn answer(row: &Row) -> String {
    let mut hidden = row.link_type.pseudo_header_len();
    if row.link_type == ERF {
        // Record header, a byte of offset and one of padding, if the record is of an Ethernet frame.
        hidden = if row.data.get(8) == Some(&2) { 18 } else { row.data.len() };
    }
    let time = row.time_parts.map(epoch).unwrap_or_default();
    let interface = row.interface.map(|interface| interface.to_string()).unwrap_or_default();
    // The field is signed.
    let wire = row.wire_len.min(i32::MAX as u32) as usize - hidden;
    format!("{}\t{time}\t{wire}\t{}\t{interface}", row.number, row.data.len() - hidden)
}

/// The least that tshark lets a journal block be is what its time would take.
const ACCEPTED: [&str; 2] = ["containers/journal-nort.pcapng", "containers/journal-short.pcapng"];

/// Number, time, both lengths and interface of every frame, and whether reading ends well, in all three ways.
#[test]
fn the_projects_own_captures() {
    let mut answers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in table(&here().join("answers.tsv")) {
        answers.entry(line[0].clone()).or_default().push(line[1..].join("\t"));
    }
    let exits = table(&here().join("exits.tsv"));
    assert!(exits.len() > 180);
    for line in exits {
        let name = &line[0];
        let bytes = std::fs::read(here().join(name)).unwrap();
        let found = slice(&bytes, &tshark());
        let expected = answers.remove(name).unwrap_or_default();
        let rows: Vec<_> = found.rows.iter().map(answer).collect();
        if ACCEPTED.contains(&&**name) {
            assert!(rows.len() > expected.len() && rows.starts_with(&expected) && found.error.is_none());
            continue;
        }
        for (row, expected) in rows.iter().zip(&expected) {
            assert_eq!(row, expected, "{name}");
        }
        assert_eq!(rows.len(), expected.len(), "{name}: {:?}", found.error);
        assert_eq!(found.error.is_none(), line[1] == "0", "{name}: {:?}, tshark {:?}", found.error, line[2]);
        if let Some(error) = &found.error {
            assert!(error.offset().unwrap() <= bytes.len() as u64, "{name}: {error}");
            // What tshark says about who is to blame.
            let expected = match &*line[2] {
                text if text.contains("doesn't support") && !text.contains("reserved field") => {
                    Class::Unsupported
                }
                text if text.contains("is too large") || text.contains("bigger than") => Class::Limit,
                _ => Class::Malformed,
            };
            assert_eq!(error.class(), expected, "{name}: {error}, tshark {:?}", line[2]);
        }
        assert_same(&push(&bytes, &tshark(), || usize::MAX), &found, name);
        assert_same(&pull(&bytes[..], &tshark()), &found, name);
    }
    assert!(answers.is_empty());
}

/// Where tshark and we differ on purpose; by name, why.
const OTHERWISE: [(&str, &str); 9] = [
    ("libtrace/100_packets.erf", "ERF is not read"),
    ("libtrace/5_packets.erf", "ERF is not read"),
    ("libtrace/5_packets.erf.gz", "ERF is not read"),
    ("libtrace/fragtest.erf.gz", "ERF is not read"),
    ("libtrace/large_legacy.gz", "ERF is not read"),
    ("libtrace/provenance.erf", "ERF is not read"),
    ("malformed/crafted/bad_comp_bz2.pcap.bz2", "not a capture for us either, after no rows"),
    ("malformed/crafted/bad_comp_lz4_legacy.pcap.lz4", "not a capture for us either, after no rows"),
    ("malformed/crafted/bad_comp_xz.pcap.xz", "not a capture for us either, after no rows"),
];

/// The numbers and times of `X.fields.csv`.
fn fields(path: &Path) -> Vec<(String, String)> {
    let plain = path.with_file_name(format!("{}.fields.csv", path.file_name().unwrap().to_str().unwrap()));
    let mut text = String::new();
    match std::fs::File::open(&plain) {
        Ok(mut file) => file.read_to_string(&mut text),
        Err(_) => {
            let packed = format!("{}.gz", plain.display());
            MultiGzDecoder::new(std::fs::File::open(packed).unwrap()).read_to_string(&mut text)
        }
    }
    .unwrap();
    let lines = text.lines().skip(1);
    lines
        .map(|line| {
            // A comma stands in the time, and nowhere else within quotes.
            let cells: Vec<_> =
                line.replace(", ", " ").split(',').map(|cell| cell.trim_matches('"').to_owned()).collect();
            (cells[0].clone(), cells[2].clone())
        })
        .collect()
}

/// The whole corpus, unpacked by content: the same frames at the same times, then an error exactly where tshark has one.
#[test]
fn the_corpus() {
    let Some(root) = corpus() else { return };
    let mut wrong = Vec::new();
    let (mut files, mut frames) = (0, 0);
    for line in table(&root.join("manifest.tsv")).iter().skip(1) {
        let (name, exit) = (&*line[0], &*line[6]);
        let path = root.join(name);
        if OTHERWISE.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let found = pull(Input::open(&path).unwrap(), &tshark());
        let rows: Vec<_> = found
            .rows
            .iter()
            .map(|row| (row.number.to_string(), row.time_parts.map(epoch).unwrap_or_default()))
            .collect();
        let expected = fields(&path);
        files += 1;
        frames += rows.len();
        if rows != expected || found.error.is_some() != (exit != "0") {
            let (have, want) = (rows.len(), expected.len());
            wrong.push(format!("{name}: {have} frames, {want} expected, exit {exit}, {:?}", found.error));
        }
    }
    assert!(wrong.is_empty(), "{} of {files}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(files > 1300 && frames > 70_000, "{files} files, {frames} frames");
}

/// The lengths of the corpus, which its answers do not have, by running tshark.
#[test]
#[ignore = "runs tshark on every file of the corpus, which takes minutes"]
fn the_lengths_of_the_corpus() {
    let Some(root) = corpus() else { return };
    let mut wrong = Vec::new();
    for line in table(&root.join("manifest.tsv")).iter().skip(1) {
        let (name, path) = (&*line[0], root.join(&line[0]));
        if OTHERWISE.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let output = std::process::Command::new("tshark")
            .args(["-T", "fields", "-E", "separator=/t", "-r"])
            .arg(&path)
            .args(
                ["frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.interface_id"]
                    .iter()
                    .flat_map(|field| ["-e", field]),
            )
            .env("TZ", "UTC")
            .output()
            .unwrap();
        let found = pull(Input::open(&path).unwrap(), &tshark());
        let rows: Vec<_> = found.rows.iter().map(answer).collect();
        let expected = String::from_utf8(output.stdout).unwrap();
        let expected: Vec<_> = expected.lines().collect();
        if let Some(at) = (0..rows.len().max(expected.len()))
            .find(|at| rows.get(*at).map(|row| &**row) != expected.get(*at).copied())
        {
            wrong.push(format!("{name}: {:?}, tshark {:?}", rows.get(at), expected.get(at)));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
