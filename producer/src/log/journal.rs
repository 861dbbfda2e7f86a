//! The journal: what every append of every stream goes through, and where it is durable.
//!
//! A row of files, each named after its first frame. A file begins with its magic and the place of
//! that frame in the chain, so the chain goes on from file to file:
//!
//! ```text
//!  0          8                16               24       28       32
//!  ├ magic ───┼ number ────────┼ length ────────┼ before ┼ check ─┼─ frames …
//! ```
//!
//! `length` is that of the file when it was begun. It gets longer where a frame does not fit, and
//! never shorter: so one that is shorter was cut, and that is no torn tail. A file of `BrkJrnl2`,
//! as version 0.1.0 began them, has no `length`, and is as long as files are at the least.
//!
//! A file that is settled is used again, as a spare: blocks that were written before are cheaper to
//! sync, and there is space for them when the disk is full. So behind the last frame of a file
//! there may be others, of another time; their numbers are lower, and they are no links.
//!
//! After the first error nothing is written any more, because what is on disk then is not known.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::{Buf, BufMut, Bytes};

pub(super) use super::damage::Damage;
use super::{
    disk::{self, AT_ONCE_BYTES, Disk, File},
    entry::Entry,
    frame::{self, Draft, Link, Read},
    open::FILE_BYTES_MIN,
    space,
};

const MAGIC: &[u8; 8] = b"BrkJrnl3";
const HEAD_BYTES: usize = 32;
const OLD_MAGIC: &[u8; 8] = b"BrkJrnl2";
const OLD_HEAD_BYTES: usize = 24;
const FOLDER: &str = "journal";
const SPARE: &str = "journal/spare";
const NEW_SPARE: &str = "journal/spare.new";

/// The file that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    file: Box<dyn File>,
    at: u64,
    link: Link,
}

/// What the head of a file says.
struct Head {
    /// The place of its first frame, in the chain and in the file.
    link: Link,
    at: usize,
    /// How long the file is at the least.
    length: u64,
}

/// The journal's files, for the one who writes them and the one who lets go of them.
#[derive(Debug)]
pub(super) struct Files {
    disk: Arc<dyn Disk>,
    /// So much stays free where a spare is made.
    floor_bytes: u64,
    /// The number of the newest file that has its name for good, as far as this run knows; held while
    /// names are given.
    named: Mutex<Option<u64>>,
}

impl Files {
    pub(super) const fn new(disk: Arc<dyn Disk>, floor_bytes: u64) -> Self {
        Self {
            disk,
            floor_bytes,
            named: Mutex::new(None),
        }
    }

    /// Begins a file of so many bytes whose first frame is `link`. It has its name when its head is
    /// durable, and its space on the disk.
    pub(super) fn begin(&self, link: Link, bytes: u64) -> io::Result<Journal> {
        self.begin_with(link, bytes, || space::reserve(self.disk.as_ref()))
    }

    /// As [`Files::begin`]; does `then` when there is space for it.
    fn begin_with(&self, link: Link, bytes: u64, then: impl FnOnce()) -> io::Result<Journal> {
        let mut named = self.named();
        disk::make_folder_for_good(self.disk.as_ref(), Path::new(FOLDER))?;
        let file = self.disk.create(Path::new(SPARE))?;
        space::allocate(self.disk.as_ref(), file.as_ref(), bytes)?;
        then();
        self.name(file.as_ref(), SPARE, link)?;
        *named = Some(link.number);
        Ok(Journal {
            file,
            at: HEAD_BYTES as u64,
            link,
        })
    }

    /// As [`Files::begin`], on a full disk: a short file, of `bytes` at the most, in the space that is
    /// held for it. Returns how long it is too.
    pub(super) fn begin_short(&self, link: Link, bytes: u64) -> io::Result<(Journal, u64)> {
        let bytes = bytes.min(space::SHORT_BYTES);
        let journal = match self.begin_with(link, bytes, || ()) {
            Err(error) if space::is_lacking(&error) => {
                self.disk.remove(Path::new(space::RESERVE))?;
                self.begin_with(link, bytes, || ())?
            }
            begun => begun?,
        };
        Ok((journal, bytes))
    }

    /// Lets go of a spare that an earlier run has not made to its end.
    pub(super) fn tidy(&self) {
        drop(self.disk.remove(Path::new(NEW_SPARE)));
    }

    /// Sees to it that there is a file whose first frame is `link`, for good: where it could not be
    /// begun, or it cannot be told whether it was, one that has room for no frame, until it is begun.
    pub(super) fn announce(&self, link: Link) -> io::Result<()> {
        let mut named = self.named();
        if *named >= Some(link.number) {
            return Ok(());
        }
        disk::make_folder_for_good(self.disk.as_ref(), Path::new(FOLDER))?;
        let file = self.disk.create(Path::new(NEW_SPARE))?;
        file.set_length(0)?;
        self.name(file.as_ref(), NEW_SPARE, link)?;
        *named = Some(link.number);
        Ok(())
    }

