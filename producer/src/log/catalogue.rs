//! The catalogue: which streams and topics there are, how far each lies in segments, and where the
//! journal goes on from there.
//!
//! A file that begins with its magic and a number (8 and 8 bytes), and then frames, the first of
//! which has that number; a frame for each time something was settled. When it is twice as long as it was,
//! what it comes to is written to another file, which takes its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use bytes::{Buf, BufMut, Bytes};
use common::offset::Offset;

use super::{
    disk::{self, Disk, File},
    entry::{Entry, StreamId},
    frame::{self, Draft, Link, Read, any_later, salvage},
    journal::Damage,
    note::Note,
    producers::Producers,
    topic::Topic,
};

const MAGIC: &[u8; 8] = b"BrkCtlg2";
const HEAD_BYTES: usize = 16;
pub(super) const FILE: &str = "catalogue";
pub(super) const NEW_FILE: &str = "catalogue.new";

/// A frame of a new file takes no more entries once it is as long as this.
const FRAME_BYTES: usize = 1024 * 1024;

/// A file is not made anew before it is as long as this.
const REWRITTEN_BYTES: u64 = 256 * 1024;

/// The file that is being written.
#[derive(Debug)]
pub(super) struct Catalogue {
    file: Box<dyn File>,
    at: u64,
    link: Link,
    /// How long it may get.
    rewrite_at: u64,
}

/// What a catalogue comes to.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) streams: BTreeMap<StreamId, Listed>,
    pub(super) topics: BTreeMap<String, Topic>,
    pub(super) notes: BTreeMap<String, Bytes>,
    /// Streams that were deleted since the file was made; of some there may still be segments.
    pub(super) deleted: BTreeSet<StreamId>,
    /// Where the journal goes on.
    pub(super) journal: Link,
    pub(super) next_stream: StreamId,
}

/// A stream, as entries tell of it.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// What describes it, but for what has its own field; the latest of each kind.
    pub(super) created: Option<Entry>,
    pub(super) fork: Option<Entry>,
    pub(super) retired: Option<Entry>,
    pub(super) closed: Option<Entry>,
    pub(super) sequence: Option<Entry>,
    pub(super) producers: Producers,
    /// What lies in segments.
    pub(super) from: Offset,
    pub(super) until: Offset,
}

impl Catalogue {
    /// Reads what there is; nothing where there is none yet. What follows the last whole frame was
    /// being written when the power went.
    ///
    /// # Errors
    /// It is damaged, of a newer format, or cannot be read.
    pub(super) fn read(disk: &dyn Disk) -> Result<Contents, Damage> {
        let text = match disk::read_all(disk, Path::new(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::default()),
            text => Bytes::from(text?),
        };
        let damage = |what| Damage::File {
            file: FILE.to_owned(),
            what,
        };
        let mut link = text
            .split_at_checked(HEAD_BYTES)
            .and_then(|(head, _)| first(head))
            .ok_or_else(|| damage("its head is damaged, or of another format"))?;
        let (mut contents, mut at) = (Contents::default(), HEAD_BYTES);
        loop {
            match link.read(&text.slice(at..)) {
                Read::Frame(entries, next, length) => {
                    entries.into_iter().for_each(|entry| contents.apply(entry));
                    (link, at) = (next, at + length);
                }
                Read::Newer => return Err(damage(frame::NEWER)),
                Read::Torn(what) | Read::Nothing(what) if at == HEAD_BYTES => {
                    return Err(damage(what));
                }
                Read::Torn(_) | Read::Nothing(_) if any_later(&text.slice(at..), link.number) => {
                    return Err(damage(
                        "a frame is damaged, and there are valid ones after it",
                    ));
                }
                Read::Torn(_) | Read::Nothing(_) => return Ok(contents),
            }
        }
    }

