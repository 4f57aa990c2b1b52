//! Where records come from and go to: inputs, destinations, headers, and those that fail.

use std::ffi::OsString;
use std::io::{self, Write};

use flowloom::rwfilter;
use silk_format::{ByteOrder, Compression, Entry, FormatId, Header, WriterOptions};

use crate::bench::{Bench, HOUR, counts, list};
use crate::sample;

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
