//! JSON: one object a line, or one array of objects. Keys stand in the order of the columns.

use std::io::{BufReader, Read, Seek, SeekFrom};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};
use serde_json::{Deserializer, Map, Value};

use super::cells::{Cells, Kind, OTHER_FORM, is_other_form, quote_json};
use super::csv::{READ, copy_lines};
use super::target::Existing;
use super::{Addresses, Exit, ExitOptions, Shaped, Target};
use crate::error::{Result, from_writer};

pub(super) struct Json {
    target: Target,
    addresses: Addresses,
    array: bool,
    /// Whether an array has no object yet.
    first: bool,
}

/// How objects stand one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Each with the end of its line.
    Lines,
    /// Each with `,` and the end of a line before it.
    Array,
}

impl Json {
    pub(super) fn lines(
        target: Target,
        schema: &SchemaRef,
        options: &ExitOptions,
        old: Option<Existing>,
    ) -> Result<Self> {
        let mut json = Self::new(target, options, false);
        if let Some(old) = old {
            json.check(&old, schema)?;
            copy_lines(&mut json.target, BufReader::with_capacity(READ, &old.file), &old)?;
        }
        Ok(json)
    }

    pub(super) fn array(
        target: Target,
        schema: &SchemaRef,
        options: &ExitOptions,
        old: Option<Existing>,
    ) -> Result<Self> {
        let mut json = Self::new(target, options, true);
        match old {
            None => json.target.put(b"[")?,
            Some(old) => {
                json.first = json.check(&old, schema)? == 0;
                let end = end_of_array(&old)?;
                std::io::copy(&mut (&old.file).take(end), &mut json.target).map_err(from_writer)?;
            }
        }
        Ok(json)
    }

    fn new(target: Target, options: &ExitOptions, array: bool) -> Self {
        Self { target, addresses: options.addresses, array, first: true }
    }

    /// Whether the first object of an existing file has our columns as its keys; tells how many it has, 0 for a file
    /// without objects.
    fn check(&self, old: &Existing, schema: &SchemaRef) -> Result<usize> {
        let mut head = Vec::new();
        (&old.file).take(READ as u64).read_to_end(&mut head).map_err(|e| old.unreadable(e))?;
        (&old.file).rewind().map_err(|e| old.unreadable(e))?;
        let objects = match (self.array, head.trim_ascii_start().strip_prefix(b"[")) {
            (false, None) => head.trim_ascii_start(),
            (true, Some(objects)) => objects.trim_ascii_start(),
            (true, None) => return Err(old.refuse("it does not begin with `[`")),
            (false, Some(_)) => return Err(old.refuse("it holds one array, not an object a line")),
        };
        if objects.is_empty() || objects.starts_with(b"]") {
            return Ok(0);
        }
        let first = Deserializer::from_slice(objects).into_iter::<Map<String, Value>>().next();
        let Some(Ok(object)) = first else {
            return Err(old.refuse("it does not begin with a JSON object"));
        };
        let mut wanted: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut found: Vec<&str> = object.keys().map(String::as_str).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        if wanted == found {
            let of_address = |name: &str| {
                let field = schema.field_with_name(name);
                field.is_ok_and(|field| *field.data_type() == DataType::FixedSizeBinary(16))
            };
            let other = |value: &Value| {
                value.as_str().is_some_and(|text| is_other_form(text.as_bytes(), self.addresses))
            };
            if object.iter().any(|(name, value)| of_address(name) && other(value)) {
                return Err(old.refuse(OTHER_FORM));
            }
            return Ok(found.len());
        }
        let (found, wanted) = (found.join(","), wanted.join(","));
        Err(old.refuse(format!("its objects have the keys {found}, the rows to append {wanted}")))
    }
}

/// Where the last object of an array ends.
fn end_of_array(old: &Existing) -> Result<u64> {
    let mut file = &old.file;
    let mut tail = Vec::new();
    let start = file
        .seek(SeekFrom::End(0))
        .and_then(|len| file.seek(SeekFrom::Start(len.saturating_sub(64))))
        .and_then(|start| (&old.file).take(64).read_to_end(&mut tail).map(|_| start))
        .map_err(|e| old.unreadable(e))?;
    file.rewind().map_err(|e| old.unreadable(e))?;
    match tail.trim_ascii_end().strip_suffix(b"]") {
        Some(before) => Ok(start + before.trim_ascii_end().len() as u64),
        None => Err(old.refuse("it does not end with `]`")),
    }
}

/// `{"stime":`, `,"etime":` … : what stands before each value.
fn keys(schema: &Schema) -> Vec<Vec<u8>> {
    let key = |(i, name): (usize, &String)| {
        let mut key = vec![if i == 0 { b'{' } else { b',' }];
        let start = key.len();
        key.extend_from_slice(name.as_bytes());
        quote_json(&mut key, start);
        key.push(b':');
        key
    };
    schema.fields().iter().map(|field| field.name()).enumerate().map(key).collect()
}

/// The objects of the rows.
pub(super) fn text(batch: &RecordBatch, addresses: Addresses, form: Form) -> Result<Vec<u8>> {
    let cells = Cells::new(batch, addresses)?;
    let keys = keys(batch.schema_ref());
    let mut out = Vec::with_capacity(cells.rows() * cells.columns().len() * 20);
    for row in 0..cells.rows() {
        if form == Form::Array {
            out.extend_from_slice(b",\n");
        }
        if cells.columns().is_empty() {
            out.push(b'{');
        }
        for (key, cell) in keys.iter().zip(cells.columns()) {
            out.extend_from_slice(key);
            if cell.is_null(row) {
                out.extend_from_slice(b"null");
                continue;
            }
            match cell.kind() {
                Kind::Number | Kind::Bool => cell.write(row, &mut out),
                Kind::Plain => {
                    out.push(b'"');
                    cell.write(row, &mut out);
                    out.push(b'"');
                }
                Kind::Foreign => {
                    let start = out.len();
                    cell.write(row, &mut out);
                    quote_json(&mut out, start);
                }
            }
        }
        out.push(b'}');
        if form == Form::Lines {
            out.push(b'\n');
        }
    }
    Ok(out)
}

impl Exit for Json {
    fn write(&mut self, rows: Shaped) -> Result<()> {
        let text = rows.text()?;
        let text = match text.strip_prefix(b",") {
            Some(rest) if self.array && self.first => rest,
            _ => &text,
        };
        self.first &= text.is_empty();
        self.target.put(text)
    }

    fn finish(mut self: Box<Self>) -> Result<Target> {
        if self.array {
            self.target.put(b"\n]\n")?;
        }
        Ok(self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        let mut out = b"x:".to_vec();
        out.extend("a\"\\\n\u{1}é".as_bytes());
        quote_json(&mut out, 2);
        assert_eq!(String::from_utf8(out).unwrap(), r#"x:"a\"\\\u000a\u0001é""#);
    }
}
