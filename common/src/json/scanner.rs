//! One pass over a text by recursive descent, whose depth is bounded.

use wide::i8x16;

use super::{Fault, Number, Text, Value, What};
use crate::limits::DEPTH_MAX;

/// How many bytes of a string, and of a number, are looked at together.
const LANES: usize = 16;
const DIGITS: usize = 8;

/// A number so long at the most, without an exponent, is in the range of an f64.
const RANGE_BYTES: usize = 300;

/// One pass over a text, by recursive descent.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Passes one value; returns its text, and what `steps` lead to in it.
    pub(super) fn element(
        &mut self,
        steps: &[String],
    ) -> Result<(&'a str, Option<Value<'a>>), Fault> {
        let from = self.at;
        let found = self.find(0, steps)?;
        Ok((self.since(from), found))
    }

    /// Passes one value; returns what `steps` lead to in it, if that is there. Of duplicate keys the
    /// last one counts.
    pub(super) fn find(
        &mut self,
        depth: usize,
        steps: &[String],
    ) -> Result<Option<Value<'a>>, Fault> {
        let Some((step, rest)) = steps.split_first() else {
            return self.value(depth).map(Some);
        };
        let mut found = None;
        match self.peek() {
            Some(b'{') => self.object(depth, |scanner, key, inner| {
                if key.is(step) {
                    found = scanner.find(inner, rest)?;
                    return Ok(());
                }
                scanner.skip(inner)
            })?,
            Some(b'[') => {
                let (inner, wanted, mut index) = (self.deeper(depth)?, index(step), 0);
                self.array(|scanner| {
                    index += 1;
                    if wanted == Some(index - 1) {
                        found = scanner.find(inner, rest)?;
                        return Ok(());
                    }
                    scanner.skip(inner)
                })?;
            }
            _ => self.skip(depth)?,
        }
        Ok(found)
    }

    pub(super) fn peek(&self) -> Option<u8> {
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

    /// Passes white space, of which there is mostly none.
    #[inline]
    pub(super) fn space(&mut self) {
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.spaces();
        }
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    pub(super) fn end(&mut self) -> Result<(), Fault> {
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

    /// Passes a value, and returns it.
    pub(super) fn value(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        let from = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            first => {
                self.skip(depth)?;
                let text = self.since(from);
                Ok(match first {
                    Some(b'{') => Value::Object(text),
                    Some(b'[') => Value::Array(text),
                    Some(b't') => Value::Bool(true),
                    Some(b'f') => Value::Bool(false),
                    Some(b'n') => Value::Null,
                    _ => Value::Number(Number(text)),
                })
            }
        }
    }

    /// Passes a value.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.skip_string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => {
                let inner = self.deeper(depth)?;
                self.list((b'{', b'}'), |scanner| {
                    if scanner.pass_usual() {
                        return Ok(());
                    }
                    scanner.skip_string()?;
                    scanner.colon()?;
                    scanner.skip(inner)
                })
            }
            Some(b'[') => {
                let inner = self.deeper(depth)?;
                self.array(|scanner| scanner.skip(inner))
            }
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(self.fault(What::Character)),
        }
    }

    /// Passes a member as most are: no white space, nothing escaped, its value a string or a number
    /// without an exponent. Returns whether it is one; nothing is passed else.
    #[inline]
    fn pass_usual(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let end = usual_member(bytes, self.at);
        self.at = end.unwrap_or(self.at);
        end.is_some()
    }

    fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        if depth == DEPTH_MAX {
            Err(self.fault(What::Depth))
        } else {
            Ok(depth + 1)
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        word.bytes().try_for_each(|byte| self.expect(byte))
    }

    /// Passes what stands between a key and its value.
    fn colon(&mut self) -> Result<(), Fault> {
        self.space();
        self.expect(b':')?;
        self.space();
        Ok(())
    }

    pub(super) fn object(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&mut Self, Text<'a>, usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let inner = self.deeper(depth)?;
        self.list((b'{', b'}'), |scanner| {
            let key = scanner.string()?;
            scanner.colon()?;
            member(scanner, key, inner)
        })
    }

    pub(super) fn array(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.list((b'[', b']'), element)
    }

    /// Passes what stands between these two, and commas between; `item` passes each.
    #[inline]
    fn list(
        &mut self,
        (opening, closing): (u8, u8),
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.expect(opening)?;
        self.space();
        if self.pass(closing) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.space();
            if !self.pass(b',') {
                return self.expect(closing);
            }
            self.space();
        }
    }

    #[inline]
    fn string(&mut self) -> Result<Text<'a>, Fault> {
        let from = self.at + 1;
        let escaped = self.skip_string()?;
        let raw = self.text.get(from..self.at - 1).unwrap_or_default();
        Ok(Text { raw, escaped })
    }

    /// Passes a string; returns whether there is something escaped in it.
    #[inline]
    fn skip_string(&mut self) -> Result<bool, Fault> {
        if let Some(end) = usual_string(self.text.as_bytes(), self.at) {
            self.at = end;
            return Ok(false);
        }
        self.skip_escaped().map(|()| true)
    }

    /// As [`Scanner::skip_string`], whatever is in it.
    fn skip_escaped(&mut self) -> Result<(), Fault> {
        self.expect(b'"')?;
        loop {
            self.plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(self.fault(What::Control)),
            }
        }
    }

    /// Passes all that may stand in a string as it is.
    fn plain(&mut self) {
        self.at = behind_plain(self.text.as_bytes(), self.at);
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

    fn number(&mut self) -> Result<(), Fault> {
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
        if exponent || self.at - from > RANGE_BYTES {
            self.check_range(from)?;
        }
        Ok(())
    }

    #[cold]
    fn check_range(&self, from: usize) -> Result<(), Fault> {
        let what = What::Range;
        match self.since(from).parse::<f64>() {
            Ok(number) if number.is_infinite() => Err(Fault { at: from, what }),
            _ => Ok(()),
        }
    }

    /// At least one digit.
    #[inline]
    fn digits(&mut self) -> Result<(), Fault> {
        let from = self.at;
        self.at = behind_digits(self.text.as_bytes(), from);
        if self.at == from {
            Err(self.fault(What::Number))
        } else {
            Ok(())
        }
    }
}

