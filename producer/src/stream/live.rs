//! A live body: pages of a stream as they come, signs of life while there are none.
//!
//! It ends cleanly only when the stream is closed and was read to its end, or when its reader has as
//! many records as it asked for. When the server ends it
//! for a reason of its own, it breaks off. The protocol's events say themselves whether they are the
//! last, and its clients come back after a clean end and give up after any other: there each end is
//! clean, and one comes after a while, so that readers can be spread anew.

use std::{ops::RangeInclusive, time::Duration};

use bytes::Bytes;
use common::{
    offset::Offset,
    service::{reply::Aborted, seconds::Seconds},
    time::Clock,
    wire,
};
use futures_util::stream;
use hyper::body::Frame;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Door,
    batches::{Batches, Standing},
    marks::{self, End},
    paced::paced,
    sse,
};
use crate::log::{Cursor, InUse, Lost, Page, Stream};

/// How much is read at a time for NDJSON, whose lines are sent as they are.
const LINES_PAGE_BYTES: usize = 256 * 1024;

/// How much is read at a time for SSE, whose events are longer than the lines.
const EVENTS_PAGE_BYTES: usize = 64 * 1024;

/// For how long a reader of the protocol's events is served before it shall come back, in
/// milliseconds: about a minute, for each another time.
const TURN_MILLISECONDS: RangeInclusive<u64> = 48_000..=72_000;

/// How records are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    /// A record a line.
    Ndjson,
    /// A record a line, and marks between them.
    Marked,
    /// A record an event.
    Events,
    /// What was read at once an event, by the protocol.
    Batches(Batches),
}

/// What bodies count.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    readers: Gauge,
    readers_by_kind: Family<Kind, Gauge>,
    deliveries: Seconds,
    sent_records: Counter,
    sent_bytes: Counter,
    aborted: Family<Reason, Counter>,
}

/// How a reader reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
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
            readers_by_kind,
            deliveries,
            sent_records,
            sent_bytes,
            aborted,
        } = self.clone();
        registry.register("readers", "Readers that are connected", readers);
        registry.register(
            "readers_open",
            "Readers that are connected, by how they read",
            readers_by_kind,
        );
        deliveries.register(
            registry,
            "delivery",
            "From the newest record being appended to its being given to a live reader that had all before, to a millisecond",
        );
        registry.register("sent_records", "Records sent to readers", sent_records);
        registry.register("sent_bytes", "Bytes of bodies sent to readers", sent_bytes);
        registry.register(
            "bodies_aborted",
            "Live bodies broken off by the server",
            aborted,
        );
    }

    /// Counts a reader for as long as what comes back is there.
    pub(super) fn connected(&self, kind: &'static str) -> Connected {
        let of_kind = self.readers_by_kind.get_or_create_owned(&Kind { kind });
        let readers = [self.readers.clone(), of_kind];
        for readers in &readers {
            readers.inc();
        }
        Connected(readers)
    }

    pub(super) fn sent(&self, records: u64, bytes: usize) {
        self.sent_records.inc_by(records);
        self.sent_bytes.inc_by(bytes as u64);
    }
}

/// A reader; drop says that it is gone.
#[derive(Debug)]
pub(super) struct Connected([Gauge; 2]);

impl Drop for Connected {
    fn drop(&mut self) {
        for readers in &self.0 {
            readers.dec();
        }
    }
}

/// A reader that is being served.
#[derive(Debug)]
pub(super) struct Live {
    stream: Stream,
    _in_use: InUse,
    cursor: Cursor,
    format: Format,
    page_bytes: usize,
    /// How many records its reader still wants; none is all.
    wanted: Option<u64>,
    keep_alive: Duration,
    /// When its reader shall come back, if it shall.
    until: Option<Instant>,
    clock: Clock,
    metrics: Metrics,
    _connected: Connected,
    /// What comes next in the body.
    pending: Option<Bytes>,
    /// How the body ends, when all that was to be said has been.
    end: Option<Result<(), Aborted>>,
}

