//! What the log counts.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::append::Content;

#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    appended_records: Counter,
    appended_bytes: Counter,
    pub(super) groups: Counter,
    pub(super) unsettled_bytes: Gauge,
    pub(super) memory_bytes: Gauge,
    pub(super) streams: Gauge,
}

impl Metrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self {
            appended_records,
            appended_bytes,
            groups,
            unsettled_bytes,
            memory_bytes,
            streams,
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
        registry.register("log_streams", "Streams", streams);
    }

    pub(super) fn appended(&self, content: &Content) {
        self.appended_records.inc_by(content.records());
        self.appended_bytes.inc_by(content.bytes_len() as u64);
    }
}
