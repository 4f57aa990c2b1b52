//! The switches of `rwfilter` as one table, and what they ask for.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use silk_format::silk_time::SilkTime;
use silk_format::{Compression, Selector};

use super::partition::{Columns, Moment, Partition, Rule};
use crate::getopt::{self, Switch, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Id {
    Help,
    Version,
    Class,
    Type,
    Flowtypes,
    Sensors,
    StartDate,
    EndDate,
    DataRootdir,
    PrintMissingFiles,
    InputPipe,
    Xargs,
    Destination(Stream),
    Statistics(Form),
    MaxPass,
    MaxFail,
    DryRun,
    PrintFilenames,
    SiteConfigFile,
    CompressionMethod,
    NoteAdd,
    NoteFileAdd,
    Threads,
    ReferenceFaults,
    Test(Rule, bool),
    Refused,
}

/// Which records go to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    All,
    Pass,
    Fail,
}

impl Stream {
    pub(super) const COUNT: usize = 3;

    pub(super) const fn switch(self) -> &'static str {
        match self {
            Self::All => "all-destination",
            Self::Pass => "pass-destination",
            Self::Fail => "fail-destination",
        }
    }
}

/// Which statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Counts,
    Volumes,
}

const SIP: Columns = &["sip"];
const DIP: Columns = &["dip"];
const ANY: Columns = &["sip", "dip"];
const NHIP: Columns = &["nhip"];
const PORTS: Columns = &["sport", "dport"];
const INDEXES: Columns = &["input", "output"];

const fn plain(name: &'static str, value: Value, id: Id, help: (&'static str, &'static str)) -> Switch<Id> {
    Switch { name, value, id, help }
}

const fn test(name: &'static str, rule: Rule, help: (&'static str, &'static str)) -> Switch<Id> {
    plain(name, Value::Required, Id::Test(rule, false), help)
}

const fn not(name: &'static str, rule: Rule) -> Switch<Id> {
    plain(name, Value::Required, Id::Test(rule, true), ("…", "records that the switch without not- fails"))
}

const fn refused(name: &'static str) -> Switch<Id> {
    plain(name, Value::Optional, Id::Refused, ("…", "not supported"))
}

const INTEGERS: &str = "N,N-M,N-";
const WILDCARD: &str = "ADDRESS";
const BLOCKS: &str = "BLOCK,…";
const FLAGS: &str = "HIGH/MASK,…";
const TIMES: &str = "T1[-T2]";

