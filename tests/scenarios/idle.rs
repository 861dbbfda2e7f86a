//! Streams that nobody uses: what they cost after a restart is what they cost before.

use std::{path::Path, time::Instant};

use tests::{PATIENCE, http::ask, memory::resident_bytes};

use crate::durable::{end, on};

/// So many topics, of as many streams as there may be.
const TOPICS: usize = 40;

#[test]
fn a_restart_gives_back_what_it_needs_to_find_the_streams() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let start = |directory: &Path| on(directory, "none");
    let mut service = start(directory.path());
    assert!(service.listens());
    let nothing = resident_bytes(service.id());
    for topic in 0..TOPICS {
        let url = service.url(&format!("/v1/topics/t{topic}"));
        let made = ask("PUT", &url, &[], br#"{"partitions":1024,"key":""}"#);
        assert_eq!(made.status, 201);
    }
    let before = resident_bytes(service.id()) - nothing;
    end(&mut service, "stop");

    let service = start(directory.path());
    assert!(service.listens());
    let begun = Instant::now();
    loop {
        let after = resident_bytes(service.id()).saturating_sub(nothing);
        // Where a block begins and ends is chance.
        if after <= before + before / 4 {
            return;
        }
        let is_patient = begun.elapsed() < PATIENCE;
        assert!(is_patient, "{before} bytes before, {after} after");
        std::thread::yield_now();
    }
}
