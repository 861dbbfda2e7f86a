//! The average of all values so far, and how many records it was made of.
//!
//! Values are added in the order of the stream, one after the other: the same stream gives the same
//! average, bit for bit. The sum is compensated (Neumaier, "Rundungsfehleranalyse einiger Verfahren
//! zur Summation endlicher Summen", 1974), so that its error does not grow with its length.

use crate::parse::Batch;

/// The running average.
#[derive(Debug, Clone, Default)]
pub struct Average {
    sum: f64,
    /// What the roundings of `sum` have lost.
    lost: f64,
    accepted: u64,
    rejected: u64,
}

/// What has been computed so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Answer {
    /// How many records were read, rejected ones too.
    pub records: u64,
    /// How many of them had no value.
    pub rejected: u64,
    /// The average of the others; none where there are none, or where their sum is too large for
    /// an `f64`.
    pub average: Option<f64>,
}

/// What a batch has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The batch.
    pub batch: Batch,
    /// The answer before it.
    pub before: Answer,
    /// The average after each of its values, where it tells the records' spans.
    pub averages: Vec<Option<f64>>,
    /// The answer after it.
    pub answer: Answer,
}

impl Average {
    /// Adds a batch.
    pub fn push(&mut self, batch: Batch) -> Update {
        let before = self.answer();
        let mut averages = Vec::with_capacity(batch.spans.len());
        if batch.spans.is_empty() {
            batch.values.iter().for_each(|value| self.add(*value));
        } else {
            averages.extend(batch.values.iter().map(|value| {
                self.add(*value);
                self.average()
            }));
        }
        self.rejected += batch.rejects.len() as u64;
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
        Answer {
            records: self.accepted + self.rejected,
            rejected: self.rejected,
            average: self.average(),
        }
    }

    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
        self.accepted += 1;
    }

    fn average(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "no stream has 2^53 records")]
        let average = (self.sum + self.lost) / self.accepted as f64;
        average.is_finite().then_some(average)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    use super::*;

    fn average(values: &[f64]) -> Option<f64> {
        let mut average = Average::default();
        average
            .push(Batch {
                values: values.to_vec(),
                ..Batch::default()
            })
            .answer
            .average
    }

    #[test]
    fn an_average_needs_values_and_a_finite_sum() {
        for (values, expected) in [
            (&[][..], None),
            (&[0.0], Some(0.0)),
            (&[1.0, 2.0], Some(1.5)),
            (&[1e308, 1e308], None),
            (&[1e100, 1.0, -1e100, 1.0], Some(0.5)),
        ] {
            assert_eq!(average(values), expected, "{values:?}");
        }
    }

    #[test]
    fn each_record_gets_the_average_so_far() {
        let mut average = Average::default();
        let update = average.push(Batch {
            values: vec![0.0, 2.0, 4.0],
            spans: vec![0..1, 1..2, 2..3],
            ..Batch::default()
        });
        assert_eq!(update.averages, [Some(0.0), Some(1.0), Some(2.0)]);
        assert_eq!(average.push(Batch::default()).before.records, 3);
    }

    #[test]
    fn a_long_sum_stays_exact() {
        let tenths = vec![0.1; 1_000_000];
        assert_eq!(average(&tenths), Some(0.1));
        assert_ne!(tenths.iter().sum::<f64>() / 1e6, 0.1);
    }

    proptest! {
        #[test]
        fn the_average_is_the_exact_one_rounded(
            values in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 1..200)
        ) {
            // Eighths of integers: an i64 adds them exactly.
            let floats: Vec<_> = values.iter().map(|value| *value as f64 / 8.0).collect();
            let exact = values.iter().sum::<i64>() as f64 / 8.0 / values.len() as f64;
            prop_assert_eq!(average(&floats), Some(exact));
        }
    }
}
