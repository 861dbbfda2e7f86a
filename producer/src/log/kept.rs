//! The newest records of a stream, in memory: in segments, the last of which is still open.
//!
//! ```text
//! earliest                                         next
//!   ▼                                                ▼
//!   [ sealed ][ sealed ][ sealed ][ open ………        ]
//! ```
//!
//! A sealed segment never changes, so readers share its bytes; of the open one they get copies. A
//! segment begins and ends between two records. There is no index: a segment knows its first
//! offset, and newlines tell the rest.

use std::collections::VecDeque;

use bytes::Bytes;
use common::{offset::Offset, time::Timestamp};

use super::{append::Content, memory::Memory, settings::Framing};

/// A segment is sealed before it would get longer than this. It is what a slow reader can pin in
/// memory after the log has let go of it, so it is small; a longer record has one of its own.
pub(super) const SEGMENT_BYTES: usize = 256 * 1024;

/// Content from this size on is kept as it is, and not copied.
pub(super) const SHARED_BYTES: usize = SEGMENT_BYTES / 4;

/// So much is copied at once for a reader that cannot share what is kept: it may take its time.
pub(super) const COPIED_BYTES: usize = SEGMENT_BYTES / 4;

/// Whole records that lie together.
#[derive(Debug, Clone)]
pub(super) struct Segment<L> {
    pub(super) first: Offset,
    pub(super) bytes: L,
    /// When the newest of them was appended.
    pub(super) time: Timestamp,
}

#[derive(Debug)]
pub(super) struct Kept {
    framing: Framing,
    sealed: VecDeque<Segment<Bytes>>,
    open: Segment<Vec<u8>>,
    /// When the oldest record of the open segment was appended.
    open_since: Timestamp,
    next: Offset,
}

/// An offset at which no kept record begins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misplaced {
    /// What was there is no longer kept.
    #[error("offset {at} is no longer kept; the earliest is {earliest}")]
    Gone {
        /// What was asked for.
        at: Offset,
        /// The oldest that there is.
        earliest: Offset,
    },
    /// What is there is not what was written.
    #[error("the record at offset {at} cannot be read: {why}")]
    Damaged {
        /// What was asked for.
        at: Offset,
        /// What is wrong.
        why: String,
    },
    /// What is there could not be read this time.
    #[error("the record at offset {at} cannot be read now: {why}")]
    Unread {
        /// What was asked for.
        at: Offset,
        /// What the system says.
        why: String,
    },
    /// It lies beyond the tail, or inside a record.
    #[error("offset {at} is no place in this stream, which ends at {next}")]
    Nowhere {
        /// What was asked for.
        at: Offset,
        /// The tail.
        next: Offset,
    },
    /// What is so many records further on lies beyond the tail, or too far away.
    #[error(
        "{records} records behind offset {at} are not there, or more than one request can bring; the stream ends at {next}"
    )]
    Beyond {
        /// From where they were counted.
        at: Offset,
        /// How many.
        records: u64,
        /// The tail.
        next: Offset,
    },
}

impl Kept {
    pub(super) const fn new(framing: Framing, first: Offset) -> Self {
        let open = Segment {
            first,
            bytes: Vec::new(),
            time: Timestamp(0),
        };
        Self {
            framing,
            sealed: VecDeque::new(),
            open,
            open_since: Timestamp(0),
            next: first,
        }
    }

    pub(super) fn earliest(&self) -> Offset {
        self.sealed
            .front()
            .map_or(self.open.first, |oldest| oldest.first)
    }

    pub(super) const fn next(&self) -> Offset {
        self.next
    }

    /// When the newest record was appended, if there is one.
    pub(super) fn last_time(&self) -> Option<Timestamp> {
        let sealed = self.sealed.back().map(|segment| segment.time);
        let is_open = !self.open.bytes.is_empty();
        is_open.then_some(self.open.time).or(sealed)
    }

    /// When the oldest record from `at` on was appended, where a segment begins; of a sealed segment
    /// it is its newest record that counts, for it can only go as a whole.
    pub(super) fn since(&self, at: Offset) -> Option<Timestamp> {
        let before = self.sealed.partition_point(|segment| segment.first < at);
        let sealed = self.sealed.get(before).map(|segment| segment.time);
        let is_open = !self.open.bytes.is_empty();
        sealed.or_else(|| is_open.then_some(self.open_since))
    }

