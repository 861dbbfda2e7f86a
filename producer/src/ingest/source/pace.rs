//! How many records are due: a rate, kept exactly over any time.

use std::time::Duration;

use tokio::time::Instant;

/// How fast a source gives records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rate {
    /// So many in a second, the first at once.
    PerSecond(f64),
    /// As fast as they are read.
    Max,
}

/// Keeps a rate from its start on, so that a delay is made up for and no error adds up.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Rate,
    started: Instant,
    given: u64,
}

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            started: Instant::now(),
            given: 0,
        }
    }

    pub(super) const fn is_unbounded(&self) -> bool {
        matches!(self.rate, Rate::Max)
    }

    /// Waits until at least one record is due; returns how many are, `records_max` at the most.
    pub(super) async fn due(&mut self, records_max: u64) -> u64 {
        match self.next() {
            // Others want this thread too.
            None => tokio::task::yield_now().await,
            Some(next) => match self.started.checked_add(next) {
                Some(next) => tokio::time::sleep_until(next).await,
                None => std::future::pending().await,
            },
        }
        self.take(self.started.elapsed(), records_max)
    }

    /// How long after the start the next record is due; none is at once.
    fn next(&self) -> Option<Duration> {
        match self.rate {
            Rate::Max => None,
            Rate::PerSecond(rate) => {
                let seconds = self.given_f64() / rate;
                Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
            }
        }
    }

    /// Counts what is due so long after the start as given: one record at the least.
    fn take(&mut self, elapsed: Duration, records_max: u64) -> u64 {
        let due = match self.rate {
            Rate::Max => records_max,
            Rate::PerSecond(rate) => self
                .behind(elapsed.as_secs_f64() * rate)
                .clamp(1, records_max),
        };
        self.given += due;
        due
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a source does not give 2^53 records"
    )]
    const fn given_f64(&self) -> f64 {
        self.given as f64
    }

    /// How many of the `ideal` number of records are still to be given.
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    #[expect(clippy::cast_sign_loss, reason = "time does not run backwards")]
    const fn behind(&self, ideal: f64) -> u64 {
        (ideal as u64 + 1).saturating_sub(self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comes_at_once_and_the_others_in_time() {
        let mut pace = Pace::new(Rate::PerSecond(0.5));
        for second in [0, 2, 4] {
            assert_eq!(pace.next(), Some(Duration::from_secs(second)));
            assert_eq!(pace.take(Duration::from_secs(second), 100), 1);
        }
    }

    #[test]
    fn a_delay_is_made_up_for_in_steps() {
        let mut pace = Pace::new(Rate::PerSecond(50_000.0));
        assert_eq!(pace.take(Duration::from_millis(1), 100), 51);
        assert_eq!(pace.take(Duration::from_millis(4), 100), 100);
        assert_eq!(pace.take(Duration::from_millis(4), 100), 50);
        assert_eq!(pace.next(), Some(Duration::from_micros(4_020)));
    }

    #[test]
    fn without_a_pace_all_that_is_wanted_is_due() {
        let mut pace = Pace::new(Rate::Max);
        assert_eq!((pace.next(), pace.take(Duration::ZERO, 7)), (None, 7));
    }
}
