//! Values as they stand in the text: slices of it, looked at only when asked.

use std::{borrow::Cow, fmt};

/// A value as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number<'a>),
    /// A string.
    String(Text<'a>),
    /// The text of an array, brackets included.
    Array(&'a str),
    /// The text of an object, braces included.
    Object(&'a str),
}

impl<'a> Value<'a> {
    /// A string's characters, its escapes resolved; of any other value the text as it is written.
    #[must_use]
    pub fn plain(&self) -> Cow<'a, str> {
        Cow::Borrowed(match *self {
            Self::Null => "null",
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Number(Number(text)) | Self::Array(text) | Self::Object(text) => text,
            Self::String(text) if text.escaped => return Cow::Owned(text.to_string()),
            Self::String(text) => text.raw,
        })
    }

    /// What kind of value this is, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// A number's text, which is known to be valid and within the range of an `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<'a>(pub(super) &'a str);

/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

impl Number<'_> {
    /// The nearest `f64`.
    ///
    /// Up to fifteen plain digits are exact as an integer, and so is the power of ten that the
    /// decimal point stands for: one division then rounds correctly (Clinger, "How to read
    /// floating point numbers accurately", 1990). All else is left to the standard library.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.short()
            .unwrap_or_else(|| self.0.parse().expect("the grammar was checked before"))
    }

    fn short(self) -> Option<f64> {
        let (negative, digits) = match self.0.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, self.0),
        };
        if digits.len() > POWERS.len() {
            return None;
        }
        let (mut mantissa, mut count, mut point) = (0_u64, 0, None);
        for byte in digits.bytes() {
            match byte {
                b'0'..=b'9' => {
                    mantissa = mantissa * 10 + u64::from(byte - b'0');
                    count += 1;
                }
                b'.' => point = Some(count),
                _ => return None,
            }
        }
        let scale = POWERS.get(point.map_or(0, |point| count - point))?;
        if count >= POWERS.len() {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "fifteen digits are exact")]
        let magnitude = mantissa as f64 / scale;
        Some(if negative { -magnitude } else { magnitude })
    }
}

/// A string's text between its quotes, escapes and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    pub(super) raw: &'a str,
    pub(super) escaped: bool,
}

impl Text<'_> {
    /// Whether the string, its escapes resolved, is `plain`.
    #[must_use]
    pub fn is(&self, plain: &str) -> bool {
        if self.escaped {
            self.to_string() == plain
        } else {
            self.raw == plain
        }
    }
}

impl fmt::Display for Text<'_> {
    /// The string with its escapes resolved.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.escaped {
            return f.write_str(self.raw);
        }
        let quoted = format!("\"{}\"", self.raw);
        f.write_str(&serde_json::from_str::<String>(&quoted).map_err(|_| fmt::Error)?)
    }
}
