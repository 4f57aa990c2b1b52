//! A flow that is open: what a packet adds to it, and when it does not belong to it any more.

use super::key::{Key, PacketKey};
use super::options::{EndReason, Timeouts};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// SiLK's attribute bits (the specification of its files, 5.1).
mod attribute {
    pub(super) const EXPANDED: u8 = 0x01;
    pub(super) const SAME_SIZE: u8 = 0x10;
    pub(super) const TIMED_OUT: u8 = 0x20;
    pub(super) const CONTINUES: u8 = 0x40;
}

/// What went in one direction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Way {
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// TCP flags of one direction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TcpFlags {
    initial: u8,
    session: u8,
    is_known: bool,
}

impl TcpFlags {
    fn add(&mut self, flags: u8) {
        if self.is_known {
            self.session |= flags;
        } else {
            (self.initial, self.is_known) = (flags, true);
        }
    }

    /// Of all packets; 0 if none has any.
    pub(super) fn all(&self) -> u8 {
        self.initial | self.session
    }

    /// Of the first packet that has some.
    pub(super) fn initial(&self) -> Option<u8> {
        self.is_known.then_some(self.initial)
    }

    /// Of the packets behind that.
    pub(super) fn session(&self) -> Option<u8> {
        self.is_known.then_some(self.session)
    }
}

/// An open flow, of two cache lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    pub(super) key: Key,
    /// Earliest and latest time of its packets.
    pub(super) first: i64,
    pub(super) last: i64,
    /// What the clock showed at its last packet.
    pub(super) seen: i64,
    /// Counts the flows of a table.
    pub(super) number: u64,
    /// Bytes of the first packet.
    size: u64,
    pub(super) hash: u32,
    /// Type and code of the first packet.
    pub(super) icmp: u16,
    /// Whether the first packet went from the second end of the key to the first.
    pub(super) is_swapped: bool,
    marks: u8,
    pub(super) forward: Way,
    pub(super) reverse: Way,
    pub(super) tcp: TcpFlags,
    pub(super) reverse_tcp: TcpFlags,
}

/// When a packet came: its own time, and the latest of any so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) time: i64,
    pub(super) clock: i64,
}

const CONTINUES: u8 = 1;
const FINISHED: u8 = 2;
const UNEVEN: u8 = 4;
const OPEN: u8 = 8;

impl Flow {
    /// A flow of one packet.
    pub(super) fn begin(packet: &PacketKey, at: Moment, number: u64, continues: bool) -> Self {
        let mut flow = Self {
            key: packet.key,
            first: at.time,
            last: at.time,
            seen: at.clock,
            number,
            size: packet.bytes,
            hash: packet.hash,
            icmp: packet.icmp,
            is_swapped: packet.is_swapped(),
            marks: OPEN | if continues { CONTINUES } else { 0 },
            forward: Way::default(),
            reverse: Way::default(),
            tcp: TcpFlags::default(),
            reverse_tcp: TcpFlags::default(),
        };
        flow.add(packet, at);
        flow
    }

    #[inline]
    pub(super) fn is_of(&self, packet: &PacketKey) -> bool {
        self.key == packet.key && self.marks & OPEN != 0
    }

    /// Its slot is free from now on.
    pub(super) fn close(&mut self) {
        self.marks &= !OPEN;
    }

    /// Why a packet of its key is not one of it, if so.
    #[inline]
    pub(super) fn ends_before(
        &self,
        packet: &PacketKey,
        at: Moment,
        timeouts: Timeouts,
    ) -> Option<EndReason> {
        if self.is_idle(at.clock, timeouts) {
            return Some(self.reason(EndReason::Idle));
        }
        let lasts = self.last.max(at.time).saturating_sub(self.first.min(at.time));
        if lasts > timeouts.active {
            return Some(EndReason::Active);
        }
        let begins = packet.has_tcp() && packet.tcp_flags & (SYN | ACK) == SYN;
        (begins && self.marks & FINISHED != 0).then_some(EndReason::End)
    }

    pub(super) fn is_idle(&self, clock: i64, timeouts: Timeouts) -> bool {
        clock.saturating_sub(self.seen) > timeouts.idle
    }

    /// Why it ended, where nothing more came: what TCP said, else `otherwise`.
    pub(super) fn reason(&self, otherwise: EndReason) -> EndReason {
        if self.marks & FINISHED != 0 { EndReason::End } else { otherwise }
    }

    #[inline]
    pub(super) fn add(&mut self, packet: &PacketKey, at: Moment) {
        self.first = self.first.min(at.time);
        self.last = self.last.max(at.time);
        self.seen = at.clock;
        let is_forward = packet.is_swapped() == self.is_swapped;
        if is_forward && packet.bytes != self.size {
            self.marks |= UNEVEN;
        }
        if packet.has_tcp() {
            if packet.tcp_flags & (FIN | RST) != 0 {
                self.marks |= FINISHED;
            }
            if is_forward { &mut self.tcp } else { &mut self.reverse_tcp }.add(packet.tcp_flags);
        }
        let way = if is_forward { &mut self.forward } else { &mut self.reverse };
        way.packets += 1;
        way.bytes = way.bytes.saturating_add(packet.bytes);
    }

    /// As SiLK means them: S if there are two packets or more and all are of one size (of the first direction), T if the
    /// active time-out cut the flow, C if it goes on where that cut another.
    pub(super) fn attributes(&self, reason: EndReason) -> u8 {
        use attribute::{CONTINUES as C, EXPANDED, SAME_SIZE, TIMED_OUT};
        let mut bits = if self.tcp.is_known { EXPANDED } else { 0 };
        if self.forward.packets > 1 && self.marks & UNEVEN == 0 {
            bits |= SAME_SIZE;
        }
        if reason == EndReason::Active {
            bits |= TIMED_OUT;
        }
        if self.marks & CONTINUES != 0 {
            bits |= C;
        }
        bits
    }
}