const TABLE: &[Switch<Id>] = &[
    plain("help", Value::None, Id::Help, ("", "print this text")),
    plain("version", Value::None, Id::Version, ("", "print the version")),
    // Selection (semantics 2).
    plain("class", Value::Required, Id::Class, ("NAME", "the class of flows; the site's default")),
    plain("type", Value::Required, Id::Type, ("NAME,…", "types of the class, or all; its default types")),
    plain("flowtypes", Value::Required, Id::Flowtypes, ("CLASS/TYPE,…", "instead of class and type")),
    plain("sensors", Value::Required, Id::Sensors, ("NAME,…", "names, numbers and ranges; all of the class")),
    plain("start-date", Value::Required, Id::StartDate, ("YYYY/MM/DD[:HH]", "first hour; today")),
    plain("end-date", Value::Required, Id::EndDate, ("YYYY/MM/DD[:HH]", "last hour")),
    plain("data-rootdir", Value::Required, Id::DataRootdir, ("DIR", "the repository; $SILK_DATA_ROOTDIR")),
    plain("print-missing-files", Value::None, Id::PrintMissingFiles, ("", "name hours without a file")),
    plain("input-pipe", Value::Required, Id::InputPipe, ("FILE", "read this file or pipe")),
    plain("xargs", Value::Optional, Id::Xargs, ("FILE", "names of inputs, one a line")),
    // Outputs (semantics 3.10).
    plain("all-destination", Value::Required, Id::Destination(Stream::All), ("FILE", "write every record")),
    plain("pass-destination", Value::Required, Id::Destination(Stream::Pass), ("FILE", "write what passes")),
    plain("fail-destination", Value::Required, Id::Destination(Stream::Fail), ("FILE", "write what fails")),
    plain("print-statistics", Value::Optional, Id::Statistics(Form::Counts), ("FILE", "count records")),
    plain("print-volume-statistics", Value::Optional, Id::Statistics(Form::Volumes), ("FILE", "and volumes")),
    plain("max-pass-records", Value::Required, Id::MaxPass, ("N", "write at most so many; 0: all")),
    plain("max-fail-records", Value::Required, Id::MaxFail, ("N", "write at most so many; 0: all")),
    plain("dry-run", Value::None, Id::DryRun, ("", "check, and print the names of inputs")),
    plain("print-filenames", Value::None, Id::PrintFilenames, ("", "name each input on standard error")),
    plain("site-config-file", Value::Required, Id::SiteConfigFile, ("FILE", "names of sensors, types")),
    plain(
        "compression-method",
        Value::Required,
        Id::CompressionMethod,
        ("METHOD", "none, zlib, lzo1x, snappy, best"),
    ),
    plain("note-add", Value::Required, Id::NoteAdd, ("TEXT", "a note for the outputs' headers")),
    plain("note-file-add", Value::Required, Id::NoteFileAdd, ("FILE", "a note from a file")),
    plain("threads", Value::Required, Id::Threads, ("N", "threads; results do not depend on it")),
    plain(
        "reference-faults",
        Value::None,
        Id::ReferenceFaults,
        ("", "fail packed hours as SiLK does, which takes flows to last an hour"),
    ),
    // Times (semantics 3.2, 3.3).
    test("stime", Rule::Time(Moment::Start), (TIMES, "starts in this time, both ends included")),
    test("etime", Rule::Time(Moment::End), (TIMES, "ends in this time")),
    test("active-time", Rule::Time(Moment::Active), (TIMES, "under way at some moment of it")),
    test("duration", Rule::Duration, ("X[-Y]", "seconds")),
    // Numbers (semantics 3.4).
    test("sport", Rule::Numbers(&["sport"], u16::MAX), (INTEGERS, "source port")),
    test("dport", Rule::Numbers(&["dport"], u16::MAX), (INTEGERS, "destination port")),
    test("aport", Rule::Numbers(PORTS, u16::MAX), (INTEGERS, "either port")),
    test("protocol", Rule::Numbers(&["protocol"], 255), (INTEGERS, "IP protocol")),
    test("icmp-type", Rule::Icmp("icmptype"), (INTEGERS, "ICMP with this type")),
    test("icmp-code", Rule::Icmp("icmpcode"), (INTEGERS, "ICMP with this code")),
    test("input-index", Rule::Numbers(&["input"], u16::MAX), (INTEGERS, "interface of entry")),
    test("output-index", Rule::Numbers(&["output"], u16::MAX), (INTEGERS, "interface of exit")),
    test("any-index", Rule::Numbers(INDEXES, u16::MAX), (INTEGERS, "either interface")),
    test("application", Rule::Numbers(&["application"], u16::MAX), (INTEGERS, "application")),
    test("ip-version", Rule::IpVersion, ("4|6|4,6", "version of the record")),
    // Volumes (semantics 3.5).
    test("bytes", Rule::Volume("bytes"), ("N[-M]", "bytes")),
    test("packets", Rule::Volume("packets"), ("N[-M]", "packets")),
    test("bytes-per-packet", Rule::BytesPerPacket, ("X[-Y]", "their quotient")),
    // Addresses (semantics 3.6).
    test("saddress", Rule::Wildcard(SIP), (WILDCARD, "source: an address, block or pattern")),
    not("not-saddress", Rule::Wildcard(SIP)),
    test("daddress", Rule::Wildcard(DIP), (WILDCARD, "destination")),
    not("not-daddress", Rule::Wildcard(DIP)),
    test("any-address", Rule::Wildcard(ANY), (WILDCARD, "source or destination")),
    not("not-any-address", Rule::Wildcard(ANY)),
    test("next-hop-id", Rule::Wildcard(NHIP), (WILDCARD, "next hop")),
    not("not-next-hop-id", Rule::Wildcard(NHIP)),
    test("scidr", Rule::Cidr(SIP), (BLOCKS, "source: addresses and blocks")),
    not("not-scidr", Rule::Cidr(SIP)),
    test("dcidr", Rule::Cidr(DIP), (BLOCKS, "destination")),
    not("not-dcidr", Rule::Cidr(DIP)),
    test("any-cidr", Rule::Cidr(ANY), (BLOCKS, "source or destination")),
    not("not-any-cidr", Rule::Cidr(ANY)),
    test("nhcidr", Rule::Cidr(NHIP), (BLOCKS, "next hop")),
    not("not-nhcidr", Rule::Cidr(NHIP)),
    test("sipset", Rule::Set(SIP), ("FILE", "source in this IPset")),
    not("not-sipset", Rule::Set(SIP)),
    test("dipset", Rule::Set(DIP), ("FILE", "destination")),
    not("not-dipset", Rule::Set(DIP)),
    test("anyset", Rule::Set(ANY), ("FILE", "source or destination")),
    not("not-anyset", Rule::Set(ANY)),
    test("nhipset", Rule::Set(NHIP), ("FILE", "next hop")),
    not("not-nhipset", Rule::Set(NHIP)),
    // Flags and attributes (semantics 3.7, 3.8).
    test("flags-all", Rule::Flags("tcpflags"), (FLAGS, "flags of all packets; may be repeated")),
    test("flags-initial", Rule::Flags("initial_tcpflags"), (FLAGS, "of the first packet")),
    test("flags-session", Rule::Flags("session_tcpflags"), (FLAGS, "of the others")),
    test("tcp-flags", Rule::AnyFlag, ("LETTERS", "any of these flags")),
    test("fin-flag", Rule::FlagBit(1), ("0|1", "all such switches at once, or --flags-all")),
    test("syn-flag", Rule::FlagBit(2), ("0|1", "")),
    test("rst-flag", Rule::FlagBit(4), ("0|1", "")),
    test("psh-flag", Rule::FlagBit(8), ("0|1", "")),
    test("ack-flag", Rule::FlagBit(16), ("0|1", "")),
    test("urg-flag", Rule::FlagBit(32), ("0|1", "")),
    test("ece-flag", Rule::FlagBit(64), ("0|1", "")),
    test("cwr-flag", Rule::FlagBit(128), ("0|1", "")),
    test("attributes", Rule::Attributes, (FLAGS, "of the letters T C F S")),
    // What SiLK has and this does not (semantics 3.6, 3.9).
    refused("scc"),
    refused("dcc"),
    refused("any-cc"),
    refused("stype"),
    refused("dtype"),
    refused("pmap-file"),
    refused("tuple-file"),
    refused("tuple-fields"),
    refused("tuple-direction"),
    refused("tuple-delimiter"),
    refused("python-expr"),
    refused("python-file"),
    refused("plugin"),
    refused("dynamic-library"),
];

