//! Streams by their names: made or found, described, ended, kept; by the rules of the Durable Streams
//! protocol, and by ours.

use std::thread;

use tests::producer;

use crate::{
    durable::{self, on},
    long_poll::wait_for_readers,
    named::{CLOSED, Headers, TEXT, memory, named, refused},
    wire::{JSON, NDJSON, after},
};

#[test]
fn a_stream_is_made_or_found_as_it_shall_be() {
    let service = memory();
    let check = |name: &str, made: Headers<'_>, again: Headers<'_>, status: u16| {
        let stream = named(&service, name);
        assert_eq!(stream.put(made, "").status, 201, "{name}");
        let answer = stream.put(again, "");
        assert_eq!(answer.status, status, "{name}: {again:?}");
        if status == 409 {
            refused(answer, 409, "EXISTS");
        }
    };
    let ttl = |seconds| [TEXT, ("stream-ttl", seconds)];
    let until = |time| [TEXT, ("stream-expires-at", time)];
    check("same", &[TEXT], &[TEXT], 200);
    check("case", &[TEXT], &[("content-type", "Text/PLAIN")], 200);
    check("type", &[TEXT], &[JSON], 409);
    check(
        "default-type",
        &[],
        &[("content-type", "application/octet-stream")],
        200,
    );
    check("ttl", &ttl("60"), &ttl("60"), 200);
    check("other-ttl", &ttl("60"), &ttl("61"), 409);
    check("no-ttl", &ttl("60"), &[TEXT], 409);
    let (time, same_time) = ("2100-01-01T00:00:00Z", "2100-01-01T02:00:00.000+02:00");
    check("until", &until(time), &until(same_time), 200);
    check("closed", &[TEXT, CLOSED], &[TEXT, CLOSED], 200);
    check("not-closed", &[TEXT], &[TEXT, CLOSED], 409);
    check("closed-already", &[TEXT, CLOSED], &[TEXT], 409);
    check("not-true", &[TEXT, ("stream-closed", "yes")], &[TEXT], 200);
}

#[test]
fn what_a_stream_begins_with_is_in_the_request_that_makes_it() {
    let service = memory();
    let check = |name: &str, content_type, body: &str, expected: &str| {
        let stream = named(&service, name);
        let made = stream.put(&[content_type, CLOSED], body);
        assert_eq!(made.status, 201, "{name}");
        let url = service.url(&format!("/v1/stream/{name}"));
        assert_eq!(made.header("location"), url, "{name}");
        assert_eq!(made.header("content-type"), content_type.1, "{name}");
        assert_eq!(made.header("stream-closed"), "true", "{name}");
        let read = stream.read("");
        let next = read.header("stream-next-offset");
        assert_eq!(made.header("stream-next-offset"), next, "{name}");
        assert_eq!(read.header("stream-closed"), "true", "{name}");
        assert_eq!(read.header("content-type"), content_type.1, "{name}");
        assert_eq!(read.text().expect("a page"), expected, "{name}");
    };
    check("bytes", TEXT, "a\nb", "a\nb");
    check("nothing", TEXT, "", "");
    check("json", JSON, " [1,\n{\"a\":[2]}]", "[1,{\"a\":[2]}]");
    check("one", JSON, "{\"a\":1}", "[{\"a\":1}]");
    check("no-json", JSON, "", "[]");
    check("empty-array", JSON, "[]", "[]");
    check("lines", NDJSON, "1\n\n[2]", "1\n[2]\n");
    refused(
        named(&service, "broken").put(&[JSON], "[1,"),
        400,
        "INVALID_RECORD",
    );
    assert_eq!(named(&service, "broken").head().status, 404);
    let fork = [TEXT, ("stream-forked-from", "/v1/stream/bytes")];
    assert_eq!(named(&service, "fork").put(&fork, "c").status, 201);
    let read = named(&service, "fork").read("");
    assert_eq!(read.text().expect("a page"), "a\nbc");
}

