//! The rows of a table of fields as packets.

use std::io::{BufRead, Read};

use pcap_headers::{Column, PacketRow, ValueSource};

use super::layout::{self, Field, FirstLine, LONGEST_HEADER, Layout};
use super::lines::{Lines, Place};
use super::source::TableSource;
use super::text::{self, Parsed};
use crate::error::{Error, ErrorKind, Result};

/// Bytes of the first line of values that are looked at to see what quotes them.
const LOOK: u64 = 64 << 10;

/// What was odd in a table of fields, though no error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TsharkCsvNotes {
    /// Fields that no column of packets holds, as the table names them; they are not read.
    pub unknown_fields: Vec<String>,
    /// Cells with several values (`-E occurrence=a`); the first one counts.
    pub cells_with_more: u64,
}

impl TsharkCsvNotes {
    /// Which fields are not read, if there are any.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        let names = self.unknown_fields.join(", ");
        (!self.unknown_fields.is_empty()).then(|| format!("fields that are not read: {names}"))
    }

    /// How many cells hold several values, if any do.
    #[must_use]
    pub fn repeated(&self) -> Option<String> {
        let count = self.cells_with_more;
        (count > 0).then(|| format!("{count} cells hold several values, of which the first counts"))
    }

    /// What there is to say, a sentence each.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.unread().into_iter().chain(self.repeated())
    }
}

/// Packets that come as rows, one behind the other.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PacketRows {
    /// Their values.
    pub rows: Vec<PacketRow>,
    /// `frame_protocols` of each; none at all if the source does not have them.
    pub protocols: Vec<Option<String>>,
}

/// Rows of a table that tshark wrote.
pub(crate) struct TsharkRows {
    layout: Layout,
    lines: Lines<TableSource>,
    notes: TsharkCsvNotes,
    /// An error that waits until the rows before it are handed out.
    failure: Option<Error>,
}

impl TsharkRows {
    /// Reads the first line, and as much of the second as tells what quotes the values.
    ///
    /// # Errors
    /// `Malformed` if the first line does not name fields of packets; `Io` if it cannot be read.
    pub(crate) fn new(mut source: TableSource) -> Result<Self> {
        let mut first = Vec::new();
        let header_limit = LONGEST_HEADER as u64 + 1;
        source.by_ref().take(header_limit).read_until(b'\n', &mut first).map_err(ErrorKind::Io)?;
        let layout = match FirstLine::of(&first) {
            FirstLine::Header(layout) => layout,
            FirstLine::Values | FirstLine::Other => return Err(headless(&first)),
        };
        let start = Place { line: 2, offset: first.len() as u64 };
        let mut second = Vec::new();
        // An error here is one of the second line, and comes again.
        let looked = source.by_ref().take(LOOK).read_until(b'\n', &mut second);
        let quote = layout::quote(&second, layout.separator);
        source.put_back(second, looked.err());
        let lines = Lines::new(source, layout.separator, quote, start);
        let notes = TsharkCsvNotes { unknown_fields: layout.unknown.clone(), cells_with_more: 0 };
        Ok(Self { layout, lines, notes, failure: None })
    }

    /// What was odd so far.
    pub(crate) fn notes(&self) -> &TsharkCsvNotes {
        &self.notes
    }

    /// The next packets, up to `most`; fewer where the source would have to be waited for. `None` at the end.
    ///
    /// # Errors
    /// `Malformed` for a row that is damaged, by the call after the one that gave the rows before it; `Io` or what wraps
    /// the table if it cannot be read on. After an error the table has ended.
    pub(crate) fn next_rows(&mut self, most: usize) -> Option<Result<PacketRows>> {
        if let Some(failure) = self.failure.take() {
            return Some(Err(failure));
        }
        let mut packets = PacketRows::default();
        while packets.rows.len() < most {
            match self.packet(&mut packets) {
                Ok(true) if self.lines.source().would_wait() => break,
                Ok(true) => {}
                Ok(false) => break,
                Err(failure) if packets.rows.is_empty() => return Some(Err(failure)),
                Err(failure) => {
                    self.failure = Some(failure);
                    break;
                }
            }
        }
        (!packets.rows.is_empty()).then_some(Ok(packets))
    }

    fn packet(&mut self, packets: &mut PacketRows) -> Result<bool> {
        if !self.lines.advance()? {
            return Ok(false);
        }
        let parsed = parse(&self.layout, &self.lines, &mut self.notes);
        let (row, protocols) = parsed.inspect_err(|_| self.lines.end())?;
        packets.rows.push(row.with_flow_columns());
        if self.layout.fields.contains(&Field::Column(Column::FrameProtocols)) {
            packets.protocols.push(protocols);
        }
        Ok(true)
    }
}

