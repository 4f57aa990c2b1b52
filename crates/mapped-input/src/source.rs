//! The stored bytes, mapped or read through one buffer of fixed size.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use crate::mapped::Mapped;

enum Bytes {
    Map(Arc<Mapped>),
    Read { reader: Box<dyn Read + Send>, buffer: Vec<u8>, start: usize, end: usize },
}

/// Stored bytes with a position, and what the codecs need to tell a short input from a broken disk.
pub(crate) struct Source {
    bytes: Bytes,
    /// Stored bytes consumed so far.
    offset: u64,
    /// A `read` met the end of the stored bytes.
    pub(crate) hit_end: bool,
    /// The operating system reported an error.
    pub(crate) failed: bool,
}

impl Source {
    pub(crate) fn mapped(map: Mapped) -> Self {
        Self { bytes: Bytes::Map(Arc::new(map)), offset: 0, hit_end: false, failed: false }
    }

    #[cfg(feature = "lz4")]
    pub(crate) fn empty() -> Self {
        Self::mapped(Mapped::EMPTY)
    }

    pub(crate) fn reader(reader: Box<dyn Read + Send>, buffer_bytes: usize) -> Self {
        let bytes = Bytes::Read { reader, buffer: vec![0; buffer_bytes], start: 0, end: 0 };
        Self { bytes, offset: 0, hit_end: false, failed: false }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The map behind it, if it is mapped.
    pub(crate) fn map(&self) -> Option<&Arc<Mapped>> {
        match &self.bytes {
            Bytes::Map(map) => Some(map),
            Bytes::Read { .. } => None,
        }
    }

    /// The next bytes without consuming them: at least `wanted` unless the input ends before.
    ///
    /// `wanted` is at most the smallest buffer of [`Options`](crate::Options).
    pub(crate) fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        match &mut self.bytes {
            Bytes::Map(map) => Ok(rest(map, self.offset)),
            Bytes::Read { reader, buffer, start, end } => {
                if *end - *start < wanted {
                    buffer.copy_within(*start..*end, 0);
                    (*start, *end) = (0, *end - *start);
                }
                while *end - *start < wanted && *end < buffer.len() {
                    match read_some(reader, &mut buffer[*end..]).inspect_err(|_| self.failed = true)? {
                        0 => break,
                        n => *end += n,
                    }
                }
                Ok(&buffer[*start..*end])
            }
        }
    }

    /// Passes over `count` bytes; `false` if the input ends before.
    #[cfg(feature = "lz4")]
    pub(crate) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            let have = self.fill_buf()?.len();
            if have == 0 {
                return Ok(false);
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(have);
            self.consume(step);
            count -= step as u64;
        }
        Ok(true)
    }
}

/// What of a map lies behind `offset`.
fn rest(map: &Mapped, offset: u64) -> &[u8] {
    usize::try_from(offset).ok().and_then(|at| map.as_slice().get(at..)).unwrap_or_default()
}

/// One `read` that a signal does not disturb, and that never believes a reader that claims more than it was given.
fn read_some(reader: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(|n| n.min(into.len())),
        }
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // Large reads need no detour through the buffer.
        let n = match &mut self.bytes {
            Bytes::Read { reader, buffer, start, end } if start == end && out.len() >= buffer.len() => {
                let n = read_some(reader, out).inspect_err(|_| self.failed = true)?;
                self.offset += n as u64;
                n
            }
            _ => {
                let n = self.fill_buf()?.read(out)?;
                self.consume(n);
                n
            }
        };
        self.hit_end |= n == 0 && !out.is_empty();
        Ok(n)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, amount: usize) {
        let amount = match &mut self.bytes {
            Bytes::Map(map) => amount.min(rest(map, self.offset).len()),
            Bytes::Read { start, end, .. } => {
                let amount = amount.min(*end - *start);
                *start += amount;
                amount
            }
        };
        self.offset += amount as u64;
    }
}
