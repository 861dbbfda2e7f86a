//! `live=sse`: the protocol's own form of server-sent events, and what an EventSource has of it.

use std::io;

use tests::{
    Service,
    http::{Answer, fetch, json},
    producer,
};

use crate::{
    named::{CLOSED, Headers, Named, TEXT, memory, named, refused},
    wire::{JSON, after},
};

const BYTES: (&str, &str) = ("content-type", "application/octet-stream");

/// An event: its id, its name, its data.
#[derive(Debug, PartialEq, Eq)]
struct Event {
    id: String,
    name: String,
    data: String,
}

/// The next event of a body that has one.
fn event(body: &mut Answer) -> Event {
    next(body).expect("the body goes on").expect("more events")
}

/// The next event of a body; none at a clean end.
fn next(body: &mut Answer) -> io::Result<Option<Event>> {
    let (mut id, mut name, mut data) = (String::new(), String::new(), Vec::new());
    while let Some(line) = body.line()? {
        let (field, value) = line.split_once(':').unwrap_or_default();
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "id" => id = value,
            "event" => name = value,
            "data" => data.push(value),
            "" if line.is_empty() && !data.is_empty() => {
                let data = data.join("\n");
                return Ok(Some(Event { id, name, data }));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// The data of the next event, and what the control behind it says beside the place, which is also
/// the id of both.
fn data(body: &mut Answer) -> (String, String) {
    let data = event(body);
    assert_eq!(data.name, "data", "{data:?}");
    (data.data, control(body, &data.id))
}

/// What the next event, which is a control, says beside the place where it stands.
fn control(body: &mut Answer, place: &str) -> String {
    let control = event(body);
    assert_eq!((&*control.name, &*control.id), ("control", place));
    let mut said = json(&control.data);
    let said = said.as_object_mut().expect("an object");
    let next = said.remove("streamNextOffset").expect("a place");
    assert_eq!(next, place);
    if let Some(cursor) = said.remove("streamCursor") {
        let cursor = cursor.as_str().expect("a text");
        assert!(cursor.parse::<u64>().is_ok(), "{cursor}");
        said.insert("cursor".to_owned(), true.into());
    }
    let mut said: Vec<_> = said.keys().map(String::as_str).collect();
    said.sort_unstable();
    said.join(" ")
}

fn events(stream: &Named<'_>, rest: &str) -> Answer {
    let body = stream.read(&format!("live=sse&{rest}"));
    assert_eq!(body.status, 200, "{rest}");
    assert_eq!(body.header("content-type"), "text/event-stream");
    assert_eq!(body.header("cache-control"), "no-cache");
    body
}

/// Its end, which must be clean, and nothing more.
fn ends(body: Answer) {
    assert_eq!(body.text().expect("a clean end"), "");
}

#[test]
fn history_comes_first_then_what_is_live_then_the_end() {
    let service = memory();
    let stream = named(&service, "s");
    let first = stream.begin(&[JSON], "");
    stream.post(&[JSON], "[1,22]");
    let tail = after(&first, &["1", "22"]);
    let mut body = events(&stream, "offset=-1");
    assert_eq!(body.header("stream-sse-data-encoding"), "");
    assert_eq!(body.lines(2), ["retry: 1000", &format!("id: {first}")]);
    let all = ("[1,22]".to_owned(), "cursor upToDate".to_owned());
    assert_eq!(data(&mut body), all);
    let mut news = events(&stream, "offset=now");
    assert_eq!(control(&mut news, &tail), "cursor upToDate");
    // What is appended and closed at once still comes.
    stream.post(&[JSON, CLOSED], "[3]");
    for mut body in [body, news] {
        let last = ("[3]".to_owned(), "streamClosed upToDate".to_owned());
        assert_eq!(data(&mut body), last);
        ends(body);
    }
    let end = after(&tail, &["3"]);
    // Who believed the head of an answer would not come back for what its body has not brought.
    let far = events(&stream, "offset=-1");
    let told = ["stream-closed", "stream-next-offset"].map(|name| far.header(name));
    assert_eq!(told, ["", ""]);
    for offset in ["now", &end] {
        let mut body = events(&stream, &format!("offset={offset}"));
        assert_eq!(body.header("stream-closed"), "true", "{offset}");
        assert_eq!(control(&mut body, &end), "streamClosed upToDate");
        ends(body);
    }
}

#[test]
fn what_is_closed_later_is_told_once() {
    let service = memory();
    let stream = named(&service, "s");
    let tail = stream.begin(&[TEXT], "x");
    let mut body = events(&stream, "offset=-1");
    assert_eq!(
        data(&mut body),
        ("x".to_owned(), "cursor upToDate".to_owned())
    );
    stream.post(&[CLOSED], "");
    assert_eq!(control(&mut body, &tail), "streamClosed upToDate");
    ends(body);
}

#[test]
fn content_is_written_as_its_type_wants_it() {
    let service = memory();
    let check = |name: &str, content_type, content: &[u8], expected: &str, encoding: &str| {
        let stream = named(&service, name);
        stream.put(&[content_type, CLOSED], content);
        let mut body = events(&stream, "offset=-1");
        assert_eq!(body.header("stream-sse-data-encoding"), encoding, "{name}");
        assert_eq!(data(&mut body).0, expected, "{name}");
        ends(body);
    };
    let injected = b" a\r\n\r\nevent: control\rdata: {}\n\n";
    let read = " a\n\nevent: control\ndata: {}\n\n";
    check("text", TEXT, injected, read, "");
    check("json", JSON, b"[1,\r\n\"\\n\"]", "[1,\"\\n\"]", "");
    check("bytes", BYTES, b"\x00\n\r\xff", "AAoN/w==", "base64");
    check("none", ("x", "y"), b"Hello", "SGVsbG8=", "base64");
}

#[test]
fn a_text_is_whole_whatever_the_size_of_a_page() {
    let service = producer(&["--source", "none", "--page-bytes", "7"]);
    let stream = named(&service, "s");
    let text = "ü€😀\r\n".repeat(50);
    stream.put(&[TEXT, CLOSED], &text);
    let (mut body, mut told, mut said) =
        (events(&stream, "offset=-1"), String::new(), String::new());
    let mut parts = 0;
    while !said.contains("streamClosed") {
        let (data, control) = data(&mut body);
        told += &data;
        said = control;
        parts += 1;
    }
    assert!(parts >= text.len() / 7, "{parts} parts");
    assert_eq!(told, text.replace("\r\n", "\n"));
    // Half a character waits for its end.
    let live = named(&service, "live");
    let made = live.put(&[TEXT], "");
    let mut body = events(&live, "offset=-1");
    let nothing = control(&mut body, made.header("stream-next-offset"));
    assert_eq!(nothing, "cursor upToDate");
    for (bytes, expected) in [(&b"a\xe2\x82"[..], "a"), (b"\xac", "€")] {
        live.post(&[TEXT], bytes);
        assert_eq!(data(&mut body).0, expected);
    }
}

/// Where an event source of this stream goes on, if it does.
fn come_back(service: &Service, query: &str, headers: Headers<'_>) -> Answer {
    fetch(
        &service.url(&format!("/v1/stream/s?live=sse&{query}")),
        headers,
    )
}

#[test]
fn an_event_source_goes_on_where_it_was_and_stops_at_the_end() {
    let service = memory();
    let stream = named(&service, "s");
    let first = stream.begin(&[JSON], "");
    stream.post(&[JSON, CLOSED], "[1,22]");
    let (middle, end) = (after(&first, &["1"]), after(&first, &["1", "22"]));
    let id = ("last-event-id", &*middle);
    let mut body = come_back(&service, "offset=-1", &[id]);
    assert_eq!(data(&mut body).0, "[22]");
    ends(body);
    let stopped = come_back(&service, "offset=-1", &[("last-event-id", &end)]);
    assert_eq!(
        (stopped.status, stopped.header("stream-closed")),
        (204, "true")
    );
    let never_read = come_back(&service, &format!("offset={end}"), &[]);
    assert_eq!(never_read.status, 200);
    refused(
        come_back(&service, "offset=-1", &[("last-event-id", "7")]),
        400,
        "INVALID_OFFSET",
    );
    refused(come_back(&service, "", &[]), 400, "INVALID_QUERY");
    refused(
        named(&service, "nothing").read("live=sse&offset=now"),
        404,
        "NOT_FOUND",
    );
}

#[test]
fn a_cursor_is_above_that_of_the_reader() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "");
    let cursor = |query: &str| {
        let control = json(&event(&mut events(&stream, query)).data);
        let cursor = control
            .get("streamCursor")
            .and_then(|cursor| cursor.as_str());
        cursor.expect("a cursor").parse::<u64>().expect("a number")
    };
    let first = cursor("offset=now");
    assert!(cursor(&format!("offset=now&cursor={first}")) > first);
    let far = first + 1000;
    assert_eq!(cursor(&format!("offset=now&cursor={far}")), far + 1);
    assert!(cursor("offset=now&cursor=x") < far);
}

#[test]
fn a_quiet_stream_gives_signs_of_life_and_a_stop_is_no_error() {
    let mut service = producer(&["--source", "none", "--keep-alive", "20ms"]);
    let stream = named(&service, "s");
    let tail = stream.begin(&[TEXT], "");
    let mut body = events(&stream, "offset=now");
    assert_eq!(control(&mut body, &tail), "cursor upToDate");
    assert_eq!(body.lines(2), [": ", ": "]);
    service.terminate();
    // Clients of the protocol come back after a clean end, and give up after any other.
    let rest = body.text().expect("a clean end");
    assert!(!rest.contains("streamClosed"), "{rest}");
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn a_reader_of_a_stream_that_is_deleted_is_not_told_that_it_was_closed() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "x");
    let mut body = events(&stream, "offset=-1");
    assert_eq!(data(&mut body).0, "x");
    stream.ask("DELETE", &[], "");
    ends(body);
    refused(stream.read("live=sse&offset=-1"), 404, "NOT_FOUND");
}

