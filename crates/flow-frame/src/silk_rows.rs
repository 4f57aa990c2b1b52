//! Record batches → flow records of SiLK, to be written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Int64Type, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_buffer::NullBuffer;
use silk_format::{Column, FlowRecord, Refusal};

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::columns::{self, Times};

/// The rows of a batch as flow records for [`silk_format::Writer`], one by one.
///
/// Columns are known by their names, with the types of [`FLOW_COLUMNS`](crate::FLOW_COLUMNS) (times in any unit). Needed
/// are `stime`, `sip`, `dip`, `protocol`, `packets`, `bytes`, and `duration` or `etime`; of both the duration counts. All
/// others may be missing or null and are then what SiLK stores where it does not know: 0, `0.0.0.0` (`::`) as next hop,
/// sensor 65535, type 255. Derived columns are not looked at: numbers count, not names.
///
/// A row is IPv6 if `is_ipv6` says so or one of its addresses is no `::ffff:a.b.c.d`. Initial and session flags are
/// taken for known if at least one of them is not null; that decides the bit 0x01 of `attributes`.
///
/// # Errors
/// `Usage` if a needed column is missing or holds a null, or a column has another type. The items: `Limit`, with the
/// row (1 for the first of the batch) and the column, if a count is negative or a duration negative or not below 2^32 ms;
/// the next row may follow.
///
/// # Cost
/// Allocates nothing.
pub fn silk_rows(batch: &RecordBatch) -> Result<SilkRows<'_>> {
    let address = |column: Column| -> Result<Option<Cells<'_, [u8; 16]>>> {
        let Some(_) = batch.column_by_name(column.name()) else { return Ok(None) };
        let (values, nulls) = columns::addresses(batch, column.name())?;
        Ok(Some(Cells { values, nulls }))
    };
    let duration = optional::<Int64Type>(batch, Column::Duration, "Int64")?;
    let length = match duration {
        Some(duration) => Length::Duration(duration.whole(Column::Duration)?),
        None => Length::End(times(batch, Column::Etime)?),
    };
    let is_ipv6 = batch.column_by_name(Column::IsIpv6.name()).map(|array| {
        let found = array.data_type();
        let name = Column::IsIpv6.name().to_owned();
        let wrong = || ErrorKind::ColumnType { name, expected: "Boolean", found: found.clone() };
        array.as_boolean_opt().ok_or_else(wrong)
    });
    Ok(SilkRows {
        row: 0,
        rows: batch.num_rows(),
        stime: times(batch, Column::Stime)?,
        length,
        sip: needed(address(Column::Sip)?, Column::Sip)?,
        dip: needed(address(Column::Dip)?, Column::Dip)?,
        nhip: address(Column::Nhip)?,
        is_ipv6: is_ipv6.transpose()?,
        sport: optional::<UInt16Type>(batch, Column::Sport, "UInt16")?,
        dport: optional::<UInt16Type>(batch, Column::Dport, "UInt16")?,
        protocol: needed(optional::<UInt8Type>(batch, Column::Protocol, "UInt8")?, Column::Protocol)?,
        packets: needed(optional::<Int64Type>(batch, Column::Packets, "Int64")?, Column::Packets)?,
        bytes: needed(optional::<Int64Type>(batch, Column::Bytes, "Int64")?, Column::Bytes)?,
        tcpflags: optional::<UInt8Type>(batch, Column::Tcpflags, "UInt8")?,
        initial: optional::<UInt8Type>(batch, Column::InitialTcpflags, "UInt8")?,
        session: optional::<UInt8Type>(batch, Column::SessionTcpflags, "UInt8")?,
        attributes: optional::<UInt8Type>(batch, Column::Attributes, "UInt8")?,
        application: optional::<UInt16Type>(batch, Column::Application, "UInt16")?,
        sensor_id: optional::<UInt16Type>(batch, Column::SensorId, "UInt16")?,
        classtype_id: optional::<UInt8Type>(batch, Column::ClasstypeId, "UInt8")?,
        input: optional::<UInt32Type>(batch, Column::Input, "UInt32")?,
        output: optional::<UInt32Type>(batch, Column::Output, "UInt32")?,
        memo: optional::<UInt16Type>(batch, Column::Memo, "UInt16")?,
    })
}

