//! `pcap-headers`.

use pcap_headers::pcapng::{Block, Blocks};
use pcap_headers::{Decoder, Error, Limits, LinkType, Options, Packet, Packets, Parity, Reader, Report};

use crate::pieces::{Pieces, Steps};

/// The face of bytes that are a pcapng file as they are, or become the blocks behind a section's beginning.
const BEGINNING: &[u8] =
    b"\x0A\x0D\x0D\x0A\x1C\0\0\0\x4D\x3C\x2B\x1A\x01\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x1C\0\0\0\
    \x01\0\0\0\x14\0\0\0\x01\0\0\0\0\0\0\0\x14\0\0\0";

/// Time, link type, interface, wire length, captured length and hash of a packet.
type Facts = (Option<i64>, LinkType, Option<u32>, u32, usize, u64);

/// What came out of a capture.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    packets: Vec<Facts>,
    error: Option<String>,
    report: Report,
}

impl Outcome {
    fn take(&mut self, packet: &Packet<'_>) {
        let hash = packet.data.iter().fold(7, |hash: u64, byte| hash.wrapping_mul(31) ^ u64::from(*byte));
        assert_eq!(packet.time_ns.is_some(), packet.time_parts.is_some());
        self.packets.push((
            packet.time_ns,
            packet.link_type,
            packet.interface,
            packet.wire_len,
            packet.data.len(),
            hash,
        ));
        assert_eq!(packet.number, self.packets.len() as u64);
    }

    fn ended(mut self, error: Option<&Error>, report: &Report) -> Self {
        self.error = error.map(|error| format!("{:?} {error}", error.class()));
        self.report = *report;
        self
    }
}

/// Small, so that they are met; a packet's buffer and a block's are part of what is tested.
fn options(data: &[u8]) -> Options {
    let limits =
        Limits::default().with_packet_bytes(4096).with_block_bytes(9000).with_interface_bytes(20_000);
    let parity = if data.len().is_multiple_of(2) { Parity::Native } else { Parity::Tshark };
    Options::default().with_limits(limits).with_parity(parity)
}

/// In place = pushed in any pieces = pulled through short reads: packets, error and counts.
fn capture(data: &[u8]) {
    let options = options(data);
    let whole = slice(data, &options);
    let pushed = push(data, &options);
    let pulled = pull(data, &options);
    assert_eq!(pushed, whole, "pushed and in place");
    assert_eq!(pulled, whole, "pulled and in place");
}

fn slice(data: &[u8], options: &Options) -> Outcome {
    let mut packets = Packets::with_options(data, options);
    let mut outcome = Outcome::default();
    let mut last = data.as_ptr();
    while let Some(packet) = packets.next() {
        match packet {
            Ok(packet) => {
                let range = packet.data.as_ptr_range();
                assert!(last <= range.start && range.end <= data.as_ptr_range().end, "in place, in order");
                last = range.end;
                outcome.take(&packet);
            }
            Err(error) => {
                assert!(packets.next().is_none(), "fused");
                assert!(error.offset().is_some_and(|offset| offset <= data.len() as u64), "{error}");
                return outcome.ended(Some(&error), packets.report());
            }
        }
    }
    assert!(packets.offset() == data.len() as u64, "everything was read");
    outcome.ended(None, packets.report())
}

fn push(data: &[u8], options: &Options) -> Outcome {
    let mut decoder = Decoder::new(*options);
    let mut outcome = Outcome::default();
    let mut steps = Steps::seeded_by(data);
    let mut rest = data;
    while !rest.is_empty() {
        let piece = rest.get(..steps.next(3000)).unwrap_or(rest);
        let taken = match decoder.decode(piece) {
            Ok(taken) => taken,
            Err(error) => return outcome.ended(Some(&error), decoder.report()),
        };
        assert!(taken <= piece.len() && (taken > 0 || decoder.packet().is_some()), "every call advances");
        rest = rest.get(taken..).unwrap_or_default();
        decoder.packet().iter().for_each(|packet| outcome.take(packet));
    }
    loop {
        match decoder.flush() {
            Ok(true) => decoder.packet().iter().for_each(|packet| outcome.take(packet)),
            end => {
                assert!(decoder.packet().is_none());
                return outcome.ended(end.as_ref().err(), decoder.report());
            }
        }
    }
}

fn pull(data: &[u8], options: &Options) -> Outcome {
    let mut reader = Reader::new(Pieces::new(data, 3000), *options);
    let mut outcome = Outcome::default();
    while let Some(packet) = reader.next_packet() {
        match packet {
            Ok(packet) => outcome.take(&packet),
            Err(error) => {
                assert!(reader.next_packet().is_none(), "fused");
                return outcome.ended(Some(&error), reader.report());
            }
        }
    }
    outcome.ended(None, reader.report())
}

/// Any bytes as a capture.
pub fn pcap_reader(data: &[u8]) {
    capture(data);
}

/// Any bytes as the blocks of a section with an Ethernet interface; each block by itself, with everything it holds.
pub fn pcapng_reader(data: &[u8]) {
    let whole;
    let data = if data.starts_with(BEGINNING.first_chunk::<4>().map_or(&[], |magic| &magic[..])) {
        data
    } else {
        whole = [BEGINNING, data].concat();
        &whole
    };
    capture(data);
    let mut end = 0;
    for placed in Blocks::new(data) {
        let Ok(placed) = placed else { return };
        assert_eq!(placed.offset, end, "blocks follow each other");
        end += placed.len as u64;
        let options = match placed.block {
            Block::Section(block) => block.options,
            Block::Interface(block) => block.options,
            Block::Enhanced(block) => block.options,
            Block::Obsolete(block) => block.options,
            Block::Statistics(block) => {
                let _ = (block.received(), block.dropped());
                block.options
            }
            Block::Secrets(block) => block.options,
            Block::NameResolution(block) => {
                assert!(block.records().count() <= placed.len);
                block.options
            }
            Block::Journal(block) => {
                let _ = block.realtime_us();
                continue;
            }
            Block::Simple(block) => {
                assert!(block.data(60).is_err() || block.padded.len() >= block.wire_len.min(60) as usize);
                continue;
            }
            _ => continue,
        };
        assert!(options.map(|option| option.value.len() + 4).sum::<usize>() <= placed.len);
        assert!(options.comments().len() <= options.count());
    }
    assert_eq!(end, data.len() as u64);
}
