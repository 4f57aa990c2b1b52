//! A line that is being put together.

use pcap_headers::Field;

/// Bytes at the front of memory that was taken before: how many there are stands in a number alone, which, other than the
/// length of a vector, stays in a register from one value to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    memory: Vec<u8>,
    len: usize,
}

impl Line {
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(..self.len).unwrap_or_default()
    }

    /// Lets something be written behind what is there; `write` gives its length.
    #[inline]
    pub(super) fn put(&mut self, write: impl FnOnce(&mut [u8; Field::ROOM]) -> usize) {
        if self.memory.len() - self.len < Field::ROOM {
            self.grow(Field::ROOM);
        }
        if let Some(room) = self.memory.get_mut(self.len..).and_then(|rest| rest.first_chunk_mut()) {
            self.len += write(room).min(Field::ROOM);
        }
    }

    /// A few bytes.
    #[inline]
    pub(super) fn push<const N: usize>(&mut self, bytes: [u8; N]) {
        if self.memory.len() - self.len < N {
            self.grow(N);
        }
        if let Some(room) = self.memory.get_mut(self.len..self.len + N) {
            room.copy_from_slice(&bytes);
            self.len += N;
        }
    }

    /// Any number of bytes.
    #[inline]
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.memory.len() - self.len < bytes.len() {
            self.grow(bytes.len());
        }
        if let Some(room) = self.memory.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        self.memory.resize((2 * self.memory.len()).max(self.len + more), 0);
    }
}
