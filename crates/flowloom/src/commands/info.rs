//! `info`: what a file is. Of captures, [`super::capture_info`] tells what is in them.

use std::io::BufRead;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use flow_frame::{Kind, Projection, Scan, text};
use mapped_input::{Codec, Opened};
use serde_json::{Value, json};
use silk_format::{Compression, Entry, Header, release_text};

use super::capture_info::CaptureContent;
use crate::error::{Error, Result};
use crate::pump::{Consumer, InputReport, Listener, Maker, as_it_is, pump};
use crate::source::{OpenOptions, is_stream, open_input};

/// What a file turned out to be.
#[derive(Debug)]
#[non_exhaustive]
pub struct Info {
    /// The path as given.
    pub path: String,
    /// What it holds.
    pub content: Content,
    /// How the bytes reached us.
    pub opened: Opened,
    /// What wraps the whole file.
    pub codec: Codec,
    /// Stored bytes, if it is a file.
    pub stored: Option<u64>,
    /// Rows, and the start of the first and the end of the last flow, in milliseconds since the epoch; none if the
    /// rows were not looked at or the file holds no flows.
    pub flows: Option<Flows>,
    /// Why reading ended early.
    pub failure: Option<Error>,
}

/// What a file holds.
#[derive(Debug)]
#[non_exhaustive]
pub enum Content {
    /// Flows or other things of SiLK's: the header.
    Silk(Header),
    /// Packets.
    Capture(Box<CaptureContent>),
}

/// The flows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flows {
    /// Rows; none if they would have had to be read to be counted.
    pub rows: Option<u64>,
    /// The earliest start and the latest end; none without rows or if they were not read.
    pub span: Option<(i64, i64)>,
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// The header, and the rows where they follow from the file's size.
    Header,
    /// All rows: their number and their span of time.
    #[default]
    Rows,
}

/// Looks at a capture, or at a SiLK file of any content: flows, or sets, bags and prefix maps, of which only the header is
/// told.
///
/// # Errors
/// `Io` if it cannot be read; `Malformed` or `Unsupported` if it is neither. Damage behind the header is in
/// [`Info::failure`].
pub fn info(
    path: &Path,
    depth: Depth,
    open: OpenOptions,
    scan: &Scan,
    listener: &mut dyn Listener,
) -> Result<Info> {
    let open = open.with_digest(false);
    // The rows are all looked at, and of a stream the kind is known only when they are read.
    let of_rows = |listener| rows(path, open, scan, listener);
    if is_stream(path) && depth == Depth::Rows {
        return of_rows(listener);
    }
    let mut input = open_input(path, open)?;
    let how = (input.opened(), input.codec(), input.stored_len());
    let first = input.fill_buf().map_err(|e| Error::read(e, path))?;
    let first: Vec<u8> = first.iter().take(Kind::MOST_BYTES + 1).copied().collect();
    let mut failure = None;
    let content = match Kind::sniff(&first) {
        Some(Kind::Silk) => {
            let header = Header::read(&mut input, &scan.silk.limits);
            Content::Silk(header.map_err(|e| Error::from(e).in_file(path))?)
        }
        Some(kind) => {
            let (capture, damage) = CaptureContent::beginning(kind, input, path)?;
            failure = damage;
            Content::Capture(Box::new(capture))
        }
        None => {
            let unknown = flow_frame::ErrorKind::UnknownKind { found: first.into_iter().take(4).collect() };
            return Err(Error::from(flow_frame::Error::from(unknown)).in_file(path));
        }
    };
    let mut info = Info { failure, ..Info::new(path, content, how) };
    let holds_rows = info.holds_flows() || info.silk().is_none();
    match depth {
        Depth::Rows if holds_rows => Ok(Info { stored: how.2, ..of_rows(listener)? }),
        Depth::Header if info.holds_flows() => {
            info.flows = Some(Flows { rows: info.rows_by_size(), span: None });
            Ok(info)
        }
        _ => Ok(info),
    }
}

/// Reads all rows for their number and span.
fn rows(path: &Path, open: OpenOptions, scan: &Scan, listener: &mut dyn Listener) -> Result<Info> {
    let scan = scan.clone().with_window(None).with_predicate(None).with_columns(Projection::span());
    let mut span = Span::default();
    let report = pump(&[path], &scan, open, listener, &mut span)?.pop();
    let InputReport { facts, accounts, capture, failure, .. } =
        report.ok_or_else(|| Error::usage("no input"))?;
    let Some(facts) = facts else {
        return Err(failure.unwrap_or_else(|| Error::usage("nothing was read").in_file(path)));
    };
    let how = (facts.opened, facts.codec, None);
    Ok(match &facts.silk {
        Some(header) => {
            let flows = Flows { rows: accounts.map(|accounts| accounts.read.rows), span: span.ends };
            let content = Content::Silk(header.clone());
            Info { flows: Some(flows), failure, ..Info::new(path, content, how) }
        }
        None => {
            let content = CaptureContent::whole(facts.kind, capture, accounts, &span);
            Info { failure, ..Info::new(path, Content::Capture(Box::new(content)), how) }
        }
    })
}

/// What is seen of the times of rows, in the ticks of their column.
#[derive(Debug, Default)]
pub(super) struct Span {
    /// The earliest start and the latest end.
    pub(super) ends: Option<(i64, i64)>,
    pub(super) without_time: u64,
    pub(super) is_disordered: bool,
    previous: Option<i64>,
}

