//! What is counted of subscriptions.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    pub(super) subscriptions: Gauge,
    pub(super) at_work: Gauge,
    pub(super) wakes: Counter,
    pub(super) deliveries: Counter,
    pub(super) retries: Counter,
    pub(super) failures: Counter,
    pub(super) leases: Counter,
    pub(super) leases_expired: Counter,
    pub(super) fenced: Counter,
    pub(super) overlooked: Counter,
}

impl Metrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let all = self.clone();
        let registry = registry.sub_registry_with_prefix("subscription");
        registry.register("count", "Subscriptions", all.subscriptions);
        registry.register("at_work", "Leases that are held", all.at_work);
        for (name, text, counter) in [
            ("wakes", "Generations that have begun", all.wakes),
            ("deliveries", "Webhooks that were called", all.deliveries),
            ("retries", "Webhooks that were called again", all.retries),
            ("failures", "Wakes that nobody has heard", all.failures),
            ("leases", "Claims that were granted", all.leases),
            (
                "leases_expired",
                "Leases that nobody has ended",
                all.leases_expired,
            ),
            (
                "fenced",
                "Reports by those whose lease was over",
                all.fenced,
            ),
            (
                "overlooked",
                "Changes of streams that match, and are one too many",
                all.overlooked,
            ),
        ] {
            registry.register(name, text, counter);
        }
    }
}
