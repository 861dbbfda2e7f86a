//! Memory and disk under more records than are kept.

use std::time::{Duration, Instant};

use crate::{
    clients::{Plan, Until},
    disk,
    process::memory,
    reads::fill,
    request::RECORD_BYTES,
    run, say,
    server::Server,
};

/// How many gigabytes are appended when nothing else is asked for, and how often is looked then.
const GIGABYTES: u64 = 4;
const SHORT: Duration = Duration::from_secs(3);
const EVERY: Duration = Duration::from_secs(60);

pub(crate) fn run(number: Option<u64>) {
    let bytes = number.unwrap_or(GIGABYTES) * 1_000_000_000;
    let every = number.map_or(SHORT, |_| EVERY);
    say(&format!(
        "{} GB appended, 1 GiB kept; {}",
        bytes / 1_000_000_000,
        disk::syncs()
    ));
    say("seconds   GB appended   resident MB   its peak   GB on disk");
    let folder = disk::folder();
    let server = Server::ours(folder.path(), &["--retention-bytes", "1GiB"]);
    run::create(&server, 1);
    let plan = Plan {
        until: Until::Time(every),
        ..fill(bytes)
    };
    let (start, mut appended) = (Instant::now(), 0.0);
    #[expect(clippy::cast_precision_loss, reason = "gigabytes")]
    while appended < bytes as f64 {
        let records = plan.run(server.address).requests * f64::from(plan.request.records());
        appended += records * RECORD_BYTES as f64;
        let (now, peak) = memory(server.id()).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "gigabytes")]
        let on_disk = disk::bytes_below(folder.path()) as f64 / 1e9;
        let (seconds, appended) = (start.elapsed().as_secs(), appended / 1e9);
        say(&format!(
            "{seconds:>7}   {appended:>11.1}   {now:>11.1}   {peak:>8.1}   {on_disk:>10.2}"
        ));
    }
}
