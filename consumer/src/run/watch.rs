//! What the outside can see: whether all streams are connected, how far they are behind, and what
//! was counted.

use std::{collections::BTreeMap, sync::Arc};

use common::service::health::Health;

use super::{Reports, metrics::Metrics, scans::Reading, tables::TableRead};
use crate::fetch::Lag;

/// What the outside can see of a job.
#[derive(Debug)]
pub struct Watch {
    health: Arc<Health>,
    pub(super) metrics: Metrics,
    pub(super) reports: Reports,
    /// Those that come over a network, by the scan and the partition of each.
    streams: BTreeMap<(usize, usize), Stream>,
}

/// How a stream is.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    pub(super) connected: bool,
    ended: bool,
    /// None where its server has not told.
    pub(super) lag: Option<Lag>,
}

impl Watch {
    /// Shows a job of which nothing is known yet.
    #[must_use]
    pub const fn new(health: Arc<Health>, metrics: Metrics, reports: Reports) -> Self {
        Self {
            health,
            metrics,
            reports,
            streams: BTreeMap::new(),
        }
    }

    /// Shows that a scan has so many streams from now on, none of them connected yet.
    pub(super) fn streams_are(&mut self, scan: usize, streams: usize) {
        self.streams.retain(|(of, _), _| *of != scan);
        let new = (0..streams).map(|partition| ((scan, partition), Stream::default()));
        self.streams.extend(new);
        self.show();
    }

    pub(super) fn connected(&mut self, stream: (usize, usize), again: bool) {
        self.metrics.reconnects.inc_by(u64::from(again));
        self.change(stream, |state| state.connected = true);
    }

    pub(super) fn lost(&mut self, stream: (usize, usize)) {
        // How far it is behind by now, nobody tells.
        self.change(stream, |state| *state = Stream::default());
    }

    pub(super) fn lag(&mut self, stream: (usize, usize), lag: Lag) {
        self.change(stream, |state| state.lag = Some(lag));
    }

    /// A stream has come to its end.
    pub(super) fn ended(&mut self, stream: (usize, usize)) {
        self.change(stream, |state| state.ended = true);
    }

    /// Shows how far the tables have been read.
    pub(super) fn read(&self, scans: &[Reading]) {
        let tables = scans.iter().enumerate().map(|(scan, reading)| {
            let partitions = reading.partitions.iter().enumerate();
            let partitions = partitions.map(|(number, partition)| {
                let stream = self.streams.get(&(scan, number)).cloned();
                (partition.clone(), stream)
            });
            TableRead {
                name: reading.table.clone(),
                is_timed: reading.is_timed,
                partitions: partitions.collect(),
            }
        });
        self.reports.read(self.metrics.summary(), tables.collect());
    }

    /// Nothing is read any more.
    pub(super) fn stopped(&self) {
        self.health.set_ready(false);
    }

    fn change(&mut self, stream: (usize, usize), change: impl FnOnce(&mut Stream)) {
        if let Some(state) = self.streams.get_mut(&stream) {
            change(state);
        }
        self.show();
    }

    pub(super) fn show(&self) {
        self.health.set_ready(self.is_ready());
        self.metrics.lag(self.total_lag());
    }

    /// What has ended needs no connection.
    fn is_ready(&self) -> bool {
        self.streams
            .values()
            .all(|state| state.connected || state.ended)
    }

    /// The records of all streams together, and the time of the one that is most behind; none while
    /// that of one is not known.
    fn total_lag(&self) -> Option<Lag> {
        self.streams
            .values()
            .try_fold(Lag::default(), |total, state| {
                let lag = match state.lag {
                    _ if state.ended => Lag::default(),
                    lag => lag?,
                };
                Some(Lag {
                    records: total.records + lag.records,
                    time: total.time.max(lag.time),
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus_client::registry::Registry;

    use super::*;

    fn watch(streams: usize) -> Watch {
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        let health = Arc::new(Health::new(registry));
        let mut watch = Watch::new(health, metrics, Reports::default());
        watch.streams_are(0, streams);
        watch
    }

    fn lag(records: u64, seconds: u64) -> Lag {
        Lag {
            records,
            time: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn it_is_ready_when_all_streams_are_connected() {
        let mut watch = watch(2);
        assert!(!watch.is_ready());
        watch.connected((0, 0), false);
        assert!(!watch.is_ready());
        watch.connected((0, 1), false);
        assert!(watch.is_ready());
        watch.lost((0, 0));
        assert!(!watch.is_ready());
        watch.connected((0, 0), true);
        assert!(watch.is_ready());
        watch.lost((0, 1));
        watch.ended((0, 1));
        assert!(watch.is_ready());
    }

    #[test]
    fn the_lag_is_that_of_all_and_known_when_that_of_each_is() {
        let mut watch = watch(2);
        watch.lag((0, 1), lag(5, 2));
        assert_eq!(watch.total_lag(), None);
        watch.lag((0, 0), lag(3, 7));
        assert_eq!(watch.total_lag(), Some(lag(8, 7)));
        watch.lost((0, 1));
        assert_eq!(watch.total_lag(), None);
        watch.lag((0, 1), lag(5, 2));
        watch.lag((0, 0), lag(0, 0));
        assert_eq!(watch.total_lag(), Some(lag(5, 2)));
        watch.ended((0, 1));
        assert_eq!(watch.total_lag(), Some(lag(0, 0)));
    }
}
