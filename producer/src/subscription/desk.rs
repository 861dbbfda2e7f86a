//! Errands: that a webhook is called, or that workers are woken by a record.

use std::{sync::Arc, time::Duration};

use common::{record::Batch, service::telemetry::chain};

use super::{
    ask::Errand, courier::Courier, key::Keys, metrics::Metrics, settings::Options, state::Told,
    wire,
};
use crate::log::{Append, Content, Framing, Log, Refused};

/// What is needed to do errands.
#[derive(Debug)]
pub(super) struct Desk {
    log: Log,
    courier: Courier,
    keys: Arc<Keys>,
    options: Options,
    metrics: Metrics,
}

impl Desk {
    pub(super) fn new(log: Log, keys: Arc<Keys>, options: Options, metrics: Metrics) -> Self {
        Self {
            log,
            courier: Courier::new(options.targets),
            keys,
            options,
            metrics,
        }
    }

    /// Calls a webhook.
    pub(super) async fn call(&self, url: &str, errand: &Errand) -> Told {
        let origin = self.options.origin.as_ref().unwrap_or(&errand.origin);
        let body = wire::delivery(errand, &self.keys, origin);
        let signature = self.keys.signature(body.as_bytes(), self.log.clock().now());
        let lease = Duration::from_millis(errand.lease_milliseconds.max(0).cast_unsigned());
        let timeout = self.options.timeout.min(lease);
        self.metrics.deliveries.inc();
        if errand.is_retry {
            self.metrics.retries.inc();
        }
        match self.courier.call(url, (body, signature), timeout).await {
            Ok(answer) if wire::is_done(&answer) => Told::Done(errand.streams.clone()),
            Ok(_) => Told::Heard,
            Err(unheard) => self.failed(errand, &chain(&unheard)),
        }
    }

    /// Appends the record that wakes workers.
    pub(super) async fn wake(&self, wake_stream: &str, errand: &Errand) -> Told {
        match self.append(wake_stream, errand).await {
            Ok(()) => Told::Heard,
            Err(refused) => self.failed(errand, &refused.to_string()),
        }
    }

    async fn append(&self, wake_stream: &str, errand: &Errand) -> Result<(), Refused> {
        let stream = self.log.find(wake_stream)?;
        let text = wire::wake(errand, self.log.clock().now());
        let room = self.log.reserve(text.len()).await;
        let batch = Batch::from_json(text.as_bytes()).expect("it is JSON, and short");
        let append = Append {
            content: Content::from(batch),
            is_of_other_type: stream.framing() != Framing::Lines,
            ..Append::default()
        };
        self.log.append(&stream, append, room).await?;
        Ok(())
    }

    /// The first time of several it is told louder.
    fn failed(&self, errand: &Errand, why: &str) -> Told {
        self.metrics.failures.inc();
        let subscription = &errand.id;
        if errand.is_retry {
            tracing::debug!(subscription, why, "nobody has heard a wake, again");
        } else {
            tracing::warn!(
                subscription,
                why,
                "nobody has heard a wake; it is told again"
            );
        }
        Told::Failed
    }
}
