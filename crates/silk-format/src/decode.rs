//! The column loops: one pass over the records of a block per column, compiled for each layout and byte order.

use std::marker::PhantomData;

use byteorder::ByteOrder as Endian;

use crate::Block;
use crate::column::{Bits, Column, ColumnBuf, Validity, Values};
use crate::field::{Field, Order, Slot};
use crate::layouts::{FlowtypeFrom, Layout, Rules};
use crate::rules::{self, Context, IcmpPorts, NO_FLOWTYPE, NO_SENSOR, Stored};

/// The integer at a slot. With a constant slot this is one load, a shift and a mask.
#[inline(always)]
pub(crate) fn load<E: Endian>(record: &[u8], slot: Slot) -> u64 {
    let Some(bytes) = record.get(usize::from(slot.offset)..) else { return 0 };
    let value = match (slot.width, slot.order) {
        (1, _) => u64::from(bytes[0]),
        (2, _) => u64::from(E::read_u16(bytes)),
        (3, Order::File) => u64::from(E::read_u24(bytes)),
        (3, Order::Big) => u64::from(byteorder::BigEndian::read_u24(bytes)),
        (4, _) => u64::from(E::read_u32(bytes)),
        (8, _) => E::read_u64(bytes),
        _ => return 0,
    };
    if slot.bits >= 64 { value } else { (value >> slot.shift) & ((1 << slot.bits) - 1) }
}

/// The 16 bytes at a slot of that width.
#[inline(always)]
pub(crate) fn load_wide(record: &[u8], slot: Slot) -> Option<[u8; 16]> {
    if slot.width != 16 {
        return None;
    }
    record.get(usize::from(slot.offset)..)?.first_chunk().copied()
}

/// A record of a layout and byte order that are known when the code is compiled.
pub(crate) struct Typed<'a, L: Layout, E> {
    record: &'a L::Record,
    order: PhantomData<E>,
}

impl<L: Layout, E: Endian> Stored for Typed<'_, L, E> {
    #[inline(always)]
    fn rules(&self) -> Rules {
        L::RULES
    }

    #[inline(always)]
    fn has(&self, field: Field) -> bool {
        L::SLOTS[field as usize].is_present()
    }

    #[inline(always)]
    fn get(&self, field: Field) -> u64 {
        load::<E>(self.record.as_ref(), L::SLOTS[field as usize])
    }

    #[inline(always)]
    fn width(&self, field: Field) -> u8 {
        L::SLOTS[field as usize].width
    }

    #[inline(always)]
    fn wide_address(&self, field: Field) -> Option<[u8; 16]> {
        load_wide(self.record.as_ref(), L::SLOTS[field as usize])
    }
}

impl<'a, L: Layout, E: Endian> Typed<'a, L, E> {
    #[inline(always)]
    pub(crate) fn new(record: &'a L::Record) -> Self {
        Self { record, order: PhantomData }
    }

    /// Appends the column's values of the block's records to `out`, and their validity unless it is [`Presence::Skip`].
    pub(crate) fn read_column(column: Column, block: Block<'_>, presence: Presence, out: &mut ColumnBuf) {
        let (rows, context) = (L::records(block.bytes()), &block.view().context);
        fill::<L, E>(column, rows, context, out);
        if presence == Presence::Read {
            fill_presence::<L, E>(column, rows, context, &mut out.validity);
        }
    }

    /// The context without the repairs that no record of the block needs, which are nearly always all: one look at all
    /// records spares every column its own.
    pub(crate) fn examine(block: Block<'_>) -> Context {
        let mut context = block.view().context;
        let (mut stale, mut misplaced) = (false, false);
        for record in L::records(block.bytes()) {
            let record = &Typed::<L, E>::new(record);
            stale |= rules::has_stale_flags(record);
            misplaced |= rules::may_have_misplaced_icmp(record);
        }
        context.stale_flags &= stale;
        if !misplaced {
            context.icmp = IcmpPorts::AsStored;
        }
        context
    }
}

/// Whether a column's validity is read with its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Read,
    /// It is that of another column.
    Skip,
}

