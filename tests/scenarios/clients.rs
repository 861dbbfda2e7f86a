//! Other people's clients, as they are, with a producer that is killed under them: all that was
//! acknowledged is there, and who can resume, or says who he is, meets nothing twice.

use std::{process::Command, sync::OnceLock};

use tests::{Service, binaries::workspace, npm::Npm};

use crate::{
    named::{CLOSED, named},
    numbered::{self, found},
    restarted::{Restarted, STREAM, Tally},
};

/// How many records each client appends or reads.
const RECORDS: usize = 100_000;

/// How often the producer is killed meanwhile.
const KILLS: usize = 8;

/// What a client makes sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// Each record once, in order.
    Once,
    /// It asks again without a sign by which a repeat could be known.
    AtLeastOnce,
}

/// How many records come before kill number `kill`. All of them are fewer than there are.
const fn behind(kill: usize) -> usize {
    500 + kill * 7_919 % (RECORDS / KILLS - 1_000)
}

fn report(client: &str, tally: Tally) {
    let Tally {
        acknowledged,
        lost,
        repeats,
        ..
    } = tally;
    eprintln!("| {client} | {KILLS} | {acknowledged} | {lost} | {repeats} |");
}

/// Lets a client append that says `acknowledged N`, and looks what is there when it has ended.
fn check_writer(name: &str, promise: Promise, client: impl FnOnce(&str) -> Command) {
    let mut producer = Restarted::begin();
    let mut client = Service::spawn(client(&producer.url()));
    for kill in 0..KILLS {
        producer.kill_behind(behind(kill));
    }
    let last = client.answer(0);
    let acknowledged = last.trim_start_matches("acknowledged ").parse();
    let found = found(&producer.service, STREAM);
    let tally = Tally::of(acknowledged.expect(&last), &found);
    report(name, tally);
    assert_eq!((tally.acknowledged, tally.lost), (RECORDS, 0), "{name}");
    if promise == Promise::Once {
        assert_eq!((tally.repeats, tally.in_order), (0, true), "{name}");
    }
}

/// Lets a client read to the end that says `read N` of each record, and looks what it has read.
fn check_reader(name: &str, client: impl FnOnce(&str) -> Command) {
    let mut producer = Restarted::begin();
    let mut client = Service::spawn(client(&producer.url()));
    let mut appended = 0;
    let mut append = |service: &Service, until| {
        numbered::append(service, STREAM, appended..until, 1_000);
        appended = until;
    };
    for kill in 0..KILLS {
        let from = kill * (RECORDS / KILLS);
        append(&producer.service, (from + RECORDS / KILLS) as u64);
        client.prints(&format!("read {}", from + behind(kill)));
        producer.kill();
    }
    named(&producer.service, STREAM).post(&[CLOSED], "");
    let _last = client.answer(0);
    let all = client.stdout.all();
    let read = all.iter().filter_map(|line| line.strip_prefix("read "));
    let read: Vec<u64> = read.map(|number| number.parse().expect(number)).collect();
    let tally = Tally::of(RECORDS, &read);
    report(name, tally);
    assert_eq!(
        (tally.lost, tally.repeats, tally.in_order),
        (0, 0, true),
        "{name}"
    );
}

/// The protocol's client for TypeScript, doing `how`.
fn typescript(how: &str) -> Option<impl FnOnce(&str) -> Command> {
    static NPM: OnceLock<Option<Npm>> = OnceLock::new();
    let kept = workspace().join("tests/clients");
    let npm = NPM.get_or_init(|| Npm::installed(&kept, "clients"));
    let mut command = npm.as_ref()?.run("durable.mjs");
    command.arg(how);
    Some(move |url: &str| {
        command.args([url, &RECORDS.to_string()]);
        command
    })
}

#[test]
fn the_typescript_client_appends() {
    let Some(client) = typescript("append") else {
        return;
    };
    check_writer("TypeScript, `append`", Promise::AtLeastOnce, client);
}

#[test]
fn the_typescript_client_appends_with_producer_headers() {
    let Some(client) = typescript("produce") else {
        return;
    };
    check_writer("TypeScript, `IdempotentProducer`", Promise::Once, client);
}

#[test]
fn the_typescript_client_reads_events() {
    let Some(client) = typescript("sse") else {
        return;
    };
    check_reader("TypeScript, SSE", client);
}

#[test]
fn the_typescript_client_reads_by_long_polls() {
    let Some(client) = typescript("long-poll") else {
        return;
    };
    check_reader("TypeScript, long-poll", client);
}
