//! What the log counts: what happens, a batch or a group at a time; and, when somebody asks, how
//! things stand.

use std::fmt;

use common::service::seconds::Seconds;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        counter::Counter,
        gauge::{ConstGauge, Gauge},
    },
    registry::{Registry, Unit},
};

use super::{Log, append::Content, disk};

#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    appended_records: Counter,
    appended_bytes: Counter,
    pub(super) groups: Counter,
    pub(super) unsettled_bytes: Gauge,
    pub(super) memory_bytes: Gauge,
    pub(super) forks: Gauge,
    pub(super) appends: Seconds,
    pub(super) syncs: Seconds,
}

impl Metrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self {
            appended_records,
            appended_bytes,
            groups,
            unsettled_bytes,
            memory_bytes,
            forks,
            appends,
            syncs,
        } = self.clone();
        registry.register("appended_records", "Records appended", appended_records);
        registry.register(
            "appended_bytes",
            "Bytes of records appended",
            appended_bytes,
        );
        registry.register("log_groups", "Frames synced", groups);
        registry.register(
            "log_unsettled_bytes",
            "Bytes of the journal that are not in segments yet",
            unsettled_bytes,
        );
        registry.register(
            "log_bytes",
            "Bytes of settled records in memory",
            memory_bytes,
        );
        registry.register("log_forks", "Streams that are forks of others", forks);
        appends.register(
            registry,
            "append",
            "From an append being given to the log to its being on stable storage",
        );
        syncs.register(registry, "log_sync", "A sync of the journal");
    }

    pub(super) fn appended(&self, content: &Content) {
        self.appended_records.inc_by(content.records());
        self.appended_bytes.inc_by(content.bytes_len() as u64);
    }
}

/// How a log stands, looked at when somebody asks.
#[derive(Debug)]
pub(super) struct Levels(pub(super) Log);

impl Collector for Levels {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let base = &self.0.base;
        let free = base
            .disk()
            .and_then(|disk| disk::aside(|| disk.free_bytes()).ok());
        let (inflight, inflight_max) = base.rooms.bytes();
        let mut level = |name, help, unit: Option<&Unit>, value: u64| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let gauge_type = gauge.metric_type();
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge_type)?)
        };
        let bytes = Some(&Unit::Bytes);
        level(
            "log_streams",
            "Streams",
            None,
            self.0.known.names().streams.len() as u64,
        )?;
        level(
            "inflight",
            "Bytes of requests on their way into the log",
            bytes,
            inflight as u64,
        )?;
        level(
            "inflight_max",
            "How many of them there may be",
            bytes,
            inflight_max as u64,
        )?;
        // A log in memory has no disk to fill.
        free.map_or(Ok(()), |free| {
            level("disk_free", "Bytes free on the log's disk", bytes, free)
        })
    }
}
