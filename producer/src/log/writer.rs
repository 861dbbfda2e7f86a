//! The one who writes: takes all that waits, of any streams, writes it as one frame, syncs once, and
//! then shows it to readers and tells those who wait. The next group gathers meanwhile.
//!
//! It runs on a thread of its own: a sync on a thread of the runtime would hold up every reader.

use std::{
    collections::BTreeMap,
    io,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{SyncSender, TrySendError},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::io::Errno;
use tokio::sync::mpsc::Receiver;

use super::{
    base::{Base, Health},
    command::{Command, ENDING_BYTES_MAX},
    entry::{Entry, StreamId},
    frame::{Draft, Link},
    group::Group,
    journal::{Files, Journal},
    keeper::{Dirty, Sealed},
    known::Known,
    note::Note,
    space,
    stream::Stream,
};

/// A group takes no more appends once it is as long as this: a bound on what a crash of the disk
/// can hold up, far above what a sync costs.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How often the space on the disk is looked at, while something is appended.
const SPACE_INTERVAL: Duration = Duration::from_millis(200);

/// Why nothing is appended to a directory that another process would not find.
const ELSEWHERE: &str = "the data directory was moved or removed, or its disk was unmounted";

/// How long the writer rests at a time while the keeper has too much to do; it is woken before.
const KEEPER_REST: Duration = Duration::from_millis(10);

/// The journal, for the one who writes it. Without one nothing is durable: that is a log in memory.
#[derive(Debug)]
pub(super) struct Durable {
    pub(super) files: Arc<Files>,
    /// None while there is no space for one.
    pub(super) journal: Option<Journal>,
    /// So long it is made.
    pub(super) journal_bytes: u64,
    /// It is a short one, for what makes space on a full disk.
    pub(super) is_short: bool,
    /// Where the next frame belongs.
    pub(super) link: Link,
    /// Less free space than this is none.
    pub(super) floor_bytes: u64,
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) base: Arc<Base>,
    pub(super) known: Known,
    pub(super) durable: Option<Durable>,
    /// So much is gathered before it is settled.
    pub(super) journal_bytes_max: u64,
    pub(super) keeper: SyncSender<Sealed>,
    pub(super) next_stream: StreamId,
    pub(super) draft: Draft,
    pub(super) unsettled: Unsettled,
    /// When the space on the disk was looked at.
    pub(super) looked: Option<Instant>,
    /// What did not fit into the last group.
    pub(super) held: Option<Command>,
}

/// What happened since the journal file was begun.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    pub(super) bytes: u64,
    pub(super) dirty: Vec<Stream>,
    pub(super) news: Vec<Entry>,
    /// The last one of each name.
    pub(super) notes: BTreeMap<String, Bytes>,
    pub(super) deleted: Vec<Stream>,
    /// Something was let go of that is on the disk.
    pub(super) makes_space: bool,
}

impl Writer {
    /// Writes until it is told to stop; then all is settled.
    pub(super) fn run(mut self, mut commands: Receiver<Command>) {
        while let Some(first) = self.held.take().or_else(|| commands.blocking_recv()) {
            if self.step(first, &mut commands).is_break() {
                break;
            }
        }
        self.finish();
    }

    /// Lets all be settled, unless something has failed.
    pub(super) fn finish(&mut self) {
        if !self.unsettled.is_empty() && *self.base.health.borrow() == Health::Well {
            self.roll(false);
        }
    }

    /// Writes one group: `first`, and what else waits and fits.
    pub(super) fn step(
        &mut self,
        first: Command,
        commands: &mut Receiver<Command>,
    ) -> ControlFlow<()> {
        self.look_at_space();
        let unsettled = self.unsettled.bytes;
        let room = self.make_room(first.bytes());
        let has_rolled = self.unsettled.bytes < unsettled;
        let mut next = Some(first);
        let (mut flow, mut taken, mut settles) = (ControlFlow::Continue(()), 0, false);
        let mut group = Group::new(
            (&self.base, &self.known),
            &mut self.draft,
            self.next_stream,
            room,
        );
        while let Some(command) = next.take() {
            if let Command::Stop = command {
                flow = ControlFlow::Break(());
                break;
            }
            if taken > 0 && group.bytes() + command.bytes() > room {
                self.held = Some(command);
                break;
            }
            settles |= matches!(command, Command::Settle);
            group.take(command);
            taken += 1;
            next = commands.try_recv().ok();
        }
        let (next_stream, staged) = group.end();
        self.next_stream = next_stream;
        match self.write() {
            Ok(()) => staged.show((&self.base, &self.known), &mut self.unsettled),
            Err(error) => {
                let failed = self.base.fail("the journal cannot be written", &error);
                staged.refuse(&failed);
            }
        }
        self.draft.clear(GROUP_BYTES_MAX);
        // What is sealed in a step is one at the most: the keeper may have to be waited for.
        if !has_rolled && (settles || self.makes_space()) {
            self.settle();
        }
        flow
    }

