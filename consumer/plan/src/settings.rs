//! What a job is run with, and what it sets itself by `SET`. The names are Flink's.

use std::{num::NonZeroUsize, time::Duration};

use common::time::Clock;

use super::{
    Zone,
    error::Fault,
    options::{DURATION, boolean, duration, unknown, value},
    statement::Setting,
};

/// What a job is run with. What it sets itself counts more.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name of the text, for errors: that of its file.
    pub job: String,
    /// Who tells `CURRENT_TIMESTAMP` and its like the time, when they are computed.
    pub clock: Clock,
    /// `pipeline.name`.
    pub name: Option<String>,
    /// `parallelism.default`: how many work side by side; as many as there are cores if not said.
    pub parallelism: Option<NonZeroUsize>,
    /// `table.local-time-zone`: where a `TIMESTAMP_LTZ` is local.
    pub zone: Zone,
    /// `table.exec.source.idle-timeout`: for how long a partition may be silent before it holds up
    /// nothing any more; none is for ever, as `0 ms`.
    pub idle_timeout: Option<Duration>,
    /// `table.exec.state.ttl`: for how long keys and rows are kept that are not written, where that is
    /// not told by event time; none is for ever, as `0 ms`.
    pub state_ttl: Option<Duration>,
    /// `table.exec.mini-batch.…`: how changes of running aggregates are gathered.
    pub mini_batch: Option<MiniBatch>,
    /// `table.exec.sink.not-null-enforcer`.
    pub on_null: OnNull,
    /// `table.exec.sink.upsert-materialize`.
    pub upsert_materialize: UpsertMaterialize,
}

/// What becomes of a row that has a null where its table may have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNull {
    /// The job fails: `ERROR`.
    Fail,
    /// It is not written: `DROP`.
    Drop,
}

/// Whether the rows of each key are kept before a sink that knows one row of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsertMaterialize {
    /// Where changes of a key could come in another order: `AUTO`.
    Auto,
    /// Always: `FORCE`.
    Force,
    /// Never: `NONE`.
    None,
}

/// How long and how many changes are gathered, so that a key that changes often gives few of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MiniBatch {
    /// `table.exec.mini-batch.allow-latency`.
    pub latency: Duration,
    /// `table.exec.mini-batch.size`, in rows.
    pub size: usize,
}

/// The option that says where a `TIMESTAMP_LTZ` is local.
pub(super) const ZONE: &str = "table.local-time-zone";

const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
const MINI_BATCH: MiniBatch = MiniBatch {
    latency: Duration::ZERO,
    size: 8192,
};

/// Less than this is not worth a look at the clock, and hardly what was meant.
const STATE_TTL_MIN: Duration = Duration::from_secs(1);

pub(super) const KEYS: [&str; 12] = [
    "execution.runtime-mode",
    "parallelism.default",
    "pipeline.name",
    "table.exec.mini-batch.allow-latency",
    "table.exec.mini-batch.enabled",
    "table.exec.mini-batch.size",
    "table.exec.sink.not-null-enforcer",
    "table.exec.sink.require-on-conflict",
    "table.exec.sink.upsert-materialize",
    "table.exec.source.idle-timeout",
    "table.exec.state.ttl",
    ZONE,
];

impl Settings {
    /// The usual ones, for a text of this name.
    #[must_use]
    pub fn new(job: impl Into<String>, clock: Clock) -> Self {
        Self {
            job: job.into(),
            clock,
            name: None,
            parallelism: None,
            zone: Zone::UTC,
            idle_timeout: Some(IDLE_TIMEOUT),
            state_ttl: None,
            mini_batch: None,
            on_null: OnNull::Fail,
            upsert_materialize: UpsertMaterialize::Auto,
        }
    }

    /// Does what a `SET` says.
    pub(super) fn set(&mut self, setting: &Setting) -> Result<(), Fault> {
        match setting.key.as_str() {
            "execution.runtime-mode" => {
                let is_streaming =
                    |text: &str| text.eq_ignore_ascii_case("streaming").then_some(());
                let expected = "'streaming', also for bounded inputs";
                value(setting, expected, is_streaming)?;
            }
            "parallelism.default" => {
                let number = |text: &str| text.parse().ok();
                self.parallelism = Some(value(setting, "a number from 1", number)?);
            }
            "pipeline.name" => self.name = Some(setting.value.clone()),
            "table.exec.sink.not-null-enforcer" => {
                let on_null = |text: &str| match text.to_uppercase().as_str() {
                    "ERROR" => Some(OnNull::Fail),
                    "DROP" => Some(OnNull::Drop),
                    _ => None,
                };
                self.on_null = value(setting, "'ERROR' or 'DROP'", on_null)?;
            }
            "table.exec.sink.require-on-conflict" => {
                let is_false = |text: &str| boolean(text).filter(|is| !is).map(|_| ());
                value(
                    setting,
                    "'false', so that a key has its newest row",
                    is_false,
                )?;
            }
            "table.exec.sink.upsert-materialize" => {
                let materialize = |text: &str| match text.to_uppercase().as_str() {
                    "AUTO" => Some(UpsertMaterialize::Auto),
                    "FORCE" => Some(UpsertMaterialize::Force),
                    "NONE" => Some(UpsertMaterialize::None),
                    _ => None,
                };
                self.upsert_materialize = value(setting, "'AUTO', 'FORCE' or 'NONE'", materialize)?;
            }
            "table.exec.source.idle-timeout" => {
                let timeout = value(setting, DURATION, duration)?;
                self.idle_timeout = (!timeout.is_zero()).then_some(timeout);
            }
            "table.exec.state.ttl" => {
                let ttl = |text: &str| {
                    duration(text).filter(|ttl| ttl.is_zero() || *ttl >= STATE_TTL_MIN)
                };
                let expected = "a duration from '1 s', such as '1 h', or '0' for ever";
                let ttl = value(setting, expected, ttl)?;
                self.state_ttl = (!ttl.is_zero()).then_some(ttl);
            }
            ZONE => {
                let zone = |text: &str| text.parse().ok();
                self.zone = value(setting, "a time zone such as 'Europe/Berlin'", zone)?;
            }
            key => match key.strip_prefix("table.exec.mini-batch.") {
                Some(key) => self.set_mini_batch(key, setting)?,
                None => return Err(unknown(setting, KEYS.into_iter())),
            },
        }
        Ok(())
    }

    fn set_mini_batch(&mut self, key: &str, setting: &Setting) -> Result<(), Fault> {
        let batch = self.mini_batch.unwrap_or(MINI_BATCH);
        self.mini_batch = match key {
            "enabled" => value(setting, "true or false", boolean)?.then_some(batch),
            "allow-latency" => {
                let latency = value(setting, DURATION, duration)?;
                Some(MiniBatch { latency, ..batch })
            }
            "size" => {
                let size = |text: &str| text.parse().ok().filter(|size| *size > 0);
                let size = value(setting, "a number from 1", size)?;
                Some(MiniBatch { size, ..batch })
            }
            _ => return Err(unknown(setting, KEYS.into_iter())),
        };
        Ok(())
    }
}
