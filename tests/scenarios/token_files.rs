//! The consumer shows a token to the server it is for, and to no other; and says what to do where that
//! does not let it in.

use std::{
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tests::{Service, consumer, foreign, http::ask, tokens::Tokens};

use crate::{named::Headers, wire::JSON};

/// What is asked with a token.
fn with_token(service: &Service, token: &str, method: &str, path: &str, body: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers: Headers<'_> = &[("authorization", &bearer), JSON];
    ask(method, &service.url(path), headers, body.as_bytes()).status
}

#[test]
fn a_stream_a_topic_and_a_tap_are_read_with_a_token() {
    let tokens = Tokens::default();
    let token = tokens.add("all", "read,append");
    let service = tokens.producer(&[]);
    let send = |method, path, body| with_token(&service, &token, method, path, body);
    assert_eq!(
        send("PUT", "/v1/stream/s", r#"[{"value":1},{"value":3}]"#),
        201
    );
    assert_eq!(
        send("PUT", "/v1/topics/t", r#"{"partitions":2,"key":"/value"}"#),
        201
    );
    assert_eq!(
        send("POST", "/v1/topics/t", r#"[{"value":1},{"value":3}]"#),
        200
    );
    assert_eq!(send("POST", "/stream", r#"[{"value":1},{"value":3}]"#), 200);
    let file = tokens.file_of(&token);
    for path in ["/stream", "/v1/stream/s", "/v1/topics/t"] {
        let url = service.url(path);
        let end = ["--records", "2", "--print", "final", "--output", "json"];
        let average = [&["--url", &url, "--token-file", &file], &end[..]].concat();
        let line = consumer(&average).answer(0);
        assert!(line.contains(r#""average":2.0"#), "{path}: {line}");
        let mut tap = consumer(&["tap", &url, "--token-file", &file, "--records", "2"]);
        let last = tap.answer(0);
        assert!(last.starts_with(r#"{"value":"#), "{path}: {last}");
    }

    // A job reads and appends.
    let job = "CREATE TABLE a (`value` DOUBLE) WITH ('connector' = 'brooklet', 'stream' = 's');
        CREATE TABLE b (`value` DOUBLE) WITH ('connector' = 'brooklet', 'stream' = 'results');
        INSERT INTO b SELECT `value` + 1 FROM a;";
    let url = service.url("/stream");
    let job = consumer(&["--url", &url, "--token-file", &file, "sql", job]);
    let results = service.url("/v1/stream/results?offset=-1&live=ndjson");
    // What it writes to is there before it reads.
    job.says("connected, at");
    let bearer = format!("Bearer {token}");
    let mut found = ask("GET", &results, &[("authorization", &bearer)], b"");
    assert_eq!(found.lines(2), [r#"{"value":2.0}"#, r#"{"value":4.0}"#]);
}

/// Checks that a consumer ends so, and says all of this.
fn ends(args: &[&str], code: i32, all: &[&str]) {
    let mut consumer = consumer(args);
    assert_eq!(consumer.exit_code(), Some(code), "{args:?}");
    let said = consumer.stderr.all().join("\n");
    for text in all {
        assert!(said.contains(text), "{args:?}: {text:?} is not in {said}");
    }
}

#[test]
fn who_is_not_let_in_is_told_what_to_do() {
    let tokens = Tokens::default();
    let token = tokens.add("one", "read:other");
    let service = tokens.producer(&[]);
    let file = tokens.file_of(&token);
    let (stream, topic) = (service.url("/stream"), service.url("/v1/topics/t"));
    for url in [&stream, &topic] {
        let wanted = ["401 Unauthorized: it wants a token", "--token-file"];
        ends(&["--url", url], 69, &wanted);
        let said = ["403 Forbidden: the token in", &file, "is not for this"];
        ends(&["--url", url, "--token-file", &file], 69, &said);
    }
    let job = format!(
        "CREATE TABLE a (`value` DOUBLE)
         WITH ('connector' = 'brooklet', 'stream' = 's', 'url' = 'http://{}');
         SELECT * FROM a",
        service.address()
    );
    let other = tests::producer(&["--source", "none"]).url("/stream");
    let said = ["it wants a token, and the one in", "alone (--url)"];
    ends(
        &["--url", &other, "--token-file", &file, "sql", &job],
        69,
        &said,
    );
    drop(tokens.file_of("brooklet_unknown"));
    let said = [
        "401 Unauthorized: it does not know the token in",
        "producer token new",
    ];
    ends(&["tap", &stream, "--token-file", &file], 69, &said);
}

#[test]
fn a_token_that_is_not_there_is_a_wrong_setting() {
    let missing = "cannot read the token in /no/such/file";
    ends(&["--token-file", "/no/such/file"], 78, &[missing]);
    let tokens = Tokens::default();
    let file = tokens.file_of("two words");
    ends(&["--token-file", &file], 78, &["holds no token"]);

    let secret = format!("brooklet_{}", "x".repeat(43));
    let mut wrong = consumer(&["--token-file", &secret]);
    assert_eq!(wrong.exit_code(), Some(78));
    let said = wrong.stderr.all().join("\n");
    assert!(
        said.contains("this is a token") && !said.contains(&secret),
        "{said}"
    );
}

#[test]
fn a_token_that_is_changed_lets_the_reader_go_on() {
    let tokens = Tokens::default();
    let first = tokens.add("first", "read,append");
    let service = tokens.producer(&[]);
    let file = tokens.file_of(&first);
    let url = service.url("/stream");
    let reader = consumer(&["tap", &url, "--token-file", &file]);
    assert_eq!(with_token(&service, &first, "POST", "/stream", "1"), 200);
    reader.prints("1");
    tokens.remove("first");
    reader.says("it does not know the token in");
    let second = tokens.add("second", "read,append");
    drop(tokens.file_of(&second));
    service.says("the tokens have changed known=1 revoked=0");
    assert_eq!(with_token(&service, &second, "POST", "/stream", "2"), 200);
    reader.prints("2");
    assert_eq!(
        reader.stdout.all(),
        ["1", "2"],
        "nothing is missing, and nothing is there twice"
    );
}

/// What servers were asked for, and whether they were shown the token.
type Seen = Arc<Mutex<Vec<(&'static str, String, bool)>>>;

/// A server that notes what it is asked, and answers by `answer`.
fn noting(
    name: &'static str,
    seen: &Seen,
    answer: impl Fn(&mut dyn Write) + Send + Sync + 'static,
) -> SocketAddr {
    let seen = seen.clone();
    foreign::serve(move |request, tcp| {
        let shown = request.head.contains("authorization: bearer brooklet_mine");
        let asked = (name, request.path().to_owned(), shown);
        seen.lock().expect("no test panics here").push(asked);
        answer(tcp);
    })
}

#[test]
fn a_token_goes_to_no_other_server() {
    let (tokens, seen) = (Tokens::default(), Seen::default());
    let file = tokens.file_of("brooklet_mine");
    let other = noting("other", &seen, |tcp| {
        foreign::answer(tcp, "application/x-ndjson", b"{\"value\":1}\n");
    });
    let own = noting("own", &seen, move |tcp| {
        let led = format!("HTTP/1.1 307 Go\r\nLocation: http://{other}/led\r\n");
        let head = led + "Content-Length: 0\r\nConnection: close\r\n\r\n";
        drop(tcp.write_all(head.as_bytes()));
    });
    let url = format!("http://{own}/stream");
    let mut tap = consumer(&["tap", &url, "--token-file", &file, "--records", "1"]);
    assert_eq!(tap.answer(0), r#"{"value":1}"#);
    // A job reads from whom it likes, but shows the token to the server of --url alone.
    let job = format!(
        "CREATE TABLE a (`value` DOUBLE) WITH ('connector' = 'http',
         'url' = 'http://{other}/named', 'scan.bounded.mode' = 'latest-offset');
         SELECT * FROM a"
    );
    ends(&["--url", &url, "--token-file", &file, "sql", &job], 0, &[]);
    let of = |name, path: &str, shown| (name, path.to_owned(), shown);
    let expected = [
        of("own", "/stream", true),
        of("other", "/led", false),
        of("other", "/named", false),
    ];
    assert_eq!(*seen.lock().expect("no test panics here"), expected);
}

#[test]
fn a_consumer_says_no_token() {
    let tokens = Tokens::default();
    let token = tokens.add("one", "read,append");
    let service = tokens.producer(&[]);
    assert_eq!(
        with_token(&service, &token, "POST", "/stream", r#"{"value":1}"#),
        200
    );
    let file = tokens.file_of(&token);
    let url = service.url("/stream");
    let wrong_place = service.url(&format!("/v1/stream/{token}?token={token}"));
    for url in [url, wrong_place] {
        for format in ["text", "json"] {
            let args = [
                "--url",
                &url,
                "--token-file",
                &file,
                "--records",
                "1",
                "--log-level",
                "trace",
                "--log-format",
                format,
            ];
            let mut consumer = consumer(&args);
            assert!(consumer.exit_code().is_some());
            let said = [consumer.stdout.all(), consumer.stderr.all()].concat();
            assert!(
                said.iter().any(|line| line.contains("reading http://")),
                "{said:?}"
            );
            assert_eq!(said.iter().find(|line| line.contains(&token)), None);
        }
    }
}
