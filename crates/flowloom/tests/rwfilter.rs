//! `rwfilter` on the sample of the semantics document (section 0), with the answers that it shows (sections 2 and 3), and
//! on made records against a slow evaluation of each.

#![expect(clippy::unwrap_used, reason = "a test that fails is meant to stop")]

mod sample;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flowloom::{rwcut, rwfilter};
use proptest::prelude::*;
use silk_format::{
    Blocks, ByteOrder, Compression, Entry, FlowRecord, FormatId, Header, Options, WriterOptions,
};

/// A directory with the sample and its site.
struct Bench {
    dir: tempfile::TempDir,
    setup: rwfilter::Setup,
}

/// Exit status, standard output, standard error.
type Done = (u8, Vec<u8>, String);

const HOUR: i64 = 3_600_000;

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = WriterOptions::default();
        std::fs::write(dir.path().join("flows.rw"), sample::file(&sample::records(), &options)).unwrap();
        std::fs::write(dir.path().join("silk.conf"), sample::SITE).unwrap();
        Self { dir, setup: rwfilter::Setup::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Runs with arguments split at blanks; `@` stands for the directory.
    fn run(&self, arguments: &str) -> Done {
        let folder = format!("{}/", self.dir.path().display());
        let arguments = arguments.split_whitespace().map(|argument| argument.replace('@', &folder));
        run(&arguments.collect::<Vec<_>>(), &self.setup)
    }

    /// The same with the sample's site and one thread, and with two: what it prints must be the same.
    fn sample(&self, switches: &str) -> Done {
        let [one, two] = [1, 2].map(|threads| {
            self.run(&format!("{switches} --threads={threads} --site-config-file=@silk.conf @flows.rw"))
        });
        assert!(data(&one.1) == data(&two.1), "{switches}");
        assert_eq!((one.0, &one.2), (two.0, &two.2), "{switches}");
        one
    }

    /// The numbers of the sample's records that pass.
    fn passing(&self, switches: &str) -> Vec<usize> {
        let (status, out, err) = self.sample(&format!("{switches} --pass=stdout"));
        assert_eq!((status, err.as_str()), (0, ""), "{switches}");
        self.numbers(&out)
    }

    /// The numbers of records in a file, by what `rwcut` prints of all layouts.
    fn numbers(&self, flows: &[u8]) -> Vec<usize> {
        let all = self.cut(&sample::file(&sample::records(), &WriterOptions::default()));
        let number = |line| all.iter().position(|other| *other == line).unwrap() + 1;
        self.cut(flows).into_iter().map(number).collect()
    }

    fn cut(&self, flows: &[u8]) -> Vec<String> {
        std::fs::write(self.path("cut.rw"), flows).unwrap();
        let fields = "--fields=1-12,sensor,class,type,iType,iCode,attributes,application,initialFlags";
        let file = self.name("cut.rw");
        let arguments =
            [fields, "--no-titles", "--delimited", "--ipv6-policy=mix", &file].map(OsString::from);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let run = rwcut::run_with(&arguments, &rwcut::Setup::default(), &mut out, &mut err);
        assert_eq!((run.status, err), (0, Vec::new()));
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    /// The sample as SiLK's packer stores it (section 2.1).
    fn pack(&self) {
        std::fs::create_dir(self.path("root")).unwrap();
        std::fs::write(self.path("root/silk.conf"), sample::SITE).unwrap();
        let records = sample::records();
        let place = |r: &FlowRecord| (r.stime_ms - r.stime_ms % HOUR, r.classtype_id, r.sensor_id);
        for files in records.chunk_by(|a, b| place(a) == place(b)) {
            let (hour, flowtype, sensor) = place(&files[0]);
            let (name, prefix) = [("in", "in"), ("", ""), ("inweb", "iw"), ("outweb", "ow")]
                .get(usize::from(flowtype))
                .copied()
                .unwrap_or(if flowtype == 8 { ("inicmp", "inicmp") } else { ("outicmp", "outicmp") });
            let hours = (hour - 1_234_396_800_000) / HOUR;
            let (day, hour_of_day) = (12 + hours / 24, hours % 24);
            let folder = self.path(&format!("root/{name}/2009/02/{day}"));
            std::fs::create_dir_all(&folder).unwrap();
            let options = WriterOptions::default()
                .with_format(FormatId::RWIPV6, 1)
                .with_packed_file(hour, flowtype, sensor);
            let file = folder.join(format!("{prefix}-S{sensor}_200902{day}.{hour_of_day:02}"));
            std::fs::write(file, sample::file(files, &options)).unwrap();
        }
    }
}

fn run(arguments: &[String], setup: &rwfilter::Setup) -> Done {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = rwfilter::run_with(&arguments, setup, &mut out, &mut err);
    (status, out, String::from_utf8(err).unwrap())
}

/// What stands behind the header; the header has the command line.
fn data(file: &[u8]) -> &[u8] {
    if file.is_empty() { file } else { &file[Header::parse(file).unwrap().1..] }
}

fn counts(files: usize, read: usize, pass: usize, fail: usize) -> String {
    format!("Files {files:>5}.  Read {read:>10}.  Pass {pass:>10}. Fail  {fail:>10}.\n")
}

fn list(numbers: &str) -> Vec<usize> {
    numbers.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

/// Rows of the tables of sections 3.2 to 3.8, from switches to what is written.
#[test]
fn partitions_3() {
    let bench = Bench::new();
    for (switches, records) in [
        ("--stime=2009/02/13-2009/02/13", "2 3 4 5 6 7 8 9 10"),
        ("--active-time=2009/02/13T01-2009/02/13T01", "5 6 7"),
        ("--duration=1-", "1 3 5 6 7 8 11"),
        ("--icmp-code=0", "6 9"),
        ("--any-index=8", "8 9 10"),
        ("--ip-version=6", "8 9"),
        ("--bytes-per-packet=60-64.25", "2 3 4 5"),
        ("--not-next-hop-id=10.0.0.x", "3 4 5 6 7 8 9 10"),
        ("--scidr=::/96", ""),
        ("--syn-flag=1 --flags-all=F/F", "1 2 3 8"),
        ("--attributes=C/TC,F/F", "3 11 12"),
    ] {
        assert_eq!(bench.passing(switches), list(records), "{switches}");
    }
}

/// Section 2.5: of named files these switches choose records.
#[test]
fn record_filters_2_5() {
    let bench = Bench::new();
    for (switches, records) in [
        ("--class=all", "1 2 4 5 6 8 9 10 11 12"),
        ("--class=all --type=all", "1 2 3 4 5 6 7 8 9 10 11 12"),
        ("--type=in,inweb", "1 2 4 5 8 9 10 11 12"),
        ("--sensors=1-2", "4 5 6 7 8 9 10"),
        ("--flowtypes=all/in", "4 5 8 9 10 11 12"),
        ("--flowtypes=all/in --protocol=17", "4 5"),
    ] {
        assert_eq!(bench.passing(switches), list(records), "{switches}");
    }
    let (status, out, err) = bench.sample("--type=in --start-date=2009/02/13 --pass=stdout");
    assert_eq!((status, out.len()), (1, 0));
    assert!(err.contains("Multiple input sources were specified"), "{err}");
}

/// The table of section 2.3.
#[test]
fn hours_2_3() {
    let bench = Bench::new();
    bench.pack();
    for (switches, records) in [
        ("--start-date=2009/02/12 --end-date=2009/02/13:00", "1 2 3 4 5 6 7 8 9 10"),
        ("--start-date=2009/02/12:05 --end-date=2009/02/13", "1 2 3 4 5 6 7 8"),
        ("--start-date=2009/02/13:01", "6 7"),
        ("--start-date=1234501200 --end-date=1234504799", "8"),
        ("--start-date=1234483200", "2 3 4 5"),
        ("--start-date=1234483200 --end-date=2009/02/13:05", "2 3 4 5 6 7 8 9 10"),
        ("--start-date=2009/02/13 --end-date=1234504799", "2 3 4 5 6 7 8"),
    ] {
        let (status, out, err) =
            bench.run(&format!("--data-rootdir=@root --type=all {switches} --all=stdout"));
        assert_eq!((status, err.as_str()), (0, ""), "{switches}");
        let mut found = bench.numbers(&out);
        found.sort_unstable();
        assert_eq!(found, list(records), "{switches}");
    }
    // The variable names the root as well; outgoing flows are not read without --type (section 2.4).
    let setup = rwfilter::Setup::default().with_variable("SILK_DATA_ROOTDIR", bench.path("root"));
    let arguments = ["--start-date=2009/02/13", "--print-statistics"].map(str::to_owned);
    assert_eq!(run(&arguments, &setup), (0, Vec::new(), counts(6, 7, 7, 0)));
    for (switches, message) in [
        ("--data-rootdir=@root --end-date=2009/02/13", "Cannot use --end-date without --start-date"),
        (
            "--data-rootdir=@root --start-date=2009/02/13 --end-date=2009/02/12",
            "end-date of 2009/02/12 is earlier than start-date of 2009/02/13",
        ),
        (
            "--data-rootdir=@root --start-date=2009/02/13 --sensors=S99",
            "Invalid sensors 'S99': The sensor name 'S99' is not recognized",
        ),
        (
            "--data-rootdir=@root --start-date=2009/02/13 --class=foo",
            "Invalid class 'foo': Cannot find class 'foo'",
        ),
        ("--data-rootdir=@nowhere --start-date=2009/02/13", "no such directory"),
        ("--start-date=2009/02/13", "no repository: name it with --data-rootdir"),
    ] {
        let (status, out, err) = bench.run(&format!("{switches} --all=stdout"));
        assert_eq!((status, out.len()), (1, 0), "{switches}");
        assert!(err.starts_with("rwfilter: ") && err.contains(message), "{err}");
    }
}

/// Sections 2.4 and 2.5: two classes, and the names of files that are missing.
#[test]
fn candidates_2_4() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("two")).unwrap();
    let site = "version 2\nsensor 0 A\nsensor 1 B\nsensor 2 C\n\
                class all\n sensors A B\n type 0 in in\n type 1 out out\n default-types in\nend class\n\
                class ext\n sensors C B\n type 2 in ein\n type 3 web eweb\n default-types in web\nend class\n\
                default-class ext\n";
    std::fs::write(bench.path("two/silk.conf"), site).unwrap();
    for (switches, files, warning) in [
        ("--flowtypes=all/web", "web/eweb-B web/eweb-C", ""),
        ("--flowtypes=ext/all", "in/ein-B in/ein-C web/eweb-B web/eweb-C", ""),
        (
            "--sensors=0-1",
            "in/ein-B web/eweb-B",
            "rwfilter: Ignoring sensor A (ID=0) that is not used by specified flowtypes\n",
        ),
        ("--class=all --type=out,in --sensors=B,A", "out/out-B out/out-A in/in-B in/in-A", ""),
    ] {
        let (status, out, err) = bench.run(&format!(
            "--data-rootdir=@two {switches} --start-date=2009/02/13:05 --print-missing-files --dry-run"
        ));
        let missing = files.split(' ').map(|file| {
            let (folder, name) = file.split_once('/').unwrap();
            format!("Missing {}/{folder}/2009/02/13/{name}_20090213.05\n", bench.name("two"))
        });
        assert_eq!((status, out.len()), (0, 0), "{switches}");
        assert_eq!(err, warning.to_owned() + &missing.collect::<String>(), "{switches}");
    }
    let (status, _, err) =
        bench.run("--data-rootdir=@two --class=all --sensors=C --start-date=2009/02/13:05 --dry-run");
    assert_eq!(status, 1);
    assert!(
        err.starts_with("rwfilter: No corresponding sensors given for class/type pair 'all/in'"),
        "{err}"
    );
}

