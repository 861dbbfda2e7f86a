//! Gives any bytes to [`producer::fuzzing::forks`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| producer::fuzzing::forks(data));
