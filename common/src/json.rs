//! One strict reader of JSON text (RFC 8259) for both services: what one accepts, the other does.
//!
//! Strict means: UTF-8 (a `&str` is proof of it), no byte order mark, one value with only white
//! space around it, at most [`DEPTH_MAX`] levels, numbers that an `f64` can hold, and no lone
//! surrogate in an escape. Duplicate keys are allowed; a reader takes the last one.
//! Nothing is copied or allocated: values are slices of the text.

use std::fmt;

use crate::limits::DEPTH_MAX;

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    /// Byte position in the text.
    pub at: usize,
    /// What is wrong there.
    pub what: What,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// The value is not complete.
    #[error("the JSON value ends too early")]
    Short,
    /// A byte that cannot stand there.
    #[error("unexpected character in JSON")]
    Character,
    /// Something but white space follows the value.
    #[error("more than one JSON value")]
    Trailing,
    /// A control character inside a string.
    #[error("control character in a JSON string must be escaped")]
    Control,
    /// An escape that JSON does not have, or half of a surrogate pair.
    #[error("invalid escape in a JSON string")]
    Escape,
    /// A number that is not written as JSON writes numbers.
    #[error("invalid JSON number")]
    Number,
    /// A number beyond what an `f64` can hold.
    #[error("JSON number out of range")]
    Range,
    /// More than [`DEPTH_MAX`] levels.
    #[error("JSON nested deeper than {DEPTH_MAX} levels")]
    Depth,
}

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

impl Value<'_> {
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
pub struct Number<'a>(&'a str);

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
    raw: &'a str,
    escaped: bool,
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

/// Checks that `text` is exactly one JSON value, and returns it.
///
/// # Errors
/// Where the text is not JSON, and why.
pub fn value(text: &str) -> Result<Value<'_>, Fault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    let value = scanner.value(0)?;
    scanner.end()?;
    Ok(value)
}

/// Checks that `text` is exactly one JSON value, and shows each member of it to `member` when it is
/// an object (in the order of the text, duplicates and all). Returns whether it is an object.
///
/// # Errors
/// Where the text is not JSON, and why; `member` may have been called before.
pub fn members<'a>(text: &'a str, member: impl FnMut(Text<'a>, Value<'a>)) -> Result<bool, Fault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    let is_object = scanner.peek() == Some(b'{');
    if is_object {
        scanner.object(0, member)?;
    } else {
        scanner.value(0)?;
    }
    scanner.end()?;
    Ok(is_object)
}

/// Checks that `text` is exactly one JSON value, and shows to `element` the text of each element of
/// it when it is an array (which then is no level of depth), else the value itself.
///
/// # Errors
/// Where the text is not JSON, and why; `element` may have been called before.
pub fn flattened<'a>(text: &'a str, mut element: impl FnMut(&'a str)) -> Result<(), Fault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    if scanner.peek() == Some(b'[') {
        scanner.array(|scanner| {
            let from = scanner.at;
            scanner.value(0)?;
            element(scanner.since(from));
            Ok(())
        })?;
    } else {
        let from = scanner.at;
        scanner.value(0)?;
        element(scanner.since(from));
    }
    scanner.end()
}

