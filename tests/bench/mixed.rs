//! Appends beside readers: acks under half of the load that a server can take alone, while some read
//! along and one reads the past again and again.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    audience::{ask, drain},
    clients::{Plan, Until},
    disk, load,
    readers::{STREAM, Way},
    reads::{Pages, fill},
    request::{RECORD_BYTES, Request},
    run, say,
    server::{Kind, Server},
};

const CONNECTIONS: usize = 64;
const FOR: Duration = Duration::from_secs(10);
const READERS: usize = 50;

/// What is there already for who reads it again.
const PAST_BYTES: u64 = 64_000_000;

/// Records a second that one reads again.
const AGAIN_RATE: u64 = 100_000;

pub(crate) fn run() {
    say(&format!(
        "{CONNECTIONS} connections × 1 record by the clock, {READERS} SSE readers, one reads {AGAIN_RATE} \
         records/s of the past; acks in ms"
    ));
    let most = Kind::all().into_iter().map(|kind| (kind, most(kind)));
    let most: Vec<_> = most.collect();
    let common = most.iter().map(|(_, most)| *most).fold(f64::MAX, f64::min) / 2.0;
    for (kind, _) in &most {
        beside(*kind, "half of the slower one's most", common);
    }
    for (kind, most) in &most {
        beside(*kind, "half of its own most", most / 2.0);
    }
}

fn plan(until: Until, rate: Option<f64>) -> Plan {
    Plan {
        request: Request::append(1),
        connections: CONNECTIONS,
        streams: 1,
        until,
        rate,
    }
}

/// The most requests a second that a server takes when nobody reads.
fn most(kind: Kind) -> f64 {
    let folder = disk::folder();
    let server = Server::start(kind, folder.path());
    run::run(&server, &plan(Until::Time(load::MOST_FOR), None)).requests_per_second
}

fn beside(kind: Kind, what: &str, rate: f64) {
    let folder = disk::folder();
    let server = Server::start(kind, folder.path());
    run::create(&server, 1);
    drop(fill(PAST_BYTES).run(server.address));
    let way = Way { kind, form: "sse" };
    let readers: Vec<_> = (0..READERS)
        .map(|_| ask(server.address, &way.path("now")))
        .collect();
    let is_over = AtomicBool::new(false);
    let (run, read, again) = thread::scope(|scope| {
        let (is_over, address) = (&is_over, server.address);
        let along = scope.spawn(move || drain(readers, is_over));
        let again = scope.spawn(move || again(address, is_over));
        let run = run::measure(&server, &plan(Until::Time(FOR), Some(rate)));
        is_over.store(true, Ordering::Relaxed);
        let read = along.join().expect("readers do not fail");
        let again = again.join().expect("a reader does not fail");
        (run, read, again)
    });
    let acks = &run.outcome.acks;
    #[expect(clippy::cast_precision_loss, reason = "a few gigabytes")]
    let megabytes = |bytes: u64| bytes as f64 / 1e6 / run.outcome.seconds;
    say(&format!(
        "  {:<10}{what}: {:>6.0} requests/s, ack p50 {:.2} p99 {:.2} p99.9 {:.2}; read along {:.0} MB/s, \
         again {:.1} MB/s",
        kind.name(),
        run.requests_per_second,
        acks.median(),
        acks.quantile(0.99),
        acks.quantile(0.999),
        megabytes(read),
        megabytes(again),
    ));
}

/// Reads the past page by page at a rate, and again from its beginning, until it is over; how many
/// bytes that were.
fn again(server: SocketAddr, is_over: &AtomicBool) -> u64 {
    let (start, mut total, mut past) = (Instant::now(), 0, 0);
    let mut pages = Pages::of(server, STREAM);
    while !is_over.load(Ordering::Relaxed) {
        let due = Duration::from_secs_f64(seconds(total));
        thread::sleep(due.saturating_sub(start.elapsed()).min(FOR));
        let bytes = pages.next().unwrap_or_default();
        (total, past) = (total + bytes, past + bytes);
        if bytes == 0 || past >= PAST_BYTES {
            (pages, past) = (Pages::of(server, STREAM), 0);
        }
    }
    total
}

/// How long it takes to read so many bytes at the rate.
fn seconds(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few gigabytes")]
    let records = bytes as f64 / RECORD_BYTES as f64;
    #[expect(clippy::cast_precision_loss, reason = "a hundred thousand")]
    let rate = AGAIN_RATE as f64;
    records / rate
}
