//! The consumer's command line and what it reads: ours and foreign, whole and broken.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use tests::{
    Service,
    binaries::binary,
    consumer, eventually,
    foreign::{answer, give, serve},
    http::{fetch, json, send},
    producer,
    service::leashed,
};

use crate::{
    outcome::{Outcome, outcome, read_all, reader},
    restarted::port,
};

#[test]
fn a_stream_is_read_to_its_end() {
    let producer = producer(&["--source", "numbers@max:100000"]);
    assert_eq!(
        read_all(&producer.url("/stream"), &[]),
        Outcome::of_numbers(100_000)
    );
}

#[test]
fn as_many_records_are_read_as_were_asked_for() {
    let producer = producer(&["--source", "numbers@max"]);
    for count in [1, 10, 12_345] {
        let mut reader = reader(&producer.url("/stream"), &["--records", &count.to_string()]);
        assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(count));
    }
}

#[test]
fn a_stream_that_is_too_short_is_an_error_after_its_answer() {
    let producer = producer(&["--source", "numbers@max:5"]);
    let mut reader = reader(&producer.url("/stream"), &["--records", "10"]);
    assert_eq!(outcome(&mut reader, 69), Outcome::of_numbers(5));
}

#[test]
fn who_is_stopped_before_its_last_record_says_so_after_its_answer() {
    let producer = producer(&["--source", "numbers@1/m"]);
    let mut reader = reader(&producer.url("/stream"), &["--records", "10"]);
    reader.says("connected");
    reader.terminate();
    assert!(outcome(&mut reader, 69).records < 10);
}

#[test]
fn a_log_that_nobody_can_read_stops_nothing() {
    let producer = producer(&["--source", "numbers@max:5"]);
    let mut command = leashed(std::path::Path::new("sh"));
    command
        .args(["-c", "exec \"$0\" 2>/dev/full"])
        .arg(binary("consumer"))
        .env("BROOKLET_URL", producer.url("/stream"))
        .env("BROOKLET_UNTIL_END", "yes");
    let last = Service::spawn(command).answer(0);
    assert_eq!(last, "records 5 rejected 0 average 4.0");
}

#[test]
fn every_record_is_printed_with_the_average_so_far() {
    let producer = producer(&["--source", "numbers@max:3"]);
    let lines = |output: &str| {
        let url = producer.url("/stream");
        let mut consumer = consumer(&["--url", &url, "--until-end", "--output", output]);
        assert_eq!(consumer.exit_code(), Some(0));
        consumer.stdout.all()
    };
    assert_eq!(
        lines("text"),
        [
            r#"received {"id":0,"value":0} average 0.0"#,
            r#"received {"id":1,"value":2} average 1.0"#,
            r#"received {"id":2,"value":4} average 2.0"#,
            "records 3 rejected 0 average 2.0",
        ]
    );
    assert_eq!(
        lines("json"),
        [
            r#"{"record":{"id":0,"value":0},"records":1,"average":0.0}"#,
            r#"{"record":{"id":1,"value":2},"records":2,"average":1.0}"#,
            r#"{"record":{"id":2,"value":4},"records":3,"average":2.0}"#,
            r#"{"records":3,"rejected":0,"average":2.0}"#,
        ]
    );
}

#[test]
fn an_endless_stream_is_summed_up_every_second_and_at_the_end() {
    let producer = producer(&["--source", "numbers@max"]);
    let url = producer.url("/stream");
    let mut consumer = consumer(&["--url", &url, "--print", "second", "--output", "json"]);
    let line = json(&consumer.prints("records"));
    assert_eq!(
        line["average"].as_f64(),
        Outcome::of_numbers(line["records"].as_u64().expect("a count")).average
    );
    consumer.terminate();
    let last = outcome(&mut consumer, 0);
    assert!(
        Outcome::of_numbers(last.records).is_close_to(&last),
        "{last}"
    );
}