/// One pass over a text, by recursive descent.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The text from `from` to here. Both stand next to ASCII, so they are character borders.
    fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn fault(&self, what: What) -> Fault {
        let what = if self.at >= self.text.len() {
            What::Short
        } else {
            what
        };
        Fault { at: self.at, what }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault(What::Trailing)),
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(self.fault(What::Character));
        }
        self.at += 1;
        Ok(())
    }

    /// Whether `byte` stands here; then it is passed.
    fn pass(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        let from = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b'{') => {
                self.object(depth, |_, _| {})?;
                Ok(Value::Object(self.since(from)))
            }
            Some(b'[') => {
                let inner = self.deeper(depth)?;
                self.array(|scanner| scanner.value(inner).map(drop))?;
                Ok(Value::Array(self.since(from)))
            }
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.fault(What::Character)),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        if depth == DEPTH_MAX {
            Err(self.fault(What::Depth))
        } else {
            Ok(depth + 1)
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Fault> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(value)
    }

    fn object(
        &mut self,
        depth: usize,
        mut member: impl FnMut(Text<'a>, Value<'a>),
    ) -> Result<(), Fault> {
        let inner = self.deeper(depth)?;
        self.expect(b'{')?;
        self.space();
        if self.pass(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            member(key, self.value(inner)?);
            self.space();
            if self.pass(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
            self.space();
        }
    }

    fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.expect(b'[')?;
        self.space();
        if self.pass(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            self.space();
            if self.pass(b']') {
                return Ok(());
            }
            self.expect(b',')?;
            self.space();
        }
    }

    fn string(&mut self) -> Result<Text<'a>, Fault> {
        self.expect(b'"')?;
        let from = self.at;
        let mut escaped = false;
        loop {
            self.plain();
            match self.peek() {
                Some(b'"') => {
                    let raw = self.since(from);
                    self.at += 1;
                    return Ok(Text { raw, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(self.fault(What::Control)),
            }
        }
    }

    /// Passes all that may stand in a string as it is.
    fn plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        self.at += rest.iter().position(special).unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.expect(b'\\')?;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let first = self.code_unit()?;
                if (0xdc00..0xe000).contains(&first) {
                    return Err(self.fault_behind());
                }
                if (0xd800..0xdc00).contains(&first) {
                    self.expect(b'\\').map_err(|_| self.fault(What::Escape))?;
                    if !(0xdc00..0xe000).contains(&self.code_unit()?) {
                        return Err(self.fault_behind());
                    }
                }
            }
            _ => return Err(self.fault(What::Escape)),
        }
        Ok(())
    }

    const fn fault_behind(&self) -> Fault {
        Fault {
            at: self.at - 1,
            what: What::Escape,
        }
    }

    /// The value of `uXXXX`.
    fn code_unit(&mut self) -> Result<u32, Fault> {
        self.expect(b'u').map_err(|_| self.fault(What::Escape))?;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.fault(What::Escape))?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number<'a>, Fault> {
        let from = self.at;
        self.pass(b'-');
        if !self.pass(b'0') {
            self.digits()?;
        }
        if self.pass(b'.') {
            self.digits()?;
        }
        let exponent = self.pass(b'e') || self.pass(b'E');
        if exponent {
            let _signed = self.pass(b'+') || self.pass(b'-');
            self.digits()?;
        }
        let text = self.since(from);
        // Only an exponent or very many digits can leave the range of an f64.
        let may_overflow = exponent || text.len() > 300;
        if may_overflow && text.parse::<f64>().is_ok_and(f64::is_infinite) {
            return Err(Fault {
                at: from,
                what: What::Range,
            });
        }
        Ok(Number(text))
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Fault> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == from {
            Err(self.fault(What::Number))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Ok` with the kind of the value, or where and why not.
    fn check(text: &str) -> Result<&'static str, (usize, What)> {
        value(text)
            .map(|value| value.kind())
            .map_err(|fault| (fault.at, fault.what))
    }

    #[test]
    fn what_is_json_is_accepted() {
        for (text, kind) in [
            (" null ", "null"),
            ("true", "a boolean"),
            ("-0.5e+3", "a number"),
            (r#""\ud83d\ude00 \u0000 \/""#, "a string"),
            ("[]", "an array"),
            ("[1, [2], {}]", "an array"),
            (r#"{"a":{"b":[null,false]},"a":1}"#, "an object"),
            ("1e-400", "a number"),
        ] {
            assert_eq!(check(text), Ok(kind), "{text}");
        }
    }

    #[test]
    fn what_is_not_is_refused_with_its_place() {
        for (text, at, what) in [
            ("", 0, What::Short),
            ("[1,", 3, What::Short),
            (r#"{"a":1"#, 6, What::Short),
            (r#""abc"#, 4, What::Short),
            ("nul", 3, What::Short),
            ("nulL", 3, What::Character),
            ("[1,]", 3, What::Character),
            ("{1:2}", 1, What::Character),
            ("'a'", 0, What::Character),
            ("\u{feff}1", 0, What::Character),
            ("1 2", 2, What::Trailing),
            ("01", 1, What::Trailing),
            ("\"a\tb\"", 2, What::Control),
            (r#""\x""#, 2, What::Escape),
            (r#""\ud800""#, 7, What::Escape),
            (r#""\udc00""#, 6, What::Escape),
            (r#""\ud800\u0041""#, 12, What::Escape),
            (r#""\u12g4""#, 5, What::Escape),
            ("-x", 1, What::Number),
            ("1.", 2, What::Short),
            ("1.x", 2, What::Number),
            ("[1e400]", 1, What::Range),
            ("NaN", 0, What::Character),
        ] {
            assert_eq!(check(text), Err((at, what)), "{text}");
        }
    }

    #[test]
    fn depth_has_a_bound() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(check(&nested(DEPTH_MAX)), Ok("an array"));
        assert_eq!(check(&nested(DEPTH_MAX + 1)), Err((DEPTH_MAX, What::Depth)));
        assert_eq!(check(&"[".repeat(100_000)), Err((DEPTH_MAX, What::Depth)));
    }

    #[test]
    fn a_key_is_compared_with_its_escapes_resolved() {
        let mut found = Vec::new();
        let text = r#"{"valu\u0065":1,"value":2,"values":3}"#;
        let object = members(text, |key, value| {
            if key.is("value") {
                found.push(value);
            }
        });
        assert_eq!(object, Ok(true));
        assert_eq!(
            found,
            [Value::Number(Number("1")), Value::Number(Number("2"))]
        );
    }

    #[test]
    fn an_array_is_flattened_once_and_is_no_level() {
        let elements = |text| {
            let mut all = Vec::new();
            flattened(text, |element| all.push(element)).map(|()| all)
        };
        assert_eq!(elements("[1, [2,3] ,{}]"), Ok(vec!["1", "[2,3]", "{}"]));
        assert_eq!(elements(" {} "), Ok(vec!["{}"]));
        assert_eq!(elements("[]"), Ok(vec![]));
    }

    proptest::proptest! {
        #[test]
        fn a_number_is_read_as_the_standard_library_reads_it(
            text in r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?(e[+-]?[0-9]{1,2})?"
        ) {
            let Ok(Value::Number(number)) = value(&text) else { panic!("{text} is a number") };
            let expected: f64 = text.parse().unwrap();
            proptest::prop_assert_eq!(number.to_f64().to_bits(), expected.to_bits());
        }

        #[test]
        fn serde_json_agrees(text in r#"[\[\]{}:,"\\ue0-9.+\- truefalsn]{0,12}"#) {
            let ours = value(&text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            proptest::prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}
