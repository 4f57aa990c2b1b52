//! `tshark -T fields` and `tshark -q -z`: header fields of captures, conversations and endpoints as text, byte for byte as
//! tshark 4.0.17 prints them (semantics sections 1 to 6 and 8 to 11).
//!
//! `frame.protocols` ends where decoding ends: what a stream or datagram carries is not named.

mod args;
mod line;
mod pieces;
mod segments;
mod statistics;
mod text;
mod zone;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use mapped_input::{Input, Opened};
use pcap_headers::{CaptureInfo, Error, Oddity, Options, Packet, Packets, Parity, Reader, Report};

use crate::error::with_causes;
use crate::rwcut::{Failure, print};
use crate::sandbox::{Rules, Sandbox};
use crate::source::{OpenOptions, open_input};
use args::{Count, Job, Request};
use pieces::{Cutter, Maker};
use segments::Segments;
use statistics::{Finder, Tables};
use text::Printer;
use zone::Zone;

/// Captured bytes of which something is made before it is put, and what a packet counts for by itself.
const PUT_AT: usize = 64 << 10;
const PACKET: usize = 64;
/// Packets that a thread looks at at a time.
const PIECE_PACKETS: usize = 2048;
/// Captures below this size are looked at on one thread.
const SMALL: usize = 1 << 20;

/// The reference's exit status where the command line makes no sense.
const INVALID: u8 = 1;
/// Where a file cannot be read, or not to its end.
const UNREADABLE: u8 = 2;

/// What a run takes from its surroundings.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Setup {
    /// Map regular files into memory, or read them.
    pub map: bool,
    /// Threads that look at packets; one if there is no number.
    pub threads: Option<NonZeroUsize>,
    /// Packets that a thread looks at at a time; if there is no number, as many as are good for a large capture, and small
    /// ones are looked at on one thread.
    pub piece_packets: Option<NonZeroUsize>,
    /// Bytes of a capture that a thread walks at a time for tables; if there is no number, as many as are good for a large
    /// capture.
    pub segment_bytes: Option<NonZeroUsize>,
    /// The environment variable `TZ`.
    pub time_zone: Option<OsString>,
    /// Whether the run shuts itself in.
    pub(crate) sandbox: Sandbox,
}

impl Setup {
    /// Mapped files, a thread a processor, and the time zone of the process.
    #[must_use]
    pub fn from_environment() -> Self {
        let threads = thread::available_parallelism().ok();
        let time_zone = std::env::var_os("TZ");
        Self {
            map: true,
            threads,
            piece_packets: None,
            segment_bytes: None,
            time_zone,
            sandbox: Sandbox::default(),
        }
    }

    /// With or without maps.
    #[must_use]
    pub fn with_map(mut self, map: bool) -> Self {
        self.map = map;
        self
    }

    /// With so many threads.
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// With so many packets that a thread looks at at a time.
    #[must_use]
    pub fn with_piece_packets(mut self, packets: NonZeroUsize) -> Self {
        self.piece_packets = Some(packets);
        self
    }

    /// With so many bytes of a capture that a thread walks at a time.
    #[must_use]
    pub fn with_segment_bytes(mut self, bytes: NonZeroUsize) -> Self {
        self.segment_bytes = Some(bytes);
        self
    }

    /// Whether it was said how a capture is cut.
    fn is_cut(&self) -> bool {
        self.piece_packets.is_some() || self.segment_bytes.is_some()
    }

    /// With another value of `TZ`.
    #[must_use]
    pub fn with_time_zone(mut self, time_zone: impl Into<OsString>) -> Self {
        self.time_zone = Some(time_zone.into());
        self
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// The exit status: 0, 1 for switches that make no sense, 2 for a file that cannot be read or is damaged.
    pub status: u8,
    /// How the input was opened.
    pub opened: Option<Opened>,
}

/// Runs the tool with its arguments and gives its exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    run_in(Sandbox::default(), None, arguments)
}

