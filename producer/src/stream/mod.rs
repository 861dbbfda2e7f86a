//! Streams records out: pages of a stream, which may be waited for, and bodies that go on live, as
//! NDJSON or server-sent events.
//!
//! In: [`crate::log::Page`]s of a cursor. Out: bodies of answers.

mod batches;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod head;
mod interval;
mod list;
mod live;
mod marks;
mod paced;
mod page;
#[cfg(any(test, fuzzing))]
mod reading;
mod request;
mod sse;

use std::time::Duration;

use common::{
    name,
    offset::Offset,
    service::reply::{self, Body},
    time::Clock,
    wire,
};
use futures_util::future::OptionFuture;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, HeaderName, HeaderValue},
};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

pub(crate) use self::page::is_one_of;
use self::{
    batches::Batches,
    live::{Format, Live, Metrics},
    page::{Bounds, Page, Shape, Whence},
    request::{Asked, Form, Named, Seek},
};
use crate::{
    error::{Refusal, header, place},
    log::{Cursor, DEFAULT, Framing, Log, Misplaced, Refused, Shown, Stream, Tail},
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
    /// How long a page is waited for while there is nothing in it.
    pub(crate) long_poll_timeout: Duration,
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
    /// How many records it wants; none is all.
    limit: Option<u64>,
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
            Err(Refusal::Misplaced(Misplaced::Gone { at, .. })) => {
                (cursor(&stream, Seek::Earliest)?, Some(at))
            }
            cursor => (cursor?, None),
        };
        let beginning = Beginning {
            cursor,
            instead_of,
            limit: asked.limit,
        };
        if asked.is_returning && beginning.is_end(stream.tail()) {
            return Ok(beginning.end(stream.tail()));
        }
        Ok(self.live(method, stream, asked.format, beginning))
    }

    /// The answer to a request for the list of streams, of which those are `shown`.
    pub(crate) fn list<B>(
        &self,
        asked: &Request<B>,
        shown: impl Fn(&str) -> Shown,
    ) -> Result<Response<Body>, Refusal> {
        list::answer(&self.log, asked.uri().query(), shown)
    }

    /// The answer to a request for the stream that `path` names.
    pub(crate) async fn named<B>(&self, asked: &Request<B>) -> Result<Response<Body>, Refusal> {
        let path = asked.uri().path().strip_prefix(wire::STREAMS_PATH);
        let name = name::stream(path.unwrap_or_default())?;
        let stream = self.log.find(&name)?;
        let (method, headers) = (asked.method(), asked.headers());
        let revoked = asked.extensions().get::<CancellationToken>();
        if method == Method::HEAD {
            return Ok(head::answer(&stream));
        }
        let asked = Named::of(asked.uri().query(), headers)?;
        stream.touch();
        match asked.form {
            Form::Page { as_lines } => {
                let bounds = self.bounds(&asked);
                let cursor = cursor(&stream, asked.start)?;
                let page = self.page(&stream, cursor, as_lines, bounds)?;
                Ok(page.answer(&stream, headers))
            }
            Form::Poll { as_lines, wait } => {
                let _in_use = stream.in_use();
                let cursor = cursor(&stream, asked.start)?;
                let cursor = self.news(cursor, wait, revoked).await;
                let mut bounds = self.bounds(&asked);
                if bounds.whence == Whence::Now {
                    // What has come since is what was waited for.
                    bounds.whence = Whence::Fixed;
                }
                let page = self.page(&stream, cursor, as_lines, bounds)?;
                Ok(self.polled(page, &stream, headers, asked.had))
            }
            Form::Live(_) if stream.framing() != Framing::Lines => {
                Err(Refusal::NotLines(stream.settings().content_type.clone()))
            }
            Form::Live(format) => {
                let beginning = Beginning::at(cursor(&stream, asked.start)?, asked.limit);
                Ok(self.live(method, stream, format, beginning))
            }
            Form::Batches => {
                let beginning = Beginning::at(cursor(&stream, asked.start)?, asked.limit);
                Ok(self.batches(stream, beginning, &asked))
            }
        }
    }

    fn page(
        &self,
        stream: &Stream,
        cursor: Cursor,
        as_lines: bool,
        bounds: Bounds,
    ) -> Result<Page, Refusal> {
        let page = page::read(cursor, Shape::of(stream, as_lines), bounds);
        let page = page.map_err(|refusal| match refusal {
            // It was there a moment ago, and may still be for its forks.
            Refusal::Log(Refused::Missing(_)) => {
                let gone = self.log.find(stream.name()).err();
                gone.map_or(refusal, Refusal::from)
            }
            other => other,
        })?;
        self.metrics.sent(page.records(), page.body_bytes());
        Ok(page)
    }

    const fn bounds(&self, asked: &Named) -> Bounds {
        Bounds {
            bytes_max: self.options.page_bytes,
            records_max: asked.limit,
            whence: match asked.start {
                Seek::Now => Whence::Now,
                Seek::Since(_) | Seek::Last(_) => Whence::Moving,
                Seek::Earliest | Seek::At(_) => Whence::Fixed,
            },
        }
    }

    /// Waits until there is something to read, or nothing will be, or it has taken too long, or who waits
    /// may read no more.
    async fn news(
        &self,
        cursor: Cursor,
        wait: Option<Duration>,
        revoked: Option<&CancellationToken>,
    ) -> Cursor {
        let wait = wait.unwrap_or(self.options.long_poll_timeout);
        let _connected = self.metrics.connected("long-poll");
        tokio::select! {
            biased;
            () = cursor.news() => {}
            () = self.stop.cancelled() => {}
            Some(()) = OptionFuture::from(revoked.map(CancellationToken::cancelled)) => {}
            () = tokio::time::sleep(wait) => {}
        }
        cursor
    }

    /// The answer to who has waited for a page.
    fn polled(
        &self,
        page: Page,
        stream: &Stream,
        headers: &HeaderMap,
        had: Option<u64>,
    ) -> Response<Body> {
        let mut answer = if page.is_empty() {
            page.nothing(stream)
        } else {
            page.answer(stream, headers)
        };
        let number = interval::number(self.clock.now(), had);
        answer
            .headers_mut()
            .insert(wire::STREAM_CURSOR, header(&number));
        answer
    }

    /// A live body in the protocol's own form of events.
    fn batches(&self, stream: Stream, beginning: Beginning, asked: &Named) -> Response<Body> {
        let is_end = beginning.is_end(stream.tail());
        if asked.is_returning && is_end {
            return beginning.end(stream.tail());
        }
        let batches = Batches::new(&stream.settings().content_type, asked.had);
        let is_base64 = batches.is_base64();
        let mut answer = self.live(&Method::GET, stream, Format::Batches(batches), beginning);
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if !is_end {
            // Who believes these does not come back for what the body has not brought.
            headers.remove(wire::STREAM_CLOSED);
            headers.remove(wire::STREAM_NEXT_OFFSET);
        }
        if is_base64 {
            let base64 = HeaderValue::from_static("base64");
            headers.insert(wire::STREAM_SSE_DATA_ENCODING, base64);
        }
        answer
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
            let begun = (beginning.cursor, beginning.limit);
            let mut live = Live::new(self, stream, begun, format);
            let greeting = live.greeting(beginning.instead_of);
            reply::stream(content_type, live.pieces(greeting, self.stop.clone()))
        };
        answer.headers_mut().extend(said);
        answer
    }
}

