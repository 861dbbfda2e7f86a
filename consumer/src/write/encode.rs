//! Values in JSON in the letters of Flink's files, so that results can be compared to the letter:
//! what its JSON library makes of `BigDecimal`, `double` and `byte[]`, and Flink of moments. Nothing is
//! allocated for a value.

use std::{fmt::Arguments, io::Write, num::NonZeroI32};

use arrow::{
    array::{Array, AsArray, BinaryArray},
    datatypes::{
        DataType, Decimal128Type, FieldRef, Float32Type, Float64Type, Time32MillisecondType,
        TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
        TimestampSecondType,
    },
    error::ArrowError,
    json::{
        EncoderFactory, EncoderOptions,
        writer::{Encoder, NullableEncoder},
    },
};
use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use chrono::{DateTime, Datelike, NaiveDate};
use lexical_core::{FormattedSize, ToLexicalWithOptions, WriteFloatOptions};

/// Encodes those types that Arrow would encode in other letters.
#[derive(Debug)]
pub(super) struct Values(pub(super) super::Moments);

impl EncoderFactory for Values {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Binary => Box::new(Bytes(array.as_binary())),
            DataType::Float32 => Box::new(Floats(array.as_primitive::<Float32Type>().values())),
            DataType::Float64 => Box::new(Floats(array.as_primitive::<Float64Type>().values())),
            DataType::Decimal128(_, scale) => Box::new(Decimals {
                values: array.as_primitive::<Decimal128Type>().values(),
                scale: i32::from(*scale),
            }),
            DataType::Time32(TimeUnit::Millisecond) => Box::new(Times(
                array.as_primitive::<Time32MillisecondType>().values(),
            )),
            DataType::Timestamp(unit, zone) => Box::new(Moments {
                between: match self.0 {
                    super::Moments::Sql => b' ',
                    super::Moments::Iso8601 => b'T',
                },
                values: moments(array, *unit),
                unit: *unit,
                end: if zone.is_some() { b"Z\"" } else { b"\"" },
            }),
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

/// Bytes in Base64.
struct Bytes<'a>(&'a BinaryArray);

impl Encoder for Bytes<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let text = Base64Display::new(self.0.value(row), &STANDARD);
        written(out, format_args!("\"{text}\""));
    }
}

/// Numbers as Java writes them, with the fewest digits: `0.001`, `1234567.0`, `1.0E7`. What is no
/// number is a text.
struct Floats<'a, T>(&'a [T]);

const JAVA: WriteFloatOptions = WriteFloatOptions::builder()
    .exponent(b'E')
    .positive_exponent_break(NonZeroI32::new(6))
    .negative_exponent_break(NonZeroI32::new(-3))
    .build_strict();

impl<T> Encoder for Floats<'_, T>
where
    T: Copy + Into<f64> + ToLexicalWithOptions<Options = WriteFloatOptions>,
{
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let Some(number) = self.0.get(row) else {
            return;
        };
        let known: f64 = (*number).into();
        if known.is_finite() {
            const ANY: u128 = lexical_core::format::STANDARD;
            let mut buffer = [0; f64::FORMATTED_SIZE];
            let text = lexical_core::write_with_options::<_, ANY>(*number, &mut buffer, &JAVA);
            return out.extend_from_slice(text);
        }
        out.extend_from_slice(match (known.is_nan(), known > 0.0) {
            (true, _) => b"\"NaN\"",
            (_, true) => b"\"Infinity\"",
            (_, false) => b"\"-Infinity\"",
        });
    }
}

/// Exact numbers without zeros at their end: `10.50` is `10.5`, and `100.00` is `1E+2`.
struct Decimals<'a> {
    values: &'a [i128],
    scale: i32,
}

impl Encoder for Decimals<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let Some(value) = self.values.get(row) else {
            return;
        };
        let mut buffer = [0; u128::FORMATTED_SIZE];
        let digits: &[u8] = lexical_core::write(value.unsigned_abs(), &mut buffer);
        let kept = digits.iter().rposition(|digit| *digit != b'0');
        let Some((digits, zeros)) = kept.and_then(|last| digits.split_at_checked(last + 1)) else {
            return out.push(b'0');
        };
        if *value < 0 {
            out.push(b'-');
        }
        decimal(out, digits, self.scale - count(zeros));
    }
}

