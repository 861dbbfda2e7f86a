//! The producer's built-in sources, and when they close the stream.

use tests::{Service, binaries::binary, http::json, producer, service::leashed};

use crate::{
    named::named,
    outcome::read_all,
    wire::{append, read},
};

#[test]
fn without_arguments_it_counts_from_zero() {
    let service = producer(&[]);
    let mut reader = read(&service, "");
    assert_eq!(
        reader.lines(2),
        [r#"{"id":0,"value":0}"#, r#"{"id":1,"value":2}"#]
    );
}

#[test]
fn settings_come_from_the_environment_too() {
    let mut command = leashed(&binary("producer"));
    command
        .env("BROOKLET_LISTEN", "127.0.0.1:0")
        .env("BROOKLET_DATA_DIR", "memory")
        .env("BROOKLET_SOURCE", "numbers@max:2 numbers@max:3");
    let service = Service::spawn(command);
    let text = read(&service, "")
        .text()
        .expect("a closed stream ends cleanly");
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn a_file_is_replayed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("records.ndjson");
    std::fs::write(&path, "{\"value\":1}\n{\"value\":2}\n").expect("a file can be written");
    let service = producer(&["--source", &format!("file:{}@max", path.display())]);
    let text = read(&service, "")
        .text()
        .expect("a closed stream ends cleanly");
    assert_eq!(text, "{\"value\":1}\n{\"value\":2}\n");
}

#[test]
fn the_same_seed_gives_the_same_walks() {
    let values = |seed: &str| {
        let service = producer(&["--source", &format!("sensors?keys=3&seed={seed}@max:50")]);
        let text = read(&service, "")
            .text()
            .expect("a closed stream ends cleanly");
        let records = text.lines().map(json);
        records
            .map(|record| (record["sensor"].clone(), record["value"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(values("7"), values("7"));
    assert_ne!(values("7"), values("8"));
}

#[test]
fn a_stream_closes_only_when_all_of_its_sources_have_ended() {
    let service = producer(&["--source", "numbers@max:2", "--source", "sensors@1/m"]);
    let mut reader = read(&service, "");
    assert_eq!(reader.lines(2).len(), 2);
    append(&service, "{\"value\":1}");
}

#[test]
fn a_file_is_replayed_through_a_log_that_cannot_hold_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a b.ndjson");
    let line = format!("{{\"value\":2,\"text\":\"{}\"}}\n", "x".repeat(500_000));
    std::fs::write(&path, line.repeat(20)).expect("a file can be written");
    let source = format!("file:{}", path.display());
    let service = producer(&["--source", &source, "--retention-bytes", "1MiB"]);
    let text = read(&service, "")
        .text()
        .expect("a closed stream ends cleanly");
    assert_eq!(text.lines().count(), 20);
}

#[test]
fn sources_without_a_pace_lose_nothing_that_is_unread() {
    let count = 20_000;
    let source = format!("numbers@max:{count}");
    let mut args = vec!["--retention-bytes", "1MiB"];
    for _ in 0..20 {
        args.extend(["--source", &source]);
    }
    let service = producer(&args);
    let outcome = read_all(&service.url("/stream"), &[]);
    assert_eq!(
        (outcome.records, outcome.average),
        (20 * count, Some(19_999.0))
    );
}

#[test]
fn who_is_told_that_it_listens_finds_what_sources_feed() {
    let names: Vec<_> = (0..50).map(|number| format!("fed-{number}")).collect();
    let sources = names.iter().map(|name| format!("numbers@1/h>{name}"));
    let sources: Vec<_> = sources
        .flat_map(|source| ["--source".to_owned(), source])
        .collect();
    let sources: Vec<_> = sources.iter().map(String::as_str).collect();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let place = directory.path().to_str().expect("a path of ASCII");
    let service = producer(&[&sources[..], &["--data-dir", place]].concat());
    for name in names.iter().rev() {
        assert_eq!(named(&service, name).head().status, 200, "{name}");
    }
}
