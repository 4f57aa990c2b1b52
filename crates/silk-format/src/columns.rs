//! Columns of a block: stored ones by the loops of the layout; the others, and most validity, from those, since values
//! that lie one behind the other are looked at many at a time.

use crate::Block;
use crate::bits::Bits;
use crate::column::{Column, ColumnBuf, Values};
use crate::field::Field;
use crate::format::ByteOrder;
use crate::layouts::{Expanded, FlowtypeFrom, ReadColumn};
use crate::record::View;
use crate::rules::{self, Context, EXPANDED, ICMP, ICMPV6, IcmpPorts, NO_FLOWTYPE, NO_SENSOR};

/// Bytes of records that are walked at a time: they stay in the first-level cache with what is made of them.
const CHUNK: usize = 24 << 10;
/// Rows after which other columns are made of those that were read.
const STRETCH: usize = 8192;
/// From so many columns on it pays to fetch a chunk from memory at one go before its columns are read.
const MANY: usize = 2;

/// Made of other columns, or present where others say so.
const DERIVED: [(Column, &[Column]); 5] = [
    (Column::Etime, &[Column::Stime, Column::Duration]),
    (Column::Icmptype, &[Column::Dport, Column::Protocol, Column::IsIpv6]),
    (Column::Icmpcode, &[Column::Dport, Column::Protocol, Column::IsIpv6]),
    (Column::InitialTcpflags, &[Column::Attributes]),
    (Column::SessionTcpflags, &[Column::Attributes]),
];
/// Those of which no value is stored.
const MADE: [Column; 3] = [Column::Etime, Column::Icmptype, Column::Icmpcode];
/// What type and code of ICMP in the wrong place change (spec 9), and what shows them.
const PORTS: [Column; 2] = [Column::Sport, Column::Dport];
/// What stale flags change (spec 6.6 X1).
const FLAGS: [Column; 3] = [Column::Attributes, Column::InitialTcpflags, Column::SessionTcpflags];
/// What shows them.
const SHOW_STALE: [Column; 4] =
    [Column::Attributes, Column::Protocol, Column::InitialTcpflags, Column::SessionTcpflags];

/// By column.
type Bufs = [Option<ColumnBuf>; Column::ALL.len()];

/// Appends the values of each column, and which are present, for all records of the block. Buffers for values of another
/// type are left alone.
pub(crate) fn read<'b>(block: Block<'_>, columns: impl IntoIterator<Item = (Column, &'b mut ColumnBuf)>) {
    let mut asked = [const { None::<&mut ColumnBuf> }; Column::ALL.len()];
    let mut bufs: Bufs = [const { None }; Column::ALL.len()];
    for (column, out) in columns {
        match &mut asked[column as usize] {
            _ if !out.values.fit(column) => {}
            Some(_) => read_one(block, column, out),
            place => {
                bufs[column as usize] = Some(std::mem::replace(out, ColumnBuf::new(column)));
                *place = Some(out);
            }
        }
    }
    let mut reading = Reading::new(block.view(), bufs);
    reading.read(block);
    for (out, buf) in asked.into_iter().zip(reading.bufs) {
        if let (Some(out), Some(buf)) = (out, buf) {
            *out = buf;
        }
    }
}

/// A column that is asked for twice.
#[cold]
fn read_one(block: Block<'_>, column: Column, out: &mut ColumnBuf) {
    read(block, std::iter::once((column, out)));
}

struct Reading<'v> {
    view: &'v View,
    column: ReadColumn,
    /// Those asked for, and those that they are made of.
    bufs: Bufs,
    /// Nobody asked for these: one bit per column.
    helpers: u32,
    looks_for_misplaced: bool,
    looks_for_stale: bool,
    /// Which records of the stretch are ICMP, and which have flags of the first packet and of the others.
    icmp: Bits,
    separate: Bits,
}

impl<'v> Reading<'v> {
    fn new(view: &'v View, bufs: Bufs) -> Self {
        let (layout, context) = (view.layout, &view.context);
        let column = match view.order {
            ByteOrder::Little => layout.read_little,
            ByteOrder::Big => layout.read_big,
        };
        let may_be_misplaced = context.icmp != IcmpPorts::AsStored;
        let may_be_stale = context.stale_flags && layout.rules.expanded == Expanded::ClearStale;
        let (icmp, separate) = (Bits::default(), Bits::default());
        let (looks_for_misplaced, looks_for_stale) = (false, false);
        let mut this =
            Self { view, column, bufs, helpers: 0, looks_for_misplaced, looks_for_stale, icmp, separate };
        for (column, sources) in DERIVED {
            if this.has_any(&[column]) {
                this.add(sources);
            }
        }
        if may_be_misplaced && this.has_any(&PORTS) {
            this.looks_for_misplaced = true;
            this.add(&PORTS);
        }
        if may_be_stale && this.has_any(&FLAGS) {
            this.looks_for_stale = true;
            this.add(&SHOW_STALE);
        }
        this
    }

