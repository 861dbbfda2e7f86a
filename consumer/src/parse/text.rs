//! Values from text: what stands in a JSON string or in a field of CSV.
//!
//! Numbers may have white space around them, as in Flink; a text that is not a value is `None`.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    Timestamps,
    column::{Column, Decimals, Moments, Values},
    digits, moment,
    scan::Number,
};

impl Column {
    /// Adds a text to a column of texts.
    pub(super) fn add_text(&mut self, text: &[u8]) {
        if let Values::Text(pieces) = &mut self.values {
            pieces.add(text);
            self.rows += 1;
        }
    }
}

/// Each adds what it is given, if that is a value of the type; or tells that it is a null.
impl Values {
    pub(super) fn take_text(&mut self, text: &[u8], timestamps: Timestamps) -> Option<bool> {
        match self {
            Self::Boolean(values) => values.push(boolean(text)),
            Self::Int8(values) => values.push(integer(text)?.try_into().ok()?),
            Self::Int16(values) => values.push(integer(text)?.try_into().ok()?),
            Self::Int32(values) => values.push(integer(text)?.try_into().ok()?),
            Self::Int64(values) => values.push(integer(text)?),
            Self::Float32(values) => values.push(float(text)?),
            Self::Float64(values) => values.push(double(text)?),
            Self::Decimal(decimals) => return decimals.take(text),
            Self::Text(pieces) => pieces.add(text),
            Self::Bytes(pieces) => {
                BASE64_STANDARD.decode_vec(text, &mut pieces.bytes).ok()?;
                pieces.end();
            }
            Self::Date(values) => values.push(moment::date(text)?),
            Self::Time(values) => values.push(moment::time(text)?),
            Self::Moment(moments) => {
                let length = moments.take(text, timestamps)?;
                moments.check_end(length == text.len())?;
            }
            Self::Row(_) | Self::List(_) | Self::Map(_) => return None,
        }
        Some(true)
    }

    pub(super) fn take_number(&mut self, number: Number<'_>) -> Option<bool> {
        let text = number.text;
        match self {
            Self::Boolean(values) => values.push(false),
            Self::Int8(values) => values.push(integer(text)?.try_into().ok()?),
            Self::Int16(values) => values.push(integer(text)?.try_into().ok()?),
            Self::Int32(values) => values.push(whole_part(number)?.try_into().ok()?),
            Self::Int64(values) => values.push(whole_part(number)?),
            Self::Float32(values) => values.push(digits::f32(text)?),
            Self::Float64(values) => values.push(digits::f64(text)?),
            Self::Decimal(decimals) => return decimals.take(text),
            Self::Text(pieces) => pieces.add(text),
            _ => return None,
        }
        Some(true)
    }

    pub(super) fn take_boolean(&mut self, value: bool) -> Option<bool> {
        match self {
            Self::Boolean(values) => values.push(value),
            Self::Text(pieces) => pieces.add(if value { b"true" } else { b"false" }),
            _ => return None,
        }
        Some(true)
    }

    /// Of an array or an object only its text can be a value here.
    pub(super) fn take_structure(&mut self, json: &[u8]) -> Option<bool> {
        let Self::Text(pieces) = self else {
            return None;
        };
        compact(json, &mut pieces.bytes);
        pieces.end();
        Some(true)
    }
}

impl Decimals {
    fn take(&mut self, text: &[u8]) -> Option<bool> {
        let limit = 10_u128.checked_pow(self.precision.into())?;
        let number = decimal(text, self.scale)?.filter(|number| number.unsigned_abs() < limit);
        self.values.extend(number);
        Some(number.is_some())
    }
}

impl Moments {
    /// Adds the timestamp with which the text begins; returns its length.
    #[inline]
    pub(super) fn take(&mut self, text: &[u8], timestamps: Timestamps) -> Option<usize> {
        let zoned = self.zone.is_some();
        let (moment, length) = self.minute.timestamp(text, timestamps, zoned)?;
        self.values.push(moment.count(self.unit)?);
        Some(length)
    }

