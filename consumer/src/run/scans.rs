//! What is known of each partition of each scan while it is read. What time it is, it is told: in
//! milliseconds, since whenever.

use std::{ops::Range, sync::Arc, time::Duration};

use super::error::Failure;
use crate::{
    fetch::{Block, Ended, Origin, Place},
    parse::Rows,
    plan::{Bounded, Connector, Dataflow, Kind, Scan, StepId, Watermarks},
    transform::{BEGINNING, Chain, Counts, Progress, Report, Void, least},
};

/// A scan of the job.
#[derive(Debug)]
pub(super) struct Reading {
    /// The table.
    pub(super) table: String,
    /// The step whose rows its chain gives.
    pub(super) end: StepId,
    /// Where it ends.
    bounded: Bounded,
    /// Whether it comes over a network.
    pub(super) is_remote: bool,
    /// Whether what is made of its records can be undone.
    pub(super) can_take_back: bool,
    /// Whether rows are looked up in it, and it was read whole before.
    pub(super) looked_up: Option<Loaded>,
    /// Whether event time comes from it.
    pub(super) is_timed: bool,
    /// For how long a partition may be silent before it holds up nothing any more.
    idle_timeout: Option<Duration>,
    pub(super) partitions: Vec<Partition>,
    /// How far event time has come in all that hold it back.
    reached: i64,
    /// What the steps of its chain have done.
    reports: Vec<Report>,
}

/// Whether a table was read to its end at least once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loaded(pub(super) bool);

/// A partition of a scan.
#[derive(Debug, Clone)]
pub(super) struct Partition {
    pub(super) progress: Progress,
    pub(super) has_ended: bool,
    /// How many records are left to the end, where there is one and it is known.
    left: Option<u64>,
    /// How many records count that were read, and how many of them were proved to be all there were.
    pub(super) standing: u64,
    proved: u64,
    /// Of which stream or file the newest block is, and where it begins there.
    pub(super) newest: Option<(Arc<Origin>, Place)>,
    /// When event time last rose.
    pub(super) moved_at: i64,
    /// Since when nothing has come though there was nothing to wait for.
    silent_since: i64,
    is_behind: bool,
}

impl Reading {
    pub(super) fn new(scan: &Scan, chain: &Chain, dataflow: &Dataflow, now: i64) -> Self {
        let (is_remote, bounded) = match scan.table.connector {
            // Where it ends, its body does.
            Connector::Http {
                bounded: Bounded::Latest,
                ..
            } => (true, Bounded::Unbounded),
            Connector::Brooklet { bounded, .. } | Connector::Http { bounded, .. } => {
                (true, bounded)
            }
            _ => (false, Bounded::Unbounded),
        };
        let mut readers = dataflow
            .steps
            .iter()
            .filter(|step| step.inputs.contains(&chain.end()));
        let watermarks = watermarks(chain, dataflow);
        Self {
            table: scan.table.name.clone(),
            end: chain.end(),
            bounded,
            is_remote,
            can_take_back: readers.all(|step| matches!(step.kind, Kind::Average)),
            looked_up: scan.is_looked_up.then_some(Loaded(false)),
            is_timed: watermarks.is_some(),
            idle_timeout: watermarks.and_then(|watermarks| watermarks.idle_timeout),
            partitions: vec![Partition::new(now)],
            reached: BEGINNING,
            reports: chain
                .steps()
                .map(|(step, kind)| nothing(step, kind))
                .collect(),
        }
    }

    /// There are so many.
    pub(super) fn partitions_are(&mut self, number: usize, now: i64) {
        self.partitions.resize(number, Partition::new(now));
    }

    /// Whether nothing waits for more of it.
    pub(super) fn has_ended(&self) -> bool {
        self.looked_up.is_some() || self.partitions.iter().all(|partition| partition.has_ended)
    }

    /// Rows are looked up in it, and it was read to its end, or could not be: then it stays as it was,
    /// if it was read before. Whether all of it is there.
    pub(super) fn loaded(&mut self, loaded: Result<(), Ended>) -> Result<bool, Failure> {
        let table = &self.table;
        let before = self.looked_up.replace(Loaded(true));
        match loaded {
            Ok(()) => Ok(true),
            Err(why) if before == Some(Loaded(true)) => {
                tracing::warn!("table '{table}' stays as it was, as it cannot be read anew: {why}");
                Ok(false)
            }
            Err(source) => Err(Failure::Stream {
                table: table.clone(),
                source,
            }),
        }
    }

    /// From now on it is silent where nothing comes.
    pub(super) fn begin(&mut self, now: i64) {
        for partition in &mut self.partitions {
            partition.silent_since = now;
        }
    }

    /// A server has told how many records a partition has that have not come. Whether that one is
    /// at its end.
    pub(super) fn lag(&mut self, partition: usize, records: u64) -> bool {
        let Some(partition) = self.partitions.get_mut(partition) else {
            return false;
        };
        partition.is_behind = records > 0;
        if self.bounded != Bounded::Latest {
            return false;
        }
        *partition.left.get_or_insert(records) == 0
    }

    /// The records of a block that are still wanted.
    pub(super) fn wanted(&mut self, partition: usize, block: Block) -> Block {
        let left = match &mut self.bounded {
            Bounded::Records(left) => Some(left),
            Bounded::Unbounded | Bounded::Latest => {
                let partition = self.partitions.get_mut(partition);
                partition.and_then(|partition| partition.left.as_mut())
            }
        };
        let Some(left) = left else {
            return block;
        };
        let records = block.records();
        if records > *left {
            return block.first(std::mem::take(left));
        }
        *left -= records;
        block
    }

