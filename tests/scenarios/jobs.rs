//! Jobs in SQL, as a user runs them: files, streams and topics in, console, files and streams out.

use std::{fs, path::Path};

use tests::{
    Service, consumer, eventually,
    http::{ask, fetch, send},
    producer,
};

/// Bids of ten auctions, ten a second for a hundred seconds, and the table of them.
fn bids() -> String {
    let bid = |number: usize| {
        let (second, tenth) = (number / 10, number % 10);
        let (minute, second) = (second / 60, second % 60);
        let auction = number * 7 % 10;
        format!(
            "{{\"auction\":{auction},\"price\":{number},\"ts\":\"2026-01-01 00:{minute:02}:{second:02}.{tenth}00\"}}\n"
        )
    };
    (0..1_000).map(bid).collect()
}

const COLUMNS: &str = "auction BIGINT, price BIGINT, ts TIMESTAMP(3), \
    WATERMARK FOR ts AS ts - INTERVAL '1' SECOND";

const COUNTS: &str = "SELECT auction, window_start, COUNT(*) AS n, SUM(price) AS total \
    FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
    GROUP BY auction, window_start, window_end";

/// How many windows of ten seconds and auctions there are.
const RESULTS: usize = 100;

/// Runs a job whose end has to come by itself; what it printed, sorted.
fn run(sql: &str, args: &[&str]) -> Vec<String> {
    let mut job = consumer(&[&["sql", sql], args].concat());
    drop(job.answer(0));
    let mut lines = job.stdout.all();
    lines.sort();
    lines
}

/// Runs a job that fails; all it said.
fn fail(sql: &str, args: &[&str], code: i32) -> String {
    let mut job = consumer(&[&["sql", sql], args].concat());
    drop(job.answer(code));
    job.stderr.all().join("\n")
}

fn file(folder: &Path) -> String {
    let path = folder.join("bids.json");
    fs::write(&path, bids()).expect("a file");
    format!(
        "CREATE TABLE bid ({COLUMNS}) WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json');",
        path.display()
    )
}

/// What the counts come to, by other code.
fn expected() -> Vec<String> {
    let mut counts = std::collections::BTreeMap::<(usize, usize), (u64, usize)>::new();
    for number in 0..1_000 {
        let count = counts.entry((number * 7 % 10, number / 100)).or_default();
        count.0 += 1;
        count.1 += number;
    }
    let line = |((auction, window), (n, total)): (&(usize, usize), &(u64, usize))| {
        let (minute, second) = (window / 6, window % 6 * 10);
        format!(
            "{{\"op\":\"+I\",\"row\":{{\"auction\":{auction},\"window_start\":\"2026-01-01 00:{minute:02}:{second:02}\",\"n\":{n},\"total\":{total}}}}}"
        )
    };
    let mut lines: Vec<_> = counts.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn the_result_is_that_of_other_code_whatever_the_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let sql = file(folder.path()) + COUNTS;
    for parallelism in ["1", "2", "5"] {
        let lines = run(&sql, &["--output", "json", "--parallelism", parallelism]);
        assert_eq!(lines, expected(), "{parallelism}");
    }
}

#[test]
fn a_job_in_a_file_is_explained_validated_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("job.sql");
    fs::write(&path, file(folder.path()) + COUNTS).unwrap();
    let path = path.to_str().unwrap();
    let mut explained = consumer(&["explain", path]);
    drop(explained.answer(0));
    let text = explained.stdout.all().join("\n");
    for part in [
        "TUMBLE size=10s",
        "keeps the aggregates",
        "Insert console",
        "console takes +I -U +U -D: rows are printed as they come",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(
        consumer(&["validate", path]).answer(0),
        format!("{path} can be run")
    );
    let mut ran = consumer(&["run", path]);
    assert!(ran.answer(0).starts_with("+I["));
    assert_eq!(ran.stdout.all().len(), RESULTS);
    ran.says("1000 records read, 0 rejected, 100 rows given, 0 late");
}

#[test]
fn what_is_no_job_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (sql, expected) in [
        (
            "SELECT 1 FROM nothing",
            "sql:1:15: there is no table 'nothing'",
        ),
        ("SELEC", "sql:1:1: SELEC is not supported"),
        ("", "there is nothing to do"),
    ] {
        let said = fail(sql, &[], 78);
        assert!(said.contains(expected), "{said}");
    }
    let sql = file(folder.path()) + "\nSELECT auction,\n  prise FROM bid";
    let said = fail(&sql, &[], 78);
    assert!(
        said.contains("sql:3:3:") && said.contains("price"),
        "{said}"
    );
    let mut job = consumer(&["run", "/no/such/job.sql"]);
    drop(job.answer(78));
    job.says("cannot read /no/such/job.sql");
}

