use std::collections::BTreeSet;
use std::net::IpAddr;

use proptest::prelude::*;

use super::IpSet;
use crate::error::Class;
use crate::format::{ByteOrder, FormatId};
use crate::options::Limits;
use crate::payload::testing::{file, u32_bytes, u64_bytes};

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

fn set_file(version: u16, order: ByteOrder, entry: Option<[u32; 6]>, payload: &[u8]) -> Vec<u8> {
    let entry: Option<Vec<u8>> = entry.map(|words| words.iter().flat_map(|w| w.to_be_bytes()).collect());
    file(FormatId::IPSET, version, order, entry.as_deref().map(|bytes| (7, bytes)), payload)
}

/// The set as the CIDR blocks that cover it, as `rwsetcat --cidr` prints it.
fn blocks(set: &IpSet) -> Vec<String> {
    set.prefixes().map(|net| net.to_string()).collect()
}

/// Semantics 8.1: what the reference prints for the example list.
const EXAMPLE: [&str; 13] = [
    "0.0.0.0/32",
    "10.64.0.0/14",
    "192.0.2.1/32",
    "192.0.2.3/32",
    "192.0.2.4/30",
    "192.0.2.255/32",
    "192.0.4.0/22",
    "198.51.0.0/29",
    "198.51.0.8/31",
    "198.51.100.0/29",
    "198.51.100.8/31",
    "203.0.113.0/24",
    "255.255.255.255/32",
];

fn number(address: &str) -> u32 {
    address.parse::<std::net::Ipv4Addr>().unwrap().to_bits()
}

/// Versions 0–2: /24 bitmaps.
fn bitmap_payload(order: ByteOrder) -> Vec<u8> {
    let mut by_block = std::collections::BTreeMap::<u32, [u32; 8]>::new();
    for block in EXAMPLE {
        let net: ipnet::Ipv4Net = block.parse().unwrap();
        for address in net.network().to_bits()..=net.broadcast().to_bits() {
            let words = by_block.entry(address & !0xFF).or_default();
            words[(address as usize & 0xFF) / 32] |= 1 << (address % 32);
        }
    }
    let words = by_block.into_iter().flat_map(|(base, words)| std::iter::once(base).chain(words));
    words.flat_map(|word| u32_bytes(order, word)).collect()
}

#[test]
fn bitmaps() {
    for order in ORDERS {
        let payload = bitmap_payload(order);
        // Semantics 8.1 gives the size of the example's payload.
        assert_eq!(payload.len(), 37224);
        for version in 0..=2 {
            let set = IpSet::parse(&set_file(version, order, None, &payload)).unwrap();
            assert_eq!(blocks(&set), EXAMPLE);
            assert_eq!(set.address_count(), 1 + (1 << 18) + 1 + 5 + 1 + 1024 + 10 + 10 + 256 + 1);
        }
    }
}

#[test]
fn tree() {
    for order in ORDERS {
        let mut payload = vec![0xAA; 800];
        payload.extend([0xFF; 8]);
        // Leaves of a saved tree are not in order.
        for block in EXAMPLE.iter().rev() {
            let net: ipnet::Ipv4Net = block.parse().unwrap();
            payload.extend([net.prefix_len(), 9, 9, 9]);
            payload.extend(u32_bytes(order, net.network().to_bits()));
        }
        assert_eq!(payload.len(), 912);
        let set = IpSet::parse(&set_file(3, order, Some([16, 14, 8, 10, 80, 2]), &payload)).unwrap();
        assert_eq!(blocks(&set), EXAMPLE);

        let mut payload = vec![0; 96 + 24];
        payload.extend([32, 0, 0, 0, 0, 0, 0, 0]);
        payload.extend(u64_bytes(order, 0x2001_0db8_0000_0000));
        payload.extend(u64_bytes(order, 7));
        let set = IpSet::parse(&set_file(3, order, Some([16, 2, 24, 1, 96, 0]), &payload)).unwrap();
        assert_eq!(blocks(&set), ["2001:db8::/32"]);
    }
}

