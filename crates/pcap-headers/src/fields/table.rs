//! The table of fields: name, type, how it is printed, where it comes from.

use super::FrameTimes;
use super::text::Format;
use super::value::{FieldType, FieldValue};
use crate::layers::{self, Arp, Ethernet, Icmp, Ipv4, Ipv6, Kind, Layer, Tcp, Udp, Vlan};
use crate::{Packet, TimeParts};

/// A field of a packet, as tshark names it.
#[derive(Debug)]
pub struct Field {
    name: &'static str,
    value_type: FieldType,
    pub(super) format: Format,
    pub(super) source: Source,
}

/// Where a field's values come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The packet and its place in the file.
    Frame(fn(&Packet<'_>, &FrameTimes) -> Option<FieldValue>),
    /// Every layer of these kinds.
    Layers(&'static [Kind], fn(&Layer<'_>, &mut Option<FieldValue>)),
    /// The names of all layers.
    Names,
}

impl Field {
    /// Name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What its values are.
    #[must_use]
    pub fn value_type(&self) -> FieldType {
        self.value_type
    }
}

/// The fields that this crate knows.
#[derive(Debug, Clone, Copy)]
pub struct FieldTable;

impl FieldTable {
    /// All of them.
    #[must_use]
    pub fn all() -> &'static [Field] {
        &FIELDS
    }

    /// The field of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Field> {
        FIELDS.iter().find(|field| field.name == name)
    }
}

/// A length on the wire is signed in the reference (semantics 10).
const MOST_ON_THE_WIRE: u32 = i32::MAX as u32;

const fn number(name: &'static str, format: Format, source: Source) -> Field {
    Field { name, value_type: FieldType::Number, format, source }
}

const fn frame_time(name: &'static str, value_type: FieldType, format: Format, source: Source) -> Field {
    Field { name, value_type, format, source }
}

const fn address(name: &'static str, value_type: FieldType, source: Source) -> Field {
    Field { name, value_type, format: Format::Address, source }
}

/// A value of a layer's view.
macro_rules! of {
    ($kind:ident . $value:ident) => {
        of!([$kind] $kind . $value)
    };
    ([$($kind:ident)*] $view:ident . $value:ident) => {
        by!([$($kind)*] |layer| $view::from_prefix(layer.span.bytes()).$value())
    };
}

