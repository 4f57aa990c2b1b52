//! Who may depend on whom: an edge only ever points down.

use std::collections::BTreeSet;

use crate::workspace::{cargo, packages};

/// Level, package, and the packages of the workspace that it may use.
const EDGES: [(u8, &str, &[&str]); 6] = [
    (0, "mapped-input", &[]),
    (1, "silk-format", &[]),
    (1, "pcap-headers", &[]),
    (2, "flow-frame", &["mapped-input", "silk-format"]),
    (3, "flow-report", &["flow-frame"]),
    (4, "flowloom", &["mapped-input", "silk-format", "pcap-headers", "flow-frame", "flow-report"]),
];

/// What a crate must not know, by the beginning of the package's name.
const UNKNOWN: [(&str, &[&str]); 5] = [
    ("mapped-input", &["arrow", "parquet", "pcap", "nom", "tokio"]),
    ("silk-format", &["arrow", "parquet", "pcap", "memmap2", "tokio"]),
    ("pcap-headers", &["arrow", "parquet", "silk", "memmap2", "pcap", "libc", "tokio"]),
    ("flow-frame", &["parquet", "datafusion", "memmap2", "kuva", "clap", "tokio"]),
    ("flow-report", &["parquet", "datafusion", "clap", "tokio"]),
];

/// Not published; these see everything.
const OUTSIDE: [&str; 2] = ["flowloom-workspace", "flowloom-fuzz"];

#[test]
fn edges_point_down() {
    let level = |name: &str| EDGES.iter().find(|edge| edge.1 == name).map(|edge| edge.0);
    for (own, name, uses) in EDGES {
        assert!(uses.iter().all(|used| level(used) < Some(own)), "{name}: the table itself points up");
    }
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        if OUTSIDE.contains(&name) {
            continue;
        }
        let (.., allowed) =
            EDGES.iter().find(|edge| edge.1 == name).unwrap_or_else(|| panic!("{name} has no level"));
        let unknown = UNKNOWN.iter().find(|row| row.0 == name).map_or(&[][..], |row| row.1);
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let used = dependency["name"].as_str().expect("a name");
            let ours = level(used).is_some() || OUTSIDE.contains(&used);
            assert!(!ours || allowed.contains(&used), "{name} must not use {used}");
            // Tests may use more than the crate itself.
            let normal = dependency["kind"].is_null();
            assert!(
                !normal || !unknown.iter().any(|start| used.starts_with(start)),
                "{name} must not know {used}"
            );
        }
    }
}

/// Embedding a format crate stays cheap: without default features no C code and at most eight packages.
#[test]
fn format_crates_stay_light() {
    for name in ["mapped-input", "silk-format", "pcap-headers"] {
        let tree = cargo(&[
            "tree",
            "-p",
            name,
            "--no-default-features",
            "--edges=normal",
            "--prefix=none",
            "--format={p}",
        ]);
        let used: BTreeSet<&str> = tree.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
        // What derives at compile time is not linked; it hangs on the derive package.
        let derive = ["proc-macro2", "quote", "syn", "unicode-ident", "thiserror-impl"];
        let linked: Vec<_> = used.iter().filter(|package| !derive.contains(package)).collect();
        assert!(linked.len() <= 8, "{name} uses {linked:?}");
        assert!(!used.iter().any(|package| package.ends_with("-sys")), "{name} builds C code: {used:?}");
    }
}
