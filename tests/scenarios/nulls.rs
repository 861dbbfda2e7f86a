//! Rows with a null for a table that may have none there.

use std::fs;

use tests::consumer;

/// Counts by key, where a key is null, to a table in whose columns it may not be.
fn job(connector: &str, set: &str, code: i32) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("rows");
    let rows = "{\"k\":\"a\",\"v\":1}\n{\"v\":2}\n{\"k\":\"a\",\"v\":null}\n{\"k\":\"b\"}\n";
    fs::write(&path, rows).expect("there is space");
    let sql = format!(
        "{set} CREATE TABLE t (k STRING, v INT) WITH ('connector' = 'filesystem', \
         'path' = '{}', 'format' = 'json'); \
         CREATE TABLE o (n BIGINT NOT NULL, k STRING NOT NULL, v INT) \
         WITH ('connector' = '{connector}'); \
         INSERT INTO o SELECT COUNT(v), k, MAX(v) FROM t GROUP BY k",
        path.display()
    );
    let mut job = consumer(&["sql", &sql, "--parallelism", "1"]);
    drop(job.answer(code));
    let mut rows = job.stdout.all();
    rows.sort();
    (rows, job.stderr.all().join("\n"))
}

#[test]
fn a_null_where_there_may_be_none_ends_the_job() {
    for connector in ["print", "blackhole"] {
        let (rows, said) = job(connector, "", 69);
        assert!(rows.is_empty(), "{rows:?}");
        let why = "cannot write to table 'o': a row has NULL in the column 'k'";
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn or_its_row_is_left_out() {
    let drop = "SET 'table.exec.sink.not-null-enforcer' = 'DROP';";
    let (rows, _) = job("print", drop, 0);
    assert_eq!(rows, ["+I[0, b, null]", "+I[1, a, 1]"]);
}
