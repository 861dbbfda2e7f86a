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

    /// Passes one value; returns its text.
    pub(super) fn text_of_value(&mut self) -> Result<&'a str, Fault> {
        let from = self.at;
        self.value(0)?;
        Ok(self.since(from))
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

    pub(super) fn object(
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
