//! What is asked of a stream when something is appended, what is answered, and why not.

use bytes::Bytes;
use common::{offset::Offset, record::Batch};
use tokio::sync::oneshot;

use super::settings::Framing;

use super::kept::Misplaced;

/// The entries of an append are not longer without what is of any length.
const ENTRIES_BYTES: usize = 256;

/// What is appended: whole lines, or bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(super) bytes: Bytes,
    /// What follows, where it lies in several places of memory. Each holds whole records.
    pub(super) more: Vec<Bytes>,
    pub(super) records: u64,
}

/// A request to append, to close, or both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Append {
    /// May be empty where the stream is closed.
    pub(crate) content: Content,
    /// Whether nothing may follow.
    pub(crate) closes: bool,
    /// Who says it, and for which time.
    pub(crate) producer: Option<Producer>,
    /// Whether the producer's sequence numbers records, and not requests: then it is that of the
    /// first one here.
    pub(crate) numbers_records: bool,
    /// A text that must be above that of the append before.
    pub(crate) sequence: Option<String>,
    /// Where the stream has to end now.
    pub(crate) at: Option<Offset>,
    /// Whether the content is not of the stream's type: then it is refused, in its turn.
    pub(crate) is_of_other_type: bool,
}

/// Where a producer of a stream stands: what it says again is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Producer {
    /// Its name.
    pub(crate) id: String,
    /// Which life of it; an older one is fenced off.
    pub(crate) epoch: u64,
    /// The number of the request in this life, from 0.
    pub(crate) sequence: u64,
}

/// What was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The place of the first record.
    pub(crate) first: Offset,
    /// The place after the last one.
    pub(crate) next: Offset,
    /// Whether the stream is closed now.
    pub(crate) closed: bool,
    /// Nothing was appended: it had been before.
    pub(crate) is_duplicate: bool,
    /// Where the producer stands now, if there is one.
    pub(crate) producer: Option<Producer>,
}

/// An append that the writer has in its queue, in its order.
#[derive(Debug)]
pub(crate) struct Appending(pub(super) oneshot::Receiver<Result<Vec<Appended>, Refused>>);

