//! How much of a stream is kept: what is too old goes, whether something comes after it or not.

use std::time::Instant;

use serde_json::{Value, json};
use tests::{
    PATIENCE, Service,
    http::{fetch, send},
    producer,
};

use crate::{
    durable::{self, on},
    named::{TEXT, memory, named, refused},
    wire::JSON,
};

const BYTES: &str = "stream-retention-bytes";
const AGE: &str = "stream-retention-age";

/// Waits until the first record there was is no longer kept.
fn check(directory: &str, source: &str) {
    let place = ["--source", source, "--data-dir", directory];
    let service = producer(&[&place[..], &["--retention-age", "1s"]].concat());
    let stream = named(&service, "default");
    let earliest = || stream.head().header("stream-earliest-offset").to_owned();
    let first = earliest();
    assert_eq!(send(&service.url("/stream"), &[], b"1").status, 200);
    let begun = Instant::now();
    while earliest() == first {
        assert!(begun.elapsed() < PATIENCE, "{directory}, {source}: {first}");
        std::thread::yield_now();
    }
}

#[test]
fn what_is_too_old_goes_though_nothing_comes_after_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    check(directory.path().to_str().expect("a path of ASCII"), "none");
}

#[test]
fn what_is_too_old_goes_though_little_comes_after_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path().to_str().expect("a path of ASCII");
    check(directory, "numbers@10/s");
    check("memory", "numbers@10/s");
}

/// The retention of a stream, as the list has it.
fn retention(service: &Service, name: &str) -> (Value, Value) {
    let page = fetch(&service.url(&format!("/v1/stream?prefix={name}")), &[]).json();
    let bound = |bound: &str| page.pointer(&format!("/streams/0/{bound}")).cloned();
    let (bytes, age) = (bound("retention_bytes"), bound("retention_milliseconds"));
    bytes.zip(age).expect("the stream is listed")
}

#[test]
fn more_or_less_is_kept_when_somebody_says_so() {
    for directory in [
        None,
        Some(tempfile::tempdir().expect("a temporary directory")),
    ] {
        let service = match &directory {
            None => memory(),
            Some(directory) => on(directory.path(), "none"),
        };
        let stream = named(&service, "s");
        stream.put(&[TEXT], "");
        for _ in 0..4 {
            assert_eq!(stream.post(&[TEXT], "x".repeat(300 * 1024)).status, 204);
        }
        let earliest = || stream.head().header("stream-earliest-offset").to_owned();
        let first = earliest();
        assert_eq!(stream.ask("PATCH", &[(AGE, "1ms")], "").status, 204);
        let begun = Instant::now();
        while earliest() == first {
            assert!(begun.elapsed() < PATIENCE, "{directory:?}: {first}");
            std::thread::yield_now();
        }
    }
}

#[test]
fn what_is_said_of_retention_outlives_the_process() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), "none");
    let say = |service: &Service, headers: &[(&str, &str)], expected: (Value, Value)| {
        let patched = named(service, "s").ask("PATCH", headers, "");
        assert_eq!(patched.status, 204, "{headers:?}");
        assert_eq!(retention(service, "s"), expected, "{headers:?}");
    };
    named(&service, "s").put(&[JSON, (AGE, "7d")], "[1]");
    let week = || json!(604_800_000);
    assert_eq!(retention(&service, "s"), (Value::Null, week()));
    say(&service, &[(BYTES, "1GiB")], (json!(1 << 30), week()));
    say(&service, &[(AGE, "none")], (json!(1 << 30), Value::Null));
    for end in ["kill", "stop"] {
        durable::end(&mut service, end);
        service = on(directory.path(), "none");
        assert_eq!(
            retention(&service, "s"),
            (json!(1 << 30), Value::Null),
            "{end}"
        );
        let as_it_is = [JSON, (BYTES, "1GiB")];
        assert_eq!(named(&service, "s").put(&as_it_is, "").status, 200, "{end}");
        let as_it_was = [JSON, (AGE, "7d")];
        refused(named(&service, "s").put(&as_it_was, ""), 409, "EXISTS");
    }
}

#[test]
fn a_retention_that_is_none_changes_nothing() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON, (BYTES, "5MiB")], "");
    for wrong in [
        &[][..],
        &[(BYTES, "much")],
        &[(AGE, "0s")],
        &[(BYTES, "1MiB"), (AGE, "long")],
    ] {
        refused(stream.ask("PATCH", wrong, ""), 400, "INVALID_HEADER");
    }
    assert_eq!(retention(&service, "s"), (json!(5 << 20), Value::Null));
    let missing = named(&service, "nothing").ask("PATCH", &[(AGE, "1d")], "");
    refused(missing, 404, "NOT_FOUND");
}

#[test]
fn a_stream_says_how_much_of_it_is_kept() {
    let check = |settings: &[&str], headers: &[(&str, &str)], expected: (&str, &str)| {
        let service = producer(&[&["--source", "none"], settings].concat());
        let stream = named(&service, "s");
        stream.put(&[&[JSON], headers].concat(), "");
        let head = stream.head();
        let said = (head.header(BYTES), head.header(AGE));
        assert_eq!(said, expected, "{settings:?} {headers:?}");
        // What it says can be said of another one.
        let of = [(BYTES, said.0), (AGE, said.1)];
        let of = of.into_iter().filter(|(_, bound)| !bound.is_empty());
        let of: Vec<_> = [JSON].into_iter().chain(of).collect();
        let copy = named(&service, "copy");
        copy.put(&of, "");
        assert_eq!(retention(&service, "copy"), retention(&service, "s"));
    };
    check(&[], &[], ("", ""));
    check(
        &[],
        &[(BYTES, "1KiB"), (AGE, "7d")],
        ("1024", "604800000ms"),
    );
    let of_service = ["--retention-age", "1h", "--retention-bytes", "1MiB"];
    check(&of_service, &[(AGE, "1500ms")], ("1048576", "1500ms"));
}
