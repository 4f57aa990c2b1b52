//! Every file whose answer the reference tool has printed, and the second opinion of the oracle on each.

use std::path::{Path, PathBuf};

use silk_format::{IcmpRepair, Options};

use crate::flow::{Flow, text};
use crate::oracle::{self, Manner};
use crate::support::*;

/// Reads a file in the four ways, which must agree; returns the flows with what they do not say.
fn all_ways(path: &Path, options: &Options) -> Vec<Flow> {
    let what = path.display();
    let columns = mapped(path, options.clone(), Turn::Columns);
    assert!(columns.error.is_none(), "{what}: {:?}", columns.error);
    let expected: Vec<Flow> = columns.flows.iter().map(as_record).collect();

    let records = mapped(path, options.clone(), Turn::Records);
    assert!(records.error.is_none(), "{what}: {:?}", records.error);
    assert_flows(&records.flows, &expected, format_args!("{what}: mapped, records"));

    let read_columns = read(path, options.clone(), Turn::Columns);
    assert!(read_columns.error.is_none(), "{what}: {:?}", read_columns.error);
    assert_flows(&read_columns.flows, &columns.flows, format_args!("{what}: read, columns"));

    let read_records = read(path, options.clone(), Turn::Records);
    assert!(read_records.error.is_none(), "{what}: {:?}", read_records.error);
    assert_flows(&read_records.flows, &expected, format_args!("{what}: read, records"));
    columns.flows
}

/// The oracle's flows of a file, gzip taken off.
fn by_oracle(path: &Path, manner: Manner) -> Vec<Flow> {
    let mut bytes = std::fs::read(path).unwrap();
    if bytes.starts_with(&[0x1F, 0x8B]) {
        bytes = gunzip(path);
    }
    let (flows, stopped) = oracle::decode(&bytes, path.to_str().unwrap(), manner);
    assert_eq!(stopped, None, "{}: oracle", path.display());
    flows
}

/// One file against the text and against the oracle, in the reference's manner and in the true one.
fn check(path: &Path, answer: &[u8]) {
    let what = path.display();
    let flows = all_ways(path, &reference_options(path));
    assert_text(&text(&flows), answer, &what);
    assert_flows(&flows, &by_oracle(path, Manner::REFERENCE), format_args!("{what}: oracle"));
    let flows = all_ways(path, &native_options(path));
    assert_flows(&flows, &by_oracle(path, Manner::TRUE), format_args!("{what}: oracle, true values"));
}

/// Checks every file `NAME-cC-O.dat` of a folder, in one of two halves that run side by side.
fn pairs_and_compressions(folder: &str, half: usize, answer: impl Fn(&str) -> Option<Vec<u8>>) {
    let files = files(folder);
    let mut seen = 0;
    for (i, (name, path)) in files.iter().filter(|(name, _)| name.ends_with(".dat")).enumerate() {
        if i % 2 != half {
            continue;
        }
        // FT_NAME-vV-cC-O.dat
        let pair = &name[..name.len() - "-c0-B.dat".len()];
        let Some(answer) = answer(pair) else { panic!("no answer for {name}") };
        check(path, &answer);
        seen += 1;
    }
    assert!(seen > 0 || folder != "matrix", "no file in {folder}");
    if testdata("real").is_some() {
        assert_eq!(seen, 61 * 4, "files of the whole collection");
    }
}

fn matrix(half: usize) {
    pairs_and_compressions("matrix", half, |pair| {
        std::fs::read(testdata(&format!("matrix/{pair}.rwcut"))?).ok()
    });
}

#[test]
fn matrix_first_half() {
    matrix(0);
}

#[test]
fn matrix_second_half() {
    matrix(1);
}

fn set_a(half: usize) {
    if files("set-a").is_empty() {
        return;
    }
    pairs_and_compressions("set-a", half, |pair| Some(gunzip(&testdata(&format!("set-a/{pair}.rwcut.gz"))?)));
}

#[test]
fn set_a_first_half() {
    set_a(0);
}

#[test]
fn set_a_second_half() {
    set_a(1);
}

/// The ICMP repair switched off: uncompressed files of both byte orders.
#[test]
fn set_a_without_icmp_repair() {
    let manner = Manner { icmp_repair: false, ..Manner::REFERENCE };
    for (name, path) in files("set-a") {
        let Some(pair) = name.strip_suffix("-c0-B.dat").or_else(|| name.strip_suffix("-c0-L.dat")) else {
            continue;
        };
        let Some(answer) = testdata(&format!("set-a/{pair}.icmpnone.rwcut.gz")) else { continue };
        let flows = all_ways(&path, &reference_options(&path).with_icmp_repair(IcmpRepair::Off));
        assert_text(&text(&flows), &gunzip(&answer), &name);
        assert_flows(&flows, &by_oracle(&path, manner), &name);
    }
}

/// Files beside their answers `NAME.rwcut.gz`.
fn beside_answers(files: impl IntoIterator<Item = (String, PathBuf)>) -> usize {
    let mut seen = 0;
    for (name, path) in files {
        if name.ends_with(".rwcut.gz") {
            continue;
        }
        let answer = path.with_file_name(format!("{name}.rwcut.gz"));
        check(&path, &gunzip(&answer));
        seen += 1;
    }
    seen
}

/// Random bytes as records, with a packed-file entry and without.
#[test]
fn random_bytes() {
    let seen = beside_answers(files("fuzz"));
    if testdata("real").is_some() {
        assert_eq!(seen, 163);
    }
}

/// Header versions 0–15, with sensor and type from the file's name.
#[test]
fn legacy_headers() {
    let mut seen = 0;
    for folder in files("legacy").into_keys() {
        seen += beside_answers(files(&format!("legacy/{folder}")));
    }
    if testdata("real").is_some() {
        assert_eq!(seen, 112 + 24);
    }
}

/// 245,340 flows of real traffic in each of six files: the whole text by its sum, its ends by eye.
fn real(wanted: fn(usize) -> bool) {
    let Some(expected) = testdata("real/expected.tsv") else { return };
    for (i, line) in std::fs::read_to_string(expected).unwrap().lines().enumerate() {
        if !wanted(i) {
            continue;
        }
        let [name, rows, sum] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let path = testdata(&format!("real/{name}")).unwrap();
        let flows = all_ways(&path, &reference_options(&path));
        assert_eq!(flows.len().to_string(), rows, "{name}");
        let ends = gunzip(
            &path.with_file_name(format!("{}.rwcut-head100-tail100.gz", name.trim_end_matches(".dat"))),
        );
        let both: Vec<Flow> = flows[..100].iter().chain(&flows[flows.len() - 100..]).copied().collect();
        assert_text(&text(&both), &ends, name);
        assert_eq!(sha256(&text(&flows)), sum, "{name}");
        assert_flows(&flows, &by_oracle(&path, Manner::REFERENCE), name);
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn real_traffic_first_half() {
    real(|i| i % 2 == 0);
}

#[test]
fn real_traffic_second_half() {
    real(|i| i % 2 == 1);
}

/// The articles' query: a compressed file as `rwfilter` wrote it.
#[test]
fn query() {
    let Some(path) = testdata("query/query.rwf") else { return };
    let answer = std::fs::read(testdata("query/query.rwcut").unwrap()).unwrap();
    check(&path, &answer);
}
