//! Packets to lines.

use std::sync::Arc;

use pcap_headers::{FieldValue, Fields, FrameTimes, Packet};

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
enum Cell {
    /// A column of the fields.
    Column(usize),
    /// The same, as a local time.
    LocalTime(usize),
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
            let is_repeated = names.iter().skip(place + 1).any(|later| later == name);
            cells.push(match name.as_str() {
                _ if is_repeated => Cell::Repeated,
                "frame.time" => Cell::LocalTime(used.len()),
                _ => Cell::Column(used.len()),
            });
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
        for (place, cell) in self.cells.iter().enumerate() {
            if place > 0 {
                out.push(self.layout.separator);
            }
            let (Cell::Column(column) | Cell::LocalTime(column)) = *cell else { continue };
            let values = self.fields.values(column);
            if values.is_empty() {
                continue;
            }
            out.extend(self.layout.quote);
            match (cell, values) {
                (Cell::LocalTime(_), [FieldValue::Time(time)]) => self.clock.write(*time, out),
                _ => self.fields.write(column, [self.layout.aggregator], out),
            }
            out.extend(self.layout.quote);
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
