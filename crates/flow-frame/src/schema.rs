//! The tables of columns, of flows and of packets: names, Arrow types, units, meanings, nulls. Schemas, projections and
//! `docs/schema.md` all derive from them.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, TimeUnit};
use silk_format::Column;

use crate::error::{Error, ErrorKind};
use crate::flow_table::{MADE_FLOW_COLUMNS, MadeColumn};
use crate::packet_columns;
pub use crate::packet_columns::PACKET_COLUMNS;
pub use crate::projection::Projection;

/// The version of the table; it grows when a column's name, type or meaning changes.
pub const SCHEMA_VERSION: &str = "1";
/// Schema metadata key of [`SCHEMA_VERSION`].
pub const VERSION_KEY: &str = "flowloom.schema_version";
/// Schema metadata key of the program that made the columns.
pub const PRODUCER_KEY: &str = "flowloom.producer";
/// Schema metadata key of the input's name.
pub const SOURCE_KEY: &str = "flowloom.source";
/// Schema metadata key of the input's format, such as `FT_RWIPV6ROUTING v1`.
pub const FORMAT_KEY: &str = "flowloom.source_format";
/// Name of the Arrow extension type of addresses: 16 bytes in network order, IPv4 as `::ffff:a.b.c.d`.
pub const IP_EXTENSION: &str = "flowloom.ip";
/// Name of the Arrow extension type of hardware addresses: 6 bytes.
pub const MAC_EXTENSION: &str = "flowloom.mac";

/// The Arrow type of a column, with what belongs to it in the field's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnType {
    /// Timestamp(ms, UTC).
    Timestamp,
    /// Timestamp(ns, UTC).
    TimestampNs,
    /// Int64 with metadata `unit=ms`.
    DurationMs,
    /// Int64 with metadata `unit=ns`.
    DurationNs,
    /// FixedSizeBinary(16), extension [`IP_EXTENSION`].
    Ip,
    /// FixedSizeBinary(6), extension [`MAC_EXTENSION`].
    Mac,
    /// Boolean.
    Bool,
    /// UInt8.
    U8,
    /// UInt16.
    U16,
    /// UInt32.
    U32,
    /// UInt64.
    U64,
    /// Int64.
    I64,
    /// Dictionary(Int32, Utf8).
    Text,
    /// Utf8.
    Utf8,
}

impl ColumnType {
    /// The Arrow data type.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some(Arc::from("UTC"))),
            Self::TimestampNs => DataType::Timestamp(TimeUnit::Nanosecond, Some(Arc::from("UTC"))),
            Self::DurationMs | Self::DurationNs | Self::I64 => DataType::Int64,
            Self::Ip => DataType::FixedSizeBinary(16),
            Self::Mac => DataType::FixedSizeBinary(6),
            Self::Bool => DataType::Boolean,
            Self::U8 => DataType::UInt8,
            Self::U16 => DataType::UInt16,
            Self::U32 => DataType::UInt32,
            Self::U64 => DataType::UInt64,
            Self::Utf8 => DataType::Utf8,
            Self::Text => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        }
    }

    fn metadata(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::DurationMs => Some(("unit", "ms")),
            Self::DurationNs => Some(("unit", "ns")),
            Self::Ip => Some((EXTENSION_TYPE_NAME_KEY, IP_EXTENSION)),
            Self::Mac => Some((EXTENSION_TYPE_NAME_KEY, MAC_EXTENSION)),
            _ => None,
        }
    }

    /// A field of this type.
    pub(crate) fn named(self, name: &str, nullable: bool) -> Field {
        let field = Field::new(name, self.data_type(), nullable);
        match self.metadata() {
            Some((key, value)) => field.with_metadata(HashMap::from([(key.to_owned(), value.to_owned())])),
            None => field,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Timestamp => "Timestamp(ms, UTC)",
            Self::TimestampNs => "Timestamp(ns, UTC)",
            Self::DurationMs => "Int64, metadata `unit=ms`",
            Self::DurationNs => "Int64, metadata `unit=ns`",
            Self::Ip => "FixedSizeBinary(16), extension `flowloom.ip`",
            Self::Mac => "FixedSizeBinary(6), extension `flowloom.mac`",
            Self::Bool => "Boolean",
            Self::U8 => "UInt8",
            Self::U16 => "UInt16",
            Self::U32 => "UInt32",
            Self::U64 => "UInt64",
            Self::I64 => "Int64",
            Self::Utf8 => "Utf8",
            Self::Text => "Dictionary(Int32, Utf8)",
        }
    }
}

