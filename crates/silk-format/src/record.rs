//! Records as views of their bytes, and blocks of them.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use byteorder::{BigEndian, LittleEndian};

use crate::column::{Column, ColumnBuf, Selection};
use crate::columns;
use crate::decode::{load, load_wide};
use crate::field::Field;
use crate::format::ByteOrder;
use crate::layouts::{LayoutInfo, Rules};
use crate::rules::{self, Context, Stored};

/// How the records of a file are read: chosen once per file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) layout: &'static LayoutInfo,
    pub(crate) order: ByteOrder,
    pub(crate) context: Context,
}

/// A run of whole records that lie one behind the other: in the caller's bytes, or in the buffer of a decoder.
///
/// Cheap to copy. Columns are read by tight loops compiled for the layout; [`Block::records`] is for people who want
/// records.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    bytes: &'a [u8],
    view: &'a View,
}

impl<'a> Block<'a> {
    /// `bytes` is cut to whole records.
    pub(crate) fn new(bytes: &'a [u8], view: &'a View) -> Self {
        let whole = bytes.len() - bytes.len() % view.layout.len;
        Self { bytes: &bytes[..whole], view }
    }

    pub(crate) fn view(&self) -> &'a View {
        self.view
    }

    /// The number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() / self.view.layout.len
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The stored bytes, `len() × record_len()`.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The length of a record in bytes.
    #[must_use]
    pub fn record_len(&self) -> usize {
        self.view.layout.len
    }

    /// The records `rows` as a block of its own; rows behind the end are left out.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let end = rows.end.min(self.len());
        let start = rows.start.min(end);
        let len = self.view.layout.len;
        Self { bytes: &self.bytes[start * len..end * len], view: self.view }
    }

    /// The selected records, copied one behind the other into `scratch`; rows behind the end are left out.
    ///
    /// To read several columns of a selection, select once and read from the block that this gives.
    #[must_use]
    pub fn select<'s>(&self, selection: &Selection, scratch: &'s mut Vec<u8>) -> Block<'s>
    where
        'a: 's,
    {
        self.gather(selection.rows_below(self.len()), scratch)
    }

    /// The records of these rows, which lie inside, copied one behind the other.
    pub(crate) fn gather<'s>(&self, rows: &[u32], scratch: &'s mut Vec<u8>) -> Block<'s>
    where
        'a: 's,
    {
        let len = self.view.layout.len;
        scratch.clear();
        for &row in rows {
            let start = row as usize * len;
            scratch.extend_from_slice(&self.bytes[start..start + len]);
        }
        Block { bytes: scratch, view: self.view }
    }

    /// Appends the values of `column` for the records `rows` to `out`; with a selection, for those of its rows
    /// (counted from the start of `rows`) that lie inside.
    ///
    /// `out` must have been made for the same column; to values of another type nothing is appended.
    ///
    /// # Cost
    /// One pass over the records; work in proportion to the rows asked for. End times, ICMP type and code, flags and
    /// ports are told by other columns, which are read along into memory of their own. A selection is copied first
    /// ([`Block::select`] does that once for several columns).
    pub fn read(
        &self,
        column: Column,
        rows: Range<usize>,
        selection: Option<&Selection>,
        out: &mut ColumnBuf,
    ) {
        if !out.values.fit(column) {
            return;
        }
        let block = self.slice(rows);
        if let Some(selection) = selection {
            return block.select(selection, &mut Vec::new()).read(column, 0..selection.len(), None, out);
        }
        columns::read(block, [(column, out)]);
    }

    /// Appends the values of every column for all records: many columns at once, faster than one by one.
    ///
    /// # Cost
    /// One pass over the records, each of whose bytes is in the first-level cache while its columns are read; among 8192
    /// records of which one needs a repair (spec 6.6 X1, 9), ports or flags are read once more. Columns that tell of those
    /// asked for are read along.
    pub fn read_columns(&self, columns: &mut [(Column, ColumnBuf)]) {
        columns::read(*self, columns.iter_mut().map(|(column, out)| (*column, out)));
    }

    /// Record `row`.
    #[must_use]
    pub fn record(&self, row: usize) -> Option<Record<'a>> {
        let len = self.view.layout.len;
        let start = row.checked_mul(len)?;
        Some(Record { bytes: self.bytes.get(start..start.checked_add(len)?)?, view: *self.view })
    }

    /// The records in order. Allocates nothing.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'a>> + use<'a> {
        let view = *self.view;
        self.bytes.chunks_exact(view.layout.len).map(move |bytes| Record { bytes, view })
    }
}

/// One flow record: a view of its bytes that decodes on access.
///
/// Getters give the stored value, also where a column would be null; spec 5 says what a layout without the field
/// yields (0, sensor 65535, flowtype 255). Each is a table look-up and a load: for millions of records read columns.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    bytes: &'a [u8],
    view: View,
}

impl<'a> Record<'a> {
    pub(crate) fn new(bytes: &'a [u8], view: View) -> Self {
        Self { bytes, view }
    }

    fn context(&self) -> &Context {
        &self.view.context
    }

