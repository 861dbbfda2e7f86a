//! How much of each segment was found to be as it was written, since the start: that is not verified
//! again by everybody who reads it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use common::offset::Offset;

/// The segments of a stream that were read.
#[derive(Debug, Default)]
pub(super) struct Sound {
    segments: Mutex<BTreeMap<Offset, Pieces>>,
}

/// How many pieces from the first one on are sound. Its clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    count: Arc<AtomicUsize>,
}

impl Sound {
    /// Those of the segment that begins at `first`.
    pub(super) fn of(&self, first: Offset) -> Pieces {
        self.lock().entry(first).or_default().clone()
    }

    /// Forgets segments before `from`, which are no longer there.
    pub(super) fn forget_before(&self, from: Offset) {
        self.lock().retain(|first, _| *first >= from);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Offset, Pieces>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pieces {
    /// Whether the piece of that number is among them.
    pub(super) fn has(&self, number: usize) -> bool {
        #[cfg(test)]
        if super::proof::is_trusted() {
            return true;
        }
        number < self.count.load(Ordering::Relaxed)
    }

    /// The piece of that number is sound; it counts where those before it do.
    pub(super) fn add(&self, number: usize) {
        let order = Ordering::Relaxed;
        // Somebody else may have said so.
        let _was = self
            .count
            .compare_exchange(number, number + 1, order, order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_sound_when_it_was_verified_and_all_before_it() {
        let sound = Sound::default();
        let at = |byte| Offset { record: 0, byte };
        let (pieces, same) = (sound.of(at(5)), sound.of(at(5)));
        pieces.add(1);
        assert!(!pieces.has(1), "nobody has looked at the first one");
        for number in [0, 0, 1] {
            pieces.add(number);
        }
        assert!(same.has(0) && same.has(1) && !same.has(2));
        assert!(!sound.of(at(4)).has(0), "another segment");
        sound.forget_before(at(6));
        assert!(!sound.of(at(5)).has(0), "it may be another one");
    }
}
