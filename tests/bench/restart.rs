//! From the start of a server that has a log to its first acknowledged append.

use std::time::Instant;

use crate::{
    clients::{Plan, Until},
    disk,
    process::memory,
    reads::fill,
    request::Request,
    run, say,
    server::{Kind, Server},
};

/// How much log there is when nothing else is asked for.
const GIBIBYTES: u64 = 1;

pub(crate) fn run(number: Option<u64>) {
    let gibibytes = number.unwrap_or(GIBIBYTES);
    say(&format!(
        "{gibibytes} GiB of log: seconds from start to the first acknowledged append; {}",
        disk::syncs()
    ));
    for kind in Kind::all() {
        let folder = disk::folder();
        let server = Server::start(kind, folder.path());
        run::create(&server, 1);
        drop(fill(gibibytes << 30).run(server.address));
        server.stop(false);
        let start = || {
            let begun = Instant::now();
            let server = Server::start(kind, folder.path());
            let listening = begun.elapsed().as_secs_f64();
            drop(one_append().run(server.address));
            let resident = memory(server.id()).map_or(f64::NAN, |(now, _)| now);
            let seconds = begun.elapsed().as_secs_f64();
            let line = format!("{seconds:.3} s ({listening:.3} to listening), {resident:.0} MB");
            (server, line)
        };
        let (server, crash) = start();
        server.stop(true);
        let (server, clean) = start();
        server.stop(true);
        let name = kind.name();
        say(&format!("  {name:<12}after kill -9  {crash}"));
        say(&format!("  {name:<12}after a stop   {clean}"));
    }
}

fn one_append() -> Plan {
    Plan {
        request: Request::append(1),
        connections: 1,
        streams: 1,
        until: Until::Requests(1),
        rate: None,
    }
}
