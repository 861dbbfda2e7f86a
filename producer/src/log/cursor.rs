//! A reader's place in a stream. It only goes forward, and never over a record.

use bytes::Bytes;
use common::{ndjson::NEWLINE, offset::Offset};

use super::{
    disk,
    journal::Damage,
    kept::{COPIED_BYTES, Misplaced},
    seek,
    shelf::Opened,
    stream::{Stream, Tail, clipped},
};

/// How much is read at a time where records are counted.
const COUNTED_BYTES: usize = 256 * 1024;

/// Whole records, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The place of the first one.
    pub(crate) first: Offset,
    /// The place after the last one.
    pub(crate) next: Offset,
    /// The records.
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
    /// What it would read next could not be read this time.
    #[error("the record at {at} cannot be read now: {why}")]
    Unread {
        /// Where the reader is.
        at: Offset,
        /// What the system says.
        why: String,
    },
    /// The stream is no more.
    #[error("the stream was deleted")]
    Deleted,
}

#[derive(Debug)]
pub(crate) struct Cursor {
    stream: Stream,
    at: Offset,
    /// The segment on disk that it reads, when it is not near the end.
    opened: Option<Opened>,
    /// Whether it has given all there was, and there are many readers: of what has come since it gives
    /// nothing before all are told.
    has_all: bool,
}

impl Cursor {
    pub(super) const fn new(stream: Stream, at: Offset, opened: Option<Opened>) -> Self {
        Self {
            stream,
            at,
            opened,
            has_all: false,
        }
    }

    /// The place of the record that it gives next.
    pub(crate) const fn at(&self) -> Offset {
        self.at
    }

    /// The end of the stream.
    pub(crate) fn tail(&self) -> Tail {
        self.stream.tail()
    }

    /// The next records, waiting for them if need be: `bytes_max` bytes, or one record where it is
    /// longer. None when the stream is closed and was read to its end.
    ///
    /// # Errors
    /// The next record is no longer kept, or damaged, or the stream was deleted.
    pub(crate) async fn next(&mut self, bytes_max: usize) -> Result<Option<Page>, Lost> {
        if self.has_all {
            self.stream.bell().wait(|| self.was_told()).await;
            self.has_all = false;
        }
        loop {
            let closed = self.tail().closed;
            if let Some(page) = self.read(bytes_max)? {
                let is_at_end = self.at.byte >= self.tail().next.byte;
                self.has_all = is_at_end && self.stream.bell().is_of_many();
                return Ok(Some(page));
            }
            if closed {
                return Ok(None);
            }
            self.stream.bell().wait(|| self.was_told()).await;
        }
    }

    /// Whether those who wait were told of something that it has not given, or nothing will come.
    fn was_told(&self) -> bool {
        let tail = self.tail();
        self.at.byte < self.stream.bell().told() || tail.closed || tail.deleted
    }

    /// Waits until there is something to read, or nothing will come.
    pub(crate) async fn news(&self) {
        while !self.has_news() {
            self.stream.bell().wait(|| self.has_news()).await;
        }
    }

    /// A stream that is gone has news too: the next read tells them.
    fn has_news(&self) -> bool {
        let tail = self.tail();
        self.at < tail.next || tail.closed || tail.deleted
    }

    /// A border between two records, as far on as is known without reading, but not more than
    /// `bytes_max` bytes away.
    pub(crate) fn border(&self, bytes_max: usize) -> Option<Offset> {
        let end = self.at.byte.saturating_add(bytes_max as u64);
        let (mut at, mut shared) = (self.at, None);
        let owner = loop {
            match self.stream.owner(at) {
                // Where a fork goes on by itself is a border too.
                (_, until) if until.byte <= end && until < Offset::MAX => {
                    (at, shared) = (until, Some(until))
                }
                (owner, _) => break owner,
            }
        };
        let opened = self.opened.as_ref();
        let opened = opened.filter(|opened| opened.stream == owner.id());
        let on_disk = opened.and_then(|opened| opened.border(at, end - at.byte));
        let at = on_disk.unwrap_or(at);
        let kept = owner.kept();
        // What is in memory may follow at once.
        let in_memory = (kept.earliest() <= at).then(|| kept.border(at, end - at.byte));
        in_memory.flatten().or(on_disk).or(shared)
    }

    /// Goes so many records on, and says where that is; not where there are fewer, or it is more than
    /// `bytes_max` bytes away. Also of a stream that is deleted.
    pub(super) fn skip(
        mut self,
        mut records: u64,
        bytes_max: usize,
    ) -> Result<Option<Offset>, Misplaced> {
        let end = self.at.byte.saturating_add(bytes_max as u64);
        while records > 0 {
            let left = usize::try_from(end.saturating_sub(self.at.byte)).unwrap_or(usize::MAX);
            let page = self.page(left.min(COUNTED_BYTES), NEWLINE);
            let page = page.map_err(|lost| lost.misplaced(self.at))?;
            let Some(page) = page.filter(|page| page.next.byte <= end) else {
                return Ok(None);
            };
            let page = self.keep(page, records);
            records -= page.next.record - page.first.record;
        }
        Ok(Some(self.at))
    }

