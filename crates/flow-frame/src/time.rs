//! Instants and windows: how times are typed, compared and printed.
//!
//! Everything is exact in nanoseconds since 1970-01-01T00:00:00Z. No function here reads a clock: "now" and the end
//! of the data are values that the caller hands in.

use std::fmt;

use chrono::NaiveDate;

use crate::error::{Error, ErrorKind, Result};
use crate::predicate::{Predicate, Ranges};
use crate::text::write_time;

const SECOND: i128 = 1_000_000_000;
const MILLISECOND: i128 = 1_000_000;

/// The units of relative times.
pub(crate) const UNITS: [(&str, i128); 6] = [
    ("ms", MILLISECOND),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3600 * SECOND),
    ("d", 86_400 * SECOND),
    ("w", 604_800 * SECOND),
];

/// A point in time, in nanoseconds since the Unix epoch. Wide enough for any timestamp column, and then some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    ns: i128,
}

impl Instant {
    /// The instant so many nanoseconds after the epoch.
    #[must_use]
    pub const fn from_ns(ns: i128) -> Self {
        Self { ns }
    }

    /// The instant so many milliseconds after the epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self { ns: ms as i128 * MILLISECOND }
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn ns(self) -> i128 {
        self.ns
    }

    /// An absolute time: `YYYY-MM-DD[T ]HH:MM[:SS[.f{1,9}]][Z|±hh:mm]`, `YYYY/MM/DDTHH:MM:SS[.f{1,9}]` or
    /// `@SECONDS[.f{1,9}]`. Without a zone it is UTC.
    ///
    /// # Errors
    /// `Usage`, with the character where the text stops making sense; relative times are refused here, see
    /// [`TimeSpec`].
    pub fn parse(text: &str) -> Result<Self> {
        TimeSpec::parse(text)?.resolve(Anchors::default())
    }

    /// `YYYY-MM-DD HH:MM:SS.ffffff`, as the articles print times; finer digits are cut off.
    #[must_use]
    pub fn six_digits(self) -> String {
        self.text(6, *b"  ")
    }

    fn text(self, digits: u32, marks: [u8; 2]) -> String {
        let fraction = self.ns.rem_euclid(SECOND) as u32 / 10u32.pow(9 - digits);
        let mut out = Vec::with_capacity(30);
        // Clamped: 584 billion years either side are enough for a text.
        let seconds = self.ns.div_euclid(SECOND).clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        write_time(&mut out, seconds, fraction, digits as usize, marks);
        String::from_utf8(out).unwrap_or_default()
    }
}

/// RFC 3339 with `Z` and three digits, or six or nine if the instant needs them.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.ns {
            ns if ns % MILLISECOND == 0 => 3,
            ns if ns % 1000 == 0 => 6,
            _ => 9,
        };
        f.write_str(&self.text(digits, *b"TZ"))
    }
}

/// What relative times are relative to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Anchors {
    /// The present, as the caller's clock has it.
    pub now: Option<Instant>,
    /// The time of the last row of the data.
    pub end: Option<Instant>,
}

/// A time as typed: absolute, or relative to an anchor that is known later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSpec {
    /// A point in time.
    At(Instant),
    /// So many nanoseconds after now: `now`, `-1h`, `+30s`, `now-1h30m`.
    Now(i128),
    /// So many nanoseconds after the data's end: `end`, `end-30m`.
    End(i128),
}

impl TimeSpec {
    /// Reads any of the forms of [`Instant::parse`], or a relative one. Units: `ms s m h d w`, largest or smallest
    /// first, as often as wanted (`-1h30m`).
    ///
    /// # Errors
    /// `Usage`, with the character where the text stops making sense.
    pub fn parse(text: &str) -> Result<Self> {
        let mut cursor = Cursor { text, at: 0 };
        let parsed = match text.as_bytes() {
            [b'@', ..] => cursor.epoch().map(Self::At),
            [b'n', ..] => cursor.literal("now").and_then(|()| cursor.offset()).map(Self::Now),
            [b'e', ..] => cursor.literal("end").and_then(|()| cursor.offset()).map(Self::End),
            [b'+' | b'-', ..] => cursor.offset().map(Self::Now),
            _ => cursor.calendar().map(Self::At),
        };
        let finished = parsed.and_then(|spec| cursor.finish().map(|()| spec));
        finished.map_err(|reason| {
            let at = text.get(..cursor.at).map_or(0, |done| done.chars().count()) + 1;
            ErrorKind::Time { text: text.to_owned(), at, reason }.into()
        })
    }

