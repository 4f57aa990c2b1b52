//! Whole jobs on captures, as programs beside programs: conversations beside tshark, flows beside nfpcapd, facts beside
//! capinfos, and top talkers of a large capture; seconds, packets a second and peak memory.
//!
//!     cargo bench -p flowloom-workspace --bench capture_jobs [-- PACKETS LARGE]      default: 1000000 14000000
//!
//! A million packets are 373 MB, 14 million 5.2 GB, which are written below $TMPDIR and read from a warm page cache. Every
//! run starts a program, runs are taken in turns, medians count. Answers are compared before anything is measured. Memory
//! is the largest anonymous resident memory (RssAnon) that was seen: pages of the mapped capture are the kernel's.

#![expect(clippy::expect_used, clippy::panic, reason = "a bench that fails is meant to stop")]

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flowloom::generate::capture::{Capture, CaptureOptions, Protocol};

const ROUNDS: usize = 9;
/// Rounds with a peer that takes many seconds.
const SLOW_ROUNDS: usize = 3;
/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A program with its arguments.
struct Run {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Run {
    fn new(program: impl Into<PathBuf>, text: &str, paths: &[&Path]) -> Self {
        let mut paths = paths.iter();
        let word = |word: &str| match word {
            "@" => paths.next().expect("a path for each @").into(),
            word => OsString::from(word),
        };
        Self { program: program.into(), arguments: text.split(' ').map(word).collect() }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs([("TZ", "UTC"), ("LC_ALL", "C")]).stdin(Stdio::null());
        command
    }

    /// What it prints; none if there is no such program.
    fn answer(&self) -> Option<Vec<u8>> {
        let output = self.command().output().ok()?;
        assert!(output.status.success(), "{}: {}", self.program.display(), lossy(&output.stderr));
        Some(output.stdout)
    }

    fn seconds(&self) -> f64 {
        let mut command = self.command();
        let start = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it ran before");
        let seconds = start.elapsed().as_secs_f64();
        assert!(status.success(), "{} failed", self.program.display());
        seconds
    }

