//! The rows of one input of a join, in lists: one for each group of equal keys. A row lies there as
//! bytes, so that an equal one is found again when it is taken back.

use std::collections::BTreeMap;

use arrow::{array::ArrayRef, datatypes::SchemaRef, record_batch::RecordBatch, row::Rows};

use crate::transform::{error::Fault, known::Known, store::Store};

/// No row, and no group.
pub(super) const NONE: u32 = u32::MAX;

/// A row of nulls: what stands beside a row that belongs to none. It is in no list.
pub(super) const NULLS: u32 = 0;

#[derive(Debug)]
pub(super) struct Side {
    schema: SchemaRef,
    rows: Store,
    /// Where each row is.
    places: Vec<Place>,
    /// The first row of each group.
    first: Vec<u32>,
    /// The rows by what they are, where rows may be taken back.
    known: Option<Known>,
    /// Which rows are kept no longer than until event time is there.
    due: BTreeMap<i64, Vec<u32>>,
    /// How many those are.
    due_rows: usize,
}

/// The place of a row in the list of its group. One that is in no list has no group.
#[derive(Debug, Clone, Copy)]
struct Place {
    group: u32,
    before: u32,
    next: u32,
    /// How many rows of the other input it belongs to.
    matches: u32,
}

impl Place {
    const NOWHERE: Self = Self {
        group: NONE,
        before: NONE,
        next: NONE,
        matches: 0,
    };
}

/// A row that is to be kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct New<'a> {
    pub(super) row: &'a [u8],
    pub(super) group: u32,
    pub(super) matches: u32,
    /// Until event time is there.
    pub(super) until: Option<i64>,
}

impl Side {
    pub(super) fn new(schema: &SchemaRef, retracts: bool) -> Result<Self, Fault> {
        Ok(Self {
            schema: schema.clone(),
            rows: Store::behind_nulls(schema)?,
            places: vec![Place::NOWHERE],
            first: Vec::new(),
            known: retracts.then(Known::new),
            due: BTreeMap::new(),
            due_rows: 0,
        })
    }

    /// One for such rows, without any.
    pub(super) fn anew(&self) -> Result<Self, Fault> {
        Self::new(&self.schema, self.known.is_some())
    }

    /// Makes room for groups up to `bound`.
    pub(super) fn grow(&mut self, bound: usize) {
        self.first.resize(bound.max(self.first.len()), NONE);
    }

    /// Rows as they are kept.
    pub(super) fn encoded(&self, columns: &[ArrayRef]) -> Result<Rows, Fault> {
        self.rows.encoded(columns)
    }

    /// Rows of these numbers as columns.
    pub(super) fn columns(&self, rows: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        self.rows.columns(rows)
    }

    pub(super) fn has_rows(&self, group: u32) -> bool {
        self.first
            .get(group as usize)
            .is_some_and(|row| *row != NONE)
    }

    /// The numbers of the rows of a group, the newest first.
    pub(super) fn group(&self, group: u32) -> impl Iterator<Item = u32> {
        let first = self.first.get(group as usize).copied();
        let known = |row: u32| self.places.get(row as usize).map(|place| (row, place.next));
        let first = first.and_then(known);
        std::iter::successors(first, move |(_, next)| known(*next)).map(|(row, _)| row)
    }

    /// How many rows of the other input a row belongs to from now on: one more, or one less. Returns
    /// how many it was, and is.
    pub(super) fn matched(&mut self, row: u32, adds: bool) -> (u32, u32) {
        let Some(place) = self.places.get_mut(row as usize) else {
            return (0, 0);
        };
        let before = place.matches;
        place.matches = if adds {
            before.saturating_add(1)
        } else {
            before.saturating_sub(1)
        };
        (before, place.matches)
    }

    pub(super) fn matches(&self, row: u32) -> u32 {
        self.place(row).matches
    }

    fn place(&self, row: u32) -> Place {
        let place = self.places.get(row as usize);
        place.copied().unwrap_or(Place::NOWHERE)
    }

