//! What framing makes of a body: blocks of whole lines, each with the place of its first record, and
//! what the server says in between.

use std::{collections::VecDeque, fmt, sync::Arc};

use bytes::{Bytes, BytesMut};
use common::{
    limits::RECORD_BYTES_MAX,
    ndjson::{self, NEWLINE},
    offset::Offset,
};

use wide::i8x16;

use super::{mark::Mark, passed_over::PassedOver};
use crate::excerpt;

/// How much is kept of a line that is too long.
const HEAD_BYTES_MAX: usize = 4 * 1024;

/// How many bytes are looked at together.
const LANES: usize = 16;

/// So few bytes that a byte can count those in one of the lanes.
const PIECE_BYTES: usize = 255 * LANES;

/// The first character that is no white space.
const FIRST_INK: i8 = 0x21;

/// Records that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The stream that they are from.
    pub origin: Arc<Origin>,
    /// Since the block before, the server has said that all records before this one have come.
    pub proved: bool,
    /// Where the first of them stands.
    pub place: Place,
    /// The records.
    pub content: Content,
}

/// The records of a [`Block`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A record a line, none longer than [`RECORD_BYTES_MAX`]; the last newline may be missing.
    Lines(Bytes),
    /// The first bytes of one record that is longer.
    TooLong(Bytes),
}

impl Block {
    /// How many bytes it holds in memory.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        match &self.content {
            Content::Lines(text) | Content::TooLong(text) => text.len(),
        }
    }

    /// How many records it holds.
    #[must_use]
    pub fn records(&self) -> u64 {
        match &self.content {
            Content::Lines(text) => measure(text).0,
            Content::TooLong(_) => 1,
        }
    }

    /// The first `records` of its records, or all where it holds fewer.
    #[must_use]
    pub fn first(self, records: u64) -> Self {
        let Content::Lines(text) = &self.content else {
            return self;
        };
        let (mut end, mut found) = (0, 0);
        for line in ndjson::lines(text) {
            found += u64::from(!ndjson::is_blank(line));
            if found > records {
                break;
            }
            end += line.len() + 1;
        }
        Self {
            content: Content::Lines(text.slice(..end.min(text.len()))),
            ..self
        }
    }
}

/// One stream of those that are read side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its number among them.
    pub partition: usize,
    /// Its URL without the secrets that may stand in it.
    pub url: String,
    /// What a line of the log begins with that is about it alone: nothing where there is no other.
    pub label: String,
}

/// A place in a stream, as its server names places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Place {
    /// The server names none.
    #[default]
    Unknown,
    /// The place before a record; those of the records after it follow by counting.
    Counted(Offset),
    /// The event that is, or ends, there.
    Event(Arc<str>),
}

impl Place {
    /// The place `records` records and `bytes` bytes further on, as far as it can be known.
    #[must_use]
    pub fn advance(&self, records: u64, bytes: u64) -> Self {
        match self {
            Self::Counted(offset) => Self::Counted(offset.advance(records, bytes)),
            other => other.clone(),
        }
    }

    /// The server's name for it.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        match self {
            Self::Unknown => None,
            Self::Counted(offset) => Some(offset.to_string()),
            Self::Event(id) => Some(id.to_string()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("a place without a name"),
            Self::Counted(offset) => offset.fmt(f),
            Self::Event(id) => write!(f, "event {}", excerpt::quoted(id)),
        }
    }
}

/// What framing finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Framed {
    Records {
        place: Place,
        content: Content,
    },
    /// The server says where the body stands; counting has arrived at `counted`.
    Mark {
        counted: Place,
        mark: Mark,
    },
    /// The server says that records between two places are missing.
    Gap {
        from: String,
        to: String,
    },
}

/// What a framer has found so far, and the place of the record that comes next.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) place: Place,
    /// Events that are no records, in this body and in those before it.
    pub(super) passed_over: PassedOver,
    framed: VecDeque<Framed>,
    /// Lines that do not lie together in what was received, and the place of the first.
    lines: BytesMut,
    first: Place,
}

impl Found {
    pub(super) fn at(place: Place) -> Self {
        Self {
            place,
            ..Self::default()
        }
    }

    pub(super) fn next(&mut self) -> Option<Framed> {
        self.framed.pop_front()
    }

    pub(super) fn has_records(&self) -> bool {
        self.framed
            .iter()
            .any(|framed| matches!(framed, Framed::Records { .. }))
    }

    /// Lines as they were received. Blank ones are nothing, and count as nothing.
    pub(super) fn block(&mut self, text: Bytes) {
        if text.trim_ascii_start().is_empty() {
            return;
        }
        let (records, bytes) = match self.place {
            Place::Counted(_) => measure(&text),
            Place::Unknown | Place::Event(_) => (0, 0),
        };
        self.push(Content::Lines(text), records, bytes);
    }

    /// A record that has to be copied onto a line of its own. What breaks a line becomes a `\r`:
    /// to JSON both are white space outside of strings, and both are forbidden inside.
    pub(super) fn line(&mut self, record: &[u8]) {
        if self.lines.is_empty() {
            self.first = self.place.clone();
        }
        let from = self.lines.len();
        self.lines.extend_from_slice(record);
        for byte in self.lines.iter_mut().skip(from) {
            if *byte == NEWLINE {
                *byte = b'\r';
            }
        }
        self.lines.extend_from_slice(&[NEWLINE]);
        self.place = self.place.advance(1, record.len() as u64 + 1);
    }

