//! A life of a log: opened on a simulated disk, stepped by hand, and observed from outside.

use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    offset::Offset,
    time::{Clock, Timestamp},
};
use fastrand::Rng;
use tokio::sync::oneshot::{self, Receiver};

use super::{
    compared::{compare, same},
    model::{FULL, KEPT_BY_BYTES, Model, Operation, Outcome, TOPIC, kept},
    operation::{content, noted},
    simulated::SimDisk,
};
use crate::log::{
    Append, Appended, Create, Created, FileBytesMax, Log, Note, Options, Producer, Refused, Retain,
    Retention, Room, Settings, Topic,
    command::{Command, Fork},
    disk::{AT_ONCE_BYTES, Disk},
    kept::SEGMENT_BYTES,
    open::Parts,
    stream::Stream,
};

/// Of the stream that is kept by bytes, so many are there at least.
pub(super) const RETENTION_BYTES: u64 = 60;

/// A group takes less than this, where there is time at all.
const SYNC_MILLISECONDS: u64 = 4;

pub(super) struct Life {
    parts: Parts,
    /// Nothing has gone wrong with that so far.
    is_settling: bool,
}

/// An answer that is not there yet.
enum Pending {
    Appended(Receiver<Result<Vec<Appended>, Refused>>),
    Created(Receiver<Result<Created, Refused>>),
    IsNew(Receiver<Result<bool, Refused>>),
    Done(Receiver<Result<(), Refused>>),
    /// Not asked: that was refused before.
    Refused(&'static str),
    /// Not asked: what it is about could not be read.
    Unknown,
}

impl Life {
    /// Opens the log on `disk`.
    pub(super) fn begin(disk: &SimDisk) -> Result<Self, String> {
        Self::on(Arc::new(disk.clone()))
    }

    /// Opens the log on any disk.
    pub(super) fn on(disk: Arc<dyn Disk>) -> Result<Self, String> {
        let options = Options {
            directory: None,
            retention: Retention::default(),
            memory_bytes: 200,
            inflight_bytes: 1 << 20,
            file_bytes_max: FileBytesMax {
                journal: 2500,
                segment: 100,
            },
            floor_bytes: 0,
        };
        let clock = Clock::manual(Timestamp(0));
        let parts = Parts::open(Some(disk), &options, &clock);
        parts
            .map(|parts| Self {
                parts,
                is_settling: true,
            })
            .map_err(|damage| damage.to_string())
    }

    /// Does groups, one after another, on a disk that is well.
    pub(super) fn does(&mut self, groups: impl IntoIterator<Item = Vec<Operation>>) {
        for group in groups {
            self.group(&group).unwrap();
        }
    }

    /// Does `operations` as one group. Where the disk has failed, nobody knows.
    pub(super) fn group(&mut self, operations: &[Operation]) -> Option<Vec<Outcome>> {
        let pending: Vec<_> = operations
            .iter()
            .map(|operation| self.ask(operation))
            .collect();
        // A group may need another file, and then something is sealed.
        self.settle().ok()?;
        while let Ok(first) = self.parts.commands.try_recv() {
            self.step(first).ok()?;
        }
        pending.into_iter().map(Pending::outcome).collect()
    }

    /// Does what is asked of the log until its disk fails. What is asked while a group is on its way
    /// to the disk gathers.
    pub(super) async fn work(mut self, mut rng: Rng) -> Result<(), ()> {
        self.settle()?;
        while let Some(first) = self.parts.commands.recv().await {
            tokio::time::sleep(Duration::from_millis(rng.u64(..SYNC_MILLISECONDS))).await;
            self.step(first)?;
        }
        Ok(())
    }

    /// Writes groups until all is done that is asked now, and settles what they seal.
    fn step(&mut self, first: Command) -> Result<(), ()> {
        let mut first = Some(first);
        while let Some(command) = first {
            let _flow: ControlFlow<()> = self.parts.writer.step(command, &mut self.parts.commands);
            first = self.parts.writer.held.take();
            self.settle()?;
        }
        Ok(())
    }

    /// The log, for those who ask something of it.
    pub(super) fn log(&self) -> Log {
        self.parts.log.clone()
    }

    /// Settles what is sealed.
    pub(super) fn settle(&mut self) -> Result<(), ()> {
        while self.is_settling
            && let Ok(sealed) = self.parts.sealed.try_recv()
        {
            let settled = self.parts.keeper.settle_patiently(&sealed, AT_ONCE_BYTES);
            // Its keeper ends then.
            self.is_settling = settled.is_ok();
        }
        if self.is_settling { Ok(()) } else { Err(()) }
    }

