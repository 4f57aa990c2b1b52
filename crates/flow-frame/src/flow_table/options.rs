//! What a flow is, and where its packets went.

use std::time::Duration;

use crate::error::{Error, Result};

/// What the bytes of a flow count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowBytes {
    /// Whole frames on the wire, as the column `bytes` of packets: the flows' sum is the capture's.
    #[default]
    Wire,
    /// The IP packets alone, as their headers say; flow meters count so.
    Ip,
}

/// What belongs to one flow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlowTableOptions {
    /// A flow ends when there was no packet for longer. Default 5 minutes.
    pub idle: Duration,
    /// A flow lasts no longer: it is cut, and its next packet begins one that continues it. Default 30 minutes.
    pub active: Duration,
    /// Whether the answers belong to the flow, in columns of their own.
    pub bidirectional: bool,
    /// Whether packets of different VLANs are of different flows.
    pub vlan: bool,
    /// What bytes count.
    pub bytes: FlowBytes,
    /// Flows that are open at a time, at most, each of [`FlowTable::BYTES_PER_FLOW`](super::FlowTable::BYTES_PER_FLOW)
    /// bytes: when they are so many the one that was idle longest is ended for a new one. Default 500,000.
    pub max_flows: usize,
}

impl Default for FlowTableOptions {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(5 * 60),
            active: Duration::from_secs(30 * 60),
            bidirectional: false,
            vlan: false,
            bytes: FlowBytes::Wire,
            max_flows: 500_000,
        }
    }
}

impl FlowTableOptions {
    /// With another idle time-out.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// With another active time-out.
    #[must_use]
    pub fn with_active(mut self, active: Duration) -> Self {
        self.active = active;
        self
    }

    /// With the answers in the same flow, or without.
    #[must_use]
    pub fn with_bidirectional(mut self, bidirectional: bool) -> Self {
        self.bidirectional = bidirectional;
        self
    }

    /// With or without the VLAN in the key.
    #[must_use]
    pub fn with_vlan(mut self, vlan: bool) -> Self {
        self.vlan = vlan;
        self
    }

    /// With other bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: FlowBytes) -> Self {
        self.bytes = bytes;
        self
    }

    /// With another bound on the open flows.
    #[must_use]
    pub fn with_max_flows(mut self, flows: usize) -> Self {
        self.max_flows = flows;
        self
    }

    /// The time-outs in nanoseconds.
    ///
    /// Longer than SiLK's longest duration (2^32 ms) no flow may last: what is made can then be written everywhere.
    pub(super) fn timeouts(&self) -> Result<Timeouts> {
        let ns = |what: &str, time: Duration| match i64::try_from(time.as_nanos()) {
            Ok(ns) if time.as_millis() < 1 << 32 => Ok(ns),
            _ => Err(Error::usage(format!("the {what} time-out of a flow must be below 2^32 milliseconds"))),
        };
        Ok(Timeouts { idle: ns("idle", self.idle)?, active: ns("active", self.active)? })
    }
}

/// The time-outs in nanoseconds, neither negative.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) idle: i64,
    pub(super) active: i64,
}

/// Why a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EndReason {
    /// No packet came for longer than the idle time-out.
    Idle,
    /// It lasted longer than the active time-out; another flow continues it.
    Active,
    /// TCP ended it: FIN or RST was seen, and then nothing, or a new connection.
    End,
    /// The input ended before the flow did.
    Forced,
    /// Room was needed for another flow.
    Resources,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Idle, Self::Active, Self::End, Self::Forced, Self::Resources];

    /// The text in the column `end_reason`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Active => "active",
            Self::End => "end",
            Self::Forced => "forced",
            Self::Resources => "resources",
        }
    }
}

/// Where the packets went: those of flows and those without make the capture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlowAccount {
    /// Packets that are in flows.
    pub packets: u64,
    /// Their bytes, of the kind that the flows count.
    pub bytes: u64,
    /// Packets that are in none: without an IP header, or of which too little of it was captured.
    pub without_ip: u64,
    /// Their bytes on the wire.
    pub without_ip_bytes: u64,
    /// Packets in flows that have no time and got that of the packet before.
    pub untimed: u64,
    /// Those of them before which no packet had a time: theirs is the beginning of 1970.
    pub undated: u64,
    /// Flows that ended, by [`EndReason`] in the order of [`EndReason::ALL`].
    pub ended: [u64; 5],
}

impl FlowAccount {
    /// Adds that of another table.
    pub fn add(&mut self, other: &Self) {
        let Self { packets, bytes, without_ip, without_ip_bytes, untimed, undated, ended } = self;
        *packets += other.packets;
        *bytes = bytes.saturating_add(other.bytes);
        *without_ip += other.without_ip;
        *without_ip_bytes = without_ip_bytes.saturating_add(other.without_ip_bytes);
        *untimed += other.untimed;
        *undated += other.undated;
        ended.iter_mut().zip(other.ended).for_each(|(count, more)| *count += more);
    }

    /// Flows that ended.
    #[must_use]
    pub fn flows(&self) -> u64 {
        self.ended.iter().sum()
    }

    /// Flows that ended for this reason.
    #[must_use]
    pub fn flows_of(&self, reason: EndReason) -> u64 {
        self.ended.get(reason as usize).copied().unwrap_or_default()
    }

    pub(super) fn end(&mut self, reason: EndReason) {
        if let Some(count) = self.ended.get_mut(reason as usize) {
            *count += 1;
        }
    }
}
