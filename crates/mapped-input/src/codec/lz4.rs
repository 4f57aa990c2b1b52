//! The lz4 frame format: frames one after the other, skippable ones passed over.
//!
//! Source: `lz4_Frame_format.md`, version 1.6.

use std::{io, io::Read, mem};

use lz4_flex::frame::{Error as FrameError, FrameDecoder};

use super::{Codec, is_skippable};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;

pub(crate) struct Lz4 {
    frame: FrameDecoder<Source>,
    /// The decoder says that it has nothing more: a frame may begin here.
    between_frames: bool,
}

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const LEGACY_MAGIC: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];
/// Magic and length of a skippable frame.
const SKIPPABLE_HEADER: usize = 8;

impl Lz4 {
    pub(crate) fn new(source: Source) -> Self {
        Self { frame: FrameDecoder::new(source), between_frames: true }
    }

    pub(crate) fn source(&self) -> &Source {
        self.frame.get_ref()
    }

    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            if self.between_frames && !self.next_frame()? {
                return Ok(0);
            }
            let read = self.frame.read(out);
            let source = self.frame.get_mut();
            match read {
                // The library takes an end before a block for the end of the frame; only the end mark is (section
                // "EndMark"), and the end mark is read without meeting the end of the input.
                Ok(0) if source.hit_end => return Err(truncated(source)),
                Ok(0) => self.between_frames = true,
                Ok(n) => return Ok(n),
                Err(error) => return Err(blame(error, source)),
            }
        }
    }

    /// Goes on to the next frame; `false` at the end of the input.
    ///
    /// A magic number here begins a frame even if the decoder only met an empty block: as a block size all of them are
    /// far above the format's 4 MiB. Anything else is left to the decoder to continue with or to refuse.
    fn next_frame(&mut self) -> Result<bool> {
        loop {
            let source = self.frame.get_mut();
            let head = source.peek(SKIPPABLE_HEADER)?;
            if head.is_empty() {
                return Ok(false);
            } else if head.starts_with(&LEGACY_MAGIC) {
                return Err(unsupported("a legacy frame", source));
            } else if is_skippable(head) {
                let skipped = match head {
                    [_, _, _, _, a, b, c, d, ..] => {
                        let len = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
                        source.skip(SKIPPABLE_HEADER as u64 + len)?
                    }
                    _ => false,
                };
                if !skipped {
                    return Err(truncated(source));
                }
            } else {
                if head.starts_with(&MAGIC) {
                    // A decoder's buffers fit the block size of its own frame only.
                    let source = mem::replace(source, Source::empty());
                    self.frame = FrameDecoder::new(source);
                }
                self.between_frames = false;
                return Ok(true);
            }
        }
    }
}

fn truncated(source: &Source) -> Error {
    Error::at(ErrorKind::Truncated { codec: Codec::Lz4 }, source.offset())
}

fn unsupported(what: &'static str, source: &Source) -> Error {
    Error::at(ErrorKind::Unsupported { codec: Codec::Lz4, what }, source.offset())
}

/// What the library's error means: the source's own failure, the end of the input, or damage.
fn blame(error: io::Error, source: &Source) -> Error {
    if source.failed {
        return Error::from(error);
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return truncated(source);
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<FrameError>()) {
        Some(FrameError::DictionaryNotSupported) => unsupported("a dictionary", source),
        _ => Error::at(ErrorKind::Damaged { codec: Codec::Lz4, reason: error.to_string() }, source.offset()),
    }
}
