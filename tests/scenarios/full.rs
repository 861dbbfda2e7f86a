//! A disk that gets full: appends are refused, nothing is lost, and it goes on when there is space.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::json;
use tests::{
    PATIENCE, Service,
    binaries::binary,
    http::{ask, fetch, send},
    producer,
};

use crate::{
    durable,
    named::{CLOSED, named, refused},
    numbered,
    power::Disk,
    subscriptions::{all_of, append, post, put, subscription},
    wire::{JSON, NDJSON},
};

/// How large the disk is, and what else lies on it in the beginning.
const MEGABYTES: u64 = 96;
const OTHERS_MEGABYTES: usize = 20;

/// Records of a request.
const RECORDS: u64 = 5_000;

fn on(disk: &Disk, floor: &str) -> Service {
    let directory = disk.mounted.join("log");
    let directory = directory.to_str().expect("a path of ASCII");
    let files = ["--journal-bytes", "2MiB", "--segment-bytes", "1MiB"];
    let place = ["--source", "none", "--data-dir", directory];
    producer(&[&place[..], &files, &["--disk-floor-bytes", floor]].concat())
}

/// Waits until the service is ready, or is not.
fn wait_for_ready(service: &Service, ready: bool) {
    let status = || fetch(&service.url("/readyz"), &[]).status;
    while (status() == 200) != ready {
        std::thread::yield_now();
    }
}

fn records(service: &Service) -> u64 {
    let head = ask("HEAD", &service.url("/v1/stream/default"), &[], b"");
    let count = head.header("stream-record-count");
    count.parse().expect("a number")
}

/// Appends until it is refused; returns how many records were acknowledged.
fn fill(service: &Service) -> u64 {
    let line = format!("\"{}\"\n", "x".repeat(98));
    let body = line.repeat(usize::try_from(RECORDS).expect("a few thousand"));
    for requests in 0.. {
        let answer = send(&service.url("/stream"), &[], body.as_bytes());
        if answer.status != 200 {
            assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
            let problem = answer.json();
            let code = problem.get("code").and_then(|code| code.as_str());
            assert_eq!(code, Some("DISK_FULL"));
            return requests * RECORDS;
        }
    }
    0
}

fn check(floor: &str) {
    let Some(disk) = Disk::make(MEGABYTES) else {
        return;
    };
    let others = disk.mounted.join("others");
    fs::write(&others, vec![7; OTHERS_MEGABYTES << 20]).expect("there is space");
    let mut service = on(&disk, floor);
    let mut acknowledged = fill(&service);
    assert!(acknowledged > 50 * RECORDS, "{acknowledged} records");
    wait_for_ready(&service, false);
    assert_eq!(records(&service), acknowledged, "what is there can be read");

    service.kill();
    let _killed = service.exit_code();
    let mut service = on(&disk, floor);
    assert_eq!(records(&service), acknowledged, "it starts on a full disk");
    let before = acknowledged;
    acknowledged += fill(&service);
    assert!(acknowledged < before + 20 * RECORDS, "it is still full");
    wait_for_ready(&service, false);

    fs::remove_file(&others).expect("it is there");
    // Nobody need ask for it: who is not ready may be asked for nothing.
    wait_for_ready(&service, true);
    acknowledged += fill(&service);
    assert!(acknowledged > before + 20 * RECORDS, "it goes on");
    assert_eq!(records(&service), acknowledged);

    service.kill();
    let _killed = service.exit_code();
    assert_eq!(
        records(&on(&disk, floor)),
        acknowledged,
        "and loses nothing"
    );
}

#[test]
fn above_a_floor_appends_are_refused_until_there_is_space() {
    check("16MiB");
}

#[test]
fn without_a_floor_the_last_block_is_met_and_nothing_is_lost() {
    check("0B");
}

#[test]
fn it_is_ready_as_long_as_others_leave_it_space() {
    let Some(disk) = Disk::make(MEGABYTES) else {
        return;
    };
    let service = on(&disk, "16MiB");
    for _ in 0..2 {
        wait_for_ready(&service, true);
        let others = fill_up(&disk);
        wait_for_ready(&service, false);
        fs::remove_file(&others).expect("it is there");
    }
    wait_for_ready(&service, true);
}

