//! The values of fields.

use crate::packet::Packet;

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// An unsigned number.
    Number,
    /// A hardware address of 6 bytes.
    Mac,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A point in time.
    Time,
    /// A time between two packets.
    Duration,
    /// The names of protocols.
    Names,
}

/// A value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldValue {
    /// Of [`FieldType::Number`].
    Number(u64),
    /// Of [`FieldType::Mac`].
    Mac([u8; 6]),
    /// Of [`FieldType::Ipv4`].
    Ipv4([u8; 4]),
    /// Of [`FieldType::Ipv6`].
    Ipv6([u8; 16]),
    /// Of [`FieldType::Time`], since the Unix epoch, and of [`FieldType::Duration`].
    Time(Time),
    /// One name of [`FieldType::Names`].
    Name(&'static str),
}

/// Seconds and nanoseconds as the reference keeps them: not normalised, for files may hold more than a second's worth of
/// fraction (semantics 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds, as a rule below 10^9.
    pub nanoseconds: i32,
}

impl Time {
    /// When a packet was captured.
    #[must_use]
    pub fn of(packet: &Packet<'_>) -> Option<Self> {
        const NANOSECONDS: i64 = 1_000_000_000;
        let time = packet.time_ns?;
        // The remainder is below 10^9.
        Some(Self { seconds: time.div_euclid(NANOSECONDS), nanoseconds: time.rem_euclid(NANOSECONDS) as i32 })
    }

    /// The time from `earlier` to this one; both parts have the same sign.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        const NANOSECONDS: i64 = 1_000_000_000;
        let mut seconds = self.seconds.wrapping_sub(earlier.seconds);
        let mut nanoseconds = i64::from(self.nanoseconds) - i64::from(earlier.nanoseconds);
        if seconds > 0 && nanoseconds < 0 {
            (seconds, nanoseconds) = (seconds - 1, nanoseconds + NANOSECONDS);
        } else if seconds < 0 && nanoseconds > 0 {
            (seconds, nanoseconds) = (seconds + 1, nanoseconds - NANOSECONDS);
        }
        Self { seconds, nanoseconds: nanoseconds as i32 }
    }
}
