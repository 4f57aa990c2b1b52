//! Values as tshark prints them with `-T fields`.

use std::io::Write;
use std::ops::Range;

use super::digits::{
    BYTES, DIGITS, HEX_PAIRS, append, decimal, nine_digits, point_and_nine_digits, two_digits,
};
use super::table::Field;
use super::value::FieldValue;
use crate::TimeParts;

/// How the values of a field are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Decimal,
    /// `0x` and this many digits.
    Hex(usize),
    /// As its type says.
    Address,
    /// Seconds and nine digits.
    Seconds,
    /// Date and time in UTC with nine digits.
    Calendar,
    /// Joined by colons.
    Names,
}

impl Field {
    /// Appends a value as text; what this field cannot hold appends nothing.
    #[inline]
    pub fn write(&self, value: FieldValue, out: &mut Vec<u8>) {
        match (value, self.format) {
            (FieldValue::Number(number), Format::Hex(digits)) => hex(number, digits, out),
            (FieldValue::Number(number), _) => decimal(number, out),
            (FieldValue::Mac(bytes), _) => mac(bytes, out),
            (FieldValue::Ipv4(bytes), _) => ipv4(bytes, out),
            (FieldValue::Ipv6(bytes), _) => ipv6(bytes, out),
            (FieldValue::Time(time), Format::Calendar) => calendar(time, out),
            (FieldValue::Time(time), _) => time.write_seconds(out),
            (FieldValue::Name(name), _) => out.extend_from_slice(name.as_bytes()),
        }
    }
}

/// `0x` and at least so many digits.
fn hex(number: u64, digits: usize, out: &mut Vec<u8>) {
    let used = (64 - number.leading_zeros() as usize).div_ceil(4);
    out.extend_from_slice(b"0x");
    for place in (0..digits.max(used)).rev() {
        out.push(DIGITS[(number >> (4 * place) & 0xf) as usize]);
    }
}

fn mac(bytes: [u8; 6], out: &mut Vec<u8>) {
    let mut text = [b':'; 17];
    for (pair, byte) in text.chunks_mut(3).zip(bytes) {
        pair[..2].copy_from_slice(&HEX_PAIRS[usize::from(byte)]);
    }
    out.extend_from_slice(&text);
}

fn ipv4(bytes: [u8; 4], out: &mut Vec<u8>) {
    // Room for one more than the 15 characters of an address.
    let mut text = [0; 17];
    let mut len = 0;
    for byte in bytes {
        let (digits, digits_len) = BYTES[usize::from(byte)];
        text[len..len + 4].copy_from_slice(&digits);
        len += usize::from(digits_len) + 1;
    }
    append(&text, len - 1, out);
}

/// As the C library: the first of the longest runs of zeros is left out, and a dotted quad stands behind `::` and
/// `::ffff:` (RFC 5952, 4 and 5; `inet_ntop`).
fn ipv6(bytes: [u8; 16], out: &mut Vec<u8>) {
    let words: [u16; 8] = std::array::from_fn(|at| u16::from_be_bytes([bytes[2 * at], bytes[2 * at + 1]]));
    let zeros = longest_zeros(&words);
    let is_dotted = zeros.start == 0 && (zeros.len() == 6 || zeros.len() == 5 && words[5] == 0xffff);
    let end = if is_dotted { 6 } else { 8 };
    let mut at = 0;
    while at < end {
        if at == zeros.start && !zeros.is_empty() {
            out.extend_from_slice(b"::");
            at = zeros.end;
            continue;
        }
        if at > 0 && at != zeros.end {
            out.push(b':');
        }
        let [high, low] = words[at].to_be_bytes().map(|byte| HEX_PAIRS[usize::from(byte)]);
        let digits = [high[0], high[1], low[0], low[1]];
        let leading = (words[at] | 1).leading_zeros() as usize / 4;
        out.extend_from_slice(&digits[leading..]);
        at += 1;
    }
    if is_dotted {
        if zeros.end != end {
            out.push(b':');
        }
        let [.., a, b, c, d] = bytes;
        ipv4([a, b, c, d], out);
    }
}

