//! Appends to a stream by its name: acknowledged once, or refused with the reason.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

use tests::{PATIENCE, http::send, producer};

use crate::{
    named::{CLOSED, Headers, TEXT, memory, named, refused},
    wire::{JSON, NDJSON, after},
};

#[test]
fn an_append_is_acknowledged_with_the_place_behind_it() {
    let service = memory();
    let check = |name: &str, made: (&str, &str), sent: (&str, &str), body: &str, lines: &[&str]| {
        let stream = named(&service, name);
        let first = stream.put(&[made], "");
        let answer = stream.post(&[sent], body);
        assert_eq!(answer.status, 204, "{name}");
        let expected = after(first.header("stream-next-offset"), lines);
        assert_eq!(answer.header("stream-next-offset"), expected, "{name}");
        assert_eq!(answer.header("stream-closed"), "", "{name}");
    };
    let charset = ("content-type", "APPLICATION/json; charset=utf-8");
    check("json", JSON, charset, "[1,\n[2,3]]", &["1", "[2,3]"]);
    check("lines-to-json", JSON, NDJSON, "[1]\n2", &["[1]", "2"]);
    check("lines", NDJSON, NDJSON, "1\n2\n", &["1", "2"]);
    let three = ["", "", ""].map(|_| "");
    check("bytes", TEXT, TEXT, "abc", &three);
}

#[test]
fn what_is_refused_is_refused_with_its_reason() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "x");
    named(&service, "json").put(&[JSON], "");
    named(&service, "closed").put(&[TEXT, CLOSED], "end");
    let check = |name: &str, headers: Headers<'_>, body: &str, status, code| {
        refused(named(&service, name).post(headers, body), status, code);
    };
    let seq = |text| [TEXT, ("stream-seq", text)];
    check("nothing", &[TEXT], "x", 404, "NOT_FOUND");
    check("nothing", &[CLOSED], "", 404, "NOT_FOUND");
    check("s", &[TEXT], "", 400, "EMPTY");
    check("s", &[], "x", 400, "NO_CONTENT_TYPE");
    check("s", &[JSON], "1", 409, "WRONG_TYPE");
    check("json", &[TEXT], "1", 409, "WRONG_TYPE");
    check("json", &[JSON], "[1", 400, "INVALID_RECORD");
    check("json", &[JSON], "[]", 400, "EMPTY");
    check("json", &[NDJSON], "1\n2 3", 400, "INVALID_RECORD");
    check(
        "s",
        &[TEXT, ("origin", "http://a.page")],
        "x",
        403,
        "ORIGIN",
    );
    check(
        "s",
        &[TEXT, ("content-encoding", "gzip")],
        "x",
        415,
        "ENCODED",
    );
    check(
        "s",
        &[TEXT, ("transfer-encoding", "gzip, chunked")],
        "x",
        415,
        "ENCODED",
    );
    assert_eq!(stream.post(&seq("09"), "x").status, 204);
    assert_eq!(stream.post(&seq("10"), "x").status, 204);
    check("s", &seq("10"), "x", 409, "SEQUENCE");
    check("s", &seq("1"), "x", 409, "SEQUENCE");
    // The order of checks: closed, then the type, then the sequence.
    check("s", &[JSON, ("stream-seq", "1")], "x", 409, "WRONG_TYPE");
    check("closed", &[JSON], "1", 409, "CLOSED");
    let answer = named(&service, "closed").post(&[TEXT, CLOSED], "more");
    assert_eq!(answer.header("stream-closed"), "true");
    let next = answer.header("stream-next-offset").to_owned();
    refused(answer, 409, "CLOSED");
    let again = named(&service, "closed").post(&[CLOSED], "");
    assert_eq!(
        (again.status, again.header("stream-next-offset")),
        (204, &*next)
    );
    assert_eq!(
        stream.read("").text().expect("a page"),
        "xxx",
        "nothing else"
    );
}

#[test]
fn a_stream_is_closed_with_its_last_content_or_without() {
    let service = memory();
    for body in ["", "end"] {
        let stream = named(&service, &format!("s{}", body.len()));
        stream.put(&[TEXT], "x");
        let closed = stream.post(&[TEXT, CLOSED], body);
        assert_eq!(
            (closed.status, closed.header("stream-closed")),
            (204, "true")
        );
        assert_eq!(stream.head().header("stream-closed"), "true");
        let text = stream.read("").text().expect("a page");
        assert_eq!(text, format!("x{body}"));
    }
}

