//! What passes, what is counted, and where a limit ends it (sections 2 and 3).

use flowloom::rwfilter;
use silk_format::{Compression, FlowRecord, WriterOptions};

use crate::bench::{Bench, counts, data, list, run};
use crate::sample;

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
