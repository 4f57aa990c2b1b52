//! Scans and kernels over 1,086,153 made flows (FT_RWIPV6ROUTING v1, uncompressed, in memory).
//!
//! Before the measurements of criterion, scans are told in copies: their time over that of one `copy_from_slice` of the
//! file's bytes into memory that was already touched, in the same process, each the median of 20, interleaved. Batches
//! are dropped, not kept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use criterion::{BenchmarkId, Criterion, Throughput};
use flow_frame::silk_format::{FlowRecord, Writer, WriterOptions};
use flow_frame::{
    Distinct, FlowReader, Projection, Resampler, Role, Scan, TalkerBy, Talkers, Value, Window, WindowFilter,
    WindowMode,
};

const ROWS: usize = 1_086_153;
const START_MS: i64 = 1_475_152_800_000;
const SPAN_MS: u64 = 3_600_000;

/// Known while the flows are made: what the kernels must find.
#[derive(Default)]
struct Truth {
    bytes: u128,
    in_first_half: usize,
}

/// A small generator of numbers that are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 24
    }

    /// Small numbers far more often than large ones, as hosts are in traffic.
    fn skewed(&mut self, below: u64) -> u64 {
        let (a, b, c) = (self.next() % below, self.next() % below, self.next() % below);
        a.min(b).min(c)
    }
}

fn flows() -> (Vec<u8>, Truth) {
    let mut numbers = Numbers(1);
    let mut truth = Truth::default();
    let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).unwrap();
    for _ in 0..ROWS {
        let outside = Ipv4Addr::from(0x0b00_0000 + numbers.skewed(200_000) as u32 * 97);
        let inside = Ipv4Addr::from(0x0a00_0000 + numbers.skewed(12_000) as u32);
        let (sip, dip) = if numbers.next().is_multiple_of(2) { (inside, outside) } else { (outside, inside) };
        let ipv6 = numbers.next().is_multiple_of(20);
        let address = |v4: Ipv4Addr| match ipv6 {
            true => IpAddr::V6(Ipv6Addr::new(
                0x2001,
                0xdb8,
                0,
                0,
                0,
                0,
                v4.octets()[0].into(),
                v4.octets()[3].into(),
            )),
            false => IpAddr::V4(v4),
        };
        let offset = numbers.next() % SPAN_MS;
        let packets = 1 + numbers.skewed(500);
        let mut record = FlowRecord::default();
        record.sip = address(sip);
        record.dip = address(dip);
        record.sport = numbers.next() as u16;
        record.dport = [53, 80, 123, 443][numbers.next() as usize % 4];
        record.protocol = [1, 6, 6, 17][numbers.next() as usize % 4];
        record.packets = packets;
        record.bytes = packets * (40 + numbers.next() % 1400);
        record.stime_ms = START_MS + offset as i64;
        record.duration_ms = numbers.skewed(60_000) as u32;
        record.tcpflags = numbers.next() as u8;
        record.sensor_id = (numbers.next() % 15) as u16;
        record.classtype_id = (numbers.next() % 11) as u8;
        truth.bytes += u128::from(record.bytes);
        truth.in_first_half += usize::from(offset > 0 && offset <= SPAN_MS / 2);
        writer.write(&record).unwrap();
    }
    (writer.finish().unwrap(), truth)
}

fn scan(columns: &str) -> Scan {
    Scan::default().with_columns(Projection::parse(columns).unwrap())
}

fn open(file: &Arc<[u8]>, scan: &Scan) -> FlowReader {
    flow_frame::open_bytes(Arc::clone(file), "made", scan).unwrap()
}

