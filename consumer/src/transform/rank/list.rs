//! The rows of one key in their order. As many as are ever given are enough where rows are only
//! added; where they may be taken back, all have to be known, since each may come up again.
//!
//! A row that is taken back is found by what it is sorted by. Where there are many, as many may be
//! sorted alike, so then there is an index of what they are: of a million alike, one is looked at.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use foldhash::fast::RandomState;

/// What a row is sorted by, as bytes, and its number: of equal ones the first that came is first.
pub(super) type Place = Box<[u8]>;

/// When a row came, as the end of its place.
type Arrived = [u8; 8];

/// So many rows are kept one behind the other at the most: to put one between them is to move the rest.
const FEW: usize = 256;

/// Of more rows there is an index.
const INDEXED: usize = 32;

/// So few rows are looked through rather than put into a table.
const LOOKED_THROUGH: usize = 16;

#[derive(Debug)]
pub(super) enum List {
    /// Few rows, in their order.
    Few(Vec<(Place, u32)>),
    /// Any number of rows.
    Many(Many),
}

#[derive(Debug)]
pub(super) struct Many {
    rows: BTreeMap<Place, u32>,
    /// The rows by the hash of what they are, where rows are taken back and there are many of them.
    #[expect(
        clippy::box_collection,
        reason = "there is a list for each key, and few of them have an index"
    )]
    index: Option<Box<BTreeSet<(u64, Arrived)>>>,
    keeps_all: bool,
}

impl List {
    /// One that keeps all rows, which may be taken back, or only the first `most`.
    pub(super) const fn new(keeps_all: bool, most: usize) -> Self {
        if !keeps_all && most <= FEW {
            return Self::Few(Vec::new());
        }
        Self::Many(Many {
            rows: BTreeMap::new(),
            index: None,
            keeps_all,
        })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(rows) => rows.len(),
            Self::Many(many) => many.rows.len(),
        }
    }

    /// Takes any row out of a list that takes none any more.
    pub(super) fn pop(&mut self) -> Option<u32> {
        match self {
            Self::Few(rows) => rows.pop().map(|(_, row)| row),
            Self::Many(many) => {
                many.index.as_mut().and_then(|index| index.pop_last());
                many.rows.pop_last().map(|(_, row)| row)
            }
        }
    }

    /// Whether a row of this place is among the first `most`.
    pub(super) fn takes(&self, place: &[u8], most: usize) -> bool {
        match self {
            Self::Many(many) if many.keeps_all => true,
            _ if self.len() < most => true,
            Self::Few(rows) => rows.last().is_some_and(|(last, _)| place < &**last),
            Self::Many(many) => {
                let last = many.rows.last_key_value();
                last.is_some_and(|(last, _)| place < &**last)
            }
        }
    }

    /// Puts a row to its place; `hash` is that of what a row is. Returns the one that there is no room
    /// for any more.
    pub(super) fn insert(
        &mut self,
        (place, row): (Place, u32),
        most: usize,
        hash: impl Fn(u32) -> u64,
    ) -> Option<u32> {
        match self {
            Self::Few(rows) => {
                let at = rows.partition_point(|(other, _)| *other < place);
                if rows.capacity() == 0 {
                    rows.reserve_exact(1);
                }
                rows.insert(at, (place, row));
                let over = (rows.len() > most).then(|| rows.pop());
                over.flatten().map(|(_, row)| row)
            }
            Self::Many(many) if many.keeps_all => {
                many.insert(place, row, hash);
                None
            }
            Self::Many(Many { rows, .. }) => {
                rows.insert(place, row);
                let over = (rows.len() > most).then(|| rows.pop_last());
                over.flatten().map(|(_, row)| row)
            }
        }
    }

    /// Takes the first row out that is sorted by these bytes, has this hash, and for which `is_it` is
    /// true.
    pub(super) fn take(
        &mut self,
        (order, hash): (&[u8], u64),
        is_it: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        match self {
            Self::Many(many) if many.keeps_all => many.take(order, hash, is_it),
            Self::Few(_) | Self::Many(_) => None,
        }
    }

    /// The first `most` rows.
    pub(super) fn first(&self, most: usize) -> Vec<u32> {
        match self {
            Self::Few(rows) => rows.iter().take(most).map(|(_, row)| *row).collect(),
            Self::Many(many) => many.rows.values().take(most).copied().collect(),
        }
    }

    /// All rows, in their order.
    pub(super) fn rows(&self) -> Vec<u32> {
        self.first(usize::MAX)
    }
}

