//! IPset files (`.set`, semantics 8.1): sets of addresses as sorted ranges. Public: [`IpSet`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use crate::error::{Error, ErrorKind, Result};
use crate::format::FormatId;
use crate::header::{Entry, Header};
use crate::options::Limits;
use crate::payload::{self, Cursor};

/// A set of addresses of one family, as `rwsetbuild` writes it.
///
/// A set that was made of both families holds IPv6 ranges, IPv4 as `::ffff:a.b.c.d`.
///
/// # Shape
/// Ranges ascend, and there is a gap between any two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpSet {
    ranges: Ranges,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ranges {
    V4(Vec<(u32, u32)>),
    V6(Vec<(u128, u128)>),
}

impl IpSet {
    /// Parses a whole file of record version 0–5, compressed or not, of either byte order.
    ///
    /// # Errors
    /// `Malformed` if the file is no IPset or is damaged, `Unsupported` for other versions, `Limit` for sets that
    /// take more memory than the limits allow.
    ///
    /// # Cost
    /// One pass, and a sort if the file's entries are not in order. 8 bytes per range (IPv6: 32).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Self::parse_with(bytes, &Limits::default())
    }

    /// [`IpSet::parse`] under the caller's limits.
    ///
    /// # Errors
    /// As [`IpSet::parse`].
    pub fn parse_with(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let (header, payload) = payload::open(bytes, FormatId::IPSET, "IPset", limits)?;
        let cursor = Cursor::new(&header, &payload);
        let ranges = match header.record_version() {
            0..=2 => Ranges::V4(bitmaps(cursor, limits)?),
            3 => tree(&header, cursor, limits)?,
            4 => match leaf_size(&header)? {
                4 => Ranges::V4(blocks_v4(cursor, limits)?),
                _ => Ranges::V6(blocks_v6(cursor, limits)?),
            },
            5 => Ranges::V6(halves_v6(cursor, limits)?),
            version => {
                let release = crate::format::release_text(header.silk_release());
                return Err(ErrorKind::UnknownVersion { format: header.format(), version, release }.into());
            }
        };
        Ok(Self { ranges })
    }

    /// Whether the ranges are IPv6.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        matches!(self.ranges, Ranges::V6(_))
    }

    /// The number of ranges.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.ranges {
            Ranges::V4(ranges) => ranges.len(),
            Ranges::V6(ranges) => ranges.len(),
        }
    }

    /// Whether the set has no address.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of addresses; 2^128 − 1 also for the set of all IPv6 addresses.
    #[must_use]
    pub fn address_count(&self) -> u128 {
        let wide = |(first, last): (u128, u128)| (last - first).saturating_add(1);
        match &self.ranges {
            Ranges::V4(ranges) => ranges.iter().map(|&(first, last)| wide((first.into(), last.into()))).sum(),
            Ranges::V6(ranges) => ranges.iter().fold(0, |sum: u128, &range| sum.saturating_add(wide(range))),
        }
    }

    /// The ranges, `(first, last)` with both ends in the set, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> {
        let (v4, v6): (&[_], &[_]) = match &self.ranges {
            Ranges::V4(ranges) => (ranges, &[]),
            Ranges::V6(ranges) => (&[], ranges),
        };
        let v4 = v4.iter().map(|&(first, last)| (Ipv4Addr::from(first).into(), Ipv4Addr::from(last).into()));
        let v6 = v6.iter().map(|&(first, last)| (Ipv6Addr::from(first).into(), Ipv6Addr::from(last).into()));
        v4.chain(v6)
    }

    /// The set as the fewest CIDR blocks, ascending.
    pub fn prefixes(&self) -> impl Iterator<Item = IpNet> {
        let (v4, v6): (&[_], &[_]) = match &self.ranges {
            Ranges::V4(ranges) => (ranges, &[]),
            Ranges::V6(ranges) => (&[], ranges),
        };
        let v4 = v4.iter().flat_map(|&(first, last)| Ipv4Subnets::new(first.into(), last.into(), 0));
        let v6 = v6.iter().flat_map(|&(first, last)| Ipv6Subnets::new(first.into(), last.into(), 0));
        v4.map(IpNet::from).chain(v6.map(IpNet::from))
    }

    /// Whether the set holds `address`, with the families compared as SiLK does (semantics 3.6): an IPv4 set holds
    /// the IPv4-mapped form of its addresses, an IPv6 set sees IPv4 addresses as mapped ones.
    ///
    /// # Cost
    /// A binary search.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (&self.ranges, address) {
            (Ranges::V4(ranges), IpAddr::V4(a)) => holds(ranges, a.to_bits()),
            (Ranges::V4(ranges), IpAddr::V6(a)) => {
                a.to_ipv4_mapped().is_some_and(|a| holds(ranges, a.to_bits()))
            }
            (Ranges::V6(ranges), IpAddr::V4(a)) => holds(ranges, a.to_ipv6_mapped().to_bits()),
            (Ranges::V6(ranges), IpAddr::V6(a)) => holds(ranges, a.to_bits()),
        }
    }
}

