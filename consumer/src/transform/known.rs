//! Rows by what they are, where rows may be taken back. Of equal rows the table knows the oldest, from
//! which a ring leads through the others in the order in which they came: so a row is found as fast when
//! there are a million like it.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

use super::numbers::Numbers;

/// No row.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Known {
    /// The oldest of each ring.
    oldest: Numbers,
    /// For each row its neighbours among those equal to it.
    equal: Vec<Equal>,
    hash: RandomState,
}

/// The neighbours of a row. Behind the newest comes the oldest; who is alone is its own neighbour.
#[derive(Debug, Clone, Copy)]
struct Equal {
    before: u32,
    next: u32,
}

impl Equal {
    const NOWHERE: Self = Self {
        before: NONE,
        next: NONE,
    };
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            oldest: Numbers::new(),
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

    /// The oldest row of that hash for which `is_it` is true.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.oldest.find(hash, is_it)
    }

    /// The newest row of that hash for which `is_it` is true.
    pub(super) fn find_newest(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let oldest = self.find(hash, is_it)?;
        Some(self.equal_to(oldest).before)
    }

    /// Adds a row; `is_it` says which are equal to it.
    pub(super) fn add(&mut self, number: u32, hash: u64, is_it: impl Fn(u32) -> bool) {
        if self.equal.len() <= number as usize {
            self.equal.resize(number as usize + 1, Equal::NOWHERE);
        }
        let Some(oldest) = self.find(hash, is_it) else {
            self.link(number, number);
            self.oldest.add(hash, number);
            return;
        };
        let newest = self.equal_to(oldest).before;
        self.link(newest, number);
        self.link(number, oldest);
    }

    /// Forgets a row.
    pub(super) fn remove(&mut self, number: u32, hash: u64) {
        let Equal { before, next } = self.equal_to(number);
        if next == number {
            self.oldest.replace(hash, number, None);
            return;
        }
        self.link(before, next);
        self.oldest.replace(hash, number, Some(next));
    }

    fn equal_to(&self, number: u32) -> Equal {
        let equal = self.equal.get(number as usize);
        equal.copied().unwrap_or(Equal::NOWHERE)
    }

    /// Puts one row behind another.
    fn link(&mut self, one: u32, next: u32) {
        if let Some(equal) = self.equal.get_mut(one as usize) {
            equal.next = next;
        }
        if let Some(equal) = self.equal.get_mut(next as usize) {
            equal.before = one;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.oldest.bytes() + self.equal.capacity() * size_of::<Equal>()
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::HashMap};

    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;

    /// Rows by number, of few kinds.
    type Rows = HashMap<u32, u8>;

    fn is_it(rows: &Rows, row: u8) -> impl Fn(u32) -> bool {
        move |number| rows.get(&number) == Some(&row)
    }

    proptest! {
        #[test]
        fn the_oldest_and_the_newest_of_equal_rows_are_found(
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
                    let mut equal: Vec<_> = rows.iter().filter(|(_, other)| **other == row).collect();
                    equal.sort_unstable();
                    prop_assert_eq!(found, equal.first().map(|(number, _)| **number));
                    let newest = known.find_newest(known.hash_of(0, &[row]), is_it(&rows, row));
                    prop_assert_eq!(newest, equal.last().map(|(number, _)| **number));
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