/// Section 3.11.
#[test]
fn statistics_3_11() {
    let bench = Bench::new();
    assert_eq!(bench.sample("--protocol=6 --print-statistics"), (0, Vec::new(), counts(1, 12, 6, 6)));
    let volumes = "     |              Recs|           Packets|               Bytes|     Files|\n\
                   Total|                12|               140|              130019|         1|\n \
                   Pass|                 6|               129|              129170|          |\n \
                   Fail|                 6|                11|                 849|          |\n";
    assert_eq!(bench.sample("--protocol=6 --print-volume-statistics").2, volumes);
    // Tests of the counts themselves, and no test at all.
    assert!(
        bench
            .sample("--bytes=707 --print-volume-statistics")
            .2
            .contains("|                14|                1414|")
    );
    let all = bench.sample("--print-volume-statistics").2;
    assert_eq!(all.matches("|               140|              130019|").count(), 2, "{all}");
    assert_eq!(bench.sample("--print-statistics").2, counts(1, 12, 12, 0));
    // Where they go.
    let (_, out, err) = bench.run("--protocol=6 --print-statistics=stdout @flows.rw");
    assert_eq!((String::from_utf8(out).unwrap(), err.as_str()), (counts(1, 12, 6, 6), ""));
    let file = "--protocol=6 --print-statistics=@numbers.txt @flows.rw";
    assert_eq!(bench.run(file), (0, Vec::new(), String::new()));
    assert_eq!(std::fs::read_to_string(bench.path("numbers.txt")).unwrap(), counts(1, 12, 6, 6));
    assert_eq!(bench.run(file).0, 1);
}

