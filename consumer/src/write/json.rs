//! Rows as JSON objects, a line each, as Flink's format `json` writes them: all columns, null or not;
//! timestamps as `2026-01-01 00:00:00.123`, with a `Z` where they are of a zone; bytes in Base64.

use std::sync::Arc;

use arrow::{
    array::{Array, AsArray, BinaryArray},
    datatypes::{DataType, FieldRef, Schema, TimeUnit},
    error::ArrowError,
    json::{
        EncoderFactory, EncoderOptions, WriterBuilder,
        writer::{Encoder, LineDelimited, NullableEncoder},
    },
    record_batch::{RecordBatch, RecordBatchOptions},
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The parts of a second where there are any, as many as it takes.
const TIMESTAMP: &str = "%Y-%m-%d %H:%M:%S%.f";
const INSTANT: &str = "%Y-%m-%d %H:%M:%S%.fZ";

/// Writes rows to `out`.
///
/// # Errors
/// A column has a type that JSON has no form for.
pub(super) fn lines(rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_timestamp_format(TIMESTAMP.to_owned())
        .with_timestamp_tz_format(INSTANT.to_owned())
        .with_encoder_factory(Arc::new(Base64))
        .build::<_, LineDelimited>(out);
    writer.write(&in_utc(rows)?)?;
    writer.finish()
}

/// The same rows with all instants told in UTC.
fn in_utc(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        let column = match column.data_type() {
            DataType::Timestamp(unit, Some(_)) => arrow::compute::cast(column, &utc(*unit))?,
            _ => column.clone(),
        };
        fields.push(
            field
                .as_ref()
                .clone()
                .with_data_type(column.data_type().clone()),
        );
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

fn utc(unit: TimeUnit) -> DataType {
    DataType::Timestamp(unit, Some("UTC".into()))
}

/// Bytes in Base64.
#[derive(Debug)]
struct Base64;

struct Base64Encoder<'a>(&'a BinaryArray);

impl EncoderFactory for Base64 {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let binary = array.as_binary_opt::<i32>();
        Ok(binary.map(|binary| {
            NullableEncoder::new(Box::new(Base64Encoder(binary)), array.nulls().cloned())
        }))
    }
}

impl Encoder for Base64Encoder<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(STANDARD.encode(self.0.value(row)).as_bytes());
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        ArrayRef, Decimal128Array, Float64Array, StringArray, TimestampMillisecondArray,
    };

    use super::*;

    #[test]
    fn values_are_written_as_flink_does() {
        let check = |column: ArrayRef, expected: &[&str]| {
            let rows = RecordBatch::try_from_iter([("a", column)]).unwrap();
            let mut out = Vec::new();
            lines(&rows, &mut out).unwrap();
            let expected: String = expected
                .iter()
                .map(|value| format!("{{\"a\":{value}}}\n"))
                .collect();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(
            Arc::new(StringArray::from(vec![Some("a\"\n"), None])),
            &[r#""a\"\n""#, "null"],
        );
        check(
            Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None])),
            &[r#""AP8=""#, "null"],
        );
        check(
            Arc::new(Float64Array::from(vec![1.0, 0.1, 1e20])),
            &["1.0", "0.1", "1.0e20"],
        );
        let decimal = Decimal128Array::from(vec![12345, -5]).with_precision_and_scale(10, 2);
        check(Arc::new(decimal.unwrap()), &["123.45", "-0.05"]);
        let times = TimestampMillisecondArray::from(vec![0, 1_767_225_600_123]);
        check(
            Arc::new(times.clone()),
            &[r#""1970-01-01 00:00:00""#, r#""2026-01-01 00:00:00.123""#],
        );
        check(
            Arc::new(times.with_timezone("+02:00")),
            &[r#""1970-01-01 00:00:00Z""#, r#""2026-01-01 00:00:00.123Z""#],
        );
    }
}
