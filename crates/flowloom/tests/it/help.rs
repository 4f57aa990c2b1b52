//! Help, information, completions.

use serde_json::Value;

use crate::support::{fails, ok, query, run, run_with_input, silk};

const COMMANDS: [&str; 10] =
    ["report", "info", "convert", "head", "tail", "top", "conv", "fetch", "generate", "completions"];

#[test]
fn every_command_has_help_with_examples() {
    let top = ok(["--help"]);
    for name in COMMANDS {
        assert!(top.contains(&format!("  {name} ")), "{name}");
        let help = ok([name, "--help"]);
        assert!(help.contains("Examples:") && help.contains(&format!("  flowloom {name}")), "{help}");
    }
    let help = ok(["fetch", "silk", "--help"]);
    assert!(help.contains("Examples:") && help.contains("  flowloom fetch silk --print"), "{help}");
    assert!(top.contains("Exit codes:"));
    assert!(ok(["--version"]).starts_with("flowloom "));
}

#[test]
fn every_column_is_in_the_help_of_fields() {
    let help = ok(["convert", "--help"]);
    for column in &flow_frame::FLOW_COLUMNS {
        assert!(help.contains(&format!("{} ", column.name)), "{}", column.name);
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = ok(["completions", shell]);
        assert!(COMMANDS.iter().all(|name| script.contains(name)), "{shell}");
    }
    fails(2, ["completions", "tcsh"]);
}

#[test]
fn info_tells_what_a_file_is() {
    let query = query();
    let text = ok(["info", query.to_str().unwrap()]);
    for line in
        ["rows            9242", "compression     zlib", "opened          mapped", "made by: rwfilter"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    let json: Value = serde_json::from_str(&ok(["info", "--json", query.to_str().unwrap()])).unwrap();
    assert_eq!(json["rows"], 9242);
    assert_eq!(json["record_version"], 1);
    let quick: Value =
        serde_json::from_str(&ok(["info", "--json", "--quick", query.to_str().unwrap()])).unwrap();
    assert_eq!(quick["rows"], Value::Null);
    let plain = silk("matrix/FT_RWIPV6ROUTING-v1-c0-B.dat");
    let quick: Value =
        serde_json::from_str(&ok(["info", "--json", "--quick", plain.to_str().unwrap()])).unwrap();
    assert_eq!((quick["rows"].as_u64(), quick["byte_order"].as_str()), (Some(151), Some("big")));
}

#[test]
fn info_equals_the_files_name_for_every_layout() {
    let mut checked = 0;
    for entry in std::fs::read_dir(silk("matrix")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // FT_NAME-vV-cC-{B,L}.dat
        let Some(stem) = name.strip_suffix("-L.dat") else { continue };
        let (stem, compression) = stem.rsplit_once("-c").unwrap();
        let (format, version) = stem.rsplit_once("-v").unwrap();
        let info: Value = serde_json::from_str(&ok(["info", "--json", path.to_str().unwrap()])).unwrap();
        assert!(info["format"].as_str().unwrap().starts_with(format), "{name}: {info}");
        assert_eq!(info["record_version"].to_string(), version, "{name}");
        assert_eq!(info["byte_order"], "little", "{name}");
        let compressions = ["none", "zlib", "lzo1x", "snappy"];
        let expected = compressions[compression.parse::<usize>().unwrap()];
        assert!(info["compression"].as_str().unwrap().starts_with(expected), "{name}: {info}");
        let answer =
            std::fs::read_to_string(silk("matrix").join(format!("{format}-v{version}.rwcut"))).unwrap();
        assert_eq!(info["rows"], answer.lines().count(), "{name}");
        checked += 1;
    }
    assert!(checked >= 61, "{checked}");
}

#[test]
fn info_on_damage_and_on_other_content() {
    let stderr = fails(1, ["info", silk("damaged/41-trunc-23").to_str().unwrap()]);
    assert!(stderr.contains("cut short"), "{stderr}");
    // An IPset's header is told, and it has no rows.
    let text = ok(["info", silk("damaged/12-ipset").to_str().unwrap()]);
    assert!(text.contains("FT_IPSET") && !text.contains("rows "), "{text}");
    // Every message names its file.
    for name in ["00-empty", "04-16bytes", "10-badmagic", "25-fv17", "22-comp4"] {
        let stderr = fails(1, ["info", silk("damaged").join(name).to_str().unwrap()]);
        assert!(stderr.contains(name), "{stderr}");
    }
}

/// The header and the rows before the damage are told, and damage is no failure of the system.
#[test]
fn info_on_damaged_gzip() {
    for (name, rows) in [("75-trunc.gz", 9), ("7a-crc.gz", 10)] {
        let output = run(["info", "--json", silk("damaged").join(name).to_str().unwrap()]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), json["rows"].as_u64()), (Some(1), Some(rows)), "{name}");
    }
}

