//! Streams records out: history, then live, over NDJSON or server-sent events.
//!
//! In: [`crate::log::Page`]s of a cursor. Out: bodies of answers.

mod live;
mod request;
mod sse;

use std::time::Duration;

use bytes::Bytes;
use common::{
    offset::{Offset, Start},
    service::reply::{self, Body},
    wire,
};
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, HeaderValue,
    },
};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use self::{
    live::{Live, Metrics},
    request::{Asked, Format},
};
use crate::{
    error::{Refusal, header},
    log::{Cursor, Log, Misplaced},
};

/// What a browser's page may ask with, and read of the answer.
const CROSS_ORIGIN: [(hyper::header::HeaderName, &str); 4] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
    (ACCESS_CONTROL_ALLOW_HEADERS, "last-event-id"),
    (
        ACCESS_CONTROL_EXPOSE_HEADERS,
        "stream-offset, stream-next-offset, stream-closed, stream-gap",
    ),
];

/// Where requests to read come in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    log: Log,
    keep_alive: Duration,
    metrics: Metrics,
    stop: CancellationToken,
}

/// Where a reader begins.
struct Beginning {
    at: Offset,
    /// What it asked for, when that is no longer kept.
    instead_of: Option<Offset>,
}

impl Door {
    pub(crate) fn new(
        log: Log,
        keep_alive: Duration,
        registry: &mut Registry,
        stop: CancellationToken,
    ) -> Self {
        let metrics = Metrics::default();
        metrics.register(registry);
        Self {
            log,
            keep_alive,
            metrics,
            stop,
        }
    }

    /// The answer to a request to read.
    pub(crate) fn answer(
        &self,
        method: &Method,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let mut answer = match *method {
            Method::OPTIONS => reply::empty(StatusCode::NO_CONTENT),
            _ => Asked::from(query, headers)
                .and_then(|asked| self.open(method, &asked))
                .unwrap_or_else(|refusal| refusal.answer()),
        };
        for (name, value) in CROSS_ORIGIN {
            answer
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        answer
    }

    fn open(&self, method: &Method, asked: &Asked) -> Result<Response<Body>, Refusal> {
        let (beginning, cursor) = self.beginning(asked)?;
        let tail = self.log.tail();
        let at_end = tail.closed && tail.next == beginning.at;
        let content_type = asked.format.content_type();
        let mut answer = if at_end && asked.is_returning {
            // This, and nothing else, stops an EventSource.
            reply::empty(StatusCode::NO_CONTENT)
        } else if *method == Method::HEAD {
            reply::stream(content_type, futures_util::stream::empty())
        } else {
            let greeting = asked.format.greeting(&beginning);
            let live = Live::new(cursor, asked.format, self.keep_alive, self.metrics.clone());
            reply::stream(content_type, live.pieces(greeting, self.stop.clone()))
        };
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(wire::STREAM_OFFSET, header(&beginning.at));
        if tail.closed || *method == Method::HEAD {
            headers.insert(wire::STREAM_NEXT_OFFSET, header(&tail.next));
        }
        if tail.closed {
            headers.insert(wire::STREAM_CLOSED, HeaderValue::from_static("true"));
        }
        if let Some(asked) = beginning.instead_of {
            let gap = HeaderValue::from_str(&format!("{asked}/{}", beginning.at));
            headers.insert(
                wire::STREAM_GAP,
                gap.expect("two offsets are a header value"),
            );
        }
        Ok(answer)
    }

    fn beginning(&self, asked: &Asked) -> Result<(Beginning, Cursor), Refusal> {
        let (at, instead_of) = match asked.start {
            Start::Earliest => (self.log.earliest(), None),
            Start::Now => (self.log.tail().next, None),
            Start::At(at) => match self.log.cursor(at) {
                Err(Misplaced::Gone { at, earliest }) => (earliest, Some(at)),
                cursor => {
                    let instead_of = None;
                    return Ok((Beginning { at, instead_of }, cursor?));
                }
            },
        };
        Ok((Beginning { at, instead_of }, self.log.cursor(at)?))
    }
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => wire::NDJSON,
            Self::Sse => wire::EVENT_STREAM,
        }
    }

    /// What a body begins with.
    fn greeting(self, beginning: &Beginning) -> Bytes {
        match self {
            Self::Ndjson => Bytes::new(),
            Self::Sse => sse::greeting(beginning.instead_of, beginning.at),
        }
    }
}
