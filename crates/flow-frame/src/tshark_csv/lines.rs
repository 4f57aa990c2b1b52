//! Bytes of a table → its rows, cell by cell, with the place of each. csv-core takes the cells apart.

use std::io::BufRead;

use csv_core::{ReadRecordResult, ReaderBuilder};

use crate::error::{Error, ErrorKind, Result};

/// Bytes of the values of a row, at most.
const LONGEST_ROW: usize = 1 << 20;
/// Cells of a row, at most: a header line has no more names.
const MOST_CELLS: usize = 64 << 10;

/// The rows of a table, one at a time.
pub(super) struct Lines<R> {
    source: R,
    csv: csv_core::Reader,
    quote: u8,
    /// The values of the row's cells, one behind the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    cells: usize,
    /// Place of the row, and of what comes behind it.
    row: Place,
    next: Place,
    /// An odd number of quotes so far.
    in_quotes: bool,
    ended: bool,
}

/// A place in the text of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: u64,
    /// Bytes before it.
    pub(super) offset: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R, separator: u8, quote: u8, start: Place) -> Self {
        Self {
            source,
            csv: ReaderBuilder::new().delimiter(separator).quote(quote).build(),
            quote,
            text: vec![0; 1024],
            ends: vec![0; 64],
            cells: 0,
            row: start,
            next: start,
            in_quotes: false,
            ended: false,
        }
    }

    /// Goes on to the next row that is not empty; `false` at the end.
    ///
    /// # Errors
    /// `Io` if the source fails, `Limit` for a row too long, `Malformed` for one that ends within quotes. Nothing comes
    /// after an error.
    pub(super) fn advance(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let advanced = self.record();
        self.ended = !matches!(advanced, Ok(true));
        advanced
    }

    fn record(&mut self) -> Result<bool> {
        self.pass_line_ends()?;
        self.row = self.next;
        let (mut written, mut cells) = (0, 0);
        loop {
            let input = self.source.fill_buf().map_err(ErrorKind::Io)?;
            let input_ended = input.is_empty();
            let free = self.text.get_mut(written..).unwrap_or_default();
            let free_ends = self.ends.get_mut(cells..).unwrap_or_default();
            let (result, read, wrote, ended) = self.csv.read_record(input, free, free_ends);
            let taken = input.get(..read).unwrap_or_default();
            self.next.offset += taken.len() as u64;
            self.next.line += count(taken, b'\n');
            self.in_quotes ^= count(taken, self.quote) % 2 == 1;
            self.source.consume(read);
            written += wrote;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.text.len() >= LONGEST_ROW => {
                    return Err(Error::limit("bytes of a line", LONGEST_ROW as u64 + 1, LONGEST_ROW as u64));
                }
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if self.ends.len() >= MOST_CELLS => {
                    return Err(Error::limit("cells of a line", MOST_CELLS as u64 + 1, MOST_CELLS as u64));
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record if input_ended && self.in_quotes => {
                    return Err(self.damage("the end of the quotes", "the end of the file".to_owned()));
                }
                ReadRecordResult::Record => {
                    self.cells = cells;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// What separates lines, so that a row's place is that of its first cell.
    fn pass_line_ends(&mut self) -> Result<()> {
        loop {
            let input = self.source.fill_buf().map_err(ErrorKind::Io)?;
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let more = ends == input.len() && !input.is_empty();
            self.next.line += count(input.get(..ends).unwrap_or_default(), b'\n');
            self.next.offset += ends as u64;
            self.source.consume(ends);
            if !more {
                return Ok(());
            }
        }
    }

    /// How many cells the row has.
    pub(super) fn len(&self) -> usize {
        self.cells
    }

    /// The cells from `first` up to but without `end` as one, without what stood between them.
    pub(super) fn joined(&self, first: usize, end: usize) -> &[u8] {
        let at = |cell: usize| match cell.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or_default(),
        };
        self.text.get(at(first)..at(end)).unwrap_or_default()
    }

    pub(super) fn source(&self) -> &R {
        &self.source
    }

    /// Nothing more is read.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// An error at the row.
    pub(super) fn damage(&self, expected: impl Into<String>, found: String) -> Error {
        let Place { line, offset } = self.row;
        ErrorKind::Csv { line, offset, expected: expected.into(), found }.into()
    }
}

fn count(bytes: &[u8], wanted: u8) -> u64 {
    bytes.iter().filter(|byte| **byte == wanted).count() as u64
}
