//! Segments: a stream's lines in files, one behind another, ready to be sent as they are; and
//! beside each file its sidecar, which says how the lines are cut into pieces and what their checks
//! are. A piece is what is read, verified and sent at a time.
//!
//! ```text
//!  RECORD_BYTE.lines    the lines from that offset on, nothing else
//!  RECORD_BYTE.side     ├ magic ─┼ record ──┼ byte ────┼ check ┤   24 + 4 bytes, then for each piece
//!                       ├ record ┼ byte ────┼ time ────┼ lines' check ┼ check ┤      32 bytes
//! ```
//!
//! A piece's record and byte are those of its end, as in offsets. A segment is written only behind
//! its end, and what lies beyond the settled place of the catalogue does not count.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{Buf, BufMut, Bytes};
use common::{ndjson, offset::Offset, time::Timestamp};

use super::{
    disk::{self, Disk, File},
    frame::StreamId,
    journal::Damage,
};

const MAGIC: &[u8; 8] = b"BrkSide1";
const HEAD_BYTES: usize = 28;
const PIECE_BYTES: usize = 32;

/// Segments as readers see them: what is settled. A clone stays as it is.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// The first offset of each segment, in order.
    firsts: Vec<Offset>,
    end: Offset,
}

/// The segments of a stream, as the one who writes them has them.
#[derive(Debug)]
pub(super) struct Segments {
    shelf: Shelf,
    /// A segment takes no more pieces once it is as long as this.
    bytes_max: u64,
    open: Option<Open>,
}

/// The last segment, while it is written.
#[derive(Debug)]
struct Open {
    first: Offset,
    lines: Box<dyn File>,
    side: Box<dyn File>,
    pieces: u64,
}

/// Where a piece ends, and the check of its lines.
#[derive(Debug, Clone, Copy)]
struct Piece {
    end: Offset,
    check: u32,
}

impl Shelf {
    /// The place of the first record, if there is one.
    pub(super) fn earliest(&self) -> Option<Offset> {
        self.firsts.first().copied()
    }

    /// The place behind the last record.
    pub(super) const fn end(&self) -> Offset {
        self.end
    }

    /// The last piece; nothing where there is none.
    ///
    /// # Errors
    /// What is on disk is not what was written.
    pub(super) fn last_piece(&self) -> Result<Bytes, Damage> {
        let Some(first) = self.firsts.last() else {
            return Ok(Bytes::new());
        };
        match self.pieces(*first)?.as_slice() {
            [.., before, last] => self.lines(*first, before.end, last),
            [only] => self.lines(*first, *first, only),
            [] => Ok(Bytes::new()),
        }
    }

    /// The piece that holds the byte of `at`, from `at` on; none where no record begins there.
    ///
    /// # Errors
    /// What is on disk is not what was written.
    pub(super) fn read(&self, at: Offset) -> Result<Option<Bytes>, Damage> {
        let after = self.firsts.partition_point(|first| first.byte <= at.byte);
        let Some(first) = after.checked_sub(1).and_then(|last| self.firsts.get(last)) else {
            return Ok(None);
        };
        let pieces = self.pieces(*first)?;
        let index = pieces.partition_point(|piece| piece.end.byte <= at.byte);
        let Some(piece) = pieces.get(index) else {
            return Ok(None);
        };
        let begin = index.checked_sub(1).and_then(|before| pieces.get(before));
        let begin = begin.map_or(*first, |before| before.end);
        let lines = self.lines(*first, begin, piece)?;
        let skip = usize::try_from(at.byte - begin.byte).unwrap_or(usize::MAX);
        let before = lines.get(..skip).unwrap_or_default();
        let records = begin.record + ndjson::count(before) as u64;
        let is_border = before.last().is_none_or(|last| *last == ndjson::NEWLINE);
        Ok((is_border && records == at.record).then(|| lines.slice(skip..)))
    }

    fn lines(&self, first: Offset, begin: Offset, piece: &Piece) -> Result<Bytes, Damage> {
        let path = self.path(first, "lines");
        let length = usize::try_from(piece.end.byte - begin.byte).unwrap_or(usize::MAX);
        let mut lines = vec![0; length];
        self.disk
            .open(&path)?
            .read_at(&mut lines, begin.byte - first.byte)?;
        if crc32c::crc32c(&lines) != piece.check {
            let file = path.display().to_string();
            return Err(Damage::File {
                file,
                what: "a piece's check is wrong; it is not served",
            });
        }
        Ok(lines.into())
    }

    /// The settled pieces of the segment that begins at `first`.
    fn pieces(&self, first: Offset) -> Result<Vec<Piece>, Damage> {
        let path = self.path(first, "side");
        let text = disk::read_all(self.disk.as_ref(), &path)?;
        let damage = |what| Damage::File {
            file: path.display().to_string(),
            what,
        };
        let (head, pieces) = text
            .split_at_checked(HEAD_BYTES)
            .ok_or_else(|| damage("it is cut short"))?;
        if head != side_head(first) {
            return Err(damage("its head is damaged, or of another format"));
        }
        let piece = |text: &[u8]| {
            let (mut fields, mut check) = text.split_at(PIECE_BYTES - 4);
            let intact = check.get_u32_le() == crc32c::crc32c(fields);
            let end = Offset {
                record: fields.get_u64_le(),
                byte: fields.get_u64_le(),
            };
            fields.advance(size_of::<i64>());
            intact.then(|| Piece {
                end,
                check: fields.get_u32_le(),
            })
        };
        let all = pieces.chunks_exact(PIECE_BYTES).map_while(piece);
        Ok(all.take_while(|piece| piece.end <= self.end).collect())
    }

