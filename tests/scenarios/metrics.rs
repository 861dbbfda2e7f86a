//! What a producer counts is what happened, and what the README tells of it, and of what a job counts, is
//! there.

use std::{collections::BTreeSet, fs};

use tests::{
    Service,
    binaries::workspace,
    consumer,
    http::{ask, fetch, remove, send},
    producer,
};

use crate::wire::{JSON, SSE, append, read};

/// A producer with its log on disk, and the folder that holds it.
fn on_disk() -> (Service, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a text").to_owned();
    let service = producer(&["--source", "none", "--data-dir", &path]);
    (service, folder)
}

#[test]
fn the_readme_tells_of_every_metric_and_of_no_other() {
    let (service, _folder) = on_disk();
    // What is counted by a label is there when it has happened: a refusal, and a body that is broken off.
    let stream = service.url("/v1/stream/short-lived");
    assert_eq!(ask("PUT", &stream, &[JSON], b"").status, 201);
    assert_eq!(
        ask("PUT", &stream, &[("content-type", "text/plain")], b"").status,
        409
    );
    let mut reader = fetch(&format!("{stream}?live=ndjson"), &[]);
    remove(&stream);
    while matches!(reader.line(), Ok(Some(_))) {}

    assert_eq!(told("\n## Metrics\n"), there(&service));
}

#[test]
fn the_readme_tells_of_every_metric_of_a_job_and_of_no_other() {
    let sql = "CREATE TABLE g (a BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000'); \
        SELECT a, COUNT(*) FROM g GROUP BY a";
    let mut job = consumer(&["sql", sql, "--listen", "127.0.0.1:0"]);
    // What comes of a batch is printed when it has been done.
    job.prints("+I[");
    assert_eq!(told("\n### Metrics of a job\n"), there(&job));
    for name in ["batch_seconds_count", "batch_longest_seconds"] {
        let value = job.metric(&format!("brooklet_job_{name}"));
        assert!(value > Some(0.0), "{name}: {value:?}");
    }
    job.terminate();
    assert_eq!(job.exit_code(), Some(0));
}

/// The metrics that a service has.
fn there(service: &Service) -> BTreeSet<String> {
    let said = service.metrics();
    let kinds = said.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = kinds.filter_map(|kind| kind.split(' ').next());
    names.map(str::to_owned).collect()
}

/// Those of which the README tells below a headline.
fn told(headline: &str) -> BTreeSet<String> {
    let readme = workspace().join("README.md");
    let readme = fs::read_to_string(readme).expect("it is there");
    let section = readme.split(headline).nth(1).unwrap_or_default();
    let rows = section
        .lines()
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| `brooklet_"));
    let names = rows.filter_map(|row| row.split('|').nth(1));
    let told = names.flat_map(|names| names.split('`').skip(1).step_by(2));
    told.map(str::to_owned).collect()
}

#[test]
fn what_is_counted_is_what_happened() {
    let (service, _folder) = on_disk();
    let mut reader = read(&service, "");
    append(&service, "1\n22");
    append(&service, "333");
    assert_eq!(reader.lines(3), ["1", "22", "333"]);
    let refused = send(&service.url("/stream"), &[], b"nonsense");
    assert_eq!(refused.status, 400);
    let events = fetch(&service.url("/stream"), &[SSE]);
    let page = fetch(&service.url("/v1/stream/default?offset=-1"), &[]);
    assert_eq!(page.text().expect("a whole answer"), "[1,22,333]");
    let forked = [("stream-forked-from", "/v1/stream/default"), JSON];
    let forked = ask("PUT", &service.url("/v1/stream/fork"), &forked, b"");
    assert_eq!(forked.status, 201);

    let said = service.metrics();
    let check = |line: &str| assert!(said.lines().any(|other| other == line), "{line}\n{said}");
    check("brooklet_appended_records_total 3");
    check("brooklet_appended_bytes_total 9");
    check("brooklet_append_requests_total 4");
    check("brooklet_append_refused_total{code=\"INVALID_RECORD\"} 1");
    check("brooklet_append_seconds_count 2");
    check("brooklet_requests_total{route=\"default\",method=\"POST\",status=\"2xx\"} 2");
    check("brooklet_requests_total{route=\"default\",method=\"POST\",status=\"4xx\"} 1");
    check("brooklet_requests_total{route=\"stream\",method=\"PUT\",status=\"2xx\"} 1");
    check("brooklet_readers_open{kind=\"ndjson\"} 1");
    check("brooklet_readers_open{kind=\"events\"} 1");
    check("brooklet_readers 2");
    check("brooklet_log_streams 2");
    check("brooklet_log_forks 1");
    check("brooklet_inflight_bytes 0");
    check("brooklet_inflight_max_bytes 67108864");
    // Each group has one sync: that of the default stream, both appends, the fork.
    check("brooklet_log_groups_total 4");
    check("brooklet_log_sync_seconds_count 4");
    drop(events);
}

#[test]
fn news_have_an_age_when_a_live_reader_is_given_them() {
    let service = producer(&["--source", "none"]);
    let mut reader = read(&service, "");
    // Who reads on only after a record was appended had not read all before it: that counts as history.
    while service
        .metrics()
        .contains("brooklet_delivery_seconds_count 0\n")
    {
        append(&service, "1");
        assert_eq!(reader.lines(1), ["1"]);
    }
    assert!(
        service
            .metrics()
            .contains("brooklet_delivery_seconds_count 1\n")
    );
}
