//! The truth: streams of records in their order. Knows no HTTP.
//!
//! In: [`Append`]s. Out: [`Page`]s of whole records.
//!
//! ```text
//!             ┌─▶ kept (memory) ─────────────▶ cursor ─▶ readers
//!  append ─▶ writer                              ▲
//!             └─▶ journal ─▶ keeper ─▶ segments ─┘
//! ```
//!
//! A directory, as it is drawn in the modules that are named:
//!
//! ```text
//!  lock                 who has locked it writes here, and nobody else     disk
//!  catalogue            which streams there are, how far they are settled  catalogue, frame, entry
//!  journal/NUMBER       what was appended since, to any of them            journal, frame, entry
//!  journal/spare        a file that is used again
//!  streams/ID/*.lines   what is settled: records, and nothing else         shelf
//!  streams/ID/*.side    where they end, and their checks                   shelf
//! ```
//!
//! What is not only records begins with the name and the version of its format; others are refused by
//! name. A directory of each version stays in `tests/data/log-*`.
//!
//! - Nothing is appended without [`Room`]; a request is appended whole or not at all, also where it
//!   is to several streams.
//! - Appended means: on stable storage, where there is a directory. A reader is never shown a record
//!   that could still vanish.
//! - If a record can be read, so can all that came after it.
//! - An offset of a stream is never given twice, not even by two runs of a log in memory (see
//!   [`epoch`]). A stream on disk that is deleted and made anew is another one, and begins at zero.

mod append;
mod base;
mod bell;
mod catalogue;
mod changes;
mod command;
mod cursor;
mod damage;
mod disk;
mod entry;
mod epoch;
mod field;
mod foresee;
mod fork;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod group;
mod head;
mod inspect;
mod journal;
mod keeper;
mod kept;
mod known;
mod lines;
mod listed;
mod memory;
mod metrics;
mod note;
mod open;
mod parts;
mod pool;
mod producers;
#[cfg(test)]
pub(crate) mod proof;
mod recent;
mod recovery;
mod repair;
mod room;
mod seek;
mod segment;
mod settings;
mod settled;
mod shelf;
mod sound;
mod space;
mod staged;
mod stream;
mod survey;
mod sweep;
mod topic;
mod writer;

use std::{ops::Bound, sync::Arc};

use common::time::Clock;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use self::{
    append::{Append, Appended, Appending, Closed, Content, Failed, Producer, Refused},
    base::Health,
    command::{Create, Created},
    cursor::{Cursor, Lost, Page},
    kept::Misplaced,
    listed::Shown,
    memory::Memory,
    note::Note,
    open::{DEFAULT, FILE_BYTES_MIN, FileBytesMax, Options},
    room::Room,
    settings::{Framing, Lifetime, Retain, Retention, Settings},
    stream::{InUse, Stream, Tail},
    topic::Topic,
};
use self::{base::Base, command::Command, fork::Presence, group::named, known::Known};
pub use self::{
    inspect::{Inspection, inspect},
    open::CannotOpen,
    repair::{Repaired, repair},
};

/// A log; its clones are the same log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    base: Arc<Base>,
    known: Known,
    queue: mpsc::Sender<Command>,
}

impl Log {
    /// Waits for room for `bytes` of a request.
    pub(crate) async fn reserve(&self, bytes: usize) -> Room {
        self.base.rooms.reserve(bytes).await
    }

    /// Waits until `held` is room for `bytes` of a request whose long body is still coming.
    pub(crate) async fn grow_long(&self, held: &mut Room, bytes: usize) {
        self.base.rooms.grow_long(held, bytes).await;
    }

    /// What records can gather in on their way into it.
    pub(crate) fn memory(&self) -> Memory {
        self.base.memory.clone()
    }

    /// The stream of that name, if there is one.
    pub(crate) fn stream(&self, name: &str) -> Option<Stream> {
        let (found, presence) = self.known(name)?;
        (presence == Presence::There).then_some(found)
    }

