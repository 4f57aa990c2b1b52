//! The decode rules of spec 6 and 9, each a short pure function over the stored fields of one record.
//!
//! The same functions serve the column loops (fields at constant offsets) and the record views (fields looked up in
//! the layout's table); [`Stored`] is the difference.

use crate::Parity;
use crate::field::Field;
use crate::layouts::{Application, Expanded, FlagsRule, FlowtypeFrom, Rules, Start};

/// The stored fields of one record.
pub(crate) trait Stored {
    fn rules(&self) -> Rules;
    fn has(&self, field: Field) -> bool;
    /// The field's unsigned value; 0 if the layout has no such field.
    fn get(&self, field: Field) -> u64;
    /// The width of the item that holds the field, in bytes; 0 if there is none.
    fn width(&self, field: Field) -> u8;
    /// The 16 bytes of an address field as stored, if it has that width.
    fn wide_address(&self, field: Field) -> Option<[u8; 16]>;
}

/// What a record's values depend on besides its own bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub(crate) base_time_ms: i64,
    pub(crate) sensor: u16,
    pub(crate) flowtype: u8,
    pub(crate) icmp: IcmpPorts,
    pub(crate) parity: Parity,
    pub(crate) application: Application,
    /// Whether a record may have stale flags (spec 6.6 X1). False only where all were looked at.
    pub(crate) stale_flags: bool,
}

/// How a misplaced ICMP type and code is repaired (spec 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IcmpPorts {
    AsStored,
    /// `dPort = sPort`.
    Move,
    /// `dPort = byte-swapped sPort`, for NetFlow v5 files with a legacy header.
    MoveSwapped,
}

/// `sensor` of a record that names none.
pub(crate) const NO_SENSOR: u16 = u16::MAX;
/// `flowtype` of a record that names none.
pub(crate) const NO_FLOWTYPE: u8 = u8::MAX;

pub(crate) const EXPANDED: u8 = 0x01;
/// The bits of `tcp_state` that are kept on read and write (spec 5.1).
pub(crate) const ATTRIBUTES: u8 = 0x79;
/// The bit of a stored `tcp_state` that says that the record is IPv6.
pub(crate) const IPV6: u64 = 0x80;
pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const ICMPV6: u8 = 58;

/// The TCP flags of a record, and its attribute bits after fix-up X1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) all: u8,
    pub(crate) init: u8,
    pub(crate) rest: u8,
    pub(crate) state: u8,
}

impl Flags {
    /// Whether `init` and `rest` are meaningful (spec 5.1).
    pub(crate) fn is_expanded(self) -> bool {
        self.state & EXPANDED != 0
    }
}

/// Spec 5.1: the bit counts in the two formats with 16-byte addresses only.
#[inline(always)]
pub(crate) fn is_ipv6(s: &impl Stored) -> bool {
    s.width(Field::Sip) == 16 && s.get(Field::TcpState) & IPV6 != 0
}

#[inline(always)]
fn is_web(s: &impl Stored) -> bool {
    s.has(Field::SrcIsSrv)
}

/// Spec 6.4, `is_tcp` of the packed rules.
#[inline(always)]
fn is_tcp(s: &impl Stored) -> bool {
    match s.rules().flags {
        FlagsRule::R0 | FlagsRule::R5 => s.get(Field::Proto) as u8 == TCP,
        FlagsRule::R4 => s.get(Field::IsTcp) != 0,
        _ if is_web(s) => true,
        FlagsRule::R2Augmented => s.get(Field::IsTcp) != 0 || s.get(Field::ProtFlags) as u8 == TCP,
        FlagsRule::R1 | FlagsRule::R2 | FlagsRule::R3 => s.get(Field::IsTcp) != 0,
    }
}

/// Spec 6.4, column `proto`.
#[inline(always)]
pub(crate) fn protocol(s: &impl Stored) -> u8 {
    let stored = match s.rules().flags {
        FlagsRule::R0 if is_web(s) => return TCP,
        FlagsRule::R0 | FlagsRule::R5 => return s.get(Field::Proto) as u8,
        FlagsRule::R4 => s.get(Field::ProtoIflags) as u8,
        _ => s.get(Field::ProtFlags) as u8,
    };
    if is_tcp(s) { TCP } else { stored }
}