/// Where a member ends that begins at `at` and is as most are, see [`Scanner::pass_usual`].
#[inline]
fn usual_member(bytes: &[u8], at: usize) -> Option<usize> {
    let colon = usual_string(bytes, at)?;
    if bytes.get(colon) != Some(&b':') {
        return None;
    }
    match bytes.get(colon + 1) {
        Some(b'"') => usual_string(bytes, colon + 1),
        _ => usual_number(bytes, colon + 1),
    }
}

/// Where a string ends in which nothing is escaped.
#[inline]
fn usual_string(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let end = behind_plain(bytes, at + 1);
    (bytes.get(end) == Some(&b'"')).then_some(end + 1)
}

/// Where a number ends that has no exponent.
#[inline]
fn usual_number(bytes: &[u8], at: usize) -> Option<usize> {
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
fn behind_plain(bytes: &[u8], mut at: usize) -> usize {
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
fn behind_digits(bytes: &[u8], mut at: usize) -> usize {
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

/// A step of a pointer as the index of an array: digits, no zero before others.
fn index(step: &str) -> Option<usize> {
    let is_number = step.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = step == "0" || !step.starts_with('0');
    (is_number && is_plain).then(|| step.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_plain_in_a_string_is_found_byte_by_byte(
            text in r#"[a-z\x80-\xff]{0,9}[ !#\[\]"\\\x00-\x21\x7f]{0,9}[a-z]{0,20}"#
        ) {
            let mut scanner = Scanner::new(&text);
            scanner.plain();
            let is_special = |byte| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let expected = text.bytes().position(is_special).unwrap_or(text.len());
            proptest::prop_assert_eq!(scanner.at, expected, "{:?}", text);
        }
    }
}
