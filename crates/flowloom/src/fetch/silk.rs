//! The `rwfilter` command for the flows around an instant.

use std::time::Duration;

use flow_frame::Instant;
use silk_format::silk_time::{Precision, print};

use super::shell::{command_line, quote};
use crate::error::{Error, Result};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// 2040-01-01, where SiLK's dates end.
const END_MS: i64 = 2_208_988_800_000;

/// What `rwfilter` is asked for. The default is the command of the articles: all types and protocols, an hour of files
/// and a quarter of an hour of activity on either side, to standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SilkQuery {
    /// The program's name or path on the other host.
    pub program: String,
    /// How many hours of files on either side of the instant.
    pub hours: u32,
    /// How much activity on either side of the instant.
    pub active: Duration,
    /// `--type`
    pub types: String,
    /// Further switches, placed before `--protocol`: `--saddress=192.0.2.80`.
    pub switches: Vec<String>,
    /// `--protocol`
    pub protocol: String,
    /// `--site-config-file`
    pub site_config_file: Option<String>,
    /// `--data-rootdir`
    pub data_rootdir: Option<String>,
    /// `--pass`
    pub pass: String,
    /// The file to which the shell there redirects standard output.
    pub redirect: Option<String>,
}

impl Default for SilkQuery {
    fn default() -> Self {
        Self {
            program: "rwfilter".to_owned(),
            hours: 1,
            active: Duration::from_secs(15 * 60),
            types: "all".to_owned(),
            switches: Vec::new(),
            protocol: "0-255".to_owned(),
            site_config_file: Some("/data/silk.conf".to_owned()),
            data_rootdir: Some("/data".to_owned()),
            pass: "stdout".to_owned(),
            redirect: None,
        }
    }
}

/// The stretches of time that a [`SilkQuery`] means, and its command.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SilkWindow {
    /// From when to when files are asked for, cut to the minute as the command has it.
    pub files: (Instant, Instant),
    /// From when to when flows are to be active, exactly. The command has it cut to the minute, and `rwfilter` goes on to
    /// the end of its last minute: what comes back covers the window and needs `--window` to be exact.
    pub active: (Instant, Instant),
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// The command for a shell, redirection included: one line.
    pub command: String,
    /// What the user should know about these times.
    pub warnings: Vec<String>,
}

impl SilkQuery {
    /// The command for the flows around `at`; `now` only decides which warnings there are.
    ///
    /// # Errors
    /// `Usage`: years outside 1970 to 2039, or a control character in an argument.
    pub fn window(&self, at: Instant, now: Instant) -> Result<SilkWindow> {
        let around = |span: Duration| {
            let span = i128::try_from(span.as_nanos()).unwrap_or(i128::MAX);
            (Instant::from_ns(at.ns().saturating_sub(span)), Instant::from_ns(at.ns().saturating_add(span)))
        };
        let hours = around(Duration::from_secs(u64::from(self.hours) * 3600));
        let active = around(self.active);
        let files = (minute(hours.0)?, minute(hours.1)?);
        let minutes = (minute(active.0)?, minute(active.1)?);
        let arguments = self.arguments(files, minutes);
        let mut command = command_line(arguments.iter().map(String::as_str));
        if let Some(file) = &self.redirect {
            command += &format!(" > {}", quote(file));
        }
        if command.chars().any(char::is_control) {
            return Err(Error::usage(format!("the command would hold a control character: {command:?}")));
        }
        Ok(SilkWindow {
            files: (Instant::from_ms(files.0), Instant::from_ms(files.1)),
            active,
            arguments,
            command,
            warnings: warnings(files, active, now),
        })
    }

    /// Beginnings and ends in ms, whole minutes.
    fn arguments(&self, files: (i64, i64), active: (i64, i64)) -> Vec<String> {
        let date = |ms| print(ms, Precision::Minute, ':');
        let time = |ms| print(ms, Precision::Minute, 'T');
        let mut arguments = vec![
            self.program.clone(),
            format!("--type={}", self.types),
            format!("--start-date={}", date(files.0)),
            format!("--end-date={}", date(files.1)),
            format!("--active-time={}-{}", time(active.0), time(active.1)),
        ];
        arguments.extend(self.switches.iter().cloned());
        arguments.push(format!("--protocol={}", self.protocol));
        let optional =
            [("--site-config-file", &self.site_config_file), ("--data-rootdir", &self.data_rootdir)];
        for (switch, value) in optional {
            arguments.extend(value.as_ref().map(|value| format!("{switch}={value}")));
        }
        arguments.push(format!("--pass={}", self.pass));
        arguments
    }
}

/// The beginning of the minute, in ms.
fn minute(instant: Instant) -> Result<i64> {
    let minute = instant.ns().div_euclid(60_000_000_000);
    match i64::try_from(minute).ok().and_then(|minute| minute.checked_mul(MINUTE_MS)) {
        Some(ms @ 0..END_MS) => Ok(ms),
        _ => Err(Error::usage(format!("{instant} lies outside the years 1970 to 2039 of SiLK's dates"))),
    }
}

