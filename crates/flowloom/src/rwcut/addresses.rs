//! Addresses as `rwcut` prints them (semantics 4.4).

use std::io::Write;

use flow_frame::text::mapped_ipv4;

use super::text::Text;
use crate::getopt::unique;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Canonical,
    NoMixed,
    Decimal,
    Hexadecimal,
}

/// Which addresses are shown in the form of the other family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    AsIs,
    /// IPv4 as `::ffff:a.b.c.d`.
    Map,
    /// `::ffff:a.b.c.d` as IPv4.
    Unmap,
}

/// `--ip-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IpFormat {
    style: Style,
    zero_padded: bool,
    family: Family,
}

impl Default for IpFormat {
    fn default() -> Self {
        Self { style: Style::Canonical, zero_padded: false, family: Family::AsIs }
    }
}

#[derive(Debug, Clone, Copy)]
enum Word {
    Style(Style),
    ZeroPadded,
    Family(Family),
    /// map-v4 and no-mixed.
    ForceIpv6,
}

const WORDS: [(&str, Word); 8] = [
    ("canonical", Word::Style(Style::Canonical)),
    ("no-mixed", Word::Style(Style::NoMixed)),
    ("decimal", Word::Style(Style::Decimal)),
    ("hexadecimal", Word::Style(Style::Hexadecimal)),
    ("zero-padded", Word::ZeroPadded),
    ("map-v4", Word::Family(Family::Map)),
    ("unmap-v6", Word::Family(Family::Unmap)),
    ("force-ipv6", Word::ForceIpv6),
];

impl IpFormat {
    /// A list of the words of the table; one style and one family at most.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut style, mut family, mut zero_padded) = (None, None, false);
        for item in text.split(',').filter(|item| !item.is_empty()) {
            let (_, word) = unique(&WORDS, item, |word| word.0).map_err(|found| match found {
                0 => format!("unrecognized value '{item}'"),
                _ => format!("value '{item}' is ambiguous"),
            })?;
            let taken = match *word {
                Word::Style(wanted) => style.replace(wanted).is_some(),
                Word::Family(wanted) => family.replace(wanted).is_some(),
                Word::ZeroPadded => std::mem::replace(&mut zero_padded, true),
                Word::ForceIpv6 => {
                    style.replace(Style::NoMixed).is_some() || family.replace(Family::Map).is_some()
                }
            };
            if taken {
                return Err(format!("'{item}' contradicts or repeats an earlier value"));
            }
        }
        let format = Self::default();
        Ok(Self {
            style: style.unwrap_or(format.style),
            zero_padded,
            family: family.unwrap_or(format.family),
        })
    }

    /// `--integer-ips`.
    pub(crate) fn decimal(self) -> Self {
        Self { style: Style::Decimal, ..self }
    }

    /// `--zero-pad-ips`.
    pub(crate) fn zero_padded(self) -> Self {
        Self { zero_padded: true, ..self }
    }

    /// The width of an address column, if there may be IPv6 addresses or not.
    pub(crate) fn width(self, ipv6: bool) -> usize {
        match (self.style, ipv6 || self.family == Family::Map) {
            (Style::Canonical | Style::NoMixed, true) | (Style::Decimal, true) => 39,
            (Style::Canonical | Style::NoMixed, false) => 15,
            (Style::Decimal, false) => 10,
            (Style::Hexadecimal, true) => 32,
            (Style::Hexadecimal, false) => 8,
        }
    }

    /// Appends an address, given as 16 bytes (IPv4 as `::ffff:a.b.c.d`) and the family of its record.
    pub(crate) fn write(self, out: &mut Text, address: &[u8; 16], is_ipv6: bool) {
        let ipv4 = match (self.family, is_ipv6) {
            (Family::AsIs | Family::Unmap, false) => address.last_chunk().copied(),
            (Family::Unmap, true) => mapped_ipv4(address),
            (Family::AsIs, true) | (Family::Map, _) => None,
        };
        match (self.style, self.zero_padded, ipv4) {
            (Style::Canonical | Style::NoMixed, false, Some(ipv4)) => write_quad(out, ipv4),
            (Style::Canonical, false, None) => write_ipv6(out, address, true),
            (Style::NoMixed, false, None) => write_ipv6(out, address, false),
            (style, zero_padded, Some(ipv4)) => write_other_ipv4(out, ipv4, style, zero_padded),
            (style, zero_padded, None) => write_other_ipv6(out, address, style, zero_padded),
        }
    }
}

