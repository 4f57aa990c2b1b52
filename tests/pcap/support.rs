//! Where the captures lie, and every way of reading one into [`Row`]s.

use std::io::Read;
use std::path::{Path, PathBuf};

use pcap_headers::{Decoder, Error, LinkType, Options, Packet, Packets, Reader, Report, TimeParts};

pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pcap")
}

/// The larger collection beside the project, where there is one.
pub(crate) fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata/pcap");
    path.is_dir().then_some(path)
}

/// The lines of a table beside the captures, cut at tabs.
pub(crate) fn table(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Every capture of the project's own.
pub(crate) fn captures() -> Vec<(String, Vec<u8>)> {
    let names = table(&here().join("exits.tsv")).into_iter().map(|line| line[0].clone());
    names.map(|name| (name.clone(), std::fs::read(here().join(name)).unwrap())).collect()
}

/// A packet that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub number: u64,
    pub time_ns: Option<i64>,
    pub time_parts: Option<TimeParts>,
    pub link_type: LinkType,
    pub interface: Option<u32>,
    pub wire_len: u32,
    pub data: Vec<u8>,
}

impl From<Packet<'_>> for Row {
    fn from(packet: Packet<'_>) -> Self {
        Self {
            number: packet.number,
            time_ns: packet.time_ns,
            time_parts: packet.time_parts,
            link_type: packet.link_type,
            interface: packet.interface,
            wire_len: packet.wire_len,
            data: packet.data.to_vec(),
        }
    }
}

/// What came out of a capture: all packets, then perhaps an error.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub rows: Vec<Row>,
    pub error: Option<Error>,
    pub report: Report,
}

/// In place. Every packet lies within the file's bytes, behind the one before.
pub(crate) fn slice(bytes: &[u8], options: &Options) -> Outcome {
    let (mut rows, mut error) = (Vec::new(), None);
    let mut packets = Packets::with_options(bytes, options);
    let mut last = bytes.as_ptr();
    for packet in packets.by_ref() {
        assert!(error.is_none(), "fused");
        match packet {
            Ok(packet) => {
                let range = packet.data.as_ptr_range();
                assert!(last <= range.start && range.end <= bytes.as_ptr_range().end, "not in place");
                last = range.end;
                rows.push(packet.into());
            }
            Err(e) => error = Some(e),
        }
    }
    assert!(packets.next().is_none());
    Outcome { rows, error, report: *packets.report() }
}

/// Pushed in pieces.
pub(crate) fn push(bytes: &[u8], options: &Options, mut piece: impl FnMut() -> usize) -> Outcome {
    let mut decoder = Decoder::new(*options);
    let mut rows = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (mut now, later) = rest.split_at(piece().min(rest.len()));
        rest = later;
        while !now.is_empty() {
            let taken = match decoder.decode(now) {
                Ok(taken) => taken,
                Err(error) => {
                    assert!(decoder.packet().is_none() && !decoder.flush().unwrap(), "fused");
                    return Outcome { rows, error: Some(error), report: *decoder.report() };
                }
            };
            assert!(taken > 0 || decoder.packet().is_some(), "every call advances");
            now = &now[taken..];
            rows.extend(decoder.packet().map(Row::from));
        }
    }
    loop {
        match decoder.flush() {
            Ok(true) => rows.push(decoder.packet().expect("a packet").into()),
            Ok(false) => return Outcome { rows, error: None, report: *decoder.report() },
            Err(error) => return Outcome { rows, error: Some(error), report: *decoder.report() },
        }
    }
}

/// Pulled from a source.
pub(crate) fn pull(source: impl Read, options: &Options) -> Outcome {
    let mut reader = Reader::new(source, *options);
    let (mut rows, mut error) = (Vec::new(), None);
    while let Some(packet) = reader.next_packet() {
        assert!(error.is_none(), "fused");
        match packet {
            Ok(packet) => rows.push(packet.into()),
            Err(e) => error = Some(e),
        }
    }
    assert!(reader.next_packet().is_none());
    Outcome { rows, error, report: *reader.report() }
}

/// The same packets, the same words at the end, the same counts.
#[track_caller]
pub(crate) fn assert_same(found: &Outcome, expected: &Outcome, what: impl std::fmt::Display) {
    for (found, expected) in found.rows.iter().zip(&expected.rows) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.rows.len(), expected.rows.len(), "{what}");
    let message = |outcome: &Outcome| outcome.error.as_ref().map(ToString::to_string);
    assert_eq!(message(found), message(expected), "{what}");
    assert_eq!(found.report, expected.report, "{what}");
}