/// Writes what else fits on the disk, to the last block.
fn fill_up(disk: &Disk) -> PathBuf {
    let path = disk.mounted.join("more");
    let mut more = fs::File::create(&path).expect("there is a name for it");
    let mut bytes = vec![7; 1 << 20];
    while !bytes.is_empty() {
        if more
            .write_all(&bytes)
            .and_then(|()| more.sync_all())
            .is_err()
        {
            bytes.truncate(bytes.len() / 2);
        }
    }
    path
}

/// Has a disk filled by a stream, and by others to the last block, and the producer killed; what makes
/// space then is taken at once, and does.
fn check_space(floor: &str, make: impl Fn(&Service)) {
    let Some(disk) = Disk::make(MEGABYTES) else {
        return;
    };
    let mut service = on(&disk, floor);
    assert_eq!(named(&service, "big").put(&[NDJSON], "").status, 201);
    let body = format!("\"{}\"\n", "x".repeat(98)).repeat(5_000);
    while named(&service, "big").post(&[NDJSON], &body).status != 503 {}
    service.kill();
    let _killed = service.exit_code();
    let _others = fill_up(&disk);

    let service = on(&disk, floor);
    refused(
        named(&service, "big").post(&[NDJSON], &body),
        503,
        "DISK_FULL",
    );
    make(&service);
    wait_for_ready(&service, true);
    assert_eq!(named(&service, "new").put(&[NDJSON], &body).status, 201);
}

fn delete(service: &Service) {
    assert_eq!(named(service, "big").ask("DELETE", &[], "").status, 204);
}

fn retain_less(service: &Service) {
    let less = ("stream-retention-bytes", "1MiB");
    let answer = named(service, "big").ask("PATCH", &[less], "");
    assert_eq!(answer.status, 204);
}

#[test]
fn deleting_makes_space_on_a_disk_that_is_full_at_the_start() {
    check_space("0B", delete);
}

#[test]
fn deleting_makes_space_below_the_floor_on_a_disk_that_is_full_at_the_start() {
    check_space("4MiB", delete);
}

#[test]
fn keeping_less_makes_space_on_a_disk_that_is_full_at_the_start() {
    check_space("0B", retain_less);
}

#[test]
fn what_makes_space_is_done_below_the_floor() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let place = directory.path().to_str().expect("a path of ASCII");
    let mut service = durable::on(directory.path(), "none");
    for name in ["ended", "deleted"] {
        assert_eq!(named(&service, name).put(&[JSON], "[1]").status, 201);
    }
    let topic = service.url("/v1/topics/t");
    let made = ask("PUT", &topic, &[], br#"{"partitions":2,"key":""}"#);
    assert_eq!(made.status, 201);
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    let folders = || fs::read_dir(directory.path().join("streams")).map(Iterator::count);
    assert_eq!(folders().ok(), Some(2), "both streams are settled");

    let low = ["--source", "none", "--data-dir", place];
    let mut service = producer(&[&low[..], &["--disk-floor-bytes", "1000TiB"]].concat());
    let (ended, deleted) = (named(&service, "ended"), named(&service, "deleted"));
    refused(ended.post(&[JSON], "[2]"), 503, "DISK_FULL");
    refused(ended.post(&[JSON, CLOSED], "[2]"), 503, "DISK_FULL");
    refused(named(&service, "new").put(&[JSON], ""), 503, "DISK_FULL");
    assert_eq!(ended.post(&[CLOSED], "").status, 204);
    assert_eq!(deleted.ask("DELETE", &[], "").status, 204);
    let topic = service.url("/v1/topics/t");
    assert_eq!(ask("DELETE", &topic, &[], b"").status, 204);
    let begun = Instant::now();
    while folders().ok() != Some(1) {
        assert!(
            begun.elapsed() < PATIENCE,
            "there is no more space than before"
        );
        std::thread::yield_now();
    }
    service.kill();
    let _killed = service.exit_code();
    let service = durable::on(directory.path(), "none");
    let (ended, deleted) = (named(&service, "ended"), named(&service, "deleted"));
    assert_eq!(ended.head().header("stream-closed"), "true");
    assert_eq!(deleted.head().status, 404);
    assert_eq!(
        ask("GET", &service.url("/v1/topics/t"), &[], b"").status,
        404
    );
}

