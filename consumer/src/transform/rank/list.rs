//! The rows of one key in their order. As many as are ever given are enough where rows are only
//! added; where they may be taken back, all have to be known, since each may come up again.

use std::collections::BTreeMap;

/// What a row is sorted by, as bytes, and its number: of equal ones the first that came is first.
pub(super) type Place = Box<[u8]>;

/// So many rows lie one behind the other at the most: to put one between them is to move the rest.
const FEW: usize = 256;

#[derive(Debug)]
pub(super) enum List {
    /// Few rows, in their order.
    Few(Vec<(Place, u32)>),
    /// The first of any number.
    First(BTreeMap<Place, u32>),
    /// All there are.
    All {
        /// Which list it is: no other has this number.
        number: u32,
        rows: BTreeMap<Place, u32>,
    },
}

impl List {
    /// That keeps the first `most` rows.
    pub(super) const fn first_of(most: usize) -> Self {
        if most <= FEW {
            Self::Few(Vec::new())
        } else {
            Self::First(BTreeMap::new())
        }
    }

    pub(super) const fn all(number: u32) -> Self {
        let rows = BTreeMap::new();
        Self::All { number, rows }
    }

    /// Its number, where it has one.
    pub(super) const fn number(&self) -> Option<u32> {
        match self {
            Self::Few(_) | Self::First(_) => None,
            Self::All { number, .. } => Some(*number),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(rows) => rows.len(),
            Self::First(rows) | Self::All { rows, .. } => rows.len(),
        }
    }

    /// Takes any row out.
    pub(super) fn pop(&mut self) -> Option<u32> {
        match self {
            Self::Few(rows) => rows.pop().map(|(_, row)| row),
            Self::First(rows) | Self::All { rows, .. } => rows.pop_last().map(|(_, row)| row),
        }
    }

    /// Whether a row of this place is among the first `most`.
    pub(super) fn takes(&self, place: &[u8], most: usize) -> bool {
        match self {
            Self::All { .. } => true,
            _ if self.len() < most => true,
            Self::Few(rows) => rows.last().is_some_and(|(last, _)| place < &**last),
            Self::First(rows) => {
                let last = rows.last_key_value();
                last.is_some_and(|(last, _)| place < &**last)
            }
        }
    }

    /// Puts a row to its place. Returns the one that there is no room for any more.
    pub(super) fn insert(&mut self, place: Place, row: u32, most: usize) -> Option<u32> {
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
            Self::First(rows) => {
                rows.insert(place, row);
                let over = (rows.len() > most).then(|| rows.pop_last());
                over.flatten().map(|(_, row)| row)
            }
            Self::All { rows, .. } => {
                rows.insert(place, row);
                None
            }
        }
    }

    /// Takes the row out that is at this place.
    pub(super) fn take(&mut self, place: &[u8]) -> Option<u32> {
        match self {
            Self::Few(_) | Self::First(_) => None,
            Self::All { rows, .. } => rows.remove(place),
        }
    }

    /// The first `most` rows.
    pub(super) fn first(&self, most: usize) -> Vec<u32> {
        match self {
            Self::Few(rows) => rows.iter().take(most).map(|(_, row)| *row).collect(),
            Self::First(rows) | Self::All { rows, .. } => {
                rows.values().take(most).copied().collect()
            }
        }
    }

    /// All rows, in their order.
    pub(super) fn rows(&self) -> Vec<u32> {
        self.first(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(order: u8, arrived: u64) -> Place {
        [&[order][..], &arrived.to_be_bytes()].concat().into()
    }

    proptest! {
        #[test]
        fn the_first_rows_are_the_same_however_many_are_kept(
            orders in prop::collection::vec(0..200_u8, 0..100), most in 1..20_usize
        ) {
            let mut lists = [List::first_of(most), List::First(BTreeMap::new()), List::all(1)];
            for (row, order) in (0_u32..).zip(orders) {
                let place = place(order, row.into());
                let takes = lists.each_ref().map(|list| list.takes(&place, most));
                prop_assert_eq!(takes[0], takes[1]);
                for list in lists.iter_mut().filter(|list| list.takes(&place, most)) {
                    list.insert(place.clone(), row, most);
                }
                let [few, many, all] = lists.each_ref().map(|list| list.first(most));
                prop_assert_eq!(&few, &many);
                prop_assert_eq!(&few, &all);
                prop_assert!(lists[1].len() <= most);
            }
        }
    }
}
