//! Forks: a stream that begins as another one was up to a place, and goes on by itself.
//!
//! ```text
//!  source   …┤ shared     ├── what came later, which no fork sees ──▶
//!  fork      ├ its past   ├── its own ──▶
//!           from          at
//! ```
//!
//! Nothing is copied. A fork reads its past where it lies: in memory, in the journal and in the segments
//! of its source, and of the source of that. So each of these streams notes who needs which of its
//! records (a *pin*), and a segment stays as long as its own stream keeps it or a pin is on it, whatever
//! the stream's retention lets go of, and whether it is deleted or not. When a fork is gone, or has
//! let go of its past by its own retention, its pins are.
//!
//! A stream that is deleted while it has forks is *retired*: nobody reads it, its name stays taken, and
//! of its records only those stay that are pinned. It goes with the last of its forks.
//!
//! In memory nothing is pinned: how much is kept there has one bound for all streams, and a fork's past
//! is what its source still has.

use common::{limits::FORKS_DEEP_MAX, offset::Offset, time::Timestamp};

use super::{
    Log,
    append::Refused,
    command::Fork,
    entry::{Entry, StreamId},
    group::{Group, named},
    kept::Misplaced,
    staged::Effect,
    stream::Stream,
};

/// What a fork has of another stream.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) source: Stream,
    /// The earliest that it shared when it was made.
    pub(super) from: Offset,
    /// Where it goes on by itself.
    pub(super) at: Offset,
    /// When it was made; nothing that it shares is newer.
    pub(super) since: Timestamp,
}

/// Segments of a stream that nobody needs any more.
pub(super) type Gone = (StreamId, Vec<Offset>);

impl Origin {
    /// What the stream of that number has of `source` before `at`; from now on that stays.
    fn pinned(
        fork: StreamId,
        source: Stream,
        at: Offset,
        since: Timestamp,
    ) -> Result<Self, Misplaced> {
        let mut origin = Self {
            source,
            from: Offset::default(),
            at,
            since,
        };
        // All is pinned before it is looked how much that is: what is seen then cannot go any more.
        origin.pin(fork);
        origin.from = origin.source.earliest();
        if at < origin.from {
            // Nothing is let go of: what could be was not kept for this one.
            origin
                .streams()
                .for_each(|(stream, _)| stream.settled().unpin(fork));
            let earliest = origin.from;
            return Err(Misplaced::Gone { at, earliest });
        }
        origin.pin(fork);
        Ok(origin)
    }

    /// Notes who needs these records.
    pub(super) fn pin(&self, fork: StreamId) {
        #[cfg(test)]
        if super::proof::is_unpinned() {
            return;
        }
        for (stream, until) in self.streams() {
            stream.settled().pins.insert(fork, (self.from, until));
        }
    }

    /// Lets go of them; returns what nobody else needs.
    pub(super) fn unpin(&self, fork: StreamId) -> Vec<Gone> {
        let unpin = |(stream, _): (&Stream, Offset)| {
            if let Err(error) = stream.shelf() {
                tracing::warn!(%error, stream = stream.name(), "cannot tell what its fork has left");
            }
            let mut settled = stream.settled();
            settled.unpin(fork);
            (stream.id(), settled.let_go())
        };
        self.streams().map(unpin).collect()
    }

    /// The streams whose records these are, each with the place where it ends for the fork.
    pub(super) fn streams(&self) -> impl Iterator<Item = (&Stream, Offset)> {
        let (mut next, mut until) = (Some(self), Offset::MAX);
        std::iter::from_fn(move || {
            let origin = next?;
            until = until.min(origin.at);
            next = origin.source.origin();
            Some((&origin.source, until))
        })
    }

    /// What the catalogue says of it.
    pub(super) fn entry(&self, stream: StreamId) -> Entry {
        Entry::Fork {
            stream,
            source: self.source.id(),
            from: self.from,
            at: self.at,
            since: self.since,
        }
    }

    /// Whether it is what was asked for. Where no place is named, any is.
    pub(super) fn is_as(&self, fork: &Fork) -> bool {
        let is_at = fork.at.is_none_or(|at| at == self.at);
        self.source.id() == fork.source.id() && is_at
    }
}

