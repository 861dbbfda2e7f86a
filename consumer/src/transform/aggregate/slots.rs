//! A table of entries by their hashes: open addressing with linear probing (Knuth, The Art of Computer
//! Programming 3, 6.4, algorithms L and R). An entry is found with one look at memory that is likely
//! not in a cache, and that look can be taken ahead.

/// How many slots there are at least.
const SLOTS_MIN: usize = 16;

/// Entries, each at its home or behind it with no empty slot between.
#[derive(Debug)]
pub(super) struct Slots<T> {
    /// A power of two of them, or none.
    slots: Vec<Option<T>>,
    taken: usize,
}

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            taken: 0,
        }
    }

    /// Where entries of this hash begin. By the first bits of the hash, so that a greater table has its
    /// entries in the same order.
    #[inline]
    const fn home(&self, hash: u64) -> usize {
        let bits = self.slots.len().trailing_zeros();
        #[expect(clippy::cast_possible_truncation, reason = "it is below the length")]
        match hash.checked_shr(u64::BITS - bits) {
            Some(home) => home as usize,
            None => 0,
        }
    }

    #[inline]
    const fn behind(&self, at: usize) -> usize {
        (at + 1) & self.slots.len().saturating_sub(1)
    }

    /// Whether there is an entry at the home of `hash`. Who asks this of many before looking at the
    /// first has the memory fetch them side by side.
    #[inline]
    pub(super) fn is_home_taken(&self, hash: u64) -> bool {
        matches!(self.slots.get(self.home(hash)), Some(Some(_)))
    }

    /// The number of the entry of which `is_it` is true, among those that may have this hash.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<usize> {
        let mut at = self.home(hash);
        while let Some(Some(entry)) = self.slots.get(at) {
            if is_it(entry) {
                return Some(at);
            }
            at = self.behind(at);
        }
        None
    }

    /// All entries that may have this hash, and others.
    pub(super) fn near(&self, hash: u64) -> impl Iterator<Item = &T> {
        let parts = self.slots.split_at_checked(self.home(hash));
        let (from, rest) = parts.unwrap_or_default();
        rest.iter().chain(from).map_while(Option::as_ref)
    }

    /// An entry by its number, which holds until one is added or removed.
    #[inline]
    pub(super) fn entry(&mut self, at: usize) -> Option<&mut T> {
        self.slots.get_mut(at)?.as_mut()
    }

    /// Adds an entry that is not there; `hash_of` is asked where others have to move.
    pub(super) fn add(&mut self, hash: u64, entry: T, hash_of: impl Fn(&T) -> u64) -> usize {
        if (self.taken + 1) * 8 > self.slots.len() * 5 {
            let length = (self.slots.len() * 2).max(SLOTS_MIN);
            let greater = std::iter::repeat_with(|| None).take(length).collect();
            for entry in std::mem::replace(&mut self.slots, greater)
                .into_iter()
                .flatten()
            {
                let hash = hash_of(&entry);
                self.put(hash, entry);
            }
        }
        self.taken += 1;
        self.put(hash, entry)
    }

    fn put(&mut self, hash: u64, entry: T) -> usize {
        let mut at = self.home(hash);
        while let Some(Some(_)) = self.slots.get(at) {
            at = self.behind(at);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(entry);
        }
        at
    }

    /// Removes an entry by its number; those behind it move up to where they are found.
    pub(super) fn remove(&mut self, at: usize, hash_of: impl Fn(&T) -> u64) -> Option<T> {
        let removed = self.slots.get_mut(at)?.take()?;
        self.taken -= 1;
        let (mut empty, mut next) = (at, self.behind(at));
        while let Some(Some(entry)) = self.slots.get(next) {
            let home = self.home(hash_of(entry));
            if !lies_in(home, self.behind(empty), next) {
                self.slots.swap(empty, next);
                empty = next;
            }
            next = self.behind(next);
        }
        Some(removed)
    }

    /// How much memory it takes.
    pub(super) const fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Option<T>>()
    }
}

/// Whether a slot is one of those from the first to the last, counted around the end of the table.
const fn lies_in(slot: usize, first: usize, last: usize) -> bool {
    if first <= last {
        first <= slot && slot <= last
    } else {
        first <= slot || slot <= last
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    /// So few homes that entries are often in each other's way.
    fn hash_of(number: u8) -> u64 {
        u64::from(number % 13) << 60 | u64::from(number)
    }

    proptest! {
        #[test]
        fn it_holds_what_was_added_and_not_removed(
            steps in prop::collection::vec((any::<bool>(), any::<u8>()), 0..400)
        ) {
            let (mut slots, mut model) = (Slots::new(), BTreeSet::new());
            for (adds, number) in steps {
                let found = slots.find(hash_of(number), |entry| *entry == number);
                prop_assert_eq!(found.is_some(), model.contains(&number));
                match (adds, found) {
                    (true, None) => {
                        let at = slots.add(hash_of(number), number, |entry| hash_of(*entry));
                        prop_assert_eq!(slots.entry(at), Some(&mut number.clone()));
                        model.insert(number);
                    }
                    (false, Some(at)) => {
                        let removed = slots.remove(at, |entry| hash_of(*entry));
                        prop_assert_eq!(removed, Some(number));
                        model.remove(&number);
                    }
                    _ => {}
                }
            }
            for number in model {
                prop_assert!(slots.near(hash_of(number)).any(|entry| *entry == number));
            }
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_was_added() {
        let slots = Slots::<u8>::new();
        assert!(!slots.is_home_taken(u64::MAX));
        assert_eq!(slots.find(u64::MAX, |_| true), None);
        assert_eq!(slots.near(u64::MAX).count(), 0);
    }
}
