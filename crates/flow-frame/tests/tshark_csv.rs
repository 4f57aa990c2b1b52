//! Tables of fields as tshark 4.0.17 wrote them, read and printed again: the same text, cell by cell.
#![allow(clippy::unwrap_used, reason = "helpers of a test may stop at once")]

use std::fs;
use std::io::{BufReader, Cursor, Write};
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use flow_frame::mapped_input::{Codec, Input, Options};
use flow_frame::pcap_headers::{FieldTable, FieldType, FieldValue, TimeParts};
use flow_frame::{Class, Error, FlowReader, Predicate, Projection, Scan};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The stored tables, and those beside the tree if they are there.
fn tables() -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                below(&path, found);
            } else if [".fields.csv", ".fields.csv.gz", ".tsv"].iter().any(|end| name.ends_with(end)) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["testdata/pcap", "../shared/testdata/pcap"] {
        below(&root().join(folder), &mut found);
    }
    found.sort();
    found
}

fn open(bytes: impl Into<Vec<u8>>, scan: &Scan) -> Result<FlowReader, Error> {
    flow_frame::open_input(Input::from_reader(Cursor::new(bytes.into())).unwrap(), "table", scan)
}

fn drain(mut reader: FlowReader) -> (Vec<RecordBatch>, Option<Error>, FlowReader) {
    let (mut batches, mut error) = (Vec::new(), None);
    while let Some(batch) = reader.next_batch() {
        assert!(error.is_none(), "something follows {error:?}");
        match batch {
            Ok(batch) => batches.push(batch),
            Err(e) => error = Some(e),
        }
    }
    assert!(reader.next_batch().is_none());
    assert!(reader.accounts().balance(), "{:?}", reader.accounts());
    (batches, error, reader)
}

/// The whole of a sound table.
fn whole(bytes: impl Into<Vec<u8>>, fields: &str) -> RecordBatch {
    let scan = Scan::default().with_columns(Projection::parse(fields).unwrap());
    let reader = open(bytes, &scan).unwrap();
    let schema = arrow_array::RecordBatchReader::schema(&reader);
    let (batches, error, _) = drain(reader);
    assert!(error.is_none(), "{error:?}");
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
}

