//! Times relative to other packets of a file.

use crate::{LinkType, Packet, TimeParts};

const ZERO: TimeParts = TimeParts { seconds: 0, nanos: 0 };

/// What must be remembered of a file to tell the relative times of its packets.
#[derive(Debug, Clone, Copy, Default)]
pub struct FrameTimes {
    first: Option<TimeParts>,
    previous: Option<TimeParts>,
    pub(crate) time: Option<TimeParts>,
    pub(crate) delta: Option<TimeParts>,
    pub(crate) relative: Option<TimeParts>,
}

impl FrameTimes {
    /// The time of the packet that was taken last since the first one of the file; a packet without a time is one of the
    /// epoch.
    #[must_use]
    pub fn since_first(&self) -> TimeParts {
        since(self.time.unwrap_or(ZERO), self.first.unwrap_or(ZERO))
    }

    /// Takes the next packet of the file.
    pub fn advance(&mut self, packet: &Packet<'_>) {
        let time = packet.time_parts;
        self.time = time;
        self.delta = time.map(|time| self.previous.map_or(ZERO, |previous| since(time, previous)));
        self.relative = time.map(|time| self.first.map_or(ZERO, |first| since(time, first)));
        // Packets without a time count as the epoch for others.
        self.first = self.first.or(time).or(Some(ZERO));
        // What is no packet only counts as the first.
        let is_packet = ![LinkType::CUSTOM_BLOCK, LinkType::JOURNAL_ENTRY].contains(&packet.link_type);
        if is_packet || self.previous.is_none() {
            self.previous = Some(time.unwrap_or(ZERO));
        }
    }
}

/// The time from `earlier` to `later`; both parts have the same sign.
fn since(later: TimeParts, earlier: TimeParts) -> TimeParts {
    const NANOS: i32 = 1_000_000_000;
    // All in the widths that tshark has.
    let mut seconds = later.seconds.wrapping_sub(earlier.seconds);
    let mut nanos = later.nanos.wrapping_sub(earlier.nanos);
    if seconds > 0 && nanos < 0 {
        (seconds, nanos) = (seconds - 1, nanos + NANOS);
    } else if seconds < 0 && nanos > 0 {
        (seconds, nanos) = (seconds + 1, nanos - NANOS);
    }
    TimeParts { seconds, nanos }
}
