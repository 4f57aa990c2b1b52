//! What reading captures takes of memory, counted by the allocator: nothing per packet in place, and no more than the
//! limits say however large the lengths are that a hostile file announces.

#[path = "common/counting.rs"]
mod counting;

use std::io::Read;

use mapped_input::{Input, Opened};
use pcap_headers::pcapng::Blocks;
use pcap_headers::{Class, Decoder, Limits, Options, Packets, Reader};

use crate::counting::measured;

const MIB: usize = 1 << 20;

// ---- Files

fn u32s(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn pcap() -> Vec<u8> {
    u32s(&[0xA1B2_C3D4, 0x0004_0002, 0, 0, 65535, 1])
}

fn pcapng() -> Vec<u8> {
    let section = u32s(&[0x0A0D_0D0A, 28, 0x1A2B_3C4D, 1, u32::MAX, u32::MAX, 28]);
    [section, u32s(&[1, 20, 1, 0, 20])].concat()
}

/// A file of each kind with so many packets of 64 bytes.
fn files(packets: u32) -> [Vec<u8>; 2] {
    let (mut plain, mut blocks) = (pcap(), pcapng());
    for i in 0..packets {
        plain.extend(u32s(&[1_475_156_239, i % 1_000_000, 64, 64]));
        plain.extend([i as u8; 64]);
        blocks.extend(u32s(&[6, 96, 0, 0, i, 64, 64]));
        blocks.extend([i as u8; 64]);
        blocks.extend(u32s(&[96]));
    }
    [plain, blocks]
}

/// A file whose first bytes are given and that then goes on with the same byte for ever.
struct Endless<'a> {
    start: &'a [u8],
    filler: u8,
}

impl Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.start.is_empty() {
            out.fill(self.filler);
            return Ok(out.len());
        }
        self.start.read(out)
    }
}

// ---- In place

#[test]
fn mapped_packets_cost_nothing() {
    const PACKETS: u32 = 100_000;
    let folder = tempfile::tempdir().unwrap();
    for (kind, bytes) in files(PACKETS).into_iter().enumerate() {
        let path = folder.path().join(format!("{kind}"));
        std::fs::write(&path, &bytes).unwrap();
        // SAFETY: nobody else knows the file.
        #[expect(unsafe_code, reason = "mapping is what is tested")]
        let input = unsafe { Input::map(&path) }.unwrap();
        assert_eq!(input.opened(), Opened::Mapped);
        let map = input.as_slice().unwrap();
        let inside = map.as_ptr_range();

        let mut packets = Packets::new(map);
        let (_, calls, _) = measured(|| packets.next().unwrap().unwrap().number);
        assert!(calls <= 4, "{calls} allocations before the first packet");
        let (count, calls, _) = measured(|| {
            let mut count = 1;
            for packet in packets {
                let packet = packet.unwrap();
                let range = packet.data.as_ptr_range();
                assert!(inside.start <= range.start && range.end <= inside.end, "in place");
                assert_eq!((packet.data.len(), packet.data[63]), (64, count as u8));
                count += 1;
            }
            count
        });
        assert_eq!((count, calls), (PACKETS, 0), "packets, allocations");
        if kind == 1 {
            let (blocks, calls, _) = measured(|| Blocks::new(map).map(Result::unwrap).count());
            assert_eq!((blocks, calls), (PACKETS as usize + 2, 0), "blocks, allocations");
        }
    }
}

// ---- Streams

#[test]
fn a_stream_takes_one_buffer() {
    for bytes in files(400_000) {
        let (packets, calls, peak) = measured(|| {
            let mut reader = Reader::new(&bytes[..], Options::default());
            let mut packets = 0;
            while let Some(packet) = reader.next_packet() {
                packets += packet.unwrap().data.len() / 64;
            }
            packets
        });
        assert_eq!(packets, 400_000);
        assert!(peak < 300 << 10 && calls < 20, "pulled: {peak} bytes, {calls} allocations");

        let (packets, calls, peak) = measured(|| {
            let mut decoder = Decoder::new(Options::default());
            let mut packets = 0;
            for mut rest in bytes.chunks(1000) {
                while !rest.is_empty() {
                    let taken = decoder.decode(rest).unwrap();
                    rest = &rest[taken..];
                    packets += usize::from(decoder.packet().is_some());
                }
            }
            packets
        });
        assert_eq!(packets, 400_000);
        assert!(peak < 8 << 10 && calls < 20, "pushed: {peak} bytes, {calls} allocations");
    }
}

