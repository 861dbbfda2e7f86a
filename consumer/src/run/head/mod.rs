//! What reads tables, and sees all rows in their order.

mod looked_up;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use common::time::Clock;
use futures_util::{StreamExt, stream::SelectAll};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    error::Failure,
    exchange::Outlet,
    inputs::Inputs,
    metrics::Summary,
    prepare::{Preparer, Raw, Ready},
    rejects::Rejects,
    scans::Reading,
    source::{Coming, Comings},
    stages::is_by_clock,
    watch::Watch,
    wiring::Wiring,
};
use crate::{
    fetch::{Ended, Fetched},
    parse::Workers,
    plan::{Job, StepId},
    transform::{Changes, Origin, Progress, Task, Void},
};

/// How often it is looked for what time brings: partitions that are silent, windows of processing
/// time.
const PACE: Duration = Duration::from_millis(10);

/// How often it is told what has been done, where time brings nothing.
const SLOW_PACE: Duration = Duration::from_millis(100);

/// Reads tables, and does what needs to see all rows.
pub(super) struct Head {
    comings: SelectAll<Comings>,
    /// What is read when all tables that rows are looked up in were.
    later: Vec<Comings>,
    workers: Workers<Preparer>,
    scans: Vec<Reading>,
    task: Task,
    /// Where rows come into the task.
    ports: BTreeSet<StepId>,
    outlet: Outlet,
    rejects: Rejects,
    watch: Watch,
    begun: Instant,
    clock: Clock,
    /// Whether a step goes by the clock.
    is_by_clock: bool,
}

impl Head {
    pub(super) fn new(
        job: &Job,
        options: &Options,
        wiring: &Wiring<'_>,
        mut watch: Watch,
    ) -> Result<Self, Failure> {
        let inputs = Inputs::open(wiring, options)?;
        let scans = inputs.scans.iter().enumerate();
        for (number, _) in scans.filter(|(_, scan)| scan.is_remote) {
            watch.streams_are(number, 1);
        }
        let first = wiring.stages.stages.first().cloned().unwrap_or_default();
        let workers = Workers::new(inputs.preparer, options.parallelism);
        Ok(Self {
            comings: inputs.comings,
            later: inputs.later,
            workers: workers.map_err(Failure::Thread)?,
            scans: inputs.scans,
            task: wiring.task(0)?,
            ports: first.inputs.iter().map(|(port, _)| *port).collect(),
            outlet: wiring.outlet(0, 0),
            rejects: Rejects::new(options.dead_letters.as_ref())?,
            watch,
            begun: Instant::now(),
            clock: job.settings.clock.clone(),
            is_by_clock: is_by_clock(wiring.dataflow),
        })
    }

