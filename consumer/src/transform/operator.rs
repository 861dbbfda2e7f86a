//! What every step of a task can do. Operators know no clock: event time comes as watermarks, which
//! only rise, and processing time as ticks.

use std::fmt::Debug;

use arrow::record_batch::RecordBatch;

use super::{changes::Changes, error::Fault, state::State};
use crate::plan::StepId;

/// Event time of an input that has told nothing yet.
pub const BEGINNING: i64 = i64::MIN;
/// Event time of an input that has ended.
pub const END: i64 = i64::MAX;

/// Where rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The step at which they came into the task.
    pub port: StepId,
    /// Of which of its partitions they are.
    pub partition: usize,
}

/// What a step gives.
#[derive(Debug, Default)]
pub struct Out {
    /// Rows for those that read from it.
    pub changes: Vec<Changes>,
    /// Of the rows that were pushed, those that came too late, as they came to the step.
    pub late: Vec<RecordBatch>,
}

/// Rows that a step has left out, and what it has forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// They came too late for all of their windows.
    pub late: u64,
    /// Their time is null, or further from now than a calendar reaches.
    pub untimed: u64,
    /// How many keys or rows were forgotten because they were not written for so long.
    pub expired: u64,
    /// They take back what is not known, as what was forgotten is not.
    pub unknown: u64,
}

/// How far event time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// No row before it is expected.
    pub watermark: i64,
    /// Whether nothing waits for it to rise.
    pub is_idle: bool,
}

impl Progress {
    /// Nothing is known yet.
    pub const NONE: Self = Self {
        watermark: BEGINNING,
        is_idle: false,
    };
}

/// What happens to a partition, beside its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It exists: until it has rows, event time stands still.
    Open,
    /// Whether it holds up nothing.
    Idle(bool),
    /// All its rows so far are known to be all there were.
    Proved,
    /// It has no more rows.
    End,
}

/// Which rows of a partition were not what they should have been, and count no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    /// All so far: those that follow do not go on with them.
    All,
    /// Those since it was last proved that none is missing: they come again.
    Unproved,
}

/// What a step does.
pub trait Operator: Debug + Send {
    /// Takes rows; `from` tells where they came into the task.
    ///
    /// # Errors
    /// A row cannot be computed. The operator is not to be used any more.
    fn push(&mut self, from: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault>;

    /// Takes rows of the second of two inputs that are not the same to it.
    ///
    /// # Errors
    /// As for [`Operator::push`].
    fn push_second(&mut self, from: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        self.push(from, changes, out)
    }

    /// Event time has come to `watermark`, in milliseconds.
    ///
    /// # Errors
    /// As for [`Operator::push`].
    fn advance(&mut self, _watermark: i64, _out: &mut Out) -> Result<(), Fault> {
        Ok(())
    }

    /// It is `now`, in milliseconds since the epoch.
    ///
    /// # Errors
    /// As for [`Operator::push`].
    fn tick(&mut self, _now: i64, _out: &mut Out) -> Result<(), Fault> {
        Ok(())
    }

    /// Something happens to a partition whose rows come here.
    fn hear(&mut self, _of: Origin, _event: Event) {}

    /// Rows of a partition count no longer. Not all steps can undo what they made of them.
    ///
    /// # Errors
    /// As for [`Operator::push`].
    fn void(&mut self, _of: Origin, _what: Void, _out: &mut Out) -> Result<(), Fault> {
        Ok(())
    }

    /// The rows of the second of two inputs are there: all of them, or not all, and then they are not
    /// to be looked at.
    ///
    /// # Errors
    /// As for [`Operator::push`].
    fn loaded(&mut self, _is_whole: bool) -> Result<(), Fault> {
        Ok(())
    }

    /// How far event time has come behind this step, where it is `input` before it.
    fn progress(&self, input: Progress) -> Progress {
        input
    }

    /// All it knows. It goes on as if nothing had been asked.
    ///
    /// # Errors
    /// A function cannot tell its state.
    fn state(&mut self) -> Result<State, Fault> {
        Ok(State::default())
    }

    /// Makes a new operator one that knows `state`.
    ///
    /// # Errors
    /// It is not the state of such an operator.
    fn restore(&mut self, _state: State) -> Result<(), Fault> {
        Ok(())
    }

    /// How much memory state takes.
    fn state_bytes(&self) -> usize {
        0
    }

    /// What was left out and forgotten.
    fn counts(&self) -> Counts {
        Counts::default()
    }
}
