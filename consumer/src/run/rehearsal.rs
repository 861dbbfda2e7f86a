//! A job that is run by hand: line by line, on one thread, on a clock that is set. It reads no table
//! and opens no sink; what its steps do is what they do with `--parallelism 1`, so what it gives is a
//! function of the order of the calls.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    STATE_BYTES, Tables,
    error::Failure,
    late_tables,
    prepare::{Preparation, Preparer, Raw},
    scans::idle_timeout,
    sinks::{failed, fitted},
    stages::{Stage, Stages},
    tables,
};
use crate::{
    fetch::Block,
    parse::{Format, Json, Parse, Reason},
    plan::{Job, Kind, Scan, Table},
    transform::{BEGINNING, Budget, Chain, Changes, Origin, Outputs, Progress, Settings, Task},
};

/// A job in the making.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    job: &'a Job,
    stage: Stage,
    state_bytes_max: usize,
    scans: Vec<Part>,
    preparer: Preparer,
    task: Task,
    sinks: Tables,
    late: Tables,
    given: Vec<Given>,
}

/// Rows for a table; for none they are for the console.
#[derive(Debug)]
pub struct Given {
    /// Which.
    pub table: Option<Arc<Table>>,
    /// The rows, of the table's columns.
    pub changes: Changes,
}

/// A scan, which has one partition.
#[derive(Debug)]
struct Part {
    table: Arc<Table>,
    /// Where its rows come into the task.
    origin: Origin,
    idle_timeout: Option<Duration>,
    progress: Progress,
    /// When its last line came.
    heard: i64,
}

/// The tables that a job reads, by name.
#[must_use]
pub fn sources(job: &Job) -> BTreeMap<String, Arc<Table>> {
    let kinds = job.dataflow.steps.iter().map(|step| &step.kind);
    let scanned = kinds.filter_map(|kind| match kind {
        Kind::Scan(scan) => Some(&scan.table),
        _ => None,
    });
    scanned
        .map(|table| (table.name.clone(), table.clone()))
        .collect()
}

/// The tables that a job writes to by name, those of late rows too; none is the console.
#[must_use]
pub fn written(job: &Job) -> BTreeMap<Option<String>, Option<Arc<Table>>> {
    let (sinks, late) = (tables(&job.dataflow), late_tables(&job.dataflow));
    let all = sinks.into_values().chain(late.into_values());
    all.map(|table| (table.as_ref().map(|table| table.name.clone()), table))
        .collect()
}

impl<'a> Rehearsal<'a> {
    /// Begins, at the time that the clock of the job's settings tells.
    ///
    /// # Errors
    /// A step cannot be done, or a table's columns not be read.
    pub fn new(job: &'a Job, state_bytes_max: usize) -> Result<Self, Failure> {
        let dataflow = &job.dataflow;
        let stages = Stages::of(dataflow, false);
        let stage = stages.stages.into_iter().next().unwrap_or_default();
        let (mut scans, mut preparations) = (Vec::new(), Vec::new());
        for chain in stages.chains {
            let step = dataflow.steps.get(chain.scan().0);
            let Some((step, Kind::Scan(scan))) = step.map(|step| (step, &step.kind)) else {
                continue;
            };
            scans.push(Part::new(scan, &chain, job));
            let scan = with_format(scan);
            preparations.push(Preparation::new(&scan, step.schema.clone(), chain)?);
        }
        let mut rehearsal = Self {
            job,
            task: task(job, &stage, state_bytes_max)?,
            stage,
            state_bytes_max,
            scans,
            preparer: Preparer(preparations),
            sinks: tables(dataflow),
            late: late_tables(dataflow),
            given: Vec::new(),
        };
        for at in 0..rehearsal.scans.len() {
            rehearsal.reach(at)?;
        }
        rehearsal.tick()?;
        Ok(rehearsal)
    }

    /// A line of a table has come. Why it is no record, where it is none.
    ///
    /// # Errors
    /// A step cannot go on.
    pub fn line(&mut self, table: &str, block: &Block) -> Result<Option<Reason>, Failure> {
        let mut rejected = None;
        for at in 0..self.scans.len() {
            if self
                .scans
                .get(at)
                .is_some_and(|scan| scan.table.name == table)
            {
                let reason = self.line_of(at, block.clone())?;
                rejected = rejected.or(reason);
            }
        }
        Ok(rejected)
    }