#[test]
fn cidr_blocks_and_bitmaps_v4() {
    // The tail that semantics 8.1 prints, with the items before it in the same form.
    let mut payload = Vec::new();
    let item = |payload: &mut Vec<u8>, address: &str, code: u8| {
        payload.extend(number(address).to_le_bytes());
        payload.push(code);
    };
    item(&mut payload, "0.0.0.0", 32);
    item(&mut payload, "10.64.0.0", 14);
    item(&mut payload, "192.0.2.0", 0x81);
    payload.extend([0xFA]);
    payload.extend([0; 30]);
    payload.extend([0x80]);
    item(&mut payload, "192.0.4.0", 22);
    payload.extend([0x00, 0x00, 0x33, 0xc6, 0x81, 0xff, 0x03]);
    payload.extend([0; 30]);
    payload.extend([0x00, 0x64, 0x33, 0xc6, 0x81, 0xff, 0x03]);
    payload.extend([0; 30]);
    payload.extend([0x00, 0x71, 0x00, 0xcb, 0x18]);
    payload.extend([0x00, 0xff, 0xff, 0xff, 0x81]);
    payload.extend([0; 31]);
    payload.extend([0x80]);
    let set = IpSet::parse(&set_file(4, ByteOrder::Little, Some([0, 0, 4, 0, 0, 0]), &payload)).unwrap();
    assert_eq!(blocks(&set), EXAMPLE);
    assert!(!set.is_ipv6());
    let contains = |text: &str| set.contains(text.parse().unwrap());
    for inside in ["10.64.0.0", "10.67.255.255", "::ffff:203.0.113.9", "0.0.0.0"] {
        assert!(contains(inside), "{inside}");
    }
    for outside in ["10.68.0.0", "192.0.2.2", "::203.0.113.9", "2001:db8::1"] {
        assert!(!contains(outside), "{outside}");
    }
}

#[test]
fn cidr_blocks_v6_stand_in_network_order() {
    let address = "2001:db8::".parse::<std::net::Ipv6Addr>().unwrap();
    for order in ORDERS {
        let mut payload = address.octets().to_vec();
        payload.push(32);
        payload.extend([0; 16]);
        payload.push(0x81);
        payload.extend(u32_bytes(order, 0b110));
        payload.extend([0; 28]);
        let set = IpSet::parse(&set_file(4, order, Some([0, 0, 16, 0, 0, 0]), &payload)).unwrap();
        assert_eq!(blocks(&set), ["::1/128", "::2/128", "2001:db8::/32"]);
    }
}

