//! Rows and columns of any source → record batches of a projection.

use std::mem;
use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Int64Type, TimestampMillisecondType, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{
    ArrayRef, BooleanArray, FixedSizeBinaryArray, PrimitiveArray, RecordBatch, RecordBatchOptions,
    new_null_array,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, SchemaRef};
use silk_format::{Bits, Column, ColumnBuf, SiteConfig, Validity, Values};

use crate::error::{Error, ErrorKind, Result};
use crate::names::Names;
use crate::schema::{FlowColumn, Projection, Source};

/// One flow, for sources that come row by row. Default: zeros, and null where a column can be null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowRow {
    /// First packet, ms since the epoch.
    pub stime: i64,
    /// Last packet, ms since the epoch. `duration` is the difference.
    pub etime: i64,
    /// Source address, IPv4 as `::ffff:a.b.c.d`.
    pub sip: [u8; 16],
    /// Destination address, IPv4 as `::ffff:a.b.c.d`.
    pub dip: [u8; 16],
    /// Next hop.
    pub nhip: Option<[u8; 16]>,
    /// Whether the flow itself is IPv6.
    pub is_ipv6: bool,
    /// Source port.
    pub sport: u16,
    /// Destination port; type · 256 + code of ICMP.
    pub dport: u16,
    /// IP protocol. `icmptype` and `icmpcode` are made from `dport` for 1, and for 58 if the flow is IPv6.
    pub protocol: u8,
    /// Packets, below 2^63.
    pub packets: u64,
    /// Bytes, below 2^63.
    pub bytes: u64,
    /// TCP flags of all packets, FIN 1 … CWR 128.
    pub tcpflags: u8,
    /// TCP flags of the first packet.
    pub initial_tcpflags: Option<u8>,
    /// TCP flags of the other packets.
    pub session_tcpflags: Option<u8>,
    /// SiLK attribute bits.
    pub attributes: Option<u8>,
    /// Application port.
    pub application: Option<u16>,
    /// Sensor number.
    pub sensor_id: Option<u16>,
    /// Class and type number.
    pub classtype_id: Option<u8>,
    /// Interface where the flow came in.
    pub input: Option<u32>,
    /// Interface where the flow went out.
    pub output: Option<u32>,
    /// The collector's own number.
    pub memo: Option<u16>,
}

/// Builds record batches of a [`Projection`] from rows ([`push`](Self::push)) or whole columns
/// ([`append`](Self::append)).
///
/// ```
/// use flow_frame::{FlowBatchBuilder, FlowRow, Projection};
/// let mut builder = FlowBatchBuilder::new(&Projection::names(["sip", "bytes"])?);
/// builder.push(&FlowRow { bytes: 1500, ..FlowRow::default() })?;
/// let batch = builder.finish()?;
/// assert_eq!((batch.num_rows(), batch.num_columns()), (1, 2));
/// # Ok::<(), flow_frame::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FlowBatchBuilder {
    schema: SchemaRef,
    outputs: Vec<Output>,
    buffers: Vec<(Column, ColumnBuf)>,
    /// Rows pushed; columns that were appended may be ahead of it until [`Self::finish`].
    rows: usize,
    capacity: usize,
}

/// How a column of the batch comes from the buffers.
#[derive(Debug, Clone)]
enum Output {
    Stored {
        buffer: usize,
        column: &'static FlowColumn,
    },
    Names {
        buffer: usize,
        names: Names,
    },
    /// A column that flows do not have.
    Foreign {
        column: &'static FlowColumn,
    },
}

impl FlowBatchBuilder {
    /// A builder without a site: derived names are null, and so are columns that flows do not have.
    #[must_use]
    pub fn new(projection: &Projection) -> Self {
        Self::with_site(projection, None)
    }

