//! Encoding counted in copies (one `copy_from_slice` of the input's bytes into memory already touched, in the same process,
//! the median of 20, taken in turns): all records and every third of a block, to their own layout and to another one.

#![expect(clippy::expect_used, clippy::panic, reason = "a bench that fails is meant to stop")]

mod data;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use silk_format::{Block, Blocks, Compression, Encoder, FormatId, Options, Selection, WriterOptions};

/// Rows that are encoded into a buffer which is then used again.
const CHUNK: usize = 2048;
const ROUNDS: usize = 20;

/// Encodes all records, or the selected ones of each chunk; returns how many bytes came out.
fn encode(
    block: Block<'_>,
    encoder: &mut Encoder,
    selection: Option<&Selection>,
    out: &mut Vec<u8>,
) -> usize {
    let mut bytes = 0;
    for start in (0..block.len()).step_by(CHUNK) {
        out.clear();
        let refused = encoder.append_block(block.slice(start..start + CHUNK), selection, out);
        refused.into_result().expect("records that the layout holds");
        bytes += black_box(&mut *out).len();
    }
    bytes
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

fn benches(c: &mut Criterion) {
    let measured = std::env::args().any(|arg| arg == "--bench");
    let third = Selection::from_rows((0..CHUNK as u32).step_by(3).collect());
    data::for_each_case(|case| {
        if case.header.compression() != Compression::NONE {
            return;
        }
        let own = WriterOptions::like(&case.header);
        let complete = WriterOptions::default().with_format(FormatId::RWIPV6ROUTING, 3);
        let mut blocks = Blocks::new(&case.header, Options::default(), case.data()).expect("a known layout");
        let block = blocks.next_block().expect("a block").expect("sound data");
        let mut group = c.benchmark_group(&case.name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1))
            .throughput(Throughput::ElementsAndBytes {
                elements: case.rows as u64,
                bytes: case.data().len() as u64,
            });
        for (name, options, selection) in [
            ("own layout", &own, None),
            ("own layout, a third", &own, Some(&third)),
            ("FT_RWIPV6ROUTING v3", &complete, None),
        ] {
            let mut encoder = Encoder::new(options).expect("a known layout");
            let mut out = Vec::new();
            let rows = encode(block, &mut encoder, selection, &mut out) / encoder.record_len();
            assert!(selection.is_some() || rows == case.rows, "{}: {name}", case.name);
            let mut run = || {
                black_box(encode(block, &mut encoder, selection, &mut out));
            };
            group.bench_function(BenchmarkId::from_parameter(name), |b| b.iter(&mut run));
            let mut target = vec![1; case.data().len()];
            let (mut copy, mut work) = (Vec::new(), Vec::new());
            for _ in 0..if measured { ROUNDS } else { 1 } {
                copy.push(timed(|| black_box(&mut target).copy_from_slice(black_box(case.data()))));
                work.push(timed(&mut run));
            }
            let (copy, work) = (median(copy), median(work));
            println!(
                "{} {name}: {:.2} copies, {:.1} million records/s",
                case.name,
                work / copy,
                case.rows as f64 / work / 1e6
            );
        }
        group.finish();
    });
}

criterion_group!(encoding, benches);
criterion_main!(encoding);
