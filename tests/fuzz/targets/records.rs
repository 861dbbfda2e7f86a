//! Gives any bytes to [`producer::fuzzing::records`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| producer::fuzzing::records(data));
