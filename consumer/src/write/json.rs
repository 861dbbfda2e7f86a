//! Rows as JSON objects, a line each, as Flink's format `json` writes them: all columns, null or not;
//! timestamps as [`Moments`] says, with a `Z` where they are of a zone; bytes in Base64.

use std::sync::Arc;

use arrow::{
    error::ArrowError,
    json::{WriterBuilder, writer::LineDelimited},
    record_batch::RecordBatch,
};

use super::encode::Values;
use crate::transform::Changes;

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A row, which is new.
    Row,
    /// A row and what happens to it: `{"op":"+U","row":{…}}`.
    Change,
}

/// How moments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Moments {
    /// `2026-01-01 00:00:00.1`.
    #[default]
    Sql,
    /// `2026-01-01T00:00:00.1`.
    Iso8601,
}

/// Writes changes to `out`, a line each.
///
/// # Errors
/// As for [`lines`].
pub(super) fn changes(
    changes: &Changes,
    shape: Shape,
    moments: Moments,
    out: &mut Vec<u8>,
) -> Result<(), ArrowError> {
    if shape == Shape::Row {
        return lines(&changes.rows, moments, out);
    }
    let mut rows = Vec::new();
    lines(&changes.rows, moments, &mut rows)?;
    for (number, row) in common::ndjson::lines(&rows).enumerate() {
        out.extend_from_slice(b"{\"op\":\"");
        out.extend_from_slice(changes.op(number).name().as_bytes());
        out.extend_from_slice(b"\",\"row\":");
        out.extend_from_slice(row);
        out.extend_from_slice(b"}\n");
    }
    Ok(())
}

/// Writes rows to `out`.
///
/// # Errors
/// A column has a type that JSON has no form for.
pub(super) fn lines(
    rows: &RecordBatch,
    moments: Moments,
    out: &mut Vec<u8>,
) -> Result<(), ArrowError> {
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(Arc::new(Values(moments)))
        .build::<_, LineDelimited>(out);
    writer.write(rows)?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Date32Array, StringArray};

    use super::*;

    #[test]
    fn a_row_is_a_line_with_all_its_columns() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a\"\n"), None]));
        let days: ArrayRef = Arc::new(Date32Array::from(vec![0, -1]));
        let rows = RecordBatch::try_from_iter([("a", texts), ("b", days)]).unwrap();
        let mut out = Vec::new();
        lines(&rows, Moments::Sql, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"a\":\"a\\\"\\n\",\"b\":\"1970-01-01\"}\n{\"a\":null,\"b\":\"1969-12-31\"}\n"
        );
    }
}
