//! Groups and conversations of 2,000,000 made packets in batches of 8192: sources among a few and among many hosts, and the
//! way of the command, where every batch makes a table of its own that is then merged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{
    ArrayRef, FixedSizeBinaryArray, Int64Array, RecordBatch, TimestampNanosecondArray, UInt8Array,
    UInt16Array, UInt32Array,
};
use criterion::{BenchmarkId, Criterion, Throughput};
use flow_frame::{ConversationKind, ConversationOrder, Conversations, Ends, GroupKey, Groups, Rank, Value};

const ROWS: usize = 2_000_000;
const BATCH: usize = 8192;

/// Packets, and what the kernels must find: the bytes of the top source, and of the top pair.
struct Made {
    batches: Vec<RecordBatch>,
    top_source: u64,
    top_pair: u64,
}

fn packets(hosts: u64) -> Made {
    let mut state = 1u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let address = |host: u64| (0xffff_0a00_0000 + u128::from(host)).to_be_bytes();
    let (mut sources, mut pairs) = (BTreeMap::new(), BTreeMap::new());
    let mut batches = Vec::new();
    for first in (0..ROWS).step_by(BATCH) {
        let rows = BATCH.min(ROWS - first);
        let (mut sip, mut dip, mut lens, mut ports) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rows {
            // Small numbers more often than large ones, as hosts are in traffic.
            let from = (next() % hosts).min(next() % hosts);
            // Everybody talks with eight others.
            let to = (from * 7919 + next() % 8 * 104_729) % hosts;
            let (from, to) = if next().is_multiple_of(2) { (from, to) } else { (to, from) };
            let len = 60 + next() % 1440;
            *sources.entry(from).or_insert(0) += len;
            *pairs.entry((from.min(to), from.max(to))).or_insert(0) += len;
            sip.extend(address(from));
            dip.extend(address(to));
            lens.push(len);
            ports.push(1024 + (from % 5000) as u16);
        }
        let addresses = |bytes: Vec<u8>| -> ArrayRef {
            Arc::new(FixedSizeBinaryArray::try_new(16, bytes.into(), None).unwrap())
        };
        let times = (first..first + rows).map(|row| row as i64 * 1000);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("sip", addresses(sip)),
            ("dip", addresses(dip)),
            ("sport", Arc::new(UInt16Array::from(ports.clone()))),
            ("dport", Arc::new(UInt16Array::from(ports))),
            ("protocol", Arc::new(UInt8Array::from(vec![6; rows]))),
            ("frame_len", Arc::new(UInt32Array::from_iter_values(lens.iter().map(|len| *len as u32)))),
            ("bytes", Arc::new(Int64Array::from_iter_values(lens.iter().map(|len| *len as i64)))),
            ("stime", Arc::new(TimestampNanosecondArray::from_iter_values(times).with_timezone("UTC"))),
        ];
        batches.push(RecordBatch::try_from_iter(columns).unwrap());
    }
    let largest = |sums: &mut dyn Iterator<Item = u64>| sums.max().unwrap();
    let (top_source, top_pair) = (largest(&mut sources.into_values()), largest(&mut pairs.into_values()));
    Made { batches, top_source, top_pair }
}

fn groups() -> Groups {
    Groups::new([GroupKey::new("sip")], [Value::parse("sum(frame_len)").unwrap()]).unwrap()
}

fn first(batch: &RecordBatch, name: &str) -> u64 {
    batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(0) as u64
}

fn top_source(batches: &[RecordBatch]) -> u64 {
    let mut groups = groups();
    batches.iter().for_each(|batch| groups.update(batch).unwrap());
    first(&groups.top(10, Rank::Largest).unwrap(), "sum(frame_len)")
}

fn top_source_merged(batches: &[RecordBatch]) -> u64 {
    let (mut total, mut part) = (groups(), groups());
    for batch in batches {
        part.clear();
        part.update(batch).unwrap();
        total.merge(&part).unwrap();
    }
    first(&total.top(10, Rank::Largest).unwrap(), "sum(frame_len)")
}

fn top_pair(batches: &[RecordBatch], kind: ConversationKind) -> u64 {
    let mut table = Conversations::new(kind, Ends::Both);
    batches.iter().for_each(|batch| table.update(batch).unwrap());
    first(&table.batches(10, ConversationOrder::Bytes, 10).next().unwrap().unwrap(), "bytes")
}

fn top_pair_merged(batches: &[RecordBatch]) -> u64 {
    let new = || Conversations::new(ConversationKind::Any, Ends::Both);
    let (mut total, mut part) = (new(), new());
    for batch in batches {
        part.clear();
        part.update(batch).unwrap();
        total.merge(&part).unwrap();
    }
    first(&total.batches(10, ConversationOrder::Bytes, 10).next().unwrap().unwrap(), "bytes")
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut bench = criterion.benchmark_group("packets");
    bench.throughput(Throughput::Elements(ROWS as u64));
    for hosts in [500, 20_000, 1_000_000] {
        let Made { batches, top_source: source, top_pair: pair } = packets(hosts);
        assert_eq!((top_source(&batches), top_source_merged(&batches)), (source, source));
        assert_eq!((top_pair(&batches, ConversationKind::Any), top_pair_merged(&batches)), (pair, pair));
        bench.bench_function(BenchmarkId::new("by source", hosts), |b| {
            b.iter(|| top_source(black_box(&batches)))
        });
        bench.bench_function(BenchmarkId::new("by source, merged", hosts), |b| {
            b.iter(|| top_source_merged(black_box(&batches)));
        });
        bench.bench_function(BenchmarkId::new("conversations", hosts), |b| {
            b.iter(|| top_pair(black_box(&batches), ConversationKind::Any));
        });
        bench.bench_function(BenchmarkId::new("conversations, merged", hosts), |b| {
            b.iter(|| top_pair_merged(black_box(&batches)));
        });
        bench.bench_function(BenchmarkId::new("TCP conversations", hosts), |b| {
            b.iter(|| top_pair(black_box(&batches), ConversationKind::Tcp));
        });
    }
    bench.finish();
    criterion.final_summary();
}
