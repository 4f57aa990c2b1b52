//! What of a batch of flows or packets makes a conversation: which columns, which rows, what they add.

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt8Type, UInt16Type};
use arrow_array::{Array, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use super::columns::{Times, column, counts, present, times};
use crate::error::{ErrorKind, Result};
use crate::schema::Projection;

/// What the ends of a conversation are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConversationKind {
    /// IP addresses of either family, of the outermost IP header.
    Any,
    /// IPv4 addresses, of the outermost IPv4 header.
    Ip,
    /// IPv6 addresses, of the outermost IPv6 header.
    Ipv6,
    /// Ethernet addresses. Flows have none.
    Eth,
    /// IP addresses and ports of TCP, where the outermost IP header carries it.
    Tcp,
    /// IP addresses and ports of UDP, likewise.
    Udp,
}

impl ConversationKind {
    /// The columns of source and destination in flows, and in packets.
    pub(super) fn addresses(self) -> [[&'static str; 2]; 2] {
        const IP: [&str; 2] = ["sip", "dip"];
        match self {
            Self::Any | Self::Tcp | Self::Udp => [IP, IP],
            Self::Ip => [IP, ["ip_src", "ip_dst"]],
            Self::Ipv6 => [IP, ["ipv6_src", "ipv6_dst"]],
            Self::Eth => [["eth_src", "eth_dst"]; 2],
        }
    }

    /// The protocol whose ports belong to the ends.
    pub(super) fn protocol(self) -> Option<u8> {
        match self {
            Self::Tcp => Some(6),
            Self::Udp => Some(17),
            _ => None,
        }
    }

    pub(super) fn width(self) -> usize {
        if self == Self::Eth { 6 } else { 16 }
    }

    /// The columns of flows, and of packets, that make such conversations.
    pub(super) fn projection(self) -> Result<Projection> {
        let [of_flows, of_packets] = self.addresses();
        let ports: &[&str] = if self.protocol().is_some() { &["sport", "dport", "protocol"] } else { &[] };
        let columns = |addresses: [&'static str; 2], rest: &[&'static str]| {
            addresses.iter().chain(ports).chain(rest).copied().collect::<Vec<_>>()
        };
        Projection::by_table(
            columns(of_flows, &["packets", "bytes", "stime", "etime"]),
            columns(of_packets, &["bytes", "stime"]),
        )
    }
}

/// One side of the rows of a batch: addresses, and ports where they belong to the ends.
pub(super) struct Addresses<'a> {
    bytes: &'a [u8],
    nulls: Option<&'a NullBuffer>,
    ports: Option<(&'a [u16], Option<&'a NullBuffer>)>,
}

impl<'a> Addresses<'a> {
    pub(super) fn new(
        kind: ConversationKind,
        batch: &'a RecordBatch,
        name: &str,
        port: &str,
    ) -> Result<Self> {
        let array = column(batch, name)?;
        let wrong = |name: &str, expected, found: &DataType| ErrorKind::ColumnType {
            name: name.to_owned(),
            expected,
            found: found.clone(),
        };
        let found = array.as_fixed_size_binary_opt().filter(|array| array.value_size() == kind.width());
        let bytes = found.ok_or_else(|| wrong(name, "addresses", array.data_type()))?.value_data();
        let ports = match kind.protocol() {
            None => None,
            Some(_) => {
                let array = column(batch, port)?;
                let values = array.as_primitive_opt::<UInt16Type>();
                let values = values.ok_or_else(|| wrong(port, "UInt16", array.data_type()))?;
                Some((values.values().as_ref(), present(array)))
            }
        };
        Ok(Self { bytes, nulls: present(array), ports })
    }

    pub(super) fn of<const W: usize>(&self) -> &'a [[u8; W]] {
        self.bytes.as_chunks::<W>().0
    }

    pub(super) fn port(&self, row: usize) -> Option<u16> {
        self.ports.and_then(|(values, _)| values.get(row).copied())
    }
}

/// Which rows are of a conversation.
pub(super) struct Wanted<'a> {
    nulls: Option<NullBuffer>,
    protocols: Option<(&'a [u8], u8)>,
    /// Of columns that hold both families: the addresses, and whether IPv4 is wanted.
    family: Option<([&'a [[u8; 16]]; 2], bool)>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(
        kind: ConversationKind,
        names: [&str; 2],
        batch: &'a RecordBatch,
        ends: &[Addresses<'a>; 2],
    ) -> Result<Self> {
        let mut nulls = None;
        for end in ends {
            let ports = end.ports.and_then(|(_, nulls)| nulls);
            for more in [end.nulls, ports] {
                nulls = NullBuffer::union(nulls.as_ref(), more);
            }
        }
        let mut protocols = None;
        if let Some(wanted) = kind.protocol() {
            let array = column(batch, "protocol")?;
            let values = array.as_primitive_opt::<UInt8Type>().ok_or_else(|| ErrorKind::ColumnType {
                name: "protocol".to_owned(),
                expected: "UInt8",
                found: array.data_type().clone(),
            })?;
            nulls = NullBuffer::union(nulls.as_ref(), present(array));
            protocols = Some((values.values().as_ref(), wanted));
        }
        let of_both = names == ["sip", "dip"];
        let family = match kind {
            ConversationKind::Ip | ConversationKind::Ipv6 if of_both => {
                Some(([ends[0].of(), ends[1].of()], kind == ConversationKind::Ip))
            }
            _ => None,
        };
        Ok(Self { nulls, protocols, family })
    }

    pub(super) fn has(&self, row: usize) -> bool {
        let is_mapped = |address: &[u8; 16]| u128::from_be_bytes(*address) >> 32 == 0xffff;
        self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
            && self.protocols.is_none_or(|(values, wanted)| values[row] == wanted)
            && self.family.is_none_or(|(ends, ipv4)| ends.iter().all(|end| is_mapped(&end[row]) == ipv4))
    }
}

/// What the rows of a batch add.
pub(super) struct RowValues<'a> {
    packets: Option<(&'a [i64], Option<&'a NullBuffer>)>,
    bytes: (&'a [i64], Option<&'a NullBuffer>),
    begins: Times<'a>,
    ends: Option<Times<'a>>,
}

impl<'a> RowValues<'a> {
    pub(super) fn new(batch: &'a RecordBatch) -> Result<Self> {
        let has = |name: &str| batch.schema_ref().column_with_name(name).is_some();
        Ok(Self {
            packets: if has("packets") { Some(counts(batch, "packets")?) } else { None },
            bytes: counts(batch, "bytes")?,
            begins: times(batch, "stime")?,
            ends: if has("etime") { Some(times(batch, "etime")?) } else { None },
        })
    }

    pub(super) fn packets(&self, row: usize) -> i64 {
        self.packets.map_or(1, |(values, nulls)| value(values, nulls, row).unwrap_or(0))
    }

    pub(super) fn bytes(&self, row: usize) -> i64 {
        value(self.bytes.0, self.bytes.1, row).unwrap_or(0)
    }

    /// From when to when.
    pub(super) fn span(&self, row: usize) -> Option<(i64, i64)> {
        let begin = value(self.begins.ticks, self.begins.nulls, row)?;
        let end = self.ends.as_ref().and_then(|ends| value(ends.ticks, ends.nulls, row));
        Some((begin, end.unwrap_or(begin)))
    }
}

#[inline]
fn value(values: &[i64], nulls: Option<&NullBuffer>, row: usize) -> Option<i64> {
    if nulls.is_some_and(|nulls| nulls.is_null(row)) { None } else { values.get(row).copied() }
}
