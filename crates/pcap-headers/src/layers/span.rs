//! A piece of a packet: what was captured of it, where, and how long it was on the wire.

/// The bytes from a header to the end that an enclosing length sets.
///
/// Captured bytes and bytes on the wire differ if a capture was made with a snap length; both shrink with each header
/// and each length field on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    bytes: &'a [u8],
    offset: usize,
    wire_len: usize,
}

impl<'a> Span<'a> {
    /// A whole packet, or a datagram put together from fragments.
    #[must_use]
    pub fn new(bytes: &'a [u8], wire_len: usize) -> Self {
        Self { bytes, offset: 0, wire_len }
    }

    /// The captured bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where they begin in the packet; in a datagram put together from fragments, where they begin in that.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes there were on the wire.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.wire_len
    }

    /// What follows `len` bytes; empty if no more were captured.
    pub(crate) fn after(self, len: usize) -> Self {
        let captured = len.min(self.bytes.len());
        Self {
            bytes: self.bytes.get(captured..).unwrap_or_default(),
            offset: self.offset + captured,
            wire_len: self.wire_len.saturating_sub(len),
        }
    }

    /// At most `wire_len` bytes of it.
    pub(crate) fn cut(self, wire_len: usize) -> Self {
        let bytes = self.bytes.get(..wire_len).unwrap_or(self.bytes);
        Self { bytes, wire_len: self.wire_len.min(wire_len), ..self }
    }

    /// Everything but the last `len` bytes on the wire.
    pub(crate) fn without_last(self, len: usize) -> Self {
        self.cut(self.wire_len.saturating_sub(len))
    }

    /// The same bytes of what was longer on the wire of another network.
    pub(crate) fn with_wire_len(self, wire_len: usize) -> Self {
        Self { wire_len, ..self }
    }

    /// The value at a place in network byte order.
    pub(crate) fn get<T: Value>(self, at: usize) -> Option<T> {
        T::read(self.bytes, at)
    }

    pub(crate) fn get_le16(self, at: usize) -> Option<u16> {
        self.get::<u16>(at).map(u16::swap_bytes)
    }

    pub(crate) fn get_le32(self, at: usize) -> Option<u32> {
        self.get::<u32>(at).map(u32::swap_bytes)
    }
}

/// What a header field can be: a number in network byte order or an address.
pub(crate) trait Value: Copy {
    /// The value at a place, if all its bytes were captured.
    fn read(bytes: &[u8], at: usize) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Value for $number {
            fn read(bytes: &[u8], at: usize) -> Option<Self> {
                array(bytes, at).map(Self::from_be_bytes)
            }
        }
    )*};
}

numbers! { u8 u16 u32 }

impl<const N: usize> Value for [u8; N] {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        array(bytes, at)
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_never_leave_the_packet() {
        let bytes = [1, 2, 3, 4];
        for (captured, wire) in [(0, 0), (0, 9), (4, 4), (4, 9), (4, 2)] {
            let span = Span::new(&bytes[..captured], wire);
            for len in 0..12 {
                for piece in [span.after(len), span.cut(len), span.without_last(len), span.after(len).cut(1)]
                {
                    assert!(piece.offset() + piece.bytes().len() <= captured);
                    assert!(piece.wire_len() <= wire);
                }
            }
        }
        assert_eq!(Span::new(&bytes, 4).after(1).get::<u16>(0), Some(0x0203));
        assert_eq!(Span::new(&bytes, 4).after(1).get_le16(1), Some(0x0403));
        assert_eq!(Span::new(&bytes, 4).get::<u32>(1), None);
        assert_eq!(Span::new(&bytes, 4).get::<u8>(usize::MAX), None);
    }
}
