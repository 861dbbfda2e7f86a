//! What the consumer counts.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use common::service::seconds::Seconds;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::prepare::Ready;
use crate::{fetch::Lag, parse::Reason};

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
    /// How many records count: not those from before a stream began anew.
    pub standing: u64,
    /// Whether it was told to stop before the ends of its tables.
    pub is_stopped: bool,
}

type Kind = [(&'static str, &'static str); 1];

/// Counters of what is read.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    records: Counter,
    rejected: Family<Kind, Counter>,
    bytes: Counter,
    lag_records: Gauge<f64, AtomicU64>,
    lag_time: Gauge<f64, AtomicU64>,
    pub(super) reconnects: Counter,
    pub(super) gaps: Counter,
    dead_letters_dropped: Counter,
    pub(super) batches: Batches,
}

/// How long tasks work at what comes to them at once: so long everything behind it waits.
#[derive(Debug, Clone, Default)]
pub(super) struct Batches {
    each: Seconds,
    longest: Gauge<f64, AtomicU64>,
}

impl Batches {
    /// Does `work`, and counts how long it took.
    pub(super) fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        self.took(began.elapsed());
        done
    }

    fn took(&self, took: Duration) {
        self.each.observe(took);
        // Of numbers that are not negative the greater one has the greater bits.
        let bits = took.as_secs_f64().to_bits();
        self.longest.inner().fetch_max(bits, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Metrics that `registry` shows, every kind of reject from the start.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for reason in Reason::ALL {
            drop(metrics.rejected.get_or_create(&kind(reason)));
        }
        let all = metrics.clone();
        registry.register("records", "Records read, rejected ones too", all.records);
        registry.register(
            "rejected",
            "Records that could not be read, by kind",
            all.rejected,
        );
        registry.register_with_unit("read", "Bytes of records", Unit::Bytes, all.bytes);
        metrics.lag(None);
        registry.register(
            "lag_records",
            "Records that the streams are ahead; NaN where the server does not tell",
            all.lag_records,
        );
        registry.register_with_unit(
            "lag",
            "Time since everything there was had been read; NaN where the server does not tell",
            Unit::Seconds,
            all.lag_time,
        );
        registry.register(
            "reconnects",
            "Times that the stream was connected to again",
            all.reconnects,
        );
        registry.register(
            "gaps",
            "Times that records were missing or began again",
            all.gaps,
        );
        registry.register(
            "dead_letters_dropped",
            "Rejects that the dead letter file had no room for",
            all.dead_letters_dropped,
        );
        let Batches { each, longest } = all.batches;
        each.register(registry, "job_batch", "Times that tasks took for a batch");
        registry.register_with_unit(
            "job_batch_longest",
            "The longest time that a task took for a batch so far",
            Unit::Seconds,
            longest,
        );
        metrics
    }

    /// Shows how far the reader is behind, if that is known.
    #[expect(
        clippy::cast_precision_loss,
        reason = "no stream is 2^53 records ahead"
    )]
    pub(super) fn lag(&self, lag: Option<Lag>) {
        let records = lag.map_or(f64::NAN, |lag| lag.records as f64);
        self.lag_records.set(records);
        let seconds = lag.map_or(f64::NAN, |lag| lag.time.as_secs_f64());
        self.lag_time.set(seconds);
    }

    /// What was counted so far.
    pub(super) fn summary(&self) -> Summary {
        let rejected = |reason| self.rejected.get_or_create(&kind(reason)).get();
        Summary {
            records: self.records.get(),
            rejected: Reason::ALL.into_iter().map(rejected).sum(),
            bytes: self.bytes.get(),
            gaps: self.gaps.get(),
            ..Summary::default()
        }
    }

    /// Counts what was read, and rejects that were not kept.
    pub(super) fn count(&self, ready: &Ready, dropped: u64) {
        self.records.inc_by(ready.records as u64);
        self.dead_letters_dropped.inc_by(dropped);
        if let Some(read) = &ready.read {
            self.bytes.inc_by(read.text.len() as u64);
            for reject in &read.rejects {
                self.rejected.get_or_create(&kind(reject.reason)).inc();
            }
        }
    }
}

const fn kind(reason: Reason) -> Kind {
    [("kind", reason.name())]
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    #[test]
    fn the_longest_batch_is_that_of_all_tasks() {
        let batches = Batches::default();
        let longest = || Duration::from_secs_f64(batches.longest.get());
        assert_eq!(longest(), Duration::ZERO);
        for (took, expected) in [(7, 7), (20, 20), (3, 20)] {
            batches.clone().took(Duration::from_millis(took));
            assert_eq!(longest(), Duration::from_millis(expected));
        }
        let long = Duration::from_millis(30);
        batches.timed(|| sleep(long));
        assert!(longest() >= long);
        assert_eq!(batches.timed(|| 7), 7);
    }
}
