//! HTTP/2 without TLS, where the client knows beforehand that it is spoken.

use std::{io::Write, time::Duration};

use tests::{
    PATIENCE,
    curl::Curl,
    frames::{self, DATA, END_STREAM, Frames, GOAWAY, RST_STREAM},
    http::{ask, fetch},
    producer,
    service::leashed,
    tool::tool,
};

use crate::wire::append;

/// Asks by HTTP/2.
fn curl() -> Option<Curl> {
    Curl::with(&["--http2-prior-knowledge"])
}

#[test]
fn all_that_is_asked_by_http_1_can_be_asked_by_http_2() {
    let Some(curl) = curl() else { return };
    let service = producer(&["--source", "none"]);
    let url = service.url("/v1/stream/s");
    let json = "content-type: application/json";
    let made = curl.ask(&["-i", "-X", "PUT", "-H", json, &url]);
    assert!(made.starts_with("HTTP/2 201"), "{made}");
    assert!(made.contains(&format!("location: {url}\r\n")), "{made}");
    let appended = curl.ask(&["-i", "-H", json, "-d", "[1,2]", &url]);
    assert!(appended.starts_with("HTTP/2 204"), "{appended}");
    assert_eq!(curl.ask(&[&url]), "[1,2]");
    let closed = ["-X", "POST", "-H", "stream-closed: true", &url];
    assert_eq!(curl.ask(&closed), "");
    let live = format!("{url}?live=ndjson");
    assert_eq!(curl.ask(&[&live]), "1\n2\n");
    assert_eq!(fetch(&url, &[]).text().expect("a whole answer"), "[1,2]");

    let text = "x".repeat(10_000_000);
    let bytes = service.url("/v1/stream/b");
    assert_eq!(ask("PUT", &bytes, &[], b"").status, 201);
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), &text).expect("there is space");
    let upload = format!("@{}", file.path().display());
    let octets = "content-type: application/octet-stream";
    let taken = curl.ask(&["-H", octets, "--data-binary", &upload, &bytes]);
    assert_eq!(taken, "");
    let head = ask("HEAD", &bytes, &[], b"");
    let end = head.header("stream-next-offset");
    assert!(end.ends_with(&format!("{:016}", text.len())), "{end}");
}

#[test]
fn who_sends_a_body_where_none_is_wanted_is_answered() {
    let Some(curl) = curl() else { return };
    let service = producer(&["--source", "none"]);
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), "x".repeat(10_000_000)).expect("there is space");
    let upload = format!("@{}", file.path().display());
    for (path, status) in [
        ("/v1/topics", 405),
        ("/v1/stream/__ds/jwks.json", 405),
        ("/v1/stream/__ds/nothing", 404),
        ("/healthz", 405),
        ("/nothing", 404),
    ] {
        // Asked before it sends, this client would send nothing.
        let unasked = ["-i", "-H", "expect:", "--data-binary", &upload];
        let answer = curl.ask(&[&unasked[..], &[&service.url(path)]].concat());
        let expected = format!("HTTP/2 {status}");
        assert!(answer.starts_with(&expected), "{path}: {answer}");
    }
}

#[test]
fn a_head_has_the_answer_s_length_and_no_body() {
    let Some(curl) = curl() else { return };
    let service = producer(&["--source", "none"]);
    let check = |path: &str, status: u16| {
        let url = service.url(path);
        let head = curl.ask(&["-I", &url]);
        assert!(head.starts_with(&format!("HTTP/2 {status}")), "{head}");
        let length = ask("HEAD", &url, &[], b"")
            .header("content-length")
            .to_owned();
        let said = format!("content-length: {length}\r\n");
        assert!(!length.is_empty() && head.contains(&said), "{head}");
    };
    check("/healthz", 200);
    check("/v1/stream", 200);
    check("/nowhere", 404);
}

