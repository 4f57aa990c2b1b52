//! What is left of a record that is written in a layout and read again, or why it cannot be written: from the prose of
//! sections 5 to 8 and 12, value by value, without looking at bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use silk_format::FlowRecord;

use crate::flow::{Flow, Known};

/// What the file header holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InHeader {
    pub base_ms: i64,
    pub flowtype: u8,
    pub sensor: u16,
}

const IPV6: u8 = 0x0B;
const IPV6ROUTING: u8 = 0x0C;
const AUGSNMPOUT: u8 = 0x0D;
const AUGROUTING: u8 = 0x0E;
const ROUTED: u8 = 0x10;
const NOTROUTED: u8 = 0x11;
const FILTER: u8 = 0x13;
const AUGMENTED: u8 = 0x14;
const AUGWEB: u8 = 0x15;
const GENERIC: u8 = 0x16;
const FLOWCAP: u8 = 0x1C;
const WWW: u8 = 0x1F;

/// The columns of the table of section 7 that decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    R0,
    R1,
    R2,
    R4,
    R5,
}

struct Facts {
    format: u8,
    version: u8,
}

impl Facts {
    fn is(&self, format: u8, versions: std::ops::RangeInclusive<u8>) -> bool {
        self.format == format && versions.contains(&self.version)
    }

    fn augmented(&self) -> bool {
        [AUGSNMPOUT, AUGROUTING, AUGMENTED, AUGWEB].contains(&self.format)
    }

    fn web(&self) -> bool {
        [AUGWEB, WWW].contains(&self.format)
    }

    fn wide(&self) -> bool {
        [IPV6, IPV6ROUTING].contains(&self.format)
    }

    /// Absolute start, sensor in the record.
    fn rule(&self) -> Rule {
        match (self.format, self.version) {
            (IPV6, 2) => Rule::R4,
            (IPV6 | IPV6ROUTING | GENERIC, _) | (FLOWCAP, 2) | (FILTER, 1..=3) => Rule::R0,
            (FLOWCAP, _) => Rule::R5,
            (FILTER, _) => Rule::R2,
            _ if self.augmented() => {
                if self.version == 5 {
                    Rule::R4
                } else {
                    Rule::R2
                }
            }
            (_, 1 | 2) => Rule::R0,
            _ => Rule::R1,
        }
    }

    fn ratio(&self) -> bool {
        match self.format {
            IPV6 | IPV6ROUTING | GENERIC | FLOWCAP => false,
            _ if self.augmented() => self.version != 5,
            _ => true,
        }
    }

    fn relative(&self) -> bool {
        self.is(IPV6, 2..=2) || !(self.wide() || [GENERIC, FLOWCAP, FILTER].contains(&self.format))
    }

    fn whole_seconds(&self) -> bool {
        match self.format {
            GENERIC => self.version <= 2,
            FILTER => self.version <= 3,
            FLOWCAP => self.version == 2,
            _ => self.relative() && !self.augmented() && !self.wide() && self.version <= 2,
        }
    }

    /// Initial and session flags and the attributes.
    fn attributes(&self) -> bool {
        match self.format {
            FILTER => self.version >= 4,
            GENERIC => self.version >= 2,
            FLOWCAP => self.version >= 3,
            _ => self.wide() || self.augmented(),
        }
    }

    fn application(&self) -> bool {
        // Two versions exist because the stored value is not to be trusted.
        if self.is(IPV6ROUTING, 2..=2) || self.is(FLOWCAP, 6..=6) {
            return false;
        }
        match self.format {
            GENERIC => self.version >= 3,
            _ => self.attributes(),
        }
    }

    fn memo(&self) -> bool {
        self.is(IPV6, 1..=1) || self.format == IPV6ROUTING || self.is(GENERIC, 5..=5)
    }

    fn nhip(&self) -> bool {
        [IPV6ROUTING, GENERIC, FILTER, ROUTED, AUGROUTING].contains(&self.format) || self.is(FLOWCAP, 4..=4)
    }

    fn both_interfaces(&self) -> bool {
        [IPV6ROUTING, GENERIC, FILTER, ROUTED, AUGROUTING, FLOWCAP].contains(&self.format)
    }

    fn input(&self) -> bool {
        self.both_interfaces() || self.format == NOTROUTED
    }

