//! A job that is run by hand: line by line, on one thread, on a clock that is set. It reads no table
//! and opens no sink; what its steps do is what they do with `--parallelism 1`, so what it gives is a
//! function of the order of the calls.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    STATE_BYTES, Tables,
    error::Failure,
    late_tables,
    prepare::{Preparation, Preparer, Raw},
    scans,
    sinks::{failed, fitted},
    stages::{Stage, Stages},
    tables,
};
use crate::{
    fetch::Block,
    parse::{Format, Json, Parse, Reason},
    plan::{Inlet, Job, Kind, Scan, StepId, Table},
    transform::{Budget, Changes, Origin, Outputs, Progress, Settings, Task},
};

/// A job in the making.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    job: &'a Job,
    stage: Stage,
    state_bytes_max: usize,
    /// Each of one partition.
    scans: Vec<scans::Reading>,
    preparer: Preparer,
    task: Task,
    /// The content of the tables that rows are looked up in, by their scans.
    contents: BTreeMap<usize, Vec<Block>>,
    sinks: Tables<StepId>,
    late: Tables<Inlet>,
    given: Vec<Given>,
}

/// A table that a job reads, and how.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The table.
    pub table: Arc<Table>,
    /// Whether its lines are read as they come.
    pub is_read: bool,
    /// Whether it is read whole, for rows to be looked up in it.
    pub is_looked_up: bool,
}

/// Rows for a table; for none they are for the console.
#[derive(Debug)]
pub struct Given {
    /// Which.
    pub table: Option<Arc<Table>>,
    /// The rows, of the table's columns.
    pub changes: Changes,
}

/// The tables that a job reads, by name.
#[must_use]
pub fn readings(job: &Job) -> BTreeMap<String, Reading> {
    let mut readings = BTreeMap::new();
    for step in &job.dataflow.steps {
        let Kind::Scan(scan) = &step.kind else {
            continue;
        };
        let name = scan.table.name.clone();
        let reading = readings.entry(name).or_insert_with(|| Reading {
            table: scan.table.clone(),
            is_read: false,
            is_looked_up: false,
        });
        reading.is_read |= !scan.is_looked_up;
        reading.is_looked_up |= scan.is_looked_up;
    }
    readings
}

