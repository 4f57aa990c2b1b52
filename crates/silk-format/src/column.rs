//! The columns of a flow record and the buffers that they are read into.

use crate::bits::Bits;

/// A column of flow records; named as PySiLK names the attribute.
///
/// | column | values | null when |
/// |---|---|---|
/// | `Stime` `Etime` | `I64`, milliseconds since the Unix epoch | never |
/// | `Duration` | `I64`, milliseconds | never |
/// | `Sip` `Dip` | `Address`, IPv4 as `::ffff:a.b.c.d` | never |
/// | `Nhip` | `Address` | the layout has no next hop |
/// | `IsIpv6` | `Bool`, the record itself is IPv6 | never |
/// | `Sport` `Dport` | `U16`, ICMP type and code in `Dport` | never |
/// | `Protocol` | `U8` | never |
/// | `Packets` `Bytes` | `U64` | never |
/// | `Tcpflags` | `U8`, FIN 1 … CWR 128 | never |
/// | `InitialTcpflags` `SessionTcpflags` | `U8` | the record has no separate flags |
/// | `Attributes` | `U8`, the bits of spec 5.1 | the layout has none |
/// | `Application` | `U16` | the layout has none |
/// | `SensorId` `ClasstypeId` | `U16`, `U8` | 65535; 255 |
/// | `Input` `Output` | `U32`, SNMP interfaces | the layout has none |
/// | `Icmptype` `Icmpcode` | `U8`, from `Dport` | not ICMP |
/// | `Memo` | `U16` | the layout has none |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[allow(missing_docs, reason = "the table above documents every variant")]
pub enum Column {
    Stime,
    Etime,
    Duration,
    Sip,
    Dip,
    Nhip,
    IsIpv6,
    Sport,
    Dport,
    Protocol,
    Packets,
    Bytes,
    Tcpflags,
    InitialTcpflags,
    SessionTcpflags,
    Attributes,
    Application,
    SensorId,
    ClasstypeId,
    Input,
    Output,
    Icmptype,
    Icmpcode,
    Memo,
}

impl Column {
    /// Every column, in the order of the table.
    pub const ALL: [Self; 24] = [
        Self::Stime,
        Self::Etime,
        Self::Duration,
        Self::Sip,
        Self::Dip,
        Self::Nhip,
        Self::IsIpv6,
        Self::Sport,
        Self::Dport,
        Self::Protocol,
        Self::Packets,
        Self::Bytes,
        Self::Tcpflags,
        Self::InitialTcpflags,
        Self::SessionTcpflags,
        Self::Attributes,
        Self::Application,
        Self::SensorId,
        Self::ClasstypeId,
        Self::Input,
        Self::Output,
        Self::Icmptype,
        Self::Icmpcode,
        Self::Memo,
    ];

    /// The column's name in schemas, such as `initial_tcpflags`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stime => "stime",
            Self::Etime => "etime",
            Self::Duration => "duration",
            Self::Sip => "sip",
            Self::Dip => "dip",
            Self::Nhip => "nhip",
            Self::IsIpv6 => "is_ipv6",
            Self::Sport => "sport",
            Self::Dport => "dport",
            Self::Protocol => "protocol",
            Self::Packets => "packets",
            Self::Bytes => "bytes",
            Self::Tcpflags => "tcpflags",
            Self::InitialTcpflags => "initial_tcpflags",
            Self::SessionTcpflags => "session_tcpflags",
            Self::Attributes => "attributes",
            Self::Application => "application",
            Self::SensorId => "sensor_id",
            Self::ClasstypeId => "classtype_id",
            Self::Input => "input",
            Self::Output => "output",
            Self::Icmptype => "icmptype",
            Self::Icmpcode => "icmpcode",
            Self::Memo => "memo",
        }
    }
}

/// The values of a column, one per row, present or not (a null's value is what the record stores).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the element type says it")]
pub enum Values {
    I64(Vec<i64>),
    U64(Vec<u64>),
    U32(Vec<u32>),
    U16(Vec<u16>),
    U8(Vec<u8>),
    /// 16 bytes in network order, IPv4 as `::ffff:a.b.c.d`.
    Address(Vec<[u8; 16]>),
    Bool(Bits),
}

impl Values {
    fn with_capacity(column: Column, rows: usize) -> Self {
        match column {
            Column::Stime | Column::Etime | Column::Duration => Self::I64(Vec::with_capacity(rows)),
            Column::Packets | Column::Bytes => Self::U64(Vec::with_capacity(rows)),
            Column::Input | Column::Output => Self::U32(Vec::with_capacity(rows)),
            Column::Sport | Column::Dport | Column::Application | Column::SensorId | Column::Memo => {
                Self::U16(Vec::with_capacity(rows))
            }
            Column::Sip | Column::Dip | Column::Nhip => Self::Address(Vec::with_capacity(rows)),
            Column::IsIpv6 => Self::Bool(Bits::with_capacity(rows)),
            _ => Self::U8(Vec::with_capacity(rows)),
        }
    }