/// Where records come from; exactly one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inputs {
    /// Named as arguments; `-` and `stdin` are standard input.
    Files(Vec<OsString>),
    /// Named in a file, one a line; without a name in standard input.
    Xargs(Option<OsString>),
    Pipe(OsString),
    /// Chosen in the repository.
    Repository,
}

/// What the switches ask for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) inputs: Inputs,
    /// Which files, or, of files that are named, which records. The present is still to be filled in.
    pub(super) selector: Selector,
    pub(super) root: Option<PathBuf>,
    pub(super) site: Option<PathBuf>,
    pub(super) partition: Partition,
    pub(super) destinations: Vec<(Stream, OsString)>,
    /// Records that go to a destination of that kind; `None`: all.
    pub(super) max_pass: Option<u64>,
    pub(super) max_fail: Option<u64>,
    /// Where they go; `None`: standard error.
    pub(super) statistics: Option<(Form, Option<OsString>)>,
    pub(super) print_missing_files: bool,
    pub(super) print_filenames: bool,
    pub(super) dry_run: bool,
    pub(super) compression: Compression,
    pub(super) notes: Vec<Note>,
    pub(super) threads: Option<usize>,
    pub(super) reference_faults: bool,
}

/// A note for the headers of outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Note {
    Text(OsString),
    File(OsString),
}

