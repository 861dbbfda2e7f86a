//! Rows that came together by one input of a join.

use arrow::{
    array::{Array, ArrayRef, UInt32Array},
    compute::take,
    datatypes::SchemaRef,
    record_batch::RecordBatch,
};

use super::side::{NONE, Side};
use crate::{
    plan::{Expression, Input},
    transform::{
        changes::{Changes, Op},
        error::Fault,
        expiry::Expiry,
        expression::truth,
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
    /// Whether rows are remembered at all.
    pub(super) is_kept: bool,
}

/// A row of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) op: Op,
    /// Whether it will be remembered: rows to come may belong to it.
    pub(super) stays: bool,
    /// Whether it belongs to none; of one that is taken back, as far as was told.
    pub(super) is_alone: bool,
}

/// Rows of a batch, each beside a row that is kept of the other input, in the order of the batch.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) own: Vec<u32>,
    pub(super) kept: Vec<u32>,
}

/// So many pairs of rows are looked at together, or as many as one row has.
const PAIRS_MAX: usize = 32 * 1024;

impl Batch<'_> {
    /// The rows from `begin` on beside all rows of the same key that have not ended; and which row
    /// comes behind them.
    pub(super) fn pairs(
        &self,
        begin: usize,
        other: &Side,
        expiry: Option<&Expiry>,
    ) -> (Pairs, usize) {
        let is_there = |kept: &u32| expiry.is_none_or(|expiry| !expiry.has_ended(*kept));
        let (mut pairs, mut end) = (Pairs::default(), begin);
        for (number, group) in (0_u32..).zip(&self.groups).skip(begin) {
            if pairs.own.len() >= PAIRS_MAX {
                break;
            }
            for kept in other.group(*group).filter(is_there) {
                pairs.own.push(number);
                pairs.kept.push(kept);
            }
            end += 1;
        }
        (pairs, end)
    }

    /// The pairs for which the rest of the condition is true.
    pub(super) fn filtered(
        &self,
        pairs: Pairs,
        other: &Side,
        (filter, pair): (&Expression, &SchemaRef),
    ) -> Result<Pairs, Fault> {
        if pairs.own.is_empty() {
            return Ok(pairs);
        }
        let rows = UInt32Array::from(pairs.own.clone());
        let own = self.changes.rows.columns().iter();
        let own = own.map(|column| take(column, &rows, None));
        let own = own.collect::<Result<Vec<_>, _>>()?;
        let kept = other.columns(&pairs.kept)?;
        let both = match self.input {
            Input::First => [own, kept],
            Input::Second => [kept, own],
        };
        let rows = RecordBatch::try_new(pair.clone(), both.concat())?;
        let is_true = truth(filter, &rows)?;
        let left = |all: &[u32]| {
            let both = all.iter().zip(is_true.values());
            both.filter_map(|(one, is_true)| is_true.then_some(*one))
                .collect()
        };
        Ok(Pairs {
            own: left(&pairs.own),
            kept: left(&pairs.kept),
        })
    }

    /// Until when a row is kept, where not for ever.
    pub(super) fn until(&self, row: usize) -> Option<i64> {
        self.until
            .as_ref()
            .and_then(|until| until.get(row))
            .copied()
    }

    /// Whether a row is remembered: rows to come may belong to it.
    pub(super) fn stays(&self, row: usize, passed: i64) -> bool {
        self.is_kept
            && self.groups.get(row).is_some_and(|group| *group != NONE)
            && self.until(row).is_none_or(|until| until > passed)
    }
}

/// Leaves rows of which a key is null without a group: they are equal to none.
pub(super) fn leave_out_nulls(keys: &[ArrayRef], groups: &mut [u32]) {
    for key in keys.iter().filter(|key| key.null_count() > 0) {
        for (row, group) in groups.iter_mut().enumerate() {
            if key.is_null(row) {
                *group = NONE;
            }
        }
    }
}
