//! How a join forgets: rows whose time has passed, at once; those that were not written for so long, a
//! portion at a time.

use super::{
    Join,
    side::{NONE, NULLS},
    told::rows_of,
};
use crate::{
    plan::{Both, Input, JoinKind},
    transform::{
        changes::Op,
        error::Fault,
        expiry::Expiry,
        group::Groups,
        operator::{Operator, Out},
    },
};

impl Join {
    /// Forgets the groups among `found` that have no rows.
    pub(super) fn forget(&mut self, found: &mut Vec<u32>) {
        let Both { first, second } = &self.sides;
        found.retain(|group| !first.has_rows(*group) && !second.has_rows(*group));
        found.sort_unstable();
        found.dedup();
        self.groups.remove(found);
    }

    /// Forgets the rows of an input whose time has passed, and tells those that have found no other.
    pub(super) fn expire(&mut self, input: Input, out: &mut Out) -> Result<(), Fault> {
        let kind = self.plan.kind;
        let is_told = kind.gives_alone(input) || (kind == JoinKind::Anti && input == Input::First);
        let passed = self.passed(input);
        while let Some(due) = self.sides.of_mut(input).due(passed) {
            let side = self.sides.of(input);
            let alone = due.iter().copied();
            let alone = alone.filter(|row| is_told && side.matches(*row) == 0);
            let alone: Vec<_> = alone.collect();
            if !alone.is_empty() {
                let nulls = vec![NULLS; alone.len()];
                let of = |of: Input| {
                    self.sides
                        .of(of)
                        .columns(if of == input { &alone } else { &nulls })
                };
                let both = [of(Input::First)?, of(Input::Second)?];
                let ops = vec![Op::Insert; alone.len()];
                out.changes.push(rows_of(&self.schema, both, ops)?);
            }
            let side = self.sides.of_mut(input);
            let mut groups: Vec<_> = due.into_iter().map(|row| side.remove(row)).collect();
            self.forget(&mut groups);
        }
        Ok(())
    }

    /// A row of an input is written now.
    pub(super) fn write(&mut self, input: Input, row: u32) {
        if let Some(both) = self.expiry.as_mut().filter(|_| row != NONE) {
            both.of_mut(input).write(row);
        }
    }

    /// Takes a row back that is equal to this one and has not ended. To how many rows it belonged;
    /// none where there is no such row.
    pub(super) fn take_back(&mut self, input: Input, row: &[u8], group: u32) -> Option<u32> {
        let side = self.sides.of_mut(input);
        let mut expiry = self.expiry.as_mut().map(|both| both.of_mut(input));
        while let Some((number, matches)) = side.take_back(row, group) {
            let has_ended = expiry.as_mut().is_some_and(|expiry| {
                let has_ended = expiry.end(number);
                expiry.clear(number);
                has_ended
            });
            if !has_ended {
                return Some(matches);
            }
        }
        if let Some(expiry) = expiry {
            expiry.unknown += 1;
        }
        None
    }

    /// Forgets some of the rows that have ended.
    pub(super) fn sweep(&mut self, most: usize) -> Result<(), Fault> {
        for input in [Input::First, Input::Second] {
            let Some(both) = &mut self.expiry else {
                return Ok(());
            };
            let ended = both.of_mut(input).sweep(most);
            let side = self.sides.of_mut(input);
            let groups = ended.into_iter().map(|row| side.remove(row));
            let mut groups: Vec<_> = groups.collect();
            self.forget(&mut groups);
        }
        let is_sparse = |both: &Both<Expiry>| Expiry::are_sparse(&[&both.first, &both.second]);
        match self.expiry.as_ref().is_some_and(is_sparse) {
            true => self.make_anew(),
            false => Ok(()),
        }
    }

    /// Gets back the memory of what is gone: few rows are left, which are numbered anew.
    fn make_anew(&mut self) -> Result<(), Fault> {
        let state = self.state()?;
        self.groups = Groups::new(&self.key_types)?;
        let Both { first, second } = &self.sides;
        self.sides = Both {
            first: first.anew()?,
            second: second.anew()?,
        };
        self.expiry = self.expiry.as_ref().map(|both| Both {
            first: both.first.anew(),
            second: both.second.anew(),
        });
        self.restore(state)
    }
}
