//! Whose web pages may change something: those of the origins that are allowed, in a real browser too.

use tests::{
    browser::Browser,
    foreign::give,
    http::{ask, fetch},
    producer,
    tokens::Tokens,
};

use crate::{
    named::{named, refused},
    wire::{JSON, NDJSON},
};

const LISTED: (&str, &str) = ("origin", "https://a.example");
const OTHER: (&str, &str) = ("origin", "https://b.example");

#[test]
fn a_page_of_an_allowed_origin_may_change_something() {
    let service = producer(&["--source", "none", "--allow-origin", "https://a.example"]);
    let stream = named(&service, "s");
    let made = stream.put(&[JSON, LISTED], "[1]");
    assert_eq!(made.status, 201);
    assert_eq!(made.header("access-control-allow-origin"), "*");
    let exposed = made.header("access-control-expose-headers");
    assert!(exposed.contains("stream-next-offset"), "{exposed}");
    let asked = ask("OPTIONS", &service.url("/v1/stream/s"), &[LISTED], b"");
    assert_eq!(
        asked.header("access-control-allow-methods"),
        "GET, HEAD, POST, PUT, PATCH, DELETE"
    );
    let allowed = asked.header("access-control-allow-headers");
    for name in [
        "content-type",
        "authorization",
        "producer-id",
        "stream-closed",
    ] {
        assert!(allowed.contains(name), "{allowed}");
    }

    // All others may read.
    refused(stream.post(&[NDJSON, OTHER], "2"), 403, "ORIGIN");
    let twice = stream.post(&[NDJSON, LISTED, OTHER], "2");
    refused(twice, 403, "ORIGIN");
    let asked = ask("OPTIONS", &service.url("/v1/stream/s"), &[OTHER], b"");
    assert_eq!(asked.header("access-control-allow-methods"), "GET, HEAD");
    let read = fetch(&service.url("/v1/stream/s"), &[OTHER]);
    assert_eq!(read.header("access-control-allow-origin"), "*");
    assert_eq!(read.text().expect("a page"), "[1]");

    let any = producer(&["--source", "none", "--allow-origin", "*"]);
    assert_eq!(named(&any, "s").put(&[JSON, OTHER], "").status, 201);
    let mut wrong = producer(&["--allow-origin", "https://a.example/"]);
    assert_eq!(wrong.exit_code(), Some(78));
    assert!(
        wrong
            .stderr
            .wait_for("--allow-origin: \"https://a.example/\" is no")
            .is_some()
    );
}

/// What a page does: asks in all ways, with a token if it has one, and keeps what came of it.
const ASK: &str = r#"
const done = arguments[arguments.length - 1];
const ask = async (method, headers, body) => {
  try {
    const answer = await fetch(STREAM, { method, headers: { ...TOKEN, ...headers }, body });
    const text = await answer.text();
    return answer.ok ? `${answer.status} ${text}` : `${answer.status} ${JSON.parse(text).code}`;
  } catch (error) { return error.name; }
};
(async () => {
  const type = { "content-type": "application/json" };
  const told = [
    await ask("PUT", type, "[1]"),
    await ask("POST", { ...type, "producer-id": "p", "producer-epoch": "0", "producer-seq": "0" }, "2"),
    await ask("POST", { "content-type": "text/plain" }, "3"),
    await ask("GET", {}),
  ];
  done(told);
})();"#;

#[test]
fn a_browser_lets_a_page_do_what_it_may() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let page = give("text/html", "<!doctype html><title>page</title>");
    let origin = page.trim_end_matches('/').to_owned();
    let tokens = Tokens::default();
    let token = tokens.add("page", "read,append");
    let asked = |args: &[&str], headers: &str| {
        let service = tokens.producer(args);
        let url = service.url("/v1/stream/s");
        browser.go(&page);
        let script = ASK
            .replace("STREAM", &format!("{url:?}"))
            .replace("TOKEN", headers);
        let told = browser.run(&script);
        let told = told.as_array().expect("a list").iter();
        let told = told.map(|line| line.as_str().unwrap_or_default().to_owned());
        told.collect::<Vec<_>>()
    };
    let with_token = format!("{{ authorization: \"Bearer {token}\" }}");
    // A page that may not even ask learns nothing; of what it may send, the answer says why.
    let lost = "TypeError";
    let reads = "404 NOT_FOUND";
    assert_eq!(asked(&[], &with_token), [lost, lost, "403 ORIGIN", reads]);
    assert_eq!(
        asked(&[], "{}"),
        [lost, lost, "401 NO_TOKEN", "401 NO_TOKEN"]
    );
    let allowed = ["--allow-origin", &origin];
    let told = asked(&allowed, &with_token);
    assert_eq!(told, ["201 ", "200 ", "409 WRONG_TYPE", "200 [1,2]"]);
    let none = ["401 NO_TOKEN"; 4];
    assert_eq!(asked(&allowed, "{}"), none);
}
