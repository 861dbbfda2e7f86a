//! Appends that are acknowledged while their body is still coming.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};
use tests::{PATIENCE, Service};

use crate::{
    durable::on,
    named::{CLOSED, Headers, TEXT, memory, named, refused},
    wire::{JSON, NDJSON},
};

/// A request whose body is sent piece by piece, and its answer.
struct Open {
    sent: TcpStream,
    came: BufReader<TcpStream>,
}

impl Open {
    fn to(service: &Service, name: &str, headers: Headers<'_>) -> Self {
        Self::at(service, &format!("/v1/stream/{name}"), headers)
    }

    fn at(service: &Service, path: &str, headers: Headers<'_>) -> Self {
        let url = service.url("");
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let sent = TcpStream::connect(address).expect("the service listens");
        sent.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let came = BufReader::new(sent.try_clone().expect("the same connection"));
        let mut open = Self { sent, came };
        let headers = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let head = format!(
            "POST {path}?acks=1 HTTP/1.1\r\nhost: {address}\r\n\
             transfer-encoding: chunked\r\n{headers}\r\n"
        );
        open.write(head.as_bytes());
        open
    }

    fn write(&mut self, bytes: &[u8]) {
        self.sent.write_all(bytes).expect("the service reads");
    }

    /// Sends a piece of the body; an empty one is its end.
    fn send(&mut self, piece: &str) {
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        self.write(chunk.as_bytes());
    }

    fn text(&mut self) -> String {
        let mut line = String::new();
        self.came.read_line(&mut line).expect("the answer goes on");
        line.trim_end().to_owned()
    }

    /// The status of the answer, whose head is read.
    fn status(&mut self) -> u16 {
        let line = self.text();
        while !self.text().is_empty() {}
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        status.expect("a status line")
    }

    /// The next line of the answer that is not blank; none at its end.
    fn line(&mut self) -> Option<Value> {
        loop {
            let length = usize::from_str_radix(&self.text(), 16).expect("a chunk");
            let mut chunk = vec![0; length + 2];
            self.came.read_exact(&mut chunk).expect("a whole chunk");
            let text = String::from_utf8(chunk).expect("text");
            match text.trim() {
                "" if length == 0 => return None,
                "" => {}
                text => return Some(tests::http::json(text)),
            }
        }
    }

    /// Reads until so many records of the body are durable.
    fn acknowledged(&mut self, records: usize) -> Value {
        loop {
            let line = self.line().expect("the answer goes on");
            let durable = line.get("records").and_then(Value::as_u64);
            if durable >= Some(records as u64) {
                return line;
            }
        }
    }

    /// What the last line says, but for the place.
    fn last(&mut self) -> Value {
        let mut last = None;
        while let Some(line) = self.line() {
            last = Some(line);
        }
        let mut last = last.expect("a last line");
        if let Some(line) = last.as_object_mut() {
            line.remove("next");
        }
        last
    }
}

const PRODUCER: [(&str, &str); 3] = [NDJSON, ("producer-id", "p"), ("producer-epoch", "0")];

fn from(sequence: &str) -> Vec<(&str, &str)> {
    [&PRODUCER[..], &[("producer-seq", sequence)]].concat()
}

#[test]
fn what_has_come_is_acknowledged_while_more_is_coming() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "");
    let mut open = Open::to(&service, "s", &[NDJSON]);
    assert_eq!(open.status(), 200);
    open.send("1\n\n2\n{\"a\":");
    let line = open.acknowledged(2);
    assert_eq!(stream.read("").json(), json!([1, 2]));
    assert_eq!(line["next"], stream.head().header("stream-next-offset"));
    open.send("3}\n4");
    assert_eq!(open.acknowledged(3)["records"], 3);
    open.send("");
    assert_eq!(open.last(), json!({"records": 4, "end": "complete"}));
    assert_eq!(stream.read("").json(), json!([1, 2, {"a": 3}, 4]));
}

#[test]
fn a_line_that_is_no_record_ends_it_behind_those_before_it() {
    let service = memory();
    let stream = named(&service, "s");
    stream.put(&[JSON], "");
    let mut open = Open::to(&service, "s", &[NDJSON]);
    open.status();
    open.send("1\n\n");
    open.acknowledged(1);
    open.send("2\nx\n3\n");
    let last = open.last();
    assert_eq!(
        (&last["records"], &last["end"]),
        (&json!(2), &json!("refused"))
    );
    assert_eq!(last["problem"]["code"], "INVALID_RECORD");
    let detail = last["problem"]["detail"].as_str().expect("a text");
    assert!(detail.starts_with("line 4, column 1"), "{detail}");
    assert_eq!(stream.read("").json(), json!([1, 2]));

    let mut open = Open::to(&service, "s", &[NDJSON]);
    open.status();
    open.send("3\n");
    open.acknowledged(1);
    stream.post(&[CLOSED], "");
    open.send("4\n");
    let last = open.last();
    assert_eq!(
        (&last["records"], &last["problem"]["code"]),
        (&json!(1), &json!("CLOSED"))
    );
}