impl Many {
    fn insert(&mut self, place: Place, row: u32, hash: impl Fn(u32) -> u64) {
        match &mut self.index {
            Some(index) => {
                index.insert((hash(row), arrived(&place)));
            }
            None if self.rows.len() >= INDEXED => {
                let all = self.rows.iter().chain([(&place, &row)]);
                let index = all.map(|(place, row)| (hash(*row), arrived(place)));
                self.index = Some(Box::new(index.collect()));
            }
            None => {}
        }
        self.rows.insert(place, row);
    }

    fn take(&mut self, order: &[u8], hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let place = match &self.index {
            Some(index) => {
                let same = index.range((hash, Arrived::default())..=(hash, [u8::MAX; 8]));
                let places = same.map(|(_, arrived)| Place::from([order, arrived].concat()));
                let mut known =
                    places.filter(|place| self.rows.get(place).is_some_and(|row| is_it(*row)));
                known.next()?
            }
            None => {
                let same = self.rows.range(Place::from(order)..);
                let mut same = same.take_while(|(place, _)| place.starts_with(order));
                same.find(|(_, row)| is_it(**row))?.0.clone()
            }
        };
        if let Some(index) = &mut self.index {
            index.remove(&(hash, arrived(&place)));
            if index.len() < INDEXED / 2 {
                self.index = None;
            }
        }
        self.rows.remove(&place)
    }
}

/// The rows that are not among `known`.
pub(super) fn others(rows: &[u32], known: &[u32]) -> Vec<u32> {
    let rows = rows.iter().copied();
    if known.len() <= LOOKED_THROUGH {
        return rows.filter(|row| !known.contains(row)).collect();
    }
    let known: HashSet<_, RandomState> = known.iter().collect();
    rows.filter(|row| !known.contains(row)).collect()
}

fn arrived(place: &[u8]) -> Arrived {
    place.last_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::{prelude::*, sample::Index};

    use super::*;

    fn place(order: u8, arrived: u64) -> Place {
        [&[order][..], &arrived.to_be_bytes()].concat().into()
    }

    /// What a row is, by its number: few kinds, so that some are equal.
    const fn kind(row: u32) -> u32 {
        row % 7
    }

    proptest! {
        #[test]
        fn rows_are_found_and_in_order_whatever_comes_and_goes(
            acts in prop::collection::vec((0..5_u8, any::<Index>()), 0..200)
        ) {
            let (mut list, mut model) = (List::new(true, 3), Vec::<(Place, u32)>::new());
            // Different kinds have the same hash.
            let hash = |row| u64::from(kind(row) % 3);
            for (row, (act, which)) in (0_u32..).zip(acts) {
                if act > 1 || model.is_empty() {
                    let place = place(u8::try_from(kind(row) % 2).unwrap(), row.into());
                    prop_assert_eq!(list.insert((place.clone(), row), 3, hash), None);
                    model.push((place, row));
                    model.sort();
                } else {
                    let (place, row) = which.get(&model).clone();
                    let is_it = |other| kind(other) == kind(row);
                    let first = model.iter().position(|(_, other)| is_it(*other)).unwrap();
                    let (_, first) = model.remove(first);
                    let taken = list.take((&place[..1], hash(row)), is_it);
                    prop_assert_eq!(taken, Some(first));
                }
                let rows: Vec<_> = model.iter().map(|(_, row)| *row).collect();
                prop_assert_eq!(list.rows(), rows);
            }
        }

        #[test]
        fn the_first_rows_are_the_same_however_many_are_kept(
            orders in prop::collection::vec(0..200_u8, 0..100), most in 1..20_usize
        ) {
            let keeps = || Many { rows: BTreeMap::new(), index: None, keeps_all: false };
            let mut lists = [List::Few(Vec::new()), List::Many(keeps()), List::new(true, most)];
            for (row, order) in (0_u32..).zip(orders) {
                let place = place(order, row.into());
                let takes = lists.each_ref().map(|list| list.takes(&place, most));
                prop_assert_eq!(takes[0], takes[1]);
                for list in lists.iter_mut().filter(|list| list.takes(&place, most)) {
                    list.insert((place.clone(), row), most, u64::from);
                }
                let [few, many, all] = lists.each_ref().map(|list| list.first(most));
                prop_assert_eq!(&few, &many);
                prop_assert_eq!(&few, &all);
                prop_assert!(lists[1].len() <= most);
            }
        }
    }

    #[test]
    fn of_many_that_are_sorted_alike_few_are_looked_at() {
        let (mut list, looked_at) = (List::new(true, 10), Cell::new(0));
        for row in 0..10_000 {
            list.insert((place(1, row.into()), row), 10, u64::from);
        }
        for row in (0..10_000).rev() {
            let is_it = |other| {
                looked_at.set(looked_at.get() + 1);
                other == row
            };
            assert_eq!(list.take((&[1][..], row.into()), is_it), Some(row));
        }
        assert_eq!((list.len(), looked_at.get() < 11_000), (0, true));
    }
}
