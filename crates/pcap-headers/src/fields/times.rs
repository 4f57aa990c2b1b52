//! Times relative to other packets of a file.

use super::value::Time;
use crate::packet::Packet;

/// What must be remembered of a file to tell the relative times of its packets.
#[derive(Debug, Clone, Copy, Default)]
pub struct FrameTimes {
    first: Option<Time>,
    previous: Option<Time>,
    pub(crate) time: Option<Time>,
    pub(crate) delta: Option<Time>,
    pub(crate) relative: Option<Time>,
}

impl FrameTimes {
    /// Takes the next packet of the file.
    pub fn advance(&mut self, packet: &Packet<'_>) {
        const ZERO: Time = Time { seconds: 0, nanoseconds: 0 };
        let time = Time::of(packet);
        self.time = time;
        self.delta = time.map(|time| self.previous.map_or(ZERO, |previous| time.since(previous)));
        self.relative = time.map(|time| self.first.map_or(ZERO, |first| time.since(first)));
        self.first = self.first.or(time);
        self.previous = time.or(self.previous);
    }
}
