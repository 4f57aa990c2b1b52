//! The texts of values: numbers, times, durations, flags, quotients, each alone or as a range. A failure is a byte of
//! the value's text and what was expected there.

use super::Ranges;
use crate::error::ErrorKind;
use crate::text::{ATTRIBUTE_LETTERS, FLAG_LETTERS};
use crate::time::{Anchors, Instant, TimeSpec, UNITS};

/// Times and durations beyond these have no text that is read again: of seconds and of milliseconds 18 digits are.
const MOST_NS: i128 = 999_999_999_999_999_999 * 1_000_000_000;
const MOST_DURATION_NS: i128 = 999_999_999_999_999_999 * 1_000_000;

/// Where a value stops making sense, and what was expected.
pub(super) type Wrong = (usize, String);
type Parsed<T> = Result<T, Wrong>;

/// One number of at most `most`.
pub(super) fn integer(text: &str, most: u64) -> Parsed<i128> {
    let expected = || (0, format!("a number of at most {most}"));
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse::<u64>().ok().filter(|value| digits && *value <= most);
    value.map(i128::from).ok_or_else(expected)
}

/// `60`, `1.5`, `-0.5`: digits and at most one point, with a sign.
pub(super) fn decimal(text: &str) -> Parsed<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let sound = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    let value = text.parse::<f64>().ok().filter(|value| sound && value.is_finite());
    value.ok_or_else(|| (0, "a number such as 60 or 64.25".to_owned()))
}

/// A point in time, in nanoseconds since the epoch.
pub(super) fn time(text: &str, anchors: Anchors) -> Parsed<i128> {
    let instant =
        TimeSpec::parse(text).and_then(|spec| spec.resolve(anchors)).map_err(|error| match error.kind() {
            ErrorKind::Time { at, reason, .. } => {
                let byte = text.char_indices().nth(at - 1).map_or(text.len(), |(byte, _)| byte);
                (byte, reason.strip_prefix("expected ").unwrap_or(reason).to_owned())
            }
            other => (0, format!("an absolute time ({other})")),
        })?;
    match instant.ns() {
        ns if ns.abs() <= MOST_NS => Ok(ns),
        _ => Err((0, "a time less far away".to_owned())),
    }
}

/// A hardware address such as `02:00:5e:10:00:01`, as the number that its bytes are.
pub(super) fn mac(text: &str) -> Parsed<i128> {
    let wrong = || (0, "a hardware address such as 02:00:5e:10:00:01".to_owned());
    let mut value = 0;
    let mut bytes = 0;
    for byte in text.split([':', '-']) {
        let digits = byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = u8::from_str_radix(byte, 16).ok().filter(|_| digits).ok_or_else(wrong)?;
        (value, bytes) = (value << 8 | i128::from(byte), bytes + 1);
        if bytes > 6 {
            break;
        }
    }
    if bytes == 6 { Ok(value) } else { Err(wrong()) }
}

/// The text of a hardware address.
pub(super) fn mac_text(value: i128) -> String {
    let bytes: Vec<String> = (0..6).rev().map(|byte| format!("{:02x}", value >> (8 * byte) & 0xff)).collect();
    bytes.join(":")
}

/// `1.5s`, `1h30m`, in nanoseconds; a plain number is of units of `plain` nanoseconds.
pub(super) fn duration(text: &str, plain: i128) -> Parsed<i128> {
    let mut total = 0i128;
    let mut rest = text;
    loop {
        let at = text.len() - rest.len();
        let wrong = |expected: &str| (at, expected.to_owned());
        let number_len = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, after) = rest.split_at(number_len);
        let unit = UNITS.iter().find(|(unit, _)| after.starts_with(unit));
        let (unit, ns) = match unit {
            Some((unit, ns)) => (*unit, *ns),
            None if at == 0 && after.is_empty() => ("", plain),
            None => return Err((at + number_len, "a unit: ms, s, m, h, d or w".to_owned())),
        };
        let amount = scaled(number, ns).ok_or_else(|| wrong("a length of time such as 250ms or 1.5s"))?;
        total = total.saturating_add(amount);
        rest = after.get(unit.len()..).unwrap_or_default();
        if rest.is_empty() {
            return if total <= MOST_DURATION_NS { Ok(total) } else { Err((0, "a shorter time".to_owned())) };
        }
    }
}

/// A decimal number times `unit`, if that is a whole number.
fn scaled(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || whole.len() > 18 || fraction.len() > 18 {
        return None;
    }
    let digits = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i128>().ok() };
    let scale = 10i128.pow(fraction.len() as u32);
    let part = digits(fraction)? * unit;
    (part % scale == 0).then_some(digits(whole)? * unit + part / scale)
}

/// A value or a range of two, either of which may be missing: `80`, `1000-2000`, `1024-`, `..100`. Times have `..` only.
pub(super) fn range<T: Copy>(
    text: &str,
    dash: bool,
    value: impl Fn(&str) -> Parsed<T>,
) -> Parsed<(Option<T>, Option<T>)> {
    let dots = text.find("..").map(|at| (at, 2));
    let cut = dots.or_else(|| text.find('-').filter(|at| dash && *at > 0).map(|at| (at, 1)));
    let Some((at, len)) = cut else {
        return value(text).map(|value| (Some(value), Some(value)));
    };
    let end = |start: usize, text: &str| match text {
        "" => Ok(None),
        text => value(text).map(Some).map_err(|(at, expected)| (start + at, expected)),
    };
    let behind = text.get(at + len..).unwrap_or_default();
    Ok((end(0, text.get(..at).unwrap_or_default())?, end(at + len, behind)?))
}

