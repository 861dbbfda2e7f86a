//! A consumer of a topic, against a server that gives some of its partitions slowly, late, broken or
//! not at all.

use std::{
    io::Write,
    net::SocketAddr,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use tests::{
    consumer, eventually,
    foreign::{Marked, Request, answer, place, refuse, serve},
    http::{fetch, json},
};

use crate::{
    marks::warnings,
    outcome::{ONLY_THE_ANSWER, Outcome, outcome, reader},
};

/// A server of the topic `t` with as many partitions: `body` writes the bodies of each.
fn topic<F>(partitions: usize, body: F) -> SocketAddr
where
    F: Fn(usize, &Request, &mut dyn Write) + Send + Sync + 'static,
{
    let streams: Vec<_> = (0..partitions)
        .map(|partition| format!("\"/v1/stream/t/{partition}\""))
        .collect();
    let streams = streams.join(",");
    let description = format!(
        "{{\"topic\":\"t\",\"partitions\":{partitions},\"key\":\"/id\",\"streams\":[{streams}]}}"
    );
    serve(move |request, tcp| {
        let path = request.path();
        match path.strip_prefix("/v1/stream/t/") {
            Some(partition) => body(partition.parse().expect("a partition"), request, tcp),
            None if path == "/v1/topics/t" => {
                answer(tcp, "application/json", description.as_bytes());
            }
            None => refuse(tcp, "404 Not Found", ""),
        }
    })
}

fn topic_url(server: SocketAddr) -> String {
    format!("http://{server}/v1/topics/t")
}

/// What opens the gate that is waited at with [`wait`].
fn gate() -> (Sender<()>, Mutex<Receiver<()>>) {
    let (open, closed) = channel();
    (open, Mutex::new(closed))
}

/// Waits until the gate is opened, or whoever could is gone.
fn wait(gate: &Mutex<Receiver<()>>) {
    gate.lock()
        .expect("nobody panics here")
        .recv()
        .unwrap_or(());
}

#[test]
fn all_partitions_of_a_topic_are_read_and_they_end_when_all_have() {
    let (open, gate) = gate();
    let server = topic(3, move |partition, request, tcp| {
        let own = 10 * partition as u64;
        let from = request.from().unwrap_or(own);
        Marked::begin(from, tcp);
        Marked::at(from).mark(own + 10, "").write(tcp);
        if partition == 1 {
            wait(&gate);
        }
        let rest = own + 10 - from;
        Marked::at(from).numbers(rest).closed().write(tcp);
    });
    let mut all = consumer(&["--url", &topic_url(server)]);
    // The slow one keeps nobody waiting.
    all.prints("\"id\":9,");
    all.prints("\"id\":29,");
    assert!(
        all.stdout
            .all()
            .iter()
            .all(|line| !line.contains("\"id\":1") || line.contains("\"id\":1,"))
    );
    drop(open);
    assert_eq!(all.answer(0), "records 30 rejected 0 average 29.0");
}

#[test]
fn no_partition_starves() {
    let (open, gate) = gate();
    let server = topic(2, move |partition, _, tcp| {
        Marked::begin(0, tcp);
        let body = Marked::at(0).mark(1000, "");
        if partition == 0 {
            // It always has more; it is given up when nobody reads any more.
            body.write(tcp);
            let piece = "{\"value\":0}\n".repeat(10_000);
            while tcp.write_all(piece.as_bytes()).is_ok() {}
        } else {
            body.write(tcp);
            wait(&gate);
            tcp.write_all(b"{\"late\":1}\n")
                .expect("the reader is there");
            wait(&gate);
        }
    });
    let args = ["--url", &topic_url(server), "--print", "second"];
    let starved = consumer(&args);
    starved.prints("records");
    open.send(()).expect("the server waits");
    starved.says("partition 1: missing_field");
    starved.terminate();
}

#[test]
fn each_partition_goes_on_at_its_own_place_after_a_break() {
    let server = topic(4, |partition, request, tcp| {
        let from = request.from().unwrap_or_default();
        Marked::begin(from, tcp);
        let body = Marked::at(from).mark(100, "");
        if from == 0 {
            // In the midst of a record; one of them without a record that was lost.
            let body = body
                .numbers(10)
                .mark(100, "")
                .numbers(10 + partition as u64);
            let lost = u64::from(partition == 2);
            let body = body.lost(lost).then("{\"val");
            let body = if partition == 2 {
                body.then("ue\":1}\n").mark(100, "")
            } else {
                body
            };
            body.write(tcp);
        } else {
            body.numbers(100 - from).closed().write(tcp);
        }
    });
    let mut all = reader(&topic_url(server), &[]);
    let expected = Outcome {
        records: 400,
        rejected: 0,
        average: Some(99.0),
    };
    assert_eq!(outcome(&mut all, 0), expected);
    let line = all.says("were lost on the way");
    assert!(line.contains("partition 2: "), "{line}");
}

#[test]
fn a_partition_that_has_lost_records_begins_its_part_anew_and_the_others_stay() {
    let server = topic(2, |partition, request, tcp| {
        match (partition, request.from()) {
            (1, Some(10)) => {
                let earliest = format!("Stream-Earliest-Offset: {}\r\n", place(50));
                refuse(tcp, "410 Gone", &earliest);
            }
            (1, None) => {
                Marked::begin(0, tcp);
                Marked::at(0)
                    .mark(10, "")
                    .numbers(10)
                    .mark(60, ",\"end\":\"overrun\"")
                    .write(tcp);
            }
            (_, from) => {
                let from = from.unwrap_or_default();
                Marked::begin(from, tcp);
                Marked::at(from)
                    .mark(60, "")
                    .numbers(60 - from)
                    .closed()
                    .write(tcp);
            }
        }
    });
    let mut all = reader(&topic_url(server), &[]);
    // 0, 2, …, 118 of the one, and 100, 102, …, 118 of the other.
    let expected = Outcome {
        records: 70,
        rejected: 0,
        average: Some((60.0 * 59.0 + 10.0 * 109.0) / 70.0),
    };
    let outcome = outcome(&mut all, 0);
    assert!(outcome.is_close_to(&expected), "{outcome}");
    let line = all.says("are missing");
    for said in ["partition 1: ", &place(10), &place(50)] {
        assert!(line.contains(said), "{line}");
    }
}

#[test]
fn a_partition_that_cannot_be_read_ends_all_with_its_name() {
    let server = topic(2, |partition, _, tcp| {
        if partition == 1 {
            return refuse(tcp, "403 Forbidden", "");
        }
        Marked::begin(0, tcp);
        Marked::at(0).mark(3, "").numbers(3).closed().write(tcp);
    });
    let mut all = reader(&topic_url(server), &[]);
    assert!(outcome(&mut all, 69).records <= 3);
    let error = warnings(&all).pop().unwrap_or_default();
    assert!(
        error.contains("partition 1: ") && error.contains("403"),
        "{error}"
    );
}

#[test]
fn a_topic_that_is_not_there_is_refused_with_what_to_do() {
    let nowhere = topic(1, |_, _, _| {}).to_string();
    let url = format!("http://{nowhere}/v1/topics/other");
    let mut reader = consumer(&["--url", &url]);
    assert_eq!(reader.exit_code(), Some(69));
    let error = warnings(&reader).pop().unwrap_or_default();
    assert!(
        error.contains("404") && error.contains("make it first"),
        "{error}"
    );
}

#[test]
fn a_topic_whose_server_is_not_ready_is_asked_for_again() {
    let address = serve(|request, tcp| match (request.nth, request.path()) {
        (0, _) => {}
        (1, _) => refuse(tcp, "503 Busy", "Retry-After: 1\r\n"),
        (_, "/v1/topics/t") => {
            answer(
                tcp,
                "application/json",
                b"{\"streams\":[\"/v1/stream/t/0\"]}",
            );
        }
        _ => {
            Marked::begin(0, tcp);
            Marked::at(0).mark(5, "").numbers(5).closed().write(tcp);
        }
    });
    let start = Instant::now();
    let mut reader = reader(&topic_url(address), &[]);
    assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(5));
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_dead_letter_names_its_partition() {
    let server = topic(2, |partition, _, tcp| {
        Marked::begin(0, tcp);
        let body = Marked::at(0).mark(9, "").numbers(2);
        if partition == 0 {
            return body.closed().write(tcp);
        }
        let end = "0000000000000003_0000000000000041";
        body.then("#x\n")
            .then(&format!("#{{\"offset\":\"{end}\",\"end\":\"closed\"}}\n"))
            .write(tcp);
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("letters").display().to_string();
    let mut all = reader(&topic_url(server), &["--dead-letter", &path]);
    let expected = Outcome {
        records: 5,
        rejected: 1,
        average: Some(1.0),
    };
    assert_eq!(outcome(&mut all, 0), expected);
    let letter = json(&std::fs::read_to_string(&path).expect("there is a letter"));
    let source = format!("http://{server}/v1/stream/t/1");
    assert_eq!(letter["source"], source);
    assert_eq!(letter["offset"], place(2));
    all.says("partition 1: not_json");
}

#[test]
fn readiness_and_lag_are_those_of_all_partitions() {
    let (open, late) = gate();
    let (_open, never) = gate();
    let server = topic(2, move |partition, _, tcp| {
        if partition == 1 {
            wait(&late);
        }
        Marked::begin(0, tcp);
        let body = Marked::at(0).mark(10, "").numbers(6);
        body.mark(10 + partition as u64, "").write(tcp);
        // The first waiter keeps the other waiting too.
        wait(&never);
    });
    let listen = ["--listen", "127.0.0.1:0"];
    let all = consumer(
        &[
            &["--url", &topic_url(server)],
            &ONLY_THE_ANSWER[..],
            &listen,
        ]
        .concat(),
    );
    let status = || fetch(&all.url("/readyz"), &[]).status;
    let metrics = || all.metrics();
    all.says("partition 0: connected");
    assert_eq!(status(), 503);
    assert!(
        metrics().contains("brooklet_lag_records NaN\n"),
        "{}",
        metrics()
    );
    open.send(()).expect("the server waits");
    all.says("partition 1: connected");
    assert!(eventually(|| status() == 200));
    let behind = "brooklet_lag_records 9.0\n";
    assert!(eventually(|| metrics().contains(behind)), "{}", metrics());
    assert!(
        metrics().contains("brooklet_lag_seconds 0.0\n"),
        "{}",
        metrics()
    );
    all.terminate();
}