#[test]
fn a_name_is_one_or_is_refused() {
    let service = memory();
    let long = "x".repeat(255);
    for name in ["a", "A.b_c~d-e/0/1", "a%2Eb", &long] {
        assert_eq!(named(&service, name).put(&[], "").status, 201, "{name}");
    }
    assert_eq!(named(&service, "a.b").head().status, 200);
    for name in [
        "",
        "a/",
        "a//b",
        ".a",
        "__dsx",
        "__dsx/a",
        "a%20b",
        "a%2Fb",
        "a%zz",
        &(long + "x"),
    ] {
        refused(named(&service, name).put(&[], ""), 400, "INVALID_NAME");
        refused(named(&service, name).read(""), 400, "INVALID_NAME");
    }
    // What is below it belongs to the protocol itself, and no stream is there.
    let control = named(&service, "__ds/a");
    refused(control.put(&[], ""), 404, "SUBSCRIPTION_NOT_FOUND");
    refused(control.read(""), 404, "SUBSCRIPTION_NOT_FOUND");
}

#[test]
fn a_stream_whose_time_is_over_is_not_there() {
    let service = memory();
    for (name, over) in [
        ("idle", ("stream-ttl", "0")),
        ("until", ("stream-expires-at", "2026-01-01T00:00:00Z")),
    ] {
        let stream = named(&service, name);
        assert_eq!(stream.put(&[TEXT, over], "x").status, 201);
        assert_eq!(stream.head().status, 404);
        refused(stream.read(""), 404, "NOT_FOUND");
        refused(stream.post(&[TEXT], "x"), 404, "NOT_FOUND");
        assert_eq!(stream.put(&[JSON], "[7]").status, 201, "a new one");
        assert_eq!(stream.read("").text().expect("a page"), "[7]");
    }
    let both = [
        ("stream-ttl", "1"),
        ("stream-expires-at", "2100-01-01T00:00:00Z"),
    ];
    refused(
        named(&service, "both").put(&both, ""),
        400,
        "INVALID_HEADER",
    );
    for seconds in ["01", "+1", "1.0", "1e3", "-1", "x"] {
        let stream = named(&service, "bad");
        refused(
            stream.put(&[("stream-ttl", seconds)], ""),
            400,
            "INVALID_HEADER",
        );
    }
    // What RFC 3339 cannot write in UTC could not be told either.
    for time in [
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "0000-01-01T00:00:00+00:01",
    ] {
        let stream = named(&service, "beyond");
        refused(
            stream.put(&[("stream-expires-at", time)], ""),
            400,
            "INVALID_HEADER",
        );
    }
}

#[test]
fn a_stream_that_somebody_reads_live_is_in_use() {
    let args = [
        "--source",
        "none",
        "--keep-alive",
        "1h",
        "--long-poll-timeout",
        "1h",
    ];
    let service = producer(&args);
    let lines = "live=ndjson";
    let readers = [("lines", lines), ("events", "live=sse&offset=-1")];
    let stream = |name: &str| {
        let stream = named(&service, name);
        assert_eq!(stream.put(&[JSON, ("stream-ttl", "3")], "").status, 201);
        stream
    };
    let polled = stream("polled");
    let read = readers.map(|(name, query)| {
        let stream = stream(name);
        let body = stream.read(query);
        (stream, body)
    });
    thread::scope(|scope| {
        let waiting = scope.spawn(|| polled.read("live=long-poll&offset=-1"));
        wait_for_readers(&service, 3);
        let unread = stream("unread");
        while unread.head().status == 200 {
            thread::yield_now();
        }
        let left = read.map(|(stream, body)| {
            assert_eq!(stream.head().status, 200, "{body:?}");
            stream
        });
        for stream in left {
            while stream.head().status == 200 {
                thread::yield_now();
            }
        }
        assert_eq!(polled.post(&[JSON], "1").status, 204);
        assert_eq!(waiting.join().expect("an answer").status, 200);
    });
}

