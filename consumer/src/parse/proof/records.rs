//! What becomes of records that are odd as a whole, and where they are.

use arrow::datatypes::DataType;
use bytes::Bytes;
use common::offset::Offset;

use super::{MILLI, check, check_each, check_format, list, map, row, shown, wanted};
use crate::{
    fetch::{Block, Content, Place},
    parse::{Csv, Format, Json, Reader, Reason, Unreadable, agreement::block},
};

#[test]
fn a_record_that_fails_midway_leaves_no_trace() {
    let nested = row(&[
        ("l", list(DataType::Utf8, true), true),
        ("m", map(DataType::Int8), true),
    ]);
    let columns = [
        ("a", DataType::Int64, true),
        ("s", DataType::Utf8, true),
        ("r", nested, true),
    ];
    check(
        &columns,
        concat!(
            "{\"a\":1,\"s\":\"x\",\"r\":{\"l\":[\"p\"],\"m\":{\"k\":1}}}\n",
            "{\"a\":2,\"s\":\"y\",\"r\":{\"l\":[\"q\"],\"m\":{\"k\":1000}}}\n",
            "{\"a\":3,\"s\":\"z\",\"r\":{\"l\":[\"r\",\n",
            " \n",
            "{\"r\":{\"m\":{\"k\":2},\"l\":[]},\"a\":\"x\",\"s\":4}\n",
            "7\n[]\n{}\n",
            "{\"s\":\"w\",\"r\":{\"m\":{},\"l\":[null]},\"a\":5}{\n",
            "{\"s\":\"w\",\"r\":{\"m\":{},\"l\":[null]},\"a\":5}",
        ),
        &[
            "1 | x | {l: [p], m: {k: 1}}",
            "wrong_type",
            "not_json",
            "wrong_type",
            "wrong_type",
            "wrong_type",
            "null | null | null",
            "not_json",
            "5 | w | {l: [null], m: {}}",
        ],
    );
}

#[test]
fn of_members_with_one_name_the_last_counts() {
    let columns = [
        ("a", DataType::Int64, true),
        ("r", row(&[("b", DataType::Int64, true)]), true),
    ];
    check(
        &columns,
        concat!(
            "{\"a\":1,\"a\":2}\n",
            "{\"a\":\"x\",\"a\":2}\n",
            "{\"a\":2,\"a\":\"x\"}\n",
            "{\"a\":2,\"\\u0061\":null}\n",
            "{\"r\":{\"b\":1},\"r\":{\"b\":\"x\",\"b\":2}}\n",
            "{\"r\":{\"b\":1},\"r\":{}}\n",
        ),
        &[
            "2 | null",
            "2 | null",
            "wrong_type",
            "null | null",
            "null | {b: 2}",
            "null | {b: null}",
        ],
    );
}

#[test]
fn more_keys_than_are_remembered_are_read_all_the_same() {
    let columns = [("a", DataType::Int64, true), ("b", DataType::Int64, true)];
    let line = |at: usize| format!("{{\"key {at}\":{{\"{at}\":{{}}}},\"a\":{at}, \"b\" :1 }}\n");
    let text: String = (0..5_000).map(line).collect();
    let expected: Vec<_> = (0..5_000).map(|at| format!("{at} | 1")).collect();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    check(&columns, &text, &expected);
}

#[test]
fn what_may_not_be_null_rejects_its_record() {
    let columns = [
        ("a", DataType::Int64, false),
        ("r", row(&[("b", DataType::Int64, false)]), true),
    ];
    let text = "{\"a\":1}\n{\"a\":null}\n{}\n{\"a\":1,\"r\":null}\n{\"a\":1,\"r\":{}}\n{\"a\":1,\"r\":{\"b\":null}}\n{\"a\":\"x\"}\n";
    check(
        &columns,
        text,
        &[
            "1 | null",
            "wrong_type",
            "missing_field",
            "1 | null",
            "missing_field",
            "wrong_type",
            "wrong_type",
        ],
    );
    let ignoring = Format::Json(Json {
        ignore_parse_errors: true,
        ..Json::default()
    });
    check_format(
        &ignoring,
        &columns,
        text,
        &[
            "1 | null",
            "wrong_type",
            "missing_field",
            "1 | null",
            "1 | null",
            "1 | null",
            "wrong_type",
        ],
    );
}

