//! The switches of `rwcut` as one table, and what they add up to.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::addresses::IpFormat;
use super::maps::MapSwitch;
use super::printer::Layout;
use super::rows::Ipv6Policy;
use super::times::TimeFormat;
use crate::getopt::{self, Switch, Value, unique};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Id {
    Help,
    Version,
    HelpFields,
    Fields,
    AllFields,
    StartRecNum,
    EndRecNum,
    TailRecs,
    NumRecs,
    DryRun,
    IcmpTypeAndCode,
    TimestampFormat,
    EpochTime,
    LegacyTimestamps,
    IpFormat,
    IntegerIps,
    ZeroPadIps,
    IntegerSensors,
    IntegerTcpFlags,
    NoTitles,
    NoColumns,
    ColumnSeparator,
    NoFinalDelimiter,
    Delimited,
    PrintFilenames,
    OutputPath,
    Pager,
    SiteConfigFile,
    Ipv6Policy,
    PmapFile,
    PmapColumnWidth,
    Xargs,
    /// A switch of the reference that is not supported.
    Refused,
}

const fn switch(name: &'static str, value: Value, id: Id, help: (&'static str, &'static str)) -> Switch<Id> {
    Switch { name, value, id, help }
}

const TABLE: [Switch<Id>; 36] = [
    switch("help", Value::None, Id::Help, ("", "print this text")),
    switch("help-fields", Value::None, Id::HelpFields, ("", "list the fields")),
    switch("version", Value::None, Id::Version, ("", "print the version")),
    switch("fields", Value::Required, Id::Fields, ("LIST", "names, ids or ranges of ids; default 1-12")),
    switch("all-fields", Value::None, Id::AllFields, ("", "every field that there is")),
    switch(
        "start-rec-num",
        Value::Required,
        Id::StartRecNum,
        ("N", "begin with record N of all files together"),
    ),
    switch("end-rec-num", Value::Required, Id::EndRecNum, ("N", "end with record N")),
    switch("tail-recs", Value::Required, Id::TailRecs, ("N", "begin N records before the end")),
    switch("num-recs", Value::Required, Id::NumRecs, ("N", "print at most N records; 0 = all")),
    switch("dry-run", Value::None, Id::DryRun, ("", "print the titles only")),
    switch(
        "icmp-type-and-code",
        Value::None,
        Id::IcmpTypeAndCode,
        ("", "ICMP type and code in sPort and dPort"),
    ),
    switch(
        "timestamp-format",
        Value::Required,
        Id::TimestampFormat,
        ("FORMAT", "default, iso, m/d/y or epoch; no-msec; utc or local"),
    ),
    switch("epoch-time", Value::None, Id::EpochTime, ("", "as --timestamp-format=epoch")),
    switch(
        "legacy-timestamps",
        Value::Optional,
        Id::LegacyTimestamps,
        ("1|0", "as --timestamp-format=m/d/y,no-msec"),
    ),
    switch(
        "ip-format",
        Value::Required,
        Id::IpFormat,
        ("LIST", "canonical, no-mixed, decimal or hexadecimal; zero-padded; map-v4, unmap-v6 or force-ipv6"),
    ),
    switch("integer-ips", Value::None, Id::IntegerIps, ("", "as --ip-format=decimal")),
    switch("zero-pad-ips", Value::None, Id::ZeroPadIps, ("", "as --ip-format=zero-padded")),
    switch("integer-sensors", Value::None, Id::IntegerSensors, ("", "sensors as numbers")),
    switch("integer-tcp-flags", Value::None, Id::IntegerTcpFlags, ("", "TCP flags as numbers")),
    switch("no-titles", Value::None, Id::NoTitles, ("", "no line of titles")),
    switch("no-columns", Value::None, Id::NoColumns, ("", "no padding")),
    switch(
        "column-separator",
        Value::Required,
        Id::ColumnSeparator,
        ("C", "character behind a column; default |"),
    ),
    switch(
        "no-final-delimiter",
        Value::None,
        Id::NoFinalDelimiter,
        ("", "no character behind the last column"),
    ),
    switch(
        "delimited",
        Value::Optional,
        Id::Delimited,
        ("C", "as --no-columns --no-final-delimiter --column-separator=C"),
    ),
    switch("print-filenames", Value::None, Id::PrintFilenames, ("", "name each input on standard error")),
    switch("copy-input", Value::Required, Id::Refused, ("PATH", "not supported")),
    switch(
        "output-path",
        Value::Required,
        Id::OutputPath,
        ("PATH", "write there; an existing file is refused"),
    ),
    switch("pager", Value::Required, Id::Pager, ("PROG", "accepted; no pager is started")),
    switch(
        "site-config-file",
        Value::Required,
        Id::SiteConfigFile,
        ("FILE", "names of sensors, classes, types"),
    ),
    switch("ipv6-policy", Value::Required, Id::Ipv6Policy, ("POLICY", "ignore, asv4, mix, force or only")),
    switch("plugin", Value::Required, Id::Refused, ("FILE", "not supported")),
    switch("python-file", Value::Required, Id::Refused, ("FILE", "not supported")),
    switch("dynamic-library", Value::Required, Id::Refused, ("FILE", "not supported")),
    switch(
        "pmap-file",
        Value::Required,
        Id::PmapFile,
        ("[NAME:]FILE", "adds the fields src-NAME and dst-NAME"),
    ),
    switch("pmap-column-width", Value::Required, Id::PmapColumnWidth, ("N", "widest column of such a field")),
    switch("xargs", Value::Optional, Id::Xargs, ("FILE", "names of inputs, one a line")),
];

