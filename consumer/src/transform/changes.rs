//! What operators hand to each other: rows, and what has happened to each of them.

use arrow::record_batch::RecordBatch;

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

    /// What has happened to the row of that number.
    #[must_use]
    pub fn op(&self, row: usize) -> Op {
        let ops = self.ops.as_ref().and_then(|ops| ops.get(row));
        ops.copied().unwrap_or(Op::Insert)
    }
}
