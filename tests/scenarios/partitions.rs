//! A topic between our own services: nothing is lost and nothing comes twice, whatever becomes of the
//! producer, of the network, and of the consumer.

use std::path::Path;

use tests::{Service, consumer, eventually, http::ask, producer, proxy::Proxy};

use crate::{
    durable::on,
    marks::warnings,
    outcome::{Outcome, outcome, reader},
};

const PARTITIONS: u64 = 4;

/// A producer with an empty topic.
fn with_topic(directory: &Path) -> Service {
    let producer = on(directory, "none");
    let body = format!("{{\"partitions\":{PARTITIONS},\"key\":\"/id\"}}");
    let made = ask("PUT", &producer.url("/v1/topics/t"), &[], body.as_bytes());
    assert_eq!(made.status, 201);
    producer
}

/// Appends the numbers from `first` up to `end`.
fn append(producer: &Service, first: u64, end: u64) {
    let records = (first..end).map(|id| format!("{{\"id\":{id},\"value\":{}}}\n", 2 * id));
    let body: String = records.collect();
    let lines = [("content-type", "application/x-ndjson")];
    let answer = ask(
        "POST",
        &producer.url("/v1/topics/t"),
        &lines,
        body.as_bytes(),
    );
    assert_eq!(answer.status, 200);
}

/// Closes all partitions.
fn close(producer: &Service) {
    for partition in 0..PARTITIONS {
        let url = producer.url(&format!("/v1/stream/t/{partition}"));
        let closed = ask("POST", &url, &[("stream-closed", "true")], b"");
        assert_eq!(closed.status, 204);
    }
}

/// Waits until `consumer`, which prints each record, has printed that of `id`.
fn wait_for(consumer: &Service, id: u64) {
    consumer.prints(&format!("{{\"id\":{id},"));
}

#[test]
fn a_topic_is_read_to_the_end_of_all_its_partitions() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let producer = with_topic(directory.path());
    append(&producer, 0, 5000);
    let mut reader = reader(&producer.url("/v1/topics/t"), &[]);
    append(&producer, 5000, 10_000);
    close(&producer);
    assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(10_000));
}

#[test]
fn a_producer_that_is_killed_again_and_again_costs_no_record() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut producer = with_topic(directory.path());
    let network = Proxy::to(producer.address());
    let mut all = consumer(&["--url", &network.url("/v1/topics/t")]);
    for life in 0..4 {
        append(&producer, life * 500, (life + 1) * 500);
        wait_for(&all, life * 500 + 100);
        producer.kill();
        producer = on(directory.path(), "none");
        network.lead_to(producer.address());
    }
    close(&producer);
    assert_eq!(all.answer(0), "records 2000 rejected 0 average 1999.0");
}

#[test]
fn a_producer_that_stops_in_good_order_is_waited_for_without_a_warning() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut first = with_topic(directory.path());
    let network = Proxy::to(first.address());
    let mut all = consumer(&["--url", &network.url("/v1/topics/t")]);
    append(&first, 0, 500);
    // Each partition has records among them: all are connected then.
    (0..500).for_each(|id| wait_for(&all, id));
    first.terminate();
    assert_eq!(first.exit_code(), Some(0));
    let second = on(directory.path(), "none");
    network.lead_to(second.address());
    append(&second, 500, 1000);
    close(&second);
    assert_eq!(all.answer(0), "records 1000 rejected 0 average 999.0");
    all.says("partition 3: the server goes away for a while");
    assert_eq!(warnings(&all), [""; 0]);
}

#[test]
fn a_network_that_cuts_every_connection_loses_and_repeats_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let producer = with_topic(directory.path());
    for piece in 0..10 {
        append(&producer, piece * 4000, (piece + 1) * 4000);
    }
    close(&producer);
    let network = Proxy::with_bytes_max(producer.address(), 100_000);
    let mut reader = reader(&network.url("/v1/topics/t"), &[]);
    assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(40_000));
    assert!(
        network.connections() > 8,
        "{} connections",
        network.connections()
    );
}

#[test]
fn a_reader_that_has_everything_is_not_behind() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let args = ["--source", "none", "--keep-alive", "100ms", "--data-dir"];
    let path = directory.path().to_str().expect("a path of ASCII");
    drop(with_topic(directory.path()));
    let producer = producer(&[&args[..], &[path]].concat());
    append(&producer, 0, 1000);
    let listen = ["--listen", "127.0.0.1:0"];
    let reader = reader(&producer.url("/v1/topics/t"), &listen);
    let shows = |text: &str| {
        assert!(
            eventually(|| reader.metrics().contains(text)),
            "{}",
            reader.metrics()
        );
    };
    shows("brooklet_records_total 1000\n");
    shows("brooklet_lag_records 0.0\n");
    shows("brooklet_lag_seconds 0.0\n");
}