/// Why nothing was appended, made or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Nothing can be appended to the stream any more.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// There is nothing of that name.
    #[error("there is no {0}")]
    Missing(String),
    /// There is another one of that name.
    #[error("there is another {0} already, with other settings")]
    Exists(String),
    /// It was deleted, and is there for its forks only.
    #[error("{0} was deleted; forks of it still have its records")]
    Deleted(String),
    /// So it was, and nothing can be made of it, or with its name.
    #[error("{0} was deleted, and its name is free when its last fork is deleted too")]
    Forked(String),
    /// There is no such place in the stream that is to be forked.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// Records are appended to a stream of that name by other ways than its own.
    #[error(
        "{0} is one of JSON records, as topics and /stream append them; make it as application/json"
    )]
    OfRecords(String),
    /// The content is of another type.
    #[error("the stream holds {expected}")]
    WrongType {
        /// The type of the stream.
        expected: String,
    },
    /// The sequence is not above the last one.
    #[error("the sequence is not above that of the append before, {last:?}")]
    Sequence {
        /// The last one.
        last: String,
    },
    /// The stream does not end where it was thought to.
    #[error("the stream ends at {next}, not at {asked}; nothing was appended")]
    Elsewhere {
        /// Where it was thought to end.
        asked: Offset,
        /// The place after its last record.
        next: Offset,
    },
    /// There is a later life of this producer.
    #[error("the producer has begun epoch {epoch}; an older one appends nothing any more")]
    Fenced {
        /// The one that counts.
        epoch: u64,
    },
    /// A new life begins in the middle.
    #[error("a producer's new epoch begins with sequence 0")]
    EpochBegins,
    /// Something of the producer has not come.
    #[error("the producer's sequence {received} does not follow; expected is {expected}")]
    Gap {
        /// What would follow.
        expected: u64,
        /// What came.
        received: u64,
    },
    /// There are as many as there may be.
    #[error("there may be {1} {0} at the most")]
    TooMany(&'static str, usize),
    /// There is no space on the disk for it.
    #[error(transparent)]
    Full(#[from] Full),
    /// Nothing can be made durable any more.
    #[error(transparent)]
    Failed(#[from] Failed),
}

/// The stream has its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream is closed at {next}")]
pub(crate) struct Closed {
    /// The place after the last record.
    pub(crate) next: Offset,
}

/// The disk is nearly full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the disk is full: nothing was appended; appends go on when there is space again")]
pub(crate) struct Full;

/// The disk refused a write or a sync; what is on it then is only known after a restart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log takes nothing since it could not be written ({0}); a restart verifies it")]
pub(crate) struct Failed(pub(super) String);

impl Appending {
    /// Waits until it is durable. May be asked again when the wait was given up.
    ///
    /// # Errors
    /// Nothing was appended; unless the disk failed: then it cannot be told.
    pub(crate) async fn done(&mut self) -> Result<Appended, Refused> {
        let said = (&mut self.0).await.map_err(|_| Failed::stopping())?;
        Ok(said?.pop().expect("a part has an answer"))
    }
}

impl Failed {
    /// Nobody takes commands any more.
    pub(crate) fn stopping() -> Self {
        Self("the producer is stopping".to_owned())
    }
}

impl Content {
    /// Bytes of a stream that has no lines.
    pub(crate) fn bytes(bytes: Bytes) -> Self {
        Self {
            records: bytes.len() as u64,
            bytes,
            more: Vec::new(),
        }
    }

    /// So many records, in several places of memory. None of these is empty.
    pub(super) fn of_parts(parts: impl IntoIterator<Item = Bytes>, records: u64) -> Self {
        let mut parts = parts.into_iter();
        Self {
            bytes: parts.next().unwrap_or_default(),
            more: parts.collect(),
            records,
        }
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many records it holds.
    pub(crate) const fn records(&self) -> u64 {
        self.records
    }

    /// What is behind the first so many of its lines.
    pub(crate) fn behind(&self, lines: u64) -> Self {
        let mut passed = lines;
        let behind = |part: &Bytes| {
            let lines = Framing::Lines.records(part).min(passed);
            passed -= lines;
            part.slice(Framing::Lines.length(part, lines)..)
        };
        let parts = self.parts().map(behind).filter(|part| !part.is_empty());
        Self::of_parts(parts, self.records.saturating_sub(lines))
    }

    /// The bytes, in their order.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.bytes).chain(&self.more)
    }

    /// A copy of all of it.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn lines(&self) -> Vec<u8> {
        self.parts().flatten().copied().collect()
    }

    /// How many bytes it holds.
    pub(crate) fn bytes_len(&self) -> usize {
        self.parts().map(Bytes::len).sum()
    }
}

impl Append {
    /// Where its producer stands when it is done.
    pub(super) fn producer_behind(&self) -> Option<Producer> {
        let mut producer = self.producer.clone()?;
        if self.numbers_records {
            let others = self.content.records.saturating_sub(1);
            producer.sequence = producer.sequence.saturating_add(others);
        }
        Some(producer)
    }

    /// Whether it brings no records.
    pub(super) fn only_closes(&self) -> bool {
        self.closes && !self.has_content()
    }

    /// Whether it brings something, be it of the stream's type or not.
    pub(super) fn has_content(&self) -> bool {
        !self.content.is_empty() || self.is_of_other_type
    }

    /// How long its entries get, at the most.
    pub(super) fn bytes(&self) -> usize {
        let texts = self
            .producer
            .as_ref()
            .map_or(0, |producer| 2 * producer.id.len());
        let sequence = self.sequence.as_ref().map_or(0, String::len);
        ENTRIES_BYTES + self.content.bytes_len() + texts + sequence
    }
}

impl From<Batch> for Content {
    fn from(batch: Batch) -> Self {
        Self {
            records: batch.records(),
            bytes: batch.into_lines(),
            more: Vec::new(),
        }
    }
}

impl From<Content> for Append {
    fn from(content: Content) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_some_lines_is_found_across_the_places_that_they_are_in() {
        let parts = ["1\n22\n", "333\n", "4\n5\n"];
        let all = parts.concat();
        let parts = parts.map(|part| Bytes::from_static(part.as_bytes()));
        let content = Content::of_parts(parts, 5);
        assert_eq!(content.bytes_len(), all.len());
        for passed in 0..=6 {
            let behind = content.behind(passed);
            let expected: String = all
                .split_inclusive('\n')
                .skip(usize::try_from(passed).unwrap())
                .collect();
            assert_eq!(behind.lines(), expected.as_bytes(), "{passed}");
            assert_eq!(behind.records(), 5_u64.saturating_sub(passed));
            assert_eq!(behind.is_empty(), passed >= 5);
        }
    }
}
