//! How long things took, counted: a histogram of seconds.

use std::time::Duration;

use prometheus_client::{
    metrics::histogram::{Histogram, exponential_buckets},
    registry::{Registry, Unit},
};

/// The shortest time that is told from shorter ones, in seconds: less than any disk needs for a sync.
const SHORTEST: f64 = 50e-6;

/// Each bucket is twice as long as the one before; the last ends at 6.6 s.
const BUCKETS: u16 = 18;

/// How long something took, each time that it happened.
#[derive(Debug, Clone)]
pub struct Seconds(Histogram);

impl Default for Seconds {
    fn default() -> Self {
        Self(Histogram::new(exponential_buckets(SHORTEST, 2.0, BUCKETS)))
    }
}

impl Seconds {
    /// Adds it to what `/metrics` shows, as `name` and `_seconds`.
    pub fn register(&self, registry: &mut Registry, name: &'static str, help: &'static str) {
        registry.register_with_unit(name, help, Unit::Seconds, self.0.clone());
    }

    /// It took so long.
    pub fn observe(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }
}