    /// The largest RssAnon in MB of 10^6 bytes; none where there is no /proc.
    fn memory(&self) -> Option<f64> {
        let mut child =
            self.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it ran before");
        let status = format!("/proc/{}/status", child.id());
        let mut largest = None;
        while child.try_wait().expect("a child").is_none() {
            largest = largest.max(std::fs::read_to_string(&status).ok().as_deref().and_then(anonymous_kib));
            std::thread::sleep(LOOK_EVERY);
        }
        largest.map(|kib| kib as f64 * 1.024 / 1000.0)
    }
}

fn anonymous_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A capture of TCP and UDP, mostly of small packets, as a mix of the Internet is made up for trials.
fn capture(directory: &Path, packets: u64) -> PathBuf {
    let mut options = CaptureOptions::default();
    (options.packets, options.seed, options.ipv6_share) = (packets, 5, 0.05);
    options.protocols = vec![Protocol::Tcp, Protocol::Udp];
    let path = directory.join(format!("{packets}.pcap"));
    let file = File::create(&path).expect("a writable directory");
    Capture::new(&options).expect("sound options").write(file, |_| {}).expect("room for the capture");
    path
}

/// The release build of the command, of these sources.
fn flowloom() -> PathBuf {
    let built =
        Command::new(env!("CARGO")).args(["build", "--release", "--quiet", "-p", "flowloom"]).status();
    assert!(built.is_ok_and(|status| status.success()), "the command does not build");
    let bench = std::env::current_exe().expect("a path");
    bench.ancestors().nth(2).expect("a target folder").join("flowloom")
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Medians of both, runs in turns; the slow one runs less often.
fn in_turns(ours: &Run, peer: Option<&Run>, peer_rounds: usize) -> (f64, Option<f64>) {
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        own.push(ours.seconds());
        other.extend(peer.filter(|_| round < peer_rounds).map(Run::seconds));
    }
    (median(own), peer.map(|_| median(other)))
}

fn line(job: &str, packets: u64, seconds: f64, memory: Option<f64>, ratio: Option<f64>) {
    let rate = packets as f64 / seconds / 1e6;
    let memory = memory.map_or_else(|| "?".to_owned(), |memory| format!("{memory:.0}"));
    let ratio = ratio.map_or_else(String::new, |ratio| format!("   × {ratio:.1}"));
    println!("{job:<44} {seconds:>8.3} s {rate:>8.2} M packets/s {memory:>6} MB{ratio}");
}

/// Both lines of a job; `peer` only if the program is there.
fn compared(job: &str, packets: u64, ours: &Run, (name, peer): (&str, Option<Run>), peer_rounds: usize) {
    let (own, other) = in_turns(ours, peer.as_ref(), peer_rounds);
    line(job, packets, own, ours.memory(), other.map(|other| other / own));
    match (peer, other) {
        (Some(peer), Some(other)) => line(name, packets, other, peer.memory(), None),
        _ => println!("{name:<44} is not installed"),
    }
}

/// The number behind a word of a text.
fn number(text: &str, word: &str) -> Option<u64> {
    let rest = text.split_once(word)?.1.trim_start();
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn conversations(flowloom: &Path, capture: &Path, packets: u64) {
    let ours = Run::new(flowloom, "tshark -q -z conv,ip -r @", &[capture]);
    let peer = Run::new("tshark", "-n -q -z conv,ip -r @", &[capture]);
    let answer = peer.answer();
    if let Some(answer) = &answer {
        assert!(ours.answer().as_ref() == Some(answer), "tshark counts other conversations");
    }
    let peer = answer.map(|_| peer);
    compared("tshark -q -z conv,ip", packets, &ours, ("  tshark", peer), SLOW_ROUNDS);
}

fn flows(flowloom: &Path, capture: &Path, packets: u64, directory: &Path) {
    let (silk, parquet) = (directory.join("flows.silk"), directory.join("flows.parquet"));
    let folder = directory.join("nfpcapd");
    std::fs::create_dir(&folder).expect("a writable directory");
    let ours = Run::new(flowloom, "convert --as-flows @ -o @", &[capture, &silk]);
    let peer = Run::new("nfpcapd", "-r @ -w @", &[capture, &folder]);
    let made = ours.answer();
    let volume = Run::new(flowloom, "top @ --by protocol --value sum(packets) --format csv", &[&silk]);
    let volume = lossy(&volume.answer().expect("ours"));
    let sum: u64 = volume.lines().skip(1).filter_map(|row| row.split(',').nth(1)?.parse::<u64>().ok()).sum();
    assert!(made.is_some() && sum == packets, "{sum} packets in flows:\n{volume}");
    let answer = peer.command().output().ok();
    if let Some(answer) = &answer {
        let counted = number(&(lossy(&answer.stdout) + &lossy(&answer.stderr)), "Packets:");
        assert_eq!(counted, Some(packets), "nfpcapd counts other packets");
    }
    let peer = answer.map(|_| peer);
    compared("convert --as-flows -o flows.silk", packets, &ours, ("  nfpcapd -r", peer), ROUNDS);
    let ours = Run::new(flowloom, "convert --as-flows @ -o @", &[capture, &parquet]);
    let (own, _) = in_turns(&ours, None, 0);
    line("convert --as-flows -o flows.parquet", packets, own, ours.memory(), None);
}

fn facts(flowloom: &Path, capture: &Path, packets: u64) {
    let ours = Run::new(flowloom, "info @", &[capture]);
    // Without the hashes that it makes by default.
    let peer = Run::new("capinfos", "-M -tEcsdlaeuyizxo @", &[capture]);
    let told = number(&lossy(&ours.answer().expect("ours")), "\npackets ");
    assert_eq!(told, Some(packets), "info");
    let answer = peer.answer();
    if let Some(answer) = &answer {
        assert_eq!(number(&lossy(answer), "Number of packets:"), Some(packets), "capinfos");
    }
    let peer = answer.map(|_| peer);
    compared("info", packets, &ours, ("  capinfos, without hashes", peer), ROUNDS);
}

/// What a large capture takes, mapped and read.
fn large(flowloom: &Path, capture: &Path, packets: u64, directory: &Path) {
    let silk = directory.join("large.silk");
    let jobs = [
        ("top --by ip_src --value sum(frame_len)", vec![capture]),
        ("top --by conversation", vec![capture]),
        ("conv --kind ip", vec![capture]),
        ("tshark -q -z conv,ip -r", vec![capture]),
        ("convert --as-flows -o @", vec![silk.as_path(), capture]),
    ];
    for (job, paths) in jobs {
        for way in ["mapped", "read"] {
            let is_tool = job.starts_with("tshark");
            if is_tool && way == "read" {
                continue;
            }
            let no_mmap = if way == "read" { " --no-mmap" } else { "" };
            let run = Run::new(flowloom, &format!("{job}{no_mmap} @"), &paths);
            let seconds = median((0..SLOW_ROUNDS).map(|_| run.seconds()).collect());
            line(&format!("{}, {way}", job.trim_end_matches(" -o @")), packets, seconds, run.memory(), None);
        }
    }
}

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("this runs the release build: cargo bench -p flowloom-workspace --bench capture_jobs");
        return;
    }
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let [packets, many] = match numbers[..] {
        [] => [1_000_000, 14_000_000],
        [packets] => [packets, 0],
        [packets, many] => [packets, many],
        _ => panic!("expected PACKETS LARGE"),
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    let flowloom = flowloom();
    let file = capture(directory, packets);
    let size = |file: &Path| std::fs::metadata(file).map_or(0.0, |facts| facts.len() as f64 / 1e6);
    println!("{packets} packets, {:.0} MB", size(&file));
    conversations(&flowloom, &file, packets);
    flows(&flowloom, &file, packets, directory);
    facts(&flowloom, &file, packets);
    if many > 0 {
        let file = capture(directory, many);
        println!("\n{many} packets, {:.0} MB", size(&file));
        large(&flowloom, &file, many, directory);
    }
}
