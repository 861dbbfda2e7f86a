//! JSON bodies: the elements of an array, or one value after the other, each made one line.
//!
//! Only as much of JSON is understood as is needed to find where a value ends; whether it is valid
//! is for the parser to say. A value that is broken can therefore take others with it, which
//! cannot happen with NDJSON.

use common::limits::RECORD_BYTES_MAX;

use super::block::Found;

/// Frames a JSON body, byte for byte.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) found: Found,
    value: Vec<u8>,
    /// How many bytes of the value were thrown away, because it is too long.
    discarded: u64,
    /// How many braces and brackets of the value are open.
    depth: u64,
    string: Option<Next>,
    /// Whether the values are elements of an array.
    in_array: bool,
}

/// Inside of a string: what the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Plain,
    Escaped,
}

impl Values {
    pub(super) const fn new(found: Found) -> Self {
        Self {
            found,
            value: Vec::new(),
            discarded: 0,
            depth: 0,
            string: None,
            in_array: false,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        for &byte in chunk {
            match self.string {
                Some(next) => self.in_string(next, byte),
                None => self.outside(byte),
            }
        }
        self.found.flush();
    }

    /// A clean end of the body: a number may end there.
    pub(super) fn end(&mut self) {
        self.finish();
        self.found.flush();
    }

    fn in_string(&mut self, next: Next, byte: u8) {
        self.keep(byte);
        self.string = match (next, byte) {
            (Next::Plain, b'"') => None,
            (Next::Plain, b'\\') => Some(Next::Escaped),
            _ => Some(Next::Plain),
        };
        if self.string.is_none() {
            self.finish_if_alone();
        }
    }

    fn outside(&mut self, byte: u8) {
        let between = self.depth == 0;
        match byte {
            b'[' if between && !self.in_array && self.value.is_empty() => self.in_array = true,
            b']' if between && self.in_array => {
                self.finish();
                self.in_array = false;
            }
            b',' if between && self.in_array => self.finish(),
            b' ' | b'\t' | b'\n' | b'\r' if between => {
                if !self.value.is_empty() {
                    self.keep(byte);
                    self.finish_if_alone();
                }
            }
            b'{' | b'[' => {
                self.keep(byte);
                self.depth += 1;
            }
            b'}' | b']' => {
                self.keep(byte);
                self.depth = self.depth.saturating_sub(1);
                self.finish_if_alone();
            }
            b'"' => {
                self.keep(byte);
                self.string = Some(Next::Plain);
            }
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.value.len() < RECORD_BYTES_MAX {
            self.value.push(byte);
        } else {
            self.discarded += 1;
        }
    }

    /// In an array a value ends at a comma or bracket; one that stands alone ends with itself.
    fn finish_if_alone(&mut self) {
        if self.depth == 0 && !self.in_array {
            self.finish();
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
        self.depth = 0;
        self.string = None;
    }
}
