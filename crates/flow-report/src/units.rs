//! Numbers for people: separators, prefixes, shares, and axes that end at round values.

/// `14,364,477`.
pub(crate) fn count(value: impl Into<i128>) -> String {
    let value: i128 = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 2);
    if value < 0 {
        text.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count in large type: exact as long as it fits, else `123.5 G`.
pub(crate) fn tile(value: i128) -> String {
    if value.unsigned_abs() < 10_000_000_000 {
        return count(value);
    }
    let prefix = Quantity::Packets.prefix(value as f64);
    format!("{} {}", short(value as f64 / prefix.factor), prefix.name)
}

/// `182.9 MiB`, `512 B`: powers of 1024, named as such.
pub(crate) fn bytes(value: f64) -> String {
    let prefix = Quantity::Bytes.prefix(value);
    format!("{} {}", short(value / prefix.factor), prefix.name)
}

/// `16.2 MiB/s`, `1.4 k packets/s`.
pub(crate) fn rate(quantity: Quantity, value: f64) -> String {
    let prefix = quantity.prefix(value);
    match quantity {
        Quantity::Bytes => format!("{} {}/s", short(value / prefix.factor), prefix.name),
        Quantity::Packets if prefix.name.is_empty() => format!("{} packets/s", short(value)),
        Quantity::Packets => format!("{} {} packets/s", short(value / prefix.factor), prefix.name),
    }
}

/// `7.5 %`; a share too small to print says so.
pub(crate) fn percent(part: i128, whole: i128) -> String {
    match fraction(part, whole) {
        None => "–".to_owned(),
        Some(share) if share > 0.0 && share < 0.0005 => "< 0.1 %".to_owned(),
        Some(share) => format!("{:.1} %", share * 100.0),
    }
}

/// Part of a whole, 0 to 1; none of nothing.
pub(crate) fn fraction(part: i128, whole: i128) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64).clamp(0.0, 1.0))
}

/// `1 s`, `250 ms`, `29 min 59 s`, `2 d 3 h`: the two largest parts.
pub(crate) fn duration(ms: i128) -> String {
    let ms = ms.max(0);
    let mut rest = ms;
    let mut parts = Vec::new();
    for (length, name) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms")] {
        if rest >= length {
            parts.push(format!("{} {name}", count(rest / length)));
            rest %= length;
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// What a number counts, which decides its prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    Bytes,
    Packets,
}

/// A unit with its prefix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prefix {
    pub(crate) name: &'static str,
    pub(crate) factor: f64,
}

impl Quantity {
    /// The largest prefix of which the value has at least one.
    pub(crate) fn prefix(self, value: f64) -> Prefix {
        let (base, names): (f64, &[&'static str]) = match self {
            Self::Bytes => (1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]),
            Self::Packets => (1000.0, &["", "k", "M", "G", "T", "P", "E"]),
        };
        let mut best = Prefix { name: names.first().copied().unwrap_or_default(), factor: 1.0 };
        for name in names.iter().skip(1) {
            if value.abs() < best.factor * base {
                break;
            }
            best = Prefix { name, factor: best.factor * base };
        }
        best
    }
}

/// An axis from 0 that ends at a multiple of a round step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    pub(crate) max: f64,
    pub(crate) step: f64,
    /// Decimals that the labels need.
    pub(crate) decimals: usize,
}

/// The axis for values of 0 to `largest`, with three to seven steps of 1, 2 or 5 times a power of ten.
pub(crate) fn axis(largest: f64) -> Axis {
    let largest = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
    let power = 10_f64.powf((largest / 5.0).log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| largest / step <= 6.0);
    let step = step.unwrap_or(largest);
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    Axis { max: (largest / step).ceil() * step, step, decimals }
}

/// Three digits, or all of the whole part.
fn short(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1000.0 {
        format!("{value:.0}")
    } else if value.abs() < 10.0 {
        format!("{value:.2}")
    } else if value.abs() < 1000.0 {
        format!("{value:.1}")
    } else {
        count(value as i128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(-14_364_477), "-14,364,477");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(1023.0), "1,023 B");
        assert_eq!(bytes(1024.0), "1 KiB");
        assert_eq!(bytes(191_748_522.0), "182.9 MiB");
        assert_eq!(rate(Quantity::Packets, 92.8), "92.8 packets/s");
        assert_eq!(rate(Quantity::Packets, 1_400_000.0), "1.40 M packets/s");
        assert_eq!(rate(Quantity::Bytes, 1536.0), "1.50 KiB/s");
        assert_eq!(percent(1, 8), "12.5 %");
        assert_eq!(percent(1, 100_000), "< 0.1 %");
        assert_eq!(percent(0, 8), "0.0 %");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(duration(1_798_857), "29 min 58 s");
        assert_eq!(duration(0), "0 s");
        assert_eq!(duration(250), "250 ms");
    }

    #[test]
    fn axes_end_at_a_round_value() {
        for largest in [1e-9, 0.3, 1.0, 5.0, 6.1, 99.0, 101.0, 1e6, 3.3e15, f64::MAX / 4.0] {
            let axis = axis(largest);
            let steps = axis.max / axis.step;
            assert!(axis.max >= largest && (2.0..=7.0).contains(&steps), "{largest}: {axis:?}");
        }
        assert_eq!(axis(0.0), axis(1.0));
        assert_eq!(axis(f64::NAN), axis(1.0));
        assert_eq!(axis(0.25).decimals, 2);
    }
}
