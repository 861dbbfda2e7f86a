//! What a group does when it is on stable storage, and what is answered then.

use std::time::Instant;

use common::time::Timestamp;

use super::{
    Room,
    append::{Appended, Content, Refused},
    base::Base,
    command::{Created, Reply},
    entry::Entry,
    known::Known,
    note::Note,
    settings::Retention,
    stream::Stream,
    topic::Topic,
    writer::Unsettled,
};

/// What happens when a group is durable.
#[derive(Debug, Default)]
pub(super) struct Staged {
    pub(super) effects: Vec<Effect>,
    pub(super) answers: Vec<Answer>,
    pub(super) rooms: Vec<Room>,
    /// When the log was given each append that is done.
    pub(super) sent: Vec<Instant>,
    pub(super) time: Timestamp,
}

#[derive(Debug)]
pub(super) enum Effect {
    Keep(Stream, Content),
    Make(Stream),
    Delete(Stream),
    Retain(Stream, Retention),
    /// Of a stream that is deleted only what is pinned stays.
    Retire(Stream),
    MakeTopic(Topic),
    DeleteTopic(String),
    Note(Note),
    /// A change of a stream that has no content.
    Touch(Stream),
}

#[derive(Debug)]
pub(super) enum Answer {
    Appended(Reply<Vec<Appended>>, Result<Vec<Appended>, Refused>),
    Created(Reply<Created>, Result<Created, Refused>),
    IsNew(Reply<bool>, Result<bool, Refused>),
    Done(Reply<()>, Result<(), Refused>),
}

impl Answer {
    /// Tells who asked, who may be gone.
    fn give(self) {
        match self {
            Self::Appended(reply, said) => drop(reply.send(said)),
            Self::Created(reply, said) => drop(reply.send(said)),
            Self::IsNew(reply, said) => drop(reply.send(said)),
            Self::Done(reply, said) => drop(reply.send(said)),
        }
    }
}

impl Staged {
    /// Shows what is durable, and tells those who wait.
    pub(super) fn show(self, (base, known): (&Base, &Known), unsettled: &mut Unsettled) {
        let mut changed = Vec::new();
        for effect in self.effects {
            match effect {
                Effect::Touch(stream) => unsettled.dirty.push(stream),
                Effect::Keep(stream, content) => {
                    stream.keep(&content, self.time);
                    changed.push(stream);
                }
                Effect::Make(stream) => {
                    base.metrics.forks.inc_by(stream.origin().is_some().into());
                    let name = stream.name().to_owned();
                    unsettled.dirty.push(stream.clone());
                    known.names_mut().streams.insert(name, stream);
                }
                Effect::Delete(stream) => {
                    base.metrics.forks.dec_by(stream.origin().is_some().into());
                    known.forget(&stream);
                    unsettled.makes_space = true;
                    unsettled.deleted.push(stream.clone());
                    changed.push(stream);
                }
                Effect::Retire(stream) => {
                    unsettled.makes_space = true;
                    stream.settled().is_retired = true;
                    changed.push(stream);
                }
                Effect::Retain(stream, retention) => stream.retain(retention),
                Effect::MakeTopic(topic) => {
                    unsettled.news.push(Entry::Topic(topic.clone()));
                    known.names_mut().topics.insert(topic.name.clone(), topic);
                }
                Effect::Note(note) => {
                    let notes = &mut known.names_mut().notes;
                    if note.text.is_empty() {
                        notes.remove(&note.name);
                    } else {
                        notes.insert(note.name.clone(), note.text.clone());
                    }
                    unsettled.notes.insert(note.name, note.text);
                }
                Effect::DeleteTopic(name) => {
                    known.names_mut().topics.remove(&name);
                    unsettled.news.push(Entry::NoTopic { name });
                }
            }
        }
        changed.iter().for_each(Stream::show);
        for sent in self.sent {
            base.metrics.appends.observe(sent.elapsed());
        }
        base.changes.note(&changed);
        // What is answered is not on its way any more.
        drop(self.rooms);
        self.answers.into_iter().for_each(Answer::give);
        // There may be very many readers, and whoever was answered need not wait for them.
        changed.iter().for_each(Stream::ring);
    }

    /// Nothing of it came to be, or it cannot be told.
    pub(super) fn refuse(self, refused: &Refused) {
        drop(self.rooms);
        for answer in self.answers {
            match answer {
                Answer::Appended(reply, _) => drop(reply.send(Err(refused.clone()))),
                Answer::Created(reply, _) => drop(reply.send(Err(refused.clone()))),
                Answer::IsNew(reply, _) => drop(reply.send(Err(refused.clone()))),
                Answer::Done(reply, _) => drop(reply.send(Err(refused.clone()))),
            }
        }
    }
}
