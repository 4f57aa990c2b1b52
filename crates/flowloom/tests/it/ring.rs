//! Captures of a ring buffer instead of named files.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use crate::support::{command, fails, ok, run};

/// When the first file of a ring is opened.
const AT: u32 = 1_475_156_200;

const HEADER: &[u8] = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0";

/// The record of an Ethernet frame with an IPv4 header of this identification.
fn packet(seconds: u32, id: u16) -> Vec<u8> {
    let mut frame = vec![0xaa; 12];
    frame.extend(b"\x08\0\x45\0\0\x14");
    frame.extend(id.to_be_bytes());
    frame.extend(b"\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02");
    let len = frame.len() as u32;
    let mut record: Vec<u8> = [seconds, 0, len, len].iter().flat_map(|word| word.to_le_bytes()).collect();
    record.extend(frame);
    record
}

/// A file whose packets come a second after each other.
fn capture(seconds: u32, ids: std::ops::Range<u16>) -> Vec<u8> {
    let records = ids.enumerate().flat_map(|(at, id)| packet(seconds + at as u32, id));
    HEADER.iter().copied().chain(records).collect()
}

fn path(dir: &Path, seconds: u32) -> PathBuf {
    dir.join(format!("log.pcap.{seconds}"))
}

/// Three files of ten packets, a hundred seconds apart.
fn ring() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in 0..3u16 {
        let seconds = AT + 100 * u32::from(file);
        fs::write(path(dir.path(), seconds), capture(seconds, file * 10..file * 10 + 10)).unwrap();
    }
    dir
}

fn ids(text: &str) -> Vec<u16> {
    text.lines().skip(1).map(|line| line.parse().unwrap()).collect()
}

fn convert<'a>(dir: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [&["convert", "--fields", "ip_id", "--ring", dir.to_str().unwrap()], more].concat()
}

#[test]
fn a_ring_is_its_files_in_the_order_of_their_times() {
    let dir = ring();
    assert_eq!(ids(&ok(convert(dir.path(), &[]))), (0..30).collect::<Vec<u16>>());
    let window = ["--window", "@1475156303..@1475156305"];
    assert_eq!(ids(&ok(convert(dir.path(), &window))), [14, 15]);
    assert_eq!(ids(&ok(convert(dir.path(), &["--window", "end-2s.."]))), [28, 29]);
    // Only what may hold the window is opened: the first file is none any more.
    fs::write(path(dir.path(), AT), "garbage").unwrap();
    assert_eq!(ids(&ok(convert(dir.path(), &window))), [14, 15]);
    let folder = dir.path().to_str().unwrap();
    assert_eq!(
        ok(["head", "-n", "1", "--fields", "ip_id", "--ring", folder, window[0], window[1]]),
        "ip_id\n14\n"
    );
    assert_eq!(
        ok(["tail", "-n", "1", "--fields", "ip_id", "--ring", folder, window[0], window[1]]),
        "ip_id\n15\n"
    );
    let none = fails(3, convert(dir.path(), &["--window", "..@1475156100"]));
    assert!(none.contains("none of the 3 files of") && none.contains("--ring-name and --window"), "{none}");
    assert!(fails(3, convert(&dir.path().join("none"), &[])).contains("none"));
    assert!(fails(2, ["head", "--ring", folder, "x.pcap"]).contains("cannot be used with"));
    assert!(fails(2, ["tail", "--ring", folder, "--follow"]).contains("use head or convert"));
}

