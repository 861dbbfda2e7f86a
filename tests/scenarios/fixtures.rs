//! Fixtures of jobs, as a user tests with them; and our own, which hold what jobs in SQL give.

use std::{fs, path::Path};

use tests::{binaries::workspace, consumer};

/// Runs `consumer test`; what it printed.
fn test(args: &[&str], code: i32) -> String {
    let mut tested = consumer(&[&["test"], args].concat());
    drop(tested.answer(code));
    tested.stdout.all().join("\n")
}

/// A copy of one of our own.
fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let from = workspace().join("tests/fixtures").join(name);
    fs::create_dir(folder.path().join("expected")).expect("a new folder");
    for part in ["", "expected"] {
        let files = fs::read_dir(from.join(part)).expect("a folder of the repository");
        let paths = files.map(|entry| entry.expect("a readable entry").path());
        for path in paths.filter(|path| path.is_file()) {
            let name = path.file_name().expect("a file has a name");
            fs::copy(&path, folder.path().join(part).join(name)).expect("there is space");
        }
    }
    folder
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a file of the fixture");
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).expect("there is space");
}

#[test]
fn our_own_pass() {
    for folder in ["tests/fixtures", "consumer/examples"] {
        let folder = workspace().join(folder);
        let said = test(&[folder.to_str().expect("a path of ASCII")], 0);
        let passed = said.lines().filter(|line| line.starts_with("ok ")).count();
        let fixtures = fs::read_dir(folder)
            .expect("a folder of the repository")
            .count();
        assert_eq!(passed, fixtures, "{said}");
        assert!(said.contains(&format!("\n{fixtures} ok in ")), "{said}");
    }
}

#[test]
fn a_row_that_is_another_is_shown_and_can_be_taken_over() {
    let folder = copied("hop");
    let path = folder.path().to_str().expect("a path of ASCII");
    let expected = folder.path().join("expected/select.ndjson");
    let right = fs::read_to_string(&expected).expect("it was copied");
    replace(&expected, "\"n\":3", "\"n\":4");
    let said = test(&[path], 1);
    for line in [
        "FAILED ",
        "  expected/select.ndjson (- expected, + given):",
        r#"  -   3: {"op":"+I","row":{"window_start":"2026-01-01 12:00:05","n":4,"total":90}}"#,
        r#"  +   3: {"op":"+I","row":{"window_start":"2026-01-01 12:00:05","n":3,"total":90}}"#,
        "1 FAILED",
        "--update",
    ] {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
    let said = test(&["--update", path], 0);
    assert!(
        said.starts_with("updated ") && said.contains(": expected/select.ndjson"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&expected).expect("it is there"), right);
    assert!(test(&["--update", path], 0).starts_with("ok "));
}

#[test]
fn rejects_and_empty_results_are_expected_too() {
    let folder = copied("broken-lines");
    let path = folder.path().to_str().expect("a path of ASCII");
    let rejected = folder.path().join("expected/rejected.ndjson");
    let right = fs::read_to_string(&rejected).expect("it was copied");
    fs::remove_file(&rejected).expect("it is there");
    let said = test(&[path], 1);
    let line = r#"+   1: {"table":"events","line":3,"reason":"not_json"}"#;
    assert!(said.contains(line), "{said}");
    drop(test(&["--update", path], 0));
    assert_eq!(fs::read_to_string(&rejected).expect("it is there"), right);
    fs::write(folder.path().join("events.ndjson"), "").expect("there is space");
    drop(test(&["--update", path], 0));
    assert!(!rejected.exists());
    let rows = fs::read_to_string(folder.path().join("expected/select.ndjson"));
    assert_eq!(rows.expect("it is there"), "");
}

#[test]
fn a_null_where_there_may_be_none_fails_a_fixture_as_it_ends_a_job() {
    let folder = copied("not-null");
    let path = folder.path().to_str().expect("a path of ASCII");
    replace(&folder.path().join("job.sql"), "'DROP'", "'ERROR'");
    let said = test(&[path], 1);
    let why = "cannot write to table 'highest': a row has NULL in the column 'item'";
    assert!(said.contains(why), "{said}");
}

#[test]
fn what_cannot_be_tested_is_told_beside_what_can() {
    let (good, bad) = (copied("running"), copied("csv"));
    let [good, broken] = [&good, &bad].map(|folder| folder.path().to_str().expect("ASCII"));
    replace(&bad.path().join("job.sql"), "twice, traded", "twice, trade");
    let said = test(&[good, broken, "/no/such/folder"], 78);
    for line in [
        "ok ",
        "job.sql:6:36: there is no column 'trade'",
        "there is no /no/such/folder",
        "1 ok, 2 BAD in ",
    ] {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
}
