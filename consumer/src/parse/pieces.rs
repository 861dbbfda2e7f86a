//! Byte strings of a column, one after the other, and ends as Arrow counts them.

use arrow::buffer::{Buffer, OffsetBuffer};

/// Byte strings, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    pub(super) bytes: Vec<u8>,
    ends: Vec<i32>,
}

impl Pieces {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            ends: vec![0],
        }
    }

    #[inline]
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        self.end();
    }

    /// What was added to the bytes since the last end is a piece.
    #[inline]
    pub(super) fn end(&mut self) {
        self.ends.push(end(self.bytes.len()));
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        let bytes = cut(&mut self.ends, rows);
        self.bytes.truncate(bytes);
    }

    pub(super) fn finish(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        let bytes = Buffer::from_vec(taken(&mut self.bytes));
        (offsets(&mut self.ends), bytes)
    }
}

/// An end as Arrow counts it: what a block holds is far shorter than 2 GiB.
#[inline]
pub(super) fn end(at: usize) -> i32 {
    i32::try_from(at).unwrap_or(i32::MAX)
}

/// Keeps the first `rows` ends behind the zero; returns the last.
pub(super) fn cut(ends: &mut Vec<i32>, rows: usize) -> usize {
    ends.truncate(rows + 1);
    let last = ends.last().copied().unwrap_or_default();
    usize::try_from(last).unwrap_or_default()
}

/// The ends, and none are left.
pub(super) fn offsets(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    let all = taken(ends);
    ends.push(0);
    OffsetBuffer::new(all.into())
}

/// The values, and none are left, but there is room for as many: the next block is mostly like this one.
pub(super) fn taken<T>(values: &mut Vec<T>) -> Vec<T> {
    let room = values.len() + values.len() / 8;
    std::mem::replace(values, Vec::with_capacity(room))
}
