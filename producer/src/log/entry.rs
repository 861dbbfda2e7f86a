//! Entries: what the frames of the journal and of the catalogue say.
//!
//! An entry is a kind (one byte) and its fields, little-endian; a text is its length (u16) and its
//! bytes, an offset is record u64 and byte u64, a retention is bytes u64 and milliseconds u64
//! (each all ones where there is no bound).
//!
//! ```text
//!  1 create   stream u64, name text, content type text, lifetime (u8, i64), retention
//!  2 append   stream u64, offset, records u64, time i64, length u32, content
//!  3 close    stream u64, producer text (who closed it; empty: nobody named)
//!  4 delete   stream u64
//!  5 producer stream u64, epoch u64, sequence u64, id text
//!  6 sequence stream u64, sequence text
//!  7 topic    partitions u16, retention, name text, key text
//!  8 untopic  name text
//! 11 fork     stream u64, source u64, offset, offset, time i64   (behind its create: what it shares lies
//!             between the offsets, and is not newer)
//! 12 retire   stream u64                                         (deleted, but for its forks)
//! 13 retain   stream u64, retention
//! 14 note     name text, length u32, text   (empty: there is none of that name any more)
//!
//!  and in the catalogue only:
//!  9 settled  stream u64, offset, offset      (what lies between them is in segments)
//! 10 journal  number u64, before u32, stream u64   (where it goes on; what no stream had so far)
//! ```

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, TryGetError};
use common::{offset::Offset, time::Timestamp};

use super::{
    append::{Content, Producer},
    field::{content, put_length, put_text, read_text},
    frame::Link,
    note::Note,
    settings::{Lifetime, Retention, Settings},
    topic::Topic,
};

/// Names a stream for good; never given twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StreamId(pub(super) u64);

/// One thing that a frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Create {
        stream: StreamId,
        name: String,
        settings: Settings,
    },
    Append {
        stream: StreamId,
        first: Offset,
        records: u64,
        time: Timestamp,
        content: Bytes,
    },
    Close {
        stream: StreamId,
        by: Option<String>,
    },
    Delete {
        stream: StreamId,
    },
    Producer {
        stream: StreamId,
        producer: Producer,
    },
    Sequence {
        stream: StreamId,
        sequence: String,
    },
    Topic(Topic),
    NoTopic {
        name: String,
    },
    Note(Note),
    Fork {
        stream: StreamId,
        source: StreamId,
        from: Offset,
        at: Offset,
        since: Timestamp,
    },
    Retire {
        stream: StreamId,
    },
    Retain {
        stream: StreamId,
        retention: Retention,
    },
    Settled {
        stream: StreamId,
        from: Offset,
        until: Offset,
    },
    Journal {
        link: Link,
        next_stream: StreamId,
    },
}

/// The kind of an append.
const APPEND: u8 = 2;

/// What stands for no bound.
const UNBOUNDED: u64 = u64::MAX;

impl Entry {
    /// What is said of a stream of which nothing is known.
    pub(super) fn lost(stream: StreamId) -> Self {
        Self::Create {
            stream,
            name: format!("lost-{}", stream.0),
            settings: Settings::json(Retention::default()),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.put_u8(self.kind());
        match self {
            Self::Topic(topic) => put_topic(out, topic),
            Self::NoTopic { name } => put_text(out, name),
            Self::Note(note) => note.write(out),
            Self::Journal { link, next_stream } => {
                put_link(out, *link);
                out.put_u64_le(next_stream.0);
            }
            Self::Create { stream, .. }
            | Self::Append { stream, .. }
            | Self::Close { stream, .. }
            | Self::Delete { stream }
            | Self::Producer { stream, .. }
            | Self::Sequence { stream, .. }
            | Self::Fork { stream, .. }
            | Self::Retire { stream }
            | Self::Retain { stream, .. }
            | Self::Settled { stream, .. } => {
                out.put_u64_le(stream.0);
                self.write_of_stream(out);
            }
        }
    }

    /// Writes an [`Entry::Append`] whose content may lie in several places.
    pub(super) fn write_append(
        out: &mut Vec<u8>,
        stream: StreamId,
        (first, time): (Offset, Timestamp),
        content: &Content,
    ) {
        out.put_u8(APPEND);
        out.put_u64_le(stream.0);
        put_append(out, (first, content.records, time), content.bytes_len());
        content.parts().for_each(|part| out.put_slice(part));
    }

    /// Writes what is said of a stream.
    fn write_of_stream(&self, out: &mut Vec<u8>) {
        match self {
            Self::Create { name, settings, .. } => {
                put_text(out, name);
                put_settings(out, settings);
            }
            Self::Append {
                first,
                records,
                time,
                content,
                ..
            } => {
                put_append(out, (*first, *records, *time), content.len());
                out.put_slice(content);
            }
            Self::Close { by, .. } => put_text(out, by.as_deref().unwrap_or_default()),
            Self::Producer { producer, .. } => put_producer(out, producer),
            Self::Sequence { sequence, .. } => put_text(out, sequence),
            Self::Fork {
                source,
                from,
                at,
                since,
                ..
            } => {
                out.put_u64_le(source.0);
                put_offset(out, *from);
                put_offset(out, *at);
                out.put_i64_le(since.0);
            }
            Self::Retain { retention, .. } => put_retention(out, *retention),
            Self::Settled { from, until, .. } => {
                put_offset(out, *from);
                put_offset(out, *until);
            }
            _ => {}
        }
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Create { .. } => 1,
            Self::Append { .. } => APPEND,
            Self::Close { .. } => 3,
            Self::Delete { .. } => 4,
            Self::Producer { .. } => 5,
            Self::Sequence { .. } => 6,
            Self::Topic(_) => 7,
            Self::NoTopic { .. } => 8,
            Self::Settled { .. } => 9,
            Self::Journal { .. } => 10,
            Self::Fork { .. } => 11,
            Self::Retire { .. } => 12,
            Self::Retain { .. } => 13,
            Self::Note(_) => 14,
        }
    }