/// A column of names that the site configuration (`silk.conf`) gives to stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derived {
    /// The name of `sensor_id`.
    Sensor,
    /// The class of `classtype_id`.
    Class,
    /// The type of `classtype_id`.
    Type,
}

/// Where the values of a column come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Every record has it, under this name in `silk_format`.
    Stored(Column),
    /// Text derived from a stored number.
    Derived(Derived),
    /// Packets have it, under this name in `pcap_headers`.
    Packet(pcap_headers::Column),
}

/// The tables of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Table {
    /// A row is a flow.
    #[default]
    Flows,
    /// A row is a packet.
    Packets,
}

impl Table {
    /// Its columns, in their order.
    #[must_use]
    pub const fn columns(self) -> &'static [FlowColumn] {
        match self {
            Self::Flows => &FLOW_COLUMNS,
            Self::Packets => &PACKET_COLUMNS,
        }
    }

    /// The column with this name or alias.
    #[must_use]
    pub fn column(self, name: &str) -> Option<&'static FlowColumn> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, target)| target);
        self.columns().iter().find(|column| column.name == name)
    }

    /// What its rows are called: `flows`, `packets`.
    #[must_use]
    pub const fn rows(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Packets => "packets",
        }
    }
}

/// One row of a table of columns, of flows or of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowColumn {
    /// The name, as PySiLK has it; of packets as tshark has it, with `_` for `.`.
    pub name: &'static str,
    /// The Arrow type.
    pub kind: ColumnType,
    /// Unit and meaning.
    pub meaning: &'static str,
    /// When the value is null; `None`: never.
    pub null_when: Option<&'static str>,
    /// Where the values come from.
    pub source: Source,
}

const fn stored(
    column: Column,
    kind: ColumnType,
    meaning: &'static str,
    null_when: Option<&'static str>,
) -> FlowColumn {
    FlowColumn { name: column.name(), kind, meaning, null_when, source: Source::Stored(column) }
}

const fn derived(name: &'static str, source: Derived, meaning: &'static str) -> FlowColumn {
    FlowColumn {
        name,
        kind: ColumnType::Text,
        meaning,
        null_when: Some("the number is null, or the site configuration has no name for it"),
        source: Source::Derived(source),
    }
}

const NO_FIELD: Option<&str> = Some("the layout has none");
const NO_FLAGS: Option<&str> = Some("the record has no separate flags");
const NOT_ICMP: Option<&str> = Some("the flow is not ICMP: protocol 1, or 58 of an IPv6 flow");

/// The table. "All columns" means the stored ones; derived text is made only when asked for.
pub const FLOW_COLUMNS: [FlowColumn; 27] = [
    stored(Column::Stime, ColumnType::Timestamp, "time of the first packet", None),
    stored(Column::Etime, ColumnType::Timestamp, "time of the last packet", None),
    stored(Column::Duration, ColumnType::DurationMs, "etime − stime, in milliseconds", None),
    stored(Column::Sip, ColumnType::Ip, "source address; IPv4 as `::ffff:a.b.c.d`", None),
    stored(Column::Dip, ColumnType::Ip, "destination address; IPv4 as `::ffff:a.b.c.d`", None),
    stored(
        Column::Nhip,
        ColumnType::Ip,
        "address of the next hop; IPv4 as `::ffff:a.b.c.d`",
        Some("the layout has no next hop"),
    ),
    stored(
        Column::IsIpv6,
        ColumnType::Bool,
        "the record itself is IPv6 (a mapped address may be in either)",
        None,
    ),
    stored(Column::Sport, ColumnType::U16, "source port as stored", None),
    stored(Column::Dport, ColumnType::U16, "destination port as stored (ICMP: type · 256 + code)", None),
    stored(Column::Protocol, ColumnType::U8, "IP protocol number", None),
    stored(Column::Packets, ColumnType::I64, "packets; a stored count ≥ 2^63 is a refused row", None),
    stored(Column::Bytes, ColumnType::I64, "bytes; a stored count ≥ 2^63 is a refused row", None),
    stored(
        Column::Tcpflags,
        ColumnType::U8,
        "TCP flags of all packets: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128",
        None,
    ),
    stored(Column::InitialTcpflags, ColumnType::U8, "TCP flags of the first packet", NO_FLAGS),
    stored(Column::SessionTcpflags, ColumnType::U8, "TCP flags of all packets but the first", NO_FLAGS),
    stored(
        Column::Attributes,
        ColumnType::U8,
        "SiLK attribute bits: S 0x10 (packets of one size), T 0x20 (ended by a timeout), C 0x40 (continues one), F 0x08 (packets after FIN)",
        NO_FIELD,
    ),
    stored(
        Column::Application,
        ColumnType::U16,
        "application as a port number, as the sensor guessed it",
        NO_FIELD,
    ),
    stored(Column::SensorId, ColumnType::U16, "number of the sensor", Some("65535")),
    stored(Column::ClasstypeId, ColumnType::U8, "number of the class and type (flow type)", Some("255")),
    stored(Column::Input, ColumnType::U32, "SNMP interface or VLAN at which the flow came in", NO_FIELD),
    stored(Column::Output, ColumnType::U32, "SNMP interface or VLAN at which the flow went out", NO_FIELD),
    stored(Column::Icmptype, ColumnType::U8, "ICMP type, from dport", NOT_ICMP),
    stored(Column::Icmpcode, ColumnType::U8, "ICMP code, from dport", NOT_ICMP),
    stored(Column::Memo, ColumnType::U16, "a number for the collector's own use", NO_FIELD),
    derived("sensor", Derived::Sensor, "name of `sensor_id`"),
    derived("class", Derived::Class, "class of `classtype_id`"),
    derived("type", Derived::Type, "type of `classtype_id`"),
];

