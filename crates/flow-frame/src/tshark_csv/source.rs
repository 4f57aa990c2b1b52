//! Where the text of a table comes from.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use crate::input::{Bytes, Memory};

/// Bytes that are read from a stream at a time.
const READ: usize = 256 << 10;

/// The text of a table, in memory or in a stream, behind what was looked at.
pub(crate) struct TableSource {
    ahead: Cursor<Vec<u8>>,
    /// Comes behind what was looked at.
    failure: Option<io::Error>,
    rest: Rest,
    /// The stream gave less than there was room for.
    is_slow: bool,
}

enum Rest {
    Memory(Cursor<Memory>),
    Stream(BufReader<Box<dyn Read + Send>>),
}

impl TableSource {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let rest = match bytes {
            Bytes::Memory(memory) => Rest::Memory(Cursor::new(memory)),
            Bytes::Stream(stream) => Rest::Stream(BufReader::with_capacity(READ, stream)),
        };
        Self { ahead: Cursor::default(), failure: None, rest, is_slow: false }
    }

    /// Gives back what was read, and how that ended.
    pub(super) fn put_back(&mut self, read: Vec<u8>, failure: Option<io::Error>) {
        self.ahead = Cursor::new(read);
        self.failure = failure;
    }

    /// Whether nothing is at hand, and the stream gives less than it is asked for: perhaps only later.
    pub(super) fn would_wait(&self) -> bool {
        let is_empty = || match &self.rest {
            Rest::Memory(_) => false,
            Rest::Stream(stream) => stream.buffer().is_empty(),
        };
        self.is_slow && is_empty() && self.ahead.position() >= self.ahead.get_ref().len() as u64
    }
}

impl BufRead for TableSource {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.ahead.position() < self.ahead.get_ref().len() as u64 {
            return self.ahead.fill_buf();
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        match &mut self.rest {
            Rest::Memory(memory) => memory.fill_buf(),
            Rest::Stream(stream) => {
                let bytes = stream.fill_buf()?;
                self.is_slow = bytes.len() < READ;
                Ok(bytes)
            }
        }
    }

    fn consume(&mut self, amount: usize) {
        if self.ahead.position() < self.ahead.get_ref().len() as u64 {
            return self.ahead.consume(amount);
        }
        match &mut self.rest {
            Rest::Memory(memory) => memory.consume(amount),
            Rest::Stream(stream) => stream.consume(amount),
        }
    }
}

impl Read for TableSource {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}