/// Writes digits, of which so many stand behind the point.
fn decimal(out: &mut Vec<u8>, digits: &[u8], behind: i32) {
    let before = count(digits) - behind;
    let exponent = before - 1;
    let is_plain = behind >= 0 && exponent >= -6;
    let point = if is_plain { before } else { 1 };
    if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend((point..0).map(|_| b'0'));
    }
    let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or(0).min(digits.len()));
    out.extend_from_slice(whole);
    if !whole.is_empty() && !rest.is_empty() {
        out.push(b'.');
    }
    out.extend_from_slice(rest);
    if !is_plain {
        written(out, format_args!("E{exponent:+}"));
    }
}

fn count(digits: &[u8]) -> i32 {
    i32::try_from(digits.len()).unwrap_or(i32::MAX)
}

/// Times of a day, in milliseconds.
struct Times<'a>(&'a [i32]);

impl Encoder for Times<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let at = self.0.get(row).copied().map_or(0, i64::from);
        out.push(b'"');
        time(out, at / 1_000, at % 1_000 * 1_000_000);
        out.push(b'"');
    }
}

/// Moments, told in UTC: `2026-01-01 00:00:00.1`.
struct Moments<'a> {
    /// What stands between day and time.
    between: u8,
    values: &'a [i64],
    unit: TimeUnit,
    end: &'static [u8],
}

impl Encoder for Moments<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let at = self.values.get(row).copied().unwrap_or_default();
        let parts = match self.unit {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            TimeUnit::Nanosecond => 1_000_000_000,
        };
        let (seconds, rest) = (at.div_euclid(parts), at.rem_euclid(parts));
        out.push(b'"');
        match DateTime::from_timestamp(seconds, 0) {
            Some(moment) => {
                date(out, moment.date_naive());
                out.push(self.between);
                time(
                    out,
                    seconds.rem_euclid(86_400),
                    rest * (1_000_000_000 / parts),
                );
            }
            None => written(out, format_args!("{at}")),
        }
        out.extend_from_slice(self.end);
    }
}

/// What a column of moments holds, whatever its unit.
fn moments(array: &dyn Array, unit: TimeUnit) -> &[i64] {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
    }
}

fn date(out: &mut Vec<u8>, date: NaiveDate) {
    if !(0..=9999).contains(&date.year()) {
        return written(out, format_args!("{date}"));
    }
    let year = date.year().unsigned_abs();
    two(out, year / 100);
    two(out, year % 100);
    out.push(b'-');
    two(out, date.month());
    out.push(b'-');
    two(out, date.day());
}

/// As many parts of the second as there are.
fn time(out: &mut Vec<u8>, of_day: i64, nanoseconds: i64) {
    let [of_day, mut rest] =
        [of_day, nanoseconds].map(|part| u32::try_from(part).unwrap_or_default());
    two(out, of_day / 3_600);
    out.push(b':');
    two(out, of_day / 60 % 60);
    out.push(b':');
    two(out, of_day % 60);
    if rest > 0 {
        out.push(b'.');
    }
    let mut place = 100_000_000;
    while rest > 0 {
        digit(out, rest / place);
        (rest, place) = (rest % place, place / 10);
    }
}

fn two(out: &mut Vec<u8>, number: u32) {
    digit(out, number / 10);
    digit(out, number % 10);
}

fn digit(out: &mut Vec<u8>, digit: u32) {
    out.push(b'0' + u8::try_from(digit).unwrap_or_default());
}

