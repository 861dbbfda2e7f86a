//! A live body: pages of a stream as they come, signs of life while there are none.
//!
//! It ends cleanly only when the stream is closed and was read to its end. When the server ends it
//! for a reason of its own, it breaks off.

use std::time::Duration;

use bytes::Bytes;
use common::{offset::Offset, service::reply::Aborted, time::Clock, wire};
use futures_util::{StreamExt, stream};
use hyper::body::Frame;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio_util::sync::CancellationToken;

use super::{
    Door,
    marks::{self, End},
    sse,
};
use crate::log::{Cursor, Lost, Page, Stream};

/// How much is read at a time for NDJSON, whose lines are sent as they are.
const LINES_PAGE_BYTES: usize = 256 * 1024;

/// How much is read at a time for SSE, whose events are longer than the lines.
const EVENTS_PAGE_BYTES: usize = 64 * 1024;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A record a line.
    Ndjson,
    /// A record a line, and marks between them.
    Marked,
    /// A record an event.
    Sse,
}

/// What bodies count.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    readers: Gauge,
    sent_records: Counter,
    sent_bytes: Counter,
    aborted: Family<Reason, Counter>,
}

/// Why a body was broken off.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

impl Metrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self {
            readers,
            sent_records,
            sent_bytes,
            aborted,
        } = self.clone();
        registry.register("readers", "Readers that are connected", readers);
        registry.register("sent_records", "Records sent to readers", sent_records);
        registry.register("sent_bytes", "Bytes of bodies sent to readers", sent_bytes);
        registry.register(
            "bodies_aborted",
            "Live bodies broken off by the server",
            aborted,
        );
    }

    /// Counts a reader for as long as what comes back is there.
    pub(super) fn connected(&self) -> Connected {
        self.readers.inc();
        Connected(self.readers.clone())
    }

    pub(super) fn sent(&self, records: u64, bytes: usize) {
        self.sent_records.inc_by(records);
        self.sent_bytes.inc_by(bytes as u64);
    }
}

/// A reader; drop says that it is gone.
#[derive(Debug)]
pub(super) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A reader that is being served.
#[derive(Debug)]
pub(super) struct Live {
    stream: Stream,
    cursor: Cursor,
    format: Format,
    keep_alive: Duration,
    clock: Clock,
    metrics: Metrics,
    _connected: Connected,
    /// What comes next in the body.
    pending: Option<Bytes>,
    /// How the body ends, when all that was to be said has been.
    end: Option<Result<(), Aborted>>,
}

impl Live {
    pub(super) fn new(door: &Door, stream: Stream, cursor: Cursor, format: Format) -> Self {
        Self {
            stream,
            cursor,
            format,
            keep_alive: door.options.keep_alive,
            clock: door.clock.clone(),
            metrics: door.metrics.clone(),
            _connected: door.metrics.connected(),
            pending: None,
            end: None,
        }
    }

    /// What the body begins with; `asked` is where the reader wanted to begin and cannot.
    pub(super) fn greeting(&self, asked: Option<Offset>) -> Bytes {
        match self.format {
            Format::Ndjson => Bytes::new(),
            Format::Marked => self.mark(None),
            Format::Sse => sse::greeting(asked, self.cursor.at()),
        }
    }

    /// The pieces of the body, `greeting` first.
    pub(super) fn pieces(
        self,
        greeting: Bytes,
        stop: CancellationToken,
    ) -> impl stream::Stream<Item = Result<Frame<Bytes>, Aborted>> + Send {
        let first = stream::iter((!greeting.is_empty()).then(|| Ok(Frame::data(greeting))));
        let rest = stream::unfold(Some((self, stop)), |live| async {
            let (mut live, stop) = live?;
            match live.piece(&stop).await {
                Ok(Some(piece)) => Some((Ok(Frame::data(piece)), Some((live, stop)))),
                Ok(None) => None,
                Err(aborted) => Some((Err(aborted), None)),
            }
        });
        first.chain(rest)
    }

    async fn piece(&mut self, stop: &CancellationToken) -> Result<Option<Bytes>, Aborted> {
        if let Some(piece) = self.pending.take() {
            return Ok(Some(piece));
        }
        if let Some(end) = self.end.take() {
            // What was given before goes out only when nothing more is there to be taken.
            tokio::task::yield_now().await;
            return end.map(|()| None);
        }
        // A stream with a reader is in use.
        self.stream.touch();
        let page = tokio::select! {
            biased;
            () = stop.cancelled() => {
                return self.ended(End::Drain, Some(&"the server is stopping"));
            }
            page = self.cursor.next(self.format.page_bytes()) => page,
            () = tokio::time::sleep(self.keep_alive) => return Ok(Some(self.sign_of_life())),
        };
        match page {
            Ok(Some(page)) => Ok(Some(self.written(page))),
            Ok(None) => self.ended(End::Closed, None),
            Err(lost) => {
                let end = match lost {
                    Lost::Overrun { .. } => End::Overrun,
                    Lost::Damaged { .. } => End::Damaged,
                    Lost::Deleted => End::Deleted,
                };
                self.ended(end, Some(&lost))
            }
        }
    }

    fn written(&mut self, page: Page) -> Bytes {
        let records = page.next.record - page.first.record;
        let piece = match self.format {
            Format::Ndjson => page.lines,
            Format::Marked => {
                self.pending = Some(self.mark(None));
                page.lines
            }
            Format::Sse => sse::events(&page),
        };
        self.metrics.sent(records, piece.len());
        piece
    }

    /// The end of the body, clean where nothing is `wrong`; with marks, the last one comes first.
    fn ended(
        &mut self,
        end: End,
        wrong: Option<&dyn std::fmt::Display>,
    ) -> Result<Option<Bytes>, Aborted> {
        let how = wrong.map_or(Ok(()), |wrong| Err(self.abort(end.name(), wrong)));
        if self.format == Format::Marked {
            self.end = Some(how);
            return Ok(Some(self.mark(Some(end))));
        }
        how.map(|()| None)
    }

    fn abort(&self, reason: &'static str, detail: &dyn std::fmt::Display) -> Aborted {
        self.metrics.aborted.get_or_create(&Reason { reason }).inc();
        let (stream, at) = (self.stream.name(), self.cursor.at());
        tracing::info!(reason, stream, %at, "broke off a live body: {detail}");
        Aborted(detail.to_string())
    }

    /// What says that the server is there, and is no record.
    fn sign_of_life(&self) -> Bytes {
        match self.format {
            Format::Ndjson => Bytes::from_static(b"\n"),
            Format::Marked => self.mark(None),
            Format::Sse => Bytes::from_static(b": \n\n"),
        }
    }

    fn mark(&self, end: Option<End>) -> Bytes {
        let tail = self.cursor.tail().next;
        marks::mark(self.cursor.at(), tail, self.clock.now(), end)
    }
}

impl Format {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson | Self::Marked => wire::NDJSON,
            Self::Sse => wire::EVENT_STREAM,
        }
    }

    const fn page_bytes(self) -> usize {
        match self {
            Self::Ndjson | Self::Marked => LINES_PAGE_BYTES,
            Self::Sse => EVENTS_PAGE_BYTES,
        }
    }
}
