//! Groups of windows that have closed. They are given back a portion at a time: there may be very many
//! values among what they know, and whoever closes a window has enough to do with giving it.

use crate::transform::{
    aggregate::{Table, VALUES},
    expiry,
};

/// So many places for values are given back when time goes on.
const PORTION: usize = VALUES * expiry::TICK;

/// Tables that nobody uses any more.
#[derive(Debug, Default)]
pub(super) struct Leaving(Vec<Table>);

impl Leaving {
    /// Nobody uses this one any more.
    pub(super) fn add(&mut self, table: Table) {
        self.0.push(table);
    }

    /// Gives some of them back, when time has gone on.
    pub(super) fn sweep(&mut self) {
        self.give_back(PORTION);
    }

    /// Gives some of them back, when so many rows have come.
    pub(super) fn sweep_for(&mut self, rows: usize) {
        self.give_back(rows * VALUES);
    }

    fn give_back(&mut self, most: usize) {
        let mut left = most;
        while let Some(table) = self.0.last_mut() {
            left -= table.dismantle(left);
            if left == 0 {
                break;
            }
            self.0.pop();
        }
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(Table::bytes).sum()
    }
}
