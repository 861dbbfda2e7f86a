//! How rows and event time go from step to step.

use std::collections::BTreeSet;

use super::{Outputs, Task};
use crate::{
    plan::{Input, StepId},
    transform::{
        changes::Changes,
        error::{Error, Fault},
        operator::{BEGINNING, Operator, Origin, Out, Progress},
        watermarks::least,
    },
};

impl Task {
    /// Lets event time go on wherever it can.
    pub(super) fn settle(&mut self, outputs: &mut Outputs) -> Result<(), Error> {
        for at in 0..self.nodes.len() {
            let Some(input) = self.input_progress(at) else {
                continue;
            };
            let known = self
                .nodes
                .get(at)
                .map_or(BEGINNING, |node| node.progress.watermark);
            let own = self.nodes.get(at).and_then(|node| node.operator.as_ref());
            let reached = own.map_or(input, |operator| operator.progress(input));
            let watermark = reached.watermark.max(known);
            if watermark > known {
                self.work(at, outputs, |operator, out| {
                    operator.advance(watermark, out)
                })?;
            }
            if let Some(node) = self.nodes.get_mut(at) {
                node.progress = Progress {
                    watermark,
                    ..reached
                };
            }
        }
        Ok(())
    }

    /// Takes together what each sink is given at once, where rows of it are taken back.
    pub(super) fn compact(&self, outputs: &mut Outputs) -> Result<(), Error> {
        let mut changing = BTreeSet::new();
        for (step, changes) in &outputs.changes {
            let node = self.nodes.get(step.0);
            if changes.ops.is_some() && node.is_some_and(|node| node.compaction.is_some()) {
                changing.insert(*step);
            }
        }
        for step in changing {
            let Some(node) = self.nodes.get(step.0) else {
                continue;
            };
            let own = outputs.changes.extract_if(.., |(of, _)| *of == step);
            let own: Vec<_> = own.map(|(_, changes)| changes).collect();
            let compaction = node.compaction.as_ref();
            let left = compaction.map(|compaction| compaction.compact(&own));
            let left = left.transpose().map_err(node.failure(step.0))?;
            outputs
                .changes
                .extend(left.flatten().map(|left| (step, left)));
        }
        Ok(())
    }

    /// How far event time has come before a step; none where it is no part of the task.
    fn input_progress(&self, at: usize) -> Option<Progress> {
        if let Some(progress) = self.ports.progress(StepId(at)) {
            return Some(progress);
        }
        let node = self.nodes.get(at).filter(|node| node.is_run)?;
        let inputs = node
            .inputs
            .iter()
            .take(node.timed_inputs)
            .filter_map(|input| self.nodes.get(*input));
        Some(least(inputs.map(|input| input.progress)))
    }

    /// Lets an operator work, and hands on what it gives.
    pub(super) fn work(
        &mut self,
        at: usize,
        outputs: &mut Outputs,
        work: impl FnOnce(&mut dyn Operator, &mut Out) -> Result<(), Fault>,
    ) -> Result<(), Error> {
        let Some(node) = self.nodes.get_mut(at) else {
            return Ok(());
        };
        let kind = node.kind;
        let Some(operator) = &mut node.operator else {
            return Ok(());
        };
        let mut out = Out::default();
        let fail = |source| Error::Step {
            step: StepId(at),
            kind,
            source,
        };
        work(&mut **operator, &mut out).map_err(fail)?;
        // Behind an aggregate it no longer matters from where rows came.
        let origin = Origin {
            port: StepId(at),
            partition: 0,
        };
        for changes in out.changes {
            self.give(at, origin, changes, outputs)?;
        }
        Ok(())
    }

    /// Hands what a step gives to those that read from it.
    pub(super) fn give(
        &mut self,
        at: usize,
        from: Origin,
        changes: Changes,
        outputs: &mut Outputs,
    ) -> Result<(), Error> {
        let Some(node) = self.nodes.get_mut(at) else {
            return Ok(());
        };
        node.rows_out += count(&changes);
        let readers = node.readers.clone();
        if node.is_given {
            outputs.changes.push((StepId(at), changes.clone()));
        }
        let Some((last, others)) = readers.split_last() else {
            return Ok(());
        };
        for reader in others {
            self.take((at, *reader), from, changes.clone(), outputs)?;
        }
        self.take((at, *last), from, changes, outputs)
    }

    /// Lets a step take rows of another.
    fn take(
        &mut self,
        (giver, at): (usize, usize),
        from: Origin,
        changes: Changes,
        outputs: &mut Outputs,
    ) -> Result<(), Error> {
        let Some(node) = self.nodes.get_mut(at) else {
            return Ok(());
        };
        node.rows_in += count(&changes);
        let kind = node.kind;
        let Some(operator) = &mut node.operator else {
            return self.give(at, from, changes, outputs);
        };
        let mut out = Out::default();
        let fail = |source| Error::Step {
            step: StepId(at),
            kind,
            source,
        };
        let input = match node.inputs.get(1) {
            Some(second) if *second == giver => Input::Second,
            _ => Input::First,
        };
        let taken = match input {
            Input::First => operator.push(from, changes, &mut out),
            Input::Second => operator.push_second(from, changes, &mut out),
        };
        taken.map_err(fail)?;
        for rows in out.late {
            let kept = node.kept(input, &rows).map_err(fail)?;
            let inlet = (StepId(at), input);
            outputs.late.extend(kept.map(|rows| (inlet, rows)));
        }
        for changes in out.changes {
            self.give(at, from, changes, outputs)?;
        }
        Ok(())
    }
}

fn count(changes: &Changes) -> u64 {
    u64::try_from(changes.rows.num_rows()).unwrap_or_default()
}