/// The fields of the articles' JSON lines in their order; `timestamp` is `stime`.
pub(crate) const ARTICLE: [&str; 18] = [
    "timestamp",
    "stime",
    "etime",
    "icmpcode",
    "sip",
    "protocol",
    "output",
    "packets",
    "bytes",
    "application",
    "sensor_id",
    "classtype_id",
    "nhip",
    "input",
    "icmptype",
    "dip",
    "sport",
    "dport",
];

/// Other names of columns.
pub(crate) const ALIASES: [(&str, &str); 3] =
    [("timestamp", "stime"), ("frame_time", "frame_time_epoch"), ("cap_len", "frame_cap_len")];

impl FlowColumn {
    /// The column with this name or alias: of flows if they have one, else of packets.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Table::Flows.column(name).or_else(|| Table::Packets.column(name))
    }

    /// Whether `all` means it too: it is neither made of others nor costs more than they do.
    pub(crate) fn is_in_all(&self) -> bool {
        use pcap_headers::Column;
        match self.source {
            Source::Stored(_) => true,
            Source::Derived(_) | Source::Packet(Column::FrameProtocols) => false,
            Source::Packet(_) => Table::Flows.column(self.name).is_none(),
        }
    }

    /// Whether the column can hold nulls.
    #[must_use]
    pub const fn nullable(&self) -> bool {
        self.null_when.is_some()
    }

    /// The Arrow field of the column under another name.
    pub(crate) fn field(&self, name: &str) -> Field {
        self.kind.named(name, self.nullable())
    }
}

pub(crate) fn unknown_column(name: &str) -> Error {
    ErrorKind::UnknownColumn { name: name.to_owned(), near: near_names(name) }.into()
}

/// Names of columns that someone who typed `name` may have meant, nearest first.
pub(crate) fn near_names(name: &str) -> Vec<&'static str> {
    near(name, FLOW_COLUMNS.iter().chain(&PACKET_COLUMNS).map(|column| column.name))
}

