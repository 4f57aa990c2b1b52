//! Canonical text of values, appended to byte buffers: the one form that every text exit (CSV, JSON, tables, Parquet
//! for other tools, reports) shares. Nothing here allocates but the buffer itself.

use chrono::{DateTime, Datelike, Timelike};

/// Letters of the TCP flags, lowest bit first: FIN SYN RST PSH ACK URG ECE CWR.
pub(crate) const FLAG_LETTERS: [u8; 8] = *b"FSRPAUEC";

/// Letters of SiLK's attribute bits in the order that its tools print them.
pub(crate) const ATTRIBUTE_LETTERS: [(u8, u8); 4] = [(0x20, b'T'), (0x40, b'C'), (0x08, b'F'), (0x10, b'S')];

const DIGIT_PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// Appends a decimal integer.
pub fn write_u64(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    while value >= 100 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&DIGIT_PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    if value >= 10 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&DIGIT_PAIRS[value as usize]);
    } else {
        start -= 1;
        digits[start] = b'0' + value as u8;
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends a decimal integer, with `-` if it is negative.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    write_u64(out, value.unsigned_abs());
}

/// Appends the low `width` decimal digits of a value, with leading zeros.
fn write_padded(out: &mut Vec<u8>, value: u32, width: usize) {
    let mut digits = [b'0'; 10];
    let mut rest = value;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[digits.len() - width.min(digits.len())..]);
}

/// The IPv4 address that a 16-byte address maps (`::ffff:a.b.c.d`), if it does.
#[must_use]
pub fn mapped_ipv4(address: &[u8; 16]) -> Option<[u8; 4]> {
    const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
    match address.split_last_chunk::<4>() {
        Some((prefix, ipv4)) if prefix == MAPPED => Some(*ipv4),
        _ => None,
    }
}

/// Appends an address: a mapped one as a dotted quad, any other as RFC 5952 has it.
pub fn write_address(out: &mut Vec<u8>, address: &[u8; 16]) {
    match mapped_ipv4(address) {
        Some(ipv4) => write_ipv4(out, ipv4),
        None => write_ipv6(out, address),
    }
}

/// [`write_address`] into a new string, for the few addresses of a summary.
#[must_use]
pub fn address_text(address: &[u8; 16]) -> String {
    let mut out = Vec::with_capacity(39);
    write_address(&mut out, address);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends a dotted quad.
pub fn write_ipv4(out: &mut Vec<u8>, address: [u8; 4]) {
    for (i, byte) in address.into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        write_u64(out, u64::from(byte));
    }
}

/// Appends a hardware address: lower-case digits, `00:1a:ff:03:04:05`.
pub fn write_mac(out: &mut Vec<u8>, address: &[u8; 6]) {
    for (i, byte) in address.iter().enumerate() {
        if i > 0 {
            out.push(b':');
        }
        out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
}

/// Appends an IPv6 address as RFC 5952 has it: lower case, no leading zeros, the first longest run of at least two
/// zero groups as `::`, a mapped IPv4 address as `::ffff:a.b.c.d` (section 5).
pub fn write_ipv6(out: &mut Vec<u8>, address: &[u8; 16]) {
    if let Some(ipv4) = mapped_ipv4(address) {
        out.extend_from_slice(b"::ffff:");
        return write_ipv4(out, ipv4);
    }
    let mut groups = [0u16; 8];
    for (group, bytes) in groups.iter_mut().zip(address.as_chunks::<2>().0) {
        *group = u16::from_be_bytes(*bytes);
    }
    let (start, len) = longest_zero_run(&groups);
    if len < 2 {
        return write_groups(out, &groups);
    }
    write_groups(out, &groups[..start]);
    out.extend_from_slice(b"::");
    write_groups(out, &groups[start + len..]);
}

fn longest_zero_run(groups: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut len) = ((0, 0), 0);
    for (i, group) in groups.iter().enumerate() {
        len = if *group == 0 { len + 1 } else { 0 };
        if len > best.1 {
            best = (i + 1 - len, len);
        }
    }
    best
}

fn write_groups(out: &mut Vec<u8>, groups: &[u16]) {
    for (i, group) in groups.iter().enumerate() {
        if i > 0 {
            out.push(b':');
        }
        let digits = (4 - group.leading_zeros() / 4).max(1);
        for digit in (0..digits).rev() {
            out.push(b"0123456789abcdef"[usize::from(group >> (4 * digit) & 15)]);
        }
    }
}

/// Appends the letters of the TCP flags that are set, in the order `FSRPAUEC`.
pub fn write_flags(out: &mut Vec<u8>, flags: u8) {
    for (bit, letter) in FLAG_LETTERS.into_iter().enumerate() {
        if flags >> bit & 1 != 0 {
            out.push(letter);
        }
    }
}

/// Appends the letters of the SiLK attributes that are set, in the order `TCFS`.
pub fn write_attributes(out: &mut Vec<u8>, attributes: u8) {
    for (bit, letter) in ATTRIBUTE_LETTERS {
        if attributes & bit != 0 {
            out.push(letter);
        }
    }
}

/// Appends milliseconds since the epoch as RFC 3339 with three digits: `2016-09-29T13:22:19.853Z`.
///
/// RFC 3339 ends with the year 9999. An instant outside years 0000 to 9999 is written as `@SECONDS.fff`, which the
/// parser of times reads too.
pub fn write_rfc3339_ms(out: &mut Vec<u8>, ms: i64) {
    write_time(out, ms.div_euclid(1000), ms.rem_euclid(1000) as u32, 3, *b"TZ");
}

