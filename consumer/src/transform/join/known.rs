//! The rows of an input by what they are, where rows may be taken back. Of equal rows the table knows one,
//! from which a list leads to the others: so a row is found as fast when there are a million like it.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

use super::side::NONE;
use crate::transform::numbers::Numbers;

#[derive(Debug)]
pub(super) struct Known {
    /// The first of each list.
    first: Numbers,
    /// For each row its neighbours among those equal to it.
    equal: Vec<Equal>,
    hash: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Equal {
    before: u32,
    next: u32,
}

impl Equal {
    const ALONE: Self = Self {
        before: NONE,
        next: NONE,
    };
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            first: Numbers::new(),
            equal: Vec::new(),
            hash: RandomState::default(),
        }
    }

    /// The hash of a row of a group.
    pub(super) fn hash_of(&self, group: u32, row: &[u8]) -> u64 {
        let mut hasher = self.hash.build_hasher();
        hasher.write_u32(group);
        hasher.write(row);
        hasher.finish()
    }

    /// A row of that hash for which `is_it` is true.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.first.find(hash, is_it)
    }

    /// Adds a row; `is_it` says which are equal to it.
    pub(super) fn add(&mut self, number: u32, hash: u64, is_it: impl Fn(u32) -> bool) {
        if self.equal.len() <= number as usize {
            self.equal.resize(number as usize + 1, Equal::ALONE);
        }
        let Some(first) = self.find(hash, is_it) else {
            self.link(number, NONE, NONE);
            self.first.add(hash, number);
            return;
        };
        let next = self.equal_to(first).next;
        self.link(number, first, next);
    }

    /// Forgets a row.
    pub(super) fn remove(&mut self, number: u32, hash: u64) {
        let Equal { before, next } = self.equal_to(number);
        if before == NONE {
            let by = (next != NONE).then_some(next);
            self.first.replace(hash, number, by);
        }
        if let Some(before) = self.equal.get_mut(before as usize) {
            before.next = next;
        }
        if let Some(next) = self.equal.get_mut(next as usize) {
            next.before = before;
        }
    }

    fn equal_to(&self, number: u32) -> Equal {
        let equal = self.equal.get(number as usize);
        equal.copied().unwrap_or(Equal::ALONE)
    }

    /// Puts a row between two others.
    fn link(&mut self, number: u32, before: u32, next: u32) {
        let own = self.equal.get_mut(number as usize);
        if let Some(own) = own {
            *own = Equal { before, next };
        }
        if let Some(before) = self.equal.get_mut(before as usize) {
            before.next = number;
        }
        if let Some(next) = self.equal.get_mut(next as usize) {
            next.before = number;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.first.bytes() + self.equal.capacity() * size_of::<Equal>()
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::HashMap};

    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    /// Rows by number, of few kinds.
    type Rows = HashMap<u32, u8>;

    fn is_it(rows: &Rows, row: u8) -> impl Fn(u32) -> bool {
        move |number| rows.get(&number) == Some(&row)
    }

    proptest! {
        #[test]
        fn a_row_that_was_added_is_found_until_all_equal_to_it_are_gone(
            steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>(), 0..8_u8), 0..300)
        ) {
            let (mut known, mut rows) = (Known::new(), Rows::new());
            for (number, (adds, which, row)) in (0_u32..).zip(steps) {
                if adds || rows.is_empty() {
                    let hash = known.hash_of(0, &[row]);
                    known.add(number, hash, is_it(&rows, row));
                    rows.insert(number, row);
                } else {
                    let mut numbers: Vec<_> = rows.keys().copied().collect();
                    numbers.sort_unstable();
                    let gone = *which.get(&numbers);
                    known.remove(gone, known.hash_of(0, &[rows[&gone]]));
                    rows.remove(&gone);
                }
                for row in 0..8 {
                    let found = known.find(known.hash_of(0, &[row]), is_it(&rows, row));
                    prop_assert_eq!(found.is_some(), rows.values().any(|other| *other == row));
                    prop_assert!(found.is_none_or(|number| rows[&number] == row));
                }
            }
        }
    }

    #[test]
    fn a_row_that_equals_many_is_compared_with_one() {
        let (mut known, compared) = (Known::new(), Cell::new(0));
        let is_equal = |_| {
            compared.set(compared.get() + 1);
            true
        };
        let hash = known.hash_of(0, b"the same");
        for number in 0..10_000 {
            known.add(number, hash, is_equal);
        }
        while let Some(number) = known.find(hash, is_equal) {
            known.remove(number, hash);
        }
        assert_eq!(compared.get(), 2 * 10_000 - 1);
    }
}
