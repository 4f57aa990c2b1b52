//! Times and durations as `rwcut` prints them (semantics 4.3).

use chrono::{DateTime, Datelike, Local, Timelike};

use super::text::Text;
use crate::getopt::unique;

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeStyle {
    /// `2009/02/12T23:59:59`
    Default,
    /// `2009-02-12 23:59:59`
    Iso,
    /// `02/12/2009 23:59:59`
    MonthFirst,
    /// `1234483199`
    Epoch,
}

/// In which zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    Utc,
    /// That of `TZ`.
    Local,
}

/// `--timestamp-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeFormat {
    pub(crate) style: TimeStyle,
    pub(crate) zone: Zone,
    /// Whether milliseconds are shown.
    pub(crate) msec: bool,
}

impl Default for TimeFormat {
    fn default() -> Self {
        Self { style: TimeStyle::Default, zone: Zone::Utc, msec: true }
    }
}

#[derive(Debug, Clone, Copy)]
enum Word {
    Style(TimeStyle),
    Zone(Zone),
    NoMsec,
}

const WORDS: [(&str, Word); 7] = [
    ("default", Word::Style(TimeStyle::Default)),
    ("iso", Word::Style(TimeStyle::Iso)),
    ("m/d/y", Word::Style(TimeStyle::MonthFirst)),
    ("epoch", Word::Style(TimeStyle::Epoch)),
    ("no-msec", Word::NoMsec),
    ("utc", Word::Zone(Zone::Utc)),
    ("local", Word::Zone(Zone::Local)),
];

impl TimeFormat {
    /// `FORMAT[,MODIFIER…][,ZONE]`, in any order, each kind once.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut style, mut zone, mut msec) = (None, None, true);
        for item in text.split(',').filter(|item| !item.is_empty()) {
            let (_, word) = unique(&WORDS, item, |word| word.0).map_err(|found| match found {
                0 => format!("unrecognized value '{item}'"),
                _ => format!("value '{item}' is ambiguous"),
            })?;
            let taken = match *word {
                Word::Style(wanted) => style.replace(wanted).is_some(),
                Word::Zone(wanted) => zone.replace(wanted).is_some(),
                Word::NoMsec => !std::mem::replace(&mut msec, false),
            };
            if taken {
                return Err(format!("'{item}' contradicts or repeats an earlier value"));
            }
        }
        let format = Self::default();
        Ok(Self { style: style.unwrap_or(format.style), zone: zone.unwrap_or(format.zone), msec })
    }

    /// The width of a time column.
    pub(crate) fn width(self) -> usize {
        let seconds = if self.style == TimeStyle::Epoch { 10 } else { 19 };
        if self.msec { seconds + 4 } else { seconds }
    }
}

/// Writes times, remembering the last one: neighbouring flows start in the same second or day, and several fields show
/// the same instant.
#[derive(Debug, Clone)]
pub(crate) struct TimeWriter {
    format: TimeFormat,
    /// The time whose text is in `text`, in ms.
    time: Option<i64>,
    /// The second whose text is in the first `second_len` bytes of `text`.
    second: Option<i64>,
    second_len: usize,
    text: Text,
}

impl TimeWriter {
    pub(crate) fn new(format: TimeFormat) -> Self {
        Self { format, time: None, second: None, second_len: 0, text: Text::with_capacity(64) }
    }

    /// Appends the time. Seconds and milliseconds both come from a division that truncates towards zero, so that a
    /// time before 1970 has two signs, as the reference prints it (file format 10.2).
    #[inline]
    pub(crate) fn write(&mut self, out: &mut Text, ms: i64) {
        if self.time != Some(ms) {
            self.new_time(ms);
        }
        out.append(&self.text);
    }

    fn new_time(&mut self, ms: i64) {
        self.time = Some(ms);
        let second = ms / 1000;
        if self.second == Some(second) {
            self.text.truncate(self.second_len);
        } else {
            self.new_second(second);
        }
        if self.format.msec {
            self.text.push(b'.');
            self.text.milliseconds(ms % 1000);
        }
    }

    fn new_second(&mut self, second: i64) {
        const DAY: i64 = 86_400;
        let previous = self.second.replace(second);
        let calendar = self.format.style != TimeStyle::Epoch && self.format.zone == Zone::Utc;
        let same_day = previous.is_some_and(|p| p.div_euclid(DAY) == second.div_euclid(DAY));
        if calendar && same_day && self.second_len == 19 {
            // Only the clock changes, which stands last in all three forms.
            self.text.truncate(11);
            let clock = second.rem_euclid(DAY) as u32;
            write_clock(&mut self.text, clock / 3600, clock / 60 % 60, clock % 60);
        } else {
            self.text.clear();
            write_second(&mut self.text, second, self.format);
        }
        self.second_len = self.text.len();
    }
}

