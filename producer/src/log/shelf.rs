//! What of a stream lies in segments, as readers see it.
//!
//! A segment is a stream's records in a file, one behind another, ready to be sent as they are; and
//! beside it its sidecar, which says how it is cut into pieces and what their checks are. Pieces
//! are what is read and verified as one.
//!
//! ```text
//!  streams/ID/RECORD_BYTE.lines   the records from that offset on, nothing else
//!  streams/ID/RECORD_BYTE.side    ├ magic ─┼ record ──┼ byte ────┼ check ┤   24 + 4 bytes, then for each piece
//!                                 ├ record ┼ byte ────┼ time ────┼ piece's check ┼ check ┤      32 bytes
//! ```
//!
//! A piece's record and byte are those of its end, as in offsets; its time is that of its newest
//! append. What lies outside of what the catalogue calls settled does not count.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{Buf, BufMut, Bytes};
use common::{offset::Offset, time::Timestamp};

use super::{
    disk::{self, Disk},
    entry::StreamId,
    journal::Damage,
    lines::{Hands, Lines},
    pool::{Lent, Pool},
    settings::Framing,
    sound::{self, Sound},
};

const MAGIC: &[u8; 8] = b"BrkSide1";
/// What is wrong with a segment that does not hold all that it should.
pub(super) const MISSING: &str = "a settled piece is missing or damaged";

pub(super) const HEAD_BYTES: usize = 28;
pub(super) const PIECE_BYTES: usize = 32;

/// The segments that hold what is settled. A clone stays as it is.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    /// The first offset of each segment, in order; also of those that only forks of the stream need.
    pub(super) firsts: Arc<[Offset]>,
    /// The place of the first record that the stream itself keeps.
    pub(super) from: Offset,
    /// The place behind the last record.
    pub(super) until: Offset,
}

/// A segment that is read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) stream: StreamId,
    first: Offset,
    /// At least one.
    pieces: Vec<Piece>,
    /// Where it should end.
    end: Offset,
    lines: Lines,
    framing: Framing,
    pool: Pool,
    sound: sound::Pieces,
}

/// Where a piece ends, when its newest record was appended, and the check of its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) end: Offset,
    pub(super) time: Timestamp,
    pub(super) check: u32,
}

impl Shelf {
    /// Finds the segments of `stream` that hold what lies between two offsets.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) fn find(
        disk: &dyn Disk,
        stream: StreamId,
        from: Offset,
        until: Offset,
    ) -> std::io::Result<Self> {
        let first = |name: &String| name.strip_suffix(".lines")?.parse().ok();
        let names = disk.list(&folder(stream))?;
        let mut firsts: Vec<Offset> = names.iter().filter_map(first).collect();
        // Those behind were begun and are not settled.
        firsts.retain(|first| *first < until);
        firsts.sort();
        Ok(Self {
            firsts: firsts.into(),
            from,
            until,
        })
    }

    /// The segments that the stream itself keeps.
    pub(super) fn own(&self) -> &[Offset] {
        let before = self.firsts.partition_point(|first| *first < self.from);
        self.firsts.get(before..).unwrap_or_default()
    }

    /// Opens the segment in which `at` lies, if there is one. What lies behind it there may be damaged.
    ///
    /// # Errors
    /// What is on disk is not what was written.
    pub(super) fn open(
        &self,
        (disk, stream, framing): (&Arc<dyn Disk>, StreamId, Framing),
        at: Offset,
        (pool, hands, sound): (&Pool, &Hands, &Sound),
    ) -> Result<Option<Opened>, Damage> {
        if at >= self.until {
            return Ok(None);
        }
        let after = self.firsts.partition_point(|first| first.byte <= at.byte);
        let first = after.checked_sub(1).and_then(|last| self.firsts.get(last));
        let first = first
            .copied()
            .ok_or_else(|| missing(&path(stream, at, "lines")))?;
        let path = path(stream, first, "lines");
        let pieces = pieces(disk.as_ref(), stream, first, self.until)?;
        let described = pieces.last().map(|last| last.end);
        let described = described.filter(|described| *described > at);
        let described = described.ok_or_else(|| missing(&path.with_extension("side")))?;
        // There may be a hole behind what only forks need.
        let end = self.firsts.get(after).copied().unwrap_or(self.until);
        let end = if first < self.from { described } else { end };
        Ok(Some(Opened {
            stream,
            first,
            pieces,
            end,
            lines: Lines::open(disk, &path, hands)?,
            framing,
            pool: pool.clone(),
            sound: sound.of(first),
        }))
    }
}

