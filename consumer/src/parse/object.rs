//! The members of an object that are wanted, each into its column.

use arrow::{array::ArrayRef, datatypes::Fields};
use common::{limits::DEPTH_MAX, ndjson::NEWLINE};

use super::{
    Json, Reason,
    column::{Column, Unreadable},
    keys::{BEGINNING, Keys},
    scan::Scanner,
};

/// Columns of objects' members.
#[derive(Debug, Clone)]
pub(super) struct Object {
    keys: Keys,
    pub(super) columns: Vec<Column>,
    /// How many objects there are in the columns.
    pub(super) rows: usize,
    /// Which column an object could not be read for, unless it is no JSON.
    pub(super) at_fault: Option<usize>,
}

/// How far an object has been read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Members {
    /// The last key, as [`Keys`] counts them.
    before: usize,
    /// How many columns have a value.
    found: usize,
}

/// Which columns' values could not be read, and why.
type Faults = Vec<(usize, Reason)>;

/// A line of which the first members have been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    /// Where it begins.
    pub(super) start: usize,
    pub(super) members: Members,
}

impl Begun {
    /// A line of which nothing has been read.
    pub(super) fn at(start: usize) -> Self {
        let members = Members::default();
        Self { start, members }
    }
}

impl Members {
    /// Whether a member has been read.
    pub(super) const fn any(self) -> bool {
        self.before != BEGINNING
    }
}

impl Object {
    pub(super) fn new(fields: &Fields) -> Result<Self, Unreadable> {
        let columns = fields.iter().map(|field| Column::new(field));
        Ok(Self {
            keys: Keys::new(fields.iter().map(|field| field.name().as_str())),
            columns: columns.collect::<Result<_, _>>()?,
            rows: 0,
            at_fault: None,
        })
    }

    /// Reads lines as long as they are as most, with all that is wanted in an object; returns the one at
    /// which that ends.
    #[inline(never)]
    pub(super) fn read_lines(&mut self, scanner: &mut Scanner<'_>, options: Json) -> Begun {
        loop {
            let start = scanner.at;
            let members = self.read_usual(scanner, Members::default(), options);
            let mut end = *scanner;
            let is_whole = members.found == self.columns.len()
                && members.any()
                && end.pass(b'}')
                && end.pass(NEWLINE);
            if !is_whole {
                return Begun { start, members };
            }
            self.rows += 1;
            scanner.at = end.at;
        }
    }

    /// Passes what is left of an object, and adds its members to the columns; of several with one name,
    /// the last. After an error the columns have to be cut back; if it is not [`Reason::NotJson`], the
    /// object was passed all the same.
    #[inline]
    pub(super) fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        mut members: Members,
        depth: usize,
        options: Json,
    ) -> Result<(), Reason> {
        if depth == DEPTH_MAX {
            return Err(Reason::NotJson);
        }
        let mut faults = Faults::new();
        while self.read_next(scanner, (&mut members, &mut faults), depth + 1, options)? {
            members = self.read_usual(scanner, members, options);
        }
        let fault = match faults.first() {
            Some((at, reason)) => {
                self.at_fault = Some(*at);
                Err(*reason)
            }
            None => Ok(()),
        };
        if members.found < self.columns.len() {
            return fault.and(self.complete(options.fail_on_missing_field));
        }
        self.rows += 1;
        fault
    }

    /// Reads on as long as the members are as in most objects: their keys those that stood in the one
    /// before, and their values written as most of their type are.
    #[inline(always)]
    fn read_usual(
        &mut self,
        scanner: &mut Scanner<'_>,
        mut members: Members,
        options: Json,
    ) -> Members {
        // A copy, of which nobody else knows, stays in registers.
        let mut ahead = *scanner;
        while let Some((before, column)) = self.keys.pass_expected(&mut ahead, members.before) {
            let mut found = members.found;
            let is_passed = match column.and_then(|at| self.columns.get_mut(at)) {
                Some(column) if column.rows == self.rows => {
                    found += 1;
                    column.read_usual(&mut ahead, options)
                }
                Some(_) => false,
                None => ahead.skip_usual(),
            };
            if !is_passed {
                break;
            }
            members = Members { before, found };
            scanner.at = ahead.at;
        }
        members
    }

    /// Reads the next member, whatever it is; tells whether there was one before the end.
    #[inline(never)]
    fn read_next(
        &mut self,
        scanner: &mut Scanner<'_>,
        (members, faults): (&mut Members, &mut Faults),
        depth: usize,
        options: Json,
    ) -> Result<bool, Reason> {
        let Some(at) = self.keys.next(scanner, &mut members.before)? else {
            return Ok(false);
        };
        let Some((at, column)) = at.and_then(|at| Some((at, self.columns.get_mut(at)?))) else {
            scanner.skip(depth)?;
            return Ok(true);
        };
        if column.rows > self.rows {
            column.truncate(self.rows);
            faults.retain(|(other, _)| *other != at);
        } else {
            members.found += 1;
        }
        match column.read(scanner, depth, options) {
            Ok(()) => {}
            Err(Reason::NotJson) => return Err(Reason::NotJson),
            Err(reason) => faults.push((at, reason)),
        }
        Ok(true)
    }

    /// Adds a null where a member is missing, if that may be.
    #[cold]
    pub(super) fn complete(&mut self, fail_on_missing_field: bool) -> Result<(), Reason> {
        let mut fault = Ok(());
        for (at, column) in self.columns.iter_mut().enumerate() {
            if column.rows == self.rows {
                column.add_null();
                if fail_on_missing_field || !column.nullable {
                    self.at_fault.get_or_insert(at);
                    fault = Err(Reason::MissingField);
                }
            }
        }
        self.rows += 1;
        fault
    }

    /// Adds a null to each column.
    pub(super) fn add_nulls(&mut self) {
        self.columns.iter_mut().for_each(Column::add_null);
        self.rows += 1;
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        for column in &mut self.columns {
            column.truncate(rows);
        }
        self.rows = self.rows.min(rows);
    }

    /// The columns, which begin anew.
    pub(super) fn finish(&mut self) -> Vec<ArrayRef> {
        self.rows = 0;
        self.columns.iter_mut().map(Column::finish).collect()
    }
}
