//! Time of getting nine fields of small packets as typed values: from packets that lie in memory, and from the capture.

#![expect(clippy::expect_used, reason = "a bench that fails is meant to stop")]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pcap_headers::{FieldValue, Fields, LinkType, Occurrence, Packet, Packets};

const NINE: [&str; 9] = [
    "frame.number",
    "frame.time",
    "frame.time_epoch",
    "ip.len",
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ip.proto",
];
const PACKETS: usize = 1 << 18;

/// Ethernet frames of 60 bytes with IPv4, one in eight behind a VLAN tag, one in eight IPv6.
fn frame(number: usize) -> Vec<u8> {
    let low = (number % 251) as u8;
    let mut frame = [&[2, 0, 0, 0, 0, low, 2, 0, 0, 0, 1, low][..]].concat();
    if number.is_multiple_of(8) {
        frame.extend([0x81, 0, 0, 5]);
    }
    if number % 8 == 1 {
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64]);
        frame.extend([0x20; 32]);
        frame.extend([0x9c, 0x40, 0x27, 0x0f, 0, 8, 0, 0]);
    } else {
        frame.extend([8, 0, 0x45, 0, 0, 46, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, low, 10, 0, 1, low]);
        frame.extend([0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    }
    frame.resize(60, 0);
    frame
}

fn capture() -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, 1]);
    for number in 0..PACKETS {
        file.extend(words(&[1_475_156_239, number as u32, 60, 60]));
        file.extend(frame(number));
    }
    file
}

/// Packets that have all columns, and the sums of lengths and of the last bytes of addresses.
type Answer = (u64, u64, u64);

fn add(fields: &mut Fields, packet: &Packet<'_>, answer: &mut Answer) {
    fields.read(packet);
    answer.0 += u64::from((0..NINE.len()).all(|column| fields.value(column).is_some()));
    if let Some(FieldValue::Number(len)) = fields.value(3) {
        answer.1 += len;
    }
    if let Some(FieldValue::Ipv4([.., last])) = fields.value(7) {
        answer.2 += u64::from(last);
    }
}

fn benches(criterion: &mut Criterion) {
    let file = capture();
    let with_ipv4 = (0..PACKETS).filter(|number| number % 8 != 1);
    let count = with_ipv4.clone().count() as u64;
    let expected = (count, count * 46, with_ipv4.map(|number| number as u64 % 251).sum());
    let packets: Vec<_> = Packets::new(&file).map(|packet| packet.expect("a sound capture")).collect();
    assert!(packets.iter().all(|packet| packet.link_type == LinkType(1)));
    let mut fields = Fields::new(NINE, Occurrence::First).expect("known fields");

    let mut group = criterion.benchmark_group("nine_fields");
    group.throughput(Throughput::Elements(PACKETS as u64));
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    let mut from_packets = || {
        let mut answer = Answer::default();
        packets.iter().for_each(|packet| add(&mut fields, packet, &mut answer));
        answer
    };
    assert_eq!(from_packets(), expected);
    group.bench_function("of_packets", |bencher| bencher.iter(&mut from_packets));

    let mut fields = Fields::new(NINE, Occurrence::First).expect("known fields");
    let mut from_file = || {
        let mut answer = Answer::default();
        Packets::new(&file)
            .for_each(|packet| add(&mut fields, &packet.expect("a sound capture"), &mut answer));
        answer
    };
    assert_eq!(from_file(), expected);
    group.bench_function("of_a_capture", |bencher| bencher.iter(&mut from_file));
    group.finish();
}

criterion_group!(walk, benches);
criterion_main!(walk);
