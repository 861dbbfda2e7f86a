//! Moments in UTC ↔ local time. Windows are laid out in local time; watermarks are of the former.
//!
//! Where clocks are put back an hour is there twice, and a window of that hour closes when it has
//! passed for the second time. Where they are put forward an hour is not there at all, and a window
//! that would end in it closes at once when that hour begins.

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};

use crate::{
    plan::Zone,
    transform::operator::{BEGINNING, END},
};

/// No change of a zone lies between two multiples of this but at most one.
const BUCKET_MS: i64 = 15 * 60 * 1000;
/// Times beyond this are no times: calendars end there.
pub(super) const TIME_MAX_MS: i64 = 8_000_000_000_000_000;

/// A zone, or none for times that have none.
#[derive(Debug, Clone)]
pub(in crate::transform) struct Local {
    zone: Option<Zone>,
    /// Moments from the first to before the second are off by the third.
    known: (i64, i64, i64),
}

impl Local {
    pub(in crate::transform) const fn new(zone: Option<Zone>) -> Self {
        Self {
            zone,
            known: (0, 0, 0),
        }
    }

    /// The local time of an instant.
    #[inline]
    pub(super) fn local(&mut self, instant: i64) -> i64 {
        let Some(zone) = self.zone else {
            return instant;
        };
        let (from, until, offset) = self.known;
        if instant >= from && instant < until {
            return instant + offset;
        }
        self.look_up(zone, instant)
    }

    /// The local times of two instants, where all between them are off by the same.
    pub(super) fn span(&mut self, least: i64, greatest: i64) -> Option<(i64, i64)> {
        let span = (self.local(least), self.local(greatest));
        let (from, until, _) = self.known;
        let is_known = least >= from && greatest < until;
        (is_known || self.zone.is_none()).then_some(span)
    }

    #[cold]
    fn look_up(&mut self, zone: Zone, instant: i64) -> i64 {
        let offset = offset(zone, instant);
        let from = instant.div_euclid(BUCKET_MS) * BUCKET_MS;
        let until = from + BUCKET_MS;
        if self::offset(zone, from) == offset && self::offset(zone, until - 1) == offset {
            self.known = (from, until, offset);
        }
        instant + offset
    }

    /// The greatest local time that has passed for good, when instants up to `watermark` have.
    pub(in crate::transform) fn passed(&self, watermark: i64) -> i64 {
        let Some(zone) = self.zone else {
            return watermark;
        };
        if watermark <= -TIME_MAX_MS {
            return BEGINNING;
        }
        if watermark >= TIME_MAX_MS {
            return END;
        }
        let now = offset(zone, watermark);
        let local = watermark + now;
        let later = naive(local).map(|naive| zone.offset_from_local_datetime(&naive));
        let later = later
            .and_then(|offsets| offsets.latest())
            .map_or(now, |offset| ms(offset.fix()));
        if later >= now {
            return local;
        }
        // This hour will come again: only what was before it has passed for good.
        let back = first(watermark, watermark + (now - later), |instant| {
            offset(zone, instant) == later
        });
        back + later - 1
    }

    /// The instant of a local time, as Flink has it: the first of two; where there is none, as much
    /// later as clocks are put forward.
    pub(super) fn instant(&self, local: i64) -> i64 {
        let (Some(zone), Some(naive)) = (self.zone, naive(local)) else {
            return local;
        };
        let found = zone.offset_from_local_datetime(&naive).earliest();
        let offset = found
            .map(|offset| ms(offset.fix()))
            .or_else(|| zone.before_gap(&naive).map(ms));
        local - offset.unwrap_or_default()
    }
}

/// The first of `from..=to` for which `holds`, where it holds for all behind that one.
fn first(from: i64, to: i64, holds: impl Fn(i64) -> bool) -> i64 {
    let (mut from, mut to) = (from, to);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    to
}

fn naive(ms: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_millis(ms).map(|time| time.naive_utc())
}

fn offset(zone: Zone, instant: i64) -> i64 {
    naive(instant).map_or(0, |naive| ms(zone.offset_from_utc_datetime(&naive).fix()))
}

fn ms(offset: chrono::FixedOffset) -> i64 {
    i64::from(offset.local_minus_utc()) * 1000
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn at(text: &str) -> i64 {
        let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S");
        naive.unwrap().and_utc().timestamp_millis()
    }

    /// At each instant (UTC), what local time is and what has passed for good.
    fn check(zone: &str, cases: &[(&str, &str, &str)]) {
        let mut local = Local::new(Some(zone.parse().unwrap()));
        for (instant, expected, passed) in cases {
            assert_eq!(local.local(at(instant)), at(expected), "{zone} {instant}");
            assert_eq!(
                local.passed(at(instant)),
                at(passed),
                "{zone} {instant} passed"
            );
        }
    }

    #[test]
    fn an_hour_that_comes_twice_passes_once() {
        check(
            "Europe/Berlin",
            &[
                (
                    "2021-10-30 23:59:59",
                    "2021-10-31 01:59:59",
                    "2021-10-31 01:59:59",
                ),
                (
                    "2021-10-31 01:00:00",
                    "2021-10-31 02:00:00",
                    "2021-10-31 02:00:00",
                ),
                (
                    "2021-10-31 01:30:00",
                    "2021-10-31 02:30:00",
                    "2021-10-31 02:30:00",
                ),
            ],
        );
        let local = Local::new(Some(Tz::America__New_York.into()));
        let (first, second) = (at("2021-11-07 05:30:00"), at("2021-11-07 06:30:00"));
        assert_eq!(local.passed(first), at("2021-11-07 01:00:00") - 1);
        assert_eq!(local.passed(second), at("2021-11-07 01:30:00"));
        assert_eq!(local.instant(at("2021-11-07 01:30:00")), first);
    }

    #[test]
    fn an_hour_that_is_left_out_has_passed_when_it_would_begin() {
        let mut local = Local::new(Some(Tz::America__New_York.into()));
        let begins = at("2021-03-14 07:00:00");
        assert_eq!(local.local(begins - 1), at("2021-03-14 02:00:00") - 1);
        assert_eq!(local.passed(begins), at("2021-03-14 03:00:00"));
        assert_eq!(
            local.instant(at("2021-03-14 02:30:00")),
            at("2021-03-14 07:30:00")
        );
    }

    #[test]
    fn what_has_passed_never_comes_back() {
        for zone in [
            Tz::Europe__Berlin,
            Tz::America__New_York,
            Tz::Australia__Lord_Howe,
        ] {
            let local = Local::new(Some(zone.into()));
            let year = (at("2021-01-01 00:00:00")..at("2022-01-01 00:00:00")).step_by(60_000);
            let passed: Vec<_> = year.map(|instant| local.passed(instant)).collect();
            assert!(passed.is_sorted(), "{zone}");
        }
    }

    #[test]
    fn times_at_the_ends_of_the_calendar_are_times() {
        let mut local = Local::new(Some(Tz::Europe__Berlin.into()));
        for instant in [-TIME_MAX_MS, TIME_MAX_MS] {
            assert!((local.local(instant) - instant).abs() < 24 * 3_600_000);
            assert!((local.instant(instant) - instant).abs() < 24 * 3_600_000);
        }
        assert_eq!(local.passed(BEGINNING), BEGINNING);
        assert_eq!(local.passed(END), END);
    }
}
