//! What it costs: the real binaries on loopback, in tables.
//!
//! `cargo bench -p tests` runs all of it but `soak`; `cargo bench -p tests -- latency memory` runs
//! what is named. A number behind a name makes it larger: `-- restart 10` begins with 10 GiB of log,
//! `-- flat 50` appends 50 GB, `-- idle 1000000` makes so many streams, `-- readers 10000` connects so many, `-- append 5`
//! is the fifth row of it alone, `-- queries 4` reads four million bids and `-- queries q3 q4` is those queries alone, `-- join 5` joins tables of five million rows; `-- soak 10m` watches the memory for ten minutes.
//! What is compared with the official server, or with Flink, finds it as `server.rs` and `jobs/flink.rs` say. A figure is the median of
//! several runs after one that is not counted, with the least and the most beside it. The machine
//! is shared with whoever else uses it: compare figures of one run.

mod append;
mod audience;
mod clients;
mod connection;
mod disk;
mod flat;
mod idle;
mod ingest;
mod jobs;
mod latency;
mod load;
mod memory;
mod mixed;
mod process;
mod readers;
mod reads;
mod request;
mod restart;
mod run;
mod sample;
mod server;
mod soak;
mod start;
mod throughput;
mod tls;
mod unread;

use std::time::Duration;

/// What there is to measure. Some of it takes a number, which stands behind its name.
type Section = (&'static str, fn(Option<u64>));

const SECTIONS: [Section; 23] = [
    ("throughput", |_| throughput::run()),
    ("append", append::run),
    ("topic", |_| append::topic()),
    ("many", |_| append::many()),
    ("load", |_| load::run()),
    ("reads", |_| reads::run()),
    ("fanout", |_| readers::fanout()),
    ("readers", readers::idle),
    ("crowd", |_| readers::crowd()),
    ("unread", |_| unread::run()),
    ("mixed", |_| mixed::run()),
    ("ingest", |_| ingest::run()),
    ("tls", |_| tls::run()),
    ("idle", idle::run),
    ("restart", restart::run),
    ("flat", flat::run),
    ("latency", |_| latency::run()),
    ("start", |_| start::run()),
    ("memory", |_| memory::run()),
    ("queries", jobs::queries),
    ("results", |_| jobs::latency()),
    ("keys", |_| jobs::state()),
    ("join", jobs::join),
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
        let named = words.iter().position(|word| word == name);
        if words.is_empty() || named.is_some() {
            let behind = named.and_then(|at| words.get(at + 1));
            say(&format!("\n## {name}"));
            section(behind.and_then(|word| word.parse().ok()));
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