/// Which fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FieldChoice {
    Default,
    All,
    List(String),
}

/// Which rows, as given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RowSwitches {
    pub(crate) start: Option<u64>,
    pub(crate) end: Option<u64>,
    pub(crate) tail: Option<u64>,
    pub(crate) num: Option<u64>,
}

/// What the switches ask for.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) fields: FieldChoice,
    pub(crate) rows: RowSwitches,
    pub(crate) layout: Layout,
    pub(crate) maps: Vec<MapSwitch>,
    pub(crate) site: Option<PathBuf>,
    pub(crate) output: Option<OsString>,
    pub(crate) print_filenames: bool,
    pub(crate) dry_run: bool,
    /// `--xargs`: the file with the names; standard input without one.
    pub(crate) xargs: Option<Option<OsString>>,
    pub(crate) files: Vec<OsString>,
}

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) enum Request {
    Help,
    HelpFields,
    Version,
    Cut(Box<Job>),
}

/// Reads the arguments. The error is a message.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Request, String> {
    let (switches, files) = getopt::parse(&TABLE, arguments)?;
    let mut collected = Collected::new(files);
    for (id, value) in switches {
        match id {
            Id::Help => return Ok(Request::Help),
            Id::HelpFields => return Ok(Request::HelpFields),
            Id::Version => return Ok(Request::Version),
            id => collected.take(id, value).map_err(|message| about(id, &message))?,
        }
    }
    collected.finish().map(|job| Request::Cut(Box::new(job)))
}

/// The list of switches.
pub(crate) fn help() -> String {
    getopt::help(&TABLE)
}

fn about(id: Id, message: &str) -> String {
    match TABLE.iter().find(|switch| switch.id == id) {
        Some(switch) if id != Id::Refused => format!("Invalid {}: {message}", switch.name),
        _ => message.to_owned(),
    }
}

struct Collected {
    job: Job,
    time: Option<TimeFormat>,
    ip: Option<IpFormat>,
    integer_ips: bool,
    zero_pad_ips: bool,
}

impl Collected {
    fn new(files: Vec<OsString>) -> Self {
        let job = Job {
            fields: FieldChoice::Default,
            rows: RowSwitches::default(),
            layout: Layout::default(),
            maps: Vec::new(),
            site: None,
            output: None,
            print_filenames: false,
            dry_run: false,
            xargs: None,
            files,
        };
        Self { job, time: None, ip: None, integer_ips: false, zero_pad_ips: false }
    }