fn holds<A: Address>(ranges: &[(A, A)], address: A) -> bool {
    let after = ranges.partition_point(|&(first, _)| first <= address);
    after.checked_sub(1).and_then(|i| ranges.get(i)).is_some_and(|&(_, last)| address <= last)
}

/// An address as a number.
trait Address: Copy + Ord + fmt::Display {
    const BITS: u8;
    /// The ones behind a prefix of `len` bits, which is at most `BITS`.
    fn host_mask(len: u8) -> Self;
    /// First and last address of the block.
    fn block(self, len: u8) -> (Self, Self);
    /// The address `host` above, if there is one.
    fn plus(self, host: u8) -> Option<Self>;
    fn without_low_byte(self) -> Self;
}

macro_rules! address {
    ($type:ty) => {
        impl Address for $type {
            const BITS: u8 = <$type>::BITS as u8;
            fn host_mask(len: u8) -> Self {
                Self::MAX.checked_shr(len.into()).unwrap_or(0)
            }
            fn block(self, len: u8) -> (Self, Self) {
                let hosts = Self::host_mask(len);
                (self & !hosts, self | hosts)
            }
            fn plus(self, host: u8) -> Option<Self> {
                self.checked_add(host.into())
            }
            fn without_low_byte(self) -> Self {
                self & !0xFF
            }
        }
    };
}
address!(u32);
address!(u128);

/// Collects ranges in any order, and merges them at the end.
struct Collector<A> {
    ranges: Vec<(A, A)>,
    sorted: bool,
    limit: usize,
}

impl<A: Address> Collector<A> {
    fn new(limits: &Limits) -> Self {
        Self { ranges: Vec::new(), sorted: true, limit: limits.payload_bytes / size_of::<(A, A)>() }
    }

    fn push(&mut self, (first, last): (A, A)) -> Result<()> {
        if let Some(previous) = self.ranges.last_mut() {
            // Files list ranges in order as a rule: what touches the range before goes into it at once.
            if first >= previous.0 && previous.1.plus(1).is_none_or(|next| first <= next) {
                previous.1 = previous.1.max(last);
                return Ok(());
            }
            self.sorted &= first > previous.1;
        }
        if self.ranges.len() >= self.limit {
            let limit = self.limit as u64;
            return Err(ErrorKind::Limit { what: "number of ranges", wanted: limit + 1, limit }.into());
        }
        self.ranges.push((first, last));
        Ok(())
    }

    /// A block with its prefix length as stored.
    fn block(&mut self, address: A, len: u8) -> Result<()> {
        if len == 0 || len > A::BITS {
            return Err(Error::invalid("prefix length", format!("1 to {}", A::BITS), len));
        }
        self.push(address.block(len))
    }

