//! The names on the wire: paths, headers, content types.

/// The stream named `default`, in its shortest form.
pub const STREAM_PATH: &str = "/stream";

/// The place of a body's first record.
pub const STREAM_OFFSET: &str = "stream-offset";
/// The place after a body's last record, or the tail.
pub const STREAM_NEXT_OFFSET: &str = "stream-next-offset";
/// `true` when nothing more will ever be appended.
pub const STREAM_CLOSED: &str = "stream-closed";
/// `FROM/TO`: the reader asked for FROM, which is no longer kept, and is given TO.
pub const STREAM_GAP: &str = "stream-gap";
/// What an SSE client sends when it comes back: the `id:` it saw last.
pub const LAST_EVENT_ID: &str = "last-event-id";

/// One JSON value a line.
pub const NDJSON: &str = "application/x-ndjson";
/// One JSON value, or an array of them.
pub const JSON: &str = "application/json";
/// Server-sent events.
pub const EVENT_STREAM: &str = "text/event-stream";
/// Errors, by RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The media type of a `Content-Type` value: without parameters, in lower case.
#[must_use]
pub fn media_type(content_type: &str) -> String {
    content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_change_a_media_type() {
        assert_eq!(media_type("Application/JSON; charset=utf-8"), JSON);
        assert_eq!(media_type(""), "");
    }
}
