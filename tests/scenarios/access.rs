//! Who may ask: without a token nothing but whether the producer is well; with one, what it is for.

use serde_json::{Value, json};
use tests::{
    Service,
    binaries::binary,
    http::{Answer, ask},
    producer,
    tokens::Tokens,
};

use crate::{
    named::{Headers, refused},
    wire::{JSON, NDJSON},
};

/// Every route, with a method that it has, and what is sent there.
const ROUTES: [(&str, &str, &str); 17] = [
    ("GET", "/metrics", ""),
    ("GET", "/stream", ""),
    ("POST", "/stream", "1"),
    ("GET", "/v1/stream", ""),
    ("GET", "/v1/stream/a", ""),
    ("HEAD", "/v1/stream/a", ""),
    ("GET", "/v1/stream/a?live=ndjson", ""),
    ("PUT", "/v1/stream/b", ""),
    ("POST", "/v1/stream/a", "1"),
    ("POST", "/v1/stream/a?acks=1", "1"),
    ("PATCH", "/v1/stream/a", ""),
    ("DELETE", "/v1/stream/a", ""),
    ("GET", "/v1/topics", ""),
    ("GET", "/v1/topics/t", ""),
    ("PUT", "/v1/topics/u", r#"{"partitions":1,"key":"/k"}"#),
    ("POST", "/v1/topics/t", r#"{"k":1}"#),
    ("DELETE", "/v1/topics/t", ""),
];

/// What somebody with a token asks.
pub(crate) struct Client<'a> {
    service: &'a Service,
    authorization: String,
}

impl<'a> Client<'a> {
    pub(crate) fn new(service: &'a Service, token: &str) -> Self {
        let authorization = format!("Bearer {token}");
        Self {
            service,
            authorization,
        }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: Headers<'_>, body: &str) -> Answer {
        let token = ("authorization", &*self.authorization);
        let headers = [&[token], headers].concat();
        ask(method, &self.service.url(path), &headers, body.as_bytes())
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}");
        answer.json()
    }

    /// Makes a stream `a` with a record and a topic `t`, beside the stream `default`.
    pub(crate) fn begin(&self) {
        let made = self.ask("PUT", "/v1/stream/a", &[JSON], "[0]");
        assert_eq!(made.status, 201);
        let made = self.ask("PUT", "/v1/topics/t", &[], r#"{"partitions":1,"key":"/k"}"#);
        assert_eq!(made.status, 201);
    }

    /// All there is: the names of streams and topics, and the records of each.
    fn all(&self) -> Value {
        let streams = self.json("/v1/stream");
        let streams = streams.get("streams").and_then(Value::as_array);
        let records = streams.expect("a list").iter().map(|stream| {
            let name = stream.get("name").and_then(Value::as_str);
            let name = name.expect("a name").to_owned();
            let page = self.json(&format!("/v1/stream/{name}"));
            (name, page)
        });
        json!([records.collect::<Value>(), self.json("/v1/topics")])
    }
}

#[test]
fn without_a_token_nothing_is_answered_but_whether_all_is_well() {
    let tokens = Tokens::default();
    let all = tokens.add("all", "read,append,admin");
    let service = tokens.producer(&[]);
    let all = Client::new(&service, &all);
    all.begin();
    let before = all.all();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(ask("GET", &service.url(path), &[], b"").status, 200);
    }
    let wrong = Client::new(
        &service,
        "brooklet_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    );
    for (method, path, body) in ROUTES {
        let url = service.url(path);
        let bare = |headers| ask(method, &url, headers, body.as_bytes());
        let basic = ("authorization", "Basic YTpi");
        for (answer, code, challenge) in [
            (bare(&[JSON]), "NO_TOKEN", "Bearer realm=\"brooklet\""),
            (
                bare(&[JSON, basic]),
                "NO_TOKEN",
                "Bearer realm=\"brooklet\"",
            ),
            (
                wrong.ask(method, path, &[JSON], body),
                "UNKNOWN_TOKEN",
                "Bearer realm=\"brooklet\", error=\"invalid_token\"",
            ),
        ] {
            assert_eq!(answer.header("www-authenticate"), challenge);
            if method == "HEAD" {
                assert_eq!(answer.status, 401);
            } else {
                refused(answer, 401, code);
            }
        }
    }
    for path in ["/", "/v1/other", "/v1/stream/__ds/subscriptions/a"] {
        refused(ask("GET", &service.url(path), &[], b""), 401, "NO_TOKEN");
    }
    // What a browser asks beforehand it asks without a token.
    let asked = ask("OPTIONS", &service.url("/v1/stream/a"), &[], b"");
    assert_eq!(asked.status, 204);
    assert_eq!(all.all(), before, "nothing was done");
}

#[test]
fn a_token_is_for_what_its_scopes_say() {
    let check = |scopes: &str, allowed: &[&str]| {
        let tokens = Tokens::default();
        let all = tokens.add("all", "read,append,admin");
        let one = tokens.add("one", scopes);
        let service = tokens.producer(&[]);
        let (all, one) = (Client::new(&service, &all), Client::new(&service, &one));
        all.begin();
        let before = all.all();
        let is_allowed = |method: &str, path: &str| allowed.contains(&&*format!("{method} {path}"));
        let (may, may_not): (Vec<_>, _) = ROUTES
            .into_iter()
            .partition(|(method, path, _)| is_allowed(method, path));
        assert_eq!(may.len(), allowed.len(), "{allowed:?} are routes");
        for (method, path, body) in may_not {
            let answer = one.ask(method, path, &[JSON], body);
            let challenge = answer.header("www-authenticate").to_owned();
            assert!(challenge.contains("insufficient_scope"), "{scopes}: {path}");
            if method == "HEAD" {
                assert_eq!(answer.status, 403);
            } else {
                refused(answer, 403, "SCOPE");
            }
        }
        assert_eq!(all.all(), before, "{scopes}: nothing was done");
        for (method, path, body) in may {
            let retention = ("stream-retention-age", "1d");
            let content_type = if path.contains("acks") { NDJSON } else { JSON };
            let answer = one.ask(method, path, &[content_type, retention], body);
            assert!(answer.status < 300, "{scopes}: {method} {path}: {answer:?}");
        }
    };
    let lists = ["GET /metrics", "GET /v1/stream", "GET /v1/topics"];
    let of_a = [
        "GET /v1/stream/a",
        "HEAD /v1/stream/a",
        "GET /v1/stream/a?live=ndjson",
    ];
    check("read:a", &[&lists[..], &of_a].concat());
    check("read:a-*", &lists);
    let others = ["GET /stream", "GET /v1/topics/t"];
    check("read", &[&lists[..], &of_a, &others].concat());
    check(
        "append:a,append:b",
        &[
            "PUT /v1/stream/b",
            "POST /v1/stream/a",
            "POST /v1/stream/a?acks=1",
        ],
    );
    check("append:t", &["POST /v1/topics/t"]);
    check(
        "append:u,append:default",
        &["PUT /v1/topics/u", "POST /stream"],
    );
    check("admin:a", &["PATCH /v1/stream/a", "DELETE /v1/stream/a"]);
    check("admin:t", &["DELETE /v1/topics/t"]);
}

#[test]
fn what_may_not_be_read_is_not_listed() {
    let tokens = Tokens::default();
    let all = tokens.add("all", "read,append");
    let some = tokens.add("some", "read:b,read:c-*,read:b/0");
    let service = tokens.producer(&[]);
    let (all, some) = (Client::new(&service, &all), Client::new(&service, &some));
    for name in ["a", "b", "b-1", "b/0", "b2", "c-1", "c-2", "d"] {
        all.ask("PUT", &format!("/v1/stream/{name}"), &[JSON], "");
        let topic = format!("/v1/topics/{}", name.replace('/', "-"));
        let body = r#"{"partitions":1,"key":"/k"}"#;
        all.ask("PUT", &topic, &[], body);
    }
    let mut names = Vec::new();
    let mut next = json!("/v1/stream?limit=2");
    while let Some(path) = next.as_str() {
        let page = some.json(path);
        let streams = page["streams"].as_array().expect("a list");
        names.extend(streams.iter().map(|stream| stream["name"].clone()));
        next = page["next"].clone();
    }
    assert_eq!(
        json!(names),
        json!(["b", "b/0", "c-1", "c-1/0", "c-2", "c-2/0"])
    );
    assert_eq!(
        some.json("/v1/topics"),
        json!({ "topics": ["b", "c-1", "c-2"] })
    );
}

#[test]
fn a_fork_is_for_who_may_read_its_source() {
    let tokens = Tokens::default();
    let writer = tokens.add("writer", "append");
    let reader = tokens.add("reader", "append:fork,read:a");
    let service = tokens.producer(&[]);
    let writer = Client::new(&service, &writer);
    writer.begin();
    let source = ("stream-forked-from", "/v1/stream/a");
    let fork = |client: &Client<'_>| client.ask("PUT", "/v1/stream/fork", &[source], "");
    refused(fork(&writer), 403, "SCOPE");
    let reader = Client::new(&service, &reader);
    let secret = ("stream-forked-from", "/v1/stream/default");
    let other = reader.ask("PUT", "/v1/stream/fork", &[secret], "");
    refused(other, 403, "SCOPE");
    assert_eq!(fork(&reader).status, 201);
}

#[test]
fn what_a_token_reads_is_kept_by_no_cache_that_others_share() {
    let tokens = Tokens::default();
    let one = tokens.add("one", "read,append");
    let services = [tokens.producer(&[]), producer(&["--source", "none"])];
    for (service, expected) in services
        .iter()
        .zip(["private, max-age=60", "public, max-age=60"])
    {
        let client = Client::new(service, &one);
        client.begin();
        client.ask("POST", "/v1/stream/a", &[JSON], "[1]");
        let page = client.ask("GET", "/v1/stream/a?offset=-1&limit=1", &[], "");
        let cached = page.header("cache-control");
        assert!(cached.starts_with(expected), "{cached}");
    }
}

#[test]
fn a_token_is_printed_once_and_alone() {
    let new = |args: &[&str]| {
        let args = [&["token", "new"], args].concat();
        Service::start(&binary("producer"), args)
    };
    let mut made = new(&["--scope", "append,read,admin", "--prefix", "orders"]);
    let token = made.answer(0);
    assert_eq!(made.stdout.all(), [&*token]);
    let said = made.stderr.all().join("\n");
    let line = made.stderr.all().pop().unwrap_or_default();
    assert!(
        !said.contains(&token) && said.contains("--tokens"),
        "{said}"
    );
    assert!(
        line.ends_with("  append:orders,read:orders,admin:orders"),
        "{said}"
    );

    let tokens = Tokens::default();
    tokens.write(&line);
    let service = tokens.producer(&[]);
    let client = Client::new(&service, &token);
    assert_eq!(
        client
            .ask("PUT", "/v1/stream/orders/eu", &[JSON], "")
            .status,
        201
    );
    refused(
        client.ask("PUT", "/v1/stream/order", &[JSON], ""),
        403,
        "SCOPE",
    );

    let check = |args: &[&str], code: i32, text: &str| {
        let mut service = new(args);
        assert_eq!(service.exit_code(), Some(code), "{args:?}");
        assert!(service.stderr.wait_for(text).is_some(), "{args:?}: {text}");
    };
    check(&[], 64, "--scope");
    check(
        &["--scope", "write"],
        64,
        "scopes are append, read and admin",
    );
    check(&["--scope", "read", "--prefix", "a/"], 64, "--prefix: ");
    check(&["--scope", "read", "--name", "a b"], 64, "--name: ");
    check(
        &["--scope", "read", "--append-to", "/no/such/file"],
        78,
        "/no/such/file",
    );
}

#[test]
fn a_file_that_is_none_of_tokens_is_a_wrong_setting() {
    let tokens = Tokens::default();
    drop(tokens.add("a", "read"));
    let check = |line: &str, why: &str| {
        tokens.write(&format!("{}{line}\n", tokens.lines()));
        let mut service = tokens.producer(&[]);
        assert_eq!(service.exit_code(), Some(78), "{line}");
        assert!(service.stderr.wait_for(why).is_some(), "{line}: {why}");
        tokens.remove("wrong");
    };
    check("wrong", "tokens:3: a line is a name, sha256:");
    check("wrong sha256:00 read", "tokens:3: a token's hash");
    let mut missing = producer(&["--tokens", "/no/such/file"]);
    assert_eq!(missing.exit_code(), Some(78));
    assert!(
        missing
            .stderr
            .wait_for("--tokens: cannot read /no/such/file")
            .is_some()
    );
}
