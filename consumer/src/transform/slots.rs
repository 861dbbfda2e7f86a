//! A table of entries by their hashes that grows in portions, so that no batch of rows has to wait for
//! millions of entries to be moved.
//!
//! Entries are shared out to parts by the first bits of their hashes, and each part grows by itself when
//! it is full. A part is open addressing with linear probing (Knuth, The Art of Computer Programming 3,
//! 6.4, algorithms L and R): an entry is found with one look at memory that is likely not in a cache,
//! since the list of parts is small, and that look can be taken ahead.

use std::{iter::repeat_with, num::NonZero};

/// How many slots a part has at least.
const SLOTS_MIN: usize = 16;

/// A part of so many slots is not made smaller.
const SLOTS_KEPT: usize = 2 * PART_SLOTS;

/// A table of so many entries is parted. Until then it is one part.
const PARTED_FROM: usize = 256 * 1024;

/// Into as many parts as these bits of a hash tell apart. Of ten million entries a part has ten thousand;
/// and what finds the parts takes 24 KiB.
const PART_BITS: u32 = 10;

/// A number and one: of an entry that has it, an empty slot takes no room of its own.
pub(super) type Number = NonZero<u32>;

/// A number as an entry has it.
pub(super) const fn number(of: u32) -> Number {
    Number::MIN.saturating_add(of)
}

/// The way back.
pub(super) const fn of(number: Number) -> u32 {
    number.get() - 1
}

/// How many slots the first of many parts has at first. The last has twice as many, so that parts of the
/// same number of entries do not grow at the same time.
const PART_SLOTS: usize = 512;

/// Entries, each in its part.
#[derive(Debug)]
pub(super) struct Slots<T> {
    parts: Vec<Part<T>>,
    /// The first bits of a hash that tell the part.
    bits: u32,
    taken: usize,
}

/// Some of the entries, each at its home or behind it with no empty slot between.
#[derive(Debug)]
struct Part<T> {
    slots: Box<[Option<T>]>,
    taken: usize,
}

/// Where an entry is, until one is added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    part: usize,
    slot: usize,
}