    /// The instant, with the anchors known.
    ///
    /// # Errors
    /// `Usage` if the needed anchor is not given.
    pub fn resolve(self, anchors: Anchors) -> Result<Instant> {
        let relative = |anchor: Option<Instant>, offset: i128, what| {
            let anchor =
                anchor.ok_or_else(|| Error::usage(format!("a time relative to {what} makes no sense here")));
            Ok(Instant { ns: anchor?.ns.saturating_add(offset) })
        };
        match self {
            Self::At(instant) => Ok(instant),
            Self::Now(offset) => relative(anchors.now, offset, "now"),
            Self::End(offset) => relative(anchors.end, offset, "the end of the data"),
        }
    }
}

type Parsed<T> = std::result::Result<T, &'static str>;

/// A position in the text of a time; the reason of a failure is what was expected there.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn literal(&mut self, word: &str) -> Parsed<()> {
        if !self.rest().starts_with(word) {
            return Err("expected a date, @SECONDS, now, end, or an offset such as -1h");
        }
        self.at += word.len();
        Ok(())
    }

    fn finish(&self) -> Parsed<()> {
        if self.rest().is_empty() { Ok(()) } else { Err("expected the end") }
    }

    /// A number of `least` to `most` digits (at most 18, so that it fits).
    fn number(&mut self, least: usize, most: usize, expected: &'static str) -> Parsed<i64> {
        let len = self.rest().bytes().take(most).take_while(u8::is_ascii_digit).count();
        let digits = self.rest().get(..len).unwrap_or_default();
        if len < least {
            return Err(expected);
        }
        let value = digits.parse().map_err(|_| expected)?;
        self.at += len;
        Ok(value)
    }

    /// `.f{1,9}` in nanoseconds; 0 without a point.
    fn fraction(&mut self) -> Parsed<i128> {
        if !self.eat(b'.') {
            return Ok(0);
        }
        let start = self.at;
        let value = self.number(1, 9, "expected one to nine digits")?;
        let missing = 9 - (self.at - start) as u32;
        Ok(i128::from(value) * 10i128.pow(missing))
    }

    /// `@SECONDS[.f]`; a sign belongs to the whole number.
    fn epoch(&mut self) -> Parsed<Instant> {
        self.at += 1;
        let negative = self.eat(b'-');
        let seconds = self.number(1, 18, "expected seconds since 1970")?;
        let ns = i128::from(seconds) * SECOND + self.fraction()?;
        Ok(Instant { ns: if negative { -ns } else { ns } })
    }

    /// Nothing, or signed amounts such as `-1h30m`.
    fn offset(&mut self) -> Parsed<i128> {
        let sign = match self.peek() {
            None => return Ok(0),
            Some(b'-') => -1,
            Some(b'+') => 1,
            Some(_) => return Err("expected + or -"),
        };
        self.at += 1;
        let mut total = 0i128;
        loop {
            let amount = self.number(1, 18, "expected a number")?;
            // `ms` stands before `m` in the table.
            let unit = UNITS.iter().find(|(unit, _)| self.rest().starts_with(unit));
            let (name, ns) = unit.ok_or("expected a unit: ms, s, m, h, d or w")?;
            self.at += name.len();
            total = total.saturating_add(i128::from(amount).saturating_mul(*ns));
            if self.peek().is_none() {
                return Ok(sign * total);
            }
        }
    }

    fn calendar(&mut self) -> Parsed<Instant> {
        let year = self.number(4, 4, "expected a date, @SECONDS, now, end, or an offset such as -1h")?;
        let slashes = match self.peek() {
            Some(b'/') => true,
            Some(b'-') => false,
            _ => return Err("expected - or /"),
        };
        self.at += 1;
        let month = self.number(2, 2, "expected a month of two digits")?;
        if !self.eat(if slashes { b'/' } else { b'-' }) {
            return Err("expected the day");
        }
        let day = self.number(2, 2, "expected a day of two digits")?;
        let date = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32).ok_or("no such day")?;
        if !(self.eat(b'T') || (!slashes && self.eat(b' '))) {
            return Err("expected T and the time of day");
        }
        let hour = self.number(2, 2, "expected an hour of two digits")?;
        if !self.eat(b':') {
            return Err("expected :");
        }
        let minute = self.number(2, 2, "expected a minute of two digits")?;
        let (mut second, mut fraction) = (0, 0);
        if self.eat(b':') {
            second = self.number(2, 2, "expected a second of two digits")?;
            fraction = self.fraction()?;
        } else if slashes {
            return Err("expected : and seconds");
        }
        let time =
            date.and_hms_opt(hour as u32, minute as u32, second as u32).ok_or("no such time of day")?;
        let zone = if slashes { 0 } else { self.zone()? };
        let seconds = i128::from(time.and_utc().timestamp()) - i128::from(zone);
        Ok(Instant { ns: seconds * SECOND + fraction })
    }

    /// `Z`, `±hh:mm` or nothing, in seconds east of Greenwich.
    fn zone(&mut self) -> Parsed<i64> {
        let sign = match self.peek() {
            Some(b'Z') => {
                self.at += 1;
                return Ok(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Ok(0),
        };
        self.at += 1;
        let hours = self.number(2, 2, "expected the hours of a zone such as +02:00")?;
        if !self.eat(b':') {
            return Err("expected :");
        }
        let minutes = self.number(2, 2, "expected the minutes of a zone such as +02:00")?;
        if hours > 23 || minutes > 59 {
            return Err("no such zone");
        }
        Ok(sign * (hours * 3600 + minutes * 60))
    }
}

/// Which of a flow's times a window is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WindowMode {
    /// The flow starts in the window: `A < stime ≤ B`, as the articles select.
    #[default]
    Start,
    /// The flow is under way at some time of the window: `etime ≥ A` and `stime ≤ B`, both ends closed, as
    /// `rwfilter --active-time` selects.
    Overlap,
}

