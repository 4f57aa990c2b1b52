//! Time: what containers store, as nanoseconds and as tshark keeps it. All rules of overflow stand here.
//!
//! | source | [`time_ns`](crate::Packet::time_ns), the true time | [`TimeParts`], tshark's (semantics 2) |
//! |---|---|---|
//! | pcap | seconds (unsigned) and fraction added up; cannot overflow | fraction × unit in 32 bits, wrapping, never carried |
//! | pcapng | ⌊ticks / units⌋ computed in 128 bits, offset added, then limited to what an `i64` holds | `units` limited to 64 bits; the product with 10⁹ wraps at 64 bits; the offset is added wrapping |
//!
//! Ticks are unsigned. Fractions of a nanosecond are cut off, never rounded. Limited times are counted
//! ([`Oddity::TimeOutOfRange`](crate::Oddity::TimeOutOfRange)), so are fractions of a second and more
//! ([`Oddity::FractionOverflow`](crate::Oddity::FractionOverflow)).

const NANOS: u64 = 1_000_000_000;
const MICROS: u64 = 1_000_000;

/// Seconds and nanoseconds exactly as tshark 4.0 keeps them, from which it prints `frame.time` and `frame.time_epoch`.
///
/// In sound files this is [`Packet::time_ns`](crate::Packet::time_ns) cut in two, nanoseconds from 0 to 999,999,999.
/// Overflown fractions are not carried, and finer resolutions than nanoseconds may come out as nonsense, as they do there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeParts {
    /// Seconds since the Unix epoch.
    pub seconds: i64,
    /// Nanoseconds, of either sign and perhaps more than a second.
    pub nanos: i32,
}

/// How many ticks a second has: the option `if_tsresol`.
///
/// The seven low bits are an exponent, of two if the high bit is set, of ten otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Resolution(pub u8);

impl Resolution {
    /// Seconds.
    pub const SECONDS: Self = Self(0);
    /// Microseconds, what holds without the option.
    pub const MICROS: Self = Self(6);
    /// Nanoseconds.
    pub const NANOS: Self = Self(9);

    /// Ticks of a second; none if there are more than 128 bits hold.
    #[must_use]
    pub fn units(self) -> Option<u128> {
        let exponent = u32::from(self.0 & 0x7F);
        match self.0 & 0x80 {
            0 => 10u128.checked_pow(exponent),
            _ => 2u128.checked_pow(exponent),
        }
    }
}

/// A time in both forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    pub(crate) ns: i64,
    pub(crate) parts: TimeParts,
}

/// The times of a pcapng interface: resolution and offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    units: u128,
    /// `units` as far as 64 bits go.
    units64: u64,
    offset_s: i64,
}

impl Clock {
    pub(crate) fn new(resolution: Resolution, offset_s: i64) -> Self {
        let units = resolution.units().unwrap_or(u128::MAX);
        Self { units, units64: u64::try_from(units).unwrap_or(u64::MAX), offset_s }
    }

    /// The time of `ticks`, and whether the true time is one that an `i64` of nanoseconds holds.
    pub(crate) fn time(self, ticks: u64) -> (Time, bool) {
        // Divisions by constants are multiplications.
        let (seconds, nanos) = match self.units64 {
            MICROS => (ticks / MICROS, ticks % MICROS * (NANOS / MICROS)),
            NANOS => (ticks / NANOS, ticks % NANOS),
            units => (ticks / units, (ticks % units).wrapping_mul(NANOS) / units),
        };
        #[expect(clippy::cast_possible_wrap, clippy::cast_possible_truncation, reason = "tshark's own rule")]
        let parts = TimeParts { seconds: (seconds as i64).wrapping_add(self.offset_s), nanos: nanos as i32 };
        // Up to nanoseconds nothing overflows on the way: the parts are the truth.
        let true_ns = match self.units64 {
            0..=NANOS => i128::from(seconds) * i128::from(NANOS) + i128::from(nanos),
            _ => self.wide(ticks),
        } + i128::from(self.offset_s) * i128::from(NANOS);
        match i64::try_from(true_ns) {
            Ok(ns) => (Time { ns, parts }, true),
            Err(_) => (Time { ns: if true_ns < 0 { i64::MIN } else { i64::MAX }, parts }, false),
        }
    }