/// What the arguments ask for.
#[derive(Debug)]
pub(super) enum Request {
    Help,
    Version,
    Filter(Box<Job>),
}

/// Reads the arguments. The error is a message.
pub(super) fn parse(arguments: &[OsString]) -> Result<Request, String> {
    // Their names depend on the names of the maps.
    if let Some(argument) = arguments.iter().find(|a| a.to_string_lossy().starts_with("--pmap-")) {
        let name = argument.to_string_lossy();
        let name = name.split('=').next().unwrap_or_default();
        return Err(format!("not supported by flowloom: {name}"));
    }
    let (switches, files) = getopt::parse(TABLE, arguments)?;
    let mut collected = Collected::default();
    for (id, value) in switches {
        match id {
            Id::Help => return Ok(Request::Help),
            Id::Version => return Ok(Request::Version),
            id => collected.take(id, value)?,
        }
    }
    collected.finish(files).map(|job| Request::Filter(Box::new(job)))
}

/// The list of switches.
pub(super) fn help() -> String {
    getopt::help(TABLE)
}

fn name_of(id: Id) -> &'static str {
    TABLE.iter().find(|switch| switch.id == id).map_or("", |switch| switch.name)
}

#[derive(Default)]
struct Collected {
    class: Option<OsString>,
    types: Option<OsString>,
    flowtypes: Option<OsString>,
    sensors: Option<OsString>,
    start: Option<OsString>,
    end: Option<OsString>,
    root: Option<OsString>,
    pipe: Option<OsString>,
    xargs: Option<Option<OsString>>,
    site: Option<OsString>,
    partition: Partition,
    destinations: Vec<(Stream, OsString)>,
    max_pass: Option<u64>,
    max_fail: Option<u64>,
    statistics: Option<(Form, Option<OsString>)>,
    flags: Vec<Id>,
    compression: Option<Compression>,
    notes: Vec<Note>,
    threads: Option<u64>,
}

