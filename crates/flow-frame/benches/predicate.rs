//! Predicates over columns in chunks of 256 and 8192 rows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flow_frame::predicate::{AddressSet, CompileOptions, Evaluator, ParseContext, Predicate};
use flow_frame::silk_format::{Column, ColumnBuf, Values};

const CHUNKS: [usize; 2] = [256, 8192];

const TEXTS: [&str; 8] = [
    "proto = 6 and dport = 443",
    "dport in (80, 443)",
    "dport in (1, 3, 5, 7, 9, 11, 80, 443)",
    "active in @1000..@2000",
    "bytes > 1000",
    "sip in 10.20.0.0/16",
    "sip in @many",
    "tcpflags = S/SA or sip in 10.x.1-3,5.x",
];

/// The same numbers every time.
fn value(row: usize, salt: u64) -> u64 {
    let mixed = (row as u64 ^ salt << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ mixed >> 29
}

fn column(column: Column, rows: usize) -> ColumnBuf {
    let mut buf = ColumnBuf::new(column);
    let numbers = (0..rows).map(|row| value(row, column as u64));
    match &mut buf.values {
        Values::I64(values) => values.extend(numbers.map(|v| (v % 4_000_000) as i64)),
        Values::U64(values) => values.extend(numbers.map(|v| v % 3000)),
        Values::U32(values) => values.extend(numbers.map(|v| v as u32)),
        Values::U16(values) => values.extend(numbers.map(|v| [80, 443, 53, v as u16][v as usize >> 16 & 3])),
        Values::U8(values) => values.extend(numbers.map(|v| [6, 6, 17, v as u8][v as usize >> 16 & 3])),
        Values::Bool(bits) => bits.extend(numbers.map(|v| v % 10 == 0)),
        Values::Address(values) => values.extend(numbers.map(|v| {
            let [.., a, b, c] = v.to_be_bytes();
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, a % 40, b, c]
        })),
    }
    buf
}

fn count(evaluator: &mut Evaluator, columns: &[ColumnBuf], rows: usize) -> usize {
    evaluator.evaluate(columns, rows).unwrap().count()
}

fn predicates(c: &mut Criterion) {
    let many = (0..20_000u32).map(|i| {
        let first = 0x0a00_0000 + i * 977;
        (std::net::Ipv4Addr::from(first).into(), std::net::Ipv4Addr::from(first + 200).into())
    });
    let context = ParseContext::default().with_set("many", AddressSet::from_ranges(many));
    let mut group = c.benchmark_group("predicate");
    for rows in CHUNKS {
        group.throughput(Throughput::Elements(rows as u64));
        for text in TEXTS {
            let predicate = Predicate::parse(text, &context).unwrap();
            let compiled = predicate.compile(&CompileOptions::default()).unwrap();
            let columns: Vec<ColumnBuf> = compiled.columns().iter().map(|c| column(*c, rows)).collect();
            let mut evaluator = compiled.evaluator();
            let held = count(&mut evaluator, &columns, rows);
            let not = (!predicate).compile(&CompileOptions::default()).unwrap();
            let columns_not: Vec<ColumnBuf> = not.columns().iter().map(|c| column(*c, rows)).collect();
            assert_eq!(held + count(&mut not.evaluator(), &columns_not, rows), rows, "{text}");
            group.bench_function(BenchmarkId::new(text, rows), |b| {
                b.iter(|| black_box(count(&mut evaluator, black_box(&columns), rows)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, predicates);
criterion_main!(benches);
