//! Records that say where they belong, so that each can be asked for afterwards.

use std::ops::Range;

use tests::{Service, http::Answer};

use crate::{
    named::named,
    wire::{JSON, NDJSON},
};

/// Makes a stream of JSON.
pub(crate) fn make(service: &Service, stream: &str) {
    assert_eq!(named(service, stream).put(&[JSON], "").status, 201);
}

/// Sends records with these numbers as one request.
pub(crate) fn send(service: &Service, stream: &str, numbers: Range<u64>) -> Answer {
    let pad = "x".repeat(80);
    let line = |number| format!("{{\"number\":{number},\"pad\":\"{pad}\"}}\n");
    let body: String = numbers.map(line).collect();
    named(service, stream).post(&[NDJSON], body)
}

/// Appends records with these numbers, so many in a request.
pub(crate) fn append(service: &Service, stream: &str, numbers: Range<u64>, each: usize) {
    for first in numbers.clone().step_by(each) {
        let end = numbers.end.min(first + each as u64);
        let answer = send(service, stream, first..end);
        assert!(
            (200..300).contains(&answer.status),
            "{:?}",
            answer.text().expect("a problem")
        );
    }
}

/// The numbers of all records that are there.
pub(crate) fn found(service: &Service, stream: &str) -> Vec<u64> {
    let (pages, _) = named(service, stream).pages(&[]);
    let numbers = |page: &String| {
        let records: Vec<serde_json::Value> = serde_json::from_str(page).expect("an array");
        let number = |record: &serde_json::Value| record["number"].as_u64().expect("a number");
        records.iter().map(number).collect::<Vec<_>>()
    };
    pages.iter().flat_map(numbers).collect()
}