impl Live {
    pub(super) fn new(
        door: &Door,
        stream: Stream,
        (cursor, wanted): (Cursor, Option<u64>),
        format: Format,
    ) -> Self {
        let connected = door.metrics.connected(format.kind());
        let is_turn = matches!(format, Format::Batches(_));
        let turn = || Duration::from_millis(fastrand::u64(TURN_MILLISECONDS));
        Self {
            _in_use: stream.in_use(),
            stream,
            cursor,
            page_bytes: format.page_bytes(door.options.page_bytes),
            wanted,
            format,
            until: is_turn.then(|| Instant::now() + turn()),
            keep_alive: door.options.keep_alive,
            clock: door.clock.clone(),
            metrics: door.metrics.clone(),
            _connected: connected,
            pending: None,
            end: None,
        }
    }

    /// What the body begins with; `asked` is where the reader wanted to begin and cannot.
    pub(super) fn greeting(&mut self, asked: Option<Offset>) -> Bytes {
        let standing = self.standing();
        match &mut self.format {
            Format::Ndjson => Bytes::new(),
            Format::Marked => self.mark(None),
            Format::Events => sse::greeting(asked, standing.at),
            Format::Batches(batches) => {
                let hello = sse::greeting(asked, standing.at);
                [hello, batches.greeting(standing)].concat().into()
            }
        }
    }

    /// The pieces of the body, `greeting` first.
    pub(super) fn pieces(
        mut self,
        greeting: Bytes,
        stop: CancellationToken,
    ) -> impl stream::Stream<Item = Result<Frame<Bytes>, Aborted>> + Send {
        self.pending = (!greeting.is_empty()).then_some(greeting);
        // It is in a box because it would be moved, and room be kept for it twice.
        let live = Some((Box::new(self), stop));
        let pieces = stream::unfold(live, |live| async {
            let (mut live, stop) = live?;
            match live.piece(&stop).await {
                Ok(Some(piece)) => Some((Ok(piece), Some((live, stop)))),
                Ok(None) => None,
                Err(aborted) => Some((Err(aborted), None)),
            }
        });
        paced(Box::pin(pieces))
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
        if self.wanted == Some(0) {
            let is_all = self.standing().is_at_end();
            return self.ended(if is_all { End::Closed } else { End::Limit }, None);
        }
        let pause = self.pause();
        if pause.is_zero() {
            return Ok(None);
        }
        let had_all = self.cursor.at() == self.cursor.tail().next;
        let page = tokio::select! {
            biased;
            () = stop.cancelled() => {
                return self.ended(End::Drain, Some(&"the server is stopping"));
            }
            page = self.cursor.next(self.page_bytes) => page,
            () = tokio::time::sleep(pause) => return Ok(Some(self.sign_of_life())),
        };
        match page {
            Ok(Some(page)) => {
                if had_all {
                    self.delivered();
                }
                Ok(Some(self.written(page)))
            }
            Ok(None) => self.ended(End::Closed, None),
            Err(lost) => {
                let end = match lost {
                    Lost::Overrun { .. } => End::Overrun,
                    Lost::Damaged { .. } => End::Damaged,
                    Lost::Unread { .. } => End::Unread,
                    Lost::Deleted => End::Deleted,
                };
                self.ended(end, Some(&lost))
            }
        }
    }

    /// Notes how old the news are that the reader is given.
    fn delivered(&self) {
        if let Some(time) = self.stream.last_time() {
            let age = self.clock.now().0.saturating_sub(time.0);
            let age = Duration::from_millis(u64::try_from(age).unwrap_or_default());
            self.metrics.deliveries.observe(age);
        }
    }

    fn written(&mut self, page: Page) -> Bytes {
        let page = match self.wanted {
            Some(wanted) => self.cursor.keep(page, wanted),
            None => page,
        };
        let records = page.next.record - page.first.record;
        self.wanted = self.wanted.map(|wanted| wanted.saturating_sub(records));
        let standing = self.standing();
        let piece = match &mut self.format {
            Format::Ndjson => page.lines,
            Format::Marked => {
                self.pending = Some(self.mark(None));
                page.lines
            }
            Format::Events => sse::events(&page),
            Format::Batches(batches) => batches.events(page.lines, standing),
        };
        self.metrics.sent(records, piece.len());
        piece
    }

