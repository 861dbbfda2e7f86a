//! VAR and STDDEV: how far values are from their mean, by Welford's method (1962). What is told of a
//! group and taken back is the same to the last bit.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int64Array},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type},
};

use super::{Accumulator, Input, part};
use crate::transform::error::Fault;

/// What is the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Which {
    /// Whether values are a sample of those that the spread is of.
    is_sample: bool,
    /// Whether it is the root of the variance.
    is_deviation: bool,
}

/// Spreads of groups.
#[derive(Debug)]
pub(super) struct Spread {
    which: Which,
    groups: Vec<Of>,
}

/// What is known of a group.
#[derive(Debug, Default, Clone, Copy)]
struct Of {
    count: i64,
    mean: f64,
    /// The sum of the squares of the distances from the mean.
    squares: f64,
}

impl Which {
    /// By the name that the plan has; none where it is another function.
    pub(super) fn of(name: &str) -> Option<Self> {
        let which = |is_sample, is_deviation| Self {
            is_sample,
            is_deviation,
        };
        Some(match name {
            "var" => which(true, false),
            "var_pop" => which(false, false),
            "stddev" => which(true, true),
            "stddev_pop" => which(false, true),
            _ => return None,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "no group has 2^53 rows")]
    fn value(self, of: Of) -> Option<f64> {
        let count = of.count - i64::from(self.is_sample);
        let variance = (count > 0).then(|| of.squares / count as f64)?;
        Some(match self.is_deviation {
            true => variance.sqrt(),
            false => variance,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "no group has 2^53 rows")]
impl Of {
    fn add(&mut self, value: f64) {
        let distance = value - self.mean;
        self.count += 1;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }

    /// Adds other values (Chan 1979). With none on one side, nothing is computed that may be rounded.
    fn join(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
        } else if other.count > 0 {
            let all = (self.count + other.count) as f64;
            let distance = other.mean - self.mean;
            let share = other.count as f64 / all;
            self.mean += distance * share;
            self.squares += other.squares + distance * distance * self.count as f64 * share;
            self.count += other.count;
        }
    }
}

impl Spread {
    pub(super) const fn new(which: Which) -> Self {
        Self {
            which,
            groups: Vec::new(),
        }
    }

    fn of(&self, group: u32) -> Of {
        self.groups.get(group as usize).copied().unwrap_or_default()
    }
}

impl Accumulator for Spread {
    fn grow(&mut self, bound: usize) {
        self.groups
            .resize(bound.max(self.groups.len()), Of::default());
    }

    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault> {
        let argument = cast(input.argument()?, &DataType::Float64)?;
        let values = argument.as_primitive::<Float64Type>();
        input.each(|row, group, _| {
            if let Some(of) = self.groups.get_mut(group)
                && values.is_valid(row)
            {
                of.add(values.value(row));
            }
        });
        Ok(())
    }

    fn update_each(&mut self, input: &Input<'_>) -> Result<ArrayRef, Fault> {
        let argument = cast(input.argument()?, &DataType::Float64)?;
        let rows = argument.as_primitive::<Float64Type>().iter();
        let after = rows
            .zip(input.groups)
            .enumerate()
            .map(|(row, (value, group))| {
                let of = self.groups.get_mut(*group as usize)?;
                if let (Some(value), true) = (value, input.counts(row)) {
                    of.add(value);
                }
                self.which.value(*of)
            });
        Ok(Arc::new(after.collect::<Float64Array>()))
    }

    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault> {
        let values = groups.iter().map(|group| self.which.value(self.of(*group)));
        Ok(Arc::new(values.collect::<Float64Array>()))
    }

    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let all = || groups.iter().map(|group| self.of(*group));
        Ok(vec![
            Arc::new(Int64Array::from_iter_values(all().map(|of| of.count))),
            Arc::new(Float64Array::from_iter_values(all().map(|of| of.mean))),
            Arc::new(Float64Array::from_iter_values(all().map(|of| of.squares))),
        ])
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault> {
        let counts = part(state, 0)?.as_primitive::<Int64Type>().values();
        let means = part(state, 1)?.as_primitive::<Float64Type>().values();
        let squares = part(state, 2)?.as_primitive::<Float64Type>().values();
        let others = counts.iter().zip(means).zip(squares);
        for (group, ((count, mean), squares)) in groups.iter().zip(others) {
            if let Some(of) = self.groups.get_mut(*group as usize) {
                of.join(Of {
                    count: *count,
                    mean: *mean,
                    squares: *squares,
                });
            }
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            if let Some(of) = self.groups.get_mut(*group as usize) {
                *of = Of::default();
            }
        }
    }

    fn bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Of>()
    }
}
