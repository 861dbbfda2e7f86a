//! What a stream is made with, and keeps.

use std::time::Duration;

use common::{ndjson, time::Timestamp, wire};

/// What the maker of a stream has said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The content type, as its maker wrote it.
    pub(crate) content_type: String,
    /// For how long it is there.
    pub(crate) lifetime: Lifetime,
    /// How much of it is kept.
    pub(crate) retention: Retention,
}

/// For how long a stream is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until it is deleted.
    Unlimited,
    /// Until nobody has used it for so many seconds.
    Idle(u64),
    /// Until then.
    Until(Timestamp),
}

/// How much of a stream is kept at least; what is older may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    /// The newest so many bytes; none is all.
    pub(crate) bytes: Option<u64>,
    /// What was appended since then; none is for ever.
    pub(crate) age: Option<Duration>,
}

/// What of a retention shall be another: each bound stays, or becomes this, or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retain {
    pub(crate) bytes: Option<Option<u64>>,
    pub(crate) age: Option<Option<Duration>>,
}

/// How the records of a stream lie one behind another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A record is a line.
    Lines,
    /// A record is a byte: a stream of bytes can be cut anywhere.
    Bytes,
}

impl Settings {
    /// Whether a stream with these is as somebody wants it: a type may be written in several ways.
    pub(super) fn is_as(&self, wanted: &Self) -> bool {
        wire::is_same_type(&self.content_type, &wanted.content_type)
            && (self.lifetime, self.retention) == (wanted.lifetime, wanted.retention)
    }

    /// Those of a stream of JSON records that is kept by `retention`.
    pub(crate) fn json(retention: Retention) -> Self {
        Self {
            content_type: wire::JSON.to_owned(),
            lifetime: Lifetime::Unlimited,
            retention,
        }
    }

    /// Whether it is a stream of JSON records.
    pub(crate) fn is_json(&self) -> bool {
        wire::is_same_type(&self.content_type, wire::JSON)
    }

    /// How its records lie.
    pub(crate) fn framing(&self) -> Framing {
        match wire::media_type(&self.content_type).as_str() {
            wire::JSON | wire::NDJSON => Framing::Lines,
            _ => Framing::Bytes,
        }
    }
}

impl Retention {
    /// What was appended before this may go, where age counts.
    pub(super) fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let age = i64::try_from(self.age?.as_millis()).unwrap_or(i64::MAX);
        Some(Timestamp(now.0.saturating_sub(age)))
    }
}

impl Retain {
    /// What comes of a retention.
    pub(super) fn of(self, retention: Retention) -> Retention {
        Retention {
            bytes: self.bytes.unwrap_or(retention.bytes),
            age: self.age.unwrap_or(retention.age),
        }
    }
}

impl Framing {
    /// How many records there are in `bytes`, which are whole ones.
    pub(super) fn records(self, bytes: &[u8]) -> u64 {
        match self {
            Self::Lines => ndjson::count(bytes) as u64,
            Self::Bytes => bytes.len() as u64,
        }
    }

    /// Puts `between` behind each line, where there are lines.
    pub(crate) fn separate(self, records: &mut [u8], between: u8) {
        if self == Self::Lines && between != ndjson::NEWLINE {
            for byte in records {
                *byte = if *byte == ndjson::NEWLINE {
                    between
                } else {
                    *byte
                };
            }
        }
    }

    /// Whether a record ends where `before` ends.
    pub(super) fn is_border(self, before: &[u8]) -> bool {
        let ends = before.last().is_none_or(|last| *last == ndjson::NEWLINE);
        self == Self::Bytes || ends
    }

    /// The length of the whole records within the first `bytes_max` bytes.
    pub(super) fn whole(self, bytes: &[u8], bytes_max: usize) -> usize {
        match (self, bytes.get(..bytes_max)) {
            (_, None) => bytes.len(),
            (Self::Lines, Some(within)) => ndjson::whole_lines(within),
            (Self::Bytes, Some(within)) => within.len(),
        }
    }

    /// The length of the first so many of the records in `bytes`, which are whole ones.
    pub(super) fn length(self, bytes: &[u8], records: u64) -> usize {
        let last = usize::try_from(records)
            .unwrap_or(usize::MAX)
            .checked_sub(1);
        let end = match (self, last) {
            (_, None) => Some(0),
            (Self::Bytes, Some(last)) => last.checked_add(1),
            (Self::Lines, Some(last)) => {
                let mut ends = memchr::memchr_iter(ndjson::NEWLINE, bytes);
                ends.nth(last).map(|end| end + 1)
            }
        };
        end.map_or(bytes.len(), |end| end.min(bytes.len()))
    }

    /// The length of a page: whole records, `bytes_max` bytes at the most, but one at the least.
    pub(super) fn page(self, bytes: &[u8], bytes_max: usize) -> usize {
        match (self.whole(bytes, bytes_max), self) {
            (0, Self::Lines) => {
                memchr::memchr(ndjson::NEWLINE, bytes).map_or(bytes.len(), |end| end + 1)
            }
            (0, Self::Bytes) => bytes.len().min(1),
            (whole, _) => whole,
        }
    }
}
