//! Local time as the C library tells it from `TZ`, which `frame.time` is printed in (semantics 2).

use std::ffi::OsStr;
use std::sync::Arc;

use pcap_headers::{Field, TimeParts};
use tz::TimeZone;

use super::line::Line;

/// A time zone.
#[derive(Debug)]
pub(super) enum Zone {
    Rules(TimeZone),
    /// Never ahead of or behind UTC, and called so.
    Named(String),
}

impl Zone {
    /// By the value of `TZ`; without it the system's.
    pub(super) fn new(variable: Option<&OsStr>) -> Self {
        let Some(variable) = variable.map(OsStr::to_string_lossy) else {
            return TimeZone::local().map_or_else(|_| Self::Named("UTC".to_owned()), Self::Rules);
        };
        if variable.is_empty() {
            return Self::Named("UTC".to_owned());
        }
        TimeZone::from_posix_tz(&variable).map_or_else(|_| Self::named(&variable), Self::Rules)
    }

    /// The C library takes the letters of what it does not understand as the name of UTC, if there are three or more.
    fn named(variable: &str) -> Self {
        let letters = variable.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(variable.len());
        let name = variable.get(..letters).filter(|name| name.len() >= 3);
        Self::Named(name.unwrap_or_default().to_owned())
    }

    /// Seconds ahead of UTC and the zone's name at a time, in seconds since the epoch.
    fn at(&self, seconds: i64) -> (i32, &str) {
        match self {
            Self::Named(name) => (0, name),
            Self::Rules(rules) => match rules.find_local_time_type(seconds) {
                Ok(found) => (found.ut_offset(), found.time_zone_designation()),
                Err(_) => (0, "UTC"),
            },
        }
    }
}

/// Prints times; packets of the same second share the text of it.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    zone: Arc<Zone>,
    /// The second that the texts belong to.
    second: Option<i64>,
    /// Date and time of day in the zone, how long that is, and whether there is one.
    date: [u8; Field::ROOM],
    date_len: usize,
    is_date: bool,
    /// A blank and the name of the zone.
    name: Vec<u8>,
}

impl Clock {
    pub(super) fn new(zone: Arc<Zone>) -> Self {
        Self { zone, second: None, date: [0; Field::ROOM], date_len: 0, is_date: false, name: Vec::new() }
    }

    /// Adds `Sep 29, 2016 15:37:19.625878000 CEST`.
    #[inline]
    pub(super) fn write(&mut self, time: TimeParts, line: &mut Line) {
        if self.second != Some(time.seconds) {
            self.turn(time);
        }
        line.put(|room| {
            *room = self.date;
            self.date_len
        });
        if self.is_date {
            line.put(|room| time.fraction_text(room));
            line.extend(&self.name);
        }
    }

    fn turn(&mut self, time: TimeParts) {
        let (ahead, name) = self.zone.at(time.seconds);
        (self.date_len, self.is_date) = time.date_text(ahead, &mut self.date);
        self.name.clear();
        self.name.push(b' ');
        self.name.extend_from_slice(name.as_bytes());
        self.second = Some(time.seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tshark 4.0.17 printed; zones by rule, so that no files are needed.
    #[test]
    fn zones_of_rules() {
        for (variable, expected) in [
            ("", "Sep 29, 2016 13:37:19.000000001 UTC"),
            ("UTC0", "Sep 29, 2016 13:37:19.000000001 UTC"),
            ("nonsense", "Sep 29, 2016 13:37:19.000000001 nonsense"),
            ("no", "Sep 29, 2016 13:37:19.000000001 "),
            ("<+03>-3", "Sep 29, 2016 16:37:19.000000001 +03"),
            ("XYZ-5:30", "Sep 29, 2016 19:07:19.000000001 XYZ"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "Sep 29, 2016 15:37:19.000000001 CEST"),
        ] {
            let mut clock = Clock::new(Arc::new(Zone::new(Some(OsStr::new(variable)))));
            for _ in 0..2 {
                let mut line = Line::default();
                clock.write(TimeParts { seconds: 1_475_156_239, nanos: 1 }, &mut line);
                assert_eq!(String::from_utf8_lossy(line.bytes()), expected, "{variable}");
            }
        }
        let mut clock = Clock::new(Arc::new(Zone::new(Some(OsStr::new("CET-1CEST,M3.5.0,M10.5.0/3")))));
        let mut line = Line::default();
        for seconds in [0, 1_475_156_239, i64::MAX] {
            clock.write(TimeParts { seconds, nanos: 0 }, &mut line);
            line.extend(b"\n");
        }
        let expected = "Jan  1, 1970 01:00:00.000000000 CET\nSep 29, 2016 15:37:19.000000000 CEST\n\
                        Not representable\n";
        assert_eq!(String::from_utf8_lossy(line.bytes()), expected);
    }
}
