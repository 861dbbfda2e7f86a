//! What reads tables, and sees all rows in their order.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::{ndjson, time::Clock};
use futures_util::{StreamExt, stream::SelectAll};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    crew::Reports,
    error::Failure,
    exchange::Outlet,
    prepare::{Preparation, Preparer, Raw, Ready},
    scans::Reading,
    source::{self, Coming, Comings},
    wiring::Wiring,
};
use crate::{
    fetch::{Block, Content, Ended, Fetched},
    parse::Workers,
    plan::{Job, Kind, StepId, Time},
    transform::{Changes, Origin, Progress, Task},
    write::{DeadLetters, Samples},
};

/// How often it is looked for what time brings: partitions that are silent, windows of processing
/// time.
const PACE: Duration = Duration::from_millis(10);

/// What a job has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many records were read, rejects among them.
    pub records: u64,
    /// How many of them could not be.
    pub rejected: u64,
    /// How many bytes of lines.
    pub bytes: u64,
    /// How often records were missing or began again.
    pub gaps: u64,
    /// Whether it was told to stop before the ends of its tables.
    pub is_stopped: bool,
}

/// Reads tables, and does what needs to see all rows.
pub(super) struct Head {
    comings: SelectAll<Comings>,
    workers: Workers<Preparer>,
    scans: Vec<Reading>,
    task: Task,
    /// Where rows come into the task.
    ports: BTreeSet<StepId>,
    outlet: Outlet,
    dead_letters: Option<DeadLetters>,
    samples: Samples,
    reports: Reports,
    clock: Clock,
    /// Whether a step goes by the clock.
    is_by_clock: bool,
    summary: Summary,
}

impl Head {
    pub(super) fn new(job: &Job, options: &Options, wiring: &Wiring<'_>) -> Result<Self, Failure> {
        let (dataflow, stages) = (wiring.dataflow, &wiring.stages);
        let (mut comings, mut scans, mut preparations) = (SelectAll::new(), Vec::new(), Vec::new());
        for (number, chain) in stages.chains.iter().enumerate() {
            let step = dataflow.steps.get(chain.scan().0);
            let Some((step, Kind::Scan(scan))) = step.map(|step| (step, &step.kind)) else {
                continue;
            };
            comings.push(source::open(number, scan, &step.schema, &options.reach)?);
            scans.push(Reading::new(scan, chain, dataflow));
            preparations.push(Preparation::new(scan, step.schema.clone(), chain.clone())?);
        }
        let first = stages.stages.first().cloned().unwrap_or_default();
        let open = |(path, bytes_max): &(std::path::PathBuf, u64)| {
            DeadLetters::open(path, *bytes_max).map_err(|source| Failure::DeadLetters {
                path: path.display().to_string(),
                source,
            })
        };
        Ok(Self {
            comings,
            workers: Workers::new(Preparer(preparations), options.parallelism)
                .map_err(Failure::Thread)?,
            scans,
            task: wiring.task(0)?,
            ports: first.inputs.iter().map(|(port, _)| *port).collect(),
            outlet: wiring.outlet(0, 0),
            dead_letters: options.dead_letters.as_ref().map(open).transpose()?,
            samples: Samples::new(Instant::now()),
            reports: wiring.reports.clone(),
            clock: job.settings.clock.clone(),
            is_by_clock: dataflow.steps.iter().any(|step| is_by_clock(&step.kind)),
            summary: Summary::default(),
        })
    }

