//! The members of an object that are wanted, each into its column.

use arrow::{array::ArrayRef, datatypes::Fields};
use common::limits::DEPTH_MAX;

use super::{
    Json, Reason,
    column::{Column, Unreadable},
    keys::Keys,
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

    /// Passes an object, and adds its members to the columns; of several with one name, the last.
    /// After an error the columns have to be cut back; if it is not [`Reason::NotJson`], the object
    /// was passed all the same.
    #[inline]
    pub(super) fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        depth: usize,
        options: Json,
    ) -> Result<(), Reason> {
        if depth == DEPTH_MAX {
            return Err(Reason::NotJson);
        }
        let depth = depth + 1;
        let Self {
            keys,
            columns,
            rows,
            ..
        } = self;
        let (mut before, mut found, mut faults) = (0, 0, Vec::new());
        while let Some(at) = keys.next(scanner, &mut before)? {
            let Some((at, column)) = at.and_then(|at| Some((at, columns.get_mut(at)?))) else {
                scanner.skip(depth)?;
                continue;
            };
            if column.rows > *rows {
                column.truncate(*rows);
                faults.retain(|(other, _)| *other != at);
            } else {
                found += 1;
            }
            match column.read(scanner, depth, options) {
                Ok(()) => {}
                Err(Reason::NotJson) => return Err(Reason::NotJson),
                Err(reason) => faults.push((at, reason)),
            }
        }
        let fault = match faults.first() {
            Some((at, reason)) => {
                self.at_fault = Some(*at);
                Err(*reason)
            }
            None => Ok(()),
        };
        if found < self.columns.len() {
            return fault.and(self.complete(options.fail_on_missing_field));
        }
        self.rows += 1;
        fault
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