#[test]
fn a_reader_that_takes_nothing_is_cut_and_can_resume() {
    let service = producer(&["--source", "none", "--stall-limit", "3s"]);
    let stream = named(&service, "s");
    let text: String = (0..2_000_000).map(|id| format!("{id}\n")).collect();
    stream.put(&[TEXT], &text);
    stream.post(&[TEXT, CLOSED], &text);
    let mut told = String::new();
    let mut take = |mut body: Answer| {
        let mut place = String::new();
        while let Ok(Some(event)) = next(&mut body) {
            if event.name == "data" {
                told += &event.data;
            }
            place = event.id;
        }
        place
    };
    let stalled = events(&stream, "offset=-1");
    service.says("cut a reader that takes nothing");
    let mut place = take(stalled);
    let tail = stream.head().header("stream-next-offset").to_owned();
    assert!(place < tail, "it was never cut");
    // Who takes more than a minute is sent away now and then.
    while place < tail {
        let id = ("last-event-id", &*place);
        place = take(come_back(&service, "offset=-1", &[id]));
    }
    assert_eq!(place, tail);
    assert!(told == text.repeat(2), "{} bytes were told", told.len());
}

#[test]
fn a_line_break_is_one_wherever_appends_and_readers_cut_it() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[TEXT], "");
    let (mut told, mut place) = (String::new(), "-1".to_owned());
    for (appended, expected) in [
        ("a\r", "a"),
        ("\nb\r\n", "a\nb\n"),
        ("c\r", "a\nb\nc"),
        ("d\r\r", "a\nb\nc\nd\n"),
        ("\r", "a\nb\nc\nd\n\n"),
        ("\n", "a\nb\nc\nd\n\n\n"),
        ("e\r", "a\nb\nc\nd\n\n\ne"),
    ] {
        stream.post(&[TEXT], appended);
        // One reader comes back each time to where it was.
        let mut body = events(&stream, &format!("offset={place}"));
        while told != expected {
            let event = event(&mut body);
            if event.name == "data" {
                told += &event.data;
            }
            place = event.id;
            assert!(expected.starts_with(&told), "{told:?} {expected:?}");
        }
    }
    // At the end it is one, for what could follow does not.
    let mut body = events(&stream, &format!("offset={place}"));
    stream.post(&[CLOSED], "");
    while let Ok(Some(event)) = next(&mut body) {
        if event.name == "data" {
            told += &event.data;
        }
        place = event.id;
    }
    assert_eq!(told, "a\nb\nc\nd\n\n\ne\n");
    assert_eq!(place, stream.head().header("stream-next-offset"));
}