    fn has_any(&self, columns: &[Column]) -> bool {
        columns.iter().any(|column| self.bufs[*column as usize].is_some())
    }

    fn add(&mut self, columns: &[Column]) {
        for &column in columns {
            if self.bufs[column as usize].is_none() {
                self.bufs[column as usize] = Some(ColumnBuf::new(column));
                self.helpers |= 1 << column as u32;
            }
        }
    }

    fn read(&mut self, block: Block<'_>) {
        for bytes in block.bytes().chunks(STRETCH * self.view.layout.len) {
            self.read_stored(bytes);
            // Nearly all records are sound; where one is not, what it spoils is read again.
            let whole = Block::new(bytes, self.view);
            let rows = whole.len();
            if self.looks_for_misplaced && self.has_misplaced(rows) {
                self.read_again(&PORTS, whole);
            }
            if self.looks_for_stale && self.has_stale(rows) {
                self.read_again(&FLAGS, whole);
            }
            self.finish(rows);
        }
    }

    /// The columns of the layout, as stored.
    fn read_stored(&mut self, bytes: &[u8]) {
        let as_stored = Context { stale_flags: false, icmp: IcmpPorts::AsStored, ..self.view.context };
        let view = View { context: as_stored, ..*self.view };
        for column in Column::ALL {
            if self.helpers >> column as u32 & 1 != 0 {
                self.bufs[column as usize].iter_mut().for_each(ColumnBuf::clear);
            }
        }
        let mut stored = Column::ALL;
        let mut count = 0;
        for column in Column::ALL {
            if self.has_any(&[column]) && !MADE.contains(&column) {
                stored[count] = column;
                count += 1;
            }
        }
        let stored = &stored[..count];
        for bytes in bytes.chunks((CHUNK / view.layout.len).next_multiple_of(64) * view.layout.len) {
            if stored.len() >= MANY {
                fetch(bytes);
            }
            let chunk = Block::new(bytes, &view);
            for &column in stored {
                if let Some(buf) = &mut self.bufs[column as usize] {
                    (self.column)(column, chunk, buf);
                }
            }
        }
    }

    fn read_again(&mut self, columns: &[Column], block: Block<'_>) {
        for &column in columns {
            if let Some(buf) = &mut self.bufs[column as usize] {
                buf.values.truncate(buf.len().saturating_sub(block.len()));
                (self.column)(column, block, buf);
            }
        }
    }

    fn has_misplaced(&self, rows: usize) -> bool {
        let ports = self.u16s(Column::Sport, rows).iter().zip(self.u16s(Column::Dport, rows));
        ports.fold(false, |any, (sport, dport)| any | rules::are_misplaced(*sport, *dport))
    }

    fn has_stale(&self, rows: usize) -> bool {
        let [attributes, protocols, initial, session] = SHOW_STALE.map(|column| self.u8s(column, rows));
        let flags = initial.iter().zip(session);
        attributes.iter().zip(protocols).zip(flags).fold(
            false,
            |any, ((state, protocol), (initial, session))| {
                any | rules::are_stale(*state, *protocol, *initial, *session)
            },
        )
    }

    /// What the last rows of the columns that were read tell of others.
    fn finish(&mut self, rows: usize) {
        self.icmp.clear();
        self.separate.clear();
        if self.has_any(&[Column::Icmptype, Column::Icmpcode]) {
            self.icmp = self.are_icmp(rows);
        }
        if self.has_any(&[Column::InitialTcpflags, Column::SessionTcpflags]) {
            let mut separate = std::mem::take(&mut self.separate);
            separate.extend_tests(self.u8s(Column::Attributes, rows), |state| state & EXPANDED != 0, |_| 0);
            self.separate = separate;
        }
        for column in Column::ALL {
            if let Some(mut buf) = self.bufs[column as usize].take() {
                self.derive(column, rows, &mut buf.values);
                self.tell_present(column, rows, &mut buf);
                self.bufs[column as usize] = Some(buf);
            }
        }
    }

