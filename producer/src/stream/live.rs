//! A live body: pages of the log as they come, signs of life while there are none.
//!
//! It ends cleanly only when the log is closed and was read to its end. When the server ends it for
//! a reason of its own, it breaks off.

use std::time::Duration;

use bytes::Bytes;
use common::service::reply::Aborted;
use futures_util::{Stream, StreamExt, stream};
use hyper::body::Frame;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio_util::sync::CancellationToken;

use super::{request::Format, sse};
use crate::log::{Cursor, Lost};

/// How much is read at a time for NDJSON, whose lines are sent as they are.
const LINES_PAGE_BYTES: usize = 256 * 1024;

/// How much is read at a time for SSE, whose events are longer than the lines.
const EVENTS_PAGE_BYTES: usize = 64 * 1024;

/// What live bodies count.
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
}

/// A reader that is being served; drop says that it is gone.
#[derive(Debug)]
pub(super) struct Live {
    cursor: Cursor,
    format: Format,
    keep_alive: Duration,
    metrics: Metrics,
}

impl Live {
    pub(super) fn new(
        cursor: Cursor,
        format: Format,
        keep_alive: Duration,
        metrics: Metrics,
    ) -> Self {
        metrics.readers.inc();
        Self {
            cursor,
            format,
            keep_alive,
            metrics,
        }
    }

    /// The pieces of the body, `greeting` first.
    pub(super) fn pieces(
        self,
        greeting: Bytes,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<Frame<Bytes>, Aborted>> + Send {
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
        let page = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(self.abort("drain", &"the server is stopping")),
            page = self.cursor.next(self.format.page_bytes()) => page,
            () = tokio::time::sleep(self.keep_alive) => return Ok(Some(self.format.sign_of_life())),
        };
        match page {
            Ok(Some(page)) => {
                let piece = match self.format {
                    Format::Ndjson => page.lines.clone(),
                    Format::Sse => sse::events(&page),
                };
                self.metrics
                    .sent_records
                    .inc_by(page.next.record - page.first.record);
                self.metrics.sent_bytes.inc_by(piece.len() as u64);
                Ok(Some(piece))
            }
            Ok(None) => Ok(None),
            Err(lost @ Lost::Overrun { .. }) => Err(self.abort("overrun", &lost)),
            Err(lost @ Lost::Damaged { .. }) => Err(self.abort("damaged", &lost)),
        }
    }

    fn abort(&self, reason: &'static str, detail: &dyn std::fmt::Display) -> Aborted {
        self.metrics.aborted.get_or_create(&Reason { reason }).inc();
        tracing::info!(reason, at = %self.cursor.at(), "broke off a live body: {detail}");
        Aborted(detail.to_string())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.metrics.readers.dec();
    }
}

impl Format {
    const fn page_bytes(self) -> usize {
        match self {
            Self::Ndjson => LINES_PAGE_BYTES,
            Self::Sse => EVENTS_PAGE_BYTES,
        }
    }

    /// What says that the server is there, and is no record.
    const fn sign_of_life(self) -> Bytes {
        match self {
            Self::Ndjson => Bytes::from_static(b"\n"),
            Self::Sse => Bytes::from_static(b": \n\n"),
        }
    }
}