impl Beginning {
    const fn at(cursor: Cursor, limit: Option<u64>) -> Self {
        Self {
            cursor,
            instead_of: None,
            limit,
        }
    }

    /// Whether nothing will come there.
    fn is_end(&self, tail: Tail) -> bool {
        tail.closed && tail.next == self.cursor.at()
    }

    /// What tells an event source that comes back to the end of a closed stream to stop: this, and
    /// nothing else.
    fn end(&self, tail: Tail) -> Response<Body> {
        let mut answer = reply::empty(StatusCode::NO_CONTENT);
        self.tell(answer.headers_mut(), tail);
        answer
    }

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
fn cursor(stream: &Stream, start: Seek) -> Result<Cursor, Refusal> {
    let mut at = match start {
        Seek::At(at) => return Ok(stream.cursor(at)?),
        Seek::Earliest => stream.earliest(),
        Seek::Now => stream.tail().next,
        Seek::Since(time) => stream.since(time).map_err(page::refusal)?,
        Seek::Last(records) => stream.last(records).map_err(page::refusal)?,
    };
    for _ in 0..BEGINNINGS_MAX {
        match stream.cursor(at) {
            Err(Misplaced::Gone { earliest, .. }) => at = earliest,
            cursor => return Ok(cursor?),
        }
    }
    Ok(stream.cursor(at)?)
}