    /// Keeps a row; its number.
    pub(super) fn insert(&mut self, new: New<'_>) -> Result<u32, Fault> {
        let Some(first) = self.first.get_mut(new.group as usize) else {
            return Ok(NONE);
        };
        let number = self.rows.put(new.row)?;
        let next = std::mem::replace(first, number);
        if let Some(next) = self.places.get_mut(next as usize) {
            next.before = number;
        }
        let place = Place {
            group: new.group,
            before: NONE,
            next,
            matches: new.matches,
        };
        match self.places.get_mut(number as usize) {
            Some(slot) => *slot = place,
            None => self.places.push(place),
        }
        if let Some(until) = new.until {
            self.due.entry(until).or_default().push(number);
            self.due_rows += 1;
        }
        if let Some(known) = &mut self.known {
            let hash = known.hash_of(new.group, new.row);
            let is_it = is_equal((&self.rows, &self.places), new.group, new.row);
            known.add(number, hash, is_it);
        }
        Ok(number)
    }

    /// Takes a row back that is equal to this one. Its number, and to how many rows it belonged; none
    /// where there is none.
    pub(super) fn take_back(&mut self, row: &[u8], group: u32) -> Option<(u32, u32)> {
        let is_it = is_equal((&self.rows, &self.places), group, row);
        let known = self.known.as_ref();
        let number = known?.find(known?.hash_of(group, row), is_it)?;
        let matches = self.matches(number);
        self.remove(number);
        Some((number, matches))
    }

    /// Forgets a row, and returns its group, which may be without one then.
    pub(super) fn remove(&mut self, number: u32) -> u32 {
        let Place {
            group,
            before,
            next,
            ..
        } = self.place(number);
        if group == NONE {
            return NONE;
        }
        if let Some(known) = &mut self.known {
            let hash = known.hash_of(group, self.rows.row(number));
            known.remove(number, hash);
        }
        if let Some(place) = self.places.get_mut(number as usize) {
            *place = Place::NOWHERE;
        }
        if let Some(next) = self.places.get_mut(next as usize) {
            next.before = before;
        }
        let slot = match self.places.get_mut(before as usize) {
            Some(before) => Some(&mut before.next),
            None => self.first.get_mut(group as usize),
        };
        if let Some(slot) = slot {
            *slot = next;
        }
        self.rows.remove(&[number]);
        group
    }

    /// Rows that are due, of one time; none where there are no more.
    pub(super) fn due(&mut self, watermark: i64) -> Option<Vec<u32>> {
        let first = self.due.first_entry()?;
        let due = (*first.key() <= watermark).then(|| first.remove())?;
        self.due_rows -= due.len();
        Some(due)
    }

    /// The numbers of all rows.
    pub(super) fn numbers(&self) -> Vec<u32> {
        let all = (0_u32..).zip(&self.places);
        let kept = all.filter(|(_, place)| place.group != NONE);
        kept.map(|(number, _)| number).collect()
    }

    /// The numbers of all rows, such that those of a list come in the order in which they came: the
    /// numbers alone do not tell, as those of rows that were forgotten are used again. Where rows are due,
    /// all that is told of them goes by their numbers.
    pub(super) fn in_order(&self) -> Vec<u32> {
        if !self.due.is_empty() {
            return self.numbers();
        }
        let mut order = Vec::new();
        for group in (0_u32..).take(self.first.len()) {
            let begin = order.len();
            order.extend(self.group(group));
            if let Some(list) = order.get_mut(begin..) {
                list.reverse();
            }
        }
        order
    }

    /// Rows of these numbers, together.
    pub(super) fn batch(&self, rows: &[u32]) -> Result<RecordBatch, Fault> {
        let columns = self.columns(rows)?;
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    pub(super) fn bytes(&self) -> usize {
        let known = self.known.as_ref().map_or(0, Known::bytes);
        self.rows.bytes()
            + self.places.capacity() * size_of::<Place>()
            + (self.first.capacity() + self.due_rows) * size_of::<u32>()
            + known
    }
}

/// Which rows are of that group and equal to this one.
fn is_equal((rows, places): (&Store, &[Place]), group: u32, row: &[u8]) -> impl Fn(u32) -> bool {
    move |number| {
        let place = places.get(number as usize);
        place.is_some_and(|place| place.group == group) && rows.row(number) == row
    }
}
