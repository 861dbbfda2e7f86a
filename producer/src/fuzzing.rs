//! What a fuzzer calls, each with any bytes at all: what must hold of them is asserted, and nothing
//! may panic. The bytes that fuzzers have found worth keeping are in `tests/fuzz/corpus`, where this
//! is told; tests give them to the same functions.

/// Frames of the journal, and the entries in them.
pub fn frames(data: &[u8]) {
    crate::log::fuzzing::frames(data);
}

/// Offsets, and all else of a query.
pub fn offsets(data: &[u8]) {
    crate::stream::fuzzing::offsets(data);
}

/// Records of a request.
pub fn records(data: &[u8]) {
    crate::ingest::fuzzing::records(data);
}

/// Content that is given as events.
pub fn batches(data: &[u8]) {
    crate::stream::fuzzing::batches(data);
}

/// What a fork is asked for by.
pub fn forks(data: &[u8]) {
    crate::ingest::fuzzing::forks(data);
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// Gives all that is kept of what fuzzers found to `target`.
    fn replay(name: &str, target: impl Fn(&[u8])) {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
        let files = fs::read_dir(corpus.join(name)).unwrap();
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            eprintln!("{}", path.display());
            target(&fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 0, "nothing is kept of {name}");
    }

    #[test]
    #[should_panic = "assertion failed"]
    fn a_decoder_that_looks_at_no_check_is_found_out() {
        replay("frames", crate::log::fuzzing::frames_unchecked);
    }

    #[test]
    fn what_fuzzers_have_found_still_holds() {
        replay("frames", frames);
        replay("offsets", offsets);
        replay("records", records);
        replay("sse", batches);
        replay("forks", forks);
    }
}
