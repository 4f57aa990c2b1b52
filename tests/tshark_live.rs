//! `flowloom tshark` beside tshark itself, on captures that our own generator makes: every field, and every option of the
//! output. Says so and passes where there is no tshark 4.0.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may stop at once")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flowloom::generate::capture::{Capture, CaptureOptions, Container, Protocol, Sizes, Tunnel};
use flowloom::tshark::{Setup, run_with};
use pcap_headers::FieldTable;

/// What the answers in `testdata/` are of. Other versions of 4.0 print the same, others need not.
const VERSION: &str = "TShark (Wireshark) 4.0.";

/// The folder of a test: its captures, and a home without settings.
struct Bench(tempfile::TempDir);

impl Bench {
    /// None if there is nothing to compare with.
    fn new() -> Option<Self> {
        let version = Command::new("tshark").arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let first = version.lines().next().unwrap_or_default();
        println!("compared with {first}");
        version.starts_with(VERSION).then(|| Self(tempfile::tempdir().unwrap()))
    }

    fn capture(&self, name: &str, options: &CaptureOptions) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, Capture::new(options).unwrap().write(Vec::new(), |_| {}).unwrap()).unwrap();
        path
    }

    /// Status and standard output of the reference.
    fn reference(&self, arguments: &[OsString], zone: &str) -> (u8, Vec<u8>) {
        let output = Command::new("tshark")
            .args(arguments)
            .env_clear()
            .envs([("TZ", zone), ("LC_ALL", "C"), ("PATH", "/usr/bin:/bin:/usr/local/bin")])
            .env("HOME", self.0.path())
            .output()
            .unwrap();
        (u8::try_from(output.status.code().unwrap()).unwrap(), output.stdout)
    }

    /// Both must say the same.
    fn compare(&self, switches: &str, fields: &[&str], capture: &Path, zone: &str) {
        let arguments = arguments(switches, fields, capture);
        let expected = self.reference(&arguments, zone);
        let found = ours(&arguments, zone);
        assert_eq!(found.0, expected.0, "{switches}");
        if found.1 == expected.1 {
            return;
        }
        let [found, expected] =
            [&found.1, &expected.1].map(|text| String::from_utf8_lossy(text).into_owned());
        let different: Vec<_> = (1..)
            .zip(found.lines().zip(expected.lines()))
            .filter(|(_, (found, expected))| found != expected)
            .take(5)
            .map(|(line, (found, expected))| {
                format!("line {line}\n  found    {found}\n  expected {expected}")
            })
            .collect();
        panic!(
            "{switches} {}: {} bytes, {} expected\n{}",
            capture.display(),
            found.len(),
            expected.len(),
            different.join("\n")
        );
    }
}

fn arguments(switches: &str, fields: &[&str], capture: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["-T", "fields"].map(OsString::from).to_vec();
    arguments.extend(fields.iter().flat_map(|field| ["-e".into(), field.into()]));
    arguments.extend(switches.split_whitespace().map(OsString::from));
    arguments.extend(["-r".into(), capture.into()]);
    arguments
}

fn ours(arguments: &[OsString], zone: &str) -> (u8, Vec<u8>) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let setup = Setup::default().with_map(true).with_time_zone(zone);
    let run = run_with(arguments, &setup, &mut out, &mut err);
    (run.status, out)
}

/// All fields but the names of layers, which the reference goes on with where our decoding ends.
fn fields() -> Vec<&'static str> {
    FieldTable::all().iter().map(|field| field.name()).filter(|name| *name != "frame.protocols").collect()
}

/// Everything that the generator can make.
fn everything(packets: u64) -> CaptureOptions {
    let mut options = CaptureOptions::default();
    options.packets = packets;
    options.protocols = Protocol::ALL.to_vec();
    options.tunnels = Tunnel::ALL.to_vec();
    (options.ipv6_share, options.fragment_share) = (0.4, 0.1);
    options.file.nanoseconds = true;
    options
}

