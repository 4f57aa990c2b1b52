//! The columns of some hundred records at a time, and which of their rows are shown.

use silk_format::{Block, Column, ColumnBuf, Values};

/// Records read at a time: their columns stay in the second-level cache.
pub(crate) const CHUNK: usize = 1024;

/// `--ipv6-policy` (semantics 4.4): which records are seen at all, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ipv6Policy {
    Ignore,
    AsV4,
    Mix,
    Force,
    Only,
}

impl Ipv6Policy {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("ignore", Self::Ignore),
        ("asv4", Self::AsV4),
        ("mix", Self::Mix),
        ("force", Self::Force),
        ("only", Self::Only),
    ];

    /// Whether addresses of 128 bits may be printed.
    pub(crate) fn shows_ipv6(self) -> bool {
        matches!(self, Self::Mix | Self::Force | Self::Only)
    }

    /// Whether every record is seen.
    pub(crate) fn keeps_all(self) -> bool {
        matches!(self, Self::Mix | Self::Force)
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Mix | Self::Force => &[],
            Self::Ignore | Self::Only => &[Column::IsIpv6],
            Self::AsV4 => &[Column::IsIpv6, Column::Sip, Column::Dip, Column::Nhip],
        }
    }
}

/// Reads the columns that are needed, into buffers that are reused.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    policy: Ipv6Policy,
    columns: Vec<(Column, ColumnBuf)>,
    /// The rows that the policy keeps.
    kept: Vec<usize>,
}

impl Chunk {
    /// `columns` may name a column several times.
    pub(crate) fn new(columns: impl Iterator<Item = Column>, policy: Ipv6Policy) -> Self {
        let mut wanted: Vec<Column> = columns.chain(policy.columns().iter().copied()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let columns =
            wanted.into_iter().map(|column| (column, ColumnBuf::with_capacity(column, CHUNK))).collect();
        Self { policy, columns, kept: Vec::with_capacity(CHUNK) }
    }

    /// Reads all rows of `block`, at most [`CHUNK`], and tells which rows the policy keeps.
    pub(crate) fn read(&mut self, block: Block<'_>) -> (Rows<'_>, &[usize]) {
        self.columns.iter_mut().for_each(|(_, buffer)| buffer.clear());
        block.read_columns(&mut self.columns);
        let rows = Rows::new(&self.columns, self.policy);
        self.kept.clear();
        let policy = self.policy;
        self.kept.extend((0..block.len()).filter(|&row| rows.is_kept(row, policy)));
        (rows, &self.kept)
    }
}

/// The values of a chunk, row by row. A column that was not asked for is empty.
#[derive(Debug, Default)]
pub(crate) struct Rows<'a> {
    pub(crate) sip: &'a [[u8; 16]],
    pub(crate) dip: &'a [[u8; 16]],
    pub(crate) nhip: &'a [[u8; 16]],
    pub(crate) sport: &'a [u16],
    pub(crate) dport: &'a [u16],
    pub(crate) protocol: &'a [u8],
    pub(crate) packets: &'a [u64],
    pub(crate) bytes: &'a [u64],
    pub(crate) stime: &'a [i64],
    pub(crate) etime: &'a [i64],
    pub(crate) duration: &'a [i64],
    pub(crate) flags: &'a [u8],
    pub(crate) initial_flags: &'a [u8],
    pub(crate) session_flags: &'a [u8],
    pub(crate) attributes: &'a [u8],
    pub(crate) application: &'a [u16],
    pub(crate) sensor: &'a [u16],
    pub(crate) flowtype: &'a [u8],
    pub(crate) input: &'a [u32],
    pub(crate) output: &'a [u32],
    stored_ipv6: &'a [u8],
    /// What the policy makes of all records, unless they stay what they are.
    as_ipv6: Option<bool>,
}

impl<'a> Rows<'a> {
    fn new(columns: &'a [(Column, ColumnBuf)], policy: Ipv6Policy) -> Self {
        let as_ipv6 = match policy {
            Ipv6Policy::Mix => None,
            Ipv6Policy::Force | Ipv6Policy::Only => Some(true),
            Ipv6Policy::Ignore | Ipv6Policy::AsV4 => Some(false),
        };
        let mut rows = Self { as_ipv6, ..Self::default() };
        for (column, buffer) in columns {
            match (column, &buffer.values) {
                (Column::Sip, Values::Address(v)) => rows.sip = v,
                (Column::Dip, Values::Address(v)) => rows.dip = v,
                (Column::Nhip, Values::Address(v)) => rows.nhip = v,
                (Column::Sport, Values::U16(v)) => rows.sport = v,
                (Column::Dport, Values::U16(v)) => rows.dport = v,
                (Column::Protocol, Values::U8(v)) => rows.protocol = v,
                (Column::Packets, Values::U64(v)) => rows.packets = v,
                (Column::Bytes, Values::U64(v)) => rows.bytes = v,
                (Column::Stime, Values::I64(v)) => rows.stime = v,
                (Column::Etime, Values::I64(v)) => rows.etime = v,
                (Column::Duration, Values::I64(v)) => rows.duration = v,
                (Column::Tcpflags, Values::U8(v)) => rows.flags = v,
                (Column::InitialTcpflags, Values::U8(v)) => rows.initial_flags = v,
                (Column::SessionTcpflags, Values::U8(v)) => rows.session_flags = v,
                (Column::Attributes, Values::U8(v)) => rows.attributes = v,
                (Column::Application, Values::U16(v)) => rows.application = v,
                (Column::SensorId, Values::U16(v)) => rows.sensor = v,
                (Column::ClasstypeId, Values::U8(v)) => rows.flowtype = v,
                (Column::Input, Values::U32(v)) => rows.input = v,
                (Column::Output, Values::U32(v)) => rows.output = v,
                (Column::IsIpv6, Values::Bool(bits)) => rows.stored_ipv6 = bits.as_bytes(),
                _ => {}
            }
        }
        rows
    }

    fn is_stored_ipv6(&self, row: usize) -> bool {
        self.stored_ipv6.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 != 0)
    }

    /// Whether the record is shown as an IPv6 record.
    pub(crate) fn is_ipv6(&self, row: usize) -> bool {
        match self.as_ipv6 {
            Some(all) => all,
            None => self.is_stored_ipv6(row),
        }
    }

    /// ICMP type and code, if the record as shown is ICMP (file format 9).
    pub(crate) fn icmp(&self, row: usize) -> Option<[u8; 2]> {
        let is_icmp = match self.protocol[row] {
            1 => true,
            58 => self.is_ipv6(row),
            _ => false,
        };
        is_icmp.then(|| self.dport[row].to_be_bytes())
    }

    fn is_kept(&self, row: usize, policy: Ipv6Policy) -> bool {
        match policy {
            Ipv6Policy::Mix | Ipv6Policy::Force => true,
            Ipv6Policy::Ignore => !self.is_stored_ipv6(row),
            Ipv6Policy::Only => self.is_stored_ipv6(row),
            Ipv6Policy::AsV4 => !self.is_stored_ipv6(row) || self.fits_ipv4(row),
        }
    }

    /// Whether all addresses are IPv4-mapped; an absent next hop does not stand in the way.
    fn fits_ipv4(&self, row: usize) -> bool {
        let mapped = |address: &[u8; 16]| flow_frame::text::mapped_ipv4(address).is_some();
        mapped(&self.sip[row])
            && mapped(&self.dip[row])
            && (mapped(&self.nhip[row]) || self.nhip[row] == [0; 16])
    }
}
