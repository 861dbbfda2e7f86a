//! The bounds of connections and requests, each met at the door. Those of records, names and headers
//! stand with what they bound: `append`, `appends`, `json`, `list`, `streams`, `topics`, `forks`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use tests::{
    PATIENCE, eventually,
    frames::{Frames, HEADERS, RST_STREAM, connect, ends_within},
    producer,
};

use crate::{
    named::{TEXT, memory, named},
    wire::JSON,
};

/// How long is looked whether something stays open.
const LOOK: Duration = Duration::from_secs(3);

/// Asks for health on a connection that stays open; what comes first of the answer.
fn ask(tcp: &mut TcpStream) -> String {
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut answer = [0; 512];
    // A connection that is refused is closed at any moment.
    drop(tcp.write_all(request.as_bytes()));
    let length = tcp.read(&mut answer).unwrap_or_default();
    String::from_utf8_lossy(answer.get(..length).unwrap_or_default()).into_owned()
}

#[test]
fn no_more_connections_are_taken_than_there_may_be() {
    for limit in ["--connections-max", "--connections-per-address-max"] {
        let service = producer(&["--source", "none", limit, "2"]);
        let mut taken = [(); 2].map(|()| connect(service.address()));
        for tcp in &mut taken {
            assert!(ask(tcp).contains(" 200 "), "{limit}");
        }
        assert_eq!(ask(&mut connect(service.address())), "", "{limit}");
        drop(taken);
        // When they are gone, others may come.
        let again = || ask(&mut connect(service.address())).contains(" 200 ");
        assert!(eventually(again), "{limit}");
    }
}

#[test]
fn a_connection_that_is_idle_between_requests_is_closed() {
    for (limit, is_closed) in [("5s", true), ("1h", false)] {
        let service = producer(&["--source", "none", "--header-timeout", limit]);
        let mut tcp = connect(service.address());
        assert!(ask(&mut tcp).contains(" 200 "));
        let patience = if is_closed { PATIENCE } else { LOOK };
        assert_eq!(ends_within(&mut tcp, patience), is_closed, "{limit}");
    }
}

#[test]
fn a_head_has_a_longest_length_in_both_versions() {
    let service = memory();
    let url = service.url("/healthz");
    let check = |length: usize, status: u16| {
        let header = ("x", &*"y".repeat(length));
        let answer = tests::http::fetch(&url, &[header]);
        assert_eq!(answer.status, status, "{length}");
        let mut frames = Frames::connect(service.address(), &[]);
        frames.get_with(1, "/healthz", header).expect("it is open");
        let head = frames.next_of(HEADERS).expect("an answer");
        let is_ok = head.payload.first() == Some(&0x88);
        assert_eq!(is_ok, status == 200, "{length}: {head:?}");
    };
    check(15_000, 200);
    check(17_000, 431);
}

#[test]
fn a_connection_of_http_2_has_so_many_requests_at_a_time() {
    const REFUSED_STREAM: [u8; 4] = 7_u32.to_be_bytes();
    let service = memory();
    let mut frames = Frames::connect(service.address(), &[]);
    let streams = (1..).step_by(2);
    for stream in streams.clone().take(101) {
        frames.get(stream, "/stream").expect("it is open");
    }
    let refused = frames.next_of(RST_STREAM).expect("one is too many");
    assert_eq!(refused.payload, REFUSED_STREAM);
    assert_eq!(Some(refused.stream), streams.clone().nth(100));
}

#[test]
fn a_stop_waits_for_a_request_under_way_and_not_for_ever() {
    // Nothing but the stop ends the request.
    let args = ["--source", "none", "--body-pause", "1h", "--body-timeout"];
    let mut service = producer(&[&args[..], &["1h", "--drain-limit", "1s"]].concat());
    let mut tcp = connect(service.address());
    let head = "POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1";
    tcp.write_all(head.as_bytes()).expect("it is open");
    while !service
        .metrics()
        .contains("brooklet_append_requests_total 1\n")
    {}
    service.terminate();
    service.says("cut what did not end within 1s");
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn a_pointer_has_a_longest_length() {
    let service = memory();
    let check = |length: usize, status: u16| {
        let body = format!(r#"{{"partitions":1,"key":"/{}"}}"#, "x".repeat(length));
        let url = service.url("/v1/topics/t");
        let answer = tests::http::ask("PUT", &url, &[JSON], body.as_bytes());
        assert_eq!(answer.status, status, "{length}");
    };
    check(255, 400);
    check(254, 201);
}

#[test]
fn what_a_client_said_is_repeated_in_part() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "");
    let problem = stream.post(&[JSON], "x".repeat(100_000)).json();
    let detail = problem.get("detail").and_then(|detail| detail.as_str());
    let detail = detail.expect("a problem has one");
    assert!((120..500).contains(&detail.len()), "{detail}");
}

#[test]
fn so_many_producers_of_a_stream_are_remembered() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "");
    let say = |producer: usize| {
        let id = producer.to_string();
        let headers = [
            TEXT,
            ("producer-id", &*id),
            ("producer-epoch", "0"),
            ("producer-seq", "0"),
        ];
        stream.post(&headers, "x").status
    };
    assert_eq!((say(0), say(0)), (200, 204), "said again");
    assert!((1..1000).all(|producer| say(producer) == 200));
    assert_eq!(say(0), 204, "it is one of a thousand");
    assert_eq!(say(1000), 200);
    assert_eq!(
        say(0),
        200,
        "it is not known any more: it appended longest ago"
    );
}
