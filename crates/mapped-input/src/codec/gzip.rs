//! gzip: members one after the other, each checked by its trailer (RFC 1952).
//!
//! Built on the bare inflater, because the library's reader drops what it decoded in the same call before damage.

use std::io::BufRead;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::Codec;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;

pub(crate) struct Gzip {
    source: Source,
    inflate: Decompress,
    /// Checksum and length of the member's content so far.
    content: Crc,
    in_member: bool,
    /// An error that waits until the bytes before it are handed out.
    pending: Option<Error>,
}

/// The first two bytes of a member (section 2.3.1).
const MAGIC: [u8; 2] = [0x1f, 0x8b];
const HEADER: usize = 10;
const TRAILER: usize = 8;

// Flag bits (section 2.3.1); 0, "probably text", changes nothing.
const FHCRC: u8 = 1 << 1;
const FEXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const FCOMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

impl Gzip {
    pub(crate) fn new(source: Source) -> Self {
        let inflate = Decompress::new(false);
        Self { source, inflate, content: Crc::new(), in_member: false, pending: None }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            if let Some(error) = self.pending.take() {
                return Err(error);
            }
            if !self.in_member && !self.next_member()? {
                return Ok(0);
            }
            let stored = self.source.fill_buf()?;
            let at_end = stored.is_empty();
            let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(stored, out, FlushDecompress::None);
            let read = (self.inflate.total_in() - in_before) as usize;
            let wrote = (self.inflate.total_out() - out_before) as usize;
            self.source.consume(read);
            self.content.update(out.get(..wrote).unwrap_or_default());
            match status {
                Ok(Status::StreamEnd) => {
                    self.in_member = false;
                    self.pending = self.trailer().err();
                }
                Ok(_) if wrote > 0 || read > 0 => {}
                Ok(_) if at_end => return Err(self.truncated()),
                // With input and room the inflater goes on or complains; should it ever do neither, we still end.
                Ok(_) => return Err(self.damaged("no progress".to_owned())),
                Err(error) => self.pending = Some(self.damaged(error.to_string())),
            }
            if wrote > 0 {
                return Ok(wrote);
            }
        }
    }

    /// Reads the next member's header; `false` at the end of the input, or before anything that is no member: `gzip`
    /// too ignores garbage there, and padded tapes and blocks have zeros.
    fn next_member(&mut self) -> Result<bool> {
        if !self.source.peek(HEADER)?.starts_with(&MAGIC) {
            return Ok(false);
        }
        let mut header = Crc::new();
        let [_, _, method, flags, ..] = self.take::<HEADER>(&mut header)?;
        if method != 8 {
            return Err(self.damaged(format!("compression method 8 expected, found {method}")));
        }
        if flags & RESERVED != 0 {
            return Err(self.damaged(format!("reserved flags set: {flags:#04x}")));
        }
        if flags & FEXTRA != 0 {
            let len = u16::from_le_bytes(self.take(&mut header)?);
            for _ in 0..len {
                self.take::<1>(&mut header)?;
            }
        }
        for text in [FNAME, FCOMMENT] {
            while flags & text != 0 && self.take::<1>(&mut header)? != [0] {}
        }
        if flags & FHCRC != 0 {
            // The low half of the checksum of all header bytes before it.
            let computed = header.sum() as u16;
            let found = u16::from_le_bytes(self.take(&mut header)?);
            if found != computed {
                return Err(
                    self.damaged(format!("header checksum {computed:04x} expected, found {found:04x}"))
                );
            }
        }
        self.inflate.reset(false);
        self.content.reset();
        self.in_member = true;
        Ok(true)
    }

    /// Checksum and length of the content, behind it (section 2.3.1).
    fn trailer(&mut self) -> Result<()> {
        let [a, b, c, d, e, f, g, h] = self.take::<TRAILER>(&mut Crc::new())?;
        let (sum, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let (expected_sum, expected_len) = (self.content.sum(), self.content.amount());
        if sum != expected_sum {
            return Err(self.damaged(format!("checksum {expected_sum:08x} expected, found {sum:08x}")));
        }
        if len != expected_len {
            return Err(self.damaged(format!("length {expected_len} expected, found {len}")));
        }
        Ok(())
    }

    /// The next `N` bytes, at most 16, which also count for a checksum.
    fn take<const N: usize>(&mut self, checksum: &mut Crc) -> Result<[u8; N]> {
        let next = self.source.peek(N)?;
        let Some(&bytes) = next.first_chunk::<N>() else {
            let left = next.len();
            self.source.consume(left);
            return Err(self.truncated());
        };
        checksum.update(&bytes);
        self.source.consume(N);
        Ok(bytes)
    }

    fn truncated(&self) -> Error {
        Error::at(ErrorKind::Truncated { codec: Codec::Gzip }, self.source.offset())
    }

    fn damaged(&self, reason: String) -> Error {
        Error::at(ErrorKind::Damaged { codec: Codec::Gzip, reason }, self.source.offset())
    }
}