impl<T> Slots<T> {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            parts: vec![Part::of(0)],
            bits: 0,
            taken: 0,
        }
    }

    /// The part of a hash, and what of it is left to find the home there.
    #[inline]
    const fn part_of(&self, hash: u64) -> (usize, u32) {
        let first = first_half(hash);
        let part = ((first as u64) << self.bits >> u32::BITS) as usize;
        (part, first << self.bits)
    }

    /// Whether there is an entry at the home of `hash`. Who asks this of many before looking at the
    /// first has the memory fetch them side by side.
    #[inline]
    pub(super) fn is_home_taken(&self, hash: u64) -> bool {
        let (part, rest) = self.part_of(hash);
        let part = self.parts.get(part);
        part.is_some_and(|part| matches!(part.slots.get(part.home(rest)), Some(Some(_))))
    }

    /// The entry of which `is_it` is true, among those that may have this hash.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<&T> {
        let at = self.place(hash, is_it)?;
        self.parts.get(at.part)?.slots.get(at.slot)?.as_ref()
    }

    /// Where the entry is of which `is_it` is true, among those that may have this hash.
    #[inline]
    pub(super) fn place(&self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<At> {
        let (part, rest) = self.part_of(hash);
        let slot = self.parts.get(part)?.find(rest, is_it)?;
        Some(At { part, slot })
    }

    /// All entries that may have this hash, and others.
    pub(super) fn near(&self, hash: u64) -> impl Iterator<Item = &T> {
        let (part, rest) = self.part_of(hash);
        self.parts
            .get(part)
            .into_iter()
            .flat_map(move |part| part.near(rest))
    }

    /// An entry by its place.
    #[inline]
    pub(super) fn entry(&mut self, at: At) -> Option<&mut T> {
        self.parts
            .get_mut(at.part)?
            .slots
            .get_mut(at.slot)?
            .as_mut()
    }

    /// Adds an entry that is not there; `hash_of` is asked where others have to move.
    pub(super) fn add(&mut self, hash: u64, entry: T, hash_of: impl Fn(&T) -> u64) -> At {
        if self.taken == PARTED_FROM && self.bits == 0 {
            self.take_apart(&hash_of);
        }
        let bits = self.bits;
        let rest_of = |entry: &T| first_half(hash_of(entry)) << bits;
        let (part, rest) = self.part_of(hash);
        self.taken += 1;
        let own = self.parts.get_mut(part);
        let slot = own.map(|own| own.add(rest, entry, rest_of));
        At {
            part,
            slot: slot.unwrap_or_default(),
        }
    }

    /// Shares the entries of the only part out to many.
    #[cold]
    fn take_apart(&mut self, hash_of: &impl Fn(&T) -> u64) {
        let length = |part: usize| PART_SLOTS + ((part * PART_SLOTS) >> PART_BITS);
        let parts = (0..1 << PART_BITS).map(|part| Part::of(length(part)));
        let parts = parts.collect();
        let only = std::mem::replace(&mut self.parts, parts);
        self.bits = PART_BITS;
        for entry in only.into_iter().flat_map(|part| part.slots).flatten() {
            let (part, rest) = self.part_of(hash_of(&entry));
            if let Some(part) = self.parts.get_mut(part) {
                part.add(rest, entry, |entry| first_half(hash_of(entry)) << PART_BITS);
            }
        }
    }

    /// Removes an entry; those behind it move up to where they are found.
    pub(super) fn remove(&mut self, at: At, hash_of: impl Fn(&T) -> u64) -> Option<T> {
        let bits = self.bits;
        let rest_of = |entry: &T| first_half(hash_of(entry)) << bits;
        let removed = self.parts.get_mut(at.part)?.remove(at.slot, rest_of);
        self.taken -= usize::from(removed.is_some());
        removed
    }

    /// Drops entries of a table that is not used any more, each of which is shown to `dropped` before: those
    /// of up to `most` slots. How many slots it was.
    pub(super) fn dismantle(&mut self, most: usize, mut dropped: impl FnMut(&T)) -> usize {
        let mut left = most;
        while let Some(part) = self.parts.last_mut() {
            if left == 0 {
                break;
            }
            let mut slots = std::mem::take(&mut part.slots).into_vec();
            let kept = slots.len().saturating_sub(left);
            left -= slots.len() - kept;
            slots
                .drain(kept..)
                .flatten()
                .for_each(|entry| dropped(&entry));
            match kept {
                0 => drop(self.parts.pop()),
                _ => part.slots = slots.into_boxed_slice(),
            }
        }
        most - left
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.taken
    }

    /// How much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let slots = self.parts.iter().map(|part| part.slots.len());
        slots.sum::<usize>() * size_of::<Option<T>>() + self.parts.len() * size_of::<Part<T>>()
    }
}

impl<T> Part<T> {
    /// A part of so many slots.
    fn of(length: usize) -> Self {
        Self {
            slots: repeat_with(|| None).take(length).collect(),
            taken: 0,
        }
    }

    /// Where entries begin of which this is left of the hash. Entries lie in the order of their hashes, so
    /// they do in a part of any other length.
    #[inline]
    const fn home(&self, rest: u32) -> usize {
        ((rest as u64 * self.slots.len() as u64) >> u32::BITS) as usize
    }

    #[inline]
    const fn behind(&self, at: usize) -> usize {
        if at + 1 < self.slots.len() { at + 1 } else { 0 }
    }

    #[inline]
    fn find(&self, rest: u32, is_it: impl Fn(&T) -> bool) -> Option<usize> {
        let mut at = self.home(rest);
        while let Some(Some(entry)) = self.slots.get(at) {
            if is_it(entry) {
                return Some(at);
            }
            at = self.behind(at);
        }
        None
    }

    fn near(&self, rest: u32) -> impl Iterator<Item = &T> {
        let parts = self.slots.split_at_checked(self.home(rest));
        let (from, rest) = parts.unwrap_or_default();
        rest.iter().chain(from).map_while(Option::as_ref)
    }

    fn add(&mut self, rest: u32, entry: T, rest_of: impl Fn(&T) -> u32) -> usize {
        self.make_room(rest_of);
        self.taken += 1;
        self.put(rest, entry)
    }

