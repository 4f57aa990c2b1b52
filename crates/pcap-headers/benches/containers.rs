//! Time of getting at packets: both kinds of files, small and large packets, in place, pulled and pushed, beside one copy of
//! the same bytes. Throughput in bytes of the file; the packets per second stand beside it.

#![expect(clippy::expect_used, reason = "a bench that fails is meant to stop")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pcap_headers::{Decoder, Options, Packet, Packets, Reader};

/// Bytes of a file, about: more than any cache holds.
const SIZE: usize = 64 << 20;
/// Bytes that are pushed at a time.
const PIECE: usize = 64 << 10;
const FIRST_SECOND: u32 = 1_475_156_239;

/// Packets, sum of lengths on the wire, sum of times in microseconds.
type Answer = (u64, u64, i64);

struct Case {
    name: &'static str,
    file: Vec<u8>,
    answer: Answer,
}

fn u32s(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A file whose `i`th packet has `least + i % 40` bytes, came `i` microseconds after the first and was 4 bytes longer.
fn case(name: &'static str, least: usize, pcapng: bool) -> Case {
    let mut file = if pcapng {
        let section = u32s(&[0x0A0D_0D0A, 28, 0x1A2B_3C4D, 1, u32::MAX, u32::MAX, 28]);
        [section, u32s(&[1, 20, 1, 0, 20])].concat()
    } else {
        u32s(&[0xA1B2_C3D4, 0x0004_0002, 0, 0, 65535, 1])
    };
    let mut answer = (0, 0, 0_i64);
    while file.len() < SIZE {
        let i = answer.0 as u32;
        let len = least + i as usize % 40;
        let (seconds, micros) = (FIRST_SECOND + i / 1_000_000, i % 1_000_000);
        let (captured, wire) = (len as u32, len as u32 + 4);
        let ticks = u64::from(seconds) * 1_000_000 + u64::from(micros);
        let end = len.next_multiple_of(4) as u32 + 32;
        if pcapng {
            file.extend(u32s(&[6, end, 0, (ticks >> 32) as u32, ticks as u32, captured, wire]));
            file.resize(file.len() + len.next_multiple_of(4), i as u8);
            file.extend(u32s(&[end]));
        } else {
            file.extend(u32s(&[seconds, micros, captured, wire]));
            file.resize(file.len() + len, i as u8);
        }
        answer = (answer.0 + 1, answer.1 + u64::from(wire), answer.2.wrapping_add(ticks as i64));
    }
    Case { name, file, answer }
}

#[inline]
fn add(sum: &mut Answer, packet: &Packet<'_>) {
    let micros = packet.time_ns.unwrap_or_default() / 1000;
    *sum = (sum.0 + 1, sum.1 + u64::from(packet.wire_len), sum.2.wrapping_add(micros));
    black_box(packet.data);
}

fn in_place(file: &[u8]) -> Answer {
    let mut sum = Answer::default();
    Packets::new(file).for_each(|packet| add(&mut sum, &packet.expect("sound data")));
    sum
}

fn pulled(file: &[u8]) -> Answer {
    let mut sum = Answer::default();
    let mut reader = Reader::new(file, Options::default());
    while let Some(packet) = reader.next_packet() {
        add(&mut sum, &packet.expect("sound data"));
    }
    sum
}

fn pushed(file: &[u8]) -> Answer {
    let mut sum = Answer::default();
    let mut decoder = Decoder::new(Options::default());
    for mut rest in file.chunks(PIECE) {
        while !rest.is_empty() {
            let taken = decoder.decode(rest).expect("sound data");
            rest = rest.get(taken..).unwrap_or_default();
            decoder.packet().iter().for_each(|packet| add(&mut sum, packet));
        }
    }
    while decoder.flush().expect("sound data") {
        decoder.packet().iter().for_each(|packet| add(&mut sum, packet));
    }
    sum
}

fn containers(c: &mut Criterion) {
    for case in [
        case("pcap, 60 bytes", 60, false),
        case("pcap, 1400 bytes", 1400, false),
        case("pcapng, 60 bytes", 60, true),
        case("pcapng, 1400 bytes", 1400, true),
    ] {
        let mut group = c.benchmark_group(case.name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1))
            .throughput(Throughput::ElementsAndBytes {
                elements: case.answer.0,
                bytes: case.file.len() as u64,
            });
        let mut target = vec![1; case.file.len()];
        group.bench_function("copy", |b| {
            b.iter(|| black_box(&mut target).copy_from_slice(black_box(&case.file)))
        });
        for (way, work) in
            [("in place", in_place as fn(&[u8]) -> Answer), ("pulled", pulled), ("pushed", pushed)]
        {
            assert_eq!(work(&case.file), case.answer, "{}, {way}", case.name);
            group.bench_function(way, |b| b.iter(|| work(black_box(&case.file))));
        }
        group.finish();
    }
}

criterion_group!(benches, containers);
criterion_main!(benches);