    fn derive(&self, column: Column, rows: usize, out: &mut Values) {
        match (column, out) {
            (Column::Etime, Values::I64(ends)) => {
                let times = self.i64s(Column::Stime, rows).iter().zip(self.i64s(Column::Duration, rows));
                ends.extend(times.map(|(start, duration)| start.saturating_add(*duration)));
            }
            (Column::Icmptype, Values::U8(types)) => {
                types.extend(self.u16s(Column::Dport, rows).iter().map(|port| (port >> 8) as u8));
            }
            (Column::Icmpcode, Values::U8(codes)) => {
                codes.extend(self.u16s(Column::Dport, rows).iter().map(|port| *port as u8));
            }
            _ => {}
        }
    }

    /// Nothing for columns without nulls.
    fn tell_present(&self, column: Column, rows: usize, buf: &mut ColumnBuf) {
        let ColumnBuf { values, validity } = buf;
        let has = |field: Field| self.view.layout.slots[field as usize].is_present();
        let context = &self.view.context;
        let mut whole = |present: bool| validity.extend_all(present, rows);
        match (column, values) {
            (Column::Nhip, _) => whole(has(Field::Nhip)),
            (Column::Attributes, _) => whole(has(Field::TcpState)),
            (Column::Application, _) => whole(has(Field::Application)),
            (Column::Input, _) => whole(has(Field::Input)),
            (Column::Output, _) => whole(has(Field::Output)),
            (Column::Memo, _) => whole(has(Field::Memo)),
            (Column::SensorId, Values::U16(ids)) if has(Field::Sensor) => {
                validity.bits().extend_tests(tail(ids, rows), |id| id != NO_SENSOR, |_| 0);
            }
            (Column::SensorId, _) => whole(context.sensor != NO_SENSOR),
            (Column::ClasstypeId, Values::U8(ids)) if has(Field::Flowtype) => {
                validity.bits().extend_tests(tail(ids, rows), |id| id != NO_FLOWTYPE, |_| 0);
            }
            (Column::ClasstypeId, _) => {
                let from_file = self.view.layout.rules.flowtype == FlowtypeFrom::File;
                whole(from_file && context.flowtype != NO_FLOWTYPE);
            }
            (Column::InitialTcpflags | Column::SessionTcpflags, _) if !has(Field::TcpState) => whole(false),
            (Column::InitialTcpflags | Column::SessionTcpflags, _) => {
                validity.bits().extend_from(&self.separate)
            }
            (Column::Icmptype | Column::Icmpcode, _) => validity.bits().extend_from(&self.icmp),
            _ => {}
        }
    }

    /// Which of the last rows are ICMP, or ICMPv6 in an IPv6 record.
    fn are_icmp(&self, rows: usize) -> Bits {
        let protocols = self.u8s(Column::Protocol, rows);
        let mut icmpv6 = Bits::with_capacity(rows);
        icmpv6.extend_tests(protocols, |protocol| protocol == ICMPV6, |_| 0);
        let mut icmp = Bits::with_capacity(rows);
        if let Some(ColumnBuf { values: Values::Bool(ipv6), .. }) = &self.bufs[Column::IsIpv6 as usize] {
            let first = ipv6.len().saturating_sub(rows);
            let icmpv6 = |at| icmpv6.byte_at(at) & ipv6.byte_at(first + at);
            icmp.extend_tests(protocols, |protocol| protocol == ICMP, icmpv6);
        }
        icmp
    }

    fn u8s(&self, column: Column, rows: usize) -> &[u8] {
        match &self.bufs[column as usize] {
            Some(ColumnBuf { values: Values::U8(values), .. }) => tail(values, rows),
            _ => &[],
        }
    }

    fn u16s(&self, column: Column, rows: usize) -> &[u16] {
        match &self.bufs[column as usize] {
            Some(ColumnBuf { values: Values::U16(values), .. }) => tail(values, rows),
            _ => &[],
        }
    }

    fn i64s(&self, column: Column, rows: usize) -> &[i64] {
        match &self.bufs[column as usize] {
            Some(ColumnBuf { values: Values::I64(values), .. }) => tail(values, rows),
            _ => &[],
        }
    }
}

/// The last values.
fn tail<T>(values: &[T], rows: usize) -> &[T] {
    values.get(values.len().saturating_sub(rows)..).unwrap_or_default()
}

/// Looks at every cache line once, in order: loads that wait for memory beside each other, which those of a column's loop,
/// a record apart, do not.
fn fetch(bytes: &[u8]) {
    let (words, _) = bytes.as_chunks::<8>();
    // Whole words, or the compiler makes much of bytes that nobody wants.
    let look = |seen: u64, word: &[u8; 8]| seen.wrapping_add(u64::from_le_bytes(*word));
    std::hint::black_box(words.iter().step_by(8).fold(0, look));
}