impl Collected {
    fn take(&mut self, id: Id, value: Option<OsString>) -> Result<(), String> {
        let name = name_of(id);
        let once = |slot: &mut Option<OsString>| match slot.replace(value.clone().unwrap_or_default()) {
            None => Ok(()),
            Some(_) => Err(format!("Invalid {name}: Switch used multiple times")),
        };
        match id {
            Id::Class => once(&mut self.class),
            Id::Type => once(&mut self.types),
            Id::Flowtypes => once(&mut self.flowtypes),
            Id::Sensors => once(&mut self.sensors),
            Id::StartDate => once(&mut self.start),
            Id::EndDate => once(&mut self.end),
            Id::DataRootdir => once(&mut self.root),
            Id::InputPipe => once(&mut self.pipe),
            Id::SiteConfigFile => once(&mut self.site),
            Id::Xargs => {
                self.xargs = Some(value);
                Ok(())
            }
            Id::Destination(stream) => self.destination(stream, value.unwrap_or_default()),
            Id::Statistics(form) => match self.statistics.replace((form, value)) {
                None => Ok(()),
                Some(_) => {
                    Err("Only one of --print-statistics and --print-volume-statistics can be used".to_owned())
                }
            },
            Id::MaxPass => number(name, value.as_deref()).map(|n| self.max_pass = Some(n)),
            Id::MaxFail => number(name, value.as_deref()).map(|n| self.max_fail = Some(n)),
            Id::Threads => number(name, value.as_deref()).map(|n| self.threads = Some(n)),
            Id::CompressionMethod => {
                compression(value.as_deref()).map(|method| self.compression = Some(method))
            }
            Id::NoteAdd => {
                self.notes.extend(value.map(Note::Text));
                Ok(())
            }
            Id::NoteFileAdd => {
                self.notes.extend(value.map(Note::File));
                Ok(())
            }
            Id::Test(rule, negated) => self.partition.add(name, rule, negated, &value.unwrap_or_default()),
            Id::Refused => {
                let refused = TABLE.iter().filter(|switch| switch.id == Id::Refused);
                let names: Vec<String> = refused.map(|switch| format!("--{}", switch.name)).collect();
                Err(format!("not supported by flowloom: {}, --pmap-…", names.join(", ")))
            }
            flag => {
                self.flags.push(flag);
                Ok(())
            }
        }
    }

    /// `-` is a name for standard output; only one may go there.
    fn destination(&mut self, stream: Stream, path: OsString) -> Result<(), String> {
        let name = stream.switch();
        if path.is_empty() {
            return Err(format!("Invalid {name}: Empty file name"));
        }
        if path == "stderr" {
            return Err(format!("Invalid {name}: Cannot write binary data to the standard error"));
        }
        let path = if path == "-" { "stdout".into() } else { path };
        if self.destinations.iter().any(|(_, other)| *other == path) {
            return Err(format!("Invalid {name}: '{}' is written twice", path.to_string_lossy()));
        }
        self.destinations.push((stream, path));
        Ok(())
    }

    fn finish(self, files: Vec<OsString>) -> Result<Job, String> {
        let flag = |id: Id| self.flags.contains(&id);
        let dry_run = flag(Id::DryRun);
        let inputs = self.inputs(files)?;
        let selector = self.selector()?;
        let chooses = self.class.is_some()
            || self.types.is_some()
            || self.flowtypes.is_some()
            || self.sensors.is_some();
        // Of named files these switches choose records.
        let partitions = !self.partition.is_empty() || (chooses && inputs != Inputs::Repository);
        if self.destinations.is_empty() && self.statistics.is_none() && !dry_run {
            return Err("No output(s) specified".to_owned());
        }
        let splits = self.destinations.iter().find(|(stream, _)| *stream != Stream::All);
        if let (Some((stream, _)), false) = (splits, partitions) {
            let name = stream.switch();
            return Err(format!("Must specify partitioning rules when using --{name}"));
        }
        if let Some((_, Some(path))) = &self.statistics
            && self.destinations.iter().any(|(_, other)| other == path || (path == "-" && other == "stdout"))
        {
            return Err("Statistics and records cannot go to the same place".to_owned());
        }
        Ok(Job {
            inputs,
            selector,
            root: self.root.map(PathBuf::from),
            site: self.site.map(PathBuf::from),
            partition: self.partition,
            destinations: self.destinations,
            max_pass: self.max_pass.filter(|n| *n > 0),
            max_fail: self.max_fail.filter(|n| *n > 0),
            statistics: self.statistics,
            print_missing_files: self.flags.contains(&Id::PrintMissingFiles),
            print_filenames: self.flags.contains(&Id::PrintFilenames),
            dry_run,
            compression: self.compression.unwrap_or(Compression::NONE),
            notes: self.notes,
            threads: self.threads.map(|n| usize::try_from(n).unwrap_or(usize::MAX)).filter(|n| *n > 0),
            reference_faults: self.flags.contains(&Id::ReferenceFaults),
        })
    }

