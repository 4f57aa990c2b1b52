//! Time of getting the ends of small packets: of IPv4 alone, and of all layers; directly and by the walk.

#![expect(clippy::expect_used, reason = "a bench that fails is meant to stop")]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pcap_headers::{EndKind, Ends, Packet, Packets};

const PACKETS: usize = 1 << 18;

/// Ethernet frames of 62 bytes with IPv4 and TCP, one in eight IPv6 and UDP.
fn frame(number: usize) -> Vec<u8> {
    let low = (number % 251) as u8;
    let mut frame = vec![2, 0, 0, 0, 0, low, 2, 0, 0, 0, 1, low];
    if number % 8 == 1 {
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64]);
        frame.extend([0x20; 32]);
        frame.extend([0x9c, 0x40, 0x27, 0x0f, 0, 8, 0, 0]);
    } else {
        frame.extend([8, 0, 0x45, 0, 0, 46, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, low, 10, 0, 1, low]);
        frame.extend([0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    }
    frame.resize(62, 0);
    frame
}

fn capture() -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, 1]);
    for number in 0..PACKETS {
        file.extend(words(&[1_475_156_239, number as u32, 62, 62]));
        file.extend(frame(number));
    }
    file
}

/// Headers, and the sum of the fourth bytes of their sources.
type Answer = (u64, u64);

fn benches(criterion: &mut Criterion) {
    let file = capture();
    let with_ipv4 = (0..PACKETS).filter(|number| number % 8 != 1);
    let ipv4 = (with_ipv4.clone().count() as u64, with_ipv4.map(|number| number as u64 % 251).sum::<u64>());
    let packets: Vec<_> = Packets::new(&file).map(|packet| packet.expect("a sound capture")).collect();

    let mut group = criterion.benchmark_group("ends");
    group.throughput(Throughput::Elements(PACKETS as u64));
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    let all = [EndKind::Eth, EndKind::Ipv4, EndKind::Ipv6, EndKind::Tcp, EndKind::Udp];
    for (name, kinds) in [("ipv4", &[EndKind::Ipv4][..]), ("all_layers", &all)] {
        type Read = fn(&mut Ends, &Packet<'_>, &mut Answer);
        let ways: [(&str, Read); 2] = [
            ("directly", |ends, packet, answer| {
                ends.read(packet, |pair| *answer = (answer.0 + 1, answer.1 + u64::from(pair.source[3])));
            }),
            ("by_the_walk", |ends, packet, answer| {
                ends.read_general(packet, |pair| {
                    *answer = (answer.0 + 1, answer.1 + u64::from(pair.source[3]))
                });
            }),
        ];
        for (way, read) in ways {
            let mut ends = Ends::new(kinds.iter().copied());
            let mut run = || {
                let mut answer = Answer::default();
                packets.iter().for_each(|packet| read(&mut ends, packet, &mut answer));
                answer
            };
            let found = run();
            if kinds.len() == 1 {
                assert_eq!(found, ipv4);
            } else {
                assert_eq!(found.0, 3 * PACKETS as u64);
            }
            group.bench_function(format!("{name}/{way}"), |bencher| bencher.iter(&mut run));
        }
    }
    group.finish();
}

criterion_group!(ends, benches);
criterion_main!(ends);
