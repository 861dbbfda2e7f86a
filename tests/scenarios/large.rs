//! Jobs on more than usual: wide tables, and more keys than there is room for.

use std::fs;

use tests::consumer;

const JSON: &str = "'format' = 'json'";
const COLUMNS: usize = 1_000;

#[test]
fn a_thousand_columns_are_read_or_three_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide");
    let record = |row: usize| {
        let fields = (0..COLUMNS).map(|column| format!("\"c{column}\":{}", row * COLUMNS + column));
        format!("{{{}}}\n", fields.collect::<Vec<_>>().join(","))
    };
    let records: String = (0..100).map(record).collect();
    fs::write(&path, records).unwrap();
    let columns: Vec<_> = (0..COLUMNS)
        .map(|column| format!("c{column} BIGINT"))
        .collect();
    let table = format!(
        "CREATE TABLE t ({}) WITH ('connector' = 'filesystem', 'path' = '{}', {JSON});",
        columns.join(", "),
        path.display()
    );
    for places in [(0..COLUMNS).collect(), vec![0, 500, 999]] {
        let names: Vec<_> = places.iter().map(|place| format!("c{place}")).collect();
        let sql = format!("{table} SELECT {} FROM t", names.join(", "));
        let mut job = consumer(&["sql", &sql, "--parallelism", "2"]);
        drop(job.answer(0));
        let row = |row: usize| {
            let values = places
                .iter()
                .map(|place| (row * COLUMNS + place).to_string());
            format!("+I[{}]", values.collect::<Vec<_>>().join(", "))
        };
        assert_eq!(job.stdout.all(), (0..100).map(row).collect::<Vec<_>>());
    }
}

#[test]
fn more_keys_than_there_is_room_for_end_the_job_behind_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let keys: String = (0..100_000)
        .map(|key| format!("{{\"k\":\"key {key}\"}}\n"))
        .collect();
    fs::write(&path, keys).unwrap();
    let (path, out) = (path.display(), folder.path().join("out"));
    let sql = format!(
        "CREATE TABLE t (k STRING) WITH ('connector' = 'filesystem', 'path' = '{path}', {JSON}); \
         CREATE TABLE o (k STRING) WITH ('connector' = 'filesystem', 'path' = '{}', {JSON}); \
         INSERT INTO o SELECT k FROM t; \
         SELECT k, COUNT(*) FROM t GROUP BY k",
        out.display()
    );
    let mut job = consumer(&["sql", &sql, "--state-bytes", "2MiB", "--parallelism", "2"]);
    drop(job.answer(69));
    job.says("more than the 2097152 that --state-bytes allows");
    let printed = job.stdout.all();
    assert!(!printed.is_empty());
    for line in printed {
        let key = line
            .strip_prefix("+I[key ")
            .and_then(|key| key.strip_suffix(", 1]"));
        assert!(key.is_some_and(|key| key.parse::<u32>().is_ok()), "{line}");
    }
    let named = fs::read_dir(&out).unwrap().map(|part| part.unwrap().path());
    for part in named.filter(|part| part.extension().is_some_and(|ending| ending == "json")) {
        let text = fs::read_to_string(part).unwrap();
        let is_whole = |line: &str| line.starts_with("{\"k\":\"key ") && line.ends_with("\"}");
        assert!(text.ends_with('\n') && text.lines().all(is_whole));
    }
}
