//! The examples that README.md offers: each gives what its fixture expects, with everything between
//! its lines and its results that is not there in a fixture.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use tests::{
    Service,
    binaries::workspace,
    consumer, eventually,
    http::{ask, fetch, json, send},
    producer,
};

use crate::wire::{JSON, NDJSON};

/// The names of all examples.
fn names() -> BTreeSet<String> {
    let folders =
        fs::read_dir(workspace().join("consumer/examples")).expect("a folder of the repository");
    let names = folders.map(|folder| folder.expect("a readable entry").file_name());
    names
        .map(|name| name.into_string().expect("a name of ASCII"))
        .collect()
}

/// The lines of each table in a folder, by name.
fn tables(folder: &Path) -> Vec<(String, Vec<String>)> {
    let entries = fs::read_dir(folder).expect("a folder of the repository");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    let tables = paths.filter(|path| path.extension().is_some_and(|kind| kind == "ndjson"));
    let mut tables: Vec<_> = tables
        .map(|path| {
            let text = fs::read_to_string(&path).expect("it is there");
            let name = path.file_stem().expect("it has a name").to_string_lossy();
            (name.into_owned(), text.lines().map(str::to_owned).collect())
        })
        .collect();
    tables.sort();
    tables
}

/// A running example.
struct Example {
    producer: Service,
    consumer: Service,
    /// Where the job tells how it goes.
    told: String,
    /// How many records it was given.
    given: u64,
}

impl Example {
    /// An example that reads empty streams.
    fn start(folder: &Path) -> Self {
        let producer = producer(&["--source", "none"]);
        for (table, _) in tables(folder) {
            let made = ask("PUT", &stream(&producer, &table), &[JSON], b"");
            assert_eq!(made.status, 201, "{table}");
        }
        let (job, url) = (folder.join("job.sql"), producer.url("/stream"));
        let job = job.to_str().expect("a path of ASCII");
        let args = ["run", job, "--output", "json", "--url", &url];
        let consumer = consumer(&[&args[..], &["--listen", "127.0.0.1:0"]].concat());
        Self {
            told: consumer.url(&format!("/v1/jobs/{job}")),
            consumer,
            producer,
            given: 0,
        }
    }

    /// Appends a record, and waits until the job has read it: what is late depends on what was read
    /// before.
    fn give(&mut self, table: &str, line: &str) {
        let appended = send(&stream(&self.producer, table), &[NDJSON], line.as_bytes());
        assert_eq!(appended.status / 100, 2, "{line}");
        self.given += 1;
        let has_read = || {
            let told = fetch(&self.told, &[]).json();
            told.get("records").and_then(Value::as_u64) >= Some(self.given)
        };
        assert!(eventually(has_read), "{line} was not read");
    }

    /// Closes the streams, which ends the job; what it printed, and the last that it said.
    fn end(&mut self, folder: &Path) -> (Vec<String>, String) {
        for (table, _) in tables(folder) {
            let closed = [("stream-closed", "true")];
            let closed = ask("POST", &stream(&self.producer, &table), &closed, b"");
            assert_eq!(closed.status / 100, 2, "{table}");
        }
        drop(self.consumer.answer(0));
        (self.consumer.stdout.all(), self.consumer.says("done after"))
    }
}

fn stream(producer: &Service, name: &str) -> String {
    producer.url(&format!("/v1/stream/{name}"))
}

/// Rows in some order: that of different keys is left open.
fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

#[test]
fn each_gives_over_http_what_its_fixture_expects() {
    for name in names() {
        let folder = workspace().join("consumer/examples").join(&name);
        let mut example = Example::start(&folder);
        for (table, lines) in tables(&folder) {
            lines.iter().for_each(|line| example.give(&table, line));
        }
        let (printed, said) = example.end(&folder);
        let mut expected_lines = Vec::new();
        let mut rejected = 0;
        for (table, lines) in tables(&folder.join("expected")) {
            let changes: Vec<_> = lines.iter().map(|line| json(line)).collect();
            let written = fetch(&stream(&example.producer, &table), &[]);
            if table == "rejected" {
                rejected = changes.len();
            } else if written.status == 200 {
                let rows = changes.iter().map(|change| change["row"].clone());
                let written = written.json().as_array().expect("a page").clone();
                assert_eq!(sorted(written), sorted(rows.collect()), "{name}: {table}");
            } else {
                expected_lines.extend(changes);
            }
        }
        // A table that is printed has its name before each row; a bare SELECT has none.
        let rows = printed
            .iter()
            .map(|line| json(line.trim_start_matches("late> ")));
        assert_eq!(sorted(rows.collect()), sorted(expected_lines), "{name}");
        assert!(
            said.contains(&format!(" {rejected} rejected")),
            "{name}: {said}"
        );
    }
}

#[test]
fn the_table_in_the_readme_names_them_all() {
    let text = fs::read_to_string(workspace().join("README.md")).expect("it is there");
    let links = text
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once("](consumer/examples/"));
    let named: Vec<_> = links
        .map(|(name, path)| {
            let path = path.split(')').next().unwrap_or_default();
            assert_eq!(path, format!("{name}/job.sql"));
            name.to_owned()
        })
        .collect();
    assert_eq!(named.len(), names().len(), "one line each: {named:?}");
    assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), names());
}
