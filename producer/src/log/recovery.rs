//! Opens a directory: what the catalogue says, and then what the journal says since.

use std::{io, sync::Arc};

use common::offset::Offset;

use super::{
    catalogue,
    disk::Disk,
    frame::{Entry, Link, StreamId},
    journal::{self, Damage},
    kept::Kept,
    segment::Segments,
};

/// A log as it was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Where the journal goes on.
    pub(super) link: Link,
    pub(super) segments: Segments,
    /// What is not settled yet.
    pub(super) kept: Kept,
    pub(super) closed: bool,
}

/// Finds the log of `stream`; an empty directory is an empty log.
///
/// # Errors
/// The directory is damaged, or cannot be read. Nothing in it was changed.
pub(super) fn find(
    disk: &Arc<dyn Disk>,
    stream: StreamId,
    segment_bytes_max: u64,
) -> Result<Found, Damage> {
    let (link, entries) = catalogue::read(disk.as_ref())?;
    let (mut settled, mut closed) = (Offset::default(), false);
    for entry in entries {
        match entry {
            Entry::Settled { stream: of, until } if of == stream => settled = until,
            Entry::Close { stream: of } if of == stream => closed = true,
            _ => {}
        }
    }
    let segments = Segments::open(disk.clone(), stream, settled, segment_bytes_max)?;
    let mut kept = Kept::new(settled);
    let mut gap = None;
    let link = journal::replay(disk.as_ref(), link, |entry| match entry {
        Entry::Append {
            stream: of,
            first,
            lines,
            ..
        } if of == stream => {
            if first == kept.next() {
                kept.append(&lines);
            } else {
                gap.get_or_insert(first);
            }
        }
        Entry::Close { stream: of } if of == stream => closed = true,
        _ => {}
    })?;
    match gap {
        Some(first) => {
            let what = format!("the journal goes on at {first}, the log ends before it");
            Err(io::Error::new(io::ErrorKind::InvalidData, what).into())
        }
        None => Ok(Found {
            link,
            segments,
            kept,
            closed,
        }),
    }
}
