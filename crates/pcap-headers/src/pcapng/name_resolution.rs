//! Name resolution blocks: addresses and their names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nom::bytes::complete::take;
use nom::number::complete::u16;
use nom::{IResult, Parser};

use crate::bytes::ByteOrder;
use crate::error::{Error, Result};
use crate::pcapng::framing::{RawBlock, too_short};
use crate::pcapng::option::OptionList;

const END: u16 = 0;
const IPV4: u16 = 1;
const IPV6: u16 = 2;

/// A name resolution block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameResolution<'a> {
    records: &'a [u8],
    order: ByteOrder,
    /// 2 the name server's name, 3 and 4 its address.
    pub options: OptionList<'a>,
}

impl<'a> NameResolution<'a> {
    pub(crate) fn parse(block: &RawBlock<'a>) -> Result<Self> {
        let mut rest = block.body;
        while rest.len() >= 4 {
            let (kind, value, behind) = record(rest, block.order)?;
            if kind == END {
                break;
            }
            address_and_names(kind, value)?;
            rest = behind;
        }
        let used = block.body.len() - rest.len();
        let records = block.body.get(..used).unwrap_or_default();
        // The end mark is followed by options.
        let options = OptionList::parse(rest.get(4..).unwrap_or_default(), block.order)?;
        Ok(Self { records, order: block.order, options })
    }

    /// Every pair of address and name.
    #[must_use]
    pub fn records(&self) -> NameRecords<'a> {
        NameRecords { rest: self.records, order: self.order, address: None, names: &[] }
    }
}

/// One record: kind, value, and what follows its padding.
fn record(input: &[u8], order: ByteOrder) -> Result<(u16, &[u8], &[u8])> {
    let number = || u16(order.endianness());
    let head: IResult<_, _> = (number(), number()).parse(input);
    let Ok((rest, (kind, len))) = head else {
        return Err(too_short("name record", 4, input.len()));
    };
    let padded = usize::from(len) + usize::from(len).wrapping_neg() % 4;
    let value: IResult<_, _> = take::<_, _, nom::error::Error<&[u8]>>(padded).parse(rest);
    match value {
        Ok((behind, value)) => Ok((kind, value.get(..usize::from(len)).unwrap_or_default(), behind)),
        Err(_) => Err(too_short("name record", padded, rest.len())),
    }
}

/// The address, and the names that follow it, each ended by a NUL. No address: a kind that is not known.
fn address_and_names(kind: u16, value: &[u8]) -> Result<(Option<IpAddr>, &[u8])> {
    let (address, names) = match kind {
        IPV4 => match value.split_first_chunk::<4>() {
            Some((address, names)) => (IpAddr::from(Ipv4Addr::from(*address)), names),
            None => return Err(too_short("IPv4 name record", 4, value.len())),
        },
        IPV6 => match value.split_first_chunk::<16>() {
            Some((address, names)) => (IpAddr::from(Ipv6Addr::from(*address)), names),
            None => return Err(too_short("IPv6 name record", 16, value.len())),
        },
        _ => return Ok((None, &[])),
    };
    match names.last() {
        None | Some(0) => Ok((Some(address), names)),
        Some(last) => Err(Error::invalid("end of a name", "a NUL", last)),
    }
}

/// The pairs of address and name of a block. What is no UTF-8 in a name is replaced.
#[derive(Debug, Clone)]
pub struct NameRecords<'a> {
    rest: &'a [u8],
    order: ByteOrder,
    address: Option<IpAddr>,
    names: &'a [u8],
}

impl Iterator for NameRecords<'_> {
    type Item = (IpAddr, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let (Some(address), Some(end)) = (self.address, self.names.iter().position(|byte| *byte == 0))
            {
                let (name, rest) = self.names.split_at_checked(end)?;
                self.names = rest.get(1..).unwrap_or_default();
                return Some((address, String::from_utf8_lossy(name).into_owned()));
            }
            // Both were checked when the block was parsed.
            let (kind, value, rest) = record(self.rest, self.order).ok()?;
            self.rest = rest;
            (self.address, self.names) = address_and_names(kind, value).ok()?;
        }
    }
}
