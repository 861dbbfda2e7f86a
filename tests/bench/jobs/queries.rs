//! Queries of Nexmark, whose results nobody takes.

use std::{env, fmt, fs, iter, path::PathBuf};

use tests::{
    auctions,
    bids::Form,
    binaries::workspace,
    http::{ask, send},
    producer,
};

use super::{Took, bids, flink::Flink, run as run_job};
use crate::{sample::Sample, say};

const RUNS: usize = 3;
const LINES: u32 = 1_000_000;

/// Queries, and whether Flink does the same beside each where there is one.
type Queries = &'static [(&'static str, bool)];

/// Over bids alone.
const OF_BIDS: Queries = &[
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
    ("q5_hot", true),
    ("q7", true),
    ("q18", true),
    ("q19", true),
];

/// Over persons, auctions and bids, as they come.
const OF_EVENTS: Queries = &[
    ("q3", true),
    ("q4", true),
    ("q8", true),
    ("q9", true),
    ("q20", true),
];
const SEED: u64 = 2026;

/// Read over HTTP from the history of a topic.
const OVER_HTTP: [&str; 3] = ["q0", "q1", "q2"];
const PARTITIONS: usize = 4;
/// As many as fit into a request.
const APPENDED: usize = 2_000;

/// What the lines of a file stand for.
#[derive(Debug)]
struct Input<'a> {
    flink: Option<&'a Flink>,
    table: String,
    lines: u32,
}

impl Input<'_> {
    fn compare(&self, queries: Queries) {
        for &(query, is_compared) in queries.iter().filter(|(query, _)| is_asked_for(query)) {
            let text = format!("{}\n{}", self.table, sunk(query));
            let flink = self.flink.filter(|_| is_compared);
            let mut theirs = Vec::new();
            let ours = measured(self.lines, || {
                theirs.extend(flink.map(|flink| flink.run(&text)));
                run_job(&text)
            });
            say(&format!("{query:<9} {ours}"));
            if let Some(flink) = flink {
                // The first of ours is not counted either.
                let theirs = theirs.into_iter().skip(1);
                let theirs: Vec<_> = theirs.map(|took| flink.without_start(took)).collect();
                let theirs = Measured::new(self.lines, &theirs);
                let ratio = theirs.user.median() / ours.user.median();
                say(&format!("    Flink {theirs}   {ratio:.1} times its user s"));
            }
        }
    }
}

/// `millions` of lines in each file: one where none are said.
pub(crate) fn run(millions: Option<u64>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let millions = millions.and_then(|millions| u32::try_from(millions).ok());
    let lines = millions.unwrap_or(1) * LINES;
    let flink = Flink::installed(folder.path());
    let start = flink.as_ref().map(|flink| flink.start);
    let start = start.map(|start| format!("; Flink's start, not counted, {start:.1} user s"));
    let bids = folder.path().join("bids.ndjson");
    fs::write(&bids, bids::lines(lines)).expect("a file can be written");
    say(&format!(
        "a file of {lines} bids, 247 B each; parallelism 2; median of 3 (least … most){}",
        start.unwrap_or_default()
    ));
    say("query     M lines/s                M lines/user s        system s  peak MB");
    let table = format!(
        "{} WITH ('connector'='filesystem', 'path'='{}', 'format'='json');",
        bids::TABLE,
        bids.display()
    );
    let flink = flink.as_ref();
    let input = Input {
        flink,
        table,
        lines,
    };
    input.compare(OF_BIDS);
    let events = folder.path().join("events.ndjson");
    let text = auctions::lines(Form::InOrder, lines as usize, SEED);
    #[expect(clippy::cast_precision_loss, reason = "it is some millions")]
    let each = text.len() as f64 / f64::from(lines);
    fs::write(&events, text).expect("a file can be written");
    say(&format!(
        "a file of {lines} persons, auctions and bids, {each:.0} B each"
    ));
    let table = fs::read_to_string(query("event")).expect("the table is there");
    let table = table.replace("../events.ndjson", &events.display().to_string());
    let input = Input {
        flink,
        table,
        lines,
    };
    input.compare(OF_EVENTS);
    say("from the history of a topic of 4 partitions over HTTP, the producer on the same cores");
    over_http();
}

fn over_http() {
    let producer = producer(&["--source", "none", "--retention-bytes", "1GiB"]);
    let topic = producer.url("/v1/topics/bids");
    let json = [("content-type", "application/json")];
    let made = format!("{{\"partitions\":{PARTITIONS},\"key\":\"/auction\"}}");
    assert_eq!(ask("PUT", &topic, &json, made.as_bytes()).status, 201);
    let lines = bids::lines(LINES);
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
    for query in OVER_HTTP.into_iter().filter(|query| is_asked_for(query)) {
        let text = format!("{table}\n{}", sunk(query));
        let took = measured(LINES, || run_job(&text));
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
fn measured(lines: u32, run: impl FnMut() -> Took) -> Measured {
    let took: Vec<_> = iter::repeat_with(run).take(1 + RUNS).skip(1).collect();
    Measured::new(lines, &took)
}

impl Measured {
    fn new(lines: u32, took: &[Took]) -> Self {
        let lines = f64::from(lines) / 1e6;
        let all = |of: fn(&Took) -> f64| Sample::new(took.iter().map(of).collect());
        Self {
            rate: Sample::new(took.iter().map(|took| lines / took.seconds).collect()),
            per_user: Sample::new(took.iter().map(|took| lines / took.user).collect()),
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
    let text = fs::read_to_string(self::query(query)).expect("the query is there");
    let nowhere = "'connector' = 'blackhole'";
    if text.contains("\nINSERT") {
        let files = "'connector' = 'filesystem', 'path' = 'results', 'format' = 'json'";
        return text
            .replace(files, nowhere)
            .replace("'connector' = 'print'", nowhere);
    }
    let (comment, select) = text.split_once("\nSELECT").unwrap_or(("", &text));
    format!("{comment}\nCREATE TABLE results WITH ({nowhere}) AS SELECT{select}")
}

/// Whether a query is named on the command line, or none is.
fn is_asked_for(query: &str) -> bool {
    let is_named = |name: &str| env::args().any(|word| word == name);
    let mut all = OF_BIDS.iter().chain(OF_EVENTS).map(|(name, _)| *name);
    is_named(query) || !all.any(is_named)
}

/// Where the text of a query is.
fn query(name: &str) -> PathBuf {
    workspace().join(format!("tests/jobs/nexmark/{name}.sql"))
}
