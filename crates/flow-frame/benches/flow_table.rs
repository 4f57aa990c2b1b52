//! Packets to flows, on one thread: batches to keys (what other threads do), and keys to flows. Throughput is packets a second.
//! Three kinds of traffic: few long flows, as many flows as are open at a time, and a new flow each packet beyond that.

#![expect(clippy::unwrap_used, reason = "a bench may end at the first surprise")]

use std::time::Duration;

use arrow_array::RecordBatch;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flow_frame::{
    EndReason, Error, FlowProjection, FlowTable, FlowTableOptions, PacketBatchBuilder, PacketKeys, PacketRow,
};

const PACKETS: usize = 1 << 20;
const BATCH: usize = 8192;

/// TCP packets a microsecond apart that go round so many flows, in no order that a cache would like.
fn batches(flows: usize) -> Vec<RecordBatch> {
    let mut builder =
        PacketBatchBuilder::new(&FlowTable::packet_columns(&FlowTableOptions::default())).unwrap();
    let mut made = Vec::new();
    for number in 0..PACKETS {
        let flow = (number.wrapping_mul(0x9e37_79b1) % flows) as u32;
        let mut address = [0; 16];
        (address[10], address[11]) = (0xff, 0xff);
        address[12..].copy_from_slice(&flow.to_be_bytes());
        let row = PacketRow {
            frame_time_epoch: Some(1_475_156_239_000_000_000 + number as i64 * 1000),
            frame_len: Some(60 + flow % 1400),
            ip_version: Some(4),
            sip: Some(address),
            dip: Some([7; 16]),
            protocol: Some(6),
            sport: Some(flow as u16),
            dport: Some(443),
            tcp_flags: Some(0x10),
            ..PacketRow::default()
        };
        builder.push(&row, None);
        if (number + 1) % BATCH == 0 {
            made.push(builder.finish().unwrap());
        }
    }
    made
}

/// Puts all packets into the table and gives the number of flows.
fn run(table: &mut FlowTable, keys: &[PacketKeys]) -> u64 {
    let mut rows = 0;
    let mut sink = |batch: RecordBatch| -> Result<(), Error> {
        rows += batch.num_rows() as u64;
        Ok(())
    };
    keys.iter().for_each(|keys| table.update(keys, &mut sink).unwrap());
    table.finish(&mut sink).unwrap();
    rows
}

fn bench(criterion: &mut Criterion) {
    let options = FlowTableOptions::default().with_max_flows(1 << 18);
    let columns =
        FlowProjection::names(["stime", "sip", "dip", "protocol", "packets", "bytes"], false).unwrap();
    let mut group = criterion.benchmark_group("packets_to_flows");
    group.throughput(Throughput::Elements(PACKETS as u64));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for (name, flows) in [("1k_flows", 1000), ("256k_flows", 1 << 18), ("each_its_own", PACKETS)] {
        let batches = batches(flows);
        let mut table = FlowTable::new(&options, columns.clone()).unwrap();
        let maker = table.key_maker();
        let prepare = || batches.iter().map(|batch| maker.prepare(batch).unwrap()).collect::<Vec<_>>();
        let keys = prepare();
        assert_eq!(run(&mut table, &keys), flows as u64);
        assert_eq!(table.account().packets, PACKETS as u64);
        let early = flows.saturating_sub(options.max_flows) as u64;
        assert_eq!(table.account().flows_of(EndReason::Resources), early);
        group.bench_function(format!("keys/{name}"), |bencher| {
            bencher.iter(|| batches.iter().map(|batch| maker.prepare(batch).unwrap()).for_each(drop));
        });
        group.bench_function(format!("table/{name}"), |bencher| {
            let fresh = || FlowTable::new(&options, columns.clone()).unwrap();
            bencher.iter_batched(fresh, |mut table| run(&mut table, &keys), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
