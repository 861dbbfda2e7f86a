//! How a body begins: with a byte order mark that is none of its records, and with a byte that
//! tells lines from an array where the server does not.
//!
//! Bytes are held back only until that is known; all others pass as they are.

use bytes::{Buf, Bytes};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The beginning of a body.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// How many bytes of the mark have come; all of them once it is decided.
    mark: usize,
}

impl Opening {
    /// Takes the mark off what comes first. What was held back and is no mark is given back.
    pub(super) fn strip(&mut self, chunk: &mut Bytes) -> Bytes {
        while let Some(expected) = BYTE_ORDER_MARK.get(self.mark) {
            match chunk.first() {
                Some(byte) if byte == expected => {
                    chunk.advance(1);
                    self.mark += 1;
                }
                Some(_) => return self.end(),
                None => break,
            }
        }
        Bytes::new()
    }

    /// Nothing more comes: what was held back is no mark.
    pub(super) fn end(&mut self) -> Bytes {
        let held = std::mem::replace(&mut self.mark, BYTE_ORDER_MARK.len());
        match BYTE_ORDER_MARK.get(..held) {
            Some(begun) if held < BYTE_ORDER_MARK.len() => Bytes::from_static(begun),
            _ => Bytes::new(),
        }
    }
}

/// Takes off the white space that a body begins with, and says whether what follows is an array;
/// none where nothing follows yet.
pub(super) fn is_array(body: &mut Bytes) -> Option<bool> {
    body.advance(body.len() - body.trim_ascii_start().len());
    body.first().map(|byte| *byte == b'[')
}