    /// The end of the body, clean where nothing is `wrong`. What says so in the body comes first.
    fn ended(
        &mut self,
        end: End,
        wrong: Option<&dyn std::fmt::Display>,
    ) -> Result<Option<Bytes>, Aborted> {
        let how = wrong.map_or(Ok(()), |wrong| Err(self.abort(end.name(), wrong)));
        let standing = self.standing();
        let (last, how) = match &mut self.format {
            Format::Ndjson | Format::Events => (None, how),
            Format::Marked => (Some(self.mark(Some(end))), how),
            Format::Batches(batches) if end == End::Closed => (batches.end(standing), how),
            Format::Batches(_) => (None, Ok(())),
        };
        if last.is_some() {
            self.end = Some(how);
            return Ok(last);
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
            Format::Events | Format::Batches(_) => Bytes::from_static(b": \n\n"),
        }
    }

    /// For how long nothing may be said; not at all, when the reader shall come back.
    fn pause(&self) -> Duration {
        let left = self.until.map(|until| until.duration_since(Instant::now()));
        left.map_or(self.keep_alive, |left| left.min(self.keep_alive))
    }

    fn standing(&self) -> Standing {
        Standing {
            at: self.cursor.at(),
            tail: self.cursor.tail(),
            now: self.clock.now(),
        }
    }

    fn mark(&self, end: Option<End>) -> Bytes {
        let Standing { at, tail, now } = self.standing();
        marks::mark(at, tail.next, now, end)
    }
}

impl Format {
    /// What its readers are counted as.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Marked => "marks",
            Self::Events => "events",
            Self::Batches(_) => "sse",
        }
    }

    pub(super) const fn content_type(&self) -> &'static str {
        match self {
            Self::Ndjson | Self::Marked => wire::NDJSON,
            Self::Events | Self::Batches(_) => wire::EVENT_STREAM,
        }
    }

    /// How much is read at a time where pages have so many bytes.
    fn page_bytes(&self, page_bytes: usize) -> usize {
        match self {
            Self::Ndjson | Self::Marked => LINES_PAGE_BYTES,
            Self::Events => EVENTS_PAGE_BYTES,
            Self::Batches(_) => EVENTS_PAGE_BYTES.min(page_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::{
        config::Cli,
        log::{DEFAULT, Log},
    };

    /// A reader of an empty stream, for so long; the last piece that it gets.
    async fn served(format: Format, limit: Duration) -> Option<Bytes> {
        let cli = Cli::try_parse_from(["producer", "--source", "none", "--data-dir", "memory"]);
        let config = cli.unwrap().args.check().unwrap();
        let (mut registry, stop) = (Registry::default(), CancellationToken::new());
        let opened = Log::open(&config.log, &Clock::System, &mut registry);
        let (log, _running) = opened.unwrap();
        let stream = log.stream(DEFAULT).unwrap();
        let cursor = stream.cursor(stream.tail().next).unwrap();
        let door = Door::new(
            log,
            config.stream,
            Clock::System,
            &mut registry,
            stop.clone(),
        );
        let mut live = Live::new(&door, stream, (cursor, None), format);
        let begun = Instant::now();
        let mut last = live.piece(&stop).await.unwrap();
        while last.is_some() && begun.elapsed() < limit {
            last = live.piece(&stop).await.unwrap();
        }
        last
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_of_the_protocols_events_is_sent_away_after_about_a_minute() {
        let batches = || Format::Batches(Batches::new("text/plain", None));
        let check = async |format: Format, seconds, expected: Option<&'static str>| {
            let last = served(format.clone(), Duration::from_secs(seconds)).await;
            assert_eq!(last.as_deref(), expected.map(str::as_bytes), "{format:?}");
        };
        check(batches(), 47, Some(": \n\n")).await;
        check(batches(), 73, None).await;
        check(Format::Events, 3600, Some(": \n\n")).await;
        check(Format::Ndjson, 3600, Some("\n")).await;
    }
}