    /// Doubles where one more would be too many.
    fn make_room(&mut self, rest_of: impl Fn(&T) -> u32) {
        let length = self.slots.len();
        if (self.taken + 1) * 8 <= length * 5 {
            return;
        }
        self.resize((length * 2).max(SLOTS_MIN), rest_of);
    }

    fn resize(&mut self, length: usize, rest_of: impl Fn(&T) -> u32) {
        let slots = repeat_with(|| None).take(length).collect();
        let entries = std::mem::replace(&mut self.slots, slots);
        for entry in entries.into_iter().flatten() {
            self.put(rest_of(&entry), entry);
        }
    }

    fn put(&mut self, rest: u32, entry: T) -> usize {
        let mut at = self.home(rest);
        while let Some(Some(_)) = self.slots.get(at) {
            at = self.behind(at);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(entry);
        }
        at
    }

    fn remove(&mut self, at: usize, rest_of: impl Fn(&T) -> u32) -> Option<T> {
        let removed = self.slots.get_mut(at)?.take()?;
        self.taken -= 1;
        let (mut empty, mut next) = (at, self.behind(at));
        while let Some(Some(entry)) = self.slots.get(next) {
            let home = self.home(rest_of(entry));
            if !lies_in(home, self.behind(empty), next) {
                self.slots.swap(empty, next);
                empty = next;
            }
            next = self.behind(next);
        }
        self.give_room_back(rest_of);
        Some(removed)
    }

    /// Becomes a quarter where so few entries are left that it is long until it has to grow again.
    fn give_room_back(&mut self, rest_of: impl Fn(&T) -> u32) {
        let length = self.slots.len();
        if length > SLOTS_KEPT && self.taken * 16 < length {
            self.resize(length / 4, rest_of);
        }
    }
}

/// The half of a hash that places are found by: an entry that keeps its hash may keep no more of it.
#[inline]
pub(super) const fn first_half(hash: u64) -> u32 {
    (hash >> u32::BITS) as u32
}