/// Spec 6.4 and 6.6 X1: `flags`, `init_flags`, `rest_flags`, `tcp_state`.
#[inline(always)]
pub(crate) fn flags(s: &impl Stored, context: &Context) -> Flags {
    let state = s.get(Field::TcpState) as u8 & ATTRIBUTES;
    let expanded = state & EXPANDED != 0;
    let packed = s.get(Field::ProtFlags) as u8;
    let rest_byte = s.get(Field::RestFlags) as u8;
    let (all, init, rest) = match (s.rules().flags, is_tcp(s)) {
        (FlagsRule::R0, _) => (s.get(Field::Flags) as u8, s.get(Field::InitFlags) as u8, rest_byte),
        (FlagsRule::R1, tcp) => (if tcp { packed } else { 0 }, 0, 0),
        (FlagsRule::R2 | FlagsRule::R2Augmented | FlagsRule::R3, true) if expanded => {
            (packed | rest_byte, packed, rest_byte)
        }
        (FlagsRule::R2 | FlagsRule::R2Augmented, true) => (packed, 0, 0),
        (FlagsRule::R3, true) => (packed | rest_byte, 0, 0),
        (FlagsRule::R2 | FlagsRule::R2Augmented | FlagsRule::R3, false) => (rest_byte, 0, 0),
        (FlagsRule::R4, tcp) => {
            let init = s.get(Field::ProtoIflags) as u8;
            match (tcp, expanded) {
                (true, true) => (init | rest_byte, init, rest_byte),
                (true, false) => (init, 0, 0),
                (false, _) => (0, 0, 0),
            }
        }
        (FlagsRule::R5, _) => {
            let (all, first) = (s.get(Field::Flags) as u8, s.get(Field::FirstFlags) as u8);
            if expanded { (all | first, first, all) } else { (all, 0, 0) }
        }
    };
    if context.stale_flags && has_stale_flags(s) {
        Flags { all, init: 0, rest: 0, state: state & !EXPANDED }
    } else {
        Flags { all, init, rest, state }
    }
}

/// As [`has_stale_flags`], of what was read as stored.
#[inline(always)]
pub(crate) fn are_stale(attributes: u8, protocol: u8, initial: u8, session: u8) -> bool {
    (attributes & EXPANDED != 0) & ((protocol != TCP) | (initial | session == 0))
}

/// Spec 6.6 X1, which exists for layouts with separate fields (rule R0) only.
#[inline(always)]
pub(crate) fn has_stale_flags(s: &impl Stored) -> bool {
    let get = |field| s.get(field) as u8;
    (s.rules().expanded == Expanded::ClearStale)
        & are_stale(get(Field::TcpState), get(Field::Proto), get(Field::InitFlags), get(Field::RestFlags))
}

/// Spec 6.5: the port that a 2-bit code stands for.
#[inline(always)]
fn web_port(code: u64) -> u16 {
    [80, 443, 8080, 0][(code & 3) as usize]
}

/// Whether type and code stand in `dPort` (spec 9).
#[inline(always)]
pub(crate) fn is_icmp(s: &impl Stored) -> bool {
    let protocol = protocol(s);
    // Without a branch: which records are ICMP is anybody's guess.
    (protocol == ICMP) | ((protocol == ICMPV6) & is_ipv6(s))
}

/// `(sPort, dPort)`: spec 6.5 for web layouts, then the repair of spec 9.
#[inline(always)]
pub(crate) fn ports(s: &impl Stored, context: &Context) -> (u16, u16) {
    let (sport, dport) = stored_ports(s);
    match context.icmp {
        IcmpPorts::AsStored => (sport, dport),
        _ if !(are_misplaced(sport, dport) & is_icmp(s)) => (sport, dport),
        IcmpPorts::Move => (0, sport),
        IcmpPorts::MoveSwapped => (0, sport.swap_bytes()),
    }
}

/// Whether type and code of ICMP would stand in `sPort` (spec 9).
#[inline(always)]
pub(crate) fn are_misplaced(sport: u16, dport: u16) -> bool {
    (dport == 0) & (sport != 0)
}

/// Spec 6.5 for web layouts: TCP only, so never ICMP (FT_RWAUGWEB v5 has a real protocol, but a repair needs protocol 1).
#[inline(always)]
fn stored_ports(s: &impl Stored) -> (u16, u16) {
    if !is_web(s) {
        return (s.get(Field::Sport) as u16, s.get(Field::Dport) as u16);
    }
    let server = web_port(s.get(Field::SrvPort));
    let client = s.get(Field::ClntPort) as u16;
    if s.get(Field::SrcIsSrv) != 0 { (server, client) } else { (client, server) }
}

/// Spec 6.2, `pkts`; spec 6.6 X3 under [`Parity::Silk`].
#[inline(always)]
pub(crate) fn packets(s: &impl Stored, context: &Context) -> u64 {
    if s.has(Field::Pkts) {
        return saturated(s.get(Field::Pkts), s.width(Field::Pkts), context);
    }
    let pkts = s.get(Field::Pkts20);
    if s.get(Field::Pflag) != 0 { pkts * 64 } else { pkts }
}

