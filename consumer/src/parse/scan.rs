//! One pass over the JSON of a block, in which a newline ends a record: no step goes beyond it.
//!
//! It accepts what `common::json` accepts, and nothing else; but it builds no values, and what is
//! not wanted is only passed.

use common::{json::leading_digits, limits::DEPTH_MAX, ndjson::NEWLINE};

use super::{
    Reason,
    digits::{self, EIGHT},
};

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
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

    /// What has not been passed.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next `N` bytes, where there are so many.
    #[inline]
    pub(super) fn chunk<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.text.get(self.at..)?.first_chunk()
    }

    /// Passes the rest of the line with its newline; returns it without.
    pub(super) fn line(&mut self) -> &'a [u8] {
        let rest = self.rest();
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

    /// Passes a string or a number as most are; tells whether one stands here.
    #[inline(always)]
    pub(super) fn skip_usual(&mut self) -> bool {
        if self.peek() == Some(b'"') {
            return self.pass_plain_string();
        }
        let short = self.chunk().and_then(|chunk| digits::short(*chunk));
        let length = short.map(|(_, length)| length);
        self.at += length.unwrap_or_default();
        length.is_some()
    }

    /// Passes any value.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Reason> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => {
                match digits::integer(*self) {
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
        if !self.rest().starts_with(word) {
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
            let count = leading_digits(*chunk);
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