/// The values of a column and which of them are null.
#[derive(Debug, Clone, Copy)]
struct Cells<'a, T> {
    values: &'a [T],
    nulls: Option<&'a NullBuffer>,
}

impl<T: Copy> Cells<'_, T> {
    fn get(&self, row: usize) -> Option<T> {
        let null = self.nulls.is_some_and(|nulls| nulls.is_null(row));
        if null { None } else { self.values.get(row).copied() }
    }

    /// The column if it has no nulls.
    fn whole(self, column: Column) -> Result<Self> {
        no_nulls(self.nulls, column)?;
        Ok(self)
    }
}

fn no_nulls(nulls: Option<&NullBuffer>, column: Column) -> Result<()> {
    match nulls.is_some_and(|nulls| nulls.null_count() > 0) {
        true => {
            Err(Error::usage(format!("column {:?} holds a null, and SiLK has none there", column.name())))
        }
        false => Ok(()),
    }
}

fn optional<'a, T: ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    column: Column,
    expected: &'static str,
) -> Result<Option<Cells<'a, T::Native>>> {
    let Some(array) = batch.column_by_name(column.name()) else { return Ok(None) };
    match array.as_primitive_opt::<T>() {
        Some(found) => Ok(Some(Cells { values: found.values(), nulls: columns::present(array) })),
        None => {
            let (name, found) = (column.name().to_owned(), array.data_type().clone());
            Err(ErrorKind::ColumnType { name, expected, found }.into())
        }
    }
}

fn needed<T: Copy>(cells: Option<Cells<'_, T>>, column: Column) -> Result<Cells<'_, T>> {
    match cells {
        Some(cells) => cells.whole(column),
        None => Err(ErrorKind::MissingColumn { name: column.name().to_owned() }.into()),
    }
}

fn times(batch: &RecordBatch, column: Column) -> Result<Times<'_>> {
    let times = columns::times(batch, column.name())?;
    no_nulls(times.nulls, column)?;
    Ok(times)
}

/// Milliseconds of a row's time, rounded towards the past. Coarse times of the far future saturate.
fn ms(times: &Times<'_>, row: usize) -> i64 {
    let ticks = i128::from(times.ticks.get(row).copied().unwrap_or_default());
    let ms = (ticks * i128::from(times.tick_ns)).div_euclid(1_000_000);
    ms.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// What the duration of a row comes from.
enum Length<'a> {
    Duration(Cells<'a, i64>),
    End(Times<'a>),
}

/// The flow records of a batch, see [`silk_rows`].
pub struct SilkRows<'a> {
    row: usize,
    rows: usize,
    stime: Times<'a>,
    length: Length<'a>,
    sip: Cells<'a, [u8; 16]>,
    dip: Cells<'a, [u8; 16]>,
    nhip: Option<Cells<'a, [u8; 16]>>,
    is_ipv6: Option<&'a BooleanArray>,
    sport: Option<Cells<'a, u16>>,
    dport: Option<Cells<'a, u16>>,
    protocol: Cells<'a, u8>,
    packets: Cells<'a, i64>,
    bytes: Cells<'a, i64>,
    tcpflags: Option<Cells<'a, u8>>,
    initial: Option<Cells<'a, u8>>,
    session: Option<Cells<'a, u8>>,
    attributes: Option<Cells<'a, u8>>,
    application: Option<Cells<'a, u16>>,
    sensor_id: Option<Cells<'a, u16>>,
    classtype_id: Option<Cells<'a, u8>>,
    input: Option<Cells<'a, u32>>,
    output: Option<Cells<'a, u32>>,
    memo: Option<Cells<'a, u16>>,
}

impl std::fmt::Debug for SilkRows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SilkRows").field("row", &self.row).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Iterator for SilkRows<'_> {
    type Item = Result<FlowRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.row >= self.rows {
            return None;
        }
        self.row += 1;
        Some(self.record(self.row - 1))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rows - self.row, Some(self.rows - self.row))
    }
}

