//! How far a reader is behind, from what the server says of its tail: in records, which is a
//! difference, and in time, for which the tails of earlier times have to be remembered.

use std::{collections::VecDeque, time::Duration};

/// How many tails are remembered. Where there are more, every other one is forgotten, and the time
/// is known the less exactly.
const TAILS_MAX: usize = 64;

/// How far a reader is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// How many records it has not got yet.
    pub records: u64,
    /// How long ago it had all there were. Where that was never so: how long it has been reading.
    pub time: Duration,
}

/// The tails that a reader has not reached yet, each with the last time at which it was the tail.
#[derive(Debug, Default)]
pub(super) struct Tails {
    ahead: VecDeque<(u64, Duration)>,
    /// When the last tail that the reader has reached still was the tail.
    reached: Option<Duration>,
}

impl Tails {
    /// How far a reader is behind that stands before record `at`, when before record `tail` the
    /// stream ends, `now` on the server's clock.
    pub(super) fn lag(&mut self, at: u64, tail: u64, now: Duration) -> Lag {
        self.remember(tail, now);
        while let Some((_, then)) = self.ahead.pop_front_if(|(tail, _)| *tail <= at) {
            self.reached = Some(then);
        }
        let reached = *self.reached.get_or_insert(now);
        Lag {
            records: tail.saturating_sub(at),
            time: now.saturating_sub(reached),
        }
    }

    fn remember(&mut self, tail: u64, now: Duration) {
        if let Some(last) = self.ahead.back_mut().filter(|(last, _)| *last == tail) {
            last.1 = now;
            return;
        }
        if self.ahead.len() == TAILS_MAX {
            let mut keep = false;
            self.ahead.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.ahead.push_back((tail, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each step is (at, tail, now in seconds, expected records, expected seconds).
    fn check(steps: &[(u64, u64, u64, u64, u64)]) {
        let mut tails = Tails::default();
        for &(at, tail, now, records, seconds) in steps {
            let expected = Lag {
                records,
                time: Duration::from_secs(seconds),
            };
            let lag = tails.lag(at, tail, Duration::from_secs(now));
            assert_eq!(lag, expected, "at {at} of {tail}, {now} s");
        }
    }

    #[test]
    fn who_has_all_there_is_is_not_behind_however_long_nothing_comes() {
        check(&[
            (5, 5, 100, 0, 0),
            (5, 5, 105, 0, 0),
            (9, 9, 110, 0, 0),
            (9, 9, 500, 0, 0),
        ]);
    }

    #[test]
    fn who_falls_behind_is_so_far_behind_as_the_tail_it_has_reached_is_old() {
        check(&[
            (5, 5, 100, 0, 0),
            (5, 7, 101, 2, 1),
            (6, 9, 103, 3, 3),
            (7, 9, 104, 2, 3),
            (8, 12, 105, 4, 4),
            (9, 12, 106, 3, 2),
            (12, 12, 107, 0, 0),
        ]);
    }

    #[test]
    fn who_reads_history_is_behind_for_as_long_as_it_reads() {
        check(&[
            (0, 1000, 100, 1000, 0),
            (500, 1100, 102, 600, 2),
            (1000, 1200, 104, 200, 4),
            (1150, 1200, 106, 50, 4),
            (1200, 1200, 107, 0, 0),
        ]);
    }

    #[test]
    fn a_clock_that_is_set_back_is_no_lag() {
        check(&[(5, 5, 100, 0, 0), (5, 6, 50, 1, 0)]);
    }

    #[test]
    fn a_reader_that_never_catches_up_remembers_no_more_than_it_may() {
        let mut tails = Tails::default();
        for second in 0..10_000 {
            let lag = tails.lag(second / 2, second, Duration::from_secs(second));
            assert!(tails.ahead.len() <= TAILS_MAX);
            let (time, behind) = (lag.time.as_secs(), second - second / 2);
            assert!(
                time >= behind && time <= behind * 2 + 1,
                "{time} s at {second} s"
            );
        }
    }
}