    /// What can be read of a catalogue that may be damaged.
    pub(super) fn salvage(disk: &dyn Disk) -> io::Result<Vec<Entry>> {
        match disk::read_all(disk, Path::new(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            text => Ok(salvage(&text?.into(), 0)),
        }
    }

    /// Writes a file that says `contents`, in place of the one before.
    pub(super) fn write(disk: &dyn Disk, contents: &Contents) -> io::Result<Self> {
        let mut link = Link {
            number: contents.journal.number,
            before: 0,
        };
        let file = disk.create(Path::new(NEW_FILE))?;
        file.set_length(0)?;
        let mut text = MAGIC.to_vec();
        text.put_u64_le(link.number);
        let (mut at, mut draft) = (0, Draft::default());
        for entry in contents.entries() {
            draft.push(&entry);
            if draft.bytes() >= FRAME_BYTES {
                link = add(&mut text, &mut draft, link);
                file.write_at(&text, at)?;
                at += text.len() as u64;
                text.clear();
            }
        }
        link = add(&mut text, &mut draft, link);
        file.write_at(&text, at)?;
        at += text.len() as u64;
        file.sync()?;
        disk.rename(Path::new(NEW_FILE), Path::new(FILE))?;
        disk.sync_folder(Path::new(""))?;
        Ok(Self {
            file,
            at,
            link,
            rewrite_at: REWRITTEN_BYTES.max(2 * at),
        })
    }

    /// Adds what is new, for good.
    pub(super) fn append(&mut self, disk: &dyn Disk, entries: &[Entry]) -> io::Result<()> {
        let mut draft = Draft::default();
        entries.iter().for_each(|entry| draft.push(entry));
        let (frame, link) = draft.end(self.link);
        self.file.write_at(frame, self.at)?;
        self.file.sync()?;
        self.at += frame.len() as u64;
        self.link = link;
        if self.at >= self.rewrite_at {
            let contents = Self::read(disk).map_err(io::Error::other)?;
            *self = Self::write(disk, &contents)?;
        }
        Ok(())
    }
}

/// Adds the frame to `text`, if there is anything in it, and begins another one.
fn add(text: &mut Vec<u8>, draft: &mut Draft, link: Link) -> Link {
    if draft.is_empty() {
        return link;
    }
    let (frame, next) = draft.end(link);
    text.extend_from_slice(frame);
    draft.clear(FRAME_BYTES);
    next
}

/// The place of a file's first frame.
fn first(head: &[u8]) -> Option<Link> {
    let mut number = head.strip_prefix(MAGIC)?;
    Some(Link {
        number: number.try_get_u64_le().ok()?,
        before: 0,
    })
}

impl Contents {
    /// Does what an entry says: of a catalogue, or of a journal (but for the records themselves).
    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Create { stream, .. } => {
                self.next_stream = self.next_stream.max(StreamId(stream.0 + 1));
                self.streams.entry(stream).or_default().created = Some(entry);
            }
            Entry::Delete { stream } => {
                self.streams.remove(&stream);
                self.deleted.insert(stream);
            }
            Entry::Topic(topic) => {
                self.topics.insert(topic.name.clone(), topic);
            }
            Entry::NoTopic { name } => {
                self.topics.remove(&name);
            }
            Entry::Note(Note { name, text }) if text.is_empty() => {
                self.notes.remove(&name);
            }
            Entry::Note(Note { name, text }) => {
                self.notes.insert(name, text);
            }
            Entry::Journal { link, next_stream } => {
                self.journal = link;
                self.next_stream = self.next_stream.max(next_stream);
            }
            Entry::Append { stream, .. }
            | Entry::Close { stream, .. }
            | Entry::Producer { stream, .. }
            | Entry::Sequence { stream, .. }
            | Entry::Retain { stream, .. }
            | Entry::Fork { stream, .. }
            | Entry::Retire { stream }
            | Entry::Settled { stream, .. } => {
                if let Some(listed) = self.streams.get_mut(&stream) {
                    listed.apply(entry);
                }
            }
        }
    }

    /// What makes them what they are.
    fn entries(&self) -> impl Iterator<Item = Entry> {
        let journal = Entry::Journal {
            link: self.journal,
            next_stream: self.next_stream,
        };
        let topics = self.topics.values().cloned().map(Entry::Topic);
        let streams = self
            .streams
            .iter()
            .flat_map(|(stream, listed)| listed.entries(*stream));
        let notes = self.notes.clone().into_iter();
        let notes = notes.map(|(name, text)| Entry::Note(Note { name, text }));
        let shared = std::iter::once(journal).chain(topics).chain(notes);
        shared.chain(streams)
    }
}

impl Listed {
    /// Whether nothing is known of it but that there are segments.
    pub(super) fn is_lost(&self) -> bool {
        self.until == Offset::MAX
    }

    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Close { .. } => self.closed = Some(entry),
            Entry::Sequence { .. } => self.sequence = Some(entry),
            Entry::Fork { from, at, .. } => {
                (self.from, self.until) = (from, at);
                self.fork = Some(entry);
            }
            Entry::Retire { .. } => self.retired = Some(entry),
            Entry::Producer { producer, .. } => self.producers.heard_of(producer, true),
            Entry::Retain { retention, .. } => {
                if let Some(Entry::Create { settings, .. }) = &mut self.created {
                    settings.retention = retention;
                }
            }
            Entry::Settled { from, until, .. } => (self.from, self.until) = (from, until),
            _ => {}
        }
    }

    fn entries(&self, stream: StreamId) -> impl Iterator<Item = Entry> {
        let settled = Entry::Settled {
            stream,
            from: self.from,
            until: self.until,
        };
        let is_settled = self.until != Offset::default();
        let described = [
            &self.created,
            &self.fork,
            &self.retired,
            &self.sequence,
            &self.closed,
        ];
        let described = described.into_iter().flatten().cloned();
        let producers = self.producers.all();
        let producers = producers.map(move |producer| Entry::Producer { stream, producer });
        described
            .chain(is_settled.then_some(settled))
            .chain(producers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::proof::simulated::{Fault, SimDisk, State};

    #[test]
    fn a_frame_of_a_newer_format_is_refused() {
        let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
        let written = Catalogue::write(&disk, &Contents::default()).unwrap();
        assert!(Catalogue::read(&disk).is_ok());
        let mut later = Draft::of_later();
        let (text, _) = later.end(written.link);
        written.file.write_at(text, written.at).unwrap();
        let refused = Catalogue::read(&disk).map(drop).unwrap_err();
        assert_eq!(refused.to_string(), format!("catalogue: {}", frame::NEWER));
    }
}
