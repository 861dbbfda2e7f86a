//! Wall-clock time as data. Nothing reads the system's clock but [`Clock::System`].

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::DateTime;

/// Milliseconds since 1970-01-01 00:00:00 UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl fmt::Display for Timestamp {
    /// SQL form in UTC with milliseconds: `2026-01-01 00:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_millis(self.0) {
            Some(time) => write!(f, "{}", time.format("%Y-%m-%d %H:%M:%S%.3fZ")),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// The years that RFC 3339 can write, 0 to 9999 in UTC.
const YEARS: std::ops::RangeInclusive<Timestamp> =
    Timestamp(-62_167_219_200_000)..=Timestamp(253_402_300_799_999);

/// A text that is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is written by RFC 3339, as 2026-01-01T00:00:00Z or 2026-01-01T00:00:00+02:00")]
pub struct NotATime;

impl Timestamp {
    /// The time that a text by RFC 3339 names.
    ///
    /// # Errors
    /// It names none, or one in a year that is not written so in UTC: before 0 or after 9999.
    pub fn from_rfc3339(text: &str) -> Result<Self, NotATime> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| NotATime)?;
        let time = Self(time.timestamp_millis());
        YEARS.contains(&time).then_some(time).ok_or(NotATime)
    }

    /// The time by RFC 3339, in UTC with milliseconds: `2026-01-01T00:00:00.000Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_string().replacen(' ', "T", 1)
    }
}

/// Who tells the time: the system, or a test.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's own clock.
    System,
    /// A clock that stands still until it is set.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that shows `start` until [`Clock::set`] moves it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.0)))
    }

    /// Moves a manual clock; the system's clock cannot be moved and stays as it is.
    pub fn set(&self, time: Timestamp) {
        if let Self::Manual(now) = self {
            now.store(time.0, Ordering::SeqCst);
        }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp(system_milliseconds()),
            Self::Manual(now) => Timestamp(now.load(Ordering::SeqCst)),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
fn system_milliseconds() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_as_sql_writes_it() {
        assert_eq!(
            Timestamp(1_767_225_600_000).to_string(),
            "2026-01-01 00:00:00.000Z"
        );
        assert_eq!(
            Timestamp(1_767_225_600_007).to_string(),
            "2026-01-01 00:00:00.007Z"
        );
    }

    #[test]
    fn a_time_by_rfc_3339_is_read_and_written() {
        for (text, written) in [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01T02:00:00.0075+02:00", "2026-01-01T00:00:00.007Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            let time = Timestamp::from_rfc3339(text).unwrap();
            assert_eq!(time.to_rfc3339(), written);
        }
        for text in [
            "",
            "tomorrow",
            "2026-01-01",
            "2026-13-01T00:00:00Z",
            "1767225600",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:60Z",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(Timestamp::from_rfc3339(text), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn a_manual_clock_stands_until_it_is_set() {
        let clock = Clock::manual(Timestamp(5));
        assert_eq!(clock.now(), Timestamp(5));
        clock.set(Timestamp(9));
        assert_eq!(clock.now(), Timestamp(9));
    }
}
