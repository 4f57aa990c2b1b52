//! The options at the end of most blocks.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::u16;

use crate::bytes::{ByteOrder, array};
use crate::error::Result;
use crate::pcapng::framing::too_short;

const END: u16 = 0;
/// `opt_comment`, in any block.
pub(crate) const COMMENT: u16 = 1;

/// An option of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockOption<'a> {
    /// What it is; the meaning depends on the kind of block, except for 1, a comment.
    pub code: u16,
    /// Its value without padding.
    pub value: &'a [u8],
}

/// The options of a block: an iterator. Their lengths are known to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionList<'a> {
    rest: &'a [u8],
    order: ByteOrder,
}

impl<'a> OptionList<'a> {
    /// The options that `bytes` consist of. They end with the bytes or with the mark of their end; up to three bytes that
    /// are no option are ignored.
    ///
    /// # Errors
    /// `Malformed` if one reaches beyond the end.
    pub(crate) fn parse(bytes: &'a [u8], order: ByteOrder) -> Result<Self> {
        let mut rest = bytes;
        while rest.len() >= 4 {
            let Ok((behind, option)) = option(order).parse(rest) else {
                let len = array(rest, 2).map_or(0, |len: [u8; 2]| match order {
                    ByteOrder::Little => u16::from_le_bytes(len),
                    ByteOrder::Big => u16::from_be_bytes(len),
                });
                return Err(too_short("option of a block", usize::from(len), rest.len() - 4));
            };
            if option.code == END {
                break;
            }
            rest = behind;
        }
        let used = bytes.len() - rest.len();
        Ok(Self { rest: bytes.get(..used).unwrap_or_default(), order })
    }

    /// The value of the first option of this code.
    #[must_use]
    pub fn first(self, code: u16) -> Option<&'a [u8]> {
        self.into_iter().find(|option| option.code == code).map(|option| option.value)
    }

    /// The text of the first option of this code; what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(self, code: u16) -> Option<String> {
        self.first(code).map(text)
    }

    /// The number that is the first option of this code and of its right length.
    pub(crate) fn number<const N: usize>(self, code: u16) -> Option<u64> {
        let value: [u8; N] = self.fixed(code)?;
        Some(match self.order {
            ByteOrder::Little => value.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
            ByteOrder::Big => value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        })
    }

    /// The first option of this code that has the right length (semantics 2: others are ignored).
    fn fixed<const N: usize>(mut self, code: u16) -> Option<[u8; N]> {
        self.find_map(|option| (option.code == code).then(|| option.value.try_into().ok()).flatten())
    }

    /// Whether there is an option of this code whose length is not `len`.
    pub(crate) fn has_wrong_length(mut self, code: u16, len: usize) -> bool {
        self.any(|option| option.code == code && option.value.len() != len)
    }

    /// The comments.
    #[must_use]
    pub fn comments(self) -> Vec<String> {
        self.filter(|option| option.code == COMMENT).map(|option| text(option.value)).collect()
    }
}

impl<'a> Iterator for OptionList<'a> {
    type Item = BlockOption<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (rest, found) = option(self.order).parse(self.rest).ok()?;
        self.rest = rest;
        Some(found)
    }
}

impl std::iter::FusedIterator for OptionList<'_> {}

/// One option with its padding; the padding of the last may be missing.
fn option<'a>(
    order: ByteOrder,
) -> impl Parser<&'a [u8], Output = BlockOption<'a>, Error = nom::error::Error<&'a [u8]>> {
    move |input: &'a [u8]| -> IResult<&'a [u8], BlockOption<'a>> {
        let number = || u16(order.endianness());
        let (rest, (code, len)) = (number(), number()).parse(input)?;
        let (rest, value) = take(usize::from(len)).parse(rest)?;
        let padding = (usize::from(len).wrapping_neg() % 4).min(rest.len());
        let (rest, _) = take(padding).parse(rest)?;
        Ok((rest, BlockOption { code, value }))
    }
}

/// Text up to a NUL, if there is one.
pub(crate) fn text(value: &[u8]) -> String {
    let value = value.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}