#[test]
fn parts_have_their_names_when_they_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let sql = format!(
        "{} CREATE TABLE counts (auction BIGINT, n BIGINT) WITH \
         ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json'); \
         INSERT INTO counts SELECT auction, n FROM ({COUNTS})",
        file(folder.path()),
        out.display()
    );
    assert!(run(&sql, &[]).is_empty());
    let parts: Vec<_> = fs::read_dir(&out).unwrap().map(Result::unwrap).collect();
    let names: Vec<_> = parts.iter().map(fs::DirEntry::file_name).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(!names[0].to_str().unwrap().starts_with('.'), "{names:?}");
    let text = fs::read_to_string(parts[0].path()).unwrap();
    assert_eq!(text.lines().count(), RESULTS);
    assert!(text.starts_with("{\"auction\":"), "{text}");
}

/// A stream and a topic of four partitions, both with all bids.
fn with_bids(producer: &Service) {
    let make = |path: &str, of: &str, body: &str| {
        let kind = ("content-type", of);
        let made = ask("PUT", &producer.url(path), &[kind], body.as_bytes());
        assert_eq!(made.status, 201);
    };
    make("/v1/stream/bids", "application/json", "");
    let topic = r#"{"partitions":4,"key":"/auction"}"#;
    make("/v1/topics/bids4", "application/json", topic);
    for path in ["/v1/stream/bids", "/v1/topics/bids4"] {
        let kind = ("content-type", "application/x-ndjson");
        let appended = send(&producer.url(path), &[kind], bids().as_bytes());
        assert_eq!(appended.status / 100, 2);
    }
}

#[test]
fn streams_and_topics_are_read_to_where_they_end() {
    let producer = producer(&["--source", "none"]);
    with_bids(&producer);
    let url = producer.url("");
    for place in ["'stream' = 'bids'", "'topic' = 'bids4'"] {
        let table = format!(
            "CREATE TABLE bid ({COLUMNS}) WITH ('connector' = 'brooklet', {place}, \
             'scan.bounded.mode' = 'latest-offset');"
        );
        let args = ["--output", "json", "--url", &url, "--parallelism", "3"];
        assert_eq!(run(&(table + COUNTS), &args), expected(), "{place}");
    }
}

#[test]
fn results_go_to_a_stream_and_on_from_there() {
    let producer = producer(&["--source", "none"]);
    with_bids(&producer);
    let url = producer.url("");
    let place = format!("'connector' = 'brooklet', 'url' = '{url}', 'stream'");
    let sql = format!(
        "CREATE TABLE bid ({COLUMNS}) WITH ({place} = 'bids'); \
         CREATE TABLE counts (auction BIGINT, n BIGINT, total BIGINT) WITH ({place} = 'counts'); \
         INSERT INTO counts SELECT auction, n, total FROM ({COUNTS})"
    );
    let mut job = consumer(&["sql", &sql]);
    // The last window stays open, as more bids may come.
    let first = format!(
        "CREATE TABLE counts (auction BIGINT, n BIGINT, total BIGINT) WITH ({place} = 'counts'); \
         SELECT * FROM counts"
    );
    job.says("connected");
    let mut second = consumer(&["sql", &first, "--output", "json"]);
    second.prints("\"auction\":9,\"n\":10,\"total\":");
    let kind = [("accept", "application/x-ndjson")];
    let results = || {
        let page = fetch(&producer.url("/v1/stream/counts"), &kind);
        page.text().unwrap().lines().count()
    };
    assert!(eventually(|| results() == RESULTS - 10));
    job.terminate();
    assert_eq!(job.exit_code(), Some(0));
    second.terminate();
    assert_eq!(second.exit_code(), Some(0));
    assert_eq!(results(), RESULTS - 10);
}

#[test]
fn one_table_goes_on_when_another_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let producer = producer(&["--source", "none"]);
    let sql = file(folder.path())
        + &format!(
            "CREATE TABLE live (n BIGINT) WITH ('connector' = 'http', 'url' = '{}', 'format' = 'json'); \
             CREATE TABLE counts (auction BIGINT, window_start TIMESTAMP(3), n BIGINT, total BIGINT) \
             WITH ('connector' = 'print', 'print-identifier' = 'counts'); \
             CREATE TABLE later (n BIGINT) WITH ('connector' = 'print', 'print-identifier' = 'later'); \
             EXECUTE STATEMENT SET BEGIN INSERT INTO counts {COUNTS}; \
             INSERT INTO later SELECT n FROM live; END",
            producer.url("/stream")
        );
    let mut job = consumer(&["sql", &sql, "--parallelism", "3"]);
    // All windows are given when their table has ended, the last one too; then who counted is gone.
    for auction in 0..10 {
        job.prints(&format!("counts> +I[{auction}, 2026-01-01T00:01:30, 10, "));
    }
    for n in 0..10 {
        let record = format!("{{\"n\":{n}}}");
        let sent = send(&producer.url("/stream"), &[], record.as_bytes());
        assert_eq!(sent.status, 200);
        job.prints(&format!("later> +I[{n}]"));
    }
    job.terminate();
    assert_eq!(job.exit_code(), Some(0));
}

