//! Acks under half of the load that the server can take, with requests that come by the clock and
//! wait for nobody.

use std::time::Duration;

use crate::{
    clients::{Plan, Until},
    disk,
    request::Request,
    run::{self, Run},
    say,
    server::{Kind, Server},
};

const CONNECTIONS: usize = 64;
pub(crate) const MOST_FOR: Duration = Duration::from_secs(3);
const HALF_FOR: Duration = Duration::from_secs(10);

/// Streams, records a request.
const ROWS: [(u64, u32); 3] = [(1, 1), (64, 1), (1, 100)];

pub(crate) fn run() {
    say("acks at half of the most that was just measured, by the clock, for 10 s; ms");
    for (streams, records) in ROWS {
        say(&format!(
            "\n{CONNECTIONS} connections, {streams} streams, {records} records a request"
        ));
        for kind in Kind::all() {
            half(kind, streams, records);
        }
    }
}

fn half(kind: Kind, streams: u64, records: u32) {
    let folder = disk::folder();
    let server = Server::start(kind, folder.path());
    run::create(&server, streams);
    let most = Plan {
        request: Request::append(records),
        connections: CONNECTIONS,
        streams,
        until: Until::Time(MOST_FOR),
        rate: None,
    };
    let half = |run: &Run| Plan {
        until: Until::Time(HALF_FOR),
        rate: Some(run.requests_per_second / 2.0),
        ..most.clone()
    };
    let plan = half(&run::measure(&server, &most));
    let before = disk::sync_sample();
    let run = run::measure(&server, &plan);
    let syncs = before.and(disk::sync_sample());
    let acks = &run.outcome.acks;
    let bound = 2.0 * syncs.quantile(0.99) + 2.0;
    say(&format!(
        "  {:<12}{:>7.0} requests/s, ack p50 {:.2} p99 {:.2} p99.9 {:.2}; the disk's own fdatasync \
         p50 {:.2} p99 {:.2}; 2 × its p99 + 2 is {bound:.2}",
        kind.name(),
        run.requests_per_second,
        acks.median(),
        acks.quantile(0.99),
        acks.quantile(0.999),
        syncs.median(),
        syncs.quantile(0.99),
    ));
}
