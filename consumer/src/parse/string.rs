//! Strings of JSON: passed where they stand, and their characters.
//!
//! Outside of strings JSON is ASCII; so only a string that is not is looked at once more, whether it is
//! UTF-8.

use std::borrow::Cow;

use wide::i8x16;

use super::{Reason, scan::Scanner};

/// How many bytes of a string are looked at together.
const LANES: usize = 16;

/// A string between its quotes, as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) raw: &'a [u8],
    pub(super) escaped: bool,
}

impl<'a> Scanner<'a> {
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
        self.unusual_string(from)
    }

    /// Passes a string of ASCII without escapes; anything else is left where it is, and needs another look.
    #[inline(always)]
    pub(super) fn pass_plain_string(&mut self) -> bool {
        let start = self.at;
        let is_passed = self.pass(b'"') && {
            self.plain();
            self.pass(b'"')
        };
        if !is_passed {
            self.at = start;
        }
        is_passed
    }

    /// The rest of a string that began at `from` and has an escape here, or what is not ASCII, or a
    /// fault.
    #[inline(never)]
    fn unusual_string(&mut self, from: usize) -> Result<Text<'a>, Reason> {
        let (mut escaped, mut is_ascii) = (false, true);
        loop {
            match self.peek() {
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                Some(0x80..) => {
                    is_ascii = false;
                    self.beyond_ascii();
                }
                _ => break,
            }
            self.plain();
        }
        let raw = self.since(from);
        self.expect(b'"')?;
        if is_ascii || simdutf8::basic::from_utf8(raw).is_ok() {
            Ok(Text { raw, escaped })
        } else {
            Err(Reason::NotJson)
        }
    }

    /// Passes the ASCII that may stand in a string as it is.
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
        while matches!(self.peek(), Some(byte) if byte.is_ascii() && may_stand(byte)) {
            self.at += 1;
        }
    }

    /// Passes what may stand in a string as it is, ASCII or not.
    fn beyond_ascii(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !may_stand(*byte));
        self.at += length.unwrap_or(rest.len());
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

/// A bit for each of the bytes that are not ASCII or cannot stand in a string as it is.
#[inline]
fn special(chunk: [u8; LANES]) -> u32 {
    // With a sign, what is not ASCII is below zero.
    let bytes = i8x16::new(chunk.map(u8::cast_signed));
    let is_other = bytes.simd_lt(i8x16::splat(0x20));
    let is_quote = bytes.simd_eq(i8x16::splat(0x22));
    let is_backslash = bytes.simd_eq(i8x16::splat(0x5c));
    (is_other | is_quote | is_backslash).to_bitmask()
}

/// Whether a byte may stand in a string as it is.
#[inline]
const fn may_stand(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\\' | 0..=0x1f)
}