    /// The addresses whose bits are set in the 256 bits above `base`: word `i`, bit `b` is `base + 32·i + b`.
    fn bitmap(&mut self, base: A, cursor: &mut Cursor<'_>) -> Result<()> {
        for i in 0..8u8 {
            let mut word = cursor.u32("bitmap")?;
            while word != 0 {
                let start = word.trailing_zeros();
                let ones = (word >> start).trailing_ones();
                // At most 7·32 + 31 = 255.
                let low = i * 32 + start as u8;
                let high = low + (ones - 1) as u8;
                if let (Some(first), Some(last)) = (base.plus(low), base.plus(high)) {
                    self.push((first, last))?;
                }
                word &= u32::MAX.checked_shl(start + ones).unwrap_or(0);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<(A, A)> {
        if self.sorted {
            return self.ranges;
        }
        self.ranges.sort_unstable();
        let mut merged =
            Self { ranges: Vec::with_capacity(self.ranges.len()), sorted: true, limit: self.limit };
        for range in self.ranges {
            // Cannot fail: there are not more ranges than were collected under the same limit.
            let _ = merged.push(range);
        }
        merged.ranges
    }
}

/// Versions 0–2: entries of a base address and a bitmap of its /24.
fn bitmaps(mut cursor: Cursor<'_>, limits: &Limits) -> Result<Vec<(u32, u32)>> {
    let mut set = Collector::new(limits);
    while !cursor.is_empty() {
        let base = cursor.u32("bitmap entry")?.without_low_byte();
        set.bitmap(base, &mut cursor)?;
    }
    Ok(set.finish())
}

fn entry(header: &Header) -> Result<(u32, u32, u32, u32)> {
    let found = header.entries().iter().find_map(|entry| match *entry {
        Entry::IpSet { leaf_count, leaf_size, node_count, node_size, .. } => {
            Some((leaf_count, leaf_size, node_count, node_size))
        }
        _ => None,
    });
    found.ok_or_else(|| Error::invalid("header entry of the IPset", "an entry of id 7", "none"))
}

/// Version 4: 4 = IPv4, 16 = IPv6.
fn leaf_size(header: &Header) -> Result<u32> {
    match entry(header)? {
        (_, size @ (4 | 16), ..) => Ok(size),
        (_, size, ..) => Err(Error::invalid("leaf size of the IPset", "4 or 16", size)),
    }
}

/// Version 3: the leaves of a radix tree, the first of which is not in use; its nodes are not needed.
fn tree(header: &Header, mut cursor: Cursor<'_>, limits: &Limits) -> Result<Ranges> {
    let (leaf_count, leaf_size, node_count, node_size) = entry(header)?;
    if !matches!((leaf_size, node_size), (8, 80) | (24, 96)) {
        let found = format!("{leaf_size} and {node_size}");
        return Err(Error::invalid("leaf and node size of the IPset", "8 and 80, or 24 and 96", found));
    }
    cursor.items("nodes", node_count, node_size)?;
    // Checks that all leaves are there before any is taken.
    cursor.clone().items("leaves", leaf_count, leaf_size)?;
    cursor.items("first leaf", leaf_count.min(1), leaf_size)?;
    let leaves = leaf_count.saturating_sub(1);
    if leaf_size == 8 {
        let mut set = Collector::new(limits);
        for _ in 0..leaves {
            let len = cursor.u8("leaf")?;
            cursor.take("leaf", 3)?;
            let address = cursor.u32("leaf")?;
            set.block(address, len).map_err(|e| cursor.place(e))?;
        }
        return Ok(Ranges::V4(set.finish()));
    }
    let mut set = Collector::new(limits);
    for _ in 0..leaves {
        let len = cursor.u8("leaf")?;
        cursor.take("leaf", 7)?;
        let address = joined(cursor.u64("leaf")?, cursor.u64("leaf")?);
        set.block(address, len).map_err(|e| cursor.place(e))?;
    }
    Ok(Ranges::V6(set.finish()))
}

/// Behind an address: a prefix length, or one of these.
const BITMAP: u8 = 0x81;
const UPPER_HALF: u8 = 0x82;

/// Version 4, IPv4.
fn blocks_v4(mut cursor: Cursor<'_>, limits: &Limits) -> Result<Vec<(u32, u32)>> {
    let mut set = Collector::new(limits);
    while !cursor.is_empty() {
        let address = cursor.u32("item")?;
        match cursor.u8("item")? {
            BITMAP => set.bitmap(address.without_low_byte(), &mut cursor)?,
            len => set.block(address, len).map_err(|e| cursor.place(e))?,
        }
    }
    Ok(set.finish())
}

/// Version 4, IPv6: addresses in network order, bitmaps in file order.
fn blocks_v6(mut cursor: Cursor<'_>, limits: &Limits) -> Result<Vec<(u128, u128)>> {
    let mut set = Collector::new(limits);
    while !cursor.is_empty() {
        let address = cursor.network_u128("item")?;
        match cursor.u8("item")? {
            BITMAP => set.bitmap(address.without_low_byte(), &mut cursor)?,
            len => set.block(address, len).map_err(|e| cursor.place(e))?,
        }
    }
    Ok(set.finish())
}

/// Version 5: halves of addresses in file order, with a running upper half.
fn halves_v6(mut cursor: Cursor<'_>, limits: &Limits) -> Result<Vec<(u128, u128)>> {
    let mut set = Collector::new(limits);
    let mut upper = 0;
    while !cursor.is_empty() {
        let half = cursor.u64("item")?;
        match cursor.u8("item")? {
            BITMAP => set.bitmap(joined(upper, half).without_low_byte(), &mut cursor)?,
            UPPER_HALF => upper = half,
            len @ ..=64 => set.block(joined(half, 0), len).map_err(|e| cursor.place(e))?,
            len => set.block(joined(upper, half), len).map_err(|e| cursor.place(e))?,
        }
    }
    Ok(set.finish())
}

fn joined(upper: u64, lower: u64) -> u128 {
    u128::from(upper) << 64 | u128::from(lower)
}

#[cfg(test)]
mod tests;
