//! What jobs in SQL cost: queries of Nexmark over a file and over a topic's history, how soon results
//! come, and how much memory keys take.

mod bids;
mod latency;
mod queries;
mod state;

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use tests::{binaries::binary, service::leashed};

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

/// Runs a job to its end. The shell says what it used when it is gone.
fn run(text: &str, folder: &Path) -> Took {
    let report = folder.join("report");
    let file = File::create(&report).expect("a file can be written");
    let start = Instant::now();
    let done = Command::new("python3")
        .args(["-c", REPORT])
        .arg(binary("consumer"))
        .args(["sql", text, "--parallelism", "2"])
        .stdout(Stdio::null())
        .stderr(file)
        .status()
        .expect("python3 can be started");
    let seconds = start.elapsed().as_secs_f64();
    let said = std::fs::read_to_string(&report).expect("the report can be read");
    assert!(done.success(), "{said}");
    let last = said.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = last.split(' ').filter_map(|one| one.parse().ok()).collect();
    let [user, system, peak] = numbers[..] else {
        unreachable!("{said}");
    };
    Took {
        seconds,
        user,
        system,
        peak: peak * 1024.0 / 1e6,
    }
}

/// Runs a program, and tells its user and system seconds and its peak memory in KiB.
const REPORT: &str = "import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime, used.ru_stime, used.ru_maxrss, file=sys.stderr)
sys.exit(code)";
