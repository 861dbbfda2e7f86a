//! What others say of the same texts: `common::json` which of them are JSON, `serde_json` what they
//! hold, and the standard library what a number is.

use std::sync::Arc;

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, Float64Type, Int64Type},
};
use bytes::Bytes;
use common::{json, ndjson};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Map, Value};

use super::{Format, Json, Reader, Reason, Rows, Wanted};
use crate::fetch::{Block, Content, Place};

/// JSONTestSuite, see the README beside it.
const SUITE: &str = include_str!("../../../tests/data/json/parsing.txt");

/// What may be wanted of a record.
const COLUMNS: [(&str, DataType); 6] = [
    ("a", DataType::Int64),
    ("text", DataType::Utf8),
    ("number", DataType::Float64),
    ("a key that is longer than a word", DataType::Boolean),
    ("", DataType::Utf8),
    ("ä\"\n", DataType::Utf8),
];

pub(crate) fn reader(columns: &[(&str, DataType)]) -> Reader {
    let wanted = columns.iter().map(|(name, data_type)| Wanted {
        name: (*name).to_owned(),
        data_type: data_type.clone(),
        nullable: true,
    });
    Reader::new(&Format::Json(Json::default()), wanted.collect()).unwrap()
}

pub(crate) fn block(text: &[u8]) -> Block {
    Block {
        origin: Arc::default(),
        proved: false,
        counted: None,
        place: Place::Unknown,
        content: Content::Lines(Bytes::copy_from_slice(text)),
    }
}

/// Which lines are no JSON, says the reader, whatever it wants; and which are, says `common::json`.
fn check_acceptance(text: &[u8]) -> Result<(), String> {
    let lines = ndjson::lines(text).filter(|line| !ndjson::is_blank(line));
    let is_json = |line| std::str::from_utf8(line).is_ok_and(|line| json::value(line).is_ok());
    let expected: Vec<_> = lines.map(is_json).collect();
    for wanted in [0, 1, 3, COLUMNS.len()] {
        let rows = reader(&COLUMNS[..wanted]).parse(block(text));
        let mut accepted = vec![true; rows.records()];
        for reject in &rows.rejects {
            accepted[reject.before.0 as usize] = reject.reason != Reason::NotJson;
        }
        if accepted != expected {
            let text = String::from_utf8_lossy(text);
            return Err(format!(
                "{wanted} columns of {text:?}: {accepted:?}, not {expected:?}"
            ));
        }
    }
    Ok(())
}

fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, plain) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend_from_slice(plain.as_bytes());
    }
    bytes
}

#[test]
fn each_text_of_the_suite_is_judged_as_by_the_other_reader() {
    let texts = SUITE.lines().filter_map(|line| line.split_once(' '));
    let mut count = 0;
    for (name, text) in texts {
        let text = decoded(text);
        // As a record, and as a member that is wanted, one that is not, and one between others.
        let member = |key: &str| [b"{\"", key.as_bytes(), b"\":", &text, b",\"b\":1}"].concat();
        for record in [text.clone(), member("a"), member("text"), member("other")] {
            check_acceptance(&record).unwrap_or_else(|fault| panic!("{name}: {fault}"));
            check_acceptance(&[&record, b"\n{}\n".as_slice()].concat()).unwrap();
        }
        count += 1;
    }
    assert!(count > 300, "only {count} texts");
}

#[test]
fn depth_has_the_same_bound() {
    for depth in [62, 63, 64, 65, 100_000] {
        let arrays = "[".repeat(depth) + &"]".repeat(depth);
        let objects = r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth);
        for value in [arrays, objects] {
            for record in [
                value.clone(),
                format!("{{\"a\":{value}}}"),
                format!("{{\"text\":{value}}}"),
            ] {
                check_acceptance(record.as_bytes()).unwrap();
            }
        }
    }
}

/// Any value of a few kinds, as others would write it.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1000_i64..1000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1e6_f64..1e6).prop_map(Value::from),
        "[ -~äß€😀\"\\\\\\n\\x00-\\x1f]{0,20}".prop_map(Value::from),
        "[a-z]{0,60}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = "[a-c\"\\\\]{0,3}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Members in any order, some twice and some that nobody wants.
fn record() -> impl Strategy<Value = Vec<(String, Value)>> {
    let names = COLUMNS.iter().map(|(name, _)| (*name).to_owned());
    let names: Vec<_> = names.chain(["b".to_owned(), "aa".to_owned()]).collect();
    prop::collection::vec((prop::sample::select(names), value()), 0..10)
}

fn written(members: &[(String, Value)], space: &str) -> String {
    let member = |(key, value): &(String, Value)| {
        format!("{}{space}:{space}{value}", Value::from(key.as_str()))
    };
    let members: Vec<_> = members.iter().map(member).collect();
    format!(
        "{{{space}{}{space}}}",
        members.join(&format!("{space},{space}"))
    )
}

/// Without what Java takes for white space.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

/// What a column of such a type has for a value; `Err` where the record is rejected.
fn expected(value: Option<&Value>, data_type: &DataType) -> Result<Option<String>, ()> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    Ok(Some(match (data_type, value) {
        (DataType::Utf8, Value::String(text)) => text.clone(),
        (DataType::Utf8, other) => other.to_string(),
        (DataType::Boolean, Value::Bool(value)) => value.to_string(),
        (DataType::Boolean, Value::String(text)) => {
            trimmed(text).eq_ignore_ascii_case("true").to_string()
        }
        (DataType::Boolean, Value::Number(_)) => false.to_string(),
        (DataType::Int64, Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.to_string(),
            (None, Some(number)) if number.abs() < 2_f64.powi(63) => {
                #[expect(clippy::cast_possible_truncation, reason = "it was looked at")]
                let whole = number.trunc() as i64;
                whole.to_string()
            }
            _ => return Err(()),
        },
        (DataType::Int64, Value::String(text)) => {
            trimmed(text).parse::<i64>().map_err(drop)?.to_string()
        }
        (DataType::Float64, Value::Number(number)) => {
            format!("{:?}", number.to_string().parse::<f64>().unwrap())
        }
        (DataType::Float64, Value::String(text)) => {
            let is_plain = text
                .trim()
                .bytes()
                .all(|byte| b"0123456789+-.eE".contains(&byte));
            let number = trimmed(text).parse::<f64>().ok().filter(|_| is_plain);
            format!("{:?}", number.ok_or(())?)
        }
        _ => return Err(()),
    }))
}

