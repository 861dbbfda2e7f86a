//! Built-in sources: records without a client, for demonstrations, tests and replays.

mod file;
mod numbers;
mod pace;
mod sensors;
mod spec;
mod target;

use std::{collections::BTreeMap, io, ops::ControlFlow};

use bytes::Bytes;
use common::{record::Batch, time::Clock};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) use self::spec::{Spec, parse};
use self::{
    file::File,
    numbers::Numbers,
    pace::Pace,
    sensors::Sensors,
    spec::Kind,
    target::{FULL_WAIT, Target},
};
use crate::log::{DEFAULT, Log, Refused};

/// Records that a source appends at a time, at the most.
const BATCH_RECORDS_MAX: u64 = 4096;

/// A batch of a file takes no more lines once it is as long as this.
const BATCH_BYTES: usize = 256 * 1024;

/// A source that runs.
enum Source {
    Numbers(Numbers),
    Sensors(Box<Sensors>),
    File(File),
}

impl Source {
    /// `last` are the newest lines of each stream that it feeds.
    async fn open(kind: &Kind, last: Vec<Bytes>, clock: Clock) -> io::Result<Self> {
        Ok(match kind {
            Kind::Numbers => Self::Numbers(Numbers::after(&last)),
            Kind::Sensors(options) => Self::Sensors(Box::new(Sensors::new(options, clock))),
            Kind::File(path) => Self::File(File::open(path).await?),
        })
    }

    /// The next `records` records at the most, and whether it goes on after them.
    async fn batch(&mut self, records: u64) -> io::Result<(Batch, ControlFlow<()>)> {
        match self {
            Self::Numbers(numbers) => Ok((numbers.batch(records), ControlFlow::Continue(()))),
            Self::Sensors(sensors) => Ok((sensors.batch(records), ControlFlow::Continue(()))),
            Self::File(file) => file.batch(records).await,
        }
    }
}

/// Sources whose streams are there, and that do not feed them yet: who reads when the service is heard
/// of finds them.
#[derive(Debug, Default)]
pub(crate) struct Feeds(Vec<(Vec<Spec>, Opened)>);

/// Where sources feed.
#[derive(Debug)]
enum Opened {
    There(Target),
    /// It is made when there is space on the disk.
    Later(String),
}

impl Feeds {
    /// Finds the streams that `sources` feed, or makes them.
    pub(crate) async fn open(sources: Vec<Spec>, log: &Log) -> Self {
        let mut targets: BTreeMap<String, Vec<Spec>> = BTreeMap::new();
        for spec in sources {
            let target = spec.target.clone();
            let target = target.unwrap_or_else(|| DEFAULT.to_owned());
            targets.entry(target).or_default().push(spec);
        }
        let mut feeds = Vec::new();
        for (target, sources) in targets {
            match Target::open(log, &target).await {
                Ok(target) => feeds.push((sources, Opened::There(target))),
                Err(Refused::Full(_)) => feeds.push((sources, Opened::Later(target))),
                Err(refused) => tracing::error!(%refused, target, "cannot feed the stream"),
            }
        }
        Self(feeds)
    }

    /// Lets the sources feed their streams until `stop`. When all sources of a stream have come to
    /// their end it is closed; where there are none, or one has failed, it stays open for requests.
    pub(crate) async fn run(self, log: Log, stop: CancellationToken) {
        let mut feeding = JoinSet::new();
        for (sources, opened) in self.0 {
            let (log, stop) = (log.clone(), stop.clone());
            feeding.spawn(async move {
                let opened = stop.run_until_cancelled(opened.target(&log)).await;
                if let Some(target) = opened.flatten() {
                    feed_one(sources, target, log.clock().clone(), stop).await;
                }
            });
        }
        feeding.join_all().await;
    }
}

impl Opened {
    /// Where the sources feed, when that is there; none if it cannot be.
    async fn target(self, log: &Log) -> Option<Target> {
        let name = match self {
            Self::There(target) => return Some(target),
            Self::Later(name) => name,
        };
        loop {
            match Target::open(log, &name).await {
                Ok(target) => return Some(target),
                Err(Refused::Full(_)) => tokio::time::sleep(FULL_WAIT).await,
                Err(refused) => {
                    tracing::error!(%refused, target = name, "cannot feed the stream");
                    return None;
                }
            }
        }
    }
}

async fn feed_one(sources: Vec<Spec>, target: Target, clock: Clock, stop: CancellationToken) {
    // What there was before any of them has begun.
    let last = target.last_lines();
    let mut running = JoinSet::new();
    for spec in sources {
        let (target, clock, last) = (target.clone(), clock.clone(), last.clone());
        running.spawn(stop.clone().run_until_cancelled_owned(async move {
            let ended = match Source::open(&spec.kind, last, clock).await {
                Ok(source) => run(&spec, source, &target).await,
                Err(error) => Err(error),
            };
            match &ended {
                Ok(records) => tracing::info!(source = %spec, records, "the source has ended"),
                Err(error) => tracing::error!(source = %spec, %error, "the source has failed"),
            }
            ended.is_ok()
        }));
    }
    drop(last);
    let ended = running.join_all().await;
    if ended.iter().all(|ended| *ended == Some(true)) {
        target.close().await;
    }
}

/// Runs one source to its end; returns how many records it gave.
async fn run(spec: &Spec, mut source: Source, target: &Target) -> io::Result<u64> {
    let mut pace = Pace::new(spec.rate);
    let mut given = 0;
    loop {
        let left = spec.count.map_or(BATCH_RECORDS_MAX, |count| count - given);
        let due = pace.due(left.min(BATCH_RECORDS_MAX)).await;
        let (batch, flow) = source.batch(due).await?;
        let records = batch.records();
        if target.append(batch, pace.is_unbounded()).await?.is_break() {
            return Ok(given);
        }
        given += records;
        pace.gave(records);
        if flow.is_break() || spec.count == Some(given) {
            return Ok(given);
        }
    }
}