    /// The stream of that name, if there is one.
    ///
    /// # Errors
    /// There is none, or it is there for its forks only.
    pub(crate) fn find(&self, name: &str) -> Result<Stream, Refused> {
        match self.known(name) {
            Some((found, Presence::There)) => Ok(found),
            Some(_) => Err(Refused::Deleted(named(name))),
            None => Err(Refused::Missing(named(name))),
        }
    }

    /// The stream of that name, also if it is there for its forks only.
    fn known(&self, name: &str) -> Option<(Stream, Presence)> {
        let found = self.known.names().streams.get(name).cloned()?;
        let presence = found.presence();
        (presence != Presence::Gone).then_some((found, presence))
    }

    /// How it is, now and later.
    pub(crate) fn health(&self) -> watch::Receiver<Health> {
        self.base.health.subscribe()
    }

    /// Tells readers of news, where there are many. To be polled as long as there are readers.
    pub(crate) async fn tell(&self) {
        self.base.bells.ring_on().await;
    }

    /// Who tells the time of appends.
    pub(crate) fn clock(&self) -> &Clock {
        &self.base.clock
    }

    /// Makes a stream, or finds it as it shall be.
    ///
    /// # Errors
    /// There is another one of that name, or nothing can be made.
    pub(crate) async fn create(&self, create: Create, room: Room) -> Result<Created, Refused> {
        self.ask(|reply| Command::Create {
            create,
            room,
            reply,
        })
        .await
    }

    /// Keeps more or less of a stream from now on.
    ///
    /// # Errors
    /// It is not there, or nothing can be written.
    pub(crate) async fn retain(&self, stream: &Stream, retain: Retain) -> Result<(), Refused> {
        let stream = stream.clone();
        self.ask(|reply| Command::Retain {
            stream,
            retain,
            reply,
        })
        .await
    }

