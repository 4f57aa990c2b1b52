//! Where records are written: SiLK files, one or several for each kind of record, each up to its limit.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use silk_format::{Encoder, Entry, Writer, WriterOptions};

use super::switches::{Job, Note, Stream};
use super::worker::Row;
use crate::error::{ErrorKind, from_silk_writer, stdout_error};
use crate::output::Target;
use crate::rwcut::{Failure, Setup};

/// The destinations of a run.
pub(super) struct Outputs<'o> {
    channels: Vec<Channel<'o>>,
    encoder: Encoder,
}

/// The destinations of one kind of record.
struct Channel<'o> {
    stream: Stream,
    /// Records that may still be written.
    left: u64,
    writers: Vec<Writer<Sink<'o>>>,
}

/// Standard output, or a file that appears when it is complete, so that what was cut short by an error is not taken for
/// an answer. Pipes and devices are written at once.
enum Sink<'o> {
    Stdout(&'o mut dyn Write),
    File(Target),
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes).map_err(of_stdout),
            Self::File(target) => target.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush().map_err(of_stdout),
            Self::File(target) => target.flush(),
        }
    }
}

/// The form in which errors of writing come through a library's writer.
fn of_stdout(error: io::Error) -> io::Error {
    match error.kind() {
        // Whoever writes tries again.
        io::ErrorKind::Interrupted => error,
        kind => io::Error::new(kind, stdout_error(error)),
    }
}

impl<'o> Outputs<'o> {
    /// Writes the headers of all destinations, which [`targets`] opened. `inputs` are the files that are read meanwhile.
    pub(super) fn open(
        job: &Job,
        options: &WriterOptions,
        mut targets: Vec<(Stream, Option<Target>)>,
        inputs: &[OsString],
        stdout: &'o mut dyn Write,
    ) -> Result<Self, Failure> {
        let encoder = Encoder::new(options).map_err(|e| e.to_string())?;
        let mut channels = Vec::new();
        let mut stdout = Some(stdout);
        let limits = [(Stream::All, None), (Stream::Pass, job.max_pass), (Stream::Fail, job.max_fail)];
        for (stream, limit) in limits {
            let mut opened = targets.extract_if(.., |(of, _)| *of == stream).peekable();
            if opened.peek().is_none() {
                continue;
            }
            let mut channel = Channel { stream, left: limit.unwrap_or(u64::MAX), writers: Vec::new() };
            for (_, target) in opened {
                let sink = match (target, &mut stdout) {
                    (Some(target), _) => Sink::File(target.refusing(inputs).map_err(|e| e.to_string())?),
                    // The switches name it only once.
                    (None, stdout) => match stdout.take() {
                        Some(stdout) => Sink::Stdout(stdout),
                        None => continue,
                    },
                };
                match Writer::new(sink, options).map_err(from_silk_writer) {
                    Ok(writer) => channel.writers.push(writer),
                    Err(error) => closed(error)?,
                }
            }
            channels.push(channel);
        }
        Ok(Self { channels, encoder })
    }

    /// What makes the records that [`write`](Self::write) takes.
    pub(super) fn encoder(&self) -> Encoder {
        self.encoder.clone()
    }

    /// Which records are wanted.
    pub(super) fn streams(&self) -> [bool; Stream::COUNT] {
        let wanted =
            |stream| self.channels.iter().any(|channel| channel.stream == stream && channel.is_open());
        [Stream::All, Stream::Pass, Stream::Fail].map(wanted)
    }

    /// Whether all will be closed after some number of records.
    pub(super) fn are_limited(&self) -> bool {
        !self.channels.is_empty() && self.channels.iter().all(|channel| channel.left < u64::MAX)
    }

    /// How many of these records are read until nothing is open any more; `None` if something stays open.
    pub(super) fn rows_until_closed(&self, rows: &[Row]) -> Option<usize> {
        let left = |stream| {
            let open = self.channels.iter().find(|channel| channel.stream == stream && channel.is_open());
            open.map_or(0, |channel| channel.left)
        };
        let (mut pass, mut fail) = (left(Stream::Pass), left(Stream::Fail));
        let closes = |row: &Row| {
            let left = if row.passes { &mut pass } else { &mut fail };
            *left = left.saturating_sub(1);
            pass == 0 && fail == 0
        };
        rows.iter().position(closes).map(|at| at + 1)
    }