#[test]
fn what_a_producer_says_again_is_done_once() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "");
    let say = |epoch: &str, sequence: &str, more: Headers<'_>, body: &str| {
        let producer = [
            TEXT,
            ("producer-id", "p"),
            ("producer-epoch", epoch),
            ("producer-seq", sequence),
        ];
        stream.post(&[&producer, more].concat(), body)
    };
    let check = |epoch: &str, sequence: &str, status: u16, stands: (&str, &str)| {
        let answer = say(epoch, sequence, &[], "x");
        assert_eq!(answer.status, status, "{epoch} {sequence}");
        let found = (
            answer.header("producer-epoch"),
            answer.header("producer-seq"),
        );
        assert_eq!(found, stands, "{epoch} {sequence}");
    };
    check("0", "0", 200, ("0", "0"));
    check("0", "1", 200, ("0", "1"));
    check("0", "0", 204, ("0", "1"));
    let gap = say("0", "3", &[], "x");
    assert_eq!(gap.header("producer-expected-seq"), "2");
    assert_eq!(gap.header("producer-received-seq"), "3");
    refused(gap, 409, "SEQUENCE_GAP");
    refused(say("1", "1", &[], "x"), 400, "EPOCH_BEGINS");
    check("1", "0", 200, ("1", "0"));
    let fenced = say("0", "2", &[], "x");
    assert_eq!(fenced.header("producer-epoch"), "1");
    refused(fenced, 403, "FENCED");
    for number in ["-1", "1e3", "9007199254740992"] {
        refused(say(number, "0", &[], "x"), 400, "INVALID_HEADER");
    }
    refused(
        stream.post(&[TEXT, ("producer-id", "p")], "x"),
        400,
        "INVALID_HEADER",
    );
    assert_eq!(say("1", "1", &[CLOSED], "").status, 204, "it only closes");
    assert_eq!(say("1", "1", &[CLOSED], "").status, 204, "said again");
    refused(say("1", "2", &[CLOSED], "x"), 409, "CLOSED");
    assert_eq!(stream.read("").text().expect("a page"), "xxx");
}

#[test]
fn every_limit_of_a_request_is_named_when_it_is_met() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "");
    let long = "x".repeat(256);
    let most = "100000000000000";
    let check = |method: &str, name: &str, header: &str, value: &str| {
        let stream = named(&service, name);
        let answer = stream.ask(method, &[JSON, (header, value)], "1");
        refused(answer, 400, "INVALID_HEADER");
    };
    check("POST", "s", "producer-id", &long);
    check("POST", "s", "stream-seq", &long);
    check("PUT", "t", "stream-ttl", most);
    refused(
        named(&service, "t").put(&[("content-type", &long)], ""),
        400,
        "INVALID_HEADER",
    );
    let large = vec![b'1'; 16 * 1024 * 1024 + 1];
    refused(stream.post(&[JSON], &large), 413, "REQUEST_TOO_LARGE");
    refused(
        named(&service, "t").put(&[TEXT], &large),
        413,
        "REQUEST_TOO_LARGE",
    );
    // Refused before it is read, and read all the same, so that its sender gets the answer.
    refused(
        named(&service, "nothing").post(&[TEXT], &large[1..]),
        404,
        "NOT_FOUND",
    );
    let record = format!("\"{}\"", "x".repeat(1024 * 1024));
    refused(stream.post(&[JSON], record), 413, "RECORD_TOO_LONG");
}

#[test]
fn who_is_refused_with_half_a_body_is_told_that_the_connection_ends() {
    let quick = ["--source", "none", "--data-dir", "memory"];
    let service = producer(&[&quick[..], &["--body-pause", "50ms"]].concat());
    assert_eq!(named(&service, "a").put(&[JSON], "").status, 201);
    let check = |path: &str, length: usize, sent: &str, status: u16, ends: bool| {
        let mut tcp = TcpStream::connect(service.address()).expect("it listens");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{sent}"
        );
        tcp.write_all(request.as_bytes())
            .expect("it takes requests");
        let (mut answer, mut told) = (BufReader::new(tcp), String::new());
        while !told.ends_with("\r\n\r\n") {
            answer.read_line(&mut told).expect("an answer");
        }
        let expected = format!("HTTP/1.1 {status}");
        assert!(told.starts_with(&expected), "{path}: {told}");
        assert_eq!(
            told.contains("connection: close"),
            ends,
            "{path} {length}: {told}"
        );
    };
    let claim = "/v1/stream/__ds/subscriptions/nothing/claim";
    for (path, status) in [("/v1/stream/a", 408), ("/v1/stream/b", 404), (claim, 408)] {
        check(path, 9, "1", status, true);
    }
    check("/v1/stream/a", 16 * 1024 * 1024 + 1, "1", 413, true);
    // All is said, and the next request can come.
    check("/v1/stream/a", 1, "x", 400, false);
    check("/v1/stream/b", 9, "123456789", 404, false);
    check(claim, 1, "x", 400, false);
}