/// That a file does not have all that is settled.
fn missing(path: &Path) -> Damage {
    Damage::File {
        file: path.display().to_string(),
        what: MISSING,
    }
}

impl Opened {
    /// Whether `at` lies in it.
    pub(super) fn holds(&self, at: Offset) -> bool {
        let end = self.pieces.last().map(|last| last.end);
        at >= self.first && end.is_some_and(|end| at < end)
    }

    /// That it is described from its beginning to its end.
    ///
    /// # Errors
    /// It is not, so nothing can be told of what is behind the last piece.
    pub(super) fn whole(self) -> Result<Self, Damage> {
        let end = self.pieces.last().map(|last| last.end);
        if end == Some(self.end) {
            Ok(self)
        } else {
            Err(missing(&self.lines.path.with_extension("side")))
        }
    }

    /// Whole records from `at` on, and the place behind them: `bytes_max` bytes at the most, but
    /// one record at the least. None where no record begins there. Where they are lines, `between`
    /// stands behind each of them.
    ///
    /// # Errors
    /// What is on disk is not what was written.
    pub(super) fn read(
        &self,
        at: Offset,
        bytes_max: usize,
        between: u8,
    ) -> Result<Option<(Bytes, Offset)>, Damage> {
        let index = self
            .pieces
            .partition_point(|piece| piece.end.byte <= at.byte);
        let before = index
            .checked_sub(1)
            .and_then(|before| self.pieces.get(before));
        let begin = before.map_or(self.first, |before| before.end);
        let rest = self.pieces.get(index..).unwrap_or_default();
        let fits = rest.partition_point(|piece| piece.end.byte - at.byte <= bytes_max as u64);
        let whole = rest.get(fits.wrapping_sub(1)).filter(|_| begin == at);
        let name = whole.map(|last| (self.stream, at, last.end, between));
        if let Some((name, held)) = name.and_then(|name| Some((name, self.pool.held(&name)?))) {
            return Ok(Some((held, name.2)));
        }
        let pieces = index..(index + fits.max(1)).min(self.pieces.len());
        let mut bytes = self.verified(begin, pieces)?;
        let skip = usize::try_from(at.byte.saturating_sub(begin.byte)).unwrap_or(usize::MAX);
        let Some((skipped, page)) = bytes.as_ref().split_at_checked(skip) else {
            return Ok(None);
        };
        let records = begin.record + self.framing.records(skipped);
        if !self.framing.is_border(skipped) || records != at.record {
            return Ok(None);
        }
        let (length, next) = match rest.get(fits.wrapping_sub(1)) {
            Some(last) => (page.len(), last.end),
            None => {
                let length = self.framing.page(page, bytes_max);
                let page = page.get(..length).unwrap_or_default();
                (
                    length,
                    at.advance(self.framing.records(page), length as u64),
                )
            }
        };
        if let Some(page) = bytes.as_mut().get_mut(skip..skip + length) {
            self.framing.separate(page, between);
        }
        let page = match name {
            Some(name) => bytes.share_as(name),
            None => bytes.share().slice(skip..skip + length),
        };
        Ok(Some((page, next)))
    }

    /// The furthest end of a piece that is not more than `bytes_max` bytes behind `at`.
    pub(super) fn border(&self, at: Offset, bytes_max: u64) -> Option<Offset> {
        let near = |piece: &Piece| piece.end.byte.saturating_sub(at.byte) <= bytes_max;
        let behind = self.pieces.partition_point(near).checked_sub(1)?;
        let border = self.pieces.get(behind)?.end;
        (border > at).then_some(border)
    }

