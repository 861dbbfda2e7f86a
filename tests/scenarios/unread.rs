//! Readers that ask and take nothing: they hold little of the server, whatever they asked for.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use tests::{
    PATIENCE, Service, eventually,
    http::{ask, fetch, send},
    memory::resident_bytes,
    producer,
};

const STREAM: &str = "/v1/stream/unread";

/// So many at a time.
const READERS: usize = 100;

/// What all of them may hold together: a tenth of a megabyte each.
const HELD_BYTES: u64 = 10_000_000;

/// Readers that have read everything and wait, and what one of them may cost.
const WAITING: u64 = 500;
const WAITING_BYTES: u64 = 16 * 1024;

/// Requests that append so much: sixteen megabytes in all.
const APPENDS: usize = 16;

/// What the server holds for so many of whatever `open` opens, which bring it `brought` bytes each, in
/// bytes of resident memory.
///
/// What is held is bounded at any moment, so it does not matter when it is looked at; but only when one
/// more reader has read everything, and what is brought was taken in, can the others have got as far as
/// they get.
fn held(producer: &Service, brought: usize, open: impl Fn(SocketAddr) -> TcpStream) -> u64 {
    let url = producer.url(STREAM);
    let read = || {
        let whole = fetch(&url, &[]).text().expect("a whole page");
        assert!(whole.len() > APPENDS * 900_000, "{}", whole.len());
    };
    read();
    let before = resident_bytes(producer.id());
    let opened: Vec<_> = (0..READERS).map(|_| open(producer.address())).collect();
    read();
    let all = u32::try_from(READERS * brought).expect("it is not much");
    let taken_in = || producer.metric("brooklet_inflight_bytes");
    assert!(eventually(|| taken_in() >= Some(f64::from(all))));
    let held = resident_bytes(producer.id()).saturating_sub(before);
    drop(opened);
    held
}

fn check(request: &str, holds_little: bool) {
    check_of(&[], request, holds_little);
}

fn check_of(args: &[&str], request: &str, holds_little: bool) {
    let always = ["--source", "none", "--page-bytes", "32MiB"];
    let producer = producer(&[&always, args].concat());
    let url = producer.url(STREAM);
    let json = [("content-type", "application/json")];
    assert_eq!(ask("PUT", &url, &json, b"").status, 201);
    let record = format!(r#"{{"text":"{}"}}"#, "x".repeat(88));
    let body = format!("[{}]", vec![record; 10_000].join(","));
    for _ in 0..APPENDS {
        assert_eq!(send(&url, &json, body.as_bytes()).status, 204);
    }
    let body = request.split_once("\r\n\r\n").map(|(_, body)| body);
    let brought = body.map_or(0, str::len);
    let held = held(&producer, brought, |server| open(server, request));
    assert_eq!(held <= HELD_BYTES, holds_little, "{request}: {held} bytes");
}

/// Sends `request`, and reads nothing but the first byte of the answer, if it asks for one.
fn open(server: SocketAddr, request: &str) -> TcpStream {
    let mut tcp = TcpStream::connect(server).expect("the server listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("not zero");
    tcp.write_all(request.as_bytes())
        .expect("the server takes requests");
    if request.starts_with("GET") {
        tcp.read_exact(&mut [0]).expect("an answer");
    }
    tcp
}

fn get(accept: &str) -> String {
    format!("GET {STREAM}?offset=-1 HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\n\r\n")
}

#[test]
fn a_page_that_nobody_takes_is_not_read() {
    check(&get("application/json"), true);
    check(&get("application/x-ndjson"), true);
}

#[test]
fn what_was_read_from_disk_and_nobody_takes_is_there_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().to_str().expect("a path of ASCII");
    let little = ["--memory-bytes", "1MiB", "--journal-bytes", "1MiB"];
    let args = [&["--data-dir", path], &little[..]].concat();
    check_of(&args, &get("application/json"), true);
}

#[test]
fn live_bodies_that_nobody_takes_are_not_read() {
    for form in ["sse", "ndjson"] {
        let path = format!("{STREAM}?offset=-1&live={form}");
        let get = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        check(&get, true);
    }
}

#[test]
fn a_reader_that_waits_costs_at_most_sixteen_kibibytes() {
    for path in ["/v1/stream/default?offset=now&live=sse", "/stream"] {
        let producer = producer(&["--source", "none"]);
        let record = br#"{"value":1}"#;
        assert_eq!(send(&producer.url("/stream"), &[], record).status, 200);
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let before = resident_bytes(producer.id());
        let waiting: Vec<_> = (0..WAITING)
            .map(|_| open(producer.address(), &request))
            .collect();
        let each = (resident_bytes(producer.id()) - before) / WAITING;
        assert!(each <= WAITING_BYTES, "{path}: {each} bytes");
        drop(waiting);
    }
}

#[test]
fn what_requests_do_hold_is_seen() {
    let begun = "7".repeat(200_000);
    let post = format!(
        "POST {STREAM} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: 200001\r\n\r\n{begun}"
    );
    // They are waited for.
    let patient = ["--body-pause", "1h", "--body-timeout", "1h"];
    check_of(&patient, &post, false);
}
