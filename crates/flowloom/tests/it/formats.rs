//! Every format, read again with another library, equals what SiLK's `rwcut` printed for the same file.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMillisecondType, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use flow_frame::text;
use serde_json::Value;

use crate::support::{fails, ok, query, reference_rows, silk};

/// Our column and the one of the reference's text that says the same (counted from 0).
const COLUMNS: [(&str, usize); 20] = [
    ("sip", 0),
    ("dip", 1),
    ("sport", 2),
    ("dport", 3),
    ("protocol", 4),
    ("packets", 5),
    ("bytes", 6),
    ("tcpflags", 7),
    ("sensor_id", 11),
    ("input", 12),
    ("output", 13),
    ("nhip", 14),
    ("initial_tcpflags", 15),
    ("session_tcpflags", 16),
    ("attributes", 17),
    ("application", 18),
    ("stime", 21),
    ("etime", 22),
    ("icmptype", 24),
    ("icmpcode", 25),
];

/// Rows of text, in the order of [`COLUMNS`].
type Rows = Vec<Vec<String>>;

fn fields() -> String {
    COLUMNS.map(|(name, _)| name).join(",")
}

fn expected(name: &str) -> Rows {
    let rows = reference_rows(name);
    rows.iter()
        .map(|row| COLUMNS.iter().map(|(column, at)| reference_cell(column, &row[*at])).collect())
        .collect()
}

/// The reference's text of a value as ours: seconds as RFC 3339, an address without its mapping, flags without blanks.
fn reference_cell(column: &str, cell: &str) -> String {
    match column {
        "stime" | "etime" => {
            let ms: i64 = cell.replace('.', "").parse().unwrap();
            let mut out = Vec::new();
            text::write_rfc3339_ms(&mut out, ms);
            String::from_utf8(out).unwrap()
        }
        "sip" | "dip" | "nhip" => {
            cell.strip_prefix("::ffff:").filter(|v4| v4.contains('.')).unwrap_or(cell).to_owned()
        }
        _ => cell.replace(' ', ""),
    }
}

fn convert(input: &Path, output: &Path, more: &[&str]) {
    let mut arguments = vec!["convert", "--fields"];
    let fields = fields();
    arguments.extend([fields.as_str(), input.to_str().unwrap(), "-o", output.to_str().unwrap()]);
    arguments.extend(more);
    assert_eq!(ok(arguments), "");
}

/// A reader of RFC 4180 as short as can be. Null and empty text are told apart by the quotes; both are "" here.
fn csv_rows(text: &str) -> Rows {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut bytes = text.chars().peekable();
    while let Some(c) = bytes.next() {
        let cell = rows.last_mut().unwrap().last_mut().unwrap();
        match (c, quoted) {
            ('"', true) if bytes.peek() == Some(&'"') => cell.push(bytes.next().unwrap()),
            ('"', _) => quoted = !quoted,
            (',', false) => rows.last_mut().unwrap().push(String::new()),
            ('\n', false) => rows.push(vec![String::new()]),
            (c, _) => cell.push(c),
        }
    }
    assert_eq!(rows.pop().unwrap(), [""]);
    rows
}

fn json_row(object: &Value) -> Vec<String> {
    let object = object.as_object().unwrap();
    assert_eq!(object.len(), COLUMNS.len());
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    COLUMNS.iter().map(|(name, _)| cell(&object[*name])).collect()
}

fn cell(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return String::new();
    }
    match array.data_type() {
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(row).to_string(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) if zone.as_ref() == "UTC" => {
            let mut out = Vec::new();
            text::write_rfc3339_ms(&mut out, array.as_primitive::<TimestampMillisecondType>().value(row));
            String::from_utf8(out).unwrap()
        }
        other => panic!("{other}"),
    }
}

fn batch_rows(batches: impl Iterator<Item = RecordBatch>) -> Rows {
    batches
        .flat_map(|batch| {
            let row = |row| batch.columns().iter().map(|array| cell(array, row)).collect();
            (0..batch.num_rows()).map(row).collect::<Rows>()
        })
        .collect()
}

