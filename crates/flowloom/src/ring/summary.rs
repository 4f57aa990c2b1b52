//! What became of each file of a ring, and which failures are none.

use std::fmt::Write as _;
use std::path::Path;

use flow_frame::{Accounts, FlowAccount, Instant, SourceFacts};

use super::Ring;
use crate::console::Console;
use crate::error::{Class, Error, ErrorKind};
use crate::pump::{InputReport, Listener};

/// Listens for the console: files that are still written, empty or gone are no errors, and at the end a table tells what
/// became of each file.
pub(crate) struct RingListener<'a> {
    console: &'a mut Console,
    ring: &'a Ring,
    lines: Vec<Line>,
}

/// A file in the table.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    name: String,
    packets: u64,
    bytes: u128,
    /// Times of the earliest and the latest packet.
    first: Option<i64>,
    last: Option<i64>,
    state: State,
}

/// What became of a file.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Ok,
    /// Nothing was written to it yet.
    Empty,
    /// The last packet is not yet there as a whole.
    Written,
    /// It was deleted before its turn.
    Gone,
    Damaged(Option<u64>),
    Unreadable,
}

impl State {
    fn of(input: &InputReport, is_live: bool) -> Self {
        let Some(failure) = &input.failure else { return Self::Ok };
        let is_empty = || input.path.metadata().is_ok_and(|facts| facts.len() == 0);
        match (failure.class(), &input.facts) {
            (Class::Io, None) if !input.path.exists() => Self::Gone,
            (_, None) if is_empty() => Self::Empty,
            _ if is_live && is_cut(failure) => Self::Written,
            (_, None) => Self::Unreadable,
            (_, Some(_)) => Self::Damaged(offset(failure)),
        }
    }

    fn is_failure(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Unreadable)
    }

    fn text(&self) -> String {
        match self {
            Self::Ok => "ok".to_owned(),
            Self::Empty => "empty".to_owned(),
            Self::Written => "being written".to_owned(),
            Self::Gone => "gone".to_owned(),
            Self::Damaged(Some(offset)) => format!("damaged at byte {offset}"),
            Self::Damaged(None) => "damaged".to_owned(),
            Self::Unreadable => "unreadable".to_owned(),
        }
    }
}

/// Whether the end of the file came too soon, of the capture or of what packs it.
fn is_cut(failure: &Error) -> bool {
    let ErrorKind::Flow(failure) = failure.kind() else { return false };
    let cut_io = |error: &std::io::Error| error.kind() == std::io::ErrorKind::UnexpectedEof;
    match failure.kind() {
        flow_frame::ErrorKind::Io(error) => cut_io(error),
        flow_frame::ErrorKind::Capture(error) => match error.kind() {
            pcap_headers::ErrorKind::Truncated { .. } => true,
            pcap_headers::ErrorKind::Io(error) => cut_io(error),
            _ => false,
        },
        // Fewer bytes than tell what it is.
        flow_frame::ErrorKind::UnknownKind { found } => found.len() < 4,
        _ => false,
    }
}

fn offset(failure: &Error) -> Option<u64> {
    match failure.kind() {
        ErrorKind::Flow(failure) => failure.offset(),
        _ => None,
    }
}

impl<'a> RingListener<'a> {
    pub(crate) fn new(console: &'a mut Console, ring: &'a Ring) -> Self {
        Self { console, ring, lines: Vec::new() }
    }

    /// Tells what became of the files, if one failed or the user wants to know all.
    pub(crate) fn finish(self) {
        let table = table(&self.lines);
        match self.lines.iter().any(|line| line.state.is_failure()) {
            true => table.lines().for_each(|line| self.console.note(line)),
            false => table.lines().for_each(|line| self.console.detail(line)),
        }
    }
}

impl Listener for RingListener<'_> {
    fn flows_made(&mut self, account: &FlowAccount) {
        self.console.flows_made(account);
    }

    fn opened(&mut self, facts: &SourceFacts, stored: Option<u64>) {
        self.console.opened(facts, stored);
    }

    fn advanced(&mut self, accounts: &Accounts) {
        self.console.advanced(accounts);
    }

    fn closed(&mut self, input: &InputReport) {
        let live = self.ring.live().unwrap_or_default();
        let state = State::of(input, live.contains(&input.path));
        let capture = input.capture.as_ref().map(|capture| capture.report);
        self.lines.push(Line {
            name: name(&input.path, self.ring),
            packets: input.accounts.map_or(0, |accounts| accounts.read.rows),
            bytes: input.accounts.map_or(0, |accounts| accounts.read.traffic),
            first: capture.and_then(|report| report.earliest_ns),
            last: capture.and_then(|report| report.latest_ns),
            state,
        });
        let is_failure = self.lines.last().is_some_and(|line| line.state.is_failure());
        match is_failure {
            true => self.console.closed(input),
            false => self.console.closed(&input.without_failure()),
        }
    }
}

/// The name below the folder.
fn name(path: &Path, ring: &Ring) -> String {
    path.strip_prefix(ring.folder()).unwrap_or(path).display().to_string()
}

/// Aligned columns.
fn table(lines: &[Line]) -> String {
    let time =
        |ns: Option<i64>| ns.map_or_else(|| "-".to_owned(), |ns| Instant::from_ns(ns.into()).to_string());
    let head = ["file", "packets", "bytes", "first", "last", "state"].map(str::to_owned);
    let rows = lines.iter().map(|line| {
        let Line { name, packets, bytes, first, last, state } = line;
        [name.clone(), packets.to_string(), bytes.to_string(), time(*first), time(*last), state.text()]
    });
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..6).map(|at| width(at).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Writing to a String cannot fail.
            let _ = match at {
                1 | 2 => write!(text, "{cell:>width$}  "),
                5 => writeln!(text, "{cell}"),
                _ => write!(text, "{cell:<width$}  "),
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_aligned() {
        let line = |name: &str, packets, first, state| Line {
            name: name.to_owned(),
            packets,
            bytes: u128::from(packets) * 60,
            first,
            last: first.map(|ns| ns + 1),
            state,
        };
        let lines = [
            line("log.pcap.1475156239", 12, Some(1_475_156_239_000_000_001), State::Ok),
            line("notes", 0, None, State::Unreadable),
            line("log.pcap.1475156300", 1, Some(1_475_156_300_000_000_000), State::Damaged(Some(100))),
        ];
        let expected = "\
            file                 packets  bytes  first                           last                            state\n\
            log.pcap.1475156239       12    720  2016-09-29T13:37:19.000000001Z  2016-09-29T13:37:19.000000002Z  ok\n\
            notes                      0      0  -                               -                               unreadable\n\
            log.pcap.1475156300        1     60  2016-09-29T13:38:20.000Z        2016-09-29T13:38:20.000000001Z  damaged at byte 100\n";
        assert_eq!(table(&lines), expected);
    }
}