impl Log {
    /// What the stream `name` is to begin with: what there is of another one up to its end, or up to the
    /// place so many records behind a place in it, but not more than `bytes_max` bytes.
    ///
    /// # Errors
    /// There is no such stream, or no such place in it.
    pub(crate) fn fork(
        &self,
        name: &str,
        of: &str,
        at: Option<(Offset, u64)>,
        bytes_max: usize,
    ) -> Result<Fork, Refused> {
        let source = self.known(of);
        let (source, presence) = source.ok_or_else(|| Refused::Missing(named(of)))?;
        let place = |(at, records)| {
            // What comes before all records is known by its zeros, also where the first has a later place.
            let is_first = at == Offset::default();
            let at = if is_first { source.beginning() } else { at };
            if presence == Presence::There {
                return Ok(source.place(at, records, bytes_max)?);
            }
            // Who asks once more for a fork that is there is told so.
            let made = self.known(name);
            let origin = made.as_ref().and_then(|(made, _)| made.origin());
            let place = origin.map(|origin| origin.at);
            let place = place.filter(|place| place.record == at.record.saturating_add(records));
            place.ok_or_else(|| Refused::Forked(named(of)))
        };
        let at = at.map(place).transpose()?;
        Ok(Fork { source, at })
    }
}

/// Whether a stream is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is.
    There,
    /// For its forks only.
    Retired,
    /// Not any more, and its name is free.
    Gone,
}

impl Stream {
    /// Whether it is there. That its lifetime is over is written a while later; nobody sees a difference.
    pub(super) fn presence(&self) -> Presence {
        if self.tail().deleted {
            Presence::Retired
        } else if !self.is_expired() {
            Presence::There
        } else if self.head().forks > 0 {
            Presence::Retired
        } else {
            Presence::Gone
        }
    }

    /// Whose records lie at `at`, and where they end for this stream.
    pub(super) fn owner(&self, at: Offset) -> (&Self, Offset) {
        let mut owner = (self, Offset::MAX);
        let past = self.origin().into_iter().flat_map(Origin::streams);
        for earlier in past {
            if owner.0.origin().is_none_or(|origin| at >= origin.at) {
                break;
            }
            owner = earlier;
        }
        owner
    }

    /// The place `records` records behind the place `at`, if that is none beyond the end, and not
    /// more than `bytes_max` bytes further on.
    ///
    /// # Errors
    /// There is no such place, or what lies before it is no longer kept, or damaged.
    fn place(&self, at: Offset, records: u64, bytes_max: usize) -> Result<Offset, Misplaced> {
        let place = self.cursor(at)?.skip(records, bytes_max);
        let next = self.tail().next;
        place?.ok_or(Misplaced::Beyond { at, records, next })
    }
}

impl Group<'_> {
    /// What a fork that is made now has of its source.
    pub(super) fn origin(&mut self, fork: &Fork) -> Result<Origin, Refused> {
        let name = fork.source.name();
        let source = self.stream(name);
        let source = source.filter(|source| source.id() == fork.source.id());
        let source = source.ok_or_else(|| Refused::Missing(named(name)))?;
        let head = source.head();
        let (next, is_deleted) = (head.next, head.deleted);
        drop(head);
        if is_deleted {
            return Err(Refused::Forked(named(name)));
        }
        if source.origin().map_or(0, |origin| origin.streams().count()) >= FORKS_DEEP_MAX {
            return Err(Refused::TooMany(
                "forks, each of the one before",
                FORKS_DEEP_MAX,
            ));
        }
        let at = fork.at.unwrap_or(next);
        Ok(Origin::pinned(self.next_stream, source, at, self.time)?)
    }

    /// Removes a stream, or retires it where it has forks; and those that were there for it only.
    pub(super) fn remove(&mut self, stream: &Stream) {
        let mut next = Some(stream);
        while let Some(stream) = next.take() {
            let mut head = stream.head();
            head.deleted = true;
            if head.forks > 0 {
                head.unsettled.retired = true;
                let is_first = !std::mem::replace(&mut head.unsettled.any, true);
                drop(head);
                self.retire(stream, is_first);
                return;
            }
            drop(head);
            self.draft.push(&Entry::Delete {
                stream: stream.id(),
            });
            self.streams.insert(stream.name().to_owned(), None);
            self.staged.effects.push(Effect::Delete(stream.clone()));
            let source = stream.origin().map(|origin| &origin.source);
            next = source.filter(|source| {
                let mut head = source.head();
                head.forks -= 1;
                head.deleted && head.forks == 0
            });
        }
    }

    fn retire(&mut self, stream: &Stream, is_first: bool) {
        self.draft.push(&Entry::Retire {
            stream: stream.id(),
        });
        if is_first {
            self.staged.effects.push(Effect::Touch(stream.clone()));
        }
        self.staged.effects.push(Effect::Retire(stream.clone()));
    }
}

