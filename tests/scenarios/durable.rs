//! A log in a directory: what was acknowledged is there, whatever happened to the process.

use std::{
    fs,
    io::Write,
    net::TcpStream,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    thread,
};

use tests::{
    Service,
    binaries::binary,
    http::{fetch, send},
    producer,
    service::leashed,
};

use crate::{
    faulty_disk::{Fault, FaultyDisk},
    ledger::{End, Life, records, tail},
    named::named,
    numbered,
    outcome::{Outcome, read_all},
    wire::NDJSON,
};

/// What leaves the time to settle all at a stop.
pub(crate) const SETTLED: [&str; 2] = ["--drain-limit", "100s"];

/// How often the producer is killed.
const LIVES: usize = 20;

/// A producer in `directory`, which settles all when it is stopped, however long that takes.
pub(crate) fn on(directory: &Path, source: &str) -> Service {
    let directory = directory.to_str().expect("a path of ASCII");
    let place = ["--source", source, "--data-dir", directory];
    producer(&[&place[..], &SETTLED].concat())
}

/// Ends a producer by `kill`, or by `stop`, which is clean.
pub(crate) fn end(producer: &mut Service, how: &str) {
    match how {
        "kill" => producer.kill(),
        _ => producer.terminate(),
    }
    assert_eq!(producer.exit_code(), (how == "stop").then_some(0));
}

/// Kills a producer again and again, each time another that `start` gives, until what was
/// acknowledged is not there, or the next one refuses what it finds.
fn kill(start: impl Fn() -> Service) -> Option<String> {
    let mut producer = start();
    let (_, mut place) = records(&producer, "-1");
    for number in 0..LIVES {
        let end = (End::Killed, || producer.kill());
        let life = Life::lead(&producer, (number, 20 + number * 7), &place, end);
        let _killed = producer.exit_code();
        producer = start();
        if !producer.listens() {
            return Some(format!("life {number}: there was no other one"));
        }
        if tail(&producer) < place {
            return Some(format!("life {number}: the log ended at {place}"));
        }
        let (found, next) = records(&producer, &place);
        if let Some(contradiction) = life.contradiction(&found) {
            return Some(format!("life {number}: {contradiction}"));
        }
        place = next;
    }
    None
}

#[test]
fn what_was_acknowledged_survives_being_killed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(kill(|| on(directory.path(), "none")), None);
}

#[test]
fn a_stop_settles_what_there_is_time_for_and_the_next_start_the_rest() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().to_str().expect("a path of ASCII");
    let hasty = [
        "--source",
        "none",
        "--data-dir",
        path,
        "--drain-limit",
        "1ms",
    ];
    let mut first = producer(&hasty);
    // Each is three files and folders, for which there is no time.
    let names: Vec<_> = (0..500).map(|number| format!("s{number}")).collect();
    for name in &names {
        assert_eq!(named(&first, name).put(&[NDJSON], "1\n2\n").status, 201);
    }
    first.terminate();
    assert_eq!(first.exit_code(), Some(0));
    drop(first.says("the journal is not settled; the next start does it"));
    let mut second = on(directory.path(), "none");
    for name in &names {
        let all = named(&second, name).read("").text();
        assert_eq!(all.expect("all of it"), "1\n2\n");
    }
    second.terminate();
    assert_eq!(second.exit_code(), Some(0));
    let settled = fs::read_dir(directory.path().join("streams")).expect("they are there");
    assert_eq!(settled.count(), names.len());
}

#[test]
fn what_is_no_folder_is_said_to_be_none() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut refused = on(file.path(), "none");
    assert_eq!(refused.exit_code(), Some(69));
    drop(refused.says("cannot use it: Not a directory"));
}

