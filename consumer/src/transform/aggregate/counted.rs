//! MIN and MAX of rows that may be taken back: all values of a group are kept, in order, each with how
//! often it is there.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, ListArray},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, Int64Type},
};

use super::{Accumulator, Input, part, sorted::Sorter};
use crate::transform::error::Fault;

/// What the map of a group takes for each value, beside it.
const ENTRY_BYTES: usize = 48;

/// A group of so few values is forgotten at once.
pub(super) const FEW: usize = 16;

/// The values of a group, each with how often it is there.
type Counts = BTreeMap<Box<[u8]>, i64>;

#[derive(Debug)]
pub(super) struct Counted {
    is_maximum: bool,
    data_type: DataType,
    sorter: Sorter,
    groups: Vec<Counts>,
    /// What is still to be given back of groups that were made anew.
    leaving: Vec<Counts>,
    bytes: usize,
}

impl Counted {
    pub(super) fn new(is_maximum: bool, data_type: DataType) -> Result<Self, Fault> {
        let sorter = Sorter::new(&data_type)?;
        Ok(Self {
            is_maximum,
            data_type,
            sorter,
            groups: Vec::new(),
            leaving: Vec::new(),
            bytes: 0,
        })
    }

    fn add(&mut self, group: usize, value: &[u8], times: i64) {
        let Some(counts) = self.groups.get_mut(group) else {
            return;
        };
        if let Some(count) = counts.get_mut(value) {
            *count += times;
            if *count == 0 {
                counts.remove(value);
                self.bytes -= value.len() + ENTRY_BYTES;
            }
        } else {
            counts.insert(value.into(), times);
            self.bytes += value.len() + ENTRY_BYTES;
        }
    }

    /// A value that was taken back before it was added does not count.
    fn chosen(&self, group: u32) -> Option<&[u8]> {
        let mut there = self
            .groups
            .get(group as usize)?
            .iter()
            .filter(|(_, count)| **count > 0);
        let found = if self.is_maximum {
            there.next_back()
        } else {
            there.next()
        };
        found.map(|(value, _)| &**value)
    }
}

impl Accumulator for Counted {
    fn grow(&mut self, bound: usize) {
        self.groups
            .resize_with(bound.max(self.groups.len()), BTreeMap::new);
    }

    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault> {
        let rows = self.sorter.encode(input.argument()?)?;
        input.each(|row, group, adds| {
            self.add(group, rows.row(row).data(), if adds { 1 } else { -1 });
        });
        Ok(())
    }

    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault> {
        self.sorter
            .decode(groups.iter().map(|group| self.chosen(*group)))
    }

    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let (offsets, all) = entries(groups, |group| self.groups.get(group));
        let values = all.clone().map(|(value, _)| Some(&**value));
        let values = self.sorter.decode(values)?;
        let counts = Arc::new(Int64Array::from_iter_values(all.map(|(_, count)| *count)));
        Ok(vec![
            list(&self.data_type, offsets.clone(), values)?,
            list(&DataType::Int64, offsets, counts)?,
        ])
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault> {
        let values = part(state, 0)?.as_list::<i32>();
        let counts = part(state, 1)?.as_list::<i32>();
        for (row, group) in groups.iter().enumerate() {
            let (values, counts) = (self.sorter.encode(&values.value(row))?, counts.value(row));
            for (value, count) in values
                .iter()
                .zip(counts.as_primitive::<Int64Type>().values())
            {
                self.add(*group as usize, value.data(), *count);
            }
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            let counts = self.groups.get_mut(*group as usize).map(std::mem::take);
            let counts = counts.unwrap_or_default();
            if counts.len() > FEW {
                self.leaving.push(counts);
                continue;
            }
            let values = counts.keys().map(|value| value.len() + ENTRY_BYTES);
            self.bytes -= values.sum::<usize>();
        }
    }

    fn sweep(&mut self, most: usize) {
        for _ in 0..most {
            let Some(counts) = self.leaving.last_mut() else {
                return;
            };
            match counts.pop_first() {
                Some((value, _)) => self.bytes -= value.len() + ENTRY_BYTES,
                None => drop(self.leaving.pop()),
            }
        }
    }

    fn is_swept(&self) -> bool {
        self.leaving.is_empty()
    }

    fn bytes(&self) -> usize {
        self.bytes + self.groups.capacity() * size_of::<Counts>()
    }
}

/// The entries of the map of each group, one group behind the other, and where each of them ends.
pub(super) fn entries<'a, K: 'a, V: 'a>(
    groups: &'a [u32],
    of: impl Fn(usize) -> Option<&'a BTreeMap<K, V>> + Copy + 'a,
) -> (
    OffsetBuffer<i32>,
    impl Iterator<Item = (&'a K, &'a V)> + Clone,
) {
    let of = move |group: &u32| of(*group as usize);
    let lengths = groups.iter().map(of);
    let lengths = lengths.map(|map| map.map_or(0, BTreeMap::len));
    let offsets = OffsetBuffer::from_lengths(lengths);
    (offsets, groups.iter().filter_map(of).flatten())
}

/// A list for each group.
pub(super) fn list(
    of: &DataType,
    offsets: OffsetBuffer<i32>,
    values: ArrayRef,
) -> Result<ArrayRef, Fault> {
    let field = Arc::new(Field::new("item", of.clone(), true));
    Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_very_many_values_is_forgotten_in_portions() {
        let mut counted = Counted::new(true, DataType::Int64).unwrap();
        counted.grow(1);
        for value in 0..10_000_i64 {
            counted.add(0, &value.to_be_bytes(), 1);
        }
        let own = counted.bytes();
        counted.clear(&[0]);
        assert_eq!(counted.bytes(), own, "nothing is given back at once");
        assert_eq!(counted.chosen(0), None);
        counted.add(0, b"anew", 1);
        for portions in 1..10 {
            counted.sweep(1_000);
            let given = portions * 1_000 * (8 + ENTRY_BYTES);
            assert_eq!(counted.bytes(), own - given + 4 + ENTRY_BYTES);
        }
        counted.sweep(2_000);
        assert_eq!(counted.bytes, 4 + ENTRY_BYTES);
        assert_eq!(counted.chosen(0), Some(&b"anew"[..]));
    }
}
