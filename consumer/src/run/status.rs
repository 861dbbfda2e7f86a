//! What can be seen of a job's steps while it runs: as metrics, and as JSON.

use std::{fmt, time::Instant};

use percent_encoding::percent_decode_str;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use serde_json::{Value, json};

use super::{Reports, Summary, tables::held_back_by};
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
            Some(name) if percent_decode_str(name).eq(self.name.bytes()) => self.described(),
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
        let (elapsed, tables) = (self.begun.elapsed(), self.reports.tables());
        let told = tables.iter().map(|table| table.told(elapsed));
        let steps: Vec<_> = self.reports.all().values().map(step).collect();
        json!({
            "name": self.name,
            "seconds": elapsed.as_secs_f64(),
            "records": records,
            "rejected": rejected,
            "bytes": bytes,
            "gaps": gaps,
            "held_back_by": held_back_by(&tables, elapsed),
            "tables": told.collect::<Vec<_>>(),
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
        "expired": report.counts.expired,
        "unknown": report.counts.unknown,
        "state_bytes": report.state_bytes,
        "watermark": watermark(report.watermark),
    })
}

/// In milliseconds since the epoch; null where nothing is known, or all is over.
pub(super) const fn watermark(watermark: i64) -> Option<i64> {
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
        let of_steps: [(&str, &str, Count); 6] = [
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
            (
                "job_step_expired",
                "Keys or rows that were forgotten",
                |one| one.counts.expired,
            ),
            (
                "job_step_unknown",
                "Rows taken back of which nothing was known",
                |one| one.counts.unknown,
            ),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        run::{
            scans::Partition,
            tables::{TableRead, held_back_by},
        },
        transform::Progress,
    };

    /// A table whose partitions are so far, each with the time at which it came there; `idle` and
    /// `ended` say which hold up nothing.
    fn table(name: &str, is_timed: bool, partitions: &[(i64, i64, &str)]) -> TableRead {
        let partition = |(watermark, moved_at, state): &(i64, i64, &str)| {
            let mut partition = Partition::new(0);
            partition.progress = Progress {
                watermark: *watermark,
                is_idle: *state == "idle",
            };
            partition.has_ended = *state == "ended";
            partition.moved_at = *moved_at;
            (partition, None)
        };
        TableRead {
            name: name.to_owned(),
            is_timed,
            partitions: partitions.iter().map(partition).collect(),
        }
    }

    #[test]
    fn the_partition_with_the_least_event_time_holds_the_others_back() {
        let elapsed = Duration::from_secs(10);
        let check = |tables: &[TableRead], expected: Value| {
            assert_eq!(held_back_by(tables, elapsed), expected, "{tables:?}");
        };
        let readings = [
            (70, 9_000, "reading"),
            (50, 2_500, "reading"),
            (60, 0, "reading"),
        ];
        let held = |table, partition, watermark, seconds| json!({ "table": table, "partition": partition, "watermark": watermark, "unmoved_seconds": seconds });
        check(&[], Value::Null);
        check(&[table("r", true, &readings)], held("r", 1, Some(50), 7.5));
        check(&[table("r", false, &readings)], Value::Null);
        let over = [(1, 0, "idle"), (2, 0, "ended"), (3, 10_000, "reading")];
        check(
            &[table("r", true, &readings), table("s", true, &over)],
            held("s", 2, Some(3), 0.0),
        );
        // Nothing has come of it yet.
        let silent = [(70, 0, "reading"), (BEGINNING, 0, "reading")];
        check(&[table("r", true, &silent)], held("r", 1, None, 10.0));
        check(&[table("r", true, &over[..2])], Value::Null);
    }

    #[test]
    fn a_job_tells_how_far_each_partition_is() {
        let status = Status::new("my jöb");
        let tables = vec![table("r", true, &[(50, 0, "idle")])];
        status.reports.read(Summary::default(), tables);
        let at = |path| Some(serde_json::from_str::<Value>(&status.at(path)?).unwrap());
        let told = at("/v1/jobs/my%20j%C3%B6b").unwrap();
        let partition = &told["tables"][0]["partitions"][0];
        assert_eq!(
            (&told["tables"][0]["table"], &partition["state"]),
            (&json!("r"), &json!("idle"))
        );
        assert_eq!(partition["watermark"], 50);
        assert_eq!(told["held_back_by"], Value::Null);
        assert_eq!(at("/v1/jobs"), Some(json!({ "jobs": ["my jöb"] })));
        assert_eq!((at("/v1/jobs/my"), at("/v1")), (None, None));
    }
}
