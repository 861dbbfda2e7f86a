//! A directory that is damaged in one place: what is sound there is served, other streams know nothing of
//! it, what is appended is kept, and nothing of the damaged file is changed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tests::{Service, producer};

use crate::{
    durable::{SETTLED, end},
    named::named,
    numbered,
};

/// Records of a stream, and of a request.
const RECORDS: u64 = 4_000;
const EACH: usize = 50;

/// How much is appended when it is damaged: several files of the journal.
const MORE: u64 = 2_000;

pub(crate) fn on(directory: &Path) -> Service {
    let path = directory.to_str().expect("a path of ASCII");
    let files = ["--journal-bytes", "64KiB", "--segment-bytes", "128KiB"];
    let memory = ["--memory-bytes", "1MiB", "--source", "none"];
    producer(&[&files[..], &memory, &SETTLED, &["--data-dir", path]].concat())
}

/// A directory with two streams, both settled, and the segments of the first: their lines, in order.
fn made() -> (tempfile::TempDir, Vec<PathBuf>) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path());
    for stream in ["one", "two"] {
        numbered::make(&service, stream);
        numbered::append(&service, stream, 0..RECORDS, EACH);
    }
    end(&mut service, "stop");
    let folder = directory.path().join("streams/0000000000000002");
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut lines: Vec<_> = paths
        .filter(|path| path.extension() == Some("lines".as_ref()))
        .collect();
    lines.sort();
    assert!(lines.len() > 2, "{lines:?}");
    (directory, lines)
}

/// The record with which a segment begins.
fn first(lines: &Path) -> u64 {
    let name = lines.file_name().and_then(|name| name.to_str());
    let record = name.and_then(|name| name.get(..16)?.parse().ok());
    record.expect("it is named after it")
}

/// The numbers of the records of `one` from a place on, or the code of the answer that ends it.
fn read(service: &Service, mut offset: String) -> (Vec<u64>, Option<String>) {
    let mut all = Vec::new();
    loop {
        let page = named(service, "one").read(&format!("offset={offset}&limit=500"));
        if page.status != 200 {
            let problem = page.json();
            let code = problem.get("code").and_then(|code| code.as_str());
            return (all, code.map(str::to_owned));
        }
        let is_last = page.header("stream-up-to-date") == "true";
        page.header("stream-next-offset").clone_into(&mut offset);
        let records = page.json();
        let records = records.as_array().expect("an array").iter();
        all.extend(records.map(|record| record["number"].as_u64().expect("a number")));
        if is_last {
            return (all, None);
        }
    }
}

/// Damages a directory, and looks at what is served then; `sound` says of the segments' first records up
/// to where that is from the beginning.
fn check(damage: impl Fn(&[PathBuf]), sound: impl Fn(&[u64]) -> u64) {
    let (directory, lines) = made();
    damage(&lines);
    let left: Vec<_> = lines.iter().filter(|path| path.is_file()).collect();
    let sides = |path: &&PathBuf| fs::read(path.with_extension("side")).ok();
    let before: Vec<_> = left.iter().map(sides).collect();
    let firsts: Vec<_> = lines.iter().map(|path| first(path)).collect();
    let sound: Vec<_> = (0..sound(&firsts)).collect();

    let mut service = on(directory.path());
    let tail = named(&service, "one").head();
    let tail = tail.header("stream-next-offset").to_owned();
    for stream in ["one", "two"] {
        numbered::append(&service, stream, RECORDS..RECORDS + MORE, EACH);
    }
    let new: Vec<_> = (RECORDS..RECORDS + MORE).collect();
    let all: Vec<_> = (0..RECORDS + MORE).collect();
    for _ in 0..2 {
        assert_eq!(read(&service, tail.clone()), (new.clone(), None));
        let (served, code) = read(&service, "-1".to_owned());
        assert_eq!((served, code.as_deref()), (sound.clone(), Some("DAMAGED")));
        assert_eq!(numbered::found(&service, "two"), all);
        end(&mut service, "stop");
        for (path, before) in left.iter().zip(&before) {
            let after = sides(path).unwrap_or_default();
            let before = before.as_deref().unwrap_or_default();
            assert!(after.starts_with(before), "{} is another", path.display());
        }
        service = on(directory.path());
    }
    let head = named(&service, "one").head();
    let zeros = "0000000000000000_0000000000000000";
    assert_eq!(head.header("stream-earliest-offset"), zeros);
}

fn flip(path: &Path, at: usize) {
    let mut content = fs::read(path).expect("a file");
    *content.get_mut(at).expect("a place in the file") ^= 4;
    fs::write(path, content).expect("a file");
}

fn last(lines: &[PathBuf]) -> &Path {
    lines.last().expect("there are some")
}

/// The head of a sidecar, before its first piece.
const HEAD_BYTES: usize = 28;

#[test]
fn a_last_segment_without_a_description_stops_nobody() {
    let last_first = |firsts: &[u64]| *firsts.last().expect("there are some");
    let side = |lines: &[PathBuf]| last(lines).with_extension("side");
    check(|lines| flip(&side(lines), 9), last_first);
    check(|lines| flip(&side(lines), HEAD_BYTES + 3), last_first);
    let remove = |lines: &[PathBuf]| fs::remove_file(side(lines)).expect("it is there");
    check(remove, last_first);
    let cut = |lines: &[PathBuf]| {
        let content = fs::read(side(lines)).expect("it is there");
        fs::write(side(lines), &content[..HEAD_BYTES]).expect("a file");
    };
    check(cut, last_first);
}

#[test]
fn what_lies_before_a_missing_segment_is_served() {
    let remove = |lines: &[PathBuf], number: usize| {
        let path = lines.get(number).expect("there are so many");
        fs::remove_file(path).expect("it is there");
    };
    check(|lines| remove(lines, 1), |firsts| firsts[1]);
    let last_first = |firsts: &[u64]| *firsts.last().expect("there are some");
    check(|lines| remove(lines, lines.len() - 1), last_first);
}

#[test]
fn a_missing_first_segment_is_no_retention() {
    check(
        |lines| {
            fs::remove_file(lines.first().expect("there are some")).expect("it is there");
        },
        |_| 0,
    );
    check(
        |lines| {
            fs::remove_dir_all(last(lines).parent().expect("a folder")).expect("it is there");
        },
        |_| 0,
    );
}
