//! Gives any bytes to [`producer::fuzzing::batches`], which writes events, and to what reads them in the
//! consumer.
#![no_main]

#[path = "../../../consumer/src/excerpt.rs"]
mod excerpt;
mod fetch;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    producer::fuzzing::batches(data);
    fetch::fuzzing::events(data);
});