fn warnings(files: (i64, i64), active: (Instant, Instant), now: Instant) -> Vec<String> {
    let hour = |ms: i64| ms - ms.rem_euclid(HOUR_MS);
    let (first, last) = (hour(files.0), hour(files.1));
    let text = |ms| print(ms, Precision::Hour, ':');
    let mut warnings =
        vec![format!("rwfilter reads whole hours: {} to {}, each to its end (UTC)", text(first), text(last))];
    if active.0 < Instant::from_ms(first) || Instant::from_ms(last + HOUR_MS) <= active.1 {
        warnings.push(
            "the activity window reaches beyond these hours: flows that start outside them are not read; ask for more \
             --hours"
                .to_owned(),
        );
    }
    if now < active.0 {
        warnings.push("the activity window lies in the future: nothing of it is recorded yet".to_owned());
    } else if now < active.1 {
        let seconds = (active.1.ns() - now.ns()) / 1_000_000_000;
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        warnings.push(format!(
            "the last {minutes} m {seconds} s of the activity window lie in the future: nothing of them is recorded yet"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2016-09-29 13:37:19.625972";

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn six_digits(times: (Instant, Instant)) -> [String; 2] {
        [times.0.six_digits(), times.1.six_digits()]
    }

    /// Article D1, as it was printed at 2016-09-29 13:37:19.
    const ARTICLE: &str = "rwfilter --type=all --start-date=2016/09/29:12:37 --end-date=2016/09/29:14:37 \
        --active-time=2016/09/29T13:22-2016/09/29T13:52 --protocol=0-255 --site-config-file=/data/silk.conf \
        --data-rootdir=/data --pass=stdout > /tmp/query.rwf";

    #[test]
    fn the_articles_command_to_the_byte() {
        let query = SilkQuery { redirect: Some("/tmp/query.rwf".to_owned()), ..SilkQuery::default() };
        let window = query.window(instant(NOW), instant(NOW)).unwrap();
        assert_eq!(window.command, ARTICLE);
        assert_eq!(six_digits(window.active), ["2016-09-29 13:22:19.625972", "2016-09-29 13:52:19.625972"]);
        assert_eq!(six_digits(window.files), ["2016-09-29 12:37:00.000000", "2016-09-29 14:37:00.000000"]);
        assert_eq!(
            window.warnings,
            [
                "rwfilter reads whole hours: 2016/09/29:12 to 2016/09/29:14, each to its end (UTC)",
                "the last 15 m 0 s of the activity window lie in the future: nothing of them is recorded yet",
            ]
        );
    }

    #[test]
    fn every_part_can_be_chosen() {
        let query = SilkQuery {
            program: "/opt/silk/bin/rwfilter".to_owned(),
            hours: 3,
            active: Duration::from_secs(90 * 60),
            types: "in,out".to_owned(),
            switches: vec!["--saddress=192.0.2.80".to_owned(), "--flags-all=S/SA,R/R".to_owned()],
            protocol: "6,17".to_owned(),
            site_config_file: None,
            data_rootdir: Some("/flow data".to_owned()),
            pass: "out.rw".to_owned(),
            redirect: None,
        };
        let window = query.window(instant("2020-01-01T00:00:59.9Z"), instant("2021-01-01T00:00Z")).unwrap();
        assert_eq!(
            window.command,
            "/opt/silk/bin/rwfilter --type=in,out --start-date=2019/12/31:21:00 --end-date=2020/01/01:03:00 \
             --active-time=2019/12/31T22:30-2020/01/01T01:30 --saddress=192.0.2.80 --flags-all=S/SA,R/R \
             --protocol=6,17 '--data-rootdir=/flow data' --pass=out.rw"
        );
        assert_eq!(window.warnings.len(), 1);
    }

    #[test]
    fn warnings_of_the_future_and_of_the_hours() {
        let told = |hours, active, at: &str, now: &str| {
            let query = SilkQuery { hours, active: Duration::from_secs(active), ..SilkQuery::default() };
            let warnings = query.window(instant(at), instant(now)).unwrap().warnings;
            let has = |word: &str| warnings.iter().any(|warning| warning.contains(word));
            (has("window lies in the future"), has("window lie in the future"), has("beyond these hours"))
        };
        let noon = "2016-09-29T12:30Z";
        assert_eq!(told(1, 900, noon, "2016-09-29T12:45Z"), (false, false, false));
        assert_eq!(told(1, 900, noon, "2016-09-29T12:44:59.9Z"), (false, true, false));
        assert_eq!(told(1, 900, noon, "2016-09-29T12:15Z"), (false, true, false));
        assert_eq!(told(1, 900, noon, "2016-09-29T12:14Z"), (true, false, false));
        let later = "2017-01-01T00:00Z";
        // Hours 11 to 13: from 11:00 to before 14:00.
        assert_eq!(told(1, 89 * 60, noon, later), (false, false, false));
        assert_eq!(told(1, 90 * 60, noon, later), (false, false, true));
        assert_eq!(told(0, 1800, noon, later), (false, false, true));
        assert_eq!(told(0, 1799, noon, later), (false, false, false));
        assert_eq!(told(0, 1200, "2016-09-29T12:10Z", later), (false, false, true));
    }

    #[test]
    fn what_cannot_be_written() {
        let refused = |query: &SilkQuery, at| query.window(at, at).unwrap_err();
        let plain = SilkQuery::default();
        for at in ["1970-01-01T00:30Z", "2039-12-31T23:30Z", "@999999999999"] {
            assert!(refused(&plain, instant(at)).to_string().contains("1970 to 2039"), "{at}");
        }
        for ns in [i128::MIN, i128::MAX] {
            refused(&plain, Instant::from_ns(ns));
        }
        let line = SilkQuery { pass: "a\nb".to_owned(), ..plain };
        assert!(refused(&line, instant(NOW)).to_string().contains("control character"));
    }
}
