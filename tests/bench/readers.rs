//! What readers of a live stream get, and what they cost: how long a record is on its way to each of
//! many, what one takes that has nothing to read, and whether any of very many is left out.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    audience::{self, Audience, Heard},
    connection::Connection,
    disk,
    process::memory,
    run,
    sample::Sample,
    say,
    server::{Kind, Server},
};

/// The stream.
pub(crate) const STREAM: &str = "/v1/stream/bench-000000";

/// Runs of each in a row, after one that is not counted.
const RUNS: usize = 3;
const SECONDS: u32 = 4;

/// What was sent in the first second does not count.
const WARM: Duration = Duration::from_secs(1);

/// Readers, appends a second.
const ROWS: [(usize, u32); 2] = [(100, 100), (1_000, 20)];

/// Readers of which nothing is asked.
const IDLE: [usize; 2] = [1_000, 10_000];

/// Very many readers, and how often there is something for them.
const CROWD: usize = 10_000;
const CROWD_RATE: u32 = 1;

/// How long memory gets to settle.
const PAUSE: Duration = Duration::from_secs(2);

/// How records come to a reader, and from whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) kind: Kind,
    pub(crate) form: &'static str,
}

impl Way {
    /// Events of each server, and the lines of ours.
    pub(crate) fn all() -> Vec<Self> {
        let events = Kind::all()
            .into_iter()
            .map(|kind| Self { kind, form: "sse" });
        let lines = Self {
            kind: Kind::Ours,
            form: "ndjson",
        };
        events.chain([lines]).collect()
    }

    pub(crate) fn name(self) -> String {
        format!("{}, {}", self.kind.name(), self.form)
    }

    /// What a reader asks for that begins at `offset`.
    pub(crate) fn path(self, offset: &str) -> String {
        format!("{STREAM}?offset={offset}&live={}", self.form)
    }
}

/// From sent to read.
pub(crate) fn fanout() {
    say("milliseconds from sent to read by each of many readers; in turns, median of 3 runs");
    for (readers, rate) in ROWS {
        say(&format!("\n{readers} readers, {rate} appends/s"));
        let ways = Way::all();
        let mut heard: Vec<Vec<Heard>> = ways.iter().map(|_| Vec::new()).collect();
        for turn in 0..=RUNS {
            for (way, heard) in ways.iter().zip(&mut heard) {
                let run = told(*way, readers, (rate, rate * SECONDS));
                heard.extend((turn > 0).then_some(run.heard));
            }
        }
        for (way, heard) in ways.iter().zip(heard) {
            let quantile = |share| {
                let of_each = heard.iter().map(|heard| heard.latencies.quantile(share));
                Sample::new(of_each.collect())
            };
            let (p50, p99) = (quantile(0.5), quantile(0.99));
            say(&format!("  {:<16}p50 {p50}, p99 {p99}", way.name()));
        }
    }
}

/// A run: what readers got, and how long the appends took.
struct Told {
    heard: Heard,
    acks: Sample,
    /// Resident megabytes before there were readers, with them, and when all was told.
    resident: [f64; 3],
}

/// Appends `records` at a rate while so many readers are there.
fn told(way: Way, readers: usize, (rate, records): (u32, u32)) -> Told {
    let folder = disk::folder();
    let server = Server::start(way.kind, folder.path());
    run::create(&server, 1);
    let resident = || memory(server.id()).map_or(f64::NAN, |(now, _)| now);
    let before = resident();
    let mut audience = Audience::gather(server.address, &way.path("now"), readers);
    if readers >= CROWD {
        thread::sleep(PAUSE);
    }
    let connected = resident();
    let (start, address) = (Instant::now(), server.address);
    let (heard, acks) = thread::scope(|scope| {
        let sender = scope.spawn(move || {
            let mut post = Connection::to(address);
            let acks = (0..records).map(|number| {
                let due = start + Duration::from_secs(1) * number / rate;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let sent = Instant::now();
                post.append(STREAM, &audience::record(start));
                sent.elapsed().as_secs_f64() * 1e3
            });
            Sample::new(acks.collect())
        });
        let heard = audience.listen(u64::from(records), start, WARM);
        (heard, sender.join().expect("the sender does not fail"))
    });
    assert_eq!(
        heard.fewest,
        u64::from(records),
        "each reader got each record"
    );
    Told {
        heard,
        acks,
        resident: [before, connected, resident()],
    }
}

/// What a reader costs that has nothing to read.
pub(crate) fn idle(number: Option<u64>) {
    say("KiB of resident memory for each reader that is connected and has nothing to read");
    let asked = number.and_then(|number| usize::try_from(number).ok());
    let all = asked.map_or(IDLE.to_vec(), |readers| vec![readers]);
    for readers in all {
        for way in Way::all() {
            let folder = disk::folder();
            let server = Server::start(way.kind, folder.path());
            run::create(&server, 1);
            let resident = || memory(server.id()).map_or(f64::NAN, |(now, _)| now);
            let before = resident();
            let audience = Audience::gather(server.address, &way.path("now"), readers);
            thread::sleep(PAUSE);
            let after = resident();
            say(&format!(
                "  {:<16}{readers:>6} readers {:>6.1}",
                way.name(),
                each(after - before, readers)
            ));
            drop(audience);
        }
    }
}

/// Very many readers of one stream, each of which gets each record.
pub(crate) fn crowd() {
    let records = 5;
    say(&format!(
        "{CROWD} readers, {records} records, one a second; each reader got each, or this would have failed"
    ));
    for way in Way::all() {
        let told = told(way, CROWD, (CROWD_RATE, records));
        let [before, connected, after] = told.resident;
        say(&format!(
            "  {:<16}append p50 {:.1} p99 {:.1} ms; sent to read p50 {:.0} p99 {:.0} ms; KiB a reader \
             {:.1} before the first record, {:.1} behind the last",
            way.name(),
            told.acks.median(),
            told.acks.quantile(0.99),
            told.heard.latencies.median(),
            told.heard.latencies.quantile(0.99),
            each(connected - before, CROWD),
            each(after - before, CROWD),
        ));
    }
}

/// KiB for each of so many, of megabytes for all.
fn each(megabytes: f64, readers: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let readers = readers as f64;
    megabytes * 1e6 / 1024.0 / readers
}
