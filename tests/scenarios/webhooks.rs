//! Receivers of webhooks that fail, hang, answer what nobody understands, or may not be called at all.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::json;
use tests::{
    Service,
    binaries::binary,
    hook::{Call, Hook},
    producer,
    service::leashed,
    tool::tool,
};

use crate::subscriptions::{append, is_done, on, post, put, shown, subscribe, until};

#[test]
fn whoever_does_not_hear_is_called_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let producer = on(directory.path(), &["--webhook-timeout", "2s"]);
    let elsewhere = Hook::listen();
    let leads = format!("Location: {}\r\n", elsewhere.url);
    let answers: [&dyn Fn(Call); 6] = [
        &|call| call.answer("500 Oops", "", "{\"done\":true}"),
        &|call| call.answer("307 Elsewhere", &leads, ""),
        &|call| call.write("what?\r\n\r\n"),
        &|call| call.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"),
        &|call| call.write(""),
        &Call::ignore,
    ];
    for (number, answer) in answers.iter().enumerate() {
        let (id, hook) = (format!("s{number}"), Hook::listen());
        let of = json!({"type": "webhook", "streams": [format!("events/{number}")], "webhook": {"url": hook.url}});
        assert_eq!(put(&producer, &id, &of).status, 201);
        append(&producer, &format!("events/{number}"));
        let call = hook.called();
        let wake = call.text("wake_id");
        answer(call);
        until(&producer, &id, |shown| shown["status"] == "failed");
        until(&producer, &id, |shown| {
            if let Some(again) = hook.was_called() {
                assert_eq!(again.text("wake_id"), wake, "{id}");
                again.done();
            }
            is_done(&producer, shown) && shown["status"] == "active"
        });
    }
    assert!(elsewhere.was_called().is_none(), "nobody is led anywhere");
    for (name, least) in [("deliveries", 12.0), ("failures", 6.0), ("retries", 6.0)] {
        let name = format!("brooklet_subscription_{name}_total");
        let count = producer.metric(&name);
        assert!(count >= Some(least), "{name} {count:?}");
    }
}

#[test]
fn what_is_not_understood_of_an_answer_is_no_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let producer = on(directory.path(), &[]);
    let long = format!("{{\"done\":true,\"more\":\"{}\"}}", "x".repeat(100_000));
    let answers = ["", "done", "{\"done\":\"true\"}", "[true]", &long];
    let hooks: Vec<_> = answers.iter().map(|_| Hook::listen()).collect();
    for (number, hook) in hooks.iter().enumerate() {
        let of = json!({
            "type": "webhook", "streams": ["events/a"], "webhook": {"url": hook.url}, "lease_ttl_ms": 1000
        });
        assert_eq!(put(&producer, &format!("s{number}"), &of).status, 201);
    }
    append(&producer, "events/a");
    for (hook, answer) in hooks.iter().zip(answers) {
        let first = hook.called();
        assert_eq!(first.json()["generation"], 1);
        first.answer("200 OK", "", answer);
        // Nobody has said anything until the lease was over.
        assert_eq!(hook.called().json()["generation"], 2, "{answer}");
    }
}

#[test]
fn nobody_is_called_where_it_is_not_let() {
    let (directory, hook) = (tempfile::tempdir().expect("a directory"), Hook::listen());
    let port = hook.url.rsplit(':').next().expect("a port").to_owned();
    let public = ["--webhook-targets", "public"];
    let first = on(directory.path(), &[]);
    subscribe(&first, "s", &hook.url);
    let refused = |producer: &Service, url: &str| {
        let of = json!({"type": "webhook", "pattern": "**", "webhook": {"url": url}});
        let refused = put(producer, "t", &of);
        assert_eq!(refused.status, 400, "{url}");
        assert_eq!(
            refused.json()["error"]["code"],
            "WEBHOOK_URL_REJECTED",
            "{url}"
        );
    };
    for url in [
        "http://10.0.0.1/hook",
        "http://169.254.169.254/",
        "http://a.example/",
        "https://u:p@a.example/",
    ] {
        refused(&first, url);
    }
    first.kill();
    let directory = directory.path().to_str().expect("a path of ASCII");
    let usual = ["--source", "none", "--data-dir", directory];
    let second = producer(&[&usual[..], &public].concat());
    refused(&second, &hook.url);
    refused(&second, &format!("https://localhost:{port}"));
    append(&second, "events/a");
    until(&second, "s", |shown| shown["status"] == "failed");
    assert!(
        hook.was_called().is_none(),
        "it was let once, and is not any more"
    );
}

