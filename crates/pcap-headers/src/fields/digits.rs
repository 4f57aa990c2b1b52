//! Numbers to digits: tables, and copies of fixed lengths that need no call.

pub(super) const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// `00` to `99`.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [DIGITS[number / 10], DIGITS[number % 10]];
        number += 1;
    }
    pairs
};

/// `00` to `ff`.
pub(super) static HEX_PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut number = 0;
    while number < 256 {
        pairs[number] = [DIGITS[number / 16], DIGITS[number % 16]];
        number += 1;
    }
    pairs
};

/// `0` to `255`, each with a point behind it, and how many digits it has.
pub(super) static BYTES: [([u8; 4], u8); 256] = {
    let mut bytes = [([b'.'; 4], 0); 256];
    let mut number = 0;
    while number < 256 {
        let digits = [DIGITS[number / 100], DIGITS[number / 10 % 10], DIGITS[number % 10]];
        let mut at = if number < 10 {
            2
        } else if number < 100 {
            1
        } else {
            0
        };
        while at < 3 {
            bytes[number].0[bytes[number].1 as usize] = digits[at];
            bytes[number].1 += 1;
            at += 1;
        }
        number += 1;
    }
    bytes
};

/// Appends the first `len` bytes of `text`: all of them are copied, because a copy whose length the compiler knows takes
/// one or two instructions.
#[inline]
pub(super) fn append<const N: usize>(text: &[u8; N], len: usize, out: &mut Vec<u8>) {
    let end = out.len() + len.min(N);
    out.extend_from_slice(text);
    out.truncate(end);
}

/// The digits of a number without padding.
#[inline]
pub(super) fn decimal(number: u64, out: &mut Vec<u8>) {
    match u8::try_from(number) {
        Ok(byte) => {
            let (digits, len) = BYTES[usize::from(byte)];
            append(&digits, len.into(), out);
        }
        Err(_) => long_decimal(number, out),
    }
}

fn long_decimal(number: u64, out: &mut Vec<u8>) {
    const EIGHT: u64 = 100_000_000;
    if number < EIGHT {
        // All eight digits are made, and copied without the zeros in front.
        let digits = eight_digits(number as u32);
        let zeros = 7 - (number as u32).checked_ilog10().unwrap_or(0) as usize;
        let mut text = [0; 16];
        text[..8].copy_from_slice(&digits);
        if let Some(rest) = text[zeros.min(8)..].first_chunk::<8>() {
            append(rest, 8 - zeros, out);
        }
        return;
    }
    decimal(number / EIGHT, out);
    out.extend_from_slice(&eight_digits((number % EIGHT) as u32));
}

/// The digits of a number below 10⁸, with zeros in front.
#[inline]
fn eight_digits(number: u32) -> [u8; 8] {
    let (high, low) = (number / 10_000, number % 10_000);
    let pair = |number: u32| PAIRS[(number % 100) as usize];
    let ([a, b], [c, d]) = (pair(high / 100), pair(high));
    let ([e, f], [g, h]) = (pair(low / 100), pair(low));
    [a, b, c, d, e, f, g, h]
}

/// A number below 100; of others the last two digits.
pub(super) fn two_digits(number: i64) -> [u8; 2] {
    PAIRS[number.rem_euclid(100) as usize]
}

/// Nine digits with zeros in front; ten if there are so many.
#[inline]
pub(super) fn nine_digits(number: u32, out: &mut Vec<u8>) {
    const NINE: u32 = 1_000_000_000;
    if number >= NINE {
        return decimal(number.into(), out);
    }
    let [_, digits @ ..] = point_and_nine_digits(number);
    out.extend_from_slice(&digits);
}

/// A point, and nine digits of a number below 10⁹.
#[inline]
pub(super) fn point_and_nine_digits(number: u32) -> [u8; 10] {
    let [a, b, c, d, e, f, g, h] = eight_digits(number % 100_000_000);
    [b'.', DIGITS[(number / 100_000_000 % 10) as usize], a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_library() {
        let edges = (0..20).flat_map(|power| [10u64.pow(power) - 1, 10u64.pow(power), 10u64.pow(power) + 1]);
        for number in (0..70_000).chain(edges).chain([u32::MAX.into(), u64::MAX]) {
            let (mut short, mut nine) = (b"x".to_vec(), b"x".to_vec());
            decimal(number, &mut short);
            assert_eq!(short, format!("x{number}").into_bytes());
            if let Ok(number) = u32::try_from(number) {
                nine_digits(number, &mut nine);
                assert_eq!(nine, format!("x{number:09}").into_bytes());
            }
        }
    }
}
