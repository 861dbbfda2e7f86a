//! Built-in sources: records without a client, for demonstrations, tests and replays.

mod file;
mod numbers;
mod pace;
mod sensors;
mod spec;

use std::{io, ops::ControlFlow};

use common::{record::Batch, time::Clock};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) use self::spec::{Spec, parse};
use self::{file::File, numbers::Numbers, pace::Pace, sensors::Sensors, spec::Kind};
use crate::log::{Closed, Log, Refused, Room};

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
    async fn open(kind: &Kind, last: &[u8], clock: Clock) -> io::Result<Self> {
        Ok(match kind {
            Kind::Numbers => Self::Numbers(Numbers::after(last)),
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

/// Lets `sources` feed the log until `stop`. When all of them have come to their end the log is
/// closed; where there are none, or one has failed, it stays open for requests.
pub(crate) async fn feed(sources: Vec<Spec>, log: Log, clock: Clock, stop: CancellationToken) {
    if sources.is_empty() {
        return;
    }
    // What there was before any of them has begun.
    let last = log.last_lines();
    let mut running = JoinSet::new();
    for spec in sources {
        let (log, clock, last) = (log.clone(), clock.clone(), last.clone());
        running.spawn(stop.clone().run_until_cancelled_owned(async move {
            let ended = match Source::open(&spec.kind, &last, clock).await {
                Ok(source) => run(&spec, source, &log).await,
                Err(error) => Err(error),
            };
            match &ended {
                Ok(records) => tracing::info!(source = %spec, records, "the source has ended"),
                Err(error) => tracing::error!(source = %spec, %error, "the source has failed"),
            }
            ended.is_ok()
        }));
    }
    let ended = running.join_all().await;
    if ended.iter().all(|ended| *ended == Some(true)) {
        match log.close().await {
            Ok(()) => {
                tracing::info!(next = %log.tail().next, "all sources have ended: the stream is closed");
            }
            Err(refused) => tracing::error!(%refused, "cannot close the stream"),
        }
    }
}

/// Runs one source to its end; returns how many records it gave.
async fn run(spec: &Spec, mut source: Source, log: &Log) -> io::Result<u64> {
    let mut pace = Pace::new(spec.rate);
    let mut given = 0;
    loop {
        let left = spec.count.map_or(BATCH_RECORDS_MAX, |count| count - given);
        let due = pace.due(left.min(BATCH_RECORDS_MAX)).await;
        let (batch, flow) = source.batch(due).await?;
        let records = batch.records();
        if append(log, batch, pace.is_unbounded()).await?.is_break() {
            return Ok(given);
        }
        given += records;
        pace.gave(records);
        if flow.is_break() || spec.count == Some(given) {
            return Ok(given);
        }
    }
}

async fn append(log: &Log, batch: Batch, paceless: bool) -> io::Result<ControlFlow<Closed>> {
    if batch.records() == 0 {
        return Ok(ControlFlow::Continue(()));
    }
    let room = if paceless {
        log.unread_room(batch.bytes()).await
    } else {
        Room::of_source()
    };
    match log.append(batch, room).await {
        Ok(_) => Ok(ControlFlow::Continue(())),
        Err(Refused::Closed(closed)) => Ok(ControlFlow::Break(closed)),
        Err(Refused::Failed(failed)) => Err(io::Error::other(failed)),
    }
}
