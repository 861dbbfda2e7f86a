//! Gives any bytes to [`producer::fuzzing::frames`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| producer::fuzzing::frames(data));