#[test]
fn a_stop_waits_for_who_is_called_and_no_longer_than_it_may() {
    let (directory, hook) = (tempfile::tempdir().expect("a directory"), Hook::listen());
    let mut first = on(directory.path(), &["--drain-limit", "60s"]);
    subscribe(&first, "s", &hook.url);
    append(&first, "events/a");
    let call = hook.called();
    first.terminate();
    first.says("stopping");
    call.done();
    assert_eq!(first.exit_code(), Some(0));
    let mut second = on(directory.path(), &["--drain-limit", "500ms"]);
    assert!(
        is_done(&second, &shown(&second, "s")),
        "what was answered then counts"
    );
    append(&second, "events/b");
    let silent = hook.called();
    second.terminate();
    assert_eq!(second.exit_code_within(Duration::from_secs(20)), Some(0));
    drop(silent);
    let _third = on(directory.path(), &[]);
    assert_eq!(
        hook.called().json()["generation"],
        2,
        "and what was not is told again"
    );
}

#[test]
fn what_is_secret_is_in_no_line_of_the_log() {
    let (directory, hook) = (tempfile::tempdir().expect("a directory"), Hook::listen());
    let producer = on(directory.path(), &["--log-level", "trace"]);
    subscribe(&producer, "s", &format!("{}?key=hunter2", hook.url));
    append(&producer, "events/a");
    let call = hook.called();
    let token = call.text("callback_token");
    call.answer("500 Oops", "", "");
    producer.says("nobody has heard a wake");
    post(
        &producer,
        "s/callback",
        &token,
        &json!({"wake_id": "", "generation": 1}),
    );
    let keys = fs::read_to_string(directory.path().join("webhook-keys")).expect("text");
    let seed = keys.trim().rsplit(' ').next().expect("a seed").to_owned();
    let said = producer.stderr.all().join("\n");
    for secret in ["hunter2", &token, &seed] {
        assert!(!said.contains(secret), "{secret} in\n{said}");
    }
}

/// A receiver over TLS that says that all is done, with a certificate of its own making.
const RECEIVER: &str = "
const fs = require('fs');
const [key, cert] = process.argv.slice(1).map((file) => fs.readFileSync(file));
const answer = (request, response) => request.resume().on('end', () => response.end('{\"done\":true}'));
const server = require('https').createServer({ key, cert }, answer);
server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));";

/// A key and a certificate for `localhost` that nobody else has signed.
fn certificate(openssl: &Path, folder: &Path) -> [String; 2] {
    let files = ["key.pem", "certificate.pem"].map(|name| folder.join(name).display().to_string());
    let [key, certificate] = &files;
    let made = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", key, "-out", certificate])
        .output();
    assert!(made.expect("it can be started").status.success());
    files
}

#[test]
fn a_receiver_over_tls_is_called_where_its_certificate_is_trusted() {
    let (Some(node), Some(openssl)) = (tool("node"), tool("openssl")) else {
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let [key, certificate] = certificate(&openssl, directory.path());
    let mut receiver = leashed(&node);
    receiver.args(["-e", RECEIVER, &key, &certificate]);
    let receiver = Service::spawn(receiver);
    let port = receiver.prints("port ").replace("port ", "");
    for is_trusted in [true, false] {
        let mut trusting = leashed(&binary("producer"));
        trusting.args(["--listen", "127.0.0.1:0", "--source", "none"]);
        trusting.args(["--data-dir", "memory", "--webhook-targets", "loopback"]);
        if is_trusted {
            trusting.env("SSL_CERT_FILE", &certificate);
        }
        let producer = Service::spawn(trusting);
        subscribe(&producer, "s", &format!("https://localhost:{port}/hook"));
        append(&producer, "events/a");
        if is_trusted {
            until(&producer, "s", |shown| is_done(&producer, shown));
        } else {
            until(&producer, "s", |shown| shown["status"] == "failed");
            producer.says("invalid peer certificate");
        }
    }
}
