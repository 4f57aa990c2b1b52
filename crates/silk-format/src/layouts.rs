//! The 41 record layouts of spec 8 and the 61 (format, version) pairs of spec 7, as data.
//!
//! An item is `kind offset field`: an integer of the file's byte order (`u8 u16 u24 u32 u64`), an address (`ip4`,
//! `ip6`), a packed word, byte or big-endian 3-byte number of [`crate::words`], or padding (`pad offset length`).

use crate::decode::Typed;
use crate::field::{Bits, Field, Item, Order, Slots, bits, slots};
use crate::format::FormatId;
use crate::words::*;
use crate::{Block, Column, ColumnBuf};
#[cfg(feature = "write")]
use crate::{format::ByteOrder, write::WriteFns};

/// What a start time counts from (spec 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The Unix epoch.
    Absolute,
    /// The base time of the file header.
    Relative,
}

/// The protocol and TCP flag rules of spec 6.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagsRule {
    R0,
    R1,
    R2,
    /// R2 where the reader takes a `prot_flags` of 6 for TCP even without the bit (spec 6.4, "a corner").
    R2Augmented,
    R3,
    R4,
    R5,
}

/// Where the flowtype of a record without such a field comes from (spec 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlowtypeFrom {
    Record,
    File,
    Never,
}

/// Whether a stale EXPANDED bit is cleared (spec 6.6, X1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expanded {
    Keep,
    ClearStale,
}

/// What is done with the application field (spec 6.6, X2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Application {
    AsStored,
    ZeroApplication,
}

/// The decode rules of a layout that the presence of its fields does not say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) start: Start,
    pub(crate) flags: FlagsRule,
    pub(crate) flowtype: FlowtypeFrom,
    pub(crate) expanded: Expanded,
}

/// A record layout as a type, so that loops over records are compiled for its constant length and offsets.
pub(crate) trait Layout: 'static {
    /// The bytes of one record, `[u8; n]`.
    type Record: AsRef<[u8]> + AsMut<[u8]> + 'static;
    const RULES: Rules;
    const SLOTS: &'static Slots;
    /// Whether every bit of a record belongs to a field.
    #[cfg(feature = "write")]
    const IS_FILLED: bool;

    /// Cuts whole records from `bytes`; a rest shorter than a record is left out.
    fn records(bytes: &[u8]) -> &[Self::Record];

    /// [`records`](Self::records) to be written.
    #[cfg(feature = "write")]
    fn records_mut(bytes: &mut [u8]) -> &mut [Self::Record];
}

