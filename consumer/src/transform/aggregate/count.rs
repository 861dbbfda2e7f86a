//! COUNT: how many rows, or how many values that are not null.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int64Array},
    datatypes::Int64Type,
};

use super::{Accumulator, Input, part};
use crate::transform::error::Fault;

#[derive(Debug, Default)]
pub(super) struct Count {
    counts: Vec<i64>,
}

impl Count {
    fn of(&self, group: u32) -> i64 {
        self.counts.get(group as usize).copied().unwrap_or_default()
    }
}

impl Accumulator for Count {
    fn grow(&mut self, bound: usize) {
        self.counts.resize(bound.max(self.counts.len()), 0);
    }

    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault> {
        input.each(|_, group, adds| {
            if let Some(count) = self.counts.get_mut(group) {
                *count += if adds { 1 } else { -1 };
            }
        });
        Ok(())
    }

    fn update_each(&mut self, input: &Input<'_>) -> Result<ArrayRef, Fault> {
        let after = |(row, group): (usize, &u32)| {
            let count = self.counts.get_mut(*group as usize)?;
            *count += match (input.counts(row), input.adds(row)) {
                (false, _) => 0,
                (true, true) => 1,
                (true, false) => -1,
            };
            Some(*count)
        };
        let values: Int64Array = input.groups.iter().enumerate().map(after).collect();
        Ok(Arc::new(values))
    }

    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault> {
        let values = groups.iter().map(|group| self.of(*group));
        Ok(Arc::new(Int64Array::from_iter_values(values)))
    }

    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        Ok(vec![self.values(groups)?])
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault> {
        let counts = part(state, 0)?.as_primitive::<Int64Type>();
        for (group, more) in groups.iter().zip(counts.values()) {
            if let Some(count) = self.counts.get_mut(*group as usize) {
                *count += more;
            }
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            if let Some(count) = self.counts.get_mut(*group as usize) {
                *count = 0;
            }
        }
    }

    fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<i64>()
    }
}
