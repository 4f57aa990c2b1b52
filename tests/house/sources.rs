//! What the sources use, and what they must not.

use crate::workspace::{CRATES, code, read, rust_files};

/// The packages of the owner's card: where each is called, and by what.
const CARD: [(&str, &str, &str); 9] = [
    ("nom", "src", "nom::"),
    ("byteorder", "src", "byteorder::"),
    ("memmap2", "src", "memmap2::"),
    ("arrow", "src", "arrow_array::"),
    ("chrono", "src", "chrono::"),
    ("thiserror", "src", "thiserror::Error"),
    ("ipnet", "src", "ipnet::"),
    ("proptest", "tests", "proptest!"),
    ("criterion", "benches", "criterion_group!"),
];

/// LZO implementations under the GPL, two of which call themselves MIT.
const BANNED: [&str; 5] = ["minilzo", "minilzo-sys", "minilzo-rs", "lzo1x", "rust-lzo"];

#[test]
fn the_cards_packages_are_called() {
    for (package, folder, call) in CARD {
        let folders = CRATES.map(|name| format!("crates/{name}/{folder}"));
        let found = folders.iter().flat_map(rust_files).any(|file| code(&file).contains(call));
        assert!(found, "no {call} in any crate's {folder}/: {package} is not really used");
    }
}

#[test]
fn banned_packages_are_named_and_absent() {
    let (rules, lock) = (read("deny.toml"), read("Cargo.lock"));
    for name in BANNED {
        assert!(rules.contains(&format!("\"{name}\"")), "deny.toml does not ban {name}");
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} is in Cargo.lock");
    }
    assert!(!lock.contains("source = \"git+"), "only the registry is a source");
}

/// Byte order is always said: what reads `native` bytes reads something else on another machine. Only the name of the
/// machine's own order, in which files are written unless told otherwise, knows it.
#[test]
fn format_crates_know_no_native_byte_order() {
    for file in ["mapped-input", "silk-format", "pcap-headers"]
        .iter()
        .flat_map(|name| rust_files(format!("crates/{name}/src")))
    {
        let code = code(&file).replacen("NATIVE: Self = if cfg!(target_endian", "", 1);
        for word in ["_ne_bytes", "NativeEndian", "NetworkEndian", "transmute", "target_endian"] {
            assert!(!code.contains(word), "{}: {word}", file.display());
        }
    }
}

/// Versions stand once, in the root manifest.
#[test]
fn versions_stand_once() {
    for name in CRATES.map(|name| format!("crates/{name}")).iter().map(String::as_str).chain(["fuzz"]) {
        let manifest = read(format!("{name}/Cargo.toml"));
        let dependencies = manifest.split("\n[").filter(|table| {
            ["dependencies]", "dev-dependencies]", "build-dependencies]"]
                .iter()
                .any(|start| table.starts_with(start))
        });
        for line in dependencies.flat_map(|table| table.lines().skip(1)) {
            let outside = line.is_empty() || line.starts_with('#') || line.contains("workspace = true");
            assert!(outside, "{name}: {line}: the version belongs into the root manifest");
        }
    }
}

#[test]
fn sources_hold_no_unfinished_work() {
    for file in CRATES.iter().flat_map(|name| rust_files(format!("crates/{name}/src"))) {
        let code = code(&file);
        for word in ["todo!(", "unimplemented!(", "dbg!("] {
            assert!(!code.contains(word), "{}: {word}", file.display());
        }
        assert!(code.lines().count() <= 900, "{}: more than one subject?", file.display());
    }
}
