//! A codec that is left out of the build is recognised and refused by name.
#![cfg(not(all(feature = "gzip", feature = "zstd", feature = "lz4", feature = "zip")))]

use mapped_input::{Class, Input};

#[test]
fn a_missing_codec_is_named() {
    for (magic, name, built) in [
        (&b"\x1f\x8b\x08\0"[..], "gzip", cfg!(feature = "gzip")),
        (b"\x28\xb5\x2f\xfd", "zstd", cfg!(feature = "zstd")),
        (b"\x04\x22\x4d\x18", "lz4", cfg!(feature = "lz4")),
        (b"PK\x03\x04", "zip", cfg!(feature = "zip")),
    ] {
        let opened = Input::from_reader(magic);
        assert_eq!(opened.is_ok(), built, "{name}");
        if let Err(error) = opened {
            assert_eq!(error.class(), Class::Unsupported);
            assert!(error.to_string().contains(&format!("feature `{name}`")), "{error}");
        }
    }
}
