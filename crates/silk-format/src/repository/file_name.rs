//! The facts in the name of an hour file (semantics 2.1, spec 2.5).

use chrono::NaiveDate;

use crate::silk_time::HOUR_MS;
use crate::site::SiteConfig;

/// What a file name `FLOWTYPE-SENSOR_YYYYMMDD.HH[.SUFFIX]` says.
///
/// ```
/// use silk_format::{SiteConfig, repository::FileName};
///
/// let site = SiteConfig::parse(b"sensor 7 S7\nclass all\n sensors S7\n type 2 inweb iw\nend class\n")?;
/// let name = FileName::parse("data/inweb/2009/02/13/iw-S7_20090213.05.gz", &site).unwrap();
/// assert_eq!((name.flowtype, name.sensor, name.hour_ms), (2, Some(7), Some(1_234_501_200_000)));
/// # Ok::<(), silk_format::site::SiteError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FileName {
    /// The flowtype's id.
    pub flowtype: u8,
    /// The sensor's id; none if the site does not know the name.
    pub sensor: Option<u16>,
    /// The beginning of the hour, in ms since 1970; none for a day that the calendar does not have.
    pub hour_ms: Option<i64>,
}

impl FileName {
    /// Reads the last part of a path; none if it is not of this form or the site does not know the flowtype.
    ///
    /// Names of flowtypes may contain `-`, so that each one is tried. As in the reference, date and hour are judged by
    /// their range (19700101 to 20380118, 0 to 23) and not by the number of their digits.
    #[must_use]
    pub fn parse(path: &str, site: &SiteConfig) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (flowtype, rest) = name.match_indices('-').find_map(|(dash, _)| {
            let (flowtype, rest) = name.split_at_checked(dash)?;
            Some((site.flowtype_by_name(flowtype)?, rest.get(1..)?))
        })?;
        let (sensor, time) = rest.split_once('_')?;
        let (date, hour) = time.split_once('.')?;
        let hour = hour.split('.').next().unwrap_or_default();
        let date = number(date).filter(|date| (19_700_101..=20_380_118).contains(date))?;
        let hour = number(hour).filter(|hour| *hour <= 23)?;
        let day = NaiveDate::from_ymd_opt((date / 10_000) as i32, date / 100 % 100, date % 100);
        let day_ms = day.and_then(|day| Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis()));
        Some(Self {
            flowtype,
            sensor: site.sensor_by_name(sensor),
            hour_ms: day_ms.map(|day_ms| day_ms + i64::from(hour) * HOUR_MS),
        })
    }
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let site = "sensor 1 S1\nsensor 2 a-b\nclass all\n sensors S1 a-b\n type 0 in in\n type 1 x in-x\nend class\n";
        let site = SiteConfig::parse(site.as_bytes()).unwrap();
        let parse =
            |name: &str| FileName::parse(name, &site).map(|name| (name.flowtype, name.sensor, name.hour_ms));
        let hour = Some(1_234_501_200_000);
        for (name, expected) in [
            ("in-S1_20090213.05", Some((0, Some(1), hour))),
            ("/a/b/in-S1_20090213.05", Some((0, Some(1), hour))),
            ("in-S1_20090213.05.gz", Some((0, Some(1), hour))),
            ("in-S1_20090213.05.gz.x", Some((0, Some(1), hour))),
            ("in-a-b_20090213.05", Some((0, Some(2), hour))),
            // The first flowtype that fits.
            ("in-x-S1_20090213.05", Some((0, None, hour))),
            ("in-S9_20090213.05", Some((0, None, hour))),
            ("in-S1_20090230.05", Some((0, Some(1), None))),
            ("out-S1_20090213.05", None),
            ("in-S1_20090213", None),
            ("in-S1_20090213.24", None),
            ("in-S1_20380119.00", None),
            ("in-S1_19691231.00", None),
            ("in-S1-20090213.05", None),
            ("in", None),
            ("", None),
        ] {
            assert_eq!(parse(name), expected, "{name}");
        }
    }
}
