//! Zstandard: frames one after the other, skippable ones passed over (RFC 8878).

use std::io::BufRead;

use zstd::zstd_safe::{self, DCtx, DParameter, InBuffer, OutBuffer};

use super::Codec;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;

pub(crate) struct Zstd {
    source: Source,
    context: DCtx<'static>,
    window_log: u32,
    /// Nothing of a frame has been taken: the input may end here.
    at_start: bool,
    /// Bytes to the end of the current part of the frame: its header, a block, its checksum.
    wanted: usize,
}

/// Bytes of a block's header (RFC 8878 section 3.1.1.2), which the library's hints count in advance.
///
/// A call that fails drops what it decoded before. So each call gets at most one part of the frame, and all blocks
/// before a damaged one are delivered.
const BLOCK_HEADER: usize = 3;

// `zstd_errors.h`: stable numbers, given as their negatives.
const WINDOW_TOO_LARGE: usize = 16;
const DICTIONARY_WRONG: usize = 32;
const MEMORY_ALLOCATION: usize = 64;

impl Zstd {
    pub(crate) fn new(source: Source, window_log: u32) -> Result<Self> {
        let no_memory = || Error::from(std::io::Error::from(std::io::ErrorKind::OutOfMemory));
        let mut context = DCtx::try_create().ok_or_else(no_memory)?;
        // `Options` keeps the logarithm in the range that the library accepts.
        context
            .set_parameter(DParameter::WindowLogMax(window_log))
            .map_err(|code| blame(code, window_log, 0))?;
        Ok(Self { source, context, window_log, at_start: true, wanted: 0 })
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            let stored = self.source.fill_buf()?;
            let at_end = stored.is_empty();
            if at_end && self.at_start {
                return Ok(0);
            }
            let stored = stored.get(..self.wanted.max(1)).unwrap_or(stored);
            let mut input = InBuffer::around(stored);
            let mut output = OutBuffer::around(&mut *out);
            let hint = self.context.decompress_stream(&mut output, &mut input);
            let (read, wrote) = (input.pos(), output.pos());
            self.source.consume(read);
            let hint = hint.map_err(|code| blame(code, self.window_log, self.source.offset()))?;
            self.at_start = hint == 0;
            self.wanted = hint.saturating_sub(BLOCK_HEADER);
            if wrote > 0 {
                return Ok(wrote);
            }
            if at_end && !self.at_start {
                return Err(Error::at(ErrorKind::Truncated { codec: Codec::Zstd }, self.source.offset()));
            }
        }
    }
}

/// What an error code of the library means.
fn blame(code: usize, window_log: u32, offset: u64) -> Error {
    let codec = Codec::Zstd;
    let kind = match code.wrapping_neg() {
        WINDOW_TOO_LARGE => ErrorKind::ZstdWindow { limit: 1 << window_log },
        DICTIONARY_WRONG => ErrorKind::Unsupported { codec, what: "a dictionary" },
        MEMORY_ALLOCATION => ErrorKind::Io(std::io::ErrorKind::OutOfMemory.into()),
        _ => ErrorKind::Damaged { codec, reason: zstd_safe::get_error_name(code).to_lowercase() },
    };
    Error::at(kind, offset)
}
