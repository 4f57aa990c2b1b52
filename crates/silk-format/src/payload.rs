//! The payload of set and map files: whole, inflated, and read field by field in file order.

use std::borrow::Cow;

use crate::blocks::{BLOCK_HEADER, BlockHeader, Inflater};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{ByteOrder, Compression, FormatId};
use crate::header::Header;
use crate::options::Limits;

/// The bytes behind the header of a file of `format`, inflated if need be.
///
/// Memory: none for stored payloads; for compressed ones their inflated size, under `limits`.
pub(crate) fn open<'a>(
    bytes: &'a [u8],
    format: FormatId,
    what: &'static str,
    limits: &Limits,
) -> Result<(Header, Cow<'a, [u8]>)> {
    let (header, len) = Header::parse_with(bytes, limits)?;
    if header.format() != format {
        return Err(Error::invalid(what, format, header.format()));
    }
    let data = bytes.get(len..).unwrap_or_default();
    if header.compression() == Compression::NONE {
        within(data.len(), limits)?;
        return Ok((header, Cow::Borrowed(data)));
    }
    let data = inflate(&header, data, limits)?;
    Ok((header, Cow::Owned(data)))
}

fn within(len: usize, limits: &Limits) -> Result<()> {
    if len <= limits.payload_bytes {
        return Ok(());
    }
    Err(ErrorKind::Limit { what: "payload", wanted: len as u64, limit: limits.payload_bytes as u64 }.into())
}

/// All blocks (spec 4.2), one behind the other.
fn inflate(header: &Header, mut rest: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    let mut inflater = Inflater::new(header.compression())?;
    let mut out = Vec::new();
    let mut at = header.len() as u64;
    while !rest.is_empty() {
        let (compressed, inflated) = match BlockHeader::parse(rest).map_err(|e| e.at(at))? {
            BlockHeader::End { .. } => break,
            BlockHeader::Need(needed) => {
                return Err(Error::truncated("block header", needed, rest.len()).at(at));
            }
            BlockHeader::Block { compressed, inflated } => (compressed as usize, inflated as usize),
        };
        let end = BLOCK_HEADER + compressed;
        let Some(block) = rest.get(BLOCK_HEADER..end) else {
            return Err(Error::truncated("compressed block", end, rest.len()).at(at));
        };
        let start = out.len();
        within(start + inflated, limits)?;
        out.resize(start + inflated, 0);
        inflater.inflate(block, out.get_mut(start..).unwrap_or_default()).map_err(|e| e.at(at))?;
        rest = rest.get(end..).unwrap_or_default();
        at += end as u64;
    }
    Ok(out)
}

/// Reads a payload from front to back. Errors carry the file offset unless the payload was inflated.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    order: ByteOrder,
    /// File offset of `rest`.
    at: Option<u64>,
}

impl<'a> Cursor<'a> {
    #[expect(clippy::ptr_arg, reason = "whether the payload was inflated decides if offsets are known")]
    pub(crate) fn new(header: &Header, payload: &'a Cow<'_, [u8]>) -> Self {
        let at = match payload {
            Cow::Borrowed(_) => Some(header.len() as u64),
            Cow::Owned(_) => None,
        };
        Self { rest: payload, order: header.byte_order(), at }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// `error` with the place of the next byte.
    pub(crate) fn place(&self, error: Error) -> Error {
        match self.at {
            Some(at) => error.at(at),
            None => error,
        }
    }

    /// The next `len` bytes of `what`.
    pub(crate) fn take(&mut self, what: &'static str, len: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.place(Error::truncated(what, len, self.rest.len())));
        };
        self.rest = rest;
        self.at = self.at.map(|at| at + len as u64);
        Ok(taken)
    }

    /// `count` items of `size` bytes; announced sizes are checked against what is there, nothing is allocated.
    pub(crate) fn items(&mut self, what: &'static str, count: u32, size: u32) -> Result<&'a [u8]> {
        let wanted = u64::from(count) * u64::from(size);
        match usize::try_from(wanted) {
            Ok(len) => self.take(what, len),
            Err(_) => {
                let have = self.rest.len() as u64;
                Err(self.place(ErrorKind::Truncated { what, needed: wanted, have }.into()))
            }
        }
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N]> {
        let mut raw = [0; N];
        raw.copy_from_slice(self.take(what, N)?);
        Ok(raw)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32> {
        let raw = self.array(what)?;
        Ok(match self.order {
            ByteOrder::Little => u32::from_le_bytes(raw),
            ByteOrder::Big => u32::from_be_bytes(raw),
        })
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64> {
        let raw = self.array(what)?;
        Ok(match self.order {
            ByteOrder::Little => u64::from_le_bytes(raw),
            ByteOrder::Big => u64::from_be_bytes(raw),
        })
    }

    /// 16 bytes in network order, whatever the file's order.
    pub(crate) fn network_u128(&mut self, what: &'static str) -> Result<u128> {
        self.array(what).map(u128::from_be_bytes)
    }
}

/// Bytes of set and map files for the tests of these modules.
#[cfg(test)]
pub(crate) mod testing {
    use crate::format::{ByteOrder, FormatId};

    /// A header of record size 1 with one entry, and the payload.
    pub(crate) fn file(
        format: FormatId,
        version: u16,
        order: ByteOrder,
        entry: Option<(u32, &[u8])>,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut file = vec![0xDE, 0xAD, 0xBE, 0xEF, u8::from(order == ByteOrder::Big), format.0, 16, 0];
        file.extend(3_019_001u32.to_be_bytes());
        file.extend(1u16.to_be_bytes());
        file.extend(version.to_be_bytes());
        if let Some((id, bytes)) = entry {
            file.extend(id.to_be_bytes());
            file.extend((bytes.len() as u32 + 8).to_be_bytes());
            file.extend(bytes);
        }
        file.extend([0, 0, 0, 0, 0, 0, 0, 8]);
        file.extend(payload);
        file
    }

    pub(crate) fn u32_bytes(order: ByteOrder, value: u32) -> [u8; 4] {
        if order == ByteOrder::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn u64_bytes(order: ByteOrder, value: u64) -> [u8; 8] {
        if order == ByteOrder::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}
