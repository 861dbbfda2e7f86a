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
    pub(super) async fn due(&self, records_max: u64) -> u64 {
        match self.next() {
            // Others want this thread too.
            None => tokio::task::yield_now().await,
            Some(next) => match self.started.checked_add(next) {
                Some(next) => tokio::time::sleep_until(next).await,
                None => std::future::pending().await,
            },
        }
        self.due_after(self.started.elapsed(), records_max)
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

    /// How many are due so long after the start: one record at the least.
    fn due_after(&self, elapsed: Duration, records_max: u64) -> u64 {
        match self.rate {
            Rate::Max => records_max,
            Rate::PerSecond(rate) => self
                .behind(elapsed.as_secs_f64() * rate)
                .clamp(1, records_max),
        }
    }

    /// Counts records as given.
    pub(super) const fn gave(&mut self, records: u64) {
        self.given += records;
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

    /// What is due, which then is given.
    fn take(pace: &mut Pace, milliseconds: u64, records_max: u64) -> u64 {
        let due = pace.due_after(Duration::from_millis(milliseconds), records_max);
        pace.gave(due);
        due
    }

    #[test]
    fn the_first_comes_at_once_and_the_others_in_time() {
        let mut pace = Pace::new(Rate::PerSecond(0.5));
        for second in [0, 2, 4] {
            assert_eq!(pace.next(), Some(Duration::from_secs(second)));
            assert_eq!(take(&mut pace, 1000 * second, 100), 1);
        }
    }

    #[test]
    fn a_delay_is_made_up_for_in_steps() {
        let mut pace = Pace::new(Rate::PerSecond(50_000.0));
        assert_eq!(take(&mut pace, 1, 100), 51);
        assert_eq!(take(&mut pace, 4, 100), 100);
        assert_eq!(take(&mut pace, 4, 100), 50);
        assert_eq!(pace.next(), Some(Duration::from_micros(4_020)));
    }

    #[test]
    fn without_a_pace_all_that_is_wanted_is_due() {
        let mut pace = Pace::new(Rate::Max);
        assert_eq!((pace.next(), take(&mut pace, 0, 7)), (None, 7));
    }
}
