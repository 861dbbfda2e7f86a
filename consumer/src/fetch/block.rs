//! What framing makes of a body: blocks of whole lines, each with the place of its first record, and
//! what the server says in between.

use std::{collections::VecDeque, fmt, sync::Arc};

use bytes::{Bytes, BytesMut};
use common::{
    limits::RECORD_BYTES_MAX,
    ndjson::{self, NEWLINE},
    offset::Offset,
};

use super::{count, mark::Mark, passed_over::PassedOver};
use crate::excerpt;

/// How much is kept of a line that is too long.
const HEAD_BYTES_MAX: usize = 4 * 1024;

/// Records that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The stream that they are from.
    pub origin: Arc<Origin>,
    /// Since the block before, the server has said that all records before this one have come.
    pub proved: bool,
    /// Where the first of them stands.
    pub place: Place,
    /// How many there are, where they were counted.
    pub counted: Option<u64>,
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
            Content::Lines(text) => count::measure(text, self.counted).0,
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
            counted: None,
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
        counted: Option<u64>,
        content: Content,
    },
    /// The server says where the body stands; counting has arrived at `counted`.
    Mark { counted: Place, mark: Mark },
    /// The server says that records between two places are missing.
    Gap { from: String, to: String },
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

    /// Lines as they were received, which may have been `counted`. Blank ones are nothing, and count
    /// as nothing.
    pub(super) fn block(&mut self, text: Bytes, counted: Option<u64>) {
        if text.trim_ascii_start().is_empty() {
            return;
        }
        let measured = match self.place {
            Place::Counted(_) => Some(count::measure(&text, counted)),
            Place::Unknown | Place::Event(_) => None,
        };
        self.push(Content::Lines(text), measured);
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
        self.push(
            Content::TooLong(Bytes::copy_from_slice(head)),
            Some((1, bytes)),
        );
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
                counted: None,
                content: Content::Lines(self.lines.split().freeze()),
            });
        }
    }

    /// Records, how many they are and how many bytes of the stream they take, where that is known.
    fn push(&mut self, content: Content, measured: Option<(u64, u64)>) {
        self.flush();
        let (records, bytes) = measured.unwrap_or_default();
        let next = self.place.advance(records, bytes);
        self.framed.push_back(Framed::Records {
            place: std::mem::replace(&mut self.place, next),
            counted: measured.map(|(records, _)| records),
            content,
        });
    }
}

/// Whether a record of so many bytes is over the limit.
pub(super) const fn is_too_long(bytes: usize) -> bool {
    bytes > RECORD_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_records_are_whole_lines() {
        for (records, expected) in [(0, "\n"), (1, "\n12\n \n"), (2, "\n12\n \n{}\n")] {
            let block = Block {
                origin: Arc::default(),
                proved: false,
                place: Place::Unknown,
                counted: None,
                content: Content::Lines(Bytes::from_static(b"\n12\n \n{}\n7")),
            };
            assert_eq!(block.records(), 3);
            let expected = Content::Lines(expected.into());
            assert_eq!(block.first(records).content, expected, "{records}");
        }
    }
}
