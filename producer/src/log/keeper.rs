//! The one who settles: moves what is in full journal files into segments, makes that durable, says
//! so in the catalogue, and only then lets go of the journal files. And the one who lets go of what
//! need not be kept: in memory, and on disk; of what is too old, see `sweep`.

use std::{
    collections::BTreeSet,
    io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use common::{offset::Offset, service::heap, time::Timestamp};
use tokio::sync::mpsc::Sender;

use super::{
    base::Base,
    catalogue::{Catalogue, Contents},
    command::Command,
    disk::{AT_EASE_BYTES, AT_ONCE_BYTES, Disk},
    entry::{Entry, StreamId},
    fork::Gone,
    frame::Link,
    journal::Files,
    known::Known,
    recent::Recent,
    segment::{self, Past, Segments, Sync},
    settings::Settings,
    shelf::{self, Shelf},
    stream::Stream,
    sweep::SWEEP_INTERVAL,
    writer::is_for_want_of_space,
};

/// For how long to wait for space on the disk before the next attempt.
const SPACE_WAIT: Duration = Duration::from_millis(200);

/// Of so many streams each file is synced on its own; of more all at once.
const SYNCED_EACH_MAX: usize = 128;

/// Of so many streams it is very much memory that was needed to find them.
const STREAMS_MANY: usize = 10_000;

/// Everything before `link` may be settled.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) link: Link,
    pub(super) next_stream: StreamId,
    pub(super) bytes: u64,
    pub(super) dirty: Vec<Dirty>,
    pub(super) news: Vec<Entry>,
    pub(super) deleted: Vec<Stream>,
}

/// A stream that has changed: how far, and what the catalogue is to learn of it.
#[derive(Debug)]
pub(super) struct Dirty {
    stream: Stream,
    /// What is between these two is new.
    from: Offset,
    until: Offset,
    entries: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) base: Arc<Base>,
    pub(super) known: Known,
    pub(super) durable: Option<Durable>,
    pub(super) recent: Recent,
    /// Where it says which streams have expired, and that something is too old.
    pub(super) commands: Sender<Command>,
}

/// What a log on disk needs to be settled.
#[derive(Debug)]
pub(super) struct Durable {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) files: Arc<Files>,
    pub(super) catalogue: Written,
    /// Streams whose folders were removed before the catalogue was told that they are deleted.
    pub(super) removed: BTreeSet<StreamId>,
    pub(super) journal_bytes_max: u64,
    pub(super) segment_bytes_max: u64,
}

/// The catalogue, or what it will say when it can be written.
#[derive(Debug)]
pub(super) enum Written {
    Not(Contents),
    As(Catalogue),
}

/// What was written of a stream, and what is let go of.
pub(super) struct Moved {
    stream: Stream,
    shelf: Shelf,
    gone: Vec<Offset>,
}

impl Dirty {
    /// As it is now: what is appended later belongs to another segment.
    pub(super) fn of(stream: Stream) -> Self {
        stream.kept().seal(&stream.base().memory);
        let mut head = stream.head();
        let mut entries = Vec::new();
        if head.unsettled.created {
            entries.push(Entry::Create {
                stream: stream.id(),
                name: stream.name().to_owned(),
                settings: Settings::clone(&stream.settings()),
            });
            let origin = stream.origin();
            entries.extend(origin.map(|origin| origin.entry(stream.id())));
        }
        entries.extend(head.settle(stream.id()));
        let until = head.next;
        let from = std::mem::replace(&mut head.sealed, until);
        drop(head);
        Self {
            stream,
            from,
            until,
            entries,
        }
    }
}

