//! What the outside can see: whether all streams are connected, how far they are behind, and what
//! was counted.

use std::sync::Arc;

use common::service::health::Health;

use crate::{fetch::Lag, metrics::Metrics};

/// What the outside can see of the pipeline.
#[derive(Debug)]
pub(crate) struct Watch {
    health: Arc<Health>,
    pub(crate) metrics: Metrics,
    streams: Vec<State>,
}

/// How a stream is.
#[derive(Debug, Clone, Default)]
struct State {
    connected: bool,
    ended: bool,
    /// None where its server has not told.
    lag: Option<Lag>,
}

impl Watch {
    /// Shows one stream, which is not connected yet.
    pub(crate) fn new(health: Arc<Health>, metrics: Metrics) -> Self {
        let mut watch = Self {
            health,
            metrics,
            streams: Vec::new(),
        };
        watch.streams_are(1);
        watch
    }

    /// Shows `streams` streams from now on, none of them connected yet.
    pub(crate) fn streams_are(&mut self, streams: usize) {
        self.streams = vec![State::default(); streams];
        self.show();
    }

    pub(crate) fn connected(&mut self, stream: usize, again: bool) {
        self.metrics.reconnects.inc_by(u64::from(again));
        self.change(stream, |state| state.connected = true);
    }

    pub(crate) fn lost(&mut self, stream: usize) {
        // How far it is behind by now, nobody tells.
        self.change(stream, |state| *state = State::default());
    }

    pub(crate) fn lag(&mut self, stream: usize, lag: Lag) {
        self.change(stream, |state| state.lag = Some(lag));
    }

    /// A stream has come to its end. Says whether all have.
    pub(crate) fn ended(&mut self, stream: usize) -> bool {
        self.change(stream, |state| state.ended = true);
        self.streams.iter().all(|state| state.ended)
    }

    /// Nothing is read any more.
    pub(crate) fn stopped(&self) {
        self.health.set_ready(false);
    }

    fn change(&mut self, stream: usize, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.streams.get_mut(stream) {
            change(state);
        }
        self.show();
    }

    fn show(&self) {
        self.health.set_ready(self.is_ready());
        self.metrics.lag(self.total_lag());
    }

    /// What has ended needs no connection.
    fn is_ready(&self) -> bool {
        self.streams
            .iter()
            .all(|state| state.connected || state.ended)
    }

    /// The records of all streams together, and the time of the one that is most behind; none while
    /// that of one is not known.
    fn total_lag(&self) -> Option<Lag> {
        self.streams
            .iter()
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
        let mut watch = Watch::new(Arc::new(Health::new(registry)), metrics);
        watch.streams_are(streams);
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
        watch.connected(0, false);
        assert!(!watch.is_ready());
        watch.connected(1, false);
        assert!(watch.is_ready());
        watch.lost(0);
        assert!(!watch.is_ready());
        watch.connected(0, true);
        assert!(watch.is_ready());
        watch.lost(1);
        assert!(!watch.ended(1) && watch.is_ready());
        assert!(watch.ended(0));
    }

    #[test]
    fn the_lag_is_that_of_all_and_known_when_that_of_each_is() {
        let mut watch = watch(2);
        watch.lag(1, lag(5, 2));
        assert_eq!(watch.total_lag(), None);
        watch.lag(0, lag(3, 7));
        assert_eq!(watch.total_lag(), Some(lag(8, 7)));
        watch.lost(1);
        assert_eq!(watch.total_lag(), None);
        watch.lag(1, lag(5, 2));
        watch.lag(0, lag(0, 0));
        assert_eq!(watch.total_lag(), Some(lag(5, 2)));
        watch.ended(1);
        assert_eq!(watch.total_lag(), Some(lag(0, 0)));
    }
}
