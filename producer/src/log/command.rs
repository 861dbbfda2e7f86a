//! What can happen to a log.

use common::{limits::PARTITIONS_MAX, offset::Offset};
use tokio::sync::oneshot;

use super::{
    Room,
    append::{Append, Appended, Content, Refused},
    note::Note,
    settings::{Retain, Settings},
    stream::{Stream, Tail},
    topic::Topic,
};

/// An entry without content is not longer: texts on the wire are bounded.
const ENTRY_BYTES: usize = 1024;

/// An entry that says that a stream is deleted is not longer.
const DELETION_BYTES: usize = 32;

/// What removes or closes something is not longer.
pub(super) const ENDING_BYTES_MAX: usize = ENTRY_BYTES + DELETION_BYTES * PARTITIONS_MAX;

/// An answer to a command.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Refused>>;

#[derive(Debug)]
pub(super) enum Command {
    /// Append to streams, to all or none; room is held until it is durable.
    Append {
        parts: Vec<(Stream, Append)>,
        room: Room,
        reply: Reply<Vec<Appended>>,
    },
    /// Make a stream, or find it.
    Create {
        create: Create,
        room: Room,
        reply: Reply<Created>,
    },
    /// Delete a stream; when it is expired only, if so said.
    Delete {
        name: String,
        only_expired: bool,
        reply: Reply<()>,
    },
    /// Keep more of a stream from now on, or less.
    Retain {
        stream: Stream,
        retain: Retain,
        reply: Reply<()>,
    },
    /// Keep notes, all or none.
    Note { notes: Vec<Note>, reply: Reply<()> },
    /// Make a topic and its partitions, or find it; the answer is whether it is new.
    CreateTopic { topic: Topic, reply: Reply<bool> },
    /// Delete a topic and its partitions.
    DeleteTopic { name: String, reply: Reply<()> },
    /// Say whether anything new is taken.
    Look { reply: Reply<()> },
    /// Let be settled what is not: some of it is too old.
    Settle,
    /// Settle everything and end.
    Stop,
}

/// A stream to make.
#[derive(Debug, Clone)]
pub(crate) struct Create {
    /// Its name.
    pub(crate) name: String,
    /// How it shall be.
    pub(crate) settings: Settings,
    /// What it begins with.
    pub(crate) content: Content,
    /// Whether that is all.
    pub(crate) closed: bool,
    /// Whose records come before, if some do.
    pub(crate) fork: Option<Fork>,
}

/// What a stream shall begin with as another one has it.
#[derive(Debug, Clone)]
pub(crate) struct Fork {
    /// The other one.
    pub(crate) source: Stream,
    /// Up to where, a place in it; none is its end.
    pub(crate) at: Option<Offset>,
}

/// A stream that was made, or found as it shall be.
#[derive(Debug, Clone)]
pub(crate) struct Created {
    /// The stream.
    pub(crate) stream: Stream,
    /// Whether it was made.
    pub(crate) is_new: bool,
    /// Where it ends.
    pub(crate) tail: Tail,
}

impl Command {
    /// How long its entries get, at the most.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Append { parts, .. } => {
                let bytes = |(_, append): &(Stream, Append)| append.bytes();
                parts.iter().map(bytes).sum()
            }
            Self::Create { create, .. } => ENTRY_BYTES + create.content.bytes_len(),
            Self::Delete { .. } | Self::Retain { .. } | Self::Settle | Self::Stop => ENTRY_BYTES,
            Self::Look { .. } => 0,
            Self::CreateTopic { topic, .. } => ENTRY_BYTES * (1 + usize::from(topic.partitions)),
            Self::Note { notes, .. } => notes.iter().map(Note::bytes).sum(),
            Self::DeleteTopic { .. } => ENDING_BYTES_MAX,
        }
    }
}

impl Tail {
    /// The end of a stream that goes on, or does not.
    pub(super) const fn at(next: Offset, closed: bool) -> Self {
        Self {
            next,
            closed,
            deleted: false,
        }
    }
}