    /// The partitions of which all records that were wanted have come, if that is so for this one.
    pub(super) fn complete(&self, partition: usize) -> Range<usize> {
        let left = self.partitions.get(partition).and_then(|one| one.left);
        match (self.bounded, left) {
            (Bounded::Records(0), _) => 0..self.partitions.len(),
            (_, Some(0)) => partition..partition + 1,
            _ => 0..0,
        }
    }

    /// How many records count.
    pub(super) fn standing(&self) -> u64 {
        self.partitions.iter().map(|one| one.standing).sum()
    }

    /// Records have been read; those before them may be proved to be all there were. `read` is none
    /// where they never were lines.
    pub(super) fn stand(&mut self, partition: usize, records: u64, read: Option<&Rows>) {
        let Some(partition) = self.partitions.get_mut(partition) else {
            return;
        };
        if let Some(read) = read {
            if read.proved {
                partition.proved = partition.standing;
            }
            partition.newest = Some((read.origin.clone(), read.place.clone()));
        }
        partition.standing += records;
    }

    /// Records count no longer, and others are wanted in their place.
    pub(super) fn void(&mut self, partition: usize, what: Void) {
        let Some(partition) = self.partitions.get_mut(partition) else {
            return;
        };
        if what == Void::All {
            partition.proved = 0;
        }
        let void = partition.standing - partition.proved;
        partition.standing = partition.proved;
        if let Bounded::Records(left) = &mut self.bounded {
            *left += void;
        }
    }

    /// Rows came, and with them event time. How far that is, if it is news.
    pub(super) fn came(
        &mut self,
        partition: usize,
        watermark: Option<i64>,
        now: i64,
    ) -> Option<Progress> {
        let partition = self.partitions.get_mut(partition)?;
        partition.silent_since = now;
        let before = partition.progress;
        let reached = watermark.unwrap_or(BEGINNING).max(before.watermark);
        if reached > before.watermark {
            partition.moved_at = now;
        }
        partition.progress = Progress {
            watermark: reached,
            is_idle: false,
        };
        let progress = partition.progress;
        self.reach();
        (progress != before).then_some(progress)
    }

    /// No more comes of a partition.
    pub(super) fn ended(&mut self, partition: usize) {
        if let Some(partition) = self.partitions.get_mut(partition) {
            partition.has_ended = true;
        }
        self.reach();
    }

    /// Takes note of how far event time has come: in the least of those that are neither idle nor at their
    /// ends, as for the steps behind. It never falls.
    fn reach(&mut self) {
        let open = self.partitions.iter().filter(|one| !one.has_ended);
        let open = open.map(|one| one.progress);
        if open.clone().next().is_some() {
            self.reached = self.reached.max(least(open).watermark);
        }
    }

    /// Takes note of how many rows the steps of the chain took and gave.
    pub(super) fn count(&mut self, counts: &[(usize, usize)]) {
        for (report, (rows_in, rows_out)) in self.reports.iter_mut().zip(counts) {
            report.rows_in += *rows_in as u64;
            report.rows_out += *rows_out as u64;
        }
    }

    /// What the steps of the chain have done.
    pub(super) fn reports(&self) -> impl Iterator<Item = Report> {
        let watermark = self.reached;
        let reports = self.reports.iter().copied();
        reports.map(move |report| Report {
            watermark,
            ..report
        })
    }

    /// Whether a partition that is silent for long holds up nothing any more.
    pub(super) const fn may_be_idle(&self) -> bool {
        self.idle_timeout.is_some()
    }

    /// The partitions that have become idle by now.
    pub(super) fn idle(&mut self, now: i64) -> Vec<(usize, Progress)> {
        let Some(timeout) = self.idle_timeout.map(|timeout| timeout.as_millis()) else {
            return Vec::new();
        };
        let mut idle = Vec::new();
        for (number, partition) in self.partitions.iter_mut().enumerate() {
            let Partition {
                has_ended,
                is_behind,
                ..
            } = *partition;
            let is_silent = u128::from(now.abs_diff(partition.silent_since)) >= timeout;
            if is_silent && !has_ended && !is_behind && !partition.progress.is_idle {
                partition.progress.is_idle = true;
                idle.push((number, partition.progress));
            }
        }
        if !idle.is_empty() {
            self.reach();
        }
        idle
    }
}

/// What says how far event time has come by the rows of a scan.
fn watermarks<'a>(chain: &Chain, dataflow: &'a Dataflow) -> Option<&'a Watermarks> {
    let step = |step: StepId| dataflow.steps.get(step.0).map(|step| &step.kind);
    chain.steps().find_map(|(at, _)| match step(at) {
        Some(Kind::Watermarks(watermarks)) => Some(watermarks),
        _ => None,
    })
}

const fn nothing(step: StepId, kind: &'static str) -> Report {
    Report {
        step,
        kind,
        rows_in: 0,
        rows_out: 0,
        counts: Counts {
            late: 0,
            untimed: 0,
            expired: 0,
            unknown: 0,
        },
        state_bytes: 0,
        watermark: BEGINNING,
    }
}

impl Partition {
    pub(super) const fn new(now: i64) -> Self {
        Self {
            progress: Progress::NONE,
            has_ended: false,
            left: None,
            standing: 0,
            proved: 0,
            newest: None,
            moved_at: now,
            silent_since: now,
            is_behind: false,
        }
    }

    /// What it does, in a word.
    pub(super) const fn state(&self) -> &'static str {
        match self {
            Self {
                has_ended: true, ..
            } => "ended",
            Self {
                progress: Progress { is_idle: true, .. },
                ..
            } => "idle",
            Self { .. } => "reading",
        }
    }
}