/// Sections 3.10 and 3.11: where reading stops.
#[test]
fn limits_3_10() {
    let bench = Bench::new();
    let tcp = list("1 2 3 8 11 12");
    for (switches, pass, fail, statistics) in [
        ("--max-pass-records=2 --pass=@p", &tcp[..2], None, counts(1, 2, 2, 0)),
        ("--max-pass-records=4 --pass=@p", &tcp[..4], None, counts(1, 8, 4, 4)),
        ("--max-pass-records=6 --pass=@p", &tcp[..], None, counts(1, 12, 6, 6)),
        ("--max-pass-records=7 --pass=@p", &tcp[..], None, counts(1, 12, 6, 6)),
        ("--max-pass-records=0 --pass=@p", &tcp[..], None, counts(1, 12, 6, 6)),
        ("--max-pass-records=2 --pass=@p --fail=@f", &tcp[..2], Some("4 5 6 7 9 10"), counts(1, 12, 6, 6)),
        (
            "--max-pass-records=2 --max-fail-records=1 --pass=@p --fail=@f",
            &tcp[..2],
            Some("4"),
            counts(1, 4, 3, 1),
        ),
        (
            "--max-pass-records=4 --max-fail-records=1 --pass=@p --fail=@f",
            &tcp[..4],
            Some("4"),
            counts(1, 8, 4, 4),
        ),
        ("--max-fail-records=1 --pass=@p --fail=@f", &tcp[..], Some("4"), counts(1, 12, 6, 6)),
    ] {
        for threads in [1, 2] {
            let done =
                bench.run(&format!("--protocol=6 --threads={threads} {switches} --print-stat @flows.rw"));
            assert_eq!(done, (0, Vec::new(), statistics.clone()), "{switches}");
            let written = |name: &str| {
                let numbers = bench.numbers(&std::fs::read(bench.path(name)).unwrap());
                std::fs::remove_file(bench.path(name)).unwrap();
                numbers
            };
            assert_eq!(written("p"), pass, "{switches}");
            if let Some(fail) = fail {
                assert_eq!(written("f"), list(fail), "{switches}");
            }
        }
    }
    // Volumes end where reading does, and the second file is not opened.
    let (_, _, err) =
        bench.run("--protocol=6 --max-pass=2 --pass=@p --print-vol --print-filenames @flows.rw @flows.rw");
    assert!(err.starts_with(&format!("{}\n", bench.name("flows.rw"))), "{err}");
    assert!(
        err.contains("Total|                 2|                13|                4180|         1|"),
        "{err}"
    );
    // All records go on being read.
    let (_, _, err) =
        bench.run("--protocol=6 --max-pass=2 --pass=@q --all=@a --print-stat @flows.rw @flows.rw");
    assert_eq!(err, counts(2, 24, 12, 12));
    assert_eq!(bench.numbers(&std::fs::read(bench.path("q")).unwrap()), tcp[..2]);
    // Without a destination nothing is open and nothing closes.
    assert_eq!(bench.sample("--protocol=6 --max-pass=2 --print-stat").2, counts(1, 12, 6, 6));
}