    /// A builder whose `sensor`, `class` and `type` are named by a site. All its batches share the dictionaries.
    #[must_use]
    pub fn with_site(projection: &Projection, site: Option<&SiteConfig>) -> Self {
        let mut buffers: Vec<(Column, ColumnBuf)> = Vec::new();
        let mut buffer_of = |column| {
            buffers.iter().position(|(known, _)| *known == column).unwrap_or_else(|| {
                buffers.push((column, ColumnBuf::new(column)));
                buffers.len() - 1
            })
        };
        let outputs = projection
            .columns()
            .iter()
            .map(|(_, column)| match column.source {
                Source::Stored(stored) => Output::Stored { buffer: buffer_of(stored), column },
                Source::Derived(derived) => {
                    Output::Names { buffer: buffer_of(derived.number()), names: Names::new(derived, site) }
                }
                Source::Packet(_) => Output::Foreign { column },
            })
            .collect();
        Self { schema: projection.schema(), outputs, buffers, rows: 0, capacity: 0 }
    }

    /// Room for so many rows is taken at once for each batch.
    #[must_use]
    pub fn with_capacity(mut self, rows: usize) -> Self {
        self.capacity = rows;
        self.reserve();
        self
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
        self.buffers.iter().map(|(_, buf)| buf.len()).max().unwrap_or(0).max(self.rows)
    }

    /// Whether there are no rows yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends one row.
    ///
    /// # Errors
    /// `Limit` if packets or bytes are 2^63 or more; nothing is appended then.
    pub fn push(&mut self, row: &FlowRow) -> Result<()> {
        check_counts("packets", &[row.packets])?;
        check_counts("bytes", &[row.bytes])?;
        let is_icmp = row.protocol == 1 || (row.protocol == 58 && row.is_ipv6);
        let [icmptype, icmpcode] = row.dport.to_be_bytes();
        for (column, buf) in &mut self.buffers {
            let present = match column {
                Column::Stime => push_i64(buf, row.stime),
                Column::Etime => push_i64(buf, row.etime),
                Column::Duration => push_i64(buf, row.etime.saturating_sub(row.stime)),
                Column::Sip => push_address(buf, Some(row.sip)),
                Column::Dip => push_address(buf, Some(row.dip)),
                Column::Nhip => push_address(buf, row.nhip),
                Column::IsIpv6 => push_bool(buf, row.is_ipv6),
                Column::Sport => push_u16(buf, Some(row.sport)),
                Column::Dport => push_u16(buf, Some(row.dport)),
                Column::Protocol => push_u8(buf, Some(row.protocol)),
                Column::Packets => push_u64(buf, row.packets),
                Column::Bytes => push_u64(buf, row.bytes),
                Column::Tcpflags => push_u8(buf, Some(row.tcpflags)),
                Column::InitialTcpflags => push_u8(buf, row.initial_tcpflags),
                Column::SessionTcpflags => push_u8(buf, row.session_tcpflags),
                Column::Attributes => push_u8(buf, row.attributes),
                Column::Application => push_u16(buf, row.application),
                Column::SensorId => push_u16(buf, row.sensor_id),
                Column::ClasstypeId => push_u8(buf, row.classtype_id),
                Column::Input => push_u32(buf, row.input),
                Column::Output => push_u32(buf, row.output),
                Column::Icmptype => push_u8(buf, is_icmp.then_some(icmptype)),
                Column::Icmpcode => push_u8(buf, is_icmp.then_some(icmpcode)),
                Column::Memo => push_u16(buf, row.memo),
            };
            extend_validity(buf, 1, std::iter::once(present));
        }
        self.rows += 1;
        Ok(())
    }

    /// Appends values of one column, with a bit per value if some are null. Into an empty column the vector is moved,
    /// not copied. A column that the projection does not hold is passed over, so that a source can offer all it has.
    ///
    /// # Errors
    /// `Usage` if the values are not of the column's type ([`ColumnBuf::new`] shows it) or the bits are not as many;
    /// `Limit` if packets or bytes hold 2^63 or more. Nothing is appended then.
    pub fn append(&mut self, column: Column, values: Values, present: Option<&[bool]>) -> Result<()> {
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
        if let Values::U64(counts) = &values {
            check_counts(column.name(), counts)?;
        }
        match (&mut buf.values, values) {
            (Values::I64(to), Values::I64(from)) => append_vec(to, from),
            (Values::U64(to), Values::U64(from)) => append_vec(to, from),
            (Values::U32(to), Values::U32(from)) => append_vec(to, from),
            (Values::U16(to), Values::U16(from)) => append_vec(to, from),
            (Values::U8(to), Values::U8(from)) => append_vec(to, from),
            (Values::Address(to), Values::Address(from)) => append_vec(to, from),
            (Values::Bool(to), Values::Bool(from)) => to.extend(from.iter()),
            _ => {
                return Err(Error::usage(format!(
                    "the values are not of the type of column {:?}",
                    column.name()
                )));
            }
        }
        match present {
            Some(present) => extend_validity(buf, added, present.iter().copied()),
            None => extend_validity(buf, added, std::iter::repeat_n(true, added)),
        }
        Ok(())
    }

