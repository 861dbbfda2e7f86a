//! Numbers from their digits, eight of them at a time. Floats are rounded exactly.

use common::json::leading_digits;

use super::scan::Scanner;

/// How many digits are looked at together.
pub(super) const EIGHT: usize = 8;

/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Whole numbers up to this one are exact as an `f64`.
const EXACT_MAX: u64 = 1 << 53;

/// Each byte less the digit zero.
const fn values(chunk: [u8; EIGHT]) -> u64 {
    u64::from_le_bytes(chunk) ^ 0x3030_3030_3030_3030
}

/// The number that the first `count` bytes are the digits of.
#[inline]
fn first(chunk: [u8; EIGHT], count: usize) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "it is 64 at the most")]
    let shift = 8 * (EIGHT - count.min(EIGHT)) as u32;
    let mut pairs = values(chunk).checked_shl(shift).unwrap_or_default();
    pairs = (pairs.wrapping_mul(10).wrapping_add(pairs >> 8)) & 0x00ff_00ff_00ff_00ff;
    pairs = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    pairs.wrapping_mul(10_000).wrapping_add(pairs >> 32) & 0xffff_ffff
}

/// The number that the text's first digits make, and how many they are. It is right for up to
/// [`DIGITS_MAX`] of them.
#[inline]
pub(super) fn leading(text: &[u8]) -> (u64, usize) {
    const SCALES: [u64; EIGHT + 1] = [
        1,
        10,
        100,
        1_000,
        10_000,
        100_000,
        1_000_000,
        10_000_000,
        100_000_000,
    ];
    let (mut number, mut length) = (0_u64, 0);
    while let Some(chunk) = text.get(length..).and_then(<[u8]>::first_chunk) {
        let count = leading_digits(*chunk);
        let scale = SCALES.get(count).copied().unwrap_or_default();
        number = number
            .wrapping_mul(scale)
            .wrapping_add(first(*chunk, count));
        length += count;
        if count < EIGHT {
            return (number, length);
        }
    }
    while let Some(byte @ b'0'..=b'9') = text.get(length) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        length += 1;
    }
    (number, length)
}

/// So many digits fit into an `i64`, and are taken without a look at each.
const DIGITS_MAX: usize = 18;

/// Whether the text begins as JSON writes the digits before a decimal point.
#[inline]
fn is_plain(text: &[u8], length: usize) -> bool {
    (1..=DIGITS_MAX).contains(&length) && (length == 1 || text.first() != Some(&b'0'))
}

/// Whether a number goes on with this byte behind its whole part.
#[inline]
const fn goes_on(byte: u8) -> bool {
    matches!(byte, b'.' | b'e' | b'E')
}

/// The whole number of one to seven digits with which the bytes begin, and how many they are; what is
/// behind them is among the bytes too.
#[inline(always)]
pub(super) fn short(chunk: [u8; EIGHT]) -> Option<(u64, usize)> {
    let count = leading_digits(chunk);
    if !(1..EIGHT).contains(&count) {
        return None;
    }
    let word = u64::from_le_bytes(chunk);
    let [first_digit, ..] = word.to_le_bytes();
    let [behind, ..] = (word >> (8 * count)).to_le_bytes();
    let is_plain = first_digit != b'0' || count == 1;
    (is_plain && !goes_on(behind)).then(|| (first(chunk, count), count))
}

/// The whole number with which a JSON text begins, and its length; none where it is another kind of
/// number, or none, or needs a closer look.
#[inline(always)]
pub(super) fn integer(scanner: Scanner<'_>) -> Option<(i64, usize)> {
    match scanner.chunk().and_then(|chunk| short(*chunk)) {
        Some((number, length)) => Some((number.cast_signed(), length)),
        None => integer_of_any_length(scanner.rest()),
    }
}

#[inline(never)]
fn integer_of_any_length(text: &[u8]) -> Option<(i64, usize)> {
    let negative = text.first() == Some(&b'-');
    let digits = text.get(usize::from(negative)..)?;
    let (number, length) = leading(digits);
    if !is_plain(digits, length) || digits.get(length).copied().is_some_and(goes_on) {
        return None;
    }
    let number = number.cast_signed();
    let number = if negative { -number } else { number };
    Some((number, length + usize::from(negative)))
}

/// The number with which a JSON text begins, and its length; none where it is not as short as most
/// are, or no number.
///
/// A whole number below 2^53 is exact, and so is the power of ten that the decimal point stands
/// for: one division then rounds correctly (Clinger, "How to read floating point numbers
/// accurately", 1990).
#[inline(always)]
pub(super) fn decimal(scanner: Scanner<'_>) -> Option<(f64, usize)> {
    match scanner.chunk().and_then(|chunk| short(*chunk)) {
        #[expect(clippy::cast_precision_loss, reason = "it is below 2^53")]
        Some((number, length)) => Some((number as f64, length)),
        None => decimal_of_any_length(scanner.rest()),
    }
}

#[inline(never)]
fn decimal_of_any_length(text: &[u8]) -> Option<(f64, usize)> {
    let negative = text.first() == Some(&b'-');
    let digits = text.get(usize::from(negative)..)?;
    let (mut number, mut length) = leading(digits);
    if !is_plain(digits, length) {
        return None;
    }
    let mut scale = 1.0;
    if digits.get(length) == Some(&b'.') {
        let (fraction, places) = leading(digits.get(length + 1..)?);
        if places == 0 || length + places > DIGITS_MAX {
            return None;
        }
        number = number
            .wrapping_mul(10_u64.pow(u32::try_from(places).ok()?))
            .wrapping_add(fraction);
        scale = *POWERS.get(places)?;
        length += 1 + places;
    }
    if number > EXACT_MAX || digits.get(length).copied().is_some_and(goes_on) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "it is below 2^53")]
    let magnitude = number as f64 / scale;
    let number = if negative { -magnitude } else { magnitude };
    Some((number, length + usize::from(negative)))
}

/// The nearest `f64` to a number that is written in digits.
pub(super) fn f64(text: &[u8]) -> Option<f64> {
    written(text)?.parse().ok()
}

/// The nearest `f32`.
pub(super) fn f32(text: &[u8]) -> Option<f32> {
    written(text)?.parse().ok()
}

/// The standard library would also take words.
fn written(text: &[u8]) -> Option<&str> {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let text = text.iter().all(is_part).then_some(text)?;
    std::str::from_utf8(text).ok()
}