/// [`run`], shut in if that is wanted.
pub(crate) fn run_in(sandbox: Sandbox, threads: Option<NonZeroUsize>, arguments: &[OsString]) -> u8 {
    let mut stdout = io::stdout().lock();
    let mut stderr = io::stderr();
    let setup = Setup::from_environment();
    let setup = Setup { sandbox, threads: threads.or(setup.threads), ..setup };
    run_with(arguments, &setup, &mut stdout, &mut stderr).status
}

/// [`run`] with everything that it takes from its surroundings, but for standard input.
pub fn run_with(
    arguments: &[OsString],
    setup: &Setup,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Run {
    let mut opened = None;
    let (done, status) = match args::parse(arguments) {
        Ok(Request::Help) => (print(stdout, &args::help()), UNREADABLE),
        Ok(Request::Version) => {
            (print(stdout, concat!("tshark: part of flowloom ", env!("CARGO_PKG_VERSION"), "\n")), UNREADABLE)
        }
        Ok(Request::Print(job)) => (fields(&job, setup, stdout, &mut opened), UNREADABLE),
        Ok(Request::Count(count)) => (tables(&count, setup, stdout, &mut opened), UNREADABLE),
        Err(message) => (Err(Failure::Message(format!("{message}\nUse 'tshark --help' for usage"))), INVALID),
    };
    let status = match done {
        Ok(()) | Err(Failure::ClosedPipe) => 0,
        Err(Failure::Message(message)) => {
            // There is nowhere else to say that this failed.
            let _ = writeln!(stderr, "tshark: {message}");
            status
        }
    };
    Run { status, opened }
}

/// Prints fields. What comes before damage is printed.
fn fields(job: &Job, setup: &Setup, out: &mut dyn Write, opened: &mut Option<Opened>) -> Result<(), Failure> {
    let mut printer = Printer::new(job, Arc::new(Zone::new(setup.time_zone.as_deref())))?;
    let mut header = Some(Vec::new());
    printer.header(header.get_or_insert_default());
    let mut put = |lines: &mut Vec<u8>| {
        // Of what is no capture there is no header.
        if let Some(header) = header.take() {
            out.write_all(&header)?;
        }
        out.write_all(lines)?;
        lines.clear();
        Ok(())
    };
    let mut input = open(&job.file, setup, opened)?;
    let ended = read(&mut input, job.packets, setup, &mut printer, &mut put)?;
    out.flush()?;
    ended.check(&job.file)
}

/// Prints tables, the last one that was asked for first. What comes before damage is counted.
fn tables(
    count: &Count,
    setup: &Setup,
    out: &mut dyn Write,
    opened: &mut Option<Opened>,
) -> Result<(), Failure> {
    let mut tables = Tables::new(&count.statistics);
    let mut finder = Finder::new(&count.statistics);
    let mut full = None;
    let mut put = |found: &mut _| {
        tables.add(found).map_err(|error| {
            full = Some(error);
            Failure::Message(error.to_string())
        })
    };
    let mut input = open(&count.file, setup, opened)?;
    let ended = match read(&mut input, count.packets, setup, &mut finder, &mut put) {
        Err(Failure::Message(message)) if full.is_some() => Err(Failure::Message(message)),
        other => Ok(other?),
    };
    // It takes a while to give a large map back.
    let closing = thread::Builder::new().spawn(|| drop(input));
    if ended.as_ref().map_or(true, |ended| ended.is_capture) {
        for statistic in count.statistics.iter().rev() {
            tables.write(*statistic, &mut |text| out.write_all(text))?;
        }
        out.flush()?;
    }
    let _ = closing.map(thread::JoinHandle::join);
    ended?.check(&count.file)
}

/// How reading ended.
struct Ended {
    /// Whether there was a capture at all, be it without packets.
    is_capture: bool,
    /// Where it ends early.
    error: Option<Error>,
}

impl Ended {
    fn check(self, file: &OsStr) -> Result<(), Failure> {
        match self.error {
            None => Ok(()),
            Some(error) => {
                Err(Failure::Message(format!("{}: {}", Path::new(file).display(), with_causes(&error))))
            }
        }
    }
}

fn open(file: &OsStr, setup: &Setup, opened: &mut Option<Opened>) -> Result<Input, Failure> {
    let path = Path::new(file);
    setup.sandbox.enter_tool(|| Rules::default().read([path]))?;
    let options = OpenOptions::default().with_map(setup.map);
    let input = open_input(path, options).map_err(|e| e.to_string())?;
    *opened = Some(input.opened());
    Ok(input)
}

/// Lets `maker` see the packets of an input, and `put` what it makes of them, in order; at least once if it is a capture.
fn read<M: Maker>(
    input: &mut Input,
    packets: u64,
    setup: &Setup,
    maker: &mut M,
    put: &mut dyn FnMut(&mut M::Made) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    let threads = setup.threads.filter(|threads| threads.get() > 1);
    let options = Options::default().with_parity(Parity::Tshark);
    match (input.as_slice(), threads) {
        (Some(bytes), Some(threads)) if bytes.len() >= SMALL || setup.is_cut() => {
            let capture = Packets::with_options(bytes, &options);
            let is_capture = is_capture(&capture);
            if is_capture {
                put(&mut M::Made::default())?;
            }
            let piece = setup.piece_packets.map_or(PIECE_PACKETS, NonZeroUsize::get);
            let may_be_apart = M::IS_APART && packets == u64::MAX;
            let is_wanted = setup.piece_packets.is_none() || setup.segment_bytes.is_some();
            let map = input.map_of().filter(|_| may_be_apart && is_wanted);
            let segments = map.and_then(|map| Segments::new(map, capture.clone(), setup.segment_bytes));
            let error = match segments {
                Some(segments) => segments::run(&segments, maker, threads, put)?,
                None => pieces::run(Cutter::new(capture, packets, piece), maker, threads, put)?,
            };
            Ok(Ended { is_capture, error })
        }
        _ => in_order(Source::new(input, options), packets, maker, put),
    }
}

/// Whether what was looked at is a capture, be it without packets: the header is printed then (semantics 1). An empty
/// file counts (semantics 10).
fn is_open(info: &CaptureInfo, report: &Report) -> bool {
    info.pcap.is_some() || !info.sections.is_empty() || report.count(Oddity::EmptyFile) > 0
}

fn is_capture(packets: &Packets<'_>) -> bool {
    let mut packets = packets.clone();
    let _ = packets.next();
    is_open(packets.info(), packets.report())
}

/// A capture in memory, or one that is read.
enum Source<'a> {
    Slice(Box<Packets<'a>>),
    Stream(Box<Reader<&'a mut Input>>),
}

impl<'a> Source<'a> {
    fn new(input: &'a mut Input, options: Options) -> Self {
        if input.as_slice().is_none() {
            return Self::Stream(Box::new(Reader::new(input, options)));
        }
        Self::Slice(Box::new(Packets::with_options(input.as_slice().unwrap_or_default(), &options)))
    }

    fn next_packet(&mut self) -> Option<pcap_headers::Result<Packet<'_>>> {
        match self {
            Self::Slice(packets) => packets.next(),
            Self::Stream(reader) => reader.next_packet(),
        }
    }

    fn is_open(&self) -> bool {
        match self {
            Self::Slice(packets) => is_open(packets.info(), packets.report()),
            Self::Stream(reader) => is_open(reader.info(), reader.report()),
        }
    }
}

/// Packet after packet on this thread.
fn in_order<M: Maker>(
    mut source: Source<'_>,
    packets: u64,
    maker: &mut M,
    put: &mut dyn FnMut(&mut M::Made) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    let mut made = M::Made::default();
    let (mut left, mut taken, mut is_first, mut error) = (packets, 0, true, None);
    while left > 0 && error.is_none() {
        let next = source.next_packet();
        let is_end = next.is_none();
        match next {
            None => {}
            Some(Ok(packet)) => {
                taken += packet.data.len() + PACKET;
                maker.take(&packet, &mut made);
            }
            Some(Err(stopped)) => error = Some(stopped),
        }
        if std::mem::take(&mut is_first) && source.is_open() || taken >= PUT_AT {
            put(&mut made)?;
            taken = 0;
        }
        if is_end {
            break;
        }
        left -= 1;
    }
    if taken > 0 {
        put(&mut made)?;
    }
    Ok(Ended { is_capture: source.is_open(), error })
}