#[test]
fn an_answer_before_the_write_is_found_out() {
    let Some(disk) = FaultyDisk::make() else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let late = Fault {
        how: "late",
        path: "/journal/",
        after: 0,
    };
    let lost = kill(|| disk.producer(directory.path(), late, &[]));
    assert!(lost.is_some(), "so no kill would show it");
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
        let posted = send(
            &producer.url("/stream"),
            &[],
            b"{\"id\":7}\n{\"value\":100}",
        );
        assert_eq!(posted.status, 200);
        self::end(&mut producer, end);
    }
    let (records, _) = records(&on(directory.path(), "none"), "-1");
    let numbers = records
        .iter()
        .filter(|record| record.contains(r#","value":"#));
    for (id, record) in numbers.enumerate() {
        assert_eq!(*record, format!(r#"{{"id":{id},"value":{}}}"#, 2 * id));
    }
}

#[test]
fn a_reader_that_retention_overruns_is_told_so() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().to_str().expect("a path of ASCII");
    let args = [
        "--source",
        "none",
        "--data-dir",
        path,
        "--retention-bytes",
        "1MiB",
        // Else it would be cut while so much is appended, as it takes nothing.
        "--stall-limit",
        "1h",
    ];
    let producer = producer(&args);
    let line = format!("\"{}\"\n", "x".repeat(1_000_000));
    let body = line.repeat(16);
    let mut slow = TcpStream::connect(producer.address()).expect("it listens");
    slow.write_all(b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .expect("a request");
    for _ in 0..16 {
        assert_eq!(
            send(&producer.url("/stream"), &[], body.as_bytes()).status,
            200
        );
    }
    thread::scope(|scope| {
        scope.spawn(|| std::io::copy(&mut slow, &mut std::io::sink()));
        drop(producer.says("was too slow"));
        producer.kill();
    });
    assert_eq!(
        producer
            .stderr
            .all()
            .join("\n")
            .matches("cannot be read")
            .count(),
        0
    );
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

#[test]
fn what_cannot_be_read_for_now_is_not_called_damaged() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), "none");
    numbered::make(&service, "one");
    numbered::append(&service, "one", 0..1000, 100);
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    let service = on(directory.path(), "none");
    // A link to itself cannot be opened, not even by who may read all.
    for kind in ["side", "lines"] {
        let file = file_of_kind(&directory.path().join("streams"), kind);
        let aside = file.with_extension("aside");
        fs::rename(&file, &aside).expect("it is there");
        symlink(&file, &file).expect("there is no such file");
        for query in [
            "",
            "?offset=-1&live=ndjson",
            "?tail=5",
            "?live=long-poll&offset=-1",
        ] {
            let url = service.url(&format!("/v1/stream/one{query}"));
            let answer = fetch(&url, &[]);
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (503, "1"),
                "{query}"
            );
            let problem = answer.json();
            assert_eq!(problem["code"], "UNREAD", "{problem}");
            assert_eq!(
                (&problem["retryable"], &problem["side_effects"]),
                (&true.into(), &"none".into())
            );
        }
        fs::remove_file(&file).expect("it is there");
        fs::rename(&aside, &file).expect("it is there");
        assert_eq!(numbered::found(&service, "one").len(), 1000, "{kind}");
    }
}

fn file_of_kind(folder: &Path, kind: &str) -> PathBuf {
    let folders = fs::read_dir(folder).expect("it is there");
    let all = folders
        .flat_map(|folder| fs::read_dir(folder.expect("it is there").path()).expect("a folder"));
    let mut paths = all.map(|file| file.expect("it is there").path());
    let found = paths.find(|path| path.extension().is_some_and(|found| found == kind));
    found.expect("there is one")
}

#[test]
fn without_a_word_records_are_kept_in_a_folder_that_is_named() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut command = leashed(&binary("producer"));
    command
        .current_dir(folder.path())
        .args(["--listen", "127.0.0.1:0", "--source", "none"]);
    let service = Service::spawn(command);
    drop(service.says("records are kept in ./brooklet-data"));
    let url = service.url("/stream");
    assert_eq!(send(&url, &[], b"1").status, 200);
    assert!(folder.path().join("brooklet-data/journal").is_dir());
}
