//! Programs that only some tests need, and settings of the tests themselves.

use std::path::PathBuf;

/// The path of `name`. Where it is not installed, the test that needs it is skipped with a word
/// about it; unless `TESTS_MUST_NOT_SKIP` is set, which makes that a failure.
#[must_use]
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

/// Says why a test does not run here; fails where every test must run.
pub fn skip(reason: &str) {
    assert!(
        !is_set("TESTS_MUST_NOT_SKIP"),
        "must not be skipped: {reason}"
    );
    eprintln!("skipped: {reason}");
}

/// Whether the setting `name` of the tests is there. Whoever runs tests sets them, not a service's
/// settings, so they come from the environment alone.
#[must_use]
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}
