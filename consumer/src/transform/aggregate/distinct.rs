//! Which values of each group have been there, for aggregates that count each value once: those see a
//! value when it comes for the first time, and see it taken back when it is there no longer.
//!
//! Aggregates of the same values that differ in their filters share one set: a value is looked up once
//! for all of them, and has a bit for each. All groups have one table, so that a look at a value is a
//! look at one place in memory.

use std::{fmt::Debug, hash::BuildHasher, hint::black_box, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array},
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, Int64Type},
};
use foldhash::fast::RandomState;

use super::{counted::list, leaving::Leaving, news::News, part, seen::Seen, values::Values};
use crate::transform::{
    error::Fault,
    slots::{At, Number, Slots, number},
};

/// How many aggregates can share a set.
pub(super) const MEMBERS_MAX: usize = 32;

/// Of how many values it is looked whether they are there, when one is no longer.
const LOOKS: usize = 4;

/// A group of so few values is forgotten at once.
const FEW: usize = 16;

/// How many values are looked for side by side (Chen et al. 2004, group prefetching).
const SIDE_BY_SIDE: usize = 32;

/// Rows as the aggregates that share a set see them.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) groups: &'a [u32],
    pub(super) values: &'a ArrayRef,
    /// For each aggregate, which rows count.
    pub(super) valid: &'a [Option<&'a NullBuffer>],
    /// Whether each row is added, or taken back.
    pub(super) adds: Option<&'a [bool]>,
}

/// What one set has learnt from another.
#[derive(Debug)]
pub(super) struct Learnt {
    pub(super) values: ArrayRef,
    pub(super) groups: Vec<u32>,
    /// For each aggregate, which of the values are new.
    pub(super) news: Vec<NullBuffer>,
}

/// A set for each group.
pub(super) trait Distinct: Debug + Send {
    /// Makes room for groups up to `bound`.
    fn grow(&mut self, bound: usize);