    /// The place behind so many records, of those that are there now: `bytes_max` bytes away at the
    /// most, or one record. The reader stays where it is.
    ///
    /// # Errors
    /// As [`Cursor::next`].
    pub(crate) fn behind(&self, records: u64, bytes_max: usize) -> Result<Offset, Lost> {
        if self.tail().deleted {
            return Err(Lost::Deleted);
        }
        let mut ahead = self.stream.cursor(self.at).map_err(seek::lost)?;
        let (mut left, mut bytes_left) = (records, bytes_max);
        while left > 0 && bytes_left > 0 {
            let before = ahead.at;
            // What is counted is not given to anybody yet; what comes before what is lost can be.
            let page = match ahead.page(bytes_left.min(COUNTED_BYTES), NEWLINE) {
                Err(_) if before > self.at => return Ok(before),
                page => page?,
            };
            let Some(page) = page else {
                break;
            };
            if page.lines.len() > bytes_left && before > self.at {
                return Ok(before);
            }
            let page = ahead.keep(page, left);
            left -= page.next.record - page.first.record;
            bytes_left = bytes_left.saturating_sub(page.lines.len());
        }
        Ok(ahead.at)
    }

    /// Of the page that was read last so many records, or all: what is behind them comes again.
    pub(crate) fn keep(&mut self, mut page: Page, records: u64) -> Page {
        let length = self.stream.framing().length(&page.lines, records);
        if length < page.lines.len() {
            self.at = page.first.advance(records, length as u64);
        }
        page.next = self.at;
        page.lines.truncate(length);
        page
    }

    /// The records that are there now, as [`Cursor::next`] gives them; none when there are none
    /// yet.
    ///
    /// # Errors
    /// As [`Cursor::next`].
    pub(crate) fn read(&mut self, bytes_max: usize) -> Result<Option<Page>, Lost> {
        self.read_separated(bytes_max, NEWLINE)
    }

    /// As [`Cursor::read`]; where there are lines, `between` stands behind each of them in the
    /// place of its newline.
    ///
    /// # Errors
    /// As [`Cursor::next`].
    pub(crate) fn read_separated(
        &mut self,
        bytes_max: usize,
        between: u8,
    ) -> Result<Option<Page>, Lost> {
        if self.tail().deleted {
            return Err(Lost::Deleted);
        }
        let page = self.page(bytes_max, between)?;
        if let Some(page) = &page {
            self.stream.was_read(page.next.byte);
        }
        Ok(page)
    }

    fn page(&mut self, bytes_max: usize, between: u8) -> Result<Option<Page>, Lost> {
        let is_as_kept = between == NEWLINE;
        let recent_max = if is_as_kept {
            bytes_max
        } else {
            bytes_max.min(COPIED_BYTES)
        };
        let (lines, next) = match self.stream.recent(self.at, recent_max) {
            Some((lines, next)) => {
                self.opened = None;
                let lines = if is_as_kept || lines.is_empty() {
                    lines
                } else {
                    self.stream.separated(&lines, between)
                };
                (lines, next)
            }
            None => self.older(bytes_max, between)?,
        };
        if lines.is_empty() {
            return Ok(None);
        }
        let first = std::mem::replace(&mut self.at, next);
        Ok(Some(Page { first, next, lines }))
    }

    /// Records that are not in memory any more.
    fn older(&mut self, bytes_max: usize, between: u8) -> Result<(Bytes, Offset), Lost> {
        let at = self.at;
        let overrun = |earliest| Lost::Overrun { at, earliest };
        let read = disk::aside(|| self.read_segment(bytes_max, between));
        read.and_then(|read| read.ok_or_else(missing))
            .map_err(|damage| match self.stream.earliest() {
                earliest if at < earliest => overrun(earliest),
                _ => Lost::of(at, &damage),
            })
    }

    fn read_segment(
        &mut self,
        bytes_max: usize,
        between: u8,
    ) -> Result<Option<(Bytes, Offset)>, Damage> {
        let (owner, until) = self.stream.owner(self.at);
        let holds = |opened: &Opened| opened.stream == owner.id() && opened.holds(self.at);
        let opened = match self.opened.take().filter(holds) {
            Some(opened) => opened,
            None => match self.stream.open_segment(self.at)? {
                Some(opened) => opened,
                None => return Ok(None),
            },
        };
        let read = opened.read(self.at, clipped(bytes_max, self.at, until), between);
        self.opened = Some(opened);
        read
    }
}

impl Lost {
    /// What could not be read at `at`.
    pub(super) fn of(at: Offset, damage: &Damage) -> Self {
        let why = damage.to_string();
        if damage.is_unread() {
            Self::Unread { at, why }
        } else {
            Self::Damaged { at, why }
        }
    }

    pub(super) fn misplaced(self, at: Offset) -> Misplaced {
        match self {
            Self::Overrun { at, earliest } => Misplaced::Gone { at, earliest },
            Self::Damaged { at, why } => Misplaced::Damaged { at, why },
            Self::Unread { at, why } => Misplaced::Unread { at, why },
            Self::Deleted => Misplaced::Nowhere { at, next: at },
        }
    }
}

fn missing() -> Damage {
    std::io::Error::from(std::io::ErrorKind::NotFound).into()
}
