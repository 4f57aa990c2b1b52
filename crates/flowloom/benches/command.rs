//! Throughput of the jobs in rows a second, over made traffic.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run may stop")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flowloom::prelude::*;

const ROWS: u64 = 200_000;

fn made(dir: &Path) -> PathBuf {
    let path = dir.join("made.rw");
    let options = TrafficOptions::default().with_records(ROWS);
    let format = GenerateFormat::Silk { invocation: "bench".to_owned() };
    assert_eq!(generate(Traffic::new(&options).unwrap(), Some(&path), &format, |_| {}).unwrap(), ROWS);
    path
}

fn rows(reports: &[InputReport]) -> u64 {
    reports.iter().map(InputReport::delivered).sum()
}

fn exits(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let input = made(dir.path());
    let mut group = c.benchmark_group("convert");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10).measurement_time(Duration::from_secs(5));
    for (name, format) in [
        ("csv", Format::Csv),
        ("jsonl", Format::Jsonl),
        ("parquet", Format::Parquet),
        ("arrow", Format::Arrow),
    ] {
        let options = ConvertOptions::new(ExitOptions::new(format)).with_output(dir.path().join(name));
        assert_eq!(rows(&convert(&[&input], &options, &mut ()).unwrap()), ROWS);
        group.bench_function(name, |b| b.iter(|| convert(black_box(&[&input]), &options, &mut ()).unwrap()));
    }
    group.finish();
}

fn reports(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let input = made(dir.path());
    let options = ReportOptions::default();
    let report = analyse(&[&input], &options, &mut ()).unwrap();
    assert_eq!((report.data.summary.flows, report.data.summary.accounts.read.rows), (ROWS, ROWS));
    let mut group = c.benchmark_group("report");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("analyse", |b| b.iter(|| analyse(black_box(&[&input]), &options, &mut ()).unwrap()));
    group.finish();
}

fn traffic(c: &mut Criterion) {
    let options = TrafficOptions::default().with_records(ROWS);
    let make = || Traffic::new(&options).unwrap().map(|record| record.packets).sum::<u64>();
    assert_eq!(make(), make());
    let mut group = c.benchmark_group("generate");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("records", |b| b.iter(make));
    group.finish();
}

criterion_group!(benches, exits, reports, traffic);
criterion_main!(benches);
