use proptest::prelude::*;

use super::*;
use crate::Class;

fn time(text: &str) -> SilkTime {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    let error = text.parse::<SilkTime>().unwrap_err();
    assert_eq!(error.class(), Class::Usage);
    error.to_string()
}

/// 2009/02/13T00:00:00.
const DAY: i64 = 1_234_483_200_000;

#[test]
fn forms_and_their_precision() {
    use Precision::{Day, Fraction, Hour, Minute, Second};
    for (text, ms, precision) in [
        ("2009/02/13", DAY, Day),
        ("2009/2/13", DAY, Day),
        (" 2009/02/13\t", DAY, Day),
        ("2009/02/13T", DAY, Day),
        ("2009/02/13:", DAY, Day),
        ("2009/02/13T05", DAY + 5 * HOUR_MS, Hour),
        ("2009/02/13:05", DAY + 5 * HOUR_MS, Hour),
        ("2009/02/13:5:", DAY + 5 * HOUR_MS, Hour),
        ("2009/02/13T05:06", DAY + 5 * HOUR_MS + 6 * 60_000, Minute),
        ("2009/02/13T05:06:07", DAY + 5 * HOUR_MS + 367_000, Second),
        ("2009/02/13T05:06:07.", DAY + 5 * HOUR_MS + 367_000, Second),
        ("2009/02/13T05:06:07.089", DAY + 5 * HOUR_MS + 367_089, Fraction),
        ("2009/02/13T05:06:07.9", DAY + 5 * HOUR_MS + 367_900, Fraction),
        ("2009/02/13T05:06:07.0899999", DAY + 5 * HOUR_MS + 367_089, Fraction),
        ("1970/01/01", 0, Day),
        ("2039/12/31T23:59:59.999", 2_208_988_799_999, Fraction),
        ("2012/02/29", 1_330_473_600_000, Day),
    ] {
        let time = time(text);
        assert_eq!((time.ms(), time.precision(), time.is_epoch()), (ms, precision, false), "{text}");
    }
    for (text, ms, precision) in [
        ("1234483200", DAY, Second),
        ("1234483200.0", DAY, Fraction),
        ("1234483200.5", DAY + 500, Fraction),
        ("536870912", 536_870_912_000, Second),
        ("2147483647.9999", 2_147_483_647_999, Fraction),
    ] {
        let time = time(text);
        assert_eq!((time.ms(), time.precision(), time.is_epoch()), (ms, precision, true), "{text}");
    }
}

#[test]
fn messages() {
    for (text, message) in [
        ("2009/2/30", "Day value (30) out of range: use 1 <= day <= 28"),
        ("2009/02", "Date '2009/02' does not have at least day precision"),
        ("2009/02/", "Date '2009/02/' does not have at least day precision"),
        ("2012/02/30", "Day value (30) out of range: use 1 <= day <= 29"),
        ("1969/12/31", "Year value (1969) out of range: use 1970 <= year <= 2039"),
        ("2040/01/01", "Year value (2040) out of range: use 1970 <= year <= 2039"),
        ("2009/13/01", "Month value (13) out of range: use 1 <= month <= 12"),
        ("2009/02/13T24", "Hour value (24) out of range: use 0 <= hour <= 23"),
        ("2009/02/13T05:60", "Minute value (60) out of range: use 0 <= minute <= 59"),
        ("536870911", "Epoch value (536870911) out of range: use 536870912 <= epoch <= 2147483647"),
        ("1234501200.", "'1234501200.' is not a number of seconds"),
        ("1234.501.200", "'1234.501.200' is not a number of seconds"),
        ("12345678", "Year value (12345678) out of range: use 1970 <= year <= 2039"),
        ("2009/02/13t05", "Unexpected character 't' in '2009/02/13t05'"),
        ("2009/02/13 05", "Unexpected character ' ' in '2009/02/13 05'"),
        ("2009-02-13", "Unexpected character '-' in '2009-02-13'"),
        ("2009/02/13T05:06:07.8x", "Unexpected character 'x' in '2009/02/13T05:06:07.8x'"),
        ("", "'' ends where a number is expected"),
    ] {
        assert_eq!(refused(text), message, "{text}");
    }
    refused("99999999999999999999/01/01");
}

