//! The time of each row, local to the zone in which windows are aligned, and what is done with rows
//! that come too late.

use arrow::{
    array::{Array, AsArray, UInt32Array},
    compute::{max, min, take_record_batch},
    datatypes::TimestampMillisecondType,
    record_batch::RecordBatch,
};

use super::zone::{Local, TIME_MAX_MS};
use crate::{
    plan::{Time, Zone},
    transform::{
        error::Fault,
        operator::{Counts, END, Out},
    },
};

/// Where rows' times are from, and how far time has come.
#[derive(Debug)]
pub(in crate::transform) struct Timed {
    time: Time,
    pub(super) local: Local,
    /// When it is.
    now: i64,
    /// The greatest local time that has passed for good.
    pub(in crate::transform) passed: i64,
    /// How many rows had no time.
    untimed: u64,
    /// How many came too late.
    late: u64,
    /// Whether late rows are given out.
    keeps_late: bool,
}

/// How far time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transform) enum Moment {
    /// In events, by a watermark.
    Event(i64),
    /// On the clock.
    Clock(i64),
}

impl Timed {
    pub(in crate::transform) const fn new(
        time: Time,
        zone: Option<Zone>,
        keeps_late: bool,
    ) -> Self {
        let local = Local::new(zone);
        Self {
            time,
            local,
            now: 0,
            passed: i64::MIN,
            untimed: 0,
            late: 0,
            keeps_late,
        }
    }

    /// The local time of each row; none where it has none or one that no calendar knows.
    pub(in crate::transform) fn times(
        &mut self,
        rows: &RecordBatch,
    ) -> Result<Vec<Option<i64>>, Fault> {
        let Time::Event(column) = self.time else {
            return Ok(vec![Some(self.local.local(self.now)); rows.num_rows()]);
        };
        let column = rows.columns().get(column);
        let times = column.and_then(|column| column.as_primitive_opt::<TimestampMillisecondType>());
        let Some(times) = times else {
            return Err(Fault::Unsupported(
                "a time that is no TIMESTAMP(3)".to_owned(),
            ));
        };
        let nulls = times.nulls();
        let known = times.values().iter().enumerate().map(|(row, time)| {
            let is_time = (-TIME_MAX_MS..=TIME_MAX_MS).contains(time);
            (is_time && nulls.is_none_or(|nulls| nulls.is_valid(row))).then_some(*time)
        });
        let local = known.map(|time| Some(self.local.local(time?)));
        let local: Vec<_> = local.collect();
        let untimed = local.iter().filter(|time| time.is_none()).count();
        self.untimed += u64::try_from(untimed).unwrap_or_default();
        Ok(local)
    }

    /// The least and the greatest local time, where all rows have times and all are of one offset.
    pub(super) fn span(&mut self, rows: &RecordBatch) -> Option<(i64, i64)> {
        let Time::Event(column) = self.time else {
            let now = self.local.local(self.now);
            return Some((now, now));
        };
        let times = rows
            .columns()
            .get(column)?
            .as_primitive_opt::<TimestampMillisecondType>()?;
        let (least, greatest) = (min(times)?, max(times)?);
        let is_plain = times.null_count() == 0 && least >= -TIME_MAX_MS && greatest <= TIME_MAX_MS;
        is_plain.then(|| self.local.span(least, greatest))?
    }

    /// Takes a new moment. Where more time has passed by it, what had passed before.
    pub(in crate::transform) fn reach(&mut self, moment: Moment) -> Option<i64> {
        let passed = match (moment, self.time) {
            // At the end of its input everything closes, whatever the time is.
            (Moment::Event(END), _) => END,
            (Moment::Event(watermark), Time::Event(_)) => self.local.passed(watermark),
            (Moment::Clock(now), Time::Processing) => {
                self.now = self.now.max(now.clamp(-TIME_MAX_MS, TIME_MAX_MS));
                self.local.passed(self.now - 1)
            }
            (Moment::Event(_), Time::Processing) | (Moment::Clock(_), Time::Event(_)) => {
                return None;
            }
        };
        let before = self.passed;
        self.passed = before.max(passed);
        (passed > before).then_some(before)
    }

    /// These of `rows` came too late: they are counted, and given out where they are kept.
    pub(in crate::transform) fn leave(
        &mut self,
        rows: &RecordBatch,
        late: &[u32],
        out: &mut Out,
    ) -> Result<(), Fault> {
        self.late += u64::try_from(late.len()).unwrap_or_default();
        if self.keeps_late && !late.is_empty() {
            let late = UInt32Array::from(late.to_vec());
            out.late.push(take_record_batch(rows, &late)?);
        }
        Ok(())
    }

    pub(in crate::transform) fn counts(&self) -> Counts {
        Counts {
            late: self.late,
            untimed: self.untimed,
            ..Counts::default()
        }
    }

    /// What is to be remembered.
    pub(in crate::transform) const fn memory(&self) -> [i64; 4] {
        let (untimed, late) = (self.untimed.cast_signed(), self.late.cast_signed());
        [self.now, self.passed, untimed, late]
    }

    /// The way back.
    pub(in crate::transform) const fn remember(&mut self, [now, passed, untimed, late]: [i64; 4]) {
        (self.now, self.passed) = (now, passed);
        (self.untimed, self.late) = (untimed.cast_unsigned(), late.cast_unsigned());
    }
}
