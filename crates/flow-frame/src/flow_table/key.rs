//! Packets of a batch → what the table needs of each, 64 bytes: the part of the work that any thread can do.

use std::hash::BuildHasher;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_buffer::NullBuffer;
use hashbrown::DefaultHashBuilder;

use super::options::{FlowBytes, FlowTableOptions};
use crate::error::{ErrorKind, Result};
use crate::kernels::columns;

pub(super) const ICMP: u8 = 1;
const TCP: u8 = 6;
pub(super) const ICMPV6: u8 = 58;

/// Which packets belong together: source and destination address, ports, protocol, IP version and VLAN. Of bidirectional
/// flows the smaller end comes first, and ICMP has the request's type and code where another has ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) sip: [u64; 2],
    pub(super) dip: [u64; 2],
    /// Ports 16 + 16 bits, protocol 8, IPv6 1, VLAN 13.
    pub(super) rest: u64,
}

/// Set beside the 12 bits of a VLAN identifier: 0 is one too.
const HAS_VLAN: u64 = 0x1000;

impl Key {
    pub(super) fn sport(&self) -> u16 {
        (self.rest >> 48) as u16
    }

    pub(super) fn dport(&self) -> u16 {
        (self.rest >> 32) as u16
    }

    pub(super) fn protocol(&self) -> u8 {
        (self.rest >> 24) as u8
    }

    pub(super) fn is_ipv6(&self) -> bool {
        self.rest >> 16 & 1 != 0
    }

    pub(super) fn is_icmp(&self) -> bool {
        is_icmp(self.protocol(), self.is_ipv6())
    }

    pub(super) fn vlan(&self) -> Option<u16> {
        (self.rest & HAS_VLAN != 0).then_some((self.rest & 0xfff) as u16)
    }
}

fn is_icmp(protocol: u8, is_ipv6: bool) -> bool {
    protocol == ICMP || protocol == ICMPV6 && is_ipv6
}

/// The bytes of an address word by word, and back.
fn words(address: [u8; 16]) -> [u64; 2] {
    let address = u128::from_be_bytes(address);
    [(address >> 64) as u64, address as u64]
}

pub(super) fn address(words: [u64; 2]) -> [u8; 16] {
    (u128::from(words[0]) << 64 | u128::from(words[1])).to_be_bytes()
}

/// What the table needs of a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct PacketKey {
    pub(super) key: Key,
    /// Nanoseconds since 1970; means nothing if the packet has no time.
    pub(super) time: i64,
    pub(super) bytes: u64,
    pub(super) hash: u32,
    /// Type · 256 + code of ICMP.
    pub(super) icmp: u16,
    pub(super) tcp_flags: u8,
    marks: u8,
}

const UNTIMED: u8 = 1;
const HAS_TCP: u8 = 2;
const SWAPPED: u8 = 4;

impl PacketKey {
    pub(super) fn is_timed(&self) -> bool {
        self.marks & UNTIMED == 0
    }

    /// Whether there is a TCP header: not in later fragments.
    pub(super) fn has_tcp(&self) -> bool {
        self.marks & HAS_TCP != 0
    }

    /// Whether it goes from the second end of the key to the first.
    pub(super) fn is_swapped(&self) -> bool {
        self.marks & SWAPPED != 0
    }
}

/// The packets of a batch, prepared for one table by its [`KeyMaker`].
#[derive(Debug, Clone, Default)]
pub struct PacketKeys {
    pub(super) packets: Vec<PacketKey>,
    pub(super) without_ip: u64,
    pub(super) without_ip_bytes: u64,
}

/// Prepares packets for the table that it comes from, on any thread.
#[derive(Debug, Clone)]
pub struct KeyMaker {
    options: FlowTableOptions,
    hasher: DefaultHashBuilder,
}

/// A column, or none of that name: then no row has a value.
struct Cells<'a, T> {
    values: &'a [T],
    nulls: Option<&'a NullBuffer>,
}

impl<T: Copy> Cells<'_, T> {
    #[inline]
    fn get(&self, row: usize) -> Option<T> {
        let null = self.nulls.is_some_and(|nulls| nulls.is_null(row));
        if null { None } else { self.values.get(row).copied() }
    }
}

fn cells<'a, T: ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &str,
    expected: &'static str,
) -> Result<Cells<'a, T::Native>> {
    let Some(array) = batch.column_by_name(name) else { return Ok(Cells { values: &[], nulls: None }) };
    match array.as_primitive_opt::<T>() {
        Some(found) => Ok(Cells { values: found.values(), nulls: columns::present(array) }),
        None => {
            let (name, found) = (name.to_owned(), array.data_type().clone());
            Err(ErrorKind::ColumnType { name, expected, found }.into())
        }
    }
}

impl KeyMaker {
    pub(super) fn new(options: FlowTableOptions) -> Self {
        // Seeded at random for each table, so that nobody can prepare packets that collide.
        Self { options, hasher: DefaultHashBuilder::default() }
    }

