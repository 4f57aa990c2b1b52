//! Byte order: always said, never that of the machine.

use byteorder::{BigEndian, ByteOrder as _, LittleEndian};
use nom::number::Endianness;

/// The byte order of a file or section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// As nom takes it.
    pub(crate) fn endianness(self) -> Endianness {
        match self {
            Self::Little => Endianness::Little,
            Self::Big => Endianness::Big,
        }
    }

    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => LittleEndian::read_u32(&bytes),
            Self::Big => BigEndian::read_u32(&bytes),
        }
    }
}

/// The bytes from `at` on as an array, if they are there.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