/// Whether a slot is one of those from the first to the last, counted around the end of the part.
const fn lies_in(slot: usize, first: usize, last: usize) -> bool {
    if first <= last {
        first <= slot && slot <= last
    } else {
        first <= slot || slot <= last
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        collections::{BTreeSet, HashMap},
    };

    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    /// So few homes that entries are often in each other's way.
    fn crowded(number: u8) -> u64 {
        u64::from(number % 13) << 60 | u64::from(number)
    }

    /// Steele et al. 2014: the finalizer of SplitMix64.
    fn spread(number: u64) -> u64 {
        let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    proptest! {
        #[test]
        fn it_holds_what_was_added_and_not_removed(
            steps in prop::collection::vec((any::<bool>(), any::<u8>()), 0..400)
        ) {
            let (mut slots, mut model) = (Slots::new(), BTreeSet::new());
            for (adds, number) in steps {
                let found = slots.place(crowded(number), |entry| *entry == number);
                prop_assert_eq!(found.is_some(), model.contains(&number));
                match (adds, found) {
                    (true, None) => {
                        let at = slots.add(crowded(number), number, |entry| crowded(*entry));
                        prop_assert_eq!(slots.entry(at), Some(&mut number.clone()));
                        model.insert(number);
                    }
                    (false, Some(at)) => {
                        let removed = slots.remove(at, |entry| crowded(*entry));
                        prop_assert_eq!(removed, Some(number));
                        model.remove(&number);
                    }
                    _ => {}
                }
            }
            for number in model {
                prop_assert!(slots.near(crowded(number)).any(|entry| *entry == number));
            }
        }
    }

    type Entry = (u64, u64);

    fn hash_of(entry: &Entry) -> u64 {
        spread(entry.0)
    }

    /// Adds, changes, removes and looks for keys below a bound that goes up and down, so that the table
    /// grows, is parted, and is emptied again and again.
    fn against_a_map(seed: u64) {
        let (mut slots, mut model) = (Slots::<Entry>::new(), HashMap::new());
        let mut state = seed;
        for step in 0..2_000_000_u64 {
            state = spread(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            let bound = if step % 1_000_000 < 700_000 {
                500_000
            } else {
                500
            };
            let key = (state >> 20) % bound;
            let found = slots.place(spread(key), |entry| entry.0 == key);
            let known = found.and_then(|at| slots.entry(at)).map(|entry| entry.1);
            assert_eq!(known, model.get(&key).copied(), "seed {seed}, step {step}");
            match (found, state % 8) {
                (None, _) => {
                    slots.add(spread(key), (key, step), hash_of);
                    model.insert(key, step);
                }
                (Some(at), 0..3) => {
                    let removed = slots.remove(at, hash_of);
                    assert_eq!(
                        removed.map(|entry| entry.1),
                        model.remove(&key),
                        "seed {seed}"
                    );
                }
                (Some(at), _) => {
                    slots.entry(at).unwrap().1 = step;
                    model.insert(key, step);
                }
            }
            assert_eq!(slots.taken, model.len(), "seed {seed}, step {step}");
        }
        assert_eq!(slots.bits, PART_BITS, "seed {seed}: it was parted");
        for (key, value) in model {
            let found = slots.find(spread(key), |entry| entry.0 == key);
            assert_eq!(found, Some(&(key, value)), "seed {seed}");
        }
    }

    #[test]
    fn it_is_a_map_while_it_grows_and_shrinks() {
        (1..3).for_each(against_a_map);
    }

    /// So many entries are added together.
    const BATCH: u64 = 8 * 1024;

    /// How many entries moved for each batch of those that were added, and whether the table was parted.
    fn moves(count: u64) -> Vec<(u64, bool)> {
        let mut slots = Slots::<Entry>::new();
        let batches = (0..count / BATCH).map(|batch| {
            let moved = Cell::new(0);
            for key in batch * BATCH..(batch + 1) * BATCH {
                slots.add(spread(key), (key, 0), |entry| {
                    moved.set(moved.get() + 1);
                    hash_of(entry)
                });
            }
            (moved.get(), slots.bits != 0)
        });
        batches.collect()
    }

    #[test]
    fn once_it_is_parted_a_batch_moves_a_few_entries_for_each_that_it_adds() {
        let moves = moves(1_000_000);
        let whole = moves.partition_point(|(_, is_parted)| !is_parted);
        let (before, since) = moves.split_at(whole + 1);
        let since = since.iter().map(|(moved, _)| *moved);
        assert!(since.clone().max() < Some(8 * BATCH), "{since:?}");
        assert!(since.sum::<u64>() < 4 * 1_000_000);
        // The control: what is one part moves as a whole.
        let before = before.iter().map(|(moved, _)| *moved);
        assert!(before.max() > Some(PARTED_FROM as u64 * 3 / 4));
    }

    #[test]
    fn a_table_gets_smaller_as_its_entries_go_a_portion_at_a_time() {
        const COUNT: u64 = 1_000_000;
        let mut slots = Slots::<Entry>::new();
        for key in 0..COUNT {
            slots.add(spread(key), (key, 0), hash_of);
        }
        let full = slots.bytes();
        let (moved, mut all) = (Cell::new(0), 0);
        for batch in 0..COUNT / BATCH {
            for key in batch * BATCH..(batch + 1) * BATCH {
                let at = slots.place(spread(key), |entry| entry.0 == key).unwrap();
                slots.remove(at, |entry| {
                    moved.set(moved.get() + 1);
                    hash_of(entry)
                });
            }
            let moved = moved.take();
            assert!(moved < 8 * BATCH, "{moved}");
            all += moved;
        }
        assert!(all < 4 * COUNT, "{all}");
        // What it has as soon as it is parted stays.
        assert!(slots.bytes() * 3 < full, "{} of {full}", slots.bytes());
    }

    #[test]
    fn nothing_is_found_where_nothing_was_added() {
        let slots = Slots::<u8>::new();
        assert!(!slots.is_home_taken(u64::MAX));
        assert_eq!(slots.find(u64::MAX, |_| true), None);
        assert_eq!(slots.near(u64::MAX).count(), 0);
    }
}