/// The error of a table without a first line that names its fields.
pub(crate) fn headless(first: &[u8]) -> Error {
    const SHOWN: usize = 60;
    let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let found = String::from_utf8_lossy(line.get(..SHOWN).unwrap_or(line)).trim_end().to_owned();
    ErrorKind::CsvHeader { found }.into()
}

/// The row of a line.
fn parse(
    layout: &Layout,
    lines: &Lines<impl BufRead>,
    notes: &mut TsharkCsvNotes,
) -> Result<(PacketRow, Option<String>)> {
    let (mut row, mut protocols) = (PacketRow::default(), None);
    let fields = layout.fields.len();
    // Without quotes the comma in the text of a time divides it; that makes one cell more, in one place.
    let calendar = layout.names.iter().position(|name| matches!(name.as_str(), "frame.time" | "frame_time"));
    let divided = match (lines.len().checked_sub(fields), calendar) {
        (Some(0), _) => None,
        (Some(1), Some(calendar)) if is_divided(lines.joined(calendar, calendar + 1)) => Some(calendar),
        _ => {
            let more = if lines.len() > fields {
                " (commas in values need quotes, tshark -E quote=d, or another separator)"
            } else {
                ""
            };
            return Err(lines.damage(format!("{fields} cells"), format!("{}{more}", lines.len())));
        }
    };
    for (place, field) in layout.fields.iter().enumerate() {
        let shift = |place: usize| place + usize::from(divided.is_some_and(|divided| divided < place));
        let cell = lines.joined(shift(place), shift(place + 1));
        if cell.is_empty() {
            continue;
        }
        let set = match field {
            Field::Ignored => Ok(()),
            Field::Calendar => text::calendar(cell).map(|time| row.frame_time_epoch = time),
            Field::Column(Column::FrameProtocols) => {
                let names = std::str::from_utf8(cell).map_err(|_| "names of protocols");
                names.map(|names| protocols = Some(names.to_owned()))
            }
            Field::Column(column) => {
                let mut cell = Cell { text: cell, column: *column, more: &mut notes.cells_with_more };
                column.set(&mut row, &mut cell)
            }
        };
        set.map_err(|expected| {
            let name = layout.names.get(place).map_or("?", String::as_str);
            lines.damage(format!("{expected} in {name}"), format!("{:?}", String::from_utf8_lossy(cell)))
        })?;
    }
    Ok((row, protocols))
}

/// Whether a cell is the beginning of a time's text: month and day.
fn is_divided(cell: &[u8]) -> bool {
    matches!(cell, [month, _, _, b' ', .., b'0'..=b'9'] if month.is_ascii_uppercase())
}

/// The value of a column.
struct Cell<'a> {
    text: &'a [u8],
    column: Column,
    /// Counts cells with several values.
    more: &'a mut u64,
}

impl Cell<'_> {
    fn first<T>(&mut self, read: fn(&[u8]) -> Parsed<T>) -> Parsed<Option<T>> {
        let (first, more) = text::first_occurrence(self.text);
        *self.more += u64::from(more);
        if first.is_empty() { Ok(None) } else { read(first).map(Some) }
    }

    fn number<T: TryFrom<u64>>(&mut self, expected: &'static str) -> Parsed<Option<T>> {
        match self.first(text::number)? {
            None => Ok(None),
            Some(number) => T::try_from(number).map(Some).map_err(|_| expected),
        }
    }
}

impl ValueSource for Cell<'_> {
    type Error = &'static str;

    fn u8(&mut self) -> Parsed<Option<u8>> {
        // Other versions of tshark print the three flags where they stand in their 16 bits.
        if self.column == Column::IpFlags {
            let flags: Option<u16> = self.number("a number of 16 bits")?;
            return Ok(flags.map(|flags| if flags > 7 { (flags >> 13) as u8 } else { flags as u8 }));
        }
        self.number("a number of 8 bits")
    }

    fn u16(&mut self) -> Parsed<Option<u16>> {
        self.number("a number of 16 bits")
    }

    fn u32(&mut self) -> Parsed<Option<u32>> {
        self.number("a number of 32 bits")
    }

    fn u64(&mut self) -> Parsed<Option<u64>> {
        self.number("a number of 64 bits")
    }

    fn i64(&mut self) -> Parsed<Option<i64>> {
        match self.column {
            Column::FrameTimeEpoch => text::epoch(self.text).map(Some),
            _ => text::span(self.text).map(Some),
        }
    }

    fn mac(&mut self) -> Parsed<Option<[u8; 6]>> {
        self.first(text::mac)
    }

    fn address(&mut self) -> Parsed<Option<[u8; 16]>> {
        self.first(text::address)
    }
}