#[test]
fn head_says_what_is_known_of_a_stream() {
    let service = memory();
    let stream = named(&service, "s");
    let time = "2100-01-01T02:00:00+02:00";
    stream.put(&[JSON, ("stream-expires-at", time)], "[1,2,3]");
    let head = stream.head();
    assert_eq!(head.status, 200);
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("stream-expires-at", "2100-01-01T00:00:00.000Z"),
        ("stream-record-count", "3"),
        ("stream-closed", ""),
    ] {
        assert_eq!(head.header(name), value, "{name}");
    }
    let earliest = head.header("stream-earliest-offset");
    let next = after(earliest, &["1", "2", "3"]);
    assert_eq!(head.header("stream-next-offset"), next);
    assert!(head.header("stream-last-time").ends_with('Z'));
    let idle = named(&service, "idle");
    idle.put(&[("stream-ttl", "3600")], "");
    assert_eq!(idle.head().header("stream-ttl"), "3600");
    assert_eq!(named(&service, "nothing").head().status, 404);
}

#[test]
fn a_page_of_any_origin_may_read_and_change_nothing() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "x");
    let origin = [("origin", "http://a.page")];
    let asked = stream.ask("OPTIONS", &origin, "");
    assert_eq!(asked.status, 204);
    let allowed = asked.header("access-control-allow-headers");
    assert!(allowed.contains("if-none-match"), "{allowed}");
    assert_eq!(asked.header("access-control-allow-methods"), "GET, HEAD");
    let read = stream.ask("GET", &origin, "");
    assert_eq!(read.header("access-control-allow-origin"), "*");
    let exposed = read.header("access-control-expose-headers");
    for name in [
        "etag",
        "stream-next-offset",
        "stream-up-to-date",
        "stream-closed",
    ] {
        assert!(exposed.contains(name), "{exposed}");
    }
    assert_eq!(read.header("cross-origin-resource-policy"), "cross-origin");
    for method in ["PUT", "DELETE", "POST", "PATCH"] {
        refused(stream.ask(method, &origin, ""), 403, "ORIGIN");
    }
    let unknown = stream.ask("TRACE", &[], "");
    assert_eq!(
        unknown.header("allow"),
        "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    );
    refused(unknown, 405, "METHOD_NOT_ALLOWED");
}

#[test]
fn streams_survive_the_process() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let said = |sequence| {
        [
            TEXT,
            ("producer-id", "p"),
            ("producer-epoch", "3"),
            ("producer-seq", sequence),
        ]
    };
    let settings = [TEXT, ("stream-ttl", "3600")];
    let mut service = on(directory.path(), "none");
    {
        let stream = named(&service, "a/b");
        assert_eq!(stream.put(&settings, "x").status, 201);
        assert_eq!(stream.post(&said("0"), "y").status, 200);
        assert_eq!(stream.post(&[TEXT, ("stream-seq", "7")], "z").status, 204);
        named(&service, "closed").put(&[JSON], "[1]");
        named(&service, "closed").post(&[JSON, CLOSED], "2");
        named(&service, "deleted").put(&[JSON], "[1]");
        named(&service, "deleted").ask("DELETE", &[], "");
    }
    for end in ["kill", "stop"] {
        durable::end(&mut service, end);
        service = on(directory.path(), "none");
        let stream = named(&service, "a/b");
        assert_eq!(stream.put(&settings, "").status, 200, "{end}");
        assert_eq!(stream.read("").text().expect("a page"), "xyz", "{end}");
        assert_eq!(stream.post(&said("0"), "y").status, 204, "{end}");
        refused(stream.post(&said("2"), "y"), 409, "SEQUENCE_GAP");
        refused(
            stream.post(&[TEXT, ("stream-seq", "7")], "z"),
            409,
            "SEQUENCE",
        );
        let closed = named(&service, "closed");
        assert_eq!(closed.head().header("stream-closed"), "true", "{end}");
        assert_eq!(closed.read("").text().expect("a page"), "[1,2]", "{end}");
        refused(closed.post(&[JSON], "3"), 409, "CLOSED");
        assert_eq!(named(&service, "deleted").head().status, 404, "{end}");
    }
}
