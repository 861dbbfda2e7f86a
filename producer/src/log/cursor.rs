//! A reader's place in the log. It only goes forward, and never over a record.

use bytes::Bytes;
use common::{ndjson, offset::Offset};
use tokio::sync::watch;

use super::{Log, Tail};

/// Whole lines, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The place of the first one.
    pub(crate) first: Offset,
    /// The place after the last one.
    pub(crate) next: Offset,
    /// The lines.
    pub(crate) lines: Bytes,
}

/// What the reader would read next is no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reader at {at} was too slow; the earliest record kept is at {earliest}")]
pub(crate) struct Overrun {
    /// Where the reader is.
    pub(crate) at: Offset,
    /// The oldest that there is.
    pub(crate) earliest: Offset,
}

#[derive(Debug)]
pub(crate) struct Cursor {
    log: Log,
    at: Offset,
    tail: watch::Receiver<Tail>,
}

impl Cursor {
    pub(super) fn new(log: Log, at: Offset) -> Self {
        let tail = log.shared.tail.subscribe();
        Self { log, at, tail }
    }

    /// The place of the record that it gives next.
    pub(crate) const fn at(&self) -> Offset {
        self.at
    }

    /// The next lines, waiting for them if need be: `bytes_max` bytes, or one line where it is
    /// longer. None when the log is closed and was read to its end.
    ///
    /// # Errors
    /// The next record is no longer kept.
    pub(crate) async fn next(&mut self, bytes_max: usize) -> Result<Option<Page>, Overrun> {
        loop {
            let closed = self.tail.borrow_and_update().closed;
            if let Some(page) = self.read(bytes_max)? {
                return Ok(Some(page));
            }
            if closed {
                return Ok(None);
            }
            self.tail.changed().await.expect("the log has the sender");
        }
    }

    fn read(&mut self, bytes_max: usize) -> Result<Option<Page>, Overrun> {
        let kept = self.log.kept();
        let overrun = || Overrun {
            at: self.at,
            earliest: kept.earliest(),
        };
        let lines = kept.read(self.at, bytes_max).ok_or_else(overrun)?;
        drop(kept);
        if lines.is_empty() {
            return Ok(None);
        }
        let first = self.at;
        let next = first.advance(ndjson::count(&lines) as u64, lines.len() as u64);
        self.at = next;
        self.log.shared.read.send_if_modified(|furthest| {
            let further = next.byte > *furthest;
            *furthest = next.byte.max(*furthest);
            further
        });
        Ok(Some(Page { first, next, lines }))
    }
}
