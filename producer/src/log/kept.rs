//! The records that are kept: lines in segments, the last of which is still open.
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
use common::{ndjson, offset::Offset};

/// A segment is sealed before it would get longer than this. It is what a slow reader can pin in
/// memory after the log has let go of it, so it is small; a longer record has one of its own.
pub(super) const SEGMENT_BYTES: usize = 256 * 1024;

#[derive(Debug)]
struct Segment<L> {
    first: Offset,
    lines: L,
}

#[derive(Debug)]
pub(super) struct Kept {
    sealed: VecDeque<Segment<Bytes>>,
    open: Segment<Vec<u8>>,
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
    /// It lies beyond the tail, or inside a record.
    #[error("offset {at} is no place in this stream, which ends at {next}")]
    Nowhere {
        /// What was asked for.
        at: Offset,
        /// The tail.
        next: Offset,
    },
}

impl Kept {
    pub(super) const fn new(first: Offset) -> Self {
        let open = Segment {
            first,
            lines: Vec::new(),
        };
        Self {
            sealed: VecDeque::new(),
            open,
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

    /// Appends whole lines, for which there is always room: see [`Kept::release`].
    pub(super) fn append(&mut self, mut lines: &[u8]) {
        while !lines.is_empty() {
            let room = SEGMENT_BYTES.saturating_sub(self.open.lines.len());
            match whole_lines_within(lines, room) {
                0 if self.open.lines.is_empty() => self.take(&mut lines, SEGMENT_BYTES),
                0 => self.seal(),
                fitting => self.take(&mut lines, fitting),
            }
        }
    }

    /// Moves the first `bytes` of `lines`, or the first line where it is longer, into the open
    /// segment.
    fn take(&mut self, lines: &mut &[u8], bytes: usize) {
        let bytes = whole_lines_within(lines, bytes).max(first_line(lines));
        let (taken, rest) = lines.split_at(bytes);
        self.open.lines.extend_from_slice(taken);
        self.next = self.next.advance(ndjson::count(taken) as u64, bytes as u64);
        *lines = rest;
    }

    fn seal(&mut self) {
        let open = Segment {
            first: self.next,
            lines: Vec::with_capacity(SEGMENT_BYTES),
        };
        let mut full = std::mem::replace(&mut self.open, open);
        full.lines.shrink_to_fit();
        self.sealed.push_back(Segment {
            first: full.first,
            lines: full.lines.into(),
        });
    }

    /// Lets go of the oldest sealed segments that end before `until`, as long as there are more
    /// than `bytes_max` bytes.
    pub(super) fn release(&mut self, until: Offset, bytes_max: u64) {
        while self.next.byte - self.earliest().byte > bytes_max {
            let second = self
                .sealed
                .get(1)
                .map_or(self.open.first, |second| second.first);
            if second > until || self.sealed.pop_front().is_none() {
                return;
            }
        }
    }

    /// The newest lines, down to the beginning of their segment.
    pub(super) fn last_page(&self) -> Bytes {
        match self.sealed.back() {
            Some(sealed) if self.open.lines.is_empty() => sealed.lines.clone(),
            _ => Bytes::copy_from_slice(&self.open.lines),
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
        let (first, lines) = self.segment(at.byte);
        let before = usize::try_from(at.byte.saturating_sub(first.byte)).unwrap_or(usize::MAX);
        let is_place = lines.get(..before).is_some_and(|before| {
            before.last().is_none_or(|last| *last == ndjson::NEWLINE)
                && first.advance(ndjson::count(before) as u64, before.len() as u64) == at
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

    /// The lines from `at`, which [`Kept::check`] has let pass: whole ones, `bytes_max` at the most,
    /// but one at the least, unless it is the tail. None when it is no longer kept.
    pub(super) fn read(&self, at: Offset, bytes_max: usize) -> Option<Bytes> {
        if at.byte < self.earliest().byte {
            return None;
        }
        let skip = |first: Offset| usize::try_from(at.byte - first.byte).unwrap_or(usize::MAX);

        match self.sealed_at(at.byte) {
            Some(segment) => {
                let rest = segment
                    .lines
                    .slice(skip(segment.first).min(segment.lines.len())..);
                let length = page(&rest, bytes_max);
                Some(rest.slice(..length))
            }
            None => {
                let rest = self
                    .open
                    .lines
                    .get(skip(self.open.first)..)
                    .unwrap_or_default();
                Some(Bytes::copy_from_slice(
                    rest.get(..page(rest, bytes_max)).unwrap_or_default(),
                ))
            }
        }
    }

    /// The segment that holds `byte`: its first offset and its lines.
    fn segment(&self, byte: u64) -> (Offset, &[u8]) {
        match self.sealed_at(byte) {
            Some(segment) => (segment.first, &segment.lines),
            None => (self.open.first, &self.open.lines),
        }
    }

    fn sealed_at(&self, byte: u64) -> Option<&Segment<Bytes>> {
        if byte >= self.open.first.byte {
            return None;
        }
        let after = self
            .sealed
            .partition_point(|segment| segment.first.byte <= byte);
        self.sealed.get(after.checked_sub(1)?)
    }
}

/// The length of a page of `lines`: whole ones, `bytes_max` bytes at the most, but one at the least.
pub(super) fn page(lines: &[u8], bytes_max: usize) -> usize {
    whole_lines_within(lines, bytes_max).max(first_line(lines))
}

fn whole_lines_within(lines: &[u8], bytes_max: usize) -> usize {
    lines
        .get(..bytes_max)
        .map_or(lines.len(), ndjson::whole_lines)
}

fn first_line(lines: &[u8]) -> usize {
    memchr::memchr(ndjson::NEWLINE, lines).map_or(lines.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: Offset = Offset {
        record: 70,
        byte: 0,
    };

    /// All lines from `at` on, page by page.
    fn read_all(kept: &Kept, mut at: Offset, bytes_max: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while at != kept.next() {
            let page = kept
                .read(at, bytes_max)
                .expect("nothing is dropped meanwhile");
            assert!(page.ends_with(b"\n"), "a page is whole lines");
            at = at.advance(ndjson::count(&page) as u64, page.len() as u64);
            all.extend_from_slice(&page);
        }
        all
    }

    #[test]
    fn a_place_inside_a_record_is_nowhere() {
        let mut kept = Kept::new(FIRST);
        kept.append(b"11\n22\n33\n");
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
    fn the_oldest_go_when_there_are_too_many() {
        let mut kept = Kept::new(FIRST);
        let line = [vec![b'x'; SEGMENT_BYTES / 2 - 1], vec![b'\n']].concat();
        for _ in 0..7 {
            kept.append(&line);
            kept.release(kept.next(), 2 * SEGMENT_BYTES as u64);
        }
        let bytes = kept.next().byte - kept.earliest().byte;
        assert!(
            bytes <= 2 * SEGMENT_BYTES as u64 && bytes > SEGMENT_BYTES as u64,
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
            let mut kept = Kept::new(FIRST);
            let (mut all, mut places) = (Vec::new(), vec![FIRST]);
            for (index, length) in lengths.iter().enumerate() {
                let mut line = vec![b'a' + u8::try_from(index).unwrap(); *length];
                line.push(b'\n');
                kept.append(&line);
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
