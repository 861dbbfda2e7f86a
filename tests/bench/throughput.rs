//! Records a second from producer to computed answer, and the article's pair on the same work.

use std::{net::TcpListener, path::Path, process::Command, time::Instant};

use tests::{Service, consumer, producer, tool::tool};

use crate::{
    connection::Connection,
    process::{processor_seconds, watch_peak},
    sample::Sample,
    say,
};

const RUNS: usize = 5;
const RECORDS: u64 = 10_000_000;
const ARTICLE_RECORDS: u64 = 200_000;

pub(crate) fn run() {
    say("million records a second, {\"id\":…,\"value\":…}; median of 5 (least … most)");
    let history = history();
    live();
    article(history);
}

/// A whole log, read from its beginning.
fn history() -> f64 {
    let source = format!("numbers@max:{RECORDS}");
    let producer = producer(&["--source", &source, "--retention-bytes", "1GiB"]);
    drop(producer.says("the stream is closed"));
    let before = processor_seconds(producer.id());
    let runs: Vec<_> = (0..=RUNS).map(|_| read(&producer)).skip(1).collect();
    let after = processor_seconds(producer.id());
    let sample = |of: fn(&Run) -> f64| Sample::new(runs.iter().map(of).collect());
    let rate = sample(|run| run.rate);
    say(&format!("history, consumer --print final     {rate}"));
    say(&format!(
        "  consumer user seconds             {}",
        sample(|run| run.user)
    ));
    say(&format!(
        "  consumer system seconds           {}",
        sample(|run| run.system)
    ));
    say(&format!(
        "  consumer peak memory, MB          {}",
        sample(|run| run.peak)
    ));
    #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
    let share = |spent: f64| spent / (RUNS + 1) as f64;
    let (user, system) = (share(after.0 - before.0), share(after.1 - before.1));
    say(&format!(
        "  producer user + system seconds    {user:>8.2} + {system:.2}"
    ));
    bare_read(&producer);
    rate.median()
}

/// The same bytes, read by a client that makes nothing of them: the room above.
fn bare_read(producer: &Service) {
    let read = || {
        let start = Instant::now();
        let mut reader = Connection::to(producer.address());
        reader.get("/stream");
        assert!(
            reader.drain(b"\r\n0\r\n\r\n") as u64 > RECORDS,
            "all records are there"
        );
        millions(RECORDS, start)
    };
    let rate = Sample::new((0..=RUNS).map(|_| read()).skip(1).collect());
    say(&format!("history, a client that parses nothing {rate}"));
}

/// Records that are made while they are read.
fn live() {
    let run = |_| {
        let start = Instant::now();
        let producer = producer(&["--source", &format!("numbers@max:{RECORDS}")]);
        drop(answered(consumer(&until_end(&producer.url("/stream")))));
        millions(RECORDS, start)
    };
    let rate = Sample::new((0..=RUNS).map(run).skip(1).collect());
    say(&format!("live, made while they are read      {rate}"));
}

struct Run {
    rate: f64,
    user: f64,
    system: f64,
    peak: f64,
}

fn read(producer: &Service) -> Run {
    let url = producer.url("/stream");
    let start = Instant::now();
    let consumer = consumer(&until_end(&url));
    let peak = watch_peak(consumer.id());
    let (rate, (user, system)) = answered(consumer).measured(start);
    Run {
        rate,
        user,
        system,
        peak: peak.join().unwrap_or(f64::NAN),
    }
}

fn until_end(url: &str) -> [&str; 7] {
    [
        "--url",
        url,
        "--until-end",
        "--print",
        "final",
        "--output",
        "json",
    ]
}

/// A consumer that has given the right answer, and is not yet forgotten by the system.
struct Answered(Service);

fn answered(consumer: Service) -> Answered {
    let line = consumer.prints("\"records\"");
    let expected = format!("\"records\":{RECORDS},\"rejected\":0");
    assert!(line.contains(&expected), "{line}");
    Answered(consumer)
}

impl Answered {
    fn measured(mut self, start: Instant) -> (f64, (f64, f64)) {
        let rate = millions(RECORDS, start);
        let seconds = processor_seconds(self.0.id());
        assert_eq!(self.0.exit_code(), Some(0));
        (rate, seconds)
    }
}

/// The article's server and client, if Python and aiohttp are there.
fn article(ours: f64) {
    let Some(python) = tool("python3") else {
        return;
    };
    let has_aiohttp = Command::new(&python)
        .args(["-c", "import aiohttp"])
        .output();
    if !has_aiohttp.is_ok_and(|output| output.status.success()) {
        say("the article's pair: skipped, aiohttp is not installed");
        return;
    }
    let run = |_| {
        let port = free_port().to_string();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("article");
        let mut server = tests::service::leashed(&python);
        server.arg(folder.join("server.py"));
        server.envs([
            ("PORT", &port),
            ("RATE", &"0".to_owned()),
            ("COUNT", &ARTICLE_RECORDS.to_string()),
        ]);
        let server = Service::spawn(server);
        drop(server.prints("Running on"));
        let start = Instant::now();
        let mut client = tests::service::leashed(&python);
        client
            .arg(folder.join("client.py"))
            .arg(format!("http://127.0.0.1:{port}/stream"));
        let mut client = Service::spawn(client);
        assert_eq!(client.exit_code(), Some(0));
        millions(ARTICLE_RECORDS, start)
    };
    let rate = Sample::new((0..3).map(run).collect());
    say(&format!("the article's pair (aiohttp)        {rate}"));
    say(&format!(
        "  ours is so many times as fast     {:>8.0}",
        ours / rate.median()
    ));
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    probe.local_addr().expect("it is bound").port()
}

#[expect(clippy::cast_precision_loss, reason = "these are few millions")]
fn millions(records: u64, since: Instant) -> f64 {
    records as f64 / 1e6 / since.elapsed().as_secs_f64()
}
