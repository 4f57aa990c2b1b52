//! Rows of text (semantics 4.2): titles, columns or delimited values.

use std::sync::Arc;

use silk_format::{Column, SiteConfig};

use super::addresses::IpFormat;
use super::fields::{Kind, Names};
use super::maps::{Maps, ip};
use super::rows::{Ipv6Policy, Rows};
use super::text::Text;
use super::times::{TimeFormat, TimeWriter, write_duration};

/// How rows are laid out and values written.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) titles: bool,
    /// Pad values to the width of their column.
    pub(crate) columns: bool,
    pub(crate) separator: u8,
    pub(crate) final_delimiter: bool,
    pub(crate) integer_sensors: bool,
    pub(crate) integer_tcp_flags: bool,
    /// Type and code in the port columns.
    pub(crate) icmp_in_ports: bool,
    pub(crate) time: TimeFormat,
    pub(crate) ip: IpFormat,
    pub(crate) policy: Ipv6Policy,
    /// The widest that a column of a given map may be.
    pub(crate) map_width: Option<usize>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            titles: true,
            columns: true,
            separator: b'|',
            final_delimiter: true,
            integer_sensors: false,
            integer_tcp_flags: false,
            icmp_in_ports: false,
            time: TimeFormat::default(),
            ip: IpFormat::default(),
            policy: Ipv6Policy::Mix,
            map_width: None,
        }
    }
}

/// One column of the output.
#[derive(Debug, Clone)]
struct Cell {
    kind: Kind,
    width: usize,
    title: String,
    delimiter: Option<u8>,
}

/// The names of a site by id.
#[derive(Debug)]
struct SiteNames {
    /// Empty: no such sensor.
    sensors: Vec<Text>,
    classes: Vec<Text>,
    types: Vec<Text>,
}

impl SiteNames {
    fn new(site: Option<&SiteConfig>) -> Self {
        let mut sensors: Vec<Text> = Vec::new();
        for sensor in site.iter().flat_map(|site| site.sensors()) {
            sensors.resize_with(usize::from(sensor.id), Text::default);
            sensors.push(Text::from(sensor.name.as_str()));
        }
        let names = |id: u8| site.and_then(|site| site.class_type(id));
        let classes = (0..=u8::MAX).map(|id| Text::from(names(id).map_or("?", |names| names.0)));
        let types = (0..=u8::MAX).map(|id| match names(id) {
            Some((_, name)) => Text::from(name),
            None => Text::from(id.to_string().as_str()),
        });
        Self { sensors, classes: classes.collect(), types: types.collect() }
    }

    fn write_sensor(&self, out: &mut Text, id: u16) {
        match self.sensors.get(usize::from(id)) {
            _ if id == u16::MAX => out.push(b'?'),
            Some(name) if name.len() > 0 => out.append(name),
            _ => out.number(id.into()),
        }
    }
}

/// At least 3, and the longest name.
fn name_width<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(str::len).chain([3]).max().unwrap_or(3)
}

/// Writes rows. A clone of it does so on each thread.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    cells: Vec<Cell>,
    values: Writers,
}

/// What writing values takes, and remembers.
#[derive(Debug, Clone)]
struct Writers {
    layout: Layout,
    maps: Arc<Maps>,
    names: Arc<SiteNames>,
    start: TimeWriter,
    end: TimeWriter,
    /// For the fields that show milliseconds although the others do not.
    start_msec: TimeWriter,
    end_msec: TimeWriter,
}

impl Printer {
    pub(crate) fn new(
        fields: &[Kind],
        field_names: &Names,
        layout: Layout,
        site: Option<&SiteConfig>,
        maps: Maps,
    ) -> Self {
        let cell = |(i, &kind): (usize, &Kind)| Cell {
            kind,
            width: width(kind, &layout, site, &maps),
            title: field_names.title(kind).to_owned(),
            delimiter: (layout.final_delimiter || i + 1 < fields.len()).then_some(layout.separator),
        };
        let cells = fields.iter().enumerate().map(cell).collect();
        let writer = |msec| TimeWriter::new(TimeFormat { msec, ..layout.time });
        let msec = layout.time.msec;
        let values = Writers {
            names: Arc::new(SiteNames::new(site)),
            maps: Arc::new(maps),
            start: writer(msec),
            end: writer(msec),
            start_msec: writer(true),
            end_msec: writer(true),
            layout,
        };
        Self { cells, values }
    }

    /// The stored columns that the rows are made of.
    pub(crate) fn columns(&self) -> impl Iterator<Item = Column> {
        let icmp: &[Column] = if self.values.layout.icmp_in_ports { Kind::Itype.columns() } else { &[] };
        self.cells.iter().flat_map(|cell| cell.kind.columns()).chain(icmp).copied()
    }

