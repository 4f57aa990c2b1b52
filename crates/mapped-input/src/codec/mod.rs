//! The codecs: which one the first bytes announce, and one stream over all of them.

#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "zip")]
mod zip;
#[cfg(feature = "zstd")]
mod zstd;

use std::{fmt, io, io::Read};

use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;
use crate::source::Source;

/// How the stored bytes are compressed as a whole, found by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// Not at all.
    Plain,
    /// gzip (RFC 1952), one member or many.
    Gzip,
    /// Zstandard (RFC 8878), one frame or many.
    Zstd,
    /// The lz4 frame format, one frame or many.
    Lz4,
    /// A zip archive of one file; folders beside it are passed over.
    Zip,
}

/// The first bytes of each codec; a file shorter than its magic is plain.
const MAGICS: [(&[u8], Codec); 5] = [
    // RFC 1952 section 2.3.1: identification, and 8, the only method ever defined.
    (&[0x1f, 0x8b, 8], Codec::Gzip),
    // RFC 8878 section 3.1.1.
    (&[0x28, 0xb5, 0x2f, 0xfd], Codec::Zstd),
    (&[0x04, 0x22, 0x4d, 0x18], Codec::Lz4),
    // APPNOTE.TXT sections 4.3.7 and 4.3.16: the first file, or the end of an empty archive.
    (b"PK\x03\x04", Codec::Zip),
    (b"PK\x05\x06", Codec::Zip),
];

/// Bytes that [`Codec::sniff`] wants to see.
pub(crate) const MAGIC_LEN: usize = 4;

impl Codec {
    /// The codec that the first bytes of a file announce.
    ///
    /// A skippable frame (RFC 8878 section 3.1.2), with which parallel zstd compressors begin, counts as zstd.
    pub fn sniff(first: &[u8]) -> Self {
        if is_skippable(first) {
            return Self::Zstd;
        }
        MAGICS.iter().find(|(magic, _)| first.starts_with(magic)).map_or(Self::Plain, |&(_, codec)| codec)
    }

    /// Its name: `plain`, `gzip`, `zstd`, `lz4` or `zip`; also the name of the feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Zip => "zip",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Magic numbers 0x184D2A50 to 0x184D2A5F, common to zstd and lz4.
fn is_skippable(first: &[u8]) -> bool {
    matches!(first, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Decoded bytes: the source itself, or a decoder that owns it.
pub(crate) enum Stream {
    Plain(Source),
    #[cfg(feature = "gzip")]
    Gzip(gzip::Gzip),
    #[cfg(feature = "zstd")]
    Zstd(zstd::Zstd),
    #[cfg(feature = "lz4")]
    Lz4(lz4::Lz4),
    #[cfg(feature = "zip")]
    Zip(Box<zip::Zip>),
}

impl Stream {
    #[cfg_attr(not(feature = "zstd"), expect(unused_variables, reason = "only zstd has an option"))]
    pub(crate) fn new(source: Source, codec: Codec, options: &Options) -> Result<Self> {
        match codec {
            Codec::Plain => Ok(Self::Plain(source)),
            #[cfg(feature = "gzip")]
            Codec::Gzip => Ok(Self::Gzip(gzip::Gzip::new(source))),
            #[cfg(feature = "zstd")]
            Codec::Zstd => Ok(Self::Zstd(zstd::Zstd::new(source, options.zstd_window_log)?)),
            #[cfg(feature = "lz4")]
            Codec::Lz4 => Ok(Self::Lz4(lz4::Lz4::new(source))),
            #[cfg(feature = "zip")]
            Codec::Zip => Ok(Self::Zip(Box::new(zip::Zip::new(source)))),
            #[allow(unreachable_patterns, reason = "reached when a codec is left out of the build")]
            codec => Err(Error::at(ErrorKind::FeatureMissing { codec }, 0)),
        }
    }

    pub(crate) fn source(&self) -> &Source {
        match self {
            Self::Plain(source) => source,
            #[cfg(feature = "gzip")]
            Self::Gzip(gzip) => gzip.source(),
            #[cfg(feature = "zstd")]
            Self::Zstd(zstd) => zstd.source(),
            #[cfg(feature = "lz4")]
            Self::Lz4(lz4) => lz4.source(),
            #[cfg(feature = "zip")]
            Self::Zip(zip) => zip.source(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(out),
            #[cfg(feature = "gzip")]
            Self::Gzip(gzip) => Ok(gzip.read(out)?),
            #[cfg(feature = "zstd")]
            Self::Zstd(zstd) => Ok(zstd.read(out)?),
            #[cfg(feature = "lz4")]
            Self::Lz4(lz4) => Ok(lz4.read(out)?),
            #[cfg(feature = "zip")]
            Self::Zip(zip) => Ok(zip.read(out)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_decide() {
        let cases: [(&[u8], Codec); 11] = [
            (b"", Codec::Plain),
            (b"\x1f\x8b", Codec::Plain),
            (b"\x1f\x8b\x08", Codec::Gzip),
            (b"\x1f\x8b\x07\0", Codec::Plain),
            (b"\x28\xb5\x2f\xfd", Codec::Zstd),
            (b"\x28\xb5\x2f", Codec::Plain),
            (b"\x04\x22\x4d\x18rest", Codec::Lz4),
            (b"\x5f\x2a\x4d\x18", Codec::Zstd),
            (b"PK\x03\x04", Codec::Zip),
            (b"PK\x01\x02", Codec::Plain),
            (b"\xde\xad\xbe\xef", Codec::Plain),
        ];
        for (first, codec) in cases {
            assert_eq!(Codec::sniff(first), codec, "{first:02x?}");
        }
    }
}
