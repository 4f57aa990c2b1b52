//! `tshark -T fields`: header fields of captures as text, byte for byte as tshark 4.0.17 prints them (semantics sections
//! 1 to 6, 10 and 11).
//!
//! `frame.protocols` ends where decoding ends: what a stream or datagram carries is not named.

mod args;
mod line;
mod pieces;
mod text;
mod zone;

use std::ffi::OsString;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use mapped_input::{Input, Opened};
use pcap_headers::{CaptureInfo, Error, Oddity, Options, Packet, Packets, Parity, Reader, Report};

use crate::error::with_causes;
use crate::rwcut::{Failure, print};
use crate::sandbox::{Rules, Sandbox};
use crate::source::{OpenOptions, open_input};
use args::{Job, Request};
use pieces::Cutter;
use text::Printer;
use zone::Zone;

/// Text that is gathered before it is written.
const WRITE_AT: usize = 256 << 10;
/// Packets that a thread prints at a time.
const PIECE_PACKETS: usize = 2048;
/// Captures below this size are printed on one thread.
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
    /// Threads that print; one if there is no number.
    pub threads: Option<NonZeroUsize>,
    /// Packets that a thread prints at a time; if there is no number, as many as are good for a large capture, and small
    /// ones are printed on one thread.
    pub piece_packets: Option<NonZeroUsize>,
    /// The environment variable `TZ`.
    pub time_zone: Option<OsString>,
    /// Whether the run shuts itself in.
    pub(crate) sandbox: Sandbox,
}

impl Setup {
    /// Mapped files, a thread a processor, and the time zone of the process.
    #[must_use]
    pub fn from_environment() -> Self {
        let threads = std::thread::available_parallelism().ok();
        let time_zone = std::env::var_os("TZ");
        Self { map: true, threads, piece_packets: None, time_zone, sandbox: Sandbox::default() }
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

    /// With so many packets that a thread prints at a time.
    #[must_use]
    pub fn with_piece_packets(mut self, packets: NonZeroUsize) -> Self {
        self.piece_packets = Some(packets);
        self
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
    run_in(Sandbox::default(), arguments)
}

/// [`run`], shut in if that is wanted.
pub(crate) fn run_in(sandbox: Sandbox, arguments: &[OsString]) -> u8 {
    let mut stdout = io::stdout().lock();
    let mut stderr = io::stderr();
    let setup = Setup { sandbox, ..Setup::from_environment() };
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

/// Prints what was asked for. What comes before damage is printed.
fn fields(job: &Job, setup: &Setup, out: &mut dyn Write, opened: &mut Option<Opened>) -> Result<(), Failure> {
    let mut printer = Printer::new(job, Arc::new(Zone::new(setup.time_zone.as_deref())))?;
    let path = Path::new(&job.file);
    setup.sandbox.enter_tool(|| Rules::default().read([path]))?;
    let mut input =
        open_input(path, OpenOptions::default().with_map(setup.map)).map_err(|e| e.to_string())?;
    *opened = Some(input.opened());
    let threads = setup.threads.filter(|threads| threads.get() > 1);
    let options = Options::default().with_parity(Parity::Tshark);
    let error = match (input.as_slice(), threads) {
        (Some(bytes), Some(threads)) if bytes.len() >= SMALL || setup.piece_packets.is_some() => {
            let packets = Packets::with_options(bytes, &options);
            if is_capture(&packets) {
                let mut header = Vec::new();
                printer.header(&mut header);
                out.write_all(&header)?;
            }
            let piece = setup.piece_packets.map_or(PIECE_PACKETS, NonZeroUsize::get);
            let cutter = Cutter::new(packets, job.packets, piece);
            pieces::print(cutter, &mut printer, threads, out)?
        }
        _ => lines(Source::new(&mut input, options), job.packets, &mut printer, out)?,
    };
    out.flush()?;
    match error {
        None => Ok(()),
        Some(error) => Err(Failure::Message(format!("{}: {}", path.display(), with_causes(&error)))),
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

/// Prints packet after packet; the error is where the capture ends early.
fn lines(
    mut source: Source<'_>,
    packets: u64,
    printer: &mut Printer,
    out: &mut dyn Write,
) -> Result<Option<Error>, Failure> {
    let mut text = Vec::with_capacity(2 * WRITE_AT);
    let (mut left, mut is_first, mut error) = (packets, true, None);
    while left > 0 && error.is_none() {
        let next = source.next_packet();
        let is_end = next.is_none();
        match next {
            None => {}
            Some(Ok(packet)) => printer.line(&packet, &mut text),
            Some(Err(stopped)) => error = Some(stopped),
        }
        if std::mem::take(&mut is_first) && source.is_open() {
            let mut header = Vec::new();
            printer.header(&mut header);
            out.write_all(&header)?;
        }
        if text.len() >= WRITE_AT {
            out.write_all(&text)?;
            text.clear();
        }
        if is_end {
            break;
        }
        left -= 1;
    }
    out.write_all(&text)?;
    Ok(error)
}
