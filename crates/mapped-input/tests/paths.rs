//! Paths: read and mapped give the same, whatever the file is.

#![cfg(all(feature = "gzip", feature = "zstd", feature = "lz4"))]
#![allow(clippy::unwrap_used, reason = "helpers of a test or bench may stop at once")]

mod common;

use std::io::{BufRead, Read};
use std::path::Path;

use common::{content, drain};
use mapped_input::{Class, Codec, Input, Opened, class_of};

#[expect(unsafe_code, reason = "the tests' files are their own")]
fn map(path: &Path) -> Input {
    // SAFETY: the file lies in a directory that only this test knows, and the test does not touch it again.
    unsafe { Input::map(path) }.unwrap()
}

fn written(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, content).unwrap();
    (dir, path)
}

#[test]
fn inputs_can_be_sent() {
    fn check<T: Send + 'static>() {}
    check::<Input>();
}

#[test]
fn mapped_equals_read() {
    for len in [0, 1, 3, 4096, 1_000_000] {
        let (_dir, path) = written(&content(len));
        let (mut read, mut mapped) = (Input::open(&path).unwrap(), map(&path));
        assert_eq!((read.opened(), mapped.opened()), (Opened::Read, Opened::Mapped));
        assert_eq!((read.stored_len(), mapped.stored_len()), (Some(len as u64), Some(len as u64)));
        assert_eq!((read.as_slice(), mapped.as_slice()), (None, Some(&content(len)[..])));
        assert_eq!(drain(&mut read).0, content(len));
        assert_eq!(drain(&mut mapped).0, content(len));
        assert_eq!((read.stored_position(), mapped.stored_position()), (len as u64, len as u64));
        assert_eq!(mapped.as_slice().unwrap().len(), len, "the whole content, whatever was read before");
    }
}

#[test]
fn mapped_equals_read_when_compressed() {
    for codec in common::CODECS {
        let stored = [common::pack(codec, &content(70_000)), common::pack(codec, b"end")].concat();
        let (_dir, path) = written(&stored);
        for mut input in [Input::open(&path).unwrap(), map(&path)] {
            assert_eq!((input.codec(), input.as_slice()), (codec, None));
            assert_eq!(drain(&mut input).0, [&content(70_000)[..], b"end"].concat());
        }
    }
}

#[test]
fn reads_and_looks_may_be_mixed() {
    let (_dir, path) = written(&content(10_000));
    let mut stored = vec![("read", Input::open(&path).unwrap()), ("mapped", map(&path))];
    stored.push((
        "gzip",
        Input::from_reader(std::io::Cursor::new(common::pack(Codec::Gzip, &content(10_000)))).unwrap(),
    ));
    for (name, mut input) in stored {
        let mut all = Vec::new();
        for round in 0.. {
            let mut out = [0; 77];
            let taken = if round % 2 == 0 {
                input.read(&mut out).unwrap()
            } else {
                let look = input.fill_buf().unwrap();
                let n = look.len().min(100 - 23);
                out[..n].copy_from_slice(&look[..n]);
                input.consume(n);
                n
            };
            all.extend_from_slice(&out[..taken]);
            if taken == 0 {
                break;
            }
        }
        assert!(all == content(10_000), "{name}");
        input.consume(usize::MAX);
    }
}

#[test]
fn what_is_no_regular_file_is_read_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Input::open(dir.path().join("none")).unwrap_err();
    assert_eq!(missing.class(), Class::Io);
    // A directory opens on Unix, and then its first read fails.
    assert_eq!(Input::open(dir.path()).unwrap_err().class(), Class::Io);
}

#[test]
#[cfg(unix)]
fn a_device_is_read_even_if_a_map_was_asked_for() {
    let mut input = map(Path::new("/dev/null"));
    assert_eq!((input.opened(), input.codec(), input.stored_len()), (Opened::Read, Codec::Plain, None));
    assert!(drain(&mut input).0.is_empty());
}

/// The reading path, unlike a map, survives a file that is cut while it is read.
#[test]
fn a_file_cut_while_it_is_read_ends() {
    let (_dir, path) = written(&content(1_000_000));
    let mut input = Input::open(&path).unwrap();
    input.read_exact(&mut [0; 100]).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();
    let (rest, error) = drain(&mut input);
    assert!(error.is_none() && rest.len() < 1_000_000);
}

#[test]
fn an_error_of_the_reader_comes_through() {
    let reader = common::Pieces { stored: content(100), at: 0, piece: 40, failing: true };
    let mut input = Input::from_reader(reader).unwrap();
    assert_eq!(input.opened(), Opened::Reader);
    let (all, error) = drain(&mut input);
    assert_eq!(all, content(100));
    assert_eq!(class_of(&error.unwrap()), Class::Io);
    assert_eq!(input.fill_buf().unwrap(), b"");
}
