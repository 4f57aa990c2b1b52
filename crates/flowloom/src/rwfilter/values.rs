//! The arguments of partitioning switches (semantics 3.3–3.8). Errors are reasons in the reference's words where they are
//! known; who knows the switch adds its name.

use flow_frame::predicate::{AddressSet, Ranges};

type Parsed<T> = Result<T, String>;

/// Letters of the TCP flags, lowest bit first.
const TCP_FLAGS: &[(char, u8)] =
    &[('F', 1), ('S', 2), ('R', 4), ('P', 8), ('A', 16), ('U', 32), ('E', 64), ('C', 128)];
/// Letters of the attributes.
const ATTRIBUTES: &[(char, u8)] = &[('T', 0x20), ('C', 0x40), ('F', 0x08), ('S', 0x10)];

/// Which letters a switch takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    TcpFlags,
    Attributes,
}

impl Letters {
    /// The bits of some letters, in either case, with or without white space.
    pub(super) fn bits(self, text: &str) -> Parsed<u8> {
        let table = if self == Self::TcpFlags { TCP_FLAGS } else { ATTRIBUTES };
        text.chars().filter(|c| !c.is_ascii_whitespace()).try_fold(0, |bits, c| {
            let known = table.iter().find(|(letter, _)| letter.eq_ignore_ascii_case(&c));
            known.map(|(_, bit)| bits | bit).ok_or_else(|| unexpected(c))
        })
    }

    /// Terms `HIGH/MASK` with commas between them.
    pub(super) fn pairs(self, text: &str) -> Parsed<Vec<(u8, u8)>> {
        let pair = |term: &str| {
            let (high, mask) = term
                .split_once('/')
                .ok_or_else(|| format!("Term '{term}' has no '/' between flags and mask"))?;
            let (high, mask) = (self.bits(high)?, self.bits(mask)?);
            match (mask, high & !mask) {
                (0, _) => Err(format!("Term '{term}' has no mask flags")),
                (_, 0) => Ok((high, mask)),
                _ => Err("High flags is not subset of mask flags".to_owned()),
            }
        };
        items(text)?.map(pair).collect()
    }
}

fn unexpected(c: char) -> String {
    format!("Unexpected character '{}'", c.escape_debug())
}

/// The parts between commas: repeated and trailing commas mean nothing, one at the start is an error.
fn items(text: &str) -> Parsed<impl Iterator<Item = &str>> {
    let text = text.trim_ascii();
    match text.chars().next() {
        None => Err("Value is empty".to_owned()),
        Some(',') => Err(unexpected(',')),
        Some(_) => Ok(text.split(',').filter(|item| !item.is_empty())),
    }
}

/// A decimal number without a sign.
fn number(text: &str, most: u64) -> Parsed<u64> {
    if let Some(wrong) = text.chars().find(|c| !c.is_ascii_digit()) {
        return Err(unexpected(wrong));
    }
    match text.parse::<u64>() {
        _ if text.is_empty() => Err("A number is missing".to_owned()),
        Ok(value) if value <= most => Ok(value),
        _ => Err(format!("Value is above maximum of {most}")),
    }
}

/// `N`, `N-M` or `N-`, each number read by `value`; a missing end is `most`.
fn range<T: PartialOrd + Copy>(text: &str, most: T, value: impl Fn(&str) -> Parsed<T>) -> Parsed<(T, T)> {
    let (first, last) = match text.split_once('-') {
        None => (value(text)?, value(text)?),
        Some(("", _)) => return Err(unexpected('-')),
        Some((first, "")) => (value(first)?, most),
        Some((first, last)) => (value(first)?, value(last)?),
    };
    if last < first { Err("Range is invalid (min > max)".to_owned()) } else { Ok((first, last)) }
}

/// `1,3-7,1024-` (semantics 3.4).
pub(super) fn integer_list(text: &str, most: u64) -> Parsed<Ranges> {
    let ranges = items(text)?.map(|item| range(item, most, |text| number(text, most)));
    let ranges: Vec<(u64, u64)> = ranges.collect::<Parsed<_>>()?;
    Ok(ranges.into_iter().map(|(first, last)| (first.into(), last.into())).collect())
}

/// One range of 64-bit counts (semantics 3.5).
pub(super) fn integer_range(text: &str) -> Parsed<Ranges> {
    let (first, last) = range(text.trim_ascii(), u64::MAX, |text| number(text, u64::MAX))?;
    Ok(Ranges::between(first.into(), last.into()))
}

/// Whether `--ip-version` takes IPv4 and IPv6 records.
pub(super) fn ip_versions(text: &str) -> Parsed<(bool, bool)> {
    items(text)?.try_fold((false, false), |(v4, v6), item| match item {
        "4" => Ok((true, v6)),
        "6" => Ok((v4, true)),
        _ => Err(format!("'{item}' is neither 4 nor 6")),
    })
}

fn decimal(text: &str) -> Parsed<f64> {
    if let Some(wrong) = text.chars().find(|c| !c.is_ascii_digit() && *c != '.') {
        return Err(unexpected(wrong));
    }
    text.parse().map_err(|_| format!("'{text}' is no decimal number"))
}

/// One range of decimal numbers, perhaps open at the top.
pub(super) fn decimal_range(text: &str) -> Parsed<(f64, f64)> {
    range(text.trim_ascii(), f64::INFINITY, decimal)
}