    /// The beginning of the first segment whose newest record is as new as `time`; the end, where
    /// there is none.
    pub(super) fn first_since(&self, time: Timestamp) -> Offset {
        let mut sealed = self.sealed.iter();
        match sealed.find(|segment| segment.time >= time) {
            Some(segment) => segment.first,
            None if !self.open.bytes.is_empty() && self.open.time >= time => self.open.first,
            None => self.next,
        }
    }

    /// The beginning of the segment in which a record lies, or will; none where it is older.
    pub(super) fn segment_of(&self, record: u64) -> Option<Offset> {
        let firsts = self.sealed.iter().map(|segment| segment.first);
        let firsts = firsts.chain([self.open.first]);
        firsts.take_while(|first| first.record <= record).last()
    }

    /// Appends whole records, for which there is always room: see [`Kept::release`]. What is copied is
    /// kept in `memory`, where it is much.
    pub(super) fn append(&mut self, content: &Content, time: Timestamp, memory: &Memory) {
        for part in content.parts() {
            if part.len() >= SHARED_BYTES {
                self.share(part.clone(), time, memory);
            } else {
                let is_all = content.more.is_empty();
                let records = is_all.then_some(content.records);
                let records = records.unwrap_or_else(|| self.framing.records(part));
                self.copy((part, records), time, memory);
            }
        }
    }

    /// Adds a copy of short content to the open segment.
    fn copy(&mut self, (bytes, records): (&[u8], u64), time: Timestamp, memory: &Memory) {
        if self.open.bytes.len() + bytes.len() > SEGMENT_BYTES {
            self.seal(memory);
            // Who has filled one is about to fill another.
            self.open.bytes = memory.piece();
        }
        if self.open.bytes.is_empty() {
            self.open_since = time;
        }
        let length = self.open.bytes.len() + bytes.len();
        if length > (SEGMENT_BYTES / 2).max(self.open.bytes.capacity()) {
            let mut piece = memory.piece();
            piece.extend_from_slice(&self.open.bytes);
            self.open.bytes = piece;
        }
        self.open.bytes.extend_from_slice(bytes);
        self.open.time = time;
        self.next = self.next.advance(records, bytes.len() as u64);
    }

    /// Keeps long content in segments of its own.
    fn share(&mut self, mut rest: Bytes, time: Timestamp, memory: &Memory) {
        self.seal(memory);
        while !rest.is_empty() {
            let bytes = rest.split_to(self.framing.page(&rest, SEGMENT_BYTES));
            let first = self.next;
            self.next = first.advance(self.framing.records(&bytes), bytes.len() as u64);
            self.sealed.push_back(Segment { first, bytes, time });
        }
        self.open.first = self.next;
    }

    /// Ends the open segment, if there is anything in it.
    pub(super) fn seal(&mut self, memory: &Memory) {
        if self.open.bytes.is_empty() {
            return;
        }
        let open = Segment {
            first: self.next,
            bytes: Vec::new(),
            time: self.open.time,
        };
        let full = std::mem::replace(&mut self.open, open);
        self.sealed.push_back(Segment {
            first: full.first,
            bytes: memory.share(full.bytes),
            time: full.time,
        });
    }

    /// Lets go of the sealed segments that end at `until` or before.
    pub(super) fn release(&mut self, until: Offset) {
        while let Some(second) = self.second()
            && second <= until
        {
            self.sealed.pop_front();
        }
        if self.sealed.is_empty() {
            self.sealed = VecDeque::new();
        }
    }

    /// Where the oldest sealed segment ends, if there is one.
    fn second(&self) -> Option<Offset> {
        (!self.sealed.is_empty()).then(|| self.end(0))
    }

    /// Lets go of what need not be kept of a stream that is nowhere else: of the oldest sealed
    /// segments, as long as the others hold so many bytes, and of those older than `since`.
    pub(super) fn retain(&mut self, bytes: Option<u64>, since: Option<Timestamp>) {
        while let (Some(oldest), Some(second)) = (self.sealed.front(), self.second()) {
            let is_over = bytes.is_some_and(|bytes| self.next.byte - second.byte >= bytes);
            let is_old = since.is_some_and(|since| oldest.time < since);
            if !is_over && !is_old {
                return;
            }
            self.sealed.pop_front();
        }
    }

