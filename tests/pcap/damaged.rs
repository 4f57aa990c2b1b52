//! Limits, odd values, and what is remembered of a capture's own description.

use std::net::{IpAddr, Ipv4Addr};

use pcap_headers::pcapng::{Block, Blocks};
use pcap_headers::{
    ByteOrder, Class, Limits, LinkType, Oddity, Options, Packets, Parity, Resolution, TimeParts, Variant,
};

use crate::build::{self, Order};
use crate::support::*;

#[test]
fn limits_are_asked_before_memory_is_taken() {
    let order = Order(false);
    let limits = Limits::default().with_packet_bytes(100).with_block_bytes(400).with_interface_bytes(2000);
    let options = Options::default().with_limits(limits);
    let packet = |len: usize| build::record(order, 1_475_156_239, 2, len as u32, 0, &vec![0; len]);
    let pcap = |len| [build::pcap(order, 0xA1B2_C3D4, 0, 1), packet(100), packet(len)].concat();
    let pcapng = |len: usize| {
        let packets = [
            build::enhanced(order, 0, 1, 1, &[0; 100], &[]),
            build::enhanced(order, 0, 1, 1, &vec![0; len], &[]),
        ];
        [build::section(order, &[]), build::interface(order, 1, 0, &[]), packets.concat()].concat()
    };
    assert!(slice(&pcap(100), &options).error.is_none());
    assert!(slice(&pcapng(100), &options).error.is_none());
    for file in [pcap(101), pcapng(101), pcapng(1000)] {
        // What is announced need not be there.
        for file in [&file[..], &file[..file.len() - 50]] {
            let found = slice(file, &options);
            let error = found.error.expect("too large");
            assert_eq!(found.rows.len(), 1, "{error}");
            assert!(
                matches!(error.class(), Class::Limit) || error.to_string().contains("cut short"),
                "{error}"
            );
        }
    }
    let many = [build::section(order, &[]), build::interface(order, 1, 0, &[]).repeat(50)].concat();
    let error = slice(&many, &options).error.expect("too many");
    assert_eq!(error.class(), Class::Limit, "{error}");
    assert!(error.to_string().contains("interfaces"), "{error}");
}

#[test]
fn oddities_are_counted() {
    let order = Order(false);
    let pcap = [
        build::pcap(order, 0xA1B2_C3D4, 4, 1),
        build::record(order, 1, 1_000_000, 3, 0, b"12345"),
        build::record(order, 1, 2, 4, 0, b"1234"),
    ]
    .concat();
    let found = slice(&pcap, &Options::default());
    let odd: Vec<_> = found.report.oddities().collect();
    let expected =
        [(Oddity::CapturedBeyondWire, 1), (Oddity::CapturedBeyondSnap, 1), (Oddity::FractionOverflow, 1)];
    assert_eq!(odd, expected);
    assert_eq!((found.report.packets, found.report.captured_bytes), (2, 9));
    assert_eq!(found.rows[0].time_ns, Some(2_000_000_000));
    assert_eq!(found.rows[0].time_parts, Some(TimeParts { seconds: 1, nanos: 1_000_000_000 }));

    assert_eq!(slice(&[], &Options::default()).report.count(Oddity::EmptyFile), 1);
    let found = slice(&build::every_block(order), &Options::default());
    let odd: Vec<_> = found.report.oddities().collect();
    assert_eq!(odd, [(Oddity::UnknownBlock, 1), (Oddity::CustomBlock, 1), (Oddity::JournalEntry, 1)]);
    assert!(odd.iter().all(|(oddity, _)| !oddity.text().is_empty()));
}