/// Reads one column of a block into a buffer; one function per layout and byte order.
pub(crate) type ReadColumn = fn(Column, Block<'_>, &mut ColumnBuf);

/// A layout as a value: what code that runs once per file or per record needs.
#[derive(Debug)]
pub(crate) struct LayoutInfo {
    pub(crate) name: &'static str,
    pub(crate) len: usize,
    pub(crate) rules: Rules,
    pub(crate) slots: &'static Slots,
    pub(crate) read_little: ReadColumn,
    pub(crate) read_big: ReadColumn,
    #[cfg(feature = "write")]
    pub(crate) write_little: WriteFns,
    #[cfg(feature = "write")]
    pub(crate) write_big: WriteFns,
}

#[cfg(feature = "write")]
impl LayoutInfo {
    /// What encoders call for records in this order.
    pub(crate) fn write(&self, order: ByteOrder) -> &WriteFns {
        match order {
            ByteOrder::Little => &self.write_little,
            ByteOrder::Big => &self.write_big,
        }
    }
}

macro_rules! item {
    (u8 $offset:literal $field:ident) => { item!(@ $offset 1 File &[bits(Field::$field, 7, 0)]) };
    (u16 $offset:literal $field:ident) => { item!(@ $offset 2 File &[bits(Field::$field, 15, 0)]) };
    (u24 $offset:literal $field:ident) => { item!(@ $offset 3 File &[bits(Field::$field, 23, 0)]) };
    (u32 $offset:literal $field:ident) => { item!(@ $offset 4 File &[bits(Field::$field, 31, 0)]) };
    (u64 $offset:literal $field:ident) => { item!(@ $offset 8 File &[bits(Field::$field, 63, 0)]) };
    (ip4 $offset:literal $field:ident) => { item!(@ $offset 4 File &[bits(Field::$field, 31, 0)]) };
    (ip6 $offset:literal $field:ident) => { item!(@ $offset 16 Big &[bits(Field::$field, 127, 0)]) };
    (word $offset:literal $word:ident) => { item!(@ $offset 4 File $word) };
    (byte $offset:literal $word:ident) => { item!(@ $offset 1 File $word) };
    (be24 $offset:literal $word:ident) => { item!(@ $offset 3 Big $word) };
    (pad $offset:literal $len:literal) => { item!(@ $offset $len File &[]) };
    (@ $offset:literal $width:literal $order:ident $bits:expr) => {
        Item { offset: $offset, width: $width, order: Order::$order, bits: { const B: &[Bits] = $bits; B } }
    };
}

macro_rules! layouts {
    ($($(#[$doc:meta])* $name:ident $text:literal $len:literal bytes,
        $start:ident, $flags:ident, $flowtype:ident, $expanded:ident:
        $($kind:ident $offset:literal $what:tt),+;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl $name {
                const ITEMS: &'static [Item] = &[$(item!($kind $offset $what)),+];
                /// The layout as a value.
                pub(crate) const INFO: &'static LayoutInfo = &LayoutInfo {
                    name: $text,
                    len: $len,
                    rules: <Self as Layout>::RULES,
                    slots: <Self as Layout>::SLOTS,
                    read_little: Typed::<Self, byteorder::LittleEndian>::read_column,
                    read_big: Typed::<Self, byteorder::BigEndian>::read_column,
                    #[cfg(feature = "write")]
                    write_little: WriteFns::of::<Self, byteorder::LittleEndian>(),
                    #[cfg(feature = "write")]
                    write_big: WriteFns::of::<Self, byteorder::BigEndian>(),
                };
            }

            impl Layout for $name {
                type Record = [u8; $len];
                const RULES: Rules = Rules {
                    start: Start::$start,
                    flags: FlagsRule::$flags,
                    flowtype: FlowtypeFrom::$flowtype,
                    expanded: Expanded::$expanded,
                };
                const SLOTS: &'static Slots = &slots($len, Self::ITEMS);
                #[cfg(feature = "write")]
                const IS_FILLED: bool = crate::field::is_filled(Self::ITEMS);

                fn records(bytes: &[u8]) -> &[Self::Record] {
                    bytes.as_chunks().0
                }

                #[cfg(feature = "write")]
                fn records_mut(bytes: &mut [u8]) -> &mut [Self::Record] {
                    bytes.as_chunks_mut().0
                }
            }
        )*
    };
}

layouts! {
    /// FT_RWIPV6 version 1: spec 8.1, L-6A.
    L6A "L-6A" 68 bytes, Absolute, R0, Record, ClearStale:
        u64 0 StimeMs, u32 8 ElapsedMs, u16 12 Sport, u16 14 Dport, u8 16 Proto, u8 17 Flowtype,
        u16 18 Sensor, u8 20 Flags, u8 21 InitFlags, u8 22 RestFlags, u8 23 TcpState, u16 24 Application,
        u16 26 Memo, u32 28 Pkts, u32 32 Bytes, ip6 36 Sip, ip6 52 Dip;

    /// FT_RWIPV6 version 2: spec 8.1, L-6B.
    L6B "L-6B" 56 bytes, Relative, R4, File, Keep:
        word 0 W9, u8 4 ProtoIflags, u8 5 TcpState, u16 6 Application, u16 8 Sport, u16 10 Dport,
        u32 12 ElapsedMs, u32 16 Pkts, u32 20 Bytes, ip6 24 Sip, ip6 40 Dip;

    /// FT_RWIPV6ROUTING versions 1, 2: spec 8.2, L-6R1.
    L6R1 "L-6R1" 88 bytes, Absolute, R0, Record, ClearStale:
        u64 0 StimeMs, u32 8 ElapsedMs, u16 12 Sport, u16 14 Dport, u8 16 Proto, u8 17 Flowtype,
        u16 18 Sensor, u8 20 Flags, u8 21 InitFlags, u8 22 RestFlags, u8 23 TcpState, u16 24 Application,
        u16 26 Memo, u16 28 Input, u16 30 Output, u32 32 Pkts, u32 36 Bytes, ip6 40 Sip, ip6 56 Dip,
        ip6 72 Nhip;

    /// FT_RWIPV6ROUTING version 3: spec 8.2, L-6R3.
    L6R3 "L-6R3" 100 bytes, Absolute, R0, Record, Keep:
        u64 0 StimeMs, u32 8 ElapsedMs, u16 12 Sport, u16 14 Dport, u8 16 Proto, u8 17 Flowtype,
        u16 18 Sensor, u8 20 Flags, u8 21 InitFlags, u8 22 RestFlags, u8 23 TcpState, u16 24 Application,
        u16 26 Memo, u32 28 Input, u64 32 Pkts, u64 40 Bytes, ip6 48 Sip, ip6 64 Dip, ip6 80 Nhip,
        u32 96 Output;

    /// FT_RWGENERIC version 5: spec 8.3, L-G5.
    LG5 "L-G5" 52 bytes, Absolute, R0, Record, ClearStale:
        u64 0 StimeMs, u32 8 ElapsedMs, u16 12 Sport, u16 14 Dport, u8 16 Proto, u8 17 Flowtype,
        u16 18 Sensor, u8 20 Flags, u8 21 InitFlags, u8 22 RestFlags, u8 23 TcpState, u16 24 Application,
        u16 26 Memo, u16 28 Input, u16 30 Output, u32 32 Pkts, u32 36 Bytes, ip4 40 Sip, ip4 44 Dip,
        ip4 48 Nhip;

    /// FT_RWGENERIC versions 3, 4: spec 8.3, L-G3.
    LG3 "L-G3" 56 bytes, Absolute, R0, Record, ClearStale:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, ip4 12 Nhip, u16 16 Input, u16 18 Output,
        u32 20 StimeS, u32 24 ElapsedS, u32 28 Pkts, u32 32 Bytes, u8 36 Proto, u8 37 Flowtype,
        u16 38 Sensor, u8 40 Flags, u8 41 InitFlags, u8 42 RestFlags, u8 43 TcpState, pad 44 4,
        u16 48 StimeFrac, u16 50 ElapsedFrac, u16 52 Application, pad 54 2;

    /// FT_RWGENERIC version 2: spec 8.3, L-G2.
    LG2 "L-G2" 48 bytes, Absolute, R0, Record, ClearStale:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, ip4 12 Nhip, u16 16 Input, u16 18 Output,
        u32 20 StimeS, u32 24 ElapsedS, u32 28 Pkts, u32 32 Bytes, u8 36 Proto, u8 37 Flowtype,
        u16 38 Sensor, u8 40 Flags, u8 41 InitFlags, u8 42 RestFlags, u8 43 TcpState, pad 44 4;

    /// FT_RWGENERIC version 1: spec 8.3, L-G1.
    LG1 "L-G1" 37 bytes, Absolute, R0, Never, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, u8 12 Proto, u8 13 Flags, u8 14 Input,
        u8 15 Output, ip4 16 Nhip, u32 20 StimeS, u32 24 Pkts, u32 28 Bytes, u32 32 ElapsedS, u8 36 Sensor;

    /// FT_RWGENERIC version 0: spec 8.3, L-G0.
    LG0 "L-G0" 40 bytes, Absolute, R0, Never, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, u8 12 Proto, u8 13 Flags, u8 14 Input,
        u8 15 Output, ip4 16 Nhip, u32 20 StimeS, u32 24 Pkts, u32 28 Bytes, u32 32 ElapsedS, u8 36 Sensor,
        pad 37 3;

    /// FT_RWAUGMENTED versions 1, 2, 3: spec 8.4, L-A1.
    LA1 "L-A1" 28 bytes, Relative, R2Augmented, File, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, word 12 W3, word 16 W4, word 20 W5,
        u16 24 Application, u8 26 TcpState, u8 27 RestFlags;

    /// FT_RWAUGMENTED version 4: spec 8.4, L-A4.
    LA4 "L-A4" 28 bytes, Relative, R3, File, Keep:
        word 0 W6, word 4 W7, word 8 W8, u8 12 TcpState, u8 13 RestFlags, u16 14 Application, u16 16 Sport,
        u16 18 Dport, ip4 20 Sip, ip4 24 Dip;

    /// FT_RWAUGMENTED version 5: spec 8.4, L-A5.
    LA5 "L-A5" 32 bytes, Relative, R4, File, Keep:
        word 0 W9, u8 4 ProtoIflags, u8 5 TcpState, u16 6 Application, u16 8 Sport, u16 10 Dport,
        u32 12 ElapsedMs, u32 16 Pkts, u32 20 Bytes, ip4 24 Sip, ip4 28 Dip;

    /// FT_RWAUGROUTING versions 1, 2, 3: spec 8.5, L-AR1.
    LAR1 "L-AR1" 36 bytes, Relative, R2Augmented, File, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, word 12 W3, word 16 W4, word 20 W5,
        u16 24 Application, u8 26 TcpState, u8 27 RestFlags, ip4 28 Nhip, u16 32 Input, u16 34 Output;

    /// FT_RWAUGROUTING version 4: spec 8.5, L-AR4.
    LAR4 "L-AR4" 36 bytes, Relative, R3, File, Keep:
        word 0 W6, word 4 W7, word 8 W8, u8 12 TcpState, u8 13 RestFlags, u16 14 Application, u16 16 Sport,
        u16 18 Dport, u16 20 Input, u16 22 Output, ip4 24 Sip, ip4 28 Dip, ip4 32 Nhip;

    /// FT_RWAUGROUTING version 5: spec 8.5, L-AR5.
    LAR5 "L-AR5" 40 bytes, Relative, R4, File, Keep:
        word 0 W9, u8 4 ProtoIflags, u8 5 TcpState, u16 6 Application, u16 8 Sport, u16 10 Dport,
        u32 12 ElapsedMs, u32 16 Pkts, u32 20 Bytes, ip4 24 Sip, ip4 28 Dip, ip4 32 Nhip, u16 36 Input,
        u16 38 Output;

    /// FT_RWAUGSNMPOUT versions 1, 2, 3: spec 8.6, L-AS1.
    LAS1 "L-AS1" 30 bytes, Relative, R2Augmented, File, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, word 12 W3, word 16 W4, word 20 W5,
        u16 24 Application, u8 26 TcpState, u8 27 RestFlags, u16 28 Output;

    /// FT_RWAUGSNMPOUT version 4: spec 8.6, L-AS4.
    LAS4 "L-AS4" 30 bytes, Relative, R3, File, Keep:
        word 0 W6, word 4 W7, word 8 W8, u8 12 TcpState, u8 13 RestFlags, u16 14 Application, u16 16 Sport,
        u16 18 Dport, ip4 20 Sip, ip4 24 Dip, u16 28 Output;

    /// FT_RWAUGSNMPOUT version 5: spec 8.6, L-AS5.
    LAS5 "L-AS5" 34 bytes, Relative, R4, File, Keep:
        word 0 W9, u8 4 ProtoIflags, u8 5 TcpState, u16 6 Application, u16 8 Sport, u16 10 Dport,
        u32 12 ElapsedMs, u32 16 Pkts, u32 20 Bytes, ip4 24 Sip, ip4 28 Dip, u16 32 Output;

    /// FT_RWAUGWEB versions 1, 2, 3: spec 8.7, L-AW1.
    LAW1 "L-AW1" 26 bytes, Relative, R2, File, Keep:
        ip4 0 Sip, ip4 4 Dip, word 8 W3, word 12 W4, word 16 W5_WEB, u16 20 ClntPort, u16 22 Application,
        u8 24 TcpState, u8 25 RestFlags;

    /// FT_RWAUGWEB version 4: spec 8.7, L-AW4.
    LAW4 "L-AW4" 26 bytes, Relative, R3, File, Keep:
        word 0 W6, word 4 W7, word 8 W8_WEB, u8 12 TcpState, u8 13 RestFlags, u16 14 Application,
        ip4 16 Sip, ip4 20 Dip, u16 24 ClntPort;

    /// FT_RWAUGWEB version 5: spec 8.7, L-AW5.
    LAW5 "L-AW5" 30 bytes, Relative, R4, File, Keep:
        word 0 W9_WEB, u8 4 ProtoIflags, u8 5 TcpState, u16 6 Application, word 8 W10, u32 12 Pkts,
        u32 16 Bytes, ip4 20 Sip, ip4 24 Dip, u16 28 ClntPort;

    /// FT_RWFILTER versions 4, 5: spec 8.8, L-F4.
    LF4 "L-F4" 44 bytes, Absolute, R2, Record, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, ip4 12 Nhip, u16 16 Input, u16 18 Output,
        u32 20 StimeS, u32 24 ElapsedS, word 28 W11, word 32 W12, u16 36 Sensor, u8 38 Flowtype,
        u8 39 ProtFlags, u16 40 Application, u8 42 TcpState, u8 43 RestFlags;

    /// FT_RWFILTER version 3: spec 8.8, L-F3.
    LF3 "L-F3" 40 bytes, Absolute, R0, Record, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, ip4 12 Nhip, u16 16 Input, u16 18 Output,
        u32 20 StimeS, u32 24 ElapsedS, word 28 W13, word 32 W14, u16 36 Sensor, u8 38 Proto, u8 39 Flags;

    /// FT_RWFILTER version 2: spec 8.8, L-F2.
    LF2 "L-F2" 32 bytes, Absolute, R0, Never, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, u8 12 Proto, u8 13 Flags, u8 14 Input,
        u8 15 Output, ip4 16 Nhip, u32 20 StimeS, word 24 W1, word 28 W15;

    /// FT_RWFILTER version 1: spec 8.8, L-F1.
    LF1 "L-F1" 32 bytes, Absolute, R0, Never, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, u8 12 Proto, u8 13 Flags, u8 14 Input,
        u8 15 Output, ip4 16 Nhip, u32 20 StimeS, word 24 W1, word 28 W16;

    /// FT_RWNOTROUTED version 5: spec 8.9, L-N5.
    LN5 "L-N5" 26 bytes, Relative, R1, File, Keep:
        word 0 W6, word 4 W7, word 8 W8, u16 12 Sport, u16 14 Dport, ip4 16 Sip, ip4 20 Dip, u16 24 Input;

    /// FT_RWNOTROUTED versions 3, 4: spec 8.9, L-N3.
    LN3 "L-N3" 26 bytes, Relative, R1, File, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, word 12 W3, word 16 W4, word 20 W5, u16 24 Input;

    /// FT_RWNOTROUTED versions 1, 2: spec 8.9, L-N1.
    LN1 "L-N1" 23 bytes, Relative, R0, File, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, word 12 W1, word 16 W2, u8 20 Proto, u8 21 Flags,
        u8 22 Input;

    /// FT_RWROUTED version 5: spec 8.10, L-R5.
    LR5 "L-R5" 32 bytes, Relative, R1, File, Keep:
        word 0 W6, word 4 W7, word 8 W8, u16 12 Sport, u16 14 Dport, u16 16 Input, u16 18 Output,
        ip4 20 Sip, ip4 24 Dip, ip4 28 Nhip;

    /// FT_RWROUTED versions 3, 4: spec 8.10, L-R3.
    LR3 "L-R3" 32 bytes, Relative, R1, File, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, word 12 W3, word 16 W4, word 20 W5, ip4 24 Nhip,
        u16 28 Input, u16 30 Output;

    /// FT_RWROUTED versions 1, 2: spec 8.10, L-R1.
    LR1 "L-R1" 28 bytes, Relative, R0, File, Keep:
        ip4 0 Sip, ip4 4 Dip, ip4 8 Nhip, u16 12 Sport, u16 14 Dport, word 16 W1, word 20 W2, u8 24 Proto,
        u8 25 Flags, u8 26 Input, u8 27 Output;

    /// FT_RWSPLIT version 5: spec 8.11, L-S5.
    LS5 "L-S5" 24 bytes, Relative, R1, File, Keep:
        word 0 W6, word 4 W7, word 8 W8, u16 12 Sport, u16 14 Dport, ip4 16 Sip, ip4 20 Dip;

    /// FT_RWSPLIT versions 3, 4: spec 8.11, L-S3.
    LS3 "L-S3" 24 bytes, Relative, R1, File, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, word 12 W3, word 16 W4, word 20 W5;

    /// FT_RWSPLIT versions 1, 2: spec 8.11, L-S1.
    LS1 "L-S1" 22 bytes, Relative, R0, File, Keep:
        ip4 0 Sip, ip4 4 Dip, u16 8 Sport, u16 10 Dport, word 12 W1, word 16 W2, u8 20 Proto, u8 21 Flags;

    /// FT_RWWWW version 5: spec 8.12, L-W5.
    LW5 "L-W5" 22 bytes, Relative, R1, File, Keep:
        word 0 W6, word 4 W7, word 8 W8_WEB, ip4 12 Sip, ip4 16 Dip, u16 20 ClntPort;

    /// FT_RWWWW versions 3, 4: spec 8.12, L-W3.
    LW3 "L-W3" 22 bytes, Relative, R1, File, Keep:
        ip4 0 Sip, ip4 4 Dip, word 8 W3, word 12 W4, word 16 W5_WEB, u16 20 ClntPort;

    /// FT_RWWWW versions 1, 2: spec 8.12, L-W1.
    LW1 "L-W1" 20 bytes, Relative, R0, File, Keep:
        ip4 0 Sip, ip4 4 Dip, word 8 W1, word 12 W2, u16 16 ClntPort, byte 18 WEB_FLAGS, byte 19 WEB_PORT;

    /// FT_FLOWCAP versions 5, 6: spec 8.13, L-C5.
    LC5 "L-C5" 38 bytes, Absolute, R5, Never, Keep:
        ip4 0 Sip, ip4 4 Dip, u32 8 Bytes, u32 12 StimeS, u16 16 ElapsedS, u16 18 Sport, u16 20 Dport,
        u16 22 Application, u16 24 Input, u16 26 Output, u24 28 Pkts, u8 31 Proto, u8 32 Flags,
        u8 33 FirstFlags, u8 34 TcpState, be24 35 TIME_FRAC;

    /// FT_FLOWCAP version 4: spec 8.13, L-C4.
    LC4 "L-C4" 40 bytes, Absolute, R5, Never, Keep:
        ip4 0 Sip, ip4 4 Dip, u32 8 Bytes, u32 12 StimeS, u16 16 ElapsedS, u16 18 Sport, u16 20 Dport,
        u16 22 Application, u8 24 Input, u8 25 Output, u24 26 Pkts, u8 29 Proto, u8 30 Flags,
        u8 31 FirstFlags, u8 32 TcpState, be24 33 TIME_FRAC, ip4 36 Nhip;

    /// FT_FLOWCAP version 3: spec 8.13, L-C3.
    LC3 "L-C3" 36 bytes, Absolute, R5, Never, Keep:
        ip4 0 Sip, ip4 4 Dip, u32 8 Bytes, u32 12 StimeS, u16 16 ElapsedS, u16 18 Sport, u16 20 Dport,
        u16 22 Application, u8 24 Input, u8 25 Output, u24 26 Pkts, u8 29 Proto, u8 30 Flags,
        u8 31 FirstFlags, u8 32 TcpState, be24 33 TIME_FRAC;

    /// FT_FLOWCAP version 2: spec 8.13, L-C2.
    LC2 "L-C2" 30 bytes, Absolute, R0, Never, Keep:
        ip4 0 Sip, ip4 4 Dip, u32 8 Bytes, u32 12 StimeS, u16 16 ElapsedS, u16 18 Sport, u16 20 Dport,
        u8 22 Input, u8 23 Output, u24 24 Pkts, u8 27 Proto, u8 28 Flags, pad 29 1;
}

/// One (format, version) pair that holds flow records.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) id: FormatId,
    pub(crate) version: u8,
    pub(crate) layout: &'static LayoutInfo,
    pub(crate) application: Application,
}