fn written(out: &mut Vec<u8>, text: Arguments<'_>) {
    out.write_fmt(text).expect("memory takes what is written");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{
            ArrayRef, Decimal128Array, Float32Array, Float64Array, ListArray,
            Time32MillisecondArray, TimestampMicrosecondArray, TimestampMillisecondArray,
            TimestampNanosecondArray,
        },
        record_batch::RecordBatch,
    };

    use crate::write::{Moments, json::lines};

    fn check(column: impl Into<ArrayRef>, expected: &[&str]) {
        let rows = RecordBatch::try_from_iter([("a", column.into())]).unwrap();
        let mut out = Vec::new();
        lines(&rows, Moments::Sql, &mut out).unwrap();
        let expected: String = expected
            .iter()
            .map(|value| format!("{{\"a\":{value}}}\n"))
            .collect();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    fn column(array: impl arrow::array::Array + 'static) -> ArrayRef {
        Arc::new(array)
    }

    #[test]
    fn bytes_are_written_in_base64() {
        let bytes = super::BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None]);
        check(column(bytes), &[r#""AP8=""#, "null"]);
    }

    #[test]
    fn floats_are_written_as_java_does() {
        let cases = [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (-12.5, "-12.5"),
            (0.001, "0.001"),
            (0.000_999, "9.99E-4"),
            (1e-5, "1.0E-5"),
            (1_234_567.0, "1234567.0"),
            (9_999_999.5, "9999999.5"),
            (1e7, "1.0E7"),
            (47_153_202.0, "4.7153202E7"),
            (1e20, "1.0E20"),
            (9_007_199_254_740_993.0, "9.007199254740992E15"),
            (f64::MAX, "1.7976931348623157E308"),
            (-f64::MIN_POSITIVE, "-2.2250738585072014E-308"),
            (f64::NAN, r#""NaN""#),
            (f64::INFINITY, r#""Infinity""#),
            (f64::NEG_INFINITY, r#""-Infinity""#),
        ];
        let (numbers, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
        check(column(Float64Array::from(numbers)), &expected);
        let singles = Float32Array::from(vec![0.1, 1e10, f32::MAX, f32::MIN_POSITIVE]);
        check(
            column(singles),
            &["0.1", "1.0E10", "3.4028235E38", "1.1754944E-38"],
        );
        let list =
            ListArray::from_iter_primitive::<super::Float64Type, _, _>([Some([Some(1e7), None])]);
        check(column(list), &["[1.0E7,null]"]);
    }

    #[test]
    fn decimals_have_no_zeros_at_their_end() {
        let decimals = |values: &[i128], precision, scale| {
            let decimals = Decimal128Array::from(values.to_vec());
            column(decimals.with_precision_and_scale(precision, scale).unwrap())
        };
        check(
            decimals(&[12345, -5, 1050, -50, 100, 1000, 10000, 0, 12000], 10, 2),
            &[
                "123.45", "-0.05", "10.5", "-0.5", "1", "1E+1", "1E+2", "0", "1.2E+2",
            ],
        );
        check(
            decimals(&[1, 1_000_000_000, 100_000_000], 20, 15),
            &["1E-15", "0.000001", "1E-7"],
        );
        check(
            decimals(
                &[100_000, -123 * 10_i128.pow(35), i128::from(u64::MAX)],
                38,
                0,
            ),
            &["1E+5", "-1.23E+37", "18446744073709551615"],
        );
    }

    #[test]
    fn between_day_and_time_is_what_is_asked_for() {
        let times = TimestampMillisecondArray::from(vec![1_767_225_600_100]).with_timezone("UTC");
        let rows = RecordBatch::try_from_iter([("a", column(times))]).unwrap();
        let mut out = Vec::new();
        lines(&rows, Moments::Iso8601, &mut out).unwrap();
        assert_eq!(out, b"{\"a\":\"2026-01-01T00:00:00.1Z\"}\n");
    }

    #[test]
    fn moments_have_as_many_parts_of_a_second_as_there_are() {
        let times = vec![0, 1_767_225_600_100, -1, 1_767_225_600_120];
        let times = TimestampMillisecondArray::from(times);
        let texts = [
            "1970-01-01 00:00:00",
            "2026-01-01 00:00:00.1",
            "1969-12-31 23:59:59.999",
            "2026-01-01 00:00:00.12",
        ];
        check(
            column(times.clone()),
            &texts
                .map(|text| format!("{text:?}"))
                .each_ref()
                .map(String::as_str),
        );
        let instants = texts.map(|text| format!("\"{text}Z\""));
        check(
            column(times.with_timezone("+02:00")),
            &instants.each_ref().map(String::as_str),
        );
        check(
            column(TimestampMicrosecondArray::from(vec![1])),
            &[r#""1970-01-01 00:00:00.000001""#],
        );
        check(
            column(TimestampNanosecondArray::from(vec![-1])),
            &[r#""1969-12-31 23:59:59.999999999""#],
        );
        check(
            column(TimestampMillisecondArray::from(vec![
                -62_135_596_800_000,
                253_402_300_800_000,
                i64::MAX,
            ])),
            &[
                r#""0001-01-01 00:00:00""#,
                r#""+10000-01-01 00:00:00""#,
                r#""9223372036854775807""#,
            ],
        );
        check(
            column(Time32MillisecondArray::from(vec![
                0, 43_200_010, 86_399_999,
            ])),
            &[r#""00:00:00""#, r#""12:00:00.01""#, r#""23:59:59.999""#],
        );
    }
}
