//! The truth: an ordered sequence of records, the newest of which are kept. Knows no HTTP.
//!
//! In: [`common::record::Batch`]. Out: [`Page`]s of whole lines.
//!
//! ```text
//!             ┌─▶ kept (memory) ─────────────▶ cursor ─▶ readers
//!  append ─▶ writer                              ▲
//!             └─▶ journal ─▶ keeper ─▶ segments ─┘
//! ```
//!
//! - Nothing is appended without [`Room`]; a batch is appended whole or not at all.
//! - Appended means: on stable storage, where there is a directory. A reader is never shown a record
//!   that could still vanish.
//! - If a record can be read, so can all that came after it.
//! - An offset is never given twice, not even by two runs of a log in memory (see [`epoch`]).

mod catalogue;
mod cursor;
mod disk;
mod epoch;
mod frame;
mod journal;
mod keeper;
mod kept;
mod metrics;
mod open;
mod recovery;
mod room;
mod segment;
#[cfg(test)]
mod simulated;
mod writer;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use common::{offset::Offset, record::Batch};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

pub use self::open::CannotOpen;
pub(crate) use self::{
    cursor::{Cursor, Lost, Page},
    kept::Misplaced,
    open::{Keep, Options},
    room::Room,
};
use self::{
    epoch::Epoch, frame::StreamId, kept::Kept, metrics::Metrics, room::Rooms, segment::Shelf,
    writer::Command,
};

/// A log; its clones are the same log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    name: String,
    id: StreamId,
    kept: Mutex<Kept>,
    tail: watch::Sender<Tail>,
    /// The byte position that the reader who is furthest has been given.
    read: watch::Sender<u64>,
    rooms: Rooms,
    place: Place,
    metrics: Metrics,
}

/// Where the records are.
#[derive(Debug)]
enum Place {
    /// In memory, the newest so many bytes.
    Memory {
        epoch: Epoch,
        opened: Instant,
        retention_bytes: u64,
    },
    /// On disk, and the newest also in memory.
    Disk {
        retention_bytes: Option<u64>,
        queue: mpsc::Sender<Command>,
        shelf: Mutex<Arc<Shelf>>,
    },
}

impl Place {
    /// How much is kept; none is all.
    const fn retention_bytes(&self) -> Option<u64> {
        match self {
            Self::Memory {
                retention_bytes, ..
            } => Some(*retention_bytes),
            Self::Disk {
                retention_bytes, ..
            } => *retention_bytes,
        }
    }
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

/// Why nothing was appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Nothing can be appended any more.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// Nothing can be made durable any more.
    #[error(transparent)]
    Failed(#[from] Failed),
}

/// The log has its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream is closed at {next}")]
pub(crate) struct Closed {
    /// The place after the last record.
    pub(crate) next: Offset,
}

/// The disk refused a write or a sync; what is on it then is only known after a restart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log takes nothing since it could not be written ({0}); a restart verifies it")]
pub(crate) struct Failed(String);

impl Log {
    /// Waits for room for `bytes` of a request.
    pub(crate) async fn reserve(&self, bytes: usize) -> Room {
        self.shared.rooms.reserve(bytes).await
    }

    /// Room for a source without a pace: waits until `bytes` more drop no record that nobody has
    /// read yet, so that it runs at the pace of the fastest reader. Such sources take turns, for
    /// what one adds is what another has to wait for.
    pub(crate) async fn unread_room(&self, bytes: usize) -> Room {
        let room = self.shared.rooms.turn().await;
        if let Some(retention_bytes) = self.shared.place.retention_bytes() {
            let more = bytes as u64 + kept::SEGMENT_BYTES as u64;
            let is_read = |read: &u64| {
                let next = self.tail().next.byte;
                next <= *read || next + more <= read + retention_bytes
            };
            let mut read = self.shared.read.subscribe();
            let near = read.wait_for(is_read).await.map(drop);
            near.expect("the log has the sender");
        }
        room
    }

    /// Appends all of `batch`, in the room that was reserved for it.
    ///
    /// # Errors
    /// Nothing was appended; unless the disk failed: then it cannot be told.
    pub(crate) async fn append(&self, batch: Batch, room: Room) -> Result<Appended, Refused> {
        if let Place::Disk { queue, .. } = &self.shared.place {
            let (reply, answer) = oneshot::channel();
            return command(queue, Command::Append { batch, room, reply }, answer).await;
        }
        loop {
            match self.append_in_memory(&batch) {
                Ok(appended) => return appended.map_err(Refused::Closed),
                Err(early) => tokio::time::sleep(early).await,
            }
        }
    }

    /// Appends, or says for how long offsets have to wait for the clock (see [`epoch`]).
    fn append_in_memory(&self, batch: &Batch) -> Result<Result<Appended, Closed>, Duration> {
        let mut kept = self.kept();
        let Tail {
            next: first,
            closed,
        } = self.tail();
        if closed {
            return Ok(Err(Closed { next: first }));
        }
        let next = first.advance(batch.records(), batch.bytes() as u64);
        if let Place::Memory {
            epoch,
            opened,
            retention_bytes,
        } = &self.shared.place
        {
            epoch.allows(next, opened.elapsed())?;
            kept.append(batch.lines());
            kept.release(next, *retention_bytes);
        }
        let (records, bytes) = (batch.records(), batch.bytes());
        self.shared.metrics.appended(records, bytes, &kept);
        self.shared.tail.send_replace(Tail { next, closed });
        Ok(Ok(Appended { first, next }))
    }

