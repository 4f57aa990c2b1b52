//! Values as tshark prints them with `-T fields`.

use std::io::Write;
use std::net::Ipv6Addr;

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
    pub fn write(&self, value: FieldValue, out: &mut Vec<u8>) {
        match (value, self.format) {
            (FieldValue::Number(number), Format::Hex(digits)) => {
                append(out, format_args!("0x{number:0digits$x}"))
            }
            (FieldValue::Number(number), _) => decimal(number, out),
            (FieldValue::Mac(bytes), _) => mac(bytes, out),
            (FieldValue::Ipv4(bytes), _) => ipv4(bytes, out),
            (FieldValue::Ipv6(bytes), _) => ipv6(Ipv6Addr::from(bytes), out),
            (FieldValue::Time(time), Format::Calendar) => calendar(time, out),
            (FieldValue::Time(time), _) => seconds(time, out),
            (FieldValue::Name(name), _) => out.extend_from_slice(name.as_bytes()),
        }
    }
}

/// A vector takes everything that is written to it.
fn append(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).unwrap_or_default();
}

fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out[start..].reverse();
}

fn mac(bytes: [u8; 6], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b':'; 17];
    for (pair, byte) in text.chunks_mut(3).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xf)];
    }
    out.extend_from_slice(&text);
}

fn ipv4(bytes: [u8; 4], out: &mut Vec<u8>) {
    for (place, byte) in bytes.into_iter().enumerate() {
        if place > 0 {
            out.push(b'.');
        }
        decimal(byte.into(), out);
    }
}

/// As the C library: RFC 5952, and a dotted quad also behind `::` alone and `::ffff:0:`… as it has them.
fn ipv6(address: Ipv6Addr, out: &mut Vec<u8>) {
    append(out, format_args!("{address}"));
}

/// A minus before both parts if either is negative (semantics 2).
fn seconds(time: TimeParts, out: &mut Vec<u8>) {
    let sign = if time.seconds < 0 || time.nanos < 0 { "-" } else { "" };
    append(out, format_args!("{sign}{}.{:09}", time.seconds.unsigned_abs(), time.nanos.unsigned_abs()));
}

/// `Sep  9, 2016 13:37:19.625878000 UTC`; a year beyond 32 bits cannot be written so (semantics 2).
fn calendar(time: TimeParts, out: &mut Vec<u8>) {
    const SECONDS_OF_DAY: i64 = 86_400;
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    let (year, month, day) = date(time.seconds.div_euclid(SECONDS_OF_DAY));
    // The C library counts years from 1900 in 32 bits.
    let is_representable = i32::try_from(year - 1900).is_ok();
    let Some(month) = MONTHS.get(month).filter(|_| is_representable) else {
        return out.extend_from_slice(b"Not representable");
    };
    let of_day = time.seconds.rem_euclid(SECONDS_OF_DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let fraction = time.nanos;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the C library's own rule: the sum with 1900 overflows"
    )]
    let year = year as i32;
    append(out, format_args!("{month} {day:2}, {year} {hour:02}:{minute:02}:{second:02}.{fraction:09} UTC"));
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
        assert_eq!(text("ipv6.src", FieldValue::Ipv6([0; 16])), "::");
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