    /// The beginning of a record that is too long, which takes `bytes` bytes in the stream.
    pub(super) fn too_long(&mut self, beginning: &[u8], bytes: u64) {
        let head = beginning.get(..HEAD_BYTES_MAX).unwrap_or(beginning);
        self.push(Content::TooLong(Bytes::copy_from_slice(head)), 1, bytes);
    }

    pub(super) fn gap(&mut self, from: String, to: String) {
        self.flush();
        self.framed.push_back(Framed::Gap { from, to });
    }

    /// The server's word counts, where it is not what was counted too.
    pub(super) fn mark(&mut self, mark: Mark) {
        self.flush();
        let counted = std::mem::replace(&mut self.place, Place::Counted(mark.offset));
        self.framed.push_back(Framed::Mark { counted, mark });
    }

    /// Makes a block of the lines that were copied.
    pub(super) fn flush(&mut self) {
        if !self.lines.is_empty() {
            self.framed.push_back(Framed::Records {
                place: self.first.clone(),
                content: Content::Lines(self.lines.split().freeze()),
            });
        }
    }

    fn push(&mut self, content: Content, records: u64, bytes: u64) {
        self.flush();
        let next = self.place.advance(records, bytes);
        let place = std::mem::replace(&mut self.place, next);
        self.framed.push_back(Framed::Records { place, content });
    }
}

/// How many records the lines are, and how many bytes of the stream they take.
fn measure(text: &[u8]) -> (u64, u64) {
    match count_without_blanks(text) {
        Some(records) => {
            let unfinished = u64::from(text.last() != Some(&NEWLINE));
            (records, text.len() as u64 + unfinished)
        }
        None => measure_each(text),
    }
}

/// How many lines there are; none where one of them may be blank, which is if it begins with white
/// space, or with what is not ASCII. Bytes are looked at many at a time.
fn count_without_blanks(text: &[u8]) -> Option<u64> {
    let (first, rest) = text.split_first()?;
    if *first <= b' ' {
        return None;
    }
    let mut newlines = 0;
    let text = text.get(..rest.len()).unwrap_or_default();
    let pieces = text.chunks(PIECE_BYTES).zip(rest.chunks(PIECE_BYTES));
    for (piece, next) in pieces {
        newlines += count_in_piece(piece, next)?;
    }
    Some(newlines + 1)
}

/// How many newlines there are; none where what is next to one begins a blank line.
#[inline]
fn count_in_piece(piece: &[u8], next: &[u8]) -> Option<u64> {
    let (bytes, last) = piece.as_chunks::<LANES>();
    let (nexts, next_last) = next.as_chunks::<LANES>();
    let (mut count, mut blank) = (i8x16::ZERO, i8x16::ZERO);
    for (bytes, next) in bytes.iter().zip(nexts) {
        let [bytes, next] = [bytes, next].map(|bytes| i8x16::new(bytes.map(u8::cast_signed)));
        // All bits are set where it is true, which is one less than zero.
        let newline = bytes.simd_eq(i8x16::splat(NEWLINE.cast_signed()));
        count -= newline;
        blank |= newline & next.simd_lt(i8x16::splat(FIRST_INK));
    }
    let is_newline = |(byte, _): &(&u8, &u8)| **byte == NEWLINE;
    let last = || last.iter().zip(next_last).filter(is_newline);
    if blank.any() || last().any(|(_, next)| next.cast_signed() < FIRST_INK) {
        return None;
    }
    let counts = count.to_array().map(i8::cast_unsigned);
    Some(counts.map(u64::from).iter().sum::<u64>() + last().count() as u64)
}

fn measure_each(text: &[u8]) -> (u64, u64) {
    ndjson::lines(text)
        .filter(|line| !ndjson::is_blank(line))
        .fold((0, 0), |(records, bytes), line| {
            (records + 1, bytes + line.len() as u64 + 1)
        })
}

/// Whether a record of so many bytes is over the limit.
pub(super) const fn is_too_long(bytes: usize) -> bool {
    bytes > RECORD_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, prop, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    proptest! {
        #[test]
        fn what_is_counted_at_once_is_what_is_counted_line_by_line(
            pieces in prop::collection::vec(
                prop_oneof![9 => Just("{}\n"), 9 => Just("12"), 9 => Just("7\n"), 1 => Just("\n"), 1 => Just(" ")],
                1..6_000,
            )
        ) {
            let text = pieces.concat();
            prop_assert_eq!(measure(text.as_bytes()), measure_each(text.as_bytes()), "{:?}", text);
        }
    }

    #[test]
    fn the_first_records_are_whole_lines() {
        for (records, expected) in [(0, "\n"), (1, "\n12\n \n"), (2, "\n12\n \n{}\n")] {
            let block = Block {
                origin: Arc::default(),
                proved: false,
                place: Place::Unknown,
                content: Content::Lines(Bytes::from_static(b"\n12\n \n{}\n7")),
            };
            assert_eq!(block.records(), 3);
            let expected = Content::Lines(expected.into());
            assert_eq!(block.first(records).content, expected, "{records}");
        }
    }

    #[test]
    fn only_lines_that_may_be_blank_are_looked_at_one_by_one() {
        let long = "12\n".repeat(1000);
        for (text, lines) in [
            ("1", Some(1)),
            ("1\n", Some(1)),
            ("1 \n2", Some(2)),
            (long.as_str(), Some(1000)),
            ("", None),
            (" 1", None),
            ("1\n\r\n2", None),
            ("1\n\u{e4}", None),
        ] {
            assert_eq!(count_without_blanks(text.as_bytes()), lines, "{text:?}");
        }
    }
}
