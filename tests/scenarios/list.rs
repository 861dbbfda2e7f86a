//! The list of streams: what there is, a page at a time.

use serde_json::{Value, json};
use tests::{Service, http::fetch};

use crate::{
    named::{CLOSED, TEXT, memory, named, refused},
    wire::JSON,
};

/// The names on the pages of a list, and how many pages there are.
fn names(service: &Service, query: &str) -> (Vec<String>, usize) {
    let (mut all, mut pages) = (Vec::new(), 0);
    let mut next = Some(format!("/v1/stream?{query}"));
    while let Some(path) = next {
        let page = fetch(&service.url(&path), &[]);
        assert_eq!(
            (page.status, page.header("cache-control")),
            (200, "no-store")
        );
        let page = page.json();
        let streams = page.get("streams").and_then(Value::as_array);
        let names = streams.expect("a list").iter().map(|stream| {
            let name = stream.get("name").and_then(Value::as_str);
            name.expect("a name").to_owned()
        });
        all.extend(names);
        next = page.get("next").and_then(Value::as_str).map(str::to_owned);
        pages += 1;
    }
    (all, pages)
}

#[test]
fn streams_are_listed_by_name_and_page() {
    let service = memory();
    let mut expected: Vec<_> = (0..12).map(|number| format!("a/{number}")).collect();
    expected.extend(["a", "ab", "b"].map(str::to_owned));
    for name in &expected {
        named(&service, name).put(&[JSON], "");
    }
    named(&service, "over").put(&[TEXT, ("stream-ttl", "0")], "");
    expected.push("default".to_owned());
    expected.sort();
    let check = |query: &str, begins: &str, after: &str, pages: usize| {
        let fits = |name: &&String| name.starts_with(begins) && name.as_str() > after;
        let expected: Vec<_> = expected.iter().filter(fits).cloned().collect();
        assert_eq!(names(&service, query), (expected, pages), "{query}");
    };
    check("", "", "", 1);
    check("limit=1", "", "", 16);
    check("limit=5", "", "", 4);
    check("limit=16", "", "", 1);
    check("prefix=a%2F&limit=7", "a/", "", 2);
    check("prefix=a&after=a/3", "a", "a/3", 1);
    check("prefix=c", "c", "", 1);
    check("after=default", "", "default", 1);
    for query in ["limit=0", "limit=1001", "limit=x", "prefix=a&prefix=b"] {
        let url = service.url(&format!("/v1/stream?{query}"));
        refused(fetch(&url, &[]), 400, "INVALID_QUERY");
    }
    let post = tests::http::send(&service.url("/v1/stream"), &[], b"1");
    assert_eq!(post.header("allow"), "GET, HEAD, OPTIONS");
    refused(post, 405, "METHOD_NOT_ALLOWED");
}

#[test]
fn a_stream_in_the_list_is_as_it_says_itself() {
    let service = memory();
    let kept = [
        ("stream-retention-bytes", "1KiB"),
        ("stream-retention-age", "90s"),
    ];
    let ttl = ("stream-ttl", "3600");
    named(&service, "a").put(&[&kept[..], &[TEXT, ttl, CLOSED]].concat(), "abc");
    named(&service, "b").put(&[JSON, ("stream-expires-at", "2100-01-01T00:00:00Z")], "");
    let page = fetch(&service.url("/v1/stream?limit=2"), &[]).json();
    let streams = page["streams"].as_array().expect("a list");
    let offsets = |name: &str| {
        let head = named(&service, name).head();
        let header = |name| head.header(name).to_owned();
        (
            header("stream-earliest-offset"),
            header("stream-next-offset"),
        )
    };
    let ((a, a_next), (b, b_next)) = (offsets("a"), offsets("b"));
    let expected = json!([
        {
            "name": "a", "content_type": "text/plain", "earliest_offset": a, "next_offset": a_next,
            "closed": true, "retention_bytes": 1024, "retention_milliseconds": 90_000, "ttl": 3600,
            "expires_at": null,
        },
        {
            "name": "b", "content_type": "application/json", "earliest_offset": b,
            "next_offset": b_next, "closed": false, "retention_bytes": null,
            "retention_milliseconds": null, "ttl": null, "expires_at": "2100-01-01T00:00:00.000Z",
        },
    ]);
    assert_eq!(Value::from(streams.clone()), expected);
    assert_eq!(page["next"], "/v1/stream?after=b&limit=2");
}
