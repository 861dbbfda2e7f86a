//! A log that an earlier version left behind is read by this one: see `tests/data/log-2`.

use std::{fs, path::Path, process::Command};

use tests::{
    Service,
    binaries::{binary, workspace},
    http::ask,
    producer,
};

use crate::{
    named::{TEXT, named},
    wire::{JSON, NDJSON},
};

/// A copy of the log, and a producer on it.
fn on_copy() -> (tempfile::TempDir, Service) {
    let folder = copied();
    let service = on(&folder);
    (folder, service)
}

fn on(folder: &tempfile::TempDir) -> Service {
    let log = folder.path().join("log");
    let log = log.to_str().expect("a path of ASCII");
    producer(&["--source", "none", "--data-dir", log])
}

fn copied() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let original = workspace().join("tests/data/log-2/log");
    copy(&original, &folder.path().join("log"));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a folder of the repository") {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .expect("an entry");
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).expect("there is space");
        }
    }
}

fn text(service: &Service, name: &str) -> String {
    named(service, name)
        .read("offset=-1")
        .text()
        .expect("a page")
}

#[test]
fn every_kind_of_stream_is_there() {
    let (_folder, service) = on_copy();
    let orders: serde_json::Value = serde_json::from_str(&text(&service, "orders")).expect("JSON");
    let ids: Vec<_> = orders
        .as_array()
        .into_iter()
        .flatten()
        .map(|order| order["id"].as_u64())
        .collect();
    assert_eq!(ids, (0..800).map(Some).collect::<Vec<_>>());
    assert_eq!(text(&service, "closed"), "[1,2,3]");
    assert_eq!(
        named(&service, "closed").head().header("stream-closed"),
        "true"
    );
    assert_eq!(text(&service, "sequenced"), "[0,1,2,3,4,5,6,7]");
    let parts: String = (0..8).map(|number| format!("part {number};")).collect();
    assert_eq!(text(&service, "text"), parts);
    assert_eq!(named(&service, "gone").head().status, 404);
    let place = "offset=0000000000000001_0000000000000089";
    assert!(
        named(&service, "orders")
            .read(place)
            .text()
            .expect("a page")
            .starts_with("[{\"id\":1,")
    );
    assert_eq!(text(&service, "default"), "[{\"value\":1}]");
}

#[test]
fn what_was_known_of_producers_and_topics_is_known() {
    let (_folder, service) = on_copy();
    let order = |sequence: &str| {
        let headers = [
            NDJSON,
            ("producer-id", "p"),
            ("producer-epoch", "1"),
            ("producer-seq", sequence),
        ];
        named(&service, "orders")
            .post(&headers, "{\"id\":800}")
            .status
    };
    assert_eq!(
        (order("7"), order("9"), order("8"), order("8")),
        (204, 409, 200, 204)
    );
    let sequenced = |sequence| {
        named(&service, "sequenced")
            .post(&[JSON, ("stream-seq", sequence)], "[8]")
            .status
    };
    assert_eq!((sequenced("7"), sequenced("8")), (409, 204));
    assert_eq!(named(&service, "text").post(&[TEXT], "more").status, 204);
    let topic = service.url("/v1/topics/t");
    assert_eq!(ask("GET", &topic, &[], b"").json()["key"], "/key");
    let counts = || ["t/0", "t/1"].map(|name| text(&service, name).matches("key").count());
    assert_eq!(counts(), [32, 48]);
    assert_eq!(ask("POST", &topic, &[], b"{\"key\":1}").status, 200);
    assert_eq!(counts().iter().sum::<usize>(), 81);
}

#[test]
fn it_is_sound() {
    let (folder, mut service) = on_copy();
    let _listens = service.address();
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    let inspect = Command::new(binary("producer"))
        .arg("inspect")
        .arg(folder.path().join("log"))
        .output();
    let said = String::from_utf8(inspect.expect("it can be started").stdout).expect("text");
    assert!(said.contains("sound: every check is in order"), "{said}");
    assert!(
        said.contains("stream orders (number 2, application/json): 800 records"),
        "{said}"
    );
}

#[test]
fn a_journal_file_of_it_that_was_cut_is_refused() {
    let folder = copied();
    let path = folder.path().join("log/journal/00000000000000000031");
    let mut content = fs::read(&path).expect("a file");
    content.truncate(900);
    fs::write(&path, &content).expect("a file");
    let mut service = on(&folder);
    assert_eq!(service.exit_code(), Some(69));
    let said = service.stderr.all().join("\n");
    let what = "journal/00000000000000000031: it was cut";
    assert!(said.contains(what), "{said}");
    assert_eq!(fs::read(&path).expect("a file"), content);
}
