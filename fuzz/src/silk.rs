//! `silk-format`.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use silk_format::{
    Block, Blocks, ByteOrder, Class, Column, ColumnBuf, Decoder, Encoder, Error, ErrorKind, FlowFormat,
    FlowRecord, Header, IcmpRepair, IpSet, Limits, MapKey, Options, Parity, PrefixMap, Reader, Refusals,
    Result, SiteConfig, Values, Writer, WriterOptions,
};

use crate::pieces::{Pieces, Steps};

/// Rows beyond these are not looked at: blocks may inflate to a thousand times their size.
const MOST_ROWS: usize = 20_000;
/// The same where each row is written six times.
const MOST_ROWS_WRITTEN: usize = 1000;

fn limits() -> Limits {
    Limits::default().with_header_bytes(1 << 16).with_payload_bytes(1 << 20)
}

/// A header lies inside the input and depends on nothing behind it; a cut one asks for more than there is.
pub fn silk_header(data: &[u8]) {
    match Header::parse_with(data, &limits()) {
        Ok((header, len)) => {
            assert!(len <= data.len() && len == header.len(), "length {len} of {}", data.len());
            let parse = |end| Header::parse_with(data.get(..end).unwrap_or_default(), &limits());
            assert!(parse(len).is_ok_and(|(alone, _)| alone == header), "it depends on the data behind it");
            for cut in [len.saturating_sub(1), len / 2] {
                assert!(parse(cut).is_err(), "cut at {cut} of {len} it was read");
            }
        }
        Err(error) => {
            if let ErrorKind::Truncated { needed, have, .. } = error.kind() {
                assert!(needed > have, "{error}");
            }
            assert!(!error.to_string().is_empty() && error.class() != Class::Io, "{error}");
        }
    }
}

/// What a face delivers: the columns, and the class of the error at their end.
#[derive(Debug, PartialEq)]
struct Rows {
    columns: Vec<ColumnBuf>,
    count: usize,
    end: Option<Class>,
}

impl Rows {
    fn new() -> Self {
        Self { columns: Column::ALL.map(ColumnBuf::new).into(), count: 0, end: None }
    }

    /// Takes a block; `false` when it is enough.
    fn take(&mut self, block: &Block<'_>) -> bool {
        if block.is_empty() {
            return true;
        }
        let rows = block.len().min(MOST_ROWS - self.count);
        for (column, buffer) in Column::ALL.into_iter().zip(&mut self.columns) {
            block.read(column, 0..rows, None, buffer);
            assert_eq!(buffer.len(), self.count + rows);
        }
        self.count += rows;
        self.count < MOST_ROWS
    }

    fn ended(mut self, error: Option<&Error>) -> Self {
        self.end = error.map(Error::class);
        self
    }
}

/// The three faces of the reader (slice, push, pull) deliver the same rows and the same end, however the bytes come.
pub fn silk_reader(data: &[u8]) {
    let options = options(data);
    let slice = slice(data, options.clone());
    let push = push(data, options.clone());
    let pull = pull(data, options);
    compare("push", &slice, &push);
    compare("pull", &slice, &pull);
}

fn compare(face: &str, slice: &Result<Rows>, other: &Result<Rows>) {
    match (slice, other) {
        (Ok(slice), Ok(other)) => {
            assert_eq!((slice.count, slice.end), (other.count, other.end), "slice and {face}");
            assert!(slice.columns == other.columns, "slice and {face} differ in values");
        }
        (Err(slice), Err(other)) => assert_eq!(slice.class(), other.class(), "slice {slice}, {face} {other}"),
        _ => assert_eq!(slice.is_ok(), other.is_ok(), "slice and {face}: one of them reads the header"),
    }
}

fn options(data: &[u8]) -> Options {
    static SITE: OnceLock<Option<Arc<SiteConfig>>> = OnceLock::new();
    let options = Options::default().with_limits(limits());
    // One input in two: arithmetic of the reference, and a legacy file's name with its site.
    if data.len().is_multiple_of(2) {
        return options;
    }
    let site = b"version 2\nsensor 3 S3\nclass all\nsensors S3\ntype 0 in in\nend class\ndefault-class all\n";
    let options = options.with_parity(Parity::Silk).with_file_name("in-S3_20090212.05");
    match SITE.get_or_init(|| SiteConfig::parse(site).ok().map(Arc::new)) {
        Some(site) => options.with_site(Arc::clone(site)),
        None => options,
    }
}

