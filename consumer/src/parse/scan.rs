//! One pass over the JSON of a block, in which a newline ends a record: no step goes beyond it.
//!
//! It accepts what `common::json` accepts, and nothing else; but it builds no values, and what is
//! not wanted is only passed. The text is known to be UTF-8.

use std::borrow::Cow;

use common::{limits::DEPTH_MAX, ndjson::NEWLINE};

use wide::u8x16;

use super::{
    Reason,
    digits::{self, EIGHT},
};

/// A place in a text.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

/// A string between its quotes, as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) raw: &'a [u8],
    pub(super) escaped: bool,
}

/// A number as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    pub(super) text: &'a [u8],
    /// Whether it has neither a decimal point nor an exponent.
    pub(super) is_whole: bool,
}

impl<'a> Scanner<'a> {
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next `N` bytes, where there are so many.
    #[inline]
    pub(super) fn chunk<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.text.get(self.at..)?.first_chunk()
    }

    /// Passes the rest of the line with its newline; returns it without.
    pub(super) fn line(&mut self) -> &'a [u8] {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = memchr::memchr(NEWLINE, rest).unwrap_or(rest.len());
        self.at += end + 1;
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn since(&self, from: usize) -> &'a [u8] {
        self.text.get(from..self.at).unwrap_or_default()
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether `byte` stands here; then it is passed.
    #[inline]
    pub(super) fn pass(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Reason> {
        if self.pass(byte) {
            Ok(())
        } else {
            Err(Reason::NotJson)
        }
    }

    /// Passes the end of a record.
    #[inline]
    pub(super) fn end(&mut self) -> Result<(), Reason> {
        self.space();
        if self.at == self.text.len() {
            return Ok(());
        }
        self.expect(NEWLINE)
    }

    /// Passes any value.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Reason> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                match digits::integer(rest) {
                    Some((_, length)) => self.at += length,
                    None => drop(self.number()?),
                }
                Ok(())
            }
            Some(b'{') => self.members(depth, |scanner, inner| {
                scanner.string()?;
                scanner.colon()?;
                scanner.skip(inner)
            }),
            Some(b'[') => self.elements(depth, Self::skip),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => Err(Reason::NotJson),
        }
    }

    pub(super) fn word(&mut self, word: &[u8]) -> Result<(), Reason> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(Reason::NotJson);
        }
        self.at += word.len();
        Ok(())
    }

    /// What stands between a key and its value.
    #[inline]
    pub(super) fn colon(&mut self) -> Result<(), Reason> {
        self.space();
        self.expect(b':')?;
        self.space();
        Ok(())
    }

    /// Passes an object; `member` passes each key with its value.
    #[inline]
    pub(super) fn members(
        &mut self,
        depth: usize,
        member: impl FnMut(&mut Self, usize) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        self.list((b'{', b'}'), depth, member)
    }

    /// Passes an array; `element` passes each element.
    #[inline]
    pub(super) fn elements(
        &mut self,
        depth: usize,
        element: impl FnMut(&mut Self, usize) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        self.list((b'[', b']'), depth, element)
    }

    #[inline]
    fn list(
        &mut self,
        (opening, closing): (u8, u8),
        depth: usize,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        if depth == DEPTH_MAX {
            return Err(Reason::NotJson);
        }
        self.expect(opening)?;
        self.space();
        if self.pass(closing) {
            return Ok(());
        }
        loop {
            item(self, depth + 1)?;
            self.space();
            if !self.pass(b',') {
                return self.expect(closing);
            }
            self.space();
        }
    }

    #[inline]
    pub(super) fn string(&mut self) -> Result<Text<'a>, Reason> {
        self.expect(b'"')?;
        let from = self.at;
        self.plain();
        let raw = self.since(from);
        if self.pass(b'"') {
            return Ok(Text {
                raw,
                escaped: false,
            });
        }
        self.escaped_string(from)
    }

    /// Passes a string without escapes; anything else is left where it is.
    #[inline]
    pub(super) fn plain_string(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        if self.pass(b'"') {
            self.plain();
            let text = self.since(start + 1);
            if self.pass(b'"') {
                return Some(text);
            }
        }
        self.at = start;
        None
    }

    /// The rest of a string that began at `from` and has an escape here, or a fault.
    #[cold]
    fn escaped_string(&mut self, from: usize) -> Result<Text<'a>, Reason> {
        while self.pass(b'\\') {
            self.escape()?;
            self.plain();
        }
        let raw = self.since(from);
        self.expect(b'"')?;
        Ok(Text { raw, escaped: true })
    }

    /// Passes all that may stand in a string as it is.
    #[inline]
    fn plain(&mut self) {
        while let Some(chunk) = self.chunk::<LANES>() {
            let found = special(*chunk);
            if found != 0 {
                self.at += found.trailing_zeros() as usize;
                return;
            }
            self.at += LANES;
        }
        while matches!(self.peek(), Some(byte) if !matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
            self.at += 1;
        }
    }

    /// The rest of an escape, behind its backslash.
    fn escape(&mut self) -> Result<(), Reason> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => match self.code_unit()? {
                0xdc00..=0xdfff => return Err(Reason::NotJson),
                0xd800..=0xdbff => {
                    self.expect(b'\\')?;
                    if !(0xdc00..0xe000).contains(&self.code_unit()?) {
                        return Err(Reason::NotJson);
                    }
                }
                _ => {}
            },
            _ => return Err(Reason::NotJson),
        }
        Ok(())
    }

    /// The value of `uXXXX`.
    fn code_unit(&mut self) -> Result<u32, Reason> {
        self.expect(b'u')?;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or(Reason::NotJson)?;
            self.at += 1;
        }
        Ok(unit)
    }

    pub(super) fn number(&mut self) -> Result<Number<'a>, Reason> {
        let from = self.at;
        self.pass(b'-');
        if !self.pass(b'0') {
            self.digits()?;
        }
        let mut is_whole = true;
        if self.pass(b'.') {
            is_whole = false;
            self.digits()?;
        }
        let exponent = self.pass(b'e') || self.pass(b'E');
        if exponent {
            is_whole = false;
            let _signed = self.pass(b'+') || self.pass(b'-');
            self.digits()?;
        }
        let text = self.since(from);
        // Only an exponent or very many digits can leave the range of an f64.
        if (exponent || text.len() > 300) && digits::f64(text).is_none_or(f64::is_infinite) {
            return Err(Reason::NotJson);
        }
        Ok(Number { text, is_whole })
    }

    /// Passes at least one digit.
    #[inline]
    fn digits(&mut self) -> Result<(), Reason> {
        let from = self.at;
        while let Some(chunk) = self.chunk::<EIGHT>() {
            let count = digits::count(*chunk);
            self.at += count;
            if count < EIGHT {
                break;
            }
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == from {
            Err(Reason::NotJson)
        } else {
            Ok(())
        }
    }
}

