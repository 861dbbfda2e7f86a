//! Producers of a stream that are remembered: those that spoke last, also after restarts, and no others.

use std::{fs, path::Path};

use tests::{Service, producer};

use crate::{
    durable::end,
    named::{Named, named},
    wire::JSON,
};

/// So many are remembered.
const REMEMBERED: usize = 1000;

/// So many speak, one after another.
const SPEAKERS: usize = 2500;

/// A frame says so much of a producer at the most, and so much of all else.
const PRODUCER_BYTES: usize = 64;
const OTHER_BYTES: usize = 64 * 1024;

/// So small that what the first ones say is settled before the last ones speak.
fn on(directory: &Path) -> Service {
    let directory = directory.to_str().expect("a path of ASCII");
    let files = ["--journal-bytes", "64KiB", "--source", "none"];
    producer(&[&files[..], &["--data-dir", directory]].concat())
}

/// The name of one that speaks; later ones have names that come earlier.
fn name(number: usize) -> String {
    format!("p{:05}", SPEAKERS - number)
}

/// What the first request of a producer is answered.
fn say(stream: &Named<'_>, number: usize) -> u16 {
    let id = name(number);
    let headers = [
        JSON,
        ("producer-id", &id),
        ("producer-epoch", "0"),
        ("producer-seq", "0"),
    ];
    stream.post(&headers, "1").status
}

fn check(how: &str) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path());
    let stream = named(&service, "s");
    assert_eq!(stream.put(&[JSON], "").status, 201);
    for number in 0..SPEAKERS {
        assert_eq!(say(&stream, number), 200);
    }
    end(&mut service, how);

    let mut service = on(directory.path());
    let stream = named(&service, "s");
    for number in SPEAKERS - REMEMBERED..SPEAKERS {
        assert_eq!(say(&stream, number), 204, "{how}: {}", name(number));
    }
    let count = stream.head().header("stream-record-count").to_owned();
    assert_eq!(count, SPEAKERS.to_string(), "{how}");
    // Once more, with what the catalogue has then.
    assert_eq!(say(&stream, 0), 200, "{how}: it was forgotten");
    end(&mut service, "stop");
    let service = on(directory.path());
    let stream = named(&service, "s");
    assert_eq!(say(&stream, 0), 204, "{how}");
    assert_eq!(say(&stream, SPEAKERS - 1), 204, "{how}");
    let oldest = SPEAKERS - REMEMBERED;
    assert_eq!(say(&stream, oldest), 200, "{how}: one has come since");
    drop(service);

    let catalogue = directory.path().join("catalogue");
    let length = fs::metadata(catalogue).expect("it is there").len();
    let most = SPEAKERS * PRODUCER_BYTES + OTHER_BYTES;
    assert!(length < most as u64, "{how}: {length} bytes");
}

#[test]
fn those_that_spoke_last_are_remembered_over_a_stop() {
    check("stop");
}

#[test]
fn those_that_spoke_last_are_remembered_over_a_kill() {
    check("kill");
}