fn found(rows: &RecordBatch, column: usize, row: usize) -> Option<String> {
    let array = rows.column(column);
    array.is_valid(row).then(|| match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        _ => array.as_boolean().value(row).to_string(),
    })
}

/// Each record's columns, or nothing where it is rejected.
fn check_values(records: &[Vec<(String, Value)>], space: &str, wanted: usize) {
    let text: String = records
        .iter()
        .map(|record| written(record, space) + "\n")
        .collect();
    let columns = &COLUMNS[COLUMNS.len() - wanted..];
    let Rows { rows, rejects, .. } = reader(columns).parse(block(text.as_bytes()));
    let (mut row, mut rejects) = (0, rejects.iter().peekable());
    for (at, record) in records.iter().enumerate() {
        let last: Map<_, _> = record.iter().cloned().collect();
        let values: Result<Vec<_>, ()> = columns
            .iter()
            .map(|(name, data_type)| expected(last.get(*name), data_type))
            .collect();
        match rejects.next_if(|reject| reject.before.0 as usize == at) {
            Some(_) => assert_eq!(values, Err(()), "{record:?}"),
            None => {
                let found = (0..wanted).map(|column| found(&rows, column, row));
                assert_eq!(Ok(found.collect()), values, "{record:?}");
                row += 1;
            }
        }
    }
    assert_eq!(row, rows.num_rows());
}

proptest! {
    #[test]
    fn values_are_those_that_serde_json_finds(
        records in prop::collection::vec(record(), 0..8),
        space in "[ \\t\\r]{0,2}",
        wanted in prop::sample::select(vec![0, 1, 3, COLUMNS.len()]),
    ) {
        check_values(&records, &space, wanted);
    }

    #[test]
    fn a_text_that_was_damaged_is_judged_as_by_the_other_reader(
        records in prop::collection::vec(record(), 1..4),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4), 0..3),
    ) {
        let mut text: Vec<u8> = records.iter().flat_map(|record| (written(record, "") + "\n").into_bytes()).collect();
        for (at, byte, damage) in damages {
            let at = at.index(text.len());
            match damage {
                0 => text[at] = byte,
                1 => text.insert(at, b"\"\\{}[]:,0 -.eu"[usize::from(byte) % 14]),
                2 => drop(text.remove(at)),
                _ => text.truncate(at),
            }
            if text.is_empty() {
                break;
            }
        }
        prop_assert_eq!(check_acceptance(&text), Ok(()));
    }

    #[test]
    fn what_looks_like_json_is_judged_as_by_the_other_reader(text in r#"[\[\]{}:,"\\ue0-9.+\- truefalsn\n\r]{0,16}"#) {
        prop_assert_eq!(check_acceptance(text.as_bytes()), Ok(()));
        prop_assert_eq!(check_acceptance(format!("{{\"a\":{text},\"text\":\"{text}\"}}").as_bytes()), Ok(()));
    }

    #[test]
    fn a_float_is_the_nearest_one(
        text in r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,19})?((e|E)[+-]?[0-9]{1,2})?"
    ) {
        let rows = reader(&COLUMNS[2..3]).parse(block(format!("{{\"number\":{text}}}\n\n          ").as_bytes()));
        let number = rows.rows.column(0).as_primitive::<Float64Type>().value(0);
        prop_assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits());
    }
}

#[test]
fn a_thousand_columns_and_lines_of_ten_megabytes_are_read() {
    let names: Vec<_> = (0..1000).map(|column| format!("column {column}")).collect();
    let columns: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), DataType::Int64))
        .collect();
    let line = |order: &mut dyn Iterator<Item = usize>| {
        let members: Vec<_> = order.map(|at| format!("\"column {at}\":{at}")).collect();
        format!("{{{}}}\n", members.join(","))
    };
    let text = [
        line(&mut (0..1000)),
        line(&mut (0..1000).rev()),
        line(&mut (0..1000).step_by(2)),
        format!(
            "{{\"column 7\":7,\"long\":\"{}\"}}\n",
            "x".repeat(10_000_000)
        ),
        format!("{{\"column 7\":7,\"long\":\"{}\n", "x".repeat(10_000_000)),
        line(&mut (0..1000)),
    ];
    let rows = reader(&columns).parse(block(text.concat().as_bytes()));
    let valid = |row| {
        rows.rows
            .columns()
            .iter()
            .filter(|column| column.is_valid(row))
            .count()
    };
    assert_eq!(
        (0..5).map(valid).collect::<Vec<_>>(),
        [1000, 1000, 500, 1, 1000]
    );
    assert_eq!(rows.rejects.len(), 1);
    for (at, column) in rows.rows.columns().iter().enumerate() {
        assert_eq!(column.as_primitive::<Int64Type>().value(1), at as i64);
    }
}
