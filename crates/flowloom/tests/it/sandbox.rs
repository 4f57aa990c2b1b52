//! `--sandbox`: the same answers, and what is refused.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr};

use crate::support::{command, fails, query, run, silk};

/// Whether the kernel can do it; if not, the command must say so, and the test ends there.
fn has_landlock() -> bool {
    let hard = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    if hard.handle_access(AccessFs::from_all(ABI::V1)).is_ok() {
        return true;
    }
    let message = fails(1, ["--sandbox", "info", query().to_str().unwrap()]);
    assert!(message.contains("no landlock; run without --sandbox"), "{message}");
    println!("LEFT OUT: this kernel has no landlock");
    false
}

/// Runs a line in a folder; words are split at blanks, and have one where a `~` stands.
fn within(dir: &Path, line: &str, input: &Path, set: impl Fn(&mut Command)) -> Output {
    let mut command = command();
    set(&mut command);
    let input = fs::File::open(input).unwrap();
    command
        .current_dir(dir)
        .args(line.split(' ').map(|word| word.replace('~', " ")))
        .stdin(Stdio::from(input))
        .output()
        .unwrap()
}

/// The names and bytes of all files below a folder.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => {
                found.push((path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
            }
        }
    }
    found.sort();
    found
}

/// Every command that parses files, with every kind of file that it opens. Sets and maps of nonsense tell by their
/// message that they were read.
const LINES: [&str; 44] = [
    "info QUERY",
    "info --json CAPTURE QUERY",
    "info -",
    "info .",
    "info missing.rw",
    "info --quick --repository REPO --start 2016/09/29:13",
    "convert QUERY",
    "convert QUERY -o out.parquet",
    "convert --append QUERY -o old.csv",
    "convert --fields bytes QUERY -o folder/out.csv",
    "convert QUERY -o folder/out.silk",
    "convert QUERY -o missing/out.csv",
    "convert QUERY --format csv -o /dev/null",
    "convert QUERY --format csv -o /dev/stdout",
    "convert QUERY -o link.csv",
    "convert QUERY CAPTURE --fields sip,dip,bytes",
    "convert --where proto=6 --window end-30m.. QUERY",
    "convert --where sip~in~@x --set x=nonsense QUERY",
    "convert --repository REPO --type all --start 2016/09/29:13 -o out.csv",
    "convert --site-config-file SITE --fields sensor QUERY",
    "convert --ring ring --format csv",
    "head -n 5 CAPTURE",
    "head -n 5 --as-flows CAPTURE",
    "top --by sip CAPTURE -o out.csv",
    "conv --endpoints CAPTURE",
    "head -n 5 -",
    "head -n 5 /dev/stdin",
    "tail -n 5 QUERY -o out.csv",
    "tail -n 5 damaged.rw QUERY",
    "report QUERY -o made/report",
    "report --keep-flows QUERY -o folder",
    "rwcut QUERY",
    "rwcut --num-recs=5 --timestamp-format=iso,local QUERY",
    "rwcut --num-recs=5 --output-path=out.txt QUERY",
    "rwcut --pmap-file=nonsense QUERY",
    "rwcut --num-recs=5 --xargs=list",
    "rwcut --num-recs=5 --fields=sensor,bytes --site-config-file=SITE -",
    "rwcut --dry-run QUERY",
    "rwfilter --protocol=6 --pass=p.rw --fail=f.rw --print-statistics=stat QUERY",
    "rwfilter --protocol=6 --pass=stdout --note-file-add=list --xargs=list",
    "rwfilter --data-rootdir=REPO --type=all --start-date=2016/09/29:13 --protocol=6 --pass=p.rw --print-statistics",
    "rwfileinfo --summary QUERY missing.rw",
    "tshark -r CAPTURE -T fields -e frame.number -e frame.time -e ip.src",
    "tshark -r CAPTURE -q -n -z conv,ip -z endpoints,tcp",
];

