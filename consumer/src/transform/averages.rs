//! The averages of streams that are read side by side, and the one of all their records.
//!
//! Each stream has its own sum, and they are put together in the order of their numbers: so the
//! average of a topic depends on what its partitions hold, and not on which of them was faster.
//! What was not proved to be complete can be taken back.

use super::{Answer, Average, Update};
use crate::parse::Batch;

/// The running averages of one stream or more.
#[derive(Debug, Clone)]
pub struct Averages(Vec<Part>);

#[derive(Debug, Clone, Default)]
struct Part {
    now: Average,
    /// As it was when all of it was proved to be complete.
    proved: Average,
}

impl Default for Averages {
    fn default() -> Self {
        Self::of(1)
    }
}

impl Averages {
    /// Those of `streams` streams, of which nothing has come.
    #[must_use]
    pub fn of(streams: usize) -> Self {
        Self(vec![Part::default(); streams])
    }

    /// Adds a batch to the average of its stream.
    pub fn push(&mut self, batch: Batch) -> Update {
        let before = self.answer();
        let part = self.part(batch.origin.partition);
        if batch.proved {
            part.proved = part.now.clone();
        }
        part.now.reject(batch.rejects.len() as u64);
        let averages = if batch.spans.is_empty() {
            batch.values.iter().for_each(|value| part.now.add(*value));
            Vec::new()
        } else {
            let values = batch.values.iter();
            values
                .map(|value| {
                    self.part(batch.origin.partition).now.add(*value);
                    self.all().average()
                })
                .collect()
        };
        Update {
            before,
            averages,
            answer: self.answer(),
            batch,
        }
    }

    /// What has been computed so far.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.all().answer()
    }

    /// Forgets all that `stream` has brought.
    pub fn begin_anew(&mut self, stream: usize) {
        *self.part(stream) = Part::default();
    }

    /// Forgets what `stream` has brought since it was last proved to be complete.
    pub fn take_back(&mut self, stream: usize) {
        let part = self.part(stream);
        part.now = part.proved.clone();
    }

    fn all(&self) -> Average {
        let mut all = Average::default();
        self.0.iter().for_each(|part| all.join(&part.now));
        all
    }

    fn part(&mut self, stream: usize) -> &mut Part {
        let part = self.0.get_mut(stream);
        part.expect("there are as many parts as streams")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::parse::{Reason, Reject};

    fn batch(partition: usize, values: &[f64]) -> Batch {
        let mut batch = Batch {
            values: values.to_vec(),
            ..Batch::default()
        };
        Arc::make_mut(&mut batch.origin).partition = partition;
        batch
    }

    fn proved(batch: Batch) -> Batch {
        Batch {
            proved: true,
            ..batch
        }
    }

    #[test]
    fn each_record_gets_the_average_of_all_streams_so_far() {
        let mut averages = Averages::of(2);
        averages.push(batch(1, &[9.0]));
        let update = averages.push(Batch {
            spans: vec![0..1, 1..2, 2..3],
            ..batch(0, &[0.0, 3.0, 4.0])
        });
        assert_eq!(update.averages, [Some(4.5), Some(4.0), Some(4.0)]);
        assert_eq!(update.before.records, 1);
        assert_eq!(update.answer.records, 4);
        assert_eq!(averages.push(Batch::default()).before.records, 4);
    }

    #[test]
    fn only_what_one_stream_has_brought_since_its_proof_is_taken_back() {
        let mut averages = Averages::of(2);
        averages.push(batch(0, &[1.0, 3.0]));
        averages.push(batch(1, &[100.0]));
        averages.push(proved(batch(0, &[5.0])));
        averages.push(Batch {
            rejects: vec![Reject {
                reason: Reason::NotJson,
                before: (0, 0),
                span: 0..1,
            }],
            ..batch(0, &[7.0])
        });
        let check = |averages: &Averages, records, rejected, average| {
            let expected = Answer {
                records,
                rejected,
                average: Some(average),
            };
            assert_eq!(averages.answer(), expected);
        };
        check(&averages, 6, 1, 116.0 / 5.0);
        averages.take_back(0);
        check(&averages, 3, 0, 104.0 / 3.0);
        averages.take_back(0);
        check(&averages, 3, 0, 104.0 / 3.0);
        averages.begin_anew(1);
        check(&averages, 2, 0, 2.0);
        averages.begin_anew(0);
        averages.push(batch(1, &[4.0]));
        averages.take_back(0);
        check(&averages, 1, 0, 4.0);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_which_stream_was_faster(
            batches in prop::collection::vec((0_usize..3, prop::collection::vec(-1e9..1e9_f64, 0..5)), 0..20),
            turns in prop::collection::vec(any::<usize>(), 20),
        ) {
            let (mut one, mut other) = (Averages::of(3), Averages::of(3));
            for (stream, values) in &batches {
                one.push(batch(*stream, values));
            }
            let mut streams: Vec<Vec<_>> = (0..3)
                .map(|stream| batches.iter().filter(|(of, _)| *of == stream).rev().collect())
                .collect();
            let turns = turns.iter().map(|turn| turn % 3).chain((0..3).cycle());
            for turn in turns {
                if streams.iter().all(Vec::is_empty) {
                    break;
                }
                if let Some((stream, values)) = streams[turn].pop() {
                    other.push(batch(*stream, values));
                }
            }
            prop_assert_eq!(one.answer(), other.answer());
        }
    }
}
