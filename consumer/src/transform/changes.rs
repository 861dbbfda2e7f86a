//! What operators hand to each other: rows, and what has happened to each of them.

use std::sync::Arc;

use arrow::{
    array::ArrayRef,
    compute::concat_batches,
    datatypes::{Schema, SchemaRef},
    error::ArrowError,
    record_batch::{RecordBatch, RecordBatchOptions},
};

/// What has happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// It is new: `+I`.
    Insert,
    /// It was so, and is about to be replaced: `-U`.
    UpdateBefore,
    /// It is so now, in place of the one before: `+U`.
    UpdateAfter,
    /// It is no longer: `-D`.
    Delete,
}

/// Rows with what has happened to each of them.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The rows.
    pub rows: RecordBatch,
    /// One for each row; none where all are new.
    pub ops: Option<Vec<Op>>,
}

impl Op {
    /// As Flink writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "+I",
            Self::UpdateBefore => "-U",
            Self::UpdateAfter => "+U",
            Self::Delete => "-D",
        }
    }

    /// Whether the row counts from now on; else it no longer does.
    #[must_use]
    pub const fn adds(self) -> bool {
        matches!(self, Self::Insert | Self::UpdateAfter)
    }
}

impl Changes {
    /// Rows that are all new.
    #[must_use]
    pub const fn inserts(rows: RecordBatch) -> Self {
        Self { rows, ops: None }
    }

    /// Columns of this schema as rows, with what has happened to each of them.
    ///
    /// # Errors
    /// They are not of this schema, or there are not as many.
    pub fn new(
        schema: SchemaRef,
        columns: Vec<ArrayRef>,
        ops: Vec<Op>,
    ) -> Result<Self, ArrowError> {
        let options = RecordBatchOptions::new().with_row_count(Some(ops.len()));
        let rows = RecordBatch::try_new_with_options(schema, columns, &options)?;
        let is_plain = ops.iter().all(|op| *op == Op::Insert);
        let ops = (!is_plain).then_some(ops);
        Ok(Self { rows, ops })
    }

    /// All of several, one behind the other; the first says which columns there are.
    ///
    /// # Errors
    /// They are not of the same columns.
    pub fn concat(all: &[Self]) -> Result<Self, ArrowError> {
        let schema = all.first().map(|one| one.rows.schema());
        let rows = all.iter().map(|one| &one.rows);
        let rows = concat_batches(&schema.unwrap_or_else(|| Arc::new(Schema::empty())), rows)?;
        let is_plain = all.iter().all(|one| one.ops.is_none());
        let ops = all
            .iter()
            .flat_map(|one| (0..one.rows.num_rows()).map(|row| one.op(row)));
        let ops = (!is_plain).then(|| ops.collect());
        Ok(Self { rows, ops })
    }

    /// What has happened to the row of that number.
    #[must_use]
    pub fn op(&self, row: usize) -> Op {
        let ops = self.ops.as_ref().and_then(|ops| ops.get(row));
        ops.copied().unwrap_or(Op::Insert)
    }
}
