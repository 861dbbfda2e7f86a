//! MIN, MAX, FIRST_VALUE and LAST_VALUE of rows that are only added: one value a group is kept.

use std::{cmp::Ordering, fmt::Debug, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, PrimitiveArray, UInt64Array},
    datatypes::{ArrowPrimitiveType, DataType, UInt64Type},
};

use super::{Accumulator, Input, part, sorted::Sorter};
use crate::transform::error::Fault;

/// Which value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Minimum,
    Maximum,
    First,
    Last,
}

/// Values as they are kept.
pub(super) trait Values: Debug + Send {
    /// One of them.
    type One: Debug + Clone + Send;
    /// Those of a batch.
    type Column;

    /// Reads a column.
    fn read(&self, column: &ArrayRef) -> Result<Self::Column, Fault>;
    /// How `kept` compares with the value of that row.
    fn compare(kept: &Self::One, column: &Self::Column, row: usize) -> Ordering;
    /// The value of that row.
    fn one(column: &Self::Column, row: usize) -> Self::One;
    /// Values as a column.
    fn write(&self, values: &[Option<Self::One>]) -> Result<ArrayRef, Fault>;
    /// How much memory a value takes beside itself.
    fn bytes(one: &Self::One) -> usize;
}

#[derive(Debug)]
pub(super) struct Chosen<V: Values> {
    which: Which,
    values: V,
    kept: Vec<Option<V::One>>,
    /// When each came; empty where that does not matter.
    arrivals: Vec<u64>,
    bytes: usize,
}

impl Which {
    /// Whether a value displaces the one that is kept.
    #[inline]
    fn displaces(self, kept: impl FnOnce() -> Ordering, kept_arrival: u64, arrival: u64) -> bool {
        match self {
            Self::Minimum => kept() == Ordering::Greater,
            Self::Maximum => kept() == Ordering::Less,
            Self::First => arrival < kept_arrival,
            Self::Last => arrival >= kept_arrival,
        }
    }

    const fn is_by_arrival(self) -> bool {
        matches!(self, Self::First | Self::Last)
    }
}

impl<V: Values> Chosen<V> {
    pub(super) const fn new(which: Which, values: V) -> Self {
        Self {
            which,
            values,
            kept: Vec::new(),
            arrivals: Vec::new(),
            bytes: 0,
        }
    }

    #[inline]
    fn offer(&mut self, group: usize, column: &V::Column, row: usize, arrival: u64) {
        let Some(kept) = self.kept.get_mut(group) else {
            return;
        };
        let kept_arrival = self.arrivals.get(group).copied().unwrap_or_default();
        let takes = kept.as_ref().is_none_or(|kept| {
            self.which
                .displaces(|| V::compare(kept, column, row), kept_arrival, arrival)
        });
        if takes {
            self.bytes -= kept.as_ref().map_or(0, V::bytes);
            let one = V::one(column, row);
            self.bytes += V::bytes(&one);
            *kept = Some(one);
            if let Some(kept_arrival) = self.arrivals.get_mut(group) {
                *kept_arrival = arrival;
            }
        }
    }

    fn kept_of(&self, groups: &[u32]) -> Vec<Option<V::One>> {
        let of = |group: &u32| self.kept.get(*group as usize).cloned().flatten();
        groups.iter().map(of).collect()
    }
}

impl<V: Values> Accumulator for Chosen<V> {
    fn grow(&mut self, bound: usize) {
        self.kept.resize(bound.max(self.kept.len()), None);
        if self.which.is_by_arrival() {
            self.arrivals.resize(self.kept.len(), 0);
        }
    }

    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault> {
        let column = self.values.read(input.argument()?)?;
        input.each(|row, group, _| self.offer(group, &column, row, input.arrival(row)));
        Ok(())
    }

    fn update_each(&mut self, input: &Input<'_>) -> Result<ArrayRef, Fault> {
        let column = self.values.read(input.argument()?)?;
        let mut after = Vec::with_capacity(input.groups.len());
        for (row, group) in input.groups.iter().enumerate() {
            if input.counts(row) {
                self.offer(*group as usize, &column, row, input.arrival(row));
            }
            after.push(self.kept.get(*group as usize).cloned().flatten());
        }
        self.values.write(&after)
    }

    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault> {
        self.values.write(&self.kept_of(groups))
    }

    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let mut columns = vec![self.values(groups)?];
        if self.which.is_by_arrival() {
            let of = |group: &u32| {
                self.arrivals
                    .get(*group as usize)
                    .copied()
                    .unwrap_or_default()
            };
            columns.push(Arc::new(UInt64Array::from_iter_values(
                groups.iter().map(of),
            )));
        }
        Ok(columns)
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault> {
        let kept = part(state, 0)?;
        let column = self.values.read(kept)?;
        let arrivals = match self.which.is_by_arrival() {
            true => Some(part(state, 1)?.as_primitive::<UInt64Type>()),
            false => None,
        };
        for (row, group) in groups
            .iter()
            .enumerate()
            .filter(|(row, _)| kept.is_valid(*row))
        {
            let arrival = arrivals.map_or(0, |arrivals| arrivals.value(row));
            self.offer(*group as usize, &column, row, arrival);
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            if let Some(kept) = self.kept.get_mut(*group as usize) {
                self.bytes -= kept.as_ref().map_or(0, V::bytes);
                *kept = None;
            }
        }
    }

    fn bytes(&self) -> usize {
        self.kept.capacity() * size_of::<Option<V::One>>()
            + self.arrivals.capacity() * size_of::<u64>()
            + self.bytes
    }
}

/// Values of a primitive type.
#[derive(Debug)]
pub(super) struct Primitive<T> {
    data_type: DataType,
    of: std::marker::PhantomData<T>,
}

impl<T> Primitive<T> {
    pub(super) const fn new(data_type: DataType) -> Self {
        Self {
            data_type,
            of: std::marker::PhantomData,
        }
    }
}

impl<T: ArrowPrimitiveType + Debug + Send> Values for Primitive<T> {
    type One = T::Native;
    type Column = PrimitiveArray<T>;

    fn read(&self, column: &ArrayRef) -> Result<Self::Column, Fault> {
        Ok(column.as_primitive::<T>().clone())
    }

    #[inline]
    fn compare(kept: &T::Native, column: &Self::Column, row: usize) -> Ordering {
        kept.compare(column.value(row))
    }

    #[inline]
    fn one(column: &Self::Column, row: usize) -> T::Native {
        column.value(row)
    }

    fn write(&self, values: &[Option<T::Native>]) -> Result<ArrayRef, Fault> {
        let column: PrimitiveArray<T> = values.iter().copied().collect();
        Ok(Arc::new(column.with_data_type(self.data_type.clone())))
    }

    fn bytes(_: &T::Native) -> usize {
        0
    }
}

/// Values of any other type, encoded so that they compare byte by byte.
impl Values for Sorter {
    type One = Box<[u8]>;
    type Column = arrow::row::Rows;

    fn read(&self, column: &ArrayRef) -> Result<Self::Column, Fault> {
        self.encode(column)
    }

    fn compare(kept: &Box<[u8]>, column: &Self::Column, row: usize) -> Ordering {
        (**kept).cmp(column.row(row).data())
    }

    fn one(column: &Self::Column, row: usize) -> Box<[u8]> {
        column.row(row).data().into()
    }

    fn write(&self, values: &[Option<Box<[u8]>>]) -> Result<ArrayRef, Fault> {
        self.decode(values.iter().map(Option::as_deref))
    }

    fn bytes(one: &Box<[u8]>) -> usize {
        one.len()
    }
}
