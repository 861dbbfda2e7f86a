//! Finds what is in a directory: what the catalogue says, and then what the journal says since.
//! Changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::Arc,
};

use super::{
    append::Content,
    base::Base,
    catalogue::{Catalogue, Contents, Listed},
    disk::Disk,
    entry::{Entry, StreamId},
    fork::Origin,
    frame::Link,
    head::Head,
    journal::{self, Damage, Torn},
    kept::Kept,
    memory::Memory,
    shelf,
    stream::Stream,
};

/// A log as it was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Where the journal goes on.
    pub(super) link: Link,
    /// What was torn there.
    pub(super) torn: Option<Torn>,
    /// What there is; what is settled is as the catalogue has it.
    pub(super) contents: Contents,
    /// What is not settled yet, of each stream that has such.
    pub(super) kept: BTreeMap<StreamId, Kept>,
}

/// Finds the log; an empty directory is an empty log.
///
/// # Errors
/// The directory is damaged, or cannot be read. Nothing in it was changed.
pub(super) fn find(disk: &dyn Disk) -> Result<Found, Damage> {
    let mut contents = Catalogue::read(disk)?;
    let (mut kept, mut gap) = (BTreeMap::new(), None);
    let (link, torn) = journal::replay(disk, contents.journal, |entry| {
        if let Entry::Append { stream, first, .. } = &entry
            && let Some(listed) = contents.streams.get(stream)
            && !keep(&mut kept, listed, &entry)
        {
            gap.get_or_insert((*stream, *first));
        }
        contents.apply(entry);
    })?;
    // A log that has nothing yet has no records. These are of one that was copied or repaired in part.
    if link == Link::default() && !disk.list(Path::new(shelf::FOLDER))?.is_empty() {
        return Err(Damage::File {
            file: shelf::FOLDER.to_owned(),
            what: "there are records, and neither a catalogue nor a journal tells of which streams",
        });
    }
    if let Some(fork) = orphan(&contents) {
        let what = format!("stream {} is a fork of one that is not there", fork.0);
        return Err(io::Error::new(io::ErrorKind::InvalidData, what).into());
    }
    let streams: BTreeSet<_> = contents.streams.keys().copied().collect();
    kept.retain(|stream, _| streams.contains(stream));
    match gap.filter(|(stream, _)| streams.contains(stream)) {
        Some((stream, first)) => {
            let what = format!(
                "the journal goes on at {first} in stream {}, which ends before it",
                stream.0
            );
            Err(io::Error::new(io::ErrorKind::InvalidData, what).into())
        }
        None => Ok(Found {
            link,
            torn,
            contents,
            kept,
        }),
    }
}

/// A fork of a stream that is not there, if there is one.
fn orphan(contents: &Contents) -> Option<StreamId> {
    let forks = contents.streams.values();
    let mut forks = forks.filter_map(|listed| match listed.fork {
        Some(Entry::Fork { stream, source, .. }) => Some((stream, source)),
        _ => None,
    });
    let streams = &contents.streams;
    let orphan = forks.find(|(fork, source)| source >= fork || !streams.contains_key(source));
    orphan.map(|(stream, _)| stream)
}

/// Keeps what an entry appends; false where it does not follow.
fn keep(kept: &mut BTreeMap<StreamId, Kept>, listed: &Listed, entry: &Entry) -> bool {
    let Entry::Append {
        stream,
        first,
        records,
        time,
        content,
    } = entry
    else {
        return true;
    };
    let framing = listed.framing();
    let kept = kept
        .entry(*stream)
        .or_insert_with(|| Kept::new(framing, listed.until));
    let follows = *first == kept.next();
    if follows {
        let content = Content::of_parts([content.clone()], *records);
        kept.append(&content, *time, &Memory::default());
    }
    follows
}

impl Found {
    /// The streams, and those of them of which something is not settled.
    pub(super) fn streams(&mut self, base: &Arc<Base>) -> (Vec<Stream>, Vec<Stream>) {
        let (mut all, mut unsettled) = (BTreeMap::new(), Vec::new());
        for (id, listed) in &self.contents.streams {
            let kept = self.kept.remove(id);
            let is_unsettled = kept.is_some();
            // What is forked was there before, so it is there now.
            let origin = listed.origin(&all);
            let Some(stream) = listed.stream(base, *id, kept, origin) else {
                continue;
            };
            if is_unsettled {
                unsettled.push(stream.clone());
            }
            all.insert(*id, stream);
        }
        (all.into_values().collect(), unsettled)
    }
}

impl Listed {
    /// Whose records it shares, if it is a fork; that one is among the streams that were there before.
    fn origin(&self, earlier: &BTreeMap<StreamId, Stream>) -> Option<Origin> {
        let Some(Entry::Fork {
            stream,
            source,
            from,
            at,
            since,
        }) = self.fork
        else {
            return None;
        };
        let source = earlier.get(&source)?.clone();
        source.head().forks += 1;
        let origin = Origin {
            source,
            from,
            at,
            since,
        };
        // What it has let go of by its own retention it does not need, nor if it is read no more.
        if self.from < at && self.retired.is_none() {
            origin.pin(stream);
        }
        Some(origin)
    }

    fn stream(
        &self,
        base: &Arc<Base>,
        id: StreamId,
        kept: Option<Kept>,
        origin: Option<Origin>,
    ) -> Option<Stream> {
        let Some(Entry::Create { name, settings, .. }) = &self.created else {
            return None;
        };
        let kept = kept.unwrap_or_else(|| Kept::new(settings.framing(), self.until));
        let mut head = Head::at(kept.next());
        head.deleted = self.retired.is_some();
        head.sealed = self.until;
        if let Some(Entry::Close { by, .. }) = &self.closed {
            head.close(by.clone());
        }
        if let Some(Entry::Sequence { sequence, .. }) = &self.sequence {
            head.sequence = Some(sequence.clone());
        }
        for producer in self.producers.all() {
            head.producers.heard_of(producer, true);
        }
        let named = (id, name.clone(), settings.clone());
        let settled = (self.from, self.until);
        Some(Stream::new(base, named, head, kept, (settled, origin)))
    }

    fn framing(&self) -> super::settings::Framing {
        match &self.created {
            Some(Entry::Create { settings, .. }) => settings.framing(),
            _ => super::settings::Framing::Lines,
        }
    }
}
