//! Queries of Nexmark, whose results nobody takes.

use std::{fs, path::Path};

use tests::{
    binaries::workspace,
    http::{ask, send},
    producer,
};

use super::{bids, run as run_job};
use crate::{sample::Sample, say};

const RUNS: usize = 3;
const BIDS: u32 = 1_000_000;

/// Those with a known figure of Flink's, in thousand bids a user second, and others.
const QUERIES: [(&str, Option<f64>); 13] = [
    ("q0", Some(381.0)),
    ("q1", Some(477.0)),
    ("q2", None),
    ("tumbling", Some(390.0)),
    ("q5", None),
    ("q11", Some(183.0)),
    ("q12", None),
    ("q14", None),
    ("q15", Some(234.0)),
    ("q16", Some(116.0)),
    ("q17", Some(226.0)),
    ("q21", None),
    ("q22", None),
];

/// Read over HTTP from the history of a topic.
const OVER_HTTP: [&str; 3] = ["q0", "q1", "q2"];
const PARTITIONS: usize = 4;
/// As many as fit into a request.
const APPENDED: usize = 2_000;

fn over_a_file(folder: &Path) {
    let file = folder.join("bids.ndjson");
    fs::write(&file, bids::lines(BIDS)).expect("a file can be written");
    let table = format!(
        "{} WITH ('connector'='filesystem', 'path'='{}', 'format'='json');",
        bids::TABLE,
        file.display()
    );
    for (query, flink) in QUERIES {
        let took = measure(&table, query);
        let compared = flink.map_or(String::new(), |flink| {
            let ratio = f64::from(BIDS) / 1e3 / took.user.median() / flink;
            format!("  {ratio:.1} times Flink's {flink}")
        });
        say(&format!(
            "{query:<9} {}   {}   {:>6.2} {:>6.0}{compared}",
            took.rate, took.per_user, took.system, took.peak
        ));
    }
}

pub(crate) fn run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    say("a file of 1 M bids, 247 B each; parallelism 2; median of 3 (least … most)");
    say("query     M bids/s                 M bids/user s         system s  peak MB");
    over_a_file(folder.path());
    say("from the history of a topic of 4 partitions over HTTP, the producer on the same cores");
    over_http();
}

fn over_http() {
    let producer = producer(&["--source", "none", "--retention-bytes", "1GiB"]);
    let topic = producer.url("/v1/topics/bids");
    let json = [("content-type", "application/json")];
    let made = format!("{{\"partitions\":{PARTITIONS},\"key\":\"/auction\"}}");
    assert_eq!(ask("PUT", &topic, &json, made.as_bytes()).status, 201);
    let lines = bids::lines(BIDS);
    let lines: Vec<_> = lines.split_inclusive('\n').collect();
    let ndjson = [("content-type", "application/x-ndjson")];
    for some in lines.chunks(APPENDED) {
        let appended = send(&topic, &ndjson, some.concat().as_bytes());
        assert_eq!(appended.status / 100, 2, "{}", appended.status);
    }
    let table = format!(
        "{} WITH ('connector'='brooklet', 'url'='{}', 'topic'='bids', 'scan.bounded.mode'='latest-offset');",
        bids::TABLE,
        producer.url("")
    );
    for query in OVER_HTTP {
        let took = measure(&table, query);
        say(&format!(
            "{query:<9} {}   {}   {:>6.2} {:>6.0}",
            took.rate, took.per_user, took.system, took.peak
        ));
    }
}

/// What a query took, over several runs.
#[derive(Debug)]
struct Measured {
    rate: Sample,
    per_user: Sample,
    user: Sample,
    system: f64,
    peak: f64,
}

fn measure(table: &str, query: &str) -> Measured {
    let text = format!("{table}\n{}", sunk(query));
    let took: Vec<_> = (0..=RUNS).map(|_| run_job(&text)).skip(1).collect();
    let bids = f64::from(BIDS) / 1e6;
    Measured {
        rate: Sample::new(took.iter().map(|took| bids / took.seconds).collect()),
        per_user: Sample::new(took.iter().map(|took| bids / took.user).collect()),
        user: Sample::new(took.iter().map(|took| took.user).collect()),
        system: Sample::new(took.iter().map(|took| took.system).collect()).median(),
        peak: took.iter().map(|took| took.peak).fold(0.0, f64::max),
    }
}

/// The text of a query, with a sink that takes all and keeps nothing.
fn sunk(query: &str) -> String {
    let path = workspace().join(format!("tests/jobs/nexmark/{query}.sql"));
    let text = fs::read_to_string(path).expect("the query is there");
    let folder = "'connector' = 'filesystem', 'path' = 'results', 'format' = 'json'";
    if text.contains(folder) {
        return text.replace(folder, "'connector' = 'blackhole'");
    }
    let (comment, select) = text.split_once("\nSELECT").unwrap_or(("", &text));
    format!("{comment}\nCREATE TABLE results WITH ('connector' = 'blackhole') AS SELECT{select}")
}
