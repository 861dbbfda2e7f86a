//! A group: commands that are taken together, in order. Each is checked against what will be when
//! those before it are durable, and what it says goes into the frame; what it does is seen by
//! nobody before the frame is on stable storage.

use std::{collections::HashMap, sync::Arc, thread};

use common::{limits::STREAMS_MAX, time::Timestamp};

use super::{
    append::{Append, Appended, Refused},
    base::Base,
    command::{Command, Create, Created},
    entry::{Entry, StreamId},
    fork::Origin,
    frame::Draft,
    head::{Head, Verdict},
    kept::Kept,
    known::Known,
    settings::{Retain, Settings},
    staged::{Answer, Effect, Staged},
    stream::{Stream, Tail},
    topic::Topic,
};

#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) base: &'a Arc<Base>,
    pub(super) known: &'a Known,
    pub(super) draft: &'a mut Draft,
    pub(super) next_stream: StreamId,
    /// Why nothing new is taken, if so.
    refusal: Option<Refused>,
    /// So long it may get in the journal file that there is.
    room: usize,
    /// Whether the command that is taken has room there, so that it needs no space on the disk.
    fits: bool,
    /// What has changed its meaning in this group.
    pub(super) streams: HashMap<String, Option<Stream>>,
    pub(super) topics: HashMap<String, Option<Topic>>,
    pub(super) time: Timestamp,
    pub(super) staged: Staged,
}

