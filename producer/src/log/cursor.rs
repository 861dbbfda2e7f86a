//! A reader's place in the log. It only goes forward, and never over a record.

use bytes::Bytes;
use common::{ndjson, offset::Offset};
use tokio::sync::watch;

use super::{Log, Tail, kept};

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

/// Why a reader cannot read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    /// What it would read next is no longer kept.
    #[error("the reader at {at} was too slow; the earliest record kept is at {earliest}")]
    Overrun {
        /// Where the reader is.
        at: Offset,
        /// The oldest that there is.
        earliest: Offset,
    },
    /// What it would read next is not what was written.
    #[error("the record at {at} cannot be read: {why}")]
    Damaged {
        /// Where the reader is.
        at: Offset,
        /// What is wrong.
        why: String,
    },
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
    /// The next record is no longer kept, or damaged.
    pub(crate) async fn next(&mut self, bytes_max: usize) -> Result<Option<Page>, Lost> {
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

    fn read(&mut self, bytes_max: usize) -> Result<Option<Page>, Lost> {
        let lines = match self.log.recent(self.at, bytes_max) {
            Some(lines) => lines,
            None => self.older(bytes_max)?,
        };
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

    /// Lines that are not in memory any more.
    fn older(&self, bytes_max: usize) -> Result<Bytes, Lost> {
        let at = self.at;
        let read = self
            .log
            .shelf()
            .map(|shelf| tokio::task::block_in_place(|| shelf.read(at)));
        match read {
            Some(Ok(Some(lines))) => Ok(lines.slice(..kept::page(&lines, bytes_max))),
            Some(Err(damage)) if at >= self.log.earliest() => Err(Lost::Damaged {
                at,
                why: damage.to_string(),
            }),
            _ => Err(Lost::Overrun {
                at,
                earliest: self.log.earliest(),
            }),
        }
    }
}
