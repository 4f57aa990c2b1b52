//! `info` of captures: what capinfos tells, under names of our own.

use std::io::Read;
use std::path::Path;

use flow_frame::pcap_headers::{
    ByteOrder, CaptureInfo, Interface, LinkType, Options, Reader, Report, Section,
};
use flow_frame::{Accounts, CaptureSummary, Kind, TsharkCsvNotes, text};
use serde_json::{Map, Value, json};

use super::info::{Info, Span};
use crate::error::{Error, Result};

/// What a capture holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct CaptureContent {
    /// pcap, pcapng or a table of fields.
    pub kind: Kind,
    /// What it says about itself, as far as it was read.
    pub info: CaptureInfo,
    /// What was odd about it.
    pub report: Report,
    /// What was odd about a table of fields.
    pub table: TsharkCsvNotes,
    /// Its packets; none if they were not looked at.
    pub packets: Option<PacketsSeen>,
}

/// The packets of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketsSeen {
    /// How many.
    pub count: u64,
    /// Their bytes on the wire.
    pub wire_bytes: u128,
    /// Their captured bytes.
    pub captured_bytes: u128,
    /// The earliest and the latest time, nanoseconds since the epoch; none if no packet has one.
    pub span: Option<(i64, i64)>,
    /// Whether no packet is earlier than the one before it; none if some have no time.
    pub in_order: Option<bool>,
}

/// Names of link types as capinfos has them (semantics 12).
const ENCAPSULATIONS: [(u32, &str); 15] = [
    (0, "null"),
    (1, "ether"),
    (9, "ppp"),
    (12, "rawip"),
    (50, "ppp"),
    (101, "rawip"),
    (104, "chdlc"),
    (105, "ieee-802-11"),
    (107, "frelay"),
    (113, "linux-sll"),
    (127, "ieee-802-11-radiotap"),
    (228, "rawip4"),
    (229, "rawip6"),
    (239, "nflog"),
    (276, "linux-sll2"),
];

impl CaptureContent {
    /// What the file says before its first packet, and the damage that was met on the way there.
    pub(super) fn beginning(kind: Kind, input: impl Read, path: &Path) -> Result<(Self, Option<Error>)> {
        let (report, table, packets) = (Report::default(), TsharkCsvNotes::default(), None);
        if kind == Kind::TsharkCsv {
            let info = CaptureInfo::default();
            return Ok((Self { kind, info, report, table, packets }, None));
        }
        let mut reader = Reader::new(input, Options::default());
        let failure = reader.next_packet().and_then(std::result::Result::err);
        let failure = failure.map(|error| Error::from(flow_frame::Error::from(error)).in_file(path));
        let info = reader.info().clone();
        match failure {
            Some(error) if info.interfaces.is_empty() && info.sections.is_empty() => Err(error),
            failure => Ok((Self { kind, info, report, table, packets }, failure)),
        }
    }

    pub(super) fn whole(
        kind: Kind,
        capture: Option<Box<CaptureSummary>>,
        accounts: Option<Accounts>,
        span: &Span,
    ) -> Self {
        let CaptureSummary { info, report, table, .. } = capture.map(|capture| *capture).unwrap_or_default();
        let packets = accounts.map(|accounts| PacketsSeen {
            count: accounts.read.rows,
            wire_bytes: accounts.read.traffic,
            captured_bytes: accounts.read.records,
            span: span.ends,
            in_order: (span.without_time == 0).then_some(!span.is_disordered),
        });
        Self { kind, info, report, table, packets }
    }

