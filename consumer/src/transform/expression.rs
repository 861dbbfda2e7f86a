//! Expressions over rows → columns.

use arrow::{
    array::{Array, ArrayRef, BooleanArray, cast::AsArray},
    compute::prep_null_mask_filter,
    datatypes::DataType,
    record_batch::RecordBatch,
    util::display::array_value_to_string,
};
use datafusion_common::DataFusionError;
use datafusion_physical_expr::{expressions::Column, utils::collect_columns};

use super::error::{Fault, Uncomputed, plainly};
use crate::plan::{Expression, sql, written_at};

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

/// Finds the row that `error` is about, and tells all that can be told of it.
fn first_failure(expression: &Expression, rows: &RecordBatch, error: DataFusionError) -> Fault {
    let alone = |row| evaluate(expression, &rows.slice(row, 1)).err();
    let found = (0..rows.num_rows()).find_map(|row| Some((row, alone(row)?)));
    let row = found
        .as_ref()
        .map(|(row, _)| looked_at(expression, rows, *row));
    let why = found.map_or(error, |(_, why)| why);
    let at = written_at(expression);
    Fault::Expression(Box::new(Uncomputed {
        expression: sql(expression, rows.schema_ref()),
        at: at.map_or_else(String::new, |(line, column)| {
            format!(" (at {line}:{column})")
        }),
        row: row.unwrap_or_default(),
        why: plainly(&why),
    }))
}

/// So many columns are told of a row, and so many characters of each.
const TOLD_MAX: (usize, usize) = (4, 60);

/// `, where a is 1 and b is 'x'`: the values of a row that an expression looks at.
fn looked_at(expression: &Expression, rows: &RecordBatch, row: usize) -> String {
    let mut columns: Vec<_> = collect_columns(expression).into_iter().collect();
    columns.sort_by_key(Column::index);
    let values = columns.iter().take(TOLD_MAX.0).filter_map(|column| {
        let values = rows.columns().get(column.index())?;
        let value = if values.is_null(row) {
            "NULL".to_owned()
        } else {
            let value = array_value_to_string(values, row).ok()?;
            let is_text = matches!(values.data_type(), DataType::Utf8);
            let told: String = value.chars().take(TOLD_MAX.1).collect();
            let dots = if told.len() < value.len() { "…" } else { "" };
            let quote = if is_text { "'" } else { "" };
            format!("{quote}{}{dots}{quote}", told.escape_debug())
        };
        Some(format!("{} is {value}", column.name()))
    });
    let values: Vec<_> = values.collect();
    if values.is_empty() {
        return String::new();
    }
    format!(", where {}", values.join(" and "))
}
