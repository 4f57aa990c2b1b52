//! Decoding counted in copies: one copy is one `copy_from_slice` of the input's bytes into memory already touched, in
//! the same process, the median of 20, taken in turns with what is measured.

#![expect(clippy::expect_used, clippy::panic, reason = "a bench that fails is meant to stop")]

mod data;

use std::hint::black_box;
use std::time::{Duration, Instant};

use silk_format::Column;

const ROUNDS: usize = 20;

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
    // `cargo test --benches` only wants to know that it runs.
    let rounds = if std::env::args().any(|arg| arg == "--bench") { ROUNDS } else { 1 };
    println!(
        "{:<28} {:>6} {:>8}   copies and Mrec/s: all in place, all read, two in place, two read",
        "", "MB", "copy ms"
    );
    data::for_each_case(|case| {
        let mut target = vec![1; case.data().len()];
        let mut copies = Vec::new();
        let jobs: Vec<_> = [&Column::ALL[..], &data::TWO]
            .into_iter()
            .flat_map(|columns| data::Way::ALL.map(|(_, way)| (way, columns)))
            .collect();
        let mut times = vec![Vec::new(); jobs.len()];
        for _ in 0..rounds {
            copies.push(timed(|| black_box(&mut target).copy_from_slice(black_box(case.data()))));
            for ((way, columns), times) in jobs.iter().zip(&mut times) {
                times.push(timed(|| assert_eq!(case.run(*way, columns), case.rows)));
            }
        }
        let copy = median(copies);
        print!("{:<28} {:>6.1} {:>8.2} ", case.name, case.data().len() as f64 / 1e6, copy * 1e3);
        for time in times.into_iter().map(median) {
            print!("  {:>6.2} {:>7.1}", time / copy, case.rows as f64 / time / 1e6);
        }
        println!();
    });
}