fn parquet_file(path: &Path) -> (SchemaRef, Vec<RecordBatch>) {
    let file = File::open(path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    // That of the batches lacks the metadata.
    let schema = reader.schema().clone();
    (schema, reader.build().unwrap().map(Result::unwrap).collect())
}

fn arrow_file(path: &Path) -> (SchemaRef, Vec<RecordBatch>) {
    let reader = arrow_ipc::reader::FileReader::try_new(File::open(path).unwrap(), None).unwrap();
    (reader.schema(), reader.map(Result::unwrap).collect())
}

fn check(input: &Path, expected: &Rows) {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { dir.path().join(name) };

    convert(input, &path("a.csv"), &[]);
    let mut rows = csv_rows(&std::fs::read_to_string(path("a.csv")).unwrap());
    assert_eq!(rows.remove(0).join(","), fields());
    assert_eq!(&rows, expected, "csv");

    convert(input, &path("a.jsonl"), &[]);
    let text = std::fs::read_to_string(path("a.jsonl")).unwrap();
    let rows: Rows = text.lines().map(|line| json_row(&serde_json::from_str(line).unwrap())).collect();
    assert_eq!(&rows, expected, "jsonl");

    convert(input, &path("a.json"), &[]);
    let array: Vec<Value> = serde_json::from_slice(&std::fs::read(path("a.json")).unwrap()).unwrap();
    assert_eq!(&array.iter().map(json_row).collect::<Rows>(), expected, "json");

    convert(input, &path("a.arrow"), &[]);
    assert_eq!(&batch_rows(arrow_file(&path("a.arrow")).1.into_iter()), expected, "arrow");

    for compression in ["zstd", "zstd:9", "snappy", "none"] {
        convert(input, &path("a.parquet"), &["--compression", compression]);
        assert_eq!(
            &batch_rows(parquet_file(&path("a.parquet")).1.into_iter()),
            expected,
            "parquet {compression}"
        );
    }
}

#[test]
fn the_query_equals_the_reference_in_every_format() {
    check(&query(), &expected("query/query.rwcut"));
}

#[test]
fn both_address_families_and_all_corner_values_leave_right() {
    check(&silk("matrix/FT_RWIPV6ROUTING-v1-c2-B.dat"), &expected("matrix/FT_RWIPV6ROUTING-v1.rwcut"));
    check(&silk("matrix/FT_RWAUGROUTING-v5-c1-L.dat"), &expected("matrix/FT_RWAUGROUTING-v5.rwcut"));
}

#[test]
fn binary_addresses_stay_sixteen_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let query = query();
    for name in ["a.arrow", "a.parquet"] {
        let path = dir.path().join(name);
        let path_text = path.to_str().unwrap();
        ok([
            "convert",
            "--fields",
            "sip,dip",
            "--addresses",
            "binary",
            query.to_str().unwrap(),
            "-o",
            path_text,
        ]);
        let (schema, batches) = if name.ends_with("arrow") { arrow_file(&path) } else { parquet_file(&path) };
        assert_eq!(schema.field(0).data_type(), &DataType::FixedSizeBinary(16));
        assert_eq!(schema.field(0).extension_type_name(), Some("flowloom.ip"));
        let first = batches[0].column(0).as_fixed_size_binary().value(0).to_owned();
        // 10.1.0.53, as the reference's first row has it.
        assert_eq!(first, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 0, 53]);
    }
    let text = ok(["head", "-n", "1", "--fields", "sip", "--addresses", "binary", query.to_str().unwrap()]);
    assert_eq!(text, "sip\n00000000000000000000ffff0a010035\n");
}

#[test]
fn files_say_where_their_rows_are_from() {
    let dir = tempfile::tempdir().unwrap();
    let query = query();
    for name in ["a.arrow", "a.parquet"] {
        let path = dir.path().join(name);
        ok(["convert", query.to_str().unwrap(), "-o", path.to_str().unwrap()]);
        let (schema, batches) = if name.ends_with("arrow") { arrow_file(&path) } else { parquet_file(&path) };
        assert_eq!(schema.metadata()["flowloom.schema_version"], "1");
        assert_eq!(schema.metadata()["flowloom.source"], query.to_str().unwrap());
        assert!(schema.metadata()["flowloom.source_format"].starts_with("FT_RWIPV6ROUTING"));
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 9242);
        assert_eq!(schema.fields().len(), 24);
    }
}

