//! What becomes of each kind of value in each type of column, as Flink's formats have it.

mod numbers;
mod records;
mod strings;
mod types;

use std::sync::Arc;

use arrow::{
    datatypes::{DataType, Field, Fields, TimeUnit},
    util::display::{ArrayFormatter, FormatOptions},
};

use super::{Format, Json, Reader, Rows, Wanted, agreement::block};

const SECOND: DataType = DataType::Timestamp(TimeUnit::Second, None);
const MILLI: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);
const NANO: DataType = DataType::Timestamp(TimeUnit::Nanosecond, None);

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("+00:00".into()))
}

fn row(fields: &[(&str, DataType, bool)]) -> DataType {
    let field = |(name, data_type, nullable): &(&str, DataType, bool)| {
        Field::new(*name, data_type.clone(), *nullable)
    };
    DataType::Struct(fields.iter().map(field).collect())
}

fn list(data_type: DataType, nullable: bool) -> DataType {
    DataType::List(Arc::new(Field::new("element", data_type, nullable)))
}

fn map(data_type: DataType) -> DataType {
    let members = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", data_type, true),
    ]);
    DataType::Map(
        Arc::new(Field::new("entries", DataType::Struct(members), false)),
        false,
    )
}

fn wanted(columns: &[(&str, DataType, bool)]) -> Vec<Wanted> {
    let column = |(name, data_type, nullable): &(&str, DataType, bool)| Wanted {
        name: (*name).to_owned(),
        data_type: data_type.clone(),
        nullable: *nullable,
    };
    columns.iter().map(column).collect()
}

/// The rows, with a reject's reason where it stands.
fn shown(found: &Rows) -> Vec<String> {
    let options = FormatOptions::default().with_null("null");
    let columns = found.rows.columns().iter();
    let columns: Vec<_> = columns
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    let (mut rows, mut rejects) = (0..found.rows.num_rows(), found.rejects.iter().peekable());
    let mut shown = Vec::new();
    for record in 0..found.records() {
        if found.comments.contains(&u32::try_from(record).unwrap()) {
            continue;
        }
        shown.push(
            match rejects.next_if(|reject| reject.before.0 as usize == record) {
                Some(reject) => reject.reason.name().to_owned(),
                None => {
                    let row = rows.next().unwrap();
                    let values = columns.iter().map(|column| column.value(row).to_string());
                    values.collect::<Vec<_>>().join(" | ")
                }
            },
        );
    }
    assert_eq!(rows.next(), None);
    shown
}

fn check_format(
    format: &Format,
    columns: &[(&str, DataType, bool)],
    text: &str,
    expected: &[&str],
) {
    let reader = Reader::new(format, wanted(columns)).unwrap();
    // Each worker has a copy.
    for mut reader in [reader.clone(), reader] {
        // The second time it knows the keys.
        for _ in 0..2 {
            assert_eq!(
                shown(&reader.parse(block(text.as_bytes()))),
                expected,
                "{columns:?} {text}"
            );
        }
    }
}

fn check(columns: &[(&str, DataType, bool)], text: &str, expected: &[&str]) {
    check_format(&Format::Json(Json::default()), columns, text, expected);
}

/// Each value for itself, in a column that may be null.
fn check_each(format: &Format, data_type: &DataType, values: &[(&str, &str)]) {
    for (value, expected) in values {
        let text = match format {
            Format::Json(_) => format!("{{\"x\":{value}}}"),
            Format::Csv(_) => format!("{value}\n"),
        };
        check_format(
            format,
            &[("x", data_type.clone(), true)],
            &text,
            &[expected],
        );
    }
}
