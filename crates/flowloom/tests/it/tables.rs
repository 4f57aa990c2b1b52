//! Tables of fields that tshark wrote, through the commands: as the captures that they are of.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{fails, ok, run, run_with_input};

const NINE: &str = "frame_number,frame_time_epoch,ip_len,eth_src,eth_dst,ip_src,ip_dst,ip_proto";

/// A capture, and the table that tshark made of it.
fn pair(name: &str) -> (String, String) {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pcap/crafted").join(name);
    let table = format!("{}.fields.csv", capture.display());
    assert!(capture.exists() && Path::new(&table).exists(), "{table}");
    (capture.to_str().unwrap().to_owned(), table)
}

const CAPTURES: [&str; 5] = [
    "be_nsec.pcap",
    "conv_ties.pcap",
    "ipv6_outer_tunnels.pcap",
    "pcapng_multi_iface.pcapng",
    "tunnels_and_damage_a.pcap",
];

#[test]
fn a_table_gives_what_its_capture_gives() {
    for name in CAPTURES {
        let (capture, table) = pair(name);
        let both = |arguments: &[&str]| {
            let of = |input: &str| ok([arguments, &[input]].concat());
            let (of_capture, of_table) = (of(&capture), of(&table));
            assert_eq!(of_table, of_capture, "{name} {arguments:?}");
        };
        both(&["convert", "--fields", NINE]);
        both(&["convert", "--fields", "article", "--format", "jsonl"]);
        both(&["head", "-n", "3", "--fields", NINE]);
        both(&["tail", "-n", "3", "--fields", NINE]);
        both(&["convert", "--fields", NINE, "--where", "ip_proto = 17 or ip_len > 60 or eth_src is null"]);
        both(&["convert", "--fields", NINE, "--window", "2016-09-29 13:37:19.7..2016-09-29 13:37:20"]);
        both(&["convert", "--fields", NINE, "--threads", "1"]);
    }
}

/// The ways in which tables are kept.
#[test]
fn packed_tables_and_pipes() {
    let (_, table) = pair("conv_ties.pcap");
    let expected = ok(["convert", "--fields", NINE, &table]);
    let dir = tempfile::tempdir().unwrap();
    let content = fs::read(&table).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, &content).unwrap();
    let underscores = String::from_utf8(content.clone()).unwrap();
    let (header, rows) = underscores.split_once('\n').unwrap();
    let underscores = format!("{}\n{rows}", header.replace('.', "_"));
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    for path in [
        write("a.csv.gz", &gzip.finish().unwrap()),
        write("b.csv.zst", &zstd::encode_all(&content[..], 3).unwrap()),
        write("c.csv", underscores.as_bytes()),
    ] {
        assert_eq!(ok(["convert", "--fields", NINE, path.to_str().unwrap()]), expected, "{path:?}");
    }
    let output = run_with_input(["convert", "--fields", NINE, "-"], &content);
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap()), (Some(0), expected));
}

#[test]
fn info_and_report_know_tables() {
    let (_, table) = pair("conv_ties.pcap");
    let info: Value = serde_json::from_str(&ok(["info", "--json", &table])).unwrap();
    let rows = fs::read_to_string(&table).unwrap().lines().count() - 1;
    assert_eq!((info["format"].as_str(), info["packets"].as_u64()), (Some("tshark-csv"), Some(rows as u64)));
    assert!(ok(["info", "--quick", &table]).contains("tshark-csv"));
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    ok(["report", &table, "-o", out.to_str().unwrap()]);
    let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["accounts"]["read"]["rows"].as_u64(), Some(rows as u64), "{summary}");
    assert!(summary["bytes"].as_i64() > Some(0), "{summary}");
}

#[test]
fn what_is_wrong_has_its_place_and_what_is_odd_a_note() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.csv");
    let of = |text: &str| {
        fs::write(&path, text).unwrap();
        run(["convert", "--fields", "ip_src", path.to_str().unwrap()])
    };
    let output = of("frame.number,ip.src\n1,10.0.0.1\n2,10.0.0.2\n3,10.0.0.300\n4,10.0.0.4\n");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "ip_src\n10.0.0.1\n10.0.0.2\n");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let message = "line 4 (byte 42): expected an IP address in ip.src, found \"10.0.0.300\"; 2 rows before it were \
                   delivered";
    assert!(stderr.contains(message), "{stderr}");
    let output = of("ip.src,http.host\n10.0.0.1,example.org\n");
    assert_eq!(output.status.code(), Some(0));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("fields that are not read: http.host"), "{stderr}");
    fs::write(&path, "1,10.0.0.1\n").unwrap();
    let stderr = fails(1, ["convert", path.to_str().unwrap()]);
    assert!(stderr.contains("have tshark write the names with -E header=y"), "{stderr}");
}
