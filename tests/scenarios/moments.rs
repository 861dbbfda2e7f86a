//! Times in the rows that a job writes, in the letters that its table asks for.

use std::fs;

use tests::consumer;

#[test]
fn moments_are_written_as_their_format_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("in.json"), "{\"ts\":\"2026-01-01 00:00:00.1\"}\n").unwrap();
    // As some editors begin a file.
    let sql = format!(
        "\u{feff}CREATE TABLE read (ts TIMESTAMP(3)) WITH \
         ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json'); \
         CREATE TABLE times (ts TIMESTAMP(3), ltz TIMESTAMP_LTZ(3)) WITH \
         ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json', \
         'json.timestamp-format.standard' = 'ISO-8601'); \
         INSERT INTO times SELECT ts, CAST(ts AS TIMESTAMP_LTZ(3)) FROM read",
        path("in.json").display(),
        path("out").display()
    );
    fs::write(path("job.sql"), sql).unwrap();
    let mut job = consumer(&["run", path("job.sql").to_str().unwrap()]);
    drop(job.answer(0));
    let part = fs::read_dir(path("out")).unwrap().next().unwrap().unwrap();
    assert_eq!(
        fs::read_to_string(part.path()).unwrap(),
        "{\"ts\":\"2026-01-01T00:00:00.1\",\"ltz\":\"2026-01-01T00:00:00.1Z\"}\n"
    );
}
