//! Rows from one task to the tasks of the next stage, with how far event time has come.

use arrow::{
    array::{ArrayRef, PrimitiveArray, RecordBatch, RecordBatchOptions},
    compute::take,
    datatypes::UInt32Type,
};
use datafusion_common::hash_utils::{RandomState, create_hashes};
use tokio::sync::mpsc::Sender;

use super::{error::Failure, stages::Route, wiring::SinkSenders};
use crate::{
    plan::{Expression, Inlet, StepId},
    transform::{Changes, END, Origin, Outputs, Progress, Task},
};

/// What one task tells another.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// Rows that a step has given.
    Changes(Origin, Changes),
    /// How far event time has come behind a step.
    Progress(Origin, Progress),
    /// A step has given all its rows.
    End(Origin),
    /// All rows of a table that others are looked up in have come; or not all of them could be read.
    Loaded(StepId, bool),
    /// What time it is.
    Tick(i64),
}

/// Messages that may wait at a task.
pub(super) const MESSAGES_MAX: usize = 16;

/// What keys are shared out by. It must not be the hash that tables of groups are made with, or each
/// table would have only some of its places filled.
const SEED: RandomState = RandomState::with_seed(0x6b65_7973);

/// Where what a task gives goes.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    /// Which of its stage's tasks it is.
    number: usize,
    edges: Vec<Edge>,
    sinks: SinkSenders<StepId>,
    late: SinkSenders<Inlet>,
}

/// From a step to a stage.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    from: StepId,
    route: Route,
    tasks: Vec<Sender<Message>>,
    told: Option<Progress>,
}

impl Outlet {
    /// For task `number` of a stage.
    pub(super) const fn new(
        number: usize,
        edges: Vec<Edge>,
        sinks: SinkSenders<StepId>,
        late: SinkSenders<Inlet>,
    ) -> Self {
        Self {
            number,
            edges,
            sinks,
            late,
        }
    }

    /// Hands on what `task` gave, and how far it has come.
    pub(super) async fn give(&mut self, outputs: Outputs, task: &mut Task) -> Result<(), Failure> {
        for (step, changes) in outputs.changes {
            match self.sinks.get(&step) {
                Some(sink) => sink.send(changes).await.map_err(|_| Failure::Gone)?,
                None => {
                    let partition = self.number;
                    let origin = Origin {
                        port: step,
                        partition,
                    };
                    self.changes_of(origin, &changes).await?;
                }
            }
        }
        for (inlet, rows) in outputs.late {
            if let Some(sink) = self.late.get(&inlet) {
                let sent = sink.send(Changes::inserts(rows)).await;
                sent.map_err(|_| Failure::Gone)?;
            }
        }
        for edge in &mut self.edges {
            if let Some(progress) = task.progress(edge.from) {
                edge.progress(self.number, progress).await?;
            }
        }
        Ok(())
    }

    /// Hands on rows that come from a task's step, or from a partition of a chain.
    pub(super) async fn changes_of(
        &self,
        origin: Origin,
        changes: &Changes,
    ) -> Result<(), Failure> {
        for edge in self.edges.iter().filter(|edge| edge.from == origin.port) {
            edge.changes(origin.partition, changes).await?;
        }
        Ok(())
    }

    /// Tells how far event time has come behind a step.
    pub(super) async fn progress(
        &mut self,
        partition: usize,
        step: StepId,
        progress: Progress,
    ) -> Result<(), Failure> {
        for edge in self.edges.iter_mut().filter(|edge| edge.from == step) {
            edge.told = None;
            edge.progress(partition, progress).await?;
        }
        Ok(())
    }

    /// Tells everyone behind that a table was read whole, or could not be.
    pub(super) async fn loaded(&self, table: StepId, is_whole: bool) -> Result<(), Failure> {
        for edge in self.edges.iter().filter(|edge| edge.from == table) {
            for task in &edge.tasks {
                send(task, Message::Loaded(table, is_whole)).await?;
            }
        }
        Ok(())
    }

    /// Tells everyone behind what time it is. Whoever has seen the end of all it reads has gone, and
    /// need not know; whoever has failed says so itself.
    pub(super) async fn tick(&self, now: i64) {
        for task in self.edges.iter().flat_map(|edge| &edge.tasks) {
            drop(task.send(Message::Tick(now)).await);
        }
    }

