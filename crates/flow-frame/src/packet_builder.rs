//! Packets of any source → record batches of a projection.

use std::mem;
use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    ArrayRef, FixedSizeBinaryArray, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::SchemaRef;
use pcap_headers::{Column, PacketRow, Sink};
use silk_format::Bits;

use crate::error::{Error, ErrorKind, Result};
use crate::predicate::{BitSlice, Cells, ColumnSlice, Present};
use crate::schema::{ColumnType, FlowColumn, Projection, Source, Table};

/// The values of a column of packets, one per row; what stands under a null does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the element type says it")]
pub enum PacketValues {
    I64(Vec<i64>),
    U64(Vec<u64>),
    U32(Vec<u32>),
    U16(Vec<u16>),
    U8(Vec<u8>),
    /// Hardware addresses.
    Mac(Vec<[u8; 6]>),
    /// 16 bytes in network order, IPv4 as `::ffff:a.b.c.d`.
    Address(Vec<[u8; 16]>),
    Text(Vec<Box<str>>),
}

impl PacketValues {
    /// No values, of the type of a column; room for `rows`.
    fn of(kind: ColumnType, rows: usize) -> Self {
        match kind {
            ColumnType::U64 => Self::U64(Vec::with_capacity(rows)),
            ColumnType::U32 => Self::U32(Vec::with_capacity(rows)),
            ColumnType::U16 => Self::U16(Vec::with_capacity(rows)),
            ColumnType::U8 => Self::U8(Vec::with_capacity(rows)),
            ColumnType::Mac => Self::Mac(Vec::with_capacity(rows)),
            ColumnType::Ip => Self::Address(Vec::with_capacity(rows)),
            ColumnType::Utf8 => Self::Text(Vec::new()),
            _ => Self::I64(Vec::with_capacity(rows)),
        }
    }

    /// Room for so many more.
    fn reserve(&mut self, rows: usize) {
        match self {
            Self::I64(values) => values.reserve_exact(rows),
            Self::U64(values) => values.reserve_exact(rows),
            Self::U32(values) => values.reserve_exact(rows),
            Self::U16(values) => values.reserve_exact(rows),
            Self::U8(values) => values.reserve_exact(rows),
            Self::Mac(values) => values.reserve_exact(rows),
            Self::Address(values) => values.reserve_exact(rows),
            // Texts are gathered anew in the end.
            Self::Text(_) => {}
        }
    }

    /// Gives room back if less than half of it is taken.
    fn shrink(&mut self) {
        fn fit<T>(values: &mut Vec<T>) {
            if values.len() < values.capacity() / 2 {
                values.shrink_to_fit();
            }
        }
        match self {
            Self::I64(values) => fit(values),
            Self::U64(values) => fit(values),
            Self::U32(values) => fit(values),
            Self::U16(values) => fit(values),
            Self::U8(values) => fit(values),
            Self::Mac(values) => fit(values),
            Self::Address(values) => fit(values),
            Self::Text(_) => {}
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::Mac(values) => values.len(),
            Self::Address(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }
}

/// A column that is being filled.
#[derive(Debug, Clone)]
pub(crate) struct PacketBuf {
    kind: ColumnType,
    values: PacketValues,
    /// A bit per row once one of them is null.
    present: Option<Bits>,
}

impl PacketBuf {
    pub(crate) fn new(kind: ColumnType, rows: usize) -> Self {
        Self { kind, values: PacketValues::of(kind, rows), present: None }
    }

    /// Appends the values of some rows.
    pub(crate) fn read(&mut self, column: Column, rows: &[PacketRow]) {
        column.read(rows, self);
    }

    /// Appends texts.
    pub(crate) fn extend_texts<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>) {
        let PacketValues::Text(to) = &mut self.values else { return };
        let mut present = Vec::new();
        to.extend(texts.map(|text| {
            present.push(text.is_some());
            Box::from(text.unwrap_or_default())
        }));
        self.extend_present(present.len(), present.iter().copied());
    }

    pub(crate) fn clear(&mut self) {
        match &mut self.values {
            PacketValues::I64(values) => values.clear(),
            PacketValues::U64(values) => values.clear(),
            PacketValues::U32(values) => values.clear(),
            PacketValues::U16(values) => values.clear(),
            PacketValues::U8(values) => values.clear(),
            PacketValues::Mac(values) => values.clear(),
            PacketValues::Address(values) => values.clear(),
            PacketValues::Text(values) => values.clear(),
        }
        self.present = None;
    }

    /// Appends the presence of `added` values that were just appended.
    fn extend_present(&mut self, added: usize, mut present: impl Iterator<Item = bool> + Clone) {
        if self.present.is_none() && present.clone().all(|present| present) {
            return;
        }
        let before = self.values.len() - added;
        let bits = self.present.get_or_insert_with(|| {
            let mut bits = Bits::with_capacity(before + added);
            bits.extend(std::iter::repeat_n(true, before));
            bits
        });
        bits.extend(&mut present);
    }

    /// The column as a predicate tests it; texts show only which rows have one.
    pub(crate) fn slice(&self) -> ColumnSlice<'_> {
        let cells = match &self.values {
            PacketValues::I64(values) => Cells::I64(values),
            PacketValues::U64(values) => Cells::U64(values),
            PacketValues::U32(values) => Cells::U32(values),
            PacketValues::U16(values) => Cells::U16(values),
            PacketValues::U8(values) => Cells::U8(values),
            PacketValues::Address(values) => Cells::Address(values),
            PacketValues::Mac(values) => Cells::Mac(values),
            PacketValues::Text(values) => Cells::Opaque(values.len()),
        };
        let present = self.present.as_ref().map_or(Present::All, |bits| Present::Bits(BitSlice::from(bits)));
        ColumnSlice { cells, present }
    }

