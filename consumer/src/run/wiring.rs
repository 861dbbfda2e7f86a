//! Who gives what to whom: the tasks of a job, with what comes to each and where what it gives goes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{
    crew::Member,
    error::Failure,
    exchange::{Edge, MESSAGES_MAX, Message, Outlet},
    metrics::Batches,
    reports::Reports,
    stages::Stages,
    watch::Watch,
};
use crate::{
    plan::{Dataflow, Inlet, StepId},
    transform::{Chain, Changes, Origin, Settings, Task},
};

/// Where rows are written, by what gives them.
pub(super) type SinkSenders<K> = Arc<BTreeMap<K, Sender<Changes>>>;

/// The tasks of a job.
#[derive(Debug)]
pub(super) struct Wiring<'a> {
    pub(super) dataflow: &'a Dataflow,
    pub(super) stages: Stages,
    /// How many tasks there are of each stage but the first.
    parallelism: usize,
    settings: Settings,
    /// Of each stage, what its tasks are reached by; the first is not.
    inboxes: Vec<Vec<Sender<Message>>>,
    sinks: SinkSenders<StepId>,
    late: SinkSenders<Inlet>,
    reports: Reports,
    batches: Batches,
}

/// What comes to the tasks of each stage.
type Inboxes = Vec<Vec<Receiver<Message>>>;

impl<'a> Wiring<'a> {
    /// For a dataflow that so many tasks work at, whose sinks and tables of late rows are these.
    pub(super) fn new(
        dataflow: &'a Dataflow,
        parallelism: usize,
        settings: Settings,
        (sinks, late): (SinkSenders<StepId>, SinkSenders<Inlet>),
        watch: &Watch,
    ) -> (Self, Inboxes) {
        let stages = Stages::of(dataflow, parallelism > 1);
        let of_stage = |stage: usize| {
            let number = if stage == 0 { 0 } else { parallelism };
            (0..number).map(|_| channel(MESSAGES_MAX)).unzip()
        };
        let (senders, inboxes) = (0..stages.stages.len()).map(of_stage).unzip();
        let wiring = Self {
            dataflow,
            stages,
            parallelism,
            settings,
            inboxes: senders,
            sinks,
            late,
            reports: watch.reports.clone(),
            batches: watch.metrics.batches.clone(),
        };
        (wiring, inboxes)
    }

    /// All tasks but that of the first stage.
    pub(super) fn members(&self, inboxes: Inboxes) -> Result<Vec<Member>, Failure> {
        let mut members = Vec::new();
        for (stage, inboxes) in inboxes.into_iter().enumerate() {
            for (number, inbox) in inboxes.into_iter().enumerate() {
                let (mut task, open) = (self.task(stage)?, self.open(stage));
                for origin in &open {
                    task.open(origin.port, origin.partition)?;
                }
                members.push(Member {
                    stage,
                    number,
                    task,
                    inbox,
                    outlet: self.outlet(stage, number),
                    open,
                    is_timeless: self.is_timeless(stage),
                    behind: VecDeque::new(),
                    reports: self.reports.clone(),
                    batches: self.batches.clone(),
                });
            }
        }
        Ok(members)
    }

    fn is_timeless(&self, stage: usize) -> bool {
        let stage = self.stages.stages.get(stage);
        stage.is_some_and(|stage| stage.is_timeless(self.dataflow))
    }

    /// A task of a stage.
    pub(super) fn task(&self, stage: usize) -> Result<Task, Failure> {
        let none = BTreeSet::new();
        let steps = self.stages.stages.get(stage);
        let steps = steps.map_or(&none, |stage| &stage.steps);
        Ok(Task::of(self.dataflow, steps, self.settings.clone())?)
    }

    /// Where what a task gives goes; what chains give comes from the first stage.
    pub(super) fn outlet(&self, stage: usize, number: usize) -> Outlet {
        let ends: Vec<_> = self.stages.chains.iter().map(Chain::end).collect();
        let gives = |step: StepId| {
            let is_at_end = ends.contains(&step);
            let is_within = self.stages.stage_of(step) == stage;
            is_within || (stage == 0 && is_at_end)
        };
        let all = self.stages.stages.iter().zip(&self.inboxes);
        let edges = all.flat_map(|(stage, tasks)| {
            let inputs = stage.inputs.iter().filter(|_| !tasks.is_empty());
            inputs.map(|(from, route)| Edge::new(*from, route.clone(), tasks.clone()))
        });
        let edges = edges.filter(|edge| gives(edge.from())).collect();
        Outlet::new(number, edges, self.sinks.clone(), self.late.clone())
    }

    /// What a stage waits for: of each step that it reads from, all tasks that do it. Of a chain, the
    /// first partition: the others are told of when they are known.
    fn open(&self, stage: usize) -> BTreeSet<Origin> {
        let inputs = self.stages.stages.get(stage);
        let inputs = inputs.map(|stage| stage.inputs.as_slice());
        let origins = |port: StepId| {
            let is_first = self.stages.stage_of(port) == 0;
            let tasks = if is_first { 1 } else { self.parallelism };
            (0..tasks).map(move |partition| Origin { port, partition })
        };
        let inputs = inputs.unwrap_or_default().iter();
        inputs.flat_map(|(port, _)| origins(*port)).collect()
    }
}
