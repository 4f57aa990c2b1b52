//! The text of values as tshark prints them with `-T fields`, read back. Integers only: no time passes through a float.

use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::NaiveDate;

use crate::time::Instant;

const SECOND: i128 = 1_000_000_000;
/// What a fraction lost that overflowed 32 bits, once.
const OVERFLOW: i128 = 1 << 32;

/// A value, or what was expected in its place.
pub(super) type Parsed<T> = Result<T, &'static str>;

/// What stands between several values of a field in one cell (`-E aggregator=`), by default a comma.
const AGGREGATORS: &[u8] = b", ;|\t/";

/// The first of several values of a cell, and whether there are more.
pub(super) fn first_occurrence(cell: &[u8]) -> (&[u8], bool) {
    match cell.iter().position(|byte| AGGREGATORS.contains(byte)) {
        Some(end) => (cell.get(..end).unwrap_or_default(), true),
        None => (cell, false),
    }
}

/// A decimal or, behind `0x`, a hexadecimal number.
pub(super) fn number(text: &[u8]) -> Parsed<u64> {
    let (digits, base) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
        digits => (digits, 10),
    };
    if digits.is_empty() {
        return Err("a number");
    }
    let digit = |value: u64, byte: &u8| {
        let digit = u64::from((*byte as char).to_digit(base)?);
        value.checked_mul(base.into())?.checked_add(digit)
    };
    digits.iter().try_fold(0, digit).ok_or("a number")
}

/// Six pairs of hexadecimal digits.
pub(super) fn mac(text: &[u8]) -> Parsed<[u8; 6]> {
    const EXPECTED: &str = "a hardware address such as 00:1a:2b:3c:4d:5e";
    let mut address = [0; 6];
    let mut pairs = text.split(|byte| matches!(byte, b':' | b'-'));
    for byte in &mut address {
        *byte = match pairs.next() {
            Some([high, low]) => {
                hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low).ok_or(EXPECTED)?
            }
            _ => return Err(EXPECTED),
        };
    }
    if pairs.next().is_some() { Err(EXPECTED) } else { Ok(address) }
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).and_then(|digit| digit.try_into().ok())
}

/// An address of either version; IPv4 as `::ffff:a.b.c.d`.
pub(super) fn address(text: &[u8]) -> Parsed<[u8; 16]> {
    const EXPECTED: &str = "an IP address";
    let text = std::str::from_utf8(text).map_err(|_| EXPECTED)?;
    match text.parse::<Ipv4Addr>() {
        Ok(address) => Ok(address.to_ipv6_mapped().octets()),
        Err(_) => text.parse::<Ipv6Addr>().map(|address| address.octets()).map_err(|_| EXPECTED),
    }
}

/// `frame.time_epoch` in nanoseconds since 1970, limited to what 64 bits hold.
///
/// tshark keeps seconds and nanoseconds apart and prints them so (semantics 2): ten digits behind the point are a fraction
/// that was not carried, and with a sign one that overflowed its 32 bits; else the sign is that of the seconds, before 1970.
pub(super) fn epoch(text: &[u8]) -> Parsed<i64> {
    const EXPECTED: &str = "seconds since 1970";
    if let Some(iso) = iso(text) {
        return Ok(limited(iso));
    }
    let (negative, seconds, nanos) = decimal(text).ok_or(EXPECTED)?;
    let (seconds, nanos) = match negative {
        true if nanos >= SECOND => (seconds, OVERFLOW - nanos),
        true => (-seconds, nanos),
        false => (seconds, nanos),
    };
    Ok(limited(seconds.saturating_mul(SECOND).saturating_add(nanos)))
}

/// `frame.time_delta` or `frame.time_relative` in nanoseconds: the sign belongs to all of it.
pub(super) fn span(text: &[u8]) -> Parsed<i64> {
    let (negative, seconds, nanos) = decimal(text).ok_or("seconds")?;
    let span = seconds.saturating_mul(SECOND).saturating_add(nanos);
    Ok(limited(if negative { -span } else { span }))
}

/// Sign, seconds and nanoseconds of `[-]SECONDS[.fraction]`.
fn decimal(text: &[u8]) -> Option<(bool, i128, i128)> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let seconds = digits(parts.next()?)?;
    let nanos = match parts.next() {
        None => 0,
        Some(fraction) => nanos(fraction)?,
    };
    Some((negative, seconds, nanos))
}

