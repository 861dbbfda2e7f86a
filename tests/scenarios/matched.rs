//! Appends that name the place that they are for: done there, or not at all.

use std::thread;

use serde_json::json;
use tests::http::send;

use crate::{
    named::{CLOSED, memory, named, refused},
    wire::{JSON, after},
};

const MATCH: &str = "stream-match-offset";

#[test]
fn an_append_is_done_at_its_place_or_not_at_all() {
    let service = memory();
    let stream = named(&service, "s");
    let made = stream.put(&[JSON], "");
    let first = made.header("stream-next-offset").to_owned();
    let producer = [
        JSON,
        (MATCH, &first),
        ("producer-id", "p"),
        ("producer-epoch", "0"),
        ("producer-seq", "0"),
    ];
    assert_eq!(stream.post(&producer, "1").status, 200);
    assert_eq!(stream.post(&producer, "1").status, 204, "it was done");
    let second = after(&first, &["1"]);
    let stale = stream.post(&[JSON, (MATCH, &first)], "2");
    assert_eq!(stale.header("stream-next-offset"), second);
    assert_eq!(stale.status, 412);
    let problem = stale.json();
    assert_eq!(problem["code"], "ELSEWHERE");
    let detail = problem["detail"].as_str().expect("a text");
    assert!(detail.contains(&second), "{detail}");
    let close = stream.post(&[CLOSED, (MATCH, &first)], "");
    refused(close, 412, "ELSEWHERE");
    assert_eq!(stream.post(&[JSON, (MATCH, &second)], "2").status, 204);
    assert_eq!(stream.read("").json(), json!([1, 2]));
    for place in ["-1", "now", "", "x"] {
        refused(
            stream.post(&[JSON, (MATCH, place)], "3"),
            400,
            "INVALID_HEADER",
        );
    }
    let short = send(&service.url("/stream"), &[(MATCH, &second)], b"1");
    refused(short, 412, "ELSEWHERE");
}

#[test]
fn of_many_at_one_place_one_is_done() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "");
    for round in 0..20 {
        let tail = stream.head();
        let place = (MATCH, tail.header("stream-next-offset"));
        let ask = |writer: usize| stream.post(&[JSON, place], writer.to_string()).status;
        let ask = &ask;
        let all: Vec<_> = thread::scope(|scope| {
            let asked: Vec<_> = (0..8)
                .map(|writer| scope.spawn(move || ask(writer)))
                .collect();
            let answers = asked.into_iter();
            answers.map(|it| it.join().expect("an answer")).collect()
        });
        let done = all.iter().filter(|status| **status == 204).count();
        let elsewhere = all.iter().filter(|status| **status == 412).count();
        assert_eq!((done, elsewhere), (1, 7), "{round}: {all:?}");
    }
    let records = stream.read("").json();
    assert_eq!(records.as_array().map(Vec::len), Some(20));
}