#[test]
fn the_end_of_a_precision() {
    for (text, added) in [
        ("2009/02/13", 86_399_999),
        ("2009/02/13T05", 3_599_999),
        ("2009/02/13T05:06", 59_999),
        ("2009/02/13T05:06:07", 999),
        ("2009/02/13T05:06:07.9", 0),
        ("1234483200", 999),
        ("1234483200.0", 0),
    ] {
        assert_eq!(time(text).last_ms() - time(text).ms(), added, "{text}");
    }
}

/// Semantics 3.2: each row of its table with its limits, in ms behind 2009/02/13.
#[test]
fn ranges() {
    for (text, first, last) in [
        ("2009/02/13", 0, 0),
        ("2009/02/13-", 0, 0),
        ("2009/02/13-2009/02/13", 0, 86_399_999),
        ("2009/02/13T00-2009/02/13T00", 0, 3_599_999),
        ("2009/02/13T00:00:00-2009/02/13T00:00:00", 0, 999),
        ("2009/02/13-2009/02/13T00:59:59.998", 0, 3_599_998),
        ("2009/02/13-2009/02/13T00:59:59.9", 0, 3_599_900),
        ("1234483200-1234483200", 0, 999),
        ("1234483200-1234483200.0", 0, 0),
        ("2009/02/13T00:00:00-2009/02/13T00:00:02", 0, 2999),
        ("2009/02/13T00:00:00.001", 1, 1),
        ("2009/02/12T23:59:59-2009/02/12T23:59:59.500", -1000, -500),
        ("2009/02/13T01-2009/02/13T01", HOUR_MS, 2 * HOUR_MS - 1),
    ] {
        let range: TimeRange = text.parse().unwrap();
        assert_eq!((range.first_ms - DAY, range.last_ms - DAY), (first, last), "{text}");
    }
    let error = "2009/02/13T02:00:00.001-2009/02/13T02:00".parse::<TimeRange>().unwrap_err();
    assert_eq!((error.class(), &*error.to_string()), (Class::Usage, "Range is invalid (min > max)"));
    for wrong in ["", "-", "-2009/02/13", "2009/02/13-x", "2009/02/13-2009/02/13-2009/02/13"] {
        assert!(wrong.parse::<TimeRange>().is_err(), "{wrong}");
    }
}

/// The window of the articles' command: `--active-time=2016/09/29T13:22-2016/09/29T13:52`.
#[test]
fn the_articles_window() {
    let range: TimeRange = "2016/09/29T13:22-2016/09/29T13:52".parse().unwrap();
    assert_eq!((range.first_ms, range.last_ms), (1_475_155_320_000, 1_475_157_179_999));
}

#[test]
fn printing() {
    let ms = DAY + 5 * HOUR_MS + 367_089;
    assert_eq!(print(ms, Precision::Fraction, 'T'), "2009/02/13T05:06:07.089");
    assert_eq!(print(ms, Precision::Second, 'T'), "2009/02/13T05:06:07");
    assert_eq!(print(ms, Precision::Minute, ':'), "2009/02/13:05:06");
    assert_eq!(print(ms, Precision::Day, 'T'), "2009/02/13");
    assert_eq!(print(-1, Precision::Fraction, 'T'), "1969/12/31T23:59:59.999");
    assert_eq!(print(i64::MAX, Precision::Day, 'T'), "9223372036854775");
    assert_eq!(SilkTime::from_ms(ms).to_string(), "1234501567.089");
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(ms in 0i64..2_208_988_800_000) {
        for precision in
            [Precision::Day, Precision::Hour, Precision::Minute, Precision::Second, Precision::Fraction]
        {
            for mark in ['T', ':'] {
                let text = print(ms, precision, mark);
                let read = time(&text);
                prop_assert_eq!(read.precision(), precision);
                prop_assert_eq!(read.ms(), ms - ms % precision.span_ms());
                prop_assert!(read.ms() <= ms && ms <= read.last_ms());
                prop_assert_eq!(read.text(mark), text);
            }
        }
    }

    #[test]
    fn any_text_is_refused_politely(text: String) {
        let _ = text.parse::<TimeRange>();
    }

    #[test]
    fn nearly_times_are_refused_politely(text in "[0-9]{0,4}[/:T.-]{0,2}[0-9]{0,3}[/:T.-]?[0-9]{0,12}[/:T. -]?[0-9é]{0,9}") {
        if let Ok(time) = text.parse::<SilkTime>() {
            prop_assert!(time.ms() >= 0 && time.ms() < 2_208_988_800_000);
            prop_assert_eq!(time.text('T').parse::<SilkTime>().unwrap(), time);
        }
    }
}
