//! Writes segments (drawn in `shelf`): behind what is settled, so that a crash costs nothing that
//! counts, and without leaving a file open.

use std::{io, sync::Arc};

use bytes::Bytes;
use common::{offset::Offset, time::Timestamp};

use super::{
    disk::{self, Disk, File},
    entry::StreamId,
    journal::Damage,
    kept::Segment,
    settings::Retention,
    shelf::{self, HEAD_BYTES, PIECE_BYTES, Piece, Shelf},
};

/// Into how many segments what is kept by age is cut, at the least: whole ones are let go of.
const SEGMENTS_AN_AGE: i64 = 8;

/// Who makes durable what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    /// Each file, whenever so many bytes were written to it, and when it is done.
    Each(usize),
    /// The caller, all files together.
    Together,
}

/// The segments of a stream, while they are written.
#[derive(Debug)]
pub(super) struct Segments<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) stream: StreamId,
    /// The place of the first record that is kept here, whether its file is still there or not.
    pub(super) from: Offset,
    pub(super) firsts: Vec<Offset>,
    pub(super) until: Offset,
    /// What it shares with the stream that it is a fork of, and still keeps.
    pub(super) past: Option<Past>,
    /// A segment takes no more pieces once it is as long as this.
    pub(super) bytes_max: u64,
    pub(super) retention: Retention,
    pub(super) sync: Sync,
}

/// Where what a fork shares begins, and when it was forked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    pub(super) from: Offset,
    pub(super) since: Timestamp,
}

/// The last segment, while it is written.
#[derive(Debug)]
pub(super) struct Open {
    first: Offset,
    /// When its first piece was appended, if there is one.
    since: Option<Timestamp>,
    lines: Box<dyn File>,
    side: Box<dyn File>,
    pieces: u64,
    /// How many bytes of lines were written since they were last synced.
    unsynced: usize,
}