/// `N.` for every byte, and its length.
const OCTETS: [([u8; 4], u8); 256] = {
    let mut octets = [([b'.'; 4], 0); 256];
    let mut i = 0;
    while i < 256 {
        let n = i as u8;
        octets[i] = match n {
            0..=9 => ([b'0' + n, b'.', 0, 0], 2),
            10..=99 => ([b'0' + n / 10, b'0' + n % 10, b'.', 0], 3),
            _ => ([b'0' + n / 100, b'0' + n / 10 % 10, b'0' + n % 10, b'.'], 4),
        };
        i += 1;
    }
    octets
};

/// A dotted quad, the common case: four copies of four bytes, each over the end of the one before.
fn write_quad(out: &mut Text, address: [u8; 4]) {
    let text = out.window::<16>();
    let mut len = 0;
    for byte in address {
        let (digits, used) = OCTETS[usize::from(byte)];
        if let Some(place) = text.get_mut(len..len + 4) {
            place.copy_from_slice(&digits);
        }
        len += usize::from(used);
    }
    // Without the last full stop.
    out.advance(len - 1);
}

/// The text of the C library's `inet_ntop`: the first longest run of at least two zero groups as `::`; addresses whose
/// first six groups are zero, or five zero and one `ffff`, end in a dotted quad if `mixed`. (`::2` does not: its run
/// of zeros has seven groups.)
fn write_ipv6(out: &mut Text, address: &[u8; 16], mixed: bool) {
    let mut groups = [0u16; 8];
    for (group, bytes) in groups.iter_mut().zip(address.as_chunks::<2>().0) {
        *group = u16::from_be_bytes(*bytes);
    }
    let (start, len) = longest_zero_run(&groups);
    let (head, tail) = match len {
        0 | 1 => (&groups[..], None),
        _ => (groups.get(..start).unwrap_or_default(), groups.get(start + len..)),
    };
    write_groups(out, head);
    let Some(tail) = tail else { return };
    out.extend(b"::");
    match (mixed && start == 0, len, tail) {
        (true, 6, &[high, low]) => write_quad(out, quad(high, low)),
        (true, 5, &[0xffff, high, low]) => {
            out.extend(b"ffff:");
            write_quad(out, quad(high, low));
        }
        _ => write_groups(out, tail),
    }
}

fn quad(high: u16, low: u16) -> [u8; 4] {
    (u32::from(high) << 16 | u32::from(low)).to_be_bytes()
}

fn longest_zero_run(groups: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut len) = ((0, 0), 0);
    for (i, group) in groups.iter().enumerate() {
        len = if *group == 0 { len + 1 } else { 0 };
        if len > best.1 {
            best = (i + 1 - len, len);
        }
    }
    best
}

const HEX: [u8; 16] = *b"0123456789abcdef";

fn write_groups(out: &mut Text, groups: &[u16]) {
    for (i, group) in groups.iter().enumerate() {
        let [high, low] = group.to_be_bytes();
        let digits = [high >> 4, high & 15, low >> 4, low & 15].map(|nibble| HEX[usize::from(nibble)]);
        let zeros = (group.leading_zeros() as usize / 4).min(3);
        let text = out.window::<5>();
        let colon = usize::from(i > 0);
        text[0] = b':';
        for (place, digit) in text.iter_mut().skip(colon).zip(digits.iter().skip(zeros)) {
            *place = *digit;
        }
        out.advance(colon + 4 - zeros);
    }
}

/// The rarer forms, by way of the standard library's formatting. Writing to text cannot fail.
fn write_other_ipv4(out: &mut Text, address: [u8; 4], style: Style, zero_padded: bool) {
    let number = u32::from_be_bytes(address);
    let [a, b, c, d] = address;
    let _ = match (style, zero_padded) {
        (Style::Decimal, false) => {
            out.number(number.into());
            Ok(())
        }
        (Style::Decimal, true) => write!(out, "{number:010}"),
        (Style::Hexadecimal, false) => write!(out, "{number:x}"),
        (Style::Hexadecimal, true) => write!(out, "{number:08x}"),
        (Style::Canonical | Style::NoMixed, _) => write!(out, "{a:03}.{b:03}.{c:03}.{d:03}"),
    };
}