    /// Whether these are values of the column's type.
    pub(crate) fn fit(&self, column: Column) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(&Self::with_capacity(column, 0))
    }

    /// Gives back memory of which more than half holds no values.
    pub fn shrink(&mut self) {
        fn fit<T>(values: &mut Vec<T>) {
            if values.len() < values.capacity() / 2 {
                values.shrink_to_fit();
            }
        }
        match self {
            Self::I64(v) => fit(v),
            Self::U64(v) => fit(v),
            Self::U32(v) => fit(v),
            Self::U16(v) => fit(v),
            Self::U8(v) => fit(v),
            Self::Address(v) => fit(v),
            Self::Bool(v) => v.shrink(),
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::I64(v) => v.len(),
            Self::U64(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::U8(v) => v.len(),
            Self::Address(v) => v.len(),
            Self::Bool(v) => v.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the rows from number `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match self {
            Self::I64(v) => v.truncate(rows),
            Self::U64(v) => v.truncate(rows),
            Self::U32(v) => v.truncate(rows),
            Self::U16(v) => v.truncate(rows),
            Self::U8(v) => v.truncate(rows),
            Self::Address(v) => v.truncate(rows),
            Self::Bool(v) => v.truncate(rows),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::I64(v) => v.clear(),
            Self::U64(v) => v.clear(),
            Self::U32(v) => v.clear(),
            Self::U16(v) => v.clear(),
            Self::U8(v) => v.clear(),
            Self::Address(v) => v.clear(),
            Self::Bool(v) => v.clear(),
        }
    }
}

/// Which rows of a column are present.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Validity {
    /// The column has no nulls, or nothing was read yet.
    #[default]
    Unset,
    /// All of so many rows are present.
    All(usize),
    /// None of so many rows is present.
    None(usize),
    /// One bit per row, set = present.
    Some(Bits),
}

impl Validity {
    /// The rows that follow are all present, or all not.
    pub(crate) fn extend_all(&mut self, present: bool, rows: usize) {
        if rows > 0 {
            match (&mut *self, present) {
                (Self::Unset, true) => *self = Self::All(rows),
                (Self::Unset, false) => *self = Self::None(rows),
                (Self::All(n), true) | (Self::None(n), false) => *n += rows,
                _ => self.bits().extend_all(present, rows),
            }
        }
    }

    /// This validity as a bitmap, whatever it was before.
    pub(crate) fn bits(&mut self) -> &mut Bits {
        if !matches!(self, Self::Some(_)) {
            let mut bits = Bits::default();
            match *self {
                Self::All(rows) => bits.extend_all(true, rows),
                Self::None(rows) => bits.extend_all(false, rows),
                _ => {}
            }
            *self = Self::Some(bits);
        }
        match self {
            Self::Some(bits) => bits,
            _ => unreachable!("set above"),
        }
    }

    /// Whether row `row` is present.
    #[must_use]
    pub fn is_present(&self, row: usize) -> bool {
        match self {
            Self::Unset | Self::All(_) => true,
            Self::None(_) => false,
            Self::Some(bits) => bits.get(row).unwrap_or(false),
        }
    }
}

/// A column being read: values and validity, which every [`Block::read`](crate::Block::read) appends to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnBuf {
    /// One value per row.
    pub values: Values,
    /// Which rows are present.
    pub validity: Validity,
}

impl ColumnBuf {
    /// An empty buffer for `column`.
    #[must_use]
    pub fn new(column: Column) -> Self {
        Self::with_capacity(column, 0)
    }

    /// An empty buffer for `column` with room for `rows` rows.
    #[must_use]
    pub fn with_capacity(column: Column, rows: usize) -> Self {
        Self { values: Values::with_capacity(column, rows), validity: Validity::Unset }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the rows and keeps the memory of the values.
    pub fn clear(&mut self) {
        self.values.clear();
        self.validity = Validity::Unset;
    }
}

/// Rows chosen by number, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    rows: Vec<u32>,
}

impl Selection {
    /// The rows whose bit is set.
    #[must_use]
    pub fn from_bits(bits: &Bits) -> Self {
        let mut rows = Vec::with_capacity(bits.count_ones());
        for (i, &byte) in bits.as_bytes().iter().enumerate() {
            let mut rest = byte;
            while rest != 0 {
                rows.push(i as u32 * 8 + rest.trailing_zeros());
                rest &= rest - 1;
            }
        }
        Self { rows }
    }

    /// Chooses the rows whose bit is set instead: 64 rows to a word, least significant bit first. The memory is kept.
    pub fn set_words(&mut self, words: &[u64]) {
        self.rows.clear();
        for (i, &word) in words.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                self.rows.push(i as u32 * 64 + rest.trailing_zeros());
                rest &= rest - 1;
            }
        }
    }

    /// Chooses these rows instead. The memory is kept.
    pub fn set_range(&mut self, rows: std::ops::Range<u32>) {
        self.rows.clear();
        self.rows.extend(rows);
    }

    /// Rows by number. They are sorted, and repeats are dropped.
    #[must_use]
    pub fn from_rows(mut rows: Vec<u32>) -> Self {
        rows.sort_unstable();
        rows.dedup();
        Self { rows }
    }

    /// The chosen rows, ascending.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The number of chosen rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row is chosen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The chosen rows below `count`.
    pub(crate) fn rows_below(&self, count: usize) -> &[u32] {
        &self.rows[..self.rows.partition_point(|&row| (row as usize) < count)]
    }
}
