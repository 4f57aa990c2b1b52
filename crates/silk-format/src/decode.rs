//! The column loops: one pass over the records of a block per column, compiled for each layout and byte order.

use std::marker::PhantomData;

use byteorder::ByteOrder as Endian;

use crate::Block;
use crate::column::{Column, ColumnBuf, Values};
use crate::field::{Field, Order, Slot};
use crate::layouts::{Layout, Rules};
use crate::rules::{self, Context, Stored};

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

    /// Appends the values of the block's records to those of the column. Nothing is appended to columns that are made of
    /// others.
    pub(crate) fn read_column(column: Column, block: Block<'_>, out: &mut ColumnBuf) {
        fill::<L, E>(column, L::records(block.bytes()), &block.view().context, out);
    }
}

/// The column loops. The slice tells its length, so that values are written without a capacity check per row.
fn fill<L: Layout, E: Endian>(column: Column, rows: &[L::Record], context: &Context, out: &mut ColumnBuf) {
    // A copy, so that the compiler knows no column loop changes it.
    let context = &{ *context };
    macro_rules! column {
        (narrow $values:ident, $row:ident => $value:expr) => {
            if let Values::$values(values) = &mut out.values {
                Narrow::extend(values, rows, |record| {
                    let $row = &Typed::<L, E>::new(record);
                    $value
                });
            }
        };
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
        Column::Duration => column!(I64, r => i64::from(rules::duration_ms(r))),
        Column::Sip => column!(Address, r => rules::address(r, Field::Sip)),
        Column::Dip => column!(Address, r => rules::address(r, Field::Dip)),
        Column::Nhip => column!(Address, r => rules::address(r, Field::Nhip)),
        Column::IsIpv6 => {
            if let Values::Bool(bits) = &mut out.values {
                bits.extend_rows(rows, |record| rules::is_ipv6(&Typed::<L, E>::new(record)));
            }
        }
        Column::Sport => column!(narrow U16, r => rules::ports(r, context).0),
        Column::Dport => column!(narrow U16, r => rules::ports(r, context).1),
        Column::Protocol => column!(narrow U8, r => rules::protocol(r)),
        Column::Packets => column!(U64, r => rules::packets(r, context)),
        Column::Bytes => column!(U64, r => rules::bytes(r, context)),
        Column::Tcpflags => column!(narrow U8, r => rules::flags(r, context).all),
        Column::InitialTcpflags => column!(narrow U8, r => rules::flags(r, context).init),
        Column::SessionTcpflags => column!(narrow U8, r => rules::flags(r, context).rest),
        Column::Attributes => column!(narrow U8, r => rules::flags(r, context).state),
        Column::Application => column!(narrow U16, r => rules::application(r, context)),
        Column::SensorId => column!(narrow U16, r => rules::sensor(r, context)),
        Column::ClasstypeId => column!(narrow U8, r => rules::flowtype(r, context)),
        Column::Input => column!(U32, r => rules::interface(r, Field::Input, context)),
        Column::Output => column!(U32, r => rules::interface(r, Field::Output, context)),
        Column::Memo => column!(narrow U16, r => r.get(Field::Memo) as u16),
        Column::Etime | Column::Icmptype | Column::Icmpcode => {}
    }
}

/// Values of fewer than four bytes: put together in a register and stored as one. Left to itself the compiler gathers
/// them by vector instructions, which takes twice as long.
trait Narrow: Sized {
    fn extend<R>(values: &mut Vec<Self>, rows: &[R], value: impl Fn(&R) -> Self);
}

macro_rules! narrow {
    ($type:ty, $bits:literal, $count:literal) => {
        impl Narrow for $type {
            #[inline(always)]
            fn extend<R>(values: &mut Vec<Self>, rows: &[R], value: impl Fn(&R) -> Self) {
                let (groups, rest) = rows.as_chunks::<$count>();
                values.extend(groups.iter().flat_map(|group| {
                    // After a full turn the first value is the lowest.
                    let add = |word: u64, row| (word | u64::from(value(row))).rotate_right($bits);
                    let word = group.iter().fold(0, add);
                    std::array::from_fn::<Self, $count, _>(|i| (word >> ($bits * i)) as Self)
                }));
                values.extend(rest.iter().map(value));
            }
        }
    };
}

narrow!(u8, 8, 8);
narrow!(u16, 16, 4);