/// A cell of a batch as tshark prints the field.
fn printed(batch: &RecordBatch, column: &str, field: &str, row: usize) -> String {
    let array = batch.column_by_name(column).unwrap();
    if array.is_null(row) {
        return String::new();
    }
    let field = FieldTable::find(field).unwrap();
    let bytes = || array.as_fixed_size_binary().value(row);
    let value = match array.data_type() {
        DataType::UInt8 => FieldValue::Number(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => FieldValue::Number(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => FieldValue::Number(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => FieldValue::Number(array.as_primitive::<UInt64Type>().value(row)),
        DataType::FixedSizeBinary(6) => FieldValue::Mac(bytes().try_into().unwrap()),
        DataType::FixedSizeBinary(_) if field.value_type() == FieldType::Ipv4 => {
            FieldValue::Ipv4(*bytes().last_chunk().unwrap())
        }
        DataType::FixedSizeBinary(_) => FieldValue::Ipv6(bytes().try_into().unwrap()),
        DataType::Timestamp(..) => {
            let ns = array.as_primitive::<TimestampNanosecondType>().value(row);
            let nanos = ns.rem_euclid(1_000_000_000) as i32;
            FieldValue::Time(TimeParts { seconds: ns.div_euclid(1_000_000_000), nanos })
        }
        DataType::Int64 => {
            let ns = array.as_primitive::<Int64Type>().value(row);
            FieldValue::Time(TimeParts { seconds: ns / 1_000_000_000, nanos: (ns % 1_000_000_000) as i32 })
        }
        _ => return array.as_string::<i32>().value(row).to_owned(),
    };
    let mut out = Vec::new();
    field.write(value, &mut out);
    String::from_utf8(out).unwrap()
}

/// The cells of a line as tshark wrote it: quotes around commas, or tabs and no quotes.
fn cells(line: &str) -> Vec<String> {
    if line.contains('\t') {
        return line.split('\t').map(str::to_owned).collect();
    }
    let (mut cells, mut in_quotes) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

/// The first of several values.
fn first<'a>(field: &str, cell: &'a str) -> &'a str {
    match field.starts_with("frame.") {
        true => cell,
        false => cell.split(',').next().unwrap(),
    }
}

/// Whether the time of a row is one that 64 bits of nanoseconds do not hold, or has a fraction of a second and more, which
/// tshark does not carry and we do (semantics 2).
fn is_overflown(header: &[&str], line: &str) -> bool {
    let epoch =
        header.iter().position(|field| field.starts_with("frame.time_")).map(|at| cells(line)[at].clone());
    let Some(epoch) = epoch.filter(|epoch| !epoch.is_empty()) else { return false };
    let (seconds, fraction) = epoch.split_once('.').unwrap();
    fraction.len() != 9
        || line.contains(".-")
        || seconds.parse::<i64>().unwrap().unsigned_abs() > 9_223_372_035
}

#[test]
fn every_stored_table_comes_back() {
    let (mut read, mut rows, mut overflown) = (0, 0, 0);
    for path in tables() {
        let name = path.to_string_lossy().into_owned();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut Input::open(&path).unwrap(), &mut text).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split([',', '\t']).collect();
        // Empty: the capture could not be opened. Others: notes on the crafted captures.
        let fields: Vec<&str> =
            header.iter().copied().filter(|field| FieldTable::find(field).is_some()).collect();
        if fields.is_empty() {
            continue;
        }
        let columns: Vec<String> = fields.iter().map(|field| field.replace('.', "_")).collect();
        // Without the number of seconds, the time comes from the text of the calendar.
        let by_text = text.replacen("frame.time_epoch", "frame.time_unknown", 1);
        for (text, why) in [(&text, "epoch"), (&by_text, "calendar")] {
            if why == "calendar" && !fields.contains(&"frame.time") {
                continue;
            }
            let batch = whole(text.as_bytes(), &columns.join(","));
            assert_eq!(batch.num_rows(), text.lines().count() - 1, "{name}");
            for (row, line) in text.lines().skip(1).enumerate() {
                for (field, cell) in header.iter().zip(cells(line)) {
                    let Some(at) = fields.iter().position(|known| known == field) else { continue };
                    if field.starts_with("frame.time") && is_overflown(&header, line) {
                        overflown += 1;
                        continue;
                    }
                    let again = printed(&batch, &columns[at], field, row);
                    assert_eq!(again, first(field, &cell), "{name} by {why}: {field} in row {}", row + 1);
                }
            }
            rows += batch.num_rows();
        }
        read += 1;
    }
    assert!(overflown < 300, "{overflown} cells");
    assert!(read >= 50 && rows > 500, "{read} tables, {rows} rows: is testdata there?");
}

const TABLE: &str = "frame.number,frame.time,frame.time_epoch,ip.len,eth.src,ip.src,ip.proto\n\
    \"1\",\"Sep 29, 2016 13:37:19.625878000 UTC\",\"1475156239.625878000\",\"46\",\"00:1a:2b:3c:4d:5e\",\"10.0.0.1\",\"17\"\n\
    \"2\",\"Sep 29, 2016 13:37:20.000000001 UTC\",\"1475156240.000000001\",,\"00:1a:2b:3c:4d:5f\",,\n\
    \"3\",,,\"1500\",,\"10.0.0.2\",\"6\"\n";

/// The table with other separators and quotes, as `-E separator=` and `-E quote=` make them.
fn dressed(separator: char, quote: &str) -> String {
    let dress = |(at, line): (usize, &str)| {
        let cells = cells(line);
        let cells = cells.iter().map(|cell| match (at, cell.is_empty()) {
            (0, _) | (_, true) => cell.clone(),
            _ => format!("{quote}{cell}{quote}"),
        });
        cells.collect::<Vec<_>>().join(&separator.to_string()) + "\n"
    };
    TABLE.lines().enumerate().map(dress).collect()
}

#[test]
fn separators_quotes_and_names_do_not_matter() {
    let expected = whole(TABLE, "all");
    assert_eq!(expected.num_rows(), 3);
    for separator in [',', ';', '\t', '|'] {
        for quote in ["\"", "'", ""] {
            assert_eq!(whole(dressed(separator, quote), "all"), expected, "{separator:?} {quote:?}");
        }
    }
    assert_eq!(whole(dressed(' ', "\""), "all"), expected);
    for changed in [
        TABLE.replacen(
            "frame.number,frame.time,frame.time_epoch",
            "frame_number,frame_time,frame_time_epoch",
            1,
        ),
        TABLE.replace('\n', "\r\n"),
        TABLE.replace('\n', "\n\n"),
        format!("\u{feff}{TABLE}"),
        TABLE.trim_end().to_owned(),
        TABLE.replace("\"46\"", "\"0x2e\""),
        TABLE.replace("\"10.0.0.1\"", "\"10.0.0.1,192.168.0.1\""),
        // Local time, with the number of seconds beside it.
        TABLE.replace("13:37:19.625878000 UTC", "19:07:19.625878000 IST"),
        // Nothing but the text of the time, divided by its comma.
        dressed(',', "").replace("frame.time_epoch", "frame.x"),
        // Local time alone.
        TABLE
            .replace("13:37:19.625878000 UTC", "15:37:19.625878000 CEST")
            .replace("frame.time_epoch", "frame.x"),
    ] {
        assert_eq!(whole(changed.clone(), "all"), expected, "{changed}");
    }
}

#[test]
fn compressed_tables_are_the_same() {
    let expected = whole(TABLE, "all");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(TABLE.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for (codec, packed) in [
        (Codec::Gzip, gzip),
        (Codec::Zstd, zstd::encode_all(TABLE.as_bytes(), 3).unwrap()),
        (Codec::Zip, zipped(TABLE.as_bytes())),
    ] {
        assert_eq!(Input::from_reader(Cursor::new(packed.clone())).unwrap().codec(), codec);
        assert_eq!(whole(packed, "all"), expected, "{codec}");
    }
}

/// An archive of one stored file and no directory but its signature (APPNOTE.TXT 4.3.7).
fn zipped(content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let len = (content.len() as u32).to_le_bytes();
    let name = b"table.csv";
    let mut archive = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0".to_vec();
    archive.extend(crc.sum().to_le_bytes());
    archive.extend(len);
    archive.extend(len);
    archive.extend([name.len() as u8, 0, 0, 0]);
    archive.extend(name);
    archive.extend(content);
    archive.extend(b"PK\x01\x02");
    archive
}

#[test]
fn pieces_of_any_size_give_the_same() {
    let expected = whole(TABLE, "all");
    for size in [16, 17, 23, 64, 1000] {
        let options = Options::default().with_buffer_bytes(size);
        let input = Input::from_reader_with(BufReader::with_capacity(size / 3, Cursor::new(TABLE)), &options);
        let scan = Scan::default().with_columns(Projection::parse("all").unwrap()).with_batch_rows(2);
        let reader = flow_frame::open_input(input.unwrap(), "pieces", &scan).unwrap();
        let (batches, error, reader) = drain(reader);
        assert!(error.is_none());
        assert!(batches.iter().all(|batch| (1..=2).contains(&batch.num_rows())));
        let schema = arrow_array::RecordBatchReader::schema(&reader);
        let whole = arrow_select::concat::concat_batches(&schema, &batches).unwrap();
        assert_eq!(whole.columns(), expected.columns(), "{size}");
    }
}

#[test]
fn a_damaged_row_ends_the_table_behind_the_rows_before_it() {
    let place = TABLE.find("\"3\"").unwrap();
    for (from, to, message) in [
        ("\"1500\"", "\"1x\"", "expected a number in ip.len, found \"1x\""),
        ("\"1500\"", "\"4294967296\"", "expected a number of 32 bits in ip.len, found \"4294967296\""),
        ("\"10.0.0.2\"", "\"10.0.0.2.3\"", "expected an IP address in ip.src, found \"10.0.0.2.3\""),
        (",\"10.0.0.2\",\"6\"\n", "", "expected 7 cells, found 5"),
        ("\"6\"\n", "\"6", "expected the end of the quotes, found the end of the file"),
        ("\"6\"", "\"6\",7", "expected 7 cells, found 8 (commas in values need quotes"),
        ("\"3\",,,", "\"3\",,\"1e9\",", "expected seconds since 1970 in frame.time_epoch, found \"1e9\""),
    ] {
        let table = TABLE.replacen(from, to, 1);
        let (batches, error, reader) = drain(open(table, &Scan::default()).unwrap());
        let error = error.unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 2, "{to}");
        assert_eq!((error.class(), error.offset()), (Class::Malformed, Some(place as u64)), "{error}");
        let expected = format!("table: line 4 (byte {place}): {message}");
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert_eq!(reader.accounts().delivered.rows, 2);
    }
    // Without names of packets it is no table at all.
    let error = open("a,b\n1,2\n", &Scan::default()).unwrap_err();
    assert!(error.to_string().contains("neither a file of flows nor a capture"), "{error}");
    // A zone that means several, where nothing else tells the time.
    let table = TABLE.replace("000 UTC", "000 IST").replace("frame.time_epoch", "frame.x");
    let error = drain(open(table, &Scan::default()).unwrap()).1.unwrap();
    assert!(
        error.to_string().contains("frame.time_epoch too, or run it with TZ=UTC) in frame.time"),
        "{error}"
    );
}

#[test]
fn a_table_without_names_says_which_option_makes_them() {
    for table in [TABLE.split_once('\n').unwrap().1, "1\t10.0.0.1\n"] {
        let error = open(table, &Scan::default()).unwrap_err();
        assert_eq!(error.class(), Class::Malformed);
        assert!(error.to_string().contains("tshark write the names with -E header=y"), "{error}");
    }
}

#[test]
fn what_is_odd_is_noted() {
    let table = "ip.src,dns.qry.name,ip.ttl\n10.0.0.1|10.0.0.2,example.org,64;63\n10.0.0.1,,64\n";
    let (_, error, reader) = drain(open(table, &Scan::default()).unwrap());
    assert!(error.is_none(), "{error:?}");
    let notes: Vec<String> = reader.capture().unwrap().table.texts().collect();
    assert_eq!(
        notes,
        ["fields that are not read: dns.qry.name", "2 cells hold several values, of which the first counts"]
    );
}

#[test]
fn predicates_and_windows_select_rows_and_the_accounts_balance() {
    let context = flow_frame::predicate::ParseContext::default();
    let window = |a: &str, b: &str| {
        let at = |text| Some(flow_frame::Instant::parse(text).unwrap());
        Some(flow_frame::Window { start: at(a), end: at(b), ..flow_frame::Window::default() })
    };
    for (filter, within, numbers, bytes) in [
        (Some("ip_proto = 17 or sip = 10.0.0.2"), None, &[1, 3][..], [1546u128, 0]),
        (Some("ip_len is null"), None, &[2], [0, 1546]),
        (None, window("@1475156239.625878000", "@1475156240.000000001"), &[2], [0, 1546]),
        (None, window("@1475156239", "@1475156240"), &[1], [46, 1500]),
        (Some("bytes > 40"), window("@1475156239", "@1475156240"), &[1], [46, 1500]),
    ] {
        let scan = Scan::default()
            .with_columns(Projection::parse("frame_number").unwrap())
            .with_predicate(filter.map(|text| Predicate::parse(text, &context).unwrap()))
            .with_window(within);
        let (batches, error, reader) = drain(open(TABLE, &scan).unwrap());
        assert!(error.is_none());
        let found: Vec<u64> = batches
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<UInt64Type>().values().to_vec())
            .collect();
        assert_eq!(found, numbers, "{filter:?} {within:?}");
        let accounts = reader.accounts();
        assert_eq!([accounts.delivered.traffic, accounts.filtered.traffic], bytes, "{filter:?}");
    }
}

