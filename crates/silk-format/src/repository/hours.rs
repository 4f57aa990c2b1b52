//! Which hours a start and an end date ask for (semantics 2.3).

use crate::error::{Error, ErrorKind, Result};
use crate::silk_time::{DAY_MS, HOUR_MS, Precision, SilkTime};

/// 2040-01-01: file names have four digits for the year, and SiLK's times end before.
const END_MS: i64 = 2_208_988_800_000;

/// Hours, both ends of the range included; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Hours {
    /// The beginning of the first hour, in ms since 1970.
    pub first_ms: i64,
    /// The beginning of the last hour, in ms since 1970.
    pub last_ms: i64,
}

impl Hours {
    /// How many hours.
    #[must_use]
    pub fn count(self) -> u64 {
        self.last_ms.abs_diff(self.first_ms) / HOUR_MS.unsigned_abs() + 1
    }

    /// The table of semantics 2.3; `now_ms` is the present.
    ///
    /// # Errors
    /// `Usage`: an end without a start, an end before the start, years outside 1970 to 2039.
    pub fn select(start: Option<SilkTime>, end: Option<SilkTime>, now_ms: i64) -> Result<Self> {
        let (first_ms, last_ms) = match (start, end) {
            (None, None) => (day(now_ms), hour(now_ms)),
            (None, Some(_)) => return Err(usage("Cannot use --end-date without --start-date")),
            (Some(start), None) if start.precision() == Precision::Day => {
                (start.ms(), start.ms() + DAY_MS - HOUR_MS)
            }
            (Some(start), None) => (hour(start.ms()), hour(start.ms())),
            (Some(start), Some(end)) if end.is_epoch() => (hour(start.ms()), hour(end.ms())),
            (Some(start), Some(end)) if is_day(start) => (start.ms(), day(end.ms()) + DAY_MS - HOUR_MS),
            (Some(start), Some(end)) if end.precision() == Precision::Day => {
                (hour(start.ms()), end.ms() + hour(start.ms()).rem_euclid(DAY_MS))
            }
            (Some(start), Some(end)) => (hour(start.ms()), hour(end.ms())),
        };
        if let (Some(start), Some(end)) = (start, end)
            && last_ms < first_ms
        {
            let (start, end) = (start.text(':'), end.text(':'));
            return Err(usage(format!("end-date of {end} is earlier than start-date of {start}")));
        }
        if first_ms < 0 || last_ms >= END_MS {
            return Err(usage("the hours asked for lie outside the years 1970 to 2039"));
        }
        Ok(Self { first_ms, last_ms })
    }
}

fn usage(message: impl Into<String>) -> Error {
    ErrorKind::Usage(message.into()).into()
}

/// The beginning of the hour.
fn hour(ms: i64) -> i64 {
    ms.saturating_sub(ms.rem_euclid(HOUR_MS))
}

/// The beginning of the day.
fn day(ms: i64) -> i64 {
    ms.saturating_sub(ms.rem_euclid(DAY_MS))
}

/// Whether a start means whole days: a date alone, or seconds that happen to be a midnight.
fn is_day(start: SilkTime) -> bool {
    start.precision() == Precision::Day || (start.is_epoch() && start.ms().rem_euclid(DAY_MS) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::silk_time::print;

    /// First and last hour as `DD:HH` of 2009/02, or the message.
    fn select(start: &str, end: &str) -> std::result::Result<String, String> {
        let time = |text: &str| (!text.is_empty()).then(|| text.parse::<SilkTime>().unwrap());
        // 2009/02/14T07:31
        let hours = Hours::select(time(start), time(end), 1_234_596_660_000).map_err(|e| e.to_string())?;
        let text = |ms| print(ms, Precision::Hour, ':')[8..].to_owned();
        assert_eq!((hours.first_ms % HOUR_MS, hours.last_ms % HOUR_MS), (0, 0));
        Ok(format!("{} {}", text(hours.first_ms), text(hours.last_ms)))
    }

    #[test]
    fn every_row_of_the_table() {
        for (start, end, expected) in [
            // absent, absent: today 00 … current hour
            ("", "", "14:00 14:07"),
            // calendar, day precision; absent
            ("2009/02/13", "", "13:00 13:23"),
            // hour or finer; absent
            ("2009/02/13:01", "", "13:01 13:01"),
            ("2009/02/13T01:59:59.999", "", "13:01 13:01"),
            // epoch; absent, even at a midnight
            ("1234501200", "", "13:05 13:05"),
            ("1234483200", "", "13:00 13:00"),
            // any; epoch
            ("1234501200", "1234504799", "13:05 13:05"),
            ("1234501200", "1234504800", "13:05 13:06"),
            ("2009/02/13", "1234504799", "13:00 13:05"),
            ("2009/02/12:07", "1234504799.5", "12:07 13:05"),
            // day precision, or epoch on a midnight; calendar
            ("2009/02/12", "2009/02/13:00", "12:00 13:23"),
            ("2009/02/12", "2009/02/13", "12:00 13:23"),
            ("1234483200", "2009/02/13:05", "13:00 13:23"),
            ("2009/02/13", "2009/02/13:05", "13:00 13:23"),
            // hour or finer, or epoch not on a midnight; day precision
            ("2009/02/12:05", "2009/02/13", "12:05 13:05"),
            ("1234501201", "2009/02/14", "13:05 14:05"),
            ("2009/02/12:00", "2009/02/13", "12:00 13:00"),
            // hour or finer, or epoch not on a midnight; hour or finer
            ("2009/02/12:05", "2009/02/13:02", "12:05 13:02"),
            ("2009/02/12:05:59", "2009/02/13:02:01", "12:05 13:02"),
            ("1234501201", "2009/02/13:07", "13:05 13:07"),
        ] {
            assert_eq!(select(start, end).as_deref(), Ok(expected), "{start} {end}");
        }
    }

    #[test]
    fn refusals() {
        for (start, end, message) in [
            ("", "2009/02/13", "Cannot use --end-date without --start-date"),
            ("2009/02/13", "2009/02/12", "end-date of 2009/02/12 is earlier than start-date of 2009/02/13"),
            (
                "2016/09/29:12",
                "2016/09/29:11",
                "end-date of 2016/09/29:11 is earlier than start-date of 2016/09/29:12",
            ),
            (
                "2009/02/13:05",
                "1234483200",
                "end-date of 1234483200 is earlier than start-date of 2009/02/13:05",
            ),
        ] {
            assert_eq!(select(start, end), Err(message.to_owned()));
        }
        // The clock need not make sense, and times of other forms may be anything.
        for ms in [i64::MIN, -1, END_MS, i64::MAX] {
            let time = Some(SilkTime::from_ms(ms));
            assert!(Hours::select(None, None, ms).is_err(), "{ms}");
            assert!(Hours::select(time, None, 0).is_err(), "{ms}");
            assert!(Hours::select(Some(SilkTime::from_ms(0)), time, 0).is_err(), "{ms}");
        }
    }

    #[test]
    fn counting() {
        let count =
            |start: &str, end: &str| Hours::select(start.parse().ok(), end.parse().ok(), 0).unwrap().count();
        assert_eq!(count("2009/02/13:05", "2009/02/13:05"), 1);
        assert_eq!(count("2009/02/12", "2009/02/13"), 48);
        assert_eq!(count("1970/01/01", "2039/12/31"), 613_608);
    }
}
