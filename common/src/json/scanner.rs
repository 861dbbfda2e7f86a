//! One pass over a text by recursive descent, whose depth is bounded.

use super::{
    Fault, Number, Text, Value, What,
    usual::{self, RANGE_BYTES},
};
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
        let end = usual::member(bytes, self.at);
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
        if let Some(end) = usual::string(self.text.as_bytes(), self.at) {
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
        self.at = usual::behind_plain(self.text.as_bytes(), self.at);
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
        self.at = usual::behind_digits(self.text.as_bytes(), from);
        if self.at == from {
            Err(self.fault(What::Number))
        } else {
            Ok(())
        }
    }
}

/// A step of a pointer as the index of an array: digits, no zero before others.
fn index(step: &str) -> Option<usize> {
    let is_number = step.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = step == "0" || !step.starts_with('0');
    (is_number && is_plain).then(|| step.parse().ok()).flatten()
}
