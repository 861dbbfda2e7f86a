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
mod inputs;
mod metrics;
mod prepare;
mod rehearsal;
mod rejects;
mod reports;
mod required;
mod scans;
mod sinks;
mod source;
mod stages;
mod status;
mod tables;
mod watch;
mod whole;
mod wiring;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::Write,
    path::PathBuf,
    sync::Arc,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use error::Failure;
pub use metrics::{Metrics, Summary};
pub use rehearsal::{Given, Reading, Rehearsal, readings};
pub use reports::Reports;
pub use sinks::Shown;
pub use source::Reach;
pub use status::Status;
pub use watch::Watch;

use crate::{
    plan::{Dataflow, Inlet, Job, Kind, StepId, Table},
    transform::{Budget, Changes, Settings},
    write::{Output, Shape},
};
use head::Head;
use sinks::{CHANGES_MAX, Outputs, Shared, Sink};
use wiring::{SinkSenders, Wiring};

#[cfg(test)]
mod proof;

/// How a job is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many tasks and parsing threads work side by side.
    pub parallelism: usize,
    /// What rows on the console look like.
    pub output: Output,
    /// How a running average is shown there, for the job that has one.
    pub average: Option<Shown>,
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

/// Runs a job to its end, or until `stop`. How it goes can be seen in `watch`.
///
/// # Errors
/// It cannot go on. What was given to sinks before is written.
pub async fn run<W: Write + Send + 'static>(
    job: &Job,
    options: &Options,
    out: W,
    watch: Watch,
    stop: CancellationToken,
) -> Result<Summary, Failure> {
    let budget = Arc::new(Budget::new(options.state_bytes_max, STATE_BYTES));
    let outputs = Outputs {
        out: Shared::new(out),
        output: options.output,
        average: options.average.clone(),
        reach: options.reach.clone(),
        run: options.run.clone(),
        on_null: job.settings.on_null,
    };
    let (tables, late) = (tables(&job.dataflow), late_tables(&job.dataflow));
    let (mut open, mut opened) = (Open::new(), Vec::new());
    for table in tables.values().chain(late.values()) {
        let name = table.as_ref().map(|table| table.name.clone());
        if let Entry::Vacant(new) = open.entry(name) {
            // What waits is written also when the job is stopped, and its lines are many.
            let waiting = options.average.as_ref().map_or(CHANGES_MAX, |_| 1);
            let (sender, changes) = mpsc::channel(waiting);
            let name = table.as_ref().map(|table| table.name.as_str());
            let shape = match job.dataflow.changes(name) {
                true => Shape::Change,
                false => Shape::Row,
            };
            let sink = Sink::open(table.as_ref(), &outputs, shape, changes).await?;
            opened.push(sink);
            new.insert(sender);
        }
    }
    let (sinks, late) = (senders(&tables, &open), senders(&late, &open));
    drop(open);
    let (wiring, inboxes) = Wiring::new(
        &job.dataflow,
        options.parallelism,
        Settings { budget },
        (sinks, late),
        &watch,
    );
    let (members, head) = (
        wiring.members(inboxes)?,
        Head::new(job, options, &wiring, watch)?,
    );
    // What it holds would keep tasks and sinks from their ends.
    drop(wiring);
    let (parts, running) = (TaskTracker::new(), FuturesUnordered::new());
    for sink in opened {
        running.push(parts.spawn(sink.run()));
    }
    for member in members {
        running.push(parts.spawn(member.run()));
    }
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

/// Where rows are to be written, by what gives them.
type Tables<K> = BTreeMap<K, Option<Arc<Table>>>;

fn tables(dataflow: &Dataflow) -> Tables<StepId> {
    let steps = dataflow.steps.iter().enumerate();
    steps
        .filter_map(|(at, step)| match &step.kind {
            Kind::Insert(sink) => Some((StepId(at), sink.table.clone())),
            _ => None,
        })
        .collect()
}

/// Inputs of steps that can have late rows, with the table for those.
fn late_tables(dataflow: &Dataflow) -> Tables<Inlet> {
    let late = dataflow.late.iter();
    late.map(|(inlet, late)| (*inlet, Some(late.table.clone())))
        .collect()
}

/// The tables that are written to, by name: whoever writes to the same one shares its sink, as none
/// knows what another has written.
type Open = BTreeMap<Option<String>, mpsc::Sender<Changes>>;

fn senders<K: Copy + Ord>(tables: &Tables<K>, open: &Open) -> SinkSenders<K> {
    let sender = |table: &Option<Arc<Table>>| {
        let name = table.as_ref().map(|table| table.name.clone());
        open.get(&name).cloned()
    };
    let all = tables.iter();
    Arc::new(
        all.filter_map(|(of, table)| Some((*of, sender(table)?)))
            .collect(),
    )
}