    /// Nanoseconds of `ticks` in 128 bits: 2⁶⁴ × 10⁹ is less than 2⁹⁴.
    fn wide(self, ticks: u64) -> i128 {
        let ns = u128::from(ticks) * u128::from(NANOS) / self.units;
        i128::try_from(ns).unwrap_or(i128::MAX)
    }
}

/// The time of a pcap record, and whether its fraction is less than a second.
pub(crate) fn pcap_time(seconds: u32, fraction: u32, nanos: bool) -> (Time, bool) {
    let unit = if nanos { 1 } else { 1000 };
    let ns = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * i64::from(unit);
    #[expect(clippy::cast_possible_wrap, reason = "tshark's own rule")]
    let wrapped = fraction.wrapping_mul(unit) as i32;
    let parts = TimeParts { seconds: i64::from(seconds), nanos: wrapped };
    (Time { ns, parts }, u64::from(fraction) * u64::from(unit) < NANOS)
}

/// The time of so many microseconds since the epoch.
pub(crate) fn micros(us: u64) -> (Time, bool) {
    Clock::new(Resolution::MICROS, 0).time(us)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(seconds: i64, nanos: i32) -> TimeParts {
        TimeParts { seconds, nanos }
    }

    /// Semantics 2: the crafted overflows.
    #[test]
    fn pcap_fractions_overflow() {
        let at = 1_475_156_239;
        let base = i64::from(at) * 1_000_000_000;
        for (fraction, nanos, expected, ns, sound) in [
            (625_878, false, 625_878_000, 625_878_000, true),
            (1_000_000, false, 1_000_000_000, 1_000_000_000, false),
            (3_000_000, false, -1_294_967_296, 3_000_000_000, false),
            (u32::MAX, false, -1000, 4_294_967_295_000, false),
            (999_999_999, true, 999_999_999, 999_999_999, true),
            (u32::MAX, true, -1, 4_294_967_295, false),
        ] {
            let time = Time { ns: base + ns, parts: parts(i64::from(at), expected) };
            assert_eq!(pcap_time(at, fraction, nanos), (time, sound), "{fraction}");
        }
        assert!(pcap_time(u32::MAX, u32::MAX, false).0.ns > 0);
    }

    /// Whatever the resolution, the true time is the exact quotient; tshark's formula is computed as the document has it.
    #[test]
    fn every_resolution_by_long_division() {
        for resolution in (0..=255).map(Resolution) {
            let exponent = u32::from(resolution.0 & 0x7F);
            let base: f64 = if resolution.0 & 0x80 == 0 { 10.0 } else { 2.0 };
            for ticks in [0, 1, 999_999, 1_475_156_239_625_878, 1 << 40, u64::MAX] {
                let (time, fits) = Clock::new(resolution, 0).time(ticks);
                let about = ticks as f64 / base.powi(exponent as i32) * 1e9;
                assert_eq!(fits, about < 9.3e18, "{resolution:?} {ticks}");
                if fits {
                    assert!((time.ns as f64 - about).abs() <= 1.0 + about * 1e-15, "{resolution:?} {ticks}");
                } else {
                    assert_eq!(time.ns, i64::MAX);
                }
                let units = match resolution.units() {
                    Some(units) if units <= u128::from(u64::MAX) => units,
                    _ => u128::from(u64::MAX),
                };
                let product = (u128::from(ticks) % units * 1_000_000_000) % (1 << 64);
                let nanos = (product / units) as i32;
                assert_eq!(time.parts, parts((u128::from(ticks) / units) as i64, nanos));
            }
        }
    }

    #[test]
    fn offsets_and_negative_times() {
        let clock = Clock::new(Resolution::MICROS, -1_475_156_240);
        let (time, fits) = clock.time(1_475_156_239_625_878);
        assert_eq!((time.ns, time.parts, fits), (-374_122_000, parts(-1, 625_878_000), true));
        let (time, fits) = Clock::new(Resolution::SECONDS, 0).time(u64::MAX);
        assert_eq!((time.ns, time.parts, fits), (i64::MAX, parts(-1, 0), false));
        let (time, fits) = Clock::new(Resolution::NANOS, i64::MIN).time(5);
        assert_eq!((time.ns, time.parts, fits), (i64::MIN, parts(i64::MIN, 5), false));
        // An offset may bring back what ticks alone exceed.
        let (time, fits) = Clock::new(Resolution::SECONDS, -10_000_000_000).time(10_000_000_001);
        assert_eq!((time.ns, fits), (1_000_000_000, true));
    }
}