// ---- Hostile sizes

/// Files that announce much and are short, and that go on for ever: bounded memory, and an error.
#[test]
fn hostile_lengths() {
    let usb = |file: &mut Vec<u8>, at: usize| file[at] = 220;
    let mut large_transfer = [pcap(), u32s(&[1, 2, 128 << 20, 128 << 20])].concat();
    usb(&mut large_transfer, 20);
    let cases = [
        ("a packet of 4 GiB", [pcap(), u32s(&[1, 2, u32::MAX, u32::MAX])].concat()),
        ("a transfer of 128 MiB", large_transfer),
        ("a block of 4 GiB", [pcapng(), u32s(&[0x77, u32::MAX - 3])].concat()),
        ("a block of 128 MiB", [pcapng(), u32s(&[0x77, 128 << 20])].concat()),
        ("a packet block of 128 MiB", [pcapng(), u32s(&[6, 128 << 20, 0, 0, 0, 1 << 30, 5])].concat()),
        ("a section header of 128 MiB", u32s(&[0x0A0D_0D0A, 128 << 20, 0x1A2B_3C4D, 1])),
        ("interfaces without end", [pcapng(), u32s(&[1, 20, 1, 0, 20]).repeat(300_000)].concat()),
        ("names without end", {
            let name =
                [u32s(&[1, 1024, 1, 0]), vec![2, 0, 0xEC, 3], vec![b'x'; 1004], u32s(&[1024])].concat();
            [pcapng(), name.repeat(20_000)].concat()
        }),
    ];
    let pull = |source: &mut dyn Read, options| {
        let mut reader = Reader::new(source, options);
        loop {
            match reader.next_packet() {
                Some(Ok(_)) => {}
                end => return end.map(|end| end.unwrap_err().class()),
            }
        }
    };
    for (what, start) in cases {
        let (class, _, peak) =
            measured(|| Packets::new(&start).find_map(Result::err).map(|error| error.class()));
        assert!(matches!(class, Some(Class::Limit | Class::Malformed)), "{what}: {class:?}");
        assert!(peak < 40 * MIB, "{what}, in place: {peak} bytes");

        let (class, _, peak) = measured(|| pull(&mut &start[..], Options::default()));
        assert!(matches!(class, Some(Class::Limit | Class::Malformed)), "{what}: {class:?}");
        assert!(peak < 40 * MIB, "{what}, short: {peak} bytes");

        // As many bytes as the limit allows, and no more; with a small one little.
        for (limit, most) in [(134_348_832, 270 * MIB), (100_000, MIB)] {
            let limits = Limits::default().with_block_bytes(limit).with_interface_bytes(limit.min(4 * MIB));
            let options = Options::default().with_limits(limits);
            let (class, _, peak) = measured(|| pull(&mut Endless { start: &start, filler: 0xEE }, options));
            assert!(matches!(class, Some(Class::Limit | Class::Malformed)), "{what}: {class:?}");
            assert!(peak < most, "{what}, endless: {peak} bytes");
        }

        let (_, _, peak) = measured(|| {
            let mut decoder = Decoder::new(Options::default());
            for piece in start.chunks(7) {
                let mut rest = piece;
                while !rest.is_empty() {
                    match decoder.decode(rest) {
                        Ok(taken) => rest = &rest[taken..],
                        Err(_) => return,
                    }
                }
            }
        });
        assert!(peak < 40 * MIB, "{what}, pushed: {peak} bytes");
    }
}
