//! Results that change, in streams: with the row before each, or of a table with a key the newest row
//! of each alone; and several queries that share what they read.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use tests::{Service, consumer, http::fetch, producer};

/// So many bids, of seven auctions that have not as many each.
const BIDS: u64 = 2_000;

/// So many tasks do each step, in turn.
const PARALLELISM: [&str; 2] = ["1", "3"];

fn auction(bid: u64) -> u64 {
    bid * bid % 31 % 7
}

/// How many bids each auction has.
fn counts() -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    (0..BIDS).for_each(|bid| *counts.entry(auction(bid)).or_default() += 1);
    counts
}

/// The table of all bids.
fn bids(folder: &Path) -> String {
    let path = folder.join("bids.json");
    let line = |bid| format!("{{\"auction\":{},\"bid\":{bid}}}\n", auction(bid));
    fs::write(&path, (0..BIDS).map(line).collect::<String>()).expect("a file");
    format!(
        "CREATE TABLE bids (auction BIGINT, bid BIGINT) \
         WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json');",
        path.display()
    )
}

/// A table that is a stream, of `n` and `auction`.
fn stream(producer: &Service, name: &str, key: &str) -> String {
    let url = producer.url("");
    format!(
        "CREATE TABLE {name} (n BIGINT, auction BIGINT{key}) \
         WITH ('connector' = 'brooklet', 'url' = '{url}', 'stream' = '{name}');"
    )
}

/// Runs a job to its end; what it said.
fn run(sql: &str, parallelism: &str) -> String {
    let mut job = consumer(&["sql", sql, "--parallelism", parallelism]);
    drop(job.answer(0));
    job.stderr.all().join("\n")
}

/// What has happened to the row of which `n` and `auction`.
type Change = (String, [u64; 2]);

/// The changes in a stream.
fn changes(producer: &Service, name: &str) -> Vec<Change> {
    let kind = [("accept", "application/x-ndjson")];
    let page = fetch(&producer.url(&format!("/v1/stream/{name}")), &kind);
    let change = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a record");
        let number = |path| {
            line.pointer(path)
                .and_then(Value::as_u64)
                .expect("a number")
        };
        let row = ["/row/n", "/row/auction"].map(number);
        let op = line.get("op").and_then(Value::as_str);
        (op.expect("an op").to_owned(), row)
    };
    page.text().expect("text").lines().map(change).collect()
}

/// What upserts come to, by this key. No key may go that is not there, nor come twice.
fn upserted(changes: &[Change], key: fn(&[u64; 2]) -> u64) -> BTreeMap<u64, [u64; 2]> {
    let mut rows = BTreeMap::new();
    for (op, row) in changes {
        let before = match op.as_str() {
            "+I" | "+U" => rows.insert(key(row), *row),
            _ => rows.remove(&key(row)),
        };
        let is_right = match op.as_str() {
            "+I" => before.is_none(),
            "+U" => before.is_some(),
            "-D" => before == Some(*row),
            _ => false,
        };
        assert!(is_right, "{op} {row:?} where there is {before:?}");
    }
    rows
}

const COUNTS: &str = "SELECT COUNT(*) AS n, auction FROM bids GROUP BY auction";

#[test]
fn a_stream_without_a_key_has_the_row_before_each_change() {
    let folder = tempfile::tempdir().unwrap();
    for parallelism in PARALLELISM {
        let producer = producer(&["--source", "none"]);
        let tables = bids(folder.path()) + &stream(&producer, "results", "");
        let said = run(
            &format!("{tables} INSERT INTO results {COUNTS}"),
            parallelism,
        );
        assert!(
            said.contains("takes +I -U +U -D, written as {\"op\""),
            "{said}"
        );
        let mut rows = BTreeMap::<[u64; 2], i64>::new();
        for (op, row) in changes(&producer, "results") {
            *rows.entry(row).or_default() += if op.starts_with('+') { 1 } else { -1 };
        }
        rows.retain(|_, count| *count != 0);
        let expected = counts().into_iter().map(|(auction, n)| ([n, auction], 1));
        assert!(rows.into_iter().eq(expected.collect::<BTreeMap<_, _>>()));
    }
}

