//! Thinning throughput and the time to build a page. Answers are asserted before anything is timed.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flow_report::{Bin, ReportData, Series, Style, Summary, Thinner, TimeRange, TopRow, page};

const WIDTH: u32 = 880;

fn value(index: u64) -> f64 {
    (index.wrapping_mul(6_364_136_223_846_793_005) >> 40) as f64
}

fn thin(bins: u64) -> usize {
    let mut thinner = Thinner::new(bins, WIDTH);
    (0..bins).for_each(|index| thinner.push(index, value(index)));
    thinner.finish().points().count()
}

fn series(bins: u64) -> Series {
    let range = TimeRange { start_ms: 1_475_155_339_000, step_ms: 1000, bins };
    let bin = |index: u64| Bin {
        time_ms: range.time_ms(index),
        bytes: value(index) as i128,
        packets: value(index) as i128 / 900,
        flows: 1 + index % 7,
    };
    Series::from_bins(range, (0..bins).filter(|index| index % 13 != 0).map(bin))
        .unwrap_or_else(|_| Series::empty())
}

fn report(bins: u64) -> ReportData {
    let series = series(bins);
    let row = |key: u32| TopRow { key: format!("192.0.2.{key}"), bytes: 1 << key, packets: 9, flows: 3 };
    let mut summary = Summary {
        bytes: series.bytes(),
        packets: series.packets(),
        flows: bins,
        first: Some(series.range().start_ms),
        last: Some(series.range().time_ms(bins)),
        ..Summary::default()
    };
    summary.top.sip_bytes = (0..25).rev().map(row).collect();
    summary.top.dip_bytes = (0..25).rev().map(row).collect();
    ReportData { summary, series }
}

fn benches(criterion: &mut Criterion) {
    const BINS: u64 = 10_000_000;
    assert!(thin(BINS) <= 4 * WIDTH as usize && thin(BINS) > 3 * WIDTH as usize);
    assert_eq!(thin(1800), 1800);
    let streamed = series(BINS);
    assert_eq!(streamed.empty_bins(), BINS.div_ceil(13));
    assert_eq!(streamed.bytes_rate().columns.len(), WIDTH as usize);

    let mut group = criterion.benchmark_group("thinning");
    group.sample_size(10).throughput(Throughput::Elements(BINS));
    group.bench_function("one value per bin", |bencher| bencher.iter(|| thin(black_box(BINS))));
    group.bench_function("whole series", |bencher| bencher.iter(|| series(black_box(BINS))));
    group.finish();

    let mut group = criterion.benchmark_group("page");
    for bins in [1800, 1_000_000] {
        let data = report(bins);
        for style in [Style::Rates, Style::Article] {
            let html = page(&data, style);
            assert!(html.contains("<svg") && html == page(&data, style));
            group.throughput(Throughput::Bytes(html.len() as u64));
            let name = format!("{bins} bins, {style:?}");
            group.bench_function(name, |bencher| bencher.iter(|| page(black_box(&data), style)));
        }
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
