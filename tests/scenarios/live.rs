//! Live bodies of a stream by its name: history, then news, then an end whose reason can be told.

use serde_json::Value;
use tests::{
    http::{fetch, json},
    producer,
};

use crate::{
    named::{CLOSED, TEXT, memory, named, refused},
    wire::{JSON, after},
};

#[test]
fn a_deleted_stream_is_gone_and_its_readers_are_told() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "[1]");
    let mut plain = stream.read("live=ndjson");
    let mut marked = stream.read("live=ndjson&marks=1");
    assert_eq!(plain.lines(1), ["1"]);
    assert_eq!(marked.lines(3)[1], "1");
    assert_eq!(stream.ask("DELETE", &[], "").status, 204);
    assert!(plain.text().is_err(), "a clean end would mean closed");
    assert_eq!(json(&marked.lines(1)[0][1..])["end"], "deleted");
    assert!(marked.text().is_err());
    refused(stream.ask("DELETE", &[], ""), 404, "NOT_FOUND");
    refused(stream.read(""), 404, "NOT_FOUND");
    assert_eq!(stream.put(&[TEXT], "").status, 201);
}

#[test]
fn a_live_reader_gets_history_then_news_then_the_end() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "[1,2]");
    let mut reader = stream.read("live=ndjson");
    assert_eq!(reader.header("content-type"), "application/x-ndjson");
    let first = reader.header("stream-offset").to_owned();
    assert_eq!(reader.lines(2), ["1", "2"]);
    let mut news = stream.read("live=ndjson&offset=now");
    assert_eq!(news.header("stream-offset"), after(&first, &["1", "2"]));
    stream.post(&[JSON], "3");
    assert_eq!(
        (reader.lines(1), news.lines(1)),
        (vec!["3".to_owned()], vec!["3".to_owned()])
    );
    stream.post(&[CLOSED], "");
    assert_eq!(reader.text().expect("closed is a clean end"), "");
    let resumed = stream.read(&format!("live=ndjson&offset={}", after(&first, &["1"])));
    assert_eq!(resumed.header("stream-closed"), "true");
    assert_eq!(resumed.text().expect("closed is a clean end"), "2\n3\n");
    named(&service, "text").put(&[TEXT], "");
    refused(named(&service, "text").read("live=ndjson"), 400, "NOT_JSON");
    refused(stream.read("live=yes"), 400, "INVALID_QUERY");
}

/// What a mark says: the place of the next record, the tail, and the end if it is the last.
fn mark(line: &str) -> (String, String, Option<String>) {
    let mark = json(line.strip_prefix('#').expect(line));
    let time = mark.get("time").and_then(Value::as_u64);
    assert!(time > Some(1_700_000_000_000), "{line}");
    let text = |name| mark.get(name).and_then(Value::as_str).map(str::to_owned);
    let place = |name| text(name).expect("an offset");
    (place("offset"), place("tail"), text("end"))
}

#[test]
fn marks_say_where_the_reader_is_and_why_it_ends() {
    let args = [
        "--source",
        "none",
        "--data-dir",
        "memory",
        "--keep-alive",
        "20ms",
    ];
    let mut service = producer(&args);
    let stream = named(&service, "s");
    stream.put(&[JSON], "[1,2]");
    let mut reader = stream.read("live=ndjson&marks=1");
    let first = reader.header("stream-offset").to_owned();
    let tail = after(&first, &["1", "2"]);
    let lines = reader.lines(4);
    assert_eq!(mark(&lines[0]), (first, tail.clone(), None));
    assert_eq!(&lines[1..3], ["1", "2"]);
    assert_eq!(mark(&lines[3]), (tail.clone(), tail.clone(), None));
    let alive = reader.line().expect("the body goes on").expect("more");
    assert_eq!(
        mark(&alive),
        (tail.clone(), tail.clone(), None),
        "no blank line"
    );
    stream.post(&[CLOSED], "");
    let rest = reader.text().expect("closed is a clean end");
    let last = rest.lines().last().expect("a mark");
    assert_eq!(mark(last), (tail.clone(), tail, Some("closed".to_owned())));

    let mut short = fetch(&service.url("/stream?marks=1"), &[]);
    service.terminate();
    let mut last = String::new();
    while let Ok(line) = short.line() {
        last = line.expect("a clean end would mean closed");
    }
    assert_eq!(mark(&last).2.as_deref(), Some("drain"), "{last}");
    assert_eq!(json(&last[1..])["retry_after"], 1);
    assert_eq!(service.exit_code(), Some(0));
}
