//! `mapped-input`.

use std::io::{Cursor, Read};

use mapped_input::{Class, Input, Options, class_of};

use crate::pieces::{Pieces, Steps};

/// Decoded bytes beyond these are not looked at: a small file may inflate to a thousand times its size.
const MOST: usize = 1 << 20;

/// Reading in pieces of any size gives what reading at once gives: the same bytes, the same end.
pub fn mapped_codecs(data: &[u8]) {
    // The window of a zstd frame is the one thing that a header can make large.
    let options = Options::default().with_zstd_window_log(20);
    let whole = Input::from_reader_with(Cursor::new(data.to_vec()), &options);
    let small = options.with_buffer_bytes(16 + data.len() % 1000);
    let pieces = Input::from_reader_with(Pieces::new(data, 300), &small);
    let (Ok(whole), Ok(pieces)) = (whole, pieces) else {
        unreachable!("every codec is built in, and memory does not fail");
    };
    assert_eq!(whole.codec(), pieces.codec());
    let mut steps = Steps::seeded_by(data);
    let whole = drain(whole, || 1 << 16);
    let pieces = drain(pieces, || steps.next(5000));
    assert_eq!(whole.1, pieces.1, "how it ends");
    assert!(whole.0 == pieces.0, "{} and {} bytes", whole.0.len(), pieces.0.len());
}

/// The decoded bytes, and the class of the error at their end.
fn drain(mut input: Input, mut step: impl FnMut() -> usize) -> (Vec<u8>, Option<Class>) {
    let mut all = Vec::new();
    while all.len() < MOST {
        let before = all.len();
        all.resize((before + step()).min(MOST), 0);
        let read = input.read(all.get_mut(before..).unwrap_or_default());
        all.truncate(before + read.as_ref().map_or(0, |read| *read));
        match read {
            Ok(0) => return (all, None),
            Ok(_) => {}
            Err(error) => {
                assert!(class_of(&error) != Class::Io, "memory does not fail: {error}");
                assert_eq!(input.read(&mut [0; 8]).ok(), Some(0), "fused");
                return (all, Some(class_of(&error)));
            }
        }
    }
    (all, None)
}