/// Limits that are reached in the middle of many pieces and files, on one thread and on three.
#[test]
fn limits_between_pieces() {
    let bench = Bench::new();
    let records: Vec<FlowRecord> = sample::records().into_iter().cycle().take(50_000).collect();
    for (name, method) in [("large.rw", Compression::NONE), ("packed.rw", Compression::ZLIB)] {
        let options = WriterOptions::default().with_compression(method);
        std::fs::write(bench.path(name), sample::file(&records, &options)).unwrap();
    }
    // Half of the records are TCP; the sample's last one is.
    for limit in [1, 5, 6, 4096, 8192, 24_998, 25_000, 25_006, 40_000, 60_000] {
        let [one, three] = [1, 3].map(|threads| {
            let done = bench.run(&format!(
                "--protocol=6 --threads={threads} --max-pass={limit} --pass=stdout --print-stat @large.rw @packed.rw"
            ));
            (data(&done.1).to_vec(), done.2)
        });
        assert!(one == three, "{limit}");
        let both: Vec<&FlowRecord> = records.iter().chain(&records).collect();
        let tcp: Vec<usize> = (0..both.len()).filter(|row| both[*row].protocol == 6).collect();
        let (read, pass) = match tcp.get(limit - 1) {
            Some(last) => (last + 1, limit),
            None => (both.len(), tcp.len()),
        };
        let files = if read > records.len() { 2 } else { 1 };
        assert_eq!(one.1, counts(files, read, pass, read - pass), "{limit}");
        assert_eq!(one.0.len(), pass * 88, "{limit}");
    }
}

