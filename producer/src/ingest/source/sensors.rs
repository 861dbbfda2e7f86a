//! `sensors`: keyed random walks, some of them late or broken if wanted.
//!
//! ```json
//! {"sensor":"s1","value":19.87,"ts":"2026-01-01 00:00:00.000Z"}
//! ```

use std::fmt::Write as _;

use common::{
    record::Batch,
    time::{Clock, Timestamp},
};
use fastrand::Rng;

/// Where every walk begins.
const START: f64 = 20.0;

/// How far a late record's time lies back, at the most, in milliseconds.
const LATE_MILLISECONDS_MAX: i64 = 60_000;

/// What can be set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// How many sensors there are.
    pub(crate) keys: usize,
    /// The share of records whose time lies back by up to a minute.
    pub(crate) late: f64,
    /// The share of records that no reader can use.
    pub(crate) broken: f64,
    /// What the walks come from; the same seed gives the same walks.
    pub(crate) seed: u64,
}

#[derive(Debug)]
pub(super) struct Sensors {
    late: f64,
    broken: f64,
    rng: Rng,
    clock: Clock,
    walks: Vec<f64>,
    line: String,
}

impl Sensors {
    pub(super) fn new(options: &Options, clock: Clock) -> Self {
        let Options {
            keys,
            late,
            broken,
            seed,
        } = *options;
        let (rng, walks) = (Rng::with_seed(seed), vec![START; keys]);
        Self {
            late,
            broken,
            rng,
            clock,
            walks,
            line: String::new(),
        }
    }

    pub(super) fn batch(&mut self, records: u64) -> Batch {
        let now = self.clock.now();
        let on_time = now.to_string();
        let mut batch = Batch::default();
        for _ in 0..records {
            self.write(now, &on_time);
            batch.push_with(|lines| lines.extend_from_slice(self.line.as_bytes()));
        }
        batch
    }

    /// Writes one record into `line`.
    fn write(&mut self, now: Timestamp, on_time: &str) {
        let key = self.rng.usize(..self.walks.len());
        let value = self.step(key);
        let late = self.rng.f64() < self.late;
        let back = self.rng.i64(1..=LATE_MILLISECONDS_MAX);
        let past;
        let time = if late {
            past = Timestamp(now.0 - back).to_string();
            past.as_str()
        } else {
            on_time
        };
        self.line.clear();
        let broken = self.rng.f64() < self.broken;
        let how = self.rng.u8(..3);
        match (broken, how) {
            (false, _) => self.fill(format_args!(
                r#"{{"sensor":"s{key}","value":{value:.2},"ts":"{time}"}}"#
            )),
            (true, 0) => self.fill(format_args!(r#"{{"sensor":"s{key}","value":"#)),
            (true, 1) => self.fill(format_args!(r#"{{"sensor":"s{key}","ts":"{time}"}}"#)),
            (true, _) => self.fill(format_args!(
                r#"{{"sensor":"s{key}","value":"{value:.2}","ts":"{time}"}}"#
            )),
        }
    }

    fn step(&mut self, key: usize) -> f64 {
        let step = self.rng.f64() - 0.5;
        match self.walks.get_mut(key) {
            Some(walk) => {
                *walk += step;
                *walk
            }
            None => START,
        }
    }

    fn fill(&mut self, record: std::fmt::Arguments<'_>) {
        self.line
            .write_fmt(record)
            .expect("writing into a string cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use common::json;

    use super::*;

    fn lines(options: &Options, records: u64) -> Vec<String> {
        let clock = Clock::manual(Timestamp(1_767_225_600_000));
        let batch = Sensors::new(options, clock).batch(records);
        String::from_utf8(batch.lines().to_vec())
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_records() {
        let options = Options {
            keys: 3,
            late: 0.0,
            broken: 0.0,
            seed: 7,
        };
        let all = lines(&options, 1000);
        assert_eq!(all, lines(&options, 1000));
        assert_ne!(all, lines(&Options { seed: 8, ..options }, 1000));
        assert!(
            all.iter()
                .all(|line| line.ends_with(r#","ts":"2026-01-01 00:00:00.000Z"}"#))
        );
        assert!(all.iter().all(|line| json::value(line).is_ok()));
    }

    #[test]
    fn as_many_are_late_or_broken_as_was_asked() {
        let usable = |line: &&String| {
            let mut number = false;
            let value = json::members(line, |key, value| {
                number |= key.is("value") && matches!(value, json::Value::Number(_));
            });
            value.is_ok() && number
        };
        let all = lines(
            &Options {
                keys: 1,
                late: 0.5,
                broken: 0.1,
                seed: 1,
            },
            10_000,
        );
        let late = all
            .iter()
            .filter(|line| line.contains("2025-12-31"))
            .count();
        let unusable = all.iter().filter(|line| !usable(line)).count();
        assert!((4_500..5_200).contains(&late), "{late}");
        assert!((900..1_100).contains(&unusable), "{unusable}");
    }
}
