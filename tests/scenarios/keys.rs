//! Rows are in one group where their keys are one, whichever tasks they go to.

use std::{collections::BTreeMap, fs};

use tests::consumer;

/// Counts the records of each key, which are there three times, and never in one run.
fn check(of: &str, keys: &[&str], expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("keys");
    let records = keys.iter().map(|key| format!("{{\"k\":{key}}}\n"));
    fs::write(&path, records.collect::<String>().repeat(3)).expect("there is space");
    let sql = format!(
        "CREATE TABLE t (k {of}) WITH ('connector' = 'filesystem', 'path' = '{}', \
         'format' = 'json'); SELECT k, COUNT(*) FROM t GROUP BY k",
        path.display()
    );
    for parallelism in ["1", "2", "5"] {
        let mut job = consumer(&["sql", &sql, "--parallelism", parallelism]);
        drop(job.answer(0));
        let mut groups = BTreeMap::<_, i64>::new();
        for line in job.stdout.all() {
            let (op, group) = line.split_at(2);
            *groups.entry(group.to_owned()).or_default() +=
                if matches!(op, "+I" | "+U") { 1 } else { -1 };
        }
        groups.retain(|_, count| *count != 0);
        let expected = expected.iter().map(|group| (format!("[{group}]"), 1));
        let expected: BTreeMap<_, _> = expected.collect();
        assert_eq!(groups, expected, "{of}, {parallelism} side by side");
    }
}

/// As in Flink, whose keys are bytes, a zero below zero is another key than zero.
#[test]
fn floating_keys_are_one_where_their_bits_are() {
    let keys = ["0.0", "-0.0", "\"NaN\"", "null", "1e-400", "\"Infinity\""];
    let groups = ["0.0, 6", "-0.0, 3", "NaN, 3", "null, 3", "Infinity, 3"];
    check("DOUBLE", &keys, &groups);
    check("FLOAT", &keys, &groups);
    let keys = ["[0.0]", "[-0.0]", "[0]", "[]", "null", "[null]"];
    let groups = ["[0.0], 6", "[-0.0], 3", "[], 3", "null, 3", "[null], 3"];
    check("ARRAY<DOUBLE>", &keys, &groups);
}

#[test]
fn keys_are_one_where_their_values_are() {
    check(
        "DECIMAL(10, 2)",
        &["1.5", "\"1.50\"", "1.504", "-0.0", "0", "null"],
        &["1.50, 9", "0.00, 6", "null, 3"],
    );
    check(
        "STRING",
        &["\"\"", "null", "\"a\"", "\"\\u0061\""],
        &[", 3", "null, 3", "a, 6"],
    );
    check(
        "ROW<a INT, b STRING>",
        &["{\"a\":1}", "{\"b\":null,\"a\":1}", "{}", "null"],
        &["+I[1, null], 6", "+I[null, null], 3", "null, 3"],
    );
    check(
        "TIMESTAMP(3)",
        &["\"2026-01-01 00:00:00\"", "\"2026-01-01 00:00:00.0001\""],
        &["2026-01-01T00:00, 6"],
    );
}
