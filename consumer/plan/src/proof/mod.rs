//! Proofs that need whole jobs: what is refused and with which words, and what is accepted. What
//! expressions come to is proved where they are computed, in the consumer.
//!
//! Each table is a text. An error's line and column count from the begin of its case.

mod accepted;
mod documented;
mod refused;
mod shown;

use common::time::Clock;

use super::{Error, Job, Settings, plan};

/// Tables that every case can name.
const TABLES: &str = "
CREATE TABLE readings (
  sensor STRING, reading DOUBLE, n INT, ts TIMESTAMP_LTZ(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'brooklet', 'topic' = 'readings');
CREATE TABLE orders (
  id BIGINT NOT NULL, price DECIMAL(10, 2), buyer STRING, at TIMESTAMP(3),
  item ROW<name STRING, tags ARRAY<STRING>>, attributes MAP<STRING, INT>,
  now AS PROCTIME()
) WITH ('connector' = 'datagen');
CREATE TABLE printed (sensor STRING, n BIGINT) WITH ('connector' = 'print');
CREATE TABLE kept (sensor STRING NOT NULL, n BIGINT) WITH ('connector' = 'brooklet', 'topic' = 'kept');
CREATE TABLE nowhere (sensor STRING) WITH ('connector' = 'blackhole');
";

/// What cases of joins as of a time can name too.
const AS_OF_TABLES: &str = "
CREATE TABLE customers (id BIGINT, name STRING, ts TIMESTAMP_LTZ(3))
WITH ('connector' = 'filesystem', 'path' = '/tmp/customers', 'format' = 'csv',
  'lookup.full-cache.periodic-reload.interval' = '1 min');
CREATE TABLE places (
  sensor STRING, place STRING, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts, PRIMARY KEY (sensor) NOT ENFORCED
) WITH ('connector' = 'brooklet', 'topic' = 'places');
";

/// Plans a text behind the tables that all know.
fn planned(text: &str) -> Result<Job, Error> {
    planned_behind(TABLES, text)
}

fn planned_behind(tables: &str, text: &str) -> Result<Job, Error> {
    let settings = Settings::new("job.sql", Clock::System);
    let before = u64::try_from(tables.lines().count()).unwrap();
    let job = plan(&format!("{tables}{text}"), &settings);
    job.map_err(|error| Error {
        // What is nowhere in the text is told of its first line.
        line: error.line.saturating_sub(before).max(1),
        ..error
    })
}

/// The cases of a table: lines up to one that begins with `=>`, and what stands behind that.
/// Lines between cases that begin with `#` say what they are about.
fn cases(table: &str) -> Vec<(String, String)> {
    let (mut cases, mut text) = (Vec::new(), Vec::new());
    for line in table.lines() {
        match line.strip_prefix("=>") {
            Some(expected) => {
                cases.push((text.join("\n"), expected.trim().to_owned()));
                text.clear();
            }
            None if text.is_empty() && (line.is_empty() || line.starts_with('#')) => {}
            None => text.push(line),
        }
    }
    assert!(text.is_empty(), "a case without an end: {text:?}");
    cases
}

/// Compares what each case gives with what is expected, and tells all that differ at once.
fn check(table: &str, given: impl Fn(&str) -> String) {
    let cases = cases(table);
    assert!(!cases.is_empty(), "a table without cases");
    let differ = cases.iter().filter_map(|(text, expected)| {
        let given = given(text);
        (given != *expected).then(|| format!("{text}\n=> {expected}\n=> {given} (given)"))
    });
    let differ: Vec<_> = differ.collect();
    assert!(
        differ.is_empty(),
        "{} of {} differ:\n\n{}",
        differ.len(),
        cases.len(),
        differ.join("\n\n")
    );
}

#[test]
#[should_panic(expected = "1 of 2 differ")]
fn a_case_that_differs_is_told() {
    check("# What is given.\na\n=> a\nb\nc\n=> b", str::to_owned);
}
