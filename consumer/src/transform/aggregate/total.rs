//! SUM and AVG: a sum and how many values it is of.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int64Array},
    compute::cast,
    datatypes::{ArrowPrimitiveType, DataType, Int64Type},
};

use super::{Accumulator, Input, part, tally::Tally};
use crate::transform::error::Fault;

/// Which of both is the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Sum,
    Average,
}

#[derive(Debug)]
pub(super) struct Total<T> {
    which: Which,
    /// The type of what is added up.
    from: DataType,
    /// The type of the value.
    to: DataType,
    totals: Vec<Of<T>>,
}

/// The total of a group.
#[derive(Debug, Default, Clone, Copy)]
struct Of<T> {
    sum: T,
    count: i64,
}

impl<T: Tally> Of<T> {
    #[inline]
    fn add(&mut self, value: <T::Of as ArrowPrimitiveType>::Native, adds: bool) {
        self.sum.add(value, adds);
        self.count += if adds { 1 } else { -1 };
        if self.count == 0 {
            // Nothing is left of what the roundings were.
            self.sum = T::default();
        }
    }
}

impl<T: Tally> Total<T> {
    /// Of values of type `from`, which is what `T` adds up or can be made that.
    pub(super) fn new(which: Which, from: DataType, to: DataType) -> Self {
        let totals = Vec::new();
        Self {
            which,
            from,
            to,
            totals,
        }
    }

    fn totals_of<'a>(&'a self, groups: &'a [u32]) -> impl Iterator<Item = Of<T>> + Clone + 'a {
        let of = |group: &u32| {
            self.totals
                .get(*group as usize)
                .copied()
                .unwrap_or_default()
        };
        groups.iter().map(of)
    }

    fn as_values(&self, totals: impl Iterator<Item = Of<T>>) -> Result<ArrayRef, Fault> {
        let known = totals.map(|of| (of.count > 0).then_some((of.sum, of.count)));
        match self.which {
            Which::Average => T::averages(&known.collect::<Vec<_>>(), &self.from, &self.to),
            Which::Sum => {
                let sums: Vec<_> = known.map(|of| of.map(|(sum, _)| sum)).collect();
                T::sums(&sums, &self.from, &self.to)
            }
        }
    }

    /// The argument as what is added up.
    fn widened(input: &Input<'_>) -> Result<ArrayRef, Fault> {
        let argument = input.argument()?;
        match argument.data_type() {
            DataType::Decimal128(_, _) => Ok(argument.clone()),
            _ => Ok(cast(argument, &T::Of::DATA_TYPE)?),
        }
    }
}

impl<T: Tally> Accumulator for Total<T> {
    fn grow(&mut self, bound: usize) {
        self.totals
            .resize(bound.max(self.totals.len()), Of::default());
    }

    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault> {
        let argument = Self::widened(input)?;
        let values = argument.as_primitive::<T::Of>().values();
        input.each(|row, group, adds| {
            if let (Some(total), Some(value)) = (self.totals.get_mut(group), values.get(row)) {
                total.add(*value, adds);
            }
        });
        Ok(())
    }

    fn update_each(&mut self, input: &Input<'_>) -> Result<ArrayRef, Fault> {
        let argument = Self::widened(input)?;
        let values = argument.as_primitive::<T::Of>().values();
        let mut after = Vec::with_capacity(input.groups.len());
        for (row, (group, value)) in input.groups.iter().zip(values).enumerate() {
            let total = self.totals.get_mut(*group as usize);
            after.extend(total.map(|total| {
                if input.counts(row) {
                    total.add(*value, input.adds(row));
                }
                *total
            }));
        }
        self.as_values(after.into_iter())
    }

    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault> {
        self.as_values(self.totals_of(groups))
    }

    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let counts = self.totals_of(groups).map(|of| of.count);
        let counts = Arc::new(Int64Array::from_iter_values(counts)) as ArrayRef;
        let mut columns = T::columns(self.totals_of(groups).map(|of| of.sum));
        columns.insert(0, counts);
        Ok(columns)
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault> {
        let counts = part(state, 0)?.as_primitive::<Int64Type>().values();
        let sums = T::from_columns(state.get(1..).unwrap_or_default())?;
        for ((group, count), sum) in groups.iter().zip(counts).zip(sums) {
            let Some(total) = self.totals.get_mut(*group as usize) else {
                continue;
            };
            if total.count == 0 {
                // As it was, to the last bit.
                *total = Of { sum, count: *count };
            } else {
                total.sum.join(sum);
                total.count += count;
            }
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            if let Some(total) = self.totals.get_mut(*group as usize) {
                *total = Of::default();
            }
        }
    }

    fn bytes(&self) -> usize {
        self.totals.capacity() * size_of::<Of<T>>()
    }
}
