//! Tables of `flowloom tshark -q -z` beside those of tshark itself: all kinds, over the project's own captures, made ones
//! and streams of TCP that begin anew. Says so and passes where there is no tshark 4.0.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may stop at once")]

use std::ffi::OsString;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use flowloom::generate::capture::{Capture, CaptureOptions, Protocol, Tunnel};
use flowloom::tshark::{Setup, run_with};

/// What the answers in `testdata/` are of. Other versions of 4.0 print the same, others need not.
const VERSION: &str = "TShark (Wireshark) 4.0.";

const KINDS: [&str; 5] = ["ip", "ipv6", "eth", "tcp", "udp"];

/// Where a table differs on purpose: file, kind, and why.
const OTHERWISE: [(&str, &[&str], &str); 3] = [
    ("crafted/ipv6_outer_tunnels.pcap", &["eth"], "the reference looks into CAPWAP"),
    ("crafted/linktypes.pcapng", &["udp"], "circuits of frame relay have streams of their own"),
    (
        "malformed/crafted/bad_pcapng_opt_overrun_idb.pcapng",
        &KINDS,
        "a first interface that is damaged, where the reference does not open the file",
    ),
];

fn is_there() -> bool {
    let version = Command::new("tshark").arg("--version").output();
    let version =
        version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    println!("compared with {}", version.lines().next().unwrap_or("nothing"));
    version.starts_with(VERSION)
}

/// `-n`, both tables of every kind but some, and a capture.
fn arguments(more: &str, without: &[&str], capture: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["-q", "-n", "-r"].map(OsString::from).to_vec();
    arguments.push(capture.into());
    arguments.extend(more.split_whitespace().map(OsString::from));
    for kind in KINDS.iter().filter(|kind| !without.contains(kind)) {
        for table in ["conv", "endpoints"] {
            arguments.extend(["-z".into(), format!("{table},{kind}").into()]);
        }
    }
    arguments
}

/// Both must say the same, with the same status.
fn compare(more: &str, without: &[&str], capture: &Path) -> Result<(), String> {
    let arguments = arguments(more, without, capture);
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("tshark")
        .args(&arguments)
        .env_clear()
        .envs([("TZ", "UTC"), ("LC_ALL", "C"), ("PATH", "/usr/bin:/bin:/usr/local/bin")])
        .env("HOME", home.path())
        .output()
        .unwrap();
    let mapped = Setup::default().with_map(true);
    let pieces = mapped.clone().with_threads(NonZeroUsize::new(3).unwrap());
    for setup in [mapped, pieces.with_piece_packets(NonZeroUsize::new(50).unwrap())] {
        let (mut found, mut err) = (Vec::new(), Vec::new());
        let run = run_with(&arguments, &setup, &mut found, &mut err);
        let [found, expected] =
            [&found, &output.stdout].map(|text| String::from_utf8_lossy(text).into_owned());
        let status = Some(i32::from(run.status));
        if status == output.status.code() && found == expected {
            continue;
        }
        let only = |these: &str, those: &str| {
            let lines = these.lines().filter(|line| !those.contains(*line)).take(5);
            lines.collect::<Vec<_>>().join("\n  ")
        };
        return Err(format!(
            "{} {more}: status {status:?}, {:?} expected\n  found    {}\n  expected {}",
            capture.display(),
            output.status.code(),
            only(&found, &expected),
            only(&expected, &found),
        ));
    }
    Ok(())
}