    /// Makes the file that is called `from` the one whose first frame is `link`, for good.
    fn name(&self, file: &dyn File, from: &str, link: Link) -> io::Result<()> {
        let length = file.length()?.max(HEAD_BYTES as u64);
        file.write_at(&head(link, length), 0)?;
        // After a sync that has failed nobody knows what of the file is there: it is not used again.
        file.sync()
            .inspect_err(|_| drop(self.disk.remove(Path::new(from))))?;
        self.disk.rename(Path::new(from), &path(link.number))?;
        self.disk.sync_folder(Path::new(FOLDER))
    }

    /// Makes a spare of zeros where there is none, so that the next file is quick to write; not where
    /// there is little space, which others need.
    pub(super) fn prepare(&self, bytes: u64) -> io::Result<()> {
        let needed = bytes.saturating_add(self.floor_bytes.max(space::RESERVE_BYTES));
        if self.disk.open(Path::new(SPARE)).is_ok() || self.disk.free_bytes()? < needed {
            return Ok(());
        }
        self.fill(bytes).inspect_err(|_| self.tidy())
    }

    fn fill(&self, bytes: u64) -> io::Result<()> {
        let file = self.disk.create(Path::new(NEW_SPARE))?;
        let zeros = vec![0; AT_ONCE_BYTES.min(usize::try_from(bytes).unwrap_or(AT_ONCE_BYTES))];
        let mut at = 0;
        while at < bytes {
            file.write_at(&zeros, at)?;
            file.sync()?;
            at += zeros.len() as u64;
        }
        let _named = self.named();
        self.disk.rename(Path::new(NEW_SPARE), Path::new(SPARE))
    }

    /// Lets go of the files whose frames all come before `link`; one of them becomes the spare. That
    /// is made durable at once, for its next head must not be found under its last name.
    pub(super) fn remove_before(&self, link: Link) -> io::Result<()> {
        let _named = self.named();
        let names = self.disk.list(Path::new(FOLDER))?;
        let is_before = |name: &&String| number(name).is_some_and(|number| number < link.number);
        let mut has_spare = names.iter().any(|name| Path::new(SPARE).ends_with(name));
        for name in names.iter().filter(is_before) {
            let path = Path::new(FOLDER).join(name);
            if std::mem::replace(&mut has_spare, true) {
                self.disk.remove(&path)?;
            } else {
                self.disk.rename(&path, Path::new(SPARE))?;
                self.disk.sync_folder(Path::new(FOLDER))?;
            }
        }
        Ok(())
    }

    fn named(&self) -> MutexGuard<'_, Option<u64>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// The place of the next frame.
    pub(super) const fn link(&self) -> Link {
        self.link
    }

    /// How much of the file is written.
    pub(super) const fn bytes(&self) -> u64 {
        self.at
    }

    /// Writes a frame, and waits until it is on stable storage; returns how long the sync took.
    pub(super) fn append(&mut self, draft: &mut Draft) -> io::Result<Duration> {
        let (frame, link) = draft.end(self.link);
        self.file.write_at(frame, self.at)?;
        let written = Instant::now();
        self.file.sync()?;
        let took = written.elapsed();
        self.at += frame.len() as u64;
        self.link = link;
        Ok(took)
    }
}

/// All files of the journal, as they are, each with the number in its name, in order.
pub(super) fn texts(disk: &dyn Disk) -> io::Result<Vec<(u64, Bytes)>> {
    let names = disk.list(Path::new(FOLDER))?;
    let mut texts = Vec::new();
    for number in names.iter().filter_map(|name| number(name)) {
        match disk::read_all(disk, &path(number)) {
            // It was settled meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            text => texts.push((number, text?.into())),
        }
    }
    Ok(texts)
}

/// What comes behind the last whole frame, if that is the beginning of another.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}, byte {at}: {what}, and nothing follows it: so it was being written when the producer ended, and \
     nothing in it had been acknowledged (or the disk has damaged it since); it is left out"
)]
pub(super) struct Torn {
    file: String,
    at: usize,
    what: &'static str,
}

/// Shows all entries from `link` on to `replay`; returns the place behind them, and what is torn there.
///
/// What comes after the last whole frame is a torn tail if nothing valid follows.
///
/// # Errors
/// The directory is damaged, or cannot be read.
pub(super) fn replay(
    disk: &dyn Disk,
    mut link: Link,
    mut replay: impl FnMut(Entry),
) -> Result<(Link, Option<Torn>), Damage> {
    let mut torn = None;
    let mut is_missing = link.is_behind_another();
    let announced = path(link.number);
    for (number, text) in texts(disk)? {
        let file = path(number).display().to_string();
        let damage = |what| Damage::File {
            file: file.clone(),
            what,
        };
        let head =
            Head::read(&text).ok_or_else(|| damage("its head is damaged, or of another format"))?;
        if head.link.number < link.number {
            // It is settled, and was about to be removed.
            continue;
        }
        if head.link != link {
            return Err(damage("a file before it, or a frame, is missing"));
        }
        if (text.len() as u64) < head.length {
            return Err(damage("it was cut: it is shorter than it was made"));
        }
        (link, torn) = replay_file(&file, &text, &head, &mut replay)?;
        is_missing = false;
    }
    if is_missing {
        return Err(Damage::File {
            file: announced.display().to_string(),
            what: "it is missing, and the catalogue says that the journal goes on there",
        });
    }
    Ok((link, torn))
}