/// [`range`] of whole numbers; one that ends before it begins is refused.
pub(super) fn number_range(
    text: &str,
    dash: bool,
    value: impl Fn(&str) -> Parsed<i128>,
) -> Parsed<(i128, i128)> {
    let (first, last) = range(text, dash, value)?;
    let (first, last) = (first.unwrap_or(i128::MIN), last.unwrap_or(i128::MAX));
    if first <= last { Ok((first, last)) } else { Err((0, backwards())) }
}

pub(super) fn backwards() -> String {
    "a range whose end is not below its start".to_owned()
}

/// Bits with letters: `(bit, letter)` in the order in which they are printed, and all of them.
pub(super) struct Letters {
    bits: [(u8, u8); 8],
    pub(super) all: u8,
}

/// The letters of a column of bits.
pub(super) fn letters(column: &str) -> Option<Letters> {
    let mut bits = [(0, 0); 8];
    match column {
        "tcpflags" | "initial_tcpflags" | "session_tcpflags" => {
            for (bit, (slot, letter)) in bits.iter_mut().zip(FLAG_LETTERS).enumerate() {
                *slot = (1 << bit, letter);
            }
        }
        "attributes" => {
            for (slot, pair) in bits.iter_mut().zip(ATTRIBUTE_LETTERS) {
                *slot = pair;
            }
        }
        _ => return None,
    }
    Some(Letters { bits, all: bits.iter().fold(0, |all, (bit, _)| all | bit) })
}

impl Letters {
    /// The bits of some letters, in either case.
    pub(super) fn bits(&self, text: &str) -> Parsed<u8> {
        let mut all = 0;
        for (at, c) in text.char_indices() {
            let known = self.bits.iter().find(|(_, l)| *l != 0 && c.eq_ignore_ascii_case(&char::from(*l)));
            all |= known
                .map(|(bit, _)| bit)
                .ok_or_else(|| (at, format!("letters of {}", self.text(self.all))))?;
        }
        Ok(all)
    }

    /// `HIGH/MASK`, or `HIGH` alone: exactly these bits. HIGH may be empty and is part of MASK.
    pub(super) fn pair(&self, text: &str) -> Parsed<(u8, u8)> {
        let Some((high, mask)) = text.split_once('/') else {
            return Ok((self.bits(text)?, self.all));
        };
        let behind = high.len() + 1;
        let high = self.bits(high)?;
        let mask = self.bits(mask).map_err(|(at, expected)| (behind + at, expected))?;
        match (mask, high & !mask) {
            (0, _) => Err((behind, "a mask of at least one letter".to_owned())),
            (_, 0) => Ok((high, mask)),
            _ => Err((0, "letters that all stand behind the / too".to_owned())),
        }
    }

    pub(super) fn each(&self, bits: u8) -> impl Iterator<Item = u8> {
        self.bits.into_iter().map(|(bit, _)| bit).filter(move |bit| bits & bit != 0)
    }

    /// The letters of some bits.
    pub(super) fn text(&self, bits: u8) -> String {
        self.bits.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, letter)| char::from(*letter)).collect()
    }
}

/// A time that is read again as the same nanosecond.
pub(super) fn time_text(ns: i128) -> String {
    Instant::from_ns(ns).to_string()
}

/// A duration that is read again as the same nanosecond.
pub(super) fn duration_text(ns: i128) -> String {
    let (ms, rest) = (ns / 1_000_000, ns % 1_000_000);
    match (ms % 1000, rest) {
        (0, 0) => format!("{}s", ms / 1000),
        (_, 0) => format!("{ms}ms"),
        _ => {
            let digits = format!("{:06}", rest.abs());
            format!("{ms}.{}ms", digits.trim_end_matches('0'))
        }
    }
}

/// Ranges as a list that is read again as the same ranges.
pub(super) fn range_text(
    (first, last): (i128, i128),
    between: &str,
    text: impl Fn(i128) -> String,
) -> String {
    match (first, last) {
        (i128::MIN, i128::MAX) => "..".to_owned(),
        (i128::MIN, last) => format!("..{}", text(last)),
        (first, i128::MAX) => format!("{}..", text(first)),
        (first, last) if first == last => text(first),
        _ => format!("{}{between}{}", text(first), text(last)),
    }
}

/// A test of ranges, as `(operator, operand)`.
pub(super) fn ranges_text(
    ranges: &Ranges,
    ticks: bool,
    between: &str,
    text: impl Fn(i128) -> String + Copy,
) -> (&'static str, String) {
    // A limit just beyond a whole millisecond was typed without its being inside.
    let just_above = |ns: i128| ticks && (ns - 1) % 1_000_000 == 0;
    let just_below = |ns: i128| ticks && (ns + 1) % 1_000_000 == 0;
    match *ranges.as_slice() {
        [(first, last)] if first == last => ("=", text(first)),
        [(i128::MIN, i128::MAX)] => ("in", "..".to_owned()),
        [(i128::MIN, last)] if just_below(last) => ("<", text(last + 1)),
        [(i128::MIN, last)] => ("<=", text(last)),
        [(first, i128::MAX)] if just_above(first) => (">", text(first - 1)),
        [(first, i128::MAX)] => (">=", text(first)),
        [range] => ("in", range_text(range, between, text)),
        ref many => {
            let many: Vec<String> = many.iter().map(|range| range_text(*range, between, text)).collect();
            ("in", format!("({})", many.join(", ")))
        }
    }
}
