//! Forks: what begins as another stream was up to a place, and goes on by itself, whatever becomes of the
//! other one.

use tests::http::{Answer, ask, fetch};

use crate::{
    durable::on,
    named::{CLOSED, Named, TEXT, memory, named, refused, small_pages},
    wire::JSON,
};

const FROM: &str = "stream-forked-from";
const AT: &str = "stream-fork-offset";
const SUB: &str = "stream-fork-sub-offset";
const ZERO: &str = "0000000000000000_0000000000000000";

/// What a refusal says to people.
fn detail(answer: Answer) -> String {
    let problem = answer.json();
    let detail = problem.get("detail").and_then(|detail| detail.as_str());
    detail.expect("a problem has one").to_owned()
}

fn text(stream: &Named<'_>) -> String {
    stream.read("").text().expect("a page")
}

#[test]
fn a_live_reader_of_a_fork_gets_the_past_then_what_is_its_own() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for service in [memory(), on(directory.path(), "none")] {
        let (source, fork) = (named(&service, "source"), named(&service, "fork"));
        source.put(&[JSON], "[1,2]");
        let made = fork.put(&[(FROM, "/v1/stream/source")], "");
        assert_eq!((made.status, made.header(FROM)), (201, ""));
        assert_eq!(made.header("content-type"), JSON.1);
        source.post(&[JSON], "[3]");
        let mut reader = fork.read("live=ndjson");
        assert_eq!(reader.lines(2), ["1", "2"]);
        source.post(&[JSON], "[4]");
        fork.post(&[JSON], "[5]");
        assert_eq!(source.ask("DELETE", &[], "").status, 204);
        fork.post(&[CLOSED], "");
        assert_eq!(reader.text().expect("closed is a clean end"), "5\n");
        assert_eq!(text(&fork), "[1,2,5]");
    }
}

#[test]
fn a_fork_outlives_its_source_and_the_process() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), "none");
    named(&service, "source").put(&[JSON], "[1,2,3]");
    let at = [(FROM, "/v1/stream/source"), (AT, ZERO), (SUB, "2")];
    assert_eq!(named(&service, "fork").put(&at, "[7]").status, 201);
    let of_fork = [(FROM, "/v1/stream/fork"), JSON];
    assert_eq!(named(&service, "second").put(&of_fork, "").status, 201);
    for name in ["source", "fork"] {
        assert_eq!(named(&service, name).ask("DELETE", &[], "").status, 204);
    }
    let less = [("stream-retention-age", "1h")];
    for _ in 0..2 {
        service.kill();
        let _killed = service.exit_code();
        service = on(directory.path(), "none");
        assert_eq!(text(&named(&service, "second")), "[1,2,7]");
        for name in ["source", "fork"] {
            let deleted = named(&service, name);
            assert_eq!(deleted.head().status, 410);
            refused(deleted.read("offset=-1"), 410, "DELETED");
            refused(deleted.post(&[JSON], "8"), 410, "DELETED");
            refused(deleted.ask("PATCH", &less, ""), 410, "DELETED");
            refused(deleted.ask("DELETE", &[], ""), 410, "DELETED");
            refused(deleted.put(&[JSON], ""), 409, "FORKED");
        }
        let other = named(&service, "other").put(&at, "");
        refused(other, 409, "FORKED");
        assert_eq!(named(&service, "second").put(&of_fork, "").status, 200);
    }
    assert_eq!(named(&service, "second").ask("DELETE", &[], "").status, 204);
    for name in ["source", "fork", "second"] {
        assert_eq!(named(&service, name).head().status, 404, "{name}");
        assert_eq!(named(&service, name).put(&[JSON], "").status, 201);
    }
}

#[test]
fn a_fork_is_a_stream_like_any_other() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for service in [memory(), on(directory.path(), "none")] {
        let (source, fork) = (named(&service, "source"), named(&service, "fork"));
        source.put(&[JSON], "[1,22,333]");
        let forked = source.head().header("stream-next-offset").to_owned();
        assert_eq!(fork.put(&[(FROM, "/v1/stream/source")], "").status, 201);
        source.post(&[JSON], "[9]");
        let elsewhere = source.head().header("stream-next-offset").to_owned();
        let at = |place| fork.post(&[JSON, ("stream-match-offset", place)], "4");
        refused(at(&elsewhere), 412, "ELSEWHERE");
        assert_eq!(at(&forked).status, 204);
        for (query, expected) in [
            ("tail=3", "[22,333,4]"),
            ("tail=9", "[1,22,333,4]"),
            ("limit=2", "[1,22]"),
            ("since=1970-01-01T00:00:00Z", "[1,22,333,4]"),
            ("tail=2&limit=1", "[333]"),
        ] {
            assert_eq!(
                fork.read(query).text().expect("a page"),
                expected,
                "{query}"
            );
        }
        let less = [("stream-retention-age", "1h")];
        assert_eq!(fork.ask("PATCH", &less, "").status, 204);
        assert_eq!(source.ask("DELETE", &[], "").status, 204);
        let page = fetch(&service.url("/v1/stream"), &[]).json();
        let streams = page["streams"].as_array().expect("a list");
        let kept = |name: &str| {
            let found = streams.iter().find(|stream| stream["name"] == name);
            found.map(|stream| stream["retention_milliseconds"].clone())
        };
        assert_eq!(kept("fork"), Some(3_600_000.into()));
        assert_eq!(
            kept("source"),
            None,
            "what is there for its forks is not listed"
        );
        assert_eq!(text(&fork), "[1,22,333,4]");
    }
}

