//! Time of decoding: a layout of each family × compression, all columns and two. Throughput in stored bytes; the records
//! per second stand behind the name.

#![expect(clippy::expect_used, clippy::panic, reason = "a bench that fails is meant to stop")]

mod data;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use silk_format::Column;

fn decode(c: &mut Criterion) {
    data::for_each_case(|case| {
        let mut group = c.benchmark_group(&case.name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1));
        for (name, columns) in [("all", &Column::ALL[..]), ("two", &data::TWO)] {
            for (how, way) in data::Way::ALL {
                group.throughput(Throughput::ElementsAndBytes {
                    elements: case.rows as u64,
                    bytes: case.data().len() as u64,
                });
                group.bench_with_input(BenchmarkId::new(name, how), case, |b, case| {
                    b.iter(|| case.run(way, columns))
                });
            }
        }
        group.finish();
    });
}

criterion_group!(benches, decode);
criterion_main!(benches);