/// The tail of the version 5 file in semantics 8.1.
#[test]
fn halves() {
    let mut payload = vec![
        0x00, 0x00, 0x00, 0x00, 0xb8, 0x0d, 0x01, 0x20, 0x20, 0x00, 0x00, 0x00, 0x00, 0xb9, 0x0d, 0x01, 0x20,
        0x82, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x81, 0xfa, 0x03,
    ];
    payload.extend([0; 30]);
    payload.extend([0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80]);
    payload.extend([0x01, 0x00, 0x00, 0x00, 0xb9, 0x0d, 0x01, 0x20, 0x40]);
    payload.extend([0x02, 0x00, 0x00, 0x00, 0xb9, 0x0d, 0x01, 0x20, 0x82]);
    payload.extend([0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x50]);
    payload.extend([0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x08]);
    let set = IpSet::parse(&set_file(5, ByteOrder::Little, Some([0, 0, 16, 0, 0, 0]), &payload)).unwrap();
    let ranges: Vec<_> = set.ranges().map(|(first, last)| format!("{first}-{last}")).collect();
    assert_eq!(
        ranges,
        [
            "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::1-2001:db9::1",
            "2001:db9::3-2001:db9::9",
            "2001:db9::100-2001:db9::100",
            // 2001:db9:0:1::/64 and 2001:db9:0:2::/80 touch.
            "2001:db9:0:1::-2001:db9:0:2:0:ffff:ffff:ffff",
            "ff00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ]
    );
}

/// Compressed payloads come in the blocks of flow files; an entry may cross from one into the next.
#[cfg(feature = "zlib")]
#[test]
fn compressed() {
    use std::io::Write;
    let payload = bitmap_payload(ByteOrder::Little);
    let mut file = set_file(2, ByteOrder::Little, None, &[]);
    file[7] = 1;
    for block in payload.chunks(10_000) {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(block).unwrap();
        let bytes = encoder.finish().unwrap();
        file.extend((bytes.len() as u32).to_be_bytes());
        file.extend((block.len() as u32).to_be_bytes());
        file.extend(bytes);
    }
    assert_eq!(blocks(&IpSet::parse(&file).unwrap()), EXAMPLE);
    assert_eq!(IpSet::parse(&file[..file.len() - 1]).unwrap_err().class(), Class::Malformed);
    let small = Limits::default().with_payload_bytes(20_000);
    assert_eq!(IpSet::parse_with(&file, &small).unwrap_err().class(), Class::Limit);
}

#[test]
fn refused() {
    let class = |bytes: &[u8]| IpSet::parse(bytes).unwrap_err().class();
    let little = ByteOrder::Little;
    assert_eq!(class(&set_file(6, little, None, &[])), Class::Unsupported);
    assert_eq!(class(&set_file(4, little, None, &[])), Class::Malformed);
    assert_eq!(class(&set_file(4, little, Some([0, 0, 5, 0, 0, 0]), &[])), Class::Malformed);
    assert_eq!(class(&set_file(4, little, Some([0, 0, 4, 0, 0, 0]), &[0, 0, 0, 0, 33])), Class::Malformed);
    assert_eq!(class(&set_file(4, little, Some([0, 0, 4, 0, 0, 0]), &[0, 0, 0, 0, 0])), Class::Malformed);
    assert_eq!(class(&set_file(5, little, Some([0, 0, 16, 0, 0, 0]), &[0; 8])), Class::Malformed);
    // Announced counts are checked against the bytes before anything is taken.
    let counts = [16, u32::MAX, 8, u32::MAX, 80, 0];
    assert_eq!(class(&set_file(3, little, Some(counts), &[0; 100])), Class::Malformed);
    assert_eq!(class(&file(FormatId::PREFIXMAP, 4, little, None, &[])), Class::Malformed);
    let payload = bitmap_payload(little);
    let file = set_file(2, little, None, &payload);
    let error = IpSet::parse(&file[..file.len() - 1]).unwrap_err();
    assert!(error.offset().is_some());
    let small = Limits::default().with_payload_bytes(1000);
    assert_eq!(IpSet::parse_with(&file, &small).unwrap_err().class(), Class::Limit);
    // 36 bytes that make 128 ranges.
    let comb = set_file(2, little, None, &[&[0, 0, 0, 0][..], &[0x55; 32]].concat());
    let small = Limits::default().with_payload_bytes(127 * 8);
    assert_eq!(IpSet::parse_with(&comb, &small).unwrap_err().class(), Class::Limit);
}

#[test]
fn ends_of_the_address_space() {
    let everything: Vec<u8> = [0u32, 0x8000_0000]
        .iter()
        .flat_map(|half| {
            let mut item = half.to_le_bytes().to_vec();
            item.push(1);
            item
        })
        .collect();
    let set = IpSet::parse(&set_file(4, ByteOrder::Little, Some([0, 0, 4, 0, 0, 0]), &everything)).unwrap();
    assert_eq!(blocks(&set), ["0.0.0.0/0"]);
    assert_eq!(set.address_count(), 1 << 32);
}

proptest! {
    /// Blocks in any order, overlapping: the same addresses as a plain set of numbers.
    #[test]
    fn blocks_equal_a_plain_set(
        items in proptest::collection::vec((0u32..4096, 22u8..=32), 0..60), reversed: bool,
    ) {
        let mut payload = Vec::new();
        let mut plain = BTreeSet::new();
        for &(address, len) in &items {
            let size = 1u32 << (32 - len);
            plain.extend(address / size * size..address / size * size + size);
            payload.extend(address.to_le_bytes());
            payload.push(len);
        }
        let set = IpSet::parse(&set_file(4, ByteOrder::Little, Some([0, 0, 4, 0, 0, 0]), &payload)).unwrap();
        let mut listed = Vec::new();
        let mut previous: Option<u32> = None;
        for (first, last) in set.ranges() {
            let (IpAddr::V4(first), IpAddr::V4(last)) = (first, last) else { panic!("not IPv4") };
            prop_assert!(previous.is_none_or(|p| first.to_bits() > p + 1));
            previous = Some(last.to_bits());
            listed.extend(first.to_bits()..=last.to_bits());
        }
        prop_assert!(listed.iter().eq(plain.iter()));
        let probe = if reversed { 4095 } else { 17 };
        prop_assert_eq!(set.contains(std::net::Ipv4Addr::from(probe).into()), plain.contains(&probe));
    }

    #[test]
    fn any_bytes_end(version in 0u16..7, size in prop_oneof![Just(4u32), Just(16), Just(8), Just(24)],
                     count in 0u32..40, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let node = if size == 8 { 80 } else { 96 };
        let file = set_file(version, ByteOrder::Little, Some([16, count, size, count / 20, node, 0]), &bytes);
        let _ = IpSet::parse(&file);
    }
}
