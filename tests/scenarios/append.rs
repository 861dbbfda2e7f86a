//! What is posted is appended whole, or not at all.

use std::{io::Write, net::TcpStream};

use tests::{
    eventually,
    http::{fetch, send},
    producer,
};

use crate::wire::{JSON, NDJSON, SSE, after, append, read};

#[test]
fn what_is_posted_is_records_by_its_type() {
    let check = |headers: &[(&str, &str)], body: &str, expected: &[&str]| {
        let service = producer(&["--source", "none"]);
        let answer = send(&service.url("/stream"), headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{headers:?} {body}");
        let answer = answer.json();
        assert_eq!(answer["records"], expected.len(), "{headers:?} {body}");
        let mut stored = read(&service, "");
        let first = stored.header("stream-offset").to_owned();
        assert_eq!(stored.lines(expected.len()), expected);
        assert_eq!(
            (answer["first"].as_str(), answer["next"].as_str()),
            (Some(&*first), Some(&*after(&first, expected)))
        );
    };
    check(&[JSON], "{\"a\":\n1}", &["{\"a\":1}"]);
    check(&[JSON], "[{\"a\":1},[2,3]]", &["{\"a\":1}", "[2,3]"]);
    check(
        &[("content-type", "Application/JSON; charset=utf-8")],
        "[1,2]",
        &["1", "2"],
    );
    check(&[NDJSON], "[1,2]\n\n\"x\"\r\n", &["[1,2]", "\"x\""]);
    check(
        &[("content-type", "application/x-www-form-urlencoded")],
        "{\"a\":1}",
        &["{\"a\":1}"],
    );
    check(&[], "1\n2", &["1", "2"]);
}

#[test]
fn a_request_is_appended_whole_or_not_at_all() {
    let service = producer(&["--source", "none"]);
    let url = service.url("/stream");
    let check = |headers: &[(&str, &str)], body: &[u8], status: u16, code: &str, detail: &str| {
        let refused = send(&url, headers, body);
        let (got, problem) = (refused.status, refused.json());
        assert_eq!(
            (got, problem["code"].as_str()),
            (status, Some(code)),
            "{problem}"
        );
        let text = problem["detail"].as_str().expect("a problem has details");
        assert!(text.contains(detail), "{text:?} does not say {detail:?}");
    };
    let too_large = vec![b'1'; 16 * 1024 * 1024 + 1];
    let too_long = format!("1\n\"{}\"\n", "x".repeat(1024 * 1024));
    check(
        &[NDJSON],
        b"1\n2\n{\"a\":\n4\n",
        400,
        "INVALID_RECORD",
        "line 3",
    );
    check(&[JSON], b"[1,\n2,\nx]", 400, "INVALID_RECORD", "line 3");
    check(&[NDJSON], b"1\n\xff\n", 400, "INVALID_RECORD", "line 2");
    check(&[NDJSON], b"1\n1e400\n", 400, "INVALID_RECORD", "line 2");
    check(&[NDJSON], b"\n\n", 400, "EMPTY", "");
    check(&[JSON], b"[]", 400, "EMPTY", "");
    check(&[NDJSON], &too_large, 413, "REQUEST_TOO_LARGE", "");
    check(
        &[NDJSON],
        too_long.as_bytes(),
        413,
        "RECORD_TOO_LONG",
        "line 2",
    );
    check(
        &[NDJSON, ("origin", "http://a.page")],
        b"1",
        403,
        "ORIGIN",
        "http://a.page",
    );
    append(&service, "7");
    assert_eq!(
        read(&service, "").lines(1),
        ["7"],
        "the first that was accepted"
    );
}

#[test]
fn what_a_producer_says_again_on_the_shortest_way_is_done_once() {
    let service = producer(&["--source", "none"]);
    let url = service.url("/stream");
    let post = |sequence: &str, body: &str| {
        let said = [("producer-id", "p"), ("producer-epoch", "3")];
        let said = [&said[..], &[("producer-seq", sequence)]].concat();
        send(&url, &said, body.as_bytes())
    };
    for (sequence, status) in [("0", 200), ("1", 200), ("1", 204), ("0", 204), ("3", 409)] {
        let answer = post(sequence, "{}\n[]");
        assert_eq!(answer.status, status, "{sequence}");
        let last = if status == 409 { "" } else { "3" };
        assert_eq!(answer.header("producer-epoch"), last, "{sequence}");
    }
    assert_eq!(
        read(&service, "?limit=9").lines(4),
        ["{}", "[]", "{}", "[]"]
    );
    let closed = send(&url, &[("stream-closed", "true")], b"1");
    assert_eq!(closed.status, 400);
    let half = send(&url, &[("producer-id", "p")], b"1");
    assert_eq!(half.status, 400);
    for (sequence, status) in [("b", 200), ("a", 409)] {
        assert_eq!(send(&url, &[("stream-seq", sequence)], b"1").status, status);
    }
}

#[test]
fn a_large_request_is_one_batch() {
    let service = producer(&["--source", "none"]);
    let line = format!("\"{}\"\n", "x".repeat(1021));
    let body = line.repeat(16 * 1024);
    assert_eq!(body.len(), 16 * 1024 * 1024);
    assert_eq!(append(&service, &body)["records"], 16 * 1024);
}

#[test]
fn a_closed_stream_takes_no_more() {
    let service = producer(&["--source", "numbers@max:2"]);
    let whole = read(&service, "");
    let first = whole.header("stream-offset").to_owned();
    let whole = whole.text().expect("a closed stream ends cleanly");
    let next = after(&first, &whole.lines().collect::<Vec<_>>());
    let refused = send(&service.url("/stream"), &[NDJSON], b"1");
    assert_eq!(refused.status, 409);
    assert_eq!(refused.header("stream-closed"), "true");
    assert_eq!(refused.header("stream-next-offset"), next);
    assert_eq!(refused.json()["code"], "CLOSED");
}

#[test]
fn a_carriage_return_ends_no_line_for_anybody() {
    let service = producer(&["--source", "none"]);
    append(&service, "{\"value\":1,\r\"x\":2}\n");
    let expected = r#"{"value":1, "x":2}"#;
    assert_eq!(read(&service, "").lines(1), [expected]);
    let mut events = fetch(&service.url("/stream"), &[SSE]);
    assert_eq!(events.lines(4)[3], format!("data: {expected}"));
}

#[test]
fn long_bodies_that_pause_leave_room_for_short_ones() {
    const PAUSED: u32 = 40;
    const HELD: u32 = 15;
    let patient = ["--body-pause", "1h", "--body-timeout", "1h"];
    let little = ["--source", "none", "--inflight-bytes", "32MiB"];
    let service = producer(&[little, patient].concat());
    let part = [
        "POST /stream HTTP/1.1\r\nhost: localhost\r\ncontent-length: 16777216\r\n\r\n",
        &"1\n".repeat(512 * 1024),
    ];
    let pause = || {
        let mut tcp = TcpStream::connect(service.address()).expect("it listens");
        for part in part {
            tcp.write_all(part.as_bytes()).expect("it takes requests");
        }
        tcp
    };
    // For all but a megabyte of half of it nobody has to wait.
    let held = || service.metric("brooklet_inflight_bytes");
    let mebibytes = |count: u32| f64::from(count * 1024 * 1024);
    let mut paused = Vec::new();
    for count in 1..=HELD {
        paused.push(pause());
        assert!(eventually(|| held() >= Some(mebibytes(count))), "{count}");
    }
    paused.extend((HELD..PAUSED).map(|_| pause()));
    assert_eq!(append(&service, "1\n")["records"], 1);
    // For the rest some find no room and give up.
    let refused = || service.metric("brooklet_append_refused_total{code=\"BUSY\"}");
    assert!(eventually(|| refused() >= Some(1.0)));
    let not_long_yet = f64::from((PAUSED + 1) * 64 * 1024);
    let expected = Some(mebibytes(HELD))..=Some(mebibytes(HELD + 1) + not_long_yet);
    let held = held();
    assert!(expected.contains(&held), "{held:?}");
    assert_eq!(append(&service, "1\n")["records"], 1);
    drop(paused);
}

#[test]
fn one_long_body_that_pauses_leaves_room_where_there_is_little() {
    const LONG: usize = 16 * 1024 * 1024;
    let patient = ["--body-pause", "1h", "--body-timeout", "1h"];
    let little = ["--source", "none", "--inflight-bytes", "16MiB"];
    let service = producer(&[little, patient].concat());
    let mut tcp = TcpStream::connect(service.address()).expect("it listens");
    let head =
        format!("POST /stream HTTP/1.1\r\nhost: localhost\r\ncontent-length: {LONG}\r\n\r\n");
    let record = format!("\"{}\"\n", "x".repeat(1024 * 1024 - 3));
    let body = record.repeat(LONG / record.len());
    let (most, last) = body.split_at(LONG - 1);
    let mut send = |part: &str| tcp.write_all(part.as_bytes()).expect("it takes requests");
    send(&head);
    send(most);
    // It counts as what there is for long ones, which is all but an eighth.
    let held = f64::from(14 * 1024 * 1024);
    while service.metric("brooklet_inflight_bytes") < Some(held) {}
    assert_eq!(append(&service, "1\n")["records"], 1);
    send(last);
    let lines = read(&service, "?offset=-1").lines(1 + LONG / record.len());
    assert_eq!(lines.first().map(String::as_str), Some("1"));
}

#[test]
fn bodies_that_trickle_hold_up_nobody() {
    let service = producer(&["--source", "numbers@1000/s"]);
    let head = "POST /stream HTTP/1.1\r\nhost: localhost\r\ncontent-length: 16777216\r\n\r\n ";
    let slow: Vec<_> = (0..8)
        .map(|_| {
            let mut tcp = TcpStream::connect(service.address()).expect("it listens");
            tcp.write_all(head.as_bytes()).expect("it takes requests");
            tcp
        })
        .collect();
    let large = "1\n".repeat(1024 * 1024);
    assert_eq!(append(&service, &large)["records"], 1024 * 1024);
    drop(read(&service, "?offset=now").lines(10));
    drop(slow);
}
