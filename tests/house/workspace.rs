//! The workspace as `cargo metadata` tells it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates that are published, from the bottom up.
pub(crate) const CRATES: [&str; 6] =
    ["mapped-input", "silk-format", "pcap-headers", "flow-frame", "flow-report", "flowloom"];

/// The crates that other programs use; the last one is the command.
pub(crate) const LIBRARIES: [&str; 5] =
    ["mapped-input", "silk-format", "pcap-headers", "flow-frame", "flow-report"];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a command of cargo prints. It downloads nothing.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .arg("--offline")
        .args(arguments)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The packages of the workspace.
pub(crate) fn packages() -> Vec<Value> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps"])).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

pub(crate) fn package(name: &str) -> Value {
    packages()
        .into_iter()
        .find(|package| package["name"] == name)
        .unwrap_or_else(|| panic!("no package {name}"))
}

/// The names of a package's targets of one kind: `example`, `bench`, `bin`.
pub(crate) fn targets(package: &Value, kind: &str) -> Vec<String> {
    let targets = package["targets"].as_array().expect("targets").iter();
    let of_kind =
        targets.filter(|target| target["kind"].as_array().is_some_and(|kinds| kinds.contains(&kind.into())));
    of_kind.map(|target| target["name"].as_str().expect("a name").to_owned()).collect()
}

/// All Rust files below a folder of the repository.
pub(crate) fn rust_files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root().join(folder)) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let files = paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The lines of a source file that are no comments, up to its unit tests.
pub(crate) fn code(path: &Path) -> String {
    let text = read(path);
    let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}
