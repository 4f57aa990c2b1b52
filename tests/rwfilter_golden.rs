//! `rwfilter` against what SiLK 3.19.1 answered to the same selections over the same repository.

#![expect(clippy::unwrap_used, reason = "a test that fails is meant to stop")]

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use flowloom::{rwcut, rwfilter};
use sha2::{Digest, Sha256};
use silk_format::{Options, Reader};

/// `testdata/silk` of the project, and the larger collection beside the project where there is one.
fn roots() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    [here.join("testdata/silk"), here.join("../shared/testdata/silk")]
        .into_iter()
        .filter(|p| p.is_dir())
        .collect()
}

/// A line of `rwfilter-expected.tsv`.
struct Case {
    switches: Vec<String>,
    answer: Answer,
}

enum Answer {
    /// Read, passed, failed; digest of the sorted text of what passed.
    Flows([u64; 3], String),
    /// Exit status and message.
    Error(u8, String),
}

fn cases(root: &Path) -> Vec<Case> {
    let table = std::fs::read_to_string(root.join("tools/rwfilter-expected.tsv")).unwrap();
    let case = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let answer = match cells[1].strip_prefix("error ") {
            Some(status) => Answer::Error(status.parse().unwrap(), cells[2].to_owned()),
            None => Answer::Flows([1, 2, 3].map(|at| cells[at].parse().unwrap()), cells[4].to_owned()),
        };
        Case { switches: cells[0].split(' ').map(str::to_owned).collect(), answer }
    };
    table.lines().skip(1).map(case).collect()
}

/// Exit status, standard output and standard error.
type Done = (u8, Vec<u8>, String);

fn filter(arguments: &[String], threads: usize, map: bool) -> Done {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let setup = rwfilter::Setup::default().with_threads(NonZeroUsize::new(threads).unwrap()).with_map(map);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = rwfilter::run_with(&arguments, &setup, &mut out, &mut err);
    (status, out, String::from_utf8(err).unwrap())
}

/// The lines that `rwcut` prints of a file of flows.
fn lines(flows: &[u8], site: &Path) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), flows).unwrap();
    let mut arguments: Vec<OsString> = [
        "--all-fields",
        "--no-titles",
        "--delimited=|",
        "--timestamp-format=epoch",
        "--integer-sensors",
        "--ip-format=canonical",
    ]
    .map(OsString::from)
    .to_vec();
    arguments.extend([format!("--site-config-file={}", site.display()).into(), file.path().into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let run = rwcut::run_with(&arguments, &rwcut::Setup::default(), &mut out, &mut err);
    assert_eq!((run.status, err), (0, Vec::new()));
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

/// As `LC_ALL=C sort | sha256sum` tells it.
fn digest(mut lines: Vec<String>) -> String {
    lines.sort_unstable();
    let mut hasher = Sha256::new();
    lines.iter().for_each(|line| hasher.update(format!("{line}\n")));
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn statistics(files: usize, [read, pass, fail]: [u64; 3]) -> String {
    format!("Files {files:>5}.  Read {read:>10}.  Pass {pass:>10}. Fail  {fail:>10}.\n")
}

fn with(switches: &[String], more: &[String]) -> Vec<String> {
    [switches, more].concat()
}

fn root_switch(root: &Path) -> String {
    format!("--data-rootdir={}", root.join("repository").display())
}

/// Without the switches that choose files.
fn partitioning(switches: &[String]) -> Vec<String> {
    let chooses = ["--type=", "--flowtypes=", "--sensors=", "--start-date=", "--end-date="];
    let keeps = |switch: &&String| !chooses.iter().any(|name| switch.starts_with(name));
    switches.iter().filter(keeps).cloned().collect()
}

#[test]
fn every_selection() {
    for root in roots() {
        let site = root.join("repository/silk.conf");
        let more = [root_switch(&root), "--pass=stdout".to_owned(), "--print-statistics".to_owned()];
        for Case { switches, answer } in cases(&root) {
            let dry = with(&switches, &[root_switch(&root), "--dry-run".to_owned()]);
            let files = String::from_utf8(filter(&dry, 1, true).1).unwrap().lines().count();
            for (threads, map) in [(1, true), (2, true), (2, false)] {
                let (status, out, err) = filter(&with(&switches, &more), threads, map);
                let case = format!("{} with {threads} threads, mapped: {map}", switches.join(" "));
                match &answer {
                    Answer::Error(expected, message) => {
                        let line = err.lines().next().unwrap();
                        assert_eq!((status, line, out.len()), (*expected, message.as_str(), 0), "{case}");
                    }
                    Answer::Flows(counts, sha256) => {
                        assert_eq!((status, err), (0, statistics(files, *counts)), "{case}");
                        assert_eq!(digest(lines(&out, &site)), *sha256, "{case}");
                    }
                }
            }
        }
    }
}

/// Each hour file by itself, whatever its format: what passes of all of them is what passes of the selection.
#[test]
fn file_by_file() {
    let root = roots().swap_remove(0);
    let site = root.join("repository/silk.conf");
    let more = ["--pass=stdout", "--print-statistics"].map(str::to_owned);
    for Case { switches, answer } in cases(&root) {
        let Answer::Flows(counts, sha256) = answer else { continue };
        let (status, names, _) =
            filter(&with(&switches, &[root_switch(&root), "--dry-run".to_owned()]), 1, true);
        assert_eq!(status, 0);
        let (mut sums, mut text) = ([0; 3], Vec::new());
        for name in String::from_utf8(names).unwrap().lines() {
            let arguments = with(&partitioning(&switches), &more);
            let (status, out, err) = filter(&with(&arguments, &[name.to_owned()]), 2, true);
            let numbers: Vec<u64> = err
                .split(|c: char| !c.is_ascii_digit())
                .filter(|word| !word.is_empty())
                .map(|word| word.parse().unwrap())
                .collect();
            assert_eq!((status, numbers[0], numbers.len()), (0, 1, 4), "{name}: {err}");
            sums.iter_mut().zip(&numbers[1..]).for_each(|(sum, number)| *sum += number);
            text.extend(lines(&out, &site));
        }
        assert_eq!((sums, digest(text)), (counts, sha256), "{}", switches.join(" "));
    }
}

/// Format, version, byte order and compression, and the records as they are stored.
fn stored(file: &[u8]) -> (String, Vec<u8>) {
    let mut reader = Reader::new(file, Options::default()).unwrap();
    let header = reader.header();
    let (order, compression) = (header.byte_order(), header.compression());
    let kind = format!("{} {} {order:?} {compression}", header.format(), header.record_version());
    let mut bytes = Vec::new();
    while let Some(block) = reader.next_block() {
        bytes.extend_from_slice(block.unwrap().bytes());
    }
    (kind, bytes)
}

/// The articles' command: the same records in the same order as in the file that SiLK's `rwfilter` wrote, byte for byte
/// once inflated.
#[test]
fn records_come_in_the_reference_order() {
    let root = roots().swap_remove(0);
    let site = root.join("repository/silk.conf");
    let first = cases(&root).swap_remove(0).switches;
    let more = ["--pass=stdout", "--compression-method=zlib"].map(str::to_owned);
    let (status, out, err) = filter(&with(&with(&first, &more), &[root_switch(&root)]), 2, true);
    assert_eq!((status, err.as_str()), (0, ""));
    let expected = std::fs::read_to_string(root.join("query/query.rwcut")).unwrap();
    assert!(lines(&out, &site).iter().eq(expected.lines()));
    assert_eq!(stored(&out), stored(&std::fs::read(root.join("query/query.rwf")).unwrap()));
}