    fn output(&self) -> bool {
        self.both_interfaces() || self.format == AUGSNMPOUT
    }

    /// The largest interface; 12.4.
    fn interface(&self) -> u32 {
        match self.format {
            IPV6ROUTING if self.version == 3 => u32::MAX,
            GENERIC if self.version <= 1 => 255,
            ROUTED | NOTROUTED | FILTER if self.version <= 2 => 255,
            _ => 65535,
        }
    }

    /// Longest duration in ms; 12.2.
    fn duration(&self) -> u32 {
        let short = 4_095_999;
        match (self.format, self.version) {
            (IPV6 | IPV6ROUTING | GENERIC | FLOWCAP, _) | (FILTER, 3..) => u32::MAX,
            (FILTER, _) => 2_047_999,
            (AUGWEB, 5) => (1 << 30) - 1,
            _ if self.augmented() => {
                if self.version == 5 {
                    u32::MAX
                } else {
                    short
                }
            }
            (_, 1 | 2) => 2_047_999,
            _ => short,
        }
    }

    /// Clears a stale EXPANDED bit on read (X1).
    fn clears_stale(&self) -> bool {
        self.is(IPV6, 1..=1) || self.is(IPV6ROUTING, 1..=2) || self.is(GENERIC, 2..=5)
    }
}

/// The flow that a reader without the ICMP repair delivers, or the column for which the record is refused.
pub(crate) fn left(
    r: &FlowRecord,
    (format, version): (u8, u8),
    header: InHeader,
) -> Result<Flow, &'static str> {
    let facts = Facts { format, version };
    let is_ipv6 = [r.sip, r.dip, r.nhip].iter().any(IpAddr::is_ipv6);
    if is_ipv6 && !facts.wide() {
        return Err("is_ipv6");
    }
    if facts.web() && r.protocol != 6 {
        return Err("protocol");
    }
    let (packets, bytes) = volumes(r, &facts)?;
    let stime_ms = start(r, &facts, header.base_ms)?;
    if r.duration_ms > facts.duration() {
        return Err("duration");
    }
    let seconds_only = |ms: u32| if facts.whole_seconds() { ms / 1000 * 1000 } else { ms };
    let duration_ms = match facts.format {
        FLOWCAP => (r.duration_ms / 1000).min(65_535) * 1000 + seconds_only(r.duration_ms % 1000),
        _ => seconds_only(r.duration_ms),
    };
    let byte_only = facts.format == FLOWCAP && version <= 4;
    for (there, name, value) in [(facts.input(), "input", r.input), (facts.output(), "output", r.output)] {
        if there && value > facts.interface() && !byte_only {
            return Err(name);
        }
    }
    let interface = |there, value: u32| match there {
        true if byte_only => value & 255,
        true => value,
        false => 0,
    };
    let most_sensors = match (format, version) {
        (GENERIC, 0 | 1) | (FILTER, 2) => 255,
        (FILTER, 1) => 63,
        _ => 65_535,
    };
    let sensor_in_record = match format {
        IPV6 => version == 1,
        IPV6ROUTING | GENERIC | FILTER => true,
        _ => false,
    };
    if sensor_in_record && r.sensor_id > most_sensors {
        return Err("sensor_id");
    }
    let flowtype = match (format, version) {
        (GENERIC, 0 | 1) | (FILTER, 1 | 2) | (FLOWCAP, _) => 255,
        _ if sensor_in_record => r.classtype_id,
        _ => header.flowtype,
    };
    let (flags, init_flags, rest_flags, tcp_state) = flags(r, &facts);
    let (sport, dport) = ports(r, &facts);
    let nhip = match (facts.nhip(), is_ipv6) {
        (true, true) if r.nhip == IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        (true, _) => version_of(r.nhip, is_ipv6),
        (false, true) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        (false, false) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    };
    let icmp = r.protocol == 1 || (r.protocol == 58 && is_ipv6);
    Ok(Flow {
        sip: version_of(r.sip, is_ipv6),
        dip: version_of(r.dip, is_ipv6),
        nhip,
        is_ipv6,
        sport,
        dport,
        protocol: r.protocol,
        packets,
        bytes,
        stime_ms,
        duration_ms,
        flags,
        init_flags,
        rest_flags,
        tcp_state,
        application: if facts.application() { r.application } else { 0 },
        memo: if facts.memo() { r.memo } else { 0 },
        sensor: if sensor_in_record { r.sensor_id } else { header.sensor },
        flowtype,
        input: interface(facts.input(), r.input),
        output: interface(facts.output(), r.output),
        known: Known { icmp, separate_flags: tcp_state & 1 != 0, ..Known::default() },
    })
}