#[test]
fn destinations() {
    let bench = Bench::new();
    let (status, out, err) =
        bench.run("--protocol=6 --all=stdout --pass=@p2 --pass=@p3 --pass=/dev/null --fail=@f2 @flows.rw");
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(bench.numbers(&out), list("1 2 3 4 5 6 7 8 9 10 11 12"));
    let read = |name: &str| std::fs::read(bench.path(name)).unwrap();
    assert_eq!(bench.numbers(&read("p2")), list("1 2 3 8 11 12"));
    assert_eq!(read("p2"), read("p3"));
    assert_eq!(bench.numbers(&read("f2")), list("4 5 6 7 9 10"));
    // A file that exists stays as it is, but for SILK_CLOBBER.
    let again = "--protocol=17 --pass=@p2 @flows.rw";
    let (status, _, err) = bench.run(again);
    assert_eq!(status, 1);
    assert!(err.contains("SILK_CLOBBER"), "{err}");
    assert_eq!(bench.numbers(&read("p2")), list("1 2 3 8 11 12"));
    let clobber =
        Bench { dir: bench.dir, setup: rwfilter::Setup::default().with_variable("SILK_CLOBBER", "1") };
    assert_eq!(clobber.run(again).0, 0);
    assert_eq!(clobber.numbers(&std::fs::read(clobber.path("p2")).unwrap()), list("4 5"));
    // A file that is read is not written.
    let (status, _, err) = clobber.run("--protocol=17 --pass=@flows.rw @flows.rw");
    assert_eq!(status, 1, "{err}");
    assert_eq!(clobber.passing("--protocol=17"), list("4 5"));
    assert_eq!(clobber.run("--all=@no/such/folder @flows.rw").0, 1);
}

#[test]
fn headers() {
    let bench = Bench::new();
    std::fs::write(bench.path("why.txt"), "from a file\n").unwrap();
    let switches =
        "--protocol=6 --pass=stdout --note-add=why --note-file-add=@why.txt --compression-method=best";
    let (status, out, _) = bench.run(&format!("{switches} @flows.rw"));
    assert_eq!(status, 0);
    let (header, _) = Header::parse(&out).unwrap();
    assert_eq!((header.format(), header.record_version()), (FormatId::RWIPV6ROUTING, 1));
    assert_eq!((header.compression(), header.byte_order()), (Compression::ZLIB, ByteOrder::NATIVE));
    let folder = format!("{}/", bench.dir.path().display());
    let line = format!("rwfilter {} {folder}flows.rw", switches.replace('@', &folder));
    let entries = [
        Entry::Invocation(line.into_bytes()),
        Entry::Annotation(b"why".to_vec()),
        Entry::Annotation(b"from a file\n".to_vec()),
    ];
    assert_eq!(header.entries(), entries);
    assert_eq!(bench.numbers(&out), list("1 2 3 8 11 12"));
}

#[test]
fn ways_to_name_inputs() {
    let bench = Bench::new();
    let flows = bench.name("flows.rw");
    std::fs::write(bench.path("list"), format!("{flows}\n\n{flows}\n")).unwrap();
    for (switches, files) in [("@flows.rw @flows.rw", 2), ("--xargs=@list", 2), ("--input-pipe=@flows.rw", 1)]
    {
        let (status, out, err) =
            bench.run(&format!("{switches} --print-stat --protocol=6 --print-filenames"));
        let expected = format!("{flows}\n").repeat(files) + &counts(files, files * 12, files * 6, files * 6);
        assert_eq!((status, out.len(), err), (0, 0, expected), "{switches}");
        let (status, out, err) = bench.run(&format!("{switches} --protocol=6 --pass=@never --dry-run"));
        assert_eq!((status, err.as_str()), (0, ""));
        assert_eq!(String::from_utf8(out).unwrap(), format!("{flows}\n").repeat(files));
        assert!(!bench.path("never").exists());
    }
    assert!(bench.run("--help").1.starts_with(b"rwfilter SWITCHES"));
    assert!(bench.run("--version").1.starts_with(b"rwfilter: part of flowloom"));
}

