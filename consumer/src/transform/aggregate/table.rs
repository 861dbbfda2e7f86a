//! Groups with the values of all aggregates.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int64Array},
    datatypes::Int64Type,
    record_batch::RecordBatch,
};

use super::{Accumulators, Columns, Program};
use crate::transform::{error::Fault, group::Groups, state::rows_of};

#[derive(Debug)]
pub(in crate::transform) struct Table {
    groups: Groups,
    accumulators: Accumulators,
    /// How many rows each group is of, where rows may be taken back.
    counts: Option<Vec<i64>>,
    /// The group of each row of the batch that was found last.
    found: Vec<u32>,
}

impl Table {
    pub(in crate::transform) fn new(program: &Program) -> Result<Self, Fault> {
        Ok(Self {
            groups: Groups::new(&program.key_types)?,
            accumulators: Accumulators::new(program)?,
            counts: program.retracts.then(Vec::new),
            found: Vec::new(),
        })
    }

    /// Finds or makes the group of each row.
    pub(in crate::transform) fn find(&mut self, columns: &Columns) -> Result<&[u32], Fault> {
        self.find_keys(&columns.keys, columns.rows)?;
        Ok(&self.found)
    }

    fn find_keys(&mut self, keys: &[ArrayRef], rows: usize) -> Result<(), Fault> {
        self.groups.intern(keys, rows, &mut self.found)?;
        let bound = self.groups.bound();
        self.accumulators.grow(bound);
        if let Some(counts) = &mut self.counts {
            counts.resize(bound.max(counts.len()), 0);
        }
        Ok(())
    }

    /// Takes the rows whose groups were found last.
    pub(in crate::transform) fn update(&mut self, columns: &Columns) -> Result<(), Fault> {
        self.accumulators.update(columns, &self.found)?;
        if let Some(counts) = &mut self.counts {
            for (row, group) in self.found.iter().enumerate() {
                let adds = columns.adds.as_ref().and_then(|adds| adds.get(row));
                if let Some(count) = counts.get_mut(*group as usize) {
                    *count += if adds.copied().unwrap_or(true) { 1 } else { -1 };
                }
            }
        }
        Ok(())
    }

    /// Takes the rows whose groups were found last one by one; for each aggregate, its values behind
    /// each row.
    pub(in crate::transform) fn update_each(
        &mut self,
        columns: &Columns,
    ) -> Result<Vec<ArrayRef>, Fault> {
        self.accumulators.update_each(columns, &self.found)
    }

    /// One more than the greatest number of a group so far.
    pub(in crate::transform) const fn bound(&self) -> usize {
        self.groups.bound()
    }

    /// All numbers of groups, also of those that are gone.
    pub(in crate::transform) fn numbers(&self) -> Vec<u32> {
        (0_u32..).take(self.groups.bound()).collect()
    }

    /// Whether a group has rows.
    pub(in crate::transform) fn has_rows(&self, group: u32) -> bool {
        self.rows(group) > 0
    }

    /// How many rows a group has; one where none are taken back.
    pub(in crate::transform) fn rows(&self, group: u32) -> i64 {
        let Some(counts) = &self.counts else {
            return 1;
        };
        counts.get(group as usize).copied().unwrap_or_default()
    }

    /// The keys of these groups.
    pub(in crate::transform) fn keys(&self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        self.groups.keys(groups)
    }

    /// The values of these groups.
    pub(in crate::transform) fn values(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        self.accumulators.values(groups)
    }

    /// Forgets these groups.
    pub(in crate::transform) fn remove(&mut self, groups: &[u32]) {
        self.groups.remove(groups);
        self.clear(groups);
    }

    /// Makes these groups anew.
    pub(in crate::transform) fn clear(&mut self, groups: &[u32]) {
        self.accumulators.clear(groups);
        for group in groups {
            let count = self
                .counts
                .as_mut()
                .and_then(|counts| counts.get_mut(*group as usize));
            if let Some(count) = count {
                *count = 0;
            }
        }
    }

    /// Gives back so many values, or all there are, of groups that were made anew.
    pub(in crate::transform) fn sweep(&mut self, most: usize) {
        self.accumulators.sweep(most);
    }

    /// Whether nothing is to be given back.
    pub(in crate::transform) fn is_swept(&self) -> bool {
        self.accumulators.is_swept()
    }

    /// Gives back up to so many places for values, where nobody uses it any more; how many it was.
    pub(in crate::transform) fn dismantle(&mut self, most: usize) -> usize {
        self.accumulators.dismantle(most)
    }

    /// Adds all that `other` knows.
    pub(in crate::transform) fn merge(&mut self, other: &mut Self) -> Result<(), Fault> {
        let theirs = other.numbers();
        let state = other.columns(&theirs)?;
        self.join(&other.groups.keys(&theirs)?, theirs.len(), &state)
    }

    /// What these groups know, with their keys.
    pub(in crate::transform) fn state(&mut self, groups: &[u32]) -> Result<RecordBatch, Fault> {
        let mut columns = self.groups.keys(groups)?;
        columns.extend(self.columns(groups)?);
        // Without a column a batch could not tell how many groups there are.
        columns.push(Arc::new(Int64Array::from(vec![0; groups.len()])));
        rows_of(columns)
    }

    /// Adds what [`Table::state`] gave.
    pub(in crate::transform) fn restore(&mut self, state: &RecordBatch) -> Result<(), Fault> {
        let keys = self.groups.keys(&[])?.len();
        let (keys, rest) = state.columns().split_at_checked(keys).unwrap_or_default();
        self.join(keys, state.num_rows(), rest)
    }

    fn columns(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let mut columns = Vec::new();
        if let Some(counts) = &self.counts {
            let of = |group: &u32| counts.get(*group as usize).copied().unwrap_or_default();
            columns.push(Arc::new(Int64Array::from_iter_values(groups.iter().map(of))) as ArrayRef);
        }
        columns.extend(self.accumulators.state(groups)?);
        Ok(columns)
    }

    fn join(&mut self, keys: &[ArrayRef], rows: usize, state: &[ArrayRef]) -> Result<(), Fault> {
        self.find_keys(keys, rows)?;
        let mut rest = state;
        if let Some(counts) = &mut self.counts {
            let more = super::part(rest, 0)?.as_primitive::<Int64Type>();
            for (group, more) in self.found.iter().zip(more.values()) {
                if let Some(count) = counts.get_mut(*group as usize) {
                    *count += more;
                }
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        self.accumulators.merge(&self.found, rest)
    }

    /// How much memory it takes.
    pub(in crate::transform) fn bytes(&self) -> usize {
        let counts = self.counts.as_ref().map_or(0, Vec::capacity) * size_of::<i64>();
        self.groups.bytes() + self.accumulators.bytes() + counts
    }
}
