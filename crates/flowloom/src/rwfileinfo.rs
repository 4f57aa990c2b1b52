//! `rwfileinfo`: what the header of a SiLK file says, and how many records it has.
//!
//! No stored answers of the reference exist for this tool. Names, order and layout follow its manual page and published
//! outputs; the texts of `packed-file-info`, `ipset`, `bag`, `aggregate-bag`, `tombstone` and the summary are from
//! the manual's description and were not compared with the tool.

use std::ffi::OsString;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use mapped_input::Input;
use silk_format::{
    ByteOrder, Compression, Entry, ErrorKind, FormatId, Header, SiteConfig, formats, release_text,
};

use crate::getopt::{self, Switch, Value, unique};
use crate::rwcut::{Failure, Setup, Text, TimeFormat, TimeWriter, open, report, shut_in};
use crate::sandbox::{Rules, Sandbox};

/// What a line of the output tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Format,
    Version,
    ByteOrder,
    Compression,
    HeaderLength,
    RecordLength,
    CountRecords,
    FileSize,
    CommandLines,
    RecordVersion,
    SilkVersion,
    PackedFileInfo,
    ProbeName,
    Annotations,
    PrefixMap,
    Ipset,
    Bag,
    AggregateBag,
    Tombstone,
}

/// Id, name as chosen, label as printed; in the order of printing.
const FIELDS: [(u8, &str, &str, Field); 19] = [
    (1, "format", "format(id)", Field::Format),
    (2, "version", "version", Field::Version),
    (3, "byte-order", "byte-order", Field::ByteOrder),
    (4, "compression", "compression(id)", Field::Compression),
    (5, "header-length", "header-length", Field::HeaderLength),
    (6, "record-length", "record-length", Field::RecordLength),
    (10, "record-version", "record-version", Field::RecordVersion),
    (11, "silk-version", "silk-version", Field::SilkVersion),
    (7, "count-records", "count-records", Field::CountRecords),
    (8, "file-size", "file-size", Field::FileSize),
    (9, "command-lines", "command-lines", Field::CommandLines),
    (12, "packed-file-info", "packed-file-info", Field::PackedFileInfo),
    (13, "probe-name", "probe-name", Field::ProbeName),
    (14, "annotations", "annotations", Field::Annotations),
    (15, "prefix-map", "prefix-map", Field::PrefixMap),
    (16, "ipset", "ipset", Field::Ipset),
    (17, "bag", "bag", Field::Bag),
    (18, "aggregate-bag", "aggregate-bag", Field::AggregateBag),
    (19, "tombstone", "tombstone", Field::Tombstone),
];

#[derive(Debug, Clone, Copy)]
enum Id {
    Help,
    HelpFields,
    Version,
    Fields,
    Summary,
    NoTitles,
    SiteConfigFile,
    Xargs,
}

const fn switch(name: &'static str, value: Value, id: Id, help: (&'static str, &'static str)) -> Switch<Id> {
    Switch { name, value, id, help }
}

const SWITCHES: [Switch<Id>; 8] = [
    switch("help", Value::None, Id::Help, ("", "print this text")),
    switch("help-fields", Value::None, Id::HelpFields, ("", "list the fields")),
    switch("version", Value::None, Id::Version, ("", "print the version")),
    switch("fields", Value::Required, Id::Fields, ("LIST", "names, ids or ranges of ids")),
    switch(
        "summary",
        Value::None,
        Id::Summary,
        ("", "at the end, the number of files and the sums of sizes and records"),
    ),
    switch("no-titles", Value::None, Id::NoTitles, ("", "values only")),
    switch(
        "site-config-file",
        Value::Required,
        Id::SiteConfigFile,
        ("FILE", "names of sensors and flowtypes"),
    ),
    switch("xargs", Value::Optional, Id::Xargs, ("FILE", "names of inputs, one a line")),
];

/// Runs the tool with its arguments and gives its exit status: 0, or 1 after an error.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    run_in(Sandbox::default(), arguments)
}

/// [`run`], shut in if that is wanted.
pub(crate) fn run_in(sandbox: Sandbox, arguments: &[OsString]) -> u8 {
    let setup = Setup::from_environment().with_sandbox(sandbox);
    run_with(arguments, &setup, &mut io::stdout().lock(), &mut io::stderr())
}

/// [`run`] with everything that it takes from its surroundings, but for standard input and where the site
/// configuration is looked for without `--site-config-file`.
pub fn run_with(arguments: &[OsString], setup: &Setup, stdout: &mut dyn Write, stderr: &mut dyn Write) -> u8 {
    let done = start(arguments, setup, stdout, stderr);
    let failed_files = matches!(done, Ok(failed) if failed > 0);
    let status = report("rwfileinfo", done.map(|_| ()), stderr);
    status.max(u8::from(failed_files))
}