#[test]
fn what_is_no_fork_is_refused_and_holds_nothing() {
    let service = memory();
    let source = named(&service, "source");
    source.put(&[JSON, ("stream-ttl", "900")], "[1,22,333]");
    let tail = source.head().header("stream-next-offset").to_owned();
    let from = (FROM, "/v1/stream/source");
    let fork = named(&service, "fork");
    refused(fork.put(&[(AT, ZERO)], ""), 400, "INVALID_HEADER");
    refused(fork.put(&[(SUB, "0")], ""), 400, "INVALID_HEADER");
    refused(fork.put(&[from, (SUB, "1")], ""), 400, "INVALID_HEADER");
    refused(fork.put(&[from, (AT, "-1")], ""), 400, "INVALID_HEADER");
    refused(fork.put(&[(FROM, "source")], ""), 400, "INVALID_HEADER");
    refused(
        fork.put(&[from, (AT, &tail), (SUB, "1")], ""),
        400,
        "INVALID_OFFSET",
    );
    refused(
        fork.put(&[from, (AT, ZERO), (SUB, "4")], ""),
        400,
        "INVALID_OFFSET",
    );
    refused(fork.put(&[(FROM, "/v1/stream/no")], ""), 404, "NOT_FOUND");
    refused(fork.put(&[from, TEXT], ""), 409, "WRONG_TYPE");
    let early = "0000000000000001_0000000000000001";
    refused(fork.put(&[from, (AT, early)], ""), 410, "GONE");
    for place in ["-1", "now"] {
        let said = detail(fork.put(&[from, (AT, place)], ""));
        assert!(!said.contains("-1, now"), "{place} is none, and {said:?}");
    }
    let said = detail(fork.put(&[from, (AT, ZERO), (SUB, "4")], ""));
    assert!(said.contains("4 records"), "it is not the offset: {said:?}");
    assert_eq!(source.ask("DELETE", &[], "").status, 204);
    assert_eq!(source.head().status, 404, "nothing has forked it");

    source.put(&[JSON, ("stream-ttl", "900")], "[1,22,333]");
    let at = |records| [from, (AT, ZERO), (SUB, records)];
    assert_eq!(fork.put(&at("3"), "").status, 201);
    assert_eq!(fork.head().header("stream-ttl"), "900");
    assert_eq!(fork.put(&at("3"), "").status, 200);
    assert_eq!(fork.put(&[from], "").status, 200);
    refused(fork.put(&at("2"), ""), 409, "EXISTS");
    refused(fork.put(&[JSON, ("stream-ttl", "900")], ""), 409, "EXISTS");
    refused(source.put(&[from, JSON], ""), 409, "EXISTS");
}

#[test]
fn a_hundred_forks_each_of_the_one_before_are_the_most() {
    let service = small_pages();
    let body = |from: usize| (from * 20..from * 20 + 20).map(|number| number.to_string());
    let mut meant: Vec<_> = body(0).collect();
    named(&service, "0").put(&[JSON], format!("[{}]", meant.join(",")));
    for number in 1..=101_usize {
        let path = format!("/v1/stream/{}", number - 1);
        let name = number.to_string();
        let more: Vec<_> = body(number).collect();
        let answer = named(&service, &name).put(&[(FROM, &path)], format!("[{}]", more.join(",")));
        if number == 101 {
            assert_eq!(answer.header("retry-after"), "", "waiting helps nobody");
            refused(answer, 429, "TOO_MANY");
        } else {
            assert_eq!(answer.status, 201, "{number}");
            meant.extend(more);
        }
    }
    let (pages, count) = named(&service, "100").pages(&[("accept", "application/x-ndjson")]);
    assert!(count > 1, "{count} pages");
    let lines = pages.concat();
    assert_eq!(lines.lines().collect::<Vec<_>>(), meant);
}

#[test]
fn a_source_whose_time_is_over_is_deleted_but_for_its_forks_at_once() {
    let service = memory();
    let source = named(&service, "source");
    source.put(&[JSON, ("stream-ttl", "3")], "[1]");
    let fork = named(&service, "fork");
    let from = [(FROM, "/v1/stream/source"), ("stream-ttl", "900")];
    assert_eq!(fork.put(&from, "").status, 201);
    let over = loop {
        let head = source.head();
        if head.status != 200 {
            break head;
        }
        std::thread::yield_now();
    };
    assert_eq!(over.status, 410, "and never 404");
    let other = named(&service, "other").put(&[from[0], (AT, ZERO)], "");
    refused(other, 409, "FORKED");
    refused(source.read(""), 410, "DELETED");
    refused(source.post(&[JSON], "1"), 410, "DELETED");
    refused(source.ask("DELETE", &[], ""), 410, "DELETED");
    refused(source.put(&[JSON], ""), 409, "FORKED");
    assert_eq!(text(&fork), "[1]");
    assert_eq!(fork.ask("DELETE", &[], "").status, 204);
    assert_eq!(source.head().status, 404);
}

#[test]
fn a_topic_waits_for_the_last_fork_of_a_partition_that_was_deleted() {
    let service = memory();
    let topic = service.url("/v1/topics/t");
    let make = || ask("PUT", &topic, &[], br#"{"partitions":2,"key":""}"#);
    assert_eq!(make().status, 201);
    let fork = named(&service, "fork");
    assert_eq!(fork.put(&[(FROM, "/v1/stream/t/1")], "").status, 201);
    assert_eq!(ask("DELETE", &topic, &[], b"").status, 204);
    refused(make(), 409, "FORKED");
    assert_eq!(named(&service, "t/0").head().status, 404, "none was made");
    assert_eq!(fork.ask("DELETE", &[], "").status, 204);
    assert_eq!(make().status, 201);
}
