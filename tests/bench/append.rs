//! Durable appends: what clients get acknowledged, beside what the disk itself takes for a sync.

use std::{
    fs::File,
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use tests::{Service, producer};

use crate::{connection::Connection, sample::Sample, say};

const RUNS: usize = 3;
const DURATION: Duration = Duration::from_secs(3);

/// A record of a hundred bytes, its newline included.
const RECORD: &str = concat!(
    r#"{"id":123456789,"text":"#,
    r#""a record of one hundred bytes, which is what many of them come to, in all"}"#,
    "\n"
);

pub(crate) fn run() {
    say("durable appends of 100 B records; median of 3 (least … most)");
    say(
        "connections  records/request    million records/s             requests/s   ack p50, p99 ms",
    );
    for (connections, records) in [(8, 1_000), (16, 100), (64, 1)] {
        let runs: Vec<_> = (0..RUNS).map(|_| measure(connections, records)).collect();
        let rates = Sample::new(runs.iter().map(|run| run.rate / 1e6).collect());
        let (requests, acks) = (
            Sample::new(
                runs.iter()
                    .map(|run| run.rate / f64::from(records))
                    .collect(),
            ),
            Sample::new(
                runs.iter()
                    .flat_map(|run| run.acks.iter().copied())
                    .collect(),
            ),
        );
        let (p50, p99) = (acks.median(), acks.quantile(0.99));
        let requests = requests.median();
        say(&format!(
            "{connections:>11}  {records:>15}  {rates}  {requests:>12.0}   {p50:.2}, {p99:.2}"
        ));
    }
    let (p50, p99) = disk();
    say(&format!(
        "the disk's own fdatasync of 4 KiB: p50 {p50:.2} ms, p99 {p99:.2} ms"
    ));
}

struct Run {
    rate: f64,
    /// Milliseconds from a request to its answer.
    acks: Vec<f64>,
}

fn measure(connections: u32, records: u32) -> Run {
    let folder = folder();
    let server = on(folder.path());
    let body = RECORD.repeat(records as usize);
    let start = Instant::now();
    let client = || {
        let (mut connection, mut acks) = (Connection::to(server.address()), Vec::new());
        while start.elapsed() < DURATION {
            let asked = Instant::now();
            connection.post("/stream", &body);
            acks.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        acks
    };
    let acks: Vec<f64> = thread::scope(|scope| {
        let clients: Vec<_> = (0..connections).map(|_| scope.spawn(client)).collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().expect("a client"))
            .collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a few millions")]
    let total = acks.len() as f64 * f64::from(records);
    Run {
        rate: total / seconds,
        acks,
    }
}

fn on(folder: &Path) -> Service {
    producer(&[
        "--source",
        "none",
        "--data-dir",
        folder.to_str().expect("a path of ASCII"),
    ])
}

/// A folder on the disk that the build is on; a temporary one may be in memory.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(tests::binaries::release()).expect("a folder can be made")
}

/// The median and the 99th percentile of the disk's own syncs, in milliseconds.
fn disk() -> (f64, f64) {
    let folder = folder();
    let mut file = File::create(folder.path().join("file")).expect("a file can be made");
    let mut sync = || {
        file.write_all(&[7; 4096]).expect("there is room");
        let start = Instant::now();
        file.sync_data().expect("the disk syncs");
        start.elapsed().as_secs_f64() * 1e3
    };
    let sample = Sample::new((0..1000).map(|_| sync()).collect());
    (sample.median(), sample.quantile(0.99))
}
