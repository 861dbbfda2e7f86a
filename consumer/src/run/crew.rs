//! The tasks of the stages behind the first: each takes what comes to it, until all that it reads
//! from has ended.

use std::collections::{BTreeSet, VecDeque};

use tokio::sync::mpsc::Receiver;

use super::{
    error::Failure,
    exchange::{Message, Outlet},
    metrics::Batches,
    reports::Reports,
};
use crate::transform::{Changes, Origin, Outputs, Task};

/// A task with what comes to it and where what it gives goes.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) stage: usize,
    pub(super) number: usize,
    pub(super) task: Task,
    pub(super) inbox: Receiver<Message>,
    pub(super) outlet: Outlet,
    /// What has not ended yet.
    pub(super) open: BTreeSet<Origin>,
    /// Whether nothing that its steps do depends on how far event time has come.
    pub(super) is_timeless: bool,
    /// What was found behind rows that are taken together, and is to be taken next.
    pub(super) behind: VecDeque<Message>,
    pub(super) reports: Reports,
    pub(super) batches: Batches,
}

/// How many messages a task takes before it tells what it has done.
const REPORTED_EACH: usize = 64;

/// How many rows are taken together before they are enough.
const ROWS_MAX: usize = 8 * 1024;

impl Member {
    /// Works until there is nothing left to do.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let mut taken = 0_usize;
        while !self.open.is_empty() {
            let message = match self.behind.pop_front() {
                Some(message) => message,
                None => self.inbox.recv().await.ok_or(Failure::Gone)?,
            };
            if let Message::Tick(now) = message {
                self.outlet.tick(now).await;
            }
            let outputs = self.take(message)?;
            self.outlet.give(outputs, &mut self.task).await?;
            taken += 1;
            if taken.is_multiple_of(REPORTED_EACH) || self.inbox.is_empty() {
                self.report();
            }
        }
        self.report();
        self.outlet.end(self.number, |_| true).await
    }

    fn take(&mut self, message: Message) -> Result<Outputs, Failure> {
        Ok(match message {
            Message::Changes(from, changes) => {
                self.open.insert(from);
                let changes = self.together(from, changes)?;
                let push = || self.task.push_changes(from, changes);
                self.batches.timed(push)?
            }
            Message::Progress(of, progress) => {
                self.open.insert(of);
                self.batches.timed(|| self.task.reach(of, progress))?
            }
            Message::End(of) => {
                self.open.remove(&of);
                let end = || self.task.end(of.port, of.partition);
                self.batches.timed(end)?
            }
            Message::Loaded(table, is_whole) => {
                self.task.loaded(table, is_whole)?;
                Outputs::default()
            }
            Message::Tick(now) => self.batches.timed(|| self.task.tick(now))?,
        })
    }

    /// Rows, and those of the same origin that wait behind them: together they cost less. Not where it
    /// matters how far event time has come between them.
    fn together(&mut self, from: Origin, first: Changes) -> Result<Changes, Failure> {
        let (mut rows, mut all) = (first.rows.num_rows(), vec![first]);
        let mut come_to = None;
        while self.is_timeless && self.behind.is_empty() && rows < ROWS_MAX {
            match self.inbox.try_recv() {
                Ok(Message::Changes(origin, more)) if origin == from => {
                    rows += more.rows.num_rows();
                    all.push(more);
                }
                Ok(Message::Progress(origin, progress)) if origin == from => {
                    come_to = Some(Message::Progress(origin, progress));
                }
                Ok(other) => self.behind.push_back(other),
                Err(_) => break,
            }
        }
        if let Some(progress) = come_to {
            self.behind.push_front(progress);
        }
        match all.as_slice() {
            [one] => Ok(one.clone()),
            all => Ok(Changes::concat(all)?),
        }
    }

    fn report(&self) {
        self.reports
            .put(self.stage, self.number, self.task.reports());
    }
}