    /// Lets be settled what is not, also where the disk is full: there will be more room then. Not as
    /// long as the keeper waits for space: it could take nothing more.
    fn settle(&mut self) {
        if !self.unsettled.is_empty() && !self.is_starved() {
            self.roll(true);
        }
    }

    fn is_starved(&self) -> bool {
        self.base.is_starved.load(Ordering::SeqCst)
    }

    fn has_failed(&self) -> bool {
        matches!(*self.base.health.borrow(), Health::Failed(_))
    }

    /// Whether there is space on the disk when what is sealed now is settled, and there is need of it.
    fn makes_space(&self) -> bool {
        let is_full = *self.base.health.borrow() == Health::Full;
        is_full && !self.is_starved() && self.unsettled.makes_space
    }

    /// Makes the group durable, if there is anything in it.
    fn write(&mut self) -> io::Result<()> {
        if self.draft.is_empty() {
            return Ok(());
        }
        let bytes = self.draft.bytes() as u64;
        self.unsettled.bytes += bytes;
        let unsettled = &self.base.metrics.unsettled_bytes;
        unsettled.inc_by(bytes.cast_signed());
        self.base.metrics.groups.inc();
        let Some(durable) = &mut self.durable else {
            return Ok(());
        };
        let journal = durable.journal.as_mut();
        let journal = journal.ok_or_else(|| io::Error::other("there is no journal file"))?;
        let synced = journal.append(&mut self.draft)?;
        self.base.metrics.syncs.observe(synced);
        durable.link = journal.link();
        Ok(())
    }

    /// Begins another journal file when this one has no room for `bytes`. Returns how long a group
    /// may get; a single command may be longer.
    fn make_room(&mut self, bytes: usize) -> usize {
        let left = |writer: &Self| match &writer.durable {
            Some(Durable { journal: None, .. }) => None,
            Some(Durable {
                journal: Some(journal),
                journal_bytes,
                ..
            }) => journal_bytes.checked_sub(journal.bytes()),
            None => writer.journal_bytes_max.checked_sub(writer.unsettled.bytes),
        };
        let has_none = |durable: &Durable| durable.journal.is_none();
        let is_short = left(self).is_none_or(|left| left < bytes as u64);
        let has_none = self.durable.as_ref().is_some_and(has_none);
        if is_short && (!self.unsettled.is_empty() || has_none) {
            let is_used_up = left(self).is_none_or(|left| left < ENDING_BYTES_MAX as u64);
            self.roll(has_none || is_used_up && !self.is_starved());
        }
        let left = usize::try_from(left(self).unwrap_or_default()).unwrap_or(usize::MAX);
        left.min(GROUP_BYTES_MAX)
    }

