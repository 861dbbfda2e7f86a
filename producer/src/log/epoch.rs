//! Offsets that no earlier run can have given.
//!
//! A log in memory forgets what it has given, so it begins at a record sequence that it takes from
//! the clock: 10,000 for each millisecond since 2026. No run may get ahead of the clock at
//! that slope; so whatever a run has given lies below where a later run begins. An append that
//! would get ahead waits. (Sixteen digits last until 2057; a clock that is set back between two
//! runs can break the rule, then a reader's old offset is usually refused as no place.)

use std::time::Duration;

use common::{offset::Offset, time::Timestamp};

/// 2026-01-01 00:00:00 UTC.
const BEGINNING: Timestamp = Timestamp(1_767_225_600_000);

/// Ten million a second: more than a machine takes in, and what the sixteen digits allow.
const RECORDS_PER_MILLISECOND: u64 = 10_000;

/// The beginning of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epoch {
    first: u64,
}

impl Epoch {
    pub(super) fn begin(now: Timestamp) -> Self {
        let elapsed = u64::try_from(now.0 - BEGINNING.0).unwrap_or_default();
        Self {
            first: elapsed * RECORDS_PER_MILLISECOND,
        }
    }

    /// The first place of this run.
    pub(super) const fn first(&self) -> Offset {
        Offset {
            record: self.first,
            byte: 0,
        }
    }

    /// Whether a run that is `age` old may give everything before `next`.
    ///
    /// # Errors
    /// For how long to wait before it may.
    pub(super) fn allows(&self, next: Offset, age: Duration) -> Result<(), Duration> {
        let needed = Duration::from_millis((next.record - self.first) / RECORDS_PER_MILLISECOND);
        match needed.checked_sub(age) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(early) => Err(early),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_run_begins_above_all_that_this_one_may_give() {
        let start = Timestamp(BEGINNING.0 + 5_000);
        let run = Epoch::begin(start);
        let far = run.first().advance(25_000_000, 0);
        let age = Duration::from_millis(2_500);
        assert_eq!(
            run.allows(far, Duration::from_millis(500)),
            Err(Duration::from_secs(2))
        );
        assert_eq!(run.allows(far, age), Ok(()));
        assert!(Epoch::begin(Timestamp(start.0 + 2_500)).first() >= far);
    }
}
