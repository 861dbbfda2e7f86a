//! Queries of Nexmark, whose results nobody takes.

use std::{fmt, fs, iter, path::Path};

use tests::{
    binaries::workspace,
    http::{ask, send},
    producer,
};

use super::{Took, bids, flink::Flink, run as run_job};
use crate::{sample::Sample, say};

const RUNS: usize = 3;
const BIDS: u32 = 1_000_000;

/// Each, and whether Flink does the same beside it where there is one.
const QUERIES: [(&str, bool); 13] = [
    ("q0", true),
    ("q1", true),
    ("q2", false),
    ("tumbling", true),
    ("q5", false),
    ("q11", true),
    ("q12", false),
    ("q14", false),
    ("q15", true),
    ("q16", true),
    ("q17", true),
    ("q21", false),
    ("q22", false),
];

/// Read over HTTP from the history of a topic.
const OVER_HTTP: [&str; 3] = ["q0", "q1", "q2"];
const PARTITIONS: usize = 4;
/// As many as fit into a request.
const APPENDED: usize = 2_000;

fn over_a_file(folder: &Path, bids: u32) {
    let file = folder.join("bids.ndjson");
    fs::write(&file, bids::lines(bids)).expect("a file can be written");
    let table = format!(
        "{} WITH ('connector'='filesystem', 'path'='{}', 'format'='json');",
        bids::TABLE,
        file.display()
    );
    let flink = Flink::installed(folder);
    if let Some(flink) = &flink {
        say(&format!(
            "Flink's start, not counted: {:.1} user s",
            flink.start
        ));
    }
    for (query, is_compared) in QUERIES {
        let text = format!("{table}\n{}", sunk(query));
        let flink = flink.as_ref().filter(|_| is_compared);
        let mut theirs = Vec::new();
        let ours = measured(bids, || {
            theirs.extend(flink.map(|flink| flink.run(&text)));
            run_job(&text)
        });
        say(&format!("{query:<9} {ours}"));
        if let Some(flink) = flink {
            // The first of ours is not counted either.
            let theirs = theirs.into_iter().skip(1);
            let theirs: Vec<_> = theirs.map(|took| flink.without_start(took)).collect();
            let theirs = Measured::new(bids, &theirs);
            let ratio = theirs.user.median() / ours.user.median();
            say(&format!("    Flink {theirs}   {ratio:.1} times its user s"));
        }
    }
}

/// `millions` of bids in the file: one where none are said.
pub(crate) fn run(millions: Option<u64>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let millions = millions.and_then(|millions| u32::try_from(millions).ok());
    let bids = millions.unwrap_or(1) * BIDS;
    say(&format!(
        "a file of {bids} bids, 247 B each; parallelism 2; median of 3 (least … most)"
    ));
    say("query     M bids/s                 M bids/user s         system s  peak MB");
    over_a_file(folder.path(), bids);
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
        let text = format!("{table}\n{}", sunk(query));
        let took = measured(BIDS, || run_job(&text));
        say(&format!("{query:<9} {took}"));
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

/// What several runs take behind one that is not counted.
fn measured(bids: u32, run: impl FnMut() -> Took) -> Measured {
    let took: Vec<_> = iter::repeat_with(run).take(1 + RUNS).skip(1).collect();
    Measured::new(bids, &took)
}

impl Measured {
    fn new(bids: u32, took: &[Took]) -> Self {
        let bids = f64::from(bids) / 1e6;
        let all = |of: fn(&Took) -> f64| Sample::new(took.iter().map(of).collect());
        Self {
            rate: Sample::new(took.iter().map(|took| bids / took.seconds).collect()),
            per_user: Sample::new(took.iter().map(|took| bids / took.user).collect()),
            user: all(|took| took.user),
            system: all(|took| took.system).median(),
            peak: all(|took| took.peak).quantile(1.0),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rate,
            per_user,
            system,
            peak,
            ..
        } = self;
        write!(f, "{rate}   {per_user}   {system:>6.2} {peak:>6.0}")
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