macro_rules! formats {
    ($(($id:ident, $version:literal, $layout:ident, $application:ident),)*) => {
        /// Every pair of spec 7; any other pair is refused.
        pub(crate) static FORMATS: &[Format] = &[$(Format {
            id: FormatId::$id,
            version: $version,
            layout: $layout::INFO,
            application: Application::$application,
        }),*];
    };
}

formats! {
    (RWIPV6, 1, L6A, AsStored),
    (RWIPV6, 2, L6B, AsStored),
    (RWIPV6ROUTING, 1, L6R1, AsStored),
    (RWIPV6ROUTING, 2, L6R1, ZeroApplication),
    (RWIPV6ROUTING, 3, L6R3, AsStored),
    (RWAUGSNMPOUT, 1, LAS1, AsStored),
    (RWAUGSNMPOUT, 2, LAS1, AsStored),
    (RWAUGSNMPOUT, 3, LAS1, AsStored),
    (RWAUGSNMPOUT, 4, LAS4, AsStored),
    (RWAUGSNMPOUT, 5, LAS5, AsStored),
    (RWAUGROUTING, 1, LAR1, AsStored),
    (RWAUGROUTING, 2, LAR1, AsStored),
    (RWAUGROUTING, 3, LAR1, AsStored),
    (RWAUGROUTING, 4, LAR4, AsStored),
    (RWAUGROUTING, 5, LAR5, AsStored),
    (RWROUTED, 1, LR1, AsStored),
    (RWROUTED, 2, LR1, AsStored),
    (RWROUTED, 3, LR3, AsStored),
    (RWROUTED, 4, LR3, AsStored),
    (RWROUTED, 5, LR5, AsStored),
    (RWNOTROUTED, 1, LN1, AsStored),
    (RWNOTROUTED, 2, LN1, AsStored),
    (RWNOTROUTED, 3, LN3, AsStored),
    (RWNOTROUTED, 4, LN3, AsStored),
    (RWNOTROUTED, 5, LN5, AsStored),
    (RWSPLIT, 1, LS1, AsStored),
    (RWSPLIT, 2, LS1, AsStored),
    (RWSPLIT, 3, LS3, AsStored),
    (RWSPLIT, 4, LS3, AsStored),
    (RWSPLIT, 5, LS5, AsStored),
    (RWFILTER, 1, LF1, AsStored),
    (RWFILTER, 2, LF2, AsStored),
    (RWFILTER, 3, LF3, AsStored),
    (RWFILTER, 4, LF4, AsStored),
    (RWFILTER, 5, LF4, AsStored),
    (RWAUGMENTED, 1, LA1, AsStored),
    (RWAUGMENTED, 2, LA1, AsStored),
    (RWAUGMENTED, 3, LA1, AsStored),
    (RWAUGMENTED, 4, LA4, AsStored),
    (RWAUGMENTED, 5, LA5, AsStored),
    (RWAUGWEB, 1, LAW1, AsStored),
    (RWAUGWEB, 2, LAW1, AsStored),
    (RWAUGWEB, 3, LAW1, AsStored),
    (RWAUGWEB, 4, LAW4, AsStored),
    (RWAUGWEB, 5, LAW5, AsStored),
    (RWGENERIC, 0, LG0, AsStored),
    (RWGENERIC, 1, LG1, AsStored),
    (RWGENERIC, 2, LG2, AsStored),
    (RWGENERIC, 3, LG3, AsStored),
    (RWGENERIC, 4, LG3, AsStored),
    (RWGENERIC, 5, LG5, AsStored),
    (FLOWCAP, 2, LC2, AsStored),
    (FLOWCAP, 3, LC3, AsStored),
    (FLOWCAP, 4, LC4, AsStored),
    (FLOWCAP, 5, LC5, AsStored),
    (FLOWCAP, 6, LC5, ZeroApplication),
    (RWWWW, 1, LW1, AsStored),
    (RWWWW, 2, LW1, AsStored),
    (RWWWW, 3, LW3, AsStored),
    (RWWWW, 4, LW3, AsStored),
    (RWWWW, 5, LW5, AsStored),
}

