//! The data path, end to end: what each stage gives is handed to the next, here and nowhere else.
//!
//! All of it is one loop on one task; only parsing may be spread over threads, and comes back in
//! order. The loop takes a block only while the workers have room: so a slow output slows down
//! parsing, then reading, then the server, and nothing piles up in between.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Error,
    fetch::{self, Ended, Fetched},
    parse::{Batch, Parser, Workers},
    transform::Averages,
    watch::Watch,
    write::{Console, DeadLetters, Print, Samples},
};

/// Why the pipeline stands still.
enum Outcome {
    /// It was told to.
    Stopped,
    /// All records that were asked for are read.
    Complete,
    /// There are no more.
    Ended(Ended),
}

struct Pipeline<W> {
    workers: Workers,
    averages: Averages,
    console: Console<W>,
    dead_letters: Option<DeadLetters>,
    samples: Samples,
    records_max: Option<u64>,
    watch: Watch,
}

/// Reads, computes and writes until there is nothing left to do; then prints the answer.
pub(crate) async fn run<W: Write>(
    config: &Config,
    out: W,
    watch: Watch,
    stop: CancellationToken,
) -> Result<(), Error> {
    let mut pipeline = Pipeline::new(config, out, watch)?;
    tracing::info!(
        "reading {}, averaging {:?}; stop with Ctrl-C",
        config.source_name(),
        config.field
    );
    let ran = pipeline.read(config, stop).await;
    pipeline.watch.stopped();
    pipeline.samples.finish();
    if let Some(dead_letters) = &pipeline.dead_letters {
        dead_letters.finish();
    }
    let outcome = match ran {
        Ok(outcome) => pipeline.finish().map(|()| outcome),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(outcome) => pipeline.judge(outcome),
        // Whoever read the results has seen enough.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error),
    }
}

impl<W: Write> Pipeline<W> {
    fn new(config: &Config, out: W, watch: Watch) -> Result<Self, Error> {
        let parser = Parser {
            field: config.field.clone(),
            with_spans: config.print == Print::Each,
        };
        let open = |(path, bytes_max): &(PathBuf, u64)| {
            DeadLetters::open(path, *bytes_max).map_err(|source| Error::DeadLetters {
                path: path.clone(),
                source,
            })
        };
        Ok(Self {
            workers: Workers::new(parser, config.parallelism).map_err(Error::Workers)?,
            averages: Averages::default(),
            console: Console::new(out, config.print, config.output),
            dead_letters: config.dead_letters.as_ref().map(open).transpose()?,
            samples: Samples::new(Instant::now()),
            records_max: config.records,
            watch,
        })
    }

    async fn read(&mut self, config: &Config, stop: CancellationToken) -> Result<Outcome, Error> {
        let mut streams = std::pin::pin!(fetch::open(config.source.clone())?);
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        seconds.reset();
        loop {
            let outcome = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(Outcome::Stopped),
                _ = seconds.tick(), if config.print == Print::Second => self.second()?,
                Some(batch) = self.workers.take(), if self.workers.are_busy() => self.push(batch)?,
                Some((stream, fetched)) = streams.next(), if self.workers.have_room() => {
                    self.fetched(stream, fetched).await?
                }
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
    }

    async fn fetched(&mut self, stream: usize, fetched: Fetched) -> Result<Option<Outcome>, Error> {
        match fetched {
            Fetched::Block(block) => match self.workers.give(block) {
                Some(batch) => self.push(batch),
                None => Ok(None),
            },
            Fetched::Lag(lag) => {
                self.watch.lag(stream, lag);
                Ok(None)
            }
            news => match self.catch_up().await? {
                None => Ok(self.news(stream, news)),
                complete => Ok(complete),
            },
        }
    }

    /// What was read before is computed before what comes now.
    async fn catch_up(&mut self) -> Result<Option<Outcome>, Error> {
        while let Some(batch) = self.workers.take().await {
            if let Some(outcome) = self.push(batch)? {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    /// What happened to a stream.
    fn news(&mut self, stream: usize, news: Fetched) -> Option<Outcome> {
        match news {
            Fetched::Partitions(streams) => {
                self.averages = Averages::of(streams);
                self.watch.streams_are(streams);
            }
            Fetched::Connected { again } => self.watch.connected(stream, again),
            Fetched::Lost => self.watch.lost(stream),
            Fetched::Anew => {
                self.watch.metrics.gaps.inc();
                self.averages.begin_anew(stream);
            }
            Fetched::Again => {
                self.watch.metrics.gaps.inc();
                self.averages.take_back(stream);
            }
            Fetched::Ended(Ended::Finished) if !self.watch.ended(stream) => {}
            Fetched::Ended(ended) => return Some(Outcome::Ended(ended)),
            Fetched::Block(_) | Fetched::Lag(_) => {}
        }
        None
    }

    fn push(&mut self, mut batch: Batch) -> Result<Option<Outcome>, Error> {
        if let Some(max) = self.records_max {
            let room = max - self.averages.answer().records;
            batch.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        }
        let update = self.averages.push(batch);
        self.watch.metrics.count(&update);
        self.samples.tell(update.batch.rejected(), Instant::now());
        if let Some(dead_letters) = &mut self.dead_letters {
            let dropped = dead_letters.keep(update.batch.rejected());
            self.watch.metrics.dead_letters_dropped.inc_by(dropped);
        }
        self.console.update(&update).map_err(Error::Output)?;
        let complete = self.records_max == Some(update.answer.records);
        Ok(complete.then_some(Outcome::Complete))
    }

    fn second(&mut self) -> Result<Option<Outcome>, Error> {
        self.finish().map(|()| None)
    }

    /// Prints the answer so far.
    fn finish(&mut self) -> Result<(), Error> {
        let answer = self.averages.answer();
        self.console.answer(&answer).map_err(Error::Output)
    }

    /// Whether the stream was read as asked.
    fn judge(&self, outcome: Outcome) -> Result<(), Error> {
        let records = self.averages.answer().records;
        match (outcome, self.records_max) {
            (Outcome::Stopped, Some(wanted)) => Err(Error::Stopped { records, wanted }),
            (Outcome::Ended(Ended::Finished), Some(wanted)) => {
                Err(Error::Short { records, wanted })
            }
            (Outcome::Stopped | Outcome::Ended(Ended::Finished), None) | (Outcome::Complete, _) => {
                Ok(())
            }
            (Outcome::Ended(ended), _) => Err(Error::Stream(ended)),
        }
    }
}