/// A value worked out from a layer.
macro_rules! by {
    ([$($kind:ident)*] $get:expr) => {
        Source::Layers(&[$(Kind::$kind),*], |layer, place| {
            let get: fn(&Layer<'_>) -> Option<_> = $get;
            if let Some(value) = get(layer) {
                *place = Some(FieldValue::from(value));
            }
        })
    };
}

macro_rules! conversions {
    ($($type:ty => $variant:ident,)*) => {$(
        impl From<$type> for FieldValue {
            fn from(value: $type) -> Self { Self::$variant(value.into()) }
        }
    )*};
}

conversions! { u8 => Number, u16 => Number, u32 => Number, u64 => Number, [u8; 6] => Mac, [u8; 4] => Ipv4, [u8; 16] => Ipv6, TimeParts => Time, }

static FIELDS: [Field; 47] = [
    number("frame.number", Format::Decimal, Source::Frame(|packet, _| Some(packet.number.into()))),
    frame_time(
        "frame.time",
        FieldType::Time,
        Format::Calendar,
        Source::Frame(|_, times| Some(times.time?.into())),
    ),
    frame_time(
        "frame.time_epoch",
        FieldType::Time,
        Format::Seconds,
        Source::Frame(|_, times| Some(times.time?.into())),
    ),
    frame_time(
        "frame.time_delta",
        FieldType::Duration,
        Format::Seconds,
        Source::Frame(|_, times| Some(times.delta?.into())),
    ),
    frame_time(
        "frame.time_relative",
        FieldType::Duration,
        Format::Seconds,
        Source::Frame(|_, times| Some(times.relative?.into())),
    ),
    number(
        "frame.len",
        Format::Decimal,
        Source::Frame(|packet, _| {
            Some(without_pseudo_header(packet, packet.wire_len.min(MOST_ON_THE_WIRE) as usize))
        }),
    ),
    number(
        "frame.cap_len",
        Format::Decimal,
        Source::Frame(|packet, _| Some(without_pseudo_header(packet, packet.data.len()))),
    ),
    number("frame.interface_id", Format::Decimal, Source::Frame(|packet, _| Some(packet.interface?.into()))),
    Field {
        name: "frame.protocols",
        value_type: FieldType::Names,
        format: Format::Names,
        source: Source::Names,
    },
    address("eth.src", FieldType::Mac, by!([Ethernet] | layer | ethernet(layer)?.source())),
    address("eth.dst", FieldType::Mac, by!([Ethernet] | layer | ethernet(layer)?.destination())),
    number("eth.type", Format::Hex(4), by!([Ethernet] ether_type)),
    number(
        "vlan.id",
        Format::Decimal,
        by!([Vlan] | layer | Vlan::from_prefix(layer.span.bytes()).control().map(|word| word & 0xfff)),
    ),
    number("ip.version", Format::Decimal, of!([Ipv4 Ipv6] Ipv4.version)),
    number(
        "ip.hdr_len",
        Format::Decimal,
        by!([Ipv4] | layer | ipv4_of_version_4(layer)?.header_len().map(|len| len as u64)),
    ),
    number("ip.dsfield", Format::Hex(2), by!([Ipv4] | layer | ipv4_with_length(layer)?.dsfield())),
    number("ip.len", Format::Decimal, by!([Ipv4] ipv4_len)),
    number("ip.id", Format::Hex(4), by!([Ipv4] | layer | ipv4(layer)?.identification())),
    number(
        "ip.flags",
        Format::Hex(2),
        by!([Ipv4] | layer | ipv4(layer)?.flags_and_offset().map(|word| word >> 13)),
    ),
    number(
        "ip.frag_offset",
        Format::Decimal,
        by!([Ipv4] | layer | ipv4(layer)?.flags_and_offset().map(|word| word & 0x1fff)),
    ),
    number("ip.ttl", Format::Decimal, by!([Ipv4] | layer | ipv4(layer)?.ttl())),
    number("ip.proto", Format::Decimal, by!([Ipv4] | layer | ipv4(layer)?.protocol())),
    address("ip.src", FieldType::Ipv4, by!([Ipv4 ExportedPdu] |layer| ipv4_address(layer, 20))),
    address("ip.dst", FieldType::Ipv4, by!([Ipv4 ExportedPdu] |layer| ipv4_address(layer, 21))),
    address("ipv6.src", FieldType::Ipv6, by!([Ipv6] | layer | ipv6(layer)?.source())),
    address("ipv6.dst", FieldType::Ipv6, by!([Ipv6] | layer | ipv6(layer)?.destination())),
    number("ipv6.plen", Format::Decimal, by!([Ipv6] ipv6_payload_len)),
    number("ipv6.nxt", Format::Decimal, by!([Ipv6] | layer | ipv6(layer)?.next_header())),
    number("ipv6.hlim", Format::Decimal, by!([Ipv6] | layer | ipv6(layer)?.hop_limit())),
    number("ipv6.flow", Format::Hex(6), by!([Ipv6] | layer | ipv6(layer)?.flow())),
    number("tcp.srcport", Format::Decimal, by!([Tcp] | layer | tcp(layer, 4)?.source_port())),
    number("tcp.dstport", Format::Decimal, by!([Tcp] | layer | tcp(layer, 4)?.destination_port())),
    number("tcp.flags", Format::Hex(4), by!([Tcp] | layer | sound_tcp(layer)?.flags())),
    number("tcp.seq_raw", Format::Decimal, by!([Tcp] tcp_sequence)),
    number("tcp.ack_raw", Format::Decimal, by!([Tcp] | layer | sound_tcp(layer)?.acknowledgement())),
    number("tcp.window_size_value", Format::Decimal, by!([Tcp] | layer | sound_tcp(layer)?.window())),
    number("tcp.len", Format::Decimal, by!([Tcp] tcp_len)),
    number("udp.srcport", Format::Decimal, by!([Udp] | layer | udp(layer, 4)?.source_port())),
    number("udp.dstport", Format::Decimal, by!([Udp] | layer | udp(layer, 4)?.destination_port())),
    number("udp.length", Format::Decimal, of!(Udp.length)),
    number("icmp.type", Format::Decimal, by!([Icmp] | layer | icmp(layer)?.icmp_type())),
    number("icmp.code", Format::Decimal, by!([Icmp] | layer | icmp(layer)?.code())),
    number("icmpv6.type", Format::Decimal, of!([Icmpv6] Icmp.icmp_type)),
    number("icmpv6.code", Format::Decimal, of!([Icmpv6] Icmp.code)),
    number("arp.opcode", Format::Decimal, by!([Arp] | layer | arp(layer)?.operation())),
    address("arp.src.proto_ipv4", FieldType::Ipv4, by!([Arp] | layer | arp(layer)?.sender_ipv4())),
    address("arp.dst.proto_ipv4", FieldType::Ipv4, by!([Arp] | layer | arp(layer)?.target_ipv4())),
];

/// Ethernet's fields are there only if the whole header is (semantics 5).
fn ethernet<'a>(layer: &Layer<'a>) -> Option<Ethernet<'a>> {
    Some(Ethernet::from_prefix(layer.span.bytes())).filter(Ethernet::is_complete)
}

