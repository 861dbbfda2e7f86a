//! JSON bodies: the elements of an array, or one value after the other, each made one line.
//!
//! A value may stand on several lines, so a broken one must not take those after it along:
//!
//! - Outside of an array it is its first line alone, and framing goes on after that newline, with
//!   what was taken for a part of it. So a line that is cut off costs one record, as in NDJSON.
//! - In an array it goes on until its brackets are closed. No string has a newline in it, and no
//!   element that is too long outlives a line once it is broken.

use std::collections::VecDeque;

use common::{limits::RECORD_BYTES_MAX, ndjson::NEWLINE};

use super::{
    block::Found,
    structure::{Seen, Structure},
};

/// Frames a JSON body, byte for byte.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) found: Found,
    value: Vec<u8>,
    /// How many bytes of the value were thrown away, because it is too long.
    discarded: u64,
    structure: Structure,
    broken: bool,
    /// Whether the values are elements of an array.
    in_array: bool,
    /// What was taken for a part of a broken value, and comes again.
    again: VecDeque<u8>,
}

impl Values {
    pub(super) fn new(found: Found) -> Self {
        Self {
            found,
            value: Vec::new(),
            discarded: 0,
            structure: Structure::default(),
            broken: false,
            in_array: false,
            again: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        for &byte in chunk {
            self.take(byte);
            self.take_again();
        }
        self.found.flush();
    }

    /// A clean end of the body: a number may end there. What is still open there is broken.
    pub(super) fn end(&mut self) {
        while self.structure.depth() > 0 && self.cut_first_line() {
            self.take_again();
        }
        self.finish();
        self.found.flush();
    }

    /// A byte comes again only where brackets around it have turned out to be none: no more often
    /// than brackets may be nested.
    fn take_again(&mut self) {
        while let Some(byte) = self.again.pop_front() {
            self.take(byte);
        }
    }

    fn take(&mut self, byte: u8) {
        if self.broken && !self.in_array {
            self.skip(byte);
        } else if self.structure.depth() == 0 && !self.structure.is_in_string() {
            self.between(byte);
        } else {
            self.inside(byte);
        }
    }

    /// No bracket is open: a value may begin here, or a number end.
    fn between(&mut self, byte: u8) {
        match byte {
            b'[' if !self.in_array && self.value.is_empty() => self.in_array = true,
            b']' if self.in_array => {
                self.finish();
                self.in_array = false;
            }
            b',' if self.in_array => self.finish(),
            b' ' | b'\t' | b'\r' | NEWLINE if !self.broken => self.finish(),
            _ => self.inside(byte),
        }
    }

    fn inside(&mut self, byte: u8) {
        self.keep(byte);
        match self.structure.push(byte) {
            Seen::End => self.finish(),
            Seen::Fault => self.fault(byte),
            Seen::More if byte == NEWLINE && self.broken && self.discarded > 0 => self.finish(),
            Seen::More => {}
        }
    }

    fn fault(&mut self, byte: u8) {
        let closes = matches!(byte, b'}' | b']') && self.structure.depth() == 0;
        self.broken = true;
        if !self.cut_first_line() && (byte == NEWLINE || self.in_array && closes) {
            self.finish();
        }
    }

    /// The rest of a broken line.
    fn skip(&mut self, byte: u8) {
        if byte == NEWLINE {
            self.finish();
        } else {
            self.keep(byte);
        }
    }

    /// Makes the first line of what has begun a value, and begins anew with what follows; unless
    /// that line has not ended yet, or is out of reach.
    fn cut_first_line(&mut self) -> bool {
        let newline = memchr::memchr(NEWLINE, &self.value);
        let Some(newline) = newline.filter(|_| self.discarded == 0 && !self.in_array) else {
            return false;
        };
        for byte in self.value.split_off(newline + 1).into_iter().rev() {
            self.again.push_front(byte);
        }
        self.finish();
        true
    }

    fn keep(&mut self, byte: u8) {
        if self.value.len() < RECORD_BYTES_MAX {
            self.value.push(byte);
        } else {
            self.discarded += 1;
        }
    }

    fn finish(&mut self) {
        let value = self.value.trim_ascii();
        match std::mem::take(&mut self.discarded) {
            0 if value.is_empty() => {}
            0 => self.found.line(value),
            discarded => self.found.too_long(value, value.len() as u64 + discarded),
        }
        self.value.clear();
        self.structure = Structure::default();
        self.broken = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::block::{Content, Framed};

    /// The records of `body`, one after the other, each followed by `|`.
    fn check(body: &str, expected: &str) {
        let mut values = Values::new(Found::default());
        values.push(body.as_bytes());
        values.end();
        let mut records = String::new();
        while let Some(Framed::Records { content, .. }) = values.found.next() {
            match content {
                Content::Lines(text) => records.push_str(&String::from_utf8_lossy(&text)),
                Content::TooLong(_) => records.push_str("too long\n"),
            }
        }
        assert_eq!(records.replace('\n', "|"), expected, "{body:?}");
    }

    #[test]
    fn a_broken_value_outside_of_an_array_is_its_first_line() {
        check(
            "1\n{\"a\":\n{\"b\":2}\n{\"b\":3}\n",
            "1|{\"a\":|{\"b\":2}|{\"b\":3}|",
        );
        check("{\"a\":\"x\n{\"b\":2}\n", "{\"a\":\"x|{\"b\":2}|");
        check("{\"a\":\"x\\\n{\"b\":2}\n", "{\"a\":\"x\\|{\"b\":2}|");
        check(
            "{\"a\":}}{\"b\":2}\n[{\"b\":\n3}]",
            "{\"a\":}}{\"b\":2}|{\"b\":\r3}|",
        );
        check("{\"a\":\n{\"b\":2}", "{\"a\":|{\"b\":2}|");
        check("{\n{\n{\"b\":2}\n", "{|{|{\"b\":2}|");
        check("{\n\"a\": nan,\n\"b\":2}\n3", "{\r\"a\": nan,\r\"b\":2}|3|");
    }

    #[test]
    fn a_broken_element_goes_on_until_its_brackets_close() {
        check("[{\"a\":}, {\"b\":2}]", "{\"a\":}|{\"b\":2}|");
        check("[{\n\"a\":1,\n},\n{\"b\":2}]", "{\r\"a\":1,\r}|{\"b\":2}|");
        check("[{\"a\":\"x},\n{\"b\":2}]", "{\"a\":\"x},|{\"b\":2}|");
        check(
            "[{\"a\":1}},{\"b\":2} {\"b\":3}]4",
            "{\"a\":1}|}|{\"b\":2}|{\"b\":3}|4|",
        );
    }

    #[test]
    fn no_broken_value_hides_more_than_it_may_be_long() {
        let good = "{\"b\":2}\n".repeat(150_000);
        let expected = good.replace('\n', "|");
        check(
            &format!("{{\"a\":\n{good}"),
            &format!("{{\"a\":|{expected}"),
        );
        let mut values = Values::new(Found::default());
        values.push(format!("[{{\"a\":\n{good}").as_bytes());
        assert!(values.found.has_records() && values.value.len() < 10);
    }

    #[test]
    fn what_is_nested_as_deep_as_may_be_is_not_framed_over_and_over() {
        let body = format!("{}{}:", "[\n".repeat(63), "1,\n".repeat(300_000));
        let mut values = Values::new(Found::default());
        values.push(body.as_bytes());
        values.end();
        assert!(values.again.is_empty());
    }
}
