//! Dates, times and timestamps from their text, as Flink's formats write them.
//!
//! Years have four digits. A day or a second that does not exist is refused, where Flink would move
//! the 30th of February to the 28th in some formats and refuse it in others.

use arrow::datatypes::TimeUnit;

use super::{Timestamps, digits};

const MINUTE_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 24 * 3600;

/// The nanoseconds of a fraction's last place, for one place, two and so on.
const UNITS: [i64; 9] = [
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

/// A point in time, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) seconds: i64,
    pub(super) nanoseconds: i64,
}

impl Moment {
    /// It in a unit; none where an `i64` cannot count so far.
    #[inline]
    pub(super) fn count(self, unit: TimeUnit) -> Option<i64> {
        let (per_second, fraction) = match unit {
            TimeUnit::Second => (1, 0),
            TimeUnit::Millisecond => (1_000, self.nanoseconds / 1_000_000),
            TimeUnit::Microsecond => (1_000_000, self.nanoseconds / 1_000),
            TimeUnit::Nanosecond => (1_000_000_000, self.nanoseconds),
        };
        self.seconds.checked_mul(per_second)?.checked_add(fraction)
    }
}

/// The minute of the timestamp before: the next one is often of the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minute {
    text: [u8; 16],
    seconds: i64,
}

impl Minute {
    /// One that no text is of: these bytes are in no UTF-8.
    pub(super) const NONE: Self = Self {
        text: [0xff; 16],
        seconds: 0,
    };

    /// The timestamp with which the text begins, and its length. A `zoned` one ends in `Z`.
    #[inline]
    pub(super) fn timestamp(
        &mut self,
        text: &[u8],
        timestamps: Timestamps,
        zoned: bool,
    ) -> Option<(Moment, usize)> {
        let (minute, rest) = text.split_first_chunk::<16>()?;
        if *minute != self.text {
            self.seconds = minute_seconds(minute, timestamps)?;
            self.text = *minute;
        }
        let (seconds, nanoseconds, length) = match rest.first() {
            Some(b':') => seconds(rest)?,
            _ if timestamps == Timestamps::Iso8601 => (0, 0, 0),
            _ => return None,
        };
        if zoned && rest.get(length) != Some(&b'Z') {
            return None;
        }
        let moment = Moment {
            seconds: self.seconds + seconds,
            nanoseconds,
        };
        Some((moment, minute.len() + length + usize::from(zoned)))
    }
}

/// The seconds from 1970 to the minute `2026-01-01 00:00`.
fn minute_seconds(text: &[u8; 16], timestamps: Timestamps) -> Option<i64> {
    let separator = match timestamps {
        Timestamps::Sql => b' ',
        Timestamps::Iso8601 => b'T',
    };
    let (day, rest) = text.split_first_chunk::<10>()?;
    let rest = rest.strip_prefix(&[separator])?;
    Some(i64::from(days(day)?) * DAY_SECONDS + day_minutes(rest)? * MINUTE_SECONDS)
}

/// The minutes of `00:00`.
fn day_minutes(text: &[u8]) -> Option<i64> {
    let (hour, minute) = (pair(text.get(..2)?)?, pair(text.get(3..5)?)?);
    let exists = text.get(2) == Some(&b':') && hour < 24 && minute < 60;
    exists.then_some(hour * 60 + minute)
}

/// The seconds and nanoseconds of `:00.123`, and its length.
#[inline]
fn seconds(text: &[u8]) -> Option<(i64, i64, usize)> {
    let seconds = pair(text.get(1..3)?).filter(|seconds| *seconds < 60)?;
    if text.get(3) != Some(&b'.') {
        return Some((seconds, 0, 3));
    }
    let (fraction, places) = digits::leading(text.get(4..)?);
    let unit = UNITS.get(places.checked_sub(1)?)?;
    Some((seconds, fraction.cast_signed() * unit, 4 + places))
}

/// The milliseconds of the day in `00:00:00.123`.
pub(super) fn time(text: &[u8]) -> Option<i32> {
    let (minute, rest) = text.split_at_checked(5)?;
    let minutes = day_minutes(minute)?;
    rest.strip_prefix(b":")?;
    let (seconds, nanoseconds, length) = seconds(rest)?;
    let milliseconds = (minutes * MINUTE_SECONDS + seconds) * 1000 + nanoseconds / 1_000_000;
    (length == rest.len()).then(|| i32::try_from(milliseconds).ok())?
}

/// The days from 1970 to `2026-01-01`.
pub(super) fn date(text: &[u8]) -> Option<i32> {
    days(text.try_into().ok()?)
}

fn days(text: &[u8; 10]) -> Option<i32> {
    let [century @ .., b'-', _, _, b'-', _, _] = text else {
        return None;
    };
    let (century, year) = century.split_at_checked(2)?;
    let year = pair(century)? * 100 + pair(year)?;
    let (month, day) = (pair(text.get(5..7)?)?, pair(text.get(8..)?)?);
    let exists = (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
    exists.then(|| i32::try_from(since_1970(year, month, day)).ok())?
}

const fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the Gregorian calendar. Years are counted from March, so that a leap day is a year's last.
const fn since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let before_month = (153 * month + 2) / 5;
    365 * year + leap_days + before_month + day - 719_469
}

#[inline]
fn pair(text: &[u8]) -> Option<i64> {
    match text {
        [tens @ b'0'..=b'9', units @ b'0'..=b'9'] => {
            Some(i64::from(tens - b'0') * 10 + i64::from(units - b'0'))
        }
        _ => None,
    }
}
