//! Any aggregate of DataFusion: one accumulator of its own for each group. Rows can only be added.
//!
//! A value may be asked for more than once while rows go on coming; DataFusion relies on that itself,
//! for windows that grow.

use std::{fmt, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, UInt32Array},
    compute::{filter, take},
};
use datafusion_common::ScalarValue;
use datafusion_expr::Accumulator as Single;
use datafusion_physical_expr::aggregate::AggregateFunctionExpr;

use super::{Accumulator, Input};
use crate::transform::error::Fault;

pub(super) struct Other {
    function: Arc<AggregateFunctionExpr>,
    groups: Vec<Option<Box<dyn Single>>>,
    bytes: usize,
}

impl Other {
    pub(super) const fn new(function: Arc<AggregateFunctionExpr>) -> Self {
        Self {
            function,
            groups: Vec::new(),
            bytes: 0,
        }
    }

    /// Lets `work` work on the accumulator of a group, which is made where there is none.
    fn with<T>(
        &mut self,
        group: u32,
        work: impl FnOnce(&mut dyn Single) -> datafusion_common::Result<T>,
    ) -> Result<T, Fault> {
        let Some(slot) = self.groups.get_mut(group as usize) else {
            return Err(Fault::State(format!("group {group}")));
        };
        let before = slot.as_ref().map_or(0, |single| single.size());
        let mut single = match slot.take() {
            Some(single) => single,
            None => self.function.create_accumulator()?,
        };
        let done = work(&mut *single)?;
        self.bytes = self.bytes + single.size() - before;
        *slot = Some(single);
        Ok(done)
    }

    /// The arguments of the rows that count, and the groups of those.
    fn counting(input: &Input<'_>) -> Result<(Vec<ArrayRef>, Vec<u32>), Fault> {
        let rows = 0..input.groups.len();
        let counts: BooleanArray = rows.map(|row| Some(input.counts(row))).collect();
        let arguments = input.values.iter().map(|value| filter(value, &counts));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        let groups = input.groups.iter().enumerate();
        let groups = groups
            .filter(|(row, _)| input.counts(*row))
            .map(|(_, group)| *group);
        Ok((arguments, groups.collect()))
    }
}

impl Accumulator for Other {
    fn grow(&mut self, bound: usize) {
        self.groups
            .resize_with(bound.max(self.groups.len()), || None);
    }

    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault> {
        let (arguments, groups) = Self::counting(input)?;
        let mut order: Vec<_> = (0_u32..)
            .zip(&groups)
            .map(|(row, group)| (*group, row))
            .collect();
        order.sort_unstable();
        for rows in order.chunk_by(|one, other| one.0 == other.0) {
            let taken: UInt32Array = rows.iter().map(|(_, row)| *row).collect();
            let values = arguments.iter().map(|one| take(one, &taken, None));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            if let Some((group, _)) = rows.first() {
                self.with(*group, |single| single.update_batch(&values))?;
            }
        }
        Ok(())
    }

    fn update_each(&mut self, input: &Input<'_>) -> Result<ArrayRef, Fault> {
        let mut after = Vec::with_capacity(input.groups.len());
        for (row, group) in input.groups.iter().enumerate() {
            let value: Vec<_> = input
                .values
                .iter()
                .map(|value| value.slice(row, 1))
                .collect();
            after.push(self.with(*group, |single| {
                if input.counts(row) {
                    single.update_batch(&value)?;
                }
                single.evaluate()
            })?);
        }
        as_column(after, self.function.field().data_type())
    }

    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault> {
        let values = groups
            .iter()
            .map(|group| self.with(*group, |single| single.evaluate()));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        as_column(values, self.function.field().data_type())
    }

    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let fields = self.function.state_fields()?;
        let mut columns = vec![Vec::with_capacity(groups.len()); fields.len()];
        for group in groups {
            let state = self.with(*group, |single| single.state())?;
            // Whoever tells its state may give it away, so it is given back.
            let own = state
                .iter()
                .map(ScalarValue::to_array)
                .collect::<Result<Vec<_>, _>>()?;
            self.clear(&[*group]);
            self.with(*group, |single| single.merge_batch(&own))?;
            for (column, value) in columns.iter_mut().zip(state) {
                column.push(value);
            }
        }
        let columns = columns.into_iter().zip(&fields);
        columns
            .map(|(column, field)| as_column(column, field.data_type()))
            .collect()
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault> {
        for (row, group) in groups.iter().enumerate() {
            let one: Vec<_> = state.iter().map(|column| column.slice(row, 1)).collect();
            self.with(*group, |single| single.merge_batch(&one))?;
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            let slot = self.groups.get_mut(*group as usize).and_then(Option::take);
            self.bytes -= slot.map_or(0, |single| single.size());
        }
    }

    fn bytes(&self) -> usize {
        self.bytes + self.groups.capacity() * size_of::<Option<Box<dyn Single>>>()
    }
}

fn as_column(
    values: Vec<ScalarValue>,
    data_type: &arrow::datatypes::DataType,
) -> Result<ArrayRef, Fault> {
    if values.is_empty() {
        return Ok(arrow::array::new_empty_array(data_type));
    }
    Ok(ScalarValue::iter_to_array(values)?)
}

impl fmt::Debug for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} groups",
            self.function.name(),
            self.groups.len()
        )
    }
}
