//! The encoder: records go in, their bytes in one layout come out. No I/O.

use super::flow::Flow;
use super::options::WriterOptions;
use super::record::FlowRecord;
use super::rules::OutOfRange;
use super::typed::WriteFns;
use crate::column::Selection;
use crate::error::{ErrorKind, Refusal, Refusals, Result};
use crate::format::ByteOrder;
use crate::layouts::LayoutInfo;
use crate::record::Block;

/// Rows that are looked at and then copied: they stay in the first cache.
const CHUNK: usize = 256;

/// Makes the bytes of flow records in one layout and byte order: what stands in the data section of an uncompressed
/// file, and in the blocks of a compressed one.
///
/// A record that the layout cannot express (spec 12) is refused and nothing of it is appended; the encoder stays
/// usable. Not refused, because the reference does not: what a layout has no field for is left out, sensor and flowtype
/// too where the file header holds them; layouts of whole seconds drop milliseconds; the ratio of packets and bytes is
/// as exact as spec 6.2 says; of a web record without a web port the destination port is lost; FT_FLOWCAP saturates
/// packets at 2^24 − 1 and seconds of duration at 65535, and versions 2 to 4 keep the low 8 bits of interfaces.
///
/// `Send`, and cheap to clone: to encode on several threads give each a clone and write the bytes in order, with
/// [`Writer::write_encoded`](super::Writer::write_encoded).
#[derive(Debug, Clone)]
pub struct Encoder {
    layout: &'static LayoutInfo,
    order: ByteOrder,
    base_time_ms: i64,
    offered: u64,
    flows: Vec<Flow>,
    selected: Vec<u8>,
}

impl Encoder {
    /// An encoder of the records of a file with such a header: format, version, byte order and base time count.
    ///
    /// # Errors
    /// `Unsupported` if the pair of format and version is none of [`formats`](crate::formats).
    pub fn new(options: &WriterOptions) -> Result<Self> {
        Ok(Self {
            layout: options.layout()?,
            order: options.order(),
            base_time_ms: options.base_time_ms(),
            offered: 0,
            flows: Vec::new(),
            selected: Vec::new(),
        })
    }

    /// The length of a record in bytes.
    #[must_use]
    pub fn record_len(&self) -> usize {
        self.layout.len
    }

    /// The number of records offered so far, refused ones among them.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.offered
    }

    /// Says how many records come before the next one, so that refusals count from there.
    #[must_use]
    pub fn with_offered(mut self, records: u64) -> Self {
        self.offered = records;
        self
    }

    /// Appends one record to `out`.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] (class `Limit`) if the layout cannot express it; `out` is as before then.
    pub fn append(&mut self, record: &FlowRecord, out: &mut Vec<u8>) -> Result<()> {
        let mut refusal = None;
        let number = self.offered + 1;
        (self.functions().encode)(&[Flow::from(record)], self.base_time_ms, out, &mut |_, reason| {
            refusal = Some(reason.of(number));
        });
        self.offered = number;
        match refusal {
            None => Ok(()),
            Some(refusal) => Err(ErrorKind::Refused(refusal).into()),
        }
    }

    /// Appends the records of `block` (with a selection, those of its rows that lie inside) to `out`, and tells of
    /// those that the layout cannot express, which are left out.
    ///
    /// The bytes are those that [`append`](Self::append) makes of each record.
    ///
    /// # Cost
    /// Records of the encoder's own layout and byte order that need no change are copied, if the layout has separate
    /// counts and no unused bits (FT_RWIPV6ROUTING, FT_RWIPV6 v1, FT_RWGENERIC v5 and v1, FT_RWAUGWEB v5): about the
    /// time of one copy. All others are decoded and encoded, by loops compiled for their layouts. `out` grows at once
    /// by as much as may be needed.
    pub fn append_block(
        &mut self,
        block: Block<'_>,
        selection: Option<&Selection>,
        out: &mut Vec<u8>,
    ) -> Refusals {
        let mut refused = Refusals::default();
        match selection.map(|selection| selection.rows_below(block.len())) {
            None => self.append_all(block, out, &mut refused),
            Some(rows) => self.append_rows(block, rows, out, &mut refused),
        }
        refused
    }

    /// Appends these rows, which lie inside the block.
    pub(super) fn append_rows(
        &mut self,
        block: Block<'_>,
        rows: &[u32],
        out: &mut Vec<u8>,
        refused: &mut Refusals,
    ) {
        out.reserve(rows.len() * self.layout.len);
        let mut selected = std::mem::take(&mut self.selected);
        for rows in rows.chunks(CHUNK) {
            self.append_all(block.gather(rows, &mut selected), out, refused);
        }
        self.selected = selected;
    }

    pub(super) fn append_all(&mut self, block: Block<'_>, out: &mut Vec<u8>, refused: &mut Refusals) {
        out.reserve(block.len() * self.layout.len);
        let source = block.view();
        let same = std::ptr::eq(source.layout, self.layout) && source.order == self.order;
        let verbatim = self.functions().verbatim.filter(|_| same);
        let mut row = 0;
        while row < block.len() {
            let chunk = block.slice(row..row + CHUNK);
            let Some(verbatim) = verbatim else {
                self.transcode(chunk, out, refused);
                row += chunk.len();
                continue;
            };
            let copied = verbatim(chunk, self.base_time_ms);
            out.extend_from_slice(chunk.slice(0..copied).bytes());
            self.offered += copied as u64;
            let changed = chunk.slice(copied..copied + 1);
            self.transcode(changed, out, refused);
            row += copied + changed.len();
        }
    }

    fn transcode(&mut self, block: Block<'_>, out: &mut Vec<u8>, refused: &mut Refusals) {
        if block.is_empty() {
            return;
        }
        let source = block.view();
        self.flows.clear();
        (source.layout.write(source.order).decode)(block, &mut self.flows);
        let first = self.offered + 1;
        let note = &mut |row: usize, reason: OutOfRange| refused.add(reason.of(first + row as u64).into());
        (self.functions().encode)(&self.flows, self.base_time_ms, out, note);
        self.offered += block.len() as u64;
    }

    fn functions(&self) -> &'static WriteFns {
        self.layout.write(self.order)
    }
}

impl OutOfRange {
    fn of(self, record: u64) -> Refusal {
        Refusal::new(record, self.field, self.value, self.least..=self.most)
    }
}