    /// Tells everyone behind that these steps have given all they had; each of them is told once, and
    /// may be gone then.
    pub(super) async fn end(
        &self,
        partition: usize,
        steps: impl Fn(StepId) -> bool,
    ) -> Result<(), Failure> {
        for edge in self.edges.iter().filter(|edge| steps(edge.from)) {
            for task in &edge.tasks {
                let origin = Origin {
                    port: edge.from,
                    partition,
                };
                send(task, Message::End(origin)).await?;
            }
        }
        Ok(())
    }

    /// Whether anybody reads from a step.
    pub(super) fn leads_from(&self, step: StepId) -> bool {
        self.edges.iter().any(|edge| edge.from == step)
    }
}

impl Edge {
    /// To these tasks.
    pub(super) const fn new(from: StepId, route: Route, tasks: Vec<Sender<Message>>) -> Self {
        Self {
            from,
            route,
            tasks,
            told: None,
        }
    }

    /// Whose rows it carries.
    pub(super) const fn from(&self) -> StepId {
        self.from
    }

    async fn changes(&self, partition: usize, changes: &Changes) -> Result<(), Failure> {
        let origin = Origin {
            port: self.from,
            partition,
        };
        let parts = match &self.route {
            Route::Keys(keys) => split(changes, keys, self.tasks.len())?,
            Route::One => vec![(0, changes.clone())],
            Route::Same => vec![(partition % self.tasks.len().max(1), changes.clone())],
        };
        for (number, part) in parts {
            if let Some(task) = self.tasks.get(number) {
                send(task, Message::Changes(origin, part)).await?;
            }
        }
        Ok(())
    }

    async fn progress(&mut self, partition: usize, progress: Progress) -> Result<(), Failure> {
        // At its end, that is said in another way.
        if self.told == Some(progress) || progress.watermark == END {
            return Ok(());
        }
        self.told = Some(progress);
        let origin = Origin {
            port: self.from,
            partition,
        };
        for task in &self.tasks {
            send(task, Message::Progress(origin, progress)).await?;
        }
        Ok(())
    }
}

async fn send(task: &Sender<Message>, message: Message) -> Result<(), Failure> {
    task.send(message).await.map_err(|_| Failure::Gone)
}

/// The rows for each of `tasks` tasks, without those that get none.
pub(super) fn split(
    changes: &Changes,
    keys: &[Expression],
    tasks: usize,
) -> Result<Vec<(usize, Changes)>, Failure> {
    if tasks == 1 {
        return Ok(vec![(0, changes.clone())]);
    }
    let rows = changes.rows.num_rows();
    let keys: Vec<ArrayRef> = keys
        .iter()
        .map(|key| key.evaluate(&changes.rows)?.into_array(rows))
        .collect::<Result<_, _>>()?;
    let mut hashes = vec![0; rows];
    create_hashes(&keys, &SEED, &mut hashes)?;
    let mut parts: Vec<Vec<u32>> = vec![Vec::with_capacity(rows / tasks + rows / 8); tasks];
    for (row, hash) in (0..).zip(&hashes) {
        // The high half times the number of tasks, shifted: even shares without a division.
        let share = ((hash >> 32) * tasks as u64) >> 32;
        if let Some(part) = usize::try_from(share)
            .ok()
            .and_then(|share| parts.get_mut(share))
        {
            part.push(row);
        }
    }
    let parts = parts
        .into_iter()
        .enumerate()
        .filter(|(_, part)| !part.is_empty());
    parts
        .map(|(number, part)| Ok((number, picked(changes, part)?)))
        .collect()
}

/// The rows of these numbers.
fn picked(changes: &Changes, numbers: Vec<u32>) -> Result<Changes, Failure> {
    if numbers.len() == changes.rows.num_rows() {
        return Ok(changes.clone());
    }
    let pick = |number: &u32| changes.op(usize::try_from(*number).unwrap_or_default());
    let ops = changes
        .ops
        .as_ref()
        .map(|_| numbers.iter().map(pick).collect());
    let options = RecordBatchOptions::new().with_row_count(Some(numbers.len()));
    let numbers = PrimitiveArray::<UInt32Type>::from(numbers);
    let columns = changes.rows.columns().iter();
    let columns = columns.map(|column| take(column, &numbers, None));
    let columns = columns.collect::<Result<_, _>>()?;
    let rows = RecordBatch::try_new_with_options(changes.rows.schema(), columns, &options)?;
    Ok(Changes { rows, ops })
}
