//! Memory that records gather in on their way into the log, and that the newest of them stay in: used
//! again and again. What goes back to the system and is asked for anew has to be cleared by it first, a
//! page at a time, which takes longer than to fill it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use common::record::Batch;

use super::{
    append::Content,
    kept::{SEGMENT_BYTES, SHARED_BYTES},
};

/// Where such memory comes from, in pieces of a segment, and where it goes when nobody has it any more.
/// Its clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    free: Arc<Mutex<Free>>,
}

#[derive(Debug, Default)]
struct Free {
    pieces: Vec<Vec<u8>>,
    pieces_max: usize,
    /// How few there were at one time since this was looked at: so many nobody has needed.
    fewest: usize,
}

impl Memory {
    /// That keeps so many bytes for the next one who needs some.
    pub(super) fn new(bytes_max: u64) -> Self {
        let pieces_max = bytes_max / SEGMENT_BYTES as u64;
        let free = Free {
            pieces_max: usize::try_from(pieces_max).unwrap_or(usize::MAX),
            ..Free::default()
        };
        Self {
            free: Arc::new(Mutex::new(free)),
        }
    }

    /// A piece of it, empty.
    pub(super) fn piece(&self) -> Vec<u8> {
        let mut free = self.lock();
        let piece = free.pieces.pop();
        free.fewest = free.fewest.min(free.pieces.len());
        drop(free);
        let mut piece = piece.unwrap_or_else(|| Vec::with_capacity(SEGMENT_BYTES));
        piece.clear();
        piece
    }

    /// An empty batch in a piece of it.
    pub(crate) fn batch(&self) -> Batch {
        Batch::within(self.piece())
    }

    /// What is in batches that were filled one behind another. The memory comes back when nobody has
    /// it any more.
    pub(crate) fn content(&self, batches: Vec<Batch>) -> Content {
        let records = batches.iter().map(Batch::records).sum();
        let batches = batches.into_iter().filter(|batch| batch.records() > 0);
        let parts = batches.map(|batch| match batch.into_memory() {
            // Of what is short the log makes a copy itself.
            short if short.len() < SHARED_BYTES => Bytes::from_owner(self.used(short)),
            long => self.share(long),
        });
        Content::of_parts(parts, records)
    }

    /// What is in `memory`, which is a piece or not, to be kept for long. A piece comes back when nobody
    /// has it any more; what would be kept together with much that is empty gets memory of its own length.
    pub(super) fn share(&self, memory: Vec<u8>) -> Bytes {
        if !is_piece(&memory) {
            return memory.into_boxed_slice().into();
        }
        let piece = self.used(memory);
        if piece.memory.len() < SEGMENT_BYTES / 4 * 3 {
            Bytes::copy_from_slice(&piece.memory)
        } else {
            Bytes::from_owner(piece)
        }
    }

    fn used(&self, memory: Vec<u8>) -> Piece {
        let home = self.clone();
        Piece { memory, home }
    }

    /// Gives back to the system what nobody has needed since this was last called.
    pub(super) fn rest(&self) {
        let mut free = self.lock();
        let left = free.pieces.len().saturating_sub(free.fewest);
        let unneeded = free.pieces.split_off(left);
        free.fewest = left;
        drop(free);
        drop(unneeded);
    }

    fn lock(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory in use.
struct Piece {
    memory: Vec<u8>,
    home: Memory,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.memory
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut free = self.home.lock();
        if is_piece(&self.memory) && free.pieces.len() < free.pieces_max {
            free.pieces.push(std::mem::take(&mut self.memory));
        }
    }
}

/// Whether it is as long as a piece: that of a very long record is as long as that.
fn is_piece(memory: &Vec<u8>) -> bool {
    (SEGMENT_BYTES..2 * SEGMENT_BYTES).contains(&memory.capacity())
}

#[cfg(test)]
mod tests {
    use common::{offset::Offset, time::Timestamp};

    use super::*;
    use crate::log::{kept::Kept, settings::Framing};

    /// A batch of one line of so many bytes, newline included.
    fn filled(memory: &Memory, length: usize) -> Batch {
        let mut batch = memory.batch();
        batch.push(&vec![b'7'; length - 1]).unwrap();
        batch
    }

    fn free(memory: &Memory) -> usize {
        memory.lock().pieces.len()
    }

    #[test]
    fn what_nobody_has_any_more_is_used_again() {
        let memory = Memory::new(2 * SEGMENT_BYTES as u64);
        let batches = (0..3).map(|_| filled(&memory, SEGMENT_BYTES)).collect();
        let content = memory.content(batches);
        let place = content.bytes.as_ptr();
        let part = content.bytes.slice(1..);
        drop(content);
        assert_eq!(free(&memory), 2, "a part of the first is in use");
        drop(part);
        assert_eq!(free(&memory), 2, "there are enough");
        let again: Vec<_> = (0..2).map(|_| filled(&memory, 10)).collect();
        assert!(again.iter().all(|batch| batch.lines().as_ptr() != place));
        assert_eq!(free(&memory), 0);
    }

    #[test]
    fn what_the_log_has_copied_comes_back_too() {
        let memory = Memory::new(4 * SEGMENT_BYTES as u64);
        let mut kept = Kept::new(Framing::Lines, Offset::default());
        let line = Bytes::from([vec![b'7'; SHARED_BYTES / 2 - 1], vec![b'\n']].concat());
        let (fills, line) = (SEGMENT_BYTES / line.len(), Content::of_parts([line], 1));
        for _ in 0..=fills {
            kept.append(&line, Timestamp(0), &memory);
        }
        let page = kept.read(Offset::default(), 1);
        kept.release(kept.next());
        assert_eq!(free(&memory), 0, "a reader has it");
        drop(page);
        assert_eq!(free(&memory), 1);
    }

    #[test]
    fn little_is_not_kept_in_much_memory() {
        let memory = Memory::new(SEGMENT_BYTES as u64);
        for (length, is_copied) in [
            (10, false),
            (SHARED_BYTES, true),
            (SEGMENT_BYTES / 2, true),
            (SEGMENT_BYTES, false),
            (4 * SEGMENT_BYTES, false),
        ] {
            let batch = filled(&memory, length);
            let place = batch.lines().as_ptr();
            let content = memory.content(vec![batch]);
            assert_eq!(content.bytes.as_ptr() != place, is_copied, "{length}");
            assert_eq!((content.bytes_len(), content.records()), (length, 1));
            drop(content);
            let expected = usize::from(length <= SEGMENT_BYTES);
            assert_eq!(free(&memory), expected, "{length}");
        }
    }

    #[test]
    fn what_nobody_needs_goes_back() {
        let memory = Memory::new(4 * SEGMENT_BYTES as u64);
        let batches = (0..3).map(|_| filled(&memory, 10)).collect();
        drop(memory.content(batches));
        memory.rest();
        assert_eq!(free(&memory), 3, "they were needed a moment ago");
        drop(memory.content(vec![filled(&memory, 10)]));
        memory.rest();
        assert_eq!(free(&memory), 1);
        memory.rest();
        assert_eq!(free(&memory), 0);
    }
}
