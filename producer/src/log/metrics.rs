//! What the log counts.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::kept::Kept;

#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    appended_records: Counter,
    appended_bytes: Counter,
    kept_bytes: Gauge,
    kept_records: Gauge,
}

impl Metrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self {
            appended_records,
            appended_bytes,
            kept_bytes,
            kept_records,
        } = self.clone();
        registry.register("appended_records", "Records appended", appended_records);
        registry.register(
            "appended_bytes",
            "Bytes of records appended",
            appended_bytes,
        );
        registry.register("log_bytes", "Bytes of records in memory", kept_bytes);
        registry.register("log_records", "Records in memory", kept_records);
    }

    pub(super) fn appended(&self, records: u64, bytes: usize, kept: &Kept) {
        self.appended_records.inc_by(records);
        self.appended_bytes.inc_by(bytes as u64);
        let (earliest, next) = (kept.earliest(), kept.next());
        self.kept_bytes
            .set((next.byte - earliest.byte).cast_signed());
        self.kept_records
            .set((next.record - earliest.record).cast_signed());
    }
}
