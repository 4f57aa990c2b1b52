//! A flow record as plain values.

use std::net::{IpAddr, Ipv4Addr};

use crate::record::Record;
use crate::rules::{NO_FLOWTYPE, NO_SENSOR};

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
    /// Packet count; most layouts hold less than 2^32.
    pub packets: u64,
    /// Byte count; all layouts but one hold less than 2^32.
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
    /// SNMP input interface; most layouts hold less than 2^16.
    pub input: u32,
    /// SNMP output interface; most layouts hold less than 2^16.
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
            sensor_id: NO_SENSOR,
            classtype_id: NO_FLOWTYPE,
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