/// A pipe can be read once only.
#[cfg(target_os = "linux")]
#[test]
fn info_reads_a_pipe_under_a_name() {
    let bytes = std::fs::read(query()).unwrap();
    let output = run_with_input(["info", "--json", "/dev/stdin"], &bytes);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), json["rows"].as_u64()), (Some(0), Some(9242)));
    let output = run_with_input(["tail", "--window", "end-1h..", "/dev/stdin"], &bytes);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn info_reads_standard_input_too() {
    let bytes = std::fs::read(query()).unwrap();
    let output = run_with_input(["info", "--json", "-"], &bytes);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((json["rows"].as_u64(), json["opened"].as_str()), (Some(9242), Some("stdin")));
}

#[cfg(unix)]
#[test]
fn a_link_with_the_name_of_an_older_tool_is_that_tool() {
    let dir = tempfile::tempdir().unwrap();
    let query = query();
    for (name, switch) in [
        ("rwcut", "--fields=sip"),
        ("rwfilter", "--print-statistics=stdout"),
        ("rwfileinfo", "--fields=format"),
    ] {
        let link = dir.path().join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_flowloom"), &link).unwrap();
        let linked = std::process::Command::new(&link).arg(switch).arg(&query).output().unwrap();
        let named = run([name, switch, query.to_str().unwrap()]);
        assert!(linked.status.success() && !linked.stdout.is_empty());
        assert_eq!(linked.stdout, named.stdout);
    }
}

/// The same text from a file, from standard input and by a link; what was there before damage.
#[test]
fn tshark_by_a_link_and_in_a_pipe() {
    const SWITCHES: &str = "-T fields -e frame.number -e ip.proto -e udp.dstport -E header=y -E quote=d";
    let dir = tempfile::tempdir().unwrap();
    let capture = dir.path().join("made.pcap");
    ok([
        "generate",
        "--packets",
        "3",
        "--protocols",
        "udp",
        "--ipv6-share",
        "0",
        "-o",
        capture.to_str().unwrap(),
    ]);
    let arguments = |file| SWITCHES.split(' ').chain(["-r", file]);
    let named = ok(["tshark"].into_iter().chain(arguments(capture.to_str().unwrap())));
    assert!(named.starts_with("frame.number\tip.proto\tudp.dstport\n\"1\"\t\"17\"\t\""), "{named}");
    assert_eq!(named.lines().count(), 4);
    let bytes = std::fs::read(&capture).unwrap();
    let piped = run_with_input(["tshark"].into_iter().chain(arguments("-")), &bytes);
    assert_eq!(String::from_utf8_lossy(&piped.stdout), named);
    let cut = run_with_input(["tshark"].into_iter().chain(arguments("-")), &bytes[..bytes.len() - 1]);
    assert_eq!(cut.status.code(), Some(2));
    assert!(named.starts_with(&*String::from_utf8_lossy(&cut.stdout)));
    assert!(String::from_utf8_lossy(&cut.stderr).contains("cut short"));
    assert!(ok(["tshark", "--help"]).contains("occurrence=f|l|a"));
    let refused = run(["tshark", "-r", "a", "-V"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stdout.is_empty() && String::from_utf8_lossy(&refused.stderr).contains("-V is not supported")
    );
    #[cfg(unix)]
    {
        let link = dir.path().join("tshark");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_flowloom"), &link).unwrap();
        let linked =
            std::process::Command::new(&link).args(arguments(capture.to_str().unwrap())).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&linked.stdout), named);
    }
}

/// Flows go in and out of `rwfilter` through pipes.
#[test]
fn rwfilter_in_a_pipe() {
    let flows = std::fs::read(query()).unwrap();
    let tcp = run_with_input(["rwfilter", "--protocol=6", "--pass=stdout", "--fail=/dev/null", "-"], &flows);
    assert!(tcp.status.success() && tcp.stderr.is_empty());
    let counts = run_with_input(["rwfilter", "--protocol=6", "--print-statistics", "stdin"], &tcp.stdout);
    let expected = std::fs::read_to_string(silk("query/query.rwcut")).unwrap();
    let tcp = expected.lines().filter(|line| line.split('|').nth(4) == Some("6")).count();
    assert_eq!(
        String::from_utf8(counts.stderr).unwrap(),
        format!("Files     1.  Read {tcp:>10}.  Pass {tcp:>10}. Fail  {:>10}.\n", 0)
    );
}
