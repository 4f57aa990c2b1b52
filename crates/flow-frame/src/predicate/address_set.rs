//! Sets of addresses, fast to ask. Public: [`AddressSet`].

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use silk_format::IpSet;

/// `::ffff:0.0.0.0`
const MAPPED: u128 = 0xFFFF_0000_0000;
/// From so many IPv4 ranges on, an index by the first 16 bits pays.
const INDEXED: usize = 32;

/// A set of addresses, as sorted inclusive ranges of 16-byte addresses (IPv4 as `::ffff:a.b.c.d`, so that an IPv4 block
/// holds the IPv4-mapped addresses of IPv6 flows too, and an IPv6 block sees IPv4 addresses as mapped ones: semantics
/// 3.6).
///
/// # Cost
/// 32 bytes per range; a set of many IPv4 ranges has another 8 bytes for each and an index of 256 KiB. A look-up is a
/// comparison for a single range, else a binary search among the ranges (IPv4: those with the same first 16 bits).
#[derive(Clone, PartialEq, Eq)]
pub struct AddressSet {
    name: Option<String>,
    ranges: Vec<(u128, u128)>,
    index: Option<Box<Index>>,
}

/// The IPv4 part by the first 16 bits: `starts[p]..starts[p + 1]` are the ranges that touch `p`, cut at its ends.
#[derive(Clone, PartialEq, Eq)]
struct Index {
    starts: Vec<u32>,
    ranges: Vec<(u16, u16)>,
}

impl AddressSet {
    /// The set of these ranges, `(first, last)` with both ends inside, in any order; one of mixed families or that ends
    /// before it begins is left out.
    #[must_use]
    pub fn from_ranges(ranges: impl IntoIterator<Item = (IpAddr, IpAddr)>) -> Self {
        let same_family = |(first, last): &(IpAddr, IpAddr)| first.is_ipv4() == last.is_ipv4();
        Self::of(ranges.into_iter().filter(same_family).map(|(first, last)| (number(first), number(last))))
    }

    /// The set of these blocks, host bits ignored.
    #[must_use]
    pub fn from_prefixes(prefixes: impl IntoIterator<Item = IpNet>) -> Self {
        Self::from_ranges(prefixes.into_iter().map(|net| (net.network(), net.broadcast())))
    }

    /// One address.
    #[must_use]
    pub fn one(address: IpAddr) -> Self {
        Self::from_ranges([(address, address)])
    }

    /// The same set under a name: it prints as `@name`.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    fn of(ranges: impl Iterator<Item = (u128, u128)>) -> Self {
        let mut ranges: Vec<_> = ranges.filter(|(first, last)| first <= last).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        let index = Index::new(&merged).map(Box::new);
        Self { name: None, ranges: merged, index }
    }

    /// The name, if the set has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The ranges of 16-byte addresses as numbers, ascending, with a gap between any two.
    #[must_use]
    pub fn ranges(&self) -> &[(u128, u128)] {
        &self.ranges
    }

    /// Whether the set holds an address of 16 bytes (IPv4 as `::ffff:a.b.c.d`).
    #[must_use]
    #[inline]
    pub fn contains(&self, address: &[u8; 16]) -> bool {
        let address = u128::from_be_bytes(*address);
        match &self.index {
            Some(index) if address >> 32 == MAPPED >> 32 => index.contains(address as u32),
            _ => self.holds(address),
        }
    }

    fn holds(&self, address: u128) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= address);
        after.checked_sub(1).and_then(|at| self.ranges.get(at)).is_some_and(|(_, last)| address <= *last)
    }

    /// The ranges as the fewest CIDR blocks.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = IpNet> {
        self.ranges.iter().flat_map(|&(first, last)| {
            ipnet::Ipv6Subnets::new(Ipv6Addr::from(first), Ipv6Addr::from(last), 0).map(unmapped)
        })
    }
}

