//! Prefix map files (`.pmap`, semantics 8.2): a label or country for every address, or for every protocol and port.
//! Public: [`PrefixMap`].

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Error, ErrorKind, Result};
use crate::format::FormatId;
use crate::header::{Entry, Header};
use crate::options::Limits;
use crate::payload::{self, Cursor};

/// Set in the words of the tree that are values.
const LEAF: u32 = 0x8000_0000;
/// The value of keys that the map does not know.
const NOT_FOUND: u32 = 0x7FFF_FFFF;

/// What the keys of a map are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapKey {
    /// IPv4 addresses.
    Ipv4,
    /// IPv6 addresses; IPv4 ones are looked up as `::ffff:a.b.c.d`.
    Ipv6,
    /// IP protocol and port.
    ProtocolPort,
}

impl MapKey {
    fn bits(self) -> u32 {
        if self == Self::Ipv6 { 128 } else { 32 }
    }
}

/// A prefix map, as `rwpmapbuild` or `rwgeoip2ccmap` writes it: a total map from keys to 31-bit values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixMap {
    key: MapKey,
    country: bool,
    name: Option<String>,
    /// A tree of at most `key.bits()` levels, whose root is node 0 and whose nodes are reached once: checked when parsed.
    nodes: Vec<[u32; 2]>,
    labels: Labels,
}

/// Labels by number, in one piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Labels {
    bytes: Vec<u8>,
    /// Where each label ends; the NUL follows.
    ends: Vec<usize>,
}

impl Labels {
    fn new(dictionary: &[u8], limits: &Limits) -> Result<Self> {
        // A dictionary of nothing but NULs takes several times its size.
        let count = dictionary.iter().filter(|&&byte| byte == 0).count() + 1;
        let wanted = count.saturating_mul(size_of::<usize>()).saturating_add(dictionary.len()) as u64;
        let limit = limits.payload_bytes as u64;
        if wanted > limit {
            return Err(ErrorKind::Limit { what: "memory for labels", wanted, limit }.into());
        }
        let mut ends: Vec<_> =
            dictionary.iter().enumerate().filter(|&(_, &byte)| byte == 0).map(|(i, _)| i).collect();
        if dictionary.last().is_some_and(|&byte| byte != 0) {
            ends.push(dictionary.len());
        }
        Ok(Self { bytes: dictionary.to_vec(), ends })
    }

    fn get(&self, number: usize) -> Option<&[u8]> {
        let start = match number.checked_sub(1) {
            Some(previous) => self.ends.get(previous)? + 1,
            None => 0,
        };
        self.bytes.get(start..*self.ends.get(number)?)
    }
}

