//! What the writer knows of a stream: where the next record goes, and what may go there. It runs
//! ahead of what readers see by the group that is being written.

use common::offset::Offset;

use super::{
    append::{Append, Appended, Closed, Producer, Refused},
    entry::{Entry, StreamId},
    producers::Producers,
    settings::Retention,
};

/// The end of a stream, as it will be when all that was taken is on stable storage.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) next: Offset,
    pub(super) closed: bool,
    pub(super) deleted: bool,
    /// How many forks of it there are.
    pub(super) forks: usize,
    /// The producer whose request has closed it.
    pub(super) closed_by: Option<String>,
    /// `Stream-Seq` of the last append that had one.
    pub(super) sequence: Option<String>,
    pub(super) producers: Producers,
    /// What is before this was sealed.
    pub(super) sealed: Offset,
    /// What the catalogue does not know yet.
    pub(super) unsettled: Unsettled,
}

/// What of a head has changed since the journal file was begun.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Unsettled {
    /// Anything at all.
    pub(super) any: bool,
    pub(super) created: bool,
    pub(super) retired: bool,
    closed: bool,
    sequence: bool,
    /// How much of it is kept now.
    pub(super) retention: Option<Retention>,
}

/// What an append comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is to be done.
    New,
    /// It was done before.
    Done(Appended),
}

impl Head {
    /// The end of a stream in which nothing was appended yet, at `next`.
    pub(super) fn at(next: Offset) -> Self {
        Self {
            next,
            sealed: next,
            ..Self::default()
        }
    }

    /// What `append` comes to, in the protocol's order: closed, producer, type, sequence; and then
    /// whether the stream ends where it shall.
    pub(super) fn check(&self, append: &Append, content_type: &str) -> Result<Verdict, Refused> {
        if self.closed {
            let done = self.check_closed(append, append.has_content())?;
            return Ok(Verdict::Done(done));
        }
        if let Some(producer) = &append.producer
            && let Some(done) = self.check_producer(producer, append.numbers_records)?
        {
            return Ok(Verdict::Done(done));
        }
        if append.is_of_other_type {
            return Err(Refused::WrongType {
                expected: content_type.to_owned(),
            });
        }
        match (&append.sequence, &self.sequence) {
            (Some(sequence), Some(last)) if sequence.as_bytes() <= last.as_bytes() => {
                return Err(Refused::Sequence { last: last.clone() });
            }
            _ => {}
        }
        match append.at {
            Some(asked) if asked != self.next => Err(Refused::Elsewhere {
                asked,
                next: self.next,
            }),
            _ => Ok(Verdict::New),
        }
    }

    /// Closing twice is closing once, and so is the very request that has closed it, said again.
    pub(super) fn check_closed(
        &self,
        append: &Append,
        has_content: bool,
    ) -> Result<Appended, Refused> {
        let is_repeated = match (&append.producer, &self.closed_by) {
            (None, _) => append.closes && !has_content,
            (Some(producer), Some(by)) if producer.id == *by => {
                let state = self.producers.find(by);
                state.is_some_and(|state| {
                    (state.epoch, state.sequence) == (producer.epoch, producer.sequence)
                })
            }
            _ => false,
        };
        if is_repeated {
            let producer = append
                .producer
                .as_ref()
                .map(|producer| producer.id.as_str());
            Ok(self.done(producer))
        } else {
            Err(Closed { next: self.next }.into())
        }
    }

    /// Of records that are numbered some may be known and others not: it is left to who appends
    /// them to begin where the numbers go on.
    fn check_producer(
        &self,
        producer: &Producer,
        numbers_records: bool,
    ) -> Result<Option<Appended>, Refused> {
        let Producer {
            id,
            epoch,
            sequence: received,
        } = producer;
        let Some(state) = self.producers.find(id) else {
            return match *received {
                0 => Ok(None),
                received => Err(Refused::Gap {
                    expected: 0,
                    received,
                }),
            };
        };
        let (expected, received) = (state.sequence + 1, *received);
        if *epoch < state.epoch {
            Err(Refused::Fenced { epoch: state.epoch })
        } else if *epoch > state.epoch {
            (received == 0).then_some(None).ok_or(Refused::EpochBegins)
        } else if received < expected && !numbers_records {
            Ok(Some(self.done(Some(id))))
        } else if received == expected {
            Ok(None)
        } else {
            Err(Refused::Gap { expected, received })
        }
    }