    /// Takes rows; for each aggregate, which of them change something.
    fn news(&mut self, rows: &Rows<'_>) -> Result<Vec<NullBuffer>, Fault>;

    /// What these groups know, as columns.
    fn state(&self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault>;

    /// Whether a group has never had a value, since it began.
    fn is_new(&self, group: u32) -> bool;

    /// Adds what others knew to these groups, one row each.
    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<Learnt, Fault>;

    /// Makes these groups anew. What the great ones know is given back by [`Distinct::sweep`].
    fn clear(&mut self, groups: &[u32]);

    /// Gives back `most` values, or as many as there are, of groups that were made anew.
    fn sweep(&mut self, most: usize);

    /// Whether nothing is to be given back.
    fn is_swept(&self) -> bool;

    /// Gives back up to so many places for values, of sets that are not used any more; how many it was.
    fn dismantle(&mut self, most: usize) -> usize;

    /// How much memory they take.
    fn bytes(&self) -> usize;
}

#[derive(Debug)]
pub(super) struct Sets<V: Values, S: Seen> {
    data_type: DataType,
    values: V,
    members: usize,
    table: Slots<Entry<V::One, S>>,
    groups: Vec<Group>,
    leaving: Leaving,
    hash: RandomState,
    /// What values and lists take beside the table.
    bytes: usize,
}

#[derive(Debug)]
struct Entry<T, S> {
    value: T,
    /// Under which the values of its group lie.
    group: Number,
    seen: S,
}

/// What finds the values of a group.
#[derive(Debug, Default)]
struct Group {
    hashes: Vec<u64>,
    /// Up to which of them it was last looked whether it is there.
    looked_to: usize,
}

impl<V: Values, S: Seen> Sets<V, S> {
    pub(super) fn new(data_type: DataType, values: V, members: usize) -> Self {
        Self {
            data_type,
            values,
            members,
            table: Slots::new(),
            groups: Vec::new(),
            leaving: Leaving::new(),
            hash: RandomState::default(),
            bytes: 0,
        }
    }

    #[inline]
    fn hash_of(state: &RandomState, group: Number, value: V::Row<'_>) -> u64 {
        state.hash_one((group, value))
    }

    fn hash_of_entry(state: &RandomState, entry: &Entry<V::One, S>) -> u64 {
        Self::hash_of(state, entry.group, V::row(&entry.value))
    }

    /// The number under which the values of a group lie.
    #[inline]
    fn under(&self, group: u32) -> Number {
        number(self.leaving.number_of(group))
    }

    /// Takes what is told of values, each with its hash. A bit for each member to which it is news.
    #[inline]
    fn take(&mut self, group: u32, value: V::Row<'_>, hash: u64, told: i64) -> u32 {
        let under = self.under(group);
        let same = |entry: &Entry<V::One, S>| entry.group == under && V::is(&entry.value, value);
        let at = match self.table.place(hash, same) {
            Some(at) => at,
            None => self.add(group, value, hash),
        };
        let Some(entry) = self.table.entry(at) else {
            return 0;
        };
        let news = entry.seen.take(told);
        if entry.seen.number() == 0 {
            self.gone(group);
        }
        news
    }

    /// A value of a group that has never been there. Its place in the table.
    fn add(&mut self, group: u32, value: V::Row<'_>, hash: u64) -> At {
        let value = V::own(value);
        self.bytes += V::bytes(&value) + size_of::<u64>();
        if let Some(own) = self.groups.get_mut(group as usize) {
            own.hashes.push(hash);
        }
        let (group, seen) = (self.under(group), S::default());
        let state = &self.hash;
        let hash_of = |entry: &Entry<V::One, S>| Self::hash_of_entry(state, entry);
        self.table.add(hash, Entry { value, group, seen }, hash_of)
    }

    /// Takes rows: for each its value and what is told of it, which is nothing where it does not count.
    fn take_all<'a>(
        &mut self,
        groups: &[u32],
        value: impl Fn(usize) -> V::Row<'a>,
        told: impl Fn(usize) -> i64,
    ) -> Vec<NullBuffer> {
        let mut news = News::new(self.members, groups.len());
        let mut hashes = Vec::with_capacity(SIDE_BY_SIDE);
        for (part, some) in groups.chunks(SIDE_BY_SIDE).enumerate() {
            let from = part * SIDE_BY_SIDE;
            hashes.clear();
            hashes.extend(
                (from..)
                    .zip(some)
                    .map(|(row, group)| Self::hash_of(&self.hash, self.under(*group), value(row))),
            );
            let is_taken = |hash: &u64| self.table.is_home_taken(*hash);
            black_box(hashes.iter().filter(|hash| is_taken(hash)).count());
            for ((row, group), hash) in (from..).zip(some).zip(&hashes) {
                let told = told(row);
                if told != 0 {
                    news.set(row, self.take(*group, value(row), *hash, told));
                }
            }
        }
        news.finish()
    }

    /// A value of a group is there no longer. Some of the group's are looked at, in turn, and those that
    /// are not there forgotten: so they are never many, and a group of millions is never gone through at
    /// once.
    fn gone(&mut self, group: u32) {
        for _ in 0..LOOKS {
            let Some(own) = self.groups.get_mut(group as usize) else {
                return;
            };
            if own.looked_to >= own.hashes.len() {
                own.looked_to = 0;
            }
            let Some(hash) = own.hashes.get(own.looked_to).copied() else {
                return;
            };
            let under = self.under(group);
            let is_gone = self.forget(hash, under, |entry| entry.seen.number() == 0);
            if let Some(own) = self.groups.get_mut(group as usize) {
                if is_gone {
                    own.hashes.swap_remove(own.looked_to);
                } else {
                    own.looked_to += 1;
                }
            }
        }
    }

    /// Forgets a value of that hash under a number, if there is one of which `when` is true.
    fn forget(
        &mut self,
        hash: u64,
        under: Number,
        when: impl Fn(&Entry<V::One, S>) -> bool,
    ) -> bool {
        let state = &self.hash;
        let hash_of = |entry: &Entry<V::One, S>| Self::hash_of_entry(state, entry);
        let is_it = |entry: &Entry<V::One, S>| {
            entry.group == under && when(entry) && hash_of(entry) == hash
        };
        let found = self.table.place(hash, is_it);
        let Some(entry) = found.and_then(|at| self.table.remove(at, hash_of)) else {
            return false;
        };
        self.bytes -= V::bytes(&entry.value) + size_of::<u64>();
        true
    }

    /// The values of a group that are there, in order.
    fn entries(&self, group: u32) -> Vec<&Entry<V::One, S>> {
        let own = self.groups.get(group as usize);
        let mut hashes = own.map_or(Vec::new(), |own| own.hashes.clone());
        hashes.sort_unstable();
        hashes.dedup();
        let under = self.under(group);
        let of = |hash: u64| {
            self.table.near(hash).filter(move |entry| {
                entry.group == under
                    && entry.seen.number() != 0
                    && Self::hash_of_entry(&self.hash, entry) == hash
            })
        };
        let mut entries: Vec<_> = hashes.into_iter().flat_map(of).collect();
        entries.sort_unstable_by(|one, other| one.value.cmp(&other.value));
        entries
    }
}

impl<V: Values, S: Seen> Distinct for Sets<V, S> {
    fn grow(&mut self, bound: usize) {
        let bound = bound.max(self.groups.len());
        self.groups.resize_with(bound, Group::default);
    }

