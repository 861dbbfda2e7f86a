//! Reading from a time, or from so many records before the end, and no more than so many.

use tests::http::fetch;

use crate::{
    named::{CLOSED, TEXT, memory, named, refused},
    wire::{JSON, NDJSON, SSE, after},
};

#[test]
fn a_page_begins_and_ends_where_it_was_asked_to() {
    let service = memory();
    let stream = named(&service, "s");
    let made = stream.put(&[JSON], "");
    let first = made.header("stream-next-offset").to_owned();
    stream.post(&[JSON], "[0,1,2,3,4,5,6,7,8,9]");
    let time = stream.head().header("stream-last-time").to_owned();
    let check = |query: &str, from: usize, until: usize| {
        let page = stream.read(query);
        let place = |record: usize| after(&first, &vec!["0"; record]);
        assert_eq!(page.header("stream-next-offset"), place(until), "{query}");
        let is_last = page.header("stream-up-to-date") == "true";
        assert_eq!(is_last, until == 10, "{query}");
        let moves = query.contains("since") || query.contains("tail");
        let begin = if moves { place(from) } else { String::new() };
        assert_eq!(page.header("stream-offset"), begin, "{query}");
        let cache = page.header("cache-control");
        assert_eq!(cache == "no-cache", moves || is_last, "{query}");
        let records: Vec<_> = (from..until).map(|record| record.to_string()).collect();
        let expected = format!("[{}]", records.join(","));
        assert_eq!(page.text().expect("a page"), expected, "{query}");
    };
    check("limit=3", 0, 3);
    check(&format!("offset={}&limit=2", after(&first, &["0"])), 1, 3);
    check("limit=10", 0, 10);
    check("limit=11", 0, 10);
    check("tail=0", 10, 10);
    check("tail=3", 7, 10);
    check("tail=3&limit=2", 7, 9);
    check("tail=99", 0, 10);
    check("since=0", 0, 10);
    check(&format!("since={time}"), 0, 10);
    check("since=2100-01-01T00%3A00%3A00%2B02:00", 10, 10);
    check("live=long-poll&tail=2", 8, 10);
    check("live=long-poll&since=1&limit=1", 0, 1);
    for query in [
        "offset=-1&tail=1",
        "since=0&tail=1",
        "offset=now&since=0",
        "since=soon",
        "tail=-1",
        "limit=0",
    ] {
        refused(stream.read(query), 400, "INVALID_QUERY");
    }
}

#[test]
fn bytes_are_counted_one_by_one() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "abcdef");
    for (query, expected) in [("tail=2", "ef"), ("limit=2", "ab"), ("tail=3&limit=1", "d")] {
        assert_eq!(stream.read(query).text().expect("a page"), expected);
    }
    let events = stream.read("live=sse&tail=4&limit=3").text();
    let events = events.expect("its reader has what it wanted");
    assert!(events.contains("data:cde\n"), "{events}");
}

#[test]
fn a_live_body_ends_cleanly_when_its_reader_has_enough() {
    let service = memory();
    let stream = named(&service, "default");
    stream.post(&[NDJSON], "1\n2\n3");
    let text = |query: &str| stream.read(query).text().expect("a clean end");
    assert_eq!(text("live=ndjson&limit=2"), "1\n2\n");
    assert_eq!(text("live=ndjson&tail=2&limit=1"), "2\n");
    let marked = text("live=ndjson&marks=1&tail=1&limit=1");
    assert!(marked.ends_with(",\"end\":\"limit\"}\n"), "{marked}");
    let mut news = stream.read("live=ndjson&tail=1&limit=2");
    assert_eq!(news.lines(1), ["3"]);
    stream.post(&[NDJSON], "4\n5");
    assert_eq!(news.text().expect("a clean end"), "4\n");
    let short = |query: &str, headers| fetch(&service.url(&format!("/stream?{query}")), headers);
    assert_eq!(
        short("tail=2&limit=2", &[]).text().expect("its end"),
        "4\n5\n"
    );
    let events = short("since=0&limit=1", &[SSE]).text().expect("its end");
    assert_eq!(events.matches("data: 1\n").count(), 1, "{events}");
    stream.post(&[CLOSED], "");
    let closed = text("live=ndjson&marks=1&limit=5");
    assert!(closed.ends_with(",\"end\":\"closed\"}\n"), "{closed}");
}