#[test]
fn every_field_of_made_captures() {
    let Some(bench) = Bench::new() else {
        return println!("LEFT OUT: comparing with tshark: there is no tshark 4.0");
    };
    let mut jumbo = everything(3000);
    (jumbo.seed, jumbo.sizes, jumbo.rate) = (2, Sizes::Jumbo, 7);
    jumbo.file.container = Container::Pcapng;
    let mut cut = everything(6000);
    (cut.seed, cut.file.snap_len, cut.file.big_endian) = (3, 90, true);
    for (name, options) in [("all.pcap", everything(12_000)), ("jumbo.pcapng", jumbo), ("cut.pcap", cut)] {
        let capture = bench.capture(name, &options);
        for occurrence in ["f", "l", "a"] {
            let switches = format!("-E header=y -E separator=/t -E occurrence={occurrence}");
            bench.compare(&switches, &fields(), &capture, "UTC");
        }
    }
}

/// Names of layers: ours are the first ones of the reference's.
#[test]
fn names_of_layers() {
    let Some(bench) = Bench::new() else {
        return println!("LEFT OUT: comparing with tshark: there is no tshark 4.0");
    };
    let capture = bench.capture("all.pcap", &everything(12_000));
    let arguments = arguments("", &["frame.protocols"], &capture);
    let [found, expected] = [ours(&arguments, "UTC"), bench.reference(&arguments, "UTC")]
        .map(|(_, text)| String::from_utf8(text).unwrap());
    assert_eq!(found.lines().count(), expected.lines().count());
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert!(expected.starts_with(found), "{found}, {expected}");
    }
}

#[test]
fn every_option_of_the_output() {
    let Some(bench) = Bench::new() else {
        return println!("LEFT OUT: comparing with tshark: there is no tshark 4.0");
    };
    let capture = bench.capture("all.pcap", &everything(400));
    let fields = ["frame.time", "ip.src", "frame.number", "ip.src", "tcp.flags", "ipv6.dst", "ip.src"];
    for switches in [
        "",
        "-E header=y",
        "-E header=n -E header=yes -E bom=y",
        "-E bom=y",
        "-E separator=, -E quote=d",
        "-E separator=; -E quote=s -E occurrence=l",
        "-E separator=/s -E aggregator=/s",
        "-E separator=/ -E aggregator=/t -E quote=dx",
        "-E separator=/x -E aggregator=;;",
        "-E separator=\\t -E aggregator=é -E occurrence=all",
        "-E separator=é -E occurrence=first",
        "-E quote=d -E quote=n",
        "-c 1",
        "-c 7 -c +9",
        "-c 400",
        "-c 401",
        // What makes no sense.
        "-c 0",
        "-c -1",
        "-c 1x",
        "-c 2147483648",
        "-E header",
        "-E header=",
        "-E header=Y",
        "-E quote=x",
        "-E occurrence=b",
        "-E separator=",
        "-E aggregator=",
        "-E escape=y",
        "-e no.such.field",
        "-e IP.SRC",
        "-T fields",
        "-T none",
    ] {
        bench.compare(switches, &fields, &capture, "UTC");
    }
    let missing = bench.0.path().join("missing.pcap");
    bench.compare("-E header=y", &fields, &missing, "UTC");
    bench.compare("-E header=y", &fields, bench.0.path(), "UTC");
}

/// Local time by rules and, if the machine has them, by the files of the time zone database.
#[test]
fn time_zones() {
    let Some(bench) = Bench::new() else {
        return println!("LEFT OUT: comparing with tshark: there is no tshark 4.0");
    };
    // Ten years, a packet every 36 days.
    let mut options = CaptureOptions::default();
    (options.packets, options.rate) = (200, 1);
    let mut file = Vec::new();
    let capture = bench.capture("slow.pcap", &options);
    let bytes = fs::read(&capture).unwrap();
    file.extend_from_slice(&bytes[..24]);
    let mut at = 24;
    let mut seconds = 0u32;
    while let Some(header) = bytes.get(at..at + 16) {
        let len = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
        file.extend_from_slice(&seconds.to_le_bytes());
        file.extend_from_slice(&bytes[at + 4..at + 16 + len]);
        at += 16 + len;
        // All 136 years that a pcap file can hold.
        seconds = seconds.saturating_add(u32::MAX / 200);
    }
    fs::write(&capture, file).unwrap();
    for zone in [
        "",
        "UTC0",
        "GMT",
        "Etc/UTC",
        "nonsense",
        "no",
        "<+03>-3",
        "XYZ-5:30",
        "EST5EDT",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "Europe/Berlin",
        ":America/New_York",
        "Asia/Kolkata",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
    ] {
        println!("{zone:?}");
        bench.compare("-E separator=/t", &["frame.time", "frame.time_epoch"], &capture, zone);
    }
}