    /// Deletes a stream.
    ///
    /// # Errors
    /// It is not there, or nothing can be written.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Refused> {
        let name = name.to_owned();
        let only_expired = false;
        self.ask(|reply| Command::Delete {
            name,
            only_expired,
            reply,
        })
        .await
    }

    /// Appends to a stream, in the room that was reserved for it.
    ///
    /// # Errors
    /// Nothing was appended; unless the disk failed: then it cannot be told.
    pub(crate) async fn append(
        &self,
        stream: &Stream,
        append: impl Into<Append>,
        room: Room,
    ) -> Result<Appended, Refused> {
        let parts = vec![(stream.clone(), append.into())];
        let mut appended = self.append_all(parts, room).await?;
        Ok(appended.pop().expect("a part has an answer"))
    }

    /// Gives the writer an append, and does not wait until it is done.
    ///
    /// # Errors
    /// The producer stops.
    pub(crate) async fn begin_append(
        &self,
        stream: &Stream,
        append: Append,
        room: Room,
    ) -> Result<Appending, Refused> {
        let (reply, answer) = oneshot::channel();
        let (parts, room) = (vec![(stream.clone(), append)], room.sent());
        let sent = self.queue.send(Command::Append { parts, room, reply });
        sent.await.map_err(|_| Failed::stopping())?;
        Ok(Appending(answer))
    }

    /// Appends to several streams, to all or none. What the first part says of producer and
    /// sequence counts for all.
    ///
    /// # Errors
    /// Nothing was appended; unless the disk failed: then it cannot be told.
    pub(crate) async fn append_all(
        &self,
        parts: Vec<(Stream, Append)>,
        room: Room,
    ) -> Result<Vec<Appended>, Refused> {
        let room = room.sent();
        self.ask(|reply| Command::Append { parts, room, reply })
            .await
    }

    /// Makes a topic and its partitions, or finds it as it shall be; returns whether it is new.
    ///
    /// # Errors
    /// There is another one of that name, or nothing can be made.
    pub(crate) async fn create_topic(&self, topic: Topic) -> Result<bool, Refused> {
        self.ask(|reply| Command::CreateTopic { topic, reply })
            .await
    }

    /// Deletes a topic and its partitions.
    ///
    /// # Errors
    /// It is not there, or nothing can be written.
    pub(crate) async fn delete_topic(&self, name: &str) -> Result<(), Refused> {
        let name = name.to_owned();
        self.ask(|reply| Command::DeleteTopic { name, reply }).await
    }

    /// The topic of that name, if there is one.
    pub(crate) fn topic(&self, name: &str) -> Option<Topic> {
        self.known.names().topics.get(name).cloned()
    }

    /// All topics, by name.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        self.known.names().topics.values().cloned().collect()
    }

    /// The streams of a topic's partitions, in order; none when one was deleted.
    pub(crate) fn partitions(&self, topic: &Topic) -> Option<Vec<Stream>> {
        let names = self.known.names();
        let stream = |name: String| {
            let found = names.streams.get(&name).cloned();
            found.filter(|stream| !stream.tail().deleted)
        };
        topic.partition_names().map(stream).collect()
    }

    /// The notes whose names begin with `prefix`, by name.
    pub(crate) fn notes(&self, prefix: &str) -> Vec<Note> {
        let names = self.known.names();
        let notes = names
            .notes
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let notes = notes.take_while(|(name, _)| name.starts_with(prefix));
        notes
            .map(|(name, text)| Note {
                name: name.clone(),
                text: text.clone(),
            })
            .collect()
    }

    /// Keeps notes: all of them, or none.
    ///
    /// # Errors
    /// Nothing can be written.
    pub(crate) async fn note(&self, notes: Vec<Note>) -> Result<(), Refused> {
        self.ask(|reply| Command::Note { notes, reply }).await
    }

    /// That anything new is taken: notes that tell how far something has come are kept also where there
    /// is no space for more.
    ///
    /// # Errors
    /// Nothing new is taken.
    pub(crate) async fn takes_more(&self) -> Result<(), Refused> {
        self.ask(|reply| Command::Look { reply }).await
    }

    /// Whether it is noted from now on which streams change.
    pub(crate) fn want_changes(&self, is_wanted: bool) {
        self.base.changes.want(is_wanted);
    }

    /// The streams that have changed since this was last asked; waits until there are some. There is one
    /// who asks.
    pub(crate) async fn changed(&self) -> Vec<Stream> {
        self.base.changes.next().await
    }

    /// Closes a stream for good.
    ///
    /// # Errors
    /// It is not there, or nothing can be written.
    pub(crate) async fn close(&self, stream: &Stream) -> Result<(), Refused> {
        let close = Append {
            closes: true,
            ..Append::default()
        };
        self.append(stream, close, Room::of_source()).await?;
        Ok(())
    }

    /// Gives the writer a command, and waits for its answer.
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> Command,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.send(command(reply)).await;
        sent.map_err(|_| Failed::stopping())?;
        answer.await.map_err(|_| Failed::stopping())?
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::{Context, Wake, Waker},
    };

    use common::{limits::STREAMS_MAX, record::Batch, time::Timestamp};

    use futures_util::FutureExt;
    use prometheus_client::registry::Registry;

    use super::{cursor::Lost, *};

    fn log(memory_bytes: u64) -> (Log, Stream) {
        let clock = Clock::manual(Timestamp(1_800_000_000_000));
        let options = Options {
            directory: None,
            retention: Retention::default(),
            memory_bytes,
            inflight_bytes: 1 << 20,
            file_bytes_max: FileBytesMax {
                journal: 1 << 20,
                segment: 1 << 20,
            },
            floor_bytes: 0,
        };
        let opened = Log::open(&options, &clock, &mut Registry::default());
        let log = opened.unwrap().0;
        let stream = log.stream(DEFAULT).unwrap();
        (log, stream)
    }

    fn content(text: &str) -> Content {
        Batch::from_ndjson(text.as_bytes()).unwrap().into()
    }

    async fn append((log, stream): &(Log, Stream), text: &str) -> Result<Appended, Refused> {
        let room = log.reserve(text.len()).await;
        log.append(stream, content(text), room).await
    }

    #[tokio::test]
    async fn a_reader_gets_history_then_news_then_the_end() {
        let log = log(1 << 20);
        let first = append(&log, "1\n22\n").await.unwrap().first;
        let mut cursor = log.1.cursor(log.1.earliest()).unwrap();
        let history = cursor.next(100).await.unwrap().unwrap();
        assert_eq!(
            (history.first, &history.lines[..]),
            (first, &b"1\n22\n"[..])
        );
        let appending = async { append(&log, "333").await.unwrap() };
        let (news, appended) = tokio::join!(cursor.next(100), appending);
        assert_eq!(news.unwrap().unwrap().first, appended.first);
        log.0.close(&log.1).await.unwrap();
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
        let mut cursor = log.1.cursor(log.1.earliest()).unwrap();
        let at = log.1.earliest();
        let line = format!("\"{}\"\n", "x".repeat(kept::SEGMENT_BYTES - 10));
        for _ in 0..2 {
            append(&log, &line).await.unwrap();
        }
        let earliest = append(&log, &line).await.unwrap().first;
        // Its keeper lets go of all before the last, one after the other.
        while log.1.earliest() != earliest {
            std::thread::yield_now();
        }
        assert_eq!(cursor.next(100).await, Err(Lost::Overrun { at, earliest }));
    }

    #[tokio::test]
    async fn a_paceless_source_waits_for_the_fastest_reader() {
        let log = log(8 * kept::SEGMENT_BYTES as u64);
        let line = format!("\"{}\"\n", "x".repeat(kept::SEGMENT_BYTES - 3));
        for _ in 0..5 {
            let room = log.1.unread_room(line.len()).await;
            log.0.append(&log.1, content(&line), room).await.unwrap();
        }
        let blocked = log.1.unread_room(line.len()).now_or_never();
        assert!(
            blocked.is_none(),
            "the first record would be lost before anyone has read it"
        );
        let turn = log.1.unread_room(1).now_or_never();
        assert!(turn.is_none(), "nor may another source go on");
        let reader = log.1.cursor(log.1.earliest()).unwrap();
        assert_eq!(reader.behind(5, usize::MAX), Ok(log.1.tail().next));
        let blocked = log.1.unread_room(line.len()).now_or_never();
        assert!(blocked.is_none(), "who counts records has not read them");
        log.1
            .cursor(log.1.earliest())
            .unwrap()
            .next(usize::MAX)
            .await
            .unwrap();
        assert!(log.1.unread_room(line.len()).now_or_never().is_some());
    }

    /// How much is on its way when somebody is told that he was answered.
    struct OnItsWay(Log, AtomicUsize);

    impl Wake for OnItsWay {
        fn wake(self: Arc<Self>) {
            let bytes = self.0.base.rooms.bytes().0;
            self.1.store(bytes, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn what_is_answered_is_not_on_its_way_any_more() {
        let (log, stream) = log(1 << 20);
        let room = log.reserve(1 << 19).await;
        let appending = log.begin_append(&stream, content("1").into(), room).await;
        let mut answer = std::pin::pin!(appending.unwrap().0);
        let told = Arc::new(OnItsWay(log, AtomicUsize::new(0)));
        let waker = Waker::from(told.clone());
        while answer
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            std::thread::yield_now();
        }
        assert_eq!(told.0.base.rooms.bytes().0, 0);
        assert_eq!(told.1.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn one_stream_too_many_is_not_made() {
        let (log, stream) = log(1 << 20);
        let make = async |name: &str| {
            let create = Create {
                name: name.to_owned(),
                settings: (*stream.settings()).clone(),
                content: Content::default(),
                closed: false,
                fork: None,
            };
            log.create(create, log.reserve(1).await).await.map(drop)
        };
        // Names of one that is there already take as much room as others.
        let others = (1..STREAMS_MAX - 1).map(|number| (number.to_string(), stream.clone()));
        log.known.names_mut().streams.extend(others);
        let topic = |partitions| Topic {
            name: "topic".to_owned(),
            partitions,
            key: "/key".to_owned(),
            retention: Retention::default(),
        };
        let refused = log.create_topic(topic(2)).await;
        assert_eq!(refused, Err(Refused::TooMany("streams", STREAMS_MAX)));
        assert!(log.stream("topic/0").is_none(), "nothing of it is made");
        make("the last").await.unwrap();
        let refused = make("one more").await;
        assert_eq!(refused, Err(Refused::TooMany("streams", STREAMS_MAX)));
        log.delete("the last").await.unwrap();
        log.create_topic(topic(1)).await.unwrap();
    }
}
