//! What all streams of a log share.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use common::{offset::Offset, time::Clock};
use tokio::sync::{Notify, watch};

use super::{
    append::{Failed, Full, Refused},
    bell::Bells,
    changes::Changes,
    disk::Disk,
    epoch::Epoch,
    lines::Hands,
    memory::Memory,
    metrics::Metrics,
    pool::Pool,
    room::Rooms,
    settings::Retention,
    stream::Stream,
};

#[derive(Debug)]
pub(super) struct Base {
    pub(super) place: Place,
    pub(super) clock: Clock,
    /// How much is kept of a stream that says nothing of it.
    pub(super) retention: Retention,
    /// How much of what is settled stays in memory.
    pub(super) memory_bytes: u64,
    pub(super) rooms: Rooms,
    /// What is read from disk is read into it.
    pub(super) pool: Pool,
    /// What comes is kept in it.
    pub(super) memory: Memory,
    /// How many files are held open by those who read.
    pub(super) hands: Hands,
    pub(super) metrics: Metrics,
    pub(super) bells: Bells,
    /// A reader has read on, in any stream.
    pub(super) read: Notify,
    pub(super) changes: Changes,
    pub(super) health: watch::Sender<Health>,
    /// Something could not be settled for want of space.
    pub(super) is_starved: AtomicBool,
    /// The process is ending: until when there is time for what the next start could do, if that is
    /// bounded.
    pub(super) ends: OnceLock<Option<Instant>>,
}

/// Where the records are.
#[derive(Debug)]
pub(super) enum Place {
    /// In memory, as long as the process runs.
    Memory { epoch: Epoch, opened: Instant },
    /// On disk, and the newest also in memory.
    Disk(Arc<dyn Disk>),
}

/// How a log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Health {
    /// It takes appends.
    Well,
    /// It takes none until there is space on the disk.
    Full,
    /// It takes none until it is opened anew.
    Failed(String),
}

impl Base {
    pub(super) fn new(
        place: Place,
        clock: &Clock,
        (retention, memory_bytes): (Retention, u64),
        (inflight_bytes, memory): (usize, Memory),
    ) -> Self {
        Self {
            place,
            clock: clock.clone(),
            retention,
            memory_bytes,
            rooms: Rooms::new(inflight_bytes),
            pool: Pool::default(),
            memory,
            hands: Hands::default(),
            metrics: Metrics::default(),
            bells: Bells::default(),
            read: Notify::new(),
            changes: Changes::default(),
            health: watch::Sender::new(Health::Well),
            is_starved: AtomicBool::new(false),
            ends: OnceLock::new(),
        }
    }

    pub(super) const fn disk(&self) -> Option<&Arc<dyn Disk>> {
        match &self.place {
            Place::Memory { .. } => None,
            Place::Disk(disk) => Some(disk),
        }
    }

    /// The first place of a stream that is made now.
    pub(super) fn first(&self) -> Offset {
        match &self.place {
            Place::Memory { .. } => Epoch::begin(self.clock.now()).first(),
            Place::Disk(_) => Offset::default(),
        }
    }

    /// For how long an append that ends at `next` has to wait for the clock, if it has to.
    pub(super) fn is_early(&self, next: Offset) -> Option<std::time::Duration> {
        match &self.place {
            Place::Memory { epoch, opened } => epoch.allows(next, opened.elapsed()).err(),
            Place::Disk(_) => None,
        }
    }

    /// How much of `stream` is kept at least; none is all.
    pub(super) fn kept_bytes(&self, stream: &Stream) -> Option<u64> {
        let own = stream.retention().bytes;
        match &self.place {
            Place::Memory { .. } => own.into_iter().chain([self.memory_bytes]).min(),
            Place::Disk(_) => own,
        }
    }

    /// Whether the process is ending.
    pub(super) fn is_ending(&self) -> bool {
        self.ends.get().is_some()
    }

    /// Whether it is, and there is no time left.
    pub(super) fn is_overdue(&self) -> bool {
        let ends = self.ends.get().copied().flatten();
        ends.is_some_and(|ends| Instant::now() >= ends)
    }

    /// Why nothing can be appended at all, if so.
    pub(super) fn refusal(&self) -> Option<Refused> {
        match &*self.health.borrow() {
            Health::Well => None,
            Health::Full => Some(Full.into()),
            Health::Failed(why) => Some(Failed(why.clone()).into()),
        }
    }

    /// Why it cannot be told how a stream is, if so: something was begun with it when the log failed.
    pub(super) fn refuse_unknown(&self, stream: &Stream) -> Result<(), Refused> {
        let tail = stream.tail();
        let head = stream.head();
        let will = (head.next, head.closed, head.deleted);
        drop(head);
        match self.refusal() {
            Some(refused @ Refused::Failed(_))
                if will != (tail.next, tail.closed, tail.deleted) =>
            {
                Err(refused)
            }
            _ => Ok(()),
        }
    }

    /// Nothing is written any more: what is on the disk is not known.
    pub(super) fn fail(&self, what: &str, error: &dyn std::fmt::Display) -> Refused {
        tracing::error!(%error, "{what}: nothing is appended any more; a restart verifies the log");
        self.health.send_replace(Health::Failed(error.to_string()));
        Failed(error.to_string()).into()
    }

    /// There is no space on the disk, or there is again; returns whether that is new. A log that has
    /// failed stays so.
    pub(super) fn set_full(&self, is_full: bool) -> bool {
        let health = if is_full { Health::Full } else { Health::Well };
        let changed = self.health.send_if_modified(|now| {
            let changes = *now != health && !matches!(now, Health::Failed(_));
            if changes {
                *now = health;
            }
            changes
        });
        match (changed, is_full) {
            (true, true) => tracing::warn!("the disk is full: appends are refused for now"),
            (true, false) => tracing::info!("there is space on the disk: appends go on"),
            (false, _) => {}
        }
        changed
    }

    pub(super) fn set_starved(&self, is_starved: bool) {
        self.is_starved.store(is_starved, Ordering::SeqCst);
    }
}