    /// Ends the log as it is ended when there is time.
    pub(super) fn end(mut self) {
        if self.settle().is_err() {
            return;
        }
        self.parts.writer.finish();
        // Without power it is settled in the next life.
        self.settle().unwrap_or_default();
    }

    /// Ends the log where there is no time to settle anything.
    pub(super) fn end_at_once(self) {
        let ends = self.parts.log.base.ends.set(Some(Instant::now()));
        ends.expect("it has not been told to end");
        self.end();
    }

    /// The disk is full, and stays so.
    pub(super) fn is_full(&mut self) {
        self.parts.log.base.set_full(true);
        // Nobody looks again.
        self.parts.writer.looked = Some(Instant::now() + Duration::from_hours(1));
    }

    /// It is so many seconds after the beginning now.
    pub(super) fn is_after(&self, seconds: i64) {
        let clock = self.parts.log.clock();
        clock.set(Timestamp(seconds * 1000));
    }

    pub(super) fn sweep(&mut self) {
        self.parts.keeper.sweep();
    }

    /// Whether all of `meant` is served from the earliest record on; if not, it must be said.
    pub(super) fn serves(&self, name: &str, meant: &[String]) -> Result<bool, String> {
        let Some(stream) = self.parts.log.stream(name) else {
            return Ok(false);
        };
        let mut at = stream.earliest();
        let mut left = meant.iter().skip(usize::try_from(at.record).unwrap());
        let mut is_whole = true;
        while let Ok(mut cursor) = stream.cursor(at) {
            let page = match cursor.read(SEGMENT_BYTES) {
                Ok(None) => break,
                Ok(Some(page)) => page,
                Err(_) => return Ok(false),
            };
            for line in common::ndjson::lines(&page.lines) {
                same("record", Some(line), left.next().map(String::as_bytes))?;
            }
            at = page.next;
        }
        is_whole &= at == stream.tail().next && left.next().is_none();
        Ok(is_whole)
    }

    fn ask(&self, operation: &Operation) -> Pending {
        let (command, pending) = match operation.clone() {
            Operation::Append {
                parts,
                producer,
                sequence,
                closes,
            } => {
                let mut first = Some((producer, sequence));
                let part = |(name, lines): (String, Vec<String>)| {
                    let said = first.take().unwrap_or_default();
                    Some((self.parts.log.stream(&name)?, append(&lines, said, closes)))
                };
                match parts.into_iter().map(part).collect() {
                    Some(parts) => append_all(parts),
                    None => return Pending::Refused("missing"),
                }
            }
            Operation::Create {
                name,
                lines,
                closed,
            } => create(name, &lines, closed, None),
            Operation::Fork {
                name,
                source,
                records,
            } => {
                let at = records.map(|records| (Offset::default(), records as u64));
                match self.parts.log.fork(&name, &source, at, usize::MAX) {
                    Ok(fork) => create(name, &[], false, Some(fork)),
                    Err(Refused::Forked(_)) => return Pending::Refused("exists"),
                    Err(_) => return Pending::Unknown,
                }
            }
            Operation::Delete { name } => {
                let (reply, answer) = oneshot::channel();
                let only_expired = false;
                let command = Command::Delete {
                    name,
                    only_expired,
                    reply,
                };
                (command, Pending::Done(answer))
            }
            Operation::Retain { name, age } => match self.parts.log.stream(&name) {
                Some(stream) => retain(stream, age),
                None => return Pending::Refused("missing"),
            },
            Operation::Note { notes } => note(noted(notes)),
            Operation::CreateTopic { partitions } => create_topic(partitions),
            Operation::DeleteTopic => {
                let (reply, answer) = oneshot::channel();
                let name = TOPIC.to_owned();
                (Command::DeleteTopic { name, reply }, Pending::Done(answer))
            }
        };
        let sent = self.parts.log.queue.try_send(command);
        sent.expect("groups are small");
        pending
    }