/// Nanoseconds of the digits behind a point; ten digits are tshark's own and count nanoseconds.
fn nanos(fraction: &[u8]) -> Option<i128> {
    let scale = match fraction.len() {
        len @ 1..=9 => 10i128.pow(9 - len as u32),
        10 => 1,
        _ => return None,
    };
    Some(digits(fraction)? * scale)
}

/// A number of 1 to 20 digits.
fn digits(text: &[u8]) -> Option<i128> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    text.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i128::from(byte - b'0')))
}

/// A time as newer versions and other programs write it.
fn iso(text: &[u8]) -> Option<i128> {
    // Year, month and day first: no other form has a sign or a stroke there.
    matches!(text, [_, _, _, _, b'-' | b'/', ..]).then_some(())?;
    Instant::parse(std::str::from_utf8(text).ok()?).ok().map(Instant::ns)
}

fn limited(ns: i128) -> i64 {
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Zones by the abbreviations that the C library prints, in minutes east of Greenwich. The American ones mean what RFC 5322
/// section 4.3 says; one that several countries use alike (`IST`) is not here.
const ZONES: [(&[u8], i128); 35] = [
    (b"UTC", 0),
    (b"GMT", 0),
    (b"UCT", 0),
    (b"Z", 0),
    (b"WET", 0),
    (b"WEST", 60),
    (b"BST", 60),
    (b"CET", 60),
    (b"CEST", 120),
    (b"MET", 60),
    (b"MEST", 120),
    (b"EET", 120),
    (b"EEST", 180),
    (b"MSK", 180),
    (b"SAST", 120),
    (b"CAT", 120),
    (b"EAT", 180),
    (b"WAT", 60),
    (b"PKT", 300),
    (b"HKT", 480),
    (b"JST", 540),
    (b"KST", 540),
    (b"AWST", 480),
    (b"AEST", 600),
    (b"AEDT", 660),
    (b"NZST", 720),
    (b"NZDT", 780),
    (b"EST", -300),
    (b"EDT", -240),
    (b"CST", -360),
    (b"CDT", -300),
    (b"MST", -420),
    (b"MDT", -360),
    (b"PST", -480),
    (b"PDT", -420),
];

/// `frame.time` in nanoseconds since 1970, such as `Sep  9, 2016 13:37:19.625878000 CEST`; none for the text that stands
/// for a time that the C library cannot write.
pub(super) fn calendar(text: &[u8]) -> Parsed<Option<i64>> {
    if text == b"Not representable" {
        return Ok(None);
    }
    if let Some(ns) = iso(text) {
        return Ok(Some(limited(ns)));
    }
    const EXPECTED: &str = "a time such as Sep 29, 2016 13:37:19.625878000 UTC";
    let mut words = text.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let mut word = || words.next().ok_or(EXPECTED);
    let (month, day, year, time) = (word()?, word()?, word()?, word()?);
    let zone = words.next();
    if words.next().is_some() {
        return Err(EXPECTED);
    }
    let seconds = date(month, day, year).ok_or(EXPECTED)?;
    let of_day = time_of_day(time).ok_or(EXPECTED)?;
    let zone = zone.ok_or(NO_ZONE).and_then(zone_minutes)? * 60 * SECOND;
    Ok(Some(limited(seconds * SECOND + of_day - zone)))
}

/// Seconds from 1970 to the beginning of a day.
fn date(month: &[u8], day: &[u8], year: &[u8]) -> Option<i128> {
    let month = MONTHS.iter().position(|name| *name == month)?;
    // Without quotes the comma has divided the cell.
    let day = digits(day.strip_suffix(b",").unwrap_or(day))?;
    let (negative, year) = match year {
        [b'-', year @ ..] => (true, digits(year)?),
        year => (false, digits(year)?),
    };
    let year = if negative { -year } else { year };
    let date = |year: i128| {
        let day = u32::try_from(day).ok()?;
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month as u32 + 1, day)
    };
    // The calendar repeats every 400 years; the library's ends before tshark's does.
    const SECONDS_OF_400_YEARS: i128 = 146_097 * 86_400;
    i32::try_from(year).ok()?;
    let cycles = year.div_euclid(400) - 5;
    let days = date(year - cycles * 400)?.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
    Some(i128::from(days) + cycles * SECONDS_OF_400_YEARS)
}

