//! What every crate has.

use flowloom_fuzz::TARGETS;
use serde_json::Value;

use crate::workspace::{CRATES, LIBRARIES, cargo, code, package, packages, read, root, rust_files, targets};

/// The parts of a crate's documentation, in this order.
const PARTS: [&str; 6] = [
    "# Map",
    "# Units and missing values",
    "# Errors",
    "# Features",
    "# What this crate does not do",
    "# Sources",
];

#[test]
fn the_list_of_crates_is_complete() {
    let published = packages().into_iter().filter(|package| package["publish"] != Value::Array(Vec::new()));
    let mut names: Vec<_> =
        published.map(|package| package["name"].as_str().expect("a name").to_owned()).collect();
    names.sort();
    let mut listed = CRATES.to_vec();
    listed.sort_unstable();
    assert_eq!(names, listed);
}

#[test]
fn manifests_say_what_the_crates_are() {
    for name in CRATES {
        let package = package(name);
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        assert!(text("description").len() > 30, "{name}: description");
        assert_eq!(text("license"), "MIT OR Apache-2.0", "{name}");
        assert_eq!(text("rust_version"), "1.95", "{name}");
        assert!(!text("repository").is_empty(), "{name}: repository");
        assert!(!package["categories"].as_array().expect("categories").is_empty(), "{name}: categories");
        assert!(!package["keywords"].as_array().expect("keywords").is_empty(), "{name}: keywords");
        let examples = targets(&package, "example");
        assert!(examples.len() >= 2, "{name}: two runnable examples wanted, found {examples:?}");
    }
}

#[test]
fn readmes_are_short_and_complete() {
    for name in CRATES {
        let readme = read(format!("crates/{name}/README.md"));
        for wanted in ["```", "Limits", "1.95", "MIT"] {
            assert!(readme.contains(wanted), "{name}: README.md has no {wanted:?}");
        }
        assert!(readme.lines().count() < 200, "{name}: README.md is long");
    }
}

#[test]
fn documentation_has_its_parts_in_order() {
    for name in CRATES {
        let source = read(format!("crates/{name}/src/lib.rs"));
        let docs: Vec<_> =
            source.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim).collect();
        let mut at = 0;
        for part in PARTS {
            let place = docs.iter().position(|line| *line == part);
            let place = place.unwrap_or_else(|| panic!("{name}: no {part:?} in the crate's documentation"));
            assert!(place > at, "{name}: {part:?} stands too early");
            at = place;
        }
        // The README is the beginning of the documentation, or stands beside it.
        let beginning = docs.iter().take_while(|line| **line != PARTS[0]).any(|line| line.starts_with("```"));
        assert!(
            beginning || source.starts_with("#![doc = include_str!"),
            "{name}: no example at the beginning"
        );
    }
}

#[test]
fn benches_use_criterion() {
    for name in CRATES {
        let benches = targets(&package(name), "bench");
        assert!(!benches.is_empty(), "{name} has no bench");
        let sources: String = rust_files(format!("crates/{name}/benches")).iter().map(read).collect();
        for (wanted, why) in [
            ("use criterion::", "criterion"),
            ("Throughput", "a throughput"),
            ("assert", "an answer that is checked before it is timed"),
        ] {
            assert!(sources.contains(wanted), "{name}: its benches need {why}");
        }
    }
}

#[test]
fn libraries_are_fuzzed() {
    for name in LIBRARIES {
        assert!(TARGETS.iter().any(|target| target.package == name), "{name} has no fuzz target");
    }
    let mut programs = targets(&package("flowloom-fuzz"), "bin");
    programs.sort();
    let mut names = TARGETS.map(|target| target.name);
    names.sort_unstable();
    assert_eq!(programs, names, "the table of bodies and the programs");
    let script = read("fuzz/run");
    for name in names {
        assert!(script.contains(name), "fuzz/run leaves out {name}");
    }
}

/// `mapped-input` maps; the command makes the promise that a map needs, in one place.
#[test]
fn unsafe_code_stands_in_two_places() {
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
    for name in CRATES {
        let manifest = read(format!("crates/{name}/Cargo.toml"));
        let files = rust_files(format!("crates/{name}/src"));
        let blocks: usize = files.iter().map(|file| code(file).matches("unsafe {").count()).sum();
        let (lints, most) = match name {
            "mapped-input" => ("unsafe_code = \"deny\"", 3),
            "flowloom" => ("unsafe_code = \"deny\"", 1),
            _ => ("[lints]\nworkspace = true", 0),
        };
        assert!(manifest.contains(lints), "{name}: its manifest wants {lints}");
        assert!(blocks <= most, "{name}: {blocks} unsafe blocks, {most} are argued for");
    }
}

/// What is published is source, documentation and little else.
#[test]
fn packages_are_small() {
    for name in CRATES {
        let list = cargo(&["package", "--list", "--allow-dirty", "-p", name]);
        let folder = root().join("crates").join(name);
        let sizes =
            list.lines().map(|file| std::fs::metadata(folder.join(file)).map_or(0, |found| found.len()));
        let (files, bytes) = (list.lines().count(), sizes.sum::<u64>());
        assert!(files <= 120 && bytes <= 1 << 20, "{name}: {files} files, {bytes} bytes");
        for file in list.lines() {
            let wanted = [
                "src/",
                "examples/",
                "benches/",
                "tests/",
                "Cargo.",
                "README.md",
                "LICENSE",
                ".cargo_vcs_info",
            ];
            assert!(wanted.iter().any(|start| file.starts_with(start)), "{name}: {file} needs no publishing");
        }
    }
}
