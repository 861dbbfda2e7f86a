//! What can be seen of a job from outside while it runs.

use tests::{
    consumer, eventually,
    http::{ask, fetch, send},
    producer,
    service::Service,
};

/// A job that counts by the second what is in a topic of two partitions, and is given `records`; a partition
/// that has been silent for as long as `idle` holds nothing back.
fn counting(producer: &Service, records: &[u8], idle: &str) -> Service {
    let topic = producer.url("/v1/topics/readings");
    let json = [("content-type", "application/json")];
    let made = ask("PUT", &topic, &json, b"{\"partitions\":2,\"key\":\"/k\"}");
    assert_eq!(made.status, 201);
    assert_eq!(send(&topic, &json, records).status / 100, 2);
    let sql = format!(
        "SET 'table.exec.source.idle-timeout' = '{idle}'; \
         CREATE TABLE readings (k INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH \
         ('connector' = 'brooklet', 'topic' = 'readings', 'url' = '{}'); \
         SELECT window_start, COUNT(*) FROM \
         TABLE(TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' SECOND)) \
         GROUP BY window_start, window_end",
        producer.url("")
    );
    consumer(&["sql", &sql, "--listen", "127.0.0.1:0"])
}

#[test]
fn a_job_says_how_it_goes_to_who_asks() {
    let sql = "CREATE TABLE g (a BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000'); \
        SELECT a, COUNT(*) FROM g GROUP BY a";
    let mut job = consumer(&["sql", sql, "--listen", "127.0.0.1:0"]);
    job.prints("+I[");
    assert_eq!(fetch(&job.url("/readyz"), &[]).status, 200);
    assert_eq!(
        fetch(&job.url("/v1/jobs"), &[]).text().unwrap(),
        "{\"jobs\":[\"sql\"]}\n"
    );
    let told = || fetch(&job.url("/v1/jobs/sql"), &[]).json();
    assert_eq!(told()["name"], "sql");
    // Who works side by side tells what it has done when it has given it.
    let steps = || told()["steps"].as_array().map(Vec::len);
    assert!(eventually(|| steps() >= Some(3)), "{}", told());
    let records = || {
        let told = told();
        assert_eq!(told["tables"][0]["table"], "g", "{told}");
        told["tables"][0]["partitions"][0]["records"].as_u64()
    };
    assert!(eventually(|| records() > Some(0)));
    let missing = fetch(&job.url("/v1/jobs/other"), &[]);
    assert_eq!(missing.status, 404);
    assert!(missing.text().unwrap().contains("/v1/jobs/NAME"));
    let metrics = job.metrics();
    assert!(
        metrics.contains("brooklet_job_step_rows_in_total{step="),
        "{metrics}"
    );
    job.terminate();
    assert_eq!(job.exit_code(), Some(0));
    job.says("stopped after");
}

#[test]
fn a_job_says_which_partition_holds_its_windows_back() {
    let producer = producer(&["--source", "none", "--keep-alive", "100ms"]);
    // One key is in one partition, and nothing comes of the other.
    let reading = b"{\"k\":1,\"ts\":\"2026-01-01 00:00:05\"}";
    let job = counting(&producer, reading, "0 s");
    let told = || fetch(&job.url("/v1/jobs/sql"), &[]).json();
    let records = |told: &serde_json::Value, partition: usize| {
        told["tables"][0]["partitions"][partition]["records"].as_u64()
    };
    let mut read = told();
    let is_read = || {
        read = told();
        let all = [0, 1].map(|partition| records(&read, partition).unwrap_or_default());
        all.iter().sum::<u64>() == 1
    };
    assert!(eventually(is_read), "a record was read");
    let told = read;
    let holder = &told["held_back_by"];
    let silent = usize::from(records(&told, 0) == Some(1));
    assert_eq!(
        (&holder["table"], &holder["partition"]),
        (&"readings".into(), &silent.into())
    );
    let busy = &told["tables"][0]["partitions"][1 - silent];
    assert_eq!(busy["watermark"], 1_767_225_605_000_u64, "{told}");
    assert_eq!(
        (&busy["state"], &busy["connected"]),
        (&"reading".into(), &true.into())
    );
}

#[test]
fn event_time_is_told_as_the_windows_have_it_where_a_partition_is_idle() {
    let producer = producer(&["--source", "none", "--keep-alive", "100ms"]);
    // Keys 1 and 2 are in two partitions, and nothing more comes of the first one's.
    let both =
        b"[{\"k\":1,\"ts\":\"2026-01-01 00:00:00\"},{\"k\":2,\"ts\":\"2026-01-01 00:00:05\"}]";
    let job = counting(&producer, both, "50 ms");
    // The first window ends when its partition has been silent for so long.
    job.prints("+I[2026-01-01T00:00, 1]");
    let steps = || {
        let told = fetch(&job.url("/v1/jobs/sql"), &[]).json();
        let steps = told["steps"].as_array().expect("steps").clone();
        let watermark = |step: &serde_json::Value| step["watermark"].as_u64();
        steps.iter().map(watermark).collect::<Vec<_>>()
    };
    let as_windows = Some(1_767_225_605_000);
    let all_agree = || steps().iter().all(|watermark| *watermark == as_windows);
    assert!(eventually(all_agree), "{:?}", steps());
}

#[test]
fn a_job_is_ready_while_its_streams_are_connected_and_says_how_far_it_is() {
    let producer = producer(&["--source", "none", "--keep-alive", "100ms"]);
    let sql = format!(
        "CREATE TABLE s (id INT) WITH ('connector' = 'brooklet', 'stream' = 'default', \
         'url' = '{}'); SELECT id FROM s",
        producer.url("")
    );
    drop(send(&producer.url("/stream"), &[], b"{\"id\":1}\n[]"));
    let job = consumer(&["sql", &sql, "--listen", "127.0.0.1:0"]);
    let get = |path: &str| fetch(&job.url(path), &[]);
    let shows = |text| job.metrics().contains(text);
    assert!(eventually(|| shows("brooklet_lag_records 0.0\n")));
    // How far it is behind is known before all that has come is read.
    let rejected = "brooklet_rejected_total{kind=\"wrong_type\"} 1\n";
    assert!(eventually(|| shows(rejected)), "{}", job.metrics());
    assert_eq!(get("/readyz").status, 200);
    producer.kill();
    assert!(eventually(|| get("/readyz").status == 503));
}