    /// Reads to the ends of all tables, or until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<Summary, Failure> {
        let ran = self.read(&stop).await;
        self.samples.finish();
        if let Some(dead_letters) = &self.dead_letters {
            dead_letters.finish();
        }
        self.report();
        self.summary.is_stopped = !ran?;
        Ok(self.summary)
    }

    /// Whether it came to the ends of all tables.
    async fn read(&mut self, stop: &CancellationToken) -> Result<bool, Failure> {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for scan in 0..self.scans.len() {
            self.open(scan).await?;
        }
        self.tick().await?;
        while !self.scans.iter().all(Reading::has_ended) {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(false),
                _ = pace.tick() => self.paced().await?,
                Some(ready) = self.workers.take(), if self.workers.are_busy() => {
                    self.ready(ready).await?;
                }
                Some((scan, partition, coming)) = self.comings.next(), if self.workers.have_room() => {
                    self.coming(scan, partition, coming).await?;
                }
            }
        }
        // Chains have told their ends already.
        let is_chain = |step| self.scans.iter().any(|reading| reading.end == step);
        self.outlet.end(0, |step| !is_chain(step)).await?;
        Ok(true)
    }

    async fn paced(&mut self) -> Result<(), Failure> {
        self.tick().await?;
        for scan in 0..self.scans.len() {
            let Some(reading) = self.scans.get_mut(scan) else {
                continue;
            };
            let port = reading.end;
            for (partition, progress) in reading.idle() {
                self.progress(port, partition, progress).await?;
            }
        }
        self.report();
        Ok(())
    }

    fn report(&self) {
        let chains = self.scans.iter().flat_map(|reading| &reading.reports);
        let all = chains.copied().chain(self.task.reports());
        self.reports.put(0, 0, all.collect());
        self.reports.read(self.summary);
    }

    async fn tick(&mut self) -> Result<(), Failure> {
        if !self.is_by_clock {
            return Ok(());
        }
        let now = self.clock.now().0;
        let outputs = self.task.tick(now)?;
        self.outlet.give(outputs, &mut self.task).await?;
        self.outlet.tick(now).await;
        Ok(())
    }

    /// Makes the partitions of a scan known wherever its rows go.
    async fn open(&mut self, scan: usize) -> Result<(), Failure> {
        let Some(reading) = self.scans.get(scan) else {
            return Ok(());
        };
        let (port, partitions) = (reading.end, reading.partitions.clone());
        for (number, partition) in partitions.iter().enumerate() {
            self.progress(port, number, partition.progress).await?;
        }
        Ok(())
    }

    async fn coming(
        &mut self,
        scan: usize,
        partition: usize,
        coming: Coming,
    ) -> Result<(), Failure> {
        let Some(reading) = self.scans.get_mut(scan) else {
            return Ok(());
        };
        let has_ended = reading
            .partitions
            .get(partition)
            .is_none_or(|one| one.has_ended);
        match coming {
            Coming::Rows(rows) => self.give((scan, partition, Raw::Rows(rows))).await,
            Coming::End => self.end(scan, partition).await,
            Coming::Fetched(Fetched::Partitions(number)) => {
                reading.partitions_are(number);
                self.open(scan).await
            }
            Coming::Fetched(_) if has_ended => Ok(()),
            Coming::Fetched(Fetched::Block(block)) => {
                let block = match reading.left(partition) {
                    Some(left) => first_lines(block, left),
                    None => block,
                };
                let is_complete = reading.is_complete(partition);
                self.give((scan, partition, Raw::Block(block))).await?;
                if is_complete {
                    self.end(scan, partition).await?;
                }
                Ok(())
            }
            Coming::Fetched(Fetched::Lag(lag)) => {
                if reading.lag(partition, lag.records) {
                    self.end(scan, partition).await?;
                }
                Ok(())
            }
            Coming::Fetched(Fetched::Ended(ended)) => self.ended(scan, partition, ended).await,
            Coming::Fetched(Fetched::Anew) => {
                self.summary.gaps += 1;
                Ok(())
            }
            Coming::Fetched(Fetched::Again) => Err(Failure::Contradicted(reading.table.clone())),
            Coming::Fetched(Fetched::Connected { .. } | Fetched::Lost) => Ok(()),
        }
    }

    async fn give(&mut self, given: (usize, usize, Raw)) -> Result<(), Failure> {
        match self.workers.give(given) {
            Some(ready) => self.ready(ready).await,
            None => Ok(()),
        }
    }

    async fn ended(&mut self, scan: usize, partition: usize, ended: Ended) -> Result<(), Failure> {
        if ended == Ended::Finished {
            return self.end(scan, partition).await;
        }
        let table = self.scans.get(scan).map(|reading| reading.table.clone());
        Err(Failure::Stream {
            table: table.unwrap_or_default(),
            source: ended,
        })
    }

    /// A partition has no more rows, once what was read before is done.
    async fn end(&mut self, scan: usize, partition: usize) -> Result<(), Failure> {
        while let Some(ready) = self.workers.take().await {
            self.ready(ready).await?;
        }
        let Some(reading) = self.scans.get_mut(scan) else {
            return Ok(());
        };
        if let Some(partition) = reading.partitions.get_mut(partition) {
            partition.has_ended = true;
        }
        let port = reading.end;
        if self.ports.contains(&port) {
            let outputs = self.task.end(port, partition)?;
            self.outlet.give(outputs, &mut self.task).await?;
        }
        self.outlet.end(partition, |step| step == port).await
    }

    async fn ready(&mut self, ready: Ready) -> Result<(), Failure> {
        self.count(&ready);
        let chained = ready.chained?;
        let Some(reading) = self.scans.get_mut(ready.scan) else {
            return Ok(());
        };
        reading.count(&chained.counts);
        let progress = reading.came(ready.partition, chained.watermark);
        let origin = Origin {
            port: reading.end,
            partition: ready.partition,
        };
        if chained.rows.num_rows() > 0 {
            self.rows(origin, Changes::inserts(chained.rows)).await?;
        }
        match progress {
            Some(progress) => self.progress(origin.port, origin.partition, progress).await,
            None => Ok(()),
        }
    }

    /// Rows at the end of a chain.
    async fn rows(&mut self, origin: Origin, changes: Changes) -> Result<(), Failure> {
        if self.outlet.leads_from(origin.port) {
            self.outlet.changes_of(origin, &changes).await?;
        }
        if self.ports.contains(&origin.port) {
            let outputs = self.task.push_changes(origin, changes)?;
            self.outlet.give(outputs, &mut self.task).await?;
        }
        Ok(())
    }

    /// How far event time has come at the end of a chain.
    async fn progress(
        &mut self,
        port: StepId,
        partition: usize,
        progress: Progress,
    ) -> Result<(), Failure> {
        if self.ports.contains(&port) {
            let origin = Origin { port, partition };
            let outputs = self.task.reach(origin, progress)?;
            self.outlet.give(outputs, &mut self.task).await?;
        }
        self.outlet.progress(partition, port, progress).await
    }

    fn count(&mut self, ready: &Ready) {
        self.summary.records += ready.records as u64;
        let Some(read) = &ready.read else {
            return;
        };
        self.summary.bytes += read.text.len() as u64;
        self.summary.rejected += read.rejects.len() as u64;
        self.samples.tell(read.rejected(), Instant::now());
        if let Some(dead_letters) = &mut self.dead_letters {
            dead_letters.keep(read.rejected());
        }
    }
}