    /// Reads to the ends of all tables, or until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<Summary, Failure> {
        let ran = self.read(&stop).await;
        self.watch.stopped();
        self.rejects.finish();
        self.report();
        Ok(Summary {
            standing: self.scans.iter().map(Reading::standing).sum(),
            is_stopped: !ran?,
            ..self.watch.metrics.summary()
        })
    }

    /// Whether it came to the ends of all tables.
    async fn read(&mut self, stop: &CancellationToken) -> Result<bool, Failure> {
        self.watch.show();
        let mut pace = self.pace();
        for scan in 0..self.scans.len() {
            self.open(scan).await?;
        }
        self.tick().await?;
        self.begin();
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
        self.end_looked_up().await?;
        // Chains have told their ends already.
        let is_chain = |step| self.scans.iter().any(|reading| reading.end == step);
        self.outlet.end(0, |step| !is_chain(step)).await?;
        Ok(true)
    }

    /// How often there is a look at the clock.
    fn pace(&self) -> Interval {
        let has_time = self.is_by_clock || self.scans.iter().any(Reading::may_be_idle);
        let mut pace = tokio::time::interval(if has_time { PACE } else { SLOW_PACE });
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pace
    }

    async fn paced(&mut self) -> Result<(), Failure> {
        self.tick().await?;
        let now = self.elapsed();
        let has_begun = self.later.is_empty();
        for scan in 0..self.scans.len() {
            let Some(reading) = self.scans.get_mut(scan).filter(|_| has_begun) else {
                continue;
            };
            let port = reading.end;
            for (partition, progress) in reading.idle(now) {
                self.progress(port, partition, progress).await?;
            }
        }
        self.report();
        Ok(())
    }

    fn report(&self) {
        let chains = self.scans.iter().flat_map(Reading::reports);
        let all = chains.chain(self.task.reports());
        self.watch.reports.put(0, 0, all.collect());
        self.watch.read(&self.scans);
    }

    async fn tick(&mut self) -> Result<(), Failure> {
        if !self.is_by_clock {
            return Ok(());
        }
        let now = self.clock.now().0;
        let batches = &self.watch.metrics.batches;
        let outputs = batches.timed(|| self.task.tick(now))?;
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
        let now = self.elapsed();
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
            Coming::Loaded(loaded) => self.loaded(scan, loaded).await,
            Coming::Fetched(Fetched::Partitions(number)) => {
                reading.partitions_are(number, now);
                self.watch.streams_are(scan, number);
                self.open(scan).await
            }
            Coming::Fetched(_) if has_ended => Ok(()),
            Coming::Fetched(fetched) => self.fetched((scan, partition), fetched).await,
        }
    }

    /// Something came of a stream that has not ended.
    async fn fetched(&mut self, stream: (usize, usize), fetched: Fetched) -> Result<(), Failure> {
        let (scan, partition) = stream;
        let Some(reading) = self.scans.get_mut(scan) else {
            return Ok(());
        };
        match fetched {
            Fetched::Block(block) => {
                let block = reading.wanted(partition, block);
                let complete = reading.complete(partition);
                self.give((scan, partition, Raw::Block(block))).await?;
                for partition in complete {
                    self.end(scan, partition).await?;
                }
            }
            Fetched::Lag(lag) => {
                self.watch.lag(stream, lag);
                if reading.lag(partition, lag.records) {
                    self.end(scan, partition).await?;
                }
            }
            Fetched::Connected { again } => self.watch.connected(stream, again),
            Fetched::Lost => self.watch.lost(stream),
            Fetched::Anew => self.void(stream, Void::All).await?,
            Fetched::Again if reading.can_take_back => self.void(stream, Void::Unproved).await?,
            Fetched::Again => return Err(Failure::Contradicted(reading.table.clone())),
            Fetched::Ended(ended) => self.ended(scan, partition, ended).await?,
            Fetched::Partitions(_) => {}
        }
        Ok(())
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
        self.catch_up().await?;
        let table = self.scans.get(scan).map(|reading| reading.table.clone());
        Err(Failure::Stream {
            table: table.unwrap_or_default(),
            source: ended,
        })
    }

    /// What was read before is done before what comes now.
    async fn catch_up(&mut self) -> Result<(), Failure> {
        while let Some(ready) = self.workers.take().await {
            self.ready(ready).await?;
        }
        Ok(())
    }

    /// Records of a stream count no longer.
    async fn void(&mut self, stream: (usize, usize), what: Void) -> Result<(), Failure> {
        self.catch_up().await?;
        self.watch.metrics.gaps.inc();
        let (scan, partition) = stream;
        let Some(reading) = self.scans.get_mut(scan) else {
            return Ok(());
        };
        reading.void(partition, what);
        let port = reading.end;
        if self.ports.contains(&port) {
            let outputs = self.task.void(Origin { port, partition }, what)?;
            self.outlet.give(outputs, &mut self.task).await?;
        }
        Ok(())
    }

    /// A partition has no more rows, once what was read before is done.
    async fn end(&mut self, scan: usize, partition: usize) -> Result<(), Failure> {
        self.catch_up().await?;
        self.watch.ended((scan, partition));
        let Some(reading) = self.scans.get_mut(scan) else {
            return Ok(());
        };
        reading.ended(partition);
        let port = reading.end;
        if self.ports.contains(&port) {
            let batches = &self.watch.metrics.batches;
            let outputs = batches.timed(|| self.task.end(port, partition))?;
            self.outlet.give(outputs, &mut self.task).await?;
        }
        self.outlet.end(partition, |step| step == port).await
    }

    async fn ready(&mut self, ready: Ready) -> Result<(), Failure> {
        let dropped = ready.read.as_ref().map(|read| self.rejects.take(read));
        self.watch
            .metrics
            .count(&ready, dropped.unwrap_or_default());
        let (chained, now) = (ready.chained?, self.elapsed());
        let Some(reading) = self.scans.get_mut(ready.scan) else {
            return Ok(());
        };
        reading.count(&chained.counts);
        let progress = reading.came(ready.partition, chained.watermark, now);
        let origin = Origin {
            port: reading.end,
            partition: ready.partition,
        };
        reading.stand(ready.partition, ready.records as u64, ready.read.as_ref());
        if ready.read.is_some_and(|read| read.proved) && self.ports.contains(&origin.port) {
            self.task.prove(origin)?;
        }
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
            let batches = &self.watch.metrics.batches;
            let outputs = batches.timed(|| self.task.push_changes(origin, changes))?;
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
            let batches = &self.watch.metrics.batches;
            let outputs = batches.timed(|| self.task.reach(origin, progress))?;
            self.outlet.give(outputs, &mut self.task).await?;
        }
        self.outlet.progress(partition, port, progress).await
    }

    /// For how many milliseconds it has been reading.
    fn elapsed(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