    /// What there is, compared with `model`: the same, but that of what is kept by bytes the oldest
    /// may be gone.
    pub(super) fn compare(&self, model: &Model) -> Result<(), String> {
        let names = self.parts.log.known.names();
        let topics: Vec<_> = names
            .topics
            .values()
            .map(|topic| (&topic.name, topic.partitions))
            .collect();
        let meant: Vec<_> = model
            .topics
            .iter()
            .map(|(name, partitions)| (name, *partitions))
            .collect();
        same("topics", topics, meant)?;
        let text = |(name, text): (&String, &String)| (name.clone(), text.clone().into());
        let meant = model.notes.iter().map(text).collect();
        same("notes", names.notes.clone(), meant)?;
        let mut found: Vec<_> = names.streams.keys().collect();
        found.sort();
        same("streams", found, model.streams.keys().collect())?;
        for (name, stream) in &names.streams {
            compare(stream, &model.streams[name]).map_err(|why| format!("{name}: {why}"))?;
        }
        Ok(())
    }
}

type Said = (Option<(String, u64, u64)>, Option<String>);

fn append(lines: &[String], (producer, sequence): Said, closes: bool) -> Append {
    let producer = producer.map(|(id, epoch, sequence)| Producer {
        id,
        epoch,
        sequence,
    });
    Append {
        content: content(lines),
        closes,
        producer,
        sequence,
        ..Append::default()
    }
}

fn append_all(parts: Vec<(Stream, Append)>) -> (Command, Pending) {
    let room = Room::of_source();
    let (reply, answer) = oneshot::channel();
    let command = Command::Append { parts, room, reply };
    (command, Pending::Appended(answer))
}

fn create(name: String, lines: &[String], closed: bool, fork: Option<Fork>) -> (Command, Pending) {
    let bytes = (name == KEPT_BY_BYTES).then_some(RETENTION_BYTES);
    let age = kept(&name);
    let create = Create {
        name,
        settings: Settings::json(Retention { bytes, age }),
        content: content(lines),
        closed,
        fork,
    };
    let room = Room::of_source();
    let (reply, answer) = oneshot::channel();
    let command = Command::Create {
        create,
        room,
        reply,
    };
    (command, Pending::Created(answer))
}

fn retain(stream: Stream, age: Option<Duration>) -> (Command, Pending) {
    let (reply, answer) = oneshot::channel();
    let retain = Retain {
        bytes: None,
        age: Some(age),
    };
    let command = Command::Retain {
        stream,
        retain,
        reply,
    };
    (command, Pending::Done(answer))
}

fn note(notes: Vec<Note>) -> (Command, Pending) {
    let (reply, answer) = oneshot::channel();
    (Command::Note { notes, reply }, Pending::Done(answer))
}

fn create_topic(partitions: u16) -> (Command, Pending) {
    let topic = Topic {
        name: TOPIC.to_owned(),
        partitions,
        key: "/k".to_owned(),
        retention: Retention::default(),
    };
    let (reply, answer) = oneshot::channel();
    let command = Command::CreateTopic { topic, reply };
    (command, Pending::IsNew(answer))
}

impl Pending {
    /// None where nobody knows.
    fn outcome(self) -> Option<Outcome> {
        let said = match self {
            Self::Appended(mut answer) => answer.try_recv().ok()?.map(|appended| {
                let appended = appended.first().expect("a part has an answer");
                !appended.is_duplicate
            }),
            Self::Created(mut answer) => answer.try_recv().ok()?.map(|created| created.is_new),
            Self::IsNew(mut answer) => answer.try_recv().ok()?,
            Self::Done(mut answer) => answer.try_recv().ok()?.map(|()| true),
            Self::Refused(why) => return Some(Outcome::Refused(why)),
            Self::Unknown => return None,
        };
        Some(match said {
            Ok(true) => Outcome::Done,
            Ok(false) => Outcome::Again,
            Err(Refused::Closed(_)) => Outcome::Refused("closed"),
            Err(Refused::Missing(_)) => Outcome::Refused("missing"),
            Err(Refused::Deleted(_)) => Outcome::Refused("deleted"),
            Err(Refused::Exists(_) | Refused::Forked(_)) => Outcome::Refused("exists"),
            Err(Refused::Sequence { .. }) => Outcome::Refused("sequence"),
            Err(Refused::Fenced { .. }) => Outcome::Refused("fenced"),
            Err(Refused::EpochBegins) => Outcome::Refused("epoch"),
            Err(Refused::Gap { .. }) => Outcome::Refused("gap"),
            Err(Refused::Full(_)) => FULL,
            Err(Refused::Failed(_)) => return None,
            Err(other) => panic!("{other} is not expected here"),
        })
    }
}
