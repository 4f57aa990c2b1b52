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

/// Where the text of a value goes. No text that is made here is longer.
pub(super) type Room = [u8; 64];

/// Puts bytes at a place and gives the place behind them. Lengths that the compiler knows take one or two instructions.
#[inline]
pub(super) fn put<const N: usize>(room: &mut Room, at: usize, bytes: [u8; N]) -> usize {
    if let Some(place) = room.get_mut(at..at + N) {
        place.copy_from_slice(&bytes);
    }
    at + N
}

/// The digits of a number without padding.
#[inline]
pub(super) fn decimal(number: u64, room: &mut Room, at: usize) -> usize {
    const EIGHT: u64 = 100_000_000;
    if let Ok(byte) = u8::try_from(number) {
        let (digits, len) = BYTES[usize::from(byte)];
        put(room, at, digits);
        return at + usize::from(len);
    }
    if number < EIGHT {
        // All eight digits are made, and the zeros in front shifted out.
        let digits = u64::from_le_bytes(eight_digits(number as u32));
        let zeros = 7 - (number as u32).checked_ilog10().unwrap_or(0);
        put(room, at, (digits >> (8 * zeros)).to_le_bytes());
        return at + 8 - zeros as usize;
    }
    let at = decimal(number / EIGHT, room, at);
    put(room, at, eight_digits((number % EIGHT) as u32))
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

/// A point, and nine digits of a number with zeros in front; ten if there are so many.
#[inline]
pub(super) fn fraction(number: u32, room: &mut Room, at: usize) -> usize {
    const NINE: u32 = 1_000_000_000;
    let (tenth, number) = (number / NINE, number % NINE);
    let at = put(room, at, [b'.']);
    let at = if tenth > 0 { put(room, at, [DIGITS[(tenth % 10) as usize]]) } else { at };
    let at = put(room, at, [DIGITS[(number / 100_000_000) as usize]]);
    put(room, at, eight_digits(number % 100_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_library() {
        let edges = (0..20).flat_map(|power| [10u64.pow(power) - 1, 10u64.pow(power), 10u64.pow(power) + 1]);
        for number in (0..70_000).chain(edges).chain([u32::MAX.into(), u64::MAX]) {
            let mut room = [b'x'; 64];
            let end = decimal(number, &mut room, 1);
            assert_eq!(&room[..end], format!("x{number}").as_bytes());
            if let Ok(number) = u32::try_from(number) {
                let end = fraction(number, &mut room, 1);
                assert_eq!(&room[..end], format!("x.{number:09}").as_bytes());
            }
        }
    }
}