fn count(file: &Arc<[u8]>, scan: &Scan) -> usize {
    let mut reader = open(file, scan);
    let mut rows = 0;
    while let Some(batch) = reader.next_batch() {
        rows += black_box(batch.unwrap()).num_rows();
    }
    rows
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

fn tell_copies(file: &Arc<[u8]>) {
    let scans = [
        ("all columns", scan("all")),
        ("two columns", scan("sip,bytes")),
        ("no column", { Scan::default().with_columns(Projection::names::<&str>([]).unwrap()) }),
    ];
    let mut target = vec![1u8; file.len()];
    let mut copies = Vec::new();
    let mut times = vec![Vec::new(); scans.len()];
    for _ in 0..20 {
        let start = Instant::now();
        target.copy_from_slice(black_box(file));
        black_box(&mut target);
        copies.push(start.elapsed());
        for ((_, scan), times) in scans.iter().zip(&mut times) {
            let start = Instant::now();
            assert_eq!(count(file, scan), ROWS);
            times.push(start.elapsed());
        }
    }
    let copy = median(copies);
    println!("one copy of {} MB: {:.1} ms", file.len() / 1_000_000, copy * 1e3);
    for ((name, _), times) in scans.iter().zip(times) {
        let time = median(times);
        println!("{name}: {:.1} ms, {:.2} copies", time * 1e3, time / copy);
    }
}

/// What a report needs: window, distinct and top addresses, protocols, a series.
fn report(file: &Arc<[u8]>) -> (usize, u128, usize) {
    let window = Window { start: Some(flow_frame::Instant::from_ms(START_MS - 1)), ..Window::default() };
    let scan = scan("stime,sip,dip,protocol,packets,bytes").with_window(Some(window));
    let mut reader = open(file, &scan);
    let mut talkers = Talkers::new();
    let mut resampler = resampler();
    let mut protocols: Option<Distinct> = None;
    while let Some(batch) = reader.next_batch() {
        let batch = batch.unwrap();
        talkers.update(&batch).unwrap();
        resampler.update(&batch).unwrap();
        let protocol = batch.column_by_name("protocol").unwrap();
        protocols
            .get_or_insert_with(|| Distinct::new(protocol.data_type()).unwrap())
            .update(protocol)
            .unwrap();
    }
    let top = talkers.top(Role::Source, TalkerBy::Bytes, 10);
    assert_eq!(top.len(), 10);
    let seconds = resampler.finish().occupied_bins().count();
    (protocols.map_or(0, |p| p.count()), reader.accounts().delivered.traffic, seconds)
}

fn resampler() -> Resampler {
    let values = ["mean(bytes)", "mean(packets)"].map(|text| Value::parse(text).unwrap());
    Resampler::new(Duration::from_secs(1), values.to_vec()).unwrap()
}

fn main() {
    let (file, truth) = flows();
    let file: Arc<[u8]> = file.into();
    tell_copies(&file);

    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Bytes(file.len() as u64));
    for columns in ["all", "sip,bytes", "stime,sip,dip,protocol,packets,bytes"] {
        let scan = scan(columns);
        assert_eq!(count(&file, &scan), ROWS);
        group.bench_function(BenchmarkId::from_parameter(columns), |b| b.iter(|| count(&file, &scan)));
    }
    group.finish();

    assert_eq!(report(&file), (3, truth.bytes, 3600));
    let mut group = criterion.benchmark_group("report");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("decode, window, addresses, protocols, series", |b| b.iter(|| report(&file)));
    group.finish();

    let batches: Vec<RecordBatch> =
        open(&file, &scan("stime,etime,sip,dip,packets,bytes")).map(Result::unwrap).collect();
    let mut group = criterion.benchmark_group("kernel");
    group.throughput(Throughput::Elements(ROWS as u64));
    let talkers = || {
        let mut talkers = Talkers::new();
        batches.iter().for_each(|batch| talkers.update(batch).unwrap());
        talkers
    };
    let all = talkers().top(Role::Destination, TalkerBy::Bytes, usize::MAX);
    assert_eq!(all.iter().map(|talker| talker.bytes).sum::<u128>(), truth.bytes);
    group.bench_function("talkers", |b| b.iter(talkers));

    let series = || {
        let mut resampler = resampler();
        batches.iter().for_each(|batch| resampler.update(batch).unwrap());
        resampler.finish()
    };
    assert_eq!(series().len(), 3600);
    group.bench_function("series of seconds", |b| b.iter(series));

    let half = START_MS + SPAN_MS as i64 / 2;
    let instants = [START_MS, half].map(|ms| Some(flow_frame::Instant::from_ms(ms)));
    let filter = WindowFilter::new(Window { start: instants[0], end: instants[1], mode: WindowMode::Start });
    let window = || batches.iter().map(|batch| filter.filter(batch).unwrap().num_rows()).sum::<usize>();
    assert_eq!(window(), truth.in_first_half);
    group.bench_function("window, half of the rows", |b| b.iter(window));
    group.finish();
    criterion.final_summary();
}
