//! Patterns of addresses, block by block (semantics 3.6). Public: [`Wildcard`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address_set::number;
use crate::error::{ErrorKind, Result};
use crate::text::mapped_ipv4;

/// Ranges of one block, ascending.
type Block = Vec<(u16, u16)>;

/// A pattern of addresses as SiLK's tools take it: four blocks of an IPv4 or eight of an IPv6 address, each `x` (any
/// value) or a list of numbers and ranges: `10.x.1-3,5.0`, `2001:db8::x`. An address or a CIDR block is one, too.
///
/// An IPv4 pattern matches an IPv6 flow's address only if that is IPv4-mapped; an IPv6 pattern is compared with the
/// mapped form of an IPv4 address.
///
/// ```
/// use flow_frame::predicate::Wildcard;
/// let odd = Wildcard::parse("10.x.1-3,5.0")?;
/// assert!(odd.matches(&"::ffff:10.200.5.0".parse::<std::net::Ipv6Addr>().unwrap().octets()));
/// # Ok::<(), flow_frame::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    /// Four of 8 bits, or eight of 16.
    blocks: Vec<Block>,
}

/// Where a text stops being a pattern (a byte offset), and what was expected there.
pub(crate) type Wrong = (usize, &'static str);
type Parsed<T> = std::result::Result<T, Wrong>;

impl Wildcard {
    /// Reads a pattern; also an address, `ADDRESS/LENGTH` with a length from 1 on, or an IPv4 address as one decimal
    /// number.
    ///
    /// # Errors
    /// `Usage`, with the character where the text stops making sense.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_at(text).map_err(|(at, expected)| {
            let at = text.get(..at).map_or(0, |done| done.chars().count()) + 1;
            ErrorKind::Wildcard { text: text.to_owned(), at, expected }.into()
        })
    }

    pub(crate) fn parse_at(text: &str) -> Parsed<Self> {
        match text.split_once('/') {
            Some((address, len)) => Self::cidr(address, len),
            None if text.contains(':') => v6_blocks(text).map(|blocks| Self { blocks }),
            None if !text.contains('.') && text.starts_with(|c: char| c.is_ascii_digit()) => {
                let number = text.parse::<u32>().map_err(|_| (0, "an address, or four blocks"))?;
                Self::prefix(Ipv4Addr::from(number).into(), 32).ok_or((0, "an address"))
            }
            None => v4_blocks(text, 0).map(|blocks| Self { blocks }),
        }
    }

    fn cidr(address: &str, len: &str) -> Parsed<Self> {
        let parsed: IpAddr = address.parse().map_err(|_| (0, "an address before /"))?;
        let bits = len.parse().ok().filter(|_| len.bytes().all(|byte| byte.is_ascii_digit()));
        let expected = if parsed.is_ipv4() { "a length from 1 to 32" } else { "a length from 1 to 128" };
        let wrong = (address.len() + 1, expected);
        bits.and_then(|bits| Self::prefix(parsed, bits)).ok_or(wrong)
    }

    /// The block of a prefix, of 1 bit at least.
    fn prefix(address: IpAddr, len: u8) -> Option<Self> {
        let (width, all) = if address.is_ipv4() { (8, 32) } else { (16, 128) };
        if len == 0 || len > all {
            return None;
        }
        let value = number(address) << (128 - u32::from(all));
        let hosts = u128::MAX.checked_shr(len.into()).unwrap_or(0);
        let block = |at: u32| {
            let cut = |value: u128| (value << (at * width) >> (128 - width)) as u16;
            vec![(cut(value & !hosts), cut(value | hosts))]
        };
        Some(Self { blocks: (0..u32::from(all) / width).map(block).collect() })
    }

    /// Whether the pattern has eight blocks.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        self.blocks.len() == 8
    }

    /// Whether an address of 16 bytes (IPv4 as `::ffff:a.b.c.d`) is of the pattern.
    #[must_use]
    pub fn matches(&self, address: &[u8; 16]) -> bool {
        let holds = |block: &Block, value: u16| {
            block.iter().any(|&(first, last)| value.wrapping_sub(first) <= last - first)
        };
        if self.is_ipv6() {
            let values = address.as_chunks::<2>().0.iter().map(|bytes| u16::from_be_bytes(*bytes));
            return self.blocks.iter().zip(values).all(|(block, value)| holds(block, value));
        }
        mapped_ipv4(address)
            .is_some_and(|v4| self.blocks.iter().zip(v4).all(|(block, value)| holds(block, value.into())))
    }

    /// The address, if the pattern is of one.
    pub(crate) fn one(&self) -> Option<IpAddr> {
        let one = |block: &Block| match block.as_slice() {
            [(first, last)] if first == last => Some(u128::from(*first)),
            _ => None,
        };
        let width = if self.is_ipv6() { 16 } else { 8 };
        let value = self.blocks.iter().try_fold(0, |value, block| Some(value << width | one(block)?))?;
        Some(if self.is_ipv6() { Ipv6Addr::from(value).into() } else { Ipv4Addr::from(value as u32).into() })
    }

    /// Whether it may match an IPv4 address.
    pub(crate) fn may_match_ipv4(&self) -> bool {
        let mapped = [0, 0, 0, 0, 0, 0xFFFF];
        !self.is_ipv6()
            || self
                .blocks
                .iter()
                .zip(mapped)
                .all(|(block, value)| block.iter().any(|(first, last)| (*first..=*last).contains(&value)))
    }
}

