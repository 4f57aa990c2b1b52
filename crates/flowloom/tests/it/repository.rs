//! Hour files of a repository instead of named files.

use serde_json::Value;

use crate::support::{command, fails, ok, query, run, silk};

fn root() -> String {
    silk("repository").to_str().unwrap().to_owned()
}

/// A command over the repository with more arguments.
fn with<'a>(name: &'a str, root: &'a str, more: &'a [&'a str]) -> Vec<&'a str> {
    [&[name, "--repository", root], more].concat()
}

fn rows(text: &str) -> usize {
    text.lines().count() - 1
}

/// Counts that the reference tool gave for the same selections (`tools/rwfilter-expected.tsv`), in both texts of time.
#[test]
fn selections_read_what_the_reference_read() {
    let root = root();
    for (more, expected) in [
        (&["--type", "all", "--start", "2016/09/29:12", "--end", "2016/09/29:14"][..], 63280),
        (&["--type", "all", "--start", "2016/09/29:12:37", "--end", "2016/09/29:14:37"], 63280),
        (&["--type", "all", "--start", "2016-09-29 12:37", "--end", "@1475159820"], 63280),
        (&["--type", "in,out", "--start", "2016/09/29:13"], 3480),
        (&["--type", "in,out", "--start", "2016-09-29T15:37:19.625972+02:00"], 3480),
        (&["--start", "2016/09/29"], 30280),
        (&["--start-date", "2016/09/29"], 30280),
        (&["--type", "inweb,outweb", "--start", "2016/09/29:13", "--end", "2016/09/29:13"], 14794),
        (&["--type", "all", "--sensor", "S2", "--start", "2016/09/29"], 4480),
        (&["--flowtypes", "all/in,all/inweb", "--start", "2016/09/29:12", "--end", "2016/09/29:13"], 21191),
        (
            &[
                "--class",
                "all",
                "--type",
                "all",
                "--sensors",
                "0-1,S2",
                "--start",
                "1475107200",
                "--end",
                "2016/09/29",
            ],
            63280,
        ),
    ] {
        let text = ok(with("convert", &root, &[&["--fields", "stime"], more].concat()));
        assert_eq!(rows(&text), expected, "{more:?}");
    }
}

/// The same rows, in the order of SiLK's tools: by hour, type, sensor.
#[test]
fn equals_naming_the_files() {
    let root = root();
    let files = [
        "in/2016/09/29/in-S0_20160929.13",
        "in/2016/09/29/in-S2_20160929.13",
        "out/2016/09/29/out-S0_20160929.13",
    ];
    let paths = files.map(|file| format!("{root}/{file}"));
    let conf = format!("{root}/silk.conf");
    let fields = ["--fields", "all"];
    let named =
        ok([&["convert", "--site-config-file", &conf], &fields[..], &paths.each_ref().map(|p| &**p)]
            .concat());
    let selection = ["--type", "in,out", "--sensor", "S0,S2", "--start", "2016/09/29:13"];
    assert_eq!(ok(with("convert", &root, &[&fields[..], &selection].concat())), named);
    // Names of sensors and types come from the repository's own silk.conf.
    let text =
        ok(with("head", &root, &["--fields", "sensor,class,type", "-n", "1", "--start", "2016/09/29:13"]));
    assert_eq!(text, "sensor,class,type\nS0,all,in\n");
}

/// The articles' command: three hours, then the window.
#[test]
fn report_info_head_and_tail() {
    let root = root();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let start = ["--type", "all", "--start", "2016/09/29:12", "--end", "2016/09/29:14"];
    let window = ["--window", crate::support::WINDOW];
    let text = ok(with("report", &root, &[&start[..], &window, &["-o", out]].concat()));
    // The same sentences as for the file that rwfilter made of the same hours.
    let single = tempfile::tempdir().unwrap();
    let (path, single) = (query(), single.path().to_str().unwrap());
    let expected = ok(["report", path.to_str().unwrap(), "--window", crate::support::WINDOW, "-o", single]);
    let sentences = |text: &str| text.lines().take(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(sentences(&text), sentences(&expected));
    let summary: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["inputs"].as_array().unwrap().len(), 33);

    let info = ok(with("info", &root, &[&start[..], &["--json"]].concat()));
    let rows =
        info.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["rows"].as_u64().unwrap());
    assert_eq!(rows.sum::<u64>(), 63280);
    for name in ["head", "tail"] {
        let text = ok(with(name, &root, &[&start[..], &["-n", "3", "--fields", "stime"]].concat()));
        assert_eq!(text.lines().count(), 4);
    }
    // The end of the data is that of all the files.
    let text =
        ok(with("convert", &root, &[&start[..], &["--fields", "stime", "--window", "end-1s.."]].concat()));
    assert!(text.lines().nth(1).unwrap().starts_with("2016-09-29T14:59:5"), "{text}");
}