    /// The sealed segment in which `at` lies, and where it ends.
    pub(super) fn sealed_segment(&self, at: Offset) -> Option<(Segment<Bytes>, Offset)> {
        let index = self.sealed_index(at.byte)?;
        Some((self.sealed.get(index)?.clone(), self.end(index)))
    }

    /// The newest records, down to the beginning of their segment.
    pub(super) fn last_page(&self) -> Bytes {
        match self.sealed.back() {
            Some(sealed) if self.open.bytes.is_empty() => sealed.bytes.clone(),
            _ => Bytes::copy_from_slice(&self.open.bytes),
        }
    }

    /// Whether a kept record begins at `at`, or it is the tail.
    pub(super) fn check(&self, at: Offset) -> Result<(), Misplaced> {
        let earliest = self.earliest();
        if at == earliest || at == self.next {
            return Ok(());
        }
        if at < earliest {
            return Err(Misplaced::Gone { at, earliest });
        }
        let (first, bytes) = self.segment(at.byte);
        let before = usize::try_from(at.byte.saturating_sub(first.byte)).unwrap_or(usize::MAX);
        let is_place = bytes.get(..before).is_some_and(|before| {
            self.framing.is_border(before)
                && first.advance(self.framing.records(before), before.len() as u64) == at
        });
        if is_place {
            Ok(())
        } else {
            Err(Misplaced::Nowhere {
                at,
                next: self.next,
            })
        }
    }

    /// The records from `at`, which [`Kept::check`] has let pass, and the place behind them: whole
    /// ones, `bytes_max` bytes at the most, but one at the least, unless it is the tail. None when
    /// it is no longer kept.
    pub(super) fn read(&self, at: Offset, bytes_max: usize) -> Option<(Bytes, Offset)> {
        if at.byte < self.earliest().byte {
            return None;
        }
        let skip = |first: Offset| usize::try_from(at.byte - first.byte).unwrap_or(usize::MAX);
        match self.sealed_index(at.byte) {
            Some(index) => {
                let segment = self.sealed.get(index)?;
                let from = skip(segment.first).min(segment.bytes.len());
                let rest = segment.bytes.slice(from..);
                let page = rest.slice(..self.framing.page(&rest, bytes_max));
                let next = if page.len() == rest.len() {
                    self.end(index)
                } else {
                    self.after(at, &page)
                };
                Some((page, next))
            }
            None => {
                let rest = self.open.bytes.get(skip(self.open.first)..);
                let rest = rest.unwrap_or_default();
                let length = self.framing.page(rest, bytes_max.min(COPIED_BYTES));
                let page = rest.get(..length);
                let page = Bytes::copy_from_slice(page.unwrap_or_default());
                let next = self.after(at, &page);
                Some((page, next))
            }
        }
    }

    /// The furthest end of a segment that is not more than `bytes_max` bytes behind `at`.
    pub(super) fn border(&self, at: Offset, bytes_max: u64) -> Option<Offset> {
        let ends = self.sealed.iter().skip(1).map(|segment| segment.first);
        let ends = ends.chain([self.open.first, self.next]);
        let near = |end: &Offset| end.byte.saturating_sub(at.byte) <= bytes_max;
        ends.take_while(near).last().filter(|border| *border > at)
    }

    fn after(&self, at: Offset, records: &[u8]) -> Offset {
        at.advance(self.framing.records(records), records.len() as u64)
    }

    /// Where a sealed segment ends.
    fn end(&self, index: usize) -> Offset {
        let following = self.sealed.get(index + 1);
        following.map_or(self.open.first, |following| following.first)
    }

    /// The segment that holds `byte`: its first offset and its bytes.
    fn segment(&self, byte: u64) -> (Offset, &[u8]) {
        match self
            .sealed_index(byte)
            .and_then(|index| self.sealed.get(index))
        {
            Some(segment) => (segment.first, &segment.bytes),
            None => (self.open.first, &self.open.bytes),
        }
    }