/// Spec 6.2, `bytes`; spec 6.6 X3 under [`Parity::Silk`].
#[inline(always)]
pub(crate) fn bytes(s: &impl Stored, context: &Context) -> u64 {
    if s.has(Field::Bytes) {
        return saturated(s.get(Field::Bytes), s.width(Field::Bytes), context);
    }
    let bpp =
        if s.has(Field::Bpp) { s.get(Field::Bpp) } else { s.get(Field::BppHi) << 10 | s.get(Field::BppLo) };
    let pkts = packets(s, context);
    // 20-bit numbers: nothing here reaches 2^47.
    let (whole, fraction) = (bpp >> 6, bpp & 63);
    match context.parity {
        Parity::Native => whole * pkts + (fraction * pkts + 32) / 64,
        Parity::Silk => {
            let product = (fraction * pkts) as u32 as i32;
            let rounded = product / 64 + i32::from(product % 64 >= 32);
            u64::from(((whole * pkts) as u32).wrapping_add(rounded as u32))
        }
    }
}

#[inline(always)]
fn saturated(value: u64, width: u8, context: &Context) -> u64 {
    if width == 8 && context.parity == Parity::Silk { value.min(u64::from(u32::MAX)) } else { value }
}

/// Spec 6.3, start in milliseconds since the epoch. Nonsense wraps, as in the reference.
#[inline(always)]
pub(crate) fn stime_ms(s: &impl Stored, context: &Context) -> i64 {
    let stored = if s.has(Field::StimeMs) {
        s.get(Field::StimeMs) as i64
    } else {
        1000 * s.get(Field::StimeS) as i64 + s.get(Field::StimeFrac) as i64
    };
    match s.rules().start {
        Start::Absolute => stored,
        Start::Relative => context.base_time_ms.wrapping_add(stored),
    }
}

/// Spec 6.3, duration in milliseconds, modulo 2^32.
#[inline(always)]
pub(crate) fn duration_ms(s: &impl Stored) -> u32 {
    if s.has(Field::ElapsedMs) {
        return s.get(Field::ElapsedMs) as u32;
    }
    (s.get(Field::ElapsedS) as u32).wrapping_mul(1000).wrapping_add(s.get(Field::ElapsedFrac) as u32)
}

/// Spec 10.1, end in milliseconds since the epoch; saturates.
#[inline(always)]
pub(crate) fn etime_ms(s: &impl Stored, context: &Context) -> i64 {
    stime_ms(s, context).saturating_add(i64::from(duration_ms(s)))
}

/// Spec 6.7: 16 bytes in network order, IPv4 as `::ffff:a.b.c.d`.
#[inline(always)]
pub(crate) fn address(s: &impl Stored, field: Field) -> [u8; 16] {
    match s.wide_address(field) {
        Some(stored) => {
            let stored = u128::from_be_bytes(stored);
            let value = if is_ipv6(s) { stored } else { stored & 0xFFFF_FFFF | MAPPED };
            value.to_be_bytes()
        }
        None if !s.has(field) && is_ipv6(s) => [0; 16],
        None => (u128::from(s.get(field) as u32) | MAPPED).to_be_bytes(),
    }
}

/// `::ffff:0.0.0.0`
const MAPPED: u128 = 0xFFFF_0000_0000;

#[inline(always)]
pub(crate) fn application(s: &impl Stored, context: &Context) -> u16 {
    match context.application {
        Application::AsStored => s.get(Field::Application) as u16,
        Application::ZeroApplication => 0,
    }
}

#[inline(always)]
pub(crate) fn sensor(s: &impl Stored, context: &Context) -> u16 {
    if s.has(Field::Sensor) { s.get(Field::Sensor) as u16 } else { context.sensor }
}

#[inline(always)]
pub(crate) fn flowtype(s: &impl Stored, context: &Context) -> u8 {
    match s.rules().flowtype {
        _ if s.has(Field::Flowtype) => s.get(Field::Flowtype) as u8,
        FlowtypeFrom::File => context.flowtype,
        FlowtypeFrom::Record | FlowtypeFrom::Never => NO_FLOWTYPE,
    }
}

/// An SNMP interface, `Field::Input` or `Field::Output`; spec 6.6 X3 under [`Parity::Silk`].
#[inline(always)]
pub(crate) fn interface(s: &impl Stored, field: Field, context: &Context) -> u32 {
    let value = s.get(field) as u32;
    if s.width(field) == 4 && context.parity == Parity::Silk { value.min(65535) } else { value }
}