impl<'a> Group<'a> {
    pub(super) fn new(
        (base, known): (&'a Arc<Base>, &'a Known),
        draft: &'a mut Draft,
        next_stream: StreamId,
        room: usize,
    ) -> Self {
        let time = base.clock.now();
        Self {
            base,
            known,
            draft,
            next_stream,
            refusal: base.refusal(),
            room,
            fits: false,
            streams: HashMap::new(),
            topics: HashMap::new(),
            time,
            staged: Staged {
                time,
                ..Staged::default()
            },
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.draft.bytes()
    }

    pub(super) fn end(self) -> (StreamId, Staged) {
        (self.next_stream, self.staged)
    }

    /// Checks a command, and writes into the frame what comes of it.
    pub(super) fn take(&mut self, command: Command) {
        self.fits = self.draft.bytes() + command.bytes() <= self.room;
        let answer = match command {
            Command::Append { parts, room, reply } => {
                let said = self.append(parts);
                let sent = room.sent.filter(|_| said.is_ok());
                self.staged.sent.extend(sent);
                self.staged.rooms.push(room);
                Answer::Appended(reply, said)
            }
            Command::Create {
                create,
                room,
                reply,
            } => {
                self.staged.rooms.push(room);
                Answer::Created(reply, self.create(create))
            }
            Command::Delete {
                name,
                only_expired,
                reply,
            } => Answer::Done(reply, self.delete(&name, only_expired)),
            Command::Retain {
                stream,
                retain,
                reply,
            } => Answer::Done(reply, self.retain(&stream, retain)),
            Command::CreateTopic { topic, reply } => Answer::IsNew(reply, self.create_topic(topic)),
            Command::Note { notes, reply } => Answer::Done(reply, self.note(notes)),
            Command::DeleteTopic { name, reply } => Answer::Done(reply, self.delete_topic(name)),
            Command::Look { reply } => Answer::Done(reply, self.refused()),
            Command::Settle | Command::Stop => return,
        };
        self.staged.answers.push(answer);
    }

    pub(super) fn refused(&self) -> Result<(), Refused> {
        self.refusal.clone().map_or(Ok(()), Err)
    }

    /// Why nothing is removed or closed, if so. That is let pass where the disk is full, as long as
    /// there is room in the journal: it brings next to nothing, and makes space.
    pub(super) fn refused_to_end(&self) -> Result<(), Refused> {
        match &self.refusal {
            Some(Refused::Full(_)) if self.fits => Ok(()),
            _ => self.refused(),
        }
    }

    fn append(&mut self, parts: Vec<(Stream, Append)>) -> Result<Vec<Appended>, Refused> {
        if parts.iter().all(|(_, append)| append.only_closes()) {
            self.refused_to_end()?;
        } else {
            self.refused()?;
        }
        for (stream, append) in &parts {
            let head = stream.head();
            if head.deleted {
                return Err(gone(stream, &head));
            }
            if let Verdict::Done(done) = head.check(append, &stream.settings().content_type)? {
                drop(head);
                // What was done before of one part was done of all.
                let again = |(stream, _): &(Stream, Append)| match &done.producer {
                    _ if parts.len() == 1 => done.clone(),
                    producer => Appended {
                        producer: producer.clone(),
                        ..stream.head().done(None)
                    },
                };
                return Ok(parts.iter().map(again).collect());
            }
        }
        let write = |(stream, append): (Stream, Append)| self.write(&stream, append);
        Ok(parts.into_iter().map(write).collect())
    }

    /// Does an append that was checked.
    fn write(&mut self, stream: &Stream, append: Append) -> Appended {
        let (id, mut head) = (stream.id(), stream.head());
        let is_first = !head.unsettled.any;
        let appended = head.apply(&append);
        drop(head);
        while let Some(early) = self.base.is_early(appended.next) {
            thread::sleep(early);
        }
        let Append {
            content,
            closes,
            sequence,
            ..
        } = append;
        let producer = appended.producer.clone();
        let by = producer.as_ref().map(|producer| producer.id.clone());
        if !content.is_empty() {
            let at = (appended.first, self.time);
            self.draft.push_append(id, at, &content);
        }
        if let Some(producer) = producer {
            self.draft.push(&Entry::Producer {
                stream: id,
                producer,
            });
        }
        if let Some(sequence) = sequence {
            self.draft.push(&Entry::Sequence {
                stream: id,
                sequence,
            });
        }
        if closes {
            self.draft.push(&Entry::Close { stream: id, by });
        }
        if is_first {
            self.staged.effects.push(Effect::Touch(stream.clone()));
        }
        self.staged
            .effects
            .push(Effect::Keep(stream.clone(), content));
        appended
    }

    fn create(&mut self, create: Create) -> Result<Created, Refused> {
        if let Some(stream) = self.stream(&create.name) {
            self.base.refuse_unknown(&stream)?;
            return found(stream, &create);
        }
        create.check_records(|topic| self.topic(topic))?;
        let Create {
            name,
            settings,
            content,
            closed,
            fork,
        } = create;
        self.refused_to_make(1)?;
        let origin = fork.map(|fork| self.origin(&fork)).transpose()?;
        let stream = self.make(name, settings, origin);
        if !content.is_empty() || closed {
            let closes = closed;
            self.write(
                &stream,
                Append {
                    content,
                    closes,
                    ..Append::default()
                },
            );
        }
        let head = stream.head();
        let tail = Tail::at(head.next, head.closed);
        drop(head);
        Ok(Created {
            stream,
            is_new: true,
            tail,
        })
    }

    /// Why no more streams are made, if so.
    pub(super) fn refused_to_make(&self, more: usize) -> Result<(), Refused> {
        self.refused()?;
        if self.known.names().streams.len() + self.streams.len() + more > STREAMS_MAX {
            return Err(Refused::TooMany("streams", STREAMS_MAX));
        }
        Ok(())
    }

    /// Makes a stream whose name is free.
    pub(super) fn make(
        &mut self,
        name: String,
        settings: Settings,
        origin: Option<Origin>,
    ) -> Stream {
        let id = self.next_stream;
        self.next_stream = StreamId(id.0 + 1);
        self.draft.push(&Entry::Create {
            stream: id,
            name: name.clone(),
            settings: settings.clone(),
        });
        if let Some(origin) = &origin {
            self.draft.push(&origin.entry(id));
            origin.source.head().forks += 1;
        }
        let at = origin.as_ref().map(|origin| origin.at);
        let first = at.unwrap_or_else(|| self.base.first());
        let from = self.base.disk().and(origin.as_ref());
        let from = from.map_or(first, |origin| origin.from);
        let mut head = Head::at(first);
        head.unsettled.any = true;
        head.unsettled.created = true;
        let kept = Kept::new(settings.framing(), first);
        let stream = Stream::new(
            self.base,
            (id, name.clone(), settings),
            head,
            kept,
            ((from, first), origin),
        );
        self.streams.insert(name, Some(stream.clone()));
        self.staged.effects.push(Effect::Make(stream.clone()));
        stream
    }

    /// The stream of that name, as it will be, also one that is there for its forks only. What is
    /// expired is not there, and is removed.
    pub(super) fn stream(&mut self, name: &str) -> Option<Stream> {
        let found = match self.streams.get(name) {
            Some(staged) => staged.clone(),
            None => self.known.names().streams.get(name).cloned(),
        };
        let found = found?;
        let is_retired = found.head().deleted;
        if !is_retired && found.is_expired() && self.refused_to_end().is_ok() {
            self.remove(&found);
            return Some(found).filter(|found| found.head().forks > 0);
        }
        Some(found)
    }

    fn delete(&mut self, name: &str, only_expired: bool) -> Result<(), Refused> {
        let found = self.stream(name);
        if only_expired {
            return Ok(());
        }
        let stream = found.ok_or_else(|| Refused::Missing(named(name)))?;
        self.base.refuse_unknown(&stream)?;
        if stream.head().deleted {
            return Err(Refused::Deleted(named(name)));
        }
        self.refused_to_end()?;
        self.remove(&stream);
        Ok(())
    }

    fn retain(&mut self, stream: &Stream, retain: Retain) -> Result<(), Refused> {
        self.base.refuse_unknown(stream)?;
        let mut head = stream.head();
        if head.deleted {
            return Err(gone(stream, &head));
        }
        self.refused_to_end()?;
        let unsettled = &mut head.unsettled;
        let before = unsettled.retention;
        let retention = retain.of(before.unwrap_or(stream.settings().retention));
        unsettled.retention = Some(retention);
        if !std::mem::replace(&mut unsettled.any, true) {
            self.staged.effects.push(Effect::Touch(stream.clone()));
        }
        let id = stream.id();
        self.draft.push(&Entry::Retain {
            stream: id,
            retention,
        });
        let effect = Effect::Retain(stream.clone(), retention);
        self.staged.effects.push(effect);
        Ok(())
    }
}

/// The stream that was asked for, if this is as it shall be.
fn found(stream: Stream, wanted: &Create) -> Result<Created, Refused> {
    let head = stream.head();
    let (tail, is_deleted) = (Tail::at(head.next, head.closed), head.deleted);
    let mut settings = Settings::clone(&stream.settings());
    settings.retention = head.unsettled.retention.unwrap_or(settings.retention);
    drop(head);
    if is_deleted {
        return Err(Refused::Forked(named(&wanted.name)));
    }
    wanted.found(stream, &settings, tail)
}

/// What is said of a stream that was found, and that is deleted since.
fn gone(stream: &Stream, head: &Head) -> Refused {
    if head.forks > 0 {
        Refused::Deleted(named(stream.name()))
    } else {
        Refused::Missing(named(stream.name()))
    }
}

/// A stream, as messages name it.
pub(super) fn named(name: &str) -> String {
    format!("stream {name:?}")
}
