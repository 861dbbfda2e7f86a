//! The public conformance suite of the Durable Streams protocol, all of it, against a real producer:
//! in memory with pages as they are, and on disk with small ones, where every end of a page shows.
//!
//! Webhooks are let lead to this machine, where the suite's receivers are.

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
fn the_public_suite_passes() {
    let Some(suite) = Npm::installed(&kept(), "conformance").map(Suite) else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let on_disk = directory.path().to_str().expect("UTF-8");
    suite.check(&["--data-dir", "memory"]);
    suite.check(&["--data-dir", on_disk, "--page-bytes", "4096"]);
}

#[test]
fn what_fails_is_found_out_and_so_is_what_is_lost() {
    let report = |second: &str| {
        let tests = format!(
            "{{\"fullName\":\"a\",\"status\":\"passed\"}},{{\"fullName\":\"b\",\"status\":\"{second}\"}}"
        );
        let text = format!("{{\"testResults\":[{{\"assertionResults\":[{tests}]}}]}}");
        Outcome::of(&json(&text))
    };
    assert_eq!(report("passed").faults(2), "");
    assert_eq!(report("passed").faults(3), "2 tests ran, and not 3\n");
    assert_eq!(report("failed").faults(2), "fails: b\n");
    assert_eq!(report("skipped").faults(2), "fails: b\n");
}

impl Suite {
    /// What comes of it with a producer that is started so.
    fn check(&self, args: &[&str]) {
        let usual = ["--source", "none", "--long-poll-timeout", "500ms"];
        let local = ["--webhook-targets", "loopback"];
        // A test of the suite compares a million bytes one by one, for 16 s on a busy machine, and its
        // runner does not see meanwhile that an idle connection was closed: it would ask on that one.
        let idle = ["--header-timeout", "60s"];
        let service = producer(&[&usual[..], &local, &idle, args].concat());
        let outcome = self.run(&service.url(""));
        let (passed, failed) = (outcome.passed.len(), outcome.failed.len());
        eprintln!("conformance with {args:?}: {passed} passed, {failed} failed");
        let faults = outcome.faults(TESTS);
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

    /// In what it is not that so many tests have passed.
    fn faults(&self, tests: usize) -> String {
        let ran = self.passed.len() + self.failed.len();
        let lost = (ran != tests).then(|| format!("{ran} tests ran, and not {tests}\n"));
        let failed = self.failed.iter().map(|name| format!("fails: {name}\n"));
        lost.into_iter().chain(failed).collect()
    }
}

/// The folder of what the suite needs.
fn kept() -> PathBuf {
    workspace().join("tests/conformance")
}