    fn sealed_index(&self, byte: u64) -> Option<usize> {
        if byte >= self.open.first.byte {
            return None;
        }
        let after = self
            .sealed
            .partition_point(|segment| segment.first.byte <= byte);
        after.checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use common::{ndjson, record::Batch};
    use proptest::prelude::*;

    use super::*;

    const FIRST: Offset = Offset {
        record: 70,
        byte: 0,
    };

    /// Lines as content; they need not be JSON.
    fn content(lines: &[u8]) -> Content {
        let mut batch = Batch::default();
        for line in ndjson::lines(lines) {
            batch.push_with(|text| text.extend_from_slice(line));
        }
        batch.into()
    }

    /// All lines from `at` on, page by page.
    fn read_all(kept: &Kept, mut at: Offset, bytes_max: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while at != kept.next() {
            let (page, next) = kept
                .read(at, bytes_max)
                .expect("nothing is dropped meanwhile");
            assert!(page.ends_with(b"\n"), "a page is whole lines");
            at = at.advance(ndjson::count(&page) as u64, page.len() as u64);
            assert_eq!(at, next);
            all.extend_from_slice(&page);
        }
        all
    }

    #[test]
    fn a_place_inside_a_record_is_nowhere() {
        let mut kept = Kept::new(Framing::Lines, FIRST);
        kept.append(&content(b"11\n22\n33\n"), Timestamp(0), &Memory::default());
        let check = |record, byte| kept.check(Offset { record, byte });
        assert_eq!(check(71, 3), Ok(()));
        assert_eq!(check(73, 9), Ok(()));
        for (record, byte) in [(71, 4), (72, 3), (70, 3), (74, 12), (71, u64::MAX)] {
            let at = Offset { record, byte };
            assert_eq!(
                kept.check(at),
                Err(Misplaced::Nowhere {
                    at,
                    next: kept.next()
                })
            );
        }
        let at = Offset {
            record: 69,
            byte: 0,
        };
        assert_eq!(
            kept.check(at),
            Err(Misplaced::Gone {
                at,
                earliest: FIRST
            })
        );
    }

    #[test]
    fn what_lies_in_several_places_is_kept_in_its_order() {
        let mut kept = Kept::new(Framing::Lines, FIRST);
        let line = |byte: u8, length| [vec![byte; length - 1], vec![b'\n']].concat();
        let parts = [
            line(b'a', SEGMENT_BYTES),
            [line(b'b', SHARED_BYTES), line(b'c', SHARED_BYTES)].concat(),
            [line(b'd', 3), line(b'e', 4)].concat(),
        ];
        let whole = Content::of_parts(parts.iter().cloned().map(Bytes::from), 5);
        kept.append(&content(b"1"), Timestamp(0), &Memory::default());
        kept.append(&whole, Timestamp(1), &Memory::default());
        kept.append(&content(b"2"), Timestamp(2), &Memory::default());
        let all = [&b"1\n"[..], &parts.concat(), b"2\n"].concat();
        assert_eq!(kept.next(), FIRST.advance(7, all.len() as u64));
        assert!(read_all(&kept, FIRST, usize::MAX) == all);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut kept = Kept::new(Framing::Lines, FIRST);
        let line = [vec![b'x'; SEGMENT_BYTES / 2 - 1], vec![b'\n']].concat();
        for _ in 0..7 {
            kept.append(&content(&line), Timestamp(0), &Memory::default());
            kept.retain(Some(SEGMENT_BYTES as u64), None);
        }
        let bytes = kept.next().byte - kept.earliest().byte;
        assert!(
            bytes < 2 * SEGMENT_BYTES as u64 && bytes >= SEGMENT_BYTES as u64,
            "{bytes}"
        );
        assert_eq!(kept.read(FIRST, 100), None);
        assert_eq!(kept.check(kept.earliest()), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_was_appended_is_read_from_every_place(
            lengths in prop::collection::vec(0..SEGMENT_BYTES * 2, 1..12),
            bytes_max in 1..SEGMENT_BYTES * 2,
        ) {
            let mut kept = Kept::new(Framing::Lines, FIRST);
            let (mut all, mut places) = (Vec::new(), vec![FIRST]);
            for (index, length) in lengths.iter().enumerate() {
                let mut line = vec![b'a' + u8::try_from(index).unwrap(); *length];
                line.push(b'\n');
                kept.append(&content(&line), Timestamp(0), &Memory::default());
                places.push(places[index].advance(1, line.len() as u64));
                all.extend(line);
            }
            for place in places {
                prop_assert_eq!(kept.check(place), Ok(()));
                let rest = &all[usize::try_from(place.byte).unwrap()..];
                prop_assert!(read_all(&kept, place, bytes_max) == rest);
            }
        }
    }
}
