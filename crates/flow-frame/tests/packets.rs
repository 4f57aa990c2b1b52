//! Packets on their way to batches: the room that a batch keeps, and what is told where the work on a piece fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

use std::num::NonZeroUsize;

use flow_frame::predicate::ParseContext;
use flow_frame::silk_format::{Block, Options};
use flow_frame::{
    BlockWorker, Error, ErrorKind, Event, FlowInput, Job, PACKET_COLUMNS, Plan, Predicate, Projection,
    Result, Scan, pcap_headers,
};

/// A pcap file of so many packets, of one byte more each.
fn capture(packets: usize) -> Vec<u8> {
    let mut file = b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\x01\0\0\0".to_vec();
    for number in 1..=packets {
        let len = u32::try_from(number).unwrap().to_le_bytes();
        file.extend([0x0F, 0x19, 0xED, 0x57, 0, 0, 0, 0]);
        file.extend([len, len].concat());
        file.resize(file.len() + number, 0);
    }
    file
}

fn all_columns() -> Projection {
    Projection::names(PACKET_COLUMNS.iter().map(|column| column.name)).unwrap()
}

#[test]
fn a_batch_of_one_packet_has_no_room_for_many() {
    let scan = Scan::default().with_columns(all_columns());
    // An array's own parts take some 200 bytes.
    let most = 512 * PACKET_COLUMNS.len();
    let table = b"frame.number\tframe.protocols\tip.len\n1\teth:ethertype:ip\t46\n".to_vec();
    let one_of_many = scan
        .clone()
        .with_predicate(Some(Predicate::parse("frame_len = 700", &ParseContext::default()).unwrap()));
    for (bytes, scan) in [(capture(1), &scan), (table, &scan), (capture(1000), &one_of_many)] {
        let mut reader = flow_frame::open_bytes(bytes, "input", scan).unwrap();
        let batch = reader.next_batch().unwrap().unwrap();
        assert_eq!((batch.num_rows(), batch.num_columns()), (1, PACKET_COLUMNS.len()));
        assert!(batch.get_array_memory_size() < most, "{}", batch.get_array_memory_size());
    }
}

/// Takes packets up to a number of them.
#[derive(Clone)]
struct Upto(u64);

impl BlockWorker for Upto {
    type Out = ();

    fn block(&mut self, _: Block<'_>) -> Result<()> {
        Ok(())
    }

    fn packets(&mut self, piece: &pcap_headers::Piece<'static>, bytes: &[u8]) -> Result<()> {
        match piece.packets_of(bytes).any(|timed| timed.packet.number > self.0) {
            true => Err(ErrorKind::Io(std::io::Error::other("enough")).into()),
            false => Ok(()),
        }
    }

    fn wants_records(&self) -> bool {
        true
    }

    fn skip(&mut self, _: usize) {}

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_capture_said_is_told_behind_a_failure_of_the_worker() {
    for threads in [1, 2] {
        let input = || FlowInput::of_bytes(capture(20), "input", &Options::default()).unwrap();
        let inputs = [Ok::<_, Error>((input(), ())), Ok((input(), ()))];
        let plan = Plan { threads: NonZeroUsize::new(threads).unwrap(), piece_records: 4, detached: false };
        let mut told = String::new();
        for event in Job::new(inputs.into_iter(), plan, |_, ()| Ok(Upto(10))) {
            told.push(match event {
                Event::Opened(..) => 'o',
                Event::Unopened(_) => 'u',
                Event::Piece(()) => 'p',
                Event::Captured(summary) => {
                    assert!(summary.info.pcap.is_some() && summary.report.packets >= 12);
                    'c'
                }
                Event::Failed(_) => 'f',
                Event::Ended(_) => 'e',
            });
        }
        // The piece in which the worker fails is given up to there.
        assert_eq!(told, "opppfcopppfc");
    }
}
