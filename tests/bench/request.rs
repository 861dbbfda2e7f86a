//! Requests that are written once and sent many times: only the number of the stream in them is
//! changed, so that sending costs a copy into the socket and no more.

use std::fmt::Write as _;

/// The streams, and the number in the name of each.
const STREAM: &str = "/v1/stream/bench-000000";
const NUMBER: &str = "000000";

/// The topic.
const TOPIC: &str = "/v1/topics/bench";

/// Bytes of a record, with the comma or the newline behind it.
pub(crate) const RECORD_BYTES: u64 = 100;

/// A request as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    /// Where the stream's number begins; none where the path has none.
    number_at: Option<usize>,
    /// How many records it appends.
    records: u32,
}

impl Request {
    /// Creates a stream of JSON.
    pub(crate) fn create() -> Self {
        Self::new("PUT", STREAM, "")
    }

    /// Appends so many records of a hundred bytes to a stream.
    pub(crate) fn append(records: u32) -> Self {
        Self {
            records,
            ..Self::new("POST", STREAM, &array(records))
        }
    }

    /// Creates the topic that [`Request::publish`] appends to.
    pub(crate) fn create_topic(partitions: u32) -> Self {
        let topic = format!(r#"{{"partitions":{partitions},"key":"/id"}}"#);
        Self::new("PUT", TOPIC, &topic)
    }

    /// Appends so many records of a hundred bytes to the topic, each with a key of its own.
    pub(crate) fn publish(records: u32) -> Self {
        Self {
            records,
            ..Self::new("POST", TOPIC, &array(records))
        }
    }

    fn new(method: &str, path: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let number = path.find(NUMBER);
        Self {
            number_at: number.map(|at| method.len() + 1 + at),
            bytes: text.into_bytes(),
            records: 0,
        }
    }

    /// How many records it appends.
    pub(crate) const fn records(&self) -> u32 {
        self.records
    }

    /// Makes it a request for the stream of this number.
    pub(crate) fn aim(&mut self, mut number: u64) {
        let Some(at) = self.number_at else { return };
        let digits = self.bytes.iter_mut().skip(at).take(NUMBER.len());
        for digit in digits.collect::<Vec<_>>().into_iter().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }

    /// What is left of it after its first `sent` bytes.
    pub(crate) fn rest(&self, sent: usize) -> &[u8] {
        self.bytes.get(sent..).unwrap_or_default()
    }
}

/// An array of records, a hundred bytes each with what separates them.
pub(crate) fn array(records: u32) -> String {
    let lines = lines(records).replace('\n', ",");
    format!("[{}]", lines.trim_end_matches(','))
}

/// Records, a hundred bytes each with its newline.
pub(crate) fn lines(records: u32) -> String {
    let mut lines = String::new();
    for id in 0..records {
        // Spread over the numbers, so that no two keys of a request have a prefix in common.
        let id = 100_000_000 + u64::from(id.wrapping_mul(2_654_435_761)) % 900_000_000;
        let text = "a record of one hundred bytes, which is what many of them come to, in all";
        writeln!(lines, r#"{{"id":{id},"text":"{text}"}}"#).expect("writing into a string");
    }
    lines
}