    fn line_of(&mut self, at: usize, block: Block) -> Result<Option<Reason>, Failure> {
        let ready = self.preparer.parse((at, 0, Raw::Block(block)));
        let chained = ready.chained?;
        let now = self.now();
        let Some(scan) = self.scans.get_mut(at) else {
            return Ok(None);
        };
        scan.heard = now;
        let progress = Progress {
            watermark: scan
                .progress
                .watermark
                .max(chained.watermark.unwrap_or(BEGINNING)),
            is_idle: false,
        };
        let is_news = std::mem::replace(&mut scan.progress, progress) != progress;
        if chained.rows.num_rows() > 0 {
            let changes = Changes::inserts(chained.rows);
            let outputs = self.task.push_changes(scan.origin, changes)?;
            self.give(outputs)?;
        }
        if is_news {
            self.reach(at)?;
        }
        let rejects = ready.read.map(|read| read.rejects).unwrap_or_default();
        Ok(rejects.first().map(|reject| reject.reason))
    }

    /// The clock has moved.
    ///
    /// # Errors
    /// A step cannot go on.
    pub fn tick(&mut self) -> Result<(), Failure> {
        let now = self.now();
        let outputs = self.task.tick(now)?;
        self.give(outputs)?;
        for at in 0..self.scans.len() {
            let scan = self.scans.get_mut(at);
            if scan.is_some_and(|scan| scan.becomes_idle(now)) {
                self.reach(at)?;
            }
        }
        Ok(())
    }

    /// All tables are at their ends.
    ///
    /// # Errors
    /// A step cannot go on.
    pub fn end(&mut self) -> Result<(), Failure> {
        let origins: Vec<_> = self.scans.iter().map(|scan| scan.origin).collect();
        for origin in origins {
            let outputs = self.task.end(origin.port, origin.partition)?;
            self.give(outputs)?;
        }
        Ok(())
    }

    /// Takes the task down, and puts a new one in its place that knows what that one knew.
    ///
    /// # Errors
    /// Its state cannot be told, or not be taken.
    pub fn replace(&mut self) -> Result<(), Failure> {
        let state = self.task.state()?;
        self.task = task(self.job, &self.stage, self.state_bytes_max)?;
        Ok(self.task.restore(state)?)
    }

    /// As [`Rehearsal::replace`], but the new task knows nothing: what must be found out.
    #[cfg(test)]
    pub(crate) fn forget(&mut self) -> Result<(), Failure> {
        self.task = task(self.job, &self.stage, self.state_bytes_max)?;
        Ok(())
    }

    /// What has been given since this was asked last.
    pub fn given(&mut self) -> Vec<Given> {
        std::mem::take(&mut self.given)
    }

    fn now(&self) -> i64 {
        self.job.settings.clock.now().0
    }

    fn reach(&mut self, at: usize) -> Result<(), Failure> {
        let Some(scan) = self.scans.get(at) else {
            return Ok(());
        };
        let outputs = self.task.reach(scan.origin, scan.progress)?;
        self.give(outputs)
    }

    fn give(&mut self, outputs: Outputs) -> Result<(), Failure> {
        let late = outputs.late.into_iter();
        let late = late.map(|(step, rows)| (self.late.get(&step), Changes::inserts(rows)));
        let changes = outputs.changes.into_iter();
        let changes = changes.map(|(step, changes)| (self.sinks.get(&step), changes));
        for (table, changes) in changes.chain(late) {
            let (Some(table), false) = (table.cloned(), changes.rows.num_rows() == 0) else {
                continue;
            };
            let changes = match &table {
                Some(table) => fitted(changes, table, self.job.settings.on_null)
                    .map_err(|source| failed(Some(table), source))?,
                None => changes,
            };
            self.given.push(Given { table, changes });
        }
        Ok(())
    }
}

impl Part {
    fn new(scan: &Scan, chain: &Chain, job: &Job) -> Self {
        Self {
            table: scan.table.clone(),
            origin: Origin {
                port: chain.end(),
                partition: 0,
            },
            idle_timeout: idle_timeout(chain, &job.dataflow),
            progress: Progress {
                watermark: BEGINNING,
                is_idle: false,
            },
            heard: job.settings.clock.now().0,
        }
    }

    /// Whether it is idle now, and was not.
    fn becomes_idle(&mut self, now: i64) -> bool {
        let silent = u128::from(now.abs_diff(self.heard));
        let timeout = self.idle_timeout.map(|timeout| timeout.as_millis());
        let is_idle = timeout.is_some_and(|timeout| silent >= timeout);
        is_idle && !std::mem::replace(&mut self.progress.is_idle, is_idle)
    }
}

/// A scan whose rows are read from lines, also where the connector has rows of its own.
fn with_format(scan: &Scan) -> Scan {
    let mut table = scan.table.as_ref().clone();
    table.format.get_or_insert(Format::Json(Json::default()));
    Scan {
        table: Arc::new(table),
        columns: scan.columns.clone(),
    }
}

/// With a budget of its own: the one before has gone with all it held.
fn task(job: &Job, stage: &Stage, state_bytes_max: usize) -> Result<Task, Failure> {
    let budget = Arc::new(Budget::new(state_bytes_max, STATE_BYTES));
    Ok(Task::of(&job.dataflow, &stage.steps, Settings { budget })?)
}
