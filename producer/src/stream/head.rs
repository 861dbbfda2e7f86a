//! What is said of a stream without a body.

use common::{
    service::reply::{self, Body},
    wire,
};
use hyper::{
    Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue},
};

use crate::{
    error::{header, place},
    log::{Framing, Lifetime, Stream},
};

/// The answer to `HEAD`.
pub(super) fn answer(stream: &Stream) -> Response<Body> {
    let (settings, tail, earliest) = (stream.settings(), stream.tail(), stream.earliest());
    let mut answer = reply::empty(StatusCode::OK);
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(content_type) = HeaderValue::from_str(&settings.content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    let mut put = |name, value| headers.insert(HeaderName::from_static(name), value);
    put(wire::STREAM_NEXT_OFFSET, place(tail.next));
    put(wire::STREAM_EARLIEST_OFFSET, place(earliest));
    if tail.closed {
        put(wire::STREAM_CLOSED, HeaderValue::from_static("true"));
    }
    if stream.framing() == Framing::Lines {
        let records = tail.next.record.saturating_sub(earliest.record);
        put(wire::STREAM_RECORD_COUNT, header(&records));
    }
    if let Some(time) = stream.last_time() {
        put(wire::STREAM_LAST_TIME, header(&time.to_rfc3339()));
    }
    let retention = stream.retention();
    if let Some(bytes) = retention.bytes {
        put(wire::STREAM_RETENTION_BYTES, header(&bytes));
    }
    if let Some(age) = retention.age {
        let age = format!("{}ms", age.as_millis());
        put(wire::STREAM_RETENTION_AGE, header(&age));
    }
    match settings.lifetime {
        Lifetime::Unlimited => {}
        Lifetime::Idle(seconds) => drop(put(wire::STREAM_TTL, header(&seconds))),
        Lifetime::Until(time) => drop(put(wire::STREAM_EXPIRES_AT, header(&time.to_rfc3339()))),
    }
    answer
}
