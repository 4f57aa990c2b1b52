//! `info`: what a file is.

use std::io::BufRead;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use flow_frame::{Kind, Projection, Scan, text};
use mapped_input::{Codec, Input, Opened};
use serde_json::{Value, json};
use silk_format::{Compression, Entry, Header, release_text};

use crate::error::{Error, Result};
use crate::pump::{Consumer, InputReport, Listener, Maker, as_it_is, pump};
use crate::source::{OpenOptions, is_stream, open_input};

/// What a file turned out to be.
#[derive(Debug)]
#[non_exhaustive]
pub struct Info {
    /// The path as given.
    pub path: String,
    /// The header.
    pub header: Header,
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

/// Looks at a SiLK file of any content: flows, or sets, bags and prefix maps, of which only the header is told.
///
/// # Errors
/// `Io` if it cannot be read; `Malformed` or `Unsupported` if it is no SiLK file. Damage behind the header is in
/// [`Info::failure`].
pub fn info(
    path: &Path,
    depth: Depth,
    open: OpenOptions,
    scan: &Scan,
    listener: &mut dyn Listener,
) -> Result<Info> {
    let open = open.with_digest(false);
    let scan = scan.clone().with_columns(Projection::names(["stime", "etime"])?).with_window(None);
    // A stream can be read once only: its header is the one that the reader of its rows finds.
    if is_stream(path) && depth == Depth::Rows {
        let (report, flows) = flows(path, open, &scan, listener)?;
        return match (report.facts, report.failure) {
            (Some(facts), failure) => {
                let info = Info::new(path, facts.header.clone(), facts.opened, facts.codec);
                Ok(Info { flows: Some(flows), failure, ..info })
            }
            (None, failure) => Err(failure.unwrap_or_else(|| Error::usage("nothing was read").in_file(path))),
        };
    }
    let mut input = open_input(path, open)?;
    let (opened, codec, stored) = (input.opened(), input.codec(), input.stored_len());
    let header = read_header(&mut input, path, &scan)?;
    drop(input);
    let mut info = Info { stored, ..Info::new(path, header, opened, codec) };
    match depth {
        _ if !info.holds_flows() => {}
        Depth::Header => info.flows = Some(Flows { rows: info.rows_by_size(), span: None }),
        Depth::Rows => {
            let (report, flows) = flows(path, open, &scan, listener)?;
            info.flows = Some(flows);
            info.failure = report.failure;
        }
    }
    Ok(info)
}

/// Reads all rows for their number and span.
fn flows(
    path: &Path,
    open: OpenOptions,
    scan: &Scan,
    listener: &mut dyn Listener,
) -> Result<(InputReport, Flows)> {
    let mut span = Span::default();
    let report = pump(&[path], scan, open, listener, &mut span)?.pop();
    let report = report.ok_or_else(|| Error::usage("no input"))?;
    let rows = report.accounts.map(|accounts| accounts.read.rows);
    Ok((report, Flows { rows, span: span.0 }))
}

fn read_header(input: &mut Input, path: &Path, scan: &Scan) -> Result<Header> {
    let named = |e: Error| e.in_file(path);
    let first = input.fill_buf().map_err(|e| Error::read(e, path))?;
    let first: Vec<u8> = first.iter().take(4).copied().collect();
    match Kind::sniff(&first) {
        Some(Kind::Silk) => {}
        // These give the message that every other job gives.
        Some(kind) => {
            let unsupported = flow_frame::ErrorKind::KindUnsupported { kind: kind.name() };
            return Err(named(flow_frame::Error::from(unsupported).into()));
        }
        None => {
            let unknown = flow_frame::ErrorKind::UnknownKind { found: first };
            return Err(named(flow_frame::Error::from(unknown).into()));
        }
    }
    Header::read(input, &scan.silk.limits).map_err(|e| named(e.into()))
}

#[derive(Default)]
struct Span(Option<(i64, i64)>);

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
        use arrow_array::types::TimestampMillisecondType;
        let times = |i: usize| batch.columns().get(i)?.as_primitive_opt::<TimestampMillisecondType>();
        if let (Some(starts), Some(ends)) = (times(0), times(1)) {
            for (start, end) in starts.values().iter().zip(ends.values()) {
                let (first, last) = self.0.unwrap_or((*start, *end));
                self.0 = Some((first.min(*start), last.max(*end)));
            }
        }
        Ok(std::ops::ControlFlow::Continue(()))
    }
}

impl Info {
    fn new(path: &Path, header: Header, opened: Opened, codec: Codec) -> Self {
        let path = path.to_string_lossy().into_owned();
        Self { path, header, opened, codec, stored: None, flows: None, failure: None }
    }

    /// Whether the content is flow records of a known layout.
    #[must_use]
    pub fn holds_flows(&self) -> bool {
        record_len(&self.header).is_some()
    }

    /// The rows of uncompressed records.
    fn rows_by_size(&self) -> Option<u64> {
        if self.codec != Codec::Plain || self.header.compression() != Compression::NONE {
            return None;
        }
        Some(self.stored?.saturating_sub(self.header.len() as u64) / record_len(&self.header)?)
    }

    /// Names and values, in the order in which they are shown.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, Value)> {
        let header = &self.header;
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
            ("wrapped", json!(format!("{:?}", self.codec).to_lowercase())),
            ("opened", json!(format!("{:?}", self.opened).to_lowercase())),
            ("stored_bytes", json!(self.stored)),
        ];
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