/// The type, if the field is no length (semantics 5).
fn ether_type(layer: &Layer<'_>) -> Option<u16> {
    ethernet(layer)?.ether_type().filter(|value| *value == 0 || *value >= 0x600)
}

fn ipv4_of_version_4<'a>(layer: &Layer<'a>) -> Option<Ipv4<'a>> {
    Some(Ipv4::from_prefix(layer.span.bytes())).filter(|header| header.version() == Some(4))
}

/// Headers of a sane length (semantics 4, 1).
fn ipv4_with_length<'a>(layer: &Layer<'a>) -> Option<Ipv4<'a>> {
    ipv4_of_version_4(layer).filter(|header| header.header_len() >= Some(Ipv4::LEN))
}

/// The stored length, or everything on the wire if that is 0 (semantics 4, 2).
fn ipv4_len(layer: &Layer<'_>) -> Option<u64> {
    match ipv4_with_length(layer)?.total_len()? {
        0 => Some(layer.span.wire_len() as u64),
        len => Some(len.into()),
    }
}

/// Headers behind whose length the reference goes on (semantics 4, 3).
pub(crate) fn ipv4<'a>(layer: &Layer<'a>) -> Option<Ipv4<'a>> {
    let header = ipv4_with_length(layer)?;
    let len = header.total_len()?;
    (len == 0 || usize::from(len) >= header.header_len()?).then_some(header)
}

/// Source or destination; an exported PDU names them in tags.
fn ipv4_address(layer: &Layer<'_>, tag: u16) -> Option<[u8; 4]> {
    match (layer.kind, tag) {
        (Kind::ExportedPdu, _) => layers::exported_ipv4(layer.span, tag),
        (_, 20) => ipv4(layer)?.source(),
        _ => ipv4(layer)?.final_destination(),
    }
}

fn ipv6<'a>(layer: &Layer<'a>) -> Option<Ipv6<'a>> {
    Some(Ipv6::from_prefix(layer.span.bytes())).filter(|header| header.version() == Some(6))
}

/// The reference reads it together with the next header.
fn ipv6_payload_len(layer: &Layer<'_>) -> Option<u16> {
    let header = ipv6(layer)?;
    header.next_header()?;
    header.payload_len()
}

/// The header, if so many bytes of it were captured: the reference reads several fields before it shows one.
fn tcp<'a>(layer: &Layer<'a>, bytes: usize) -> Option<Tcp<'a>> {
    (layer.span.bytes().len() >= bytes).then(|| Tcp::from_prefix(layer.span.bytes()))
}

/// The header, if its length is none that cannot be.
fn sound_tcp<'a>(layer: &Layer<'a>) -> Option<Tcp<'a>> {
    tcp(layer, 16).filter(|header| header.header_len() >= Some(Tcp::LEN))
}

fn udp<'a>(layer: &Layer<'a>, bytes: usize) -> Option<Udp<'a>> {
    (layer.span.bytes().len() >= bytes).then(|| Udp::from_prefix(layer.span.bytes()))
}

/// Type and code are shown once two more bytes behind the checksum were captured.
fn icmp<'a>(layer: &Layer<'a>) -> Option<Icmp<'a>> {
    (layer.span.bytes().len() >= 6).then(|| Icmp::from_prefix(layer.span.bytes()))
}

/// Not shown for the TCP headers that ICMP errors quote.
fn tcp_sequence(layer: &Layer<'_>) -> Option<u32> {
    tcp(layer, 16).filter(|_| layer.quoted_by != Some(Kind::Icmp))?.sequence()
}

/// Bytes behind the header, as the lengths around it say; unknown in quotations and in pieces of a datagram.
fn tcp_len(layer: &Layer<'_>) -> Option<u64> {
    let len = tcp(layer, 16).filter(|_| layer.quoted_by.is_none() && !layer.in_piece)?.header_len()?;
    Some(layer.span.wire_len().checked_sub(len)? as u64)
}

/// ATM's ARP has fields of its own (RFC 2225).
fn arp<'a>(layer: &Layer<'a>) -> Option<Arp<'a>> {
    const ATM: u16 = 19;
    Some(Arp::from_prefix(layer.span.bytes())).filter(|header| header.hardware_type() != Some(ATM))
}

/// Lengths do not count what a capture put in front of a packet.
fn without_pseudo_header(packet: &Packet<'_>, len: usize) -> FieldValue {
    FieldValue::Number(len.saturating_sub(packet.pseudo_header_len()) as u64)
}