impl PrefixMap {
    /// Parses a whole file of record version 1–5, of either byte order.
    ///
    /// # Errors
    /// `Malformed` if the file is no prefix map or is damaged, also if its nodes do not form a tree; `Unsupported`
    /// for other versions; `Limit` if payload or labels take more memory than the limits allow.
    ///
    /// # Cost
    /// One walk over the tree; about as much memory as the file, and 8 bytes per label.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Self::parse_with(bytes, &Limits::default())
    }

    /// [`PrefixMap::parse`] under the caller's limits.
    ///
    /// # Errors
    /// As [`PrefixMap::parse`].
    pub fn parse_with(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let (header, payload) = payload::open(bytes, FormatId::PREFIXMAP, "prefix map", limits)?;
        let (key, country) = match header.record_version() {
            1 => (MapKey::Ipv4, true),
            2 => (MapKey::Ipv4, false),
            3 => (MapKey::ProtocolPort, false),
            4 => (MapKey::Ipv6, false),
            5 => (MapKey::Ipv6, true),
            version => {
                let release = crate::format::release_text(header.silk_release());
                return Err(ErrorKind::UnknownVersion { format: header.format(), version, release }.into());
            }
        };
        let mut cursor = Cursor::new(&header, &payload);
        let count = cursor.u32("node count")?;
        let start = cursor.clone();
        let mut words = cursor.clone();
        let size = cursor.items("nodes", count, 8)?.len();
        let mut nodes = Vec::with_capacity(size / 8);
        for _ in 0..count {
            nodes.push([words.u32("node")?, words.u32("node")?]);
        }
        check_tree(&nodes, key.bits()).map_err(|e| start.place(e))?;
        let labels = if country {
            Labels::default()
        } else {
            let size = cursor.u32("dictionary length")?;
            Labels::new(cursor.items("dictionary", size, 1)?, limits)?
        };
        Ok(Self { key, country, name: name(&header), nodes, labels })
    }

    /// What the keys are.
    #[must_use]
    pub fn key(&self) -> MapKey {
        self.key
    }

    /// Whether the values are countries; otherwise they are numbers of labels.
    #[must_use]
    pub fn is_country_map(&self) -> bool {
        self.country
    }

    /// The map's name, if its header has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The labels by number, from 0; an undefined number is empty. Text of the file's own encoding.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.labels.ends.len()).filter_map(|number| self.labels.get(number))
    }

    /// The value of an address. `None`: the map does not know it, or has keys of another kind (semantics 8.2: a map
    /// of IPv4 knows IPv6 addresses only if they are IPv4-mapped).
    ///
    /// # Cost
    /// One step per bit at most.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Option<u32> {
        match (self.key, address) {
            (MapKey::Ipv4, IpAddr::V4(a)) => self.find(a.to_bits().into()),
            (MapKey::Ipv4, IpAddr::V6(a)) => self.find(a.to_ipv4_mapped()?.to_bits().into()),
            (MapKey::Ipv6, IpAddr::V4(a)) => self.find(a.to_ipv6_mapped().to_bits()),
            (MapKey::Ipv6, IpAddr::V6(a)) => self.find(a.to_bits()),
            (MapKey::ProtocolPort, _) => None,
        }
    }

    /// The value of a protocol and port; `None` also if the map has addresses for keys.
    #[must_use]
    pub fn lookup_protocol_port(&self, protocol: u8, port: u16) -> Option<u32> {
        match self.key {
            MapKey::ProtocolPort => self.find(u128::from(protocol) << 16 | u128::from(port)),
            MapKey::Ipv4 | MapKey::Ipv6 => None,
        }
    }

    fn find(&self, key: u128) -> Option<u32> {
        let mut word = 0;
        for bit in (0..self.key.bits()).rev() {
            word = self.nodes.get(word as usize)?[usize::from(key >> bit & 1 != 0)];
            if word & LEAF != 0 {
                return Some(word & !LEAF).filter(|&value| value != NOT_FOUND);
            }
        }
        None
    }

    /// The text of a value that [`lookup`](Self::lookup) gave, as SiLK prints it: the label, the decimal number where
    /// there is no label, `UNKNOWN` for `None`; of country maps the two letters, `??` where there are none.
    #[must_use]
    pub fn text(&self, value: Option<u32>) -> Cow<'_, [u8]> {
        if self.country {
            let letters = value.and_then(|v| u16::try_from(v).ok()).map(u16::to_be_bytes);
            return match letters {
                Some(letters) if letters.iter().all(|c| matches!(c, b' '..=b'~')) => letters.to_vec().into(),
                _ => Cow::Borrowed(b"??"),
            };
        }
        match value {
            None => Cow::Borrowed(b"UNKNOWN"),
            Some(value) => match self.labels.get(value as usize) {
                Some(label) => Cow::Borrowed(label),
                None => value.to_string().into_bytes().into(),
            },
        }
    }

    /// The address ranges `(first, last, value)` with both ends inside, ascending and without gaps; neighbours of one
    /// value are one range. Nothing for protocol and port maps. `None`: the map does not know these addresses.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr, Option<u32>)> {
        let key = self.key;
        let address = move |number: u128| match (key, u32::try_from(number)) {
            (MapKey::Ipv4, Ok(number)) => IpAddr::V4(Ipv4Addr::from(number)),
            _ => IpAddr::V6(Ipv6Addr::from(number)),
        };
        (self.key != MapKey::ProtocolPort)
            .then(|| Ranges::new(self))
            .into_iter()
            .flatten()
            .map(move |(first, last, value)| (address(first), address(last), value))
    }

    /// The ranges of a protocol and port map, `((protocol, port), (protocol, port), value)`, as
    /// [`ranges`](Self::ranges).
    pub fn port_ranges(&self) -> impl Iterator<Item = ((u8, u16), (u8, u16), Option<u32>)> {
        const LAST: u128 = 0xFF_FFFF;
        let pair = |key: u128| ((key >> 16) as u8, key as u16);
        (self.key == MapKey::ProtocolPort)
            .then(|| Ranges::new(self))
            .into_iter()
            .flatten()
            .take_while(|&(first, ..)| first <= LAST)
            .map(move |(first, last, value)| (pair(first), pair(last.min(LAST)), value))
    }
}