/// The pair's entry, if flow files of this format and version exist.
pub(crate) fn find(id: FormatId, version: u8) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.id == id && f.version == version)
}

/// A (format, version) pair that this crate decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlowFormat {
    /// The format id.
    pub id: FormatId,
    /// The record version.
    pub version: u8,
    /// The layout's name in spec 8, such as `L-S5`; pairs may share one.
    pub layout: &'static str,
    /// The length of a record in bytes.
    pub record_len: usize,
    /// Whether packets and bytes are stored as packets and a ratio (spec 6.2), so that bytes are not exact.
    pub has_ratio: bool,
    /// Whether start times count from the base time of the file header, so that a file holds little more than an hour.
    pub is_hourly: bool,
    /// Whether the sensor stands in the file header and not in the record.
    pub sensor_in_header: bool,
    /// Whether the flowtype stands in the file header and not in the record.
    pub flowtype_in_header: bool,
}

impl FlowFormat {
    /// The pair's entry in [`formats`], if flow files of this format and version exist.
    #[must_use]
    pub fn find(id: FormatId, version: u8) -> Option<Self> {
        find(id, version).map(Self::of)
    }

    fn of(format: &Format) -> Self {
        let layout = format.layout;
        Self {
            id: format.id,
            version: format.version,
            layout: layout.name,
            record_len: layout.len,
            has_ratio: !layout.slots[Field::Pkts as usize].is_present(),
            is_hourly: layout.rules.start == Start::Relative,
            sensor_in_header: !layout.slots[Field::Sensor as usize].is_present(),
            flowtype_in_header: layout.rules.flowtype == FlowtypeFrom::File,
        }
    }
}

/// The 61 (format, version) pairs that this crate decodes, in the order of spec 7.
pub fn formats() -> impl Iterator<Item = FlowFormat> {
    FORMATS.iter().map(FlowFormat::of)
}

/// The version that SiLK 3.19.1 writes of a format by default (spec 7).
#[must_use]
pub fn default_version(format: FormatId) -> Option<u8> {
    Some(match format {
        FormatId::RWIPV6 | FormatId::RWIPV6ROUTING => 1,
        FormatId::RWAUGMENTED | FormatId::RWAUGROUTING | FormatId::RWAUGSNMPOUT | FormatId::RWAUGWEB => 4,
        FormatId::RWROUTED
        | FormatId::RWNOTROUTED
        | FormatId::RWSPLIT
        | FormatId::RWWWW
        | FormatId::RWFILTER
        | FormatId::RWGENERIC
        | FormatId::FLOWCAP => 5,
        _ => return None,
    })
}