#[test]
fn what_cannot_work_has_exit_codes_that_scripts_can_tell_apart() {
    let nobody = format!("http://127.0.0.1:{}/", port());
    let not_found = serve(|_, tcp| {
        drop(tcp.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    });
    let not_found = format!("http://{not_found}/");
    let check = |args: &[&str], code: i32, text: &str| {
        let mut consumer = consumer(args);
        assert_eq!(consumer.exit_code(), Some(code), "{args:?}");
        assert!(
            consumer.stderr.wait_for(text).is_some(),
            "{args:?} does not say {text:?}"
        );
    };
    check(&["--recods", "1"], 64, "--recods");
    check(&["--records", "many"], 64, "many");
    check(&["--print", "sometimes"], 64, "sometimes");
    check(&["--url", "ftp://127.0.0.1/"], 78, "ftp");
    check(
        &["--dead-letter", "/no/such/folder/letters"],
        78,
        "/no/such/folder/letters",
    );
    check(&["--url", &nobody, "--retry-for", "300ms"], 69, "300ms");
    check(&["--url", &not_found], 69, "404");
}

#[test]
fn any_form_of_json_records_over_http_is_read() {
    let check = |content_type: &'static str, body: &[u8]| {
        assert_eq!(
            read_all(&give(content_type, body), &[]),
            Outcome::of_numbers(3),
            "{content_type}"
        );
    };
    let lines = b"{\"value\":0}\n{\"value\":2}\n{\"value\":4}\n";
    check("application/x-ndjson", lines);
    check(
        "application/x-ndjson; charset=utf-8",
        b"\n{\"value\":0}\r\n\r\n {\"value\":2}\n\n{\"value\":4}",
    );
    check("text/plain", lines);
    check(
        "application/json",
        b"[{\"value\":0},\n {\"value\":\n2}\n, {\"value\":4.0}]\n",
    );
    check("text/event-stream", b": hello\nretry: 5\n\nid: 1\ndata: {\"value\":0}\n\ndata: {\"value\":\ndata: 2}\r\n\r\nevent: message\ndata:{\"value\":4}\n\n");
    check(
        "application/x-ndjson\r\nContent-Encoding: gzip",
        &gzip(lines),
    );
    check(
        "application/json\r\nContent-Encoding: gzip",
        &[
            gzip(b"[{\"value\":0},"),
            gzip(b"{\"value\":2},{\"value\":4}]"),
        ]
        .concat(),
    );
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn another_field_can_be_averaged() {
    let url = give(
        "application/x-ndjson",
        "{\"value\":1,\"price\":2.5}\n{\"price\":3.5}\n",
    );
    let expected = Outcome {
        records: 2,
        rejected: 0,
        average: Some(3.0),
    };
    assert_eq!(read_all(&url, &["--field", "price"]), expected);
}

#[test]
fn rejects_are_counted_by_kind_and_kept_with_their_reason() {
    let too_long = format!("{{\"value\":5,\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    let bodies = [
        "{\"value\":1}",
        "{\"value\":",
        "{\"x\":1}",
        "{\"value\":\"2\"}",
        "[3]",
        &too_long,
        "{\"value\":4}",
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("letters");
    let url = give("application/x-ndjson", bodies.join("\n"));
    let expected = Outcome {
        records: 7,
        rejected: 5,
        average: Some(2.5),
    };
    assert_eq!(
        read_all(&url, &["--dead-letter", &path.display().to_string()]),
        expected
    );
    let letters = std::fs::read_to_string(&path).expect("there are letters");
    let letters: Vec<_> = letters.lines().map(json).collect();
    let reasons: Vec<_> = letters
        .iter()
        .map(|letter| letter["reason"].as_str())
        .collect();
    let expected = [
        "not_json",
        "missing_field",
        "wrong_type",
        "wrong_type",
        "too_long",
    ];
    assert_eq!(reasons, expected.map(Some));
    let texts = letters
        .iter()
        .zip(&bodies[1..5])
        .all(|(letter, text)| letter["text"] == **text);
    assert!(texts, "{letters:?}");
}

#[test]
fn a_stream_of_nothing_usable_has_no_average() {
    let url = give("application/x-ndjson", "x\ny\n");
    assert_eq!(
        read_all(&url, &[]),
        Outcome {
            records: 2,
            rejected: 2,
            average: None
        }
    );
}

#[test]
fn a_dead_letter_names_the_place_in_the_stream() {
    let producer = producer(&["--source", "none"]);
    let url = producer.url("/stream");
    let append = |body: &str| send(&url, &[], body.as_bytes()).json();
    let before = append("{\"value\":1}\n");
    let bad = append("{\"x\":2}");
    append("{\"value\":3}\n");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("letters");
    let mut reader = reader(
        &url,
        &[
            "--records",
            "3",
            "--dead-letter",
            &path.display().to_string(),
        ],
    );
    let expected = Outcome {
        records: 3,
        rejected: 1,
        average: Some(2.0),
    };
    assert_eq!(outcome(&mut reader, 0), expected);
    let letter = json(&std::fs::read_to_string(&path).expect("there is a letter"));
    assert_eq!(letter["offset"], bad["first"], "{letter}");
    assert_eq!(before["next"], bad["first"]);
    let mut again = fetch(
        &format!("{url}?offset={}", bad["first"].as_str().expect("an offset")),
        &[],
    );
    assert_eq!(again.lines(1), [letter["text"].as_str().expect("a text")]);
}

#[test]
fn the_file_of_dead_letters_is_bounded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("letters");
    let url = give("application/x-ndjson", "x\n".repeat(10_000));
    let args = [
        "--dead-letter-bytes-max",
        "1000",
        "--dead-letter",
        &path.display().to_string(),
    ];
    assert_eq!(read_all(&url, &args).rejected, 10_000);
    let kept = std::fs::metadata(&path).expect("there are letters").len();
    assert!((500..=1000).contains(&kept), "{kept} bytes");
}

#[test]
fn several_workers_come_to_the_very_same_answer() {
    let producer = producer(&["--source", "sensors?seed=3&broken=0.1@max:50000"]);
    let with = |workers: &str| read_all(&producer.url("/stream"), &["--workers", workers]);
    let alone = with("1");
    assert_eq!(alone.records, 50_000);
    assert_eq!([with("2"), with("7")], [alone; 2]);
}

#[test]
fn a_server_that_cannot_resume_begins_a_new_average() {
    let whole = "{\"value\":0}\n{\"value\":2}\n{\"value\":4}\n{\"value\":6}\n{\"value\":8}\n";
    let address = serve(move |request, tcp| {
        match request.nth {
        0 => drop(tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 999\r\n\r\n{\"value\":100}\n{\"val")),
        _ => answer(tcp, "application/x-ndjson", whole.as_bytes()),
    }
    });
    let mut reader = reader(&format!("http://{address}/"), &["--until-end"]);
    assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(5));
    reader.says("a new average begins");
}

