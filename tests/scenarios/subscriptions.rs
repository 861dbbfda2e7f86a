//! Subscriptions: who is woken, by whom that can be proved, and what becomes of it when something goes wrong.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, time::Instant};

use serde_json::{Value, json};
use tests::{
    PATIENCE, Service,
    hook::{Call, Hook},
    http::{Answer, ask, fetch},
    producer,
    tool::tool,
};

pub(crate) const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// A producer in `directory` that calls webhooks on this machine.
pub(crate) fn on(directory: &Path, more: &[&str]) -> Service {
    let directory = directory.to_str().expect("a path of ASCII");
    let usual = ["--source", "none", "--data-dir", directory];
    let local = ["--webhook-targets", "loopback"];
    producer(&[&usual[..], &local, more].concat())
}

pub(crate) fn stream(producer: &Service, name: &str) -> String {
    producer.url(&format!("/v1/stream/{name}"))
}

pub(crate) fn subscription(producer: &Service, rest: &str) -> String {
    producer.url(&format!("/v1/stream/__ds/subscriptions/{rest}"))
}

pub(crate) fn append(producer: &Service, name: &str) {
    let url = stream(producer, name);
    assert!(ask("PUT", &url, JSON, b"[]").status < 300);
    assert_eq!(ask("POST", &url, JSON, b"{\"id\":1}").status, 204);
}

pub(crate) fn put(producer: &Service, id: &str, of: &Value) -> Answer {
    ask(
        "PUT",
        &subscription(producer, id),
        JSON,
        of.to_string().as_bytes(),
    )
}

/// Subscribes a webhook to `events/*`, with a lease that is over no restart of the producer.
pub(crate) fn subscribe(producer: &Service, id: &str, url: &str) {
    let lease = 600_000;
    let of = json!({"type": "webhook", "pattern": "events/*", "webhook": {"url": url}, "lease_ttl_ms": lease});
    assert_eq!(put(producer, id, &of).status, 201);
}

pub(crate) fn post(producer: &Service, rest: &str, token: &str, of: &Value) -> Answer {
    let token = format!("Bearer {token}");
    let headers = [JSON, &[("authorization", &*token)]].concat();
    ask(
        "POST",
        &subscription(producer, rest),
        &headers,
        of.to_string().as_bytes(),
    )
}

pub(crate) fn shown(producer: &Service, id: &str) -> Value {
    fetch(&subscription(producer, id), &[]).json()
}

/// Waits until a subscription is shown as it shall be.
pub(crate) fn until(producer: &Service, id: &str, is_so: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    loop {
        let shown = shown(producer, id);
        if is_so(&shown) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{shown}");
        std::thread::yield_now();
    }
}

/// Whether all of a subscription's streams are worked on up to their ends.
pub(crate) fn is_done(producer: &Service, shown: &Value) -> bool {
    let streams = shown["streams"].as_array().expect("a list");
    streams.iter().all(|of| {
        let path = of["path"].as_str().expect("a path");
        let head = ask("HEAD", &stream(producer, path), &[], b"");
        of["acked_offset"] == head.header("stream-next-offset")
    })
}

/// What reports that all of `told` is done.
pub(crate) fn all_of(told: &Value) -> Value {
    let streams = told["streams"].as_array().expect("a list");
    let ack = |of: &Value| json!({"stream": of["path"], "offset": of["tail_offset"]});
    let acks: Vec<_> = streams.iter().map(ack).collect();
    json!({"wake_id": told["wake_id"], "generation": told["generation"], "acks": acks, "done": true})
}

/// Verifies a call as a receiver does that has only the published keys, by other people's code.
const VERIFY: &str = "
const [keys, header, body] = process.argv.slice(1);
const [, t, kid, signature] = /^t=(\\d+),kid=([^,]+),ed25519=([\\w-]+)$/.exec(header);
const jwk = JSON.parse(keys).keys.find((key) => key.kid === kid);
const crypto = require('crypto');
const key = crypto.createPublicKey({ key: jwk, format: 'jwk' });
const signed = Buffer.from(t + '.' + body);
console.log(crypto.verify(null, signed, key, Buffer.from(signature, 'base64url')));";

