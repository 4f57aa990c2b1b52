use std::net::IpAddr;

use proptest::prelude::*;

use super::{LEAF, MapKey, NOT_FOUND, PrefixMap};
use crate::error::Class;
use crate::format::{ByteOrder, FormatId};
use crate::options::Limits;
use crate::payload::testing::{file, u32_bytes};

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

/// Builds maps as text sources describe them: later ranges override earlier ones.
struct Builder {
    bits: u32,
    default: u32,
    ranges: Vec<(u128, u128, u32)>,
}

impl Builder {
    fn new(bits: u32, default: u32) -> Self {
        Self { bits, default, ranges: Vec::new() }
    }

    fn range(mut self, first: u128, last: u128, value: u32) -> Self {
        self.ranges.push((first, last, value));
        self
    }

    fn block(self, text: &str, value: u32) -> Self {
        let (address, len) = text.split_once('/').unwrap();
        let first = match address.parse().unwrap() {
            IpAddr::V4(a) => u128::from(a.to_bits()),
            IpAddr::V6(a) => a.to_bits(),
        };
        let hosts = 1u128.checked_shl(self.bits - len.parse::<u32>().unwrap()).map_or(u128::MAX, |s| s - 1);
        self.range(first, first | hosts, value)
    }

    /// The value of a key, found by looking at every range.
    fn value(&self, key: u128) -> u32 {
        let found = self.ranges.iter().rev().find(|(first, last, _)| (*first..=*last).contains(&key));
        found.map_or(self.default, |range| range.2)
    }

    fn nodes(&self) -> Vec<[u32; 2]> {
        let mut nodes = vec![[0; 2]];
        self.split(&mut nodes, 0, 0, self.bits);
        nodes
    }

    fn split(&self, nodes: &mut Vec<[u32; 2]>, node: usize, first: u128, bits: u32) {
        let half = bits - 1;
        for (side, start) in [first, first | 1 << half].into_iter().enumerate() {
            let last = start | ((1 << half) - 1);
            let cut =
                self.ranges.iter().any(|&(a, b, _)| (start < a && a <= last) || (start <= b && b < last));
            nodes[node][side] = if cut {
                nodes.push([0; 2]);
                let child = nodes.len() - 1;
                self.split(nodes, child, start, half);
                child as u32
            } else {
                LEAF | self.value(start)
            };
        }
    }
}

fn bytes(nodes: &[[u32; 2]], labels: Option<&[&str]>, order: ByteOrder) -> Vec<u8> {
    let mut payload = u32_bytes(order, nodes.len() as u32).to_vec();
    payload.extend(nodes.iter().flatten().flat_map(|&word| u32_bytes(order, word)));
    if let Some(labels) = labels {
        let dictionary: Vec<u8> = labels.iter().flat_map(|l| [l.as_bytes(), &[0]].concat()).collect();
        payload.extend(u32_bytes(order, dictionary.len() as u32));
        payload.extend(dictionary);
    }
    payload
}

fn map_file(version: u16, order: ByteOrder, name: Option<&str>, payload: &[u8]) -> Vec<u8> {
    let entry = name.map(|name| [&[0, 0, 0, 1], name.as_bytes(), &[0]].concat());
    file(FormatId::PREFIXMAP, version, order, entry.as_deref().map(|bytes| (5, bytes)), payload)
}

fn text(map: &PrefixMap, address: &str) -> String {
    String::from_utf8(map.text(map.lookup(address.parse().unwrap())).into_owned()).unwrap()
}

/// Semantics 8.2, example 1.
#[test]
fn labels_of_ipv4() {
    let builder = Builder::new(32, 1)
        .block("10.0.0.0/8", 0)
        .range(0xC000_0200, 0xC000_027F, 3)
        .block("192.0.2.5/32", 0);
    let nodes = builder.nodes();
    assert_eq!(nodes.len(), 39);
    for order in ORDERS {
        let labels = ["internal", "external net", "", "dmz"];
        let payload = bytes(&nodes, Some(&labels), order);
        assert_eq!(payload[..4], u32_bytes(order, 0x27));
        let map = PrefixMap::parse(&map_file(2, order, Some("svc-map"), &payload)).unwrap();
        assert_eq!((map.key(), map.name(), map.is_country_map()), (MapKey::Ipv4, Some("svc-map"), false));
        for (address, label) in [
            ("10.1.2.3", "internal"),
            ("192.0.2.5", "internal"),
            ("192.0.2.6", "dmz"),
            ("8.8.8.8", "external net"),
            ("::ffff:10.1.2.3", "internal"),
            ("2001:db8::1", "UNKNOWN"),
        ] {
            assert_eq!(text(&map, address), label, "{address}");
        }
        assert_eq!(map.labels().collect::<Vec<_>>(), labels.map(str::as_bytes));
        assert_eq!(map.text(Some(2)), &b""[..]);
        assert_eq!(map.text(Some(9)), &b"9"[..]);
        let ranges: Vec<_> = map.ranges().map(|(a, b, v)| format!("{a} {b} {}", v.unwrap())).collect();
        assert_eq!(
            ranges,
            [
                "0.0.0.0 9.255.255.255 1",
                "10.0.0.0 10.255.255.255 0",
                "11.0.0.0 192.0.1.255 1",
                "192.0.2.0 192.0.2.4 3",
                "192.0.2.5 192.0.2.5 0",
                "192.0.2.6 192.0.2.127 3",
                "192.0.2.128 255.255.255.255 1",
            ]
        );
        assert_eq!(map.port_ranges().count(), 0);
    }
}

