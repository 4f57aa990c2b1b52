//! `rwfilter` on made traffic, uncompressed and mapped, on one core and on two, in seconds and in copies.
//!
//! One copy is one `copy_from_slice` of the file's bytes into memory already touched, in the same process; medians of
//! 11, copies taken in turns with what is measured. The page cache is warm; opening and mapping the file counts.
//!
//!     cargo bench -p flowloom-workspace --bench rwfilter_peers [-- RECORDS]      default: 7037079
//!
//! That many records are 619 MB, which are written below $TMPDIR and held in memory twice.

#![expect(clippy::expect_used, reason = "a bench that fails is meant to stop")]

use std::ffi::OsString;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use flowloom::commands::generate::{GenerateFormat, generate};
use flowloom::generate::{Options, Traffic};
use flowloom::rwfilter::{Setup, run_with};

const ROUNDS: usize = 11;

/// What is asked, and whether counts are printed, which tells that it was answered.
const JOBS: [(&str, &[&str]); 7] = [
    ("protocol 0-255, counts", &["--protocol=0-255", "--print-statistics"]),
    ("protocol and port, counts", &["--protocol=6", "--dport=443", "--print-statistics"]),
    (
        "protocol and port, written",
        &["--protocol=6", "--dport=443", "--print-statistics", "--pass=/dev/null"],
    ),
    ("active time, counts", &[ACTIVE, "--print-statistics"]),
    ("active time, written", &[ACTIVE, "--print-statistics", "--pass=/dev/null"]),
    ("volumes", &["--protocol=6", "--print-volume-statistics"]),
    ("all, written", &["--all=/dev/null", "--print-statistics"]),
];
const ACTIVE: &str = "--active-time=2016/09/29T13:30-2016/09/29T13:40";

fn filter(file: &Path, switches: &[&str], threads: usize) -> String {
    let mut arguments: Vec<OsString> = switches.iter().map(OsString::from).collect();
    arguments.push(file.into());
    let setup = Setup::default().with_map(true).with_threads(NonZeroUsize::new(threads).expect("threads"));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(run_with(&arguments, &setup, &mut out, &mut err), 0);
    String::from_utf8(err).expect("statistics")
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let records = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    // Under `cargo test --benches` one round over little tells that it runs.
    let (rounds, records) = if full { (ROUNDS, records.unwrap_or(7_037_079)) } else { (1, 10_000) };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("flows.rw");
    let options = Options::default().with_records(records).with_seed(7).with_hosts(212_000);
    let traffic = Traffic::new(&options).expect("options that make sense");
    let format = GenerateFormat::Silk { invocation: "rwfilter_peers".to_owned() };
    generate(traffic, Some(&file), &format, |_| {}).expect("a writable directory");
    let bytes = std::fs::read(&file).expect("the file that was just written");
    let mut target = vec![1; bytes.len()];
    println!("{records} records, {:.1} MB", bytes.len() as f64 / 1e6);
    for (name, switches) in JOBS {
        let answer = filter(&file, switches, 1);
        let (mut copies, mut times) = (Vec::new(), [Vec::new(), Vec::new()]);
        for _ in 0..rounds {
            copies.push(timed(|| black_box(&mut target).copy_from_slice(black_box(&bytes))));
            for (threads, times) in (1..).zip(&mut times) {
                times.push(timed(|| assert_eq!(filter(&file, switches, threads), answer, "{name}")));
            }
        }
        let (copy, [one, two]) = (median(copies), times.map(median));
        println!(
            "{name:<28} copy {copy:.4} s   one core {one:.4} s {:>5.2} copies   two {two:.4} s {:>5.2} copies   {}",
            one / copy,
            two / copy,
            answer.lines().next().unwrap_or_default()
        );
    }
}