#[cfg(test)]
mod tests {
    use common::{record::Batch, time::Clock};
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::log::{
        Content, Create, DEFAULT, FileBytesMax, Lost, Options, Retention, Room, Settings,
        kept::SEGMENT_BYTES,
    };

    fn log() -> Log {
        let options = Options {
            directory: None,
            retention: Retention::default(),
            memory_bytes: 8 * SEGMENT_BYTES as u64,
            inflight_bytes: 1 << 20,
            file_bytes_max: FileBytesMax {
                journal: 1 << 20,
                segment: 1 << 20,
            },
            floor_bytes: 0,
        };
        let clock = Clock::manual(Timestamp(1_800_000_000_000));
        let opened = Log::open(&options, &clock, &mut Registry::default());
        opened.unwrap().0
    }

    async fn append(log: &Log, stream: &Stream, text: &str) -> Offset {
        let content: Content = Batch::from_ndjson(text.as_bytes()).unwrap().into();
        let appended = log.append(stream, content, Room::of_source()).await;
        appended.unwrap().first
    }

    #[tokio::test]
    async fn in_memory_the_past_is_there_as_long_as_the_source_has_it() {
        let log = log();
        let source = log.stream(DEFAULT).unwrap();
        let first = append(&log, &source, "1\n22").await;
        let zero = Some((Offset::default(), 1));
        let create = Create {
            name: "fork".to_owned(),
            settings: Settings::json(Retention::default()),
            content: Content::default(),
            closed: false,
            fork: Some(log.fork("fork", DEFAULT, zero, 2).unwrap()),
        };
        let fork = log.create(create, Room::of_source()).await.unwrap().stream;
        assert_eq!(append(&log, &fork, "33").await, first.advance(1, 2));
        let mut cursor = fork.cursor(fork.earliest()).unwrap();
        let mut late = fork.cursor(first).unwrap();
        for expected in ["1\n", "33\n"] {
            assert_eq!(cursor.read(100).unwrap().unwrap().lines, expected);
        }
        assert_eq!(
            cursor.read(100),
            Ok(None),
            "what came later it does not see"
        );
        let too_far = log.fork("other", DEFAULT, Some((first, 2)), 4);
        assert!(matches!(too_far, Err(Refused::Misplaced(_))), "{too_far:?}");

        let long = format!("\"{}\"", "x".repeat(SEGMENT_BYTES - 3));
        while source.earliest() == first {
            append(&log, &source, &long).await;
        }
        // What it had of its own may be gone as well: it is as old.
        assert!(fork.earliest() > first);
        let lost = late.read(100);
        assert!(matches!(lost, Err(Lost::Overrun { .. })), "{lost:?}");
        let gone = fork.cursor(first).unwrap_err();
        assert!(matches!(gone, Misplaced::Gone { .. }), "{gone}");
        let again = log.fork("other", DEFAULT, Some((first, 0)), 0);
        assert!(matches!(again, Err(Refused::Misplaced(_))), "{again:?}");
        let news = append(&log, &fork, "44").await;
        let own = fork.cursor(news).unwrap().read(100);
        assert_eq!(own.unwrap().unwrap().lines, "44\n");
    }
}