    /// The line of titles, unless there is none. A title longer than its column is cut.
    pub(crate) fn titles(&self, out: &mut Text) {
        let layout = &self.values.layout;
        if !layout.titles {
            return;
        }
        for cell in &self.cells {
            let start = out.len();
            out.extend(cell.title.as_bytes());
            if layout.columns {
                out.truncate(start + cell.width);
                out.justify(start, cell.width);
            }
            out.extend(cell.delimiter.as_slice());
        }
        out.push(b'\n');
    }

    /// One line per row.
    pub(crate) fn rows(&mut self, out: &mut Text, rows: &Rows<'_>, which: &[usize]) {
        let columns = self.values.layout.columns;
        for &row in which {
            for cell in &self.cells {
                let start = out.len();
                self.values.write(out, cell.kind, rows, row);
                if columns {
                    out.justify(start, cell.width);
                }
                if let Some(delimiter) = cell.delimiter {
                    out.push(delimiter);
                }
            }
            out.push(b'\n');
        }
    }
}

impl Writers {
    #[inline(always)]
    fn write(&mut self, out: &mut Text, kind: Kind, rows: &Rows<'_>, row: usize) {
        let layout = &self.layout;
        match kind {
            Kind::Sip => layout.ip.write(out, &rows.sip[row], rows.is_ipv6(row)),
            Kind::Dip => layout.ip.write(out, &rows.dip[row], rows.is_ipv6(row)),
            Kind::Nhip => layout.ip.write(out, &rows.nhip[row], rows.is_ipv6(row)),
            Kind::Sport => match layout.icmp_in_ports.then(|| rows.icmp(row)).flatten() {
                Some([icmp_type, _]) => out.number(icmp_type.into()),
                None => out.number(rows.sport[row].into()),
            },
            Kind::Dport => match layout.icmp_in_ports.then(|| rows.icmp(row)).flatten() {
                Some([_, icmp_code]) => out.number(icmp_code.into()),
                None => out.number(rows.dport[row].into()),
            },
            Kind::Protocol => out.number(rows.protocol[row].into()),
            Kind::Packets => out.number(rows.packets[row]),
            Kind::Bytes => out.number(rows.bytes[row]),
            Kind::Flags => write_flags(out, rows.flags[row], layout),
            Kind::InitialFlags => write_flags(out, rows.initial_flags[row], layout),
            Kind::SessionFlags => write_flags(out, rows.session_flags[row], layout),
            Kind::Attributes => write_attributes(out, rows.attributes[row], layout.columns),
            Kind::Stime => self.start.write(out, rows.stime[row]),
            Kind::StimeMsec if layout.time.msec => self.start.write(out, rows.stime[row]),
            Kind::StimeMsec => self.start_msec.write(out, rows.stime[row]),
            Kind::Etime => self.end.write(out, rows.etime[row]),
            Kind::EtimeMsec if layout.time.msec => self.end.write(out, rows.etime[row]),
            Kind::EtimeMsec => self.end_msec.write(out, rows.etime[row]),
            Kind::Duration => write_duration(out, rows.duration[row], layout.time.msec),
            Kind::DurMsec => write_duration(out, rows.duration[row], true),
            Kind::Sensor if !layout.integer_sensors => self.names.write_sensor(out, rows.sensor[row]),
            Kind::Sensor => match rows.sensor[row] {
                u16::MAX => out.extend(b"-1"),
                id => out.number(id.into()),
            },
            Kind::Class => out.append(&self.names.classes[usize::from(rows.flowtype[row])]),
            Kind::Type => out.append(&self.names.types[usize::from(rows.flowtype[row])]),
            Kind::In => out.number(rows.input[row].into()),
            Kind::Out => out.number(rows.output[row].into()),
            Kind::Application => out.number(rows.application[row].into()),
            Kind::Itype => {
                if let Some([icmp_type, _]) = rows.icmp(row) {
                    out.number(icmp_type.into());
                }
            }
            Kind::Icode => {
                if let Some([_, icmp_code]) = rows.icmp(row) {
                    out.number(icmp_code.into());
                }
            }
            Kind::Stype => self.maps.write_address_type(out, ip(&rows.sip[row], rows.is_ipv6(row))),
            Kind::Dtype => self.maps.write_address_type(out, ip(&rows.dip[row], rows.is_ipv6(row))),
            Kind::Scc => self.maps.write_country(out, ip(&rows.sip[row], rows.is_ipv6(row))),
            Kind::Dcc => self.maps.write_country(out, ip(&rows.dip[row], rows.is_ipv6(row))),
            Kind::MapSource(map) => {
                let address = ip(&rows.sip[row], rows.is_ipv6(row));
                self.maps.write_label(out, map, address, rows.protocol[row], rows.sport[row]);
            }
            Kind::MapDestination(map) => {
                let address = ip(&rows.dip[row], rows.is_ipv6(row));
                self.maps.write_label(out, map, address, rows.protocol[row], rows.dport[row]);
            }
            // Was replaced by its two columns.
            Kind::IcmpTypeCode => {}
        }
    }
}

