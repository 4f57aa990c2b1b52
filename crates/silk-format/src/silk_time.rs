//! Times as SiLK's switches take them and as its tools print them (semantics 2.2, 3.2). Public: [`SilkTime`],
//! [`Precision`], [`TimeRange`], [`print()`].
//!
//! All times are UTC, in milliseconds since 1970-01-01.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};

use crate::error::{Error, ErrorKind, Result};

pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// The smallest part that a text of a time names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// `2009/02/13`
    Day,
    /// `2009/02/13T05`
    Hour,
    /// `2009/02/13T05:06`
    Minute,
    /// `2009/02/13T05:06:07`, or seconds since 1970.
    Second,
    /// Any digits behind the point of the seconds.
    Fraction,
}

impl Precision {
    /// How long the part is, in ms.
    const fn span_ms(self) -> i64 {
        match self {
            Self::Day => DAY_MS,
            Self::Hour => HOUR_MS,
            Self::Minute => 60_000,
            Self::Second => 1000,
            Self::Fraction => 1,
        }
    }
}

/// A time as typed: the instant, and how precisely it was said.
///
/// ```
/// use silk_format::silk_time::{Precision, SilkTime};
///
/// let time: SilkTime = "2009/02/13:05".parse()?;
/// assert_eq!((time.ms(), time.precision()), (1_234_501_200_000, Precision::Hour));
/// assert_eq!(time.last_ms(), 1_234_504_799_999);
/// # Ok::<(), silk_format::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SilkTime {
    ms: i64,
    precision: Precision,
    epoch: bool,
}

impl SilkTime {
    /// A point in time that was not typed in one of SiLK's forms. It selects hours as seconds since 1970 do.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self { ms, precision: Precision::Fraction, epoch: true }
    }

    /// Milliseconds since 1970; what the text does not say has its lowest value.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.ms
    }

    /// The last millisecond that the text covers: with day precision 23:59:59.999, with a fraction the time itself.
    #[must_use]
    pub const fn last_ms(self) -> i64 {
        self.ms.saturating_add(self.precision.span_ms() - 1)
    }

    /// How precisely the time was said.
    #[must_use]
    pub const fn precision(self) -> Precision {
        self.precision
    }

    /// Whether it was given as seconds since 1970, not as a date.
    #[must_use]
    pub const fn is_epoch(self) -> bool {
        self.epoch
    }

    /// The text at its own precision, with `mark` between date and hour.
    pub(crate) fn text(self, mark: char) -> String {
        let seconds = self.ms.div_euclid(1000);
        match (self.epoch, self.precision) {
            (true, Precision::Fraction) => format!("{seconds}.{:03}", self.ms.rem_euclid(1000)),
            (true, _) => seconds.to_string(),
            (false, precision) => print(self.ms, precision, mark),
        }
    }
}

/// The text at its own precision: `2009/02/13T05`, `1234501200`.
impl fmt::Display for SilkTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text('T'))
    }
}

/// Reads `YYYY/MM/DD[{:|T}HH[:MM[:SS[.fff…]]]]` or seconds since 1970 (more than eight characters, perhaps with a
/// fraction). White space around it and a separator at its end are ignored, digits behind the milliseconds dropped.
///
/// Errors have the class `Usage` and the reason alone; who knows the switch adds its name.
impl FromStr for SilkTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        let is_epoch = text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if is_epoch { epoch(text) } else { calendar(text) }
    }
}

fn usage(reason: impl Into<String>) -> Error {
    ErrorKind::Usage(reason.into()).into()
}

fn epoch(text: &str) -> Result<SilkTime> {
    let (seconds, fraction) = match text.split_once('.') {
        None => (text, None),
        Some((seconds, fraction)) => (seconds, Some(fraction)),
    };
    let wrong = || usage(format!("'{text}' is not a number of seconds"));
    let seconds: i64 = seconds.parse().map_err(|_| wrong())?;
    let (precision, ms) = match fraction {
        None => (Precision::Second, 0),
        Some(digits) => (Precision::Fraction, milliseconds(digits).ok_or_else(wrong)?),
    };
    if !(536_870_912..=2_147_483_647).contains(&seconds) {
        let reason = format!("Epoch value ({seconds}) out of range: use 536870912 <= epoch <= 2147483647");
        return Err(usage(reason));
    }
    Ok(SilkTime { ms: seconds * 1000 + ms, precision, epoch: true })
}

