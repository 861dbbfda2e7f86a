//! A stream: its newest records in memory, the older ones on disk, and its end.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering},
};

use bytes::Bytes;
use common::{ndjson::NEWLINE, offset::Offset, time::Timestamp};

use super::{
    Room,
    append::Content,
    base::Base,
    bell::Bell,
    cursor::Cursor,
    entry::StreamId,
    fork::Origin,
    head::Head,
    kept::{Kept, Misplaced, SEGMENT_BYTES},
    settings::{Framing, Lifetime, Retention, Settings},
    settled::Settled,
    sound::Sound,
};

/// A stream; its clones are the same stream.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: StreamId,
    name: String,
    settings: RwLock<Arc<Settings>>,
    /// Whether it is kept otherwise since it was last looked at.
    is_kept_anew: AtomicBool,
    framing: Framing,
    /// Where it has its first records from, if it is a fork.
    origin: Option<Origin>,
    /// The place of its own first record.
    beginning: Offset,
    head: Mutex<Head>,
    kept: Mutex<Kept>,
    tail: RwLock<Tail>,
    /// Tells readers that the tail is another one.
    bell: Arc<Bell>,
    settled: Mutex<Settled>,
    sound: Sound,
    /// The byte position that the reader who is furthest has been given.
    read: AtomicU64,
    /// When it was used last.
    used: AtomicI64,
    /// How many use it right now.
    users: AtomicUsize,
    base: Arc<Base>,
}

/// The end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The place of the record that would come next.
    pub(crate) next: Offset,
    /// Whether none will come.
    pub(crate) closed: bool,
    /// Whether the stream is no more.
    pub(crate) deleted: bool,
}