    /// Takes the last timestamp back where it does not end as it must.
    #[inline]
    pub(super) fn check_end(&mut self, ends: bool) -> Option<()> {
        if !ends {
            self.values.pop();
        }
        ends.then_some(())
    }
}

/// A number without its fraction, if it is in range.
fn whole_part(number: Number<'_>) -> Option<i64> {
    if number.is_whole {
        return integer(number.text);
    }
    let number = digits::f64(number.text)?;
    #[expect(clippy::cast_possible_truncation, reason = "that is what is asked for")]
    (number.abs() <= RANGE).then_some(number as i64)
}

/// 2^63. Flink takes this number itself for the greatest `BIGINT`.
const RANGE: f64 = 9_223_372_036_854_775_808.0;

/// Whether it says `true`; all else is false, as in Flink.
fn boolean(text: &[u8]) -> bool {
    trimmed(text).eq_ignore_ascii_case(b"true")
}

/// A whole number, which may have a sign.
fn integer(text: &[u8]) -> Option<i64> {
    let text = trimmed(text);
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The nearest `f64`.
fn double(text: &[u8]) -> Option<f64> {
    let text = trimmed(text);
    match named(text) {
        Some(named) => Some(named),
        None => digits::f64(text),
    }
}

/// The nearest `f32`.
fn float(text: &[u8]) -> Option<f32> {
    let text = trimmed(text);
    #[expect(clippy::cast_possible_truncation, reason = "they are in both types")]
    match named(text) {
        Some(named) => Some(named as f32),
        None => digits::f32(text),
    }
}

/// The numbers that are not written in digits.
fn named(text: &[u8]) -> Option<f64> {
    match text {
        b"NaN" => Some(f64::NAN),
        b"Infinity" | b"+Infinity" => Some(f64::INFINITY),
        b"-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// A decimal's digits, and how many of them stand behind its point.
fn decimal(text: &[u8], scale: i8) -> Option<Option<i128>> {
    let text = trimmed(text);
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        text => (false, text),
    };
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (text.get(..at)?, integer(text.get(at + 1..)?)?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|byte| *byte == b'.') {
        Some(at) => (mantissa.get(..at)?, mantissa.get(at + 1..)?),
        None => (mantissa, &[][..]),
    };
    let is_number =
        whole.len() + fraction.len() > 0 && whole.iter().chain(fraction).all(u8::is_ascii_digit);
    if !is_number {
        return None;
    }
    // Of all digits, so many count; the one behind them rounds.
    let kept = i128::try_from(whole.len()).ok()? + i128::from(exponent) + i128::from(scale);
    Some(rounded(whole, fraction, kept).map(|number| if negative { -number } else { number }))
}

/// The number of the first `kept` digits, rounded half up; none where it is too big for any decimal.
fn rounded(whole: &[u8], fraction: &[u8], kept: i128) -> Option<i128> {
    let mut digits = whole
        .iter()
        .chain(fraction)
        .map(|byte| i128::from(byte - b'0'));
    let mut number = 0_i128;
    let mut at = 0;
    while at < kept {
        let digit = digits.next();
        if digit.is_none() && number == 0 {
            return Some(0);
        }
        number = number.checked_mul(10)?.checked_add(digit.unwrap_or(0))?;
        at += 1;
    }
    let next = if kept < 0 { None } else { digits.next() };
    number.checked_add(i128::from(next.is_some_and(|digit| digit >= 5)))
}

/// Appends JSON without the white space between its parts.
fn compact(json: &[u8], out: &mut Vec<u8>) {
    let (mut in_string, mut escaped) = (false, false);
    for byte in json {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else {
            in_string = *byte == b'"';
            if byte.is_ascii_whitespace() {
                continue;
            }
        }
        out.push(*byte);
    }
}

/// Without what Java takes for white space: all up to the space.
fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [0..=b' ', rest @ ..] | [rest @ .., 0..=b' '] = text {
        text = rest;
    }
    text
}