    fn address(&self, field: Field) -> IpAddr {
        let address = Ipv6Addr::from(rules::address(self, field));
        match address.to_ipv4_mapped() {
            Some(v4) if !self.is_ipv6() => IpAddr::V4(v4),
            _ => IpAddr::V6(address),
        }
    }

    /// The record's bytes as stored, in place.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.bytes
    }

    /// Source address, of the record's own IP version.
    #[must_use]
    pub fn sip(&self) -> IpAddr {
        self.address(Field::Sip)
    }

    /// Destination address, of the record's own IP version.
    #[must_use]
    pub fn dip(&self) -> IpAddr {
        self.address(Field::Dip)
    }

    /// Next hop address; `0.0.0.0` or `::` if the layout has none.
    #[must_use]
    pub fn nhip(&self) -> IpAddr {
        self.address(Field::Nhip)
    }

    /// Whether the record itself is IPv6; a mapped address may stand in either kind.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        rules::is_ipv6(self)
    }

    /// Source port.
    #[must_use]
    pub fn sport(&self) -> u16 {
        rules::ports(self, self.context()).0
    }

    /// Destination port; type and code of ICMP.
    #[must_use]
    pub fn dport(&self) -> u16 {
        rules::ports(self, self.context()).1
    }

    /// IP protocol.
    #[must_use]
    pub fn protocol(&self) -> u8 {
        rules::protocol(self)
    }

    /// Packet count.
    #[must_use]
    pub fn packets(&self) -> u64 {
        rules::packets(self, self.context())
    }

    /// Byte count.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        rules::bytes(self, self.context())
    }

    /// Start, milliseconds since the Unix epoch.
    #[must_use]
    pub fn stime_ms(&self) -> i64 {
        rules::stime_ms(self, self.context())
    }

    /// End, milliseconds since the Unix epoch.
    #[must_use]
    pub fn etime_ms(&self) -> i64 {
        rules::etime_ms(self, self.context())
    }

    /// Duration in milliseconds.
    #[must_use]
    pub fn duration_ms(&self) -> u32 {
        rules::duration_ms(self)
    }

    /// The OR of the TCP flags of all packets.
    #[must_use]
    pub fn tcpflags(&self) -> u8 {
        rules::flags(self, self.context()).all
    }

    /// TCP flags of the first packet, if [`Record::has_separate_flags`].
    #[must_use]
    pub fn initial_tcpflags(&self) -> u8 {
        rules::flags(self, self.context()).init
    }

    /// The OR of the TCP flags of the other packets, if [`Record::has_separate_flags`].
    #[must_use]
    pub fn session_tcpflags(&self) -> u8 {
        rules::flags(self, self.context()).rest
    }

    /// Whether initial and session flags are meaningful.
    #[must_use]
    pub fn has_separate_flags(&self) -> bool {
        rules::flags(self, self.context()).is_expanded()
    }

    /// The attribute bits of spec 5.1.
    #[must_use]
    pub fn attributes(&self) -> u8 {
        rules::flags(self, self.context()).state
    }

    /// The application that the flow generator recognised, as its usual port.
    #[must_use]
    pub fn application(&self) -> u16 {
        rules::application(self, self.context())
    }

    /// The memo field, which no tool uses.
    #[must_use]
    pub fn memo(&self) -> u16 {
        self.get(Field::Memo) as u16
    }

    /// Sensor id; 65535 = none.
    #[must_use]
    pub fn sensor_id(&self) -> u16 {
        rules::sensor(self, self.context())
    }

    /// Flowtype id (class and type); 255 = none.
    #[must_use]
    pub fn classtype_id(&self) -> u8 {
        rules::flowtype(self, self.context())
    }

    /// SNMP input interface.
    #[must_use]
    pub fn input(&self) -> u32 {
        rules::interface(self, Field::Input, self.context())
    }

    /// SNMP output interface.
    #[must_use]
    pub fn output(&self) -> u32 {
        rules::interface(self, Field::Output, self.context())
    }

    /// Whether the record is ICMP, or ICMPv6 in an IPv6 record.
    #[must_use]
    pub fn is_icmp(&self) -> bool {
        rules::is_icmp(self)
    }

    /// ICMP type.
    #[must_use]
    pub fn icmptype(&self) -> Option<u8> {
        self.is_icmp().then(|| (self.dport() >> 8) as u8)
    }

    /// ICMP code.
    #[must_use]
    pub fn icmpcode(&self) -> Option<u8> {
        self.is_icmp().then(|| self.dport() as u8)
    }
}

impl Stored for Record<'_> {
    fn rules(&self) -> Rules {
        self.view.layout.rules
    }

    fn has(&self, field: Field) -> bool {
        self.view.layout.slots[field as usize].is_present()
    }

    fn get(&self, field: Field) -> u64 {
        let slot = self.view.layout.slots[field as usize];
        match self.view.order {
            ByteOrder::Little => load::<LittleEndian>(self.bytes, slot),
            ByteOrder::Big => load::<BigEndian>(self.bytes, slot),
        }
    }

    fn width(&self, field: Field) -> u8 {
        self.view.layout.slots[field as usize].width
    }

    fn wide_address(&self, field: Field) -> Option<[u8; 16]> {
        load_wide(self.bytes, self.view.layout.slots[field as usize])
    }
}
