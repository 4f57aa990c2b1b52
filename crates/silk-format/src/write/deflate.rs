//! Compressing blocks (spec 4.2), with what a method keeps between them.

use std::io;

use crate::blocks::{BLOCK_HEADER, check_built_in};
use crate::error::{ErrorKind, Result};
use crate::format::Compression;

/// Bytes of records in a block, before they are rounded down to whole records.
const CAPACITY: usize = 65_536;

/// The bytes of records in every block but the last.
pub(crate) fn block_capacity(record_len: usize) -> usize {
    CAPACITY - CAPACITY % record_len
}

/// A compressor of one method.
pub(crate) struct Deflater {
    compression: Compression,
    #[cfg(feature = "libdeflate")]
    zlib: libdeflater::Compressor,
    #[cfg(all(feature = "zlib", not(feature = "libdeflate")))]
    zlib: flate2::Compress,
    #[cfg(feature = "lzo")]
    lzo: Option<Box<lzokay::compress::Dict>>,
    #[cfg(feature = "snappy")]
    snappy: snap::raw::Encoder,
    packed: Vec<u8>,
}

impl std::fmt::Debug for Deflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Deflater").field(&self.compression).finish()
    }
}

/// How many bytes of the buffer were filled.
type Deflated = std::result::Result<usize, String>;

impl Deflater {
    /// A compressor; none for uncompressed data.
    pub(crate) fn new(compression: Compression) -> Result<Option<Self>> {
        check_built_in(compression)?;
        if compression == Compression::NONE {
            return Ok(None);
        }
        Ok(Some(Self {
            compression,
            #[cfg(feature = "libdeflate")]
            zlib: libdeflater::Compressor::new(libdeflater::CompressionLvl::default()),
            #[cfg(all(feature = "zlib", not(feature = "libdeflate")))]
            zlib: flate2::Compress::new(flate2::Compression::default(), true),
            #[cfg(feature = "lzo")]
            lzo: (compression == Compression::LZO1X).then(lzokay::compress::Dict::new),
            #[cfg(feature = "snappy")]
            snappy: snap::raw::Encoder::new(),
            packed: Vec::new(),
        }))
    }

    /// A block of these records, at most [`block_capacity`] bytes of them: its two sizes, and the bytes behind them.
    pub(crate) fn deflate(&mut self, records: &[u8]) -> Result<([u8; BLOCK_HEADER], &[u8])> {
        let written = match self.compression {
            Compression::ZLIB => self.zlib(records),
            Compression::LZO1X => self.lzo(records),
            _ => self.snappy(records),
        };
        let failed = |reason| ErrorKind::Write(io::Error::other(format!("{}: {reason}", self.compression)));
        let packed = self.packed.get(..written.map_err(failed)?).unwrap_or_default();
        // Both are far below 2^32: no method makes 64 KiB a thousand times longer.
        let sizes = (packed.len() as u64) << 32 | records.len() as u64;
        Ok((sizes.to_be_bytes(), packed))
    }

    #[cfg(feature = "libdeflate")]
    fn zlib(&mut self, records: &[u8]) -> Deflated {
        self.packed.resize(self.zlib.zlib_compress_bound(records.len()), 0);
        self.zlib.zlib_compress(records, &mut self.packed).map_err(|e| e.to_string())
    }

    #[cfg(all(feature = "zlib", not(feature = "libdeflate")))]
    fn zlib(&mut self, records: &[u8]) -> Deflated {
        // What zlib's own bound comes to, and some more.
        self.packed.resize(records.len() + records.len() / 1000 + 64, 0);
        self.zlib.reset();
        match self.zlib.compress(records, &mut self.packed, flate2::FlushCompress::Finish) {
            Ok(flate2::Status::StreamEnd) => {
                usize::try_from(self.zlib.total_out()).map_err(|e| e.to_string())
            }
            Ok(_) => Err("the stream does not end".to_owned()),
            Err(e) => Err(e.to_string()),
        }
    }

    #[cfg(not(any(feature = "zlib", feature = "libdeflate")))]
    fn zlib(&mut self, _: &[u8]) -> Deflated {
        left_out()
    }

    #[cfg(feature = "lzo")]
    fn lzo(&mut self, records: &[u8]) -> Deflated {
        let Some(dict) = &mut self.lzo else { return Err("no dictionary".to_owned()) };
        self.packed = lzokay::compress::compress_with_dict(records, dict).map_err(|e| e.to_string())?;
        Ok(self.packed.len())
    }

    #[cfg(not(feature = "lzo"))]
    fn lzo(&mut self, _: &[u8]) -> Deflated {
        left_out()
    }

    #[cfg(feature = "snappy")]
    fn snappy(&mut self, records: &[u8]) -> Deflated {
        self.packed.resize(snap::raw::max_compress_len(records.len()), 0);
        self.snappy.compress(records, &mut self.packed).map_err(|e| e.to_string())
    }

    #[cfg(not(feature = "snappy"))]
    fn snappy(&mut self, _: &[u8]) -> Deflated {
        left_out()
    }
}

/// `Deflater::new` refuses what this build leaves out, so that nobody sees this.
#[cfg(not(all(any(feature = "zlib", feature = "libdeflate"), feature = "lzo", feature = "snappy")))]
fn left_out() -> Deflated {
    Err("this build has no such codec".to_owned())
}