#[test]
fn running_results_are_changes_that_come_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let sql = file(folder.path()) + "SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction";
    for parallelism in ["1", "4"] {
        let lines = run(&sql, &["--parallelism", parallelism]);
        let mut rows = std::collections::BTreeMap::<&str, i64>::new();
        for line in &lines {
            let (op, row) = line.split_at(2);
            *rows.entry(row).or_default() += if matches!(op, "+I" | "+U") { 1 } else { -1 };
        }
        rows.retain(|_, count| *count != 0);
        let expected: Vec<_> = (0..10)
            .map(|auction| (format!("[{auction}, 100]"), 1))
            .collect();
        let rows: Vec<_> = rows
            .iter()
            .map(|(row, n)| ((*row).to_owned(), *n))
            .collect();
        assert_eq!(rows, expected);
    }
}

#[test]
fn broken_lines_are_counted_kept_and_cost_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let sql = file(folder.path()) + COUNTS;
    let path = folder.path().join("bids.json");
    let whole = fs::read_to_string(&path).unwrap();
    let mut broken = String::new();
    for (number, line) in whole.lines().enumerate() {
        broken += match number % 100 {
            0 => "{\"auction\":\n",
            1 => "{\"auction\":\"x\",\"price\":1,\"ts\":\"2026-01-01 00:00:00\"}\n",
            2 => "nonsense\n",
            _ => "",
        };
        broken += line;
        broken.push('\n');
    }
    fs::write(&path, broken).unwrap();
    let letters = folder.path().join("letters");
    let args = [
        "--output",
        "json",
        "--dead-letter",
        letters.to_str().unwrap(),
    ];
    assert_eq!(run(&sql, &args), expected());
    let letters = fs::read_to_string(letters).unwrap();
    assert_eq!(letters.lines().count(), 30);
    for reason in ["not_json", "wrong_type"] {
        assert!(
            letters.contains(&format!("\"reason\":\"{reason}\"")),
            "{letters}"
        );
    }
}

#[test]
fn late_rows_go_to_their_table() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("1.json"), bids()).unwrap();
    // Event time goes on behind a block of lines, and no block is of two files.
    let late = "{\"auction\":77,\"price\":5,\"ts\":\"2026-01-01 00:00:00\"}\n";
    fs::write(folder.path().join("2.json"), late).unwrap();
    let sql = format!(
        "CREATE TABLE missed (auction BIGINT, price BIGINT, ts TIMESTAMP(3)) WITH ('connector' = 'print'); \
         CREATE TABLE bid ({COLUMNS}) WITH ('connector' = 'filesystem', 'path' = '{}', \
         'format' = 'json', 'late.table' = 'missed'); \
         CREATE TABLE counts (auction BIGINT, n BIGINT) WITH ('connector' = 'blackhole'); \
         INSERT INTO counts SELECT auction, n FROM ({COUNTS})",
        folder.path().display()
    );
    assert_eq!(run(&sql, &[]), ["+I[77, 5, 2026-01-01T00:00]"]);
}

#[test]
fn state_beyond_its_budget_is_a_clear_error() {
    let sql = "CREATE TABLE g (a BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000000', \
        'fields.a.kind' = 'sequence', 'fields.a.start' = '1', 'fields.a.end' = '10000000'); \
        CREATE TABLE s (a BIGINT, n BIGINT) WITH ('connector' = 'blackhole'); \
        INSERT INTO s SELECT a, COUNT(*) FROM g GROUP BY a";
    let said = fail(sql, &["--state-bytes", "1MiB"], 69);
    assert!(
        said.contains("--state-bytes") && said.contains("running aggregate"),
        "{said}"
    );
}

#[test]
fn a_table_that_cannot_be_read_ends_the_job_with_its_name() {
    let sql = "CREATE TABLE bid (a BIGINT) WITH ('connector' = 'filesystem', 'path' = '/no/such', \
        'format' = 'json'); SELECT * FROM bid";
    let said = fail(sql, &[], 69);
    assert!(
        said.contains("cannot read table 'bid'") && said.contains("/no/such"),
        "{said}"
    );
}

#[test]
fn what_two_queries_write_to_one_table_is_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let producer = producer(&["--source", "none"]);
    let out = folder.path().join("out");
    let places = [
        format!(
            "'filesystem', 'path' = '{}', 'format' = 'json'",
            out.display()
        ),
        format!(
            "'brooklet', 'stream' = 'both', 'url' = '{}'",
            producer.url("")
        ),
    ];
    for place in &places {
        let sql = format!(
            "{} CREATE TABLE both_of_them (price BIGINT) WITH ('connector' = {place}); \
             INSERT INTO both_of_them SELECT price FROM bid; \
             INSERT INTO both_of_them SELECT price + 1000 FROM bid",
            file(folder.path())
        );
        drop(run(&sql, &[]));
    }
    let parts = fs::read_dir(&out).unwrap().map(|part| part.unwrap().path());
    let lines = parts.map(|part| fs::read_to_string(part).unwrap().lines().count());
    assert_eq!(lines.sum::<usize>(), 2_000);
    let kind = [("accept", "application/x-ndjson")];
    let page = fetch(&producer.url("/v1/stream/both"), &kind);
    assert_eq!(page.text().unwrap().lines().count(), 2_000);
}
