//! One run of a plan against one server: what its clients saw, and what the server spent on it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::{
    clients::{Outcome, Plan, Until},
    process,
    request::{RECORD_BYTES, Request},
    server::Server,
};

/// How often the open files are counted. It costs a walk through a folder each time.
const FILES_COUNTED_EVERY: Duration = Duration::from_millis(500);

/// Connections that make streams; many of them share a sync.
const MAKERS: usize = 64;

/// A run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) requests_per_second: f64,
    pub(crate) million_records_per_second: f64,
    /// Seconds of processor time, of the server alone, for a million records.
    pub(crate) processor_seconds: f64,
    /// Bytes given to `write()` for each byte of record.
    pub(crate) written: f64,
    /// The most files that were open at once.
    pub(crate) files: usize,
}

/// Makes the streams of `plan`, and runs it.
pub(crate) fn run(server: &Server, plan: &Plan) -> Run {
    create(server, plan.streams);
    measure(server, plan)
}

/// Makes so many streams.
pub(crate) fn create(server: &Server, streams: u64) {
    let plan = Plan {
        request: Request::create(),
        connections: MAKERS.min(usize::try_from(streams).unwrap_or(MAKERS)),
        streams,
        until: Until::Requests(streams),
        rate: None,
    };
    drop(plan.run(server.address));
}

/// Runs `plan` against `server`, which has its streams.
pub(crate) fn measure(server: &Server, plan: &Plan) -> Run {
    let id = server.id();
    let spent = || {
        let (user, system) = process::processor_seconds(id);
        user + system
    };
    let (spent_before, written_before) = (spent(), process::written(id));
    let (outcome, files) = counting_files(id, || plan.run(server.address));
    let (spent, written) = (spent() - spent_before, process::written(id));
    let total = outcome.requests * f64::from(plan.request.records());
    #[expect(clippy::cast_precision_loss, reason = "a hundred")]
    let bytes = total * RECORD_BYTES as f64;
    Run {
        requests_per_second: outcome.requests / outcome.seconds,
        million_records_per_second: total / 1e6 / outcome.seconds,
        processor_seconds: spent / (total / 1e6),
        written: (written - written_before) / bytes,
        outcome,
        files,
    }
}

/// Does `work`, and says how many files process `id` had open at the most meanwhile.
fn counting_files<T>(id: u32, work: impl FnOnce() -> T) -> (T, usize) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let counter = scope.spawn(|| {
            let mut most = process::open_files(id);
            while !is_done.load(Ordering::Relaxed) {
                thread::park_timeout(FILES_COUNTED_EVERY);
                most = most.max(process::open_files(id));
            }
            most
        });
        let done = work();
        is_done.store(true, Ordering::Relaxed);
        counter.thread().unpark();
        (done, counter.join().unwrap_or_default())
    })
}