#[test]
fn a_load_of_requests_shares_a_few_connections() {
    let Some(program) = tool("h2load") else {
        return;
    };
    let service = producer(&["--source", "none"]);
    let body = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(body.path(), "[1,2,3]").expect("there is space");
    let done = leashed(&program)
        .args(["-n", "10000", "-c", "4", "-m", "100"])
        .args(["-H", "content-type: application/json", "-d"])
        .arg(body.path())
        .arg(service.url("/stream"))
        .output()
        .expect("setpriv, of util-linux, can be started");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("10000 2xx, 0 3xx, 0 4xx, 0 5xx"), "{said}");
    let metrics = service.metrics();
    assert!(
        metrics.contains("brooklet_append_requests_total 10000\n"),
        "{metrics}"
    );
}

/// The body of the answer to stream 1, and how it ended: by the kind of its last frame.
fn body(frames: &mut Frames) -> (String, Option<u8>) {
    let mut text = Vec::new();
    let mut ended = None;
    while ended.is_none()
        && let Some(frame) = frames.next()
    {
        if frame.stream == 1 {
            let is_last = frame.kind == RST_STREAM || frame.flags & END_STREAM != 0;
            ended = is_last.then_some(frame.kind);
            if frame.kind == DATA {
                text.extend(frame.payload);
            }
        }
    }
    (String::from_utf8(text).expect("it is text"), ended)
}

#[test]
fn a_body_that_the_server_breaks_off_is_reset_and_says_why_before() {
    let mut service = producer(&["--source", "none"]);
    append(&service, "1\n2");
    let mut frames = Frames::connect(service.address(), &[]);
    let path = "/v1/stream/default?live=ndjson&marks=1";
    frames.get(1, path).expect("it is open");
    let first = frames.next_of(DATA).expect("the body begins");
    assert!(first.payload.starts_with(b"#{"), "{first:?}");
    service.terminate();
    let (text, ended) = body(&mut frames);
    let last = text.lines().last().unwrap_or_default();
    assert!(last.contains(r#""end":"drain""#), "{text:?}");
    assert_eq!(ended, Some(RST_STREAM));
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn a_body_that_is_over_ends_cleanly() {
    let service = producer(&["--source", "numbers@max:2"]);
    let mut frames = Frames::connect(service.address(), &[]);
    frames.get(1, "/stream").expect("it is open");
    let (text, ended) = body(&mut frames);
    assert_eq!(text, "{\"id\":0,\"value\":0}\n{\"id\":1,\"value\":2}\n");
    assert_eq!(ended, Some(DATA));
}

#[test]
fn a_stop_says_goodbye_and_does_not_wait_for_who_does_not_answer() {
    let mut service = producer(&["--source", "none", "--drain-limit", "1h"]);
    let mut idle = Frames::connect(service.address(), &[]);
    idle.get(1, "/healthz").expect("it is open");
    assert_eq!(body(&mut idle), ("alive\n".to_owned(), Some(DATA)));
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    assert!(idle.next_of(GOAWAY).is_some());
}

#[test]
fn a_connection_without_requests_is_closed_as_one_of_http_1_is() {
    for (limit, is_closed) in [("5s", true), ("1h", false)] {
        let service = producer(&["--source", "none", "--header-timeout", limit]);
        let new = Frames::connect(service.address(), &[]);
        let mut used = Frames::connect(service.address(), &[]);
        used.get(1, "/healthz").expect("it is open");
        assert_eq!(body(&mut used), ("alive\n".to_owned(), Some(DATA)));
        let patience = if is_closed {
            PATIENCE
        } else {
            Duration::from_secs(3)
        };
        for mut frames in [new, used] {
            assert_eq!(frames.ends_within(patience), is_closed, "{limit}");
        }
    }
}

#[test]
fn a_preface_may_come_in_pieces() {
    let service = producer(&["--source", "none"]);
    let mut tcp = frames::connect(service.address());
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = frames::frame(frames::SETTINGS, 0, 0, &[]);
    for byte in [preface, &settings[..]].concat() {
        tcp.write_all(&[byte]).expect("it is open");
    }
    let mut frames = Frames::of(tcp);
    frames.get(1, "/healthz").expect("it is open");
    assert_eq!(body(&mut frames), ("alive\n".to_owned(), Some(DATA)));
}
