//! Running the command, and finding the files to run it on.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The window of the articles.
pub(crate) const WINDOW: &str = "2016-09-29 13:22:19.625972..2016-09-29 13:52:19.625972";

/// The command, with the environment of no site.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowloom"));
    for name in ["SILK_CONFIG_FILE", "SILK_DATA_ROOTDIR", "SILK_PATH"] {
        command.env_remove(name);
    }
    command
}

/// Runs the command to its end.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    command().args(arguments).output().unwrap()
}

/// Runs the command, which must succeed and say nothing on standard error; gives its standard output.
pub(crate) fn ok<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> String {
    let output = run(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the command, which must fail with this code; gives its standard error.
pub(crate) fn fails<S: AsRef<OsStr>>(code: i32, arguments: impl IntoIterator<Item = S>) -> String {
    let output = run(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    stderr
}

/// Runs the command with this standard input.
pub(crate) fn run_with_input<S: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = S>,
    input: &[u8],
) -> Output {
    let mut child = command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = input.to_owned();
    // The command need not read to the end.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

/// A file of the project's `testdata/silk`.
pub(crate) fn silk(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/silk").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

/// The articles' query.
pub(crate) fn query() -> PathBuf {
    silk("query/query.rwf")
}

/// The bytes of an uncompressed file of made traffic.
pub(crate) fn made(records: u64, directory: &Path) -> PathBuf {
    let path = directory.join(format!("made-{records}.rw"));
    ok(["generate", "--records", &records.to_string(), "-o", path.to_str().unwrap()]);
    path
}

/// The rows that the reference tool printed for a file, each split at `|`.
pub(crate) fn reference_rows(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(silk(name)).unwrap();
    text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
}