fn write_other_ipv6(out: &mut Text, address: &[u8; 16], style: Style, zero_padded: bool) {
    let number = u128::from_be_bytes(*address);
    let _ = match (style, zero_padded) {
        (Style::Decimal, false) => write!(out, "{number}"),
        (Style::Decimal, true) => write!(out, "{number:039}"),
        (Style::Hexadecimal, false) => write!(out, "{number:x}"),
        (Style::Hexadecimal, true) => write!(out, "{number:032x}"),
        (Style::Canonical | Style::NoMixed, _) => {
            let groups = address.as_chunks::<2>().0.iter().map(|bytes| u16::from_be_bytes(*bytes));
            for (i, group) in groups.enumerate() {
                let _ = write!(out, "{}{group:04x}", if i == 0 { "" } else { ":" });
            }
            Ok(())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::IpAddr;

    fn text(format: &str, address: &str) -> String {
        let format = IpFormat::parse(format).unwrap();
        let address: IpAddr = address.parse().unwrap();
        let bytes = match address {
            IpAddr::V4(a) => a.to_ipv6_mapped().octets(),
            IpAddr::V6(a) => a.octets(),
        };
        let mut out = Text::default();
        format.write(&mut out, &bytes, address.is_ipv6());
        String::from_utf8(out.as_bytes().to_vec()).unwrap()
    }

    /// The table of semantics 4.4.
    #[test]
    fn forms() {
        for (format, ipv4, ipv6) in [
            ("canonical", "203.0.113.5", "2001:db8::1"),
            ("no-mixed", "203.0.113.5", "2001:db8::1"),
            ("decimal", "3405803781", "42540766411282592856903984951653826561"),
            ("hexadecimal", "cb007105", "20010db8000000000000000000000001"),
            ("zero-padded", "203.000.113.005", "2001:0db8:0000:0000:0000:0000:0000:0001"),
            ("decimal,zero-padded", "3405803781", "042540766411282592856903984951653826561"),
            ("hexadecimal,zero-padded", "cb007105", "20010db8000000000000000000000001"),
            ("map-v4", "::ffff:203.0.113.5", "2001:db8::1"),
            ("force-ipv6", "::ffff:cb00:7105", "2001:db8::1"),
        ] {
            assert_eq!(text(format, "203.0.113.5"), ipv4, "{format}");
            assert_eq!(
                text(format, "2001:db8::1").trim_start_matches('0'),
                ipv6.trim_start_matches('0'),
                "{format}"
            );
        }
        assert_eq!(text("decimal,zero-padded", "10.0.0.1"), "0167772161");
        assert_eq!(text("unmap-v6", "::ffff:10.1.2.3"), "10.1.2.3");
        assert_eq!(text("unmap-v6", "2001:db8::1"), "2001:db8::1");
    }

    #[test]
    fn canonical_ipv6_is_inet_ntop() {
        for (address, expected) in [
            ("::ffff:10.1.2.3", "::ffff:10.1.2.3"),
            ("::10.1.2.3", "::10.1.2.3"),
            ("::1:0", "::0.1.0.0"),
            ("::2", "::2"),
            ("::", "::"),
            ("64:ff9b::102:304", "64:ff9b::102:304"),
            ("1:0:2::", "1:0:2::"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ] {
            assert_eq!(text("canonical", address), expected);
        }
        assert_eq!(text("no-mixed", "::ffff:10.1.2.3"), "::ffff:a01:203");
    }

    #[test]
    fn refused() {
        for bad in
            ["decimal,hexadecimal", "map-v4,unmap-v6", "force-ipv6,map-v4", "zero-padded,zero-padded", "x"]
        {
            assert!(IpFormat::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn ipv4_equals_std(number: u32) {
            let address = std::net::Ipv4Addr::from(number).to_string();
            prop_assert_eq!(text("", &address), address);
        }

        /// Our text always means the address; without mixed notation it is the standard library's but for mapped ones.
        #[test]
        fn ipv6_reads_back(groups in proptest::array::uniform8(prop_oneof![2 => Just(0u16), 1 => any::<u16>()])) {
            let address = std::net::Ipv6Addr::from(groups);
            for format in ["canonical", "no-mixed", "zero-padded"] {
                let text = text(format, &address.to_string());
                prop_assert_eq!(text.parse::<std::net::Ipv6Addr>().unwrap(), address);
            }
            if address.to_ipv4_mapped().is_none() {
                prop_assert_eq!(text("no-mixed", &address.to_string()), address.to_string());
            }
        }
    }
}