#[test]
fn options_decide_on_missing_fields_and_faults() {
    let columns = [
        ("a", DataType::Int64, true),
        ("l", list(DataType::Int8, true), true),
    ];
    let text = "{\"a\":1,\"l\":[1000,2]}\n{\"a\":\"x\"}\n{\"l\":5}\nx\n5\n";
    check(
        &columns,
        text,
        &[
            "wrong_type",
            "wrong_type",
            "wrong_type",
            "not_json",
            "wrong_type",
        ],
    );
    let ignoring = Format::Json(Json {
        ignore_parse_errors: true,
        ..Json::default()
    });
    check_format(
        &ignoring,
        &columns,
        text,
        &[
            "1 | [null, 2]",
            "null | null",
            "null | null",
            "not_json",
            "wrong_type",
        ],
    );
    let failing = Format::Json(Json {
        fail_on_missing_field: true,
        ..Json::default()
    });
    check_format(
        &failing,
        &columns,
        "{\"a\":1}\n{\"a\":1,\"l\":null}\n",
        &["missing_field", "1 | null"],
    );
}

#[test]
fn a_bad_byte_costs_only_its_own_line() {
    let mut reader = Reader::new(
        &Format::Json(Json::default()),
        wanted(&[("a", DataType::Utf8, true)]),
    )
    .unwrap();
    let found = reader.parse(block(
        b"{\"a\":\"\xc3\xa4\"}\n{\"a\":\"\xff\"}\n\n{\"a\":\"\xc3\n\xa4\"}\n{\"a\":1}",
    ));
    assert_eq!(
        shown(&found),
        ["ä", "not_json", "not_json", "not_json", "1"]
    );
}

#[test]
fn separated_values_are_read_by_their_place() {
    let columns = [("c", DataType::Utf8, true), ("a", DataType::Int64, true)];
    let csv = Csv {
        fields: ["a", "b", "c"].map(str::to_owned).to_vec(),
        ..Csv::default()
    };
    let text = "1,x,\"y,\"\"z\"\"\"\r\n 2 ,,\n\n#3,x,y\n4,x\n5,x,y,z\nx,x,x\n6,\"x,y\n7,\"x\",y";
    let check = |csv: &Csv, expected: &[&str]| {
        check_format(&Format::Csv(csv.clone()), &columns, text, expected)
    };
    let wrong = "wrong_type";
    check(
        &csv,
        &[
            "y,\"z\" | 1",
            " | 2",
            wrong,
            "missing_field",
            wrong,
            wrong,
            "not_csv",
            "y | 7",
        ],
    );
    let ignoring = Csv {
        ignore_parse_errors: true,
        allow_comments: true,
        null_literal: Some(String::new()),
        ..csv
    };
    check(
        &ignoring,
        &[
            "y,\"z\" | 1",
            "null | 2",
            "null | 4",
            "y | 5",
            "x | null",
            "not_csv",
            "y | 7",
        ],
    );
    let other = Csv {
        field_delimiter: ';',
        quote_character: None,
        escape_character: Some('\\'),
        ..Csv::default()
    };
    check_format(&Format::Csv(other), &columns, "\"x\";1\n", &["\"x\" | 1"]);
    check_each(
        &Format::Csv(Csv::default()),
        &MILLI,
        &[
            ("2020-12-30 12:13:14.5", "2020-12-30T12:13:14.500"),
            ("x", wrong),
        ],
    );
}

