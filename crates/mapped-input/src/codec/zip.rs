//! zip: the one file of an archive, read from front to back (APPNOTE.TXT 6.3.10, "spec").
//!
//! The directory stands at the end of an archive, where a pipe has no way back from; so only the headers in front of the
//! files count. Built on the bare inflater, as gzip is.

use std::io::{BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::Codec;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;

pub(crate) struct Zip {
    source: Source,
    inflate: Decompress,
    /// The file that is being read; none before it, between files and at the end.
    entry: Option<Entry>,
    /// A file was met, folders and notes of macOS not counted.
    found: bool,
    ended: bool,
    /// An error that waits until the bytes before it are handed out.
    pending: Option<Error>,
}

/// A file in the archive, and what was read of it.
struct Entry {
    method: Method,
    /// What the header announces; none if it stands behind the data (spec 4.4.4, bit 3).
    announced: Option<Sizes>,
    /// Whether its bytes are dropped.
    passed_over: bool,
    crc: Crc,
    /// Lengths so far; the checksum is in `crc`.
    read: Sizes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflated,
}

#[derive(Clone, Copy)]
struct Sizes {
    crc: u32,
    packed: u64,
    content: u64,
}

// Signatures (spec 4.3).
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// What may follow the last file: the directory, its end, its 64-bit end, extra data of an encrypted one.
const BEHIND_FILES: [[u8; 4]; 4] = [*b"PK\x01\x02", *b"PK\x05\x06", *b"PK\x06\x06", *b"PK\x06\x08"];

// Flag bits (spec 4.4.4): encryption of three kinds; sizes behind the data; patches.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const SIZES_BEHIND: u16 = 1 << 3;
const PATCH: u16 = 1 << 5;

// Methods (spec 4.4.5).
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The size that says "see the 64-bit field" (spec 4.5.3), and that field's number.
const SEE_ZIP64: u32 = u32::MAX;
const ZIP64: u16 = 1;

impl Zip {
    pub(crate) fn new(source: Source) -> Self {
        let inflate = Decompress::new(false);
        Self { source, inflate, entry: None, found: false, ended: false, pending: None }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            if let Some(error) = self.pending.take() {
                return Err(error);
            }
            if self.ended {
                return Ok(0);
            }
            let Some(mut entry) = self.entry.take() else {
                self.next_entry()?;
                continue;
            };
            let (wrote, at_end) = match entry.method {
                Method::Stored => self.copy(&entry, out),
                Method::Deflated => self.inflate(&mut entry, out),
            };
            let decoded = out.get(..wrote).unwrap_or_default();
            entry.crc.update(decoded);
            entry.read.content += decoded.len() as u64;
            let keep = !entry.passed_over;
            match at_end {
                Ok(false) => self.entry = Some(entry),
                Ok(true) => self.pending = self.end_entry(entry).err(),
                Err(error) => self.pending = Some(error),
            }
            if wrote > 0 && keep {
                return Ok(wrote);
            }
        }
    }

    /// The next bytes of a file that is stored as it is, and whether those were the last.
    fn copy(&mut self, entry: &Entry, out: &mut [u8]) -> (usize, Result<bool>) {
        let announced = entry.announced.map_or(0, |sizes| sizes.content);
        let left = announced.saturating_sub(entry.read.content);
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        match self.source.read(out.get_mut(..room).unwrap_or_default()) {
            Ok(0) if left > 0 => (0, Err(self.truncated())),
            Ok(n) => (n, Ok(n as u64 == left)),
            Err(error) => (0, Err(error.into())),
        }
    }

    /// The next bytes of a deflated file, and whether those were the last. Room for none is never given.
    fn inflate(&mut self, entry: &mut Entry, out: &mut [u8]) -> (usize, Result<bool>) {
        let stored = match self.source.fill_buf() {
            Ok(stored) => stored,
            Err(error) => return (0, Err(error.into())),
        };
        let input_ended = stored.is_empty();
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(stored, out, FlushDecompress::None);
        let read = self.inflate.total_in() - in_before;
        let wrote = (self.inflate.total_out() - out_before) as usize;
        self.source.consume(read as usize);
        entry.read.packed += read;
        let at_end = match status {
            Ok(Status::StreamEnd) => Ok(true),
            Ok(_) if wrote > 0 || read > 0 => Ok(false),
            Ok(_) if input_ended => Err(self.truncated()),
            Ok(_) => Err(self.damaged("no progress".to_owned())),
            Err(error) => Err(self.damaged(error.to_string())),
        };
        (wrote, at_end)
    }

    /// Goes on to the next file, or to the end (spec 4.3.6).
    fn next_entry(&mut self) -> Result<()> {
        let signature = self.take::<4>()?;
        if BEHIND_FILES.contains(&signature) {
            self.ended = true;
            return if self.found { Ok(()) } else { Err(self.unsupported("no file in it")) };
        }
        if signature != LOCAL {
            return Err(self.damaged(format!("a file or the directory expected, found {signature:02x?}")));
        }
        // Version, flags, method, time and date of change.
        let [_, _, f0, f1, m0, m1, _, _, _, _] = self.take::<10>()?;
        let crc = self.u32()?;
        let (packed, content) = (self.u32()?, self.u32()?);
        let (name_len, extra_len) = (self.u16()?, self.u16()?);
        let name = self.bytes(name_len)?;
        let extra = self.bytes(extra_len)?;
        let flags = u16::from_le_bytes([f0, f1]);
        if flags & ENCRYPTED != 0 {
            return Err(self.unsupported("encryption"));
        }
        if flags & PATCH != 0 {
            return Err(self.unsupported("patches"));
        }
        let announced = (flags & SIZES_BEHIND == 0).then(|| sizes(crc, packed, content, &extra));
        let method = match u16::from_le_bytes([m0, m1]) {
            STORED if announced.is_none() => return Err(self.unsupported("a stored file of unknown length")),
            STORED => Method::Stored,
            DEFLATED => Method::Deflated,
            _ => return Err(self.unsupported("a method other than deflate")),
        };
        // Folders; and the notes on each file that the Finder of macOS puts into a folder of their own.
        let passed_over = name.ends_with(b"/") || name.starts_with(b"__MACOSX/");
        if self.found && !passed_over {
            return Err(self.unsupported("more than one file in it (unpack it first)"));
        }
        self.found |= !passed_over;
        self.inflate.reset(false);
        let read = Sizes { crc: 0, packed: 0, content: 0 };
        self.entry = Some(Entry { method, announced, passed_over, crc: Crc::new(), read });
        Ok(())
    }

    /// Compares what was read with what the archive says of it, in front of the file or behind it.
    fn end_entry(&mut self, entry: Entry) -> Result<()> {
        let mut read = Sizes { crc: entry.crc.sum(), ..entry.read };
        let told = match entry.announced {
            Some(sizes) => sizes,
            None => self.descriptor(&read)?,
        };
        if entry.method == Method::Stored {
            read.packed = read.content;
        }
        for (what, told, read) in [
            ("checksum", u64::from(told.crc), u64::from(read.crc)),
            ("packed length", told.packed, read.packed),
            ("length", told.content, read.content),
        ] {
            if told != read {
                return Err(self.damaged(format!("{what} {read:08x} expected, found {told:08x}")));
            }
        }
        Ok(())
    }

    /// Checksum and lengths behind a file (spec 4.3.9): with a signature or without, lengths of 64 or 32 bits. Nothing
    /// tells the two lengths apart but that one fits.
    fn descriptor(&mut self, read: &Sizes) -> Result<Sizes> {
        if self.source.peek(4)?.starts_with(DESCRIPTOR) {
            self.take::<4>()?;
        }
        let crc = self.u32()?;
        let long = [read.packed.to_le_bytes(), read.content.to_le_bytes()].concat();
        let next = self.source.peek(long.len())?;
        // A shorter beginning of it is an archive that was cut there.
        if long.starts_with(next) || next.starts_with(&long) {
            self.take::<16>()?;
            return Ok(Sizes { crc, ..*read });
        }
        Ok(Sizes { crc, packed: self.u32()?.into(), content: self.u32()?.into() })
    }

    /// The next `N` bytes, at most 16.
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let next = self.source.peek(N)?;
        let Some(&bytes) = next.first_chunk::<N>() else {
            let left = next.len();
            self.source.consume(left);
            return Err(self.truncated());
        };
        self.source.consume(N);
        Ok(bytes)
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.take()?))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn bytes(&mut self, len: u16) -> Result<Vec<u8>> {
        (0..len).map(|_| self.take::<1>().map(|[byte]| byte)).collect()
    }

    fn truncated(&self) -> Error {
        Error::at(ErrorKind::Truncated { codec: Codec::Zip }, self.source.offset())
    }

    fn damaged(&self, reason: String) -> Error {
        Error::at(ErrorKind::Damaged { codec: Codec::Zip, reason }, self.source.offset())
    }

    fn unsupported(&self, what: &'static str) -> Error {
        Error::at(ErrorKind::Unsupported { codec: Codec::Zip, what }, self.source.offset())
    }
}

/// What a local header says of its file; long lengths stand in an extra field (spec 4.5.3).
fn sizes(crc: u32, packed: u32, content: u32, extra: &[u8]) -> Sizes {
    let mut long = extra_field(extra, ZIP64).unwrap_or_default();
    let mut length = |short: u32| match long.split_first_chunk::<8>() {
        Some((first, rest)) if short == SEE_ZIP64 => {
            long = rest;
            u64::from_le_bytes(*first)
        }
        _ => u64::from(short),
    };
    // In the extra field the content comes first.
    let content = length(content);
    Sizes { crc, packed: length(packed), content }
}

/// The extra field of a number (spec 4.5.1).
fn extra_field(mut extra: &[u8], number: u16) -> Option<&[u8]> {
    while let [n0, n1, l0, l1, rest @ ..] = extra {
        let (field, behind) = rest.split_at_checked(u16::from_le_bytes([*l0, *l1]).into())?;
        if u16::from_le_bytes([*n0, *n1]) == number {
            return Some(field);
        }
        extra = behind;
    }
    None
}
