//! Streams records out: pages of a stream, and bodies that go on live, as NDJSON or server-sent
//! events.
//!
//! In: [`crate::log::Page`]s of a cursor. Out: bodies of answers.

mod head;
mod live;
mod marks;
mod page;
mod request;
mod sse;

use std::time::Duration;

use common::{
    name,
    offset::{Offset, Start},
    service::reply::{self, Body},
    time::Clock,
    wire,
};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, HeaderName, HeaderValue},
};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use self::{
    live::{Format, Live, Metrics},
    page::Shape,
    request::{Asked, Form},
};
use crate::{
    error::{Refusal, header, place},
    log::{Cursor, DEFAULT, Framing, Log, Misplaced, Stream, Tail},
};

/// How often a beginning is looked for again that retention takes away at the same moment.
const BEGINNINGS_MAX: usize = 100;

/// How streams are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// How often an idle reader gets a sign of life.
    pub(crate) keep_alive: Duration,
    /// How many bytes a page has at the most; but one record at the least.
    pub(crate) page_bytes: usize,
}

/// Where requests to read come in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    log: Log,
    options: Options,
    clock: Clock,
    metrics: Metrics,
    stop: CancellationToken,
}

/// Where a reader begins.
struct Beginning {
    cursor: Cursor,
    /// What it asked for, when that is no longer kept.
    instead_of: Option<Offset>,
}

impl Door {
    pub(crate) fn new(
        log: Log,
        options: Options,
        clock: Clock,
        registry: &mut Registry,
        stop: CancellationToken,
    ) -> Self {
        let metrics = Metrics::default();
        metrics.register(registry);
        Self {
            log,
            options,
            clock,
            metrics,
            stop,
        }
    }

    /// The answer to a request for the stream `default` in its shortest form: history, then live.
    pub(crate) fn short<B>(&self, asked: &Request<B>) -> Result<Response<Body>, Refusal> {
        let method = asked.method();
        let asked = Asked::of_short(asked.uri().query(), asked.headers())?;
        let stream = self.log.find(DEFAULT)?;
        let (cursor, instead_of) = match cursor(&stream, asked.start) {
            Err(Misplaced::Gone { at, .. }) => (cursor(&stream, Start::Earliest)?, Some(at)),
            cursor => (cursor?, None),
        };
        let beginning = Beginning { cursor, instead_of };
        let tail = stream.tail();
        if tail.closed && tail.next == beginning.cursor.at() && asked.is_returning {
            // This, and nothing else, stops an EventSource.
            let mut answer = reply::empty(StatusCode::NO_CONTENT);
            beginning.tell(answer.headers_mut(), tail);
            return Ok(answer);
        }
        Ok(self.live(method, stream, asked.format, beginning))
    }

    /// The answer to a request for the stream that `path` names.
    pub(crate) fn named<B>(&self, asked: &Request<B>) -> Result<Response<Body>, Refusal> {
        let path = asked.uri().path().strip_prefix(wire::STREAMS_PATH);
        let name = name::stream(path.unwrap_or_default())?;
        let stream = self.log.find(&name)?;
        if asked.method() == Method::HEAD {
            return Ok(head::answer(&stream));
        }
        let (start, form) = request::of_named(asked.uri().query(), asked.headers())?;
        stream.touch();
        match form {
            Form::Live(format) if stream.framing() == Framing::Lines => {
                let beginning = Beginning {
                    cursor: cursor(&stream, start)?,
                    instead_of: None,
                };
                Ok(self.live(asked.method(), stream, format, beginning))
            }
            Form::Live(_) => Err(Refusal::NotLines(stream.settings().content_type.clone())),
            Form::Page { as_lines } => {
                let cursor = cursor(&stream, start)?;
                let (shape, bytes_max) = (Shape::of(&stream, as_lines), self.options.page_bytes);
                let page = page::read(cursor, shape, bytes_max, start == Start::Now)?;
                self.metrics.sent(page.records(), page.bytes());
                Ok(page.answer(&stream, asked.headers()))
            }
        }
    }

    fn live(
        &self,
        method: &Method,
        stream: Stream,
        format: Format,
        beginning: Beginning,
    ) -> Response<Body> {
        let tail = stream.tail();
        let mut said = HeaderMap::new();
        beginning.tell(&mut said, tail);
        let content_type = format.content_type();
        let mut answer = if method == Method::HEAD {
            said.insert(wire::STREAM_NEXT_OFFSET, place(tail.next));
            reply::stream(content_type, futures_util::stream::empty())
        } else {
            let live = Live::new(self, stream, beginning.cursor, format);
            let greeting = live.greeting(beginning.instead_of);
            reply::stream(content_type, live.pieces(greeting, self.stop.clone()))
        };
        answer.headers_mut().extend(said);
        answer
    }
}

impl Beginning {
    /// Where a live body begins, and whether it will end.
    fn tell(&self, headers: &mut HeaderMap, tail: Tail) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let mut put = |name, value| headers.insert(HeaderName::from_static(name), value);
        let at = self.cursor.at();
        put(wire::STREAM_OFFSET, place(at));
        if tail.closed {
            put(wire::STREAM_NEXT_OFFSET, place(tail.next));
            put(wire::STREAM_CLOSED, HeaderValue::from_static("true"));
        }
        if let Some(asked) = self.instead_of {
            put(wire::STREAM_GAP, header(&format!("{asked}/{at}")));
        }
    }
}

/// A reader that begins at `start`.
fn cursor(stream: &Stream, start: Start) -> Result<Cursor, Misplaced> {
    let mut at = match start {
        Start::At(at) => return stream.cursor(at),
        Start::Earliest => stream.earliest(),
        Start::Now => stream.tail().next,
    };
    for _ in 0..BEGINNINGS_MAX {
        match stream.cursor(at) {
            Err(Misplaced::Gone { earliest, .. }) => at = earliest,
            cursor => return cursor,
        }
    }
    stream.cursor(at)
}
