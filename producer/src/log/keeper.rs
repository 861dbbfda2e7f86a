//! The one who settles: moves what is in full journal files into segments, makes that durable, says
//! so in the catalogue, and only then drops the journal files.

use std::{
    io,
    sync::{Arc, mpsc::Receiver},
};

use common::time::Clock;

use super::{
    Log, Tail, catalogue,
    disk::Disk,
    frame::{Entry, Link},
    journal,
    kept::SEGMENT_BYTES,
    segment::Segments,
};

/// Everything before `link` may be settled: the log until `tail`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed {
    pub(super) link: Link,
    pub(super) tail: Tail,
}

#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) segments: Segments,
    pub(super) clock: Clock,
    pub(super) log: Log,
    /// How much is kept; none is all.
    pub(super) retention_bytes: Option<u64>,
    /// How much of what is settled stays in memory.
    pub(super) memory_bytes: u64,
}

impl Keeper {
    /// Settles until nobody seals any more.
    pub(super) fn run(mut self, sealed: &Receiver<Sealed>) {
        while let Ok(sealed) = sealed.recv() {
            if let Err(error) = self.settle(sealed) {
                // The journal still has all of it, and a restart settles it.
                tracing::error!(%error, "cannot settle the journal: it is kept as it is");
                return;
            }
        }
    }

    pub(super) fn settle(&mut self, Sealed { link, tail }: Sealed) -> io::Result<()> {
        while self.segments.end() < tail.next {
            let at = self.segments.end();
            let rest = usize::try_from(tail.next.byte - at.byte).unwrap_or(usize::MAX);
            let lines = self.log.recent(at, SEGMENT_BYTES.min(rest));
            let lines =
                lines.ok_or_else(|| io::Error::other("what is not settled is in memory"))?;
            self.segments.append(&lines, self.clock.now())?;
        }
        self.segments.sync()?;
        catalogue::write(self.disk.as_ref(), link, &self.entries(tail))?;
        journal::remove_before(self.disk.as_ref(), link)?;
        let gone = self
            .retention_bytes
            .map(|bytes| self.segments.retain(bytes));
        self.log.settled(self.segments.shelf(), self.memory_bytes);
        self.segments.remove(&gone.unwrap_or_default())
    }

    fn entries(&self, tail: Tail) -> Vec<Entry> {
        let (stream, name) = (self.log.id(), self.log.name().to_owned());
        let mut entries = vec![
            Entry::Create { stream, name },
            Entry::Settled {
                stream,
                until: self.segments.end(),
            },
        ];
        entries.extend(tail.closed.then_some(Entry::Close { stream }));
        entries
    }
}