    /// The stored columns that are needed and their buffers, for sources that fill all of them alike.
    pub(crate) fn buffers_mut(&mut self) -> &mut [(Column, ColumnBuf)] {
        &mut self.buffers
    }

    /// Counts rows that a source has put into every buffer itself.
    pub(crate) fn add_rows(&mut self, rows: usize) {
        self.rows += rows;
    }

    /// The batch, and an empty builder.
    ///
    /// # Errors
    /// `Usage` if the columns are not of equal length, or a column without nulls was given some; the rows are lost.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let rows = mem::take(&mut self.rows);
        let rows = self.buffers.iter().map(|(_, buf)| buf.len()).max().unwrap_or(0).max(rows);
        let buffers: Vec<(Column, ColumnBuf)> = self
            .buffers
            .iter_mut()
            .map(|(column, buf)| (*column, mem::replace(buf, ColumnBuf::new(*column))))
            .collect();
        self.reserve();
        if let Some((column, buf)) = buffers.iter().find(|(_, buf)| buf.len() != rows) {
            let name = column.name().to_owned();
            return Err(ErrorKind::Rows { name, expected: rows, found: buf.len() }.into());
        }
        let with_nulls = self.outputs.iter().find_map(|output| match output {
            Output::Stored { buffer, column } if !column.nullable() && has_nulls(&buffers[*buffer].1) => {
                Some(column.name)
            }
            _ => None,
        });
        if let Some(name) = with_nulls {
            return Err(Error::usage(format!("column {name:?} got a null and cannot hold one")));
        }
        let mut made: Vec<Option<ArrayRef>> = vec![None; buffers.len()];
        let mut columns = Vec::with_capacity(self.outputs.len());
        // Names read the numbers, so they come before the numbers are given away.
        let mut named = Vec::new();
        for output in &self.outputs {
            if let Output::Names { buffer, names } = output {
                named.push(names.column(&buffers[*buffer].1)?);
            }
        }
        let mut named = named.into_iter();
        let mut buffers: Vec<Option<ColumnBuf>> = buffers.into_iter().map(|(_, buf)| Some(buf)).collect();
        for output in &self.outputs {
            let array = match output {
                Output::Names { .. } => named.next(),
                Output::Foreign { column } => Some(new_null_array(&column.kind.data_type(), rows)),
                Output::Stored { buffer, column } => {
                    if let Some(buf) = buffers[*buffer].take() {
                        made[*buffer] = Some(into_array(buf, &column.kind.data_type())?);
                    }
                    made[*buffer].clone()
                }
            };
            columns.extend(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }

    fn reserve(&mut self) {
        for (column, buf) in &mut self.buffers {
            if buf.is_empty() {
                *buf = ColumnBuf::with_capacity(*column, self.capacity);
            }
        }
    }
}

fn check_counts(name: &'static str, counts: &[u64]) -> Result<()> {
    let largest = counts.iter().fold(0, |largest, count| largest.max(*count));
    match i64::try_from(largest) {
        Ok(_) => Ok(()),
        Err(_) => {
            let what = if name == "bytes" { "a count of bytes" } else { "a count of packets" };
            Err(Error::limit(what, largest, i64::MAX as u64))
        }
    }
}

fn append_vec<T>(to: &mut Vec<T>, mut from: Vec<T>) {
    if to.is_empty() { *to = from } else { to.append(&mut from) }
}

macro_rules! push_fns {
    ($($name:ident: $variant:ident($value:ty);)*) => {
        $(fn $name(buf: &mut ColumnBuf, value: Option<$value>) -> bool {
            if let Values::$variant(values) = &mut buf.values {
                values.push(value.unwrap_or_default());
            }
            value.is_some()
        })*
    };
}

push_fns! {
    push_address: Address([u8; 16]);
    push_u32: U32(u32);
    push_u16: U16(u16);
    push_u8: U8(u8);
}

fn push_i64(buf: &mut ColumnBuf, value: i64) -> bool {
    if let Values::I64(values) = &mut buf.values {
        values.push(value);
    }
    true
}

fn push_u64(buf: &mut ColumnBuf, value: u64) -> bool {
    if let Values::U64(values) = &mut buf.values {
        values.push(value);
    }
    true
}

fn push_bool(buf: &mut ColumnBuf, value: bool) -> bool {
    if let Values::Bool(values) = &mut buf.values {
        values.extend(std::iter::once(value));
    }
    true
}

/// Appends the presence of the `added` values that were just appended.
fn extend_validity(buf: &mut ColumnBuf, added: usize, mut present: impl Iterator<Item = bool> + Clone) {
    let before = buf.len() - added;
    if matches!(buf.validity, Validity::Unset | Validity::All(_)) && present.clone().all(|present| present) {
        buf.validity = Validity::All(before + added);
        return;
    }
    if !matches!(buf.validity, Validity::Some(_)) {
        let mut bits = Bits::with_capacity(before + added);
        bits.extend(std::iter::repeat_n(!matches!(buf.validity, Validity::None(_)), before));
        buf.validity = Validity::Some(bits);
    }
    if let Validity::Some(bits) = &mut buf.validity {
        bits.extend(&mut present);
    }
}

fn has_nulls(buf: &ColumnBuf) -> bool {
    match &buf.validity {
        Validity::Unset | Validity::All(_) => false,
        Validity::None(rows) => *rows > 0,
        Validity::Some(bits) => bits.count_ones() < bits.len(),
    }
}

/// A column as an Arrow array of the type in the table; the vectors become the array's buffers.
fn into_array(mut buf: ColumnBuf, data_type: &DataType) -> Result<ArrayRef> {
    let rows = buf.len();
    // Who keeps a batch of few rows need not keep the room of many.
    buf.values.shrink();
    let nulls = match buf.validity {
        Validity::Unset | Validity::All(_) => None,
        Validity::None(_) => Some(NullBuffer::new_null(rows)),
        Validity::Some(bits) => Some(NullBuffer::new(boolean_buffer(bits))),
    };
    Ok(match buf.values {
        Values::I64(values) if *data_type == DataType::Int64 => primitive::<Int64Type>(values.into(), nulls)?,
        Values::I64(values) => Arc::new(
            PrimitiveArray::<TimestampMillisecondType>::try_new(values.into(), nulls)?.with_timezone("UTC"),
        ),
        // Counts below 2^63 are the same bits in both types.
        Values::U64(values) => {
            primitive::<Int64Type>(ScalarBuffer::new(Buffer::from_vec(values), 0, rows), nulls)?
        }
        Values::U32(values) => primitive::<UInt32Type>(values.into(), nulls)?,
        Values::U16(values) => primitive::<UInt16Type>(values.into(), nulls)?,
        Values::U8(values) => primitive::<UInt8Type>(values.into(), nulls)?,
        Values::Address(values) => {
            let bytes = Buffer::from_vec(values.into_flattened());
            Arc::new(FixedSizeBinaryArray::try_new_with_len(16, bytes, nulls, rows)?)
        }
        Values::Bool(bits) => Arc::new(BooleanArray::new(boolean_buffer(bits), nulls)),
    })
}

fn primitive<T: ArrowPrimitiveType>(
    values: ScalarBuffer<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    Ok(Arc::new(PrimitiveArray::<T>::try_new(values, nulls)?))
}

fn boolean_buffer(bits: Bits) -> BooleanBuffer {
    let len = bits.len();
    BooleanBuffer::new(Buffer::from_vec(bits.into_bytes()), 0, len)
}