    /// The bytes of the pieces of these numbers, the first of which begins at `begin`. Those that
    /// were sound before are taken to be so.
    fn verified(&self, begin: Offset, numbers: Range<usize>) -> Result<Lent, Damage> {
        let pieces = self.pieces.get(numbers.clone()).unwrap_or_default();
        let end = pieces.last().map_or(begin, |last| last.end);
        let mut bytes = self.pool.lend(length(begin, end));
        self.lines
            .read_at(bytes.as_mut(), begin.byte - self.first.byte)?;
        let mut at = begin;
        for (number, piece) in numbers.zip(pieces) {
            let (from, to) = (length(begin, at), length(begin, piece.end));
            let text = || bytes.as_ref().get(from..to).unwrap_or_default();
            if !self.sound.has(number) && crc32c::crc32c(text()) != piece.check {
                return Err(Damage::File {
                    file: self.lines.path.display().to_string(),
                    what: "a piece's check is wrong; it is not served",
                });
            }
            self.sound.add(number);
            at = piece.end;
        }
        Ok(bytes)
    }

    /// When its newest record was appended.
    pub(super) fn newest(&self) -> Timestamp {
        self.pieces.last().map(|last| last.time).unwrap_or_default()
    }

    /// Where the first piece begins that has records as new as `time`, which the segment has.
    pub(super) fn since(&self, time: Timestamp) -> Offset {
        let older = self.pieces.iter().take_while(|piece| piece.time < time);
        older.last().map_or(self.first, |older| older.end)
    }

    /// Where the piece begins in which a record lies.
    pub(super) fn piece_of(&self, record: u64) -> Offset {
        let before = self
            .pieces
            .iter()
            .take_while(|piece| piece.end.record <= record);
        before.last().map_or(self.first, |before| before.end)
    }

    /// Where the last piece begins.
    pub(super) fn last(&self) -> Offset {
        match self.pieces.as_slice() {
            [.., before, _] => before.end,
            _ => self.first,
        }
    }
}

fn length(from: Offset, to: Offset) -> usize {
    usize::try_from(to.byte.saturating_sub(from.byte)).unwrap_or(usize::MAX)
}

/// Where the folders of all streams are.
pub(super) const FOLDER: &str = "streams";

/// Where a stream's segments are.
pub(super) fn folder(stream: StreamId) -> PathBuf {
    Path::new(FOLDER).join(format!("{:016x}", stream.0))
}

/// Where a segment is, or its sidecar.
pub(super) fn path(stream: StreamId, first: Offset, kind: &str) -> PathBuf {
    folder(stream).join(format!("{first}.{kind}"))
}

/// The pieces of the segment that begins at `first`, those that are settled.
///
/// # Errors
/// The sidecar cannot be read, or its head is damaged.
pub(super) fn pieces(
    disk: &dyn Disk,
    stream: StreamId,
    first: Offset,
    until: Offset,
) -> Result<Vec<Piece>, Damage> {
    let all = described(disk, stream, first)?
        .into_iter()
        .map_while(|piece| piece);
    Ok(all.take_while(|piece| piece.end <= until).collect())
}

/// What a sidecar says of its pieces, one behind another; none where that is damaged.
///
/// # Errors
/// As those of [`pieces`].
pub(super) fn described(
    disk: &dyn Disk,
    stream: StreamId,
    first: Offset,
) -> Result<Vec<Option<Piece>>, Damage> {
    let path = path(stream, first, "side");
    let text = disk::read_all(disk, &path)?;
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
    Ok(pieces.chunks_exact(PIECE_BYTES).map(Piece::read).collect())
}

/// What a sidecar begins with.
pub(super) fn side_head(first: Offset) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.put_u64_le(first.record);
    head.put_u64_le(first.byte);
    head.put_u32_le(crc32c::crc32c(&head));
    head
}

impl Piece {
    /// As it stands in the sidecar.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(PIECE_BYTES);
        text.put_u64_le(self.end.record);
        text.put_u64_le(self.end.byte);
        text.put_i64_le(self.time.0);
        text.put_u32_le(self.check);
        text.put_u32_le(crc32c::crc32c(&text));
        text
    }

    /// None where it is damaged.
    fn read(text: &[u8]) -> Option<Self> {
        let (mut fields, mut check) = text.split_at_checked(PIECE_BYTES - 4)?;
        let intact = check.get_u32_le() == crc32c::crc32c(fields);
        let end = Offset {
            record: fields.get_u64_le(),
            byte: fields.get_u64_le(),
        };
        let time = Timestamp(fields.get_i64_le());
        intact.then(|| Self {
            end,
            time,
            check: fields.get_u32_le(),
        })
    }
}
