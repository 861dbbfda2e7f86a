//! What goes wrong between two machines, and what still holds: nothing is lost, nothing comes
//! twice, and where that cannot be, it is said.

use std::net::{Ipv4Addr, SocketAddr};

use tests::{
    Service, consumer, eventually,
    http::{Answer, fetch},
    producer,
    proxy::Proxy,
    tool::is_set,
};

use crate::{
    named::{CLOSED, named},
    outcome::{Outcome, outcome, read_all, reader},
    restarted::port,
    wire::{after, append, read},
};

/// A consumer of `url` that prints every record, so that its progress can be seen.
fn watched(url: &str, args: &[&str]) -> Service {
    let watched = [
        "--url",
        url,
        "--until-end",
        "--print",
        "each",
        "--output",
        "json",
    ];
    consumer(&[&watched, args].concat())
}

/// Waits until the `count`th record has been computed.
fn wait_for_record(consumer: &Service, count: u64) {
    consumer.prints(&format!("\"records\":{count},"));
}

/// Waits until so many more records have been computed than before.
fn wait_for_more(consumer: &Service, count: u64) {
    wait_for_record(consumer, consumer.stdout.all().len() as u64 + count);
}

/// Closes a stream that goes on for ever, and checks that its reader comes to its end with each record
/// read once.
fn close(producer: &Service, mut reader: Service) {
    let stream = named(producer, "default");
    assert_eq!(stream.post(&[CLOSED], "").status, 204);
    let last = outcome(&mut reader, 0);
    assert_eq!(last, Outcome::of_numbers(last.records));
    let count = stream.head().header("stream-record-count").to_owned();
    assert_eq!(last.records.to_string(), count);
}

#[test]
fn broken_lines_are_counted_and_the_rest_is_averaged() {
    let producer = producer(&["--source", "sensors?broken=0.01&seed=7@max:100000"]);
    let url = producer.url("/stream");
    let raw = fetch(&url, &[])
        .text()
        .expect("a closed stream ends cleanly");
    let lines: Vec<_> = raw.lines().filter(|line| !line.is_empty()).collect();
    let (expected, found) = (Outcome::recomputed(&lines), read_all(&url, &[]));
    assert_eq!(expected.records, 100_000);
    assert!(
        (900..1100).contains(&expected.rejected),
        "{expected} is not one in a hundred"
    );
    assert!(
        found.is_close_to(&expected),
        "{found} instead of {expected}"
    );
}

#[test]
fn a_producer_that_was_killed_is_read_anew_and_the_gap_is_told() {
    let first = producer(&["--source", "numbers@200/s"]);
    let network = Proxy::to(first.address());
    let mut consumer = watched(&network.url("/stream"), &[]);
    wait_for_record(&consumer, 20);
    first.kill();
    consumer.says("trying again");
    let second = producer(&["--source", "numbers@max:1000"]);
    network.lead_to(second.address());
    assert_eq!(
        outcome(&mut consumer, 0),
        Outcome::of_numbers(1000),
        "of the second run alone"
    );
    consumer.says("a new average begins");
}

#[test]
fn a_network_that_cuts_every_connection_loses_and_repeats_nothing() {
    let producer = producer(&["--source", "numbers@max:100000"]);
    let network = Proxy::with_bytes_max(producer.address(), 250_000);
    assert_eq!(
        read_all(&network.url("/stream"), &[]),
        Outcome::of_numbers(100_000)
    );
    assert!(
        network.connections() > 5,
        "only {} connections",
        network.connections()
    );
}

#[test]
fn a_live_stream_goes_on_at_the_exact_place_after_a_cut() {
    let producer = producer(&["--source", "numbers@1000/s"]);
    let network = Proxy::to(producer.address());
    let consumer = watched(&network.url("/stream"), &[]);
    for cuts in 1..=4 {
        wait_for_more(&consumer, 300);
        network.cut();
        let is_back = || network.connections() > cuts;
        assert!(eventually(is_back), "{cuts}");
    }
    close(&producer, consumer);
}

