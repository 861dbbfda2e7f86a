//! Until when rows count that know it themselves: those of a window until it closes, those of a join
//! within a time until others could no longer belong to them. What has passed never comes back.

use arrow::{
    array::{AsArray, BooleanArray, Int64Array},
    compute::{cast, filter_record_batch, not},
    datatypes::{DataType, Int64Type},
    record_batch::RecordBatch,
};

use super::{
    build::Source,
    changes::Changes,
    error::Fault,
    operator::{BEGINNING, Out},
    window::Local,
};
use crate::plan::Until;

/// Until when the rows of an input count, and what time it is.
#[derive(Debug)]
pub(super) struct Deadline {
    until: Until,
    local: Local,
    /// Up to when event time has passed, where the deadlines are.
    passed: i64,
    late: u64,
    keeps_late: bool,
    /// Of how many columns rows are; those behind them are for late ones alone.
    width: usize,
}

impl Deadline {
    pub(super) fn new(until: Until, source: &Source) -> Self {
        Self {
            until,
            local: Local::new(until.zone),
            passed: BEGINNING,
            late: 0,
            keeps_late: source.keeps_late,
            width: source.schema.fields().len(),
        }
    }

    /// Event time has come to `watermark`.
    pub(super) fn reach(&mut self, watermark: i64) {
        self.passed = self.passed.max(self.local.passed(watermark));
    }

    /// Up to when it has passed.
    pub(super) const fn passed(&self) -> i64 {
        self.passed
    }

    /// Until when each row counts: one whose time is null belongs nowhere.
    pub(super) fn of(&self, rows: &RecordBatch) -> Result<Vec<i64>, Fault> {
        let times = times_of(self.until.column, rows)?;
        let until =
            |time: Option<i64>| time.map_or(BEGINNING, |time| time.saturating_add(self.until.plus));
        Ok(times.iter().map(until).collect())
    }

    /// The rows that still count. Those that do not are counted, and given out where they are kept.
    pub(super) fn in_time(&mut self, changes: Changes, out: &mut Out) -> Result<Changes, Fault> {
        if !self.until.drops_late {
            return Ok(changes);
        }
        let until = self.of(&changes.rows)?;
        let is_in_time = until.iter().map(|until| Some(*until > self.passed));
        let is_in_time: BooleanArray = is_in_time.collect();
        let late = until.len() - is_in_time.true_count();
        if late == 0 {
            return self.narrowed(changes);
        }
        self.late += u64::try_from(late).unwrap_or_default();
        if self.keeps_late {
            let late = filter_record_batch(&changes.rows, &not(&is_in_time)?)?;
            out.late.push(late);
        }
        let rows = filter_record_batch(&changes.rows, &is_in_time)?;
        self.narrowed(Changes::inserts(rows))
    }

    /// Without the columns that are there for late rows alone.
    fn narrowed(&self, changes: Changes) -> Result<Changes, Fault> {
        if changes.rows.num_columns() <= self.width {
            return Ok(changes);
        }
        let own: Vec<_> = (0..self.width).collect();
        Ok(Changes {
            rows: changes.rows.project(&own)?,
            ops: changes.ops,
        })
    }

    /// How many rows came too late.
    pub(super) const fn late(&self) -> u64 {
        self.late
    }

    /// What is to be remembered.
    pub(super) const fn memory(&self) -> [i64; 2] {
        [self.passed, self.late.cast_signed()]
    }

    /// The way back.
    pub(super) const fn remember(&mut self, [passed, late]: [i64; 2]) {
        self.passed = passed;
        self.late = late.cast_unsigned();
    }
}

/// The times in a column, in milliseconds.
pub(super) fn times_of(column: usize, rows: &RecordBatch) -> Result<Int64Array, Fault> {
    let times = rows.columns().get(column);
    let times = times.ok_or_else(|| Fault::Unsupported("a time that is no column".to_owned()))?;
    let times = cast(times, &DataType::Int64)?;
    Ok(times.as_primitive::<Int64Type>().clone())
}