/// A block of mapped addresses as the IPv4 block.
fn unmapped(net: Ipv6Net) -> IpNet {
    match (net.network().to_ipv4_mapped(), net.prefix_len().checked_sub(96)) {
        (Some(v4), Some(len)) => ipnet::Ipv4Net::new(v4, len).map_or_else(|_| net.into(), IpNet::from),
        _ => net.into(),
    }
}

pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl From<&IpSet> for AddressSet {
    fn from(set: &IpSet) -> Self {
        Self::from_ranges(set.ranges())
    }
}

/// The size only: a set may be large.
impl fmt::Debug for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressSet").field("name", &self.name).field("ranges", &self.ranges.len()).finish()
    }
}

impl Index {
    fn new(ranges: &[(u128, u128)]) -> Option<Self> {
        const LAST: u128 = MAPPED | 0xFFFF_FFFF;
        let v4 = ranges
            .iter()
            .filter(|(first, last)| *first <= LAST && *last >= MAPPED)
            .map(|(first, last)| ((*first).max(MAPPED) as u32, (*last).min(LAST) as u32));
        if v4.clone().count() < INDEXED {
            return None;
        }
        let mut index = Self { starts: Vec::with_capacity((1 << 16) + 1), ranges: Vec::new() };
        for (first, last) in v4 {
            for prefix in first >> 16..=last >> 16 {
                index.close_up_to(prefix as usize);
                let low = if prefix == first >> 16 { first as u16 } else { 0 };
                let high = if prefix == last >> 16 { last as u16 } else { u16::MAX };
                index.ranges.push((low, high));
            }
        }
        index.close_up_to(1 << 16);
        Some(index)
    }

    /// Everything so far belongs below `prefix`.
    fn close_up_to(&mut self, prefix: usize) {
        if self.starts.len() <= prefix {
            let end = self.ranges.len() as u32;
            // The prefix that was begun last ends here, and empty ones begin and end here.
            self.starts.resize(prefix + 1, end);
        }
    }

    fn contains(&self, address: u32) -> bool {
        let prefix = (address >> 16) as usize;
        let (Some(start), Some(end)) = (self.starts.get(prefix), self.starts.get(prefix + 1)) else {
            return false;
        };
        let ranges = self.ranges.get(*start as usize..*end as usize).unwrap_or_default();
        let host = address as u16;
        let after = ranges.partition_point(|(first, _)| *first <= host);
        after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| host <= *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> [u8; 16] {
        number(text.parse().unwrap()).to_be_bytes()
    }

    #[test]
    fn families_are_compared_as_silk_does() {
        let v4 = AddressSet::from_prefixes(["10.1.2.77/24".parse().unwrap()]);
        assert!(v4.contains(&ip("10.1.2.0")) && v4.contains(&ip("::ffff:10.1.2.255")));
        assert!(!v4.contains(&ip("10.1.3.0")) && !v4.contains(&ip("::10.1.2.0")));
        let v6 = AddressSet::from_prefixes(["::ffff:0:0/96".parse().unwrap()]);
        assert!(v6.contains(&ip("1.2.3.4")) && !v6.contains(&ip("2001:db8::1")));
        let text: Vec<String> = v6.prefixes().map(|net| net.to_string()).collect();
        assert_eq!(text, ["0.0.0.0/0"]);
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_the_ranges(
            seeds in proptest::collection::vec((any::<u32>(), 0u32..200_000), INDEXED..INDEXED * 3),
            asked in proptest::collection::vec((0usize..INDEXED, -3i64..200_003), 1..50),
        ) {
            let ranges: Vec<(u32, u32)> = seeds.iter().map(|(first, len)| (*first, first.saturating_add(*len))).collect();
            let v4 = |n: u32| IpAddr::V4(n.into());
            let set = AddressSet::from_ranges(ranges.iter().map(|(first, last)| (v4(*first), v4(*last))));
            for (at, offset) in asked {
                let address = (i64::from(ranges[at].0) + offset).clamp(0, u32::MAX.into()) as u32;
                let inside = ranges.iter().any(|(first, last)| (*first..=*last).contains(&address));
                prop_assert_eq!(set.contains(&number(v4(address)).to_be_bytes()), inside);
            }
        }
    }
}
