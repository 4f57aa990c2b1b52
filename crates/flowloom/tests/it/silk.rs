//! SiLK files out of the command.

use std::path::Path;

use crate::support::{fails, ok, query, silk};

/// The text that the reference printed of a file, for what stands in another one.
fn rwcut(path: &Path) -> String {
    let site = silk("silk.conf");
    ok([
        "rwcut",
        "--all-fields",
        "--no-titles",
        "--delimited=|",
        "--timestamp-format=epoch",
        "--integer-sensors",
        "--ip-format=canonical",
        &format!("--site-config-file={}", site.display()),
        path.to_str().unwrap(),
    ])
}

fn convert(input: &Path, output: &Path, more: &[&str]) {
    let mut arguments = vec!["convert", input.to_str().unwrap(), "-o", output.to_str().unwrap()];
    arguments.extend(more);
    assert_eq!(ok(arguments), "");
}

/// The pairs of format and version, with the file of 151 records and its answer.
fn pairs() -> Vec<(silk_format::FlowFormat, std::path::PathBuf, String)> {
    let one = |format: silk_format::FlowFormat| {
        let name = format!("{}-v{}", format.id.name().unwrap(), format.version);
        let answer = std::fs::read_to_string(silk(&format!("matrix/{name}.rwcut"))).unwrap();
        (format, silk(&format!("matrix/{name}-c1-B.dat")), answer)
    };
    silk_format::formats().map(one).collect()
}

#[test]
fn rows_of_every_layout_come_out_of_a_complete_file() {
    let dir = tempfile::tempdir().unwrap();
    for (i, (format, input, answer)) in pairs().into_iter().enumerate() {
        let output = dir.path().join(["a.silk", "a.rw", "a.rwf"][i % 3]);
        let compression = ["none", "zlib", "lzo1x", "snappy"][i % 4];
        let order = ["little", "big", "native"][i % 3];
        convert(&input, &output, &["--silk-compression", compression, "--silk-byte-order", order]);
        assert_eq!(rwcut(&output), answer, "{format:?}");
    }
}

#[test]
fn rows_of_every_layout_come_out_of_the_same_layout() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("a.silk");
    for (format, input, answer) in pairs() {
        let version = format.version.to_string();
        convert(&input, &output, &["--silk-format", format.id.name().unwrap(), "--silk-version", &version]);
        // Bytes are the seventh field; where they are a ratio, it is rounded down again.
        let without_bytes = |text: &str| -> Vec<String> {
            let line = |line: &str| {
                let mut cells: Vec<&str> = line.split('|').collect();
                let _ = cells.remove(6);
                cells.join("|")
            };
            text.lines().map(line).collect()
        };
        let text = rwcut(&output);
        assert_eq!(without_bytes(&text), without_bytes(&answer), "{format:?}");
        assert!(format.has_ratio || text == answer, "{format:?}");
    }
}

#[test]
fn the_header_says_what_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("a.rw");
    let flags = ["--silk-format", "rwgeneric", "--silk-byte-order", "big", "--silk-compression", "snappy"];
    convert(&silk("matrix/FT_RWGENERIC-v3-c0-L.dat"), &output, &flags);
    let info = ok(["info", output.to_str().unwrap()]);
    let rows = std::fs::read_to_string(silk("matrix/FT_RWGENERIC-v3.rwcut")).unwrap().lines().count();
    for line in [
        "FT_RWGENERIC",
        "record_version  5",
        "snappy",
        "byte_order      big",
        &format!("rows            {rows}"),
    ] {
        assert!(info.contains(line), "{line}: {info}");
    }
    // Without rows there is a file without rows.
    convert(
        &query(),
        &output,
        &["--window", "2001-01-01T00:00..2001-01-02T00:00", "--silk-format", "FT_RWSPLIT"],
    );
    assert!(ok(["info", output.to_str().unwrap()]).contains("rows            0"));
    // To standard output too, and from there on.
    let csv = ok(["head", "-n", "3", query().to_str().unwrap()]);
    let head = dir.path().join("head.rw");
    ok(["head", "-n", "3", "-o", head.to_str().unwrap(), query().to_str().unwrap()]);
    assert_eq!(ok(["convert", head.to_str().unwrap()]), csv);
}

#[test]
fn a_row_that_a_layout_cannot_hold_is_named_and_no_file_appears() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("a.rw");
    let path = output.to_str().unwrap();
    let input = silk("matrix/FT_RWIPV6ROUTING-v1-c0-L.dat");
    let refused = |more: &[&str]| {
        let mut arguments = vec!["convert", input.to_str().unwrap(), "-o", path];
        arguments.extend(more);
        let stderr = fails(1, arguments);
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "{stderr}");
        stderr
    };
    let stderr = refused(&["--silk-format", "FT_RWGENERIC"]);
    assert!(
        stderr.contains("FT_RWGENERIC") && stderr.contains("IPv6") && stderr.contains("record "),
        "{stderr}"
    );
    let stderr = refused(&["--silk-format", "FT_RWWWW"]);
    assert!(stderr.contains("FT_RWWWW") && stderr.contains("record "), "{stderr}");
    // The query is of half an hour, and of several sensors and types: no hourly file holds it.
    let stderr = fails(
        1,
        [
            "convert",
            query().to_str().unwrap(),
            "-o",
            path,
            "--silk-format",
            "FT_RWIPV6",
            "--silk-version",
            "2",
        ],
    );
    assert!(stderr.contains("is outside") && stderr.contains("record "), "{stderr}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("a.rw");
    let (query, path) = (query(), output.to_str().unwrap().to_owned());
    let query = query.to_str().unwrap();
    let stderr = fails(2, ["convert", query, "-o", &path, "--fields", "stime,sip,dip"]);
    assert!(stderr.contains("protocol") || stderr.contains("etime"), "{stderr}");
    let stderr = fails(2, ["convert", query, "-o", &path, "--append"]);
    assert!(stderr.contains("--append") && stderr.contains("SiLK"), "{stderr}");
    let stderr = fails(2, ["convert", query, "-o", &path, "--silk-format", "FT_RWIPV7"]);
    assert!(stderr.contains("FT_RWIPV6"), "{stderr}");
    let stderr =
        fails(2, ["convert", query, "-o", &path, "--silk-format", "FT_RWSPLIT", "--silk-version", "9"]);
    assert!(stderr.contains("1, 2, 3, 4, 5"), "{stderr}");
    let stderr = fails(2, ["convert", query, "-o", "x.csv", "--silk-version", "1"]);
    assert!(stderr.contains("--silk-version"), "{stderr}");
    fails(2, ["convert", query, "-o", &path, "--silk-compression", "lzma"]);
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
}