/// Semantics 8.2, example 2.
#[test]
fn labels_of_protocol_and_port() {
    let key = |protocol: u128, port: u128| protocol << 16 | port;
    let builder = Builder::new(32, 0)
        .range(key(6, 0), key(6, 65535), 1)
        .range(key(6, 0), key(6, 1023), 2)
        .range(key(6, 22), key(6, 22), 3)
        .range(key(17, 53), key(17, 53), 4)
        .range(key(1, 2048), key(1, 2303), 5);
    let nodes = builder.nodes();
    assert_eq!(nodes.len(), 62);
    let labels = ["UNKNOWN", "TCP", "TCP/low", "TCP/SSH", "UDP/DNS", "ICMP/echo"];
    let payload = bytes(&nodes, Some(&labels), ByteOrder::Little);
    let map = PrefixMap::parse(&map_file(3, ByteOrder::Little, Some("ports"), &payload)).unwrap();
    for (protocol, port, label) in [
        (6, 22, "TCP/SSH"),
        (6, 80, "TCP/low"),
        (6, 2000, "TCP"),
        (17, 53, "UDP/DNS"),
        (17, 54, "UNKNOWN"),
        (1, 2048, "ICMP/echo"),
        (1, 3, "UNKNOWN"),
    ] {
        let found = map.text(map.lookup_protocol_port(protocol, port));
        assert_eq!(&*found, label.as_bytes(), "{protocol}/{port}");
    }
    assert_eq!(map.lookup("10.0.0.1".parse().unwrap()), None);
    let ranges: Vec<_> = map.port_ranges().collect();
    assert_eq!(ranges[0], ((0, 0), (1, 2047), Some(0)));
    assert_eq!(ranges[1], ((1, 2048), (1, 2303), Some(5)));
    assert_eq!(ranges.last(), Some(&((17, 54), (255, 65535), Some(0))));
    assert_eq!(map.ranges().count(), 0);
}

/// Semantics 8.2, example 3.
#[test]
fn labels_of_ipv6() {
    let builder = Builder::new(128, 0)
        .block("2001:db8::/32", 1)
        .block("2001:db8::1/128", 2)
        .block("::ffff:10.0.0.0/104", 3);
    let nodes = builder.nodes();
    assert_eq!(nodes.len(), 229);
    let payload = bytes(&nodes, Some(&["other", "doc", "one", "rfc1918"]), ByteOrder::Big);
    let map = PrefixMap::parse(&map_file(4, ByteOrder::Big, None, &payload)).unwrap();
    assert_eq!((map.key(), map.name()), (MapKey::Ipv6, None));
    for (address, label) in
        [("10.1.2.3", "rfc1918"), ("8.8.8.8", "other"), ("2001:db8::1", "one"), ("2001:db8::2", "doc")]
    {
        assert_eq!(text(&map, address), label, "{address}");
    }
    assert_eq!(map.ranges().count(), 7);
}

#[test]
fn countries() {
    let code = |text: &[u8; 2]| u32::from(u16::from_be_bytes(*text));
    let builder = Builder::new(32, code(b"--")).block("192.0.2.0/24", code(b"de")).block("10.0.0.0/8", 7);
    let payload = bytes(&builder.nodes(), None, ByteOrder::Little);
    let map = PrefixMap::parse(&map_file(1, ByteOrder::Little, None, &payload)).unwrap();
    assert!(map.is_country_map());
    for (address, country) in
        [("192.0.2.9", "de"), ("192.0.3.1", "--"), ("10.0.0.1", "??"), ("2001:db8::1", "??")]
    {
        assert_eq!(text(&map, address), country, "{address}");
    }
    let wide = Builder::new(128, code(b"--")).block("2001:db8::/32", code(b"fr"));
    let payload = bytes(&wide.nodes(), None, ByteOrder::Big);
    let map = PrefixMap::parse(&map_file(5, ByteOrder::Big, None, &payload)).unwrap();
    assert_eq!(text(&map, "2001:db8::1"), "fr");
}