    /// The entry that `text` begins with; none is a kind that is not known.
    pub(super) fn read(text: &mut Bytes) -> Result<Option<Self>, TryGetError> {
        Ok(Some(match text.try_get_u8()? {
            7 => Self::Topic(topic(text)?),
            8 => Self::NoTopic {
                name: read_text(text)?,
            },
            14 => Self::Note(Note::read(text)?),
            10 => Self::Journal {
                link: link(text)?,
                next_stream: stream(text)?,
            },
            kind => return Self::read_of_stream(kind, text),
        }))
    }

    /// An entry of this kind that says something of a stream.
    fn read_of_stream(kind: u8, text: &mut Bytes) -> Result<Option<Self>, TryGetError> {
        let stream = stream(text)?;
        Ok(Some(match kind {
            1 => Self::Create {
                stream,
                name: read_text(text)?,
                settings: settings(text)?,
            },
            APPEND => Self::Append {
                stream,
                first: offset(text)?,
                records: text.try_get_u64_le()?,
                time: Timestamp(text.try_get_i64_le()?),
                content: content(text)?,
            },
            3 => Self::Close {
                stream,
                by: Some(read_text(text)?).filter(|by| !by.is_empty()),
            },
            4 => Self::Delete { stream },
            5 => Self::Producer {
                stream,
                producer: Producer {
                    epoch: text.try_get_u64_le()?,
                    sequence: text.try_get_u64_le()?,
                    id: read_text(text)?,
                },
            },
            6 => Self::Sequence {
                stream,
                sequence: read_text(text)?,
            },
            9 => Self::Settled {
                stream,
                from: offset(text)?,
                until: offset(text)?,
            },
            11 => Self::Fork {
                stream,
                source: self::stream(text)?,
                from: offset(text)?,
                at: offset(text)?,
                since: Timestamp(text.try_get_i64_le()?),
            },
            12 => Self::Retire { stream },
            13 => Self::Retain {
                stream,
                retention: retention(text)?,
            },
            _ => return Ok(None),
        }))
    }
}

/// What stands before the content of an append, which has so many bytes.
fn put_append(out: &mut Vec<u8>, (first, records, time): (Offset, u64, Timestamp), bytes: usize) {
    put_offset(out, first);
    out.put_u64_le(records);
    out.put_i64_le(time.0);
    put_length(out, bytes);
}

fn put_settings(out: &mut Vec<u8>, settings: &Settings) {
    put_text(out, &settings.content_type);
    put_lifetime(out, settings.lifetime);
    put_retention(out, settings.retention);
}

fn put_topic(out: &mut Vec<u8>, topic: &Topic) {
    out.put_u16_le(topic.partitions);
    put_retention(out, topic.retention);
    put_text(out, &topic.name);
    put_text(out, &topic.key);
}

fn put_link(out: &mut Vec<u8>, link: Link) {
    out.put_u64_le(link.number);
    out.put_u32_le(link.before);
}

fn put_producer(out: &mut Vec<u8>, producer: &Producer) {
    out.put_u64_le(producer.epoch);
    out.put_u64_le(producer.sequence);
    put_text(out, &producer.id);
}

fn put_offset(out: &mut Vec<u8>, offset: Offset) {
    out.put_u64_le(offset.record);
    out.put_u64_le(offset.byte);
}

fn put_lifetime(out: &mut Vec<u8>, lifetime: Lifetime) {
    let (kind, number) = match lifetime {
        Lifetime::Unlimited => (0, 0),
        Lifetime::Idle(seconds) => (1, seconds.cast_signed()),
        Lifetime::Until(time) => (2, time.0),
    };
    out.put_u8(kind);
    out.put_i64_le(number);
}