    /// Semantics 3.10: files, `--xargs`, `--input-pipe`, or a selection.
    fn inputs(&self, files: Vec<OsString>) -> Result<Inputs, String> {
        let dates = self.start.is_some() || self.end.is_some() || self.flags.contains(&Id::PrintMissingFiles);
        let named = [!files.is_empty(), self.xargs.is_some(), self.pipe.is_some()];
        let others = [&self.class, &self.types, &self.flowtypes, &self.sensors, &self.root];
        match named.iter().filter(|named| **named).count() {
            0 if dates || others.iter().any(|switch| switch.is_some()) => Ok(Inputs::Repository),
            0 => Err("No input was specified: name files, or choose some with --start-date".to_owned()),
            1 if !dates => Ok(match (&self.xargs, &self.pipe) {
                (Some(list), _) => Inputs::Xargs(list.clone()),
                (_, Some(pipe)) => Inputs::Pipe(pipe.clone()),
                _ => Inputs::Files(files),
            }),
            _ => Err("Multiple input sources were specified".to_owned()),
        }
    }

    fn selector(&self) -> Result<Selector, String> {
        let mut selector = Selector::new(0);
        let text = |value: &Option<OsString>| value.as_deref().map(|v| v.to_string_lossy().into_owned());
        selector.class = text(&self.class);
        selector.types = text(&self.types);
        selector.flowtypes = text(&self.flowtypes);
        selector.sensors = text(&self.sensors);
        selector.start = date("start-date", text(&self.start))?;
        selector.end = date("end-date", text(&self.end))?;
        Ok(selector)
    }
}

fn date(name: &str, text: Option<String>) -> Result<Option<SilkTime>, String> {
    let parse = |text: String| text.parse().map_err(|reason| format!("Invalid {name} '{text}': {reason}"));
    text.map(parse).transpose()
}

fn number(name: &str, value: Option<&OsStr>) -> Result<u64, String> {
    let text = value.unwrap_or_default().to_string_lossy();
    text.trim().parse().map_err(|_| format!("Invalid {name} '{text}': Expected a number"))
}

