//! A log in a directory: what was acknowledged is there, whatever happened to the process.

use std::{fs, path::Path, sync::mpsc, thread};

use tests::{
    Service,
    http::{fetch, send},
    producer,
};

use crate::outcome::{Outcome, read_all};

const CLIENTS: usize = 4;
const ROUNDS: usize = 20;

fn on(directory: &Path, source: &str) -> Service {
    let directory = directory.to_str().expect("a path of ASCII");
    producer(&["--source", source, "--data-dir", directory])
}

/// All records there are.
fn records(producer: &Service) -> Vec<String> {
    let url = producer.url("/stream");
    let mut answer = fetch(&url, &[]);
    let first = answer.header("stream-offset").to_owned();
    let tail = fetch(&producer.url("/stream?offset=now"), &[]);
    let record = |offset: &str| {
        offset
            .split('_')
            .next()
            .and_then(|record| record.parse().ok())
    };
    let count: usize = record(tail.header("stream-offset")).expect("an offset");
    answer.lines(count - record(&first).expect("an offset"))
}

/// Posts records until the producer is gone; returns how many were acknowledged. Each
/// acknowledgement is told.
fn post(client: usize, round: usize, url: &str, told: &mpsc::Sender<()>) -> usize {
    for number in 0.. {
        let body = format!(r#"{{"client":{client},"round":{round},"number":{number}}}"#);
        let answer = ureq::post(url).send(body.as_bytes());
        if !answer.is_ok_and(|answer| answer.status() == 200) {
            return number;
        }
        // Nobody counts any more once the producer is to be killed.
        let _counted = told.send(());
    }
    unreachable!("the producer is killed")
}

#[test]
fn what_was_acknowledged_survives_being_killed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let producer = on(directory.path(), "none");
        let url = producer.url("/stream");
        let (told, heard) = mpsc::channel();
        let counts: Vec<_> = thread::scope(|scope| {
            let post = |client| {
                let (url, told) = (&url, told.clone());
                scope.spawn(move || post(client, round, url, &told))
            };
            let clients: Vec<_> = (0..CLIENTS).map(post).collect();
            // So many acknowledgements, then the end, wherever everybody is.
            assert_eq!(heard.iter().take(20 + round * 7).count(), 20 + round * 7);
            producer.kill();
            clients
                .into_iter()
                .map(|client| client.join().expect("a client"))
                .collect()
        });
        acknowledged.push(counts);
    }
    let found = records(&on(directory.path(), "none"));
    let mut expected = 0;
    for (round, counts) in acknowledged.iter().enumerate() {
        for (client, count) in counts.iter().enumerate() {
            let prefix = format!(r#"{{"client":{client},"round":{round},"number":"#);
            let numbers: Vec<_> = found
                .iter()
                .filter_map(|record| record.strip_prefix(&prefix))
                .collect();
            // The one without an answer is there once or not at all.
            let all: Vec<_> = (0..numbers.len())
                .map(|number| format!("{number}}}"))
                .collect();
            assert_eq!(numbers, all, "round {round}, client {client}");
            assert!(
                (*count..=count + 1).contains(&numbers.len()),
                "{count}: {numbers:?}"
            );
            expected += numbers.len();
        }
    }
    assert_eq!(found.len(), expected);
}

#[test]
fn a_log_larger_than_its_memory_is_read_from_disk() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let count = 4_000_000;
    let source = format!("numbers@max:{count}");
    let mut first = on(directory.path(), &source);
    drop(first.says("the stream is closed"));
    assert_eq!(
        read_all(&first.url("/stream"), &[]),
        Outcome::of_numbers(count)
    );
    first.terminate();
    assert_eq!(first.exit_code(), Some(0));
    let again = on(directory.path(), "none");
    assert_eq!(
        read_all(&again.url("/stream"), &[]),
        Outcome::of_numbers(count)
    );
    assert_eq!(send(&again.url("/stream"), &[], b"1").status, 409);
}

#[test]
fn numbers_go_on_from_their_last_id() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for end in ["kill", "stop", "kill"] {
        let mut producer = on(directory.path(), "numbers@1000/s");
        let mut news = fetch(&producer.url("/stream?offset=now"), &[]);
        drop(news.lines(5));
        match end {
            "kill" => producer.kill(),
            _ => producer.terminate(),
        }
        let clean = (end == "stop").then_some(0);
        assert_eq!(producer.exit_code(), clean);
    }
    for (id, record) in records(&on(directory.path(), "none")).iter().enumerate() {
        assert_eq!(*record, format!(r#"{{"id":{id},"value":{}}}"#, 2 * id));
    }
}

#[test]
fn a_second_producer_keeps_out() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let first = on(directory.path(), "none");
    drop(first.url("/"));
    let mut second = on(directory.path(), "none");
    assert_eq!(second.exit_code(), Some(69));
    drop(second.says("another producer uses it"));
}

#[test]
fn a_damaged_piece_is_named_and_never_served() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut producer = on(directory.path(), "numbers@max:100000");
    drop(producer.says("the stream is closed"));
    producer.terminate();
    assert_eq!(producer.exit_code(), Some(0));
    let folder = directory.path().join("streams/0000000000000001");
    let name = "0000000000000000_0000000000000000.lines";
    let mut lines = fs::read(folder.join(name)).expect("the segment");
    lines[1000] ^= 1;
    fs::write(folder.join(name), &lines).expect("the segment");
    let producer = on(directory.path(), "none");
    let answer = fetch(&producer.url("/stream"), &[]);
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["code"], "DAMAGED");
    assert_eq!(
        fs::read(folder.join(name)).expect("the segment"),
        lines,
        "it is left as it is"
    );
}
