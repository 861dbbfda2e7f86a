//! What a browser's page of another origin may ask with, and read of an answer. Pages of any origin
//! may read: what is not for everybody needs a token, and a browser shows none by itself. What changes
//! something is for pages of allowed origins alone (see `access::origins`).

use common::service::reply::Body;
use hyper::{
    Response,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, HeaderName, HeaderValue,
    },
};

/// What any page may read, and ask with.
const READABLE: [(HeaderName, &str); 4] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        "authorization, if-none-match, last-event-id",
    ),
    (
        ACCESS_CONTROL_EXPOSE_HEADERS,
        "etag, location, retry-after, www-authenticate, stream-offset, stream-next-offset, \
         stream-up-to-date, stream-closed, stream-gap, stream-earliest-offset, \
         stream-record-count, stream-last-time, stream-ttl, stream-expires-at, \
         stream-retention-age, stream-retention-bytes, stream-cursor, \
         stream-sse-data-encoding, producer-epoch, producer-seq, producer-expected-seq, \
         producer-received-seq",
    ),
];

/// What else a page of an allowed origin may ask with.
const CHANGEABLE: [(HeaderName, &str); 2] = [
    (
        ACCESS_CONTROL_ALLOW_METHODS,
        "GET, HEAD, POST, PUT, PATCH, DELETE",
    ),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        "authorization, content-type, if-none-match, last-event-id, stream-ttl, \
         stream-expires-at, stream-closed, stream-seq, stream-match-offset, stream-retention-age, \
         stream-retention-bytes, stream-forked-from, stream-fork-offset, stream-fork-sub-offset, \
         producer-id, producer-epoch, producer-seq",
    ),
];

/// Lets pages of any origin read `answer`.
pub(crate) fn readable(answer: Response<Body>) -> Response<Body> {
    with(answer, &READABLE)
}

/// Lets a page that may change something know it, and read `answer`.
pub(crate) fn changeable(answer: Response<Body>) -> Response<Body> {
    with(readable(answer), &CHANGEABLE)
}

fn with(mut answer: Response<Body>, headers: &[(HeaderName, &'static str)]) -> Response<Body> {
    for (name, value) in headers {
        let value = HeaderValue::from_static(value);
        answer.headers_mut().insert(name, value);
    }
    answer
}