    fn into_array(mut self) -> Result<ArrayRef> {
        let rows = self.values.len();
        // Who keeps a batch of few rows need not keep the room of many.
        self.values.shrink();
        let nulls = self.present.filter(|bits| bits.count_ones() < bits.len());
        let nulls = nulls
            .map(|bits| NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(bits.into_bytes()), 0, rows)));
        let bytes = |width, values: Vec<u8>, nulls| -> Result<ArrayRef> {
            let values = Buffer::from_vec(values);
            Ok(Arc::new(FixedSizeBinaryArray::try_new_with_len(width, values, nulls, rows)?))
        };
        match self.values {
            PacketValues::I64(values) if self.kind == ColumnType::TimestampNs => {
                let times = PrimitiveArray::<TimestampNanosecondType>::try_new(values.into(), nulls)?;
                Ok(Arc::new(times.with_timezone("UTC")))
            }
            PacketValues::I64(values) => primitive::<Int64Type>(values.into(), nulls),
            PacketValues::U64(values) => primitive::<UInt64Type>(values.into(), nulls),
            PacketValues::U32(values) => primitive::<UInt32Type>(values.into(), nulls),
            PacketValues::U16(values) => primitive::<UInt16Type>(values.into(), nulls),
            PacketValues::U8(values) => primitive::<UInt8Type>(values.into(), nulls),
            PacketValues::Mac(values) => bytes(6, values.into_flattened(), nulls),
            PacketValues::Address(values) => bytes(16, values.into_flattened(), nulls),
            PacketValues::Text(values) => {
                let offsets = OffsetBuffer::from_lengths(values.iter().map(|text| text.len()));
                let text = values.concat().into_bytes();
                Ok(Arc::new(StringArray::try_new(offsets, text.into(), nulls)?))
            }
        }
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: ScalarBuffer<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    Ok(Arc::new(PrimitiveArray::<T>::try_new(values, nulls)?))
}

macro_rules! sink {
    ($($method:ident: $variant:ident($value:ty),)*) => {
        /// Values of another type than the column's are passed over: the table of columns has each with its own.
        impl Sink for PacketBuf {
            $(
                #[inline]
                fn $method(&mut self, values: impl Iterator<Item = Option<$value>> + Clone) {
                    let PacketValues::$variant(to) = &mut self.values else { return };
                    let before = to.len();
                    to.extend(values.clone().map(Option::unwrap_or_default));
                    let added = to.len() - before;
                    self.extend_present(added, values.map(|value| value.is_some()));
                }
            )*
        }
    };
}

sink! {
    u8: U8(u8),
    u16: U16(u16),
    u32: U32(u32),
    u64: U64(u64),
    i64: I64(i64),
    mac: Mac([u8; 6]),
    address: Address([u8; 16]),
}

/// Builds record batches of a [`Projection`] of packet columns from packets ([`push`](Self::push),
/// [`extend`](Self::extend)) or whole columns ([`append`](Self::append)).
///
/// ```
/// use flow_frame::{PacketBatchBuilder, PacketRow, Projection};
/// let mut builder = PacketBatchBuilder::new(&Projection::names(["frame_number", "ip_len"])?)?;
/// builder.push(&PacketRow { frame_number: Some(1), ip_len: Some(46), ..PacketRow::default() }, None);
/// let batch = builder.finish()?;
/// assert_eq!((batch.num_rows(), batch.num_columns()), (1, 2));
/// # Ok::<(), flow_frame::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PacketBatchBuilder {
    schema: SchemaRef,
    /// Where the values of each column of the batch are; a column may go by two names.
    outputs: Vec<usize>,
    buffers: Vec<(Column, PacketBuf)>,
    rows: usize,
    capacity: usize,
}