fn verify(node: &Path, keys: &str, call: &Call, body: &str) -> String {
    let said = Command::new(node)
        .args(["-e", VERIFY, keys, &call.signature, body])
        .output()
        .expect("it can be started");
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

#[test]
fn a_call_is_signed_by_a_key_that_stays() {
    let (directory, hook) = (tempfile::tempdir().expect("a directory"), Hook::listen());
    let keys = |producer: &Service| {
        let keys = fetch(&producer.url("/v1/stream/__ds/jwks.json"), &[]);
        assert_eq!(keys.header("content-type"), "application/jwk-set+json");
        keys.text().expect("whole")
    };
    let mut first = on(directory.path(), &[]);
    subscribe(&first, "s", &hook.url);
    append(&first, "events/a");
    let (published, call) = (keys(&first), hook.called());
    if let Some(node) = tool("node") {
        assert_eq!(verify(&node, &published, &call, &call.body), "true");
        let other = call.body.replacen('1', "2", 1);
        assert_eq!(verify(&node, &published, &call, &other), "false");
    }
    call.done();
    until(&first, "s", |shown| is_done(&first, shown));
    let file = directory.path().join("webhook-keys");
    let mode = fs::metadata(file)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    first.terminate();
    assert_eq!(first.exit_code(), Some(0));
    let second = on(directory.path(), &[]);
    assert_eq!(keys(&second), published);
    assert!(hook.was_called().is_none(), "all was done");
}

#[test]
fn a_kill_before_the_answer_calls_again_and_one_behind_it_does_not() {
    let (directory, hook) = (tempfile::tempdir().expect("a directory"), Hook::listen());
    let first = on(directory.path(), &[]);
    subscribe(&first, "s", &hook.url);
    append(&first, "events/a");
    let told = hook.called();
    first.kill();
    let second = on(directory.path(), &[]);
    let again = hook.called();
    assert_eq!(again.text("wake_id"), told.text("wake_id"));
    again.answer("200 OK", "", "{}");
    let told = told.json();
    second.kill();
    // Its lease goes on: who was told can still report, to another process.
    let third = on(directory.path(), &[]);
    let token = told["callback_token"].as_str().expect("a token");
    let reported = post(&third, "s/callback", token, &all_of(&told));
    assert_eq!(reported.status, 200);
    third.kill();
    let fourth = on(directory.path(), &[]);
    assert!(is_done(&fourth, &shown(&fourth, "s")));
    let late = post(&fourth, "s/callback", token, &all_of(&told));
    assert_eq!(late.status, 409);
    assert_eq!(late.json()["error"]["code"], "FENCED");
    append(&fourth, "events/b");
    let next = loop {
        // The call of the third process may stand before it.
        let call = hook.called();
        if call.json()["generation"] == 2 {
            break call;
        }
    };
    next.done();
    until(&fourth, "s", |shown| is_done(&fourth, shown));
}

fn pull(producer: &Service, id: &str, lease_milliseconds: u64) {
    let of = json!({
        "type": "pull-wake", "pattern": "events/**", "wake_stream": "wake", "lease_ttl_ms": lease_milliseconds
    });
    assert_eq!(put(producer, id, &of).status, 201);
}

/// What a worker has claimed, as soon as there is work.
fn claimed(producer: &Service, id: &str, worker: &str) -> Value {
    loop {
        let claimed = claim(producer, id, worker);
        if claimed.status == 200 {
            return claimed.json();
        }
    }
}

fn claim(producer: &Service, id: &str, worker: &str) -> Answer {
    post(
        producer,
        &format!("{id}/claim"),
        "",
        &json!({"worker": worker}),
    )
}

fn code(refused: Answer) -> String {
    let refused = refused.json();
    let code = refused.pointer("/error/code").and_then(Value::as_str);
    code.expect("a code").to_owned()
}

#[test]
fn a_worker_keeps_its_claim_over_a_kill() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = on(directory.path(), &[]);
    append(&first, "wake");
    pull(&first, "s", 600_000);
    append(&first, "events/a/b");
    let wakes = stream(
        &first,
        "wake?offset=0000000000000001_0000000000000009&live=ndjson",
    );
    let event = fetch(&wakes, &[]).lines(1).pop().expect("a line");
    let event = tests::http::json(&event);
    let told = (
        &event["subscription_id"],
        &event["stream"],
        &event["generation"],
    );
    assert_eq!(told, (&json!("s"), &json!("events/a/b"), &json!(1)));
    let claimed = claim(&first, "s", "w1").json();
    first.kill();
    let second = on(directory.path(), &[]);
    let busy = claim(&second, "s", "w2");
    assert_eq!(busy.status, 409);
    assert_eq!(busy.json()["error"]["current_holder"], "w1");
    let token = claimed["token"].as_str().expect("a token");
    let beat = json!({"wake_id": claimed["wake_id"], "generation": 1});
    assert_eq!(post(&second, "s/ack", token, &beat).status, 200);
    assert_eq!(post(&second, "s/ack", "1.x", &beat).status, 401);
    let done = post(&second, "s/ack", token, &all_of(&claimed)).json();
    assert_eq!(done, json!({"ok": true, "next_wake": false}));
    second.kill();
    let third = on(directory.path(), &[]);
    assert!(is_done(&third, &shown(&third, "s")));
    assert_eq!(code(claim(&third, "s", "w1")), "NO_PENDING_WORK");
    assert_eq!(code(post(&third, "s/ack", token, &beat)), "FENCED");
}

#[test]
fn a_worker_that_is_silent_loses_its_claim_to_another() {
    let directory = tempfile::tempdir().expect("a directory");
    let producer = on(directory.path(), &[]);
    append(&producer, "wake");
    pull(&producer, "s", 1000);
    append(&producer, "events/a");
    let first = loop {
        let claimed = claim(&producer, "s", "w1");
        if claimed.status == 200 {
            break claimed.json();
        }
    };
    let second = loop {
        let claimed = claim(&producer, "s", "w2");
        if claimed.status == 200 {
            break claimed.json();
        }
        std::thread::yield_now();
    };
    assert_eq!(second["generation"], 2);
    let token = first["token"].as_str().expect("a token");
    assert_eq!(
        code(post(&producer, "s/ack", token, &all_of(&first))),
        "FENCED"
    );
    let acked = &shown(&producer, "s")["streams"][0]["acked_offset"];
    assert_eq!(acked, "-1");
}

