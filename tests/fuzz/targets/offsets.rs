//! Gives any bytes to [`producer::fuzzing::offsets`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| producer::fuzzing::offsets(data));
