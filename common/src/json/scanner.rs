//! One pass over a text by recursive descent, whose depth is bounded.

use super::{Fault, Number, Text, Value, What};
use crate::limits::DEPTH_MAX;

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
                scanner.value(inner).map(drop)
            })?,
            Some(b'[') => {
                let (inner, wanted, mut index) = (self.deeper(depth)?, index(step), 0);
                self.array(|scanner| {
                    index += 1;
                    if wanted == Some(index - 1) {
                        found = scanner.find(inner, rest)?;
                        return Ok(());
                    }
                    scanner.value(inner).map(drop)
                })?;
            }
            _ => drop(self.value(depth)?),
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

    pub(super) fn space(&mut self) {
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

    pub(super) fn value(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        let from = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b'{') => {
                self.object(depth, |scanner, _, inner| scanner.value(inner).map(drop))?;
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

    pub(super) fn object(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&mut Self, Text<'a>, usize) -> Result<(), Fault>,
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
            member(self, key, inner)?;
            self.space();
            if self.pass(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
            self.space();
        }
    }

    pub(super) fn array(
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
        let (words, _) = rest.as_chunks::<8>();
        let is_plain = |word: &&[u8; 8]| special(u64::from_le_bytes(**word)) == 0;
        let passed = words.iter().take_while(is_plain).count();
        self.at += passed * 8;
        if let Some(word) = words.get(passed) {
            self.at += (special(u64::from_le_bytes(*word)).trailing_zeros() / 8) as usize;
            return;
        }
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let rest = rest.get(passed * 8..).unwrap_or_default();
        self.at += rest.iter().position(is_special).unwrap_or(rest.len());
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

/// Every byte of a word.
const EVERY: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = 0x80 * EVERY;

/// The highest bit of the first byte of `word` that cannot stand in a string as it is; what lies
/// above that says nothing. ("Determine if a word has a byte less than n", Bit Twiddling Hacks.)
const fn special(word: u64) -> u64 {
    const fn less(word: u64, than: u64) -> u64 {
        word.wrapping_sub(than * EVERY) & !word & HIGHEST
    }
    let quote = less(word ^ (b'"' as u64 * EVERY), 1);
    let backslash = less(word ^ (b'\\' as u64 * EVERY), 1);
    quote | backslash | less(word, 0x20)
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
