//! Compressed blocks (spec 4.2): their 8-byte headers, and inflating them into a buffer that is reused.

use crate::error::{Error, ErrorKind, Result};
use crate::format::Compression;

/// Bytes of a block header.
pub(crate) const BLOCK_HEADER: usize = 8;

/// The reference's limit of a block, compressed or not.
const MAX_BLOCK: u32 = 1 << 20;

/// What the header of a block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockHeader {
    /// More bytes are needed to tell.
    Need(usize),
    /// The end of the data, said by so many bytes; whatever follows is not read.
    End { mark: usize },
    /// `compressed` bytes follow, which inflate to `inflated`.
    Block { compressed: u32, inflated: u32 },
}

impl BlockHeader {
    /// Reads the block header at the start of `bytes`. A compressed length of 0 ends the data before the second
    /// number is looked at.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let Some(compressed) = bytes.first_chunk().map(|raw| u32::from_be_bytes(*raw)) else {
            return Ok(Self::Need(4));
        };
        if compressed == 0 {
            return Ok(Self::End { mark: 4 });
        }
        let Some(inflated) = bytes.get(4..).and_then(<[u8]>::first_chunk).map(|raw| u32::from_be_bytes(*raw))
        else {
            return Ok(Self::Need(BLOCK_HEADER));
        };
        let limit = u64::from(MAX_BLOCK);
        for (what, wanted) in
            [("compressed block", u64::from(compressed)), ("inflated block", u64::from(inflated) + 3)]
        {
            if wanted > limit {
                return Err(Error::invalid(
                    "block size",
                    format!("at most {limit}"),
                    format!("{wanted} ({what})"),
                ));
            }
        }
        Ok(match inflated {
            0 => Self::End { mark: BLOCK_HEADER },
            inflated => Self::Block { compressed, inflated },
        })
    }
}

/// A decompressor of one method, with what it keeps between blocks.
pub(crate) struct Inflater {
    compression: Compression,
    #[cfg(feature = "libdeflate")]
    zlib: libdeflater::Decompressor,
    #[cfg(all(feature = "zlib", not(feature = "libdeflate")))]
    zlib: flate2::Decompress,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Inflater").field(&self.compression).finish()
    }
}

/// Refuses a method that SiLK does not know or that this build leaves out.
pub(crate) fn check_built_in(compression: Compression) -> Result<()> {
    let built_in = match compression {
        Compression::NONE => true,
        Compression::ZLIB => cfg!(any(feature = "zlib", feature = "libdeflate")),
        Compression::LZO1X => cfg!(feature = "lzo"),
        Compression::SNAPPY => cfg!(feature = "snappy"),
        _ => return Err(ErrorKind::UnknownCompression(compression).into()),
    };
    if built_in { Ok(()) } else { Err(ErrorKind::CompressionUnavailable(compression).into()) }
}

impl Inflater {
    pub(crate) fn new(compression: Compression) -> Result<Self> {
        check_built_in(compression)?;
        Ok(Self {
            compression,
            #[cfg(feature = "libdeflate")]
            zlib: libdeflater::Decompressor::new(),
            #[cfg(all(feature = "zlib", not(feature = "libdeflate")))]
            zlib: flate2::Decompress::new(true),
        })
    }

    /// Inflates one block into exactly `out`.
    pub(crate) fn inflate(&mut self, block: &[u8], out: &mut [u8]) -> Result<()> {
        let expected = out.len();
        let written = match self.compression {
            Compression::ZLIB => self.zlib(block, out),
            Compression::LZO1X => lzo(block, out),
            _ => snappy(block, out),
        };
        let reason = match written {
            Ok(n) if n == expected => return Ok(()),
            Ok(n) => format!("{n} bytes came out"),
            Err(reason) => reason,
        };
        let expected = u32::try_from(expected).unwrap_or(u32::MAX);
        Err(ErrorKind::Inflate { compression: self.compression, expected, reason }.into())
    }

    /// Bytes behind the end of the stream are accepted (spec 11.2).
    #[cfg(feature = "libdeflate")]
    fn zlib(&mut self, block: &[u8], out: &mut [u8]) -> Inflated {
        use libdeflater::DecompressionError as Failure;
        self.zlib.zlib_decompress(block, out).map_err(|e| match e {
            Failure::BadData => "the stream is damaged".to_owned(),
            Failure::InsufficientSpace => "more bytes come out".to_owned(),
        })
    }

    /// Bytes behind the end of the stream are accepted (spec 11.2).
    #[cfg(all(feature = "zlib", not(feature = "libdeflate")))]
    fn zlib(&mut self, block: &[u8], out: &mut [u8]) -> Inflated {
        self.zlib.reset(true);
        match self.zlib.decompress(block, out, flate2::FlushDecompress::Finish) {
            Ok(flate2::Status::StreamEnd) => {
                usize::try_from(self.zlib.total_out()).map_err(|e| e.to_string())
            }
            Ok(_) => Err("the stream does not end".to_owned()),
            Err(e) => Err(e.to_string()),
        }
    }

    #[cfg(not(any(feature = "zlib", feature = "libdeflate")))]
    fn zlib(&mut self, _: &[u8], _: &mut [u8]) -> Inflated {
        left_out()
    }
}

/// How many bytes came out, or why none did.
type Inflated = std::result::Result<usize, String>;

#[cfg(feature = "lzo")]
fn lzo(block: &[u8], out: &mut [u8]) -> Inflated {
    lzokay::decompress::decompress(block, out).map_err(|e| e.to_string())
}

#[cfg(feature = "snappy")]
fn snappy(block: &[u8], out: &mut [u8]) -> Inflated {
    // The announced length is checked first, so that the decoder never sees a shorter buffer.
    match snap::raw::decompress_len(block) {
        Ok(len) if len == out.len() => {
            snap::raw::Decoder::new().decompress(block, out).map_err(|e| e.to_string())
        }
        Ok(len) => Err(format!("it announces {len} bytes")),
        Err(e) => Err(e.to_string()),
    }
}

#[cfg(not(feature = "lzo"))]
fn lzo(_: &[u8], _: &mut [u8]) -> Inflated {
    left_out()
}

#[cfg(not(feature = "snappy"))]
fn snappy(_: &[u8], _: &mut [u8]) -> Inflated {
    left_out()
}

/// `Inflater::new` refuses what this build leaves out, so that nobody sees this.
#[cfg(not(all(any(feature = "zlib", feature = "libdeflate"), feature = "lzo", feature = "snappy")))]
fn left_out() -> Inflated {
    Err("this build has no such codec".to_owned())
}