#[test]
fn null_and_empty_text_are_two_things() {
    let query = query();
    let first = |format: &str| {
        let fields = "initial_tcpflags,tcpflags,icmptype";
        ok(["head", "-n", "1", "--format", format, "--fields", fields, query.to_str().unwrap()])
    };
    // A UDP flow: no separate flags, no ICMP, and flags that are known to be none.
    assert_eq!(first("csv"), "initial_tcpflags,tcpflags,icmptype\n,\"\",\n");
    assert_eq!(first("jsonl"), "{\"initial_tcpflags\":null,\"tcpflags\":\"\",\"icmptype\":null}\n");
}

#[test]
fn names_of_sensors_and_types_come_from_the_site() {
    let (query, site) = (query(), silk("silk.conf"));
    let rows = reference_rows("query/query.rwcut");
    let text = ok([
        "head",
        "-n",
        "50",
        "--fields",
        "sensor,class,type",
        "--site-config-file",
        site.to_str().unwrap(),
        query.to_str().unwrap(),
    ]);
    let found: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(found.len(), 50);
    for (row, found) in rows.iter().zip(found) {
        let cells: Vec<&str> = found.split(',').collect();
        assert_eq!(cells[1..], [row[19].as_str(), row[20].as_str()]);
        assert!(!cells[0].is_empty());
    }
}

#[test]
fn head_and_tail_are_the_ends_of_all_inputs_together() {
    let query = query();
    let path = query.to_str().unwrap();
    let all: Vec<String> =
        ok(["convert", "--fields", "stime,sip,dip,bytes", path]).lines().skip(1).map(str::to_owned).collect();
    let rows = |command: &str, n: &str, inputs: &[&str]| -> Vec<String> {
        let mut arguments = vec![command, "-n", n, "--fields", "stime,sip,dip,bytes"];
        arguments.extend(inputs);
        ok(arguments).lines().skip(1).map(str::to_owned).collect()
    };
    assert_eq!(rows("head", "5", &[path]), all[..5]);
    assert_eq!(rows("tail", "5", &[path]), all[all.len() - 5..]);
    assert_eq!(rows("tail", "8193", &[path]), all[all.len() - 8193..]);
    assert_eq!(rows("head", "0", &[path]), all[..0]);
    assert_eq!(rows("tail", "0", &[path]), all[..0]);
    assert_eq!(rows("head", "100000", &[path]), all);
    assert_eq!(rows("tail", "100000", &[path]), all);
    let twice = [all.clone(), all].concat();
    assert_eq!(rows("head", "9300", &[path, path]), twice[..9300]);
    assert_eq!(rows("tail", "9300", &[path, path]), twice[twice.len() - 9300..]);
}

#[test]
fn a_table_aligns_numbers_to_the_right() {
    let query = query();
    let text = ok([
        "head",
        "-n",
        "2",
        "--format",
        "table",
        "--fields",
        "sip,bytes,duration",
        query.to_str().unwrap(),
    ]);
    assert_eq!(
        text,
        "sip        bytes  duration (ms)\n10.1.0.53    383              0\n10.1.0.53    496              0\n"
    );
}

#[test]
fn an_unknown_ending_is_refused() {
    let stderr = fails(2, ["convert", query().to_str().unwrap(), "-o", "x.xlsx"]);
    assert!(stderr.contains("x.xlsx") && stderr.contains(".parquet"), "{stderr}");
}

#[test]
fn the_same_flows_make_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    for ending in ["csv", "jsonl", "json", "parquet", "arrow", "txt"] {
        let mut files = (0..4).map(|i| {
            let path = dir.path().join(i.to_string()).with_extension(ending);
            convert(&query(), &path, &[]);
            std::fs::read(path).unwrap()
        });
        let first = files.next().unwrap();
        assert!(files.all(|file| file == first), "{ending}");
    }
}
