//! Small packets of a capture in memory to Arrow columns: the nine fields of the articles, the default columns, and nine
//! fields of the packets that pass a predicate. Throughput is packets a second, on one thread and on two.

#![expect(clippy::unwrap_used, reason = "a bench may end at the first surprise")]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{UInt8Type, UInt32Type, UInt64Type};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flow_frame::predicate::ParseContext;
use flow_frame::{Predicate, Projection, Scan, open_bytes};

const PACKETS: usize = 1 << 19;

/// Ethernet frames of 60 to 64 bytes, one in eight behind a VLAN tag, one in eight IPv6, one in sixty-four ARP; TCP and UDP.
fn frame(number: usize) -> Vec<u8> {
    let low = (number % 251) as u8;
    let mut frame = [&[2, 0, 0, 0, 0, low, 2, 0, 0, 0, 1, low][..]].concat();
    if number.is_multiple_of(8) {
        frame.extend([0x81, 0, 0, 5]);
    }
    if number % 64 == 2 {
        frame.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    } else if number % 8 == 1 {
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64]);
        frame.extend([0x20; 32]);
        frame.extend([0x9c, 0x40, 0x27, 0x0f, 0, 8, 0, 0]);
    } else {
        frame.extend([8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, low, 10, 0, 1, low]);
        frame.extend([0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    }
    frame.resize(frame.len().max(60), 0);
    frame
}

fn capture() -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, 1]);
    for number in 0..PACKETS {
        let frame = frame(number);
        let len = frame.len() as u32;
        file.extend(words(&[1_475_156_239, number as u32 % 1_000_000, len, len]));
        file.extend(frame);
    }
    file
}

/// A capture in memory as a map has it: cheap to hand over.
#[derive(Clone)]
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Rows; batches are dropped, not kept.
fn rows(capture: &Shared, scan: &Scan, mut each: impl FnMut(&RecordBatch)) -> usize {
    let mut reader = open_bytes(capture.clone(), "bench.pcap", scan).unwrap();
    let mut rows = 0;
    while let Some(batch) = reader.next_batch() {
        let batch = batch.unwrap();
        rows += batch.num_rows();
        each(&batch);
    }
    rows
}

/// The sums that the frames above have.
fn check(capture: &Shared) {
    let nine = Scan::default().with_columns(Projection::article());
    let (mut numbers, mut lengths, mut protocols, mut without, mut last) = (0, 0, 0, 0, 0);
    let count = rows(capture, &nine, |batch| {
        numbers += batch.column(0).as_primitive::<UInt64Type>().values().iter().sum::<u64>();
        let of_ip = batch.column(3).as_primitive::<UInt32Type>();
        lengths += of_ip.iter().flatten().map(u64::from).sum::<u64>();
        protocols += batch.column(8).as_primitive::<UInt8Type>().iter().flatten().map(u64::from).sum::<u64>();
        let sources = batch.column(6).as_fixed_size_binary();
        without += sources.iter().filter(Option::is_none).count();
        last += sources.iter().flatten().map(|address| u64::from(address[15])).sum::<u64>();
    });
    let is_ipv4 = |number: &usize| number % 64 != 2 && number % 8 != 1;
    let ipv4 = (0..PACKETS).filter(is_ipv4);
    let expected = ipv4.clone().count() as u64;
    assert_eq!((count as u64, numbers), (PACKETS as u64, (1..=PACKETS as u64).sum()));
    assert_eq!(
        (lengths, protocols, without as u64),
        (40 * expected, 6 * expected, PACKETS as u64 - expected)
    );
    assert_eq!(last, ipv4.map(|number| number as u64 % 251).sum::<u64>());
}

fn bench(criterion: &mut Criterion) {
    let capture = Shared(Arc::new(capture()));
    check(&capture);
    let scan = |columns: Projection| Scan::default().with_columns(columns);
    let udp = Predicate::parse("proto = 17", &ParseContext::default()).unwrap();
    let cases = [
        ("nine_fields", scan(Projection::article())),
        ("default_columns", scan(Projection::packets())),
        ("flow_columns", scan(Projection::parse("stime,sip,dip,protocol,packets,bytes").unwrap())),
        ("all_columns", scan(Projection::parse("all").unwrap())),
        ("nine_fields_where_udp", scan(Projection::article()).with_predicate(Some(udp))),
    ];
    let mut group = criterion.benchmark_group("packets_to_arrow");
    group.throughput(Throughput::Elements(PACKETS as u64));
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for (name, scan) in cases {
        for threads in [1, 2] {
            let scan = scan.clone().with_threads(NonZeroUsize::new(threads).unwrap());
            group.bench_function(format!("{name}/{threads}"), |bencher| {
                bencher.iter(|| rows(&capture, &scan, |batch| drop(black_box(batch.clone()))));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