impl ExactSizeIterator for SilkRows<'_> {}

impl SilkRows<'_> {
    fn record(&self, row: usize) -> Result<FlowRecord> {
        fn value<T: Copy>(cells: &Option<Cells<'_, T>>, row: usize) -> Option<T> {
            cells.as_ref().and_then(|cells| cells.get(row))
        }
        let within = |column: Column, value: i64, most: u64| -> Result<u64> {
            match u64::try_from(value) {
                Ok(value) if value <= most => Ok(value),
                _ => {
                    let range = 0..=i128::from(most);
                    let refusal = Refusal::new(row as u64 + 1, column.name(), value.into(), range);
                    Err(silk_format::Error::from(silk_format::ErrorKind::Refused(refusal)).into())
                }
            }
        };
        let count = |column, cells: &Cells<'_, i64>| {
            within(column, cells.get(row).unwrap_or_default(), i64::MAX as u64)
        };
        let stime = ms(&self.stime, row);
        let duration = match &self.length {
            Length::Duration(cells) => cells.get(row).unwrap_or_default(),
            Length::End(etime) => ms(etime, row).saturating_sub(stime),
        };
        let (initial, session) = (value(&self.initial, row), value(&self.session, row));
        let separate = initial.is_some() || session.is_some();

        let mut record = FlowRecord::default();
        (record.sip, record.dip, record.nhip) = self.addresses(row);
        record.sport = value(&self.sport, row).unwrap_or_default();
        record.dport = value(&self.dport, row).unwrap_or_default();
        record.protocol = self.protocol.get(row).unwrap_or_default();
        record.packets = count(Column::Packets, &self.packets)?;
        record.bytes = count(Column::Bytes, &self.bytes)?;
        record.stime_ms = stime;
        record.duration_ms = within(Column::Duration, duration, u32::MAX.into())? as u32;
        record.tcpflags = value(&self.tcpflags, row).unwrap_or_default();
        record.initial_tcpflags = initial.unwrap_or_default();
        record.session_tcpflags = session.unwrap_or_default();
        record.attributes = value(&self.attributes, row).unwrap_or_default() & !1 | u8::from(separate);
        record.application = value(&self.application, row).unwrap_or_default();
        record.sensor_id = value(&self.sensor_id, row).unwrap_or(record.sensor_id);
        record.classtype_id = value(&self.classtype_id, row).unwrap_or(record.classtype_id);
        record.input = value(&self.input, row).unwrap_or_default();
        record.output = value(&self.output, row).unwrap_or_default();
        record.memo = value(&self.memo, row).unwrap_or_default();
        Ok(record)
    }

    /// Source, destination, next hop, in the row's own IP version.
    fn addresses(&self, row: usize) -> (IpAddr, IpAddr, IpAddr) {
        let [sip, dip] = [self.sip, self.dip].map(|cells| Ipv6Addr::from(cells.get(row).unwrap_or_default()));
        let nhip = self.nhip.and_then(|cells| cells.get(row)).map(Ipv6Addr::from);
        let said = self.is_ipv6.is_some_and(|bits| !bits.is_null(row) && bits.value(row));
        let v4 = (sip.to_ipv4_mapped(), dip.to_ipv4_mapped());
        match v4 {
            (Some(sip), Some(dip)) if !said => {
                let nhip = match nhip {
                    None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                    Some(nhip) if nhip.is_unspecified() => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                    Some(nhip) => nhip.to_ipv4_mapped().map_or(IpAddr::V6(nhip), IpAddr::V4),
                };
                (IpAddr::V4(sip), IpAddr::V4(dip), nhip)
            }
            _ => (IpAddr::V6(sip), IpAddr::V6(dip), IpAddr::V6(nhip.unwrap_or(Ipv6Addr::UNSPECIFIED))),
        }
    }
}
