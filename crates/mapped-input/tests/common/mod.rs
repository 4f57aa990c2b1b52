//! Shared by the tests: packing with each codec, and reading in odd pieces.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{self, Read, Write};

use mapped_input::{Codec, Input, Options};

pub(crate) const CODECS: [Codec; 3] = [Codec::Gzip, Codec::Zstd, Codec::Lz4];

/// One member or frame.
pub(crate) fn pack(codec: Codec, content: &[u8]) -> Vec<u8> {
    match codec {
        Codec::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(content).unwrap();
            gzip.finish().unwrap()
        }
        Codec::Zstd => {
            let mut zstd = zstd::Encoder::new(Vec::new(), 3).unwrap();
            zstd.include_checksum(true).unwrap();
            zstd.write_all(content).unwrap();
            zstd.finish().unwrap()
        }
        Codec::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
            let mut lz4 = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            lz4.write_all(content).unwrap();
            lz4.finish().unwrap()
        }
        _ => content.to_vec(),
    }
}

/// Content that is neither constant nor incompressible.
pub(crate) fn content(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 27) as u8).collect()
}

/// All that can be read, and the error at the end if there is one.
pub(crate) fn drain(input: &mut impl Read) -> (Vec<u8>, Option<io::Error>) {
    let mut all = Vec::new();
    let error = input.read_to_end(&mut all).err();
    (all, error)
}

/// An input over bytes in memory whose reader gives at most `piece` bytes at a time.
pub(crate) fn pieces(stored: Vec<u8>, piece: usize, buffer: usize) -> Input {
    let options = Options::default().with_buffer_bytes(buffer);
    Input::from_reader_with(Pieces { stored, at: 0, piece, failing: false }, &options).unwrap()
}

/// Gives short reads; at the end either the end or an error of the operating system.
pub(crate) struct Pieces {
    pub(crate) stored: Vec<u8>,
    pub(crate) at: usize,
    pub(crate) piece: usize,
    pub(crate) failing: bool,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.failing && self.at == self.stored.len() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let n = self.piece.min(out.len()).min(self.stored.len() - self.at);
        out[..n].copy_from_slice(&self.stored[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