/// Section 3.10: a message, the other inputs, and exit status 0. What precedes damage counts.
#[test]
fn inputs_that_cannot_be_read() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.path("flows.rw")).unwrap();
    std::fs::write(bench.path("cut.silk"), &whole[..whole.len() - 100]).unwrap();
    std::fs::write(bench.path("text"), "no flows").unwrap();
    for threads in [1, 2] {
        let (status, out, err) = bench.run(&format!(
            "--protocol=6 --threads={threads} --pass=stdout --print-stat @gone @text @cut.silk @flows.rw"
        ));
        let lines: Vec<&str> = err.lines().collect();
        assert_eq!((status, lines.len()), (0, 4), "{err}");
        for (line, name) in lines.iter().zip(["gone", "text", "cut.silk"]) {
            assert!(line.starts_with("rwfilter: ") && line.contains(name), "{err}");
        }
        // Ten whole records, of which 1 2 3 8 are TCP.
        assert_eq!(format!("{}\n", lines[3]), counts(2, 22, 10, 12));
        assert_eq!(bench.numbers(&out), list("1 2 3 8 1 2 3 8 11 12"));
    }
    let (status, _, err) = bench.run("--sipset=@gone --pass=stdout @flows.rw");
    assert_eq!((status, err.contains("gone")), (1, true), "{err}");
}

/// A file of the packer, in which a flow lasts longer than the reference's shortcut takes flows to last (section 3.2).
#[test]
fn the_shortcut_over_packed_hours() {
    let bench = Bench::new();
    let hour = 1_234_483_200_000;
    let mut long = sample::records()[1];
    (long.stime_ms, long.duration_ms) = (hour + 1000, 3 * HOUR as u32);
    let packed = WriterOptions::default().with_format(FormatId::RWIPV6, 1).with_packed_file(hour, 2, 0);
    std::fs::write(bench.path("packed"), sample::file(&[long], &packed)).unwrap();
    std::fs::write(bench.path("plain"), sample::file(&[long], &WriterOptions::default())).unwrap();
    let active = "--active-time=2009/02/13T02:30-2009/02/13T02:40 --print-stat";
    for (switches, file, pass) in [
        ("", "packed", 1),
        ("", "plain", 1),
        ("--reference-faults", "packed", 0),
        ("--reference-faults", "plain", 1),
    ] {
        let (status, _, err) = bench.run(&format!("{active} {switches} @{file}"));
        assert_eq!((status, err), (0, counts(1, 1, pass, 1 - pass)), "{switches} {file}");
    }
    // What the shortcut fails is written as failed, and its volume counts.
    let (_, out, err) = bench.run(&format!("{active} --reference-faults --fail=stdout @packed"));
    assert_eq!((bench.cut(&out).len(), err), (1, counts(1, 1, 0, 1)));
    let volumes = "--active-time=2009/02/13T02:30-2009/02/13T02:40 --reference-faults --print-vol @packed";
    assert!(
        bench.run(volumes).2.contains(" Fail|                 1|                 3|                 180|")
    );
}

/// Files whose header says that nothing passes are counted, and written where all go.
#[test]
fn files_that_cannot_match() {
    let bench = Bench::new();
    bench.pack();
    let query = "--data-rootdir=@root --type=all --start-date=2009/02/12 --end-date=2009/02/15 --next-hop-id=10.0.0.1";
    // These files store no next hop: it is 0.0.0.0, or :: in records of IPv6.
    assert_eq!(bench.run(&format!("{query} --print-stat")).2, counts(11, 12, 0, 12));
    let (_, out, _) = bench.run(&format!("{query} --fail=stdout"));
    assert_eq!(bench.cut(&out).len(), 12);
    let sensor = bench
        .run("--sensors=S1 --print-stat --site-config-file=@silk.conf @root/in/2009/02/13/in-S2_20090213.05");
    assert_eq!(sensor.2, counts(1, 1, 0, 1));
}

