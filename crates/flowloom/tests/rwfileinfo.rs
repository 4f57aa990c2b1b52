//! `rwfileinfo` against expectations written by hand from the tool's manual and a published output; there are no stored
//! answers.

#![expect(clippy::unwrap_used, reason = "a test that fails is meant to stop")]

use std::ffi::OsString;
use std::path::Path;

use flowloom::rwcut::Setup;
use flowloom::rwfileinfo::run_with;
use silk_format::{FlowRecord, Writer, WriterOptions};

fn run(arguments: &[String]) -> (u8, String, String) {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let mut results = [true, false].map(|map| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run_with(&arguments, &Setup::default().with_map(map), &mut out, &mut err);
        (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    });
    assert_eq!(results[0], results[1], "mapped and read");
    std::mem::take(&mut results[0])
}

fn write_flows(path: &Path, records: usize) {
    let options = WriterOptions::default()
        .with_invocation("rwipfix2silk --silk-output=test.silk")
        .with_invocation("rwsort --fields=1")
        .with_annotation("made for a test");
    let mut writer = Writer::new(Vec::new(), &options).unwrap();
    for _ in 0..records {
        writer.write(&FlowRecord::default()).unwrap();
    }
    std::fs::write(path, writer.finish().unwrap()).unwrap();
}

#[test]
fn flows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.rw");
    write_flows(&path, 3);
    let name = path.display().to_string();
    // The header: 16 + 45 + 26 + 24 + 8 bytes, filled up to two records.
    let expected = format!(
        "{name}:
  format(id)          FT_RWIPV6ROUTING(0x0c)
  version             16
  byte-order          littleEndian
  compression(id)     none(0)
  header-length       176
  record-length       88
  record-version      1
  silk-version        0
  count-records       3
  file-size           440
  command-lines       
                   1  rwipfix2silk --silk-output=test.silk
                   2  rwsort --fields=1
  annotations         
                   1  made for a test
"
    );
    assert_eq!(run(std::slice::from_ref(&name)), (0, expected, String::new()));
    let summary = run(&["--fields=7,8".into(), "--summary".into(), name.clone(), name.clone()]).1;
    let sums = "**SUMMARY**:\n  number-files        2\n  total-records       6\n  all-file-sizes      880\n";
    assert!(summary.ends_with(sums), "{summary}");
    let values = run(&["--no-titles".into(), "--fields=format,count-records,annotations".into(), name]).1;
    assert_eq!(values, "FT_RWIPV6ROUTING(0x0c)\n3\nmade for a test\n");
}

fn header(format: u8, version: u8, entry: (u32, &[u8]), payload: &[u8]) -> Vec<u8> {
    let mut file = vec![0xDE, 0xAD, 0xBE, 0xEF, 1, format, 16, 0];
    file.extend(3_019_001u32.to_be_bytes());
    file.extend([0, 1, 0, version]);
    file.extend(entry.0.to_be_bytes());
    file.extend((entry.1.len() as u32 + 8).to_be_bytes());
    file.extend(entry.1);
    file.extend([0, 0, 0, 0, 0, 0, 0, 8]);
    file.extend(payload);
    file
}

#[test]
fn other_content() {
    let dir = tempfile::tempdir().unwrap();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let tree = words(&[16, 14, 8, 10, 80, 2]);
    let blocks = words(&[0, 0, 4, 0, 0, 0]);
    let bag: Vec<u8> = [2u16, 4, 28, 8].iter().flat_map(|word| word.to_be_bytes()).collect();
    let packed = [&1_234_483_200_000i64.to_be_bytes()[..], &words(&[2, 0])].concat();
    for (bytes, field, expected) in [
        (header(0x1D, 3, (7, &tree), &[0; 912]), "16", "16-way branch, root@2, 10 x 80b node, 14 x 8b leaf"),
        (header(0x1D, 4, (7, &blocks), &[0; 200]), "ipset", "IPv4"),
        (header(0x21, 3, (6, &bag), &[]), "bag", "key: sPort @ 4 octets; counter: records @ 8 octets"),
        (header(0x25, 2, (5, b"\0\0\0\x01svc-map\0"), &[]), "prefix-map", "v1: svc-map"),
        (header(0x16, 5, (4, b"probe\0"), &[]), "probe-name", "probe"),
        (header(0x14, 5, (1, &packed), &[]), "packed-file-info", "2009/02/13T00:00:00 iw S0"),
        (header(0x1D, 3, (7, &tree), &[0; 912]), "count-records", "912"),
        (header(0x1D, 3, (7, &tree), &[0; 912]), "silk-version", "3.19.1"),
        (header(0x17, 3, (3, b"x\0"), &[]), "format", "FT_RESERVED_17(0x17)"),
        (header(0xFF, 3, (3, b"x\0"), &[]), "byte-order", "BigEndian"),
        (header(0xFF, 3, (3, b"x\0"), &[]), "format", "?[255](0xff)"),
    ] {
        let path = dir.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let conf = dir.path().join("silk.conf");
        std::fs::write(&conf, "sensor 0 S0\nclass all\nsensors S0\ntype 2 inweb iw\nend class\n").unwrap();
        let switches = [
            "--no-titles".into(),
            format!("--fields={field}"),
            format!("--site-config-file={}", conf.display()),
            path.display().to_string(),
        ];
        assert_eq!(run(&switches), (0, format!("{expected}\n"), String::new()), "{field}");
    }
}

#[test]
fn damage_and_errors() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.rw");
    write_flows(&path, 3);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let (status, out, err) = run(&["--no-titles".into(), "--fields=7".into(), path.display().to_string()]);
    assert_eq!((status, out.as_str()), (1, "2\n"));
    assert!(err.contains("87 of 88"), "{err}");
    // A file that fails does not keep the next one from being described.
    let bad = dir.path().join("bad");
    std::fs::write(&bad, b"not a SiLK file at all").unwrap();
    let both =
        ["--no-titles".into(), "--fields=7".into(), bad.display().to_string(), path.display().to_string()];
    let (status, out, err) = run(&both);
    assert_eq!((status, out.as_str(), err.lines().count()), (1, "2\n", 2));
    assert_eq!(run(&[]).0, 1);
    assert_eq!(run(&["--bogus".into()]).0, 1);
    assert_eq!(run(&["--help".into()]).0, 0);
}

/// Counting by the lengths of blocks finds the same records as decoding them does.
#[test]
fn counts_of_the_test_data() {
    let matrix = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/silk/matrix");
    let mut seen = 0;
    for entry in std::fs::read_dir(matrix).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "dat") && seen < 60 {
            let answer = path.to_str().unwrap().rsplit_once("-c").unwrap().0.to_owned() + ".rwcut";
            let rows = std::fs::read_to_string(answer).unwrap().lines().count();
            let switches = ["--no-titles".into(), "--fields=7".into(), path.display().to_string()];
            assert_eq!(run(&switches), (0, format!("{rows}\n"), String::new()), "{}", path.display());
            seen += 1;
        }
    }
    assert_eq!(seen, 60);
}