#[test]
fn who_asks_before_sending_is_answered_before() {
    let service = memory();
    let streams = ["open", "closed"].map(|name| named(&service, name));
    assert_eq!(streams[0].put(&[JSON], "").status, 201);
    assert_eq!(streams[1].put(&[JSON, CLOSED], "").status, 201);
    let check = |request: &str, more: &str, status: u16| {
        let mut tcp = TcpStream::connect(service.address()).expect("it listens");
        let length = if more.contains("content-length") || more.contains("chunked") {
            ""
        } else {
            "content-length: 5\r\n"
        };
        let head = format!(
            "{request} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n{length}{more}\r\n"
        );
        tcp.write_all(head.as_bytes()).expect("it takes requests");
        tcp.set_read_timeout(Some(PATIENCE))
            .expect("it is not zero");
        let (mut answer, mut told) = (BufReader::new(tcp), String::new());
        while !told.ends_with("\r\n\r\n") {
            answer.read_line(&mut told).expect("an answer");
        }
        let expected = format!("HTTP/1.1 {status}");
        assert!(told.starts_with(&expected), "{request} {more}: {told}");
        // What comes next on the connection could be the body that was not asked for.
        let is_over = told.contains("connection: close");
        assert_eq!(is_over, status != 100, "{request} {more}: {told}");
    };
    let (json, text) = (
        "content-type: application/json\r\n",
        "content-type: text/plain\r\n",
    );
    let chunked = |more: &str| format!("transfer-encoding: chunked\r\n{more}");
    let closing = |more: &str| format!("stream-closed: true\r\n{more}");
    let (open, closed) = ("POST /v1/stream/open", "POST /v1/stream/closed");
    check("POST /v1/stream/nothing", json, 404);
    check(open, json, 100);
    check(open, "", 400);
    check(open, text, 409);
    check(open, &chunked(text), 409);
    check(open, &closing(text), 409);
    // It may be one that only closes, and then it has no type.
    check(open, &chunked(&closing(text)), 100);
    let long = format!("content-length: 16777217\r\n{json}");
    check(open, &long, 413);
    check(open, &format!("content-encoding: gzip\r\n{json}"), 415);
    check(closed, json, 409);
    check(closed, &chunked(json), 409);
    check(closed, &closing(json), 409);
    check(closed, &chunked(&closing(json)), 100);
    check("PUT /v1/stream/new", json, 100);
    check("PUT /v1/stream/open", json, 100);
    check("PUT /v1/stream/open", text, 409);
    check("PUT /v1/stream/default", text, 409);
    check("PUT /v1/stream/closed", json, 409);
    check("POST /v1/topics/nothing", json, 404);
    let subscription = "POST /v1/stream/__ds/subscriptions/nothing";
    check(&format!("{subscription}/claim"), "", 404);
    check(&format!("{subscription}/ack"), "", 401);
    let subscription = "PUT /v1/stream/__ds/subscriptions/new";
    check(subscription, "content-length: 1048577\r\n", 413);
    check(subscription, "", 100);
}

#[test]
fn what_is_closed_says_so_whatever_is_wrong_with_what_comes() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "");
    let by = |sequence| {
        [
            ("producer-id", "p"),
            ("producer-epoch", "0"),
            ("producer-seq", sequence),
        ]
    };
    let with = |headers: Headers<'_>, body: &str| stream.post(headers, body);
    let last = [&by("0")[..], &[JSON, CLOSED]].concat();
    let done = with(&last, "[1]");
    assert_eq!(done.status, 200);
    let next = done.header("stream-next-offset").to_owned();
    let later = [&by("1")[..], &[JSON]].concat();
    for (headers, body) in [
        (&[JSON][..], "1"),
        (&[JSON], "{"),
        (&[JSON], "[]"),
        (&[JSON], ""),
        (&[TEXT], "1"),
        (&[JSON, CLOSED], "{"),
        (&[TEXT, CLOSED], "1"),
        (&later, "1"),
        (&later, "{"),
    ] {
        let answer = with(headers, body);
        let told = ["stream-closed", "stream-next-offset"].map(|name| answer.header(name));
        assert_eq!(told, ["true", &next], "{headers:?} {body}");
        refused(answer, 409, "CLOSED");
    }
    // What has closed it can be said again, and so can that it is closed.
    for (headers, body) in [(&last[..], "[1]"), (&last, "{"), (&[CLOSED], "")] {
        let again = with(headers, body);
        assert_eq!(again.status, 204, "{headers:?} {body}");
        assert_eq!(again.header("stream-next-offset"), next);
    }
    let short = named(&service, "default");
    assert_eq!(short.post(&[CLOSED], "").status, 204);
    for body in ["1", "{", ""] {
        let answer = send(&service.url("/stream"), &[], body.as_bytes());
        refused(answer, 409, "CLOSED");
    }
}
