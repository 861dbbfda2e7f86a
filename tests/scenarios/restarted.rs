//! A producer that is killed again and again, and comes back with the same log at the same address;
//! and what came of its clients, held against what they were told.

use std::{
    collections::BTreeSet,
    net::TcpListener,
    process::{self, Command},
    sync::atomic::{AtomicU16, Ordering},
};

use tests::{Service, binaries::binary};

use crate::{
    named::{CLOSED, named},
    numbered,
};

/// How many records each client appends or reads.
pub(crate) const RECORDS: usize = 100_000;

/// How often the producer is killed meanwhile.
pub(crate) const KILLS: usize = 8;

/// The stream that its clients speak of.
const STREAM: &str = "numbers";

/// What a client makes sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Each record once, in order.
    Once,
    /// It asks again without a sign by which a repeat could be known.
    AtLeastOnce,
}

/// Lets a client append that says `acknowledged N`, and looks what is there when it has ended.
pub(crate) fn check_writer(name: &str, promise: Promise, client: impl FnOnce(&str) -> Command) {
    let mut producer = Restarted::begin();
    let mut client = Service::spawn(client(&producer.url()));
    for kill in 0..KILLS {
        producer.kill_at(records_before(kill));
    }
    let last = client.answer(0);
    let acknowledged = last.trim_start_matches("acknowledged ").parse();
    let found = producer.found();
    let tally = Tally::of(acknowledged.expect(&last), &found);
    tally.tell(name);
    assert_eq!((tally.acknowledged, tally.lost), (RECORDS, 0), "{name}");
    if promise == Promise::Once {
        assert_eq!((tally.repeats, tally.in_order), (0, true), "{name}");
    }
}

/// Lets a client read that says `read N` of each record, and looks what it has read when it has ended.
pub(crate) fn check_reader(name: &str, client: impl FnOnce(&str) -> Command) {
    let mut producer = Restarted::begin();
    let mut client = Service::spawn(client(&producer.url()));
    feed(&mut producer, |number| {
        client.prints(&format!("read {number}"));
    });
    let _last = client.answer(0);
    let all = client.stdout.all();
    let read = all.iter().filter_map(|line| line.strip_prefix("read "));
    let read: Vec<u64> = read.map(|number| number.parse().expect(number)).collect();
    check_read(name, &read);
}

/// Appends all records, and kills the producer whenever its reader has come to a certain one; then
/// closes the stream.
pub(crate) fn feed(producer: &mut Restarted, wait_for: impl Fn(usize)) {
    for kill in 0..KILLS {
        let part = [kill, kill + 1].map(|part| (part * RECORDS / KILLS) as u64);
        numbered::append(&producer.service, STREAM, part[0]..part[1], 1_000);
        wait_for(records_before(kill));
        producer.kill();
    }
    named(&producer.service, STREAM).post(&[CLOSED], "");
}

/// Checks that a client has read each record once, in order.
pub(crate) fn check_read(name: &str, read: &[u64]) {
    let tally = Tally::of(RECORDS, read);
    tally.tell(name);
    let sound = (0, 0, true);
    assert_eq!((tally.lost, tally.repeats, tally.in_order), sound, "{name}");
}

/// How many records come before a kill: about as many between any two.
const fn records_before(kill: usize) -> usize {
    (2 * kill + 1) * RECORDS / (2 * KILLS) + 37 * kill
}

pub(crate) struct Restarted {
    pub(crate) service: Service,
    directory: tempfile::TempDir,
    port: u16,
}

impl Restarted {
    /// The first one, with an empty stream.
    pub(crate) fn begin() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = port();
        let service = start(&directory, port);
        numbered::make(&service, STREAM);
        Self {
            service,
            directory,
            port,
        }
    }

    /// Kills it, wherever its clients are, and starts the next one.
    pub(crate) fn kill(&mut self) {
        self.service.kill();
        self.service = start(&self.directory, self.port);
        assert!(self.service.listens(), "it comes back");
    }

    /// Kills it as soon as there are `records`.
    pub(crate) fn kill_at(&mut self, records: usize) {
        let (there, tail) = self.tail();
        let stream = named(&self.service, STREAM);
        let mut news = stream.read(&format!("offset={tail}&live=ndjson"));
        drop(news.lines(records.saturating_sub(there)));
        self.kill();
    }

    /// How many records there are, and the place behind them.
    pub(crate) fn tail(&self) -> (usize, String) {
        let head = named(&self.service, STREAM).head();
        let tail = head.header("stream-next-offset").to_owned();
        let there = tail.split_once('_').map(|(records, _)| records.parse());
        let there = there.expect("an offset has two halves");
        (there.expect("digits"), tail)
    }

    /// The numbers of all records that are there.
    pub(crate) fn found(&self) -> Vec<u64> {
        numbered::found(&self.service, STREAM)
    }

    pub(crate) fn url(&self) -> String {
        self.service.url(&format!("/v1/stream/{STREAM}"))
    }
}

/// Pages are small, so that there is something to resume.
fn start(directory: &tempfile::TempDir, port: u16) -> Service {
    let directory = directory.path().to_str().expect("a path of ASCII");
    let listen = format!("127.0.0.1:{port}");
    let args = ["--source", "none", "--listen", &listen];
    let pages = ["--data-dir", directory, "--page-bytes", "64KiB"];
    Service::start(&binary("producer"), [args, pages].concat())
}

/// A free port that stays free while nobody listens there: below those that the system gives to
/// whoever connects, or wants any. Who connects to one of those may meet himself, or another test.
pub(crate) fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(20_000 + process::id() % 10_000).expect("it is below 30,000");
    let mut ports = (0..1_000).map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed));
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).expect("one of a thousand is free")
}

/// What is there of the records that a client was told are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) acknowledged: usize,
    pub(crate) lost: usize,
    pub(crate) repeats: usize,
    /// Whether each is behind the one before it.
    pub(crate) in_order: bool,
}

impl Tally {
    /// A row of the table in the README.
    pub(crate) fn tell(self, client: &str) {
        let Self {
            acknowledged,
            lost,
            repeats,
            ..
        } = self;
        eprintln!("| {client} | {KILLS} | {acknowledged} | {lost} | {repeats} |");
    }

    /// Of the records with numbers below `acknowledged`, where these are found.
    pub(crate) fn of(acknowledged: usize, found: &[u64]) -> Self {
        let different: BTreeSet<_> = found.iter().collect();
        let sure = different.range(..acknowledged as u64).count();
        Self {
            acknowledged,
            lost: acknowledged - sure,
            repeats: found.len() - different.len(),
            in_order: found.is_sorted(),
        }
    }
}

#[test]
fn what_is_lost_or_comes_twice_is_found_out() {
    let check = |acknowledged, found: &[u64], (lost, repeats, in_order)| {
        let expected = Tally {
            acknowledged,
            lost,
            repeats,
            in_order,
        };
        assert_eq!(Tally::of(acknowledged, found), expected, "{found:?}");
    };
    check(3, &[0, 1, 2], (0, 0, true));
    // The last one has no answer yet.
    check(2, &[0, 1, 2], (0, 0, true));
    check(3, &[0, 2], (1, 0, true));
    check(3, &[0, 1, 2, 1, 2], (0, 2, false));
    check(3, &[0, 0, 2], (1, 1, true));
    check(2, &[1, 0], (0, 0, false));
}