/// The first of the longest runs of two zeros and more.
fn longest_zeros(words: &[u16; 8]) -> Range<usize> {
    let mut longest = 0..0;
    let mut at = 0;
    while at < words.len() {
        let len = words[at..].iter().take_while(|word| **word == 0).count();
        if len > longest.len().max(1) {
            longest = at..at + len;
        }
        at += len + 1;
    }
    longest
}

/// In UTC.
fn calendar(time: TimeParts, out: &mut Vec<u8>) {
    if time.write_date(0, out) {
        time.write_fraction(out);
        out.extend_from_slice(b" UTC");
    }
}

impl TimeParts {
    /// Appends seconds since the epoch and nine digits as `frame.time_epoch` has them, a minus before both if either is
    /// negative (semantics 2).
    pub fn write_seconds(self, out: &mut Vec<u8>) {
        if self.seconds < 0 || self.nanos < 0 {
            out.push(b'-');
        }
        decimal(self.seconds.unsigned_abs(), out);
        out.push(b'.');
        nine_digits(self.nanos.unsigned_abs(), out);
    }

    /// Appends date and time of day as `frame.time` begins: `Sep  9, 2016 13:37:19`, so many seconds ahead of UTC.
    /// Appends `Not representable` and gives `false` for a year beyond 32 bits, which the C library cannot write
    /// (semantics 2).
    pub fn write_date(self, ahead_of_utc: i32, out: &mut Vec<u8>) -> bool {
        const SECONDS_OF_DAY: i64 = 86_400;
        const MONTHS: [[u8; 3]; 12] = [
            *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct",
            *b"Nov", *b"Dec",
        ];

        let local = self.seconds.saturating_add(ahead_of_utc.into());
        let (year, month, day) = date(local.div_euclid(SECONDS_OF_DAY));
        // The C library counts years from 1900 in 32 bits.
        let is_representable = i32::try_from(year - 1900).is_ok();
        let Some(month) = MONTHS.get(month).filter(|_| is_representable) else {
            out.extend_from_slice(b"Not representable");
            return false;
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the C library's own rule: the sum with 1900 overflows"
        )]
        let year = year as i32;
        let of_day = local.rem_euclid(SECONDS_OF_DAY);
        out.extend_from_slice(month);
        out.push(b' ');
        let day = two_digits(day);
        out.extend_from_slice(&[if day[0] == b'0' { b' ' } else { day[0] }, day[1], b',', b' ']);
        if year < 0 {
            out.push(b'-');
        }
        decimal(year.unsigned_abs().into(), out);
        let ([h, i], [m, n], [s, t]) =
            (two_digits(of_day / 3600), two_digits(of_day / 60 % 60), two_digits(of_day % 60));
        out.extend_from_slice(&[b' ', h, i, b':', m, n, b':', s, t]);
        true
    }

    /// Appends a point and the nanoseconds as `frame.time` has them: nine digits, a minus among the nine (semantics 2).
    #[inline]
    pub fn write_fraction(self, out: &mut Vec<u8>) {
        match u32::try_from(self.nanos) {
            Ok(nanos @ ..1_000_000_000) => out.extend_from_slice(&point_and_nine_digits(nanos)),
            _ => {
                out.push(b'.');
                // Writing to a vector cannot fail.
                let _ = write!(out, "{:09}", self.nanos);
            }
        }
    }
}