    fn news(&mut self, rows: &Rows<'_>) -> Result<Vec<NullBuffer>, Fault> {
        let column = self.values.read(rows.values)?;
        let told = |row: usize| {
            let valid = rows.valid.iter().enumerate();
            let members = valid.fold(0, |members, (member, valid)| {
                let counts = valid.is_none_or(|valid| valid.is_valid(row));
                members | u32::from(counts) << member
            });
            let adds = rows.adds.and_then(|adds| adds.get(row)).copied();
            match members {
                0 => 0,
                members => S::told(members, adds.unwrap_or(true)),
            }
        };
        Ok(self.take_all(rows.groups, |row| V::at(&column, row), told))
    }

    fn state(&self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let sets: Vec<_> = groups.iter().map(|group| self.entries(*group)).collect();
        let offsets = OffsetBuffer::from_lengths(sets.iter().map(Vec::len));
        let all = || sets.iter().flatten();
        let values: Vec<_> = all().map(|entry| &entry.value).collect();
        let seen = Arc::new(Int64Array::from_iter_values(
            all().map(|entry| entry.seen.number()),
        ));
        let values = self.values.write(&values)?;
        Ok(vec![
            list(&self.data_type, offsets.clone(), values)?,
            list(&DataType::Int64, offsets, seen)?,
        ])
    }

    fn is_new(&self, group: u32) -> bool {
        let own = self.groups.get(group as usize);
        own.is_none_or(|own| own.hashes.is_empty())
    }

    fn merge(&mut self, groups: &[u32], state: &[ArrayRef]) -> Result<Learnt, Fault> {
        let lists = part(state, 0)?.as_list::<i32>();
        let seen = part(state, 1)?.as_list::<i32>();
        let within = |list: &arrow::array::ListArray| {
            let offsets = list.value_offsets();
            let ends = offsets.first().copied().zip(offsets.last().copied());
            let (from, to) = ends.unwrap_or_default();
            let [from, to] = [from, to].map(|end| usize::try_from(end).unwrap_or_default());
            list.values().slice(from, to - from)
        };
        let (values, seen) = (within(lists), within(seen));
        let each = groups.iter().enumerate();
        let each = each.flat_map(|(row, group)| {
            std::iter::repeat_n(
                *group,
                usize::try_from(lists.value_length(row)).unwrap_or(0),
            )
        });
        let groups: Vec<u32> = each.collect();
        let column = self.values.read(&values)?;
        let seen = seen.as_primitive::<Int64Type>().values();
        let told = |row: usize| seen.get(row).copied().unwrap_or_default();
        let news = self.take_all(&groups, |row| V::at(&column, row), told);
        Ok(Learnt {
            values,
            groups,
            news,
        })
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            let own = self.groups.get_mut(*group as usize).map(std::mem::take);
            let hashes = own.unwrap_or_default().hashes;
            if hashes.len() > FEW {
                self.leaving.add(*group, hashes);
                continue;
            }
            let under = self.under(*group);
            for hash in hashes {
                self.forget(hash, under, |_| true);
            }
        }
    }

    fn sweep(&mut self, most: usize) {
        for _ in 0..most {
            let Some((under, hash)) = self.leaving.pop() else {
                return;
            };
            self.forget(hash, number(under), |_| true);
        }
    }

    fn is_swept(&self) -> bool {
        self.leaving.is_empty()
    }

    fn dismantle(&mut self, most: usize) -> usize {
        let bytes = &mut self.bytes;
        self.table.dismantle(most, |entry| {
            *bytes -= V::bytes(&entry.value) + size_of::<u64>();
        })
    }