    fn take(&mut self, id: Id, value: Option<OsString>) -> Result<(), String> {
        let text = value.as_deref().map(OsStr::to_string_lossy).unwrap_or_default();
        let job = &mut self.job;
        let layout = &mut job.layout;
        match id {
            Id::Fields if job.fields == FieldChoice::Default => job.fields = FieldChoice::List(text.into()),
            Id::AllFields if job.fields == FieldChoice::Default => job.fields = FieldChoice::All,
            Id::Fields | Id::AllFields => return Err("fields are chosen twice".to_owned()),
            Id::StartRecNum => job.rows.start = Some(number(&text, 1)?),
            Id::EndRecNum => job.rows.end = Some(number(&text, 1)?),
            Id::TailRecs => job.rows.tail = Some(number(&text, 1)?),
            Id::NumRecs => job.rows.num = Some(number(&text, 0)?).filter(|&n| n > 0),
            Id::DryRun => job.dry_run = true,
            Id::IcmpTypeAndCode => layout.icmp_in_ports = true,
            Id::TimestampFormat => once(&mut self.time, TimeFormat::parse(&text)?)?,
            Id::EpochTime => once(&mut self.time, TimeFormat::parse("epoch")?)?,
            Id::LegacyTimestamps => match &*text {
                "" | "1" => once(&mut self.time, TimeFormat::parse("m/d/y,no-msec")?)?,
                "0" => {}
                _ => return Err(format!("'{text}' is neither 1 nor 0")),
            },
            Id::IpFormat => once(&mut self.ip, IpFormat::parse(&text)?)?,
            Id::IntegerIps => self.integer_ips = true,
            Id::ZeroPadIps => self.zero_pad_ips = true,
            Id::IntegerSensors => layout.integer_sensors = true,
            Id::IntegerTcpFlags => layout.integer_tcp_flags = true,
            Id::NoTitles => layout.titles = false,
            Id::NoColumns => layout.columns = false,
            Id::ColumnSeparator => layout.separator = first_byte(value.as_deref())?,
            Id::NoFinalDelimiter => layout.final_delimiter = false,
            Id::Delimited => {
                layout.columns = false;
                layout.final_delimiter = false;
                if value.is_some() {
                    layout.separator = first_byte(value.as_deref())?;
                }
            }
            Id::PrintFilenames => job.print_filenames = true,
            Id::OutputPath => once(&mut job.output, value.unwrap_or_default())?,
            Id::SiteConfigFile => once(&mut job.site, value.unwrap_or_default().into())?,
            Id::Ipv6Policy => {
                let found = unique(&Ipv6Policy::ALL, &text, |policy| policy.0);
                layout.policy = found.map_err(|_| format!("'{text}' is no policy"))?.1;
            }
            Id::PmapFile => job.maps.push(MapSwitch::parse(&value.unwrap_or_default())?),
            Id::PmapColumnWidth => {
                layout.map_width = Some(usize::try_from(number(&text, 1)?).unwrap_or(usize::MAX));
            }
            Id::Xargs => once(&mut job.xargs, value)?,
            Id::Pager | Id::Help | Id::HelpFields | Id::Version => {}
            Id::Refused => {
                let names =
                    TABLE.iter().filter(|switch| switch.id == Id::Refused).map(|s| format!("--{}", s.name));
                let names: Vec<_> = names.collect();
                return Err(format!("not supported by flowloom: {}", names.join(", ")));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Job, String> {
        let Self { mut job, time, ip, integer_ips, zero_pad_ips } = self;
        job.layout.time = time.unwrap_or_default();
        if ip.is_some() && (integer_ips || zero_pad_ips) {
            return Err("--ip-format cannot be used with --integer-ips or --zero-pad-ips".to_owned());
        }
        let ip = ip.unwrap_or_default();
        let ip = if integer_ips { ip.decimal() } else { ip };
        job.layout.ip = if zero_pad_ips { ip.zero_padded() } else { ip };
        match job.rows {
            RowSwitches { tail: Some(_), start, end, .. } if start.or(end).is_some() => {
                return Err("--tail-recs cannot be used with --start-rec-num or --end-rec-num".to_owned());
            }
            RowSwitches { start: Some(start), end: Some(end), .. } if start > end => {
                return Err(format!("--start-rec-num={start} lies behind --end-rec-num={end}"));
            }
            _ => {}
        }
        if job.xargs.is_some() && !job.files.is_empty() {
            return Err("files are named both as arguments and by --xargs".to_owned());
        }
        Ok(job)
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err("given more than once, or twice by different switches".to_owned()),
    }
}

fn number(text: &str, least: u64) -> Result<u64, String> {
    match text.trim().parse() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(format!("'{text}' is no number of at least {least}")),
    }
}

fn first_byte(value: Option<&OsStr>) -> Result<u8, String> {
    let value = value.unwrap_or_default().as_encoded_bytes();
    value.first().copied().ok_or_else(|| "the separator is empty".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(arguments: &[&str]) -> Result<Job, String> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        match parse(&arguments)? {
            Request::Cut(job) => Ok(*job),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn layouts() {
        let layout = job(&["--delimited", "--no-t"]).unwrap().layout;
        assert_eq!(
            (layout.columns, layout.final_delimiter, layout.separator, layout.titles),
            (false, false, b'|', false)
        );
        assert_eq!(job(&["--delimited=,x"]).unwrap().layout.separator, b',');
        assert_eq!(job(&["--column-sep", ";"]).unwrap().layout.separator, b';');
        assert_eq!(job(&["--ipv6-policy=i"]).unwrap().layout.policy, Ipv6Policy::Ignore);
        assert_eq!(job(&["--legacy-timestamps=0"]).unwrap().layout.time, TimeFormat::default());
        assert_eq!(
            job(&["--integer-ips", "--zero"]).unwrap().layout.ip,
            IpFormat::parse("decimal,zero-padded").unwrap()
        );
        assert_eq!(job(&["--num-recs=0"]).unwrap().rows.num, None);
    }

    #[test]
    fn refused() {
        for bad in [
            &["--copy-input=x"][..],
            &["--plugin=x"],
            &["--python-file", "x"],
            &["--bogus"],
            &["--num-fields=3"],
            &["--start-rec-num=0"],
            &["--num-recs=x"],
            &["--tail-recs=3", "--start-rec-num=1"],
            &["--start-rec-num=4", "--end-rec-num=3"],
            &["--fields=1", "--all-fields"],
            &["--fields=1", "--fields=2"],
            &["--epoch-time", "--timestamp-format=iso"],
            &["--ip-format=decimal", "--integer-ips"],
            &["--column-separator="],
            &["--ipv6-policy=x"],
            &["--xargs", "file"],
        ] {
            assert!(job(bad).is_err(), "{bad:?}");
        }
        assert!(job(&["--copy-input=x"]).unwrap_err().contains("--copy-input"));
    }
}