const fn is_by_clock(kind: &Kind) -> bool {
    match kind {
        Kind::Assign { time, .. } => matches!(time, Time::Processing),
        Kind::Windowed(windowed) => matches!(windowed.time, Time::Processing),
        Kind::Over(over) => matches!(over.time, Time::Processing),
        Kind::Scan(_)
        | Kind::Filter(_)
        | Kind::Project(_)
        | Kind::Watermarks(_)
        | Kind::Union
        | Kind::Running(_)
        | Kind::Insert(_) => false,
    }
}

/// How many records a block of one of our own streams has: none of them is blank.
fn count(block: &Block) -> u64 {
    match &block.content {
        Content::Lines(text) => {
            let is_open = !text.ends_with(&[ndjson::NEWLINE]);
            (ndjson::count(text) + usize::from(is_open)) as u64
        }
        Content::TooLong(_) => 1,
    }
}

/// The first of a block's records, as many as there are `left`, which become fewer.
fn first_lines(block: Block, left: &mut u64) -> Block {
    let records = count(&block);
    let wanted = records.min(*left);
    *left -= wanted;
    let Content::Lines(text) = &block.content else {
        return block;
    };
    if wanted == records {
        return block;
    }
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let end = memchr::memchr_iter(ndjson::NEWLINE, text)
        .take(wanted)
        .last();
    let text: Bytes = text.slice(..end.map_or(0, |end| end + 1));
    Block {
        content: Content::Lines(text),
        ..block
    }
}
