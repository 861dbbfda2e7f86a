//! What jobs in SQL cost: queries of Nexmark over a file and over a topic's history, how soon results
//! come, how much memory keys take, and how state grows.

mod bids;
mod flink;
mod join;
mod latency;
mod queries;
mod state;

use std::{process::Command, time::Instant};

use tests::{
    PATIENCE,
    binaries::binary,
    consumer,
    service::{Service, leashed},
};

use crate::process::{processor_seconds, watch_peak};

pub(crate) use join::run as join;
pub(crate) use latency::run as latency;
pub(crate) use queries::run as queries;
pub(crate) use state::run as state;

/// What a job took.
#[derive(Clone, Copy, Debug)]
struct Took {
    seconds: f64,
    /// Processor seconds in user mode and in the system.
    user: f64,
    system: f64,
    /// Its peak memory in MB.
    peak: f64,
}

fn job(text: &str) -> Command {
    let mut command = leashed(&binary("consumer"));
    command.args(["sql", text, "--parallelism", "2", "--output", "json"]);
    command
}

/// Runs a job to its end.
fn run(text: &str) -> Took {
    took(consumer(&["sql", text, "--parallelism", "2"]))
}

/// What a process takes that has just been started. What it used is read before the system forgets it.
fn took(mut process: Service) -> Took {
    let start = Instant::now();
    let peak = watch_peak(process.id());
    let ended = process.stdout.wait_for_end(PATIENCE);
    let seconds = start.elapsed().as_secs_f64();
    let peak = peak.join().unwrap_or(f64::NAN);
    let (user, system) = processor_seconds(process.id());
    assert!(ended, "the job comes to an end");
    assert_eq!(
        process.exit_code(),
        Some(0),
        "{}",
        process.stderr.all().join("\n")
    );
    Took {
        seconds,
        user,
        system,
        peak,
    }
}
