//! What jobs in SQL cost: queries of Nexmark over a file and over a topic's history, how soon results
//! come, and how much memory keys take.

mod bids;
mod latency;
mod queries;
mod state;

use std::{process::Command, time::Instant};

use tests::{PATIENCE, binaries::binary, consumer, service::leashed};

use crate::process::{processor_seconds, watch_peak};

pub(crate) use latency::run as latency;
pub(crate) use queries::run as queries;
pub(crate) use state::run as state;

/// What a job took.
#[derive(Debug)]
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

/// Runs a job to its end. What it used is read before the system forgets it.
fn run(text: &str) -> Took {
    let start = Instant::now();
    let mut consumer = consumer(&["sql", text, "--parallelism", "2"]);
    let peak = watch_peak(consumer.id());
    let ended = consumer.stdout.wait_for_end(PATIENCE);
    let seconds = start.elapsed().as_secs_f64();
    let peak = peak.join().unwrap_or(f64::NAN);
    let (user, system) = processor_seconds(consumer.id());
    assert!(ended, "the job comes to an end");
    assert_eq!(
        consumer.exit_code(),
        Some(0),
        "{}",
        consumer.stderr.all().join("\n")
    );
    Took {
        seconds,
        user,
        system,
        peak,
    }
}