#[test]
fn unknown_value_and_unused_nodes() {
    let nodes = [[LEAF | NOT_FOUND, LEAF], [77, 88]];
    let payload = bytes(&nodes, Some(&["a"]), ByteOrder::Little);
    let map = PrefixMap::parse(&map_file(2, ByteOrder::Little, None, &payload)).unwrap();
    assert_eq!(text(&map, "1.2.3.4"), "UNKNOWN");
    assert_eq!(text(&map, "200.2.3.4"), "a");
    assert_eq!(map.ranges().map(|r| r.2).collect::<Vec<_>>(), [None, Some(0)]);
}

#[test]
fn refused() {
    let class = |version, nodes: &[[u32; 2]]| {
        let payload = bytes(nodes, Some(&["a"]), ByteOrder::Little);
        PrefixMap::parse(&map_file(version, ByteOrder::Little, None, &payload)).unwrap_err().class()
    };
    assert_eq!(class(6, &[[LEAF, LEAF]]), Class::Unsupported);
    assert_eq!(class(2, &[]), Class::Malformed);
    assert_eq!(class(2, &[[1, LEAF]]), Class::Malformed); // no such node
    assert_eq!(class(2, &[[0, LEAF]]), Class::Malformed); // a cycle
    assert_eq!(class(2, &[[1, LEAF], [0, LEAF]]), Class::Malformed);
    assert_eq!(class(2, &[[1, 1], [LEAF, LEAF]]), Class::Malformed); // shared
    let ladder = |levels: u32| -> Vec<[u32; 2]> {
        (1..=levels).map(|i| [if i == levels { LEAF } else { i }, LEAF]).collect()
    };
    assert_eq!(class(2, &ladder(33)), Class::Malformed); // too deep
    let payload = bytes(&ladder(32), Some(&["a"]), ByteOrder::Little);
    let file = map_file(2, ByteOrder::Little, None, &payload);
    assert!(PrefixMap::parse(&file).is_ok());
    for len in 0..file.len() {
        assert!(PrefixMap::parse(&file[..len]).is_err(), "{len}");
    }
    // A count that the bytes do not bear out.
    let huge = map_file(2, ByteOrder::Little, None, &u32::MAX.to_le_bytes());
    assert_eq!(PrefixMap::parse(&huge).unwrap_err().class(), Class::Malformed);
}

#[test]
fn labels_count_against_the_limit() {
    let payload = bytes(&[[LEAF, LEAF]], Some(&[""; 1000]), ByteOrder::Little);
    let file = map_file(2, ByteOrder::Little, None, &payload);
    let parse = |limit| PrefixMap::parse_with(&file, &Limits::default().with_payload_bytes(limit));
    assert_eq!(parse(20_000).unwrap().labels().count(), 1000);
    assert_eq!(parse(5000).unwrap_err().class(), Class::Limit);
}

proptest! {
    #[test]
    fn lookups_and_ranges_equal_a_scan(
        ranges in proptest::collection::vec((any::<u32>(), any::<u32>(), 0u32..5), 0..12),
        keys in proptest::collection::vec(any::<u32>(), 1..40),
        big: bool,
    ) {
        let order = if big { ByteOrder::Big } else { ByteOrder::Little };
        let mut builder = Builder::new(32, 4);
        for (a, b, value) in ranges {
            builder = builder.range(a.min(b).into(), a.max(b).into(), value);
        }
        let payload = bytes(&builder.nodes(), Some(&["0", "1", "2", "3", "4"]), order);
        let map = PrefixMap::parse(&map_file(2, order, None, &payload)).unwrap();
        let edges = builder.ranges.iter().flat_map(|r| [r.0, r.1]).map(|key| key as u32);
        for key in keys.into_iter().chain(edges) {
            let expected = builder.value(key.into());
            prop_assert_eq!(map.lookup(std::net::Ipv4Addr::from(key).into()), Some(expected));
        }
        let mut next = 0;
        let mut last_value = None;
        for (first, last, value) in map.ranges() {
            let (IpAddr::V4(first), IpAddr::V4(last)) = (first, last) else { panic!("not IPv4") };
            prop_assert_eq!(u64::from(first.to_bits()), next);
            next = u64::from(last.to_bits()) + 1;
            prop_assert_ne!(value, last_value);
            last_value = value;
            prop_assert_eq!(value, Some(builder.value(first.to_bits().into())));
            prop_assert_eq!(value, Some(builder.value(last.to_bits().into())));
        }
        prop_assert_eq!(next, 1 << 32);
    }

    #[test]
    fn any_nodes_end(version in 1u16..6, words in proptest::collection::vec((0u32..12, any::<bool>()), 2..40)) {
        let words: Vec<u32> = words.into_iter().map(|(w, leaf)| if leaf { w | LEAF } else { w }).collect();
        let nodes: Vec<[u32; 2]> = words.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        let payload = bytes(&nodes, Some(&["a", "b"]), ByteOrder::Little);
        if let Ok(map) = PrefixMap::parse(&map_file(version, ByteOrder::Little, None, &payload)) {
            prop_assert!(map.ranges().count() <= nodes.len() + 1);
            prop_assert!(map.port_ranges().count() <= nodes.len() + 1);
        }
    }
}