#[test]
fn the_name_of_the_protocol_is_no_stream() {
    let producer = producer(&["--source", "none"]);
    for (path, status) in [
        ("__ds", 404),
        ("__ds/a", 404),
        ("__ds/subscriptions/", 404),
        ("__dsa", 400),
    ] {
        let made = ask("PUT", &stream(&producer, path), JSON, b"[]");
        assert_eq!(made.status, status, "{path}");
    }
    let url = subscription(&producer, "s");
    assert_eq!(ask("POST", &url, JSON, b"{}").status, 405);
    let page = [JSON, &[("origin", "https://a.example")]].concat();
    assert_eq!(ask("PUT", &url, &page, b"{}").status, 403);
    for body in [
        "",
        "[]",
        r#"["webhook","a"]"#,
        r#"{"type":"webhook","pattern":"a","webhook":["https://a.example"]}"#,
        "{\"type\":\"webhook\"}",
        "{\"type\":\"what\",\"pattern\":\"a\"}",
    ] {
        let refused = ask("PUT", &url, JSON, body.as_bytes());
        assert_eq!(refused.status, 400, "{body}");
        let error = &refused.json()["error"];
        assert_eq!(error["code"], "INVALID_REQUEST", "{body}");
        assert!(!error.to_string().contains("struct"), "{error}");
    }
    let long = vec![b' '; 1024 * 1024 + 1];
    assert_eq!(ask("PUT", &url, JSON, &long).status, 413);
}

#[test]
fn a_cursor_is_moved_to_where_somebody_can_read_from() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut producer = on(directory.path(), &[]);
    append(&producer, "wake");
    pull(&producer, "s", 600_000);
    append(&producer, "events/a");
    let claimed = claimed(&producer, "s", "w");
    let token = claimed["token"].as_str().expect("a token").to_owned();
    let ack = |producer: &Service, offset: &str| {
        let acks = json!([{"stream": "events/a", "offset": offset}]);
        let of = json!({"wake_id": claimed["wake_id"], "generation": 1, "acks": acks});
        post(producer, "s/ack", &token, &of)
    };
    // In memory, and settled on the disk.
    for _ in 0..2 {
        for offset in [
            "0000000000000000_0000000000000003",
            "0000000000000001_0000000000000008",
        ] {
            assert_eq!(code(ack(&producer, offset)), "INVALID_OFFSET", "{offset}");
        }
        let acked = &shown(&producer, "s")["streams"][0]["acked_offset"];
        assert_eq!(acked, "-1");
        producer.terminate();
        assert_eq!(producer.exit_code(), Some(0));
        producer = on(directory.path(), &[]);
    }
    let end = "0000000000000001_0000000000000009";
    for _ in 0..2 {
        assert_eq!(ack(&producer, end).status, 200, "as often as it is said");
    }
}

#[test]
fn where_it_wakes_is_no_work_of_a_subscription() {
    let directory = tempfile::tempdir().expect("a directory");
    let producer = on(directory.path(), &[]);
    let named = json!({"type": "pull-wake", "streams": ["a", "wake"], "wake_stream": "wake"});
    assert_eq!(code(put(&producer, "s", &named)), "INVALID_REQUEST");
    pull(&producer, "s", 1000);
    let more = post(&producer, "s/streams", "", &json!({"streams": ["wake"]}));
    assert_eq!(code(more), "INVALID_REQUEST");
    assert_eq!(shown(&producer, "s")["streams"], json!([]));
}

#[test]
fn an_ack_of_a_stream_says_nothing_of_one_that_was_made_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut producer = on(directory.path(), &[]);
    append(&producer, "wake");
    pull(&producer, "s", 600_000);
    append(&producer, "events/a");
    let claimed = claimed(&producer, "s", "w");
    let url = stream(&producer, "events/a");
    assert_eq!(ask("DELETE", &url, &[], b"").status, 204);
    append(&producer, "events/a");
    let token = claimed["token"].as_str().expect("a token");
    let done = |producer: &Service| post(producer, "s/ack", token, &all_of(&claimed));
    assert_eq!(code(done(&producer)), "INVALID_OFFSET");
    producer.kill();
    producer = on(directory.path(), &[]);
    assert_eq!(code(done(&producer)), "INVALID_OFFSET");
    let gone = json!({"wake_id": claimed["wake_id"], "generation": 1, "acks": [], "done": true});
    let gone = post(&producer, "s/ack", token, &gone).json();
    assert_eq!(gone, json!({"ok": true, "next_wake": true}));
    let again = claim(&producer, "s", "w").json();
    assert_eq!(again["streams"][0]["acked_offset"], "-1");
    let token = again["token"].as_str().expect("a token");
    assert_eq!(post(&producer, "s/ack", token, &all_of(&again)).status, 200);
}
