//! Rows behind rows.

use std::path::Path;

use serde_json::Value;

use crate::support::{fails, ok, query, silk};

fn append(path: &Path, fields: &str) {
    let query = query();
    ok(["convert", "--append", "--fields", fields, query.to_str().unwrap(), "-o", path.to_str().unwrap()]);
}

#[test]
fn appending_doubles_the_rows_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let once = ok(["convert", query().to_str().unwrap()]);
    let rows = once.split_once('\n').unwrap().1;
    for name in ["a.csv", "a.jsonl", "a.json", "a.parquet", "a.arrow"] {
        let path = dir.path().join(name);
        // The first time there is nothing to append to.
        (0..3).for_each(|_| append(&path, "all"));
        let count = match name {
            "a.csv" => {
                let text = std::fs::read_to_string(&path).unwrap();
                assert_eq!(text, format!("{once}{rows}{rows}"));
                text.lines().count() - 1
            }
            "a.jsonl" => std::fs::read_to_string(&path).unwrap().lines().count(),
            "a.json" => serde_json::from_slice::<Vec<Value>>(&std::fs::read(&path).unwrap()).unwrap().len(),
            "a.parquet" => {
                let file = std::fs::File::open(&path).unwrap();
                let reader =
                    parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
                let reader = reader.build().unwrap();
                reader.map(|batch| batch.unwrap().num_rows()).sum()
            }
            _ => {
                let file = std::fs::File::open(&path).unwrap();
                let reader = arrow_ipc::reader::FileReader::try_new(file, None).unwrap();
                reader.map(|batch| batch.unwrap().num_rows()).sum()
            }
        };
        assert_eq!(count, 3 * 9242, "{name}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 5, "nothing temporary stays");
}

#[test]
fn other_columns_are_refused_and_the_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let query = query();
    for name in ["a.csv", "a.jsonl", "a.json", "a.parquet", "a.arrow"] {
        let path = dir.path().join(name);
        append(&path, "stime,sip,bytes");
        let before = std::fs::read(&path).unwrap();
        let arguments = |fields| {
            ["convert", "--append", "--fields", fields, query.to_str().unwrap(), "-o", path.to_str().unwrap()]
                .map(str::to_owned)
        };
        for fields in ["stime,sip", "stime,sip,bytes,packets", "stime,sip,packets"] {
            let stderr = fails(2, arguments(fields));
            assert!(stderr.contains("cannot append") && stderr.contains("bytes"), "{stderr}");
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 5);
}

#[test]
fn what_is_no_such_file_is_not_appended_to() {
    let dir = tempfile::tempdir().unwrap();
    let query = query();
    for name in ["a.csv", "a.jsonl", "a.json", "a.parquet", "a.arrow"] {
        let path = dir.path().join(name);
        std::fs::write(&path, "something else\n").unwrap();
        let stderr = fails(2, ["convert", "--append", query.to_str().unwrap(), "-o", path.to_str().unwrap()]);
        assert!(stderr.contains("cannot append"), "{name}: {stderr}");
        assert_eq!(std::fs::read(&path).unwrap(), b"something else\n");
    }
}

#[test]
fn a_file_of_no_bytes_takes_rows() {
    let dir = tempfile::tempdir().unwrap();
    for ending in ["csv", "jsonl", "json", "parquet", "arrow"] {
        let (path, fresh) =
            (dir.path().join("a").with_extension(ending), dir.path().join("b").with_extension(ending));
        std::fs::write(&path, "").unwrap();
        append(&path, "stime,sip");
        append(&fresh, "stime,sip");
        assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&fresh).unwrap(), "{ending}");
    }
}

/// The Arrow file format has one dictionary a column; the message must not blame the input.
#[test]
fn names_of_another_site_are_refused_where_a_file_has_one_list_of_names() {
    let dir = tempfile::tempdir().unwrap();
    let (path, query, site) = (dir.path().join("a.arrow"), query(), silk("silk.conf"));
    let arguments = [
        "convert",
        "--append",
        "--fields",
        "stime,sensor",
        query.to_str().unwrap(),
        "-o",
        path.to_str().unwrap(),
    ];
    let named = [&arguments[..], &["--site-config-file", site.to_str().unwrap()]].concat();
    ok(&named);
    ok(&named);
    let before = std::fs::read(&path).unwrap();
    let stderr = fails(2, arguments);
    assert!(stderr.contains("another site") && stderr.contains("--site-config-file"), "{stderr}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn addresses_of_the_other_form_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (query, site) = (query(), silk("silk.conf"));
    for ending in ["csv", "jsonl", "json", "parquet", "arrow"] {
        for (first, second) in [("text", "binary"), ("binary", "text")] {
            let path = dir.path().join(first).with_extension(ending);
            let arguments = |form| {
                let fields = ["convert", "--append", "--fields", "sensor,sip,dip", "--addresses", form];
                let files = [query.to_str().unwrap(), "-o", path.to_str().unwrap()];
                [&fields[..], &["--site-config-file", site.to_str().unwrap()], &files].concat()
            };
            ok(arguments(first));
            ok(arguments(first));
            let before = std::fs::read(&path).unwrap();
            let stderr = fails(2, arguments(second));
            assert!(stderr.contains("--addresses"), "{ending}: {stderr}");
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
    }
}

#[test]
fn an_empty_array_takes_rows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    for empty in ["[]", "[\n]\n", " [ ] \n"] {
        std::fs::write(&path, empty).unwrap();
        append(&path, "stime,sip");
        let rows: Vec<Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(rows.len(), 9242, "{empty:?}");
    }
}

#[test]
fn a_last_line_without_an_end_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    std::fs::write(&path, "stime,sip\r\n2016-09-29T13:00:00.000Z,10.0.0.1").unwrap();
    append(&path, "stime,sip");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("stime,sip"));
    assert_eq!(lines.next(), Some("2016-09-29T13:00:00.000Z,10.0.0.1"));
    assert_eq!(lines.count(), 9242);
}
