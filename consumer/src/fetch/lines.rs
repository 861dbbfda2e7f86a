//! NDJSON: whole lines are passed on as they were received, without a copy; only a line that
//! arrives in pieces is put together. What is kept of it never exceeds [`RECORD_BYTES_MAX`].
//!
//! Where the server gives marks, they are found while the lines between them are counted: those are
//! not looked at one by one. A line that begins like a mark and is none is a record.

use bytes::{Buf, Bytes, BytesMut};
use common::{
    limits::RECORD_BYTES_MAX,
    ndjson::{self, NEWLINE},
};

use super::{
    block::{Found, is_too_long},
    count,
    mark::{Mark, SIGN},
};

/// Frames a body of lines.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) found: Found,
    /// The beginning of a line whose end has not come yet.
    begun: BytesMut,
    /// How many bytes of that line were thrown away, because it is too long.
    discarded: u64,
    /// Whether there are marks between them.
    has_marks: bool,
}

impl Lines {
    pub(super) fn new(found: Found) -> Self {
        Self {
            found,
            begun: BytesMut::new(),
            discarded: 0,
            has_marks: false,
        }
    }

    /// Lines with marks between them.
    pub(super) fn with_marks(found: Found) -> Self {
        Self {
            has_marks: true,
            ..Self::new(found)
        }
    }

    pub(super) fn push(&mut self, mut chunk: Bytes) {
        // So no line inside of a piece can be too long, and only the begun one has to be judged.
        while is_too_long(chunk.len()) {
            let piece = chunk.split_to(RECORD_BYTES_MAX);
            self.push_piece(piece);
        }
        self.push_piece(chunk);
    }

    fn push_piece(&mut self, mut piece: Bytes) {
        if !self.begun.is_empty() {
            let Some(end) = memchr::memchr(NEWLINE, &piece) else {
                return self.begin(&piece);
            };
            self.begin(&piece.split_to(end));
            piece.advance(1);
            self.finish();
        }
        let whole = ndjson::whole_lines(&piece);
        let lines = piece.split_to(whole);
        self.pass(lines);
        self.begin(&piece);
    }

    /// Passes on whole lines, and the marks between them.
    fn pass(&mut self, mut lines: Bytes) {
        if !self.has_marks {
            return self.found.block(lines, None);
        }
        while !lines.is_empty() {
            let stretch = count::until(&lines, Some(SIGN));
            let records = lines.split_to(stretch.bytes);
            self.found.block(records, stretch.lines);
            let end = memchr::memchr(NEWLINE, &lines).map_or(lines.len(), |end| end + 1);
            let line = lines.split_to(end);
            match Mark::parse(&line) {
                Some(mark) => self.found.mark(mark),
                None => self.found.block(line, None),
            }
        }
    }

    /// A clean end of the body: a line may lack its newline there.
    pub(super) fn end(&mut self) {
        self.finish();
    }

    fn begin(&mut self, text: &[u8]) {
        let room = RECORD_BYTES_MAX - self.begun.len();
        let (kept, rest) = text.split_at(room.min(text.len()));
        self.begun.extend_from_slice(kept);
        self.discarded += rest.len() as u64;
    }

    fn finish(&mut self) {
        let begun = self.begun.split();
        match std::mem::take(&mut self.discarded) {
            0 => self.pass(begun.freeze()),
            discarded => {
                let bytes = begun.len() as u64 + discarded + 1;
                self.found.too_long(&begun, bytes);
            }
        }
    }
}
