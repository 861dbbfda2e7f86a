//! The one who writes: takes all appends that wait, writes them as one group, syncs once, and then
//! shows them to readers and tells those who wait. The next group gathers meanwhile.
//!
//! It runs on a thread of its own: a sync on a thread of the runtime would hold up every reader.

use std::{
    ops::ControlFlow,
    sync::{Arc, mpsc::SyncSender},
};

use bytes::Bytes;
use common::{record::Batch, time::Clock};
use tokio::sync::{mpsc::Receiver, oneshot};

use super::{
    Appended, Closed, Failed, Log, Refused, Room, Tail,
    disk::Disk,
    frame::{Entry, Link},
    journal::Journal,
    keeper::Sealed,
};

/// A group takes no more appends once it is as long as this: a bound on what a crash of the disk
/// can hold up, far above what a sync costs.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What can happen to a log.
#[derive(Debug)]
pub(super) enum Command {
    /// Append a batch, and keep its room until it is durable.
    Append {
        batch: Batch,
        room: Room,
        reply: oneshot::Sender<Result<Appended, Refused>>,
    },
    /// Close the log for good.
    Close {
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    /// Settle everything and end.
    Stop,
}

#[derive(Debug)]
pub(super) struct Writer {
    disk: Arc<dyn Disk>,
    journal: Journal,
    journal_bytes_max: u64,
    clock: Clock,
    /// Where full journal files go, with the log whose appends are in them.
    keeper: SyncSender<Sealed>,
    log: Log,
    /// Why nothing is written any more.
    failed: Option<Failed>,
    frames: Vec<u8>,
}

/// A command whose frame is written, with what is said when it is durable.
enum Pending {
    Append {
        lines: Bytes,
        records: u64,
        _room: Room,
        tail: Tail,
        appended: Appended,
        reply: oneshot::Sender<Result<Appended, Refused>>,
    },
    Close {
        tail: Tail,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
}

impl Writer {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        journal: Journal,
        (keeper, journal_bytes_max): (SyncSender<Sealed>, u64),
        clock: Clock,
        log: Log,
    ) -> Self {
        let (failed, frames) = (None, Vec::new());
        Self {
            disk,
            journal,
            journal_bytes_max,
            clock,
            keeper,
            log,
            failed,
            frames,
        }
    }

    /// Writes until it is told to stop.
    pub(super) fn run(mut self, mut commands: Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            if self.step(first, &mut commands).is_break() {
                break;
            }
        }
        self.seal();
    }

    /// Writes one group: `first`, and what else waits.
    pub(super) fn step(
        &mut self,
        first: Command,
        commands: &mut Receiver<Command>,
    ) -> ControlFlow<()> {
        let mut next = Some(first);
        let (mut link, mut tail) = (self.journal.link(), self.log.tail());
        let mut pending = Vec::new();
        let mut flow = ControlFlow::Continue(());
        self.frames.clear();
        while let Some(command) = next {
            match command {
                Command::Stop => flow = ControlFlow::Break(()),
                command => pending.extend(self.frame(command, &mut link, &mut tail)),
            }
            let is_full = flow.is_break() || self.frames.len() >= GROUP_BYTES_MAX;
            next = if is_full {
                None
            } else {
                commands.try_recv().ok()
            };
        }
        self.commit(pending, link);
        flow
    }

    /// Writes the command's frame into the group; or answers it at once.
    fn frame(&mut self, command: Command, link: &mut Link, tail: &mut Tail) -> Option<Pending> {
        let refused = self.refusal(*tail);
        match command {
            Command::Append { batch, room, reply } => {
                if let Some(refused) = refused {
                    // Who asked may be gone.
                    drop(reply.send(Err(refused)));
                    return None;
                }
                let (first, records) = (tail.next, batch.records());
                tail.next = first.advance(batch.records(), batch.bytes() as u64);
                let lines = batch.into_lines();
                let entry = Entry::Append {
                    stream: self.log.id(),
                    first,
                    records: u32::try_from(records).unwrap_or(u32::MAX),
                    time: self.clock.now(),
                    lines: lines.clone(),
                };
                link.write([&entry], &mut self.frames);
                let appended = Appended {
                    first,
                    next: tail.next,
                };
                Some(Pending::Append {
                    lines,
                    records,
                    _room: room,
                    tail: *tail,
                    appended,
                    reply,
                })
            }
            Command::Close { reply, .. } => {
                if let Some(Refused::Failed(failed)) = refused {
                    drop(reply.send(Err(failed.into())));
                    return None;
                }
                tail.closed = true;
                link.write(
                    [&Entry::Close {
                        stream: self.log.id(),
                    }],
                    &mut self.frames,
                );
                Some(Pending::Close { tail: *tail, reply })
            }
            Command::Stop => None,
        }
    }

    fn refusal(&self, tail: Tail) -> Option<Refused> {
        match &self.failed {
            Some(failed) => Some(failed.clone().into()),
            None => tail.closed.then_some(Closed { next: tail.next }.into()),
        }
    }

    /// Makes the group durable, then shows it.
    fn commit(&mut self, pending: Vec<Pending>, link: Link) {
        if pending.is_empty() {
            return;
        }
        if let Err(error) = self.journal.append(&self.frames, link) {
            tracing::error!(%error, "the journal cannot be written: nothing is appended any more");
            let failed = self.failed.insert(Failed(error.to_string())).clone();
            for pending in pending {
                pending.fail(&failed);
            }
            return;
        }
        for pending in pending {
            pending.show(&self.log);
        }
        if self.journal.bytes() >= self.journal_bytes_max {
            self.roll();
        }
    }

    /// Begins another journal file, and gives the full one to the keeper.
    fn roll(&mut self) {
        self.seal();
        match Journal::begin(&self.disk, self.journal.link()) {
            Ok(journal) => self.journal = journal,
            Err(error) => {
                tracing::error!(%error, "no journal file can be made: nothing is appended any more");
                self.failed = Some(Failed(error.to_string()));
            }
        }
    }

    /// Tells the keeper that all so far may be settled; waits while it has one more to settle, so
    /// that what is not settled, and so in memory, stays bounded. Without a keeper it would not.
    fn seal(&mut self) {
        let sealed = Sealed {
            link: self.journal.link(),
            tail: self.log.tail(),
        };
        if self.keeper.send(sealed).is_err() {
            tracing::error!("the journal is not settled any more: nothing is appended any more");
            self.failed = Some(Failed("its journal cannot be settled".to_owned()));
        }
    }
}

impl Pending {
    fn show(self, log: &Log) {
        match self {
            Self::Append {
                lines,
                records,
                tail,
                appended,
                reply,
                ..
            } => {
                log.show(&lines, records, tail);
                drop(reply.send(Ok(appended)));
            }
            Self::Close { tail, reply } => {
                log.shut(tail);
                drop(reply.send(Ok(())));
            }
        }
    }

    fn fail(self, failed: &Failed) {
        match self {
            Self::Append { reply, .. } => drop(reply.send(Err(failed.clone().into()))),
            Self::Close { reply, .. } => drop(reply.send(Err(failed.clone().into()))),
        }
    }
}