impl Segments<'_> {
    /// Writes whole records as a piece behind the end.
    pub(super) fn append(
        &mut self,
        open: Option<Open>,
        piece: &Segment<Bytes>,
        end: Offset,
    ) -> io::Result<Open> {
        let mut open = match open {
            Some(open) if !self.is_full(&open, piece.time) => open,
            Some(full) => {
                self.close(&full)?;
                self.begin(self.until)?
            }
            None => match self.last()? {
                Some(last) if !self.is_full(&last, piece.time) => last,
                _ => self.begin(self.until)?,
            },
        };
        let at = self.until.byte - open.first.byte;
        open.lines.write_at(&piece.bytes, at)?;
        open.unsynced += piece.bytes.len();
        if let Sync::Each(at_once) = self.sync
            && open.unsynced >= at_once
        {
            open.lines.sync()?;
            open.unsynced = 0;
        }
        let described = Piece {
            end,
            time: piece.time,
            check: crc32c::crc32c(&piece.bytes),
        };
        let at = HEAD_BYTES as u64 + open.pieces * PIECE_BYTES as u64;
        open.side.write_at(&described.text(), at)?;
        open.pieces += 1;
        open.since.get_or_insert(piece.time);
        self.until = end;
        Ok(open)
    }

    /// Makes durable what was written to the open segment, and that it ends there.
    pub(super) fn close(&self, open: &Open) -> io::Result<()> {
        self.cut(open)?;
        if let Sync::Each(_) = self.sync {
            open.lines.sync()?;
            open.side.sync()?;
        }
        Ok(())
    }

    /// Lets go of the oldest segments while the others hold as much as is to be kept, and of those
    /// whose newest record is too old. Returns them; their files are to be removed when nobody
    /// looks for them any more.
    ///
    /// # Errors
    /// A sidecar cannot be read.
    pub(super) fn retain(&mut self, now: Timestamp) -> Result<Vec<Offset>, Damage> {
        let mut gone = Vec::new();
        if self.past.is_some_and(|past| !self.is_over(past, now)) {
            return Ok(gone);
        }
        self.past = None;
        while let Some(oldest) = self.firsts.first().copied() {
            let next = self.firsts.get(1).copied();
            let is_over =
                self.retention.bytes.zip(next).is_some_and(|(bytes, next)| {
                    self.until.byte.saturating_sub(next.byte) >= bytes
                });
            if !is_over && !self.is_old(oldest, now)? {
                break;
            }
            gone.push(oldest);
            self.firsts.remove(0);
            self.from = next.unwrap_or(self.until);
        }
        Ok(gone)
    }

    /// Whether a fork need not keep its past: it is too old, or its own records are enough.
    fn is_over(&self, past: Past, now: Timestamp) -> bool {
        let own = self.until.byte - self.from.byte;
        let since = self.retention.since(now);
        self.retention.bytes.is_some_and(|bytes| own >= bytes)
            || since.is_some_and(|since| past.since < since)
    }

    /// What readers may see when it is durable.
    pub(super) fn shelf(&self) -> Shelf {
        Shelf {
            firsts: Arc::from(self.firsts.as_slice()),
            from: self.past.map_or(self.from, |past| past.from),
            until: self.until,
        }
    }

    fn is_old(&self, first: Offset, now: Timestamp) -> Result<bool, Damage> {
        let Some(since) = self.retention.since(now) else {
            return Ok(false);
        };
        let pieces = shelf::pieces(self.disk, self.stream, first, self.until)?;
        let newest = pieces.last().map(|piece| piece.time);
        Ok(newest.is_some_and(|newest| newest < since))
    }

    fn is_full(&self, open: &Open, now: Timestamp) -> bool {
        let is_old = age_milliseconds(self.retention).zip(open.since);
        self.until.byte - open.first.byte >= self.bytes_max
            || is_old.is_some_and(|(age, since)| now.0 - since.0 > age / SEGMENTS_AN_AGE)
    }

    /// Opens the last segment, to go on with it. What lies behind the end is of a time before a
    /// crash; the journal has it. One that is not as it was written stays as it is: what follows goes
    /// into another.
    fn last(&self) -> io::Result<Option<Open>> {
        let Some(first) = self.firsts.last().copied() else {
            return Ok(None);
        };
        match self.whole(first) {
            Ok(open) => {
                self.cut(&open)?;
                Ok(Some(open))
            }
            Err(Damage::Io(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Err(damage) => {
                let stream = self.stream.0;
                tracing::error!(%damage, stream, "a segment is left as it is, and another begun");
                Ok(None)
            }
        }
    }

    /// The segment that begins at `first`, if it is there and described up to the end.
    fn whole(&self, first: Offset) -> Result<Open, Damage> {
        let pieces = shelf::pieces(self.disk, self.stream, first, self.until)?;
        let is_described = pieces.last().is_some_and(|last| last.end == self.until);
        let mut open = self.open(first)?;
        if !is_described || open.lines.length()? < self.until.byte - first.byte {
            return Err(Damage::File {
                file: shelf::path(self.stream, first, "side")
                    .display()
                    .to_string(),
                what: shelf::MISSING,
            });
        }
        open.pieces = pieces.len() as u64;
        open.since = pieces.first().map(|piece| piece.time);
        Ok(open)
    }

    fn begin(&mut self, first: Offset) -> io::Result<Open> {
        let folder = shelf::folder(self.stream);
        match self.sync {
            Sync::Each(_) => disk::make_folder_for_good(self.disk, &folder)?,
            Sync::Together => self.disk.make_folder(&folder)?,
        }
        // What is in it is of a time before a crash: it is written over, and cut at the end, for what
        // is freed and taken anew takes some disks a hundred times as long.
        let open = self.open(first)?;
        open.side.write_at(&shelf::side_head(first), 0)?;
        if let Sync::Each(_) = self.sync {
            self.disk.sync_folder(&folder)?;
        }
        self.firsts.push(first);
        Ok(open)
    }

    fn open(&self, first: Offset) -> io::Result<Open> {
        let create = |kind| self.disk.create(&shelf::path(self.stream, first, kind));
        Ok(Open {
            first,
            since: None,
            lines: create("lines")?,
            side: create("side")?,
            pieces: 0,
            unsynced: 0,
        })
    }

    fn cut(&self, open: &Open) -> io::Result<()> {
        let cut = |file: &dyn File, length| match file.length()? > length {
            true => file.set_length(length),
            false => Ok(()),
        };
        cut(&*open.lines, self.until.byte - open.first.byte)?;
        let described = HEAD_BYTES as u64 + open.pieces * PIECE_BYTES as u64;
        cut(&*open.side, described)
    }
}

fn age_milliseconds(retention: Retention) -> Option<i64> {
    let age = retention.age?;
    Some(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

/// Removes the files of segments. What is not there any more was removed before.
pub(super) fn remove(disk: &dyn Disk, stream: StreamId, segments: &[Offset]) -> io::Result<()> {
    for first in segments {
        for kind in ["lines", "side"] {
            match disk.remove(&shelf::path(stream, *first, kind)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}