impl<'a> Rehearsal<'a> {
    /// Begins, at the time that the clock of the job's settings tells.
    ///
    /// # Errors
    /// A step cannot be done, or a table's columns not be read.
    pub fn new(job: &'a Job, state_bytes_max: usize) -> Result<Self, Failure> {
        let dataflow = &job.dataflow;
        let stages = Stages::of(dataflow, false);
        let (mut scans, mut preparations) = (Vec::new(), Vec::new());
        let now = job.settings.clock.now().0;
        for (scan, step, chain) in stages.scans(dataflow) {
            scans.push(scans::Reading::new(scan, chain, dataflow, now));
            let (scan, schema) = (with_format(scan), step.schema.clone());
            preparations.push(Preparation::new(&scan, schema, chain.clone())?);
        }
        let stage = stages.stages.into_iter().next().unwrap_or_default();
        let mut rehearsal = Self {
            job,
            task: task(job, &stage, state_bytes_max)?,
            stage,
            state_bytes_max,
            scans,
            preparer: Preparer(preparations),
            contents: BTreeMap::new(),
            sinks: tables(dataflow),
            late: late_tables(dataflow),
            given: Vec::new(),
        };
        for origin in rehearsal.origins() {
            rehearsal.reach(origin, Progress::NONE)?;
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
            let scan = self.scans.get(at).filter(|scan| scan.looked_up.is_none());
            if scan.is_some_and(|scan| scan.table == table) {
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
        let (origin, progress) = (origin(scan), scan.came(0, chained.watermark, now));
        if chained.rows.num_rows() > 0 {
            let changes = Changes::inserts(chained.rows);
            let outputs = self.task.push_changes(origin, changes)?;
            self.give(outputs)?;
        }
        if let Some(progress) = progress {
            self.reach(origin, progress)?;
        }
        let rejects = ready.read.map(|read| read.rejects).unwrap_or_default();
        Ok(rejects.first().map(|reject| reject.reason))
    }

    /// A table that rows are looked up in was read whole: these are its lines. For each, why it is no
    /// record, where it is none.
    ///
    /// # Errors
    /// A step cannot go on.
    pub fn load(&mut self, table: &str, lines: &[Block]) -> Result<Vec<Option<Reason>>, Failure> {
        let mut rejected = vec![None; lines.len()];
        for at in 0..self.scans.len() {
            let scan = self.scans.get(at).filter(|scan| scan.looked_up.is_some());
            if scan.is_some_and(|scan| scan.table == table) {
                self.contents.insert(at, lines.to_vec());
                for (known, reason) in rejected.iter_mut().zip(self.load_of(at)?) {
                    *known = known.or(reason);
                }
            }
        }
        Ok(rejected)
    }

    fn load_of(&mut self, at: usize) -> Result<Vec<Option<Reason>>, Failure> {
        let lines = self.contents.get(&at).cloned().unwrap_or_default();
        let rejected = lines.into_iter().map(|line| self.line_of(at, line));
        let rejected = rejected.collect::<Result<_, _>>()?;
        if let Some(scan) = self.scans.get(at) {
            self.task.loaded(scan.end, true)?;
        }
        Ok(rejected)
    }

    /// What a new task has read to it again.
    fn load_again(&mut self) -> Result<(), Failure> {
        let scans: Vec<_> = self.contents.keys().copied().collect();
        scans
            .into_iter()
            .try_for_each(|at| self.load_of(at).map(drop))
    }

    /// The clock has moved.
    ///
    /// # Errors
    /// A step cannot go on.
    pub fn tick(&mut self) -> Result<(), Failure> {
        let now = self.now();
        let outputs = self.task.tick(now)?;
        self.give(outputs)?;
        let idle: Vec<_> = self
            .scans
            .iter_mut()
            .flat_map(|scan| {
                let origin = origin(scan);
                let idle = scan.idle(now).into_iter();
                idle.map(move |(_, progress)| (origin, progress))
            })
            .collect();
        for (origin, progress) in idle {
            self.reach(origin, progress)?;
        }
        Ok(())
    }

    /// All tables are at their ends.
    ///
    /// # Errors
    /// A step cannot go on.
    pub fn end(&mut self) -> Result<(), Failure> {
        for origin in self.origins() {
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
        self.task.restore(state)?;
        self.load_again()
    }

    /// As [`Rehearsal::replace`], but the new task knows nothing: what must be found out.
    #[cfg(test)]
    pub(crate) fn forget(&mut self) -> Result<(), Failure> {
        self.task = task(self.job, &self.stage, self.state_bytes_max)?;
        self.load_again()
    }

    /// What has been given since this was asked last.
    pub fn given(&mut self) -> Vec<Given> {
        std::mem::take(&mut self.given)
    }

    fn now(&self) -> i64 {
        self.job.settings.clock.now().0
    }

    /// Where the rows of scans come into the task.
    fn origins(&self) -> Vec<Origin> {
        self.scans.iter().map(origin).collect()
    }

    fn reach(&mut self, of: Origin, progress: Progress) -> Result<(), Failure> {
        let outputs = self.task.reach(of, progress)?;
        self.give(outputs)
    }

    fn give(&mut self, outputs: Outputs) -> Result<(), Failure> {
        let late = outputs.late.into_iter();
        let late = late.map(|(inlet, rows)| (self.late.get(&inlet), Changes::inserts(rows)));
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

/// Where the rows of a scan come into the task.
const fn origin(scan: &scans::Reading) -> Origin {
    Origin {
        port: scan.end,
        partition: 0,
    }
}

/// A scan whose rows are read from lines, also where the connector has rows of its own.
fn with_format(scan: &Scan) -> Scan {
    let mut table = scan.table.as_ref().clone();
    table.format.get_or_insert(Format::Json(Json::default()));
    Scan {
        table: Arc::new(table),
        ..scan.clone()
    }
}

/// With a budget of its own: the one before has gone with all it held.
fn task(job: &Job, stage: &Stage, state_bytes_max: usize) -> Result<Task, Failure> {
    let budget = Arc::new(Budget::new(state_bytes_max, STATE_BYTES));
    Ok(Task::of(&job.dataflow, &stage.steps, Settings { budget })?)
}
