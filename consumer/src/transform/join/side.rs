//! The rows of one input of a join, in lists: one for each group of equal keys. A row lies there as
//! bytes, so that an equal one is found again when it is taken back.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher},
};

use arrow::{
    array::ArrayRef,
    datatypes::SchemaRef,
    record_batch::RecordBatch,
    row::{RowConverter, Rows, SortField},
};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::transform::error::Fault;

/// No row, and no group.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Side {
    schema: SchemaRef,
    converter: RowConverter,
    /// A row of nulls: what stands beside a row that belongs to none.
    nulls: Box<[u8]>,
    rows: Vec<Kept>,
    free: Vec<u32>,
    /// The first row of each group.
    first: Vec<u32>,
    /// The rows by what they are, where rows may be taken back.
    known: Option<HashTable<u32>>,
    hash: RandomState,
    /// Which rows are kept no longer than until event time is there; some may be gone before.
    due: BTreeMap<i64, Vec<u32>>,
    row_bytes: usize,
}

/// A row, and its place in the list of its group. One that is gone has no group.
#[derive(Debug)]
struct Kept {
    row: Box<[u8]>,
    group: u32,
    before: u32,
    next: u32,
    /// How many rows of the other input it belongs to.
    matches: u32,
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
        let fields = schema.fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone()));
        let converter = RowConverter::new(fields.collect())?;
        let mut side = Self {
            schema: schema.clone(),
            converter,
            nulls: Box::default(),
            rows: Vec::new(),
            free: Vec::new(),
            first: Vec::new(),
            known: retracts.then(HashTable::new),
            hash: RandomState::default(),
            due: BTreeMap::new(),
            row_bytes: 0,
        };
        let nulls = schema.fields().iter();
        let nulls = nulls.map(|field| arrow::array::new_null_array(field.data_type(), 1));
        let nulls = side.encoded(&nulls.collect::<Vec<_>>())?;
        side.nulls = nulls.row(0).data().into();
        Ok(side)
    }

    /// Makes room for groups up to `bound`.
    pub(super) fn grow(&mut self, bound: usize) {
        self.first.resize(bound.max(self.first.len()), NONE);
    }

    /// Rows as they are kept.
    pub(super) fn encoded(&self, columns: &[ArrayRef]) -> Result<Rows, Fault> {
        Ok(self.converter.convert_columns(columns)?)
    }

    /// Rows of these numbers as columns; a row of nulls where there is none.
    pub(super) fn columns(&self, rows: &[Option<u32>]) -> Result<Vec<ArrayRef>, Fault> {
        let parser = self.converter.parser();
        let rows = rows.iter().map(|row| {
            let kept = row.and_then(|row| self.rows.get(row as usize));
            parser.parse(kept.map_or(&*self.nulls, |kept| &kept.row))
        });
        Ok(self.converter.convert_rows(rows)?)
    }

    pub(super) fn has_rows(&self, group: u32) -> bool {
        self.first
            .get(group as usize)
            .is_some_and(|row| *row != NONE)
    }

    /// The numbers of the rows of a group, the newest first.
    pub(super) fn group(&self, group: u32) -> impl Iterator<Item = u32> {
        let first = self.first.get(group as usize).copied();
        let known = |row: u32| self.rows.get(row as usize).map(|kept| (row, kept.next));
        let first = first.and_then(known);
        std::iter::successors(first, move |(_, next)| known(*next)).map(|(row, _)| row)
    }

    /// How many rows of the other input a row belongs to from now on: one more, or one less. Returns
    /// how many it was, and is.
    pub(super) fn matched(&mut self, row: u32, adds: bool) -> (u32, u32) {
        let Some(kept) = self.rows.get_mut(row as usize) else {
            return (0, 0);
        };
        let before = kept.matches;
        kept.matches = if adds {
            before.saturating_add(1)
        } else {
            before.saturating_sub(1)
        };
        (before, kept.matches)
    }

    pub(super) fn matches(&self, row: u32) -> u32 {
        self.rows.get(row as usize).map_or(0, |kept| kept.matches)
    }

    pub(super) fn insert(&mut self, new: New<'_>) -> Result<(), Fault> {
        let Some(first) = self.first.get_mut(new.group as usize) else {
            return Ok(());
        };
        let kept = Kept {
            row: new.row.into(),
            group: new.group,
            before: NONE,
            next: *first,
            matches: new.matches,
        };
        let number = match self.free.pop() {
            Some(number) => number,
            None => u32::try_from(self.rows.len()).map_err(|_| Fault::TooManyGroups)?,
        };
        let next = std::mem::replace(first, number);
        if let Some(next) = self.rows.get_mut(next as usize) {
            next.before = number;
        }
        self.row_bytes += kept.row.len();
        match self.rows.get_mut(number as usize) {
            Some(slot) => *slot = kept,
            None => self.rows.push(kept),
        }
        if let Some(until) = new.until {
            self.due.entry(until).or_default().push(number);
        }
        let (rows, state) = (&self.rows, &self.hash);
        let hash = |number: &u32| hash_of(state, rows.get(*number as usize));
        if let Some(known) = &mut self.known {
            known.insert_unique(hash(&number), number, hash);
        }
        Ok(())
    }

    /// Takes a row back that is equal to this one; nothing where there is none.
    pub(super) fn take_back(&mut self, row: &[u8], group: u32) {
        let rows = &self.rows;
        let is_it = |number: &u32| {
            let kept = rows.get(*number as usize);
            kept.is_some_and(|kept| kept.group == group && *kept.row == *row)
        };
        let hash = hash_bytes(&self.hash, group, row);
        let known = self.known.as_ref();
        let found = known.and_then(|known| known.find(hash, is_it)).copied();
        if let Some(number) = found {
            self.remove(number);
        }
    }

    /// Forgets a row, and returns its group, which may be without one then.
    pub(super) fn remove(&mut self, number: u32) -> u32 {
        let hash = hash_of(&self.hash, self.rows.get(number as usize));
        if let Some(known) = &mut self.known
            && let Ok(entry) = known.find_entry(hash, |other| *other == number)
        {
            entry.remove();
        }
        let Some(kept) = self.rows.get_mut(number as usize) else {
            return NONE;
        };
        let (group, before, next) = (kept.group, kept.before, kept.next);
        self.row_bytes -= std::mem::take(&mut kept.row).len();
        kept.group = NONE;
        if let Some(next) = self.rows.get_mut(next as usize) {
            next.before = before;
        }
        let slot = match self.rows.get_mut(before as usize) {
            Some(before) => Some(&mut before.next),
            None => self.first.get_mut(group as usize),
        };
        if let Some(slot) = slot {
            *slot = next;
        }
        self.free.push(number);
        group
    }

    /// Rows that are due, of one time; none where there are no more.
    pub(super) fn due(&mut self, watermark: i64) -> Option<Vec<u32>> {
        let first = self.due.first_entry()?;
        (*first.key() <= watermark).then(|| first.remove())
    }
}

/// What an input has to remember.
impl Side {
    /// The numbers of all rows, in the order in which they were given.
    pub(super) fn numbers(&self) -> Vec<Option<u32>> {
        let all = (0_u32..).zip(&self.rows);
        let kept = all.filter(|(_, kept)| kept.group != NONE);
        kept.map(|(number, _)| Some(number)).collect()
    }

    /// All rows.
    pub(super) fn all(&self) -> Result<RecordBatch, Fault> {
        let columns = self.columns(&self.numbers())?;
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    pub(super) fn bytes(&self) -> usize {
        let known = self.known.as_ref().map_or(0, HashTable::allocation_size);
        let numbers = self.free.capacity() + self.first.capacity();
        let due: usize = self.due.values().map(Vec::capacity).sum();
        self.rows.capacity() * size_of::<Kept>()
            + self.row_bytes
            + (numbers + due) * size_of::<u32>()
            + known
    }
}

fn hash_of(state: &RandomState, kept: Option<&Kept>) -> u64 {
    kept.map_or(0, |kept| hash_bytes(state, kept.group, &kept.row))
}

fn hash_bytes(state: &RandomState, group: u32, row: &[u8]) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write_u32(group);
    hasher.write(row);
    hasher.finish()
}
