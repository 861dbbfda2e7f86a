//! What a browser's page of any origin may ask with, and read of an answer. It may read; what
//! changes something is refused to it (see `ingest::headers`).

use common::service::reply::Body;
use hyper::{
    Response,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, HeaderName, HeaderValue,
    },
};

const HEADERS: [(HeaderName, &str); 4] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
    (ACCESS_CONTROL_ALLOW_HEADERS, "if-none-match, last-event-id"),
    (
        ACCESS_CONTROL_EXPOSE_HEADERS,
        "etag, stream-offset, stream-next-offset, stream-up-to-date, stream-closed, stream-gap, \
         stream-earliest-offset, stream-record-count, stream-last-time, stream-ttl, \
         stream-expires-at, stream-retention-age, stream-retention-bytes, stream-cursor, \
         stream-sse-data-encoding",
    ),
];

/// Lets pages of any origin read `answer`.
pub(crate) fn readable(mut answer: Response<Body>) -> Response<Body> {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        answer.headers_mut().insert(name, value);
    }
    answer
}
