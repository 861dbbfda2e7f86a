//! Aggregates over values that are apart: the inner one sees a value when it comes for the first time,
//! and sees it taken back when it is there no longer.

use std::{fmt::Debug, hash::Hash, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array},
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, Int64Type},
};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, hash_map::Entry};

use super::{Accumulator, Input, counted::list, part, sorted::Sorter};
use crate::transform::{
    error::Fault,
    group::{narrow, widen},
};

/// Values as a set holds them.
pub(super) trait Values: Debug + Send {
    /// One of them.
    type One: Debug + Hash + Eq + Ord + Send;

    /// All values of a column that has no nulls where they are used.
    fn read(&self, column: &ArrayRef) -> Result<Vec<Self::One>, Fault>;
    /// The way back.
    fn write(&self, values: &[&Self::One]) -> Result<ArrayRef, Fault>;
    /// How much memory a value takes beside itself.
    fn bytes(one: &Self::One) -> usize;
}

type Set<T> = HashMap<T, i64, RandomState>;

#[derive(Debug)]
pub(super) struct Distinct<V: Values> {
    data_type: DataType,
    values: V,
    /// How often each value of each group is there.
    sets: Vec<Set<V::One>>,
    bytes: usize,
    inner: Box<dyn Accumulator>,
}

impl<V: Values> Distinct<V> {
    pub(super) fn new(data_type: DataType, values: V, inner: Box<dyn Accumulator>) -> Self {
        Self {
            data_type,
            values,
            sets: Vec::new(),
            bytes: 0,
            inner,
        }
    }

    /// Counts a value; whether it was not there before, or is not behind it.
    fn count(&mut self, group: usize, value: V::One, times: i64) -> bool {
        let Some(set) = self.sets.get_mut(group) else {
            return false;
        };
        let own = V::bytes(&value);
        let before = set.allocation_size();
        let (is_new, mut entry) = match set.entry(value) {
            Entry::Occupied(entry) => (false, entry),
            Entry::Vacant(entry) => (true, entry.insert_entry(0)),
        };
        *entry.get_mut() += times;
        let is_gone = *entry.get() == 0;
        if is_gone {
            entry.remove();
        }
        self.bytes += set.allocation_size() - before + if is_new { own } else { 0 };
        self.bytes -= if is_gone { own } else { 0 };
        is_new != is_gone
    }

    /// For which rows the inner one is to be told.
    fn news(&mut self, input: &Input<'_>) -> Result<NullBuffer, Fault> {
        let values = self.values.read(input.argument()?)?;
        let rows = values.into_iter().zip(input.groups).enumerate();
        let news = rows.map(|(row, (value, group))| {
            let times = if input.adds(row) { 1 } else { -1 };
            input.counts(row) && self.count(*group as usize, value, times)
        });
        Ok(news.collect::<Vec<_>>().into())
    }
}

impl<V: Values> Accumulator for Distinct<V> {
    fn grow(&mut self, bound: usize) {
        self.sets
            .resize_with(bound.max(self.sets.len()), Set::default);
        self.inner.grow(bound);
    }

    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault> {
        let news = self.news(input)?;
        self.inner.update(&Input {
            valid: Some(&news),
            ..*input
        })
    }

    fn update_each(&mut self, input: &Input<'_>) -> Result<ArrayRef, Fault> {
        let news = self.news(input)?;
        self.inner.update_each(&Input {
            valid: Some(&news),
            ..*input
        })
    }

    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault> {
        self.inner.values(groups)
    }

    /// The inner one is made anew from the values, which are given in order.
    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let of = |group: &u32| {
            let set = self.sets.get(*group as usize);
            let mut entries: Vec<_> = set.into_iter().flatten().collect();
            entries.sort_unstable();
            entries
        };
        let sets: Vec<Vec<(&V::One, &i64)>> = groups.iter().map(of).collect();
        let offsets = OffsetBuffer::from_lengths(sets.iter().map(Vec::len));
        let values: Vec<_> = sets.iter().flatten().map(|(value, _)| *value).collect();
        let counts = sets.iter().flatten().map(|(_, count)| **count);
        let counts = Arc::new(Int64Array::from_iter_values(counts));
        Ok(vec![
            list(
                &self.data_type,
                offsets.clone(),
                self.values.write(&values)?,
            )?,
            list(&DataType::Int64, offsets, counts)?,
        ])
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault> {
        let lists = part(state, 0)?.as_list::<i32>();
        let counts = part(state, 1)?.as_list::<i32>();
        for (row, group) in groups.iter().enumerate() {
            let (column, counts) = (lists.value(row), counts.value(row));
            let values = self.values.read(&column)?;
            let counts = counts.as_primitive::<Int64Type>().values();
            let each = values.into_iter().zip(counts);
            let news = each.map(|(value, count)| self.count(*group as usize, value, *count));
            let news = NullBuffer::from(news.collect::<Vec<_>>());
            let input = Input {
                groups: &vec![*group; column.len()],
                values: std::slice::from_ref(&column),
                valid: Some(&news),
                adds: None,
                arrivals: &[],
            };
            self.inner.update(&input)?;
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            let set = self.sets.get_mut(*group as usize).map(std::mem::take);
            if let Some(set) = set {
                self.bytes -= set.allocation_size() + set.keys().map(V::bytes).sum::<usize>();
            }
        }
        self.inner.clear(groups);
    }

    fn bytes(&self) -> usize {
        self.sets.capacity() * size_of::<Set<V::One>>() + self.bytes + self.inner.bytes()
    }
}

/// Values that are whole numbers of at most 64 bits underneath.
#[derive(Debug)]
pub(super) struct Narrow(pub(super) DataType);

impl Values for Narrow {
    type One = i64;

    fn read(&self, column: &ArrayRef) -> Result<Vec<i64>, Fault> {
        Ok(widen(column)?.values().to_vec())
    }

    fn write(&self, values: &[&i64]) -> Result<ArrayRef, Fault> {
        let values = values.iter().map(|value| **value);
        narrow(&Int64Array::from_iter_values(values), &self.0)
    }

    fn bytes(_: &i64) -> usize {
        0
    }
}

/// Values of any other type.
impl Values for Sorter {
    type One = Box<[u8]>;

    fn read(&self, column: &ArrayRef) -> Result<Vec<Box<[u8]>>, Fault> {
        Ok(self
            .encode(column)?
            .iter()
            .map(|row| row.data().into())
            .collect())
    }

    fn write(&self, values: &[&Box<[u8]>]) -> Result<ArrayRef, Fault> {
        self.decode(values.iter().map(|value| Some(&***value)))
    }

    fn bytes(one: &Box<[u8]>) -> usize {
        one.len()
    }
}
