//! Aligned columns for people.

use arrow_schema::{DataType, SchemaRef};

use super::cells::{Cells, Kind};
use super::{Addresses, Exit, ExitOptions, Shaped, Target};
use crate::error::Result;

/// The widths are taken from so many rows at most; later rows that are wider move their neighbours.
const LOOK_AHEAD: usize = 1000;

/// The space between columns.
const GAP: usize = 2;

pub(super) struct Table {
    target: Target,
    addresses: Addresses,
    terminal: Option<usize>,
    columns: Vec<Column>,
    /// Rows that wait for the widths: the ends of their cells in `text`.
    ends: Vec<usize>,
    text: Vec<u8>,
    rows: usize,
    /// How many columns fit; known once the widths are.
    shown: Option<usize>,
    line: Vec<u8>,
}

struct Column {
    title: String,
    right: bool,
    width: usize,
}

impl Table {
    pub(super) fn new(target: Target, schema: &SchemaRef, options: &ExitOptions) -> Self {
        let columns = schema
            .fields()
            .iter()
            .map(|field| {
                let title = match field.metadata().get("unit") {
                    Some(unit) => format!("{} ({unit})", field.name()),
                    None => field.name().clone(),
                };
                let right =
                    field.data_type().is_numeric() && super::cells::Letters::of(field.name()).is_none();
                let width = title.chars().count();
                Column { title, right: right && *field.data_type() != DataType::Boolean, width }
            })
            .collect();
        Self {
            target,
            addresses: options.addresses,
            terminal: options.table_width,
            columns,
            ends: Vec::new(),
            text: Vec::new(),
            rows: 0,
            shown: None,
            line: Vec::new(),
        }
    }

    /// Takes the widths from the rows so far, prints the head and these rows.
    fn begin(&mut self) -> Result<usize> {
        let count = self.columns.len();
        let mut start = 0;
        for (i, &end) in self.ends.iter().enumerate() {
            let cell = self.text.get(start..end).unwrap_or_default();
            if let Some(column) = self.columns.get_mut(i % count.max(1)) {
                column.width = column.width.max(width(cell));
            }
            start = end;
        }
        let shown = fitting(&self.columns, self.terminal);
        self.shown = Some(shown);
        let titles: Vec<u8> = self.columns.iter().flat_map(|column| column.title.bytes()).collect();
        let mut ends = Vec::with_capacity(count);
        let mut end = 0;
        for column in &self.columns {
            end += column.title.len();
            ends.push(end);
        }
        self.print_row(&titles, &ends, shown)?;
        let (text, ends) = (std::mem::take(&mut self.text), std::mem::take(&mut self.ends));
        let mut start = 0;
        for row in ends.chunks(count.max(1)) {
            let end = row.last().copied().unwrap_or(start);
            let relative: Vec<usize> = row.iter().map(|end| end - start).collect();
            self.print_row(text.get(start..end).unwrap_or_default(), &relative, shown)?;
            start = end;
        }
        Ok(shown)
    }

    /// Prints the cells that end at `ends` in `text`.
    fn print_row(&mut self, text: &[u8], ends: &[usize], shown: usize) -> Result<()> {
        self.line.clear();
        let mut start = 0;
        for (i, (column, &end)) in self.columns.iter().zip(ends).take(shown).enumerate() {
            let cell = text.get(start..end).unwrap_or_default();
            let padding = column.width.saturating_sub(width(cell));
            if i > 0 {
                self.line.extend([b' '; GAP]);
            }
            if column.right {
                self.line.extend(std::iter::repeat_n(b' ', padding));
            }
            self.line.extend_from_slice(cell);
            if !column.right {
                self.line.extend(std::iter::repeat_n(b' ', padding));
            }
            start = end;
        }
        let solid = self.line.trim_ascii_end().len();
        self.line.truncate(solid);
        self.line.push(b'\n');
        let line = std::mem::take(&mut self.line);
        let written = self.target.put(&line);
        self.line = line;
        written
    }
}

/// How many columns fit into the terminal; at least one.
fn fitting(columns: &[Column], terminal: Option<usize>) -> usize {
    let Some(terminal) = terminal else { return columns.len() };
    let mut used = 0;
    for (i, column) in columns.iter().enumerate() {
        used += column.width + if i > 0 { GAP } else { 0 };
        if used > terminal && i > 0 {
            return i;
        }
    }
    columns.len()
}

/// Characters of a text: our own text is ASCII, names may be anything.
fn width(cell: &[u8]) -> usize {
    cell.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

impl Exit for Table {
    fn write(&mut self, rows: Shaped) -> Result<()> {
        let batch = rows.batch()?;
        let cells = Cells::new(&batch, self.addresses)?;
        for row in 0..cells.rows() {
            let offset = if self.shown.is_some() { 0 } else { self.text.len() };
            self.text.truncate(offset);
            if self.shown.is_some() {
                self.ends.clear();
            }
            for cell in cells.columns() {
                if !cell.is_null(row) {
                    let start = self.text.len();
                    cell.write_short(row, &mut self.text);
                    if cell.kind() == Kind::Foreign {
                        disarm(&mut self.text[start..]);
                    }
                }
                self.ends.push(self.text.len());
            }
            self.rows += 1;
            match self.shown {
                Some(shown) => {
                    let (text, ends) = (std::mem::take(&mut self.text), std::mem::take(&mut self.ends));
                    let printed = self.print_row(&text, &ends, shown);
                    (self.text, self.ends) = (text, ends);
                    printed?;
                }
                None if self.rows == LOOK_AHEAD => {
                    self.begin()?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Target> {
        let shown = match self.shown {
            Some(shown) => shown,
            None => self.begin()?,
        };
        let hidden = self.columns.len() - shown;
        if hidden > 0 {
            let note = format!(
                "({hidden} more columns do not fit: choose with --fields if the command has it, or use --format csv)\n"
            );
            self.target.put(note.as_bytes())?;
        }
        Ok(self.target)
    }
}

/// Names from a file must not steer the terminal.
fn disarm(text: &mut [u8]) {
    for byte in text {
        if byte.is_ascii_control() {
            *byte = b'?';
        }
    }
}