/// The table of semantics 4.1.
fn width(kind: Kind, layout: &Layout, site: Option<&SiteConfig>, maps: &Maps) -> usize {
    match kind {
        Kind::Sip | Kind::Dip | Kind::Nhip => layout.ip.width(layout.policy.shows_ipv6()),
        Kind::Sport | Kind::Dport | Kind::In | Kind::Out | Kind::Application => 5,
        Kind::Protocol | Kind::Itype | Kind::Icode | Kind::IcmpTypeCode | Kind::Scc | Kind::Dcc => 3,
        Kind::Packets | Kind::Bytes => 10,
        Kind::Flags | Kind::InitialFlags | Kind::SessionFlags if layout.integer_tcp_flags => 3,
        Kind::Flags | Kind::InitialFlags | Kind::SessionFlags | Kind::Attributes => 8,
        Kind::Stime | Kind::Etime => layout.time.width(),
        Kind::StimeMsec | Kind::EtimeMsec => TimeFormat { msec: true, ..layout.time }.width(),
        Kind::Duration if !layout.time.msec => 5,
        Kind::Duration | Kind::DurMsec => 9,
        Kind::Sensor if layout.integer_sensors => 5,
        Kind::Sensor => name_width(site.iter().flat_map(|site| site.sensors()).map(|s| s.name.as_str())),
        Kind::Class => name_width(site.iter().flat_map(|site| site.classes()).map(|c| c.name.as_str())),
        Kind::Type => name_width(site.iter().flat_map(|site| site.flowtypes()).map(|t| t.name)),
        Kind::Stype | Kind::Dtype => 1,
        Kind::MapSource(map) | Kind::MapDestination(map) => {
            let width = maps.width(map);
            layout.map_width.map_or(width, |limit| width.min(limit))
        }
    }
}

/// Letters of flags with the places that they have in a column, and the letters alone, for every value.
struct Letters {
    placed: [[u8; 8]; 256],
    compact: [([u8; 8], u8); 256],
}

/// `order` lists the bits as they are printed.
const fn letters(order: &[(u8, u8)]) -> Letters {
    let mut all = Letters { placed: [[b' '; 8]; 256], compact: [([0; 8], 0); 256] };
    let mut value = 0;
    while value < 256 {
        let mut place = 0;
        let mut len = 0;
        while place < order.len() {
            let (bit, letter) = order[place];
            if value & bit as usize != 0 {
                all.placed[value][place] = letter;
                all.compact[value].0[len] = letter;
                len += 1;
            }
            place += 1;
        }
        all.compact[value].1 = len as u8;
        value += 1;
    }
    all
}

static FLAGS: Letters = letters(&[
    (0x01, b'F'),
    (0x02, b'S'),
    (0x04, b'R'),
    (0x08, b'P'),
    (0x10, b'A'),
    (0x20, b'U'),
    (0x40, b'E'),
    (0x80, b'C'),
]);
static ATTRIBUTES: Letters = letters(&[(0x20, b'T'), (0x40, b'C'), (0x08, b'F'), (0x10, b'S')]);

impl Letters {
    fn write(&self, out: &mut Text, value: u8, placed: bool) {
        let (letters, len) = match (placed, &self.compact[usize::from(value)]) {
            (true, _) => (&self.placed[usize::from(value)], 8),
            (false, (letters, len)) => (letters, usize::from(*len)),
        };
        out.short(letters, len);
    }
}

fn write_flags(out: &mut Text, flags: u8, layout: &Layout) {
    if layout.integer_tcp_flags {
        out.number(flags.into());
    } else {
        FLAGS.write(out, flags, layout.columns);
    }
}

fn write_attributes(out: &mut Text, attributes: u8, placed: bool) {
    ATTRIBUTES.write(out, attributes, placed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters_of(table: &Letters, value: u8) -> [String; 2] {
        [true, false].map(|placed| {
            let mut out = Text::default();
            table.write(&mut out, value, placed);
            String::from_utf8(out.as_bytes().to_vec()).unwrap()
        })
    }

    #[test]
    fn letters_have_places() {
        assert_eq!(letters_of(&FLAGS, 27), ["FS PA   ", "FSPA"]);
        assert_eq!(letters_of(&FLAGS, 255), ["FSRPAUEC", "FSRPAUEC"]);
        assert_eq!(letters_of(&ATTRIBUTES, 0x79), ["TCFS    ", "TCFS"]);
        assert_eq!(letters_of(&ATTRIBUTES, 0x11), ["   S    ", "S"]);
    }
}
