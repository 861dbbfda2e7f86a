//! JSON at the door: every text has one documented answer, and what is refused leaves no trace.
//!
//! The texts are those of JSONTestSuite (`tests/data/json`), whose names say what RFC 8259 wants of
//! them, and those that have hurt other services.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use serde_json::Value;
use tests::{Service, http::send, producer};

use crate::wire::{JSON, NDJSON, after, read};

const SUITE: &str = include_str!("../data/json/parsing.txt");

/// How many texts the suite has.
const TEXTS: usize = 318;

/// JSON by the RFC that is refused all the same: there is nothing in it to append.
const EMPTY_ARRAYS: [&str; 2] = ["y_array_empty", "y_structure_whitespace_array"];

/// Not JSON by the RFC, and refused for holding nothing at all.
const BLANK: [&str; 2] = ["n_single_space", "n_structure_no_data"];

/// What the RFC leaves to the reader: why, whether the service takes it, and which texts.
const LEFT_TO_THE_READER: [(&str, bool, &[&str]); 6] = [
    (
        "an f64 comes close to the number",
        true,
        &[
            "i_number_double_huge_neg_exp",
            "i_number_real_underflow",
            "i_number_too_big_neg_int",
            "i_number_too_big_pos_int",
            "i_number_very_big_negative_int",
        ],
    ),
    (
        "no f64 comes close to the number",
        false,
        &[
            "i_number_huge_exp",
            "i_number_neg_int_huge_exp",
            "i_number_pos_double_huge_exp",
            "i_number_real_neg_overflow",
            "i_number_real_pos_overflow",
        ],
    ),
    (
        "half of a surrogate pair is no character",
        false,
        &[
            "i_object_key_lone_2nd_surrogate",
            "i_string_1st_surrogate_but_2nd_missing",
            "i_string_1st_valid_surrogate_2nd_invalid",
            "i_string_incomplete_surrogate_and_escape_valid",
            "i_string_incomplete_surrogate_pair",
            "i_string_incomplete_surrogates_escape_valid",
            "i_string_invalid_lonely_surrogate",
            "i_string_invalid_surrogate",
            "i_string_inverted_surrogates_U+1D11E",
            "i_string_lone_second_surrogate",
        ],
    ),
    (
        "not UTF-8",
        false,
        &[
            "i_string_UTF-16LE_with_BOM",
            "i_string_UTF-8_invalid_sequence",
            "i_string_UTF8_surrogate_U+D800",
            "i_string_invalid_utf-8",
            "i_string_iso_latin_1",
            "i_string_lone_utf8_continuation_byte",
            "i_string_not_in_unicode_range",
            "i_string_overlong_sequence_2_bytes",
            "i_string_overlong_sequence_6_bytes",
            "i_string_overlong_sequence_6_bytes_null",
            "i_string_truncated-utf-8",
            "i_string_utf16BE_no_BOM",
            "i_string_utf16LE_no_BOM",
        ],
    ),
    (
        "a byte order mark is no white space",
        false,
        &["i_structure_UTF-8_BOM_empty_object"],
    ),
    (
        "more than 64 levels",
        false,
        &["i_structure_500_nested_arrays"],
    ),
];

/// JSON that goes over several lines, so that none of them is a record.
const OVER_LINES: [&str; 2] = ["y_array_with_1_and_newline", "y_object_with_newlines"];

/// What the door said to a request.
#[derive(Debug, PartialEq)]
enum Answer {
    /// These records were appended.
    Taken(Vec<Value>),
    /// Nothing was: the status and the code.
    Refused(u16, String),
}

/// A producer, and where the next record will stand.
struct Door {
    producer: Service,
    tail: String,
}

impl Door {
    fn open() -> Self {
        let producer = producer(&["--source", "none"]);
        let tail = tail(&producer);
        Self { producer, tail }
    }

    /// Posts `body`. What is taken must be what is read back; after a refusal, the tail must be
    /// where it was.
    fn post(&mut self, content_type: (&str, &str), body: &[u8]) -> Answer {
        let answer = send(&self.producer.url("/stream"), &[content_type], body);
        let status = answer.status;
        let said = answer.json();
        let word = |name: &str| {
            let word = said.get(name).and_then(Value::as_str);
            word.unwrap_or_default().to_owned()
        };
        if status != 200 {
            assert_eq!(word("side_effects"), "none", "{said}");
            assert_eq!(tail(&self.producer), self.tail, "it moved the tail: {said}");
            return Answer::Refused(status, word("code"));
        }
        assert_eq!(word("first"), self.tail, "{said}");
        let count = said
            .get("records")
            .and_then(Value::as_u64)
            .expect("a number of records");
        let lines = read(&self.producer, &format!("?offset={}", self.tail))
            .lines(usize::try_from(count).expect("a small number"));
        assert_eq!(word("next"), after(&self.tail, &lines), "{said}");
        self.tail = word("next");
        Answer::Taken(lines.iter().map(|line| value(line.as_bytes())).collect())
    }
}

