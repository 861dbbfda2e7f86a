//! A token that is listed no more: it opens nothing, and what is open on it ends.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::json;
use tests::tokens::Tokens;

use crate::{access::Client, named::refused, wire::JSON};

#[test]
fn a_token_that_is_listed_no_more_opens_nothing_and_holds_nothing_open() {
    let tokens = Tokens::default();
    let one = tokens.add("one", "read,append");
    let two = tokens.add("two", "read");
    let service = tokens.producer(&[]);
    let (one, two) = (Client::new(&service, &one), Client::new(&service, &two));
    one.ask("POST", "/stream", &[], "1");
    let mut readers = [&one, &two].map(|client| client.ask("GET", "/stream", &[], ""));
    for reader in &mut readers {
        assert_eq!(reader.lines(1), ["1"]);
    }
    let [mut of_one, mut of_two] = readers;

    // A file that cannot be used changes nothing.
    let before = tokens.lines();
    tokens.write("two sha256:0 read\n");
    let said = service.says("tokens:1: a token's hash");
    assert!(said.contains("of before are still known"), "{said}");
    assert_eq!(one.ask("POST", "/stream", &[], "2").status, 200);
    tokens.write(&before);
    service.says("is as it was before");

    tokens.remove("two");
    service.says("the tokens have changed known=1 revoked=1");
    let ended = std::iter::repeat_with(|| of_two.line()).find(|line| !matches!(line, Ok(Some(_))));
    assert!(matches!(ended, Some(Err(_))), "that is no clean end");
    refused(two.ask("GET", "/stream", &[], ""), 401, "UNKNOWN_TOKEN");
    one.ask("POST", "/stream", &[], "3");
    assert_eq!(of_one.lines(2), ["2", "3"], "the other goes on");

    let three = tokens.add("three", "read");
    service.says("the tokens have changed known=2 revoked=0");
    assert_eq!(
        Client::new(&service, &three).json("/v1/topics"),
        json!({ "topics": [] })
    );
}

#[test]
fn a_long_poll_ends_when_its_token_is_revoked() {
    let tokens = Tokens::default();
    let one = tokens.add("one", "read");
    let two = tokens.add("two", "read,append");
    let service = tokens.producer(&["--long-poll-timeout", "60s"]);
    let (one, two) = (Client::new(&service, &one), Client::new(&service, &two));
    two.begin();
    let wait = "/v1/stream/a?live=long-poll&offset=now";
    let waits = |count: usize| {
        let metrics = two.ask("GET", "/metrics", &[], "").text().expect("metrics");
        metrics.contains(&format!(
            "brooklet_readers_open{{kind=\"long-poll\"}} {count}\n"
        ))
    };
    std::thread::scope(|scope| {
        // This one waits no longer than the other, so it is still there only if that one was cut short.
        let other = scope.spawn(|| two.ask("GET", wait, &[], ""));
        while !waits(1) {}
        let revoked = scope.spawn(|| one.ask("GET", wait, &[], ""));
        while !waits(2) {}
        tokens.remove("one");
        let revoked = revoked.join().expect("an answer");
        assert!(waits(1), "it has waited to the end");
        refused(revoked, 401, "UNKNOWN_TOKEN");
        assert_eq!(two.ask("POST", "/v1/stream/a", &[JSON], "1").status, 204);
        assert_eq!(other.join().expect("an answer").status, 200);
    });
}

#[test]
fn what_is_still_being_sent_when_its_token_is_revoked_is_not_appended() {
    let tokens = Tokens::default();
    let one = tokens.add("one", "append");
    let reader = tokens.add("reader", "read,append");
    // Nothing but that ends the requests.
    let service = tokens.producer(&["--body-pause", "1h", "--body-timeout", "1h"]);
    let reader = Client::new(&service, &reader);
    reader.begin();
    let mut sent = Vec::new();
    for (query, begin) in [("", "HTTP/1.1 401"), ("?acks=1", "")] {
        let mut tcp = TcpStream::connect(service.address()).expect("it listens");
        let head = format!(
            "POST /v1/stream/a{query} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {one}\r\n\
             content-type: application/x-ndjson\r\ncontent-length: 4\r\nconnection: close\r\n\r\n1"
        );
        tcp.write_all(head.as_bytes()).expect("it takes requests");
        sent.push((tcp, begin));
    }
    tokens.remove("one");
    service.says("the tokens have changed known=1 revoked=1");
    for (mut tcp, begin) in sent {
        // It may be cut by then.
        drop(tcp.write_all(b"\n2\n"));
        let mut answer = String::new();
        drop(tcp.read_to_string(&mut answer));
        assert!(
            answer.starts_with(begin) && !answer.contains("complete"),
            "{answer}"
        );
    }
    assert_eq!(reader.json("/v1/stream/a"), json!([0]));
}
