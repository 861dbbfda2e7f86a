//! What can be seen of a job's steps while it runs: as metrics, and as JSON.

use std::{fmt, time::Instant};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use serde_json::{Value, json};

use super::{Reports, Summary};
use crate::transform::{BEGINNING, END, Report};

/// A job that runs.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// When it began.
    pub begun: Instant,
    /// What it has done.
    pub reports: Reports,
}

impl Status {
    /// A job of that name, which begins now.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            begun: Instant::now(),
            reports: Reports::default(),
        }
    }
}

/// The path of all jobs; with `/` and a name behind it, one of them.
const PATH: &str = "/v1/jobs";

impl Status {
    /// The JSON at a path, where there is some.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(PATH)?;
        let value = match rest.strip_prefix('/') {
            None if rest.is_empty() => json!({ "jobs": [self.name] }),
            Some(name) if name == self.name => self.described(),
            _ => return None,
        };
        Some(format!("{value}\n"))
    }

    fn described(&self) -> Value {
        let Summary {
            records,
            rejected,
            bytes,
            gaps,
            ..
        } = self.reports.summary();
        let steps: Vec<_> = self.reports.all().values().map(step).collect();
        json!({
            "name": self.name,
            "seconds": self.begun.elapsed().as_secs_f64(),
            "records": records,
            "rejected": rejected,
            "bytes": bytes,
            "gaps": gaps,
            "steps": steps,
        })
    }
}

fn step(report: &Report) -> Value {
    json!({
        "step": report.step.0,
        "kind": report.kind,
        "rows_in": report.rows_in,
        "rows_out": report.rows_out,
        "late": report.counts.late,
        "untimed": report.counts.untimed,
        "state_bytes": report.state_bytes,
        "watermark": watermark(report.watermark),
    })
}

/// In milliseconds since the epoch; null where nothing is known, or all is over.
const fn watermark(watermark: i64) -> Option<i64> {
    match watermark {
        BEGINNING | END => None,
        known => Some(known),
    }
}

type Count = fn(&Report) -> u64;

/// The number of a step, and what it does.
type Step = [(&'static str, String); 2];

impl Collector for Status {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let of_steps: [(&str, &str, Count); 4] = [
            ("job_step_rows_in", "Rows that a step took", |one| {
                one.rows_in
            }),
            ("job_step_rows_out", "Rows that a step gave", |one| {
                one.rows_out
            }),
            ("job_step_late", "Rows that came too late", |one| {
                one.counts.late
            }),
            ("job_step_untimed", "Rows without a time", |one| {
                one.counts.untimed
            }),
        ];
        let reports = self.reports.all();
        for (name, help, count) in of_steps {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for report in reports.values() {
                let counter = ConstCounter::new(count(report));
                counter.encode(family.encode_family(&labels(report))?)?;
            }
        }
        let help = "Bytes of a step's state";
        let kind = MetricType::Gauge;
        let mut family = encoder.encode_descriptor("job_step_state_bytes", help, None, kind)?;
        for report in reports.values() {
            let bytes = i64::try_from(report.state_bytes).unwrap_or(i64::MAX);
            ConstGauge::new(bytes).encode(family.encode_family(&labels(report))?)?;
        }
        Ok(())
    }
}

fn labels(report: &Report) -> Step {
    [
        ("step", report.step.0.to_string()),
        ("kind", report.kind.to_owned()),
    ]
}
