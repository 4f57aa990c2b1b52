//! How a record layout is said: items at offsets, bit ranges inside them, and the look-up tables that the compiler
//! builds from them. A layout with a gap, an overlap or a record that is not filled does not compile.

/// A stored field of some layout, named as in spec 5, 6.1 and 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Field {
    Sip,
    Dip,
    Nhip,
    Sport,
    Dport,
    ClntPort,
    SrvPort,
    SrcIsSrv,
    Proto,
    ProtFlags,
    ProtoIflags,
    IsTcp,
    Flags,
    InitFlags,
    RestFlags,
    FirstFlags,
    TcpState,
    Application,
    Memo,
    Sensor,
    Flowtype,
    Input,
    Output,
    Pkts,
    Bytes,
    Pkts20,
    Pflag,
    Bpp,
    BppHi,
    BppLo,
    StimeMs,
    StimeS,
    StimeFrac,
    ElapsedMs,
    ElapsedS,
    ElapsedFrac,
}

/// How many fields there are.
pub(crate) const FIELDS: usize = Field::ElapsedFrac as usize + 1;

/// Whose byte order an item has (spec 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The order that the header announces.
    File,
    /// Always the most significant byte first.
    Big,
}

/// Bits `hi..lo` (inclusive, 0 least significant) of an item's integer value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bits {
    pub(crate) field: Field,
    pub(crate) hi: u8,
    pub(crate) lo: u8,
}

/// `width` bytes of a record at `offset`. Padding has no bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) offset: u8,
    pub(crate) width: u8,
    pub(crate) order: Order,
    pub(crate) bits: &'static [Bits],
}

/// Where one field of one layout stands. `width` 0: the layout has no such field; 16: an address in network order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) offset: u8,
    pub(crate) width: u8,
    pub(crate) order: Order,
    pub(crate) shift: u8,
    pub(crate) bits: u8,
}

impl Slot {
    pub(crate) const ABSENT: Self = Self { offset: 0, width: 0, order: Order::File, shift: 0, bits: 0 };

    pub(crate) const fn is_present(self) -> bool {
        self.width != 0
    }
}

/// The slots of a layout by field.
pub(crate) type Slots = [Slot; FIELDS];

pub(crate) const fn bits(field: Field, hi: u8, lo: u8) -> Bits {
    Bits { field, hi, lo }
}

/// Whether every bit of a record belongs to a field.
#[cfg(feature = "write")]
pub(crate) const fn is_filled(items: &[Item]) -> bool {
    let mut i = 0;
    while i < items.len() {
        let mut used = 0;
        let mut b = 0;
        while b < items[i].bits.len() {
            used += items[i].bits[b].hi as u16 - items[i].bits[b].lo as u16 + 1;
            b += 1;
        }
        if used != items[i].width as u16 * 8 {
            return false;
        }
        i += 1;
    }
    true
}

/// Checks a layout and indexes it by field. Evaluated by the compiler: a wrong table stops the build.
pub(crate) const fn slots(len: usize, items: &[Item]) -> Slots {
    let mut slots = [Slot::ABSENT; FIELDS];
    let mut end = 0;
    let mut i = 0;
    while i < items.len() {
        let item = items[i];
        assert!(item.offset as usize == end, "gap or overlap between items");
        assert!(matches!(item.width, 1..=4 | 8 | 16) || item.bits.is_empty(), "no integer has this width");
        end += item.width as usize;
        let mut used = 0u128;
        let mut b = 0;
        while b < item.bits.len() {
            let Bits { field, hi, lo } = item.bits[b];
            assert!(lo <= hi && (hi as u16) < item.width as u16 * 8, "bits outside their item");
            let width = hi - lo + 1;
            let mask = if width == 128 { u128::MAX } else { ((1 << width) - 1) << lo };
            assert!(used & mask == 0, "two fields share bits");
            used |= mask;
            assert!(!slots[field as usize].is_present(), "a field stands twice");
            slots[field as usize] =
                Slot { offset: item.offset, width: item.width, order: item.order, shift: lo, bits: width };
            b += 1;
        }
        i += 1;
    }
    assert!(end == len, "the items do not fill the record");
    slots
}
