//! Zip archives as Info-ZIP 3.0 and Python 3.11 write them, to files and to pipes (`tests/zip`); each holds `content.bin`,
//! the 3000 bytes of `content(3000)`.
#![cfg(feature = "zip")]
#![allow(clippy::unwrap_used, reason = "helpers of a test or bench may stop at once")]

mod common;

use std::io::Read;

use common::{content, drain, pieces};
use mapped_input::{Class, Codec, Error, ErrorKind, class_of};

fn archive(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zip/");
    std::fs::read(format!("{folder}{name}.zip")).unwrap()
}

const GOOD: [&str; 8] =
    ["infozip", "infozip_pipe", "stored", "folder", "macos", "pipe", "pipe_zip64", "zip64"];

#[test]
fn the_one_file_is_the_content() {
    for name in GOOD {
        for (piece, buffer) in [(1, 16), (7, 64), (100, 1000), (10_000, 10_000)] {
            let mut input = pieces(archive(name), piece, buffer);
            assert_eq!(input.codec(), Codec::Zip);
            let (all, error) = drain(&mut input);
            assert!(error.is_none(), "{name}: {error:?}");
            assert_eq!(all, content(3000), "{name}");
        }
    }
}

#[test]
fn what_is_not_read_is_named() {
    for (name, delivered, message) in [
        ("empty", 0, "no file in it"),
        ("encrypted", 0, "encryption"),
        ("bzip2", 0, "a method other than deflate"),
        ("pipe_stored", 0, "a stored file of unknown length"),
        ("two_files", 3000, "more than one file in it (unpack it first)"),
    ] {
        let (all, error) = drain(&mut pieces(archive(name), 1000, 1000));
        let error = error.unwrap();
        assert_eq!(class_of(&error), Class::Unsupported, "{name}");
        assert!(error.to_string().contains(&format!("zip data with {message} is not supported")), "{error}");
        assert_eq!(all, content(delivered), "{name}");
    }
}

#[test]
fn a_cut_at_every_byte_gives_the_data_so_far_then_an_error() {
    for name in GOOD {
        let stored = archive(name);
        // What stands behind the files is not looked at but for its signature.
        let directory = stored.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        let mut delivered = 0;
        for cut in 4..stored.len() {
            let mut input = pieces(stored[..cut].to_vec(), 50, 64);
            let (all, error) = drain(&mut input);
            assert!(content(3000).starts_with(&all) && all.len() >= delivered, "{name} cut at {cut}");
            delivered = all.len();
            let Some(error) = error else {
                assert!(cut >= directory + 4, "{name} cut at {cut}: no error");
                continue;
            };
            assert!(cut < directory + 4, "{name} cut at {cut}: {error}");
            let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
            assert!(matches!(inner.kind(), ErrorKind::Truncated { .. }), "{name} cut at {cut}: {inner}");
            assert_eq!(inner.offset(), Some(cut as u64), "{name}");
            assert_eq!(input.read(&mut [0; 8]).unwrap(), 0, "fused");
        }
    }
}

#[test]
fn a_wrong_checksum_or_length_is_damage_after_the_data() {
    // Offsets of checksum, packed length and length: in the header (spec 4.3.7), or counted back from the directory.
    for (name, places) in [("infozip", [14, 18, 22]), ("pipe", [0, 4, 8]), ("pipe_zip64", [0, 4, 12])] {
        for place in places {
            let mut stored = archive(name);
            if name != "infozip" {
                let directory = stored.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
                let descriptor = if name == "pipe" { 12 } else { 20 };
                stored[directory - descriptor + place] ^= 1;
            } else {
                stored[place] ^= 1;
            }
            let (all, error) = drain(&mut pieces(stored, 100, 100));
            assert_eq!(class_of(&error.unwrap()), Class::Malformed, "{name} {place}");
            assert_eq!(all, content(3000), "{name} {place}");
        }
    }
}