/// Both views of custom blocks and journal entries.
#[test]
fn packets_and_frames() {
    for big in [false, true] {
        let file = build::every_block(Order(big));
        let native = slice(&file, &Options::default());
        let frames = slice(&file, &Options::default().with_parity(Parity::Tshark));
        assert!(native.error.is_none() && frames.error.is_none(), "{:?}", frames.error);
        let texts = |rows: &[Row]| {
            rows.iter().map(|row| String::from_utf8(row.data.clone()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&native.rows), ["0123456789", "7 bytes", "old", "simple", "last"]);
        let journal = "__REALTIME_TIMESTAMP=1475156239123456\nMESSAGE=hi\n\n";
        assert_eq!(texts(&frames.rows)[4..], ["custom\0\0", journal, "last"]);
        assert_eq!(frames.rows[4].link_type, LinkType::CUSTOM_BLOCK);
        assert_eq!(frames.rows[4].time_ns, None);
        assert_eq!(frames.rows[5].link_type, LinkType::JOURNAL_ENTRY);
        assert_eq!(frames.rows[5].time_ns, Some(1_475_156_239_123_456_000));
        assert_eq!(frames.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        let times = [
            Some(1_475_156_239_625_878_123),
            Some(1_475_156_239_000_000_000),
            Some(12_582_912_003_906_250),
            None,
            Some(1_475_156_240_000_000_000),
        ];
        assert_eq!(native.rows.iter().map(|row| row.time_ns).collect::<Vec<_>>(), times);
    }
}

#[test]
fn what_a_file_says_about_itself() {
    let file = [build::every_block(Order(true)), build::every_block(Order(false))].concat();
    let mut packets = Packets::new(&file);
    assert_eq!(packets.by_ref().filter(Result::is_ok).count(), 10);
    assert_eq!(packets.offset(), file.len() as u64);
    let info = packets.info();
    assert_eq!(info.pcap, None);
    assert_eq!(info.sections.len(), 2);
    assert_eq!((info.sections[0].byte_order, info.sections[0].version), (ByteOrder::Big, (1, 0)));
    assert_eq!(info.sections[1].hardware.as_deref(), Some("machine"));
    assert_eq!(info.sections[1].application.as_deref(), Some("program"));
    assert_eq!(info.interfaces.iter().map(|interface| interface.section).collect::<Vec<_>>(), [0, 0, 1, 1]);
    let [_, _, first, second] = &info.interfaces[..] else { panic!("four") };
    assert_eq!((first.name.as_deref(), first.filter.as_deref()), (Some("eth0"), Some("tcp")));
    assert_eq!((first.resolution, first.link_type), (Resolution::NANOS, LinkType(1)));
    assert_eq!((second.resolution.units(), second.snap_len), (Some(1024), 60));
    assert_eq!(second.comments, ["a comment"]);
    assert_eq!((second.received, second.dropped), (Some(0x0101_0101_0101_0101), Some(0)));

    let header = build::pcap(Order(true), 0xA1B2_3C4D, 96, 0x2400_0071);
    let mut packets = Packets::new(&header);
    assert!(packets.next().is_none());
    let pcap = packets.info().pcap.expect("a header");
    assert_eq!((pcap.byte_order, pcap.version, pcap.nanos), (ByteOrder::Big, (2, 4), true));
    assert_eq!((pcap.link_type, pcap.fcs_len, pcap.snap_len), (LinkType(113), Some(4), 96));
    assert_eq!((pcap.variant, packets.info().interfaces.len()), (Variant::Standard, 1));
}

#[test]
fn blocks_one_by_one() {
    for big in [false, true] {
        let file = build::every_block(Order(big));
        let blocks: Vec<_> = Blocks::new(&file).map(Result::unwrap).collect();
        assert_eq!(blocks.len(), 14);
        let mut at = 0;
        for placed in &blocks {
            assert_eq!(placed.offset, at);
            at += placed.len as u64;
            match placed.block {
                Block::NameResolution(names) => {
                    let records: Vec<_> = names.records().collect();
                    let address = IpAddr::from(Ipv4Addr::new(10, 0, 0, 1));
                    assert_eq!(records, [(address, "one".into()), (address, "x".into())]);
                    assert_eq!(names.options.comments(), ["a comment"]);
                }
                Block::Secrets(secrets) => {
                    assert_eq!((secrets.kind, secrets.data), (0x544C_534B, &b"secret"[..]));
                    assert_eq!(secrets.options.comments(), ["a comment"]);
                }
                Block::Custom(custom) => assert!(custom.enterprise == 32473 && custom.may_be_copied),
                Block::Unknown { kind, body } => assert_eq!((kind, body), (0x77, &b"unknown\0"[..])),
                Block::Obsolete(packet) => assert_eq!((packet.dropped, packet.wire_len), (5, 9)),
                Block::Interface(interface) if interface.link_type == LinkType(1) => {
                    assert_eq!(interface.options.text(2).as_deref(), Some("eth0"));
                }
                _ => {}
            }
        }
        assert_eq!(at, file.len() as u64);
    }
    for (name, bytes) in captures().into_iter().filter(|(name, _)| name.ends_with("ng")) {
        let packets = slice(&bytes, &Options::default());
        let blocks: Vec<_> = Blocks::new(&bytes).collect();
        let errors: Vec<_> = blocks.iter().filter_map(|block| block.as_ref().err()).collect();
        assert!(errors.len() <= 1, "{name}");
        // What blocks alone do not tell is which interfaces there are and what they bear.
        if let Some(error) = errors.first() {
            let other = packets.error.unwrap_or_else(|| panic!("{name}: {error}"));
            assert!(other.offset() <= error.offset(), "{name}");
        }
    }
}

/// The faces may be sent to other threads, and errors are small.
#[test]
fn what_may_be_sent() {
    fn sent<T: Send + 'static>() {}
    sent::<pcap_headers::Reader<std::fs::File>>();
    sent::<pcap_headers::Decoder>();
    sent::<Packets<'static>>();
    sent::<pcap_headers::Error>();
    assert_eq!(size_of::<pcap_headers::Error>(), size_of::<usize>());
}
