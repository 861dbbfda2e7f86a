//! Memory over time, under a steady load and a log that is full soon.

use std::{
    thread,
    time::{Duration, Instant},
};

use tests::{consumer, producer};

use crate::{process::memory, say};

const EVERY: Duration = Duration::from_secs(30);

pub(crate) fn run(duration: Duration) {
    say("resident memory in MB under 50,000 records/s, log of 32 MiB");
    say("seconds   producer   consumer");
    let producer = producer(&["--source", "sensors@50000/s", "--retention-bytes", "32MiB"]);
    let consumer = consumer(&["--url", &producer.url("/stream"), "--print", "second"]);
    let start = Instant::now();
    while start.elapsed() < duration {
        thread::sleep(EVERY.min(duration));
        let now = |id| memory(id).map_or(f64::NAN, |(now, _)| now);
        let (one, other) = (now(producer.id()), now(consumer.id()));
        say(&format!(
            "{:>7}   {one:>8.1}   {other:>8.1}",
            start.elapsed().as_secs()
        ));
    }
}
