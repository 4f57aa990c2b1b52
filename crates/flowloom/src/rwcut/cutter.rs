//! From inputs to text: which records are printed (semantics 4.5), read block by block.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use flow_frame::{BlockWorker, Event, Job as Work, Plan};
use mapped_input::{Input, Opened};
use silk_format::{Block, Blocks, Header, Options, Reader, SiteConfig};

use super::printer::Printer;
use super::reading::{CutIsEnd, Reading, any_stream, options};
use super::rows::{CHUNK, Chunk, Ipv6Policy};
use super::switches::{Job, RowSwitches};
use super::text::Text;
use super::{Failure, Setup, open};
use crate::error::with_causes;

/// Records that a thread prints at a time.
const PIECE: usize = 4096;
/// Text that is gathered before it is written.
const WRITE_AT: usize = 256 << 10;

/// Which rows are printed, counted over all inputs.
#[derive(Debug, PartialEq, Eq)]
enum Window {
    /// Leave out so many, then print so many.
    Range { skip: u64, left: u64 },
    /// The first `show` of the last `tail`.
    Tail { tail: usize, show: usize },
}

impl Window {
    fn new(rows: RowSwitches) -> Self {
        let all = u64::MAX;
        match rows {
            RowSwitches { tail: Some(tail), num, .. } => {
                let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                Self::Tail { tail: count(tail), show: num.map_or(usize::MAX, count) }
            }
            RowSwitches { start: Some(start), end, num, .. } => {
                let skip = start.saturating_sub(1);
                let up_to_end = end.map_or(all, |end| end.saturating_sub(skip));
                Self::Range { skip, left: num.unwrap_or(all).min(up_to_end) }
            }
            RowSwitches { end: Some(end), num: Some(num), .. } => {
                Self::Range { skip: end.saturating_sub(num), left: num.min(end) }
            }
            RowSwitches { end, num, .. } => Self::Range { skip: 0, left: end.or(num).unwrap_or(all) },
        }
    }

    /// Whether everything that comes is printed.
    fn is_everything(&self) -> bool {
        matches!(self, Self::Range { skip: 0, left: u64::MAX })
    }

    /// Whether nothing that comes is printed.
    fn is_over(&self) -> bool {
        matches!(self, Self::Range { left: 0, .. })
    }

    /// The rows of the next `rows` that are wanted.
    fn take(&mut self, rows: usize) -> Range<usize> {
        match self {
            Self::Range { skip, left } => {
                let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(rows);
                let shown = usize::try_from(*left).unwrap_or(usize::MAX).min(rows - skipped);
                *skip -= skipped as u64;
                *left -= shown as u64;
                skipped..skipped + shown
            }
            Self::Tail { tail, .. } => rows - rows.min(*tail)..rows,
        }
    }
}

/// The blocks of an input that lies in memory, or of one that is read.
enum Source<'a> {
    Slice(Blocks<'a>),
    Stream(Box<Reader<CutIsEnd<&'a mut Input>>>),
}

impl<'a> Source<'a> {
    fn new(input: &'a mut Input, options: Options) -> silk_format::Result<Self> {
        if input.as_slice().is_none() {
            return Ok(Self::Stream(Box::new(Reader::new(CutIsEnd(input), options)?)));
        }
        let bytes = input.as_slice().unwrap_or_default();
        let (header, len) = Header::parse_with(bytes, &options.limits)?;
        Ok(Self::Slice(Blocks::new(&header, options, bytes.get(len..).unwrap_or_default())?))
    }

    fn next_block(&mut self) -> Option<silk_format::Result<Block<'_>>> {
        match self {
            Self::Slice(blocks) => blocks.next_block(),
            Self::Stream(reader) => reader.next_block(),
        }
    }
}

/// Turns blocks of records into text.
pub(super) struct Cutter<'o> {
    printer: Printer,
    policy: Ipv6Policy,
    chunk: Chunk,
    window: Window,
    /// Text still to be written.
    text: Text,
    /// The lines that may be among the last.
    lines: VecDeque<Text>,
    out: &'o mut dyn Write,
}

impl<'o> Cutter<'o> {
    pub(super) fn new(
        printer: Printer,
        policy: Ipv6Policy,
        rows: RowSwitches,
        out: &'o mut dyn Write,
    ) -> Self {
        let chunk = Chunk::new(printer.columns(), policy);
        let text = Text::with_capacity(WRITE_AT * 2);
        Self { printer, policy, chunk, window: Window::new(rows), text, lines: VecDeque::new(), out }
    }

    /// Prints the inputs up to the first that fails.
    pub(super) fn inputs(
        &mut self,
        names: Vec<OsString>,
        job: &Job,
        setup: &Setup,
        site: Option<&Arc<SiteConfig>>,
        stderr: &mut dyn Write,
        opened: &mut Vec<Opened>,
    ) -> Result<(), Failure> {
        let options = options(setup, site);
        if self.window.is_everything() {
            let reading = Reading { options, setup: setup.clone() };
            return self.everything(names, reading, job.print_filenames, stderr, opened);
        }
        for name in names {
            if self.window.is_over() {
                break;
            }
            let mut input = open(&name, setup)?;
            opened.push(input.opened());
            if job.print_filenames {
                writeln!(stderr, "{}", Path::new(&name).display())?;
            }
            self.input(&mut input, options.clone(), &name)?;
        }
        Ok(())
    }

