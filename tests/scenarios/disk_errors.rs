//! Errors of the disk, at the door: nothing that was acknowledged is lost, what cannot be told is
//! said to be so, what is there can be read, and a restart finds out.

use std::{fs, path::Path};

use tests::{Service, http::fetch, producer};

use crate::{
    durable,
    faulty_disk::{Fault, FaultyDisk},
    named::{CLOSED, named, refused},
    numbered,
    wire::JSON,
};

/// So small that the journal is settled every few requests.
const FILES: [&str; 4] = ["--journal-bytes", "64KiB", "--segment-bytes", "128KiB"];

/// Records of a request: a few requests fill a journal file.
const RECORDS: u64 = 100;

/// Requests after which the fault must have shown.
const REQUESTS_MAX: u64 = 400;

const JOURNAL: &str = "/journal/0";
const SEGMENTS: &str = "/streams/";

fn sound(directory: &Path) -> Service {
    let path = directory.to_str().expect("a path of ASCII");
    let place = ["--source", "none", "--data-dir", path];
    producer(&[&place[..], &FILES].concat())
}

/// Appends until that is refused; returns how many records were acknowledged, and whether it was.
fn fill(service: &Service) -> (u64, bool) {
    for request in 0..REQUESTS_MAX {
        let first = request * RECORDS;
        let answer = numbered::send(service, "one", first..first + RECORDS);
        if !(200..300).contains(&answer.status) {
            let status = answer.status;
            let problem = answer.json();
            let text = |name: &str| problem.get(name).and_then(|text| text.as_str());
            assert_eq!((status, text("code")), (503, Some("LOG_FAILED")));
            assert_eq!(text("side_effects"), Some("unknown"), "{problem}");
            return (first, true);
        }
    }
    (REQUESTS_MAX * RECORDS, false)
}

/// Has records appended on a disk with this fault, and then on a sound one.
fn check(fault: Fault) {
    let Some(disk) = FaultyDisk::make() else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let before = sound(directory.path());
    numbered::make(&before, "one");
    before.kill();
    drop(before);

    let mut service = disk.producer(directory.path(), fault, &FILES);
    let (acknowledged, has_failed) = fill(&service);
    assert!(has_failed, "{fault:?} was not met");
    let again = numbered::send(&service, "one", 0..1);
    assert_eq!(again.status, 503, "{fault:?}");
    assert_eq!(fetch(&service.url("/readyz"), &[]).status, 503, "{fault:?}");
    let all = |count| (0..count).collect::<Vec<u64>>();
    assert_eq!(
        numbered::found(&service, "one"),
        all(acknowledged),
        "{fault:?}"
    );
    drop(service.says("os error"));
    service.terminate();
    let ended = service.exit_code();
    assert!(ended.is_some(), "{fault:?}: a failed sync was tried again");

    let service = sound(directory.path());
    let found = numbered::found(&service, "one");
    let count = found.len() as u64;
    assert_eq!(found, all(count), "{fault:?}");
    // The request without an answer is there, or it is not.
    let whole = [acknowledged, acknowledged + RECORDS];
    assert!(
        whole.contains(&count),
        "{fault:?}: {count} of {acknowledged}"
    );
    numbered::append(&service, "one", count..count + RECORDS, 100);
    assert_eq!(numbered::found(&service, "one"), all(count + RECORDS));
}

/// The fault after different numbers of calls.
fn check_each(how: &'static str, path: &'static str, afters: &[usize]) {
    for after in afters.iter().copied() {
        check(Fault { how, path, after });
    }
}

#[test]
fn a_write_to_the_journal_fails() {
    check_each("write", JOURNAL, &[0, 1, 5, 12]);
}

#[test]
fn a_sync_of_the_journal_fails_and_is_not_tried_again() {
    check_each("sync", JOURNAL, &[0, 1, 5, 12]);
}

#[test]
fn space_ends_in_the_middle_of_a_frame() {
    check_each("full", JOURNAL, &[0, 1, 5]);
}

#[test]
fn a_write_to_a_segment_fails() {
    check_each("write", SEGMENTS, &[0, 2, 5]);
}

#[test]
fn a_sync_of_a_segment_fails_and_is_not_tried_again() {
    check_each("sync", SEGMENTS, &[0, 1, 4]);
}

#[test]
fn a_write_that_is_done_in_part_is_completed() {
    let Some(disk) = FaultyDisk::make() else {
        return;
    };
    for (path, after) in [(JOURNAL, 0), (JOURNAL, 7), (SEGMENTS, 0), (SEGMENTS, 3)] {
        let how = "short";
        let directory = tempfile::tempdir().expect("a temporary directory");
        let fault = Fault { how, path, after };
        let mut service = disk.producer(directory.path(), fault, &FILES);
        numbered::make(&service, "one");
        numbered::append(&service, "one", 0..4_000, 100);
        service.terminate();
        assert_eq!(service.exit_code(), Some(0));
        let all: Vec<_> = (0..4_000).collect();
        let service = sound(directory.path());
        assert_eq!(numbered::found(&service, "one"), all, "{fault:?}");
    }
}

#[test]
fn what_was_begun_when_the_log_failed_is_not_said_to_be_so() {
    let Some(disk) = FaultyDisk::make() else {
        return;
    };
    for how in ["close", "delete"] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut before = sound(directory.path());
        assert_eq!(named(&before, "one").put(&[JSON], "[1]").status, 201);
        before.terminate();
        assert_eq!(before.exit_code(), Some(0));
        // The first sync is that of the new journal file's head.
        let (path, after) = (JOURNAL, 0);
        let fault = Fault {
            how: "sync",
            path,
            after,
        };
        let service = disk.producer(directory.path(), fault, &FILES);
        let one = named(&service, "one");
        let end = || match how {
            "close" => one.post(&[CLOSED], ""),
            _ => one.ask("DELETE", &[], ""),
        };
        refused(end(), 503, "LOG_FAILED");
        refused(one.put(&[JSON], ""), 503, "LOG_FAILED");
        refused(one.put(&[JSON, CLOSED], ""), 503, "LOG_FAILED");
        refused(end(), 503, "LOG_FAILED");
        assert_eq!(one.read("").status, 200, "{how}");
    }
}

#[test]
fn where_no_journal_file_can_be_made_the_start_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut before = durable::on(directory.path(), "none");
    assert_eq!(fetch(&before.url("/readyz"), &[]).status, 200);
    before.terminate();
    assert_eq!(before.exit_code(), Some(0));
    // What stands in the way of the next file keeps also those out who may write everywhere.
    let spare = directory.path().join("journal/spare");
    drop(fs::remove_file(&spare));
    fs::create_dir(&spare).expect("there is no such file");
    let mut refused = durable::on(directory.path(), "none");
    assert_eq!(refused.exit_code(), Some(69));
    let said = refused.says("cannot open the log in");
    for what in [
        "folder journal",
        "os error 21",
        "has to be able to write there",
    ] {
        assert!(said.contains(what), "{said}");
    }
    fs::remove_dir(&spare).expect("it is there");
    let again = durable::on(directory.path(), "none");
    assert_eq!(fetch(&again.url("/readyz"), &[]).status, 200);
}