    fn path(&self, first: Offset, kind: &str) -> PathBuf {
        self.folder.join(format!("{first}.{kind}"))
    }
}

impl Segments {
    /// The segments of `stream`, which are settled until `end`.
    ///
    /// # Errors
    /// They do not reach that far, or cannot be read.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        stream: StreamId,
        end: Offset,
        bytes_max: u64,
    ) -> Result<Self, Damage> {
        let folder = Path::new("streams").join(format!("{:016x}", stream.0));
        let names = disk.list(&folder)?;
        let first = |name: &String| name.strip_suffix(".lines")?.parse().ok();
        let mut firsts: Vec<Offset> = names.iter().filter_map(first).collect();
        firsts.sort();
        // Those that begin at the end, or beyond it, were begun and are not settled.
        firsts.retain(|first| *first < end);
        let shelf = Shelf {
            disk,
            folder,
            firsts,
            end,
        };
        if let Some(last) = shelf.firsts.last() {
            let reaches = shelf.pieces(*last)?.iter().any(|piece| piece.end == end);
            if !reaches {
                let file = shelf.path(*last, "side").display().to_string();
                return Err(Damage::File {
                    file,
                    what: "a settled piece is missing or damaged",
                });
            }
        }
        Ok(Self {
            shelf,
            bytes_max,
            open: None,
        })
    }

    /// What readers may see from now on.
    pub(super) fn shelf(&self) -> Shelf {
        self.shelf.clone()
    }

    /// The place behind the last piece.
    pub(super) const fn end(&self) -> Offset {
        self.shelf.end
    }

    /// Writes whole lines as a piece behind the end. They are durable after [`Segments::sync`].
    pub(super) fn append(&mut self, lines: &[u8], time: Timestamp) -> io::Result<()> {
        let mut open = match self.open.take() {
            Some(open) if self.shelf.end.byte - open.first.byte < self.bytes_max => open,
            Some(full) => {
                full.sync()?;
                self.begin()?
            }
            None => self.begin()?,
        };
        let end = self
            .shelf
            .end
            .advance(ndjson::count(lines) as u64, lines.len() as u64);
        open.lines
            .write_at(lines, self.shelf.end.byte - open.first.byte)?;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        piece.put_u64_le(end.record);
        piece.put_u64_le(end.byte);
        piece.put_i64_le(time.0);
        piece.put_u32_le(crc32c::crc32c(lines));
        piece.put_u32_le(crc32c::crc32c(&piece));
        let at = HEAD_BYTES as u64 + open.pieces * PIECE_BYTES as u64;
        open.side.write_at(&piece, at)?;
        open.pieces += 1;
        self.shelf.end = end;
        self.open = Some(open);
        Ok(())
    }

    /// Makes durable what was appended.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.open.as_ref().map_or(Ok(()), Open::sync)
    }

    /// Lets go of the oldest segments while the others hold `bytes` or more. Their files go with
    /// [`Segments::remove`], once readers have a shelf without them.
    pub(super) fn retain(&mut self, bytes: u64) -> Vec<Offset> {
        let mut gone = Vec::new();
        while let [oldest, second, ..] = self.shelf.firsts[..]
            && self.shelf.end.byte - second.byte >= bytes
        {
            gone.push(oldest);
            self.shelf.firsts.remove(0);
        }
        gone
    }

    /// Removes the files of segments.
    pub(super) fn remove(&self, segments: &[Offset]) -> io::Result<()> {
        for first in segments {
            self.shelf.disk.remove(&self.shelf.path(*first, "lines"))?;
            self.shelf.disk.remove(&self.shelf.path(*first, "side"))?;
        }
        Ok(())
    }

    /// Goes on with the last segment, or begins another one.
    fn begin(&mut self) -> io::Result<Open> {
        self.shelf.disk.make_folder(&self.shelf.folder)?;
        let last = self.shelf.firsts.last().copied();
        let reusable = last.filter(|last| self.shelf.end.byte - last.byte < self.bytes_max);
        let first = reusable.unwrap_or(self.shelf.end);
        let lines = self.shelf.disk.create(&self.shelf.path(first, "lines"))?;
        let side = self.shelf.disk.create(&self.shelf.path(first, "side"))?;
        let pieces = match reusable {
            Some(first) => self.shelf.pieces(first).map_err(io::Error::other)?.len() as u64,
            None => {
                side.set_length(0)?;
                side.write_at(&side_head(first), 0)?;
                self.shelf.firsts.push(first);
                0
            }
        };
        // What lies behind the end is of a time before a crash; the journal has it.
        lines.set_length(self.shelf.end.byte - first.byte)?;
        side.set_length(HEAD_BYTES as u64 + pieces * PIECE_BYTES as u64)?;
        self.shelf.disk.sync_folder(&self.shelf.folder)?;
        Ok(Open {
            first,
            lines,
            side,
            pieces,
        })
    }
}

impl Open {
    fn sync(&self) -> io::Result<()> {
        self.lines.sync()?;
        self.side.sync()
    }
}

fn side_head(first: Offset) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.put_u64_le(first.record);
    head.put_u64_le(first.byte);
    head.put_u32_le(crc32c::crc32c(&head));
    head
}