#[test]
fn a_connection_that_is_only_half_open_is_given_up() {
    let producer = producer(&["--source", "numbers@1000/s"]);
    let network = Proxy::to(producer.address());
    let consumer = watched(&network.url("/stream"), &["--idle-timeout", "500ms"]);
    wait_for_record(&consumer, 100);
    network.deafen();
    consumer.says("nothing comes any more");
    wait_for_more(&consumer, 100);
    close(&producer, consumer);
}

#[test]
fn a_consumer_that_stood_still_catches_up() {
    let seconds = if is_set("TESTS_LONG") { 60 } else { 2 };
    let (rate, total) = (5000, 5000 * (seconds + 1));
    let producer = producer(&["--source", &format!("numbers@{rate}/s:{total}")]);
    let url = producer.url("/stream");
    let mut consumer = watched(&url, &[]);
    wait_for_record(&consumer, 100);
    consumer.freeze();
    // The stream goes on, and others read it.
    let meanwhile = reader(&url, &["--records", &(rate * seconds).to_string()]).answer(0);
    assert!(meanwhile.contains("average"), "{meanwhile}");
    consumer.thaw();
    assert_eq!(outcome(&mut consumer, 0), Outcome::of_numbers(total));
}

#[test]
fn a_reader_that_takes_nothing_is_cut_and_can_resume() {
    let producer = producer(&["--source", "numbers@max:2000000", "--stall-limit", "3s"]);
    let url = producer.url("/stream");
    let mut stalled = fetch(&url, &[]);
    let first = stalled.lines(1).concat();
    producer.says("cut a reader that takes nothing");
    assert_eq!(
        read_all(&url, &[]),
        Outcome::of_numbers(2_000_000),
        "others read on"
    );
    let metrics = producer.metrics();
    assert!(
        !metrics.contains("brooklet_connections_stalled_total 0\n"),
        "{metrics}"
    );

    let mut taken = vec![first];
    taken.extend(rest(&mut stalled));
    let records = taken.len();
    assert!(records < 2_000_000, "it was never cut");
    let place = after(stalled.header("stream-offset"), &taken);
    let mut resumed = read(&producer, &format!("?offset={place}"));
    assert_eq!(
        resumed.lines(1),
        [format!("{{\"id\":{records},\"value\":{}}}", 2 * records)]
    );
}

/// The whole lines that still come before a body is aborted.
fn rest(answer: &mut Answer) -> impl Iterator<Item = String> {
    std::iter::from_fn(|| match answer.line() {
        Ok(line) => Some(line.expect("the stream is not closed for a reader that was cut")),
        Err(_) => None,
    })
    .filter(|line| !line.is_empty())
}

#[test]
fn a_drain_is_not_taken_for_the_end_of_the_stream() {
    // No reader has to be waited for.
    let patient = ["--source", "numbers@200/s", "--drain-limit", "1h"];
    let mut producer = producer(&patient);
    let mut consumer = watched(&producer.url("/stream"), &["--retry-for", "1s"]);
    wait_for_record(&consumer, 10);
    producer.terminate();
    assert_eq!(producer.exit_code(), Some(0));
    let last = outcome(&mut consumer, 69);
    assert!(
        last.is_close_to(&Outcome::of_numbers(last.records)),
        "{last}"
    );
}

#[test]
fn a_consumer_can_start_before_its_producer() {
    let network = Proxy::to(SocketAddr::from((Ipv4Addr::LOCALHOST, port())));
    let mut reader = reader(&network.url("/stream"), &["--until-end"]);
    reader.says("trying again");
    let producer = producer(&["--source", "numbers@max:10"]);
    network.lead_to(producer.address());
    assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(10));
}

#[test]
fn what_is_posted_while_a_consumer_is_away_waits_for_it() {
    let producer = producer(&["--source", "none"]);
    let network = Proxy::to(producer.address());
    append(&producer, "{\"value\":0}\n{\"value\":2}");
    let mut consumer = watched(&network.url("/stream"), &["--records", "5"]);
    wait_for_record(&consumer, 2);
    consumer.freeze();
    network.cut();
    append(&producer, "{\"value\":4}");
    append(&producer, "{\"value\":6}\n{\"value\":8}");
    consumer.thaw();
    assert_eq!(outcome(&mut consumer, 0), Outcome::of_numbers(5));
}