    /// Begins the first journal file of this run, if there is space for it.
    ///
    /// # Errors
    /// None can be made, so that nothing could ever be appended.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        let Some(durable) = &mut self.durable else {
            return Ok(());
        };
        match durable.files.begin(durable.link, self.journal_bytes_max) {
            Ok(journal) => durable.goes_on(journal, self.journal_bytes_max, false),
            Err(error) if is_for_want_of_space(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Begins another journal file, and lets the keeper settle the full one. Waits while it has
    /// one more to settle, so that what is not settled, and so in memory, stays bounded. Nothing is
    /// begun any more when something has failed. Where the disk is full a short one is begun, if so said.
    fn roll(&mut self, may_be_short: bool) {
        if self.has_failed() {
            return;
        }
        if let Some(durable) = &mut self.durable {
            match durable.files.begin(durable.link, self.journal_bytes_max) {
                Ok(journal) => durable.goes_on(journal, self.journal_bytes_max, false),
                Err(error) if is_for_want_of_space(&error) => {
                    if self.base.set_full(true) {
                        tracing::warn!(%error, "no journal file can be begun");
                    }
                    // Of a new log there is nothing to be removed.
                    let is_new = durable.link == Link::default();
                    if !may_be_short || is_new || !durable.begin_short(self.journal_bytes_max) {
                        return;
                    }
                }
                Err(error) => {
                    self.base.fail("no journal file can be made", &error);
                    return;
                }
            }
        }
        self.seal();
    }

    /// Tells the keeper that all so far may be settled.
    fn seal(&mut self) {
        if self.unsettled.is_empty() {
            return;
        }
        let mut sealed = self.unsettled.seal(&self.durable, self.next_stream);
        loop {
            sealed = match self.keeper.try_send(sealed) {
                Ok(()) => return,
                Err(TrySendError::Full(sealed)) => sealed,
                // It had no time left.
                Err(TrySendError::Disconnected(_)) if self.base.is_ending() => return,
                Err(TrySendError::Disconnected(_)) => {
                    self.base.fail(
                        "the journal is not settled any more",
                        &"its keeper has ended",
                    );
                    return;
                }
            };
            thread::park_timeout(KEEPER_REST);
        }
    }

    /// Refuses appends while there is little space on the disk, and from when on the directory is not
    /// found any more where it was.
    fn look_at_space(&mut self) {
        let is_due = |looked: &Instant| looked.elapsed() >= SPACE_INTERVAL;
        if self.durable.is_none() || !self.looked.as_ref().is_none_or(is_due) {
            return;
        }
        self.looked = Some(Instant::now());
        if self.base.disk().is_some_and(|disk| !disk.is_in_place()) && !self.has_failed() {
            self.base.fail("the data directory is gone", &ELSEWHERE);
        }
        let is_low = self.is_low();
        // It takes what makes space, and nothing else.
        let is_short = |durable: &Durable| durable.is_short;
        if !is_low && !self.is_starved() && self.durable.as_ref().is_some_and(is_short) {
            self.roll(false);
        }
        let is_short = self.durable.as_ref().is_some_and(is_short);
        let _changed = self.base.set_full(is_low || self.is_starved() || is_short);
    }

    /// Whether there is less space on the disk than has to be left.
    pub(super) fn is_low(&self) -> bool {
        let free = self.base.disk().and_then(|disk| disk.free_bytes().ok());
        let floor = self.durable.as_ref().map(|durable| durable.floor_bytes);
        free.zip(floor).is_some_and(|(free, floor)| free < floor)
    }
}

impl Durable {
    fn goes_on(&mut self, journal: Journal, bytes: u64, is_short: bool) {
        self.journal = Some(journal);
        self.journal_bytes = bytes;
        self.is_short = is_short;
    }

    /// Begins a short journal file; returns whether there is space for it.
    fn begin_short(&mut self, bytes_max: u64) -> bool {
        match self.files.begin_short(self.link, bytes_max) {
            Ok((journal, bytes)) => {
                self.goes_on(journal, bytes, true);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "no short journal file can be begun");
                false
            }
        }
    }
}

/// Whether it would work if there were space, or a file less were open.
pub(super) fn is_for_want_of_space(error: &io::Error) -> bool {
    space::is_lacking(error)
        || matches!(
            Errno::from_io_error(error),
            Some(Errno::MFILE | Errno::NFILE)
        )
}

impl Unsettled {
    fn is_empty(&self) -> bool {
        let is_none = self.dirty.is_empty() && self.news.is_empty();
        is_none && self.notes.is_empty() && self.deleted.is_empty()
    }

    /// What the keeper needs to know; nothing is unsettled then.
    fn seal(&mut self, durable: &Option<Durable>, next_stream: StreamId) -> Sealed {
        let Self {
            bytes,
            dirty,
            mut news,
            notes,
            deleted,
            makes_space: _,
        } = std::mem::take(self);
        let notes = notes.into_iter();
        news.extend(notes.map(|(name, text)| Entry::Note(Note { name, text })));
        Sealed {
            link: durable
                .as_ref()
                .map(|durable| durable.link)
                .unwrap_or_default(),
            next_stream,
            bytes,
            dirty: dirty.into_iter().map(Dirty::of).collect(),
            news,
            deleted,
        }
    }
}
