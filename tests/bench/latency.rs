//! From the moment a record is sent to the moment its running average is printed.
//!
//! Every millisecond a client posts as many records as are due, each with the time of sending as
//! its value; a consumer prints each; whoever reads that compares the clock. Then there is the whole
//! way in it: two HTTP connections, the log, the computation, a pipe.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use tests::{binaries::binary, producer, service::leashed};

use crate::{connection::Connection, sample::Sample, say};

pub(crate) const SECONDS: u64 = 10;
const TICK: Duration = Duration::from_millis(1);
pub(crate) const TICKS: u64 = SECONDS * 1000;

pub(crate) fn run() {
    say("milliseconds from sent to printed, 10 s each");
    say("records/s        p50      p99    p99.9      max");
    for rate in [1_000, 10_000, 100_000] {
        let sample = measure(rate / 1000);
        say(&format!("{rate:>9}   {}", sample.tail()));
    }
}

/// The latencies of `each_tick` records a millisecond, the first second not counted.
fn measure(each_tick: u64) -> Sample {
    let producer = producer(&["--source", "none"]);
    let url = producer.url("/stream");
    let records = TICKS * each_tick;
    let mut consumer = leashed(&binary("consumer"))
        .args(["--url", &url, "--print", "each", "--output", "json"])
        .args(["--records", &records.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a consumer can be started");
    let printed = BufReader::with_capacity(1 << 20, consumer.stdout.take().expect("a pipe"));
    let mut post = Connection::to(producer.address());
    post.post("/stream", "{\"value\":0}\n");
    let start = Instant::now();
    let reader = thread::spawn(move || {
        let since = |line: String| Some(start.elapsed().as_secs_f64() - sent(&line)?);
        printed
            .lines()
            .map_while(Result::ok)
            .filter_map(since)
            .collect::<Vec<_>>()
    });
    send(&mut post, start, |body, now| {
        for _ in 0..each_tick {
            writeln!(body, "{{\"value\":{now:.9}}}").expect("writing into a string");
        }
    });
    let latencies = reader.join().expect("the reader does not fail");
    assert!(
        consumer.wait().expect("it is our child").success(),
        "it read all records"
    );
    let warm = latencies
        .into_iter()
        .skip(usize::try_from(each_tick * 1000).unwrap_or_default());
    Sample::new(warm.map(|seconds| seconds * 1e3).collect())
}

/// Posts in each millisecond what `write` writes then; it is told how many seconds have gone by.
pub(crate) fn send(post: &mut Connection, start: Instant, write: impl Fn(&mut String, f64)) {
    let mut body = String::new();
    for tick in 0..TICKS {
        let due = start + TICK * u32::try_from(tick).unwrap_or_default();
        thread::sleep(due.saturating_duration_since(Instant::now()));
        body.clear();
        write(&mut body, start.elapsed().as_secs_f64());
        post.post("/stream", &body);
    }
}

/// When the record that `line` tells of was sent, in seconds; none for the one that opens the way.
fn sent(line: &str) -> Option<f64> {
    let value = number(line, "\"value\":")?;
    (value > 0.0).then_some(value)
}

/// The number behind a name in a line.
pub(crate) fn number(line: &str, name: &str) -> Option<f64> {
    let (_, value) = line.split_once(name)?;
    value.split([',', '}']).next()?.parse().ok()
}