/// A method by its name or a unique beginning of it; `best` is the one that is best here.
fn compression(value: Option<&OsStr>) -> Result<Compression, String> {
    const METHODS: [(&str, Compression); 5] = [
        ("none", Compression::NONE),
        ("zlib", Compression::ZLIB),
        ("lzo1x", Compression::LZO1X),
        ("snappy", Compression::SNAPPY),
        ("best", Compression::ZLIB),
    ];
    let text = value.unwrap_or_default().to_string_lossy();
    getopt::unique(&METHODS, &text, |method| method.0).map(|method| method.1).map_err(|_| {
        format!("Invalid compression-method '{text}': expected none, zlib, lzo1x, snappy or best")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(arguments: &[&str]) -> Result<Job, String> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        match parse(&arguments)? {
            Request::Filter(job) => Ok(*job),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn names_stand_once_and_are_in_the_house_form() {
        for switch in TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.name == switch.name).count(), 1, "{}", switch.name);
        }
        for name in
            ["pass", "fail", "all", "print-stat", "print-vol", "max-pass", "start", "proto", "not-sip"]
        {
            assert!(getopt::unique(TABLE, name, |switch| switch.name).is_ok(), "{name}");
        }
        assert!(getopt::unique(TABLE, "not-s", |switch| switch.name).is_err());
    }

    #[test]
    fn what_is_asked_for() {
        let job = job(&[
            "--type=all",
            "--start-date=2016/09/29:12",
            "--end-date=2016/09/29:14",
            "--protocol=6",
            "--pass=stdout",
            "--print-stat",
            "--max-pass-records=0",
            "--threads=4",
            "--compression-method=sn",
            "--note-add=why",
        ])
        .unwrap();
        assert_eq!(job.inputs, Inputs::Repository);
        assert_eq!(job.selector.types.as_deref(), Some("all"));
        assert_eq!(job.selector.start.unwrap().to_string(), "2016/09/29T12");
        assert_eq!(job.destinations, [(Stream::Pass, "stdout".into())]);
        assert_eq!(job.statistics, Some((Form::Counts, None)));
        assert_eq!((job.max_pass, job.threads, job.compression), (None, Some(4), Compression::SNAPPY));
        assert_eq!(job.notes, [Note::Text("why".into())]);
    }

    #[test]
    fn messages() {
        for (arguments, message) in [
            (&["--not-protocol=6"][..], "unrecognized option '--not-protocol=6'"),
            (&["--flows=1"], "unrecognized option '--flows=1'"),
            (&["a", "--protocol=6"], "No output(s) specified"),
            (&["a", "--pass=x"], "Must specify partitioning rules when using --pass-destination"),
            (
                &["--start-date=2016/09/29", "--type=all", "--fail=x"],
                "Must specify partitioning rules when using --fail-destination",
            ),
            (&["a", "--start-date=2016/09/29", "--all=x"], "Multiple input sources were specified"),
            (&["a", "--xargs=b", "--all=x"], "Multiple input sources were specified"),
            (
                &["--start-date=2009/2/30", "--all=x"],
                "Invalid start-date '2009/2/30': Day value (30) out of range: use 1 <= day <= 28",
            ),
            (
                &["--start-date=2009/02", "--all=x"],
                "Invalid start-date '2009/02': Date '2009/02' does not have at least day precision",
            ),
            (&["a", "--protocol=1", "--protocol=6"], "A --protocol filter has already been set"),
            (&["a", "--not-sipset=a", "--sipset=b"], "--sipset cannot be used together with its opposite"),
            (&["a", "--bytes=1,2"], "Invalid bytes '1,2': Unexpected character ','"),
            (&["a", "--protocol=256"], "Invalid protocol '256': Value is above maximum of 255"),
            (&["a", "--scidr=10.0.0.0/0"], "Invalid scidr '10.0.0.0/0': Value is below minimum of 1"),
            (
                &["a", "--stime=2009/02/13T02:00:00.001-2009/02/13T02:00"],
                "Invalid stime '2009/02/13T02:00:00.001-2009/02/13T02:00': Range is invalid (min > max)",
            ),
            (&["a", "--flags-all=S/A"], "Invalid flags-all 'S/A': High flags is not subset of mask flags"),
            (&["a", "--pmap-src-x=1"], "not supported by flowloom: --pmap-src-x"),
        ] {
            assert_eq!(job(arguments).unwrap_err(), message, "{arguments:?}");
        }
        for refused in
            ["--scc=de", "--python-expr=x", "--tuple-file=x", "--plugin=x", "--stype=1", "--pmap-file=x"]
        {
            assert!(job(&["a", "--all=x", refused]).unwrap_err().starts_with("not supported by flowloom: "));
        }
        for wrong in [
            &["--all=x"][..],
            &["a", "--all=stderr"],
            &["a", "--all=stdout", "--pass=-", "--protocol=6"],
            &["a", "--all=x", "--print-statistics", "--print-volume-statistics"],
            &["a", "--all=stdout", "--print-statistics=stdout"],
            &["a", "--all=x", "--compression-method=gzip"],
            &["a", "--all=x", "--max-pass=-1"],
            &["a", "--all=x", "--class=a", "--class=b"],
            &["a", "--all=x", "--syn-flag=2"],
            &["a", "--all=x", "--saddress=10.0.0.1,10.0.0.2"],
        ] {
            assert!(job(wrong).is_err(), "{wrong:?}");
        }
        assert!(job(&["a", "--type=in", "--pass=x"]).is_ok());
        assert!(job(&["a", "--flags-all=S/SA", "--flags-all=F/F", "--syn-flag=1", "--pass=x"]).is_ok());
    }
}
