//! Offsets: the places of a stream, as tokens whose text order is their numeric order.
//!
//! An offset is the place *before* a record: sixteen digits of record sequence, `_`, sixteen digits
//! of byte position. Clients treat it as opaque.

use std::{fmt, str::FromStr};

/// Digits of each half of the token.
const DIGITS: usize = 16;

/// Length of a token.
const TOKEN_BYTES: usize = 2 * DIGITS + 1;

/// A place in a stream: so many records, and so many bytes, come before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset {
    /// Sequence number of the record that begins here.
    pub record: u64,
    /// Position of its first byte, newlines of earlier records included.
    pub byte: u64,
}

impl Offset {
    /// Behind all places.
    pub const MAX: Self = Self {
        record: u64::MAX,
        byte: u64::MAX,
    };

    /// The place `records` records and `bytes` bytes further on.
    #[must_use]
    pub const fn advance(self, records: u64, bytes: u64) -> Self {
        Self {
            record: self.record + records,
            byte: self.byte + bytes,
        }
    }
}

impl Offset {
    /// The token as ASCII; quicker than formatting it, for those who write one for each record.
    #[must_use]
    pub fn token(self) -> [u8; TOKEN_BYTES] {
        let mut token = [b'_'; TOKEN_BYTES];
        let (record, byte) = token.split_at_mut(DIGITS);
        write_digits(record, self.record);
        write_digits(byte.split_at_mut(1).1, self.byte);
        token
    }
}

fn write_digits(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.token()).map_err(|_| fmt::Error)?)
    }
}

/// A text that is no offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an offset is -1, now, or a token that this server gave (16 digits, _, 16 digits)")]
pub struct NotAnOffset;

impl FromStr for Offset {
    type Err = NotAnOffset;

    fn from_str(text: &str) -> Result<Self, NotAnOffset> {
        let (record, byte) = text.split_once('_').ok_or(NotAnOffset)?;
        Ok(Self {
            record: half(record)?,
            byte: half(byte)?,
        })
    }
}

fn half(text: &str) -> Result<u64, NotAnOffset> {
    if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotAnOffset);
    }
    text.parse().map_err(|_| NotAnOffset)
}

/// Where a reader asks to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// `-1`: the earliest record that is still kept.
    Earliest,
    /// `now`: only what comes from now on.
    Now,
    /// The place that a token names.
    At(Offset),
}

impl FromStr for Start {
    type Err = NotAnOffset;

    fn from_str(text: &str) -> Result<Self, NotAnOffset> {
        match text {
            "-1" => Ok(Self::Earliest),
            "now" => Ok(Self::Now),
            token => token.parse().map(Self::At),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_two_times_sixteen_digits() {
        let place = Offset {
            record: 7,
            byte: 123,
        };
        assert_eq!(place.to_string(), "0000000000000007_0000000000000123");
        assert_eq!(place.to_string().parse(), Ok(place));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "0000000000000007_00000000000001234";
        let signed = "+000000000000007_0000000000000123";
        for text in ["", "0", "7_123", "-2", "NOW", " now", long, signed, "_"] {
            assert_eq!(text.parse::<Start>(), Err(NotAnOffset), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn text_order_is_numeric_order(a in 0..10u64.pow(16), b in 0..10u64.pow(16), c in 0..10u64.pow(16)) {
            let (left, right) = (Offset { record: a, byte: c }, Offset { record: b, byte: c });
            proptest::prop_assert_eq!(left.cmp(&right), left.to_string().cmp(&right.to_string()));
            proptest::prop_assert_eq!(left.to_string().parse(), Ok(left));
        }
    }
}
