//! Rows as Flink prints them: `+I[1, abc, 2.5, 2026-01-01T00:00]`. What could mislead a terminal, or
//! break the line, is escaped.

use std::fmt::{self, Write};

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{
        DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
        Int32Type, Int64Type, Time32MillisecondType, TimeUnit,
    },
    temporal_conversions::{date32_to_datetime, time32ms_to_time},
};
use chrono::{DateTime, NaiveDateTime, NaiveTime, Timelike};

use crate::transform::Op;

/// Writes a row and what has happened to it.
///
/// # Errors
/// None where `out` is memory.
pub(super) fn row(out: &mut String, op: Op, columns: &[ArrayRef], row: usize) -> fmt::Result {
    out.push_str(op.name());
    list(out, columns.iter().map(|column| (column, row)))
}

fn list<'a>(out: &mut String, values: impl Iterator<Item = (&'a ArrayRef, usize)>) -> fmt::Result {
    out.push('[');
    for (number, (column, row)) in values.enumerate() {
        if number > 0 {
            out.push_str(", ");
        }
        value(out, column.as_ref(), row)?;
    }
    out.push(']');
    Ok(())
}

fn value(out: &mut String, column: &dyn Array, row: usize) -> fmt::Result {
    if column.is_null(row) || *column.data_type() == DataType::Null {
        out.push_str("null");
        return Ok(());
    }
    match column.data_type() {
        DataType::Boolean => write!(out, "{}", column.as_boolean().value(row)),
        DataType::Int8 => write!(out, "{}", column.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => write!(out, "{}", column.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => write!(out, "{}", column.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => write!(out, "{}", column.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => {
            let number = column.as_primitive::<Float32Type>().value(row);
            float(out, &format!("{number:e}"), number.into())
        }
        DataType::Float64 => {
            let number = column.as_primitive::<Float64Type>().value(row);
            float(out, &format!("{number:e}"), number)
        }
        DataType::Decimal128(_, scale) => {
            let decimals = column.as_primitive::<Decimal128Type>();
            let plain = decimals.value_as_string(row);
            decimal(out, decimals.value(row), i32::from(*scale), &plain)
        }
        DataType::Utf8 => text(out, column.as_string::<i32>().value(row)),
        DataType::Binary => bytes(out, column.as_binary::<i32>().value(row)),
        DataType::Date32 | DataType::Time32(_) | DataType::Timestamp(_, _) => {
            temporal(out, column, row)
        }
        _ => nested(out, column, row),
    }
}

fn nested(out: &mut String, column: &dyn Array, row: usize) -> fmt::Result {
    match column.data_type() {
        DataType::Struct(_) => {
            let fields = column.as_struct().columns();
            self::row(out, Op::Insert, fields, row)
        }
        DataType::List(_) => {
            let elements = column.as_list::<i32>().value(row);
            list(out, (0..elements.len()).map(|row| (&elements, row)))
        }
        DataType::Map(_, _) => {
            let entries = column.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            out.push('{');
            for row in 0..entries.len() {
                out.push_str(if row > 0 { ", " } else { "" });
                value(out, keys.as_ref(), row)?;
                out.push('=');
                value(out, values.as_ref(), row)?;
            }
            out.push('}');
            Ok(())
        }
        other => write!(out, "({other})"),
    }
}

/// An exact number as Java writes it: with an exponent, where there would be more than five zeros behind the
/// point before its first digit.
fn decimal(out: &mut String, units: i128, scale: i32, plain: &str) -> fmt::Result {
    let digits = units.unsigned_abs().to_string();
    let exponent = i32::try_from(digits.len()).unwrap_or(i32::MAX) - 1 - scale;
    if exponent >= -6 {
        return out.write_str(plain);
    }
    let sign = if units < 0 { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    write!(out, "{sign}{first}{point}{rest}E{exponent}")
}

fn text(out: &mut String, text: &str) -> fmt::Result {
    for character in text.chars() {
        if character.is_control() {
            write!(out, "\\u{:04x}", u32::from(character))?;
        } else {
            out.push(character);
        }
    }
    Ok(())
}

/// Bytes as Java has them, with a sign.
fn bytes(out: &mut String, bytes: &[u8]) -> fmt::Result {
    out.push('[');
    for (number, byte) in bytes.iter().enumerate() {
        let comma = if number > 0 { ", " } else { "" };
        write!(out, "{comma}{}", byte.cast_signed())?;
    }
    out.push(']');
    Ok(())
}

/// A number as Java writes it, from its shortest digits in the form `1.25e3`.
fn float(out: &mut String, shortest: &str, number: f64) -> fmt::Result {
    if !number.is_finite() {
        let sign = if number < 0.0 { "-" } else { "" };
        let name = if number.is_nan() { "NaN" } else { "Infinity" };
        return write!(out, "{sign}{name}");
    }
    let is_plain = number == 0.0 || (1e-3..1e7).contains(&number.abs());
    let Some((digits, exponent)) = shortest.split_once('e').filter(|_| !is_plain) else {
        // The shortest digits of a single are not those of the double.
        let plain: f64 = shortest.parse().unwrap_or(number);
        return write!(out, "{plain:?}");
    };
    let point = if digits.contains('.') { "" } else { ".0" };
    write!(out, "{digits}{point}E{exponent}")
}

fn temporal(out: &mut String, column: &dyn Array, row: usize) -> fmt::Result {
    match column.data_type() {
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(row);
            match date32_to_datetime(days) {
                Some(date) => write!(out, "{}", date.date()),
                None => write!(out, "day {days}"),
            }
        }
        DataType::Time32(_) => {
            let at = column.as_primitive::<Time32MillisecondType>().value(row);
            match time32ms_to_time(at) {
                Some(at) => time(out, at, false),
                None => write!(out, "{at} ms"),
            }
        }
        DataType::Timestamp(unit, zone) => {
            let at = column.to_data().buffers().first().and_then(|buffer| {
                buffer
                    .typed_data::<i64>()
                    .get(column.offset() + row)
                    .copied()
            });
            timestamp(out, (at.unwrap_or_default(), *unit), zone.is_some())
        }
        other => write!(out, "({other})"),
    }
}

fn timestamp(out: &mut String, (at, unit): (i64, TimeUnit), is_instant: bool) -> fmt::Result {
    let (parts, nanoseconds) = match unit {
        TimeUnit::Second => (1, 1_000_000_000),
        TimeUnit::Millisecond => (1_000, 1_000_000),
        TimeUnit::Microsecond => (1_000_000, 1_000),
        TimeUnit::Nanosecond => (1_000_000_000, 1),
    };
    let rest = u32::try_from(at.rem_euclid(parts) * nanoseconds).unwrap_or_default();
    let utc = DateTime::from_timestamp(at.div_euclid(parts), rest);
    let Some(local) = utc.as_ref().map(DateTime::naive_utc) else {
        return write!(out, "{at}");
    };
    date_and_time(out, local, is_instant)
}

fn date_and_time(out: &mut String, local: NaiveDateTime, is_instant: bool) -> fmt::Result {
    write!(out, "{}T", local.date())?;
    time(out, local.time(), is_instant)?;
    out.push_str(if is_instant { "Z" } else { "" });
    Ok(())
}

/// A time as Java writes it: no more of it than there is, but the seconds where they are asked for.
fn time(out: &mut String, time: NaiveTime, with_seconds: bool) -> fmt::Result {
    write!(out, "{}", time.format("%H:%M"))?;
    let (seconds, nanoseconds) = (time.second(), time.nanosecond());
    if with_seconds || seconds > 0 || nanoseconds > 0 {
        write!(out, ":{seconds:02}")?;
    }
    match nanoseconds {
        0 => Ok(()),
        _ if nanoseconds % 1_000_000 == 0 => write!(out, ".{:03}", nanoseconds / 1_000_000),
        _ if nanoseconds % 1_000 == 0 => write!(out, ".{:06}", nanoseconds / 1_000),
        _ => write!(out, ".{nanoseconds:09}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
        Int64Array, ListArray, StringArray, StructArray, Time32MillisecondArray,
        TimestampMillisecondArray,
    };

    use super::*;

    fn check(column: impl Array + 'static, expected: &[&str]) {
        let column: ArrayRef = Arc::new(column);
        for (number, expected) in expected.iter().enumerate() {
            let mut out = String::new();
            value(&mut out, column.as_ref(), number).unwrap();
            assert_eq!(out, *expected);
        }
        assert_eq!(column.len(), expected.len());
    }

    #[test]
    fn a_row_is_written_with_what_has_happened_to_it() {
        let columns: [ArrayRef; 2] = [
            Arc::new(Int64Array::from(vec![1, 2])),
            Arc::new(StringArray::from(vec![Some("a"), None])),
        ];
        for (op, number, expected) in [
            (Op::Insert, 0, "+I[1, a]"),
            (Op::UpdateBefore, 1, "-U[2, null]"),
            (Op::UpdateAfter, 1, "+U[2, null]"),
            (Op::Delete, 0, "-D[1, a]"),
        ] {
            let mut out = String::new();
            row(&mut out, op, &columns, number).unwrap();
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn numbers_are_written_as_java_does() {
        let numbers = [
            1.0,
            -0.5,
            0.0,
            1e7,
            9_999_999.0,
            1.25e10,
            0.001,
            1e-4,
            f64::NAN,
        ];
        let expected = [
            "1.0",
            "-0.5",
            "0.0",
            "1.0E7",
            "9999999.0",
            "1.25E10",
            "0.001",
            "1.0E-4",
            "NaN",
        ];
        check(Float64Array::from(numbers.to_vec()), &expected);
        check(Float64Array::from(vec![f64::NEG_INFINITY]), &["-Infinity"]);
        check(Float32Array::from(vec![0.1, 1.0e10]), &["0.1", "1.0E10"]);
        let decimal = Decimal128Array::from(vec![100, -1]).with_precision_and_scale(5, 2);
        check(decimal.unwrap(), &["1.00", "-0.01"]);
        let fine = Decimal128Array::from(vec![0, 1, -100, 1_000_000, 10_i128.pow(18)]);
        let fine = fine.with_precision_and_scale(38, 18).unwrap();
        let expected = [
            "0E-18",
            "1E-18",
            "-1.00E-16",
            "1.000000E-12",
            "1.000000000000000000",
        ];
        check(fine, &expected);
        let millionth = Decimal128Array::from(vec![10, 9]);
        let millionth = millionth.with_precision_and_scale(10, 7).unwrap();
        check(millionth, &["0.0000010", "9E-7"]);
        check(arrow::array::NullArray::new(1), &["null"]);
        check(BooleanArray::from(vec![true, false]), &["true", "false"]);
    }

    #[test]
    fn times_are_as_long_as_they_must_be() {
        let times = vec![0, 1_000, 1_767_225_600_120, -1];
        let expected = [
            "1970-01-01T00:00",
            "1970-01-01T00:00:01",
            "2026-01-01T00:00:00.120",
            "1969-12-31T23:59:59.999",
        ];
        check(TimestampMillisecondArray::from(times.clone()), &expected);
        let instants = TimestampMillisecondArray::from(times).with_timezone("UTC");
        let expected = [
            "1970-01-01T00:00:00Z",
            "1970-01-01T00:00:01Z",
            "2026-01-01T00:00:00.120Z",
            "1969-12-31T23:59:59.999Z",
        ];
        check(instants, &expected);
        check(
            Date32Array::from(vec![0, -1]),
            &["1970-01-01", "1969-12-31"],
        );
        check(
            Time32MillisecondArray::from(vec![0, 3_600_001]),
            &["00:00", "01:00:00.001"],
        );
    }

    #[test]
    fn no_text_breaks_its_line_or_commands_a_terminal() {
        check(
            StringArray::from(vec!["ä, b", "a\nb\u{1b}[1m"]),
            &["ä, b", "a\\u000ab\\u001b[1m"],
        );
        check(BinaryArray::from(vec![&b"\x01\xff"[..]]), &["[1, -1]"]);
    }

    #[test]
    fn what_is_nested_stands_in_brackets() {
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None])]);
        check(list, &["[1, null]"]);
        let field = Arc::new(arrow::datatypes::Field::new("a", DataType::Int64, true));
        let inner: ArrayRef = Arc::new(Int64Array::from(vec![7]));
        check(StructArray::from(vec![(field, inner)]), &["+I[7]"]);
    }
}
