//! What a step knows, as data: named record batches. It can be taken between any two batches, and a
//! new step that is given it goes on as the old one would have.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array},
    datatypes::{Field, Int64Type, Schema},
    record_batch::{RecordBatch, RecordBatchOptions},
};

use super::error::Fault;

/// What a step or a task knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Each part with its name; names are unique.
    pub parts: Vec<(String, RecordBatch)>,
}

impl State {
    /// Adds a part.
    pub fn put(&mut self, name: impl Into<String>, rows: RecordBatch) {
        self.parts.push((name.into(), rows));
    }

    /// Takes a part out.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn take(&mut self, name: &str) -> Result<RecordBatch, Fault> {
        let at = self.parts.iter().position(|(known, _)| known == name);
        let at = at.ok_or_else(|| Fault::State(name.to_owned()))?;
        Ok(self.parts.swap_remove(at).1)
    }

    /// Takes all parts whose names begin with `prefix` out, and that off their names.
    #[must_use]
    pub fn below(&mut self, prefix: &str) -> Self {
        let found = self
            .parts
            .extract_if(.., |(name, _)| name.starts_with(prefix));
        let parts =
            found.filter_map(|(name, rows)| Some((name.strip_prefix(prefix)?.to_owned(), rows)));
        Self {
            parts: parts.collect(),
        }
    }

    /// Adds all of `other`, its names behind `prefix`.
    pub fn put_below(&mut self, prefix: &str, other: Self) {
        let renamed = other
            .parts
            .into_iter()
            .map(|(name, rows)| (format!("{prefix}{name}"), rows));
        self.parts.extend(renamed);
    }

    /// Adds a part of whole numbers.
    ///
    /// # Errors
    /// Columns differ in length.
    pub(super) fn put_numbers(&mut self, name: &str, columns: &[&[i64]]) -> Result<(), Fault> {
        let arrays = columns
            .iter()
            .map(|one| Arc::new(Int64Array::from(one.to_vec())) as ArrayRef);
        self.put(name, rows_of(arrays.collect())?);
        Ok(())
    }

    /// Adds a part of whole numbers that has one row.
    ///
    /// # Errors
    /// None that can be met.
    pub(super) fn put_one<const N: usize>(
        &mut self,
        name: &str,
        row: [i64; N],
    ) -> Result<(), Fault> {
        self.put_numbers(name, &row.each_ref().map(std::slice::from_ref))
    }

    /// Takes a part of `N` columns of whole numbers out.
    pub(super) fn take_numbers<const N: usize>(
        &mut self,
        name: &str,
    ) -> Result<[Vec<i64>; N], Fault> {
        let rows = self.take(name)?;
        let columns: Vec<_> = rows
            .columns()
            .iter()
            .filter_map(|one| Some(one.as_primitive_opt::<Int64Type>()?.values().to_vec()))
            .collect();
        columns
            .try_into()
            .map_err(|_| Fault::State(format!("{name} with {N} columns")))
    }

    /// Takes a part of whole numbers out that has one row.
    pub(super) fn take_one<const N: usize>(&mut self, name: &str) -> Result<[i64; N], Fault> {
        let columns: [Vec<i64>; N] = self.take_numbers(name)?;
        Ok(columns.map(|column| column.first().copied().unwrap_or_default()))
    }
}

/// Columns as a record batch whose columns are named by their numbers.
pub(super) fn rows_of(columns: Vec<ArrayRef>) -> Result<RecordBatch, Fault> {
    let field = |(number, column): (usize, &ArrayRef)| {
        Field::new(number.to_string(), column.data_type().clone(), true)
    };
    let fields: Vec<_> = columns.iter().enumerate().map(field).collect();
    let rows = columns.first().map_or(0, |column| column.len());
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new_with_options(
        schema, columns, &options,
    )?)
}