fn replay_file(
    file: &str,
    text: &Bytes,
    head: &Head,
    replay: &mut impl FnMut(Entry),
) -> Result<(Link, Option<Torn>), Damage> {
    let Head {
        mut link, mut at, ..
    } = *head;
    let (is_torn, what) = loop {
        match link.read(&text.slice(at..)) {
            Read::Frame(entries, next, length) => {
                entries.into_iter().for_each(&mut *replay);
                link = next;
                at += length;
            }
            Read::Newer => {
                return Err(Damage::File {
                    file: file.to_owned(),
                    what: frame::NEWER,
                });
            }
            Read::Torn(what) => break (true, what),
            Read::Nothing(_) if frame::has_lost_its_head(&text.slice(at..)) => {
                break (true, "the frame's head is missing");
            }
            Read::Nothing(what) => break (false, what),
        }
    };
    if frame::any_later(&text.slice(at..), link.number) {
        return Err(Damage::Frame {
            file: file.to_owned(),
            at,
            what,
        });
    }
    let torn = is_torn.then(|| Torn {
        file: file.to_owned(),
        at,
        what,
    });
    Ok((link, torn))
}

/// Where the file is whose first frame has that number.
pub(super) fn path(number: u64) -> PathBuf {
    Path::new(FOLDER).join(format!("{number:020}"))
}

fn number(name: &str) -> Option<u64> {
    name.parse().ok()
}

/// What a file of this length begins with.
fn head(link: Link, length: u64) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.put_slice(MAGIC);
    head.put_u64_le(link.number);
    head.put_u64_le(length);
    head.put_u32_le(link.before);
    head.put_u32_le(crc32c::crc32c(&head));
    head
}

impl Head {
    fn read(text: &[u8]) -> Option<Self> {
        let is_old = text.starts_with(OLD_MAGIC);
        let (magic, at) = if is_old {
            (OLD_MAGIC, OLD_HEAD_BYTES)
        } else {
            (MAGIC, HEAD_BYTES)
        };
        let (head, mut check) = text.get(..at)?.split_at(at - 4);
        let mut fields = head.strip_prefix(magic)?;
        let number = fields.get_u64_le();
        let length = if is_old {
            FILE_BYTES_MIN
        } else {
            fields.get_u64_le()
        };
        let before = fields.get_u32_le();
        (check.get_u32_le() == crc32c::crc32c(head)).then_some(Self {
            link: Link { number, before },
            at,
            length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{
        entry::StreamId,
        proof::simulated::{Fault, SimDisk, State},
    };

    #[test]
    fn a_frame_of_a_newer_format_is_refused_by_the_name_of_its_file() {
        let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
        let files = Files::new(Arc::new(disk.clone()), 0);
        let mut journal = files.begin(Link::default(), 200).unwrap();
        let mut known = Draft::default();
        known.push(&Entry::lost(StreamId(7)));
        journal.append(&mut known).unwrap();
        assert!(replay(&disk, Link::default(), drop).is_ok());
        journal.append(&mut Draft::of_later()).unwrap();
        let refused = replay(&disk, Link::default(), drop)
            .unwrap_err()
            .to_string();
        let file = "journal/00000000000000000000";
        assert_eq!(refused, format!("{file}: {}", frame::NEWER));
    }

    #[test]
    fn a_last_frame_without_its_head_is_named_where_that_can_be_told() {
        let torn = |is_used_again: bool| {
            let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
            let files = Files::new(Arc::new(disk.clone()), 0);
            let mut link = Link::default();
            let mut draft = Draft::default();
            draft.push(&Entry::lost(StreamId(7)));
            if is_used_again {
                let mut journal = files.begin(link, 4096).unwrap();
                for _ in 0..8 {
                    journal.append(&mut draft).unwrap();
                }
                link = journal.link();
                files.remove_before(link).unwrap();
            }
            let mut journal = files.begin(link, 4096).unwrap();
            journal.append(&mut draft).unwrap();
            let at = journal.bytes();
            assert_eq!(replay(&disk, link, drop).unwrap().1, None);
            journal.append(&mut draft).unwrap();
            journal.file.write_at(&[0; frame::HEAD_BYTES], at).unwrap();
            replay(&disk, link, drop).unwrap().1
        };
        let found = torn(false).map(|torn| torn.what);
        assert_eq!(found, Some("the frame's head is missing"));
        assert_eq!(torn(true), None, "it may be of another time");
    }
}
