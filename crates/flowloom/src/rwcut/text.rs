//! The buffer that rows are written into, and the numbers in it.
//!
//! Values are short and of differing lengths, so appending each to a `Vec` costs a call of `memmove` per value. This
//! buffer hands out windows of fixed size instead: a writer fills the front of one and says how much it used.

use std::io;

/// Text that grows at its end.
#[derive(Debug, Default, Clone)]
pub(crate) struct Text {
    /// Longer than the text; what lies behind `len` is left over from earlier text.
    bytes: Vec<u8>,
    len: usize,
}

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

impl Text {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: vec![0; bytes], len: 0 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Cuts text that is longer.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The next `N` bytes, for a writer that then says how many it used. What they hold before is of no meaning.
    #[inline(always)]
    pub(crate) fn window<const N: usize>(&mut self) -> &mut [u8; N] {
        if self.bytes.len() - self.len < N {
            self.grow(N);
        }
        match self.bytes[self.len..].first_chunk_mut() {
            Some(window) => window,
            None => unreachable!("the buffer was made long enough"),
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        self.bytes.resize((self.bytes.len() + more).next_power_of_two(), 0);
    }

    /// Makes the first `used` bytes of the last window text.
    #[inline(always)]
    pub(crate) fn advance(&mut self, used: usize) {
        self.len += used;
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, byte: u8) {
        let [place] = self.window();
        *place = byte;
        self.advance(1);
    }

    /// The first `len` bytes of `bytes`, by copying all of them.
    #[inline(always)]
    pub(crate) fn short<const N: usize>(&mut self, bytes: &[u8; N], len: usize) {
        *self.window() = *bytes;
        self.advance(len.min(N));
    }

    /// Bytes of any length.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.len < bytes.len() {
            self.grow(bytes.len());
        }
        let end = self.len + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
            self.len = end;
        }
    }

    /// Other text, which is short as a rule.
    #[inline]
    pub(crate) fn append(&mut self, other: &Self) {
        match other.bytes.first_chunk::<32>() {
            Some(front) if other.len <= 32 => self.short(front, other.len),
            _ => self.extend(other.as_bytes()),
        }
    }

    /// A decimal number.
    #[inline]
    pub(crate) fn number(&mut self, value: u64) {
        let used = write_number(self.window(), value);
        self.advance(used);
    }

    /// A decimal number with its sign.
    pub(crate) fn signed(&mut self, value: i64) {
        if value < 0 {
            self.push(b'-');
        }
        self.number(value.unsigned_abs());
    }

    /// Two decimal digits.
    #[inline]
    pub(crate) fn two_digits(&mut self, value: u32) {
        self.short(&PAIRS[(value % 100) as usize], 2);
    }

    /// Three digits as C's `%03d` writes them: a sign counts as a place.
    #[inline]
    pub(crate) fn milliseconds(&mut self, ms: i64) {
        match u32::try_from(ms) {
            Ok(ms @ 0..=999) => {
                let [tens, ones] = PAIRS[(ms % 100) as usize];
                self.short(&[b'0' + (ms / 100) as u8, tens, ones], 3);
            }
            _ => self.extend(format!("{ms:03}").as_bytes()),
        }
    }

    /// Moves what stands behind `start` to the right end of a column.
    pub(crate) fn justify(&mut self, start: usize, width: usize) {
        let len = self.len - start;
        if len >= width {
            return;
        }
        if self.bytes.len() < start + width {
            self.grow(width);
        }
        let gap = width - len;
        self.bytes.copy_within(start..start + len, start + gap);
        if let Some(gap) = self.bytes.get_mut(start..start + gap) {
            gap.fill(b' ');
        }
        self.len = start + width;
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        // Long enough for `append` to copy it in one piece.
        let mut new = Self::with_capacity(32);
        new.extend(text.as_bytes());
        new
    }
}

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes at the front of `out`, and gives the number of digits.
#[inline(always)]
fn write_number(out: &mut [u8; 20], value: u64) -> usize {
    match value {
        0..10_000 => write_up_to_four(out, 0, value as u32),
        10_000..100_000_000 => {
            let (high, low) = (value as u32 / 10_000, value as u32 % 10_000);
            let at = write_up_to_four(out, 0, high);
            write_pair(out, at, low / 100);
            write_pair(out, at + 2, low % 100);
            at + 4
        }
        _ => write_long(out, value),
    }
}

#[inline(always)]
fn write_up_to_four(out: &mut [u8; 20], at: usize, value: u32) -> usize {
    let (high, low) = (value / 100, value % 100);
    match value {
        0..10 => {
            out[at] = b'0' + value as u8;
            at + 1
        }
        10..100 => {
            write_pair(out, at, low);
            at + 2
        }
        100..1000 => {
            out[at] = b'0' + high as u8;
            write_pair(out, at + 1, low);
            at + 3
        }
        _ => {
            write_pair(out, at, high);
            write_pair(out, at + 2, low);
            at + 4
        }
    }
}

#[inline(always)]
fn write_pair(out: &mut [u8; 20], at: usize, value: u32) {
    if let Some(place) = out.get_mut(at..at + 2) {
        place.copy_from_slice(&PAIRS[(value % 100) as usize]);
    }
}

/// From the back, for numbers of nine digits and more.
fn write_long(out: &mut [u8; 20], mut value: u64) -> usize {
    let digits = value.checked_ilog10().unwrap_or(0) as usize + 1;
    let mut at = digits;
    while value >= 100 {
        at -= 2;
        write_pair(out, at, (value % 100) as u32);
        value /= 100;
    }
    write_up_to_four(out, 0, value as u32);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut Text)) -> String {
        let mut text = Text::default();
        write(&mut text);
        String::from_utf8(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn values_are_never_cut() {
        let justified = |width| {
            text(|t| {
                t.extend(b"x|12345");
                t.justify(2, width);
            })
        };
        assert_eq!(justified(3), "x|12345");
        assert_eq!(justified(9), "x|    12345");
        assert_eq!(justified(1000).len(), 1002);
    }

    #[test]
    fn milliseconds_are_as_in_c() {
        for (ms, expected) in [(0, "000"), (7, "007"), (70, "070"), (999, "999"), (-7, "-07"), (-500, "-500")]
        {
            assert_eq!(text(|t| t.milliseconds(ms)), expected);
        }
    }

    #[test]
    fn growing() {
        let long = text(|t| (0..10_000).for_each(|n| t.number(n)));
        assert_eq!(long, (0..10_000).map(|n| n.to_string()).collect::<String>());
        assert_eq!(text(|t| t.extend(&[b'x'; 5000])).len(), 5000);
    }

    proptest! {
        #[test]
        fn numbers_equal_std(value: u64, shift in 0u32..64, signed: i64) {
            prop_assert_eq!(text(|t| t.number(value >> shift)), (value >> shift).to_string());
            prop_assert_eq!(text(|t| t.signed(signed >> shift)), (signed >> shift).to_string());
        }
    }

    #[test]
    fn numbers_at_the_edges() {
        for power in 0..20 {
            let edge = 10u64.pow(power);
            for value in [edge - 1, edge, edge + 1] {
                assert_eq!(text(|t| t.number(value)), value.to_string());
            }
        }
        assert_eq!(text(|t| t.number(u64::MAX)), u64::MAX.to_string());
        assert_eq!(text(|t| t.signed(i64::MIN)), i64::MIN.to_string());
    }
}
