//! A stream as `curl`, browsers and programs of any kind read it: history first, then live, and
//! onwards from any place.

use tests::{Service, http::fetch, producer, tool::tool};

use crate::wire::{SSE, after, append, read};

#[test]
fn history_comes_first_then_what_is_live() {
    let service = producer(&["--source", "none"]);
    append(&service, "1\n2\n");
    let mut reader = read(&service, "");
    assert_eq!(reader.status, 200);
    assert_eq!(reader.header("content-type"), "application/x-ndjson");
    assert_eq!(reader.lines(2), ["1", "2"]);
    let mut news = read(&service, "?offset=now");
    append(&service, "3");
    assert_eq!(
        (reader.lines(1), news.lines(1)),
        (vec!["3".to_owned()], vec!["3".to_owned()])
    );
    assert_eq!(
        news.header("stream-offset"),
        after(reader.header("stream-offset"), &["1", "2"])
    );
}

#[test]
fn a_reader_goes_on_at_any_record_it_has_reached() {
    let service = producer(&["--source", "numbers@max:200"]);
    let whole = read(&service, "");
    let first = whole.header("stream-offset").to_owned();
    let whole = whole.text().expect("a closed stream ends cleanly");
    let lines: Vec<_> = whole.lines().collect();
    assert_eq!(lines.len(), 200);
    for cut in [0, 1, 57, 199, 200] {
        let (read_before, rest) = lines.split_at(cut);
        let place = after(&first, read_before);
        let resumed = read(&service, &format!("?offset={place}"));
        assert_eq!(resumed.header("stream-offset"), place);
        let text = resumed.text().expect("a closed stream ends cleanly");
        assert!(text.lines().eq(rest.iter().copied()), "after {cut} records");
    }
}

#[test]
fn an_offset_that_is_no_place_of_this_stream_is_refused() {
    let service = producer(&["--source", "none"]);
    let answer = append(&service, "1\n22\n");
    let first = answer["first"].as_str().expect("an offset");
    let (off_border, beyond) = (after(first, &["9", "9"]), after(first, &["1", "22", "3"]));
    let twice = "now&offset=now";
    for offset in ["", "0", "-2", "x", twice, &off_border, &beyond] {
        let refused = read(&service, &format!("?offset={offset}"));
        assert_eq!(refused.status, 400, "{offset}");
        assert_eq!(
            refused.header("content-type"),
            "application/problem+json",
            "{offset}"
        );
        assert_eq!(refused.json()["code"], "INVALID_OFFSET", "{offset}");
    }
}

#[test]
fn an_event_source_gets_ids_that_it_can_come_back_with() {
    let service = producer(&["--source", "numbers@max:3"]);
    let first = read(&service, "").header("stream-offset").to_owned();
    let lines = [
        r#"{"id":0,"value":0}"#,
        r#"{"id":1,"value":2}"#,
        r#"{"id":2,"value":4}"#,
    ];
    let ids = [1, 2, 3].map(|count| after(&first, &lines[..count]));
    let event = |nth: usize| format!("id: {}\ndata: {}\n\n", ids[nth], lines[nth]);
    let hello = |place: &str| format!("retry: 1000\nid: {place}\n\n");
    let events = |from: &str| {
        let headers = [SSE, ("last-event-id", from)];
        let answer = fetch(
            &service.url("/stream?offset=now"),
            &headers[..1 + usize::from(!from.is_empty())],
        );
        (
            answer.status,
            answer.text().expect("a closed stream ends cleanly"),
        )
    };
    let all = fetch(&service.url("/stream"), &[SSE]);
    assert_eq!(all.header("content-type"), "text/event-stream");
    let all = all.text().expect("a closed stream ends cleanly");
    assert_eq!(all, hello(&first) + &event(0) + &event(1) + &event(2));
    assert_eq!(events(&ids[1]), (200, hello(&ids[1]) + &event(2)));
    assert_eq!(events(&ids[2]), (204, String::new()), "what makes it stop");
    assert_eq!(
        events(""),
        (200, hello(&ids[2])),
        "the end, but it never read"
    );
}

#[test]
fn a_quiet_stream_gives_signs_of_life() {
    let service = producer(&["--source", "none", "--keep-alive", "50ms"]);
    let mut plain = read(&service, "");
    assert_eq!(plain.line().expect("alive"), Some(String::new()));
    let mut events = fetch(&service.url("/stream"), &[SSE]);
    let place = events.header("stream-offset").to_owned();
    let expected = ["retry: 1000", &format!("id: {place}"), ": "].map(str::to_owned);
    assert_eq!(events.lines(3), expected);
}

#[test]
fn a_place_of_an_earlier_run_is_answered_with_the_gap() {
    let before = producer(&["--source", "numbers@max:5"]);
    let old = read(&before, "").header("stream-offset").to_owned();
    drop(before);
    let service = producer(&["--source", "none"]);
    let new = append(&service, "\"new\"")["first"]
        .as_str()
        .expect("an offset")
        .to_owned();
    assert!(
        new > old,
        "{new} could be mistaken for a place of the earlier run, after {old}"
    );
    let mut answer = read(&service, &format!("?offset={old}"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("stream-gap"), format!("{old}/{new}"));
    assert_eq!(answer.header("stream-offset"), new);
    assert_eq!(answer.lines(1), ["\"new\""]);
    let mut events = fetch(&service.url("/stream"), &[SSE, ("last-event-id", &old)]);
    let gap = format!("data: {{\"from\":\"{old}\",\"to\":\"{new}\"}}");
    let id = format!("id: {new}");
    assert_eq!(
        events.lines(5),
        ["retry: 1000", &id, "event: gap", &id, &gap].map(str::to_owned)
    );
}

#[test]
fn what_is_no_longer_kept_is_a_gap_too() {
    let service = producer(&["--source", "none", "--retention-bytes", "1MiB"]);
    let first = append(&service, "0")["first"]
        .as_str()
        .expect("an offset")
        .to_owned();
    let line = format!("\"{}\"\n", "x".repeat(1000));
    for _ in 0..8 {
        append(&service, &line.repeat(512));
    }
    let answer = read(&service, &format!("?offset={first}"));
    let earliest = answer.header("stream-offset");
    assert!(earliest > &*first, "everything is still kept");
    assert_eq!(answer.header("stream-gap"), format!("{first}/{earliest}"));
}

#[test]
fn any_page_may_read() {
    let service = producer(&["--source", "none"]);
    let answer = fetch(&service.url("/stream"), &[SSE, ("origin", "http://a.page")]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("stream-gap")
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[test]
fn curl_reads_and_writes() {
    let Some(curl) = tool("curl") else { return };
    let curl = |args: &[&str]| Service::start(&curl, args);
    let service = producer(&["--source", "none"]);
    let reader = curl(&["-sN", &service.url("/stream")]);
    let answer = curl(&["-s", &service.url("/stream"), "-d", r#"{"value":1}"#]).answer(0);
    assert!(answer.starts_with(r#"{"records":1,"first":""#), "{answer}");
    assert_eq!(reader.prints("value"), r#"{"value":1}"#);
}