    /// Prints all rows, made on several threads.
    fn everything(
        &mut self,
        names: Vec<OsString>,
        reading: Reading,
        print_filenames: bool,
        stderr: &mut dyn Write,
        opened: &mut Vec<Opened>,
    ) -> Result<(), Failure> {
        let plan = Plan {
            threads: reading.setup.threads.unwrap_or(NonZeroUsize::MIN),
            piece_records: PIECE,
            detached: any_stream(&names),
        };
        let printing =
            Printing { printer: self.printer.clone(), chunk: self.chunk.clone(), text: Text::default() };
        let inputs = names.into_iter().map(move |name| reading.open(&name));
        for event in Work::new(inputs, plan, move |_, _| Ok(printing.clone())) {
            match event {
                Event::Opened(facts, how) => {
                    opened.push(how);
                    if print_filenames {
                        writeln!(stderr, "{}", facts.name)?;
                    }
                }
                Event::Piece(text) => self.out.write_all(text.as_bytes())?,
                Event::Unopened(failure) => return Err(failure),
                Event::Failed(error) => return Err(Failure::Message(with_causes(&error))),
                Event::Captured(_) | Event::Ended(_) => {}
            }
        }
        Ok(())
    }

    fn input(&mut self, input: &mut Input, options: Options, name: &OsStr) -> Result<(), Failure> {
        let name = Path::new(name).display().to_string();
        let failed = |error: silk_format::Error| Failure::Message(format!("{name}: {}", with_causes(&error)));
        let mut source = Source::new(input, options.with_file_name(name.as_str())).map_err(failed)?;
        while !self.window.is_over() {
            match source.next_block() {
                None => break,
                Some(block) => self.block(block.map_err(failed)?)?,
            }
        }
        Ok(())
    }

    fn block(&mut self, block: Block<'_>) -> Result<(), Failure> {
        let mut start = 0;
        while start < block.len() && !self.window.is_over() {
            let part = block.slice(start..start + CHUNK);
            start += part.len();
            if self.policy.keeps_all() {
                // Rows that are left out need not be read.
                let wanted = self.window.take(part.len());
                let (rows, kept) = self.chunk.read(part.slice(wanted));
                print(&mut self.printer, &mut self.text, &mut self.lines, &self.window, &rows, kept);
            } else {
                let (rows, kept) = self.chunk.read(part);
                let wanted = self.window.take(kept.len());
                let kept = kept.get(wanted).unwrap_or_default();
                print(&mut self.printer, &mut self.text, &mut self.lines, &self.window, &rows, kept);
            }
            if self.text.len() >= WRITE_AT {
                self.write()?;
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Failure> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        if let Window::Tail { show, .. } = self.window {
            for line in self.lines.iter().take(show) {
                self.text.extend(line.as_bytes());
            }
        }
        self.write()?;
        self.out.flush()?;
        Ok(())
    }
}

/// Prints the rows of a piece.
#[derive(Clone)]
struct Printing {
    printer: Printer,
    chunk: Chunk,
    text: Text,
}

impl BlockWorker for Printing {
    type Out = Text;

    fn block(&mut self, block: Block<'_>) -> flow_frame::Result<()> {
        for start in (0..block.len()).step_by(CHUNK) {
            let (rows, kept) = self.chunk.read(block.slice(start..start + CHUNK));
            self.printer.rows(&mut self.text, &rows, kept);
        }
        Ok(())
    }

    fn wants_records(&self) -> bool {
        true
    }

    fn skip(&mut self, _: usize) {}

    fn finish(&mut self) -> flow_frame::Result<Text> {
        let room = Text::with_capacity(self.text.len());
        Ok(std::mem::replace(&mut self.text, room))
    }
}

/// Into the text, or among the lines that may be the last.
fn print(
    printer: &mut Printer,
    text: &mut Text,
    lines: &mut VecDeque<Text>,
    window: &Window,
    rows: &super::rows::Rows<'_>,
    which: &[usize],
) {
    let Window::Tail { tail, .. } = window else { return printer.rows(text, rows, which) };
    for row in which {
        let mut line =
            if lines.len() >= *tail { lines.pop_front().unwrap_or_default() } else { Text::default() };
        line.clear();
        printer.rows(&mut line, rows, std::slice::from_ref(row));
        lines.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the rows shown, of `count` rows that come in runs of `run`.
    fn shown(rows: RowSwitches, count: usize, run: usize) -> Vec<usize> {
        let mut window = Window::new(rows);
        let mut shown = Vec::new();
        let mut before = 0;
        while before < count && !window.is_over() {
            let rows = run.min(count - before);
            shown.extend(window.take(rows).map(|i| before + i + 1));
            before += rows;
        }
        shown
    }

    /// Semantics 4.5.
    #[test]
    fn windows() {
        let rows = |start, end, num| RowSwitches { start, end, num, tail: None };
        for run in [1, 3, 12] {
            assert_eq!(shown(rows(Some(4), None, Some(3)), 12, run), [4, 5, 6]);
            assert_eq!(shown(rows(None, Some(5), Some(2)), 12, run), [4, 5]);
            assert_eq!(shown(rows(Some(4), Some(6), None), 12, run), [4, 5, 6]);
            assert_eq!(shown(rows(None, None, Some(2)), 12, run), [1, 2]);
            assert_eq!(shown(rows(Some(13), None, None), 12, run), Vec::<usize>::new());
            assert_eq!(shown(rows(None, Some(3), None), 12, run), [1, 2, 3]);
            assert_eq!(shown(rows(None, Some(2), Some(5)), 12, run), [1, 2]);
            assert_eq!(shown(rows(None, None, None), 4, run), [1, 2, 3, 4]);
        }
        let tail = RowSwitches { tail: Some(3), num: Some(2), ..RowSwitches::default() };
        assert_eq!(Window::new(tail), Window::Tail { tail: 3, show: 2 });
    }
}
