//! What is settled and still in memory, so that new records are read from there: it is let go of in
//! the order in which it was settled.

use std::collections::VecDeque;

use common::offset::Offset;

use super::stream::Stream;

/// What is settled and still in memory, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent {
    queue: VecDeque<(Stream, Offset, u64)>,
    pub(super) bytes: u64,
}

impl Recent {
    /// What is settled can be let go of when there is too much.
    pub(super) fn push(&mut self, stream: &Stream, until: Offset, bytes: u64) {
        if bytes > 0 {
            self.bytes += bytes;
            self.queue.push_back((stream.clone(), until, bytes));
        }
    }

    /// Lets go of the oldest while there is more than so much.
    pub(super) fn release(&mut self, bytes_max: u64) {
        while self.bytes > bytes_max
            && let Some((stream, until, bytes)) = self.queue.pop_front()
        {
            self.bytes -= bytes;
            stream.kept().release(until);
        }
    }
}