/// Nanoseconds of `hh:mm:ss[.fraction]`; a fraction may be negative where it overflowed (semantics 2).
fn time_of_day(text: &[u8]) -> Option<i128> {
    let mut parts = text.splitn(3, |byte| *byte == b':');
    let mut part = || parts.next();
    let (hours, minutes, rest) = (digits(part()?)?, digits(part()?)?, part()?);
    let mut parts = rest.splitn(2, |byte| *byte == b'.');
    let seconds = digits(parts.next()?)?;
    let nanos = match parts.next() {
        None => 0,
        Some([b'-', fraction @ ..]) => OVERFLOW - digits(fraction)?,
        Some(fraction) => nanos(fraction)?,
    };
    (hours < 24 && minutes < 60 && seconds <= 60)
        .then(|| (hours * 3600 + minutes * 60 + seconds) * SECOND + nanos)
}

const NO_ZONE: &str = "a time zone that is known, such as UTC or +02 (have tshark print frame.time_epoch too, or run it \
                       with TZ=UTC)";

/// Minutes east of Greenwich of a name, or of `+hh`, `+hhmm` or `+hh:mm`, as zones without a name are printed.
fn zone_minutes(zone: &[u8]) -> Parsed<i128> {
    let (sign, rest) = match zone {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        name => {
            let known = ZONES.iter().find(|(known, _)| *known == name);
            return known.map(|(_, minutes)| *minutes).ok_or(NO_ZONE);
        }
    };
    let (hours, minutes) = match rest {
        [_, _] => (rest, &b"00"[..]),
        [_, _, b':', minutes @ ..] => (rest.get(..2).unwrap_or_default(), minutes),
        [_, _, minutes @ ..] => (rest.get(..2).unwrap_or_default(), minutes),
        _ => return Err(NO_ZONE),
    };
    let number = |text: &[u8], below| digits(text).filter(|value| text.len() == 2 && *value < below);
    let (hours, minutes) = number(hours, 24).zip(number(minutes, 60)).ok_or(NO_ZONE)?;
    Ok(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use pcap_headers::{FieldTable, FieldValue, TimeParts};
    use proptest::prelude::*;

    use super::*;

    /// What tshark prints, as `pcap-headers` proves against its stored answers.
    fn printed(field: &str, seconds: i64, nanos: i32) -> Vec<u8> {
        let mut out = Vec::new();
        FieldTable::find(field).unwrap().write(FieldValue::Time(TimeParts { seconds, nanos }), &mut out);
        out
    }

    /// The examples of semantics 2.
    #[test]
    fn times_of_the_description() {
        let at = 1_475_156_239_000_000_000;
        for (text, ns) in [
            ("Sep 29, 2016 13:37:19.625878000 UTC", at + 625_878_000),
            ("Sep 29, 2016 15:37:19.625878000 CEST", at + 625_878_000),
            ("Sep 29, 2016 09:37:19.625878000 EDT", at + 625_878_000),
            ("Sep 29, 2016 19:07:19.625878000 +0530", at + 625_878_000),
            ("Sep 29, 2016 10:37:19.625878000 -03", at + 625_878_000),
            ("Sep 29 2016 13:37:19.625878000 UTC", at + 625_878_000),
            ("Jan  1, 1970 00:00:00.000000000 UTC", 0),
            ("Sep 29, 2016 13:37:19.1000000000 UTC", at + 1_000_000_000),
            ("Sep 29, 2016 13:37:19.-1294967296 UTC", at + 3_000_000_000),
            ("Sep 29, 2016 13:37:19.-00001000 UTC", at + 4_294_966_296),
            ("Dec 31, 1969 23:59:59.625878000 UTC", -374_122_000),
            ("2016-09-29T13:37:19.625878Z", at + 625_878_000),
            ("Jan  1, 10000 00:00:00.000000000 UTC", i64::MAX),
            ("Jan  1, -32826 00:00:00.000000000 UTC", i64::MIN),
        ] {
            assert_eq!(calendar(text.as_bytes()), Ok(Some(ns)), "{text}");
        }
        assert_eq!(calendar(b"Not representable"), Ok(None));
        for (text, ns) in [
            ("1475156239.625878000", at + 625_878_000),
            ("1475156239.1000000000", at + 1_000_000_000),
            ("1475156239", at),
            ("1475156239.5", at + 500_000_000),
            ("0.000000000", 0),
            ("-1.625878000", -374_122_000),
            ("-1475156239.1294967296", at + 3_000_000_000),
            ("9223372036854775807.000000000", i64::MAX),
        ] {
            assert_eq!(epoch(text.as_bytes()), Ok(ns), "{text}");
        }
        assert_eq!(span(b"-1.625878000"), Ok(-1_625_878_000));
    }

    #[test]
    fn what_is_no_value_says_what_was_expected() {
        for text in ["", "Sep 29, 2016", "Sep 31, 2016 13:37:19.6 UTC", "Sep 29, 2016 24:00:00.0 UTC", "1e9"]
        {
            assert!(calendar(text.as_bytes()).unwrap_err().starts_with("a time such as Sep 29"), "{text}");
        }
        for text in ["Sep 29, 2016 13:37:19.6", "Sep 29, 2016 13:37:19.6 IST", "Sep 29, 2016 13:37:19.6 +1"] {
            assert_eq!(calendar(text.as_bytes()), Err(NO_ZONE), "{text}");
        }
        for text in ["", "-", ".5", "1.", "1.47E+9", "1.12345678901", "1 2", "123456789012345678901"] {
            assert!(epoch(text.as_bytes()).is_err(), "{text}");
        }
        for text in ["", "0x", "-1", "1.0", "18446744073709551616", "0x10000000000000000", "ab"] {
            assert!(number(text.as_bytes()).is_err(), "{text}");
        }
        for text in ["", "00:11:22:33:44", "00:11:22:33:44:55:66", "0:11:22:33:44:55", "Cisco_11:22:33"] {
            assert!(mac(text.as_bytes()).is_err(), "{text}");
        }
        assert!(address(b"10.0.0.256").is_err() && address(b"host").is_err());
    }

    #[test]
    fn numbers_and_addresses() {
        assert_eq!(number(b"18446744073709551615"), Ok(u64::MAX));
        assert_eq!(number(b"0x002a"), Ok(42));
        assert_eq!(mac(b"00:1a:ff:03:04:05"), Ok([0, 0x1a, 0xff, 3, 4, 5]));
        assert_eq!(address(b"10.0.200.255"), Ok([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 200, 255]));
        assert_eq!(address(b"2001:db8::1"), Ok(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).octets()));
        assert_eq!(first_occurrence(b"10.0.0.1,10.0.0.2"), (&b"10.0.0.1"[..], true));
        assert_eq!(first_occurrence(b"10.0.0.1"), (&b"10.0.0.1"[..], false));
    }

    proptest! {
        /// Every time that 64 bits of nanoseconds hold comes back from both texts, to the nanosecond.
        #[test]
        fn times_come_back(ns in any::<i64>()) {
            let (seconds, nanos) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000) as i32);
            prop_assert_eq!(epoch(&printed("frame.time_epoch", seconds, nanos)), Ok(ns));
            prop_assert_eq!(calendar(&printed("frame.time", seconds, nanos)), Ok(Some(ns)));
        }

        /// Fractions that overflowed once come back; but for small ones of the number of seconds, which look like times
        /// before 1970.
        #[test]
        fn overflown_fractions_come_back(seconds in 0..u32::MAX, nanos in any::<i32>()) {
            let seconds = i64::from(seconds);
            let ns = seconds * 1_000_000_000 + i64::from(nanos as u32);
            prop_assert_eq!(calendar(&printed("frame.time", seconds, nanos)), Ok(Some(ns)));
            if nanos >= 0 || nanos <= -1_000_000_000 {
                prop_assert_eq!(epoch(&printed("frame.time_epoch", seconds, nanos)), Ok(ns));
            }
        }

        /// No text makes it panic, and what is taken as a time has the digits of one.
        #[test]
        fn any_text_ends(text in prop::collection::vec(prop::sample::select(&b"0123456789.,:-+xSepOctUTC "[..]), 0..40)) {
            let (_, _, _) = (epoch(&text), calendar(&text), span(&text));
            let (_, _, _) = (number(&text), mac(&text), address(&text));
        }
    }
}