struct Job {
    fields: Vec<Field>,
    titles: bool,
    summary: bool,
    site: Option<PathBuf>,
    xargs: Option<Option<OsString>>,
    files: Vec<OsString>,
}

/// The number of files that failed.
fn start(
    arguments: &[OsString],
    setup: &Setup,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<usize, Failure> {
    let (switches, files) = getopt::parse(&SWITCHES, arguments)?;
    let all = FIELDS.map(|field| field.3).to_vec();
    let mut job = Job { fields: all, titles: true, summary: false, site: None, xargs: None, files };
    for (id, value) in switches {
        let value_text = value.as_deref().map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
        match id {
            Id::Help => return stop(stdout, &help()),
            Id::HelpFields => {
                return stop(stdout, &FIELDS.map(|f| format!("{:>3}  {}\n", f.0, f.1)).concat());
            }
            Id::Version => {
                return stop(
                    stdout,
                    concat!("rwfileinfo: part of flowloom ", env!("CARGO_PKG_VERSION"), "\n"),
                );
            }
            Id::Fields => job.fields = fields(&value_text).map_err(|m| format!("Invalid fields: {m}"))?,
            Id::Summary => job.summary = true,
            Id::NoTitles => job.titles = false,
            Id::SiteConfigFile => job.site = value.map(PathBuf::from),
            Id::Xargs => job.xargs = Some(value),
        }
    }
    if job.files.is_empty() && job.xargs.is_none() {
        return Err("no input: name files, or use '-' for standard input".to_owned().into());
    }
    if !job.files.is_empty() && job.xargs.is_some() {
        return Err("files are named both as arguments and by --xargs".to_owned().into());
    }
    describe_all(&job, setup, stdout, stderr)
}

fn stop(stdout: &mut dyn Write, text: &str) -> Result<usize, Failure> {
    crate::rwcut::print(stdout, text).map(|()| 0)
}

fn help() -> String {
    format!(
        "rwfileinfo [SWITCHES] FILES\nPrints what the headers of SiLK files say.\n\n{}",
        getopt::help(&SWITCHES)
    )
}

/// The fields of a list; they are printed in the order of the table, whatever the order of the list.
fn fields(list: &str) -> Result<Vec<Field>, String> {
    let no_match = |item: &str| format!("No match was found for the value '{item}'");
    let by_id = |id: u8| FIELDS.iter().find(|field| field.0 == id).map(|field| field.3);
    let mut chosen = Vec::new();
    for item in list.split(',').filter(|item| !item.is_empty()) {
        if item.starts_with(|c: char| c.is_ascii_digit()) {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let id = |text: &str| text.parse::<u8>().map_err(|_| no_match(item));
            for number in id(first)?..=id(last)? {
                chosen.push(by_id(number).ok_or_else(|| no_match(item))?);
            }
        } else {
            let found = unique(&FIELDS, &item.to_ascii_lowercase(), |field| field.1);
            chosen.push(
                found
                    .map_err(|n| match n {
                        0 => no_match(item),
                        _ => format!("The field '{item}' matches multiple keys"),
                    })?
                    .3,
            );
        }
    }
    if chosen.is_empty() {
        return Err("the list of fields is empty".to_owned());
    }
    Ok(FIELDS.iter().map(|field| field.3).filter(|field| chosen.contains(field)).collect())
}

fn describe_all(
    job: &Job,
    setup: &Setup,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<usize, Failure> {
    let site = job.site.as_deref();
    let names = shut_in(setup, &job.files, job.xargs.as_ref(), || Rules::default().site(site, None))?;
    let site = crate::site::load(site).map_err(|e| e.to_string())?;
    let (mut files, mut records, mut bytes, mut failed) = (0u64, 0u64, 0u64, 0);
    for name in names {
        let shown = if name == "-" { "stdin".to_owned() } else { Path::new(&name).display().to_string() };
        let facts = open(&name, setup)
            .and_then(|input| Facts::read(input).map_err(|m| format!("{shown}: {m}").into()));
        let facts = match facts {
            Ok(facts) => facts,
            Err(Failure::ClosedPipe) => return Err(Failure::ClosedPipe),
            Err(Failure::Message(message)) => {
                writeln!(stderr, "rwfileinfo: {message}")?;
                failed += 1;
                continue;
            }
        };
        let mut text = Vec::new();
        if job.titles {
            writeln!(text, "{shown}:")?;
        }
        for &field in &job.fields {
            facts.write(&mut text, field, job.titles, site.as_deref());
        }
        stdout.write_all(&text)?;
        if let Some(damage) = &facts.damage {
            writeln!(stderr, "rwfileinfo: {shown}: {damage}")?;
            failed += 1;
        }
        files += 1;
        records = records.saturating_add(facts.records);
        bytes = bytes.saturating_add(facts.stored.unwrap_or(0));
    }
    if job.summary {
        let mut text = b"**SUMMARY**:\n".to_vec();
        for (label, value) in [("number-files", files), ("total-records", records), ("all-file-sizes", bytes)]
        {
            line(&mut text, label, &value.to_string(), true);
        }
        stdout.write_all(&text)?;
    }
    stdout.flush()?;
    Ok(failed)
}

/// What is known of a file.
struct Facts {
    header: Header,
    record_len: u16,
    records: u64,
    /// `None` for standard input.
    stored: Option<u64>,
    /// Why the records could not be counted to the end.
    damage: Option<String>,
}

impl Facts {
    fn read(mut input: Input) -> Result<Self, String> {
        let stored = input.stored_len();
        if input.as_slice().is_some() {
            return Self::from_bytes(input.as_slice().unwrap_or_default(), stored);
        }
        Self::from_bytes(&mut input, stored)
    }

    fn from_bytes(mut source: impl BufRead, stored: Option<u64>) -> Result<Self, String> {
        let (header, rest) = read_header(&mut source)?;
        let layout = formats().find(|f| f.id == header.format() && f.version == header.record_version());
        let record_len = match header.record_size() {
            // Implied by the layout (file format 2.1); of other content nothing is known.
            0 => layout.map_or(1, |layout| u16::try_from(layout.record_len).unwrap_or(1)),
            size => size,
        };
        let (bytes, damage) = count_bytes(&header, rest.chain(source));
        let records = bytes / u64::from(record_len.max(1));
        let left = bytes % u64::from(record_len.max(1));
        let damage = damage
            .or_else(|| (left > 0).then(|| format!("the last record has {left} of {record_len} bytes")));
        Ok(Self { header, record_len, records, stored, damage })
    }

    fn write(&self, out: &mut Vec<u8>, field: Field, titles: bool, site: Option<&SiteConfig>) {
        let label = FIELDS.iter().find(|known| known.3 == field).map_or("", |known| known.2);
        let header = &self.header;
        let number = |value: u64| Some(value.to_string());
        let value = match field {
            Field::Format => Some(format!("{}(0x{:02x})", format_name(header.format()), header.format().0)),
            Field::Version => number(header.file_version().into()),
            Field::ByteOrder => Some(match header.byte_order() {
                ByteOrder::Little => "littleEndian".to_owned(),
                ByteOrder::Big => "BigEndian".to_owned(),
            }),
            Field::Compression => {
                let Compression(id) = header.compression();
                let name = header.compression().name().map_or_else(|| format!("?[{id}]"), str::to_owned);
                Some(format!("{name}({id})"))
            }
            Field::HeaderLength => number(header.len() as u64),
            Field::RecordLength => number(self.record_len.into()),
            Field::RecordVersion => number(header.record_version().into()),
            Field::SilkVersion if header.silk_release() == 0 => number(0),
            Field::SilkVersion => Some(release_text(header.silk_release())),
            Field::CountRecords => number(self.records),
            Field::FileSize => number(self.stored.unwrap_or(0)),
            Field::CommandLines => {
                return list(out, label, self.texts(|entry| text_of(entry, Field::CommandLines)), titles);
            }
            Field::Annotations => {
                return list(out, label, self.texts(|entry| text_of(entry, Field::Annotations)), titles);
            }
            other => header.entries().iter().find_map(|entry| entry_text(entry, other, header, site)),
        };
        if let Some(value) = value {
            line(out, label, &value, titles);
        }
    }

    fn texts<'a>(&'a self, of: impl Fn(&'a Entry) -> Option<&'a [u8]>) -> Vec<String> {
        let texts = self.header.entries().iter().filter_map(of);
        texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }
}

fn format_name(format: FormatId) -> String {
    format.name().map_or_else(|| format!("?[{}]", format.0), str::to_owned)
}

fn text_of(entry: &Entry, field: Field) -> Option<&[u8]> {
    match (entry, field) {
        (Entry::Invocation(text), Field::CommandLines) | (Entry::Annotation(text), Field::Annotations) => {
            Some(text)
        }
        _ => None,
    }
}

/// The value of a field that one header entry holds.
fn entry_text(entry: &Entry, field: Field, header: &Header, site: Option<&SiteConfig>) -> Option<String> {
    match (field, entry) {
        (Field::PackedFileInfo, &Entry::PackedFile { base_time_ms, flowtype, sensor }) => {
            let mut text = Text::default();
            TimeWriter::new(TimeFormat { msec: false, ..TimeFormat::default() })
                .write(&mut text, base_time_ms);
            let known = site.and_then(|site| site.flowtype(flowtype));
            let flowtype = known.map_or_else(|| flowtype.to_string(), |known| known.flowtype.to_owned());
            let known = site.and_then(|site| site.sensor_name(sensor));
            let sensor = known.map_or_else(|| number_or_none(sensor), str::to_owned);
            Some(format!("{} {flowtype} {sensor}", String::from_utf8_lossy(text.as_bytes())))
        }
        (Field::ProbeName, Entry::ProbeName(name)) => Some(String::from_utf8_lossy(name).into_owned()),
        (Field::PrefixMap, Entry::PrefixMap { version, name }) => {
            Some(format!("v{version}: {}", String::from_utf8_lossy(name)))
        }
        (Field::Ipset, &Entry::IpSet { children, leaf_count, leaf_size, node_count, node_size, root }) => {
            Some(match (header.record_version(), leaf_size) {
                (..=3, _) => format!(
                    "{children}-way branch, root@{root}, {node_count} x {node_size}b node, {leaf_count} x {leaf_size}b leaf"
                ),
                (_, 4) => "IPv4".to_owned(),
                (_, _) => "IPv6".to_owned(),
            })
        }
        (Field::Bag, &Entry::Bag { key_type, key_len, counter_type, counter_len }) => Some(format!(
            "key: {} @ {key_len} octets; counter: {} @ {counter_len} octets",
            bag_type(key_type),
            bag_type(counter_type)
        )),
        (Field::AggregateBag, Entry::AggregateBag { keys, fields }) => {
            let ids = |ids: &[u16]| ids.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            let (keys, counters) = fields.split_at_checked(usize::from(*keys))?;
            Some(format!("key: {}; counter: {}", ids(keys), ids(counters)))
        }
        (Field::Tombstone, Entry::Tombstone { version, id }) => {
            Some(format!("v{version}{}", id.map(|id| format!(": id {id}")).unwrap_or_default()))
        }
        _ => None,
    }
}

fn number_or_none(sensor: u16) -> String {
    if sensor == u16::MAX { "?".to_owned() } else { sensor.to_string() }
}

/// Semantics 8.3; ids without a name are printed as numbers.
fn bag_type(id: u16) -> String {
    const NAMES: [&str; 46] = [
        "sIPv4",
        "dIPv4",
        "sPort",
        "dPort",
        "protocol",
        "packets",
        "bytes",
        "flags",
        "sTime",
        "duration",
        "eTime",
        "sensor",
        "input",
        "output",
        "nhIPv4",
        "initialFlags",
        "sessionFlags",
        "attributes",
        "application",
        "class",
        "type",
        "",
        "",
        "",
        "icmpTypeCode",
        "sIPv6",
        "dIPv6",
        "nhIPv6",
        "records",
        "sum-packets",
        "sum-bytes",
        "sum-duration",
        "any-IPv4",
        "any-IPv6",
        "any-port",
        "any-snmp",
        "any-time",
        "sip-country",
        "dip-country",
        "any-country",
        "sip-pmap",
        "dip-pmap",
        "any-ip-pmap",
        "sport-pmap",
        "dport-pmap",
        "any-port-pmap",
    ];
    match NAMES.get(usize::from(id)) {
        _ if id == 255 => "custom".to_owned(),
        Some(name) if !name.is_empty() => (*name).to_owned(),
        _ => id.to_string(),
    }
}

/// `  LABEL               VALUE`, or the value alone.
fn line(out: &mut Vec<u8>, label: &str, value: &str, titles: bool) {
    let text = if titles { format!("  {label:<20}{value}\n") } else { format!("{value}\n") };
    out.extend_from_slice(text.as_bytes());
}

/// A label with its values below it, numbered; nothing if there are none.
fn list(out: &mut Vec<u8>, label: &str, values: Vec<String>, titles: bool) {
    if values.is_empty() {
        return;
    }
    if titles {
        line(out, label, "", true);
    }
    for (i, value) in values.iter().enumerate() {
        if titles {
            out.extend_from_slice(format!("{:>20}  ", i + 1).as_bytes());
        }
        line(out, "", value, false);
    }
}

/// Reads a header, and gives what was read behind it.
fn read_header(source: &mut impl BufRead) -> Result<(Header, io::Cursor<Vec<u8>>), String> {
    const STEP: u64 = 16 << 10;
    let mut bytes = Vec::new();
    loop {
        let got =
            source.by_ref().take(STEP).read_to_end(&mut bytes).map_err(|e| format!("cannot read: {e}"))?;
        match Header::parse(&bytes) {
            Ok((header, len)) => {
                let mut rest = io::Cursor::new(bytes);
                rest.set_position(len as u64);
                return Ok((header, rest));
            }
            Err(e) if got > 0 && matches!(e.kind(), ErrorKind::Truncated { .. }) => {}
            Err(e) => return Err(e.to_string()),
        }
    }
}

/// The bytes of the data section, inflated: from the lengths of the blocks, without inflating them (file format 4.2).
fn count_bytes(header: &Header, mut data: impl BufRead) -> (u64, Option<String>) {
    if header.compression() == Compression::NONE {
        let mut bytes = 0;
        let damage = skip(&mut data, u64::MAX, &mut bytes).err();
        return (bytes, damage.map(|e| e.to_string()));
    }
    let mut inflated = 0u64;
    let cut_short = || Some("the last block is cut short".to_owned());
    loop {
        let mut lengths = [0; 8];
        match fill(&mut data, &mut lengths) {
            Ok(0) => return (inflated, None),
            Ok(1..4) => return (inflated, cut_short()),
            Ok(_) => {}
            Err(e) => return (inflated, Some(e.to_string())),
        }
        let [c0, c1, c2, c3, u0, u1, u2, u3] = lengths;
        let compressed = u32::from_be_bytes([c0, c1, c2, c3]);
        let plain = u32::from_be_bytes([u0, u1, u2, u3]);
        if compressed == 0 || plain == 0 {
            return (inflated, None);
        }
        let mut skipped = 0;
        match skip(&mut data, compressed.into(), &mut skipped) {
            Ok(()) if skipped == u64::from(compressed) => inflated = inflated.saturating_add(plain.into()),
            Ok(()) => return (inflated, cut_short()),
            Err(e) => return (inflated, Some(e.to_string())),
        }
    }
}

/// Reads until the buffer is full or the source ends.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
        match source.read(free) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Passes over `count` bytes, or up to the end; what lies in memory is not touched.
fn skip(source: &mut impl BufRead, count: u64, skipped: &mut u64) -> io::Result<()> {
    while *skipped < count {
        let have = match source.fill_buf() {
            Ok(bytes) => bytes.len(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if have == 0 {
            break;
        }
        let taken = have.min(usize::try_from(count - *skipped).unwrap_or(usize::MAX));
        source.consume(taken);
        *skipped += taken as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_lists() {
        assert_eq!(fields("7,14"), Ok(vec![Field::CountRecords, Field::Annotations]));
        assert_eq!(fields("count,1-2"), Ok(vec![Field::Format, Field::Version, Field::CountRecords]));
        assert_eq!(fields("file-size,format"), Ok(vec![Field::Format, Field::FileSize]));
        for bad in ["", "record", "99", "x", "0", "1-x"] {
            assert!(fields(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn blocks_are_counted_by_their_lengths() {
        let header = |compression: u8| {
            let mut bytes = vec![0xDE, 0xAD, 0xBE, 0xEF, 0, 0x12, 16, compression, 0, 0, 0, 0, 0, 24, 0, 5];
            bytes.extend([0, 0, 0, 0, 0, 0, 0, 8]);
            Header::parse(&bytes).unwrap().0
        };
        let block = |compressed: u32, plain: u32, stored: usize| {
            let mut bytes = [compressed.to_be_bytes(), plain.to_be_bytes()].concat();
            bytes.resize(8 + stored, 0);
            bytes
        };
        let count = |bytes: Vec<u8>| count_bytes(&header(1), &*bytes);
        assert_eq!(count(Vec::new()), (0, None));
        assert_eq!(count([block(3, 48, 3), block(2, 24, 2)].concat()), (72, None));
        assert_eq!(count([block(3, 48, 3), block(0, 9, 2)].concat()), (48, None));
        assert_eq!(count([block(3, 48, 3), vec![0; 4]].concat()), (48, None));
        assert!(count([block(3, 48, 3), block(9, 24, 2)].concat()).1.is_some());
        assert!(count([block(3, 48, 3), vec![0; 3]].concat()).1.is_some());
        assert_eq!(count_bytes(&header(0), &[0; 50][..]), (50, None));
    }
}
