//! The main job.

use serde_json::Value;

use crate::support::{WINDOW, command, fails, made, ok, query, run, run_with_input, silk};

#[test]
fn the_first_command_of_the_readme_prints_the_three_sentences() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let query = query();
    let text = ok(["report", "--window", WINDOW, query.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    let sentences: Vec<&str> = text.lines().take(3).collect();
    assert_eq!(
        sentences,
        [
            "From 2016-09-29 13:22:19.625972 to 2016-09-29 13:52:19.625972 we had 182 MB in the wire",
            "The traffic was caused by 1661 source IPs and 1094 dest IPs.",
            "We analyzed 5 different protocols.",
        ]
    );
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("1661 source IPs") && !page.contains("<script"));

    // The reference's own numbers, made with pandas.
    let expected: Value =
        serde_json::from_slice(&std::fs::read(silk("query/summary.json")).unwrap()).unwrap();
    let found: Value = serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap();
    for key in ["bytes", "packets", "sip", "dip", "protocols"] {
        assert_eq!(found[key], expected[key], "{key}");
    }
    assert_eq!(found["flows"], expected["rows_window"]);
    assert_eq!(found["accounts"]["read"]["rows"], expected["rows_in"]);
    assert_eq!(found["empty_bins"], expected["empty_seconds"]);
    assert_eq!(found["first"], "2016-09-29T13:22:19.853Z");
    assert_eq!(found["last"], "2016-09-29T13:52:18.710Z");
    let tops = (found["top"]["sip_bytes"].as_array().unwrap(), expected["top_sip_bytes"].as_array().unwrap());
    assert_eq!(tops.0, tops.1);
    assert_eq!(found["schema"], 1);
    let digest = found["inputs"][0]["sha256"].as_str().unwrap();
    assert_eq!(digest, sha256(&std::fs::read(&query).unwrap()));
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_way_of_reading_gives_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(query()).unwrap();
    let summary = |name: &str, arguments: &[&str], input: &[u8]| {
        let out = dir.path().join(name);
        let mut all = vec!["report", "--window", WINDOW, "-o", out.to_str().unwrap()];
        all.extend(arguments);
        let output = run_with_input(&all, input);
        assert!(output.status.success());
        let mut summary: Value =
            serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap();
        summary["inputs"][0]["path"] = Value::Null;
        summary
    };
    let query = query();
    let path = query.to_str().unwrap();
    let mapped = summary("mapped", &[path], &[]);
    assert_eq!(mapped, summary("read", &["--no-mmap", path], &[]));
    assert_eq!(mapped, summary("stdin", &["-"], &bytes));
    assert_eq!(mapped, summary("threads", &["--threads", "7", path], &[]));
}

#[test]
fn overlap_counts_the_flows_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    ok(["report", "--window", WINDOW, "--window-mode", "overlap", query().to_str().unwrap(), "-o", out]);
    let found: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("summary.json")).unwrap()).unwrap();
    // `rows_window_overlap` of the reference.
    assert_eq!(found["flows"], 9027);
}

#[test]
fn a_window_may_be_relative_to_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let flows = |window: &str| {
        ok(["report", "--window", window, query().to_str().unwrap(), "-o", dir.path().to_str().unwrap()]);
        let summary = std::fs::read(dir.path().join("summary.json")).unwrap();
        serde_json::from_slice::<Value>(&summary).unwrap()
    };
    let last = flows("..")["last"].as_str().unwrap().to_owned();
    assert!(last.starts_with("2016-09-29T13:5"));
    let relative = flows("end-1s..end");
    assert_eq!(relative["last"], last.as_str());
    assert_eq!(relative["window"]["end"].as_str().unwrap().get(..23), last.get(..23));
    assert!(relative["flows"].as_u64().unwrap() < 9242);
}

#[test]
fn kept_flows_are_the_flows_that_count() {
    let dir = tempfile::tempdir().unwrap();
    ok([
        "report",
        "--window",
        WINDOW,
        "--keep-flows",
        query().to_str().unwrap(),
        "-o",
        dir.path().to_str().unwrap(),
    ]);
    let file = std::fs::File::open(dir.path().join("flows.parquet")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 8908);
}

#[test]
fn a_damaged_input_is_reported_with_what_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let whole = made(1000, dir.path());
    let bytes = std::fs::read(&whole).unwrap();
    let cut = dir.path().join("cut.rw");
    // The header is a whole number of records long, so this ends inside the last one.
    std::fs::write(&cut, &bytes[..bytes.len() - 1]).unwrap();
    let out = dir.path().join("out");
    let output = run(["report".as_ref(), cut.as_os_str(), whole.as_os_str(), "-o".as_ref(), out.as_os_str()]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("999 rows before it were delivered") && stderr.contains("(byte "), "{stderr}");
    let found: Value = serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(found["flows"], 1999);
    assert!(found["notes"][0].as_str().unwrap().contains("cut.rw"));
}

#[test]
fn without_a_readable_input_there_is_no_report() {
    let dir = tempfile::tempdir().unwrap();
    let stderr = fails(3, ["report", "/nonexistent.rw", "-o", dir.path().to_str().unwrap()]);
    assert!(stderr.contains("/nonexistent.rw") && stderr.contains("No such file"), "{stderr}");
    // Beside a readable one, the page says as much.
    let out = dir.path().join("out");
    let query = query();
    fails(3, ["report", "/nonexistent.rw", query.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    let found: Value = serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert!(found["notes"][0].as_str().unwrap().contains("No such file"), "{}", found["notes"]);
    std::fs::remove_dir_all(out).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn the_articles_style_draws_their_chart() {
    let dir = tempfile::tempdir().unwrap();
    ok(["report", "--style", "article", query().to_str().unwrap(), "-o", dir.path().to_str().unwrap()]);
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    for text in ["KB/s, Kp/s", "Time UTC", "KBps or KPps", "KBytes/s", "Kp/s"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn progress_goes_to_standard_error_only_when_asked_or_on_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let run = |when: &str| {
        let out = dir.path().join(when);
        let arguments =
            ["report", "--progress", when, query().to_str().unwrap(), "-o", out.to_str().unwrap()]
                .map(str::to_owned);
        command().args(arguments).output().unwrap()
    };
    let (auto, never) = (run("auto"), run("never"));
    assert!(auto.stderr.is_empty() && never.stderr.is_empty());
    let always = run("always");
    assert!(always.status.success());
    // Into a pipe as lines.
    let lines = String::from_utf8(always.stderr).unwrap();
    assert!(lines.ends_with("query.rwf: 9,242 rows\n"), "{lines}");
}
