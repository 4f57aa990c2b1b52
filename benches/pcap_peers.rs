//! `flowloom tshark` beside tshark and tcpdump on a made capture of small packets, in packets a second: the nine fields
//! as CSV, and the fields as typed values. The page cache is warm, text goes to a file in memory or nowhere, start-up
//! counts. tshark and tcpdump get the first packets only, because they take so much longer; what tshark takes for one
//! packet is subtracted from its time.
//!
//!     cargo bench -p flowloom-workspace --bench pcap_peers [-- PACKETS]      default: 2000000
//!
//! That many packets are 152 MB, which are written below $TMPDIR.

#![expect(clippy::expect_used, reason = "a bench that fails is meant to stop")]

use std::ffi::OsString;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use flowloom::generate::capture::{Capture, CaptureOptions, Protocol, Sizes};
use flowloom::tshark::{Setup, run_with};
use pcap_headers::{Fields, Occurrence, Packets};

const ROUNDS: usize = 7;
/// Packets that the peers get.
const FEW: u64 = 100_000;
const NINE: [&str; 9] = [
    "frame.number",
    "frame.time",
    "frame.time_epoch",
    "ip.len",
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ip.proto",
];

fn capture(directory: &Path, packets: u64) -> PathBuf {
    let mut options = CaptureOptions::default();
    (options.packets, options.sizes, options.ipv6_share) = (packets, Sizes::Small, 0.05);
    options.protocols = vec![Protocol::Tcp, Protocol::Udp];
    let path = directory.join(format!("{packets}.pcap"));
    let file = File::create(&path).expect("a writable directory");
    Capture::new(&options).expect("sound options").write(file, |_| {}).expect("a writable directory");
    path
}

fn switches(capture: &Path) -> Vec<OsString> {
    let form = ["-E", "header=y", "-E", "separator=,", "-E", "quote=d", "-E", "occurrence=f"];
    let fields = NINE.iter().flat_map(|name| ["-e", name]);
    let switches = ["-T", "fields"].into_iter().chain(fields).chain(form).map(OsString::from);
    switches.chain(["-r".into(), capture.into()]).collect()
}

/// The CSV of a capture, into what takes it.
fn csv(capture: &Path, threads: usize, out: &mut dyn io::Write) {
    let threads = NonZeroUsize::new(threads).expect("threads");
    let setup = Setup::default().with_map(true).with_threads(threads).with_time_zone("UTC");
    assert_eq!(run_with(&switches(capture), &setup, out, &mut io::stderr()).status, 0);
}

/// The nine values of each packet, which tell how many addresses there are.
fn values(file: &[u8]) -> usize {
    let mut fields = Fields::new(NINE, Occurrence::First).expect("known fields");
    let count = |packet: pcap_headers::Result<_>| {
        fields.read(&packet.expect("a sound capture"));
        usize::from(black_box(fields.value(6)).is_some())
    };
    Packets::new(file).map(count).sum()
}

/// Packets a second: the median of some rounds.
fn rate(packets: u64, rounds: usize, mut work: impl FnMut()) -> f64 {
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    packets as f64 / times.get(rounds / 2).copied().unwrap_or(f64::NAN)
}

/// A peer with its output thrown away; false if it is not there.
fn peer(program: &str, arguments: &[OsString]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).envs([("TZ", "UTC"), ("LC_ALL", "C")]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let packets = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    // Under `cargo test --benches` one round over little tells that it runs.
    let (rounds, packets, few) =
        if full { (ROUNDS, packets.unwrap_or(2_000_000), FEW) } else { (1, 2000, 500) };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (all, first, one) =
        (capture(directory.path(), packets), capture(directory.path(), few), capture(directory.path(), 1));

    let reference = Command::new("tshark")
        .args(switches(&first))
        .envs([("TZ", "UTC"), ("LC_ALL", "C")])
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    if reference.is_empty() {
        println!("there is no tshark to compare with");
    } else {
        let mut ours = Vec::new();
        csv(&first, 1, &mut ours);
        assert!(ours == reference, "the answers differ");
    }

    let file = std::fs::read(&all).expect("the file that was just written");
    println!("{packets} packets, {:.1} MB; million packets a second:", file.len() as f64 / 1e6);
    let typed = rate(packets, rounds, || {
        black_box(values(&file));
    });
    let [on_one, on_two] =
        [1, 2].map(|threads| rate(packets, rounds, || csv(&all, threads, &mut io::sink())));
    for (name, rate) in [("nine fields, values", typed), ("CSV, one core", on_one), ("CSV, two", on_two)] {
        println!("{name:<22} {:>8.3}", rate / 1e6);
    }
    let slow_rounds = rounds.min(3);
    let by_tshark = |capture: &Path| {
        1.0 / rate(1, slow_rounds, || {
            peer("tshark", &switches(capture));
        })
    };
    if !reference.is_empty() {
        let tshark = few as f64 / (by_tshark(&first) - by_tshark(&one));
        println!(
            "{:<22} {:>8.3}   CSV, one core × {:.0}, two × {:.0}",
            "tshark",
            tshark / 1e6,
            on_one / tshark,
            on_two / tshark
        );
    }
    let arguments = ["-nn".into(), "-r".into(), first.clone().into()];
    if peer("tcpdump", &arguments) {
        let tcpdump = rate(few, slow_rounds, || {
            peer("tcpdump", &arguments);
        });
        println!("{:<22} {:>8.3}   CSV, one core × {:.1}", "tcpdump -nn", tcpdump / 1e6, on_one / tcpdump);
    } else {
        println!("there is no tcpdump to compare with");
    }
}