impl<'a> Text<'a> {
    /// Its characters, escapes resolved, which the scanner has found to be valid.
    pub(super) fn characters(&self) -> Cow<'a, [u8]> {
        if self.escaped {
            Cow::Owned(unescaped(self.raw))
        } else {
            Cow::Borrowed(self.raw)
        }
    }
}

fn unescaped(raw: &[u8]) -> Vec<u8> {
    let (mut rest, mut out) = (raw, Vec::with_capacity(raw.len()));
    while let Some(backslash) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(backslash);
        out.extend_from_slice(plain);
        let (length, character) = match escape.get(1) {
            Some(b'u') => unicode(escape),
            Some(b'b') => (2, '\u{8}'),
            Some(b'f') => (2, '\u{c}'),
            Some(b'n') => (2, '\n'),
            Some(b'r') => (2, '\r'),
            Some(b't') => (2, '\t'),
            other => (2, char::from(other.copied().unwrap_or_default())),
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// How long the escape is with which the text begins, `\uXXXX` once or twice, and what it stands for.
fn unicode(escape: &[u8]) -> (usize, char) {
    let unit = |from: usize| {
        let digits = escape.get(from..from + 4).unwrap_or_default();
        let value = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or_default();
        digits.iter().fold(0, |unit, byte| unit * 16 + value(byte))
    };
    match unit(2) {
        high @ 0xd800..=0xdbff => {
            let low = unit(8) & 0x3ff;
            let character = char::from_u32(0x10000 + ((high & 0x3ff) << 10) + low);
            (12, character.unwrap_or(char::REPLACEMENT_CHARACTER))
        }
        unit => (
            6,
            char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
        ),
    }
}

/// How many bytes of a string are looked at together.
const LANES: usize = 16;

/// A bit for each of the bytes that cannot stand in a string as it is.
#[inline]
fn special(chunk: [u8; LANES]) -> u32 {
    let bytes = u8x16::new(chunk);
    let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    let is_quote = bytes.simd_eq(u8x16::splat(b'"'));
    let is_backslash = bytes.simd_eq(u8x16::splat(b'\\'));
    (is_control | is_quote | is_backslash).to_bitmask()
}