#[test]
fn one_bad_file_does_not_stop_the_others_and_a_table_tells_of_each() {
    let dir = ring();
    let damaged = path(dir.path(), AT + 100);
    let mut bytes = fs::read(&damaged).unwrap();
    // The length of the fourth packet.
    let at = 24 + 3 * (16 + 34) + 8;
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(&damaged, bytes).unwrap();
    fs::write(path(dir.path(), AT + 50), "").unwrap();
    fs::write(path(dir.path(), AT + 60), "no capture").unwrap();
    let output = run(convert(dir.path(), &[]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let expected: Vec<u16> = (0..13).chain(20..30).collect();
    assert_eq!(ids(&String::from_utf8(output.stdout).unwrap()), expected);
    let table: Vec<&str> =
        stderr.lines().filter_map(|line| line.strip_prefix("flowloom: log.pcap.")).collect();
    let states = [
        ("1475156200", "10", "2016-09-29T13:36:40.000Z", "ok"),
        ("1475156250", "0", "-", "empty"),
        ("1475156260", "0", "-", "unreadable"),
        ("1475156300", "3", "2016-09-29T13:38:20.000Z", "damaged at byte 174"),
        ("1475156400", "10", "2016-09-29T13:40:00.000Z", "ok"),
    ];
    assert_eq!(table.len(), 5, "{stderr}");
    for (line, (name, packets, first, state)) in table.iter().zip(states) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((cells[0], cells[1], cells[3]), (name, packets, first), "{line}");
        assert!(line.ends_with(state), "{line}");
    }
}

#[test]
fn the_file_that_is_being_written_may_end_within_a_packet() {
    let dir = ring();
    let newest = path(dir.path(), AT + 200);
    let bytes = fs::read(&newest).unwrap();
    for cut in [bytes.len() - 7, 30, 24, 10, 2, 0] {
        fs::write(&newest, &bytes[..cut]).unwrap();
        let expected = 20 + cut.saturating_sub(24) as u16 / 50;
        assert_eq!(ids(&ok(convert(dir.path(), &[]))), (0..expected).collect::<Vec<u16>>(), "{cut}");
    }
    // Any other file is complete.
    fs::write(path(dir.path(), AT), &capture(AT, 0..10)[..100]).unwrap();
    assert!(fails(1, convert(dir.path(), &[])).contains("damaged at byte 74"));
}

#[test]
fn packed_files_and_threads() {
    let dir = tempfile::tempdir().unwrap();
    for (thread, ids) in [(1, 0..10), (2, 10..20)] {
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(&capture(AT, ids)).unwrap();
        fs::write(dir.path().join(format!("log.{thread}.{AT}.pcap.lz4")), lz4.finish().unwrap()).unwrap();
    }
    assert_eq!(ids(&ok(convert(dir.path(), &[]))), (0..20).collect::<Vec<u16>>());
    let second = ["--ring-name", "log.2.%t.pcap", "--follow", "--follow-until", "+0s"];
    assert_eq!(ids(&ok(convert(dir.path(), &second[..2]))), (10..20).collect::<Vec<u16>>());
    // A following that has ended reads what is there.
    assert_eq!(ids(&ok(convert(dir.path(), &second))), (10..20).collect::<Vec<u16>>());
    assert!(fails(2, convert(dir.path(), &["--follow"])).contains("--ring-name, such as log.1.%t.pcap"));
    assert!(fails(2, convert(dir.path(), &["--ring-name", "%x"])).contains("only %n, %i and %t are known"));
}

fn following(dir: &Path, more: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let arguments = convert(dir, &[&["--follow", "--follow-poll", "10ms"], more].concat());
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    let mut child = command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

fn line(rows: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    rows.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Each packet arrives before the next one is written: in pieces, over several files, of which the oldest are deleted. Only
/// the first two of a file wait for the third, because three tell what shape the records have.
#[test]
fn what_is_written_arrives_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, mut rows) = following(dir.path(), &["--follow-idle", "20s"]);
    let mut id = 0;
    let began = Instant::now();
    for file in 0..4 {
        let seconds = AT + file * 10;
        let mut out = File::create(path(dir.path(), seconds)).unwrap();
        out.write_all(&HEADER[..5]).unwrap();
        std::thread::sleep(Duration::from_millis(30));
        out.write_all(&HEADER[5..]).unwrap();
        for of_file in 0..6 {
            let record = packet(seconds, id);
            let (one, two) = record.split_at(usize::from(id) * 3 % record.len());
            out.write_all(one).unwrap();
            std::thread::sleep(Duration::from_millis(30));
            out.write_all(two).unwrap();
            if id == 2 {
                assert_eq!(line(&mut rows), "ip_id");
            }
            for arrived in if of_file == 2 { id - 2..=id } else { id..=id } {
                if of_file >= 2 {
                    assert_eq!(line(&mut rows), arrived.to_string());
                }
            }
            id += 1;
        }
        if file >= 2 {
            fs::remove_file(path(dir.path(), AT + (file - 2) * 10)).unwrap();
        }
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    interrupt(&child);
    assert_eq!(line(&mut rows), "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// As Ctrl-C does.
fn interrupt(child: &Child) {
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

#[test]
fn what_a_fast_writer_writes_is_all_there() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("rows.csv");
    let folder = dir.path().join("ring");
    fs::create_dir(&folder).unwrap();
    let (child, _) = following(&folder, &["--follow-idle", "1s", "-o", out.to_str().unwrap()]);
    for file in 0..20u16 {
        let mut ring = File::create(path(&folder, AT + u32::from(file))).unwrap();
        for piece in capture(AT, file * 100..file * 100 + 100).chunks(777) {
            ring.write_all(piece).unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
    assert_eq!(ids(&fs::read_to_string(out).unwrap()), (0..2000).collect::<Vec<u16>>());
}
