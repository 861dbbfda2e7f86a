//! Pages of a stream: cut between records, found again by their offsets, and not sent twice.

use serde_json::Value;
use tests::{http::json, producer};

use crate::{
    named::{CLOSED, TEXT, memory, named, refused, small_pages},
    wire::{JSON, NDJSON, after},
};

#[test]
fn pages_are_cut_between_records_and_make_the_whole() {
    let service = small_pages();
    let lines: Vec<_> = (0..1000).map(|id| format!("{{\"id\":{id}}}")).collect();
    let long = format!("\"{}\"", "x".repeat(10_000));
    let lines = [&lines[..500], &[long], &lines[500..]].concat();
    let all = lines.join("\n");

    let stream = named(&service, "json");
    stream.put(&[JSON], format!("[{}]", lines.join(",")));
    let (pages, count) = stream.pages(&[]);
    assert!(count > 4, "{count} pages");
    let values = pages.iter().flat_map(|page| match json(page) {
        Value::Array(values) => values,
        other => panic!("{other} is no array"),
    });
    let values: Vec<_> = values.map(|value| value.to_string()).collect();
    assert_eq!(values, lines);
    let bound = |page: &String| page.len() <= 4097 || page.matches(',').count() == 0;
    assert!(pages.iter().all(bound), "a page is too long");
    let as_lines = stream.pages(&[("accept", "application/x-ndjson")]).0;
    assert_eq!(as_lines.concat(), all.clone() + "\n");

    let stream = named(&service, "bytes");
    stream.put(&[TEXT, CLOSED], &all);
    let (pages, count) = stream.pages(&[]);
    assert_eq!(
        (pages.concat(), count),
        (all.clone(), all.len().div_ceil(4096))
    );
}

#[test]
fn a_large_page_is_whole() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "");
    let body = (0..400_000).map(|id| format!("{{\"id\":{id}}}\n"));
    let body: String = body.collect();
    assert_eq!(stream.post(&[NDJSON], &body).status, 204);
    let page = stream.read("");
    let length: usize = page.header("content-length").parse().expect("a length");
    // It ends where a part ends that is kept together, of 256 KiB at the most.
    assert!(
        (4 << 20) - (256 << 10) < length && length <= (4 << 20) + 1,
        "{length}"
    );
    let Value::Array(values) = page.json() else {
        panic!("no array")
    };
    let last = values.last().expect("records");
    assert_eq!(last["id"], values.len() - 1);
}

#[test]
fn an_offset_is_a_place_of_the_stream_or_refused() {
    let service = memory();
    let stream = named(&service, "s");
    let first = stream.begin(&[JSON], "");
    stream.post(&[JSON], "[1,22]");
    let read = |offset: &str| stream.read(&format!("offset={offset}"));
    for (offset, expected) in [
        ("-1", "[1,22]"),
        (&*first, "[1,22]"),
        (&*after(&first, &["1"]), "[22]"),
        (&*after(&first, &["1", "22"]), "[]"),
        ("now", "[]"),
    ] {
        let page = read(offset);
        assert_eq!(page.header("stream-up-to-date"), "true", "{offset}");
        let next = page.header("stream-next-offset").to_owned();
        assert_eq!(next, after(&first, &["1", "22"]), "{offset}");
        assert_eq!(page.text().expect("a page"), expected, "{offset}");
    }
    let beyond = after(&first, &["1", "22", "3"]);
    let off_border = after(&first, &[""]);
    for offset in ["", "0", "-2", "a,b", "now&offset=now", &beyond, &off_border] {
        refused(read(offset), 400, "INVALID_OFFSET");
    }
    assert_eq!(stream.read("offset=-1&foo=bar&other").status, 200);
    refused(
        named(&service, "nothing").read("offset=now"),
        404,
        "NOT_FOUND",
    );
}

#[test]
fn what_is_no_longer_kept_is_gone_and_the_earliest_is_told() {
    let args = [
        "--source",
        "none",
        "--data-dir",
        "memory",
        "--memory-bytes",
        "1MiB",
    ];
    let service = producer(&args);
    let stream = named(&service, "s");
    let first = stream.begin(&[JSON], "");
    let line = format!("\"{}\"\n", "x".repeat(1000));
    for _ in 0..8 {
        assert_eq!(stream.post(&[NDJSON], line.repeat(512)).status, 204);
    }
    let earliest = || stream.head().header("stream-earliest-offset").to_owned();
    assert!(earliest() > first, "everything is still kept");
    for query in ["", "&live=ndjson", "&live=ndjson&marks=1"] {
        // More may be let go of at any moment.
        let before = earliest();
        let gone = stream.read(&format!("offset={first}{query}"));
        let told = gone.header("stream-earliest-offset").to_owned();
        let possible = before..=earliest();
        assert!(possible.contains(&told), "{query}: {told} {possible:?}");
        refused(gone, 410, "GONE");
        let query = format!("offset=-1{query}");
        assert_eq!(stream.read(&query).status, 200, "-1 is never gone");
    }
}

#[test]
fn a_page_that_is_known_is_not_sent_again() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "[1]");
    let known = |tag: &str| stream.ask("GET", &[("if-none-match", tag)], "");
    let tag = || stream.read("").header("etag").to_owned();
    let first = tag();
    let not_modified = known(&first);
    assert_eq!(
        (not_modified.status, not_modified.header("etag")),
        (304, &*first)
    );
    assert_eq!(not_modified.header("stream-up-to-date"), "true");
    assert_eq!(known("\"other\"").status, 200);
    let lines = [
        ("accept", "application/x-ndjson"),
        ("if-none-match", &*first),
    ];
    assert_eq!(stream.ask("GET", &lines, "").status, 200, "another form");
    stream.post(&[JSON], "2");
    let second = tag();
    assert_eq!(known(&first).status, 200, "there is more");
    stream.post(&[CLOSED], "");
    let closed = known(&second);
    assert_eq!(
        (closed.status, closed.header("stream-closed")),
        (200, "true")
    );
    assert_eq!(stream.read("offset=now").header("etag"), "");
    assert_eq!(
        stream.read("offset=now").header("cache-control"),
        "no-store"
    );
    stream.ask("DELETE", &[], "");
    stream.put(&[JSON, CLOSED], "[3,4]");
    assert_eq!(known(&tag()).status, 304);
    assert_eq!(known(&second).status, 200, "it is another stream");
}
