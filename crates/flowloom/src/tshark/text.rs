//! Packets to lines.

use std::sync::Arc;

use pcap_headers::{Field, FieldTable, FieldValue, Fields, FrameTimes, Packet};

use super::args::{Job, Layout};
use super::line::Line;
use super::zone::{Clock, Zone};

/// Prints the header and the lines of a job.
#[derive(Debug, Clone)]
pub(super) struct Printer {
    /// As they were asked for.
    names: Vec<String>,
    cells: Vec<Cell>,
    fields: Fields,
    layout: Layout,
    clock: Clock,
    /// Memory.
    line: Line,
    names_text: Vec<u8>,
}

/// A column of the output.
#[derive(Debug, Clone, Copy)]
struct Cell {
    kind: Kind,
    field: &'static Field,
    /// The column of the fields.
    column: usize,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// As the field prints it.
    Plain,
    /// A local time.
    LocalTime,
    /// The names of all layers.
    Names,
    /// Always empty: of columns of the same name the last alone has the values.
    Repeated,
}

impl Printer {
    /// # Errors
    /// A message if a field is not known.
    pub(super) fn new(job: &Job, zone: Arc<Zone>) -> Result<Self, String> {
        let names = job.fields.clone();
        let (mut used, mut cells) = (Vec::new(), Vec::new());
        for (place, name) in names.iter().enumerate() {
            let field = FieldTable::find(name).ok_or_else(|| format!("no field is named {name}"))?;
            let is_repeated = names.iter().skip(place + 1).any(|later| later == name);
            let kind = match name.as_str() {
                _ if is_repeated => Kind::Repeated,
                "frame.time" => Kind::LocalTime,
                "frame.protocols" => Kind::Names,
                _ => Kind::Plain,
            };
            cells.push(Cell { kind, field, column: used.len() });
            if !is_repeated {
                used.push(name.as_str());
            }
        }
        let fields = Fields::new(used, job.layout.occurrence).map_err(|error| error.to_string())?;
        let (line, names_text) = Default::default();
        Ok(Self { cells, fields, layout: job.layout, clock: Clock::new(zone), names, line, names_text })
    }

    /// What stands before the first line.
    pub(super) fn header(&self, out: &mut Vec<u8>) {
        if self.layout.bom {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        if self.layout.header {
            for (place, name) in self.names.iter().enumerate() {
                if place > 0 {
                    out.push(self.layout.separator);
                }
                out.extend_from_slice(name.as_bytes());
            }
            out.push(b'\n');
        }
    }

    /// Appends the line of the next packet.
    pub(super) fn line(&mut self, packet: &Packet<'_>, out: &mut Vec<u8>) {
        self.fields.read(packet);
        let line = &mut self.line;
        line.clear();
        let Layout { separator, quote, aggregator, .. } = self.layout;
        for (place, cell) in self.cells.iter().enumerate() {
            let values = match cell.kind {
                Kind::Repeated => &[],
                _ => self.fields.values(cell.column),
            };
            // What stands before a value goes in one piece.
            match (place > 0, quote.filter(|_| !values.is_empty())) {
                (true, None) => line.push([separator]),
                (true, Some(quote)) => line.push([separator, quote]),
                (false, Some(quote)) => line.push([quote]),
                (false, None) => {}
            }
            let Some((first, others)) = values.split_first() else { continue };
            match (cell.kind, *first) {
                (Kind::LocalTime, FieldValue::Time(time)) => self.clock.write(time, line),
                (Kind::Names, _) => {
                    self.names_text.clear();
                    self.fields.write(cell.column, "", &mut self.names_text);
                    line.extend(&self.names_text);
                }
                (_, first) => {
                    line.put(|room| cell.field.text(first, room));
                    for value in others {
                        line.push([aggregator]);
                        line.put(|room| cell.field.text(*value, room));
                    }
                }
            }
            if let Some(quote) = quote {
                line.push([quote]);
            }
        }
        line.push([b'\n']);
        out.extend_from_slice(line.bytes());
    }

    /// Goes on elsewhere in the file.
    pub(super) fn resume(&mut self, times: FrameTimes) {
        self.fields.resume(times);
    }

    /// How many fragments of datagrams were met: only they make lines depend on packets before.
    pub(super) fn fragments(&self) -> u64 {
        self.fields.fragments()
    }
}
