//! The average of all values so far, and how many records it was made of.
//!
//! Values are added in the order of the stream, one after the other: the same stream gives the same
//! average, bit for bit. The sum is compensated (Neumaier, "Rundungsfehleranalyse einiger Verfahren
//! zur Summation endlicher Summen", 1974), so that its error does not grow with its length.

/// The running average.
#[derive(Debug, Clone, Default)]
pub(super) struct Average {
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

impl Average {
    /// What has been computed so far.
    pub(super) fn answer(&self) -> Answer {
        Answer {
            records: self.accepted + self.rejected,
            rejected: self.rejected,
            average: self.average(),
        }
    }

    /// Adds a value.
    pub(super) fn add(&mut self, value: f64) {
        self.add_to_sum(value);
        self.accepted += 1;
    }

    /// Counts records without a value.
    pub(super) const fn reject(&mut self, records: u64) {
        self.rejected += records;
    }

    /// All it knows, as numbers.
    pub(super) fn numbers(&self) -> [i64; 4] {
        let bits = |number: f64| number.to_bits().cast_signed();
        let counts = [self.accepted, self.rejected].map(u64::cast_signed);
        [bits(self.sum), bits(self.lost), counts[0], counts[1]]
    }

    /// One that knows all that these numbers say.
    pub(super) fn of_numbers([sum, lost, accepted, rejected]: [i64; 4]) -> Self {
        let number = |bits: i64| f64::from_bits(bits.cast_unsigned());
        Self {
            sum: number(sum),
            lost: number(lost),
            accepted: accepted.cast_unsigned(),
            rejected: rejected.cast_unsigned(),
        }
    }

    /// Adds all that `other` is made of.
    pub(super) fn join(&mut self, other: &Self) {
        self.add_to_sum(other.sum);
        self.lost += other.lost;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
    }

    fn add_to_sum(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    /// The average alone.
    pub(super) fn average(&self) -> Option<f64> {
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
        values.iter().for_each(|value| average.add(*value));
        average.average()
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
    fn a_long_sum_stays_exact() {
        let tenths = vec![0.1; 1_000_000];
        assert_eq!(average(&tenths), Some(0.1));
        assert_ne!(tenths.iter().sum::<f64>() / 1e6, 0.1);
    }

    #[test]
    fn what_is_joined_to_nothing_stays_what_it_is() {
        let (mut some, mut all) = (Average::default(), Average::default());
        [0.1, 1e100, 0.2, -1e100]
            .iter()
            .for_each(|value| some.add(*value));
        some.reject(3);
        all.join(&some);
        assert_eq!(all.answer(), some.answer());
        all.join(&Average::default());
        assert_eq!(all.answer(), some.answer());
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