fn slice(data: &[u8], options: Options) -> Result<Rows> {
    let (header, len) = Header::parse_with(data, &limits())?;
    let mut blocks = Blocks::new(&header, options, data.get(len..).unwrap_or_default())?;
    let mut rows = Rows::new();
    loop {
        match blocks.next_block() {
            Some(Ok(block)) => {
                columns_equal_views(&block);
                if !rows.take(&block) {
                    return Ok(rows);
                }
            }
            None => return Ok(rows),
            Some(Err(error)) => {
                assert!(blocks.next_block().is_none(), "fused");
                return Ok(rows.ended(Some(&error)));
            }
        }
    }
}

fn push(data: &[u8], options: Options) -> Result<Rows> {
    let (header, len) = Header::parse_with(data, &limits())?;
    let mut decoder = Decoder::new(&header, options)?;
    let mut rows = Rows::new();
    let mut rest = data.get(len..).unwrap_or_default();
    let mut steps = Steps::seeded_by(data);
    while !rest.is_empty() {
        let piece = rest.get(..steps.next(3000)).unwrap_or(rest);
        let taken = match decoder.decode(piece) {
            Ok(taken) => taken,
            Err(error) => return Ok(rows.ended(Some(&error))),
        };
        assert!(0 < taken && taken <= piece.len(), "every call advances");
        rest = rest.get(taken..).unwrap_or_default();
        if !rows.take(&decoder.block()) {
            return Ok(rows);
        }
    }
    let end = decoder.flush();
    Ok(rows.ended(end.as_ref().err()))
}

fn pull(data: &[u8], options: Options) -> Result<Rows> {
    let mut reader = Reader::new(Pieces::new(data, 3000), options)?;
    let mut rows = Rows::new();
    loop {
        match reader.next_block() {
            Some(Ok(block)) if rows.take(&block) => {}
            Some(Ok(_)) | None => return Ok(rows),
            Some(Err(error)) => {
                assert!(reader.next_block().is_none(), "fused");
                return Ok(rows.ended(Some(&error)));
            }
        }
    }
}

/// Columns hold what the views of the same records say.
fn columns_equal_views(block: &Block<'_>) {
    let rows = block.len().min(64);
    let read = |column| {
        let mut buffer = ColumnBuf::new(column);
        block.read(column, 0..rows, None, &mut buffer);
        buffer.values
    };
    let values = (read(Column::Stime), read(Column::Bytes), read(Column::Dport));
    let (Values::I64(stime), Values::U64(bytes), Values::U16(dport)) = values else {
        unreachable!("the types of columns are fixed");
    };
    let columns = stime.into_iter().zip(bytes).zip(dport);
    for (record, ((stime, bytes), dport)) in block.records().zip(columns) {
        assert_eq!(record.raw().len(), block.record_len());
        assert_eq!((stime, bytes, dport), (record.stime_ms(), record.bytes(), record.dport()));
    }
}

/// IPsets and prefix maps: ascending ranges that do not overlap, and look-ups that agree with them.
pub fn silk_sets(data: &[u8]) {
    if let Ok(set) = IpSet::parse_with(data, &limits()) {
        let mut last: Option<IpAddr> = None;
        let mut count = 0;
        for (first, end) in set.ranges() {
            assert!(first <= end && last.is_none_or(|last| last < first), "{last:?} {first} {end}");
            assert!(set.contains(first) && set.contains(end));
            last = Some(end);
            count += 1;
        }
        assert_eq!(count, set.len());
    }
    if let Ok(map) = PrefixMap::parse_with(data, &limits()) {
        let mut last: Option<IpAddr> = None;
        for (first, end, value) in map.ranges().take(MOST_ROWS) {
            assert!(first <= end && last.is_none_or(|last| last < first), "{last:?} {first} {end}");
            assert_eq!((map.lookup(first), map.lookup(end)), (value, value), "{first} {end}");
            let _ = map.text(value);
            last = Some(end);
        }
        for (first, end, value) in map.port_ranges().take(MOST_ROWS) {
            assert!(map.key() == MapKey::ProtocolPort && first <= end);
            assert_eq!(map.lookup_protocol_port(first.0, first.1), value, "{first:?}");
        }
    }
}

