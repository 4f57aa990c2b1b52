//! Local time as the C library tells it from `TZ`, which `frame.time` is printed in (semantics 2).

use std::ffi::OsStr;
use std::sync::Arc;

use pcap_headers::{Field, FieldValue, TimeParts};
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
    /// Date and time of day in the zone, and whether there is one.
    date: Text,
    is_date: bool,
    /// A blank and the name of the zone.
    name: Vec<u8>,
    /// Seconds since the epoch.
    epoch: Text,
}

/// A text with its length.
type Text = ([u8; Field::ROOM], usize);

impl Clock {
    pub(super) fn new(zone: Arc<Zone>) -> Self {
        let empty = ([0; Field::ROOM], 0);
        Self { zone, second: None, date: empty, is_date: false, name: Vec::new(), epoch: empty }
    }

    /// More than the name of the zone has at any time.
    pub(super) fn most_bytes(&self) -> usize {
        match &*self.zone {
            Zone::Rules(_) => 1 + usize::from(u8::MAX),
            Zone::Named(name) => 1 + name.len(),
        }
    }

    /// Adds `Sep 29, 2016 15:37:19.625878000 CEST`.
    #[inline]
    pub(super) fn write_local(&mut self, time: TimeParts, line: &mut Line<'_>) {
        self.turn(time);
        line.put(|room| copy(&self.date, room));
        if self.is_date {
            line.put(|room| time.fraction_text(room));
            line.extend(&self.name);
        }
    }

    /// Adds `1475156239.625878000`, as the field has it.
    #[inline]
    pub(super) fn write_epoch(&mut self, time: TimeParts, field: &Field, line: &mut Line<'_>) {
        if time.seconds < 0 || time.nanos < 0 {
            return line.put(|room| field.text(FieldValue::Time(time), room));
        }
        self.turn(time);
        line.put(|room| copy(&self.epoch, room));
        line.put(|room| time.fraction_text(room));
    }

    #[inline]
    fn turn(&mut self, time: TimeParts) {
        if self.second != Some(time.seconds) {
            self.turn_to(time);
        }
    }

    #[cold]
    fn turn_to(&mut self, time: TimeParts) {
        let (ahead, name) = self.zone.at(time.seconds);
        let (len, is_date) = time.date_text(ahead, &mut self.date.0);
        (self.date.1, self.is_date) = (len, is_date);
        self.name.clear();
        self.name.push(b' ');
        self.name.extend_from_slice(name.as_bytes());
        let seconds = time.seconds.to_string();
        self.epoch.1 = seconds.len();
        self.epoch.0.iter_mut().zip(seconds.bytes()).for_each(|(place, digit)| *place = digit);
        self.second = Some(time.seconds);
    }
}

#[inline]
fn copy(text: &Text, room: &mut [u8; Field::ROOM]) -> usize {
    *room = text.0;
    text.1
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
                let mut memory = [0; 200];
                let mut line = Line::new(&mut memory);
                clock.write_local(TimeParts { seconds: 1_475_156_239, nanos: 1 }, &mut line);
                assert_eq!(String::from_utf8_lossy(line.bytes()), expected, "{variable}");
            }
        }
        let mut clock = Clock::new(Arc::new(Zone::new(Some(OsStr::new("CET-1CEST,M3.5.0,M10.5.0/3")))));
        let mut memory = [0; 400];
        let mut line = Line::new(&mut memory);
        for seconds in [0, 1_475_156_239, i64::MAX] {
            clock.write_local(TimeParts { seconds, nanos: 0 }, &mut line);
            line.extend(b"\n");
        }
        let expected = "Jan  1, 1970 01:00:00.000000000 CET\nSep 29, 2016 15:37:19.000000000 CEST\n\
                        Not representable\n";
        assert_eq!(String::from_utf8_lossy(line.bytes()), expected);
    }
}