/// A range of seconds as nanoseconds of whole milliseconds: the double that the text stands for, times 1000, cut off
/// (semantics 3.3), so that 1.001 is 1000 ms as it is for the reference.
pub(super) fn durations(text: &str) -> Parsed<Ranges> {
    let (first, last) = decimal_range(text)?;
    // A duration has 32 bits; casts of larger numbers saturate.
    let ms = |seconds: f64| i128::from((seconds * 1000.0) as u64);
    let last = if last.is_infinite() { i128::MAX } else { ms(last) * 1_000_000 };
    Ok(Ranges::between(ms(first) * 1_000_000, last))
}

/// Addresses and CIDR blocks with commas between them; host bits are ignored (semantics 3.6).
pub(super) fn cidr_list(text: &str) -> Parsed<AddressSet> {
    let prefix = |item: &str| -> Parsed<ipnet::IpNet> {
        let (address, len) = match item.split_once('/') {
            None => (item, None),
            Some((address, len)) => (address, Some(len)),
        };
        let address = match address.parse::<u32>() {
            Ok(number) => std::net::Ipv4Addr::from(number).into(),
            Err(_) => address
                .parse::<std::net::IpAddr>()
                .map_err(|_| format!("'{address}' is not an IP address"))?,
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let len = match len.map(|len| number(len, most)) {
            None => most,
            Some(Ok(0)) => return Err("Value is below minimum of 1".to_owned()),
            Some(len) => len?,
        };
        ipnet::IpNet::new(address, len as u8).map_err(|e| e.to_string())
    };
    let prefixes: Vec<_> = items(text)?.map(prefix).collect::<Parsed<_>>()?;
    Ok(AddressSet::from_prefixes(prefixes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        let list = |text: &str| integer_list(text, 255).map(|ranges| format!("{:?}", ranges.as_slice()));
        assert_eq!(list(" 1,3-7,9-,, ").unwrap(), "[(1, 1), (3, 7), (9, 255)]");
        assert_eq!(list("6,").unwrap(), "[(6, 6)]");
        assert_eq!(list("007").unwrap(), "[(7, 7)]");
        for (text, message) in [
            ("", "Value is empty"),
            (",6", "Unexpected character ','"),
            ("-80", "Unexpected character '-'"),
            ("tcp", "Unexpected character 't'"),
            ("1, 2", "Unexpected character ' '"),
            ("1-3-5", "Unexpected character '-'"),
            ("256", "Value is above maximum of 255"),
            ("1-256", "Value is above maximum of 255"),
            ("99999999999999999999", "Value is above maximum of 255"),
            ("7-3", "Range is invalid (min > max)"),
        ] {
            assert_eq!(list(text).unwrap_err(), message, "{text}");
        }
        assert_eq!(integer_range("1,2").unwrap_err(), "Unexpected character ','");
        assert_eq!(integer_range("100-").unwrap(), Ranges::between(100, u64::MAX.into()));
        assert_eq!(ip_versions("4,6").unwrap(), (true, true));
        assert!(ip_versions("4-6").is_err());
    }

    #[test]
    fn decimals() {
        assert_eq!(decimal_range("60-64.25").unwrap(), (60.0, 64.25));
        assert_eq!(decimal_range("60").unwrap(), (60.0, 60.0));
        assert_eq!(decimal_range("60-").unwrap(), (60.0, f64::INFINITY));
        for text in ["", ".", "1e5", "inf", "60,61", "-1", "5-4", "1.2.3"] {
            assert!(decimal_range(text).is_err(), "{text}");
        }
        assert_eq!(durations("1.001").unwrap(), Ranges::one(1_000_000_000));
        assert_eq!(durations("60.123").unwrap(), Ranges::one(60_123_000_000));
        assert_eq!(durations("1-").unwrap(), Ranges::from(1_000_000_000));
    }

    /// Semantics 3.3: about 1480 of the three-decimal values below 200 s lose a millisecond.
    #[test]
    fn some_durations_lose_a_millisecond() {
        let loses = |ms: &i128| {
            durations(&format!("{}.{:03}", ms / 1000, ms % 1000)) != Ok(Ranges::one(ms * 1_000_000))
        };
        let lost = (0..200_000).filter(loses).count();
        assert!((1470..1490).contains(&lost), "{lost}");
    }

    #[test]
    fn flags() {
        assert_eq!(Letters::TcpFlags.pairs("s/sa,SA / S A,").unwrap(), [(2, 18), (18, 18)]);
        assert_eq!(Letters::TcpFlags.pairs("/F").unwrap(), [(0, 1)]);
        assert_eq!(Letters::Attributes.pairs("C/TC,F/F").unwrap(), [(0x40, 0x60), (8, 8)]);
        assert_eq!(Letters::TcpFlags.pairs("S/A").unwrap_err(), "High flags is not subset of mask flags");
        for text in ["", "S", "S/", "X/X", ",S/S", "T/T"] {
            assert!(Letters::TcpFlags.pairs(text).is_err(), "{text}");
        }
        assert_eq!(Letters::TcpFlags.bits("").unwrap(), 0);
    }

    #[test]
    fn cidr_lists() {
        let set = cidr_list("10.1.2.77/24,10.3.0.0/16,167838211,2001:db8::/32").unwrap();
        assert_eq!(set.ranges().len(), 3);
        assert_eq!(cidr_list("10.0.0.0/0").unwrap_err(), "Value is below minimum of 1");
        assert_eq!(cidr_list("10.0.0.0/33").unwrap_err(), "Value is above maximum of 32");
        for text in ["", ",10.0.0.1", "10.0.0.x", "10.0.0.1 ,10.0.0.2", "::/"] {
            assert!(cidr_list(text).is_err(), "{text}");
        }
    }
}