impl Span {
    fn add(&mut self, start: i64, end: i64) {
        let (first, last) = self.ends.unwrap_or((start, end));
        self.ends = Some((first.min(start), last.max(end)));
        self.is_disordered |= self.previous.is_some_and(|previous| start < previous);
        self.previous = Some(start);
    }
}

impl Consumer for Span {
    type Made = RecordBatch;

    fn maker(&self) -> Maker<RecordBatch> {
        as_it_is()
    }

    fn open(&mut self, _: &SchemaRef) -> Result<()> {
        Ok(())
    }

    fn take(&mut self, batch: RecordBatch) -> Result<std::ops::ControlFlow<()>> {
        use arrow_array::cast::AsArray;
        use arrow_array::types::{TimestampMillisecondType, TimestampNanosecondType};
        let of_flows = |i: usize| batch.columns().get(i)?.as_primitive_opt::<TimestampMillisecondType>();
        if let (Some(starts), Some(ends)) = (of_flows(0), of_flows(1)) {
            for (start, end) in starts.values().iter().zip(ends.values()) {
                self.add(*start, *end);
            }
        }
        let of_packets =
            batch.columns().first().and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>());
        for time in of_packets.into_iter().flatten() {
            match time {
                Some(time) => self.add(time, time),
                None => self.without_time += 1,
            }
        }
        Ok(std::ops::ControlFlow::Continue(()))
    }
}

impl Info {
    fn new(path: &Path, content: Content, how: (Opened, Codec, Option<u64>)) -> Self {
        let path = path.to_string_lossy().into_owned();
        let (opened, codec, stored) = how;
        Self { path, content, opened, codec, stored, flows: None, failure: None }
    }

    /// The header of a SiLK file.
    #[must_use]
    pub fn silk(&self) -> Option<&Header> {
        match &self.content {
            Content::Silk(header) => Some(header),
            Content::Capture(_) => None,
        }
    }

    /// Whether the content is flow records of a known layout.
    #[must_use]
    pub fn holds_flows(&self) -> bool {
        self.silk().and_then(record_len).is_some()
    }

    /// The rows of uncompressed records.
    fn rows_by_size(&self) -> Option<u64> {
        let header = self.silk()?;
        if self.codec != Codec::Plain || header.compression() != Compression::NONE {
            return None;
        }
        Some(self.stored?.saturating_sub(header.len() as u64) / record_len(header)?)
    }

    /// How the bytes are stored and reached us.
    pub(super) fn storage(&self) -> [(&'static str, Value); 3] {
        [
            ("wrapped", json!(format!("{:?}", self.codec).to_lowercase())),
            ("opened", json!(format!("{:?}", self.opened).to_lowercase())),
            ("stored_bytes", json!(self.stored)),
        ]
    }

    /// Names and values, in the order in which they are shown.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, Value)> {
        let header = match &self.content {
            Content::Silk(header) => header,
            Content::Capture(capture) => return capture.facts(self),
        };
        let release = match header.silk_release() {
            0 => Value::Null,
            release => json!(release_text(release)),
        };
        let mut facts = vec![
            ("path", json!(self.path)),
            ("format", json!(header.format().to_string())),
            ("record_version", json!(header.record_version())),
            ("byte_order", json!(format!("{:?}", header.byte_order()).to_lowercase())),
            ("compression", json!(header.compression().to_string())),
            ("record_size", json!(record_len(header).unwrap_or_else(|| header.record_size().into()))),
            ("file_version", json!(header.file_version())),
            ("header_length", json!(header.len())),
            ("silk_release", release),
        ];
        facts.extend(self.storage());
        if let Some(flows) = &self.flows {
            let time = |ms| {
                let mut out = Vec::new();
                text::write_rfc3339_ms(&mut out, ms);
                json!(String::from_utf8_lossy(&out))
            };
            facts.push(("rows", json!(flows.rows)));
            facts.push(("first_start", flows.span.map_or(Value::Null, |span| time(span.0))));
            facts.push(("last_end", flows.span.map_or(Value::Null, |span| time(span.1))));
        }
        facts.push(("entries", header.entries().iter().map(entry).collect()));
        facts
    }
}

/// Bytes of a record, if the header announces flow records of a known layout.
pub(crate) fn record_len(header: &Header) -> Option<u64> {
    silk_format::formats()
        .find(|known| known.id == header.format() && known.version == header.record_version())
        .map(|known| known.record_len as u64)
}

/// One header entry in words.
fn entry(entry: &Entry) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match entry {
        Entry::PackedFile { base_time_ms, flowtype, sensor } => {
            let mut time = Vec::new();
            text::write_rfc3339_ms(&mut time, *base_time_ms);
            json!(format!("packed file: hour {}, flowtype {flowtype}, sensor {sensor}", text(&time)))
        }
        Entry::Invocation(line) => json!(format!("made by: {}", text(line))),
        Entry::Annotation(note) => json!(format!("note: {}", text(note))),
        Entry::ProbeName(name) => json!(format!("probe: {}", text(name))),
        Entry::PrefixMap { name, .. } => json!(format!("prefix map: {}", text(name))),
        other => json!(format!("{other:?}")),
    }
}
