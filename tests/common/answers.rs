//! Captures, and where tshark's answers to them lie.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

/// The project's own captures.
pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pcap")
}

/// The collection beside the project, if there is one.
pub(crate) fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata/pcap")
}

/// The answer beside a capture, by the ending of its name, perhaps compressed.
pub(crate) fn answer(capture: &Path, ending: &str) -> Option<Vec<u8>> {
    let plain = format!("{}.{ending}", capture.display());
    if let Ok(text) = fs::read(&plain) {
        return Some(text);
    }
    let mut text = Vec::new();
    MultiGzDecoder::new(fs::File::open(format!("{plain}.gz")).ok()?).read_to_end(&mut text).unwrap();
    Some(text)
}
