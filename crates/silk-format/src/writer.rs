//! Writing flow files: uncompressed FT_RWIPV6ROUTING version 1, the complete format that SiLK's tools read and write.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

use crate::error::{Error, ErrorKind, Result};
use crate::field::{Field, Item, Order};
use crate::format::{ByteOrder, FormatId};
use crate::header::{CURRENT_VERSION, MAGIC};
use crate::layouts::{self, LayoutInfo};
use crate::record::Record;

/// One flow record as plain values, to be written.
///
/// The three addresses are of one version: IPv6 if any of them is (an IPv4 address is then mapped).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct FlowRecord {
    /// Source address.
    pub sip: IpAddr,
    /// Destination address.
    pub dip: IpAddr,
    /// Next hop.
    pub nhip: IpAddr,
    /// Source port.
    pub sport: u16,
    /// Destination port; ICMP type × 256 + code.
    pub dport: u16,
    /// IP protocol.
    pub protocol: u8,
    /// Packet count, below 2^32.
    pub packets: u64,
    /// Byte count, below 2^32.
    pub bytes: u64,
    /// Start, milliseconds since the Unix epoch.
    pub stime_ms: i64,
    /// Duration in milliseconds.
    pub duration_ms: u32,
    /// The OR of the TCP flags of all packets.
    pub tcpflags: u8,
    /// TCP flags of the first packet, if attribute bit 0x01 is set.
    pub initial_tcpflags: u8,
    /// TCP flags of the other packets, if attribute bit 0x01 is set.
    pub session_tcpflags: u8,
    /// Attribute bits (spec 5.1); 0x01 says that initial and session flags are meaningful.
    pub attributes: u8,
    /// Application.
    pub application: u16,
    /// Memo.
    pub memo: u16,
    /// Sensor id; 65535 = none.
    pub sensor_id: u16,
    /// Flowtype id; 255 = none.
    pub classtype_id: u8,
    /// SNMP input interface, below 2^16.
    pub input: u32,
    /// SNMP output interface, below 2^16.
    pub output: u32,
}

impl Default for FlowRecord {
    fn default() -> Self {
        let none = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            sip: none,
            dip: none,
            nhip: none,
            sport: 0,
            dport: 0,
            protocol: 0,
            packets: 0,
            bytes: 0,
            stime_ms: 0,
            duration_ms: 0,
            tcpflags: 0,
            initial_tcpflags: 0,
            session_tcpflags: 0,
            attributes: 0,
            application: 0,
            memo: 0,
            sensor_id: u16::MAX,
            classtype_id: u8::MAX,
            input: 0,
            output: 0,
        }
    }
}

impl From<Record<'_>> for FlowRecord {
    fn from(r: Record<'_>) -> Self {
        Self {
            sip: r.sip(),
            dip: r.dip(),
            nhip: r.nhip(),
            sport: r.sport(),
            dport: r.dport(),
            protocol: r.protocol(),
            packets: r.packets(),
            bytes: r.bytes(),
            stime_ms: r.stime_ms(),
            duration_ms: r.duration_ms(),
            tcpflags: r.tcpflags(),
            initial_tcpflags: r.initial_tcpflags(),
            session_tcpflags: r.session_tcpflags(),
            attributes: r.attributes(),
            application: r.application(),
            memo: r.memo(),
            sensor_id: r.sensor_id(),
            classtype_id: r.classtype_id(),
            input: r.input(),
            output: r.output(),
        }
    }
}

/// What a [`Writer`] puts into the header.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct WriterOptions {
    /// Command lines that made the file, oldest first. A NUL ends the text.
    pub invocations: Vec<String>,
    /// Notes.
    pub annotations: Vec<String>,
    /// Byte order of the records; little-endian if `None`.
    pub byte_order: Option<ByteOrder>,
}

impl WriterOptions {
    /// With one more command line.
    #[must_use]
    pub fn with_invocation(mut self, line: impl Into<String>) -> Self {
        self.invocations.push(line.into());
        self
    }

    /// With one more note.
    #[must_use]
    pub fn with_annotation(mut self, note: impl Into<String>) -> Self {
        self.annotations.push(note.into());
        self
    }

    /// With a byte order.
    #[must_use]
    pub fn with_byte_order(mut self, order: ByteOrder) -> Self {
        self.byte_order = Some(order);
        self
    }
}

/// Writes an uncompressed FT_RWIPV6ROUTING version 1 file.
///
/// Records are gathered and written 64 KiB at a time, so `sink` needs no buffer of its own. Without
/// [`finish`](Self::finish) the last ones are lost; after an `Io` error the file is of no use.
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: W,
    layout: &'static LayoutInfo,
    order: ByteOrder,
    buffer: Vec<u8>,
    records: u64,
}

const FLUSH_AT: usize = 64 << 10;

impl<W: Write> Writer<W> {
    /// A writer whose header goes to `sink` with the first records.
    ///
    /// # Errors
    /// `Usage` if a header text is longer than a header entry can be.
    pub fn new(sink: W, options: &WriterOptions) -> Result<Self> {
        let (id, version) = (FormatId::RWIPV6ROUTING, 1);
        let Some(format) = layouts::find(id, version) else {
            return Err(ErrorKind::UnknownVersion { format: id, version, release: String::new() }.into());
        };
        let order = options.byte_order.unwrap_or(ByteOrder::Little);
        let buffer = header_bytes(id, version, format.layout.len, order, options)?;
        Ok(Self { sink, layout: format.layout, order, buffer, records: 0 })
    }