/// The digits behind a point, cut to milliseconds; none without any.
fn milliseconds(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let three = digits.bytes().chain(*b"00").take(3);
    Some(three.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0')))
}

/// A part of a calendar time: its name, what may stand before it, its least and its largest value.
struct Part {
    name: &'static str,
    marks: &'static [char],
    least: u32,
    most: u32,
}

const fn part(name: &'static str, marks: &'static [char], least: u32, most: u32) -> Part {
    Part { name, marks, least, most }
}

const PARTS: [Part; 6] = [
    part("year", &[], 1970, 2039),
    part("month", &['/'], 1, 12),
    // The last day is that of the month.
    part("day", &['/'], 1, 31),
    part("hour", &[':', 'T'], 0, 23),
    part("minute", &[':'], 0, 59),
    part("second", &[':'], 0, 59),
];

fn calendar(text: &str) -> Result<SilkTime> {
    let mut values = [1970, 1, 1, 0, 0, 0];
    let mut named = 0;
    let mut rest = text;
    for (value, part) in values.iter_mut().zip(&PARTS) {
        if named > 0 {
            match rest.strip_prefix(part.marks) {
                Some(after) => rest = after,
                None => break,
            }
            // A separator with nothing behind it says nothing.
            if rest.is_empty() {
                break;
            }
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        *value = number.parse().map_err(|_| unexpected(text, rest))?;
        rest = after;
        named += 1;
        in_range(part, *value, part.most)?;
    }
    let [year, month, day, hour, minute, second] = values;
    let ms = match (named, rest.strip_prefix('.')) {
        (6, Some("")) => None,
        (6, Some(digits)) => {
            let wrong = || unexpected(text, digits.trim_start_matches(|c: char| c.is_ascii_digit()));
            Some(milliseconds(digits).ok_or_else(wrong)?)
        }
        (_, _) if !rest.is_empty() => return Err(unexpected(text, rest)),
        _ => None,
    };
    let precision = match (named, ms) {
        (_, Some(_)) => Precision::Fraction,
        (6, None) => Precision::Second,
        (5, _) => Precision::Minute,
        (4, _) => Precision::Hour,
        (3, _) => Precision::Day,
        _ => return Err(usage(format!("Date '{text}' does not have at least day precision"))),
    };
    in_range(&PARTS[2], day, days_in_month(year, month))?;
    let date = NaiveDate::from_ymd_opt(year as i32, month, day);
    let time = date.and_then(|date| date.and_hms_milli_opt(hour, minute, second, ms.unwrap_or(0) as u32));
    let time = time.ok_or_else(|| usage(format!("Date '{text}' does not exist")))?;
    Ok(SilkTime { ms: time.and_utc().timestamp_millis(), precision, epoch: false })
}

fn in_range(part: &Part, value: u32, most: u32) -> Result<()> {
    let Part { name, least, .. } = part;
    if (*least..=most).contains(&value) {
        return Ok(());
    }
    let (first, others) = name.split_at(1);
    let title = first.to_ascii_uppercase() + others;
    Err(usage(format!("{title} value ({value}) out of range: use {least} <= {name} <= {most}")))
}

fn days_in_month(year: u32, month: u32) -> u32 {
    let last = (28..=31).rev().find(|&day| NaiveDate::from_ymd_opt(year as i32, month, day).is_some());
    last.unwrap_or(0)
}

fn unexpected(text: &str, rest: &str) -> Error {
    match rest.chars().next() {
        Some(c) => usage(format!("Unexpected character {c:?} in '{text}'")),
        None => usage(format!("'{text}' ends where a number is expected")),
    }
}

/// A time as SiLK writes it, cut to `precision`: `YYYY/MM/DD` `mark` `HH:MM:SS.mmm`. SiLK prints the mark `T`; its
/// switches take `T` and `:`. A time beyond the calendar (262,000 years away) is written as seconds.
#[must_use]
pub fn print(ms: i64, precision: Precision, mark: char) -> String {
    let Some(time) = DateTime::from_timestamp_millis(ms) else { return ms.div_euclid(1000).to_string() };
    let mut text = format!("{:04}/{:02}/{:02}", time.year(), time.month(), time.day());
    let fraction = time.timestamp_subsec_millis();
    let parts = [
        (Precision::Hour, format!("{mark}{:02}", time.hour())),
        (Precision::Minute, format!(":{:02}", time.minute())),
        (Precision::Second, format!(":{:02}", time.second())),
        (Precision::Fraction, format!(".{fraction:03}")),
    ];
    parts.iter().filter(|part| part.0 <= precision).for_each(|part| text += &part.1);
    text
}

/// The argument `T1[-T2]` of `--stime`, `--etime` and `--active-time`: both limits belong to it (semantics 3.2).
///
/// ```
/// use silk_format::silk_time::TimeRange;
///
/// let range: TimeRange = "2009/02/13-2009/02/13".parse()?;
/// assert_eq!(range.last_ms - range.first_ms, 86_399_999);
/// // One time alone is an instant, whatever its precision.
/// let instant: TimeRange = "2009/02/13".parse()?;
/// assert_eq!(instant.first_ms, instant.last_ms);
/// # Ok::<(), silk_format::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TimeRange {
    /// The first millisecond.
    pub first_ms: i64,
    /// The last millisecond: the end of what T2 says.
    pub last_ms: i64,
}

impl FromStr for TimeRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, ""));
        let first: SilkTime = first.parse()?;
        if last.trim_ascii().is_empty() {
            return Ok(Self { first_ms: first.ms, last_ms: first.ms });
        }
        let last: SilkTime = last.parse()?;
        // Compared before the end is raised, as the reference does.
        if last.ms < first.ms {
            return Err(usage("Range is invalid (min > max)"));
        }
        Ok(Self { first_ms: first.ms, last_ms: last.last_ms() })
    }
}

#[cfg(test)]
mod tests;
