//! The ends of headers as keys of tables: as small as they can be.

use std::fmt::Debug;
use std::hash::Hash;

use pcap_headers::{EndPair, FieldTable, FieldValue, Network};

/// One end of a conversation.
pub(super) trait End: Copy + Eq + Ord + Hash + Debug + Sync {
    /// Two of them as one key.
    type Pair: Copy + Eq + Hash + Debug;

    /// Source and destination.
    fn of(pair: &EndPair) -> [Self; 2];

    fn pair(ends: [Self; 2]) -> Self::Pair;

    /// Appends the address.
    fn write(self, out: &mut Vec<u8>);

    fn port(self) -> Option<u16> {
        None
    }
}

/// Appends an address as the field of this name.
fn write(field: &str, address: FieldValue, out: &mut Vec<u8>) {
    FieldTable::find(field).into_iter().for_each(|field| field.write(address, out));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ipv4End(u32);

impl End for Ipv4End {
    type Pair = u64;

    #[inline]
    fn of(pair: &EndPair) -> [Self; 2] {
        [pair.source, pair.destination].map(|[a, b, c, d, ..]| Self(u32::from_be_bytes([a, b, c, d])))
    }

    #[inline]
    fn pair([a, b]: [Self; 2]) -> u64 {
        u64::from(a.0) << 32 | u64::from(b.0)
    }

    fn write(self, out: &mut Vec<u8>) {
        write("ip.src", FieldValue::Ipv4(self.0.to_be_bytes()), out);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ipv6End(u128);

impl End for Ipv6End {
    type Pair = [Self; 2];

    #[inline]
    fn of(pair: &EndPair) -> [Self; 2] {
        [pair.source, pair.destination].map(|address| Self(u128::from_be_bytes(address)))
    }

    #[inline]
    fn pair(ends: [Self; 2]) -> [Self; 2] {
        ends
    }

    fn write(self, out: &mut Vec<u8>) {
        write("ipv6.src", FieldValue::Ipv6(self.0.to_be_bytes()), out);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MacEnd(u64);

impl End for MacEnd {
    type Pair = [Self; 2];

    #[inline]
    fn of(pair: &EndPair) -> [Self; 2] {
        [pair.source, pair.destination]
            .map(|[a, b, c, d, e, f, ..]| Self(u64::from_be_bytes([0, 0, a, b, c, d, e, f])))
    }

    #[inline]
    fn pair(ends: [Self; 2]) -> [Self; 2] {
        ends
    }

    fn write(self, out: &mut Vec<u8>) {
        let [_, _, address @ ..] = self.0.to_be_bytes();
        write("eth.src", FieldValue::Mac(address), out);
    }
}

/// An address of any kind and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PortEnd {
    address: u128,
    network: Network,
    port: u16,
}

impl End for PortEnd {
    type Pair = [Self; 2];

    #[inline]
    fn of(pair: &EndPair) -> [Self; 2] {
        [(pair.source, pair.source_port), (pair.destination, pair.destination_port)].map(|(address, port)| {
            Self { address: u128::from_be_bytes(address), network: pair.network, port }
        })
    }

    #[inline]
    fn pair(ends: [Self; 2]) -> [Self; 2] {
        ends
    }

    fn write(self, out: &mut Vec<u8>) {
        let bytes = self.address.to_be_bytes();
        let [a, b, c, d, ..] = bytes;
        match self.network {
            Network::Ipv4 => write("ip.src", FieldValue::Ipv4([a, b, c, d]), out),
            Network::Ipv6 => write("ipv6.src", FieldValue::Ipv6(bytes), out),
            Network::None | Network::Mac => {}
        }
    }

    fn port(self) -> Option<u16> {
        Some(self.port)
    }
}