#[test]
fn a_stream_with_the_querys_own_key_has_the_newest_row_of_each() {
    let folder = tempfile::tempdir().unwrap();
    for parallelism in PARALLELISM {
        let producer = producer(&["--source", "none"]);
        let key = ", PRIMARY KEY (auction) NOT ENFORCED";
        let tables = bids(folder.path()) + &stream(&producer, "results", key);
        let said = run(
            &format!("{tables} INSERT INTO results {COUNTS}"),
            parallelism,
        );
        assert!(said.contains("takes +I +U -D by (auction)"), "{said}");
        let rows = upserted(&changes(&producer, "results"), |[_, auction]| *auction);
        let expected = counts()
            .into_iter()
            .map(|(auction, n)| (auction, [n, auction]));
        assert!(rows.into_iter().eq(expected));
    }
}

/// The changes of one count come from several auctions, which different tasks count.
#[test]
fn a_stream_with_another_key_is_told_of_no_row_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    for parallelism in PARALLELISM {
        let producer = producer(&["--source", "none"]);
        let key = ", PRIMARY KEY (n) NOT ENFORCED";
        let tables = bids(folder.path()) + &stream(&producer, "results", key);
        drop(run(
            &format!("{tables} INSERT INTO results {COUNTS}"),
            parallelism,
        ));
        let rows = upserted(&changes(&producer, "results"), |[n, _]| *n);
        let expected = counts();
        assert!(
            rows.values().all(|[n, auction]| expected[auction] == *n),
            "{rows:?}"
        );
        let counted: std::collections::BTreeSet<_> = expected.values().collect();
        assert!(rows.keys().eq(counted));
    }
}

#[test]
fn rows_that_are_new_are_written_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let producer = producer(&["--source", "none"]);
    let key = ", PRIMARY KEY (n) NOT ENFORCED";
    let tables = bids(folder.path()) + &stream(&producer, "results", key);
    drop(run(
        &format!("{tables} INSERT INTO results SELECT bid, auction FROM bids"),
        "1",
    ));
    let kind = [("accept", "application/x-ndjson")];
    let page = fetch(&producer.url("/v1/stream/results"), &kind);
    let text = page.text().unwrap();
    assert!(text.starts_with("{\"n\":0,\"auction\":0}\n"), "{text}");
    assert_eq!(text.lines().count() as u64, BIDS);
}

#[test]
fn the_queries_of_a_statement_set_read_a_table_once() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let table = |name: &str, path: &Path| {
        format!(
            "CREATE TABLE {name} (auction BIGINT, bid BIGINT) \
             WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json');",
            path.display()
        )
    };
    let sql = format!(
        "{} {} {} CREATE VIEW some AS SELECT * FROM bids WHERE auction < 5; \
         CREATE VIEW few AS SELECT * FROM some WHERE bid < 100; \
         EXECUTE STATEMENT SET BEGIN \
         INSERT INTO first SELECT * FROM few; INSERT INTO second SELECT * FROM some; END",
        bids(folder.path()),
        table("first", &first),
        table("second", &second),
    );
    let said = run(&sql, "2");
    assert!(said.contains(&format!("{BIDS} records read")), "{said}");
    let lines = |folder: &Path| {
        let files = fs::read_dir(folder).expect("a folder");
        let texts = files.map(|file| fs::read_to_string(file.expect("a file").path()));
        let lines = texts.map(|text| text.expect("a text").lines().count() as u64);
        lines.sum::<u64>()
    };
    let some = |bids: u64| (0..bids).filter(|bid| auction(*bid) < 5).count() as u64;
    assert_eq!((lines(&first), lines(&second)), (some(100), some(BIDS)));
}