fn put_retention(out: &mut Vec<u8>, retention: Retention) {
    let age = retention.age.map(|age| u64::try_from(age.as_millis()));
    out.put_u64_le(retention.bytes.unwrap_or(UNBOUNDED));
    out.put_u64_le(age.and_then(Result::ok).unwrap_or(UNBOUNDED));
}

fn settings(text: &mut Bytes) -> Result<Settings, TryGetError> {
    Ok(Settings {
        content_type: read_text(text)?,
        lifetime: lifetime(text)?,
        retention: retention(text)?,
    })
}

fn topic(text: &mut Bytes) -> Result<Topic, TryGetError> {
    Ok(Topic {
        partitions: text.try_get_u16_le()?,
        retention: retention(text)?,
        name: read_text(text)?,
        key: read_text(text)?,
    })
}

fn link(text: &mut Bytes) -> Result<Link, TryGetError> {
    Ok(Link {
        number: text.try_get_u64_le()?,
        before: text.try_get_u32_le()?,
    })
}

fn stream(text: &mut Bytes) -> Result<StreamId, TryGetError> {
    text.try_get_u64_le().map(StreamId)
}

fn offset(text: &mut Bytes) -> Result<Offset, TryGetError> {
    Ok(Offset {
        record: text.try_get_u64_le()?,
        byte: text.try_get_u64_le()?,
    })
}

fn lifetime(text: &mut Bytes) -> Result<Lifetime, TryGetError> {
    let (kind, number) = (text.try_get_u8()?, text.try_get_i64_le()?);
    Ok(match kind {
        1 => Lifetime::Idle(number.cast_unsigned()),
        2 => Lifetime::Until(Timestamp(number)),
        _ => Lifetime::Unlimited,
    })
}

fn retention(text: &mut Bytes) -> Result<Retention, TryGetError> {
    let mut bound = || {
        let number = text.try_get_u64_le()?;
        Ok((number != UNBOUNDED).then_some(number))
    };
    Ok(Retention {
        bytes: bound()?,
        age: bound()?.map(Duration::from_millis),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn create(stream: StreamId, retention: Retention, lifetime: Lifetime) -> Entry {
        Entry::Create {
            stream,
            name: "a.b".to_owned(),
            settings: Settings {
                content_type: "text/plain".to_owned(),
                lifetime,
                retention,
            },
        }
    }

    fn fork(stream: StreamId, at: Offset) -> Entry {
        Entry::Fork {
            stream,
            source: StreamId(6),
            from: Offset::default(),
            at,
            since: Timestamp(-3),
        }
    }

    fn topic() -> Entry {
        Entry::Topic(Topic {
            name: "t".to_owned(),
            partitions: 3,
            key: "/a".to_owned(),
            retention: Retention::default(),
        })
    }

    /// One of each kind.
    pub(in crate::log) fn all() -> Vec<Entry> {
        let stream = StreamId(7);
        let first = Offset {
            record: 3,
            byte: 30,
        };
        let retention = Retention {
            bytes: Some(5),
            age: Some(Duration::from_secs(1)),
        };
        let producer = Producer {
            id: "p".to_owned(),
            epoch: 1,
            sequence: 2,
        };
        vec![
            create(stream, retention, Lifetime::Unlimited),
            create(stream, retention, Lifetime::Idle(9)),
            create(stream, retention, Lifetime::Until(Timestamp(-1))),
            Entry::Append {
                stream,
                first,
                records: 2,
                time: Timestamp(-5),
                content: Bytes::from_static(b"1\n22\n"),
            },
            Entry::Close { stream, by: None },
            Entry::Close {
                stream,
                by: Some("p".to_owned()),
            },
            Entry::Delete { stream },
            Entry::Producer { stream, producer },
            Entry::Sequence {
                stream,
                sequence: "x".to_owned(),
            },
            topic(),
            Entry::NoTopic {
                name: "t".to_owned(),
            },
            Entry::Note(Note {
                name: "n".to_owned(),
                text: Bytes::from_static(b"\0"),
            }),
            fork(stream, first),
            Entry::Retire { stream },
            Entry::Retain { stream, retention },
            Entry::Settled {
                stream,
                from: Offset::default(),
                until: first,
            },
            Entry::Journal {
                link: Link {
                    number: 4,
                    before: 5,
                },
                next_stream: stream,
            },
        ]
    }

    #[test]
    fn an_entry_that_is_cut_short_is_none() {
        for entry in all() {
            let mut text = Vec::new();
            entry.write(&mut text);
            let whole = Bytes::from(text);
            assert_eq!(Entry::read(&mut whole.clone()), Ok(Some(entry)));
            for length in 0..whole.len() {
                assert!(Entry::read(&mut whole.slice(..length)).is_err());
            }
        }
    }
}