#[test]
fn answers_are_the_same() {
    if !has_landlock() {
        return;
    }
    let testdata = silk("").parent().unwrap().canonicalize().unwrap();
    let (query, site) = (query().canonicalize().unwrap(), testdata.join("silk/silk.conf"));
    let capture = testdata.join("pcap/containers/two-sections-ids.pcapng");
    assert!(capture.exists() && site.exists());
    let prepared = || {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("folder")).unwrap();
        fs::create_dir(path("ring")).unwrap();
        fs::copy(&capture, path("ring/log.pcap.1475156200")).unwrap();
        fs::write(path("nonsense"), "nonsense").unwrap();
        fs::write(path("list"), format!("{}\n", query.display())).unwrap();
        let bytes = fs::read(&query).unwrap();
        fs::write(path("damaged.rw"), &bytes[..bytes.len() / 2]).unwrap();
        fs::write(path("folder/linked.csv"), "old").unwrap();
        std::os::unix::fs::symlink("folder/linked.csv", path("link.csv")).unwrap();
        fs::write(
            path("old.csv"),
            run(["head", "-n", "3", "--format", "csv", query.to_str().unwrap()]).stdout,
        )
        .unwrap();
        dir
    };
    for line in LINES {
        let mut line = line.to_owned();
        for (name, path) in [("QUERY", &query), ("CAPTURE", &capture), ("SITE", &site)] {
            line = line.replace(name, path.to_str().unwrap());
        }
        let line = line.replace("REPO", testdata.join("silk/repository").to_str().unwrap());
        let zone = |command: &mut Command| {
            command.env("TZ", "Europe/Zurich");
        };
        let (plain, boxed) = (prepared(), prepared());
        let expected = within(plain.path(), &line, &query, zone);
        let got = within(boxed.path(), &format!("--sandbox {line}"), &query, zone);
        let text = |output: &Output, dir: &Path| {
            let text = String::from_utf8_lossy(&output.stderr).replace(dir.to_str().unwrap(), "");
            // The name of a temporary file is chance.
            text.split(".flowloom-").next().unwrap_or_default().to_owned()
        };
        assert_eq!(text(&got, boxed.path()), text(&expected, plain.path()), "{line}");
        assert_eq!(got.status.code(), expected.status.code(), "{line}");
        assert!(got.stdout == expected.stdout, "{line}: another answer");
        let (got, expected) = (files(boxed.path()), files(plain.path()));
        assert!(got == expected, "{line}: other files");
    }
}

#[test]
fn files_that_nobody_named_are_not_read() {
    if !has_landlock() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("other.conf"), "sensor 3 S3\n").unwrap();
    fs::write(dir.path().join("site.conf"), "version 2\ninclude \"other.conf\"\n").unwrap();
    fs::create_dir(dir.path().join("ring")).unwrap();
    let capture = silk("../pcap/containers/two-sections-ids.pcapng").canonicalize().unwrap();
    std::os::unix::fs::symlink(&capture, dir.path().join("ring/log.pcap.1475156200")).unwrap();
    let query = query().canonicalize().unwrap();
    for line in [
        &format!("info --site-config-file site.conf {}", query.display()),
        &format!("rwcut --site-config-file=site.conf {}", query.display()),
        "convert --ring ring",
    ] {
        let plain = within(dir.path(), line, &query, |_| ());
        assert_eq!(plain.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&plain.stderr));
        let boxed = within(dir.path(), &format!("--sandbox {line}"), &query, |_| ());
        let message = String::from_utf8_lossy(&boxed.stderr);
        assert!(boxed.status.code() != Some(0) && message.contains("ermission denied"), "{line}: {message}");
    }
}

/// Commands that parse no file of others.
const WITHOUT: [&str; 3] = ["fetch", "generate", "completions"];

/// A line of each command that parses files; a new one must have a sandbox too.
fn lines_of_commands() -> Vec<(String, String)> {
    let commands = flowloom::command();
    let names = commands.get_subcommands().map(|command| command.get_name().to_owned());
    let line = |name: String| {
        let rest = match name.as_str() {
            "report" => "QUERY -o made",
            "convert" => "QUERY -o out.csv",
            "rwfilter" => "QUERY --protocol=6 --pass=out.rw",
            "tshark" => "-r QUERY -T fields -e ip.src",
            _ => "QUERY",
        };
        let line = format!("--sandbox {name} {rest}")
            .replace("QUERY", query().canonicalize().unwrap().to_str().unwrap());
        (name, line)
    };
    names.filter(|name| !WITHOUT.contains(&name.as_str())).map(line).collect()
}

#[test]
fn a_kernel_that_refuses_ends_every_command_before_it_reads() {
    if !has_landlock() {
        return;
    }
    // Sixteen is the most that a thread can have, and a program inherits those of the thread that starts it.
    std::thread::spawn(|| {
        for _ in 0..16 {
            let none = Ruleset::default().handle_access(AccessFs::MakeBlock).unwrap().create().unwrap();
            none.no_new_privs(true).restrict_self().unwrap();
        }
        for (name, line) in lines_of_commands() {
            let dir = tempfile::tempdir().unwrap();
            let output = within(dir.path(), &line, &query(), |_| ());
            let message = String::from_utf8(output.stderr).unwrap();
            let tool = ["rwcut", "rwfilter", "rwfileinfo", "tshark"].contains(&name.as_str());
            let start = if tool {
                format!("{name}: no sandbox: ")
            } else {
                "flowloom: error: no sandbox: ".to_owned()
            };
            assert!(
                message.starts_with(&start) && message.ends_with("; run without --sandbox\n"),
                "{message}"
            );
            let code = if name == "tshark" { 2 } else { 1 };
            assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{line}");
            assert_eq!(files(dir.path()), [], "{line}");
        }
    })
    .join()
    .unwrap();
}

#[test]
fn who_parses_no_file_has_none() {
    assert!(fails(2, ["--sandbox", "fetch", "silk", "--print"]).contains("--sandbox"));
    assert!(fails(2, ["generate", "--sandbox", "--records", "1", "-o", "x.rw"]).contains("--sandbox"));
    // By its own name a tool has its own switches alone.
    assert_ne!(run(["rwcut", "--sandbox"]).status.code(), Some(0));
}