/// All addresses of a record are of one version.
fn version_of(address: IpAddr, is_ipv6: bool) -> IpAddr {
    match address {
        IpAddr::V4(v4) if is_ipv6 => IpAddr::V6(v4.to_ipv6_mapped()),
        other => other,
    }
}

/// 12.1 and 6.2.
fn volumes(r: &FlowRecord, facts: &Facts) -> Result<(u64, u64), &'static str> {
    let (packets, bytes) = (r.packets, r.bytes);
    if facts.is(IPV6ROUTING, 3..=3) {
        return Ok((packets, bytes));
    }
    if !facts.ratio() {
        return match (facts.format, packets, bytes) {
            (FLOWCAP, _, 0..=0xFFFF_FFFF) => Ok((packets.min(0xFF_FFFF), bytes)),
            (_, 0..=0xFFFF_FFFF, 0..=0xFFFF_FFFF) => Ok((packets, bytes)),
            (FLOWCAP, ..) | (_, 0..=0xFFFF_FFFF, _) => Err("bytes"),
            _ => Err("packets"),
        };
    }
    if packets == 0 || packets >= 1 << 26 {
        return Err("packets");
    }
    if packets > bytes || bytes / packets > 16_383 || bytes > 0xFFFF_FFFF {
        return Err("bytes");
    }
    let (whole, sixty_fourths) = (bytes / packets, bytes % packets * 64 / packets);
    let packets = if packets < 1 << 20 { packets } else { packets / 64 * 64 };
    Ok((packets, whole * packets + (sixty_fourths * packets + 32) / 64))
}

/// 12.2 and 6.3.
fn start(r: &FlowRecord, facts: &Facts, base_ms: i64) -> Result<i64, &'static str> {
    let start = i128::from(r.stime_ms);
    let kept = |after: i128| if facts.whole_seconds() { after / 1000 * 1000 } else { after };
    let (base, end) = match facts.format {
        IPV6 | IPV6ROUTING if !facts.relative() => return Ok(r.stime_ms),
        GENERIC if facts.version == 5 => return Ok(r.stime_ms),
        GENERIC | FILTER | FLOWCAP => (0, 1000 << 32),
        _ => (i128::from(base_ms), 4_096_000),
    };
    match start - base {
        after if after < 0 || after >= end => Err("stime"),
        after => Ok(i64::try_from(base + kept(after)).unwrap()),
    }
}

/// 12.3, 6.4 and X1: flags, init_flags, rest_flags, tcp_state.
fn flags(r: &FlowRecord, facts: &Facts) -> (u8, u8, u8, u8) {
    let (all, init, rest) = (r.tcpflags, r.initial_tcpflags, r.session_tcpflags);
    let state = if facts.attributes() { r.attributes & 0x79 } else { 0 };
    let (tcp, expanded) = (r.protocol == 6, state & 1 != 0);
    match facts.rule() {
        Rule::R0 if facts.format == WWW => (all & 0x3F, 0, 0, 0),
        Rule::R0 if !facts.attributes() => (all, 0, 0, 0),
        Rule::R0 if facts.clears_stale() && expanded && (!tcp || init | rest == 0) => (all, 0, 0, state & !1),
        Rule::R0 => (all, init, rest, state),
        Rule::R1 => (if tcp { all } else { 0 }, 0, 0, 0),
        Rule::R2 | Rule::R4 if tcp && expanded => (init | rest, init, rest, state),
        Rule::R4 if !tcp => (0, 0, 0, state),
        Rule::R2 | Rule::R4 => (all, 0, 0, state),
        Rule::R5 if expanded => (init | rest, init, rest, state),
        Rule::R5 => (all, 0, 0, state),
    }
}

/// 6.5.
fn ports(r: &FlowRecord, facts: &Facts) -> (u16, u16) {
    let is_web = |port| [80, 443, 8080].contains(&port);
    match facts.web() {
        true if !is_web(r.sport) && !is_web(r.dport) => (r.sport, 0),
        _ => (r.sport, r.dport),
    }
}
