//! Runs a job: its tables are read, its steps done, and its results written, until all its tables are
//! at their ends or it is told to stop.
//!
//! ```text
//! source ──Raw──→ prepare ──Ready──→ head ──Message──→ crew ──Changes──→ sinks
//! tables  lines   parse, filter,     watermarks,       what is done      console, files,
//!                 project, side      steps that see    side by side,     streams
//!                 by side, in order  all rows          each by its keys
//! ```
//!
//! Every arrow is bounded, and each part waits only for those to its right: so a slow sink slows down
//! the reading of its tables, and nothing can wait for itself.

mod crew;
mod error;
mod exchange;
mod generate;
mod head;
mod prepare;
mod scans;
mod sinks;
mod source;
mod stages;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::PathBuf,
    sync::Arc,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use crew::Reports;
pub use error::Failure;
pub use head::Summary;
pub use source::Reach;

use crate::{
    plan::{Dataflow, Job, Kind, StepId, Table},
    transform::{Budget, Chain, Changes, Origin, Settings, Task},
    write::Output,
};
use crew::Member;
use exchange::{MESSAGES_MAX, Message, Outlet};
use head::Head;
use sinks::{CHANGES_MAX, Outputs, Shared, Sink};
use stages::Stages;

/// How a job is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many tasks and parsing threads work side by side.
    pub parallelism: usize,
    /// What rows on the console look like.
    pub output: Output,
    /// How to reach what tables name.
    pub reach: Reach,
    /// Where rejects are kept, and how many bytes of them.
    pub dead_letters: Option<(PathBuf, u64)>,
    /// How much memory the state of all steps may take.
    pub state_bytes_max: usize,
    /// A name that no other run has.
    pub run: String,
}

/// The name of the setting that bounds state, for its error.
pub const STATE_BYTES: &str = "--state-bytes";

/// A part of the job that runs on its own.
type Part = JoinHandle<Result<(), Failure>>;

/// Runs a job to its end, or until `stop`. What its steps have done can be seen in `reports`.
///
/// # Errors
/// It cannot go on. What was given to sinks before is written.
pub async fn run<W: Write + Send + 'static>(
    job: &Job,
    options: &Options,
    out: W,
    reports: &Reports,
    stop: CancellationToken,
) -> Result<Summary, Failure> {
    let dataflow = &job.dataflow;
    let stages = Stages::of(dataflow, options.parallelism > 1);
    let budget = Arc::new(Budget::new(options.state_bytes_max, STATE_BYTES));
    let settings = Settings { budget };
    let parts = TaskTracker::new();
    let running = FuturesUnordered::new();
    let outputs = Outputs {
        out: Shared::new(out),
        output: options.output,
        reach: options.reach.clone(),
        run: options.run.clone(),
    };
    let sinks = Arc::new(start_sinks(&tables(dataflow), &outputs, &parts, &running).await?);
    let late = Arc::new(start_sinks(&late_tables(dataflow), &outputs, &parts, &running).await?);
    let (senders, inboxes) = channels(&stages, options.parallelism);
    let outlet = |stage: usize, number: usize| {
        let steps = stages.stages.get(stage).map(|stage| stage.steps.clone());
        let ends: Vec<_> = stages.chains.iter().map(Chain::end).collect();
        let gives = move |step: StepId| {
            let is_own = steps.as_ref().is_some_and(|steps| steps.contains(&step));
            is_own || (stage == 0 && ends.contains(&step))
        };
        Outlet::new(
            number,
            gives,
            &stages,
            &senders,
            sinks.clone(),
            late.clone(),
        )
    };
    for (at, inboxes) in inboxes.into_iter().enumerate().skip(1) {
        for (number, inbox) in inboxes.into_iter().enumerate() {
            let seats = Seats {
                dataflow,
                stages: &stages,
                parallelism: options.parallelism,
            };
            let member = Member {
                stage: at,
                number,
                task: seats.task(at, &settings)?,
                open: seats.open(at),
                inbox,
                outlet: outlet(at, number),
                reports: reports.clone(),
            };
            let mut member = member;
            member.open_all()?;
            running.push(parts.spawn(member.run()));
        }
    }
    let head = Head::new(
        job,
        options,
        &stages,
        settings,
        outlet(0, 0),
        reports.clone(),
    )?;
    // Whoever else holds a sender would keep tasks and sinks from their ends.
    drop((senders, sinks, late));
    together(head, running, stop).await
}