/// The column loops. The slice tells its length, so that values are written without a capacity check per row.
fn fill<L: Layout, E: Endian>(column: Column, rows: &[L::Record], context: &Context, out: &mut ColumnBuf) {
    // A copy, so that the compiler knows no column loop changes it.
    let context = &{ *context };
    macro_rules! column {
        ($values:ident, $row:ident => $value:expr) => {
            if let Values::$values(values) = &mut out.values {
                values.extend(rows.iter().map(|record| {
                    let $row = &Typed::<L, E>::new(record);
                    $value
                }));
            }
        };
    }
    match column {
        Column::Stime => column!(I64, r => rules::stime_ms(r, context)),
        Column::Etime => column!(I64, r => rules::etime_ms(r, context)),
        Column::Duration => column!(I64, r => i64::from(rules::duration_ms(r))),
        Column::Sip => column!(Address, r => rules::address(r, Field::Sip)),
        Column::Dip => column!(Address, r => rules::address(r, Field::Dip)),
        Column::Nhip => column!(Address, r => rules::address(r, Field::Nhip)),
        Column::IsIpv6 => {
            if let Values::Bool(bits) = &mut out.values {
                bits.extend_rows(rows, |record| rules::is_ipv6(&Typed::<L, E>::new(record)));
            }
        }
        Column::Sport => column!(U16, r => rules::ports(r, context).0),
        Column::Dport => column!(U16, r => rules::ports(r, context).1),
        Column::Protocol => column!(U8, r => rules::protocol(r)),
        Column::Packets => column!(U64, r => rules::packets(r, context)),
        Column::Bytes => column!(U64, r => rules::bytes(r, context)),
        Column::Tcpflags => column!(U8, r => rules::flags(r, context).all),
        Column::InitialTcpflags => column!(U8, r => rules::flags(r, context).init),
        Column::SessionTcpflags => column!(U8, r => rules::flags(r, context).rest),
        Column::Attributes => column!(U8, r => rules::flags(r, context).state),
        Column::Application => column!(U16, r => rules::application(r, context)),
        Column::SensorId => column!(U16, r => rules::sensor(r, context)),
        Column::ClasstypeId => column!(U8, r => rules::flowtype(r, context)),
        Column::Input => column!(U32, r => rules::interface(r, Field::Input, context)),
        Column::Output => column!(U32, r => rules::interface(r, Field::Output, context)),
        Column::Icmptype => column!(U8, r => (rules::ports(r, context).1 >> 8) as u8),
        Column::Icmpcode => column!(U8, r => rules::ports(r, context).1 as u8),
        Column::Memo => column!(U16, r => r.get(Field::Memo) as u16),
    }
}

/// Which rows of a column are present; nothing for columns without nulls.
fn fill_presence<L: Layout, E: Endian>(
    column: Column,
    rows: &[L::Record],
    context: &Context,
    validity: &mut Validity,
) {
    let context = &{ *context };
    let has = |field: Field| L::SLOTS[field as usize].is_present();
    macro_rules! present {
        ($row:ident => $present:expr) => {
            validity.bits().extend_rows(rows, |record| {
                let $row = &Typed::<L, E>::new(record);
                $present
            })
        };
    }
    let mut whole = |present: bool| validity.extend_all(present, rows.len());
    match column {
        Column::Nhip => whole(has(Field::Nhip)),
        Column::Attributes => whole(has(Field::TcpState)),
        Column::Application => whole(has(Field::Application)),
        Column::Input => whole(has(Field::Input)),
        Column::Output => whole(has(Field::Output)),
        Column::Memo => whole(has(Field::Memo)),
        Column::SensorId if has(Field::Sensor) => present!(r => rules::sensor(r, context) != NO_SENSOR),
        Column::SensorId => whole(context.sensor != NO_SENSOR),
        Column::ClasstypeId if has(Field::Flowtype) => {
            present!(r => rules::flowtype(r, context) != NO_FLOWTYPE);
        }
        Column::ClasstypeId => {
            whole(L::RULES.flowtype == FlowtypeFrom::File && context.flowtype != NO_FLOWTYPE);
        }
        Column::InitialTcpflags | Column::SessionTcpflags if !has(Field::TcpState) => whole(false),
        Column::InitialTcpflags | Column::SessionTcpflags => {
            present!(r => rules::flags(r, context).is_expanded());
        }
        Column::Icmptype | Column::Icmpcode => present!(r => rules::is_icmp(r)),
        _ => {}
    }
}

impl Validity {
    fn extend_all(&mut self, present: bool, count: usize) {
        if count > 0 {
            match (&mut *self, present) {
                (Self::Unset, true) => *self = Self::All(count),
                (Self::Unset, false) => *self = Self::None(count),
                (Self::All(n), true) | (Self::None(n), false) => *n += count,
                _ => self.bits().extend(std::iter::repeat_n(present, count)),
            }
        }
    }

    /// Appends what stands in `other` from row `from` on.
    pub(crate) fn extend_from(&mut self, other: &Self, from: usize) {
        match other {
            Self::Unset => {}
            Self::All(rows) => self.extend_all(true, rows.saturating_sub(from)),
            Self::None(rows) => self.extend_all(false, rows.saturating_sub(from)),
            Self::Some(bits) => self.bits().extend_from(bits, from),
        }
    }

    /// This validity as a bitmap, whatever it was before.
    fn bits(&mut self) -> &mut Bits {
        if !matches!(self, Self::Some(_)) {
            let mut bits = Bits::default();
            match *self {
                Self::All(n) => bits.extend(std::iter::repeat_n(true, n)),
                Self::None(n) => bits.extend(std::iter::repeat_n(false, n)),
                _ => {}
            }
            *self = Self::Some(bits);
        }
        match self {
            Self::Some(bits) => bits,
            _ => unreachable!("set above"),
        }
    }
}
