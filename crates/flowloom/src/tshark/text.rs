//! Packets to lines.

use std::sync::Arc;

use pcap_headers::{Field, FieldTable, FieldType, FieldValue, Fields, FrameTimes, Occurrence, Packet};

use super::args::{Job, Layout};
use super::line::Line;
use super::pieces::Maker;
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
    /// Whether there is a column of names, which has many values.
    has_names: bool,
    /// For the line that is being put together.
    memory: Vec<u8>,
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
    /// Seconds since the epoch.
    Epoch,
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
                "frame.time_epoch" => Kind::Epoch,
                _ => Kind::Plain,
            };
            cells.push(Cell { kind, field, column: used.len() });
            if !is_repeated {
                used.push(name.as_str());
            }
        }
        let fields = Fields::new(used, job.layout.occurrence).map_err(|error| error.to_string())?;
        let has_names = cells.iter().any(|cell: &Cell| cell.field.value_type() == FieldType::Names);
        let (clock, memory) = (Clock::new(zone), Vec::new());
        Ok(Self { cells, fields, layout: job.layout, clock, names, has_names, memory })
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
        let most = self.most_bytes();
        if self.memory.len() < most {
            self.memory.resize(most, 0);
        }
        let mut line = Line::new(&mut self.memory);
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
                (Kind::LocalTime, FieldValue::Time(time)) => self.clock.write_local(time, &mut line),
                (Kind::Epoch, FieldValue::Time(time)) => self.clock.write_epoch(time, cell.field, &mut line),
                (_, first @ FieldValue::Name(_)) => names(first, others, &mut line),
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

    /// More than the line of the packet that was read last can have.
    fn most_bytes(&self) -> usize {
        /// A value with what stands around it.
        const VALUE: usize = Field::ROOM + 3;
        let columns = self.cells.len() * VALUE + Field::ROOM + 1 + self.clock.most_bytes();
        if self.layout.occurrence != Occurrence::All && !self.has_names {
            return columns;
        }
        columns + self.cells.iter().map(|cell| self.fields.values(cell.column).len() * VALUE).sum::<usize>()
    }
}

impl Maker for Printer {
    type Made = Vec<u8>;
    const IS_APART: bool = false;

    fn take(&mut self, packet: &Packet<'_>, made: &mut Vec<u8>) {
        self.line(packet, made);
    }

    fn resume(&mut self, times: FrameTimes) {
        self.fields.resume(times);
    }

    fn fragments(&self) -> u64 {
        self.fields.fragments()
    }
}

/// The names of layers, joined by colons whatever the aggregator.
fn names(first: FieldValue, others: &[FieldValue], line: &mut Line<'_>) {
    let mut separator: &[u8] = b"";
    for value in [first].iter().chain(others) {
        if let FieldValue::Name(name) = value {
            line.extend(separator);
            line.extend(name.as_bytes());
            separator = b":";
        }
    }
}