    /// Writes one record.
    ///
    /// # Errors
    /// `Usage` if the layout cannot express it, naming record and field; `Io` if the sink fails.
    pub fn write(&mut self, record: &FlowRecord) -> Result<()> {
        self.check(record)?;
        let ipv6 = [record.sip, record.dip, record.nhip].iter().any(IpAddr::is_ipv6);
        let start = self.buffer.len();
        self.buffer.resize(start + self.layout.len, 0);
        for item in self.layout.items {
            put(&mut self.buffer[start..], item, self.order, record, ipv6);
        }
        self.records += 1;
        if self.buffer.len() >= FLUSH_AT { self.drain() } else { Ok(()) }
    }

    /// Writes what is gathered and gives the sink back.
    ///
    /// # Errors
    /// `Io` if the sink fails.
    pub fn finish(mut self) -> Result<W> {
        self.drain()?;
        self.sink.flush().map_err(ErrorKind::Write)?;
        Ok(self.sink)
    }

    /// How many records were written.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    fn drain(&mut self) -> Result<()> {
        self.sink.write_all(&self.buffer).map_err(ErrorKind::Write)?;
        self.buffer.clear();
        Ok(())
    }

    fn check(&self, record: &FlowRecord) -> Result<()> {
        let fields = [
            ("packets", record.packets, u64::from(u32::MAX)),
            ("bytes", record.bytes, u64::from(u32::MAX)),
            ("input", u64::from(record.input), u64::from(u16::MAX)),
            ("output", u64::from(record.output), u64::from(u16::MAX)),
        ];
        for (field, value, most) in fields {
            if value > most {
                let what = format!("record {}: {field} {value} exceeds {most}", self.records + 1);
                return Err(Error::new(ErrorKind::Usage(what)));
            }
        }
        Ok(())
    }
}

/// Spec 2.1, 2.2 and the padding of 2.4.
fn header_bytes(
    id: FormatId,
    version: u8,
    record_len: usize,
    order: ByteOrder,
    options: &WriterOptions,
) -> Result<Vec<u8>> {
    let mut out = MAGIC.to_vec();
    out.extend([u8::from(order == ByteOrder::Big), id.0, CURRENT_VERSION, 0]);
    out.extend(0u32.to_be_bytes());
    out.extend((record_len as u16).to_be_bytes());
    out.extend(u16::from(version).to_be_bytes());
    let texts = [(2u32, &options.invocations), (3, &options.annotations)];
    for (id, text) in texts.iter().flat_map(|(id, texts)| texts.iter().map(move |text| (id, text))) {
        let text = text.split('\0').next().unwrap_or_default();
        let len = u32::try_from(text.len() + 9)
            .map_err(|_| ErrorKind::Usage(format!("a header text of {} bytes is too long", text.len())))?;
        out.extend(id.to_be_bytes());
        out.extend(len.to_be_bytes());
        out.extend(text.bytes());
        out.push(0);
    }
    let used = out.len() + 8;
    let padding = (record_len - used % record_len) % record_len;
    out.extend(0u32.to_be_bytes());
    out.extend((8 + padding as u32).to_be_bytes());
    out.resize(used + padding, 0);
    Ok(out)
}

/// Writes one item of the layout into the record's bytes: the bits of its fields, in the order the item has.
fn put(out: &mut [u8], item: &Item, order: ByteOrder, record: &FlowRecord, ipv6: bool) {
    let (start, width) = (usize::from(item.offset), usize::from(item.width));
    let out = &mut out[start..start + width];
    if let Ok(out) = <&mut [u8; 16]>::try_from(&mut *out) {
        let address = item.bits.first().map_or(0, |bits| address(bits.field, record, ipv6));
        *out = address.to_be_bytes();
        return;
    }
    let value = item.bits.iter().fold(0, |word, bits| {
        let mask = u64::MAX >> (63 - (bits.hi - bits.lo));
        word | (stored(bits.field, record, ipv6) & mask) << bits.lo
    });
    if order == ByteOrder::Big || item.order == Order::Big {
        out.copy_from_slice(&value.to_be_bytes()[8 - width..]);
    } else {
        out.copy_from_slice(&value.to_le_bytes()[..width]);
    }
}

/// An address as 16 bytes in network order say it, IPv4 mapped.
fn address(field: Field, record: &FlowRecord, ipv6: bool) -> u128 {
    match field {
        Field::Sip => mapped(record.sip),
        Field::Dip => mapped(record.dip),
        // An IPv6 record without a next hop has `::` there.
        _ if ipv6 && record.nhip.is_ipv4() && record.nhip.is_unspecified() => 0,
        _ => mapped(record.nhip),
    }
}

/// The stored value of a field of a layout with separate fields (rules D and R0 of spec 12).
fn stored(field: Field, record: &FlowRecord, ipv6: bool) -> u64 {
    match field {
        Field::Sport => record.sport.into(),
        Field::Dport => record.dport.into(),
        Field::Proto => record.protocol.into(),
        Field::Flags => record.tcpflags.into(),
        Field::InitFlags => record.initial_tcpflags.into(),
        Field::RestFlags => record.session_tcpflags.into(),
        Field::TcpState => u64::from(record.attributes & 0x79) | if ipv6 { 0x80 } else { 0 },
        Field::Application => record.application.into(),
        Field::Memo => record.memo.into(),
        Field::Sensor => record.sensor_id.into(),
        Field::Flowtype => record.classtype_id.into(),
        Field::Input => record.input.into(),
        Field::Output => record.output.into(),
        Field::Pkts => record.packets,
        Field::Bytes => record.bytes,
        Field::StimeMs => record.stime_ms as u64,
        Field::ElapsedMs => record.duration_ms.into(),
        // The writer's layout has none of the packed fields.
        _ => 0,
    }
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}
