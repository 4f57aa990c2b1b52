//! Comma-separated values: RFC 4180, lines end with LF, the header is always there.

use std::io::{BufRead, BufReader};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};

use super::cells::{Cells, Kind, OTHER_FORM, is_other_form};
use super::target::Existing;
use super::{Addresses, Exit, ExitOptions, Shaped, Target};
use crate::error::Result;

/// Bytes of an existing file that are read at a time.
pub(super) const READ: usize = 64 << 10;

pub(super) struct Csv {
    target: Target,
    addresses: Addresses,
}

impl Csv {
    pub(super) fn new(
        target: Target,
        schema: &SchemaRef,
        options: &ExitOptions,
        old: Option<Existing>,
    ) -> Result<Self> {
        let mut header = Vec::new();
        for (i, field) in schema.fields().iter().enumerate() {
            if i > 0 {
                header.push(b',');
            }
            write_field(&mut header, field.name().as_bytes());
        }
        header.push(b'\n');
        let mut csv = Self { target, addresses: options.addresses };
        match old {
            None => csv.target.put(&header)?,
            Some(old) => csv.carry_over(&old, &header, schema)?,
        }
        Ok(csv)
    }

    fn carry_over(&mut self, old: &Existing, header: &[u8], schema: &Schema) -> Result<()> {
        let mut lines = BufReader::with_capacity(READ, &old.file);
        let mut first = Vec::new();
        // Only a header of another schema is longer, and of that one the beginning is enough.
        let limit = (header.len() as u64 + 2).max(1024);
        std::io::Read::take(&mut lines, limit)
            .read_until(b'\n', &mut first)
            .map_err(|e| old.unreadable(e))?;
        if first.trim_ascii_end() != header.trim_ascii_end() {
            return Err(old.refuse(format!(
                "its header line is {:?}, the rows to append have the columns {:?}",
                String::from_utf8_lossy(first.trim_ascii_end()),
                String::from_utf8_lossy(header.trim_ascii_end())
            )));
        }
        let ahead = lines.fill_buf().map_err(|e| old.unreadable(e))?;
        // A row that is not in the buffer as a whole is longer than any of ours.
        if let Some(end) = ahead.iter().position(|byte| *byte == b'\n') {
            let mut cells = schema.fields().iter().zip(split(&ahead[..end]));
            if cells.any(|(field, cell)| {
                *field.data_type() == DataType::FixedSizeBinary(16)
                    && !cell.is_empty()
                    && is_other_form(cell, self.addresses)
            }) {
                return Err(old.refuse(OTHER_FORM));
            }
        }
        self.target.put(&first)?;
        copy_lines(&mut self.target, lines, old)
    }
}

/// The lines of the rows.
pub(super) fn text(batch: &RecordBatch, addresses: Addresses) -> Result<Vec<u8>> {
    let cells = Cells::new(batch, addresses)?;
    let mut out = Vec::with_capacity(cells.rows() * cells.columns().len() * 8);
    for row in 0..cells.rows() {
        for (i, cell) in cells.columns().iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            if cell.is_null(row) {
                continue;
            }
            let start = out.len();
            cell.write(row, &mut out);
            if cell.kind() == Kind::Foreign || out.len() == start {
                quote(&mut out, start);
            }
        }
        out.push(b'\n');
    }
    Ok(out)
}

impl Exit for Csv {
    fn write(&mut self, rows: Shaped) -> Result<()> {
        self.target.put(&rows.text()?)
    }

    fn finish(self: Box<Self>) -> Result<Target> {
        Ok(self.target)
    }
}

/// The cells of a line, with their quotes.
fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    line.trim_ascii_end().split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    })
}

fn write_field(out: &mut Vec<u8>, value: &[u8]) {
    let start = out.len();
    out.extend_from_slice(value);
    quote(out, start);
}

/// Quotes the field that begins at `start` if it must be; an empty one too, which tells it from null.
fn quote(out: &mut Vec<u8>, start: usize) {
    let field = &out[start..];
    if !field.is_empty() && !field.iter().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
        return;
    }
    let plain = out.split_off(start);
    out.push(b'"');
    for byte in plain {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Copies lines; if the last one has no end, it gets one.
pub(super) fn copy_lines(target: &mut Target, mut lines: impl BufRead, old: &Existing) -> Result<()> {
    let mut last = b'\n';
    loop {
        let piece = lines.fill_buf().map_err(|e| old.unreadable(e))?;
        let Some(&end) = piece.last() else { break };
        last = end;
        target.put(piece)?;
        let len = piece.len();
        lines.consume(len);
    }
    if last == b'\n' { Ok(()) } else { target.put(b"\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_rfc_4180_says() {
        let quoted = |text: &str| {
            let mut out = b"x,".to_vec();
            write_field(&mut out, text.as_bytes());
            String::from_utf8(out).unwrap()
        };
        assert_eq!(quoted("S0"), "x,S0");
        assert_eq!(quoted("a,b"), "x,\"a,b\"");
        assert_eq!(quoted("a\"b"), "x,\"a\"\"b\"");
        assert_eq!(quoted(""), "x,\"\"");
    }
}
