//! A directory that is moved, or made free for another producer, while one uses it.

use std::fs;

use crate::{damaged::on, durable::end, named::refused, numbered};

/// Records that are there, and those of a request.
const RECORDS: u64 = 4_000;
const EACH: usize = 50;

#[test]
fn nothing_is_appended_to_a_directory_that_nobody_would_find() {
    let around = tempfile::tempdir().expect("a temporary directory");
    let (place, elsewhere) = (around.path().join("log"), around.path().join("moved"));
    let mut service = on(&place);
    numbered::make(&service, "one");
    numbered::append(&service, "one", 0..RECORDS, EACH);
    fs::rename(&place, &elsewhere).expect("it is there");
    fs::create_dir(&place).expect("nothing is there");
    let mut acknowledged = RECORDS;
    let refusal = loop {
        let end = acknowledged + EACH as u64;
        let answer = numbered::send(&service, "one", acknowledged..end);
        if answer.status != 204 {
            break answer;
        }
        acknowledged = end;
    };
    refused(refusal, 503, "LOG_FAILED");
    drop(service.says("the data directory was moved or removed"));
    let all: Vec<_> = (0..acknowledged).collect();
    assert_eq!(numbered::found(&service, "one"), all);
    end(&mut service, "stop");
    let begun = fs::read_dir(&place).expect("a folder").count();
    assert_eq!(begun, 0, "nothing was begun in what took its place");
    fs::remove_dir(&place).expect("it is empty");
    fs::rename(&elsewhere, &place).expect("it is there");
    assert_eq!(numbered::found(&on(&place), "one"), all);
}

#[test]
fn without_the_locked_file_there_is_still_one_producer() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let first = on(directory.path());
    assert!(first.listens());
    fs::remove_file(directory.path().join("lock")).expect("it is there");
    let second = on(directory.path());
    drop(second.says("another producer uses it"));
}