/// Year, month from 0 and day of a number of days since 1970-01-01, in the Gregorian calendar: years begin in March, so
/// that the leap day is the last of them.
fn date(days: i64) -> (i64, usize, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    const FROM_0000_03_01: i64 = 719_468;

    let days = days + FROM_0000_03_01;
    let (era, of_era) = (days.div_euclid(DAYS_OF_400_YEARS), days.rem_euclid(DAYS_OF_400_YEARS));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (DAYS_OF_400_YEARS - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 2 } else { from_march - 10 };
    (era * 400 + year_of_era + i64::from(month < 2), month as usize, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::FieldTable;

    fn text(field: &str, value: FieldValue) -> String {
        let mut out = Vec::new();
        FieldTable::find(field).unwrap().write(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// The examples of semantics 2.
    #[test]
    fn times() {
        let time = |seconds, nanos| FieldValue::Time(TimeParts { seconds, nanos });
        for (value, calendar, epoch) in [
            (time(0, 0), "Jan  1, 1970 00:00:00.000000000 UTC", "0.000000000"),
            (time(1_475_156_239, 625_878_000), "Sep 29, 2016 13:37:19.625878000 UTC", "1475156239.625878000"),
            (
                time(1_475_156_239, 1_000_000_000),
                "Sep 29, 2016 13:37:19.1000000000 UTC",
                "1475156239.1000000000",
            ),
            (
                time(1_475_156_239, -1_294_967_296),
                "Sep 29, 2016 13:37:19.-1294967296 UTC",
                "-1475156239.1294967296",
            ),
            (time(1_475_156_239, -1000), "Sep 29, 2016 13:37:19.-00001000 UTC", "-1475156239.000001000"),
            (time(-1, 625_878_000), "Dec 31, 1969 23:59:59.625878000 UTC", "-1.625878000"),
            (time(951_782_400, 0), "Feb 29, 2000 00:00:00.000000000 UTC", "951782400.000000000"),
            (time(i64::MAX, 0), "Not representable", "9223372036854775807.000000000"),
        ] {
            assert_eq!(text("frame.time", value), calendar);
            assert_eq!(text("frame.time_epoch", value), epoch);
        }
    }

    #[test]
    fn numbers_and_addresses() {
        assert_eq!(text("ip.id", FieldValue::Number(0x2a)), "0x002a");
        assert_eq!(text("ip.len", FieldValue::Number(0)), "0");
        assert_eq!(text("ip.len", FieldValue::Number(u64::MAX)), "18446744073709551615");
        assert_eq!(text("ip.src", FieldValue::Ipv4([10, 0, 200, 255])), "10.0.200.255");
        assert_eq!(text("eth.src", FieldValue::Mac([0, 0x1a, 0xff, 3, 4, 5])), "00:1a:ff:03:04:05");
        for number in [0, 9, 0x10, 0xffff, 0x1_0000, u64::MAX] {
            assert_eq!(text("ip.flags", FieldValue::Number(number)), format!("{number:#04x}"));
            assert_eq!(text("ipv6.flow", FieldValue::Number(number)), format!("{number:#08x}"));
        }
    }

    /// Every pattern of zeros, as the standard library writes it; the dotted forms as tshark 4.0.17 printed them.
    #[test]
    fn ipv6_addresses() {
        for pattern in 0..256u16 {
            let words: [u16; 8] = std::array::from_fn(|at| {
                [0, 0xa, 0x10, 0xfed, 0x1000][(pattern as usize >> at & 1) * (1 + at % 4)]
            });
            let address = std::net::Ipv6Addr::from(words);
            if pattern & 0x3f != 0 {
                assert_eq!(text("ipv6.src", FieldValue::Ipv6(address.octets())), address.to_string());
            }
        }
        for (address, expected) in [
            ("::", "::"),
            ("::1", "::1"),
            ("::1:0", "::0.1.0.0"),
            ("::1:1", "::0.1.0.1"),
            ("::1.2.3.4", "::1.2.3.4"),
            ("::ffff", "::ffff"),
            ("::ffff:0.0.0.1", "::ffff:0.0.0.1"),
            ("::ffff:0:1.2.3.4", "::ffff:0:102:304"),
            ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
            ("0:0:1::", "0:0:1::"),
            ("1:0:0:1:0:0:1:1", "1::1:0:0:1:1"),
            ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"),
        ] {
            let address: std::net::Ipv6Addr = address.parse().unwrap();
            assert_eq!(text("ipv6.src", FieldValue::Ipv6(address.octets())), expected);
        }
    }

    /// Every day of 800 years against a calendar that counts.
    #[test]
    fn dates() {
        let (mut year, mut month, mut day) = (1600, 0, 1);
        for days in -135_140..157_054 {
            assert_eq!(date(days), (year, month, day), "{days}");
            let leap = i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
            let length = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month];
            day += 1;
            if day > length {
                (day, month) = (1, month + 1);
            }
            if month == 12 {
                (month, year) = (0, year + 1);
            }
        }
    }
}