/// The name in the header, if there is one.
fn name(header: &Header) -> Option<String> {
    header.entries().iter().find_map(|entry| match entry {
        Entry::PrefixMap { name, .. } => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    })
}

/// Checks that the words of the nodes form a tree below node 0 with at most `levels` levels. Nodes out of reach are
/// legal. Every node is visited at most once.
fn check_tree(nodes: &[[u32; 2]], levels: u32) -> Result<()> {
    let mut seen = vec![false; nodes.len()];
    let mut open = vec![(0, 1)];
    while let Some((node, level)) = open.pop() {
        let (Some(children), Some(seen)) = (nodes.get(node), seen.get_mut(node)) else {
            return Err(Error::invalid("node index", format!("less than {}", nodes.len()), node));
        };
        if std::mem::replace(seen, true) {
            return Err(Error::invalid("node", "to be reached once", format!("node {node} again")));
        }
        for &word in children.iter().filter(|&&word| word & LEAF == 0) {
            if level == levels {
                return Err(Error::invalid("depth of the tree", format!("{levels} levels"), "more"));
            }
            open.push((word as usize, level + 1));
        }
    }
    Ok(())
}

/// Walks the tree in key order.
struct Ranges<'a> {
    map: &'a PrefixMap,
    /// Words still to be looked at: the first key, the level above which they hang, the word.
    open: Vec<(u128, u32, u32)>,
    ready: Option<(u128, u128, Option<u32>)>,
}

impl<'a> Ranges<'a> {
    fn new(map: &'a PrefixMap) -> Self {
        Self { map, open: vec![(0, map.key.bits(), 0)], ready: None }
    }

    /// The next leaf, not yet merged.
    fn leaf(&mut self) -> Option<(u128, u128, Option<u32>)> {
        while let Some((first, bits, word)) = self.open.pop() {
            if word & LEAF != 0 {
                let value = word & !LEAF;
                let hosts = 1u128.checked_shl(bits).map_or(u128::MAX, |size| size - 1);
                return Some((first, first | hosts, (value != NOT_FOUND).then_some(value)));
            }
            // Cannot be out of range or too deep: the tree was checked.
            let (&[left, right], bits) = (self.map.nodes.get(word as usize)?, bits.checked_sub(1)?);
            self.open.push((first | 1 << bits, bits, right));
            self.open.push((first, bits, left));
        }
        None
    }
}

impl Iterator for Ranges<'_> {
    type Item = (u128, u128, Option<u32>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut range = self.ready.take().or_else(|| self.leaf())?;
        while let Some(next) = self.leaf() {
            if next.2 != range.2 {
                self.ready = Some(next);
                break;
            }
            range.1 = next.1;
        }
        Some(range)
    }
}

#[cfg(test)]
mod tests;
