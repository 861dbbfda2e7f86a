//! What is told of the rows of a key: how those that are given change.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::{plan, transform::changes::Op};

/// So few rows are looked through rather than put into a table.
const FEW: usize = 16;

/// Rows to be given, with their numbers among those of their key.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) rows: Vec<u32>,
    pub(super) numbers: Vec<i64>,
    pub(super) ops: Vec<Op>,
}

impl Told {
    /// Tells how the rows that are given change from those before to those now, which are the first of
    /// a key.
    pub(super) fn change(&mut self, plan: &plan::Rank, (before, now): (&[u32], &[u32])) {
        let given = |rows: &[u32]| -> Vec<u32> {
            let rows = rows.iter().copied().take(plan.to);
            rows.skip(plan.from.saturating_sub(1)).collect()
        };
        let (before, now) = (given(before), given(now));
        if plan.is_numbered || plan.to == plan.from {
            let places = before.len().max(now.len());
            for at in 0..places {
                let rows = (before.get(at), now.get(at));
                self.change_at(at + plan.from, rows);
            }
            return;
        }
        for row in others(&before, &now) {
            self.tell(row, 0, Op::Delete);
        }
        for row in others(&now, &before) {
            self.tell(row, 0, Op::Insert);
        }
    }

    /// Tells which row has a number.
    fn change_at(&mut self, number: usize, rows: (Option<&u32>, Option<&u32>)) {
        match rows {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => {
                self.tell(*one, number, Op::UpdateBefore);
                self.tell(*other, number, Op::UpdateAfter);
            }
            (Some(one), None) => self.tell(*one, number, Op::Delete),
            (None, Some(other)) => self.tell(*other, number, Op::Insert),
            (None, None) => {}
        }
    }

    fn tell(&mut self, row: u32, number: usize, op: Op) {
        self.rows.push(row);
        self.numbers.push(i64::try_from(number).unwrap_or(i64::MAX));
        self.ops.push(op);
    }
}

/// The rows that are not among `known`.
fn others(rows: &[u32], known: &[u32]) -> Vec<u32> {
    let rows = rows.iter().copied();
    if known.len() <= FEW {
        return rows.filter(|row| !known.contains(row)).collect();
    }
    let known: HashSet<_, RandomState> = known.iter().collect();
    rows.filter(|row| !known.contains(row)).collect()
}