#[test]
fn a_foreign_event_stream_is_resumed_by_its_ids() {
    let address = serve(|request, tcp| {
        let resumed = request.head.contains("last-event-id: two");
        let body = match (request.nth, resumed) {
            (0, false) => "id: one\ndata: {\"value\":0}\n\nid: two\ndata: {\"value\":2}\n\n",
            (_, true) => "id: three\ndata: {\"value\":4}\n\n",
            (_, false) => "data: {\"value\":1000}\n\n",
        };
        let length = if request.nth == 0 { 999 } else { body.len() };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {length}\r\n\r\n"
        );
        drop(tcp.write_all((head + body).as_bytes()));
    });
    assert_eq!(
        read_all(&format!("http://{address}/"), &[]),
        Outcome::of_numbers(3)
    );
}

#[test]
fn no_server_writes_a_line_of_the_log() {
    let to = "0000000000000001_0000000000000001";
    let gap = format!("event: gap\ndata: {{\"from\":\"1\\nforged\",\"to\":\"{to}\"}}\n\n");
    reader(&give("text/event-stream", gap), &[]).says(r#""1\nforged""#);
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let address = serve(|request, tcp| {
        match request.nth {
        0 => drop(tcp.write_all(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
        1 => drop(tcp.write_all(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
        2 => {}
        _ => answer(tcp, "application/x-ndjson", b"{\"value\":0}\n"),
    }
    });
    assert_eq!(
        read_all(&format!("http://{address}/"), &[]),
        Outcome::of_numbers(1)
    );
}

#[test]
fn a_consumer_says_how_it_is_where_it_is_told_to_listen() {
    let producer = producer(&["--source", "numbers@max:10"]);
    let url = producer.url("/stream");
    let mut consumer = consumer(&["--url", &url, "--listen", "127.0.0.1:0"]);
    consumer.prints("average 9");
    let status = |path: &str| fetch(&consumer.url(path), &[]).status;
    assert_eq!(
        [status("/healthz"), status("/readyz"), status("/nowhere")],
        [200, 200, 404]
    );
    let metrics = consumer.metrics();
    assert!(metrics.contains("brooklet_records_total 10\n"), "{metrics}");
    let address = consumer.address().to_string();
    let args = ["healthcheck", "--listen", &address];
    assert_eq!(
        Service::start(&binary("consumer"), args).exit_code(),
        Some(0)
    );
    producer.kill();
    assert!(eventually(|| status("/readyz") == 503));
    consumer.terminate();
    assert_eq!(consumer.exit_code(), Some(0));
}
