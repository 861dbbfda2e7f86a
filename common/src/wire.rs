//! The names on the wire: paths, headers, content types.

/// The stream named `default`, in its shortest form.
pub const STREAM_PATH: &str = "/stream";

/// The list of streams.
pub const STREAM_LIST_PATH: &str = "/v1/stream";

/// What a stream's name follows.
pub const STREAMS_PATH: &str = "/v1/stream/";
/// What belongs to the protocol itself, and is no stream.
pub const CONTROL_PATH: &str = "/v1/stream/__ds";
/// What a subscription's id follows.
pub const SUBSCRIPTIONS_PATH: &str = "/v1/stream/__ds/subscriptions/";
/// The keys by which deliveries of webhooks are known to be of this server.
pub const JWKS_PATH: &str = "/v1/stream/__ds/jwks.json";
/// All topics; with `/` and a name behind it, one of them.
pub const TOPICS_PATH: &str = "/v1/topics";

/// The query's parameter that says where to begin.
pub const OFFSET: &str = "offset";
/// The query's parameter that says how to go on at the end.
pub const LIVE: &str = "live";
/// The query's parameter that asks for control lines.
pub const MARKS: &str = "marks";
/// The query's parameter that asks for acknowledgements while a body comes.
pub const ACKS: &str = "acks";
/// The query's parameter that repeats the last `Stream-Cursor`.
pub const CURSOR: &str = "cursor";
/// The query's parameter that says how long to wait for news, as `5s`.
pub const WAIT: &str = "wait";

/// The query's parameter that says to begin where records may be as new as a time.
pub const SINCE: &str = "since";
/// The query's parameter that says to begin so many records before the end.
pub const TAIL: &str = "tail";
/// The query's parameter that says after how many records an answer ends.
pub const LIMIT: &str = "limit";

/// The query's parameter that says what the names in a list begin with.
pub const PREFIX: &str = "prefix";
/// The query's parameter that says behind which name a page of a list begins.
pub const AFTER: &str = "after";

/// The place of a body's first record.
pub const STREAM_OFFSET: &str = "stream-offset";
/// The place after a body's last record, or the tail.
pub const STREAM_NEXT_OFFSET: &str = "stream-next-offset";
/// `true` when nothing more will ever be appended.
pub const STREAM_CLOSED: &str = "stream-closed";
/// `true` when a page holds all that there is so far.
pub const STREAM_UP_TO_DATE: &str = "stream-up-to-date";
/// What a live answer is numbered with, so that a cache does not give the same one for ever.
pub const STREAM_CURSOR: &str = "stream-cursor";
/// `base64` where the data of server-sent events is written so.
pub const STREAM_SSE_DATA_ENCODING: &str = "stream-sse-data-encoding";
/// The place of the oldest record that is kept.
pub const STREAM_EARLIEST_OFFSET: &str = "stream-earliest-offset";
/// How many records are kept.
pub const STREAM_RECORD_COUNT: &str = "stream-record-count";
/// When the newest record was appended.
pub const STREAM_LAST_TIME: &str = "stream-last-time";
/// After how many seconds without use a stream is gone.
pub const STREAM_TTL: &str = "stream-ttl";
/// When a stream is gone, by RFC 3339.
pub const STREAM_EXPIRES_AT: &str = "stream-expires-at";
/// For how long records are kept at least, as `7d`.
pub const STREAM_RETENTION_AGE: &str = "stream-retention-age";
/// How many bytes of records are kept at least, as `1GiB`.
pub const STREAM_RETENTION_BYTES: &str = "stream-retention-bytes";
/// A text that has to be above that of the append before.
pub const STREAM_SEQ: &str = "stream-seq";
/// Where a stream has to end for something to be appended to it.
pub const STREAM_MATCH_OFFSET: &str = "stream-match-offset";
/// The path of the stream that a new one begins as.
pub const STREAM_FORKED_FROM: &str = "stream-forked-from";
/// Up to which place.
pub const STREAM_FORK_OFFSET: &str = "stream-fork-offset";
/// How many records further on (bytes, where a stream is of bytes).
pub const STREAM_FORK_SUB_OFFSET: &str = "stream-fork-sub-offset";
/// Who appends, so that what is said twice is done once.
pub const PRODUCER_ID: &str = "producer-id";
/// Which life of the producer; the older ones are fenced off.
pub const PRODUCER_EPOCH: &str = "producer-epoch";
/// The number of the request in that life, from 0.
pub const PRODUCER_SEQ: &str = "producer-seq";
/// What the number should have been.
pub const PRODUCER_EXPECTED_SEQ: &str = "producer-expected-seq";
/// What the number was.
pub const PRODUCER_RECEIVED_SEQ: &str = "producer-received-seq";
/// `FROM/TO`: the reader asked for FROM, which is no longer kept, and is given TO.
pub const STREAM_GAP: &str = "stream-gap";
/// What an SSE client sends when it comes back: the `id:` it saw last.
pub const LAST_EVENT_ID: &str = "last-event-id";

/// One JSON value a line.
pub const NDJSON: &str = "application/x-ndjson";
/// One JSON value, or an array of them.
pub const JSON: &str = "application/json";
/// Anything: what a stream holds whose maker has not said.
pub const OCTET_STREAM: &str = "application/octet-stream";
/// Server-sent events.
pub const EVENT_STREAM: &str = "text/event-stream";
/// Errors, by RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The media type of a `Content-Type` value: without parameters, in lower case.
#[must_use]
pub fn media_type(content_type: &str) -> String {
    without_parameters(content_type).to_ascii_lowercase()
}

/// Whether two `Content-Type` values name the same media type.
#[must_use]
pub fn is_same_type(one: &str, other: &str) -> bool {
    without_parameters(one).eq_ignore_ascii_case(without_parameters(other))
}

fn without_parameters(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_change_a_media_type() {
        assert_eq!(media_type("Application/JSON; charset=utf-8"), JSON);
        assert_eq!(media_type(""), "");
        assert!(is_same_type("Application/JSON; charset=utf-8", JSON));
        assert!(!is_same_type("application/json5", JSON));
    }
}
