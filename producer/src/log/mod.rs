//! The truth: an ordered sequence of records, the newest of which are kept. Knows no HTTP.
//!
//! In: [`common::record::Batch`]. Out: [`Page`]s of whole lines.
//!
//! - Nothing is appended without [`Room`]; a batch is appended whole or not at all.
//! - If a record can be read, so can all that came after it.
//! - An offset is never given twice, not even by two runs of the process (see [`epoch`]).

mod cursor;
mod epoch;
mod kept;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use common::{offset::Offset, record::Batch, time::Clock};
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};

pub(crate) use self::{
    cursor::{Cursor, Page},
    kept::Misplaced,
};
use self::{epoch::Epoch, kept::Kept};

/// What [`Room`] is counted in: a semaphore's permits are few, bytes are many.
const ROOM_UNIT_BYTES: usize = 1024;

/// The bounds of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// How many bytes of records are kept; beyond it the oldest go.
    pub(crate) retention_bytes: u64,
    /// How many bytes may be on their way into the log.
    pub(crate) inflight_bytes: usize,
}

/// A log; its clones are the same log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bounds: Bounds,
    epoch: Epoch,
    opened: Instant,
    kept: Mutex<Kept>,
    tail: watch::Sender<Tail>,
    /// The byte position that the reader who is furthest has been given.
    read: watch::Sender<u64>,
    room: Arc<Semaphore>,
    metrics: Metrics,
}

/// The end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The place of the record that would come next.
    pub(crate) next: Offset,
    /// Whether none will come.
    pub(crate) closed: bool,
}

/// What was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The place of the first record.
    pub(crate) first: Offset,
    /// The place after the last one.
    pub(crate) next: Offset,
}

/// Nothing can be appended any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream is closed at {next}")]
pub(crate) struct Closed {
    /// The place after the last record.
    pub(crate) next: Offset,
}

/// The right to bring so many bytes into the log; drop gives it back.
#[derive(Debug)]
pub(crate) struct Room {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug, Clone, Default)]
struct Metrics {
    appended_records: Counter,
    appended_bytes: Counter,
    kept_bytes: Gauge,
    kept_records: Gauge,
}