    /// The answer to what was said before.
    pub(super) fn done(&self, producer: Option<&str>) -> Appended {
        let producer = producer.and_then(|id| self.producers.find(id));
        Appended {
            first: self.next,
            next: self.next,
            closed: self.closed,
            is_duplicate: true,
            producer,
        }
    }

    /// Does what was checked.
    pub(super) fn apply(&mut self, append: &Append) -> Appended {
        let (first, content) = (self.next, &append.content);
        self.next = first.advance(content.records(), content.bytes_len() as u64);
        self.unsettled.any = true;
        let producer = append.producer_behind();
        if let Some(producer) = &producer {
            self.producers.heard_of(producer.clone(), false);
        }
        if let Some(sequence) = &append.sequence {
            self.sequence = Some(sequence.clone());
            self.unsettled.sequence = true;
        }
        if append.closes {
            self.close(append.producer.as_ref().map(|producer| producer.id.clone()));
            self.unsettled.closed = true;
        }
        Appended {
            first,
            next: self.next,
            closed: self.closed,
            is_duplicate: false,
            producer,
        }
    }

    pub(super) fn close(&mut self, by: Option<String>) {
        self.closed = true;
        self.closed_by = by;
    }

    /// What the catalogue is to learn of it; asked for once.
    pub(super) fn settle(&mut self, stream: StreamId) -> Vec<Entry> {
        let unsettled = std::mem::take(&mut self.unsettled);
        let mut entries = Vec::new();
        let producers = self.producers.settle().into_iter();
        entries.extend(producers.map(|producer| Entry::Producer { stream, producer }));
        if unsettled.sequence {
            let sequence = self.sequence.clone();
            entries.extend(sequence.map(|sequence| Entry::Sequence { stream, sequence }));
        }
        if let Some(retention) = unsettled.retention {
            entries.push(Entry::Retain { stream, retention });
        }
        if unsettled.closed {
            let by = self.closed_by.clone();
            entries.push(Entry::Close { stream, by });
        }
        if unsettled.retired {
            entries.push(Entry::Retire { stream });
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use common::limits::PRODUCERS_MAX;

    use super::*;
    use crate::log::append::Content;

    fn append(producer: Option<(u64, u64)>) -> Append {
        Append {
            content: Content::bytes(Bytes::from_static(b"ab")),
            producer: producer.map(|(epoch, sequence)| Producer {
                id: "p".to_owned(),
                epoch,
                sequence,
            }),
            ..Append::default()
        }
    }

    /// Does it if it is new; whether it was.
    fn say(head: &mut Head, append: &Append) -> Result<bool, Refused> {
        match head.check(append, "text/plain")? {
            Verdict::New => {
                head.apply(append);
                Ok(true)
            }
            Verdict::Done(_) => Ok(false),
        }
    }

    #[test]
    fn what_a_producer_says_again_is_done_once() {
        let mut head = Head::default();
        for (epoch, sequence, expected) in [
            (
                0,
                1,
                Err(Refused::Gap {
                    expected: 0,
                    received: 1,
                }),
            ),
            (0, 0, Ok(true)),
            (0, 0, Ok(false)),
            (0, 1, Ok(true)),
            (0, 0, Ok(false)),
            (
                0,
                3,
                Err(Refused::Gap {
                    expected: 2,
                    received: 3,
                }),
            ),
            (2, 1, Err(Refused::EpochBegins)),
            (2, 0, Ok(true)),
            (1, 0, Err(Refused::Fenced { epoch: 2 })),
        ] {
            let said = say(&mut head, &append(Some((epoch, sequence))));
            assert_eq!(said, expected, "epoch {epoch}, sequence {sequence}");
        }
        assert_eq!(head.next, Offset { record: 6, byte: 6 });
    }

    #[test]
    fn what_is_refused_is_refused_in_the_order_of_the_protocol() {
        let mut head = Head::default();
        let sequence = |sequence: &str| Append {
            sequence: Some(sequence.to_owned()),
            ..append(None)
        };
        assert_eq!(say(&mut head, &sequence("9")), Ok(true));
        let last = || Refused::Sequence {
            last: "9".to_owned(),
        };
        assert_eq!(say(&mut head, &sequence("10")), Err(last()));
        assert_eq!(say(&mut head, &sequence("9")), Err(last()));
        let other = Append {
            is_of_other_type: true,
            ..sequence("1")
        };
        let expected = "text/plain".to_owned();
        assert_eq!(say(&mut head, &other), Err(Refused::WrongType { expected }));
        let close = Append {
            closes: true,
            ..append(Some((0, 0)))
        };
        assert_eq!(say(&mut head, &close), Ok(true));
        let closed = Closed { next: head.next };
        assert_eq!(say(&mut head, &other), Err(closed.into()));
        assert_eq!(say(&mut head, &close), Ok(false), "said again");
        assert_eq!(say(&mut head, &append(Some((0, 1)))), Err(closed.into()));
        let only_close = Append {
            closes: true,
            ..Append::default()
        };
        assert_eq!(say(&mut head, &only_close), Ok(false));
    }

    #[test]
    fn an_append_can_name_the_place_that_it_is_for() {
        let mut head = Head::default();
        let (begin, behind) = (Offset::default(), Offset { record: 2, byte: 2 });
        let at = |at, producer| Append {
            at: Some(at),
            ..append(producer)
        };
        let elsewhere = |asked, next| Err(Refused::Elsewhere { asked, next });
        assert_eq!(say(&mut head, &at(behind, None)), elsewhere(behind, begin));
        assert_eq!(say(&mut head, &at(begin, Some((0, 0)))), Ok(true));
        assert_eq!(say(&mut head, &at(begin, None)), elsewhere(begin, behind));
        assert_eq!(say(&mut head, &at(begin, Some((0, 0)))), Ok(false), "again");
        assert_eq!(say(&mut head, &at(behind, Some((0, 1)))), Ok(true));
    }

    #[test]
    fn a_sequence_can_number_records() {
        let mut head = Head::default();
        let two_from = |sequence| Append {
            numbers_records: true,
            ..append(Some((0, sequence)))
        };
        let gap = |expected, received| Err(Refused::Gap { expected, received });
        for (sequence, expected) in [
            (1, gap(0, 1)),
            (0, Ok(true)),
            (0, gap(2, 0)),
            (1, gap(2, 1)),
            (3, gap(2, 3)),
            (2, Ok(true)),
        ] {
            assert_eq!(say(&mut head, &two_from(sequence)), expected, "{sequence}");
        }
        let settled = head.settle(StreamId(1));
        let known =
            matches!(&*settled, [Entry::Producer { producer, .. }] if producer.sequence == 3);
        assert!(known, "{settled:?}");
        assert_eq!(say(&mut head, &append(Some((0, 3)))), Ok(false));
    }

    #[test]
    fn producers_are_bounded_and_the_oldest_is_forgotten() {
        let mut head = Head::default();
        let named = |id: usize| Append {
            producer: Some(Producer {
                id: id.to_string(),
                epoch: 0,
                sequence: 0,
            }),
            ..Append::default()
        };
        for id in 0..=PRODUCERS_MAX {
            assert_eq!(say(&mut head, &named(id)), Ok(true));
        }
        assert_eq!(head.producers.len(), PRODUCERS_MAX);
        assert_eq!(say(&mut head, &named(1)), Ok(false));
        assert_eq!(say(&mut head, &named(0)), Ok(true), "it was forgotten");
    }

    #[test]
    fn the_catalogue_learns_what_is_new_to_it() {
        let mut head = Head::default();
        say(&mut head, &append(Some((0, 0)))).unwrap();
        assert_eq!(head.settle(StreamId(1)).len(), 1);
        assert_eq!(head.settle(StreamId(1)), []);
        let close = Append {
            closes: true,
            ..Append::default()
        };
        say(&mut head, &close).unwrap();
        let by = None;
        let stream = StreamId(1);
        assert_eq!(head.settle(stream), [Entry::Close { stream, by }]);
    }
}