    /// Names and values, in the order in which they are shown.
    pub(super) fn facts(&self, info: &Info) -> Vec<(&'static str, Value)> {
        let header = self.info.pcap.as_ref();
        let order = header.map(|header| header.byte_order);
        let order = order.or_else(|| self.info.sections.first().map(|section| section.byte_order));
        let version = header.map(|header| header.version);
        let version = version.or_else(|| self.info.sections.first().map(|section| section.version));
        let mut facts = vec![
            ("path", json!(info.path)),
            ("format", json!(self.format())),
            ("version", json!(version.map(|(major, minor)| format!("{major}.{minor}")))),
            (
                "byte_order",
                json!(order.map(|order| match order {
                    ByteOrder::Little => "little",
                    ByteOrder::Big => "big",
                })),
            ),
            ("encapsulation", json!(self.encapsulation())),
        ];
        if let Some(header) = header {
            facts.push(("snap_length", json!(header.snap_len)));
        }
        facts.extend(info.storage());
        if let Some(packets) = &self.packets {
            facts.extend(packets.facts());
        }
        if !self.info.sections.is_empty() {
            facts.push(("sections", self.info.sections.iter().map(section).collect()));
        }
        let interfaces: Vec<String> = self.info.interfaces.iter().map(interface).collect();
        facts.push(("interfaces", json!(interfaces)));
        let oddities = self.report.oddities().map(|(oddity, count)| format!("{count} {}", oddity.text()));
        let oddities: Vec<String> = oddities.chain(self.table.texts()).collect();
        facts.push(("oddities", json!(oddities)));
        facts
    }

    fn format(&self) -> &'static str {
        match &self.info.pcap {
            Some(header) if header.nanos => "nsecpcap",
            _ => self.kind.name(),
        }
    }

    /// What all interfaces have in common.
    fn encapsulation(&self) -> Option<String> {
        let mut types = self.info.interfaces.iter().map(|interface| interface.link_type);
        let first = types.next()?;
        Some(if types.all(|other| other == first) { encapsulation(first) } else { "per-packet".to_owned() })
    }
}

impl PacketsSeen {
    fn facts(&self) -> [(&'static str, Value); 8] {
        let time = |ns| {
            let mut out = Vec::new();
            text::write_rfc3339_ns(&mut out, ns);
            json!(String::from_utf8_lossy(&out))
        };
        let duration = self.span.map(|(first, last)| {
            let ns = i128::from(last) - i128::from(first);
            format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
        });
        [
            ("packets", json!(self.count)),
            ("data_bytes", number(self.wire_bytes)),
            ("captured_bytes", number(self.captured_bytes)),
            (
                "average_size",
                json!(self.wire_bytes.checked_div(u128::from(self.count)).map(|mean| mean as u64)),
            ),
            ("first_packet", self.span.map_or(Value::Null, |span| time(span.0))),
            ("last_packet", self.span.map_or(Value::Null, |span| time(span.1))),
            ("duration_s", json!(duration)),
            ("in_time_order", json!(self.in_order)),
        ]
    }
}

/// Sums of more than 64 bits have no place in JSON's numbers; no file is so large.
fn number(value: u128) -> Value {
    json!(u64::try_from(value).unwrap_or(u64::MAX))
}

fn encapsulation(link_type: LinkType) -> String {
    let known = ENCAPSULATIONS.iter().find(|(number, _)| *number == link_type.0);
    known.map_or_else(|| format!("link type {}", link_type.0), |(_, name)| (*name).to_owned())
}

/// What a section says about itself, as far as it does.
fn section(section: &Section) -> Value {
    let texts = [("hardware", &section.hardware), ("os", &section.os), ("application", &section.application)];
    let mut facts: Map<String, Value> =
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))).collect();
    if !section.comments.is_empty() {
        facts.insert("comments".to_owned(), json!(section.comments));
    }
    Value::Object(facts)
}

/// An interface in words.
fn interface(interface: &Interface) -> String {
    let mut words = encapsulation(interface.link_type);
    let mut add = |text: String| {
        words.push_str(", ");
        words.push_str(&text);
    };
    for (name, text) in [
        ("name", &interface.name),
        ("description", &interface.description),
        ("os", &interface.os),
        ("hardware", &interface.hardware),
        ("filter", &interface.filter),
    ] {
        if let Some(text) = text {
            add(format!("{name} {text}"));
        }
    }
    match interface.snap_len {
        0 => add("no snap length".to_owned()),
        snap_len => add(format!("snap length {snap_len}")),
    }
    let exponent = interface.resolution.0 & 0x7f;
    let base = if interface.resolution.0 & 0x80 == 0 { 10 } else { 2 };
    add(format!("ticks of {base}^-{exponent} s"));
    if interface.offset_s != 0 {
        add(format!("times {} s later", interface.offset_s));
    }
    for (name, count) in [("received", interface.received), ("dropped", interface.dropped)] {
        if let Some(count) = count {
            add(format!("{count} {name}"));
        }
    }
    words
}