    /// Prepares a batch that has the columns of [`FlowTable::packet_columns`](super::FlowTable::packet_columns). Of
    /// those that say more than addresses, protocol, time and bytes any may be missing, as if all its values were null.
    ///
    /// # Errors
    /// `Usage` if one of those five is missing or a column has another type; `Malformed` if a packet has negative bytes.
    pub fn prepare(&self, batch: &RecordBatch) -> Result<PacketKeys> {
        let rows = batch.num_rows();
        let (sip, no_sip) = columns::addresses(batch, "sip")?;
        let (dip, no_dip) = columns::addresses(batch, "dip")?;
        let protocol = columns::column(batch, "protocol")
            .and_then(|_| cells::<UInt8Type>(batch, "protocol", "UInt8"))?;
        let times = columns::times(batch, "stime")?;
        let (wire, no_wire) = columns::counts(batch, "bytes")?;
        let wire = Cells { values: wire, nulls: no_wire };
        let version = cells::<UInt8Type>(batch, "ip_version", "UInt8")?;
        let ports =
            [cells::<UInt16Type>(batch, "sport", "UInt16")?, cells::<UInt16Type>(batch, "dport", "UInt16")?];
        let tcp = cells::<UInt16Type>(batch, "tcp_flags", "UInt16")?;
        let icmp = ["icmp_type", "icmp_code"].map(|name| cells::<UInt8Type>(batch, name, "UInt8"));
        let icmpv6 = ["icmpv6_type", "icmpv6_code"].map(|name| cells::<UInt8Type>(batch, name, "UInt8"));
        let ([icmp_type, icmp_code], [icmpv6_type, icmpv6_code]) = (icmp, icmpv6);
        let (icmp, icmpv6) = ([icmp_type?, icmp_code?], [icmpv6_type?, icmpv6_code?]);
        let vlan = cells::<UInt16Type>(batch, "vlan_id", "UInt16")?;
        let ip_len = cells::<UInt32Type>(batch, "ip_len", "UInt32")?;
        let payload = cells::<UInt16Type>(batch, "ipv6_plen", "UInt16")?;

        let is_null = |nulls: Option<&NullBuffer>, row| nulls.is_some_and(|nulls| nulls.is_null(row));
        let mut made = PacketKeys { packets: Vec::with_capacity(rows), ..PacketKeys::default() };
        for (row, ((sip, dip), ticks)) in sip.iter().zip(dip).zip(times.ticks).enumerate() {
            let on_wire = wire.get(row).unwrap_or_default().unsigned_abs();
            let (Some(protocol), false) = (protocol.get(row), is_null(no_sip, row) || is_null(no_dip, row))
            else {
                made.without_ip += 1;
                made.without_ip_bytes = made.without_ip_bytes.saturating_add(on_wire);
                continue;
            };
            let (mut sip, mut dip) = (words(*sip), words(*dip));
            let is_ipv6 = match version.get(row) {
                Some(version) => version == 6,
                None => !(is_mapped(sip) && is_mapped(dip)),
            };
            let two = |cells: &[Cells<'_, u8>; 2]| {
                u16::from_be_bytes([&cells[0], &cells[1]].map(|cells| cells.get(row).unwrap_or_default()))
            };
            let (mut sport, mut dport, mut type_and_code, mut flags) = (0, 0, 0, None);
            match protocol {
                ICMP => type_and_code = two(&icmp),
                ICMPV6 if is_ipv6 => type_and_code = two(&icmpv6),
                _ => {
                    [sport, dport] = [&ports[0], &ports[1]].map(|ports| ports.get(row).unwrap_or_default());
                    // In a tunnel there may be TCP headers further inside.
                    flags = tcp.get(row).filter(|_| protocol == TCP);
                }
            }
            let mut marks =
                u8::from(is_null(times.nulls, row)) * UNTIMED + u8::from(flags.is_some()) * HAS_TCP;
            if is_icmp(protocol, is_ipv6) {
                dport =
                    if self.options.bidirectional { request(protocol, type_and_code) } else { type_and_code };
            }
            if self.options.bidirectional && (dip, dport) < (sip, sport) {
                (sip, dip) = (dip, sip);
                marks |= SWAPPED;
                // Type and code belong to both ends.
                if !is_icmp(protocol, is_ipv6) {
                    (sport, dport) = (dport, sport);
                }
            }
            let vlan = vlan.get(row).filter(|_| self.options.vlan);
            let rest = u64::from(sport) << 48
                | u64::from(dport) << 32
                | u64::from(protocol) << 24
                | u64::from(is_ipv6) << 16
                | vlan.map_or(0, |vlan| HAS_VLAN | u64::from(vlan & 0xfff));
            let key = Key { sip, dip, rest };
            let bytes = match self.options.bytes {
                FlowBytes::Wire => on_wire,
                FlowBytes::Ip if is_ipv6 => {
                    payload.get(row).map_or(0, |bytes| IPV6_HEADER + u64::from(bytes))
                }
                FlowBytes::Ip => ip_len.get(row).map_or(0, u64::from),
            };
            made.packets.push(PacketKey {
                key,
                time: ticks.saturating_mul(times.tick_ns),
                bytes,
                hash: self.hasher.hash_one(key) as u32,
                icmp: type_and_code,
                tcp_flags: flags.unwrap_or_default() as u8,
                marks,
            });
        }
        Ok(made)
    }
}

const IPV6_HEADER: u64 = 40;

fn is_mapped(address: [u64; 2]) -> bool {
    address[0] == 0 && address[1] >> 32 == 0xffff
}

/// Type and code of the request that a message answers, or its own: RFC 792, 950, 4443.
fn request(protocol: u8, type_and_code: u16) -> u16 {
    match (protocol, type_and_code) {
        // Echo, timestamp, information, address mask; echo.
        (ICMP, 0x0000) => 0x0800,
        (ICMP, 0x0e00) => 0x0d00,
        (ICMP, 0x1000) => 0x0f00,
        (ICMP, 0x1200) => 0x1100,
        (ICMPV6, 0x8100) => 0x8000,
        (_, own) => own,
    }
}
