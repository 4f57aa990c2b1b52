//! The command for elsewhere.

use crate::support::{fails, ok, run};

/// As article D1 printed it at 2016-09-29 13:37:19.
const ARTICLE: &str = "rwfilter --type=all --start-date=2016/09/29:12:37 --end-date=2016/09/29:14:37 --active-time=2016/09/29T13:22-2016/09/29T13:52 --protocol=0-255 --site-config-file=/data/silk.conf --data-rootdir=/data --pass=stdout > /tmp/query.rwf";

const AT: [&str; 5] = ["fetch", "silk", "--print", "--at", "2016-09-29 13:37:19.625972"];

fn line(more: &[&str]) -> String {
    let text = ok([&AT[..], &["-q"], more].concat());
    text.strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn the_articles_command_to_the_byte() {
    assert_eq!(line(&["--redirect", "/tmp/query.rwf"]), ARTICLE);
    assert_eq!(format!("{} > /tmp/query.rwf", line(&[])), ARTICLE);
    // The same instant in other texts.
    for at in ["2016/09/29T13:37:19", "@1475156239.625972", "2016-09-29T15:37+02:00"] {
        assert_eq!(ok(["fetch", "silk", "--print", "-q", "--at", at]).trim_end(), line(&[]));
    }
}

#[test]
fn every_part_can_be_chosen() {
    let more = [
        "--hours",
        "2",
        "--active",
        "1h",
        "--type",
        "in,out",
        "--protocol",
        "6",
        "--saddress",
        "192.0.2.80",
        "--daddress",
        "10.x.1-3.0",
        "--switch=--dport=53",
        "--switch",
        "--flags-all=S/SA",
        "--data-rootdir",
        "/flows/",
        "--pass",
        "out.rw",
        "--program",
        "/opt/silk/bin/rwfilter",
    ];
    assert_eq!(
        line(&more),
        "/opt/silk/bin/rwfilter --type=in,out --start-date=2016/09/29:11:37 --end-date=2016/09/29:15:37 \
         --active-time=2016/09/29T12:37-2016/09/29T14:37 --saddress=192.0.2.80 --daddress=10.x.1-3.0 --dport=53 \
         --flags-all=S/SA --protocol=6 --site-config-file=/flows/silk.conf --data-rootdir=/flows/ --pass=out.rw"
    );
    let bare = line(&["--data-rootdir", "", "--any-address", "::1"]);
    assert!(bare.ends_with(" --any-address=::1 --protocol=0-255 --pass=stdout"), "{bare}");
}

#[test]
fn warnings_go_to_standard_error() {
    let told = |more: &[&str]| {
        let output = run([&["fetch", "silk", "--print"], more].concat());
        assert!(output.status.success() && output.stdout.starts_with(b"rwfilter "));
        String::from_utf8(output.stderr).unwrap()
    };
    let past = told(&AT[3..]);
    assert!(
        past.contains("whole hours: 2016/09/29:12 to 2016/09/29:14") && past.lines().count() == 1,
        "{past}"
    );
    // By default half of the window is still to come.
    assert!(told(&[]).contains("of the activity window lie in the future"));
    assert!(told(&["--at", "+1h"]).contains("the activity window lies in the future"));
    assert!(!told(&["--at", "-1h"]).contains("future"));
    assert!(told(&["--at", "-1d", "--hours", "0", "--active", "2h"]).contains("more --hours"));
    assert_eq!(told(&["-q"]), "");
}

#[test]
fn what_is_refused() {
    let stderr = fails(2, ["fetch", "silk"]);
    assert!(stderr.contains("fetching over SSH is not built yet; --print shows the command"), "{stderr}");
    fails(2, ["fetch"]);
    for (more, reason) in [
        (["--at", "yesterday"], "expected a date"),
        (["--at", "end"], "the end of the data"),
        (["--at", "2050-01-01T00:00"], "1970 to 2039"),
        (["--active", "15"], "--active 15"),
        (["--hours", "x"], "--hours"),
        (["--type", "in\nout"], "control character"),
    ] {
        let stderr = fails(2, [&["fetch", "silk", "--print"], &more[..]].concat());
        assert!(stderr.contains(reason), "{more:?}: {stderr}");
    }
    // `.invalid` is no host anywhere (RFC 2606).
    let stderr = fails(3, ["fetch", "silk", "--print", "--saddress", "host.invalid"]);
    assert!(stderr.contains("no address is known for the host host.invalid"), "{stderr}");
    let local = line(&["--saddress", "localhost"]);
    assert!(local.contains("=127.0.0.1") || local.contains("=::1"), "{local}");
}

/// A shell that runs the line starts the program with exactly the arguments that were asked for.
#[cfg(unix)]
#[test]
fn a_shell_passes_the_arguments_on() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("it's rwfilter");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let out = dir.path().join("$(touch pwned) out");
    let line = line(&[
        "--program",
        program.to_str().unwrap(),
        "--redirect",
        out.to_str().unwrap(),
        "--type",
        "in; touch pwned",
        "--site-config-file",
        "/data/~a b/`id`.conf",
        "--data-rootdir",
        "/data/$HOME",
        "--switch",
        "--x=*'\"\\",
    ]);
    let shell = std::process::Command::new("sh").args(["-c", &line]).current_dir(&dir).output().unwrap();
    assert!(shell.status.success() && shell.stdout.is_empty() && shell.stderr.is_empty(), "{shell:?}");
    let arguments = std::fs::read_to_string(out).unwrap();
    assert_eq!(
        arguments.lines().collect::<Vec<_>>(),
        [
            "--type=in; touch pwned",
            "--start-date=2016/09/29:12:37",
            "--end-date=2016/09/29:14:37",
            "--active-time=2016/09/29T13:22-2016/09/29T13:52",
            "--x=*'\"\\",
            "--protocol=0-255",
            "--site-config-file=/data/~a b/`id`.conf",
            "--data-rootdir=/data/$HOME",
            "--pass=stdout",
        ]
    );
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2);
}
