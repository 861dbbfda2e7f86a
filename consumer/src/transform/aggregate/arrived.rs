//! FIRST_VALUE and LAST_VALUE of rows that may be taken back: all values of a group are kept, in the order
//! in which they came. Of equal values that which came first is taken back, as in Flink.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, AsArray, UInt64Array},
    datatypes::{DataType, UInt64Type},
};

use super::{
    Accumulator, Input,
    counted::{FEW, entries, list},
    part,
    sorted::Sorter,
};
use crate::transform::error::Fault;

/// What the maps of a group take for each value, beside it.
const ENTRY_BYTES: usize = 96;

#[derive(Debug)]
pub(super) struct Arrived {
    is_last: bool,
    data_type: DataType,
    sorter: Sorter,
    groups: Vec<Values>,
    /// What is still to be given back of groups that were made anew.
    leaving: Vec<Values>,
    bytes: usize,
}

/// The values of a group.
#[derive(Debug, Default)]
struct Values {
    /// By when they came.
    in_order: BTreeMap<u64, Arc<[u8]>>,
    /// When equal ones came, the oldest first.
    arrivals: BTreeMap<Arc<[u8]>, VecDeque<u64>>,
}

impl Values {
    fn add(&mut self, value: &[u8], arrival: u64) {
        let known = self.arrivals.get_key_value(value);
        let value = known.map_or_else(|| value.into(), |(known, _)| known.clone());
        self.in_order.insert(arrival, value.clone());
        self.arrivals.entry(value).or_default().push_back(arrival);
    }

    /// Whether there was such a value.
    fn take_back(&mut self, value: &[u8]) -> bool {
        let Some(arrivals) = self.arrivals.get_mut(value) else {
            return false;
        };
        let oldest = arrivals.pop_front();
        if arrivals.is_empty() {
            self.arrivals.remove(value);
        }
        oldest.is_some_and(|oldest| self.in_order.remove(&oldest).is_some())
    }
}

impl Arrived {
    pub(super) fn new(is_last: bool, data_type: DataType) -> Result<Self, Fault> {
        let sorter = Sorter::new(&data_type)?;
        Ok(Self {
            is_last,
            data_type,
            sorter,
            groups: Vec::new(),
            leaving: Vec::new(),
            bytes: 0,
        })
    }

    /// Values that are taken back and are not there count for nothing.
    fn take(&mut self, group: usize, value: &[u8], arrival: Option<u64>) {
        let Some(values) = self.groups.get_mut(group) else {
            return;
        };
        match arrival {
            Some(arrival) => {
                values.add(value, arrival);
                self.bytes += value.len() + ENTRY_BYTES;
            }
            None if values.take_back(value) => self.bytes -= value.len() + ENTRY_BYTES,
            None => {}
        }
    }

    fn chosen(&self, group: u32) -> Option<&[u8]> {
        let values = &self.groups.get(group as usize)?.in_order;
        let found = match self.is_last {
            true => values.last_key_value(),
            false => values.first_key_value(),
        };
        found.map(|(_, value)| &**value)
    }
}

impl Accumulator for Arrived {
    fn grow(&mut self, bound: usize) {
        self.groups
            .resize_with(bound.max(self.groups.len()), Values::default);
    }

    fn update(&mut self, input: &Input<'_>) -> Result<(), Fault> {
        let rows = self.sorter.encode(input.argument()?)?;
        input.each(|row, group, adds| {
            let arrival = adds.then(|| input.arrival(row));
            self.take(group, rows.row(row).data(), arrival);
        });
        Ok(())
    }

    fn values(&mut self, groups: &[u32]) -> Result<ArrayRef, Fault> {
        self.sorter
            .decode(groups.iter().map(|group| self.chosen(*group)))
    }

    fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let of = |group| {
            self.groups
                .get(group)
                .map(|values: &Values| &values.in_order)
        };
        let (offsets, all) = entries(groups, of);
        let values = all.clone().map(|(_, value)| Some(&**value));
        let values = self.sorter.decode(values)?;
        let arrivals = Arc::new(UInt64Array::from_iter_values(all.map(|(at, _)| *at)));
        Ok(vec![
            list(&self.data_type, offsets.clone(), values)?,
            list(&DataType::UInt64, offsets, arrivals)?,
        ])
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<(), Fault> {
        let values = part(state, 0)?.as_list::<i32>();
        let arrivals = part(state, 1)?.as_list::<i32>();
        for (row, group) in groups.iter().enumerate() {
            let values = self.sorter.encode(&values.value(row))?;
            let arrivals = arrivals.value(row);
            let arrivals = arrivals.as_primitive::<UInt64Type>().values();
            for (value, arrival) in values.iter().zip(arrivals) {
                self.take(*group as usize, value.data(), Some(*arrival));
            }
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            let values = self.groups.get_mut(*group as usize).map(std::mem::take);
            let values = values.unwrap_or_default();
            if values.in_order.len() > FEW {
                self.leaving.push(values);
                continue;
            }
            let values = values.in_order.values();
            let bytes = values.map(|value| value.len() + ENTRY_BYTES);
            self.bytes -= bytes.sum::<usize>();
        }
    }

    fn sweep(&mut self, most: usize) {
        for _ in 0..most {
            let Some(values) = self.leaving.last_mut() else {
                return;
            };
            match values.in_order.pop_first() {
                Some((_, value)) => {
                    values.take_back(&value);
                    self.bytes -= value.len() + ENTRY_BYTES;
                }
                None => drop(self.leaving.pop()),
            }
        }
    }

    fn is_swept(&self) -> bool {
        self.leaving.is_empty()
    }

    fn bytes(&self) -> usize {
        self.bytes + self.groups.capacity() * size_of::<Values>()
    }
}

#[cfg(test)]
mod tests {
    use arrow::{array::Int64Array, datatypes::Int64Type};
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;

    /// Takes a value of a group, or takes it back.
    fn take(arrived: &mut Arrived, value: i64, adds: bool, arrival: u64) {
        let values: ArrayRef = Arc::new(Int64Array::from(vec![value]));
        let input = Input {
            groups: &[0],
            values: &[values],
            valid: None,
            adds: Some(&[adds]),
            arrivals: &[arrival],
        };
        arrived.update(&input).unwrap();
    }

    proptest! {
        #[test]
        fn the_first_and_the_last_that_are_there_are_found(
            steps in prop::collection::vec((any::<bool>(), 0..4_i64, any::<bool>()), 0..60)
        ) {
            let new = |is_last| {
                let mut arrived = Arrived::new(is_last, DataType::Int64).unwrap();
                arrived.grow(1);
                arrived
            };
            let mut both = [new(false), new(true)];
            let mut model: Vec<i64> = Vec::new();
            for (arrival, (adds, value, is_cut)) in (1_u64..).zip(steps) {
                for arrived in &mut both {
                    take(arrived, value, adds, arrival);
                }
                match model.iter().position(|other| *other == value) {
                    _ if adds => model.push(value),
                    Some(oldest) => drop(model.remove(oldest)),
                    None => {}
                }
                if is_cut {
                    both = both.map(|mut arrived| {
                        let state = arrived.state(&[0]).unwrap();
                        let mut cut = new(arrived.is_last);
                        cut.merge(&[0], &state).unwrap();
                        assert_eq!(cut.bytes, arrived.bytes);
                        cut
                    });
                }
                let found = both.each_mut().map(|arrived| {
                    let value = arrived.values(&[0]).unwrap();
                    value.as_primitive::<Int64Type>().iter().next().flatten()
                });
                prop_assert_eq!(found, [model.first().copied(), model.last().copied()]);
            }
            for arrived in &mut both {
                arrived.clear(&[0]);
                prop_assert_eq!(arrived.chosen(0), None);
                arrived.sweep(100);
                prop_assert_eq!((arrived.bytes, arrived.is_swept()), (0, true));
            }
        }
    }
}
