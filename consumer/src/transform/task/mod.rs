//! Some steps of a dataflow, run in one thread: rows and events in, changes out.
//!
//! Rows come in at its *ports*: the scans among its steps, and the steps of others from which its
//! steps read, which is how tasks are put one behind another: what one gives at a step is pushed into
//! the next at that same step, with a partition for each task before. What it gives are the changes of
//! its sinks and of all steps that steps of others read from.
//!
//! Everything is a function of the order of the calls.

mod budget;
mod flow;
mod nodes;
mod ports;

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

pub use self::budget::Budget;
use self::{nodes::Node, ports::Ports};
use super::{
    changes::Changes,
    error::Error,
    operator::{Counts, Event, Origin, Progress, Void},
    state::State,
};
use crate::plan::{Dataflow, Inlet, StepId};

/// What a task is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How much memory state may take. Several tasks may share it.
    pub budget: Arc<Budget>,
}

/// What a task gives.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Changes, each with the step that gave them (a sink, or one that others read from).
    pub changes: Vec<(StepId, Changes)>,
    /// Rows that came too late, each with where they did, as the table has them that keeps them. Only
    /// where there is one.
    pub late: Vec<(Inlet, RecordBatch)>,
}

/// What a step has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub step: StepId,
    /// What it does, in a word.
    pub kind: &'static str,
    /// How many rows it took.
    pub rows_in: u64,
    /// How many it gave.
    pub rows_out: u64,
    /// How many it left out, and what it has forgotten.
    pub counts: Counts,
    /// How much memory its state takes.
    pub state_bytes: usize,
    /// How far event time has come behind it; [`BEGINNING`](super::BEGINNING) where nothing is known of it.
    pub watermark: i64,
}

impl Report {
    /// Adds what another task has done at the same step.
    pub fn add(&mut self, other: &Self) {
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        self.counts.late += other.counts.late;
        self.counts.untimed += other.counts.untimed;
        self.counts.expired += other.counts.expired;
        self.counts.unknown += other.counts.unknown;
        self.state_bytes += other.state_bytes;
        self.watermark = self.watermark.min(other.watermark);
    }
}

/// Some steps of a dataflow.
#[derive(Debug)]
pub struct Task {
    settings: Settings,
    /// How much the state of each step took when that was last looked at.
    state_bytes: Vec<usize>,
    nodes: Vec<Node>,
    ports: Ports,
}

impl Task {
    /// All steps of a dataflow.
    ///
    /// # Errors
    /// A step cannot be done.
    pub fn new(dataflow: &Dataflow, settings: Settings) -> Result<Self, Error> {
        let all = (0..dataflow.steps.len()).map(StepId);
        Self::of(dataflow, &all.collect(), settings)
    }

    /// Makes a partition of a port known. Until it has rows, event time stands still.
    ///
    /// # Errors
    /// There is no such port.
    pub fn open(&mut self, port: StepId, partition: usize) -> Result<(), Error> {
        self.hear(Origin { port, partition }, Event::Open)
    }

    /// Takes rows of a scan that were just read.
    ///
    /// # Errors
    /// A step cannot go on, or state is too large. The task is not to be used any more.
    pub fn push(
        &mut self,
        scan: StepId,
        partition: usize,
        rows: RecordBatch,
    ) -> Result<Outputs, Error> {
        self.push_changes(
            Origin {
                port: scan,
                partition,
            },
            Changes::inserts(rows),
        )
    }

    /// Takes changes that another task has given.
    ///
    /// # Errors
    /// As for [`Task::push`].
    pub fn push_changes(&mut self, from: Origin, changes: Changes) -> Result<Outputs, Error> {
        self.hear(from, Event::Open)?;
        let mut outputs = Outputs::default();
        self.give(from.port.0, from, changes, &mut outputs)?;
        self.settle(&mut outputs)?;
        self.compact(&mut outputs)?;
        self.check_budget()?;
        Ok(outputs)
    }

    /// Event time of a partition has come that far, as another task has told.
    ///
    /// # Errors
    /// As for [`Task::push`].
    pub fn advance(&mut self, of: Origin, watermark: i64) -> Result<Outputs, Error> {
        self.hear(of, Event::Open)?;
        self.ports.raise(of, watermark);
        self.settled()
    }

    /// A partition is idle, or no longer.
    ///
    /// # Errors
    /// As for [`Task::push`].
    pub fn idle(
        &mut self,
        port: StepId,
        partition: usize,
        is_idle: bool,
    ) -> Result<Outputs, Error> {
        self.hear(Origin { port, partition }, Event::Idle(is_idle))?;
        self.settled()
    }

    /// A partition has come that far, and is idle or not, as another task has told.
    ///
    /// # Errors
    /// As for [`Task::push`].
    pub fn reach(&mut self, of: Origin, progress: Progress) -> Result<Outputs, Error> {
        let mut outputs = self.advance(of, progress.watermark)?;
        let idle = self.idle(of.port, of.partition, progress.is_idle)?;
        outputs.changes.extend(idle.changes);
        outputs.late.extend(idle.late);
        Ok(outputs)
    }

    /// All rows of a partition so far are known to be all there were.
    ///
    /// # Errors
    /// There is no such port.
    pub fn prove(&mut self, of: Origin) -> Result<(), Error> {
        self.hear(of, Event::Proved)
    }