/// `text` as four blocks; it begins at `at` of the whole.
fn v4_blocks(text: &str, at: usize) -> Parsed<Vec<Block>> {
    let (blocks, end) = blocks(text, '.', at, 10, 255)?;
    if blocks.len() == 4 { Ok(blocks) } else { Err((end, "four blocks with . between them")) }
}

/// `text` as eight blocks, one `::` standing for as many zero blocks as are missing; the last two may be four of IPv4.
fn v6_blocks(text: &str) -> Parsed<Vec<Block>> {
    let half = |text: &str, at: usize| -> Parsed<Vec<Block>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let tail = text.rfind(':').map_or(0, |colon| colon + 1);
        match text.get(tail..).filter(|last| last.contains('.')) {
            None => Ok(blocks(text, ':', at, 16, 0xFFFF)?.0),
            Some(quad) => {
                let before = text.get(..tail.saturating_sub(1)).unwrap_or_default();
                let mut all =
                    if before.is_empty() { Vec::new() } else { blocks(before, ':', at, 16, 0xFFFF)?.0 };
                for pair in v4_blocks(quad, at + tail)?.chunks(2) {
                    all.extend(pair.first().zip(pair.get(1)).map(|(high, low)| joined(high, low)));
                }
                Ok(all)
            }
        }
    };
    let expected = "eight blocks with : between them, or fewer and one ::";
    match text.split_once("::") {
        None => Some(half(text, 0)?).filter(|blocks| blocks.len() == 8).ok_or((text.len(), expected)),
        Some((head, tail)) => {
            let (mut blocks, tail) = (half(head, 0)?, half(tail, head.len() + 2)?);
            let zeros = 8usize.checked_sub(blocks.len() + tail.len());
            let zeros = zeros.filter(|zeros| *zeros > 0).ok_or((text.len(), expected))?;
            blocks.extend(std::iter::repeat_n(vec![(0, 0)], zeros));
            blocks.extend(tail);
            Ok(blocks)
        }
    }
}

/// Two blocks of 8 bits as one of 16.
fn joined(high: &Block, low: &Block) -> Block {
    let values = high.iter().flat_map(|&(first, last)| first..=last);
    merged(
        values.flat_map(|high| low.iter().map(move |&(first, last)| (high << 8 | first, high << 8 | last))),
    )
}

/// Blocks and where they end.
fn blocks(text: &str, separator: char, at: usize, radix: u32, most: u16) -> Parsed<(Vec<Block>, usize)> {
    let (mut all, mut at) = (Vec::new(), at);
    for block in text.split(separator) {
        all.push(self::block(block, at, radix, most)?);
        at += block.len() + 1;
        // A hostile text does not make a long list.
        if all.len() > 8 {
            break;
        }
    }
    Ok((all, at - 1))
}

fn block(text: &str, at: usize, radix: u32, most: u16) -> Parsed<Block> {
    if text.eq_ignore_ascii_case("x") {
        return Ok(vec![(0, most)]);
    }
    let expected = match radix {
        10 => "x, or numbers and ranges from 0 to 255",
        _ => "x, or hexadecimal numbers and ranges up to ffff",
    };
    let number = |digits: &str, at: usize| {
        let sound = digits.bytes().all(|byte| char::from(byte).is_digit(radix));
        let value = u16::from_str_radix(digits, radix).ok().filter(|value| sound && *value <= most);
        value.ok_or((at, expected))
    };
    let (mut ranges, mut at) = (Vec::new(), at);
    for item in text.split(',') {
        let range = match item.split_once('-') {
            None => number(item, at).map(|value| (value, value))?,
            Some((first, last)) => (number(first, at)?, number(last, at + first.len() + 1)?),
        };
        if range.0 > range.1 {
            return Err((at, "a range whose end is not below its start"));
        }
        ranges.push(range);
        at += item.len() + 1;
    }
    Ok(merged(ranges))
}

