//! Files to record batches, mapped and read: every kind of layout and compression, all columns and two, in copies.
//!
//! One copy is one `copy_from_slice` of the file's bytes into memory already touched, in the same process, the median
//! of 20, taken in turns with what is measured; batches are dropped, not kept. The page cache is warm.
//!
//!     cargo bench -p flowloom-workspace --bench silk_files [-- NAME...]
//!     SILK_FILES_MB=620 cargo bench -p flowloom-workspace --bench silk_files -- FT_RWIPV6ROUTING-v1/none

#![expect(clippy::expect_used, reason = "a bench that fails is meant to stop")]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flow_frame::mapped_input::{Input, Opened};
use flow_frame::silk_format::{Header, Options, Reader};
use flow_frame::{Projection, Scan};

/// Bytes of a made file, at least, unless `SILK_FILES_MB` says otherwise: 619 for seven million records of 88 bytes.
const SIZE: usize = 50_000_000;
const ROUNDS: usize = 20;
const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

const LAYOUTS: [&str; 7] = [
    "FT_RWIPV6ROUTING-v1",
    "FT_RWIPV6-v2",
    "FT_RWAUGMENTED-v4",
    "FT_RWSPLIT-v5",
    "FT_RWFILTER-v5",
    "FT_RWGENERIC-v5",
    "FT_FLOWCAP-v5",
];
const COMPRESSIONS: [&str; 4] = ["none", "zlib", "lzo1x", "snappy"];

struct Case {
    path: PathBuf,
    bytes: Vec<u8>,
    rows: usize,
}

/// The records of a file of the test data, repeated: a data section may be repeated, whatever its compression.
fn case(layout: &str, compression: usize, directory: &Path) -> Case {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/silk/matrix");
    let once =
        std::fs::read(root.join(format!("{layout}-c{compression}-L.dat"))).expect("a file of the test data");
    let (_, len) = Header::parse(&once).expect("a header");
    let rows = rows_of(&once);
    let megabytes = std::env::var("SILK_FILES_MB").ok().and_then(|text| text.parse::<usize>().ok());
    let times = megabytes.map_or(SIZE, |mb| mb * 1_000_000) / (once.len() - len);
    let mut bytes = once[..len].to_vec();
    bytes.extend(once[len..].repeat(times));
    let path = directory.join(format!("{layout}-{}", COMPRESSIONS[compression]));
    std::fs::write(&path, &bytes).expect("a writable directory");
    Case { path, bytes, rows: rows * times }
}

fn rows_of(file: &[u8]) -> usize {
    let mut reader = Reader::new(file, Options::default()).expect("flow records");
    let mut rows = 0;
    while let Some(block) = reader.next_block() {
        rows += block.expect("sound data").len();
    }
    rows
}

#[expect(unsafe_code, reason = "nobody else knows the temporary file")]
fn open(path: &Path, how: Opened) -> Input {
    let input = match how {
        // SAFETY: the file was made by this process, in a directory of its own, and is not changed while it is mapped.
        Opened::Mapped => unsafe { Input::map(path) },
        _ => Input::open(path),
    };
    let input = input.expect("the file that was just written");
    assert_eq!(input.opened(), how);
    input
}

/// Scans the file and gives its rows.
fn scan(case: &Case, how: Opened, scan: &Scan) -> usize {
    let mut reader = flow_frame::open_input(open(&case.path, how), "made", scan).expect("flow records");
    let mut rows = 0;
    while let Some(batch) = reader.next_batch() {
        rows += black_box(batch.expect("sound data")).num_rows();
    }
    rows
}

/// Mapped and read, on one core and on two.
fn ways(scan: &Scan) -> [(Opened, Scan); 4] {
    let two = scan.clone().with_threads(TWO);
    [
        (Opened::Mapped, scan.clone()),
        (Opened::Mapped, two.clone()),
        (Opened::Read, scan.clone()),
        (Opened::Read, two),
    ]
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
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    // Under `cargo test --benches` one round tells that it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let scans =
        [("all", Projection::default()), ("two", Projection::names(["stime", "bytes"]).expect("names"))]
            .map(|(name, columns)| (name, Scan::default().with_columns(columns)));
    println!(
        "{:<28} {:>6} {:>8}   copies, all columns: mapped   on {TWO}    read   on {TWO}   two: mapped   on {TWO}    read   on {TWO}   \
         Mrec/s all mapped",
        "", "MB", "copy ms"
    );
    for layout in LAYOUTS {
        for (number, compression) in COMPRESSIONS.iter().enumerate() {
            let name = format!("{layout}/{compression}");
            if !wanted.is_empty() && !wanted.iter().any(|want| name.contains(want.as_str())) {
                continue;
            }
            let case = case(layout, number, directory.path());
            let jobs: Vec<_> = scans.iter().flat_map(|(_, scan)| ways(scan)).collect();
            let mut target = vec![1; case.bytes.len()];
            let mut copies = Vec::new();
            let mut times = vec![Vec::new(); jobs.len()];
            for _ in 0..rounds {
                copies.push(timed(|| black_box(&mut target).copy_from_slice(black_box(&case.bytes))));
                for ((how, s), times) in jobs.iter().zip(&mut times) {
                    times.push(timed(|| assert_eq!(scan(&case, *how, s), case.rows, "{name}")));
                }
            }
            let copy = median(copies);
            let medians: Vec<_> = times.into_iter().map(median).collect();
            print!("{name:<28} {:>6.1} {:>8.2}  ", case.bytes.len() as f64 / 1e6, copy * 1e3);
            medians.iter().for_each(|time| print!(" {:>7.2}", time / copy));
            println!("   {:>7.1}", case.rows as f64 / medians.first().copied().unwrap_or(f64::NAN) / 1e6);
            std::fs::remove_file(&case.path).expect("the file that was just read");
        }
    }
}