/// A site configuration is parsed or refused with reasons; what was parsed answers by number as by name.
pub fn silk_site(data: &[u8]) {
    match SiteConfig::parse(data) {
        Ok(site) => {
            for sensor in site.sensors() {
                assert_eq!(site.sensor_by_name(&sensor.name), Some(sensor.id), "{}", sensor.name);
                assert_eq!(site.sensor_name(sensor.id), Some(&*sensor.name));
            }
            for flowtype in site.flowtypes() {
                assert_eq!(site.class_type(flowtype.id), Some((flowtype.class, flowtype.name)));
            }
        }
        Err(error) => assert!(!error.problems().is_empty() && !error.to_string().is_empty()),
    }
}

/// Records of any bytes are written in their own layout and in another one. Blocks come out as record by record, with the
/// same records refused; what was written is the same when it is read and written again.
pub fn silk_roundtrip(data: &[u8]) {
    let Ok((header, len)) = Header::parse_with(data, &limits()) else { return };
    let data = data.get(len..).unwrap_or_default();
    let Ok(mut blocks) = Blocks::new(&header, options(data), data) else { return };
    let own = WriterOptions::like(&header);
    let formats: Vec<_> = silk_format::formats().collect();
    let Some(other) = formats.get(data.len() % formats.len()) else { return };
    let other = own.clone().with_format(other.id, other.version).with_byte_order(match data.len() % 2 {
        0 => ByteOrder::Little,
        _ => ByteOrder::Big,
    });
    let mut rows = 0;
    while let Some(Ok(block)) = blocks.next_block() {
        let block = block.slice(0..(MOST_ROWS_WRITTEN - rows).min(block.len()));
        if block.is_empty() {
            break;
        }
        rows += block.len();
        written_again(block, &own);
        written_again(block, &other);
    }
}

fn written_again(block: Block<'_>, options: &WriterOptions) {
    let (Ok(mut by_block), Ok(mut by_record)) = (Encoder::new(options), Encoder::new(options)) else {
        unreachable!("the layout is known");
    };
    let (mut bytes, mut careful) = (Vec::new(), Vec::new());
    let refused = by_block.append_block(block, None, &mut bytes);
    let mut refusals = Refusals::default();
    for record in block.records() {
        if let Err(error) = by_record.append(&FlowRecord::from(record), &mut careful) {
            let ErrorKind::Refused(refusal) = error.kind() else { unreachable!("{error}") };
            assert!(!(refusal.least..=refusal.most).contains(&refusal.value), "{error}");
            refusals.add((*refusal).into());
        }
    }
    assert_eq!(refused, refusals);
    assert!(bytes == careful, "by block and by record");
    assert_eq!(bytes.len(), (block.len() - refused.count as usize) * by_block.record_len());

    // A reader may clear a stale bit or an application that is not to be trusted; then nothing changes any more.
    let Some(second) = read_and_write(&bytes, options) else { return };
    let Some(third) = read_and_write(&second, options) else { return };
    assert_eq!(second.len(), bytes.len());
    let layout = FlowFormat::find(options.format, options.version);
    // The ratio of packets and bytes is rounded down each time.
    if layout.is_some_and(|layout| layout.has_ratio) {
        assert_eq!(third.len(), second.len());
    } else {
        assert!(third == second, "what was read and written is written otherwise");
    }
}

/// Records as a file, read and encoded again: none is refused. `None` if this build lacks the compression.
fn read_and_write(records: &[u8], options: &WriterOptions) -> Option<Vec<u8>> {
    let mut writer = Writer::new(Vec::new(), options).ok()?;
    let mut encoder = writer.encoder();
    assert!(writer.write_encoded(records).is_ok(), "memory does not fail");
    let file = writer.finish().unwrap_or_default();
    // Ports were repaired before they were written.
    let as_stored = Options::default().with_icmp_repair(IcmpRepair::Off);
    let Ok(mut reader) = Reader::new(&file[..], as_stored) else { unreachable!("we wrote it") };
    let mut again = Vec::new();
    while let Some(block) = reader.next_block() {
        let Ok(block) = block else { unreachable!("we wrote it") };
        let refused = encoder.append_block(block, None, &mut again);
        assert_eq!(refused.first, None, "what was written is refused");
    }
    Some(again)
}
