//! The journal: what every append of every stream goes through, and where it is durable.
//!
//! A row of files, each named after its first frame. A file begins with its magic and the place of
//! that frame in the chain, so the chain goes on from file to file:
//!
//! ```text
//!  0          8                16       20       24
//!  ├ magic ───┼ number ────────┼ before ┼ check ─┼─ frames …
//! ```
//!
//! Frames are written behind one another and synced together; after the first error nothing is
//! written any more, because what is on disk then is not known.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{Buf, BufMut, Bytes};

use super::{
    disk::{self, Disk, File},
    frame::{self, Entry, Link, Read},
};

const MAGIC: &[u8; 8] = b"BrkJrnl1";
const HEAD_BYTES: usize = 24;
const FOLDER: &str = "journal";

/// The file that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    file: Box<dyn File>,
    at: u64,
    link: Link,
}

/// A damaged directory, which is left as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Damage {
    #[error("cannot use it: {0}")]
    Io(#[from] io::Error),
    #[error("{file}, byte {at}: {what}, and there are valid frames after it")]
    Frame {
        file: String,
        at: usize,
        what: &'static str,
    },
    #[error("{file}: {what}")]
    File { file: String, what: &'static str },
}

impl Journal {
    /// Begins a file whose first frame is `link`.
    pub(super) fn begin(disk: &Arc<dyn Disk>, link: Link) -> io::Result<Self> {
        disk.make_folder(Path::new(FOLDER))?;
        let file = disk.create(&path(link))?;
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.put_slice(MAGIC);
        head.put_u64_le(link.number);
        head.put_u32_le(link.before);
        head.put_u32_le(crc32c::crc32c(&head));
        file.set_length(0)?;
        file.write_at(&head, 0)?;
        file.sync()?;
        disk.sync_folder(Path::new(FOLDER))?;
        Ok(Self {
            file,
            at: HEAD_BYTES as u64,
            link,
        })
    }

    /// The place of the next frame.
    pub(super) const fn link(&self) -> Link {
        self.link
    }

    /// How long the file is.
    pub(super) const fn bytes(&self) -> u64 {
        self.at
    }

    /// Writes frames that lead to `link`, and waits until they are on stable storage.
    pub(super) fn append(&mut self, frames: &[u8], link: Link) -> io::Result<()> {
        self.file.write_at(frames, self.at)?;
        self.file.sync()?;
        self.at += frames.len() as u64;
        self.link = link;
        Ok(())
    }
}

/// Shows all entries from `link` on to `replay`, frame by frame; returns the place behind them.
///
/// What comes after the last whole frame is a torn tail if nothing valid follows.
///
/// # Errors
/// The directory is damaged, or cannot be read.
pub(super) fn replay(
    disk: &dyn Disk,
    mut link: Link,
    mut replay: impl FnMut(Entry),
) -> Result<Link, Damage> {
    for name in disk.list(Path::new(FOLDER))? {
        let text = Bytes::from(disk::read_all(disk, &Path::new(FOLDER).join(&name))?);
        match first(&text) {
            // What is settled, and was about to be removed.
            Some(first) if first.number < link.number => continue,
            Some(first) if first == link => {}
            Some(_) => {
                return Err(Damage::File {
                    file: name,
                    what: "a file before it is missing",
                });
            }
            // It was being made when the power went: nothing can have been written to it.
            None if text.len() <= HEAD_BYTES => continue,
            None => {
                return Err(Damage::File {
                    file: name,
                    what: "its head is damaged",
                });
            }
        }
        let mut at = HEAD_BYTES;
        let rest = |at| text.slice(at..);
        let what = loop {
            match link.read(&rest(at)) {
                Read::Frame(entries, next, length) => {
                    entries.into_iter().for_each(&mut replay);
                    link = next;
                    at += length;
                }
                Read::Nothing(what) => break what,
            }
        };
        if frame::any_later(&rest(at), link.number) {
            return Err(Damage::Frame {
                file: name,
                at,
                what,
            });
        }
        if at < text.len() {
            tracing::warn!(
                file = name,
                at,
                bytes = text.len() - at,
                "passed over a torn tail: {what}"
            );
        }
    }
    Ok(link)
}

/// Removes the files whose frames all come before `link`.
pub(super) fn remove_before(disk: &dyn Disk, link: Link) -> io::Result<()> {
    let is_before = |name: &String| name.parse().is_ok_and(|number: u64| number < link.number);
    let names = disk.list(Path::new(FOLDER))?;
    for name in names.into_iter().filter(is_before) {
        disk.remove(&Path::new(FOLDER).join(name))?;
    }
    Ok(())
}

fn path(link: Link) -> PathBuf {
    Path::new(FOLDER).join(format!("{:020}", link.number))
}

/// The place of a file's first frame.
fn first(text: &[u8]) -> Option<Link> {
    let (head, mut check) = text.get(..HEAD_BYTES)?.split_at(HEAD_BYTES - 4);
    let mut fields = head.strip_prefix(MAGIC)?;
    let link = Link {
        number: fields.get_u64_le(),
        before: fields.get_u32_le(),
    };
    (check.get_u32_le() == crc32c::crc32c(head)).then_some(link)
}
