//! What it costs: the real binaries on loopback, in tables.
//!
//! `cargo bench -p tests` runs all of it but `soak`; `cargo bench -p tests -- latency memory` runs
//! what is named; `-- soak 10m` watches the memory for ten minutes. A figure is the median of
//! several runs after one that is not counted, with the least and the most beside it. The machine
//! is shared with whoever else uses it: compare figures of one run.

mod append;
mod connection;
mod latency;
mod memory;
mod process;
mod sample;
mod soak;
mod start;
mod throughput;

use std::time::Duration;

const SECTIONS: [(&str, fn()); 5] = [
    ("throughput", throughput::run),
    ("append", append::run),
    ("latency", latency::run),
    ("start", start::run),
    ("memory", memory::run),
];

fn main() {
    // Cargo passes a flag of its own.
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    say(&format!(
        "{} processors, optimised build, loopback",
        processors()
    ));
    if let [soak, rest @ ..] = &words[..]
        && soak == "soak"
    {
        let minutes = rest
            .first()
            .and_then(|time| time.strip_suffix('m')?.parse().ok());
        soak::run(Duration::from_secs(60 * minutes.unwrap_or(10)));
        return;
    }
    for (name, section) in SECTIONS {
        if words.is_empty() || words.iter().any(|word| word == name) {
            say(&format!("\n## {name}"));
            section();
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A line of the report.
#[expect(
    clippy::print_stdout,
    reason = "the report is what this program is for"
)]
fn say(line: &str) {
    println!("{line}");
}
