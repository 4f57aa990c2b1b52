//! Times as text. Everything is UTC; the forms are those of the project's "Text of time".

use chrono::{DateTime, Utc};

/// RFC 3339 with three digits, as flows are printed: `2016-09-29T13:22:19.853Z`.
pub(crate) fn rfc3339_ms(ms: i64) -> String {
    match DateTime::from_timestamp_millis(ms) {
        Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        None => epoch(ns_of_ms(ms)),
    }
}

/// RFC 3339 with as few of three, six or nine digits as keep the instant exact.
pub(crate) fn rfc3339_ns(ns: i128) -> String {
    let Some(time) = datetime(ns) else { return epoch(ns) };
    let form = match ns {
        _ if ns % 1_000_000 == 0 => "%Y-%m-%dT%H:%M:%S%.3fZ",
        _ if ns % 1_000 == 0 => "%Y-%m-%dT%H:%M:%S%.6fZ",
        _ => "%Y-%m-%dT%H:%M:%S%.9fZ",
    };
    time.format(form).to_string()
}

/// The form of the articles' sentence, six digits: `2016-09-29 13:22:19.625972`.
pub(crate) fn sentence(ns: i128) -> String {
    match datetime(ns) {
        Some(time) => time.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        None => epoch(ns),
    }
}

/// For people, on the page: `2016-09-29 13:22:19` and, if there are any, the milliseconds.
pub(crate) fn plain(ms: i64) -> String {
    match DateTime::from_timestamp_millis(ms) {
        Some(time) if ms % 1000 == 0 => time.format("%Y-%m-%d %H:%M:%S").to_string(),
        Some(time) => time.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        None => epoch(ns_of_ms(ms)),
    }
}

/// The time of day alone, for a reader who already knows the day.
pub(crate) fn clock(ms: i64) -> String {
    match DateTime::from_timestamp_millis(ms) {
        Some(time) if ms % 1000 == 0 => time.format("%H:%M:%S").to_string(),
        Some(time) => time.format("%H:%M:%S%.3f").to_string(),
        None => epoch(ns_of_ms(ms)),
    }
}

/// Reads what [`rfc3339_ms`] and [`rfc3339_ns`] write.
pub(crate) fn parse_ns(text: &str) -> Option<i128> {
    if let Some(seconds) = text.strip_prefix('@') {
        let (negative, digits) = seconds.strip_prefix('-').map_or((false, seconds), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.')?;
        if fraction.len() != 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let ns = whole.parse::<i128>().ok()?.checked_mul(NS)?.checked_add(fraction.parse().ok()?)?;
        return Some(if negative { -ns } else { ns });
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    i128::from(time.timestamp()).checked_mul(NS)?.checked_add(time.timestamp_subsec_nanos().into())
}

/// The calendar time, where the calendar reaches so far.
pub(crate) fn datetime(ns: i128) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(ns.div_euclid(NS)).ok()?;
    DateTime::from_timestamp(seconds, u32::try_from(ns.rem_euclid(NS)).ok()?)
}

pub(crate) fn ns_of_ms(ms: i64) -> i128 {
    i128::from(ms) * 1_000_000
}

/// Beyond the calendar: seconds since the epoch, a form that the command also reads.
fn epoch(ns: i128) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    format!("@{sign}{}.{:09}", ns / NS.unsigned_abs(), ns % NS.unsigned_abs())
}

const NS: i128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        // `date -u -d @1475155339` is 2016-09-29 13:22:19.
        assert_eq!(rfc3339_ms(1_475_155_339_853), "2016-09-29T13:22:19.853Z");
        assert_eq!(rfc3339_ms(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339_ns(1_475_155_339_625_972_000), "2016-09-29T13:22:19.625972Z");
        assert_eq!(rfc3339_ns(1_475_155_339_000_000_001), "2016-09-29T13:22:19.000000001Z");
        assert_eq!(sentence(1_475_155_339_625_972_000), "2016-09-29 13:22:19.625972");
        assert_eq!(sentence(-1), "1969-12-31 23:59:59.999999");
        assert_eq!(plain(1_475_155_339_000), "2016-09-29 13:22:19");
        assert_eq!(clock(1_475_155_339_853), "13:22:19.853");
    }

    #[test]
    fn beyond_the_calendar() {
        assert_eq!(rfc3339_ms(i64::MAX), "@9223372036854775.807000000");
        assert_eq!(rfc3339_ms(i64::MIN), "@-9223372036854775.808000000");
    }

    #[test]
    fn reads_its_own_output() {
        for ns in [0, 1, -1, 1_475_155_339_625_972_000, i128::from(i64::MAX) * 1_000_000] {
            assert_eq!(parse_ns(&rfc3339_ns(ns)), Some(ns), "{ns}");
        }
        for ms in [0, -1, 1_475_155_339_853, i64::MAX, i64::MIN] {
            assert_eq!(parse_ns(&rfc3339_ms(ms)), Some(ns_of_ms(ms)), "{ms}");
        }
        for text in ["", "@", "@1", "@1.5", "@x.000000000", "@1.+00000000", "yesterday"] {
            assert_eq!(parse_ns(text), None, "{text}");
        }
    }
}
