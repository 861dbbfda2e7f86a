//! What becomes of each good and each wrong value in a file, in columns of each type, when a job reads
//! it: it is taken, or null, or its record is rejected and counted, and no other record is harmed.

use std::{collections::BTreeMap, fs};

use tests::consumer;

/// A value as it is written in JSON, and what becomes of it: how it is printed, or `!` and why its
/// record is rejected.
type Value = (&'static str, &'static str);

const WRONG: &str = "!wrong_type";
const BROKEN: &str = "!not_json";

/// What is no record.
const BLANK: &str = "!blank";

/// The types of columns and their values, of which the first is a good one.
fn types() -> Vec<(&'static str, Vec<Value>)> {
    let mut types = Vec::<(_, Vec<_>)>::new();
    let lines = include_str!("../data/poison.txt").lines();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        match (line.split_once(" =>"), types.last_mut()) {
            (Some((value, became)), Some((_, values))) => values.push((value, became.trim())),
            _ => types.push((line, Vec::new())),
        }
    }
    types
}

/// A line of a file, and what becomes of it.
type Line = (Vec<u8>, &'static str);

/// Runs a job that reads all columns of a file with these lines, and compares what becomes of each.
fn check(columns: &str, options: &str, lines: &[Line]) {
    let file: Vec<_> = lines
        .iter()
        .flat_map(|(line, _)| [line, &b"\n"[..]].concat())
        .collect();
    let expected = lines.iter().map(|(_, expected)| *expected);
    let expected: Vec<_> = expected.filter(|expected| *expected != BLANK).collect();
    check_file(columns, options, &file, &expected);
}

/// The same of a whole file, with what becomes of each record in it.
fn check_file(columns: &str, options: &str, file: &[u8], expected: &[&str]) {
    check_some((columns, "*"), options, file, expected);
}

/// The same where a job reads some of the columns.
fn check_some((columns, some): (&str, &str), options: &str, file: &[u8], expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let [data, job, letters] = ["data", "job.sql", "letters"].map(|name| folder.path().join(name));
    fs::write(&data, file).expect("there is space");
    let sql = format!(
        "CREATE TABLE t ({columns}) WITH ('connector' = 'filesystem', 'path' = '{}', {options});\n\
         SELECT {some} FROM t",
        data.display()
    );
    fs::write(&job, &sql).expect("there is space");
    let [job, letters] = [job, letters].map(|path| path.display().to_string());
    let mut job = consumer(&["run", &job, "--parallelism", "2", "--dead-letter", &letters]);
    drop(job.answer(0));
    let rejected = rejected(&fs::read_to_string(letters).unwrap_or_default());
    let rows = job.stdout.all();
    job.says(&format!(
        "{} records read, {} rejected, {} rows given",
        expected.len(),
        rejected.len(),
        rows.len()
    ));
    let mut rows = rows.iter();
    let became: Vec<_> = (0..expected.len())
        .map(|record| match rejected.get(&record) {
            Some(reason) => format!("!{reason}"),
            None => rows.next().map_or("nothing", |line| row(line)).to_owned(),
        })
        .collect();
    assert_eq!(became, expected, "{sql}");
    assert_eq!(rows.next(), None, "{sql}");
}

/// What stands in an inserted row.
fn row(line: &str) -> &str {
    let row = line.strip_prefix("+I[");
    row.and_then(|row| row.strip_suffix(']')).unwrap_or(line)
}

/// The reasons of dead letters, each by the number of its record.
fn rejected(letters: &str) -> BTreeMap<usize, String> {
    let letter = |line: &str| {
        let letter: serde_json::Value = serde_json::from_str(line).expect("a letter is JSON");
        let text = |name: &str| letter.get(name).and_then(serde_json::Value::as_str);
        let (record, _) = text("offset")?.split_once('_')?;
        Some((record.parse().ok()?, text("reason")?.to_owned()))
    };
    let known = |line| letter(line).expect("a letter has an offset and a reason");
    letters.lines().map(known).collect()
}

/// Each case, and a good record behind it.
fn among_good(cases: Vec<Line>, good: &Line) -> Vec<Line> {
    let with_good = cases.into_iter().flat_map(|case| [case, good.clone()]);
    with_good.collect()
}

const JSON: &str = "'format' = 'json'";

/// A record of one field.
fn object(value: &str) -> Vec<u8> {
    format!("{{\"x\":{value}}}").into_bytes()
}

/// Each value in a record of its own, with a good one behind it.
fn objects(values: impl IntoIterator<Item = Value>) -> Vec<Line> {
    let mut values = values
        .into_iter()
        .map(|(value, expected)| (object(value), expected))
        .peekable();
    let good = values.peek().cloned().expect("a good value first");
    among_good(values.collect(), &good)
}

#[test]
fn values_of_json_are_taken_or_reject_their_record() {
    for (of, values) in types() {
        let values = values.into_iter().chain([("null", "null")]);
        let mut lines = objects(values);
        lines.push((b"{}".to_vec(), "null"));
        check(&format!("x {of}"), JSON, &lines);
    }
}

#[test]
fn what_may_not_be_null_rejects_its_record() {
    for (of, values) in types() {
        let good = values[0];
        let mut lines = objects([good, ("null", WRONG)]);
        lines.push((b"{}".to_vec(), "!missing_field"));
        check(&format!("x {of} NOT NULL"), JSON, &lines);
    }
}

#[test]
fn wrong_values_are_null_where_faults_are_ignored() {
    let options = "'format' = 'json', 'json.ignore-parse-errors' = 'true'";
    // In a value of many, only what is wrong becomes null.
    let of_many = [
        ("ROW<a INT, b INT>", "{\"a\":\"x\",\"b\":2}", "+I[null, 2]"),
        ("ARRAY<INT>", "[\"x\",2]", "[null, 2]"),
        ("MAP<STRING, INT>", "{\"a\":\"x\",\"b\":2}", "{a=null, b=2}"),
        ("ARRAY<ROW<a INT>>", "[{\"a\":{}},[]]", "[+I[null], null]"),
    ];
    for (of, value, expected) in of_many {
        check(&format!("x {of}"), options, &objects([(value, expected)]));
    }
    let of_one = types().into_iter().filter(|(of, _)| !of.contains('<'));
    for (of, values) in of_one {
        let ignored = |expected| if expected == WRONG { "null" } else { expected };
        let values = values.into_iter();
        let values = values.map(|(value, expected)| (value, ignored(expected)));
        check(&format!("x {of}"), options, &objects(values));
    }
}

#[test]
fn values_of_csv_are_taken_as_texts_of_json_are() {
    for (of, values) in types() {
        let text = |(value, expected): &Value| {
            let text = value.strip_prefix('"')?.strip_suffix('"')?;
            let is_plain = !text.is_empty() && !text.contains('\\') && *expected != BROKEN;
            is_plain.then(|| (text.as_bytes().to_vec(), *expected))
        };
        let lines: Vec<_> = values.iter().filter_map(text).collect();
        let is_nested = of.contains('<');
        if !is_nested && !lines.is_empty() {
            check(&format!("x {of}"), "'format' = 'csv'", &lines);
        }
    }
}

/// A record of two fields and a good one behind each.
fn check_records(options: &str, records: &[(&[u8], &'static str)]) {
    let lines = records
        .iter()
        .map(|(line, expected)| (line.to_vec(), *expected));
    let good = (b"{\"a\":1,\"s\":\"x\"}".to_vec(), "1, x");
    check(
        "a INT, s STRING",
        options,
        &among_good(lines.collect(), &good),
    );
}

#[test]
fn records_that_are_odd_as_a_whole_harm_no_other() {
    let nested = |depth: usize| {
        let value = "[".repeat(depth) + &"]".repeat(depth);
        format!("{{\"a\":2,\"z\":{value}}}").into_bytes()
    };
    let long = |length: usize| {
        let rest = "x".repeat(length - "{\"a\":2,\"z\":\"\"}".len());
        format!("{{\"a\":2,\"z\":\"{rest}\"}}").into_bytes()
    };
    check_records(
        JSON,
        &[
            (b"{\"a\":2,\"s\":\"y\",\"more\":{\"a\":3}}", "2, y"),
            (b"{\"s\":\"y\",\"a\":2}\r", "2, y"),
            (b" \t{ \"a\" : 2 , \"s\" : null } ", "2, null"),
            (b"{\"a\":1,\"a\":2}", "2, null"),
            (b"{}", "null, null"),
            (b"", BLANK),
            (b" \t\r", BLANK),
            (b"null", WRONG),
            (b"5", WRONG),
            (b"[{\"a\":2}]", WRONG),
            (b"{\"a\":2}{\"a\":3}", BROKEN),
            (b"{\"a\":2},", BROKEN),
            (b"{\"a\":2", BROKEN),
            (b"}", BROKEN),
            (b"a,s", BROKEN),
            (b"<html>", BROKEN),
            (b"\xef\xbb\xbf{\"a\":2}", BROKEN),
            (b"{\"s\":\"\xff\"}", BROKEN),
            (b"{\"s\":\"\xc3\"}", BROKEN),
            (b"{\"s\":\"\xed\xa0\x80\"}", BROKEN),
            (b"{\"z\":\"\xff\"}", BROKEN),
            (b"{\"s\":\"\0\"}", BROKEN),
            (b"\0\0\0\0", BROKEN),
            (b"{\"a\":2,\"s\":\"\xf0\x9f\x98\x80\"}", "2, \u{1f600}"),
            (&nested(63), "2, null"),
            (&nested(64), BROKEN),
            (&nested(100_000), BROKEN),
            (&long(1 << 20), "2, null"),
            (&long((1 << 20) + 1), "!too_long"),
            (&long(5 << 20), "!too_long"),
        ],
    );
}

#[test]
fn a_file_may_end_anywhere() {
    let ends: [(&[u8], &[&str]); 8] = [
        (b"", &[]),
        (b"\n\n", &[]),
        (b"{\"a\":1}", &["1"]),
        (b"{\"a\":1}\r\n{\"a\":2}\r\n", &["1", "2"]),
        (b"{\"a\":1}\n{\"a\":2", &["1", BROKEN]),
        (b"{\"a\":1}\n{\"a\":2}\xe2\x82", &["1", BROKEN]),
        (b"\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n", &["1", "2"]),
        (b"{\"a\":1}\r{\"a\":2}\n{\"a\":3}\n", &[BROKEN, "3"]),
    ];
    for (file, expected) in ends {
        check_file("a INT", JSON, file, expected);
    }
}

#[test]
fn a_field_that_is_missing_rejects_its_record_where_it_is_said_to() {
    let options = "'format' = 'json', 'json.fail-on-missing-field' = 'true'";
    check_records(
        options,
        &[
            (b"{\"a\":1}", "!missing_field"),
            (b"{\"a\":1,\"s\":null}", "1, null"),
            (b"{}", "!missing_field"),
            (b"{\"a\":\"x\"}", WRONG),
        ],
    );
}

#[test]
fn lines_of_csv_that_are_odd_harm_no_other() {
    let lines: [(&[u8], &'static str); 19] = [
        // Files that each begin with a byte order mark may stand behind each other in one.
        (b"\xef\xbb\xbf2,y", "2, y"),
        (b"2,y\r", "2, y"),
        (b"2,", "2, "),
        (b"2,n/a", "2, null"),
        (b"n/a,\"n/a\"", "null, null"),
        (b"2,\"a,\"\"b\"\"\"", "2, a,\"b\""),
        (b"2,a\"b", "2, a\"b"),
        (b"2,\xf0\x9f\x98\x80", "2, \u{1f600}"),
        (b"2,{\"a\":1}", "2, {\"a\":1}"),
        (b"", BLANK),
        (b" \t\r", BLANK),
        (b"2", "!missing_field"),
        (b"2,y,z", WRONG),
        (b",y", WRONG),
        (b"two,y", WRONG),
        (b"2147483648,y", WRONG),
        (b"2,\"y", "!not_csv"),
        (b"2,\xff", "!not_csv"),
        (b"\xc3\x28,y", "!not_csv"),
    ];
    let lines = lines.map(|(line, expected)| (line.to_vec(), expected));
    let long = [b"2,".to_vec(), vec![b'x'; 1 << 20]].concat();
    let lines = lines.into_iter().chain([(long, "!too_long")]);
    let good = (b"1,x".to_vec(), "1, x");
    let options = "'format' = 'csv', 'csv.null-literal' = 'n/a'";
    check(
        "a INT, s STRING",
        options,
        &among_good(lines.collect(), &good),
    );
}

#[test]
fn some_columns_of_csv_are_read_from_their_places() {
    let columns = "a INT, b INT, p AS PROCTIME(), c INT, z AS b + 1";
    let file = b"1,2,3\n4,x,6\n7,8\n9,10,11,12\n";
    for (some, options, expected) in [
        ("b", "", ["2", WRONG, "!missing_field", WRONG]),
        ("7", "", ["7", "7", "!missing_field", WRONG]),
        ("c", "", ["3", "6", "!missing_field", WRONG]),
        ("c, a", "", ["3, 1", "6, 4", "!missing_field", WRONG]),
        ("z, a", "", ["3, 1", WRONG, "!missing_field", WRONG]),
        (
            "z, c",
            ", 'csv.ignore-parse-errors' = 'true'",
            ["3, 3", "null, 6", "9, null", "11, 11"],
        ),
    ] {
        let options = format!("'format' = 'csv'{options}");
        check_some((columns, some), &options, file, &expected);
    }
}

#[test]
#[should_panic(expected = "left == right")]
fn a_value_that_becomes_another_is_told() {
    check("x INT", JSON, &objects([("1", "1"), ("2", WRONG)]));
}