    fn bytes(&self) -> usize {
        self.table.bytes() + self.groups.capacity() * size_of::<Group>() + self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use arrow::array::{Int64Array, StringArray};
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::transform::aggregate::{
        seen::{Members, Times},
        sorted::Sorter,
        values::Narrow,
    };

    #[test]
    fn values_that_are_gone_are_forgotten_a_few_at_a_time() {
        let of = DataType::Int64;
        let mut sets = Sets::<_, Times>::new(of.clone(), Narrow(of), 1);
        sets.grow(1);
        let mut tell = |value: i64, adds: bool| {
            let values: ArrayRef = Arc::new(Int64Array::from(vec![value]));
            let rows = Rows {
                groups: &[0],
                values: &values,
                valid: &[None],
                adds: Some(&[adds]),
            };
            assert!(sets.news(&rows).unwrap()[0].is_valid(0));
            sets.groups[0].hashes.len()
        };
        let count = 10_000;
        for value in 0..count {
            tell(value, true);
        }
        let mut known = usize::try_from(count).unwrap();
        for (there, value) in (0..known).rev().zip(0..count) {
            let before = std::mem::replace(&mut known, tell(value, false));
            assert!(before - known <= LOOKS, "{value}");
            assert!(known <= 2 * there + LOOKS, "{value}: {known} of {there}");
        }
        assert_eq!((known, sets.bytes), (0, 0));
    }

    /// Which of these values are new to a group.
    fn news(sets: &mut dyn Distinct, group: u32, values: &ArrayRef) -> Vec<bool> {
        let rows = Rows {
            groups: &vec![group; values.len()],
            values,
            valid: &[None],
            adds: None,
        };
        let news = sets.news(&rows).unwrap().remove(0);
        news.iter().collect()
    }

    fn numbers(range: std::ops::Range<i64>) -> ArrayRef {
        Arc::new(range.collect::<Int64Array>())
    }

    #[test]
    fn a_group_of_very_many_values_is_forgotten_in_portions() {
        const VALUES: i64 = 500_000;
        let of = DataType::Int64;
        let mut sets = Sets::<_, Members>::new(of.clone(), Narrow(of), 1);
        sets.grow(2);
        let is_new = |news: Vec<bool>| news.into_iter().filter(|is_new| *is_new).count();
        assert_eq!(is_new(news(&mut sets, 0, &numbers(0..VALUES))), 500_000);
        news(&mut sets, 1, &numbers(0..100));
        let full = sets.bytes();
        sets.clear(&[0]);
        let mut there = sets.table.len();
        assert_eq!(there, 500_100, "nothing is given back at once");
        // Meanwhile the group begins anew, and others are what they were.
        assert_eq!(is_new(news(&mut sets, 0, &numbers(0..10))), 10);
        assert_eq!(is_new(news(&mut sets, 1, &numbers(0..101))), 1);
        there += 11;
        while there > 111 {
            sets.sweep(4_096);
            assert_eq!(there.saturating_sub(4_096).max(111), sets.table.len());
            there = sets.table.len();
        }
        assert_eq!(is_new(news(&mut sets, 0, &numbers(0..11))), 1);
        assert!(sets.bytes() < full / 2, "{} of {full}", sets.bytes());
    }

    #[test]
    fn sets_that_are_of_no_more_use_are_given_back_in_portions() {
        let of = DataType::Utf8;
        let mut sets = Sets::<_, Members>::new(of.clone(), Sorter::new(&of).unwrap(), 1);
        sets.grow(1);
        let values = (0..20_000).map(|value| Some(format!("value {value}")));
        let values: ArrayRef = Arc::new(values.collect::<StringArray>());
        news(&mut sets, 0, &values);
        let mut bytes = sets.bytes();
        while sets.dismantle(1_000) > 0 {
            let given = bytes - sets.bytes();
            assert!((1..100_000).contains(&given), "{given}");
            bytes = sets.bytes();
        }
        assert!(bytes < 1_000, "{bytes}");
    }

    /// What is done to which group.
    #[derive(Debug, Clone)]
    enum Act {
        Add(u32, i64, i64),
        Clear(u32),
        Sweep(usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (0..3_u32, 0..200_i64, 1..150_i64).prop_map(|(group, from, count)| Act::Add(group, from, count)),
            2 => (0..3_u32).prop_map(Act::Clear),
            2 => select(vec![1, 50, 1_000]).prop_map(Act::Sweep),
        ]
    }

    proptest! {
        #[test]
        fn a_group_that_was_forgotten_begins_anew(acts in prop::collection::vec(act(), 0..60)) {
            let of = DataType::Int64;
            let mut sets = Sets::<_, Members>::new(of.clone(), Narrow(of), 1);
            sets.grow(3);
            let mut model = [const { BTreeSet::new() }; 3];
            for act in acts {
                match act {
                    Act::Add(group, from, count) => {
                        let values = from..from + count;
                        let given = news(&mut sets, group, &numbers(values.clone()));
                        let own = &mut model[group as usize];
                        let expected: Vec<_> = values.map(|value| own.insert(value)).collect();
                        prop_assert_eq!(given, expected);
                    }
                    Act::Clear(group) => {
                        sets.clear(&[group]);
                        model[group as usize].clear();
                    }
                    Act::Sweep(most) => sets.sweep(most),
                }
                for group in 0..3_u32 {
                    let entries = sets.entries(group);
                    let there = entries.iter().map(|entry| entry.value);
                    prop_assert!(there.eq(model[group as usize].iter().copied()));
                }
            }
            sets.sweep(usize::MAX);
            prop_assert_eq!(sets.table.len(), model.iter().map(BTreeSet::len).sum::<usize>());
        }
    }
}