/// Where the next record of `producer` will stand.
fn tail(producer: &Service) -> String {
    read(producer, "?offset=now")
        .header("stream-offset")
        .to_owned()
}

/// What other code than the services' makes of a text that is JSON.
fn value(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("what was taken is JSON")
}

/// What `text` comes to as records: an array is its elements.
fn flattened(text: &[u8]) -> Answer {
    Answer::Taken(match value(text) {
        Value::Array(elements) => elements,
        other => vec![other],
    })
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::Refused(status, code.to_owned())
}

/// Whether the service takes the value that the text `name` of the suite is.
fn is_record(name: &str) -> bool {
    match name.get(..2) {
        Some("y_") => true,
        Some("n_") => false,
        _ => {
            let mut rows = LEFT_TO_THE_READER.iter();
            let row = rows.find(|(_, _, names)| names.contains(&name));
            row.expect("what the RFC leaves open is in the table").1
        }
    }
}

/// The texts of the suite with their names.
fn suite() -> Vec<(String, Vec<u8>)> {
    let mut texts: Vec<_> = SUITE
        .lines()
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .map(|(name, text)| (name.to_owned(), decoded(text)))
        .collect();
    let arrays = ("n_structure_100000_opening_arrays", "[".repeat(100_000));
    let objects = (
        "n_structure_open_array_object",
        r#"[{"":"#.repeat(50_000) + "\n",
    );
    texts.extend([arrays, objects].map(|(name, text)| (name.to_owned(), text.into_bytes())));
    assert_eq!(texts.len(), TEXTS, "some of the suite is missing");
    texts
}

/// The bytes that `text` stands for, see the README beside it.
fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, plain) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
        bytes.extend_from_slice(plain.as_bytes());
    }
    bytes
}

#[test]
fn every_text_of_the_suite_has_its_answer() {
    let mut door = Door::open();
    for (name, text) in suite() {
        let expected = if EMPTY_ARRAYS.contains(&&*name) || BLANK.contains(&&*name) {
            refused(400, "EMPTY")
        } else if is_record(&name) {
            flattened(&text)
        } else {
            refused(400, "INVALID_RECORD")
        };
        assert_eq!(door.post(JSON, &text), expected, "{name}");
    }
}

#[test]
fn every_text_of_the_suite_has_its_answer_as_lines() {
    let mut door = Door::open();
    for (name, text) in suite() {
        let expected = if BLANK.contains(&&*name) {
            refused(400, "EMPTY")
        } else if is_record(&name) && !OVER_LINES.contains(&&*name) {
            Answer::Taken(vec![value(&text)])
        } else {
            refused(400, "INVALID_RECORD")
        };
        assert_eq!(door.post(NDJSON, &text), expected, "{name}");
    }
}

#[test]
fn depth_is_bounded_and_an_array_of_records_is_no_level() {
    let mut door = Door::open();
    let arrays = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let objects = |depth: usize| r#"{"a":"#.repeat(depth - 1) + "{}" + &"}".repeat(depth - 1);
    for nested in [arrays(64), objects(64)] {
        let one = Answer::Taken(vec![value(nested.as_bytes())]);
        assert_eq!(door.post(NDJSON, nested.as_bytes()), one);
        assert_eq!(door.post(JSON, format!("[{nested}]").as_bytes()), one);
    }
    for depth in [65, 100_000] {
        for nested in [arrays(depth), objects(depth), "[".repeat(depth)] {
            let deeper = refused(400, "INVALID_RECORD");
            assert_eq!(door.post(NDJSON, nested.as_bytes()), deeper);
            assert_eq!(door.post(JSON, format!("[{nested}]").as_bytes()), deeper);
        }
    }
}

