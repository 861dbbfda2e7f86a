//! What becomes of each kind of value in each type of column.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use super::{MILLI, NANO, SECOND, check_each, instant, list, map, row, wanted};
use crate::parse::{Csv, Format, Json, Reader, Timestamps, Unreadable};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_type_takes_what_flink_takes() {
    let json = Format::Json(Json::default());
    let each = |data_type: DataType, values: &[(&str, &str)]| check_each(&json, &data_type, values);
    let wrong = "wrong_type";
    each(
        DataType::Boolean,
        &[
            ("true", "true"),
            ("false", "false"),
            ("\" TRUE \"", "true"),
            ("\"yes\"", "false"),
            ("1", "false"),
            ("null", "null"),
            ("{}", wrong),
        ],
    );
    each(
        DataType::Int8,
        &[
            ("127", "127"),
            ("128", wrong),
            ("-128", "-128"),
            ("1.0", wrong),
            ("\"12\"", "12"),
            ("true", wrong),
        ],
    );
    each(
        DataType::Int16,
        &[("-32768", "-32768"), ("32768", wrong), ("1e2", wrong)],
    );
    each(
        DataType::Int32,
        &[
            ("2147483647", "2147483647"),
            ("2147483648", wrong),
            ("1.9", "1"),
            ("-1.9", "-1"),
            ("1e3", "1000"),
            ("1e10", wrong),
            ("\" +7 \"", "7"),
            ("\"1.5\"", wrong),
            ("\"\"", wrong),
            ("[]", wrong),
        ],
    );
    each(
        DataType::Int64,
        &[
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", wrong),
            ("-0", "0"),
            ("0", "0"),
            ("123456789012345678", "123456789012345678"),
            ("1.5", "1"),
            ("1e300", wrong),
            ("\"-5\"", "-5"),
            ("{\"a\":[1]}", wrong),
            ("00", "not_json"),
        ],
    );
    each(
        DataType::Float32,
        &[
            ("0.1", "0.1"),
            ("\"NaN\"", "NaN"),
            ("1e39", "inf"),
            ("\"x\"", wrong),
        ],
    );
    each(
        DataType::Float64,
        &[
            ("1", "1.0"),
            ("-0.0", "-0.0"),
            ("1e-400", "0.0"),
            ("\"-Infinity\"", "-inf"),
            ("\"1e400\"", "inf"),
            ("\"inf\"", wrong),
            ("1e400", "not_json"),
            ("5e-324", "5e-324"),
            ("true", wrong),
        ],
    );
    each(
        DataType::Decimal128(5, 2),
        &[
            ("123.455", "123.46"),
            ("-0.005", "-0.01"),
            ("999.994", "999.99"),
            ("999.995", "null"),
            ("1e2", "100.00"),
            ("\" 1.5 \"", "1.50"),
            ("1e999999999", "not_json"),
            ("\"1e999999999\"", "null"),
            ("\"0e99\"", "0.00"),
            ("1e-9", "0.00"),
            ("\"x\"", wrong),
            ("\".\"", wrong),
            ("true", wrong),
        ],
    );
    each(
        DataType::Utf8,
        &[
            ("\"a\"", "a"),
            ("\"\"", ""),
            ("1.50", "1.50"),
            ("true", "true"),
            (r#"{ "a": [1, "b c\" d"] }"#, r#"{"a":[1,"b c\" d"]}"#),
            (r#""\u00e4\ud83d\ude00\n\/""#, "ä😀\n/"),
            ("\"ä\"", "ä"),
        ],
    );
    each(
        DataType::Binary,
        &[
            ("\"AP8=\"", "00ff"),
            ("\"A\"", wrong),
            ("\"AP8\"", wrong),
            ("1", wrong),
        ],
    );
    each(
        row(&[("a", DataType::Int64, true)]),
        &[
            ("{\"a\":1,\"b\":2}", "{a: 1}"),
            ("{}", "{a: null}"),
            ("[]", wrong),
            ("{\"a\":\"x\"}", wrong),
        ],
    );
    each(
        list(DataType::Int64, true),
        &[
            ("[1, null,2]", "[1, null, 2]"),
            ("[]", "[]"),
            ("[1,\"x\"]", wrong),
            ("{}", wrong),
        ],
    );
    each(
        map(DataType::Int64),
        &[
            ("{\"b\":1,\"a\":2}", "{b: 1, a: 2}"),
            ("{\"b\":\"x\",\"a\":2,\"b\":3}", "{a: 2, b: 3}"),
            ("[]", wrong),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn times_are_written_as_the_option_says() {
    let sql = Format::Json(Json::default());
    let iso = Format::Json(Json {
        timestamps: Timestamps::Iso8601,
        ..Json::default()
    });
    let wrong = "wrong_type";
    check_each(
        &sql,
        &DataType::Date32,
        &[
            ("\"2024-02-29\"", "2024-02-29"),
            ("\"1969-12-31\"", "1969-12-31"),
            ("\"0000-01-01\"", "0000-01-01"),
            ("\"2023-02-29\"", wrong),
            ("\"2023-13-01\"", wrong),
            ("\"2023-1-01\"", wrong),
            ("\"2024-02-29 \"", wrong),
            ("5", wrong),
        ],
    );
    check_each(
        &sql,
        &DataType::Time32(TimeUnit::Millisecond),
        &[
            ("\"12:13:14\"", "12:13:14"),
            ("\"12:13:14.1234\"", "12:13:14.123"),
            ("\"24:00:00\"", wrong),
            ("\"12:13\"", wrong),
            ("\"12:13:14.\"", wrong),
        ],
    );
    check_each(
        &sql,
        &MILLI,
        &[
            ("\"2020-12-30 12:13:14.123\"", "2020-12-30T12:13:14.123"),
            ("\"2020-12-30 12:13:14\"", "2020-12-30T12:13:14"),
            (
                "\"1969-12-31 23:59:59.999999999\"",
                "1969-12-31T23:59:59.999",
            ),
            (r#""2020-12-30\u002012:13:14""#, "2020-12-30T12:13:14"),
            ("\"2020-12-30T12:13:14\"", wrong),
            ("\"2020-12-30 12:13:14Z\"", wrong),
            ("\"2020-12-30 12:13:14.1234567890\"", wrong),
            ("\"2020-12-30 12:13\"", wrong),
            ("\"2020-12-30 12:13:60\"", wrong),
            ("\"\"", wrong),
            ("1", wrong),
            ("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\":00\"", "not_json"),
        ],
    );
    check_each(
        &sql,
        &instant(),
        &[
            ("\"2020-12-30 12:13:14.123Z\"", "2020-12-30T12:13:14.123Z"),
            ("\"2020-12-30 12:13:14\"", wrong),
        ],
    );
    check_each(
        &sql,
        &SECOND,
        &[("\"9999-12-31 23:59:59.9\"", "9999-12-31T23:59:59")],
    );
    check_each(
        &sql,
        &NANO,
        &[
            (
                "\"2020-12-30 12:13:14.123456789\"",
                "2020-12-30T12:13:14.123456789",
            ),
            ("\"9999-12-31 23:59:59\"", wrong),
        ],
    );
    check_each(
        &iso,
        &MILLI,
        &[
            ("\"2020-12-30T12:13:14.5\"", "2020-12-30T12:13:14.500"),
            ("\"2020-12-30T12:13\"", "2020-12-30T12:13:00"),
            ("\"2020-12-30 12:13:14\"", wrong),
        ],
    );
    check_each(
        &iso,
        &instant(),
        &[("\"2020-12-30T12:13:14Z\"", "2020-12-30T12:13:14Z")],
    );
}

/// Types that records have, and others that they do not.
const SIMPLE: [DataType; 24] = [
    DataType::Boolean,
    DataType::Int8,
    DataType::Int16,
    DataType::Int32,
    DataType::Int64,
    DataType::Float32,
    DataType::Float64,
    DataType::Decimal128(10, 2),
    DataType::Utf8,
    DataType::Binary,
    DataType::Date32,
    DataType::Time32(TimeUnit::Millisecond),
    MILLI,
    NANO,
    SECOND,
    DataType::Null,
    DataType::UInt8,
    DataType::Float16,
    DataType::Decimal256(40, 2),
    DataType::LargeUtf8,
    DataType::Utf8View,
    DataType::Date64,
    DataType::Time32(TimeUnit::Second),
    DataType::Interval(IntervalUnit::MonthDayNano),
];

fn by(key: DataType, value: DataType, is_sorted: bool) -> DataType {
    let entries = row(&[("key", key, false), ("value", value, true)]);
    DataType::Map(Arc::new(Field::new("entries", entries, false)), is_sorted)
}

/// A job is refused for what [`Format::lacks`], and begins to read all else.
#[test]
fn a_format_lacks_what_no_reader_reads() {
    let nested = [
        instant(),
        by(DataType::Int32, DataType::Utf8, false),
        by(DataType::Utf8, DataType::Utf8, true),
    ];
    let types = SIMPLE.into_iter().chain(nested).flat_map(|of| {
        let within = row(&[("a", DataType::Int8, true), ("b", of.clone(), true)]);
        [
            list(of.clone(), true),
            by(DataType::Utf8, of.clone(), false),
            by(of.clone(), DataType::Int8, false),
            list(within.clone(), true),
            within,
            of,
        ]
    });
    let formats = [Format::Json(Json::default()), Format::Csv(Csv::default())];
    let mut lacking = 0;
    for (of, format) in types.flat_map(|of| formats.each_ref().map(|format| (of.clone(), format))) {
        let unread = match Reader::new(format, wanted(&[("x", of.clone(), true)])) {
            Ok(_) => None,
            Err(Unreadable::Type { data_type, .. }) => Some(data_type),
            Err(other) => panic!("{other}"),
        };
        let lacks = format.lacks(&of);
        assert_eq!(lacks, unread.as_ref(), "{of} in {}", format.name());
        lacking += usize::from(unread.is_some());
    }
    assert!(lacking > 100, "only {lacking} are lacking");
}