impl PacketBatchBuilder {
    /// A builder.
    ///
    /// # Errors
    /// `Usage` if the projection names columns that packets do not have.
    pub fn new(projection: &Projection) -> Result<Self> {
        let projection = projection.in_table(Table::Packets)?;
        let mut buffers: Vec<(Column, PacketBuf)> = Vec::new();
        let mut outputs = Vec::new();
        for (_, column) in projection.columns() {
            let FlowColumn { kind, source: Source::Packet(source), .. } = column else { continue };
            let known = buffers.iter().position(|(known, _)| known == source);
            outputs.push(known.unwrap_or(buffers.len()));
            if known.is_none() {
                buffers.push((*source, PacketBuf::new(*kind, 0)));
            }
        }
        Ok(Self { schema: projection.schema(), outputs, buffers, rows: 0, capacity: 0 })
    }

    /// Room for so many rows is taken at once for each batch.
    #[must_use]
    pub fn with_capacity(mut self, rows: usize) -> Self {
        self.capacity = rows;
        for (_, buf) in &mut self.buffers {
            if buf.values.len() == 0 {
                *buf = PacketBuf::new(buf.kind, rows);
            }
        }
        self
    }

    /// Room for so many more rows, for who knows how many come.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.buffers.iter_mut().for_each(|(_, buf)| buf.values.reserve(rows));
    }

    /// The same columns under a schema with other metadata.
    pub(crate) fn with_schema(mut self, schema: SchemaRef) -> Self {
        self.schema = schema;
        self
    }

    /// The schema of the batches.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The number of rows so far: of the longest column.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffers.iter().map(|(_, buf)| buf.values.len()).max().unwrap_or(0).max(self.rows)
    }

    /// Whether there are no rows yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns that are needed, each once: what a source need not find out of others.
    pub fn columns(&self) -> impl Iterator<Item = Column> + '_ {
        self.buffers.iter().map(|(column, _)| *column)
    }

    /// Appends one packet; `protocols` is its `frame_protocols`.
    pub fn push(&mut self, row: &PacketRow, protocols: Option<&str>) {
        self.extend(std::slice::from_ref(row), std::iter::once(protocols));
    }

    /// Appends packets, and the `frame_protocols` of each; those of rows for which `protocols` has none are null.
    pub fn extend<'a>(&mut self, rows: &[PacketRow], protocols: impl IntoIterator<Item = Option<&'a str>>) {
        self.rows += rows.len();
        let mut protocols = protocols.into_iter();
        for (column, buf) in &mut self.buffers {
            match *column {
                Column::FrameProtocols => {
                    buf.extend_texts((&mut protocols).chain(std::iter::repeat(None)).take(rows.len()));
                }
                column => buf.read(column, rows),
            }
        }
    }

    /// Appends values of one column, with a bit per value if some are null. Into an empty column the vector is moved,
    /// not copied. A column that the projection does not hold is passed over, so that a source can offer all it has.
    ///
    /// # Errors
    /// `Usage` if the values are not of the column's type or the bits are not as many. Nothing is appended then.
    pub fn append(&mut self, column: Column, values: PacketValues, present: Option<&[bool]>) -> Result<()> {
        let Some((_, buf)) = self.buffers.iter_mut().find(|(known, _)| *known == column) else {
            return Ok(());
        };
        let added = values.len();
        if let Some(present) = present
            && present.len() != added
        {
            let name = column.name().to_owned();
            return Err(ErrorKind::Rows { name, expected: added, found: present.len() }.into());
        }
        match (&mut buf.values, values) {
            (PacketValues::I64(to), PacketValues::I64(from)) => append_vec(to, from),
            (PacketValues::U64(to), PacketValues::U64(from)) => append_vec(to, from),
            (PacketValues::U32(to), PacketValues::U32(from)) => append_vec(to, from),
            (PacketValues::U16(to), PacketValues::U16(from)) => append_vec(to, from),
            (PacketValues::U8(to), PacketValues::U8(from)) => append_vec(to, from),
            (PacketValues::Mac(to), PacketValues::Mac(from)) => append_vec(to, from),
            (PacketValues::Address(to), PacketValues::Address(from)) => append_vec(to, from),
            (PacketValues::Text(to), PacketValues::Text(from)) => append_vec(to, from),
            _ => {
                let name = column.name();
                return Err(Error::usage(format!("the values are not of the type of column {name:?}")));
            }
        }
        match present {
            Some(present) => buf.extend_present(added, present.iter().copied()),
            None => buf.extend_present(added, std::iter::repeat_n(true, added)),
        }
        Ok(())
    }

    /// The batch, and an empty builder.
    ///
    /// # Errors
    /// `Usage` if the columns are not of equal length, or `packets` was given a null; the rows are lost.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let rows = self.len();
        self.rows = 0;
        let capacity = self.capacity;
        let mut arrays = Vec::with_capacity(self.buffers.len());
        for (column, buf) in &mut self.buffers {
            let kind = buf.kind;
            let full = mem::replace(buf, PacketBuf::new(kind, capacity));
            arrays.push((*column, full));
        }
        if let Some((column, buf)) = arrays.iter().find(|(_, buf)| buf.values.len() != rows) {
            let name = column.name().to_owned();
            return Err(ErrorKind::Rows { name, expected: rows, found: buf.values.len() }.into());
        }
        let arrays = arrays.into_iter().map(|(_, buf)| buf.into_array()).collect::<Result<Vec<_>>>()?;
        let columns = self.outputs.iter().filter_map(|at| arrays.get(*at).map(Arc::clone)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }
}