/// Those of some names that someone who typed `name` may have meant, nearest first.
pub(crate) fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let typed: Vec<char> = name.to_lowercase().chars().take(32).collect();
    let mut near: Vec<(usize, &'a str)> = known
        .map(|known| (edits(&typed, &known.to_lowercase()), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 3)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The least number of insertions, deletions and replacements between two words.
fn edits(a: &[char], b: &str) -> usize {
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, cb) in b.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        row[0] = left;
        for (cell, ca) in row.iter_mut().skip(1).zip(a) {
            let above = *cell;
            *cell = (diagonal + usize::from(*ca != cb)).min(above + 1).min(left + 1);
            diagonal = above;
            left = *cell;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The tables as a Markdown page (`docs/schema.md`).
#[must_use]
pub fn to_markdown() -> String {
    let mut page = String::from(
        "# Columns of flows and of packets\n\n\
         Generated from `FLOW_COLUMNS` and `PACKET_COLUMNS` of the crate `flow-frame`; do not edit.\n\
         `FLOWLOOM_BLESS=1 cargo test -p flow-frame` rewrites it.\n\n\
         Null means \"the source does not say\"; zero is a value.\n\n\
         ## Flows\n\n",
    );
    let known = |column: &FlowColumn| (column.name, column.kind, column.meaning, column.null_when);
    write_table(&mut page, FLOW_COLUMNS.iter().map(known));
    page.push_str(
        "\nThe last three are derived: they are made only when a projection names them.\n\n\
         ## Flows made of packets\n\n\
         They have the columns of flows, null where a capture does not say (`flows.md`), and these; those named `reverse_` only if \
         they are bidirectional.\n\n",
    );
    let made = |column: &MadeColumn| (column.name, column.kind, column.meaning, column.null_when);
    write_table(&mut page, MADE_FLOW_COLUMNS.iter().map(made));
    page.push_str(
        "\n\
         ## Packets\n\n\
         Of captures (pcap, pcapng) and of CSV files that tshark wrote. Columns of tshark's fields are named as tshark names \
         them, with `_` for `.`; of several headers of a kind the outermost counts, field by field. Every packet is decoded by \
         itself: what only a datagram put together from fragments would show is null, where `flowloom tshark` prints it with \
         the last fragment. Times are the true ones; where tshark prints an overflown fraction of a second, they are carried.\n\n",
    );
    write_table(&mut page, PACKET_COLUMNS.iter().map(known));
    let _ = write!(
        page,
        "\n`cap_len` is another name of `frame_cap_len`, `frame_time` of `frame_time_epoch`.\n\n\
         ## Named projections\n\n\
         | name | columns of flows | columns of packets |\n|---|---|---|\n\
         | the default | as `all` | `{}` |\n\
         | `all` | every stored column, in the order above | all but `frame_protocols` and those that flows have too |\n\
         | `article` | `{}`, where `timestamp` is `stime` | `{}` |\n\n\
         ## Metadata\n\n\
         | where | key | value |\n|---|---|---|\n\
         | schema | `{VERSION_KEY}` | `{SCHEMA_VERSION}` |\n\
         | schema | `{PRODUCER_KEY}` | name and version of the crate that made the columns |\n\
         | schema | `{SOURCE_KEY}` | name of the input |\n\
         | schema | `{FORMAT_KEY}` | format and record version of the input |\n\
         | fields of IP addresses | `{EXTENSION_TYPE_NAME_KEY}` | `{IP_EXTENSION}` |\n\
         | fields of hardware addresses | `{EXTENSION_TYPE_NAME_KEY}` | `{MAC_EXTENSION}` |\n\
         | `duration` | `unit` | `ms` |\n\
         | `frame_time_delta`, `frame_time_relative` | `unit` | `ns` |\n",
        packet_columns::DEFAULT.join("` `"),
        ARTICLE.join("` `"),
        packet_columns::ARTICLE.join("` `")
    );
    page
}

/// Name, type, meaning, and when it is null.
type Line = (&'static str, ColumnType, &'static str, Option<&'static str>);

fn write_table(page: &mut String, columns: impl IntoIterator<Item = Line>) {
    page.push_str("| name | Arrow type | meaning | null when |\n|---|---|---|---|\n");
    for (name, kind, meaning, null_when) in columns {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `{name}` | {} | {meaning} | {} |", kind.text(), null_when.unwrap_or("–"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stored_column_stands_once() {
        let sources: Vec<Source> = FLOW_COLUMNS.iter().map(|c| c.source).collect();
        for column in Column::ALL {
            assert_eq!(sources.iter().filter(|s| **s == Source::Stored(column)).count(), 1, "{column:?}");
        }
        assert_eq!(Projection::default().columns().len(), 24);
    }

    #[test]
    fn fields_carry_unit_and_extension() {
        let schema = Projection::default().schema();
        assert_eq!(schema.field_with_name("sip").unwrap().extension_type_name(), Some(IP_EXTENSION));
        assert_eq!(schema.field_with_name("duration").unwrap().metadata()["unit"], "ms");
        assert_eq!(
            schema.field_with_name("stime").unwrap().data_type(),
            &DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
        );
        assert_eq!(schema.metadata()[VERSION_KEY], "1");
        assert!(schema.field_with_name("nhip").unwrap().is_nullable());
        assert!(!schema.field_with_name("dip").unwrap().is_nullable());
    }
}
