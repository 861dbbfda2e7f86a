//! What is computed of the rows of groups: one accumulator for each aggregate of a step, each with a
//! value for every group, so that a batch costs one call and not one a row.
//!
//! Results are Flink's. Sums of whole numbers wrap around; those of DOUBLE are compensated, so that
//! neither the borders of batches nor the order in which panes are merged is to be seen in them;
//! sums of DECIMAL with more than 38 digits are null. MIN and MAX take NaN for the greatest number.

mod accumulators;
mod arrived;
mod chosen;
mod count;
mod counted;
mod distinct;
mod leaving;
mod news;
mod other;
mod program;
mod seen;
mod sorted;
mod spread;
mod table;
mod tally;
mod total;
mod values;

use std::fmt::Debug;

use arrow::{array::ArrayRef, buffer::NullBuffer};

use super::error::Fault;

pub(super) use accumulators::Accumulators;
pub(super) use program::{Columns, Program};
pub(super) use table::Table;

/// For each key that is forgotten at a time, so many of the values are given back that keys have known.
pub(super) const VALUES: usize = 4;

/// Rows of a batch as one aggregate sees them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    /// The group of each.
    pub(super) groups: &'a [u32],
    /// The arguments; none for `COUNT(*)`.
    pub(super) values: &'a [ArrayRef],
    /// Which rows count; all where there is none. It holds the argument's nulls, and the filter.
    pub(super) valid: Option<&'a NullBuffer>,
    /// Whether each row is added, or taken back; all are added where there is none.
    pub(super) adds: Option<&'a [bool]>,
    /// When each came, counted in rows.
    pub(super) arrivals: &'a [u64],
}

/// One aggregate of all groups. A group that was never updated has the value of no rows.
pub(super) trait Accumulator: Debug + Send {
    /// Makes room for groups up to `bound`.
    fn grow(&mut self, bound: usize);

    /// Takes rows.
    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault>;

    /// Takes rows one by one, and gives the value of each row's group behind it. What is there for rows that
    /// may be taken back does not.
    fn update_each(&mut self, _: &Input<'_>) -> Result<ArrayRef, Fault> {
        Err(Fault::Unsupported(
            "OVER on rows that are taken back".to_owned(),
        ))
    }

    /// The values of these groups.
    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault>;

    /// What these groups know, as columns.
    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault>;

    /// Adds what others knew to these groups, one row each.
    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault>;

    /// Makes these groups anew. Where one may know very much, it is given back by [`Accumulator::sweep`].
    fn clear(&mut self, groups: &[u32]);

    /// Gives back so much, or all there is, of what groups knew that were made anew.
    fn sweep(&mut self, _most: usize) {}

    /// Whether nothing is to be given back.
    fn is_swept(&self) -> bool {
        true
    }

    /// How much memory they take.
    fn bytes(&self) -> usize;
}

impl Input<'_> {
    /// Calls `take` with the number, the group and the sign of each row that counts.
    #[inline]
    fn each(&self, mut take: impl FnMut(usize, usize, bool)) {
        let rows = self.groups.iter().map(|group| *group as usize).enumerate();
        match (self.valid, self.adds) {
            (None, None) => rows.for_each(|(row, group)| take(row, group, true)),
            (Some(valid), None) => rows
                .filter(|(row, _)| valid.is_valid(*row))
                .for_each(|(row, group)| take(row, group, true)),
            (valid, Some(adds)) => rows
                .zip(adds)
                .filter(|((row, _), _)| valid.is_none_or(|valid| valid.is_valid(*row)))
                .for_each(|((row, group), adds)| take(row, group, *adds)),
        }
    }

    /// When that row came.
    #[inline]
    fn arrival(&self, row: usize) -> u64 {
        self.arrivals.get(row).copied().unwrap_or_default()
    }

    /// Whether that row counts.
    fn counts(&self, row: usize) -> bool {
        self.valid.is_none_or(|valid| valid.is_valid(row))
    }

    /// Whether that row is added.
    fn adds(&self, row: usize) -> bool {
        self.adds
            .is_none_or(|adds| adds.get(row).copied().unwrap_or(true))
    }

    /// The argument.
    fn argument(&self) -> Result<&ArrayRef, Fault> {
        self.values
            .first()
            .ok_or_else(|| Fault::Unsupported("an aggregate without an argument".to_owned()))
    }
}

/// The `at`-th column of state.
fn part(state: &[ArrayRef], at: usize) -> Result<&ArrayRef, Fault> {
    state
        .get(at)
        .ok_or_else(|| Fault::State(format!("column {at}")))
}