#[test]
fn what_cannot_be_acknowledged_so_is_refused_at_once() {
    let service = memory();
    named(&service, "s").put(&[JSON], "");
    named(&service, "text").put(&[TEXT], "");
    named(&service, "closed").put(&[JSON, CLOSED], "");
    let check = |name: &str, headers: Headers<'_>, status: u16| {
        let mut open = Open::to(&service, name, headers);
        open.send("1\n");
        assert_eq!(open.status(), status, "{name}: {headers:?}");
    };
    check("nothing", &[NDJSON], 404);
    check("s", &[JSON], 400);
    check("text", &[NDJSON], 409);
    check("closed", &[NDJSON], 409);
    check("s", &[], 400);
    check("s", &[NDJSON, CLOSED], 400);
    check("s", &[NDJSON, ("stream-seq", "1")], 400);
    check("s", &[NDJSON, ("producer-id", "p")], 400);
    check("s", &[NDJSON, ("origin", "http://a.page")], 403);
    let url = service.url("/v1/stream/s?acks=yes");
    refused(
        tests::http::send(&url, &[NDJSON], b"1"),
        400,
        "INVALID_QUERY",
    );
    assert_eq!(named(&service, "s").read("").json(), json!([]));
}

#[test]
fn the_shortest_way_in_can_stay_open_and_that_of_a_topic_cannot() {
    let service = memory();
    for headers in [&[][..], &[TEXT], &from("0")] {
        let mut open = Open::at(&service, "/stream", headers);
        assert_eq!(open.status(), 200, "{headers:?}");
        open.send("1\n2\n");
        open.acknowledged(2);
        open.send("");
        assert_eq!(open.last(), json!({"records": 2, "end": "complete"}));
    }
    let default = named(&service, "default").read("");
    assert_eq!(default.json(), json!([1, 2, 1, 2, 1, 2]));
    let topic = service.url("/v1/topics/t");
    let made = tests::http::ask("PUT", &topic, &[], br#"{"partitions":2,"key":""}"#);
    assert_eq!(made.status, 201);
    let check = |path: &str, headers: Headers<'_>| {
        let mut open = Open::at(&service, path, headers);
        open.send("1\n");
        assert_eq!(open.status(), 400, "{path}: {headers:?}");
    };
    check("/stream", &[JSON]);
    check("/stream", &[CLOSED]);
    check("/stream", &[("producer-id", "p")]);
    check("/v1/topics/t", &[NDJSON]);
}

#[test]
fn a_producer_that_was_cut_off_goes_on_with_nothing_lost_or_twice() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), "none");
    named(&service, "s").put(&[JSON], "");
    let records = |range: std::ops::Range<usize>| -> String {
        range
            .map(|id| format!("{{\"id\":{id},\"of\":\"{}\"}}\n", "x".repeat(80)))
            .collect()
    };
    let (mut acknowledged, mut sent) = (0, 0);
    for round in 0..6 {
        let sequence = acknowledged.to_string();
        let mut open = Open::to(&service, "s", &from(&sequence));
        assert_eq!(open.status(), 200, "{round}");
        let begun = acknowledged;
        sent = begun.max(sent) + 5000;
        let body = records(begun..sent);
        for piece in body.as_bytes().chunks(50_000) {
            open.send(std::str::from_utf8(piece).expect("ASCII"));
        }
        // Much more is durable than is read of the answer.
        let line = open.acknowledged(1);
        acknowledged += usize::try_from(line["records"].as_u64().expect("a number")).expect("few");
        if round % 2 == 0 {
            service.kill();
            assert_eq!(service.exit_code(), None);
            service = on(directory.path(), "none");
        }
    }
    let sequence = acknowledged.to_string();
    let mut open = Open::to(&service, "s", &from(&sequence));
    open.status();
    open.send(&records(acknowledged..sent));
    open.send("");
    let all = sent - acknowledged;
    assert_eq!(open.last(), json!({"records": all, "end": "complete"}));
    let (pages, _) = named(&service, "s").pages(&[("accept", "application/x-ndjson")]);
    assert!(
        pages.concat() == records(0..sent),
        "a record is lost, or is there twice"
    );

    let ahead = (sent + 1).to_string();
    let mut open = Open::to(&service, "s", &from(&ahead));
    open.status();
    open.send("1\n");
    assert_eq!(open.last()["problem"]["code"], "SEQUENCE_GAP");
}

#[test]
fn a_service_that_stops_says_how_far_it_came() {
    let mut service = memory();
    named(&service, "s").put(&[JSON], "");
    let mut open = Open::to(&service, "s", &[NDJSON]);
    open.status();
    open.send("1\n2");
    open.acknowledged(1);
    service.terminate();
    assert_eq!(open.last(), json!({"records": 1, "end": "drain"}));
    drop(open);
    assert_eq!(service.exit_code(), Some(0));
}
