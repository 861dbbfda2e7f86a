//! Durable appends: the same requests to both servers in turns, beside what the disk itself takes
//! for a sync. Every run has a new server and an empty log.

use std::{path::Path, time::Duration};

use crate::{
    clients::{Plan, Until},
    disk,
    request::Request,
    run::{self, Run},
    sample::Sample,
    say,
    server::{Kind, Server},
};

/// Runs of each server in a row, after one that is not counted.
const RUNS: usize = 3;
const DURATION: Duration = Duration::from_secs(3);

/// A run in which the journal is settled several times.
const LONG: Duration = Duration::from_secs(15);

/// What the figure behind `w` is. (What the system counts as written to the disk is of no use: a few
/// bytes in a file that is in memory in large pieces count as whole pieces.)
const WRITTEN: &str = "w: bytes given to write(), sockets and all, for each byte of record";

/// Partitions of the topic.
const PARTITIONS: u32 = 8;

/// Connections, streams, records a request.
const ROWS: [(usize, u64, u32); 5] = [
    (8, 1, 1_000),
    (16, 16, 100),
    (64, 1, 1),
    (64, 64, 1),
    (64, 10_000, 1),
];

/// All rows, or the one of that number, counted from 1.
pub(crate) fn run(row: Option<u64>) {
    say(&format!(
        "durable appends of 100 B records, {RUNS} runs of 3 s each in turns; median (least … most)"
    ));
    say(WRITTEN);
    let is_asked = |at: usize| row.is_none_or(|row| row == at as u64 + 1);
    let rows = ROWS.iter().enumerate().filter(|(at, _)| is_asked(*at));
    for (_, &(connections, streams, records)) in rows {
        let plan = plan(connections, streams, records);
        say(&format!(
            "\n{connections} connections, {streams} streams, {records} records a request; {}",
            disk::syncs()
        ));
        let kinds = Kind::all();
        let turns = turns(kinds.len(), |which, folder| {
            let kind = kinds.get(which)?;
            Some(run::run(&Server::start(*kind, folder), &plan))
        });
        for (kind, runs) in kinds.iter().zip(&turns) {
            say(&line(kind.name(), runs));
        }
        match &turns[..] {
            [ours, official] => say(&ratio("ours / official", ours, official)),
            _ => say("  official      not installed"),
        }
    }
}

/// The same requests to a topic and to a stream of ours.
pub(crate) fn topic() {
    let (connections, _, records) = ROWS[0];
    say(WRITTEN);
    say(&format!(
        "{connections} connections, {records} records a request, {PARTITIONS} partitions; {}",
        disk::syncs()
    ));
    let to_one = plan(connections, 1, records);
    let to_topic = Plan {
        request: Request::publish(records),
        ..to_one.clone()
    };
    let make_topic = Plan {
        request: Request::create_topic(PARTITIONS),
        connections: 1,
        until: Until::Requests(1),
        ..to_one.clone()
    };
    compare(
        ("the topic", &|server| {
            drop(make_topic.run(server.address));
            run::measure(server, &to_topic)
        }),
        ("one stream", &|server| run::run(server, &to_one)),
    );
}

/// The same requests over very many streams of ours and over few, for so long that the journal is
/// settled several times.
pub(crate) fn many() {
    let [.., (connections, few, records), (_, many, _)] = ROWS;
    say(WRITTEN);
    say(&format!(
        "{connections} connections, {records} records a request, {} s; {}",
        LONG.as_secs(),
        disk::syncs()
    ));
    let over = |streams| {
        move |server: &Server| {
            let until = Until::Time(LONG);
            let plan = plan(connections, streams, records);
            run::run(server, &Plan { until, ..plan })
        }
    };
    compare(("many", &over(many)), ("few", &over(few)));
}

/// A name, and what is measured of a new server of ours.
type Competitor<'a> = (&'a str, &'a dyn Fn(&Server) -> Run);

/// Measures two in turns, and says how they compare.
fn compare(one: Competitor<'_>, other: Competitor<'_>) {
    let competitors = [one, other];
    let turns = turns(competitors.len(), |which, folder| {
        let (_, measure) = competitors.get(which)?;
        Some(measure(&Server::start(Kind::Ours, folder)))
    });
    for ((name, _), runs) in competitors.iter().zip(&turns) {
        say(&line(name, runs));
    }
    if let [ones, others] = &turns[..] {
        say(&ratio(&format!("{} / {}", one.0, other.0), ones, others));
    }
}

fn plan(connections: usize, streams: u64, records: u32) -> Plan {
    Plan {
        request: Request::append(records),
        connections,
        streams,
        until: Until::Time(DURATION),
        rate: None,
    }
}

/// The runs of each of `count` competitors, who take turns, each in a folder of its own; the first
/// turn is not counted. All folders are kept to the end: a file system that has just removed many
/// files is slow to make others.
fn turns(count: usize, measure: impl Fn(usize, &Path) -> Option<Run>) -> Vec<Vec<Run>> {
    let mut all: Vec<Vec<Run>> = (0..count).map(|_| Vec::new()).collect();
    let mut folders = Vec::new();
    for turn in 0..=RUNS {
        for (which, runs) in all.iter_mut().enumerate() {
            let folder = disk::folder();
            let run = measure(which, folder.path());
            folders.push(folder);
            if turn > 0 {
                runs.extend(run);
            }
        }
    }
    all
}

/// What `runs` of one competitor came to.
fn line(name: &str, runs: &[Run]) -> String {
    let sample = |of: fn(&Run) -> f64| Sample::new(runs.iter().map(of).collect());
    let rate = sample(|run| run.million_records_per_second);
    let requests = sample(|run| run.requests_per_second / 1e3);
    let p50 = sample(|run| run.outcome.acks.median()).median();
    let p99 = sample(|run| run.outcome.acks.quantile(0.99)).median();
    let processor = sample(|run| run.processor_seconds).median();
    let written = sample(|run| run.written).median();
    let files = runs.iter().map(|run| run.files).max().unwrap_or_default();
    format!(
        "  {name:<12}{rate} M records/s, {requests} k requests/s, ack p50 {p50:.2} p99 {p99:.2} ms, \
         {processor:.2} CPU s/M records, w {written:.2}, {files} files"
    )
}

/// The median of the ratios of neighbours, which met the same weather.
fn ratio(name: &str, ones: &[Run], others: &[Run]) -> String {
    let ratios = ones.iter().zip(others);
    let ratios = ratios.map(|(one, other)| one.requests_per_second / other.requests_per_second);
    format!("  {name}: {}", Sample::new(ratios.collect()))
}
