//! What most members of an object are: no white space, nothing escaped, a text or a number without an
//! exponent. Where such a one ends is found in one go; what is anything else is left to the scanner.

use wide::i8x16;

/// How many bytes of a string, and of a number, are looked at together.
const LANES: usize = 16;
const DIGITS: usize = 8;

/// A number so long at the most, without an exponent, is in the range of an f64.
pub(super) const RANGE_BYTES: usize = 300;

/// Where a member ends that begins at `at` and is as most are, if it is so.
#[inline]
pub(super) fn member(bytes: &[u8], at: usize) -> Option<usize> {
    let colon = string(bytes, at)?;
    if bytes.get(colon) != Some(&b':') {
        return None;
    }
    match bytes.get(colon + 1) {
        Some(b'"') => string(bytes, colon + 1),
        _ => number(bytes, colon + 1),
    }
}

/// Where a string ends in which nothing is escaped.
#[inline]
pub(super) fn string(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let end = behind_plain(bytes, at + 1);
    (bytes.get(end) == Some(&b'"')).then_some(end + 1)
}

/// Where a number ends that has no exponent.
#[inline]
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let first = at + usize::from(bytes.get(at) == Some(&b'-'));
    let point = behind_digits(bytes, first);
    let has_zero = bytes.get(first) == Some(&b'0') && point > first + 1;
    let (has_digits, end) = match bytes.get(point) {
        Some(b'.') => {
            let end = behind_digits(bytes, point + 1);
            (point > first && end > point + 1, end)
        }
        _ => (point > first, point),
    };
    let has_exponent = matches!(bytes.get(end), Some(b'e' | b'E'));
    let is_usual = has_digits && !has_zero && !has_exponent && end - at <= RANGE_BYTES;
    is_usual.then_some(end)
}

/// The place behind all from `at` on that may stand in a string as it is.
#[inline]
pub(super) fn behind_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = special(*chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += LANES;
    }
    let is_special = |byte: u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    while bytes.get(at).is_some_and(|byte| !is_special(*byte)) {
        at += 1;
    }
    at
}

/// The place behind all digits from `at` on.
#[inline]
pub(super) fn behind_digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let count = leading_digits(*chunk);
        at += count;
        if count < DIGITS {
            return at;
        }
    }
    while matches!(bytes.get(at), Some(b'0'..=b'9')) {
        at += 1;
    }
    at
}

/// A bit for each byte that cannot stand in a string as it is.
#[inline]
fn special(chunk: [u8; LANES]) -> u32 {
    // With the highest bit turned, signed bytes are in the order of those without a sign.
    let is_control = i8x16::new(chunk.map(|byte| (byte ^ 0x80).cast_signed()));
    let is_control = is_control.simd_lt(i8x16::splat(0x20 + i8::MIN));
    let bytes = i8x16::new(chunk.map(u8::cast_signed));
    let is_quote = bytes.simd_eq(i8x16::splat(0x22));
    let is_backslash = bytes.simd_eq(i8x16::splat(0x5c));
    (is_control | is_quote | is_backslash).to_bitmask()
}

/// With how many digits the bytes begin.
#[must_use]
#[inline]
pub const fn leading_digits(chunk: [u8; DIGITS]) -> usize {
    let values = u64::from_le_bytes(chunk) ^ 0x3030_3030_3030_3030;
    // A byte that is no digit is above nine, which a sum carries into its highest bit. What is carried on
    // from there lies above the first such byte.
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    (others.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_plain_in_a_string_is_found_byte_by_byte(
            text in r#"[a-z\x80-\xff]{0,9}[ !#\[\]"\\\x00-\x21\x7f]{0,9}[a-z]{0,20}"#
        ) {
            let is_special = |byte| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let expected = text.bytes().position(is_special).unwrap_or(text.len());
            let found = behind_plain(text.as_bytes(), 0);
            proptest::prop_assert_eq!(found, expected, "{:?}", text);
        }
    }
}