impl Keeper {
    /// Settles until nobody seals any more.
    pub(super) fn run(mut self, sealed: &Receiver<Sealed>) {
        let mut swept = Instant::now();
        let (mut rests, mut took) = (Instant::now(), Duration::ZERO);
        loop {
            // Also where there is always something to settle.
            let rest = SWEEP_INTERVAL.saturating_sub(swept.elapsed());
            if rest.is_zero() {
                self.sweep();
                swept = Instant::now();
            }
            match sealed.recv_timeout(rest) {
                Ok(sealed) => {
                    let begun = Instant::now();
                    // Who rests for less than he works has to be quick.
                    let has_time = begun - rests >= took;
                    let at_once = if has_time {
                        AT_EASE_BYTES
                    } else {
                        AT_ONCE_BYTES
                    };
                    if self.settle_patiently(&sealed, at_once).is_err() {
                        return;
                    }
                    (rests, took) = (Instant::now(), begun.elapsed());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Settles, and waits for space on the disk if need be. Of a file so much is synced at once.
    pub(super) fn settle_patiently(&mut self, sealed: &Sealed, at_once: usize) -> Result<(), ()> {
        let mut swept = Instant::now();
        loop {
            match self.settle(sealed, at_once) {
                Ok(()) => {
                    self.base.set_starved(false);
                    return Ok(());
                }
                Err(error) if self.base.is_overdue() => {
                    tracing::info!(%error, "the journal is not settled; the next start does it");
                    return Err(());
                }
                Err(error) if is_for_want_of_space(&error) => {
                    self.base.set_starved(true);
                    if self.base.set_full(true) {
                        tracing::warn!(%error, "the journal cannot be settled for now");
                    }
                    if self.base.is_ending() {
                        tracing::warn!(%error, "the journal is not settled; the next start does it");
                        return Err(());
                    }
                    self.find_space();
                    if swept.elapsed() >= SWEEP_INTERVAL {
                        self.sweep();
                        swept = Instant::now();
                    }
                    thread::sleep(SPACE_WAIT);
                }
                Err(error) => {
                    // The journal still has all of it, and a restart settles it.
                    self.base.fail("cannot settle the journal", &error);
                    return Err(());
                }
            }
        }
    }

    fn settle(&mut self, sealed: &Sealed, at_once: usize) -> io::Result<()> {
        let moved = match &mut self.durable {
            Some(durable) => durable.settle(sealed, &self.base, at_once)?,
            None => Vec::new(),
        };
        for dirty in &sealed.dirty {
            let bytes = dirty.until.byte - dirty.from.byte;
            self.recent.push(&dirty.stream, dirty.until, bytes);
        }
        let mut gone: Vec<_> = moved.into_iter().flat_map(Moved::show).collect();
        for fork in &sealed.deleted {
            let origin = fork.origin().into_iter();
            gone.extend(origin.flat_map(|origin| origin.unpin(fork.id())));
        }
        self.recent.release(self.base.memory_bytes);
        self.count(sealed.bytes);
        let told: BTreeSet<_> = sealed.deleted.iter().map(Stream::id).collect();
        self.known.doomed().retain(|stream| !told.contains(stream));
        match &mut self.durable {
            Some(durable) => {
                durable.removed.retain(|stream| !told.contains(stream));
                durable.remove(&gone, &sealed.deleted)
            }
            None => {
                let all = sealed.dirty.iter().map(|dirty| &dirty.stream);
                all.for_each(|stream| self.retain_in_memory(stream));
                Ok(())
            }
        }
    }

    fn count(&self, settled_bytes: u64) {
        let metrics = &self.base.metrics;
        metrics.unsettled_bytes.dec_by(settled_bytes.cast_signed());
        metrics.memory_bytes.set(self.recent.bytes.cast_signed());
    }
}

impl Durable {
    /// Makes durable all that is sealed, outside of the journal.
    fn settle(&mut self, sealed: &Sealed, base: &Base, at_once: usize) -> io::Result<Vec<Moved>> {
        let now = base.clock.now();
        let sync = if sealed.dirty.len() > SYNCED_EACH_MAX {
            Sync::Together
        } else {
            Sync::Each(at_once)
        };
        // Before segments take what space there may be: with it others can be let go of.
        self.begin_catalogue()?;
        let mut entries = sealed.news.clone();
        let mut all = Vec::with_capacity(sealed.dirty.len());
        let mut unsynced = 0;
        for (nth, dirty) in sealed.dirty.iter().enumerate() {
            if base.is_overdue() {
                let left = sealed.dirty.len() - nth;
                return Err(io::Error::other(format!(
                    "there is no time left for {left} streams"
                )));
            }
            entries.extend(dirty.entries.iter().cloned());
            if let Some(moved) = self.write(dirty, sync, now)? {
                unsynced += dirty.until.byte - dirty.from.byte;
                entries.push(moved.entry());
                all.push(moved);
            }
            if sync == Sync::Together && unsynced >= AT_ONCE_BYTES as u64 {
                self.disk.sync_all()?;
                unsynced = 0;
            }
        }
        if sync == Sync::Together {
            self.disk.sync_all()?;
        }
        let deleted = sealed.deleted.iter();
        entries.extend(deleted.map(|stream| Entry::Delete {
            stream: stream.id(),
        }));
        entries.push(Entry::Journal {
            link: sealed.link,
            next_stream: sealed.next_stream,
        });
        // It may not have been begun yet, for want of space; and a file that the catalogue mentions
        // and that is not there is damage.
        self.files.announce(sealed.link)?;
        self.tell(&entries)?;
        self.files.remove_before(sealed.link)?;
        Ok(all)
    }

    /// Writes what is not settled of a stream behind what is; nothing where it was deleted.
    fn write(&self, dirty: &Dirty, sync: Sync, now: Timestamp) -> io::Result<Option<Moved>> {
        let stream = &dirty.stream;
        if self.removed.contains(&stream.id()) {
            return Ok(None);
        }
        let mut segments = self.segments(stream, sync)?;
        let mut open = None;
        while segments.until < dirty.until {
            let Some((piece, end)) = stream.kept().sealed_segment(segments.until) else {
                if stream.head().deleted {
                    return Ok(None);
                }
                return Err(io::Error::other("what is not settled is not in memory"));
            };
            open = Some(segments.append(open, &piece, end)?);
        }
        if let Some(open) = open {
            segments.close(&open)?;
        }
        Ok(Some(Moved::of(stream, segments, now)))
    }

    pub(super) fn segments(&self, stream: &Stream, sync: Sync) -> io::Result<Segments<'_>> {
        let shelf = stream.shelf()?;
        let firsts = shelf.map(|shelf| shelf.own().to_vec());
        let settled = stream.settled();
        let (from, until) = settled.range();
        let kept_from = settled.own_from(from);
        let origin = stream.origin();
        let own_from = origin.map_or(kept_from, |origin| kept_from.max(origin.at));
        let origin = origin.filter(|origin| kept_from < origin.at);
        Ok(Segments {
            disk: self.disk.as_ref(),
            stream: stream.id(),
            from: own_from,
            firsts: firsts.unwrap_or_default(),
            until,
            past: origin.map(|origin| Past {
                from,
                since: origin.since,
            }),
            bytes_max: self.segment_bytes_max,
            retention: stream.retention(),
            sync,
        })
    }

    pub(super) fn tell(&mut self, entries: &[Entry]) -> io::Result<()> {
        self.begin_catalogue()?;
        match &mut self.catalogue {
            Written::As(catalogue) => catalogue.append(self.disk.as_ref(), entries),
            Written::Not(_) => Ok(()),
        }
    }

    /// Writes the catalogue as it was found, if that is still to be done.
    fn begin_catalogue(&mut self) -> io::Result<()> {
        if let Written::Not(contents) = &self.catalogue {
            let is_much = contents.streams.len() >= STREAMS_MANY;
            self.catalogue = Written::As(Catalogue::write(self.disk.as_ref(), contents)?);
            if is_much {
                heap::give_back();
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, gone: &[Gone], deleted: &[Stream]) -> io::Result<()> {
        for (stream, segments) in gone {
            segment::remove(self.disk.as_ref(), *stream, segments)?;
        }
        deleted
            .iter()
            .try_for_each(|stream| self.disk.remove_folder(&shelf::folder(stream.id())))
    }
}

impl Moved {
    pub(super) fn of(stream: &Stream, mut segments: Segments<'_>, now: Timestamp) -> Self {
        let gone = segments.retain(now).unwrap_or_else(|damage| {
            tracing::error!(%damage, stream = stream.name(), "cannot tell what is too old");
            Vec::new()
        });
        Self {
            stream: stream.clone(),
            shelf: segments.shelf(),
            gone,
        }
    }

    pub(super) fn entry(&self) -> Entry {
        Entry::Settled {
            stream: self.stream.id(),
            from: self.shelf.from,
            until: self.shelf.until,
        }
    }

    /// Whether there is less of it now.
    pub(super) fn lets_go(&self) -> bool {
        self.shelf.from != self.stream.settled().range().0
    }

    /// Shows readers where it is now; returns whose files are to be removed.
    pub(super) fn show(self) -> Vec<Gone> {
        self.stream.settle(&self.shelf, self.gone)
    }
}
