//! Long-poll: a page that is waited for while there is nothing in it.

use std::{io::Write, net::TcpStream, thread, time::Instant};

use tests::{
    Service,
    http::{Answer, fetch},
    producer,
};

use crate::{
    named::{CLOSED, Named, TEXT, memory, named, refused},
    wire::{JSON, after},
};

/// A producer that waits no longer than a test would notice.
fn impatient() -> Service {
    producer(&["--source", "none", "--long-poll-timeout", "50ms"])
}

fn poll(stream: &Named<'_>, rest: &str) -> Answer {
    stream.read(&format!("live=long-poll&{rest}"))
}

/// Waits until so many are connected.
pub(crate) fn wait_for_readers(service: &Service, count: usize) {
    let line = format!("brooklet_readers {count}\n");
    while !service.metrics().contains(&line) {
        thread::yield_now();
    }
}

fn cursor(answer: &Answer) -> u64 {
    answer.header("stream-cursor").parse().expect("a number")
}

#[test]
fn what_is_there_is_given_at_once() {
    let service = memory();
    let stream = named(&service, "s");
    let first = stream.begin(&[JSON], "");
    stream.post(&[JSON], "[1,22]");
    for (offset, expected) in [("-1", "[1,22]"), (&*after(&first, &["1"]), "[22]")] {
        let page = poll(&stream, &format!("offset={offset}"));
        assert_eq!(page.status, 200, "{offset}");
        assert_eq!(page.header("content-type"), "application/json");
        assert_eq!(page.header("stream-up-to-date"), "true");
        assert_eq!(page.header("stream-closed"), "");
        assert_ne!(page.header("etag"), "");
        let next = after(&first, &["1", "22"]);
        assert_eq!(page.header("stream-next-offset"), next, "{offset}");
        let now = cursor(&page);
        let again = poll(&stream, &format!("offset={offset}&cursor={now}"));
        assert!(cursor(&again) > now, "a cache would give it for ever");
        assert_eq!(page.text().expect("a page"), expected, "{offset}");
    }
    let accept = [("accept", "application/x-ndjson")];
    let url = service.url("/v1/stream/s?live=long-poll&offset=-1");
    let lines = fetch(&url, &accept);
    assert_eq!(lines.text().expect("a page"), "1\n22\n");
}

#[test]
fn what_comes_while_somebody_waits_is_given_to_all_who_do() {
    let service = producer(&["--source", "none", "--long-poll-timeout", "1m"]);
    let stream = named(&service, "s");
    let first = stream.begin(&[TEXT], "old");
    thread::scope(|scope| {
        let waiting = [format!("offset={first}"), "offset=now".to_owned()].map(|query| {
            let stream = &stream;
            scope.spawn(move || poll(stream, &query))
        });
        // Who comes too late to wait for the first has the second to wait for.
        while !waiting.iter().all(thread::ScopedJoinHandle::is_finished) {
            assert_eq!(stream.post(&[TEXT], "new").status, 204);
        }
        for answer in waiting {
            let page = answer.join().expect("an answer");
            assert_eq!(page.status, 200);
            assert!(page.text().expect("a page").starts_with("new"));
        }
    });
}

#[test]
fn who_waits_in_vain_is_told_so_and_where_to_go_on() {
    let service = impatient();
    let stream = named(&service, "s");
    let tail = stream.begin(&[TEXT], "x");
    for offset in ["now", &tail] {
        let nothing = poll(&stream, &format!("offset={offset}"));
        assert_eq!(nothing.status, 204, "{offset}");
        assert_eq!(nothing.header("stream-next-offset"), tail);
        assert_eq!(nothing.header("stream-up-to-date"), "true");
        assert_eq!(nothing.header("stream-closed"), "");
        assert_eq!(nothing.header("cache-control"), "no-store");
        assert_eq!(nothing.header("x-content-type-options"), "nosniff");
        let next = poll(
            &stream,
            &format!("offset={offset}&cursor={}", cursor(&nothing)),
        );
        assert!(cursor(&next) > cursor(&nothing), "{offset}");
    }
    let asked = Instant::now();
    assert_eq!(poll(&stream, "offset=now&wait=300ms").status, 204);
    assert!(asked.elapsed().as_millis() >= 300, "it was to wait longer");
}

#[test]
fn the_end_of_a_closed_stream_is_told_at_once() {
    let service = producer(&["--source", "none", "--long-poll-timeout", "1h"]);
    let stream = named(&service, "s");
    stream.put(&[TEXT], "x");
    let closing = thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(&stream, "offset=now"));
        stream.post(&[CLOSED], "");
        waiting.join().expect("an answer")
    });
    let tail = stream.head().header("stream-next-offset").to_owned();
    let again = poll(&stream, &format!("offset={tail}"));
    for end in [closing, again, poll(&stream, "offset=now")] {
        assert_eq!(end.status, 204);
        assert_eq!(end.header("stream-closed"), "true");
        assert_eq!(end.header("stream-up-to-date"), "true");
        assert_eq!(end.header("stream-next-offset"), tail);
    }
    let last = poll(&stream, "offset=-1");
    assert_eq!((last.status, last.header("stream-closed")), (200, "true"));
}

#[test]
fn who_waits_is_told_when_the_stream_goes_or_the_server() {
    let mut service = producer(&["--source", "none", "--long-poll-timeout", "1h"]);
    let (stream, other) = (named(&service, "s"), named(&service, "other"));
    stream.put(&[TEXT], "");
    let tail = other
        .put(&[TEXT], "")
        .header("stream-next-offset")
        .to_owned();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(&stream, "offset=-1"));
        stream.ask("DELETE", &[], "");
        refused(waiting.join().expect("an answer"), 404, "NOT_FOUND");
    });
    let stopped = thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(&other, &format!("offset={tail}")));
        wait_for_readers(&service, 1);
        service.terminate();
        waiting.join().expect("an answer")
    });
    let told = (stopped.status, stopped.header("stream-up-to-date"));
    assert_eq!(told, (204, "true"));
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn who_waits_hears_what_others_hear_of_a_source_that_is_deleted() {
    let service = producer(&["--source", "none", "--long-poll-timeout", "1h"]);
    let source = named(&service, "source");
    source.put(&[TEXT], "");
    let from = [("stream-forked-from", "/v1/stream/source")];
    assert_eq!(named(&service, "fork").put(&from, "").status, 201);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(&source, "offset=-1"));
        wait_for_readers(&service, 1);
        source.ask("DELETE", &[], "");
        refused(waiting.join().expect("an answer"), 410, "DELETED");
    });
    refused(poll(&source, "offset=-1"), 410, "DELETED");
}

#[test]
fn who_goes_away_is_not_waited_for() {
    let service = producer(&["--source", "none", "--long-poll-timeout", "1h"]);
    named(&service, "s").put(&[TEXT], "");
    let mut client = TcpStream::connect(service.address()).expect("it listens");
    let request = "GET /v1/stream/s?live=long-poll&offset=-1 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(request.as_bytes()).expect("it is taken");
    wait_for_readers(&service, 1);
    drop(client);
    wait_for_readers(&service, 0);
}

#[test]
fn what_cannot_be_waited_for_is_refused() {
    let service = impatient();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "x");
    for query in [
        "",
        "offset=-1&wait=61s",
        "offset=-1&wait=x",
        "offset=-1&wait=0s",
    ] {
        refused(poll(&stream, query), 400, "INVALID_QUERY");
    }
    refused(poll(&stream, "offset=7"), 400, "INVALID_OFFSET");
    refused(
        poll(&named(&service, "nothing"), "offset=-1"),
        404,
        "NOT_FOUND",
    );
}
