//! How soon results come: of a window of 100 ms, from its end by the sender's clock; of a filter and a
//! projection, from the moment a record is sent; and the first result of all, from the start of the
//! process. A window is over with the first record of its last millisecond, so its latency may be that
//! much below zero.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    thread,
    time::Instant,
};

use tests::{Service, producer};

use super::job;
use crate::{
    connection::Connection,
    latency::{SECONDS, TICKS, number, send},
    sample::Sample,
    say,
};

/// How long a window is, in milliseconds.
const WINDOW: u64 = 100;
const STARTS: usize = 11;

pub(crate) fn run() {
    say("milliseconds, records over HTTP from a log in memory, 10 s each; parallelism 2");
    say("                          records/s      p50      p99    p99.9      max");
    for each_tick in [1, 100, 1_000] {
        told("filter and project", each_tick, &single(each_tick));
    }
    for each_tick in [1, 100, 1_000] {
        told("window, as many keys", each_tick, &windows(each_tick));
    }
    let starts = Sample::new((0..=STARTS).map(|_| start()).skip(1).collect());
    say(&format!("start to first result of a file     {starts}"));
}

fn told(what: &str, each_tick: u64, sample: &Sample) {
    let rate = each_tick * 1000;
    say(&format!("{what:<27} {rate:>7} {}", sample.tail()));
}

/// A table of the producer's stream; `t` is when a record was sent, in milliseconds.
fn table(producer: &Service) -> String {
    format!(
        "CREATE TABLE sent (t BIGINT, at DOUBLE, k BIGINT, ts AS TO_TIMESTAMP_LTZ(t, 3), \
         WATERMARK FOR ts AS ts) WITH ('connector'='http', 'url'='{}', 'format'='json');",
        producer.url("/stream")
    )
}

/// From sent to printed, of one record in each millisecond.
fn single(each_tick: u64) -> Sample {
    let producer = producer(&["--source", "none"]);
    let query = "SELECT at, k + 1 AS k FROM sent WHERE k = 0";
    let mut post = Connection::to(producer.address());
    post.post("/stream", "{\"t\":0,\"at\":0,\"k\":0}\n");
    let start = Instant::now();
    let child = started(&(table(&producer) + query));
    let printed = thread::spawn(move || {
        read(child, TICKS, |line| {
            let sent = number(line, "\"at\":")?;
            (sent > 0.0).then(|| (start.elapsed().as_secs_f64() - sent) * 1e3)
        })
    });
    send(&mut post, start, records(each_tick));
    Sample::new(printed.join().expect("the reader does not fail"))
}

/// From the first record behind a window to its last row.
fn windows(each_tick: u64) -> Sample {
    let producer = producer(&["--source", "none"]);
    let query = "SELECT MAX(t) AS t, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE sent, DESCRIPTOR(ts), INTERVAL '0.1' SECOND)) \
                 GROUP BY window_start, window_end, k";
    let mut post = Connection::to(producer.address());
    post.post("/stream", "{\"t\":0,\"at\":0,\"k\":0}\n");
    let start = Instant::now();
    let child = started(&(table(&producer) + query));
    let rows = TICKS / WINDOW * each_tick;
    let printed = thread::spawn(move || {
        read(child, rows, |line| {
            let last = number(line, "\"t\":")?;
            #[expect(clippy::cast_precision_loss, reason = "it is a hundred")]
            let window = WINDOW as f64;
            let end = ((last / window).floor() + 1.0) * window;
            (last > 0.0).then(|| start.elapsed().as_secs_f64() * 1e3 - end)
        })
    });
    send(&mut post, start, records(each_tick));
    Sample::new(printed.join().expect("the reader does not fail"))
}

fn started(text: &str) -> Child {
    let mut command = job(text);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("a consumer can be started")
}

/// What each line tells, but for those of the first second; until nothing has come for a while.
fn read(mut child: Child, lines: u64, tells: impl Fn(&str) -> Option<f64>) -> Vec<f64> {
    let pipe = child.stdout.take().expect("a pipe");
    let printed = BufReader::with_capacity(1 << 20, pipe);
    let warm = usize::try_from(lines / SECONDS).unwrap_or_default();
    // The rows of the last window are not given.
    let wanted = usize::try_from(lines / SECONDS * (SECONDS - 1)).unwrap_or_default();
    let told = printed.lines().map_while(Result::ok);
    let told = told.filter_map(|line| tells(&line)).take(wanted);
    let told = told.skip(warm).collect();
    child.kill().expect("it runs until it is stopped");
    child.wait().expect("it is our child");
    told
}

/// What is posted in each millisecond: a record of each key.
fn records(keys: u64) -> impl Fn(&mut String, f64) {
    move |body, now| {
        let t = (now * 1e3).floor();
        for k in 0..keys {
            writeln!(body, "{{\"t\":{t:.0},\"at\":{now:.9},\"k\":{k}}}").expect("into a string");
        }
    }
}

/// From the start of the process to its first row, of a file.
fn start() -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path: &Path = &folder.path().join("one.ndjson");
    std::fs::write(path, "{\"a\":1}\n").expect("a file can be written");
    let text = format!(
        "CREATE TABLE one (a BIGINT) WITH ('connector'='filesystem', 'path'='{}', 'format'='json'); \
         SELECT a, COUNT(*) AS n FROM one GROUP BY a",
        path.display()
    );
    let start = Instant::now();
    let mut child = started(&text);
    let pipe = child.stdout.take().expect("a pipe");
    let mut line = String::new();
    BufReader::new(pipe).read_line(&mut line).expect("a row");
    let took = start.elapsed().as_secs_f64() * 1e3;
    child.wait().expect("it is our child");
    took
}