    /// Rows of a partition count no longer.
    ///
    /// # Errors
    /// As for [`Task::push`].
    pub fn void(&mut self, of: Origin, what: Void) -> Result<Outputs, Error> {
        let mut outputs = Outputs::default();
        for at in 0..self.nodes.len() {
            let hears = |node: &Node| node.heard.contains(&of.port.0);
            if self.nodes.get(at).is_some_and(hears) {
                self.work(at, &mut outputs, |operator, out| {
                    operator.void(of, what, out)
                })?;
            }
        }
        self.compact(&mut outputs)?;
        Ok(outputs)
    }

    /// All rows of a table that others are looked up in are there; or it could not be read whole.
    ///
    /// # Errors
    /// As for [`Task::push`].
    pub fn loaded(&mut self, table: StepId, is_whole: bool) -> Result<(), Error> {
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let fail = node.failure(at);
            let is_looked_up = node.timed_inputs == 1 && node.inputs.get(1) == Some(&table.0);
            if let Some(operator) = node.operator.as_mut().filter(|_| is_looked_up) {
                operator.loaded(is_whole).map_err(fail)?;
            }
        }
        Ok(())
    }

    /// A partition has no more rows. When none of a port has, all its windows close.
    ///
    /// # Errors
    /// As for [`Task::push`].
    pub fn end(&mut self, port: StepId, partition: usize) -> Result<Outputs, Error> {
        self.hear(Origin { port, partition }, Event::End)?;
        self.settled()
    }

    /// It is `now`, in milliseconds since the epoch. To be told before the first rows.
    ///
    /// # Errors
    /// As for [`Task::push`].
    pub fn tick(&mut self, now: i64) -> Result<Outputs, Error> {
        let mut outputs = Outputs::default();
        for at in 0..self.nodes.len() {
            self.work(at, &mut outputs, |operator, out| operator.tick(now, out))?;
        }
        self.check_budget()?;
        self.compact(&mut outputs)?;
        Ok(outputs)
    }

    fn hear(&mut self, of: Origin, event: Event) -> Result<(), Error> {
        if !self.ports.hear(of, event) {
            return Err(Error::NoSuchPort(of.port));
        }
        let hearing = self
            .nodes
            .iter_mut()
            .filter(|node| node.heard.contains(&of.port.0));
        hearing
            .filter_map(|node| node.operator.as_mut())
            .for_each(|one| one.hear(of, event));
        Ok(())
    }

    fn settled(&mut self) -> Result<Outputs, Error> {
        let mut outputs = Outputs::default();
        self.settle(&mut outputs)?;
        self.compact(&mut outputs)?;
        Ok(outputs)
    }

    fn check_budget(&mut self) -> Result<(), Error> {
        let budget = &self.settings.budget;
        let sizes = self.nodes.iter().map(Node::state_bytes);
        let bytes = budget.takes(sizes, &mut self.state_bytes);
        if bytes <= budget.bytes_max {
            return Ok(());
        }
        // Another task may hold it all: what counts is what a step holds in all of them.
        let (at, largest) = budget.largest();
        let node = self.nodes.get(at);
        Err(Error::Budget {
            step: StepId(at),
            kind: node.map_or("nothing", |node| node.kind),
            largest,
            bytes,
            budget: budget.bytes_max,
            setting: budget.setting,
            instead: node.map_or("", |node| node.needs_less_by),
        })
    }

    /// How far event time has come behind a step: what to tell the task that reads from it. None of a step
    /// whose rows go past this task: it knows nothing of them.
    #[must_use]
    pub fn progress(&self, step: StepId) -> Option<Progress> {
        let node = self.nodes.get(step.0)?;
        let is_known = node.is_run || self.ports.progress(step).is_some();
        is_known.then_some(node.progress)
    }

    /// What each step has done.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        let run = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.is_run);
        let report = |(at, node): (usize, &Node)| Report {
            step: StepId(at),
            kind: node.kind,
            rows_in: node.rows_in,
            rows_out: node.rows_out,
            counts: node
                .operator
                .as_ref()
                .map(|one| one.counts())
                .unwrap_or_default(),
            state_bytes: node.state_bytes(),
            watermark: node.progress.watermark,
        };
        run.map(report).collect()
    }

    /// All it knows, between two batches. It goes on as if nothing had been asked.
    ///
    /// # Errors
    /// A function cannot tell its state.
    pub fn state(&mut self) -> Result<State, Error> {
        let mut state = State::default();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let fail = node.failure(at);
            if let Some(operator) = &mut node.operator {
                state.put_below(&format!("{at}/"), operator.state().map_err(fail)?);
            }
        }
        self.ports
            .state(&mut state, self.nodes.iter().map(|node| node.progress))?;
        Ok(state)
    }

    /// Makes a new task of the same steps one that knows `state`.
    ///
    /// # Errors
    /// It is not the state of such a task.
    pub fn restore(&mut self, mut state: State) -> Result<(), Error> {
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let fail = node.failure(at);
            let own = state.below(&format!("{at}/"));
            if let Some(operator) = &mut node.operator {
                operator.restore(own).map_err(fail)?;
            }
        }
        let progress = self.ports.restore(&mut state)?;
        for (node, progress) in self.nodes.iter_mut().zip(progress) {
            node.progress = progress;
        }
        Ok(())
    }
}