/// A reader that goes away is no error; the other destinations are completed.
#[test]
fn a_closed_pipe() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let bench = Bench::new();
    let arguments = |names: &[&str]| -> Vec<OsString> {
        let mut arguments: Vec<OsString> = ["--protocol=6", "--pass=stdout"].map(OsString::from).to_vec();
        arguments.extend(names.iter().map(|name| format!("--all={}", bench.name(name)).into()));
        arguments.push(bench.path("flows.rw").into());
        arguments
    };
    let mut err = Vec::new();
    assert_eq!(rwfilter::run_with(&arguments(&[]), &bench.setup, &mut Closed, &mut err), 0);
    assert_eq!(rwfilter::run_with(&arguments(&["all"]), &bench.setup, &mut Closed, &mut err), 0);
    assert_eq!(err, b"");
    assert_eq!(bench.cut(&std::fs::read(bench.path("all")).unwrap()).len(), 12);
    // An output that fails is an error, and leaves no half a file.
    assert_eq!(rwfilter::run_with(&arguments(&["half"]), &bench.setup, &mut Full, &mut err), 1);
    assert!(!err.is_empty() && !bench.path("half").exists());
}

/// A switch and what it means, said of one record.
#[derive(Clone)]
struct Meaning(String, Rc<dyn Fn(&FlowRecord) -> bool>);

impl fmt::Debug for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn meaning() -> impl Strategy<Value = Meaning> {
    fn of(switch: String, holds: impl Fn(&FlowRecord) -> bool + 'static) -> Meaning {
        Meaning(switch, Rc::new(holds))
    }
    let icmp = |r: &FlowRecord| r.protocol == 1 || (r.protocol == 58 && r.sip.is_ipv6());
    prop_oneof![
        any::<u8>().prop_map(|n| of(format!("--protocol=1,6,{n}"), move |r| [1, 6, n].contains(&r.protocol))),
        (0..9u16, 0..9u16).prop_map(|(a, b)| {
            let (first, last) = (a.min(b), a.max(b));
            of(format!("--dport={first}-{last},8-"), move |r| (first..=last).contains(&r.dport) || r.dport >= 8)
        }),
        (0..9u16).prop_map(|n| of(format!("--aport={n}"), move |r| r.sport == n || r.dport == n)),
        (0..3u8).prop_map(move |n| of(format!("--icmp-type={n}"), move |r| {
            icmp(r) && r.dport >> 8 == u16::from(n)
        })),
        (0..9u64).prop_map(|n| of(format!("--packets={n}-"), move |r| r.packets >= n)),
        (0..1000u64).prop_map(|n| of(format!("--bytes=10-{}", n + 10), move |r| {
            (10..=n + 10).contains(&r.bytes)
        })),
        (1..50u64).prop_map(|n| of(format!("--bytes-per-packet={n}-"), move |r| {
            r.bytes >= n * r.packets
        })),
        any::<u8>().prop_map(|n| of(format!("--saddress=10.x.x.{n},1-99"), move |r| {
            matches!(r.sip, IpAddr::V4(a) if a.octets()[0] == 10 && (a.octets()[3] == n || (1..=99).contains(&a.octets()[3])))
        })),
        any::<u8>().prop_map(|n| of(format!("--not-any-cidr=10.{n}.0.0/9,2001:db8::/127"), move |r| {
            let inside = |ip: IpAddr| match ip {
                IpAddr::V4(a) => a.octets()[0] == 10 && a.octets()[1] >> 7 == n >> 7,
                IpAddr::V6(a) => u128::from(a) >> 1 == 0x2001_0db8_u128 << 95,
            };
            !inside(r.sip) && !inside(r.dip)
        })),
        Just(of("--flags-initial=S/SA".to_owned(), |r| r.initial_tcpflags & 0x12 == 2)),
        Just(of("--tcp-flags=FR".to_owned(), |r| r.tcpflags & 5 != 0)),
        Just(of("--attributes=T/TC".to_owned(), |r| r.attributes & 0x60 == 0x20)),
        Just(of("--ip-version=6".to_owned(), |r| r.sip.is_ipv6())),
        (0..60u32).prop_map(|n| of(format!("--duration={n}-"), move |r| r.duration_ms >= n * 1000)),
        (0..3600i64).prop_map(|n| {
            let at = 1_234_483_200 + n;
            of(format!("--active-time={at}-{}", at + 60), move |r| {
                let end = r.stime_ms + i64::from(r.duration_ms);
                r.stime_ms <= (at + 60) * 1000 + 999 && end >= at * 1000
            })
        }),
        (0..4u32).prop_map(|n| of(format!("--any-index={n}"), move |r| r.input == n || r.output == n)),
    ]
}

