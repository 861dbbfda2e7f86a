//! `consumer tap`: the records of any stream as they come, byte for byte.

use std::path::Path;

use tests::{
    Service,
    binaries::binary,
    consumer,
    foreign::{Marked, give, refuse, serve},
    http::{ask, send},
    producer,
    service::leashed,
};

use crate::wire::{JSON, NDJSON, append};

/// What is printed of `url`; it ends with exit code `code`.
fn tap(url: &str, args: &[&str], code: i32) -> Vec<String> {
    let mut tapped = consumer(&[&["tap", url], args].concat());
    drop(tapped.answer(code));
    tapped.stdout.all()
}

#[test]
fn records_are_printed_as_they_were_received() {
    let check = |kind, body: &str, expected: &[&str]| {
        assert_eq!(tap(&give(kind, body), &[], 0), expected, "{kind}: {body:?}");
    };
    let lines = "{ \"a\" :1}\n\nno JSON\n  [2,\t3]\n\u{e9}";
    let records = ["{ \"a\" :1}", "no JSON", "  [2,\t3]", "\u{e9}"];
    check("application/x-ndjson", lines, &records);
    check("application/json", "[{\"a\": 1},2]", &["{\"a\": 1}", "2"]);
    let events = "data: {\"a\": 1}\n\nid: 7\ndata: x\n\n";
    check("text/event-stream", events, &["{\"a\": 1}", "x"]);
}

#[test]
fn what_to_read_can_be_said_as_everywhere_else() {
    let url = give("application/x-ndjson", "1\n2\n");
    let mut tapped = consumer(&["tap", "--url", &url]);
    drop(tapped.answer(0));
    assert_eq!(tapped.stdout.all(), ["1", "2"]);
}

#[test]
fn as_many_are_printed_as_were_asked_for() {
    let endless = producer(&["--source", "numbers@max"]);
    let lines = tap(&endless.url("/stream"), &["--records", "3"], 0);
    let expected = [
        "{\"id\":0,\"value\":0}",
        "{\"id\":1,\"value\":2}",
        "{\"id\":2,\"value\":4}",
    ];
    assert_eq!(lines, expected);
    let short = producer(&["--source", "numbers@max:3"]);
    assert_eq!(tap(&short.url("/stream"), &[], 0), expected);
    assert_eq!(
        tap(&short.url("/stream"), &["--records", "4"], 69),
        expected
    );
}

#[test]
fn only_what_is_new_is_printed_where_that_is_asked_for() {
    let producer = producer(&["--source", "none"]);
    append(&producer, "1\n2\n");
    for path in ["/stream", "/v1/stream/default"] {
        let url = producer.url(path);
        let mut tapped = consumer(&["tap", &url, "--from", "latest", "--records", "1"]);
        tapped.says("connected");
        append(&producer, "3\n");
        assert_eq!(tapped.answer(0), "3", "{path}");
        assert_eq!(tapped.stdout.all().len(), 1, "{path}");
    }
}

#[test]
fn all_partitions_of_a_topic_are_printed() {
    let producer = producer(&["--source", "none"]);
    let topic = producer.url("/v1/topics/t");
    let made = ask("PUT", &topic, &[JSON], br#"{"partitions":4,"key":"/k"}"#);
    assert_eq!(made.status, 201);
    let records: Vec<_> = (10..50).map(|k| format!("{{\"k\":{k}}}")).collect();
    let sent = send(&topic, &[NDJSON], records.join("\n").as_bytes());
    assert_eq!(sent.status / 100, 2);
    let mut lines = tap(&topic, &["--records", "40"], 0);
    lines.sort();
    assert_eq!(lines, records);
}

#[test]
fn a_body_that_breaks_off_is_gone_on_with() {
    let address = serve(|request, tcp| {
        let from = request.from().unwrap_or_default();
        Marked::begin(from, tcp);
        let body = Marked::at(from).mark(6, "").numbers(2);
        let body = if from < 4 { body } else { body.closed() };
        body.write(tcp);
    });
    let lines = tap(&format!("http://{address}/v1/stream/s"), &[], 0);
    let expected = (0..6).map(|id| format!("{{\"id\":{id},\"value\":{}}}", 2 * id));
    assert_eq!(lines, expected.collect::<Vec<_>>());
}

#[test]
fn it_ends_well_when_it_is_stopped_or_nobody_reads() {
    let slow = producer(&["--source", "numbers@1/m"]);
    let mut tapped = consumer(&["tap", &slow.url("/stream")]);
    tapped.says("connected");
    tapped.terminate();
    drop(tapped.answer(0));
    let endless = producer(&["--source", "numbers@max"]);
    let mut command = leashed(Path::new("bash"));
    let script = "\"$0\" tap \"$1\" | head -n 1; exit ${PIPESTATUS[0]}";
    command.args(["-c", script]);
    command.arg(binary("consumer")).arg(endless.url("/stream"));
    assert_eq!(Service::spawn(command).answer(0), "{\"id\":0,\"value\":0}");
}

#[test]
fn what_cannot_be_tapped_is_told() {
    let refused = serve(|_, tcp| refuse(tcp, "404 Not Found", ""));
    let refused = format!("http://{refused}/");
    for (url, code, text) in [
        (
            "ftp://host/",
            78,
            "the URL \"ftp://host/\": cannot read \"ftp\"",
        ),
        (refused.as_str(), 69, "404"),
    ] {
        let mut tapped = consumer(&["tap", url]);
        drop(tapped.answer(code));
        tapped.says(text);
    }
}
