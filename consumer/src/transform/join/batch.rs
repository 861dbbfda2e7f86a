//! Rows that came together by one input of a join.

use arrow::{
    array::AsArray,
    compute::cast,
    datatypes::{DataType, Int64Type},
    record_batch::RecordBatch,
};

use super::side::NONE;
use crate::{
    plan::{Input, Until},
    transform::{
        changes::{Changes, Op},
        error::Fault,
        operator::BEGINNING,
    },
};

/// Rows that came together.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub(super) input: Input,
    pub(super) changes: &'a Changes,
    /// The group of each; none where it belongs to no other, whatever comes.
    pub(super) groups: Vec<u32>,
    /// Until when each is kept, where not for ever.
    pub(super) until: Option<Vec<i64>>,
}

/// A row of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) op: Op,
    /// Whether it will be remembered: rows to come may belong to it.
    pub(super) stays: bool,
}

/// Rows of a batch, each beside a row that is kept of the other input, in the order of the batch.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) own: Vec<u32>,
    pub(super) kept: Vec<u32>,
}

impl Batch<'_> {
    /// Until when a row is kept, where not for ever.
    pub(super) fn until(&self, row: usize) -> Option<i64> {
        self.until
            .as_ref()
            .and_then(|until| until.get(row))
            .copied()
    }

    /// Whether a row is remembered: rows to come may belong to it.
    pub(super) fn stays(&self, row: usize, watermark: i64) -> bool {
        self.groups.get(row).is_some_and(|group| *group != NONE)
            && self.until(row).is_none_or(|until| until > watermark)
    }
}

/// Until when rows are kept: one whose time is null belongs to none.
pub(in crate::transform) fn until_of(until: &Until, rows: &RecordBatch) -> Result<Vec<i64>, Fault> {
    let times = rows.columns().get(until.column);
    let times = times.ok_or_else(|| Fault::Unsupported("a time that is no column".to_owned()))?;
    let times = cast(times, &DataType::Int64)?;
    let times = times.as_primitive::<Int64Type>();
    let until = |time: Option<i64>| time.map_or(BEGINNING, |time| time.saturating_add(until.plus));
    Ok(times.iter().map(until).collect())
}