prop_compose! {
    fn made_record()(
        bits in any::<[u8; 12]>(),
        ports in [0..12u16, 0..12u16],
        counts in (1..12u64, 0..2000u64),
        times in (0..3_600_000i64, 0..120_000u32),
        ids in (0..4u16, 0..9u8, 0..4u32, 0..4u32),
    ) -> FlowRecord {
        let v6 = bits[0] % 4 == 0;
        let ip = |a: u8, b: u8| match v6 {
            true => IpAddr::from(Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(a % 4))),
            false => IpAddr::from(Ipv4Addr::new(if b.is_multiple_of(3) { 192 } else { 10 }, b, 0, a)),
        };
        let mut record = FlowRecord::default();
        (record.sip, record.dip) = (ip(bits[1], bits[2]), ip(bits[3], bits[4]));
        record.nhip = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        record.protocol = [1, 6, 6, 17, 58, bits[5]][usize::from(bits[6]) % 6];
        (record.sport, record.dport) = (ports[0], if bits[7] % 2 == 0 { ports[1] } else { ports[1] << 8 });
        (record.packets, record.bytes) = counts;
        (record.initial_tcpflags, record.session_tcpflags) = (bits[8], bits[9]);
        record.tcpflags = bits[8] | bits[9];
        record.attributes = bits[10] & 0x78 | 1;
        (record.stime_ms, record.duration_ms) = (1_234_483_200_000 + times.0, times.1);
        (record.sensor_id, record.classtype_id, record.input, record.output) = ids;
        record
    }
}

/// The records of a file as they are.
fn stored(file: &[u8]) -> Vec<FlowRecord> {
    let (header, len) = Header::parse(file).unwrap();
    let mut blocks = Blocks::new(&header, Options::default(), &file[len..]).unwrap();
    let mut records = Vec::new();
    while let Some(block) = blocks.next_block() {
        records.extend(block.unwrap().records().map(FlowRecord::from));
    }
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Passing and failing records are all records, and each goes where a slow evaluation says.
    #[test]
    fn passing_and_failing_is_all(
        records in prop::collection::vec(made_record(), 1..300),
        repeats in 1..12usize,
        tests in prop::collection::vec(meaning(), 1..4),
        threads in 1..4usize,
        compressed in any::<bool>(),
        order in prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)],
    ) {
        let records = records.repeat(repeats);
        let compression = if compressed { Compression::ZLIB } else { Compression::NONE };
        let options = WriterOptions::default().with_compression(compression).with_byte_order(order);
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(Path::new(&at("in")), sample::file(&records, &options)).unwrap();
        let mut switches: Vec<(String, &Meaning)> = Vec::new();
        for test in &tests {
            let name = test.0.split('=').next().unwrap().to_owned();
            if switches.iter().all(|(other, _)| *other != name) {
                switches.push((name, test));
            }
        }
        let mut arguments: Vec<String> = switches.iter().map(|(_, test)| test.0.clone()).collect();
        // A list of protocols without ICMP excludes a test of ICMP; these lists all have it.
        arguments.extend([
            format!("--pass={}", at("pass")), format!("--fail={}", at("fail")), format!("--all={}", at("all")),
            "--print-volume-statistics".to_owned(), at("in"),
        ]);
        let setup = rwfilter::Setup::default().with_threads(NonZeroUsize::new(threads).unwrap());
        let (status, _, err) = run(&arguments, &setup);
        prop_assert_eq!(status, 0, "{}", err);
        let read = |name: &str| stored(&std::fs::read(at(name)).unwrap());
        let (passing, failing): (Vec<FlowRecord>, Vec<FlowRecord>) =
            read("in").into_iter().partition(|record| switches.iter().all(|(_, test)| (test.1)(record)));
        let line = |title: &str, records: &[FlowRecord], files: &str| {
            let packets: u64 = records.iter().map(|r| r.packets).sum();
            let bytes: u64 = records.iter().map(|r| r.bytes).sum();
            format!("{title:>5}|{:>18}|{packets:>18}|{bytes:>20}|{files:>10}|\n", records.len())
        };
        prop_assert_eq!(err.split_once('\n').unwrap().1.to_owned(), [
            line("Total", &records, "1"), line("Pass", &passing, ""), line("Fail", &failing, ""),
        ].concat());
        prop_assert!(read("pass") == passing);
        prop_assert!(read("fail") == failing);
        prop_assert!(read("all") == read("in"));
    }
}
