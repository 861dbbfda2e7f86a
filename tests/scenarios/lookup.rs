//! Rows are looked up in a file: it is there before the first row, read anew while the job runs, kept as
//! it was where it cannot be, and bounded by the budget.

use std::{fs, path::Path};

use tests::{
    Service, consumer,
    http::{ask, json, send},
    producer,
};

/// Both tables; the file is read anew as often as `interval` says.
fn tables(folder: &Path, orders: &str, interval: Option<&str>) -> String {
    let key = "lookup.full-cache.periodic-reload.interval";
    let reload = interval.map(|interval| format!(", '{key}' = '{interval}'"));
    let path = folder.join("names.json");
    format!(
        "CREATE TABLE orders (id BIGINT, customer BIGINT, arrival AS PROCTIME()) WITH ({orders}); \
         CREATE TABLE names (customer BIGINT, name STRING) WITH ('connector' = 'filesystem', \
         'path' = '{}', 'format' = 'json'{}); \
         SELECT o.id, n.name FROM orders AS o LEFT JOIN names FOR SYSTEM_TIME AS OF o.arrival AS n \
         ON o.customer = n.customer",
        path.display(),
        reload.unwrap_or_default()
    )
}

/// Puts another content in the place of the one there is, as a whole.
fn replace(folder: &Path, lines: &str) {
    let next = folder.join("next");
    fs::write(&next, lines).expect("a file");
    fs::rename(next, folder.join("names.json")).expect("a name for it");
}

/// Orders something, until a row with this name comes of it. How often.
fn order_until(producer: &Service, job: &Service, ids: &mut std::ops::RangeFrom<u64>, name: &str) {
    for id in ids {
        let order = format!("{{\"id\":{id},\"customer\":7}}\n");
        let kind = ("content-type", "application/x-ndjson");
        let sent = send(
            &producer.url("/v1/stream/orders"),
            &[kind],
            order.as_bytes(),
        );
        assert_eq!(sent.status / 100, 2);
        let given = json(&job.prints(&format!("\"id\":{id},")));
        if given
            .pointer("/row/name")
            .is_some_and(|found| *found == name)
        {
            return;
        }
    }
}

#[test]
fn what_is_found_is_what_the_file_has_now_or_had_when_it_could_be_read() {
    let (folder, producer) = (
        tempfile::tempdir().unwrap(),
        producer(&["--data-dir", "memory"]),
    );
    let kind = ("content-type", "application/json");
    let made = ask("PUT", &producer.url("/v1/stream/orders"), &[kind], b"");
    assert_eq!(made.status, 201);
    replace(folder.path(), "{\"customer\":7,\"name\":\"Ann\"}\n");
    let orders = "'connector' = 'brooklet', 'stream' = 'orders'";
    let sql = tables(folder.path(), orders, Some("20 ms"));
    let url = producer.url("");
    for parallelism in ["1", "3"] {
        replace(folder.path(), "{\"customer\":7,\"name\":\"Ann\"}\n");
        let args = ["sql", &sql, "--url", &url, "--output", "json"];
        let job = consumer(&[&args[..], &["--parallelism", parallelism]].concat());
        let mut ids = 1..;
        order_until(&producer, &job, &mut ids, "Ann");
        replace(
            folder.path(),
            "{\"customer\":7,\"name\":\"Anna\"}\n{\"customer\":\n",
        );
        order_until(&producer, &job, &mut ids, "Anna");
        fs::remove_file(folder.path().join("names.json")).unwrap();
        job.says("table 'names' stays as it was, as it cannot be read anew");
        order_until(&producer, &job, &mut ids, "Anna");
        replace(folder.path(), "{\"customer\":7,\"name\":\"Annie\"}\n");
        order_until(&producer, &job, &mut ids, "Annie");
        drop(ask("DELETE", &producer.url("/v1/stream/orders"), &[], b""));
        drop(ask("PUT", &producer.url("/v1/stream/orders"), &[kind], b""));
    }
}

/// A file of so many orders, each of another customer.
fn orders(folder: &Path, count: usize) -> String {
    let path = folder.join("orders.json");
    let line = |id: usize| format!("{{\"id\":{id},\"customer\":{id}}}\n");
    fs::write(&path, (0..count).map(line).collect::<String>()).expect("a file");
    format!(
        "'connector' = 'filesystem', 'path' = '{}', 'format' = 'json'",
        path.display()
    )
}

#[test]
fn no_row_is_looked_up_before_the_file_was_read_and_broken_lines_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let orders = orders(folder.path(), 100);
    let name = |id: usize| format!("{{\"customer\":{id},\"name\":\"name {id}\"}}\n");
    let lines: String = (0..50_000).rev().map(name).collect();
    replace(
        folder.path(),
        &format!("{lines}{{\"customer\":\"none\"}}\n"),
    );
    let sql = tables(folder.path(), &orders, None);
    for parallelism in ["1", "3"] {
        let mut job = consumer(&[
            "sql",
            &sql,
            "--output",
            "json",
            "--parallelism",
            parallelism,
        ]);
        drop(job.answer(0));
        let mut lines = job.stdout.all();
        lines.sort();
        let line =
            |id: usize| format!("{{\"op\":\"+I\",\"row\":{{\"id\":{id},\"name\":\"name {id}\"}}}}");
        let mut expected: Vec<_> = (0..100).map(line).collect();
        expected.sort();
        assert_eq!(lines, expected);
        job.says("50101 records read, 1 rejected, 100 rows given");
    }
}

#[test]
fn a_file_that_is_not_there_or_does_not_fit_ends_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let orders = orders(folder.path(), 10);
    let sql = tables(folder.path(), &orders, Some("1 s"));
    let mut job = consumer(&["sql", &sql]);
    drop(job.answer(69));
    job.says("there is no file");
    let name = |id: usize| format!("{{\"customer\":{id},\"name\":\"name {id}\"}}\n");
    replace(folder.path(), &(0..20_000).map(name).collect::<String>());
    let mut job = consumer(&["sql", &sql, "--state-bytes", "100KB"]);
    drop(job.answer(69));
    job.says("lookup join");
}
