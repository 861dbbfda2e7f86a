//! When somebody is called again who did not hear: after a second, and then twice as long each time, a
//! minute at the most, and a fifth more or less, so that those who failed together do not come together.

use common::time::Timestamp;

const FIRST_MILLISECONDS: i64 = 1000;
const MILLISECONDS_MAX: i64 = 60_000;

/// How often in a row nobody heard, and before when nobody is called again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Retry {
    pub(super) failures: u32,
    pub(super) at: Option<Timestamp>,
}

impl Retry {
    /// Nobody heard; `jitter` is by chance, from 0 to 1.
    pub(super) fn fail(&mut self, now: Timestamp, jitter: f64) {
        let doublings = self.failures.min(6);
        self.failures = self.failures.saturating_add(1);
        let wait = (FIRST_MILLISECONDS << doublings).min(MILLISECONDS_MAX);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "it is about a minute"
        )]
        let wait = (wait as f64 * (0.8 + 0.4 * jitter)) as i64;
        self.at = Some(Timestamp(now.0.saturating_add(wait)));
    }

    pub(super) fn is_due(self, now: Timestamp) -> bool {
        self.at.is_none_or(|at| at <= now)
    }
}
