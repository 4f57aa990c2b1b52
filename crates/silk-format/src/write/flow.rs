//! A record's values in the form that the encode rules take, from a record of any layout or from plain values.

use std::net::IpAddr;

use super::record::FlowRecord;
use crate::field::Field;
use crate::rules::{self, Context, Stored};

/// Addresses are 16 bytes, IPv4 as `::ffff:a.b.c.d`; the rest is as in [`FlowRecord`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) sip: [u8; 16],
    pub(crate) dip: [u8; 16],
    pub(crate) nhip: [u8; 16],
    pub(crate) is_ipv6: bool,
    pub(crate) sport: u16,
    pub(crate) dport: u16,
    pub(crate) protocol: u8,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) stime_ms: i64,
    pub(crate) duration_ms: u32,
    pub(crate) flags: rules::Flags,
    pub(crate) application: u16,
    pub(crate) memo: u16,
    pub(crate) sensor: u16,
    pub(crate) flowtype: u8,
    pub(crate) input: u32,
    pub(crate) output: u32,
}

impl Flow {
    /// Decodes a record.
    #[inline(always)]
    pub(crate) fn of(s: &impl Stored, context: &Context) -> Self {
        let (sport, dport) = rules::ports(s, context);
        Self {
            sip: rules::address(s, Field::Sip),
            dip: rules::address(s, Field::Dip),
            nhip: rules::address(s, Field::Nhip),
            is_ipv6: rules::is_ipv6(s),
            sport,
            dport,
            protocol: rules::protocol(s),
            packets: rules::packets(s, context),
            bytes: rules::bytes(s, context),
            stime_ms: rules::stime_ms(s, context),
            duration_ms: rules::duration_ms(s),
            flags: rules::flags(s, context),
            application: rules::application(s, context),
            memo: s.get(Field::Memo) as u16,
            sensor: rules::sensor(s, context),
            flowtype: rules::flowtype(s, context),
            input: rules::interface(s, Field::Input, context),
            output: rules::interface(s, Field::Output, context),
        }
    }
}

impl From<&FlowRecord> for Flow {
    fn from(r: &FlowRecord) -> Self {
        let is_ipv6 = [r.sip, r.dip, r.nhip].iter().any(IpAddr::is_ipv6);
        // An IPv6 record without a next hop has `::` there.
        let nhip = match r.nhip {
            IpAddr::V4(v4) if is_ipv6 && v4.is_unspecified() => [0; 16],
            other => mapped(other),
        };
        Self {
            sip: mapped(r.sip),
            dip: mapped(r.dip),
            nhip,
            is_ipv6,
            sport: r.sport,
            dport: r.dport,
            protocol: r.protocol,
            packets: r.packets,
            bytes: r.bytes,
            stime_ms: r.stime_ms,
            duration_ms: r.duration_ms,
            flags: rules::Flags {
                all: r.tcpflags,
                init: r.initial_tcpflags,
                rest: r.session_tcpflags,
                state: r.attributes,
            },
            application: r.application,
            memo: r.memo,
            sensor: r.sensor_id,
            flowtype: r.classtype_id,
            input: r.input,
            output: r.output,
        }
    }
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}
