//! Numbers of what lies elsewhere, found by the hash of it. An entry keeps as much of the hash as its place
//! depends on, so a table that grows need not look at what the numbers stand for.

use super::slots::{Number, Slots, first_half, number, of};

/// The numbers.
#[derive(Debug)]
pub(super) struct Numbers(Slots<Entry>);

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    number: Number,
}

impl Entry {
    const fn new(hash: u64, own: u32) -> Self {
        Self {
            hash: first_half(hash),
            number: number(own),
        }
    }

    fn hash(&self) -> u64 {
        u64::from(self.hash) << u32::BITS
    }
}

impl Numbers {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Slots::new())
    }

    /// The number of which `is_it` is true, among those of this hash.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let wanted = first_half(hash);
        let is_it = |entry: &Entry| entry.hash == wanted && is_it(of(entry.number));
        self.0.find(hash, is_it).map(|entry| of(entry.number))
    }

    /// Adds a number that is not there.
    pub(super) fn add(&mut self, hash: u64, own: u32) {
        self.0.add(hash, Entry::new(hash, own), Entry::hash);
    }

    /// Puts another number into the place of one, or none. Whether that was there.
    pub(super) fn replace(&mut self, hash: u64, own: u32, by: Option<u32>) -> bool {
        let is_it = |entry: &Entry| entry.number == number(own);
        let Some(at) = self.0.place(hash, is_it) else {
            return false;
        };
        match (by, self.0.entry(at)) {
            (Some(by), Some(entry)) => entry.number = number(by),
            _ => drop(self.0.remove(at, Entry::hash)),
        }
        true
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.0.bytes()
    }
}
