//! State that grows to millions of rows: how much memory it takes, and for how long the longest batch
//! holds up what is behind it. Where `BENCH_BEFORE` names another consumer, it does the same in turns.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tests::{Service, binaries::binary, http::fetch};

use crate::{
    process::{memory, processor_seconds},
    say,
};

/// How often it is asked how far a job is.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// A job that has read all and whose steps have had no rows for so long is done.
const STILL: Duration = Duration::from_secs(2);

/// What is done with the rows: each name with its tables and its query.
const JOBS: [(&str, &[&str], &str); 5] = [
    (
        "join",
        &["person", "auction"],
        "SELECT id, name, city, state, since, auction, item, bid, category, expires \
         FROM auction JOIN person ON seller = id",
    ),
    (
        "join of counts",
        &["person", "auction"],
        "SELECT id, name, n FROM (SELECT seller, COUNT(*) AS n FROM auction GROUP BY seller) \
         JOIN person ON seller = id",
    ),
    (
        "count and sum",
        &["auction"],
        "SELECT auction, COUNT(*) AS n, SUM(bid) AS total FROM auction GROUP BY auction",
    ),
    (
        "count distinct",
        &["auction"],
        "SELECT category, COUNT(DISTINCT auction) AS n FROM auction GROUP BY category",
    ),
    (
        "last of each key",
        &["auction"],
        "SELECT auction, item, bid FROM (SELECT *, ROW_NUMBER() OVER \
         (PARTITION BY auction ORDER BY expires DESC) AS n FROM auction) WHERE n = 1",
    ),
];

/// The rows of a table, in an order in which neighbours have nothing to do with each other. A key is there
/// once or twice.
fn lines(table: &str, count: u64) -> String {
    let mut text = String::new();
    for number in (0..count).map(|at| at * 1_000_003 % count) {
        let (millisecond, second) = (number % 1000, number / 1000 % 60);
        let (minute, hour) = (number / 60_000 % 60, number / 3_600_000 % 24);
        let time = format!("2026-01-01 {hour:02}:{minute:02}:{second:02}.{millisecond:03}");
        let written = match table {
            "person" => writeln!(
                text,
                "{{\"id\":{},\"name\":\"Deiter Noris {}\",\"city\":\"San Francisco\",\"state\":\"CA\",\
                 \"since\":\"{time}\"}}",
                number * 2 / 3,
                number % 9_973
            ),
            _ => writeln!(
                text,
                "{{\"auction\":{number},\"item\":\"a chair of year {}\",\"bid\":{},\"seller\":{},\
                 \"category\":{},\"expires\":\"{time}\"}}",
                number % 1_999,
                number % 1_000_000,
                (number * 2 + 1) / 3,
                number % 20
            ),
        };
        written.expect("a text takes what is written to it");
    }
    text
}

fn table(table: &str, file: &Path) -> String {
    let columns = match table {
        "person" => "id BIGINT, name STRING, city STRING, state STRING, since TIMESTAMP(3)",
        _ => {
            "auction BIGINT, item STRING, bid BIGINT, seller BIGINT, category BIGINT, \
             expires TIMESTAMP(3)"
        }
    };
    // What is looked at again does not end, so the job is there to be asked when all is read.
    format!(
        "CREATE TABLE {table} ({columns}) WITH ('connector'='filesystem', 'path'='{}', \
         'format'='json', 'source.monitor-interval'='1 h');",
        file.display()
    )
}

/// So many `millions` of rows of each table: one where none are said.
pub(crate) fn run(millions: Option<u64>) {
    let count = millions.unwrap_or(1) * 1_000_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(format!("{name}.ndjson"));
    for name in ["person", "auction"] {
        fs::write(file(name), lines(name, count)).expect("a file can be written");
    }
    say(&format!("tables of {count} rows; parallelism 2"));
    say("                             peak MB  state MB   user s   seconds  longest batch ms");
    let before = std::env::var_os("BENCH_BEFORE").map(PathBuf::from);
    let before = before.iter().map(|other| (other.clone(), "before"));
    let each: Vec<_> = before.chain([(binary("consumer"), "")]).collect();
    for (name, tables, query) in JOBS {
        let tables_of: String = tables.iter().map(|name| table(name, &file(name))).collect();
        let text =
            format!("{tables_of} CREATE TABLE taken WITH ('connector'='blackhole') AS {query}");
        for (consumer, which) in &each {
            #[expect(clippy::cast_precision_loss, reason = "they are some millions")]
            let rows = count as f64 * tables.len() as f64;
            say(&format!(
                "{name:<18} {which:<8} {}",
                took(consumer, &text, rows)
            ));
        }
    }
}

/// What a job has taken when it has read so many rows, and its steps have been still for a while.
fn took(consumer: &Path, text: &str, rows: f64) -> String {
    let args = ["sql", text, "--parallelism", "2", "--listen", "127.0.0.1:0"];
    let start = Instant::now();
    let job = Service::start(consumer, args);
    let (mut said, mut moved, mut done) = (String::new(), start, 0.0);
    while sum(&said, "brooklet_records_total") < rows || moved.elapsed() < STILL {
        thread::sleep(ASKED_EVERY);
        said = fetch(&job.url("/metrics"), &[]).text().unwrap_or_default();
        let now = sum(&said, "brooklet_job_step_rows_in_total");
        if now > done {
            (moved, done) = (Instant::now(), now);
        }
    }
    let seconds = moved.duration_since(start).as_secs_f64();
    let (user, _) = processor_seconds(job.id());
    let (_, peak) = memory(job.id()).unwrap_or((f64::NAN, f64::NAN));
    let state = sum(&said, "brooklet_job_step_state_bytes") / 1e6;
    // An older consumer does not tell.
    let longest = sum(&said, "brooklet_job_batch_longest_seconds") * 1e3;
    job.terminate();
    format!("{peak:>9.0} {state:>9.0} {user:>8.1} {seconds:>9.1} {longest:>17.1}")
}

/// A metric, of all labels together.
fn sum(said: &str, name: &str) -> f64 {
    let lines = said.lines().filter_map(|line| line.strip_prefix(name));
    let values = lines.filter(|rest| rest.starts_with([' ', '{']));
    values
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}