fn write_clock(out: &mut Text, hour: u32, minute: u32, second: u32) {
    out.two_digits(hour);
    out.push(b':');
    out.two_digits(minute);
    out.push(b':');
    out.two_digits(second);
}

fn write_second(out: &mut Text, second: i64, format: TimeFormat) {
    let calendar = DateTime::from_timestamp(second, 0);
    let (Some(utc), true) = (calendar, format.style != TimeStyle::Epoch) else {
        // Also what lies 262,000 years away, where the calendar ends.
        return out.signed(second);
    };
    let time = match format.zone {
        Zone::Utc => utc.naive_utc(),
        Zone::Local => utc.with_timezone(&Local).naive_local(),
    };
    let year = format!("{:04}", time.year());
    match format.style {
        TimeStyle::MonthFirst => {
            out.two_digits(time.month());
            out.push(b'/');
            out.two_digits(time.day());
            out.push(b'/');
            out.extend(year.as_bytes());
            out.push(b' ');
        }
        style => {
            let (mark, end) = if style == TimeStyle::Iso { (b'-', b' ') } else { (b'/', b'T') };
            out.extend(year.as_bytes());
            out.push(mark);
            out.two_digits(time.month());
            out.push(mark);
            out.two_digits(time.day());
            out.push(end);
        }
    }
    write_clock(out, time.hour(), time.minute(), time.second());
}

/// Appends a duration in seconds: with three decimals, or cut to whole seconds.
#[inline]
pub(crate) fn write_duration(out: &mut Text, ms: i64, msec: bool) {
    out.signed(ms / 1000);
    if msec {
        out.push(b'.');
        out.milliseconds(ms % 1000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(out: &Text) -> String {
        String::from_utf8(out.as_bytes().to_vec()).unwrap()
    }

    fn text(format: &str, ms: i64) -> String {
        let mut out = Text::default();
        TimeWriter::new(TimeFormat::parse(format).unwrap()).write(&mut out, ms);
        string(&out)
    }

    /// The table of semantics 4.3, record 1 of its sample.
    #[test]
    fn forms() {
        let record = 1_234_483_199_500;
        for (format, expected, width) in [
            ("default", "2009/02/12T23:59:59.500", 23),
            ("iso", "2009-02-12 23:59:59.500", 23),
            ("m/d/y", "02/12/2009 23:59:59.500", 23),
            ("epoch", "1234483199.500", 14),
            ("iso,no-msec", "2009-02-12 23:59:59", 19),
            ("epoch,no-msec,utc", "1234483199", 10),
            ("", "2009/02/12T23:59:59.500", 23),
        ] {
            assert_eq!(text(format, record), expected);
            assert_eq!(TimeFormat::parse(format).unwrap().width(), width);
        }
        for bad in ["iso,epoch", "no-msec,no-msec", "utc,local", "x", "msec"] {
            assert!(TimeFormat::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(TimeFormat::parse("e,l,n").unwrap().zone, Zone::Local);
    }

    /// File format 10.2.
    #[test]
    fn before_the_epoch() {
        assert_eq!(text("epoch", -3007), "-3.-07");
        assert_eq!(text("epoch", -500), "0.-500");
        assert_eq!(text("epoch", -1), "0.-01");
        assert_eq!(text("default", -3007), "1969/12/31T23:59:57.-07");
        assert_eq!(text("epoch", i64::MIN), "-9223372036854775.-808");
        assert!(!text("default", i64::MIN).is_empty());
    }

    #[test]
    fn durations() {
        let both = |ms| {
            [true, false].map(|msec| {
                let mut out = Text::default();
                write_duration(&mut out, ms, msec);
                string(&out)
            })
        };
        assert_eq!(both(2750), ["2.750", "2"]);
        assert_eq!(both(5), ["0.005", "0"]);
        assert_eq!(both(4_294_967_295), ["4294967.295", "4294967"]);
    }

    proptest! {
        /// What is remembered never shows: a writer used for many times writes what a new one does.
        #[test]
        fn memory_does_not_show(
            times in proptest::collection::vec(prop_oneof![
                -200_000_000i64..200_000_000, any::<i64>(), 1_234_400_000_000i64..1_234_400_005_000,
            ], 1..40),
            format in prop_oneof![Just("default"), Just("m/d/y,no-msec"), Just("epoch"), Just("iso")],
        ) {
            let mut writer = TimeWriter::new(TimeFormat::parse(format).unwrap());
            for ms in times {
                let mut out = Text::default();
                writer.write(&mut out, ms);
                prop_assert_eq!(string(&out), text(format, ms));
            }
        }

        #[test]
        fn calendar_equals_chrono(ms in 0i64..4_102_444_800_000) {
            let expected = DateTime::from_timestamp_millis(ms).unwrap().format("%Y/%m/%dT%H:%M:%S%.3f").to_string();
            prop_assert_eq!(text("default", ms), expected);
        }
    }
}