impl Log {
    pub(crate) fn open(bounds: Bounds, clock: &Clock, registry: &mut Registry) -> Self {
        let epoch = Epoch::begin(clock.now());
        let next = epoch.first();
        let metrics = Metrics::default();
        metrics.register(registry);
        let shared = Shared {
            bounds,
            epoch,
            opened: Instant::now(),
            kept: Mutex::new(Kept::new(next, bounds.retention_bytes)),
            tail: watch::Sender::new(Tail {
                next,
                closed: false,
            }),
            read: watch::Sender::new(next.byte),
            room: Arc::new(Semaphore::new(bounds.inflight_bytes / ROOM_UNIT_BYTES)),
            metrics,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Waits for room for `bytes`; what is more than there can ever be counts as all there is.
    pub(crate) async fn reserve(&self, bytes: usize) -> Room {
        let bytes = bytes.min(self.shared.bounds.inflight_bytes);
        let permits = u32::try_from(bytes / ROOM_UNIT_BYTES).unwrap_or(u32::MAX);
        let permit = self.shared.room.clone().acquire_many_owned(permits).await;
        Room {
            _permit: permit.expect("the semaphore is never closed"),
        }
    }

    /// Waits until `bytes` more drop no record that nobody has read yet. So a source that has no
    /// pace of its own runs at the pace of the fastest reader.
    pub(crate) async fn reserve_unread(&self, bytes: usize) -> Room {
        let retention_bytes = self.shared.bounds.retention_bytes;
        let next = self.tail().next.byte + bytes as u64 + kept::SEGMENT_BYTES as u64;
        let mut read = self.shared.read.subscribe();
        read.wait_for(|read| next <= read + retention_bytes)
            .await
            .expect("the log has the sender");
        self.reserve(bytes).await
    }

    /// Appends all of `batch`, in the room that was reserved for it.
    ///
    /// # Errors
    /// The log is closed; nothing was appended.
    pub(crate) async fn append(&self, batch: &Batch, _room: Room) -> Result<Appended, Closed> {
        loop {
            match self.try_append(batch) {
                Ok(appended) => return appended,
                Err(early) => tokio::time::sleep(early).await,
            }
        }
    }

    /// Appends, or says for how long offsets have to wait for the clock (see [`epoch`]).
    fn try_append(&self, batch: &Batch) -> Result<Result<Appended, Closed>, Duration> {
        let mut kept = self.kept();
        let Tail {
            next: first,
            closed,
        } = self.tail();
        if closed {
            return Ok(Err(Closed { next: first }));
        }
        let next = first.advance(batch.records(), batch.bytes() as u64);
        self.shared
            .epoch
            .allows(next, self.shared.opened.elapsed())?;
        kept.append(batch.lines());
        self.shared.metrics.appended(batch, &kept);
        self.shared.tail.send_replace(Tail { next, closed });
        Ok(Ok(Appended { first, next }))
    }

    /// Closes the log for good.
    pub(crate) fn close(&self) {
        let _kept = self.kept();
        self.shared.tail.send_modify(|tail| tail.closed = true);
    }

    pub(crate) fn tail(&self) -> Tail {
        *self.shared.tail.borrow()
    }

    /// The place of the oldest record that is kept.
    pub(crate) fn earliest(&self) -> Offset {
        self.kept().earliest()
    }

    /// A reader that begins at `at`.
    ///
    /// # Errors
    /// No record that is kept begins there.
    pub(crate) fn cursor(&self, at: Offset) -> Result<Cursor, Misplaced> {
        self.kept().check(at)?;
        Ok(Cursor::new(self.clone(), at))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.shared
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Metrics {
    fn register(&self, registry: &mut Registry) {
        let Self {
            appended_records,
            appended_bytes,
            kept_bytes,
            kept_records,
        } = self.clone();
        registry.register("appended_records", "Records appended", appended_records);
        registry.register(
            "appended_bytes",
            "Bytes of records appended",
            appended_bytes,
        );
        registry.register("log_bytes", "Bytes of records kept", kept_bytes);
        registry.register("log_records", "Records kept", kept_records);
    }

    fn appended(&self, batch: &Batch, kept: &Kept) {
        self.appended_records.inc_by(batch.records());
        self.appended_bytes.inc_by(batch.bytes() as u64);
        let (earliest, next) = (kept.earliest(), kept.next());
        self.kept_bytes
            .set((next.byte - earliest.byte).cast_signed());
        self.kept_records
            .set((next.record - earliest.record).cast_signed());
    }
}

#[cfg(test)]
mod tests {
    use common::time::Timestamp;

    use futures_util::FutureExt;

    use super::{cursor::Overrun, *};

    fn log(retention_bytes: u64) -> Log {
        let clock = Clock::manual(Timestamp(1_800_000_000_000));
        let bounds = Bounds {
            retention_bytes,
            inflight_bytes: 1 << 20,
        };
        Log::open(bounds, &clock, &mut Registry::default())
    }

    fn batch(text: &str) -> Batch {
        Batch::from_ndjson(text.as_bytes()).unwrap()
    }

    async fn append(log: &Log, text: &str) -> Result<Appended, Closed> {
        let room = log.reserve(text.len()).await;
        log.append(&batch(text), room).await
    }

    #[tokio::test]
    async fn a_reader_gets_history_then_news_then_the_end() {
        let log = log(1 << 20);
        let first = append(&log, "1\n22\n").await.unwrap().first;
        let mut cursor = log.cursor(log.earliest()).unwrap();
        let history = cursor.next(100).await.unwrap().unwrap();
        assert_eq!(
            (history.first, &history.lines[..]),
            (first, &b"1\n22\n"[..])
        );
        let appending = async { append(&log, "333").await.unwrap() };
        let (news, appended) = tokio::join!(cursor.next(100), appending);
        assert_eq!(news.unwrap().unwrap().first, appended.first);
        log.close();
        assert_eq!(cursor.next(100).await, Ok(None));
        assert_eq!(
            append(&log, "4").await,
            Err(Closed {
                next: appended.next
            })
        );
    }

    #[tokio::test]
    async fn a_reader_that_is_overrun_is_told() {
        let log = log(kept::SEGMENT_BYTES as u64);
        let mut cursor = log.cursor(log.earliest()).unwrap();
        let at = log.earliest();
        let line = format!("\"{}\"\n", "x".repeat(kept::SEGMENT_BYTES - 10));
        for _ in 0..3 {
            append(&log, &line).await.unwrap();
        }
        assert_eq!(
            cursor.next(100).await,
            Err(Overrun {
                at,
                earliest: log.earliest()
            })
        );
    }

    #[tokio::test]
    async fn a_paceless_source_waits_for_the_fastest_reader() {
        let log = log(4 * kept::SEGMENT_BYTES as u64);
        let line = format!("\"{}\"\n", "x".repeat(kept::SEGMENT_BYTES - 3));
        for _ in 0..3 {
            let room = log.reserve_unread(line.len()).await;
            log.append(&batch(&line), room).await.unwrap();
        }
        let blocked = log.reserve_unread(line.len()).now_or_never();
        assert!(
            blocked.is_none(),
            "the first record would be lost before anyone has read it"
        );
        log.cursor(log.earliest())
            .unwrap()
            .next(usize::MAX)
            .await
            .unwrap();
        assert!(log.reserve_unread(line.len()).now_or_never().is_some());
    }

    #[tokio::test]
    async fn room_is_given_back() {
        let log = log(1 << 20);
        let room = log.reserve(1 << 20).await;
        assert!(log.reserve(2048).now_or_never().is_none());
        drop(room);
        assert!(log.reserve(2048).now_or_never().is_some());
    }
}