#[test]
fn the_projects_own_captures() {
    if !is_there() {
        return println!("LEFT OUT: comparing with tshark: there is no tshark 4.0");
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pcap");
    let (mut wrong, mut files) = (Vec::new(), 0);
    for folder in ["crafted", "malformed/crafted", "fields"] {
        for entry in fs::read_dir(here.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let is_answer =
                path.extension().is_some_and(|end| ["csv", "tsv", "txt"].iter().any(|e| end == *e));
            if is_answer {
                continue;
            }
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            let known = OTHERWISE.iter().find(|known| known.0 == name).map_or(&[][..], |known| known.1);
            if known.len() < KINDS.len() {
                wrong.extend(compare("", known, &path).err());
                files += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {files}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(files >= 40, "{files} files");
}

/// Everything that the generator can make, whole, cut to a snap length, and up to a number of packets.
#[test]
fn made_captures() {
    if !is_there() {
        return println!("LEFT OUT: comparing with tshark: there is no tshark 4.0");
    }
    let directory = tempfile::tempdir().unwrap();
    for (name, snap_len, more) in
        [("all.pcap", None, ""), ("all.pcap", None, "-c 777"), ("cut.pcap", Some(90), "")]
    {
        let mut options = CaptureOptions::default();
        options.packets = 8000;
        options.protocols = Protocol::ALL.to_vec();
        options.tunnels = Tunnel::ALL.to_vec();
        (options.ipv6_share, options.fragment_share) = (0.4, 0.1);
        if let Some(len) = snap_len {
            options.file.snap_len = len;
        }
        let path = directory.path().join(name);
        fs::write(&path, Capture::new(&options).unwrap().write(Vec::new(), |_| {}).unwrap()).unwrap();
        compare(more, &[], &path).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

/// Lengths on the wire of 31 bits and more, which count as numbers with a sign.
#[test]
fn lengths_beyond_31_bits() {
    if !is_there() {
        return println!("LEFT OUT: comparing with tshark: there is no tshark 4.0");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("long.pcap");
    let packet = ipv4(CLIENT, SERVER, 17, &[0, 7, 0, 8, 0, 8, 0, 0]);
    for lengths in
        [&[0x7fff_ffff_u32][..], &[0x8000_0000], &[u32::MAX, 60], &[0x8000_0000, 0x7fff_ffff, 0xffff_fff0]]
    {
        capture(&path, &vec![packet.clone(); lengths.len()]);
        let mut file = fs::read(&path).unwrap();
        for (record, length) in file[24..].chunks_mut(16 + packet.len()).zip(lengths) {
            record[12..16].copy_from_slice(&length.to_le_bytes());
        }
        fs::write(&path, file).unwrap();
        compare("", &[], &path).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
const FIN: u8 = 1;

/// A header of IPv4 before a payload.
fn ipv4(source: [u8; 4], destination: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [l0, l1] = (20 + payload.len() as u16).to_be_bytes();
    let fixed = [0x45, 0, l0, l1, 0, 1, 0, 0, 64, protocol, 0, 0];
    [&fixed[..], &source, &destination, payload].concat()
}

/// A segment from the client, or to it.
fn segment(from_client: bool, sequence: u32, acknowledgement: u32, flags: u8) -> Vec<u8> {
    let ports: [u16; 2] = if from_client { [1111, 80] } else { [80, 1111] };
    let mut tcp: Vec<u8> = ports.iter().flat_map(|port| port.to_be_bytes()).collect();
    tcp.extend(sequence.to_be_bytes());
    tcp.extend(acknowledgement.to_be_bytes());
    tcp.extend([0x50, flags, 16, 0, 0, 0, 0, 0]);
    let [a, b] = if from_client { [CLIENT, SERVER] } else { [SERVER, CLIENT] };
    ipv4(a, b, 6, &tcp)
}

/// An error of ICMP that quotes a packet.
fn quoting(packet: &[u8]) -> Vec<u8> {
    ipv4([9; 4], CLIENT, 1, &[&[3, 1, 0, 0, 0, 0, 0, 0], packet].concat())
}

fn capture(path: &PathBuf, packets: &[Vec<u8>]) {
    let mut file = b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\x65\0\0\0".to_vec();
    for (second, packet) in (1000u32..).zip(packets) {
        let len = packet.len() as u32;
        [second, 0, len, len].iter().for_each(|number| file.extend(number.to_le_bytes()));
        file.extend(packet);
    }
    fs::write(path, file).unwrap();
}

/// Every short exchange of segments with few numbers and flags, and quotations of some: the streams are those of the
/// reference. Several exchanges lie in one capture, each with a client of its own.
#[test]
fn streams_that_begin_anew() {
    if !is_there() {
        return println!("LEFT OUT: comparing with tshark: there is no tshark 4.0");
    }
    let mut random = 1u64;
    let mut below = |end: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % end
    };
    let mut packets = Vec::new();
    for exchange in 0..400u16 {
        for _ in 0..2 + below(6) {
            let flags = [SYN, SYN, SYN | ACK, ACK, FIN | ACK, RST, RST | ACK, SYN | FIN, 0][below(9)];
            let numbers = [0, 4, 5, 6, 9, u32::MAX];
            let mut packet = segment(below(3) > 0, numbers[below(6)], numbers[below(6)], flags);
            if below(8) == 0 {
                packet = quoting(&packet);
            }
            // Another network for each exchange, in every address.
            let [high, low] = exchange.to_be_bytes();
            for at in 0..packet.len().saturating_sub(3) {
                if packet[at..at + 3] == [10, 0, 0] {
                    (packet[at + 1], packet[at + 2]) = (high + 1, low);
                }
            }
            packets.push(packet);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("streams.pcap");
    capture(&path, &packets);
    compare("", &[], &path).unwrap_or_else(|wrong| panic!("{wrong}"));
}