    /// Closes the log for good.
    ///
    /// # Errors
    /// The disk has failed.
    pub(crate) async fn close(&self) -> Result<(), Refused> {
        match &self.shared.place {
            Place::Memory { .. } => {
                self.shut(Tail {
                    closed: true,
                    ..self.tail()
                });
                Ok(())
            }
            Place::Disk { queue, .. } => {
                let (reply, answer) = oneshot::channel();
                command(queue, Command::Close { reply }, answer).await
            }
        }
    }

    pub(crate) fn tail(&self) -> Tail {
        *self.shared.tail.borrow()
    }

    /// The place of the oldest record that is kept.
    pub(crate) fn earliest(&self) -> Offset {
        let on_disk = self.shelf().and_then(|shelf| shelf.earliest());
        on_disk.unwrap_or_else(|| self.kept().earliest())
    }

    /// The newest lines: all of a segment in memory, or of a piece on disk.
    pub(crate) fn last_lines(&self) -> Bytes {
        let kept = self.kept();
        if kept.earliest() < kept.next() {
            return kept.last_page();
        }
        drop(kept);
        let piece = self.shelf().and_then(|shelf| shelf.last_piece().ok());
        piece.unwrap_or_default()
    }

    /// A reader that begins at `at`.
    ///
    /// # Errors
    /// No record that is kept begins there.
    pub(crate) fn cursor(&self, at: Offset) -> Result<Cursor, Misplaced> {
        let checked = self.kept().check(at);
        match (checked, self.shelf()) {
            (Err(Misplaced::Gone { .. }), Some(shelf)) => {
                let earliest = self.earliest();
                match tokio::task::block_in_place(|| shelf.read(at)) {
                    Ok(Some(_)) => {}
                    Ok(None) if at < earliest => return Err(Misplaced::Gone { at, earliest }),
                    Ok(None) => {
                        return Err(Misplaced::Nowhere {
                            at,
                            next: self.tail().next,
                        });
                    }
                    Err(damage) => {
                        return Err(Misplaced::Damaged {
                            at,
                            why: damage.to_string(),
                        });
                    }
                }
            }
            (checked, _) => checked?,
        }
        Ok(Cursor::new(self.clone(), at))
    }

    fn id(&self) -> StreamId {
        self.shared.id
    }

    fn name(&self) -> &str {
        &self.shared.name
    }

    /// Shows to readers what is durable now.
    fn show(&self, lines: &[u8], records: u64, tail: Tail) {
        let mut kept = self.kept();
        kept.append(lines);
        self.shared.metrics.appended(records, lines.len(), &kept);
        self.shared.tail.send_replace(tail);
    }

    /// Tells readers that the log is closed.
    fn shut(&self, tail: Tail) {
        let _kept = self.kept();
        self.shared.tail.send_replace(tail);
    }

    /// Lines that are in memory, whole ones; none when they no longer are.
    fn recent(&self, at: Offset, bytes_max: usize) -> Option<Bytes> {
        self.kept().read(at, bytes_max)
    }

    /// What is on `shelf` need not be in memory any more, but for the newest so many bytes.
    fn settled(&self, shelf: Shelf, memory_bytes: u64) {
        if let Place::Disk { shelf: place, .. } = &self.shared.place {
            let until = shelf.end();
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(shelf);
            self.kept().release(until, memory_bytes);
        }
    }

    fn shelf(&self) -> Option<Arc<Shelf>> {
        match &self.shared.place {
            Place::Memory { .. } => None,
            Place::Disk { shelf, .. } => {
                Some(shelf.lock().unwrap_or_else(PoisonError::into_inner).clone())
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.shared
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the writer a command, and waits for its answer.
async fn command<T>(
    queue: &mpsc::Sender<Command>,
    command: Command,
    answer: oneshot::Receiver<Result<T, Refused>>,
) -> Result<T, Refused> {
    let stopped = || Failed("the producer is stopping".to_owned());
    queue.send(command).await.map_err(|_| stopped())?;
    answer.await.map_err(|_| stopped())?
}

#[cfg(test)]
mod tests {
    use common::time::{Clock, Timestamp};

    use futures_util::FutureExt;
    use prometheus_client::registry::Registry;

    use super::{cursor::Lost, *};

    fn log(retention_bytes: u64) -> Log {
        let clock = Clock::manual(Timestamp(1_800_000_000_000));
        let options = Options {
            keep: Keep::InMemory { retention_bytes },
            inflight_bytes: 1 << 20,
        };
        Log::open(&options, &clock, &mut Registry::default())
            .unwrap()
            .0
    }

    fn batch(text: &str) -> Batch {
        Batch::from_ndjson(text.as_bytes()).unwrap()
    }

    async fn append(log: &Log, text: &str) -> Result<Appended, Refused> {
        let room = log.reserve(text.len()).await;
        log.append(batch(text), room).await
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
        log.close().await.unwrap();
        assert_eq!(cursor.next(100).await, Ok(None));
        assert_eq!(
            append(&log, "4").await,
            Err(Closed {
                next: appended.next
            }
            .into())
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
            Err(Lost::Overrun {
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
            let room = log.unread_room(line.len()).await;
            log.append(batch(&line), room).await.unwrap();
        }
        let blocked = log.unread_room(line.len()).now_or_never();
        assert!(
            blocked.is_none(),
            "the first record would be lost before anyone has read it"
        );
        let turn = log.unread_room(1).now_or_never();
        assert!(turn.is_none(), "nor may another source go on");
        log.cursor(log.earliest())
            .unwrap()
            .next(usize::MAX)
            .await
            .unwrap();
        assert!(log.unread_room(line.len()).now_or_never().is_some());
    }
}