impl WindowMode {
    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Overlap => "overlap",
        }
    }
}

/// A stretch of time from A to B; an end that is `None` is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// A.
    pub start: Option<Instant>,
    /// B.
    pub end: Option<Instant>,
    /// How a flow is compared with it.
    pub mode: WindowMode,
}

impl Window {
    /// `A..B`, where each is a time (see [`TimeSpec`]) or empty.
    ///
    /// # Errors
    /// `Usage`: not of this form, an anchor is missing, or A is not before B.
    pub fn parse(text: &str, mode: WindowMode, anchors: Anchors) -> Result<Self> {
        let (start, end) = text
            .split_once("..")
            .ok_or_else(|| Error::usage(format!("the window {text:?} is not of the form A..B")))?;
        let time = |text: &str| match text.trim() {
            "" => Ok(None),
            text => TimeSpec::parse(text)?.resolve(anchors).map(Some),
        };
        let window = Self { start: time(start)?, end: time(end)?, mode };
        match (window.start, window.end) {
            (Some(a), Some(b)) if a >= b => {
                Err(Error::usage(format!("the window {text:?} ends before it begins")))
            }
            _ => Ok(window),
        }
    }

    /// Whether a flow with these times, in milliseconds since the epoch, belongs to the window.
    #[must_use]
    pub fn contains_ms(&self, stime: i64, etime: i64) -> bool {
        let bounds = self.bounds(MILLISECOND as i64);
        match self.mode {
            WindowMode::Start => bounds.holds(stime),
            WindowMode::Overlap => etime >= bounds.first && stime <= bounds.last,
        }
    }

    /// The window as whole ticks of so many nanoseconds: exact, because a column holds whole ticks only.
    pub(crate) fn bounds(&self, tick_ns: i64) -> Bounds {
        let tick = i128::from(tick_ns.max(1));
        let clamp = |ticks: i128| ticks.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        let beyond = |ticks: i128| ticks > i128::from(i64::MAX);
        let first = self.start.map(|start| match self.mode {
            // The first tick after A; the first tick not before A.
            WindowMode::Start => start.ns.div_euclid(tick).saturating_add(1),
            WindowMode::Overlap => start.ns.saturating_sub(1).div_euclid(tick).saturating_add(1),
        });
        let last = self.end.map(|end| end.ns.div_euclid(tick));
        if first.is_some_and(beyond) || last.is_some_and(|last| last < i128::from(i64::MIN)) {
            return Bounds { first: i64::MAX, last: i64::MIN };
        }
        Bounds { first: first.map_or(i64::MIN, clamp), last: last.map_or(i64::MAX, clamp) }
    }
}

