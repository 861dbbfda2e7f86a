//! Which names a producer goes by: a page whose own name leads to it (DNS rebinding) is sent away.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use tests::{Service, http::fetch, producer};

use crate::named::{memory, refused};

/// The status and code of the answer to a request with this line and these headers.
fn answer(service: &Service, line: &str, headers: &str) -> (u16, String) {
    let mut tcp = TcpStream::connect(service.address()).expect("it listens");
    let request = format!("{line}\r\n{headers}connection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).expect("it reads");
    let mut text = String::new();
    tcp.read_to_string(&mut text).expect("it answers");
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let code = text.split(r#""code":""#).nth(1).unwrap_or_default();
    let code = code.split('"').next().unwrap_or_default();
    (status.expect("a status"), code.to_owned())
}

const GET: &str = "GET /v1/topics HTTP/1.1";

/// A producer that goes by two names.
fn named() -> Service {
    let names = ["--allow-host", "producer", "--allow-host", "b.example"];
    producer(&[&["--source", "none"], &names[..]].concat())
}

#[test]
fn a_request_is_for_a_host_that_the_producer_is() {
    let service = named();
    let check = |line: &str, host: &str, status: u16, code: &str| {
        let found = answer(&service, line, &format!("host: {host}\r\n"));
        assert_eq!(found, (status, code.to_owned()), "{line} {host}");
    };
    for host in ["127.0.0.1", "10.0.0.1:1", "[::1]:80", "localhost:80"] {
        check(GET, host, 200, "");
    }
    for host in ["Producer:8080", "b.example."] {
        check(GET, host, 200, "");
    }
    for host in ["evil.example", "127.0.0.1.a", "producer.evil.example:8080"] {
        check(GET, host, 421, "HOST");
        check("POST /stream HTTP/1.1", host, 421, "HOST");
        check("GET /healthz HTTP/1.1", host, 421, "HOST");
    }
    for host in ["", "a b", "[::1", "a:b", "me@localhost"] {
        check(GET, host, 400, "INVALID_HOST");
    }
    // As a proxy is asked.
    check(
        "GET http://localhost/v1/topics HTTP/1.1",
        "b.example",
        200,
        "",
    );
    check(
        "GET http://localhost/v1/topics HTTP/1.1",
        "evil.example",
        421,
        "HOST",
    );
    check(
        "GET http://evil.example/v1/topics HTTP/1.1",
        "localhost",
        421,
        "HOST",
    );
}

#[test]
fn a_request_names_one_host() {
    let service = named();
    let check = |line: &str, headers: &str, status: u16, code: &str| {
        let found = answer(&service, line, headers);
        assert_eq!(found, (status, code.to_owned()), "{line} {headers}");
    };
    check(GET, "", 400, "INVALID_HOST");
    for other in ["localhost", "evil.example"] {
        let both = format!("host: localhost\r\nhost: {other}\r\n");
        check(GET, &both, 400, "INVALID_HOST");
    }
    // No browser speaks HTTP/1.0, in which nobody has to name the host.
    check("GET /v1/topics HTTP/1.0", "", 200, "");
    check(
        "GET /v1/topics HTTP/1.0",
        "host: evil.example\r\n",
        421,
        "HOST",
    );
}

#[test]
fn who_is_sent_away_is_told_what_would_let_it_in() {
    let service = memory();
    let asked = fetch(&service.url("/v1/topics"), &[("host", "my.example:80")]);
    assert_eq!(asked.status, 421);
    let problem = asked.json();
    let detail = problem.get("detail").and_then(serde_json::Value::as_str);
    let detail = detail.unwrap_or_default();
    assert!(
        detail.contains("\"my.example\"") && detail.contains("--allow-host"),
        "{detail}"
    );

    let any = producer(&["--source", "none", "--allow-host", "*"]);
    assert_eq!(
        fetch(&any.url("/v1/topics"), &[("host", "my.example")]).status,
        200
    );
    refused(
        fetch(&any.url("/v1/topics"), &[("host", "a:b")]),
        400,
        "INVALID_HOST",
    );

    let mut wrong = producer(&["--allow-host", "a:80"]);
    assert_eq!(wrong.exit_code(), Some(78));
    assert!(
        wrong
            .stderr
            .wait_for("--allow-host: \"a:80\" is no name")
            .is_some()
    );
}

#[test]
fn who_listens_to_others_without_tokens_is_warned() {
    let service = Service::start(
        &tests::binaries::binary("producer"),
        [
            "--listen",
            "0.0.0.0:0",
            "--source",
            "none",
            "--data-dir",
            "memory",
        ],
    );
    let said = service.says("nobody is asked for a token");
    assert!(
        said.contains("read, append and delete") && said.contains("--tokens"),
        "{said}"
    );
    let tokens = tests::tokens::Tokens::default();
    let path = tokens.path();
    let path = path.to_str().expect("text");
    let quiet = Service::start(
        &tests::binaries::binary("producer"),
        [
            "--listen",
            "0.0.0.0:0",
            "--source",
            "none",
            "--data-dir",
            "memory",
            "--tokens",
            path,
        ],
    );
    assert!(quiet.listens());
    let asked = fetch(&quiet.url("/stream"), &[]);
    refused(asked, 401, "NO_TOKEN");
    assert!(!quiet.stderr.all().join("\n").contains("nobody is asked"));
}
