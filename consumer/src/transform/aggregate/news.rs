//! Which rows of a batch change something, for each of several aggregates.

use arrow::{array::BooleanBufferBuilder, buffer::NullBuffer};

/// For each of several members, rows that are news.
#[derive(Debug)]
pub(super) struct News(Vec<BooleanBufferBuilder>);

impl News {
    pub(super) fn new(members: usize, rows: usize) -> Self {
        let none = |_| {
            let mut none = BooleanBufferBuilder::new(rows);
            none.append_n(rows, false);
            none
        };
        Self((0..members).map(none).collect())
    }

    #[inline]
    pub(super) fn set(&mut self, row: usize, mut members: u32) {
        while members != 0 {
            if let Some(rows) = self.0.get_mut(members.trailing_zeros() as usize) {
                rows.set_bit(row, true);
            }
            members &= members - 1;
        }
    }

    pub(super) fn finish(self) -> Vec<NullBuffer> {
        let all = self.0.into_iter();
        all.map(|mut rows| NullBuffer::new(rows.finish())).collect()
    }
}