/// Appends nanoseconds since the epoch as RFC 3339 with nine digits; outside years 0000 to 9999 as
/// [`write_rfc3339_ms`] does.
pub fn write_rfc3339_ns(out: &mut Vec<u8>, ns: i64) {
    write_time(out, ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000) as u32, 9, *b"TZ");
}

/// The calendar form `YYYY-MM-DD?HH:MM:SS.f?`, where `marks` are the separator and the end (a blank end is left out),
/// or `@SECONDS.f`. `fraction` has `digits` digits.
pub(crate) fn write_time(out: &mut Vec<u8>, seconds: i64, fraction: u32, digits: usize, marks: [u8; 2]) {
    let calendar = DateTime::from_timestamp(seconds, 0).filter(|time| (0..=9999).contains(&time.year()));
    let Some(time) = calendar else {
        return write_epoch(out, seconds, fraction, digits);
    };
    write_padded(out, time.year() as u32, 4);
    for (mark, value) in [
        (b'-', time.month()),
        (b'-', time.day()),
        (marks[0], time.hour()),
        (b':', time.minute()),
        (b':', time.second()),
    ] {
        out.push(mark);
        out.extend_from_slice(&DIGIT_PAIRS[value as usize % 100]);
    }
    out.push(b'.');
    write_padded(out, fraction, digits);
    if marks[1] != b' ' {
        out.push(marks[1]);
    }
}

/// `@SECONDS.f`, where a negative number has its own sign: 1.5 s before the epoch is `@-1.500`.
fn write_epoch(out: &mut Vec<u8>, seconds: i64, fraction: u32, digits: usize) {
    out.push(b'@');
    let scale = 10u32.pow(digits.min(9) as u32);
    let (seconds, fraction) = match (seconds, fraction) {
        (s, f) if s < 0 && f > 0 => (s + 1, scale - f),
        other => other,
    };
    // Just below zero the whole seconds are 0 and carry no sign. (Not reachable today: such years have a calendar.)
    write_i64(out, seconds);
    out.push(b'.');
    write_padded(out, fraction, digits);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{IpAddr, Ipv6Addr};

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn letters() {
        assert_eq!(text(|o| write_flags(o, 0xff)), "FSRPAUEC");
        assert_eq!(text(|o| write_flags(o, 0x12)), "SA");
        assert_eq!(text(|o| write_attributes(o, 0x78)), "TCFS");
        assert_eq!(text(|o| write_attributes(o, 0x10)), "S");
        assert_eq!(text(|o| write_attributes(o, 0x07)), "");
    }

    #[test]
    fn addresses() {
        for (address, expected) in [
            ("::ffff:10.1.2.3", "10.1.2.3"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ] {
            let bytes = address.parse::<Ipv6Addr>().unwrap().octets();
            assert_eq!(address_text(&bytes), expected);
        }
    }

    #[test]
    fn hardware_addresses() {
        assert_eq!(text(|o| write_mac(o, &[0, 0x1a, 0xff, 3, 4, 5])), "00:1a:ff:03:04:05");
    }

    #[test]
    fn times_at_the_edges() {
        assert_eq!(text(|o| write_rfc3339_ms(o, 0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(|o| write_rfc3339_ms(o, -1)), "1969-12-31T23:59:59.999Z");
        assert_eq!(text(|o| write_rfc3339_ms(o, 1_475_155_339_853)), "2016-09-29T13:22:19.853Z");
        assert_eq!(text(|o| write_rfc3339_ms(o, 253_402_300_799_999)), "9999-12-31T23:59:59.999Z");
        assert_eq!(text(|o| write_rfc3339_ms(o, 253_402_300_800_000)), "@253402300800.000");
        assert_eq!(text(|o| write_rfc3339_ms(o, i64::MAX)), "@9223372036854775.807");
        assert_eq!(text(|o| write_rfc3339_ms(o, i64::MIN)), "@-9223372036854775.808");
        assert_eq!(text(|o| write_rfc3339_ns(o, i64::MAX)), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(text(|o| write_rfc3339_ns(o, i64::MIN)), "1677-09-21T00:12:43.145224192Z");
    }

    proptest! {
        #[test]
        fn integers_equal_std(value: i64, unsigned: u64, small in 0u64..1000) {
            prop_assert_eq!(text(|o| write_i64(o, value)), value.to_string());
            prop_assert_eq!(text(|o| write_u64(o, unsigned)), unsigned.to_string());
            prop_assert_eq!(text(|o| write_u64(o, small)), small.to_string());
        }

        #[test]
        fn addresses_equal_std(groups in proptest::array::uniform8(prop_oneof![2 => Just(0u16), 1 => any::<u16>()])) {
            let address = Ipv6Addr::from(groups);
            prop_assert_eq!(text(|o| write_ipv6(o, &address.octets())), address.to_string());
            let canonical = IpAddr::V6(address).to_canonical().to_string();
            prop_assert_eq!(address_text(&address.octets()), canonical);
        }

        #[test]
        fn times_equal_chrono(ms in -62_167_219_200_000i64..253_402_300_800_000) {
            let expected = DateTime::from_timestamp_millis(ms).unwrap();
            let expected = expected.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            prop_assert_eq!(text(|o| write_rfc3339_ms(o, ms)), expected);
        }

        #[test]
        fn any_millisecond_is_written(ms: i64) {
            let _ = text(|o| write_rfc3339_ms(o, ms));
        }
    }
}
