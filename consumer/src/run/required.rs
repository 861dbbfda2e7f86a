//! Rows that are written have a value in each column of their table that may not be null.

use std::io;

use arrow::{
    array::{Array, BooleanArray},
    buffer::NullBuffer,
    compute::filter_record_batch,
};

use crate::{
    plan::{OnNull, Table},
    transform::Changes,
};

/// The rows that have all values that the table must have. The columns are the table's.
///
/// # Errors
/// A row has not, and that is an error.
pub(super) fn required(
    mut changes: Changes,
    table: &Table,
    on_null: OnNull,
) -> io::Result<Changes> {
    let columns = table.columns.iter().zip(changes.rows.columns());
    let mut columns =
        columns.filter(|(column, values)| !column.nullable && values.null_count() > 0);
    let Some((column, values)) = columns.next() else {
        return Ok(changes);
    };
    if on_null == OnNull::Fail {
        let name = &column.name;
        return Err(io::Error::other(format!(
            "a row has NULL in the column '{name}', which may not be null; \
             SET 'table.exec.sink.not-null-enforcer' = 'DROP' leaves out such rows"
        )));
    }
    let whole = columns.fold(values.logical_nulls(), |whole, (_, values)| {
        NullBuffer::union(whole.as_ref(), values.logical_nulls().as_ref())
    });
    let Some(whole) = whole else {
        return Ok(changes);
    };
    if let Some(ops) = &mut changes.ops {
        let mut whole = whole.iter();
        ops.retain(|_| whole.next().unwrap_or_default());
    }
    let kept = BooleanArray::new(whole.into_inner(), None);
    changes.rows = filter_record_batch(&changes.rows, &kept).map_err(io::Error::other)?;
    Ok(changes)
}
