//! How tests speak with a producer.

use serde_json::Value;
use tests::{
    Service,
    http::{Answer, fetch, send},
};

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");
pub(crate) const SSE: (&str, &str) = ("accept", "text/event-stream");

/// Reads the stream; `query` says from where.
pub(crate) fn read(producer: &Service, query: &str) -> Answer {
    fetch(&producer.url(&format!("/stream{query}")), &[])
}

/// Appends these lines, and gives what the producer says to it.
pub(crate) fn append(producer: &Service, lines: &str) -> Value {
    let answer = send(&producer.url("/stream"), &[NDJSON], lines.as_bytes());
    assert_eq!(answer.status, 200, "{lines:.80}");
    answer.json()
}

/// The place `lines` further on than `from`, as any client can count it.
pub(crate) fn after<S: AsRef<str>>(from: &str, lines: &[S]) -> String {
    let (record, byte) = from.split_once('_').expect("an offset has two halves");
    let number = |half: &str| half.parse::<usize>().expect("digits");
    let bytes: usize = lines.iter().map(|line| line.as_ref().len() + 1).sum();
    format!(
        "{:016}_{:016}",
        number(record) + lines.len(),
        number(byte) + bytes
    )
}