/// Captures of which tshark does not print what we read of them, and why.
const OTHERS: [(&str, &str); 14] = [
    // Semantics 2: what tshark's 32 bits do to times.
    ("pcapng_time_extremes", "times beyond 64 bits of nanoseconds"),
    ("pcapng_tsresol_", "times finer than nanoseconds overflow"),
    ("time_nsec_overflow", "fractions overflow"),
    ("time_usec_overflow", "fractions overflow"),
    ("rx_serviceid_oobr", "a fraction overflows"),
    ("timestamp_invalid_micro", "a fraction overflows"),
    // Semantics 1 and 10.
    ("pcapng_unknown_blocks", "rows of custom blocks"),
    ("__test102", "rows of custom blocks"),
    ("__test017", "rows of custom blocks"),
    ("__test018", "rows of custom blocks"),
    ("__difficult__test202", "rows of custom blocks"),
    // Semantics 4: native packets are decoded by themselves.
    ("tunnels_and_damage_b", "put together from fragments"),
    ("atm-oam-loopback-print-overrun", "a fraction overflows"),
    ("esis_snpa_asan", "a frame that is one of the decided differences of `tests/fields.rs`"),
];

/// What tshark printed of a capture and what we read of it are the same packets.
#[test]
fn tables_equal_their_captures() {
    const FIELDS: &str = "frame_time_epoch,ip_len,eth_src,eth_dst,ip_src,ip_dst,ip_proto";
    let scan = Scan::default().with_columns(Projection::parse(FIELDS).unwrap());
    let all = |path: &Path| {
        let reader = flow_frame::open(path, &scan).ok()?;
        let schema = arrow_array::RecordBatchReader::schema(&reader);
        let (batches, _, _) = drain(reader);
        let rows = arrow_select::concat::concat_batches(&schema, &batches).unwrap();
        Some(rows.columns().to_vec())
    };
    let (mut same, mut rows, mut others) = (0, 0, Vec::new());
    for path in tables() {
        let name = path.to_string_lossy().into_owned();
        let Some(capture) = name.strip_suffix(".fields.csv") else { continue };
        let (Some(table), Some(packets)) = (all(&path), all(Path::new(capture))) else { continue };
        match table == packets {
            true => {
                same += 1;
                rows += table[0].len();
            }
            false => others.push(capture.rsplit('/').next().unwrap().to_owned()),
        }
    }
    others.retain(|name| !OTHERS.iter().any(|(known, _)| name.contains(known)));
    assert_eq!(others, Vec::<String>::new());
    assert!(same >= 50 && rows > 500, "{same} tables, {rows} rows: is testdata there?");
}