#[test]
fn missing_files_are_counted_and_told() {
    let root = root();
    let output =
        run(with("convert", &root, &["-v", "--fields", "sip", "--start", "2016/09/29:12", "--type", "in"]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success());
    assert!(
        stderr.contains("2 files found, 13 of 15 missing: hours 2016/09/29:12 to 2016/09/29:12, all/in"),
        "{stderr}"
    );
    assert_eq!(stderr.matches("missing: ").count(), 13 + 1, "{stderr}");
    assert!(stderr.contains("in-S14_20160929.12"), "{stderr}");

    let stderr = fails(3, with("convert", &root, &["--start", "2016/09/30"]));
    for part in ["none of the 1080 hour files", "2016/09/30:00 to 2016/09/30:23", "all/inicmp", "--type all"]
    {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    // Without a start it is today, for which there is nothing.
    assert!(fails(3, with("head", &root, &[])).contains("hour files"));
    // A sensor that no chosen class has is told unless -q, and the rest is read: here there is no rest.
    assert!(fails(2, with("head", &root, &["--sensor", "S99"])).contains("'S99' is not recognized"));
}

#[test]
fn what_makes_no_sense() {
    let root = root();
    let path = query();
    let path = path.to_str().unwrap();
    let start = ["--start", "2016/09/29:12"];
    assert!(fails(2, with("convert", &root, &[path])).contains("cannot be used with"));
    for flag in ["--start", "--end", "--class", "--type", "--flowtypes", "--sensor"] {
        let stderr = fails(2, ["head", flag, "x", path]);
        assert!(stderr.contains(flag) && stderr.contains("--repository"), "{stderr}");
    }
    for (more, reason) in [
        (&["--end", "2016/09/29:13"][..], "without --start"),
        (
            &["--start", "2016/09/29:12", "--end", "2016/09/29:11"],
            "end-date of 2016/09/29:11 is earlier than start-date of 2016/09/29:12",
        ),
        (&["--start", "2016/9/31"], "use 1 <= day <= 30"),
        (&["--start", "yesterday"], "expected a date"),
        (&["--start", "2016-09-29"], "YYYY/MM/DD"),
        (&["--type", "nosuch"], "The type name 'nosuch' is not recognized"),
        (&["--class", "nosuch"], "Cannot find class 'nosuch'"),
        (&["--flowtypes", "all/in", "--type", "in"], "cannot be used with"),
    ] {
        let stderr = fails(2, with("head", &root, more));
        assert!(stderr.contains(reason), "{more:?}: {stderr}");
    }
    assert!(fails(3, with("head", "/nonexistent", &start)).contains("/nonexistent"));
    assert!(fails(3, with("head", path, &start)).contains("ot a directory"));
}

/// Semantics 1.4.
#[test]
fn the_site_configuration_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let hour = dir.path().join("in/2016/09/29");
    std::fs::create_dir_all(&hour).unwrap();
    std::fs::copy(silk("repository/in/2016/09/29/in-S0_20160929.13"), hour.join("in-S0_20160929.13"))
        .unwrap();
    let root = dir.path().to_str().unwrap();
    let arguments = with("convert", root, &["--fields", "sensor", "--start", "2016/09/29:13"]);
    let stderr = fails(2, &arguments);
    assert!(stderr.contains("silk.conf is missing") && stderr.contains("--site-config-file"), "{stderr}");
    let conf = silk("repository/silk.conf");
    let conf = conf.to_str().unwrap();
    assert_eq!(rows(&ok([&arguments[..], &["--site-config-file", conf]].concat())), 838);
    let output = command().env("SILK_CONFIG_FILE", conf).args(&arguments).output().unwrap();
    assert_eq!(rows(&String::from_utf8(output.stdout).unwrap()), 838);
    std::fs::copy(conf, dir.path().join("silk.conf")).unwrap();
    assert_eq!(rows(&ok(&arguments)), 838);
}

/// A compressed hour file is found under its longer name.
#[test]
fn gzip_files_of_a_repository() {
    let dir = tempfile::tempdir().unwrap();
    let hour = dir.path().join("in/2016/09/29");
    std::fs::create_dir_all(&hour).unwrap();
    let plain = hour.join("in-S0_20160929.13");
    std::fs::copy(silk("repository/in/2016/09/29/in-S0_20160929.13"), &plain).unwrap();
    std::fs::copy(silk("repository/silk.conf"), dir.path().join("silk.conf")).unwrap();
    let arguments = ["--fields", "all", "--start", "2016/09/29:13"];
    let root = dir.path().to_str().unwrap();
    let before = ok(with("convert", root, &arguments));
    assert!(std::process::Command::new("gzip").arg(&plain).status().unwrap().success());
    assert!(!plain.exists());
    assert_eq!(ok(with("convert", root, &arguments)), before);
}
