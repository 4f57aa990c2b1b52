//! Where a block ends: its length before and behind, and the least and most of it.

use byteorder::{BigEndian, ByteOrder as Bytes, LittleEndian};

use crate::bytes::{ByteOrder, array};
use crate::error::{Error, ErrorKind, Result};

/// What every pcapng file begins with, the same in both byte orders.
pub const SECTION_MAGIC: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];
const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;

pub(crate) const SECTION: u32 = 0x0A0D_0D0A;
pub(crate) const INTERFACE: u32 = 1;
pub(crate) const OBSOLETE: u32 = 2;
pub(crate) const SIMPLE: u32 = 3;
pub(crate) const NAMES: u32 = 4;
pub(crate) const STATISTICS: u32 = 5;
pub(crate) const ENHANCED: u32 = 6;
pub(crate) const JOURNAL: u32 = 9;
pub(crate) const SECRETS: u32 = 10;
pub(crate) const CUSTOM: u32 = 0x0000_0BAD;
/// A custom block that must not be copied into other files.
pub(crate) const CUSTOM_NO_COPY: u32 = 0x4000_0BAD;

/// Kind and length, and the length behind.
const HEAD: usize = 8;
const TAIL: usize = 4;

/// A whole block, its body still bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawBlock<'a> {
    pub(crate) kind: u32,
    pub(crate) order: ByteOrder,
    /// Bytes of the whole block.
    pub(crate) len: usize,
    pub(crate) body: &'a [u8],
    /// Whether the stored length was no multiple of four.
    pub(crate) unaligned: bool,
}

/// A block, or how many bytes are needed to see it whole.
#[derive(Debug)]
pub(crate) enum Framed<'a> {
    Block(RawBlock<'a>),
    Need { what: &'static str, total: usize },
}

/// Name and least length of a block (semantics 10; the sums of the fixed fields).
fn least(kind: u32) -> (&'static str, usize) {
    match kind {
        ENHANCED => ("enhanced packet block", 32),
        SECTION => ("section header block", 28),
        INTERFACE => ("interface description block", 20),
        OBSOLETE => ("packet block", 32),
        SIMPLE => ("simple packet block", 16),
        NAMES => ("name resolution block", 16),
        STATISTICS => ("interface statistics block", 24),
        JOURNAL => ("journal block", 12),
        SECRETS => ("decryption secrets block", 20),
        CUSTOM | CUSTOM_NO_COPY => ("custom block", 16),
        _ => ("block", 12),
    }
}

/// The block at the front of `bytes`. A section header says its own byte order, others have `order`.
#[inline]
pub(crate) fn frame(bytes: &[u8], order: ByteOrder, most: usize) -> Result<Framed<'_>> {
    let Some(head) = bytes.first_chunk::<HEAD>() else {
        return Ok(Framed::Need { what: "block header", total: HEAD });
    };
    let order = if head.starts_with(&SECTION_MAGIC) {
        match array(bytes, HEAD) {
            Some(magic) => section_order(magic)?,
            None => return Ok(Framed::Need { what: "section header block", total: HEAD + 4 }),
        }
    } else {
        order
    };
    match order {
        ByteOrder::Little => frame_in::<LittleEndian>(bytes, head, order, most),
        ByteOrder::Big => frame_in::<BigEndian>(bytes, head, order, most),
    }
}

fn section_order(magic: [u8; 4]) -> Result<ByteOrder> {
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .find(|order| order.u32(magic) == BYTE_ORDER_MAGIC)
        .ok_or_else(|| {
            let found = format_args!("{:#010x}", ByteOrder::Big.u32(magic));
            Error::invalid("byte-order magic", format_args!("{BYTE_ORDER_MAGIC:#010x}"), found)
        })
}

#[inline]
fn frame_in<'a, E: Bytes>(
    bytes: &'a [u8],
    head: &[u8; HEAD],
    order: ByteOrder,
    most: usize,
) -> Result<Framed<'a>> {
    let (kind, stored) = (E::read_u32(&head[..4]), E::read_u32(&head[4..]));
    let (what, least) = least(kind);
    let len = (stored as usize).saturating_add(3) & !3;
    if len < least {
        return Err(Error::new(ErrorKind::Invalid {
            what: "block length",
            expected: format!("{least} or more for this {what}"),
            found: stored.to_string(),
        }));
    }
    if len > most {
        return Err(Error::limit("block length", stored as usize, most));
    }
    let Some((block, tail)) = bytes.get(..len).and_then(|block| block.split_last_chunk::<TAIL>()) else {
        return Ok(Framed::Need { what, total: len });
    };
    let behind = E::read_u32(tail);
    if behind as usize != len {
        return Err(Error::invalid("block length behind the block", len, behind));
    }
    let body = block.get(HEAD..).unwrap_or_default();
    Ok(Framed::Block(RawBlock { kind, order, len, body, unaligned: stored as usize != len }))
}

/// An error about a part of a body that is not there.
pub(crate) fn too_short(what: &'static str, needed: usize, have: usize) -> Error {
    Error::truncated(what, needed, have)
}

pub(crate) fn unknown_version(major: u16, minor: u16) -> Error {
    Error::new(ErrorKind::Version { what: "pcapng", major, minor, supported: "1.0 and 1.2 are" })
}
