//! `--where` and `--threads`, as a user has them.

use crate::support::{fails, ok, query, run, silk};

/// The rows of a CSV text of four columns.
fn rows(csv: &str) -> Vec<Vec<&str>> {
    csv.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

#[test]
fn rows_that_pass() {
    let file = query();
    let file = file.to_str().unwrap();
    let fields = "protocol,dport,bytes,sip";
    let all = ok(["convert", "--fields", fields, file]);
    let number = |text: &str| text.parse::<u64>().unwrap();
    let wanted: Vec<_> = rows(&all)
        .into_iter()
        .filter(|row| row[0] == "6" && (row[1] == "80" || row[1] == "443") && number(row[2]) > 1000)
        .collect();
    assert!(!wanted.is_empty() && wanted.len() < rows(&all).len());
    for threads in ["1", "2", "5"] {
        let text = "proto = 6 and dport in (80, 443) and bytes > 1000";
        let some = ok(["convert", "--threads", threads, "--fields", fields, "--where", text, file]);
        assert_eq!(rows(&some), wanted, "{threads} threads");
    }
}

/// Every text format and Parquet: the same bytes on any number of threads.
#[test]
fn threads_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("made.rw");
    let made = made.to_str().unwrap();
    ok(["generate", "--records", "50000", "--hosts", "500", "-o", made]);
    for ending in ["csv", "jsonl", "json", "parquet", "arrow"] {
        let files = ["1", "2", "7"].map(|threads| {
            let out = dir.path().join(format!("{threads}.{ending}"));
            let inputs = [made, query().to_str().unwrap()].map(str::to_owned);
            let mut arguments: Vec<String> =
                ["convert", "--threads", threads, "-o"].map(str::to_owned).into();
            arguments.push(out.to_str().unwrap().to_owned());
            arguments.extend(inputs);
            ok(arguments);
            std::fs::read(out).unwrap()
        });
        assert!(files[0] == files[1] && files[0] == files[2], "{ending}");
    }
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let file = query();
    let file = file.to_str().unwrap();
    let stderr = fails(2, ["head", "--where", "proto = 6 and dport on 80", file]);
    let lines: Vec<&str> = stderr.lines().collect();
    let caret = lines.iter().position(|line| line.ends_with('^')).unwrap();
    assert!(lines[caret - 1].ends_with("proto = 6 and dport on 80"), "{stderr}");
    assert_eq!(lines[caret].find('^'), lines[caret - 1].find("on 80"), "{stderr}");
    let stderr = fails(2, ["head", "--where", "sip in @nobody", file]);
    assert!(stderr.contains("nobody"), "{stderr}");
}

/// Layouts of IPv4 hold no IPv6 flow: not a block of such a file is inflated, so that the damage inside is not met.
#[test]
fn a_file_of_which_no_row_can_pass_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damaged.rw");
    let mut bytes = std::fs::read(silk("matrix/FT_RWGENERIC-v5-c1-L.dat")).unwrap();
    let middle = bytes.len() - 500;
    bytes[middle..middle + 40].fill(0xAA);
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    let fields = ["convert", "--fields", "sip"];
    fails(1, fields.into_iter().chain([path]));
    assert_eq!(ok(fields.into_iter().chain(["--where", "is_ipv6", path])), "sip\n");
}

/// Bytes of flows and of records are never added up.
#[test]
fn accounts_of_files_that_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let files = ["matrix/FT_RWIPV6ROUTING-v1-c0-L.dat", "matrix/FT_RWGENERIC-v5-c1-L.dat"].map(silk);
    let [one, other] = files.each_ref().map(|file| file.to_str().unwrap());
    ok(["report", "-q", "--where", "is_ipv6", one, other, "-o", out.to_str().unwrap()]);
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap();
    // 151 records of 88 bytes and 116 of 52: as record bytes, since those of the second were not looked at.
    assert_eq!(summary["accounts"]["read"]["bytes"], 151 * 88 + 116 * 52);
}

#[test]
fn a_report_of_some_flows() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let file = query();
    let output =
        run(["report", "--where", "proto = 17", file.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    assert!(output.status.success());
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap();
    let accounts = &summary["accounts"];
    let rows = |name: &str| accounts[name]["rows"].as_u64().unwrap();
    assert_eq!(rows("read"), 9242);
    assert_eq!(rows("delivered") + rows("filtered"), 9242);
    assert_eq!(summary["protocols"], 1);
    assert!(rows("filtered") > 0);
}
