//! How much of a stream is kept: what is too old goes, whether something comes after it or not.

use std::time::Instant;

use tests::{PATIENCE, http::send, producer};

use crate::named::named;

/// Waits until the first record there was is no longer kept.
fn check(directory: &str, source: &str) {
    let place = ["--source", source, "--data-dir", directory];
    let service = producer(&[&place[..], &["--retention-age", "1s"]].concat());
    let stream = named(&service, "default");
    let earliest = || stream.head().header("stream-earliest-offset").to_owned();
    let first = earliest();
    assert_eq!(send(&service.url("/stream"), &[], b"1").status, 200);
    let begun = Instant::now();
    while earliest() == first {
        assert!(begun.elapsed() < PATIENCE, "{directory}, {source}: {first}");
        std::thread::yield_now();
    }
}

#[test]
fn what_is_too_old_goes_though_nothing_comes_after_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    check(directory.path().to_str().expect("a path of ASCII"), "none");
}

#[test]
fn what_is_too_old_goes_though_little_comes_after_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path().to_str().expect("a path of ASCII");
    check(directory, "numbers@10/s");
    check("memory", "numbers@10/s");
}