#[test]
fn what_has_hurt_others_has_its_answer() {
    let mut door = Door::open();
    let mut check = |content_type, body: &[u8], expected: Answer| {
        let excerpt = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(door.post(content_type, body), expected, "{excerpt:?}");
    };
    let invalid = || refused(400, "INVALID_RECORD");
    let taken = |records: &[&str]| {
        Answer::Taken(records.iter().map(|text| value(text.as_bytes())).collect())
    };
    for number in [
        "1e400",
        "-1e400",
        &"9".repeat(400),
        "NaN",
        "-Infinity",
        "0x1",
        "1_000",
    ] {
        check(NDJSON, number.as_bytes(), invalid());
        check(JSON, format!("{{\"a\":{number}}}").as_bytes(), invalid());
    }
    for number in ["1e308", "-1e-400", &"9".repeat(300), "-0"] {
        check(NDJSON, number.as_bytes(), taken(&[number]));
    }
    for half in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\ud800""#,
        r#"{"\udc00":1}"#,
    ] {
        check(NDJSON, half.as_bytes(), invalid());
        check(JSON, half.as_bytes(), invalid());
    }
    check(NDJSON, br#"{"a":1,"a":2}"#, taken(&[r#"{"a":2}"#]));
    check(JSON, br#"[{"a":1,"a":2}]"#, taken(&[r#"{"a":2}"#]));
    check(NDJSON, b"1\r\n{\"a\":\r2}\r\n", taken(&["1", r#"{"a":2}"#]));
    check(
        JSON,
        b"[1,\r\n{\"a\":\r\n2}]\r\n",
        taken(&["1", r#"{"a":2}"#]),
    );
    for marked in [&b"\xef\xbb\xbf1"[..], b"\xfe\xff\x001", b"\xff\xfe1\0"] {
        check(NDJSON, marked, invalid());
        check(JSON, marked, invalid());
    }
    check(NDJSON, b"1\n\xef\xbb\xbf2\n", invalid());
    check(NDJSON, b"1\0\n", invalid());
    check(NDJSON, b"1\n{\"a\":", invalid());
    check(NDJSON, b"1\n2", taken(&["1", "2"]));
    check(JSON, b"[1,{\"a\":", invalid());
    let line = format!("\"{}\"", "x".repeat(10_000_000));
    let too_long = || refused(413, "RECORD_TOO_LONG");
    check(NDJSON, format!("1\n{line}\n2\n").as_bytes(), too_long());
    check(JSON, format!("[1,{line}]").as_bytes(), too_long());
    check(JSON, line.as_bytes(), too_long());
}

#[test]
fn a_body_that_breaks_off_leaves_nothing() {
    let mut door = Door::open();
    let head = "POST /stream HTTP/1.1\r\nhost: localhost\r\n";
    for rest in [
        "content-length: 100\r\n\r\n1\n2\n{\"a\":",
        "content-length: 100\r\n\r\n1\n2\n",
        "transfer-encoding: chunked\r\n\r\n4\r\n1\n2\n\r\n",
        "transfer-encoding: chunked\r\n\r\n9\r\n1\n2\n",
    ] {
        let mut tcp = TcpStream::connect(door.producer.address()).expect("it listens");
        tcp.write_all(format!("{head}{rest}").as_bytes())
            .and_then(|()| tcp.shutdown(Shutdown::Write))
            .expect("it takes requests");
        let mut said = String::new();
        tcp.read_to_string(&mut said).expect("it hangs up");
        assert!(!said.starts_with("HTTP/1.1 2"), "{rest:?}: {said}");
        assert_eq!(tail(&door.producer), door.tail, "{rest:?}");
    }
    let control = Answer::Taken(vec![1.into(), 2.into()]);
    assert_eq!(door.post(NDJSON, b"1\n2"), control);
}

#[test]
fn names_that_could_hurt_are_refused_by_every_method() {
    let door = Door::open();
    let long = "x".repeat(2_000);
    let check = |method: &str, path: &str, expected: &str, code: &str| {
        let said = ask(&door.producer, method, path);
        let status = format!("HTTP/1.1 {expected} ");
        assert!(said.starts_with(&status), "{method} {path:.40}: {said}");
        assert!(said.contains(code), "{method} {path:.40}: {said}");
    };
    for name in ["..", "a/..", "%2e%2e", "%00", "a%00", "a%0a", "%ff", &long] {
        for method in ["PUT", "POST", "GET", "DELETE"] {
            check(method, &format!("/v1/stream/{name}"), "400", "INVALID_NAME");
            check(method, &format!("/v1/topics/{name}"), "400", "INVALID_NAME");
        }
    }
    check("PUT", "/v1/stream/a", "201", "");
    check("GET", "/v1/topics", "200", r#""topics":[]"#);
}

/// The whole answer to a request as it stands: a proper client would tidy up its path.
fn ask(producer: &Service, method: &str, path: &str) -> String {
    let mut tcp = TcpStream::connect(producer.address()).expect("it listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: 2\r\n\r\n[]"
    );
    let mut said = String::new();
    tcp.write_all(request.as_bytes())
        .and_then(|()| tcp.read_to_string(&mut said))
        .expect("it answers and hangs up");
    said
}