fn append_vec<T>(to: &mut Vec<T>, mut from: Vec<T>) {
    if to.is_empty() { *to = from } else { to.append(&mut from) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;

    #[test]
    fn rows_and_columns_make_the_same_batch() {
        let projection = Projection::names([
            "frame_number",
            "stime",
            "eth_src",
            "ip_src",
            "frame_protocols",
            "packets",
            "bytes",
        ]);
        let mut by_row = PacketBatchBuilder::new(&projection.unwrap()).unwrap();
        let mut by_column = by_row.clone();
        let full = PacketRow {
            frame_number: Some(1),
            frame_time_epoch: Some(5),
            frame_len: Some(60),
            eth_src: Some([1; 6]),
            ip_src: Some([2; 16]),
            ..PacketRow::default()
        };
        by_row.push(&full, Some("eth:ip"));
        by_row.push(&PacketRow::default(), None);
        let row = by_row.finish().unwrap();
        assert!(by_row.is_empty());
        let some = [true, false];
        for (column, values, present) in [
            (Column::FrameNumber, PacketValues::U64(vec![1, 0]), Some(&some[..])),
            (Column::Stime, PacketValues::I64(vec![5, 0]), Some(&some)),
            (Column::EthSrc, PacketValues::Mac(vec![[1; 6], [0; 6]]), Some(&some)),
            (Column::IpSrc, PacketValues::Address(vec![[2; 16], [0; 16]]), Some(&some)),
            (Column::FrameProtocols, PacketValues::Text(vec!["eth:ip".into(), "".into()]), Some(&some)),
            (Column::Packets, PacketValues::I64(vec![1, 1]), None),
            (Column::Bytes, PacketValues::I64(vec![60, 0]), Some(&some)),
            (Column::Dip, PacketValues::Address(vec![]), None),
        ] {
            by_column.append(column, values, present).unwrap();
        }
        assert_eq!(by_column.finish().unwrap(), row);
        assert_eq!(row.column(0).null_count(), 1);
        assert_eq!(row.column(5).null_count(), 0);
        assert_eq!(row.column(4).as_string::<i32>().value(0), "eth:ip");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut builder =
            PacketBatchBuilder::new(&Projection::names(["ip_len", "packets"]).unwrap()).unwrap();
        let usage = |error: Error| assert_eq!(error.class(), crate::Class::Usage);
        usage(builder.append(Column::IpLen, PacketValues::U16(vec![1]), None).unwrap_err());
        usage(builder.append(Column::IpLen, PacketValues::U32(vec![1]), Some(&[])).unwrap_err());
        builder.append(Column::IpLen, PacketValues::U32(vec![1]), None).unwrap();
        usage(builder.finish().unwrap_err());
        assert!(builder.is_empty());
        usage(PacketBatchBuilder::new(&Projection::names(["nhip"]).unwrap()).unwrap_err());
        let none = PacketBatchBuilder::new(&Projection::names::<&str>([]).unwrap()).unwrap();
        let mut none = none.with_capacity(3);
        none.extend(&[PacketRow::default(); 3], []);
        assert_eq!(none.finish().unwrap().num_rows(), 3);
    }
}