/// Runs the head until it is done, and then waits for all others; stops it where another part fails.
async fn together(
    head: Head,
    mut running: FuturesUnordered<Part>,
    stop: CancellationToken,
) -> Result<Summary, Failure> {
    let own_stop = stop.child_token();
    let mut ran = std::pin::pin!(head.run(own_stop.clone()));
    let mut why = None;
    let summary = loop {
        tokio::select! {
            biased;
            Some(ended) = running.next(), if !running.is_empty() => {
                note(&mut why, ended.unwrap_or(Err(Failure::Panicked)));
                if why.is_some() {
                    own_stop.cancel();
                }
            }
            summary = &mut ran => break summary,
        }
    };
    while let Some(ended) = running.next().await {
        note(&mut why, ended.unwrap_or(Err(Failure::Panicked)));
    }
    match (summary, why) {
        (Err(Failure::Gone), Some(why)) | (Ok(_), Some(why)) if !matches!(why, Failure::Gone) => {
            Err(why)
        }
        (summary, _) => summary,
    }
}

/// Keeps the first failure that says something.
fn note(why: &mut Option<Failure>, ended: Result<(), Failure>) {
    if let Err(failure) = ended
        && matches!(why, None | Some(Failure::Gone))
    {
        *why = Some(failure);
    }
}

/// Where rows are to be written, by the step that gives them.
type Tables = BTreeMap<StepId, Option<Arc<Table>>>;

fn tables(dataflow: &Dataflow) -> Tables {
    let steps = dataflow.steps.iter().enumerate();
    steps
        .filter_map(|(at, step)| match &step.kind {
            Kind::Insert(sink) => Some((StepId(at), sink.table.clone())),
            _ => None,
        })
        .collect()
}

/// Steps that can have late rows, with the table for those.
fn late_tables(dataflow: &Dataflow) -> Tables {
    let mut tables = Tables::new();
    for (at, step) in dataflow.steps.iter().enumerate() {
        let own = match &step.kind {
            Kind::Watermarks(watermarks) => watermarks.late.clone(),
            _ => step
                .inputs
                .iter()
                .find_map(|input| tables.get(input).cloned().flatten()),
        };
        if own.is_some() {
            tables.insert(StepId(at), own);
        }
    }
    tables
}

async fn start_sinks<W: Write + Send + 'static>(
    tables: &Tables,
    outputs: &Outputs<W>,
    parts: &TaskTracker,
    running: &FuturesUnordered<Part>,
) -> Result<BTreeMap<StepId, mpsc::Sender<Changes>>, Failure> {
    let mut sinks = BTreeMap::new();
    for (step, table) in tables {
        let (sender, changes) = mpsc::channel(CHANGES_MAX);
        let sink = Sink::open(table.as_ref(), outputs, changes).await?;
        running.push(parts.spawn(sink.run()));
        sinks.insert(*step, sender);
    }
    Ok(sinks)
}

type Channels = (
    Vec<Vec<mpsc::Sender<Message>>>,
    Vec<Vec<mpsc::Receiver<Message>>>,
);

/// For each task of each stage; the first has none.
fn channels(stages: &Stages, parallelism: usize) -> Channels {
    let of_stage = |stage: usize| {
        let number = if stage == 0 { 0 } else { parallelism };
        (0..number).map(|_| mpsc::channel(MESSAGES_MAX)).unzip()
    };
    (0..stages.stages.len()).map(of_stage).unzip()
}

/// What the tasks of stages are made of.
struct Seats<'a> {
    dataflow: &'a Dataflow,
    stages: &'a Stages,
    parallelism: usize,
}

impl Seats<'_> {
    fn task(&self, stage: usize, settings: &Settings) -> Result<Task, Failure> {
        let none = BTreeSet::new();
        let steps = self
            .stages
            .stages
            .get(stage)
            .map_or(&none, |stage| &stage.steps);
        Ok(Task::of(self.dataflow, steps, settings.clone())?)
    }

    /// What a stage waits for: of each step that it reads from, all tasks that do it. Of a chain, the
    /// first partition: the others are told when they are known.
    fn open(&self, stage: usize) -> BTreeSet<Origin> {
        let inputs = self
            .stages
            .stages
            .get(stage)
            .map(|stage| stage.inputs.as_slice());
        let inputs = inputs.unwrap_or_default().iter();
        inputs
            .flat_map(|(port, _)| {
                let is_first = self.stages.stage_of(*port) == 0;
                let tasks = if is_first { 1 } else { self.parallelism };
                (0..tasks).map(|partition| Origin {
                    port: *port,
                    partition,
                })
            })
            .collect()
    }
}
