//! Expressions over rows → columns.

use arrow::{
    array::{Array, ArrayRef, BooleanArray, cast::AsArray},
    compute::prep_null_mask_filter,
    record_batch::RecordBatch,
};
use datafusion_common::DataFusionError;

use super::error::Fault;
use crate::plan::Expression;

/// The values of `expression`, one a row.
pub(super) fn column(expression: &Expression, rows: &RecordBatch) -> Result<ArrayRef, Fault> {
    evaluate(expression, rows).map_err(|error| first_failure(expression, rows, error))
}

/// The values of several expressions.
pub(super) fn columns(
    expressions: &[Expression],
    rows: &RecordBatch,
) -> Result<Vec<ArrayRef>, Fault> {
    expressions.iter().map(|one| column(one, rows)).collect()
}

/// For which rows `condition` is true: neither false nor unknown.
pub(super) fn truth(condition: &Expression, rows: &RecordBatch) -> Result<BooleanArray, Fault> {
    let values = column(condition, rows)?;
    let Some(values) = values.as_boolean_opt() else {
        let found = values.data_type();
        return Err(Fault::Unsupported(format!("a condition of type {found}")));
    };
    Ok(match values.null_count() {
        0 => values.clone(),
        _ => prep_null_mask_filter(values),
    })
}

fn evaluate(expression: &Expression, rows: &RecordBatch) -> Result<ArrayRef, DataFusionError> {
    expression.evaluate(rows)?.into_array(rows.num_rows())
}

/// Finds the row that `error` is about.
fn first_failure(expression: &Expression, rows: &RecordBatch, error: DataFusionError) -> Fault {
    let alone = |row| evaluate(expression, &rows.slice(row, 1)).err();
    let found = (0..rows.num_rows()).find_map(|row| Some((row, alone(row)?)));
    let (row, source) = found.unwrap_or((0, error));
    Fault::Expression {
        expression: expression.to_string(),
        row,
        source: Box::new(source),
    }
}