    /// Writes records for every stream, and closes what has its number.
    pub(super) fn write(&mut self, encoded: &[Vec<u8>; Stream::COUNT]) -> Result<(), Failure> {
        let len = self.encoder.record_len();
        for channel in &mut self.channels {
            channel.write(&encoded[channel.stream as usize], len)?;
        }
        Ok(())
    }

    /// Whether there were destinations and all are closed.
    pub(super) fn are_over(&self) -> bool {
        !self.channels.is_empty() && !self.channels.iter().any(Channel::is_open)
    }

    /// Completes what is still open.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.channels.iter_mut().try_for_each(Channel::close)
    }
}

impl Channel<'_> {
    fn is_open(&self) -> bool {
        !self.writers.is_empty()
    }

    fn write(&mut self, encoded: &[u8], record_len: usize) -> Result<(), Failure> {
        let records = (encoded.len() / record_len) as u64;
        let taken = records.min(self.left);
        let encoded = encoded.get(..taken as usize * record_len).unwrap_or_default();
        let mut at = 0;
        while let Some(writer) = self.writers.get_mut(at) {
            match writer.write_encoded(encoded).map_err(from_silk_writer) {
                Ok(()) => at += 1,
                // The others go on.
                Err(error) => {
                    closed(error)?;
                    drop(self.writers.remove(at));
                }
            }
        }
        if self.left < u64::MAX {
            self.left -= taken;
        }
        if self.left == 0 { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), Failure> {
        for writer in self.writers.drain(..) {
            let done = writer.finish().map_err(from_silk_writer).and_then(|sink| match sink {
                Sink::Stdout(_) => Ok(()),
                Sink::File(target) => target.commit(),
            });
            done.or_else(closed)?;
        }
        Ok(())
    }
}

/// A reader that went away closes a destination, and is no error.
fn closed(error: crate::error::Error) -> Result<(), Failure> {
    match error.kind() {
        ErrorKind::ClosedPipe => Ok(()),
        _ => Err(error.to_string().into()),
    }
}

/// Opens the files of all destinations; none for standard output.
pub(super) fn targets(job: &Job, setup: &Setup) -> Result<Vec<(Stream, Option<Target>)>, Failure> {
    let open = |(stream, path): &(Stream, OsString)| {
        if path == "stdout" {
            return Ok((*stream, None));
        }
        let path = Path::new(path);
        may_be_written(path, setup)?;
        let target = Target::create::<&Path>(path, &[]).map_err(|e| e.to_string())?;
        Ok((*stream, Some(target)))
    };
    job.destinations.iter().map(open).collect()
}

/// A file that exists is not replaced without `SILK_CLOBBER`; pipes and devices are there to be written.
pub(super) fn may_be_written(path: &Path, setup: &Setup) -> Result<(), Failure> {
    let exists = path.metadata().is_ok_and(|facts| facts.is_file());
    match exists && setup.variable("SILK_CLOBBER").is_none() {
        true => Err(format!("File '{}' exists: set SILK_CLOBBER to replace it", path.display()).into()),
        false => Ok(()),
    }
}

/// The header of all outputs: this command line, and the notes.
pub(super) fn header(job: &Job, arguments: &[OsString]) -> Result<WriterOptions, Failure> {
    let mut line = b"rwfilter".to_vec();
    for argument in arguments {
        line.push(b' ');
        line.extend(argument.as_encoded_bytes());
    }
    let mut options = WriterOptions::default()
        .with_compression(job.compression)
        .with_byte_order(silk_format::ByteOrder::NATIVE)
        .with_entry(Entry::Invocation(line));
    for note in &job.notes {
        let text = match note {
            Note::Text(text) => text.as_encoded_bytes().to_vec(),
            Note::File(file) => {
                let failed = |e| format!("Invalid note-file-add '{}': {e}", file.to_string_lossy());
                std::fs::read(file).map_err(failed)?
            }
        };
        options = options.with_entry(Entry::Annotation(text));
    }
    Ok(options)
}