impl Window {
    /// The window as a predicate over flows; none if every flow belongs to it.
    ///
    /// # Errors
    /// None with the table of columns as it is.
    pub fn predicate(&self) -> Result<Option<Predicate>> {
        let (column, first) = match self.mode {
            // `A < stime`: the next nanosecond is the first.
            WindowMode::Start => ("stime", self.start.map(|start| start.ns().saturating_add(1))),
            WindowMode::Overlap => ("etime", self.start.map(Instant::ns)),
        };
        let parts = [
            first.map(|first| Predicate::within(column, Ranges::from(first))),
            self.end.map(|end| Predicate::within("stime", Ranges::to(end.ns()))),
        ];
        let parts: Vec<Predicate> = parts.into_iter().flatten().collect::<Result<_>>()?;
        Ok((!parts.is_empty()).then(|| Predicate::all(parts)))
    }
}

/// Inclusive limits in ticks of a column; `first > last` holds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Bounds {
    pub(crate) fn holds(self, tick: i64) -> bool {
        self.first <= tick && tick <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T: i128 = 1_475_155_339; // 2016-09-29T13:22:19Z

    fn ns(text: &str) -> i128 {
        Instant::parse(text).unwrap_or_else(|e| panic!("{e}")).ns()
    }

    #[test]
    fn every_input_form() {
        for (text, expected) in [
            ("2016-09-29T13:22:19", T * SECOND),
            ("2016-09-29 13:22:19", T * SECOND),
            ("2016-09-29T13:22", (T - 19) * SECOND),
            ("2016-09-29 13:22Z", (T - 19) * SECOND),
            ("2016-09-29T13:22:19.625972", T * SECOND + 625_972_000),
            ("2016-09-29T13:22:19.6Z", T * SECOND + 600_000_000),
            ("2016-09-29T13:22:19.123456789Z", T * SECOND + 123_456_789),
            ("2016-09-29T15:22:19+02:00", T * SECOND),
            ("2016-09-29T07:52:19.5-05:30", T * SECOND + 500_000_000),
            ("2016/09/29T13:22:19", T * SECOND),
            ("2016/09/29T13:22:19.25", T * SECOND + 250_000_000),
            ("@1475155339", T * SECOND),
            ("@1475155339.000000001", T * SECOND + 1),
            ("@-1.5", -1_500_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200 * SECOND),
            ("1969-12-31T23:59:59.999Z", -1_000_000),
            ("2024-02-29T00:00", 1_709_164_800 * SECOND),
        ] {
            assert_eq!(ns(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_refused_and_where() {
        for (text, at) in [
            ("", 1),
            ("2016", 5),
            ("2016-09-29", 11),
            ("2016-13-01T00:00", 11),
            ("2023-02-29T00:00", 11),
            ("2016-09-29T24:00", 17),
            ("2016-09-29T13:22:60", 20),
            ("2016-09-29T13:22:19.", 21),
            ("2016-09-29T13:22:19.1234567890", 30),
            ("2016-09-29T13:22:19 Z", 20),
            ("2016-09-29T13:22+0200", 20),
            ("2016-09-29T13:22+24:00", 23),
            ("2016/09/29 13:22:19", 11),
            ("2016/09/29T13:22", 17),
            ("2016/09-29T13:22:19", 8),
            ("@", 2),
            ("@1e9", 3),
            ("@1234567890123456789", 20),
            ("-1", 3),
            ("-h", 2),
            ("tomorrow", 1),
            ("end30m", 4),
            ("2016-09-29Tä", 12),
        ] {
            let error = TimeSpec::parse(text).unwrap_err();
            assert_eq!(error.class(), crate::Class::Usage);
            let ErrorKind::Time { at: found, .. } = error.kind() else { panic!("{text}: {error}") };
            assert_eq!(*found, at, "{error}");
        }
    }

    #[test]
    fn relative_times_need_their_anchor() {
        let anchors = Anchors { now: Some(Instant::from_ms(10_000)), end: Some(Instant::from_ms(5000)) };
        for (text, expected) in [
            ("now", 10_000),
            ("-1s", 9000),
            ("+1m", 70_000),
            ("now-1h30m", 10_000 - 5_400_000),
            ("end", 5000),
            ("end-5ms", 4995),
            ("end+1d", 5000 + 86_400_000),
            ("-2w", 10_000 - 14 * 86_400_000),
        ] {
            let resolved = TimeSpec::parse(text).unwrap().resolve(anchors).unwrap();
            assert_eq!(resolved, Instant::from_ms(expected), "{text}");
        }
        assert!(Instant::parse("-1h").is_err());
        let far = TimeSpec::parse(&format!("-{0}w{0}w{0}w", 999_999_999_999_999_999i64)).unwrap();
        assert!(far.resolve(anchors).unwrap() < Instant::from_ms(0));
    }

    #[test]
    fn windows_are_open_at_the_start_and_closed_at_the_end() {
        let parse = |text| Window::parse(text, WindowMode::Start, Anchors::default());
        let window = parse("@1.0005..@2").unwrap();
        let held = [999, 1000, 1001, 2000, 2001].map(|ms| window.contains_ms(ms, ms));
        assert_eq!(held, [false, false, true, true, false]);
        let window = parse("@1..@2").unwrap();
        assert_eq!([1000, 1001].map(|ms| window.contains_ms(ms, ms)), [false, true]);
        assert!(parse("..@2").unwrap().contains_ms(i64::MIN, 0));
        assert!(!parse("@2..").unwrap().contains_ms(2000, 0));
        assert_eq!(parse("..").unwrap(), Window::default());
        for wrong in ["@2..@1", "@1..@1", "@1", "@1.@2", "a..b"] {
            assert_eq!(parse(wrong).unwrap_err().class(), crate::Class::Usage, "{wrong}");
        }
        let beyond = parse("@999999999999999999..").unwrap();
        assert!(!beyond.contains_ms(i64::MAX, i64::MAX));
        let before = parse("..@-999999999999999999").unwrap();
        assert!(!before.contains_ms(i64::MIN, i64::MIN));
    }

    #[test]
    fn overlap_is_closed_at_both_ends() {
        let window = Window::parse("@1..@2", WindowMode::Overlap, Anchors::default()).unwrap();
        for (stime, etime, held) in [
            (0, 999, false),
            (0, 1000, true),
            (1500, 1600, true),
            (0, 9000, true),
            (2000, 9000, true),
            (2001, 2001, false),
        ] {
            assert_eq!(window.contains_ms(stime, etime), held, "{stime}..{etime}");
        }
    }

    #[test]
    fn printing() {
        let instant = Instant::parse("2016-09-29 13:22:19.625972").unwrap();
        assert_eq!(instant.six_digits(), "2016-09-29 13:22:19.625972");
        assert_eq!(instant.to_string(), "2016-09-29T13:22:19.625972Z");
        assert_eq!(Instant::from_ms(853).to_string(), "1970-01-01T00:00:00.853Z");
        assert_eq!(Instant::from_ns(1).to_string(), "1970-01-01T00:00:00.000000001Z");
        assert!(Instant::from_ns(i128::MAX).to_string().starts_with("@9223372036854775807."));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(ms: i64) {
            let instant = Instant::from_ms(ms);
            prop_assert_eq!(Instant::parse(&instant.to_string()).unwrap(), instant);
        }

        #[test]
        fn what_is_printed_is_read_again_ns(ns: i64) {
            let instant = Instant::from_ns(ns.into());
            prop_assert_eq!(Instant::parse(&instant.to_string()).unwrap(), instant);
        }

        #[test]
        fn any_text_is_refused_politely(text: String) {
            let _ = TimeSpec::parse(&text);
            let _ = Window::parse(&text, WindowMode::Start, Anchors::default());
        }

        #[test]
        fn bounds_are_exact(a in -5000i128..5000, len in 1i128..5000, stime in -6i64..6, life in 0i64..6, tick in 1i64..2000) {
            let window = |mode| Window { start: Some(Instant::from_ns(a)), end: Some(Instant::from_ns(a + len)), mode };
            let (s, e) = (i128::from(stime) * i128::from(tick), i128::from(stime + life) * i128::from(tick));
            let bounds = window(WindowMode::Start).bounds(tick);
            prop_assert_eq!(bounds.holds(stime), a < s && s <= a + len);
            let bounds = window(WindowMode::Overlap).bounds(tick);
            prop_assert_eq!(stime + life >= bounds.first && stime <= bounds.last, e >= a && s <= a + len);
        }
    }
}
