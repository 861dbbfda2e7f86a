//! A log in a directory: what was acknowledged is there, whatever happened to the process.

use std::{fs, io::Write, net::TcpStream, path::Path, thread};

use tests::{
    Service,
    binaries::binary,
    http::{fetch, send},
    producer,
    service::leashed,
};

use crate::{
    ledger::{End, Life, records},
    outcome::{Outcome, read_all},
};

/// How often the producer is killed.
const LIVES: usize = 20;

pub(crate) fn on(directory: &Path, source: &str) -> Service {
    let directory = directory.to_str().expect("a path of ASCII");
    producer(&["--source", source, "--data-dir", directory])
}

#[test]
fn what_was_acknowledged_survives_being_killed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut producer = on(directory.path(), "none");
    let (_, mut place) = records(&producer, "-1");
    for number in 0..LIVES {
        let end = (End::Killed, || producer.kill());
        let life = Life::lead(&producer, (number, 20 + number * 7), &place, end);
        producer = on(directory.path(), "none");
        let (found, next) = records(&producer, &place);
        assert_eq!(life.contradiction(&found), None, "life {number}");
        place = next;
    }
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