impl Stream {
    /// A stream that was made, or found: what of it is not in memory lies between two offsets.
    pub(super) fn new(
        base: &Arc<Base>,
        (id, name, settings): (StreamId, String, Settings),
        head: Head,
        kept: Kept,
        ((from, until), origin): ((Offset, Offset), Option<Origin>),
    ) -> Self {
        let tail = Tail {
            next: kept.next(),
            closed: head.closed,
            deleted: head.deleted,
        };
        let settled = Settled {
            from,
            until,
            is_retired: head.deleted,
            ..Settled::default()
        };
        let shared = Shared {
            id,
            name,
            framing: settings.framing(),
            settings: RwLock::new(Arc::new(settings)),
            is_kept_anew: AtomicBool::new(false),
            origin,
            beginning: base.disk().map_or(kept.next(), |_| Offset::default()),
            head: Mutex::new(head),
            read: AtomicU64::new(kept.next().byte),
            kept: Mutex::new(kept),
            tail: RwLock::new(tail),
            bell: Arc::default(),
            settled: Mutex::new(settled),
            sound: Sound::default(),
            used: AtomicI64::new(base.clock.now().0),
            users: AtomicUsize::new(0),
            base: base.clone(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A number that no other stream of this log has or had.
    pub(crate) fn number(&self) -> u64 {
        self.shared.id.0
    }

    pub(crate) fn name(&self) -> &str {
        &self.shared.name
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        let settings = self.shared.settings.read();
        settings.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn framing(&self) -> Framing {
        self.shared.framing
    }

    pub(crate) fn tail(&self) -> Tail {
        *self
            .shared
            .tail
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of the oldest record that is kept.
    pub(crate) fn earliest(&self) -> Offset {
        let (from, until) = self.settled().range();
        if from < until {
            return from;
        }
        let own = self.kept().earliest();
        match self.origin() {
            // What it shares with another stream in memory is what that one still has.
            Some(origin) if own == origin.at && self.shared.base.disk().is_none() => {
                own.min(origin.source.earliest())
            }
            _ => own,
        }
    }

    /// Where the first of all its records was.
    pub(super) fn beginning(&self) -> Offset {
        let origin = self.origin();
        origin.map_or(self.shared.beginning, |origin| origin.source.beginning())
    }

    /// When the newest record was appended, as far as it is in memory.
    pub(crate) fn last_time(&self) -> Option<Timestamp> {
        self.kept().last_time()
    }

    /// When the oldest of its records that no one has sealed yet was appended, if there is one.
    pub(super) fn unsealed_since(&self) -> Option<Timestamp> {
        let sealed = self.head().sealed;
        self.kept().since(sealed)
    }

    /// Notes that the stream is used, which prolongs a lifetime that ends when it is not.
    pub(crate) fn touch(&self) {
        if matches!(self.settings().lifetime, Lifetime::Idle(_)) {
            let now = self.shared.base.clock.now();
            self.shared.used.store(now.0, Ordering::Relaxed);
        }
    }

    /// As long as what comes back is there the stream is in use.
    pub(crate) fn in_use(&self) -> InUse {
        self.shared.users.fetch_add(1, Ordering::SeqCst);
        InUse(self.clone())
    }

    /// Whether its lifetime is over.
    pub(super) fn is_expired(&self) -> bool {
        let now = || self.shared.base.clock.now();
        match self.settings().lifetime {
            Lifetime::Unlimited => false,
            Lifetime::Until(time) => now() >= time,
            Lifetime::Idle(_) if self.shared.users.load(Ordering::SeqCst) > 0 => false,
            Lifetime::Idle(seconds) => {
                let used = self.shared.used.load(Ordering::Relaxed);
                let idle = now().0.saturating_sub(used).max(0).cast_unsigned();
                idle >= seconds.saturating_mul(1000)
            }
        }
    }

    /// The newest of its own records: all of a segment in memory, or of a piece on disk.
    pub(crate) fn last_lines(&self) -> Bytes {
        let kept = self.kept();
        if kept.earliest() < kept.next() {
            return kept.last_page();
        }
        let until = kept.next();
        drop(kept);
        let last = Offset {
            record: until.record.saturating_sub(1),
            byte: until.byte.saturating_sub(1),
        };
        let opened = self.open_segment(last).ok().flatten();
        let opened = opened.filter(|opened| opened.stream == self.id());
        let read =
            opened.and_then(|opened| opened.read(opened.last(), usize::MAX, NEWLINE).ok()?);
        read.map(|(lines, _)| lines).unwrap_or_default()
    }

    /// A reader that begins at `at`.
    ///
    /// # Errors
    /// No record that is kept begins there.
    pub(crate) fn cursor(&self, at: Offset) -> Result<Cursor, Misplaced> {
        let (owner, _) = self.owner(at);
        let checked = owner.kept().check(at);
        match checked {
            Ok(()) if at < self.earliest() => Err(self.gone(at)),
            Ok(()) => Ok(Cursor::new(self.clone(), at, None)),
            Err(Misplaced::Gone { .. }) => {
                let opened = self.find(at)?;
                Ok(Cursor::new(self.clone(), at, Some(opened)))
            }
            Err(Misplaced::Nowhere { at, .. }) => Err(Misplaced::Nowhere {
                at,
                next: self.tail().next,
            }),
            Err(misplaced) => Err(misplaced),
        }
    }

    pub(super) fn gone(&self, at: Offset) -> Misplaced {
        let earliest = self.earliest();
        Misplaced::Gone { at, earliest }
    }

    /// Waits until `bytes` more drop no record that nobody has read yet: room for a source without
    /// a pace, so that it runs at the pace of the fastest reader. Such sources take turns, for
    /// what one adds is what another has to wait for.
    pub(crate) async fn unread_room(&self, bytes: usize) -> Room {
        let base = &self.shared.base;
        let room = base.rooms.turn().await;
        let Some(kept) = base.kept_bytes(self) else {
            return room;
        };
        let more = bytes as u64 + SEGMENT_BYTES as u64;
        loop {
            let news = base.read.notified();
            let read = self.shared.read.load(Ordering::SeqCst);
            let next = self.tail().next.byte;
            if next <= read || next + more <= read + kept {
                return room;
            }
            news.await;
        }
    }

    /// A reader was given all before `byte`.
    pub(super) fn was_read(&self, byte: u64) {
        if self.shared.read.fetch_max(byte, Ordering::SeqCst) < byte {
            self.shared.base.read.notify_waiters();
        }
    }

    /// Content that is on stable storage now; it can be seen when the tail is shown.
    pub(super) fn keep(&self, content: &Content, time: Timestamp) {
        self.kept().append(content, time, &self.shared.base.memory);
        self.shared.base.metrics.appended(content);
    }

    /// Shows readers where the stream ends, now that it is so. Those who wait are told by
    /// [`Stream::ring`].
    pub(super) fn show(&self) {
        let head = self.head();
        let tail = Tail {
            next: head.next,
            closed: head.closed,
            deleted: head.deleted,
        };
        drop(head);
        let shown = self.shared.tail.write();
        *shown.unwrap_or_else(PoisonError::into_inner) = tail;
    }

    /// Tells those who wait that the stream ends elsewhere, or is no more.
    pub(super) fn ring(&self) {
        let end = self.tail().next.byte;
        self.shared.base.bells.ring(&self.shared.bell, end);
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.shared.bell
    }

    /// Records that are in memory, whole ones, and the place behind them; none when they no longer
    /// are.
    pub(super) fn recent(&self, at: Offset, bytes_max: usize) -> Option<(Bytes, Offset)> {
        let (owner, until) = self.owner(at);
        owner.kept().read(at, clipped(bytes_max, at, until))
    }

    /// A copy of lines, with `between` behind each of them.
    pub(super) fn separated(&self, lines: &[u8], between: u8) -> Bytes {
        let mut copy = self.shared.base.pool.lend(lines.len());
        copy.as_mut().copy_from_slice(lines);
        self.framing().separate(copy.as_mut(), between);
        copy.share()
    }

    /// Where it has its first records from, if it is a fork.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.shared.origin.as_ref()
    }

    /// What all streams of its log share.
    pub(super) fn base(&self) -> &Arc<Base> {
        &self.shared.base
    }

    /// What of its segments was found to be sound.
    pub(super) fn sound(&self) -> &Sound {
        &self.shared.sound
    }

    pub(super) fn id(&self) -> StreamId {
        self.shared.id
    }

    /// How much of it is kept.
    pub(crate) fn retention(&self) -> Retention {
        let (own, default) = (self.settings().retention, self.shared.base.retention);
        Retention {
            bytes: own.bytes.or(default.bytes),
            age: own.age.or(default.age),
        }
    }

    /// Keeps more or less of it from now on.
    pub(super) fn retain(&self, retention: Retention) {
        let settings = Settings {
            retention,
            ..Settings::clone(&self.settings())
        };
        let shown = self.shared.settings.write();
        *shown.unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        self.shared.is_kept_anew.store(true, Ordering::SeqCst);
    }

    /// Whether it is kept otherwise since this was last asked.
    pub(super) fn is_kept_anew(&self) -> bool {
        self.shared.is_kept_anew.swap(false, Ordering::SeqCst)
    }

    pub(super) fn head(&self) -> MutexGuard<'_, Head> {
        lock(&self.shared.head)
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.shared.kept)
    }

    pub(super) fn settled(&self) -> MutexGuard<'_, Settled> {
        lock(&self.shared.settled)
    }
}

/// At most so many bytes from `at` on, but not beyond `until`.
pub(super) fn clipped(bytes_max: usize, at: Offset, until: Offset) -> usize {
    let left = until.byte.saturating_sub(at.byte);
    bytes_max.min(usize::try_from(left).unwrap_or(usize::MAX))
}

/// A use of a stream that lasts; the stream is idle from its drop on.
#[derive(Debug)]
pub(crate) struct InUse(Stream);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.touch();
        self.0.shared.users.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