#[test]
fn what_cannot_be_read_is_told_at_once() {
    let new = |format: Format, columns: &[(&str, DataType, bool)]| {
        Reader::new(&format, wanted(columns)).map(drop)
    };
    let kind = |data_type: DataType| {
        Err(Unreadable::Type {
            name: "x".to_owned(),
            data_type,
        })
    };
    let json = || Format::Json(Json::default());
    assert_eq!(
        new(json(), &[("x", DataType::LargeUtf8, true)]),
        kind(DataType::LargeUtf8)
    );
    let csv = |csv: Csv| Format::Csv(csv);
    let nested = list(DataType::Int8, true);
    assert_eq!(
        new(csv(Csv::default()), &[("x", nested.clone(), true)]),
        kind(nested)
    );
    let named = Csv {
        fields: vec!["a".to_owned()],
        ..Csv::default()
    };
    assert_eq!(
        new(csv(named), &[("x", DataType::Int8, true)]),
        Err(Unreadable::Field("x".to_owned()))
    );
    let wide = Csv {
        field_delimiter: '→',
        ..Csv::default()
    };
    assert_eq!(
        new(csv(wide), &[("x", DataType::Int8, true)]),
        Err(Unreadable::Character('→'))
    );
}

#[test]
fn each_row_and_reject_knows_its_place() {
    let mut reader = Reader::new(&Format::Json(Json::default()), wanted(&[])).unwrap();
    let start = Offset {
        record: 5,
        byte: 50,
    };
    let mut counted = block(b"\n{}\n x\n \r\n{\"a\":1}\r\n{}");
    counted.place = Place::Counted(start);
    let found = reader.parse(counted);
    let at = |record, byte| start.advance(record, byte).to_string();
    let places: Vec<_> = found.places().filter_map(|place| place.token()).collect();
    assert_eq!(places, [at(0, 0), at(2, 6), at(3, 15)]);
    assert_eq!(found.rows.num_rows(), 3);
    let [reject] = found.rejects.as_slice() else {
        panic!("one reject")
    };
    assert_eq!(
        (found.offset(reject), found.line(&reject.span)),
        (Some(at(1, 3)), &b" x"[..])
    );
    let long = reader.parse(Block {
        content: Content::TooLong(Bytes::from_static(b"{\"a")),
        ..block(b"")
    });
    assert_eq!(
        (
            long.rejects[0].reason,
            long.places().count(),
            long.records()
        ),
        (Reason::TooLong, 0, 1)
    );
    assert_eq!(long.line(&long.rejects[0].span), b"{\"a");
}

#[test]
fn an_array_is_no_record() {
    let columns = [("a", DataType::Int64, true)];
    check(&columns, "[{\"a\":1}]\n[]", &["wrong_type", "wrong_type"]);
}

#[test]
fn a_field_in_quotes_ends_with_its_line() {
    let columns = [("a", DataType::Utf8, true), ("b", DataType::Utf8, true)];
    let csv = Format::Csv(Csv::default());
    let text = "1,\"a\nb\"\n2,c\n";
    check_format(&csv, &columns, text, &["not_csv", "missing_field", "2 | c"]);
}

#[test]
fn a_field_that_is_missing_is_null_where_faults_are_ignored() {
    let columns = [("a", DataType::Utf8, true), ("b", DataType::Utf8, true)];
    let csv = |ignore_parse_errors| {
        Format::Csv(Csv {
            ignore_parse_errors,
            ..Csv::default()
        })
    };
    check_format(&csv(true), &columns, "1\n2,c\n", &["1 | null", "2 | c"]);
    check_format(
        &csv(false),
        &columns,
        "1\n2,c\n",
        &["missing_field", "2 | c"],
    );
}

#[test]
fn a_field_too_many_is_passed_over_where_faults_are_ignored() {
    let columns = [("a", DataType::Utf8, true)];
    let csv = |ignore_parse_errors| {
        Format::Csv(Csv {
            ignore_parse_errors,
            ..Csv::default()
        })
    };
    check_format(&csv(true), &columns, "1,2\n3\n", &["1", "3"]);
    check_format(&csv(false), &columns, "1,2\n3\n", &["wrong_type", "3"]);
}
