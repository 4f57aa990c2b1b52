//! Ninety broken or odd files: the rows before the damage, then an error that says what and where.

use silk_format::{Class, Error, Options};

use crate::flow::text;
use crate::oracle::{self, Manner};
use crate::support::*;

/// File versions above 16: the reference guesses, we refuse.
const REFUSED: [&str; 2] = ["25-fv17", "26-fv255"];
/// Gzip under names that the reference does not take for gzip.
const READ: [&str; 3] = ["71-nogzname", "74-x.gzip", "79-x.gzz.gz"];
/// Damage of the gzip wrapper: the rows that can be had, then an error, where the reference loses them or is content.
const GZIP: [(&str, usize); 2] = [("7a-crc.gz", 10), ("7c-truncboundary.gz", 4)];

/// What is right but not ours; everything else is malformed.
const UNSUPPORTED: [&str; 12] = [
    "11-fmt17",
    "12-ipset",
    "13-fmtFF",
    "14-fmt26",
    "15-split-v6",
    "16-split-v0",
    "17-ipv6-v3",
    "18-rverFFFF",
    "25-fv17",
    "26-fv255",
    "61-legacy-ipv6",
    "62-legacy-split-v9",
];

/// INTERFACES: class → exit.
fn exit(class: Class) -> i32 {
    match class {
        Class::Usage => 2,
        Class::Io => 3,
        _ => 1,
    }
}

/// The reference's rows; where it reads nothing for the name's sake, the oracle's.
fn expected_rows(name: &str) -> Vec<u8> {
    if READ.contains(&name) {
        let bytes = gunzip(&testdata(&format!("damaged/{name}")).unwrap());
        return text(&oracle::decode(&bytes, name, Manner::REFERENCE).0);
    }
    if REFUSED.contains(&name) {
        return Vec::new();
    }
    gunzip(&testdata(&format!("damaged-expected/{name}.gz")).unwrap())
}

fn check_error(name: &str, error: &Error) {
    assert!(error.offset().is_some(), "{name}: {error}: where?");
    let expected = if UNSUPPORTED.contains(&name) { Class::Unsupported } else { Class::Malformed };
    assert_eq!(error.class(), expected, "{name}: {error}");
    assert_eq!(exit(error.class()), 1, "{name}");
    let message = error.to_string();
    assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
}

fn faces(name: &str, options: &Options) -> [Outcome; 4] {
    let path = testdata(&format!("damaged/{name}")).unwrap();
    [
        mapped(&path, options.clone(), Turn::Records),
        mapped(&path, options.clone(), Turn::Columns),
        read(&path, options.clone(), Turn::Records),
        read(&path, options.clone(), Turn::Columns),
    ]
}

/// Name, exit and rows of the reference.
fn cases() -> Vec<(String, i32, usize)> {
    let Some(table) = testdata("damaged.tsv") else { panic!("no damaged.tsv") };
    let cases: Vec<_> = std::fs::read_to_string(table)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            (cells[0].to_owned(), cells[1].parse().unwrap(), cells[2].parse().unwrap())
        })
        .collect();
    assert_eq!(cases.len(), 90);
    cases
}

/// As the reference reads, but for the decided differences.
#[test]
fn in_the_reference_manner() {
    for (name, status, rows) in cases() {
        let expected = expected_rows(&name);
        if !REFUSED.contains(&&*name) && !READ.contains(&&*name) {
            assert_eq!(expected.iter().filter(|byte| **byte == b'\n').count(), rows, "{name}");
        }
        let path = testdata(&format!("damaged/{name}")).unwrap();
        let outcomes = faces(&name, &reference_options(&path));
        if let Some(error) = &outcomes[0].error {
            // For reading by eye: `cargo test --test silk damaged -- --nocapture`.
            println!("{name:<26} {:<11} {error}", format!("{:?}", error.class()));
        }
        for outcome in outcomes {
            assert_text(&text(&outcome.flows), &expected, &name);
            let fails = (status != 0 || REFUSED.contains(&&*name) || GZIP.iter().any(|(gz, _)| *gz == name))
                && !READ.contains(&&*name);
            assert_eq!(outcome.error.is_some(), fails, "{name}: {:?}", outcome.error);
            if let Some(error) = &outcome.error {
                check_error(&name, error);
            }
        }
    }
}

/// Natively the same rows, or more of them where only the wrapper is damaged.
#[test]
fn natively() {
    for (name, status, rows) in cases() {
        let path = testdata(&format!("damaged/{name}")).unwrap();
        let [first, others @ ..] = faces(&name, &native_options(&path));
        for other in others {
            assert_eq!(other.flows.len(), first.flows.len(), "{name}");
            assert_eq!(
                other.error.map(|e| e.to_string()),
                first.error.as_ref().map(ToString::to_string),
                "{name}"
            );
        }
        if let Some((_, rows)) = GZIP.iter().find(|(gz, _)| *gz == name) {
            assert_eq!(first.flows.len(), *rows, "{name}");
            check_error(&name, first.error.as_ref().expect("an error"));
        } else if REFUSED.contains(&&*name) {
            assert!(first.flows.is_empty() && first.error.is_some());
        } else if READ.contains(&&*name) {
            assert!(!first.flows.is_empty() && first.error.is_none(), "{name}");
        } else {
            assert_eq!((first.flows.len(), first.error.is_some()), (rows, status != 0), "{name}");
        }
    }
}

/// The oracle, which knows nothing of the crate, stops at the same records.
#[test]
fn as_the_oracle_says() {
    for (name, path) in files("damaged") {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.starts_with(&[0x1F, 0x8B]) {
            continue;
        }
        let (flows, stopped) = oracle::decode(&bytes, path.to_str().unwrap(), Manner::TRUE);
        let outcome = slice(&bytes, native_options(&path), Turn::Columns);
        assert_flows(&outcome.flows, &flows, &name);
        assert_eq!(outcome.error.is_some(), stopped.is_some(), "{name}: {:?}", outcome.error);
        assert!(outcome.flows.iter().map(as_record).eq(flows.iter().map(as_record)), "{name}");
    }
}

#[test]
fn an_error_is_small_and_travels() {
    fn travels<T: Send + Sync + 'static + std::error::Error>() {}
    travels::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