fn merged(ranges: impl IntoIterator<Item = (u16, u16)>) -> Block {
    let ranges: super::Ranges = ranges.into_iter().map(|(first, last)| (first.into(), last.into())).collect();
    ranges.as_slice().iter().map(|&(first, last)| (first as u16, last as u16)).collect()
}

/// All blocks in full; this is read again as an equal pattern.
impl fmt::Display for Wildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v6 = self.is_ipv6();
        let (separator, most) = if v6 { (":", 0xFFFF) } else { (".", 255) };
        let number = |f: &mut fmt::Formatter<'_>, value: u16| {
            if v6 { write!(f, "{value:x}") } else { write!(f, "{value}") }
        };
        for (i, block) in self.blocks.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { separator })?;
            if block.as_slice() == [(0, most)] {
                f.write_str("x")?;
                continue;
            }
            for (j, &(first, last)) in block.iter().enumerate() {
                f.write_str(if j == 0 { "" } else { "," })?;
                number(f, first)?;
                if last > first {
                    f.write_str("-")?;
                    number(f, last)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, address: &str) -> bool {
        let pattern = Wildcard::parse(pattern).unwrap_or_else(|e| panic!("{e}"));
        let again = Wildcard::parse(&pattern.to_string()).unwrap_or_else(|e| panic!("{pattern}: {e}"));
        assert_eq!(again, pattern);
        pattern.matches(&number(address.parse::<IpAddr>().unwrap()).to_be_bytes())
    }

    #[test]
    fn semantics_3_6() {
        for (pattern, inside, outside) in [
            ("10.x.1-3,5.0", "10.200.2.0", "10.200.4.0"),
            ("x.x.x.x", "203.0.113.5", "2001:db8::1"),
            ("X:x:x:x:x:x:x:x", "203.0.113.5", "::"),
            ("::ffff:10.x.x.x", "10.9.9.9", "11.9.9.9"),
            ("2001:db8::x", "2001:db8::7", "2001:db8::1:7"),
            ("2001:DB8:0-f,ff::1", "2001:db8:ff::1", "2001:db8:10::1"),
            ("10.1.2.3/31", "10.1.2.2", "10.1.2.4"),
            ("10.1.2.3/9", "10.127.0.0", "10.128.0.0"),
            ("2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"),
            ("167838211", "10.1.2.3", "10.1.2.4"),
            ("::", "::", "::1"),
            ("1::", "1::", "1::1"),
            ("1:2:3:4:5:6:1.2.3-4.5", "1:2:3:4:5:6:102:405", "1:2:3:4:5:6:102:505"),
            ("::1.2.3.4", "::102:304", "1.2.3.4"),
            ("0.0.0.0", "0.0.0.0", "::"),
        ] {
            let any = pattern.starts_with('X');
            assert!(matches(pattern, inside), "{pattern} {inside}");
            assert!(any || !matches(pattern, outside), "{pattern} {outside}");
        }
    }

    #[test]
    fn refused() {
        for (pattern, at) in [
            ("", 1),
            ("10.1.2", 7),
            ("10.1.2.3.4", 11),
            ("10.1.2.256", 8),
            ("10.1.2.1-", 10),
            ("10.1.2.-1", 8),
            ("10.1.2.3-1", 8),
            ("10.1.2.1,,2", 10),
            ("10. 1.2.3", 4),
            ("10.1.2.+3", 8),
            ("10.x.0.0/8", 1),
            ("10.0.0.0/0", 10),
            ("10.0.0.0/33", 10),
            ("10.0.0.0/+8", 10),
            ("::/0", 4),
            ("::/129", 4),
            ("1:2:3", 6),
            ("1::2::3", 6),
            ("1:2:3:4:5:6:7:8::", 18),
            ("1:2:3:4:5:6:7:fffff", 15),
            ("4294967296", 1),
            ("host", 1),
        ] {
            let error = Wildcard::parse(pattern).unwrap_err();
            let ErrorKind::Wildcard { at: found, .. } = error.kind() else { panic!("{error}") };
            assert_eq!(*found, at, "{error}");
        }
    }
}
