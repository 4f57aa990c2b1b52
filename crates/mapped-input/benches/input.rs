//! Decoded bytes per second: read and mapped, plain and with each codec. One copy of the content is the yardstick.
//!
//! `cargo bench -p mapped-input`
#![allow(clippy::unwrap_used, reason = "helpers of a test or bench may stop at once")]

use std::fs;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mapped_input::{Codec, Input, Opened};

const LEN: usize = 32 << 20;

/// Records of 88 bytes with counters and a few changing fields: about as compressible as flow records are.
fn content() -> Vec<u8> {
    let mut state = 1_u64;
    let mut out = Vec::with_capacity(LEN + 88);
    while out.len() < LEN {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut record = [0; 88];
        record[..4].copy_from_slice(&(out.len() as u32).to_le_bytes());
        record[8..14].copy_from_slice(&state.to_le_bytes()[2..]);
        record[60] = record[8] & 7;
        out.extend_from_slice(&record);
    }
    out.truncate(LEN);
    out
}

fn pack(codec: Codec, content: &[u8]) -> Vec<u8> {
    match codec {
        Codec::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(content).unwrap();
            gzip.finish().unwrap()
        }
        Codec::Zstd => zstd::encode_all(content, 3).unwrap(),
        Codec::Lz4 => {
            let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
            lz4.write_all(content).unwrap();
            lz4.finish().unwrap()
        }
        _ => content.to_vec(),
    }
}

/// Length and sum of the bytes, so that each is looked at.
fn sum(input: &mut impl BufRead) -> (usize, u64) {
    let (mut len, mut sum) = (0, 0_u64);
    loop {
        let bytes = input.fill_buf().unwrap();
        if bytes.is_empty() {
            return (len, sum);
        }
        sum = bytes.iter().fold(sum, |sum, &byte| sum.wrapping_add(u64::from(byte)));
        let n = bytes.len();
        input.consume(n);
        len += n;
    }
}

#[expect(unsafe_code, reason = "the bench's files are its own")]
fn open(path: &Path, opened: Opened) -> Input {
    let input = match opened {
        // SAFETY: the file lies in the bench's own directory and is not touched after it was written.
        Opened::Mapped => unsafe { Input::map(path) }.unwrap(),
        _ => Input::open(path).unwrap(),
    };
    assert_eq!(input.opened(), opened);
    input
}

fn bench(criterion: &mut Criterion) {
    let content = content();
    let answer = sum(&mut &content[..]);
    let dir = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("input");
    group.throughput(Throughput::Bytes(LEN as u64)).sample_size(10);

    let mut copy = vec![1; LEN];
    group.bench_function("one copy and sum", |b| {
        b.iter(|| {
            copy.copy_from_slice(&content);
            sum(&mut black_box(&copy[..]))
        });
    });
    for codec in [Codec::Plain, Codec::Gzip, Codec::Zstd, Codec::Lz4] {
        let path: PathBuf = dir.path().join(codec.name());
        fs::write(&path, pack(codec, &content)).unwrap();
        for opened in [Opened::Read, Opened::Mapped] {
            let mut input = open(&path, opened);
            assert_eq!((input.codec(), sum(&mut input)), (codec, answer));
            group.bench_function(format!("{codec} {opened:?}"), |b| b.iter(|| sum(&mut open(&path, opened))));
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
