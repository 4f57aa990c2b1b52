//! Decryption secrets blocks.

use nom::Parser;
use nom::number::complete::u32;

use crate::error::Result;
use crate::pcapng::enhanced::split;
use crate::pcapng::framing::{RawBlock, too_short};
use crate::pcapng::option::OptionList;

/// A decryption secrets block. Nothing is decrypted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecryptionSecrets<'a> {
    /// What the secrets are: `TLSK` of TLS, `WGKL` of WireGuard, and others.
    pub kind: u32,
    /// The secrets.
    pub data: &'a [u8],
    /// Options.
    pub options: OptionList<'a>,
}

impl<'a> DecryptionSecrets<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let e = block.order.endianness();
        let fields: nom::IResult<_, _> = (u32(e), u32(e)).parse(block.body);
        let Ok((rest, (kind, len))) = fields else {
            return Err(too_short("decryption secrets", 8, block.body.len()));
        };
        let (data, options) = split(rest, len, block.order)?;
        Ok(Self { kind, data, options })
    }
}
