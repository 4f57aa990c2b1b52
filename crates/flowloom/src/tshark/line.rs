//! A line that is being put together.

use pcap_headers::Field;

/// Writes into memory that is large enough: where it is stands in a local number alone, which, other than the length of a
/// vector, stays in a register from one value to the next. What does not fit is left out.
#[derive(Debug)]
pub(super) struct Line<'m> {
    memory: &'m mut [u8],
    len: usize,
}

impl<'m> Line<'m> {
    pub(super) fn new(memory: &'m mut [u8]) -> Self {
        Self { memory, len: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(..self.len).unwrap_or_default()
    }

    /// Lets something be written behind what is there; `write` gives its length.
    #[inline]
    pub(super) fn put(&mut self, write: impl FnOnce(&mut [u8; Field::ROOM]) -> usize) {
        if let Some(room) = self.memory.get_mut(self.len..).and_then(|rest| rest.first_chunk_mut()) {
            self.len += write(room).min(Field::ROOM);
        }
    }

    /// A few bytes.
    #[inline]
    pub(super) fn push<const N: usize>(&mut self, bytes: [u8; N]) {
        self.extend(&bytes);
    }

    /// Any number of bytes.
    #[inline]
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if let Some(room) = self.memory.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }
}
