//! The public conformance suite of the Durable Streams protocol, all of it, against a real producer:
//! in memory with pages as they are, and on disk with small ones, where every end of a page shows.
//!
//! What fails is listed in `tests/conformance/known.txt`, by name. A list that says too much fails
//! too, so it can only shrink.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::Value;
use tests::{binaries::workspace, http::json, npm::Npm, producer};

/// How many tests the suite has: none of them may get lost.
const TESTS: usize = 338;

/// How long the producer waits for news, as the suite is told.
const LONG_POLL_MS: &str = "500";

/// The suite, where it can run.
struct Suite(Npm);

/// The names of tests, by what came of them.
#[derive(Debug, Default)]
struct Outcome {
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
}

#[test]
fn what_fails_of_the_public_suite_is_known() {
    let Some(suite) = Npm::installed(&kept(), "conformance").map(Suite) else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let on_disk = directory.path().to_str().expect("UTF-8");
    suite.check(&["--data-dir", "memory"]);
    suite.check(&["--data-dir", on_disk, "--page-bytes", "4096"]);
}

#[test]
fn a_list_that_is_not_right_is_found_out() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let outcome = Outcome {
        passed: set(&["a", "b"]),
        failed: set(&["c"]),
    };
    assert_eq!(outcome.faults(&set(&["c"])), "");
    assert_eq!(outcome.faults(&set(&[])), "fails: c\n");
    assert_eq!(outcome.faults(&set(&["b", "c"])), "passes now: b\n");
    assert_eq!(outcome.faults(&set(&["c", "d"])), "is not there: d\n");
}

impl Suite {
    /// What comes of it with a producer that is started so.
    fn check(&self, args: &[&str]) {
        let usual = ["--source", "none", "--long-poll-timeout", "500ms"];
        let service = producer(&[&usual, args].concat());
        let outcome = self.run(&service.url(""));
        let (passed, failed) = (outcome.passed.len(), outcome.failed.len());
        eprintln!("conformance with {args:?}: {passed} passed, {failed} failed");
        assert_eq!(passed + failed, TESTS);
        let faults = outcome.faults(&known());
        assert!(faults.is_empty(), "with {args:?}:\n{faults}");
    }

    fn run(&self, url: &str) -> Outcome {
        let report = self.0.folder.join("report.json");
        // That of the run before is none of this one; there may be none.
        drop(fs::remove_file(&report));
        // That a test fails is told by the report.
        let ran = self
            .0
            .run("node_modules/vitest/vitest.mjs")
            .args(["run", "--reporter=json"])
            .arg(format!("--outputFile={}", report.display()))
            .env("CONFORMANCE_URL", url)
            .env("LONG_POLL_MS", LONG_POLL_MS)
            .output()
            .expect("it can be started");
        let said = String::from_utf8_lossy(&ran.stderr);
        let report = fs::read_to_string(&report).expect(&said);
        Outcome::of(&json(&report))
    }
}

impl Outcome {
    fn of(report: &Value) -> Self {
        let mut outcome = Self::default();
        let all = |of: &Value, name: &str| of.get(name).and_then(Value::as_array).cloned();
        let files = all(report, "testResults").expect("a report has files");
        let tests = files
            .iter()
            .filter_map(|file| all(file, "assertionResults"));
        for test in tests.flatten() {
            let text = |name: &str| test.get(name).and_then(Value::as_str);
            let names = match text("status") {
                Some("passed") => &mut outcome.passed,
                _ => &mut outcome.failed,
            };
            let name = text("fullName").expect("a test has a name");
            assert!(names.insert(name.to_owned()), "two tests are {name}");
        }
        outcome
    }

    /// In what it is not as `known` has it.
    fn faults(&self, known: &BTreeSet<String>) -> String {
        let there = &self.passed | &self.failed;
        let named = |what, names: BTreeSet<String>| {
            let lines = names.into_iter().map(|name| format!("{what}: {name}\n"));
            lines.collect::<String>()
        };
        named("fails", &self.failed - known)
            + &named("passes now", &self.passed & known)
            + &named("is not there", known - &there)
    }
}

/// The folder of what the suite needs.
fn kept() -> PathBuf {
    workspace().join("tests/conformance")
}

/// The names of the tests that fail.
fn known() -> BTreeSet<String> {
    let list = fs::read_to_string(kept().join("known.txt")).expect("it is in the repository");
    let names = list.lines().filter(|line| !line.starts_with('#'));
    names.map(str::to_owned).collect()
}
