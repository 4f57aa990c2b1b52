//! Decoding into [`Flow`]s, encoding them, and telling which records need neither: compiled for each layout and byte
//! order, so that offsets and limits are constants.

use std::marker::PhantomData;

use byteorder::ByteOrder as Endian;

use super::flow::Flow;
use super::rules::{self, OutOfRange, Store};
use crate::decode::{Typed, load, load_wide};
use crate::field::{Field, Order, Slot};
use crate::layouts::{Layout, Rules};
use crate::record::Block;

/// Is told of a flow that a layout cannot express, by its place.
pub(crate) type Note<'a> = &'a mut dyn FnMut(usize, OutOfRange);

/// What the encoder calls for a layout in a byte order.
#[derive(Debug)]
pub(crate) struct WriteFns {
    /// Appends the records of a block as values.
    pub(crate) decode: fn(Block<'_>, &mut Vec<Flow>),
    /// Appends flows as records of a file with this base time. Those that the layout cannot express are left out and
    /// told, by their place in the slice.
    pub(crate) encode: fn(&[Flow], i64, &mut Vec<u8>, Note<'_>),
    /// How many records at the start of a block are byte by byte what decoding and encoding them for a file with this
    /// base time would give.
    pub(crate) verbatim: Option<fn(Block<'_>, i64) -> usize>,
}

impl WriteFns {
    pub(crate) const fn of<L: Layout, E: Endian + 'static>() -> Self {
        // Bits of no field would have to be looked at too, and the ratio of packets and bytes is only known to be the
        // one that would be written when it was computed.
        let copied = L::IS_FILLED && L::SLOTS[Field::Pkts as usize].is_present();
        Self {
            decode: decode::<L, E>,
            encode: encode::<L, E>,
            verbatim: if copied { Some(verbatim::<L, E>) } else { None },
        }
    }
}

fn decode<L: Layout, E: Endian>(block: Block<'_>, out: &mut Vec<Flow>) {
    let context = block.view().context;
    let rows = L::records(block.bytes());
    out.extend(rows.iter().map(|record| Flow::of(&Typed::<L, E>::new(record), &context)));
}

fn encode<L: Layout, E: Endian>(flows: &[Flow], base_time_ms: i64, out: &mut Vec<u8>, refused: Note<'_>) {
    let (start, len) = (out.len(), size_of::<L::Record>());
    out.resize(start + flows.len() * len, 0);
    let records = L::records_mut(&mut out[start..]);
    let mut kept = 0;
    for (i, flow) in flows.iter().enumerate() {
        let Some(record) = records.get_mut(kept) else { break };
        match rules::encode(&mut Blank::<L, E> { record, order: PhantomData }, flow, base_time_ms) {
            Ok(()) => kept += 1,
            Err(reason) => {
                record.as_mut().fill(0);
                refused(i, reason);
            }
        }
    }
    out.truncate(start + kept * len);
}

fn verbatim<L: Layout, E: Endian>(block: Block<'_>, base_time_ms: i64) -> usize {
    let context = block.view().context;
    let rows = L::records(block.bytes());
    let changed = rows.iter().position(|record| {
        let flow = Flow::of(&Typed::<L, E>::new(record), &context);
        let mut found = Found::<L, E> { record, order: PhantomData, same: true };
        rules::encode(&mut found, &flow, base_time_ms).is_err() || !found.same
    });
    changed.unwrap_or(rows.len())
}

/// The integer's bits that the slot has, in their place.
#[inline(always)]
fn shifted(slot: Slot, value: u64) -> u64 {
    (value & (u64::MAX >> (64 - slot.bits))) << slot.shift
}

/// Writes the bits of a field; those of other fields in the same item stay.
#[inline(always)]
fn store<E: Endian>(record: &mut [u8], slot: Slot, value: u64) {
    let Some(bytes) = record.get_mut(usize::from(slot.offset)..) else { return };
    let item = Slot { shift: 0, bits: slot.width * 8, ..slot };
    let others = if slot.bits == item.bits { 0 } else { load::<E>(bytes, Slot { offset: 0, ..item }) };
    let value = others | shifted(slot, value);
    match (slot.width, slot.order) {
        (1, _) => bytes[0] = value as u8,
        (2, _) => E::write_u16(bytes, value as u16),
        (3, Order::File) => E::write_u24(bytes, value as u32),
        (3, Order::Big) => byteorder::BigEndian::write_u24(bytes, value as u32),
        (4, _) => E::write_u32(bytes, value as u32),
        _ => E::write_u64(bytes, value),
    }
}

/// A record of zeros that is being written.
struct Blank<'a, L: Layout, E> {
    record: &'a mut L::Record,
    order: PhantomData<E>,
}

impl<L: Layout, E: Endian> Store for Blank<'_, L, E> {
    #[inline(always)]
    fn rules(&self) -> Rules {
        L::RULES
    }

    #[inline(always)]
    fn slot(&self, field: Field) -> Slot {
        L::SLOTS[field as usize]
    }

    #[inline(always)]
    fn put(&mut self, field: Field, value: u64) {
        let slot = self.slot(field);
        if slot.is_present() {
            store::<E>(self.record.as_mut(), slot, value);
        }
    }

    #[inline(always)]
    fn put_wide(&mut self, field: Field, address: [u8; 16]) {
        let start = usize::from(self.slot(field).offset);
        if let Some(bytes) = self.record.as_mut().get_mut(start..start + 16) {
            bytes.copy_from_slice(&address);
        }
    }
}

/// A record that is compared with what would be written.
struct Found<'a, L: Layout, E> {
    record: &'a L::Record,
    order: PhantomData<E>,
    same: bool,
}

impl<L: Layout, E: Endian> Store for Found<'_, L, E> {
    #[inline(always)]
    fn rules(&self) -> Rules {
        L::RULES
    }

    #[inline(always)]
    fn slot(&self, field: Field) -> Slot {
        L::SLOTS[field as usize]
    }

    #[inline(always)]
    fn put(&mut self, field: Field, value: u64) {
        let slot = self.slot(field);
        if slot.is_present() {
            let wanted = shifted(slot, value) >> slot.shift;
            self.same &= load::<E>(self.record.as_ref(), slot) == wanted;
        }
    }

    #[inline(always)]
    fn put_wide(&mut self, field: Field, address: [u8; 16]) {
        self.same &= load_wide(self.record.as_ref(), self.slot(field)) == Some(address);
    }
}
