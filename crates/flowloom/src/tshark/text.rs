//! Packets to lines.

use std::sync::Arc;

use pcap_headers::{Field, FieldTable, FieldValue, Fields, FrameTimes, Packet};

use super::args::{Job, Layout};
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
        Ok(Self { cells, fields, layout: job.layout, clock: Clock::new(zone), names })
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
        let separator = self.layout.separator;
        for (place, cell) in self.cells.iter().enumerate() {
            let values = match cell.kind {
                Kind::Repeated => &[],
                _ => self.fields.values(cell.column),
            };
            // What stands before a value goes in one piece.
            match (place > 0, self.layout.quote.filter(|_| !values.is_empty())) {
                (true, None) => out.push(separator),
                (true, Some(quote)) => out.extend_from_slice(&[separator, quote]),
                (false, quote) => out.extend(quote),
            }
            match (cell.kind, values) {
                (_, []) => continue,
                (Kind::LocalTime, [FieldValue::Time(time)]) => self.clock.write_local(*time, out),
                (Kind::Epoch, [FieldValue::Time(time)]) => self.clock.write_epoch(*time, out),
                (_, [value]) => cell.field.write(*value, out),
                _ => self.fields.write(cell.column, [self.layout.aggregator], out),
            }
            if let Some(quote) = self.layout.quote {
                out.push(quote);
            }
        }
        out.push(b'\n');
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
