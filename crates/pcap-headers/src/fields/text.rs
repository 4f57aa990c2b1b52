//! Values as tshark prints them with `-T fields`.

use std::ops::Range;

use super::digits::{BYTES, DIGITS, HEX_PAIRS, Room, decimal, fraction, put, two_digits};
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
    /// Bytes that [`text`](Self::text) takes at most.
    pub const ROOM: usize = 64;

    /// Appends a value as text; what this field cannot hold appends nothing.
    pub fn write(&self, value: FieldValue, out: &mut Vec<u8>) {
        if let FieldValue::Name(name) = value {
            return out.extend_from_slice(name.as_bytes());
        }
        let mut room = [0; Self::ROOM];
        let len = self.text(value, &mut room);
        out.extend_from_slice(room.get(..len).unwrap_or_default());
    }

    /// Puts the text of a value in front of `room` and gives its length, which for names is 0: they are of any length, so
    /// [`write`](Self::write) alone has them. Bytes behind the text are changed as well.
    #[inline]
    pub fn text(&self, value: FieldValue, room: &mut [u8; Self::ROOM]) -> usize {
        match (value, self.format) {
            (FieldValue::Number(number), Format::Hex(digits)) => hex(number, digits, room),
            (FieldValue::Number(number), _) => decimal(number, room, 0),
            (FieldValue::Mac(bytes), _) => mac(bytes, room),
            (FieldValue::Ipv4(bytes), _) => ipv4(bytes, room, 0),
            (FieldValue::Ipv6(bytes), _) => ipv6(bytes, room),
            (FieldValue::Time(time), Format::Calendar) => calendar(time, room),
            (FieldValue::Time(time), _) => seconds(time, room),
            (FieldValue::Name(_), _) => 0,
        }
    }
}

/// `0x` and at least so many digits.
fn hex(number: u64, digits: usize, room: &mut Room) -> usize {
    let used = (64 - number.leading_zeros() as usize).div_ceil(4);
    let places = (0..digits.max(used)).rev();
    let at = put(room, 0, *b"0x");
    places.fold(at, |at, place| put(room, at, [DIGITS[(number >> (4 * place) & 0xf) as usize]]))
}

fn mac(bytes: [u8; 6], room: &mut Room) -> usize {
    let mut text = [b':'; 17];
    for (pair, byte) in text.chunks_mut(3).zip(bytes) {
        pair[..2].copy_from_slice(&HEX_PAIRS[usize::from(byte)]);
    }
    put(room, 0, text)
}

#[inline]
fn ipv4(bytes: [u8; 4], room: &mut Room, mut at: usize) -> usize {
    for byte in bytes {
        let (digits, len) = BYTES[usize::from(byte)];
        put(room, at, digits);
        at += usize::from(len) + 1;
    }
    at - 1
}

/// As the C library: the first of the longest runs of zeros is left out, and a dotted quad stands behind `::` and
/// `::ffff:` (RFC 5952, 4 and 5; `inet_ntop`).
fn ipv6(bytes: [u8; 16], room: &mut Room) -> usize {
    let words: [u16; 8] = std::array::from_fn(|at| u16::from_be_bytes([bytes[2 * at], bytes[2 * at + 1]]));
    let zeros = longest_zeros(&words);
    let is_dotted = zeros.start == 0 && (zeros.len() == 6 || zeros.len() == 5 && words[5] == 0xffff);
    let end = if is_dotted { 6 } else { 8 };
    let (mut word, mut at) = (0, 0);
    while word < end {
        if word == zeros.start && !zeros.is_empty() {
            at = put(room, at, *b"::");
            word = zeros.end;
            continue;
        }
        if word > 0 && word != zeros.end {
            at = put(room, at, [b':']);
        }
        let [high, low] = words[word].to_be_bytes().map(|byte| HEX_PAIRS[usize::from(byte)]);
        let digits = u32::from_le_bytes([high[0], high[1], low[0], low[1]]);
        let leading = (words[word] | 1).leading_zeros() / 4;
        put(room, at, (digits >> (8 * leading)).to_le_bytes());
        at += 4 - leading as usize;
        word += 1;
    }
    if !is_dotted {
        return at;
    }
    if zeros.end != end {
        at = put(room, at, [b':']);
    }
    let [.., a, b, c, d] = bytes;
    ipv4([a, b, c, d], room, at)
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

/// A minus before both parts if either is negative (semantics 2).
fn seconds(time: TimeParts, room: &mut Room) -> usize {
    let is_negative = time.seconds < 0 || time.nanos < 0;
    let at = if is_negative { put(room, 0, [b'-']) } else { 0 };
    let at = decimal(time.seconds.unsigned_abs(), room, at);
    fraction(time.nanos.unsigned_abs(), room, at)
}

/// In UTC.
fn calendar(time: TimeParts, room: &mut Room) -> usize {
    match time.date_text(0, room) {
        (at, false) => at,
        (at, true) => {
            let at = signed_fraction(time.nanos, room, at);
            put(room, at, *b" UTC")
        }
    }
}

/// As C prints `.%09d`: a minus is one of the nine characters (semantics 2).
#[inline]
fn signed_fraction(nanos: i32, room: &mut Room, at: usize) -> usize {
    match u32::try_from(nanos) {
        Ok(nanos) => fraction(nanos, room, at),
        Err(_) => format!(".{nanos:09}").bytes().fold(at, |at, byte| put(room, at, [byte])),
    }
}

impl TimeParts {
    /// Puts the nanoseconds as `frame.time` has them in front of `room`, a point and nine digits, and gives their length
    /// (semantics 2). Bytes behind them are changed as well.
    #[inline]
    pub fn fraction_text(self, room: &mut [u8; Field::ROOM]) -> usize {
        signed_fraction(self.nanos, room, 0)
    }

    /// Puts date and time of day as `frame.time` begins in front of `room`, so many seconds ahead of UTC:
    /// `Sep  9, 2016 13:37:19`. Gives the length, and whether it is a date: a year beyond 32 bits, which the C library cannot
    /// write, is `Not representable` (semantics 2).
    pub fn date_text(self, ahead_of_utc: i32, room: &mut [u8; Field::ROOM]) -> (usize, bool) {
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
            return (put(room, 0, *b"Not representable"), false);
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the C library's own rule: the sum with 1900 overflows"
        )]
        let year = year as i32;
        let of_day = local.rem_euclid(SECONDS_OF_DAY);
        let [tens, ones] = two_digits(day);
        let tens = if tens == b'0' { b' ' } else { tens };
        let at = put(room, 0, *month);
        let at = put(room, at, [b' ', tens, ones, b',', b' ']);
        let at = if year < 0 { put(room, at, [b'-']) } else { at };
        let at = decimal(year.unsigned_abs().into(), room, at);
        let ([h, i], [m, n], [s, t]) =
            (two_digits(of_day / 3600), two_digits(of_day / 60 % 60), two_digits(of_day % 60));
        (put(room, at, [b' ', h, i, b':', m, n, b':', s, t]), true)
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