#[test]
fn no_subscription_is_made_below_the_floor_and_work_goes_on() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = durable::on(directory.path(), "none");
    let pull =
        |streams: &[&str]| json!({"type": "pull-wake", "streams": streams, "wake_stream": "wakes"});
    assert_eq!(put(&service, "there", &pull(&["a"])).status, 201);
    append(&service, "a");
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));

    let place = directory.path().to_str().expect("a path of ASCII");
    let low = ["--source", "none", "--data-dir", place];
    let service = producer(&[&low[..], &["--disk-floor-bytes", "1000TiB"]].concat());
    let new = put(&service, "new", &pull(&["a"]));
    assert_eq!(new.header("retry-after"), "1");
    refused(new, 503, "DISK_FULL");
    let get = |id: &str| fetch(&subscription(&service, id), &[]).status;
    assert_eq!((get("new"), get("there")), (404, 200));
    let link = |name: &str| post(&service, "there/streams", "", &json!({"streams": [name]}));
    refused(link("b"), 503, "DISK_FULL");
    assert_eq!(link("a").status, 204, "that is there");
    assert_eq!(put(&service, "there", &pull(&["a"])).status, 200);
    let claimed = post(&service, "there/claim", "", &json!({"worker": "w"})).json();
    let token = claimed["token"].as_str().expect("a token");
    let done = post(&service, "there/ack", token, &all_of(&claimed));
    assert_eq!(done.status, 200);
    let url = subscription(&service, "there");
    assert_eq!(ask("DELETE", &url, &[], b"").status, 204);
}

#[test]
fn a_log_is_not_begun_below_the_floor_and_nothing_is_left_of_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let place = directory.path().join("log");
    let args = [
        "--source",
        "none",
        "--data-dir",
        place.to_str().expect("a path of ASCII"),
        "--disk-floor-bytes",
    ];
    let mut low = producer(&[&args[..], &["1000TiB"]].concat());
    assert_eq!(low.exit_code(), Some(69));
    let said = low.says("too little space on the disk for a new log");
    for what in [
        "log: ",
        " bytes are free",
        "1099511627776000",
        "--disk-floor-bytes",
    ] {
        assert!(said.contains(what), "{said}");
    }
    let left = fs::read_dir(&place).expect("it is there").map(|entry| {
        let name = entry.expect("it can be read").file_name();
        name.into_string().expect("text")
    });
    assert_eq!(left.collect::<Vec<_>>(), ["lock"]);
    let there = producer(&[&args[..], &["0"]].concat());
    assert_eq!(send(&there.url("/stream"), &[], b"1").status, 200);
}

#[test]
fn a_repair_for_which_there_is_no_space_leaves_nothing() {
    let Some(disk) = Disk::make(MEGABYTES) else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = durable::on(directory.path(), "none");
    numbered::make(&service, "one");
    numbered::append(&service, "one", 0..150_000, 5_000);
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    let others = disk.mounted.join("others");
    fs::write(&others, vec![7; 76 << 20]).expect("there is space");
    let new = disk.mounted.join("new");
    let words = [
        Path::new("repair"),
        directory.path(),
        Path::new("--to"),
        &new,
    ];
    let repair = || {
        let mut repair = Service::start(&binary("producer"), words);
        (repair.exit_code(), repair.stderr.all().join("\n"))
    };
    let (code, said) = repair();
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("new: No space left on device"), "{said}");
    assert!(!new.exists(), "{said}");
    fs::remove_file(&others).expect("it is there");
    let (code, said) = repair();
    assert_eq!(code, Some(0), "{said}");
}
