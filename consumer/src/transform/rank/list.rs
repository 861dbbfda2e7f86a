//! The rows of one key in their order. As many as are ever given are enough where rows are only
//! added; where they may be taken back, all have to be known, since each may come up again.

use std::collections::BTreeMap;

/// What a row is sorted by, as bytes, and its number: of equal ones the first that came is first.
pub(super) type Place = Box<[u8]>;

#[derive(Debug)]
pub(super) enum List {
    /// Few rows, in their order.
    Few(Vec<(Place, u32)>),
    /// All there are.
    All {
        /// Which list it is: no other has this number.
        number: u32,
        rows: BTreeMap<Place, u32>,
    },
}

impl List {
    pub(super) const fn few() -> Self {
        Self::Few(Vec::new())
    }

    pub(super) const fn all(number: u32) -> Self {
        let rows = BTreeMap::new();
        Self::All { number, rows }
    }

    /// Its number, where it has one.
    pub(super) const fn number(&self) -> Option<u32> {
        match self {
            Self::Few(_) => None,
            Self::All { number, .. } => Some(*number),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(rows) => rows.len(),
            Self::All { rows, .. } => rows.len(),
        }
    }

    /// Takes any row out.
    pub(super) fn pop(&mut self) -> Option<u32> {
        match self {
            Self::Few(rows) => rows.pop().map(|(_, row)| row),
            Self::All { rows, .. } => rows.pop_last().map(|(_, row)| row),
        }
    }

    /// Whether a row of this place is among the first `most`.
    pub(super) fn takes(&self, place: &[u8], most: usize) -> bool {
        match self {
            Self::Few(rows) if rows.len() >= most => {
                rows.last().is_some_and(|(last, _)| place < &**last)
            }
            Self::Few(_) | Self::All { .. } => true,
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
            Self::All { rows, .. } => {
                rows.insert(place, row);
                None
            }
        }
    }

    /// Takes the row out that is at this place.
    pub(super) fn take(&mut self, place: &[u8]) -> Option<u32> {
        match self {
            Self::Few(_) => None,
            Self::All { rows, .. } => rows.remove(place),
        }
    }

    /// The first `most` rows.
    pub(super) fn first(&self, most: usize) -> Vec<u32> {
        match self {
            Self::Few(rows) => rows.iter().take(most).map(|(_, row)| *row).collect(),
            Self::All { rows, .. } => rows.values().take(most).copied().collect(),
        }
    }

    /// All rows, in their order.
    pub(super) fn rows(&self) -> Vec<u32> {
        self.first(usize::MAX)
    }
}
