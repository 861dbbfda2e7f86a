//! Steps that look at each row alone: filter, project, union.

use arrow::{
    array::BooleanArray,
    compute::filter_record_batch,
    datatypes::SchemaRef,
    record_batch::{RecordBatch, RecordBatchOptions},
};

use super::{
    changes::Changes,
    error::Fault,
    expression::{columns, truth},
    operator::{Operator, Origin, Out},
};
use crate::plan::Expression;

/// Keeps rows for which an expression is true.
#[derive(Debug, Clone)]
pub(super) struct Filter(pub(super) Expression);

/// Computes columns.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) expressions: Vec<Expression>,
    pub(super) schema: SchemaRef,
}

/// All rows of all inputs, under names of its own.
#[derive(Debug)]
pub(super) struct Union(pub(super) SchemaRef);

impl Operator for Filter {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let kept = truth(&self.0, &changes.rows)?;
        let count = kept.true_count();
        if count == changes.rows.num_rows() {
            out.changes.push(changes);
        } else if count > 0 {
            let rows = filter_record_batch(&changes.rows, &kept)?;
            let ops = changes.ops.map(|ops| keep(ops, &kept));
            out.changes.push(Changes { rows, ops });
        }
        Ok(())
    }
}

fn keep<T>(all: Vec<T>, kept: &BooleanArray) -> Vec<T> {
    let both = all.into_iter().zip(kept.values());
    both.filter_map(|(one, kept)| kept.then_some(one)).collect()
}

impl Operator for Project {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let columns = columns(&self.expressions, &changes.rows)?;
        let options = RecordBatchOptions::new().with_row_count(Some(changes.rows.num_rows()));
        let rows = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        out.changes.push(Changes {
            rows,
            ops: changes.ops,
        });
        Ok(())
    }
}

impl Operator for Union {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        // Inputs may name their columns differently.
        let rows = changes.rows.columns().to_vec();
        let options = RecordBatchOptions::new().with_row_count(Some(changes.rows.num_rows()));
        let rows = RecordBatch::try_new_with_options(self.0.clone(), rows, &options)?;
        out.changes.push(Changes {
            rows,
            ops: changes.ops,
        });
        Ok(())
    }
}
